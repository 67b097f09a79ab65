//! Questions to the graph, as jobs: who uses what, what a change reaches, how the whole is organised.

use std::path::PathBuf;
use std::sync::Arc;

use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use graphrag::extract::Log;
use graphrag::graph::{Follow, NodeId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::setup::View;
use super::{Agent, Configs, Setup, absolute, blocking, stop};
use crate::change::{Change, NEAR, touched};
use crate::extract;
use crate::overview::{explain, overview};
use crate::question::Question;
use crate::wire::{CommunitiesAnswer, Explained, ImpactAnswer, NodeJson, OverviewAnswer, StepJson, UsesAnswer};

/// Answers of each sort.
const MOST: usize = 20;
/// Choices that are named where a name may mean several things.
const CHOICES: usize = 5;

const OF_SYMBOL: &str = "path=FOLDER symbol=NAME|FILE|FILE:LINE";

pub(super) const EXPLAIN: Agent = Agent {
    name: "explain",
    about: "says what a definition is about: signature, documentation, who uses it, what it uses, its tests",
    inputs: OF_SYMBOL,
    prepare,
    handler: |setup| Arc::new(Asks { kind: "explain", setup: setup.clone(), answer: explained }),
};

pub(super) const CALLERS: Agent = Agent {
    name: "callers",
    about: "says who calls a definition, and how sure that is",
    inputs: OF_SYMBOL,
    prepare,
    handler: |setup| Arc::new(Asks { kind: "callers", setup: setup.clone(), answer: callers }),
};

pub(super) const TESTS: Agent = Agent {
    name: "tests",
    about: "says which tests reach a definition",
    inputs: OF_SYMBOL,
    prepare,
    handler: |setup| Arc::new(Asks { kind: "tests", setup: setup.clone(), answer: tests }),
};

pub(super) const IMPACT: Agent = Agent {
    name: "impact",
    about: "says what a change may reach: definitions, tests to run, documents to read again",
    inputs: "path=FOLDER symbol=NAME|FILE|FILE:LINE, or diff=TEXT",
    prepare: prepare_change,
    handler: |setup| Arc::new(Asks { kind: "impact", setup: setup.clone(), answer: impact }),
};

pub(super) const WAY: Agent = Agent {
    name: "way",
    about: "finds a shortest way of uses from one definition to another",
    inputs: "path=FOLDER symbol=NAME to=NAME",
    prepare,
    handler: |setup| Arc::new(Asks { kind: "way", setup: setup.clone(), answer: way }),
};

pub(super) const OVERVIEW: Agent = Agent {
    name: "overview",
    about: "says how a repository is organised: its parts, what is used most, where programs start",
    inputs: "path=FOLDER",
    prepare: prepare_whole,
    handler: |setup| Arc::new(Asks { kind: "overview", setup: setup.clone(), answer: organised }),
};

pub(super) const COMMUNITIES: Agent = Agent {
    name: "communities",
    about: "lists the parts of a repository that hang together, at several levels",
    inputs: "path=FOLDER",
    prepare: prepare_whole,
    handler: |setup| Arc::new(Asks { kind: "communities", setup: setup.clone(), answer: communities }),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    path: PathBuf,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    symbol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

fn read(mut inputs: Value) -> Result<Inputs, String> {
    absolute(&mut inputs)?;
    serde_json::from_value(inputs).map_err(|error| error.to_string())
}

fn prepare(inputs: Value, _: &Configs) -> Result<Value, String> {
    let inputs = read(inputs)?;
    if inputs.symbol.trim().is_empty() {
        return Err("`symbol` must not be empty".into());
    }
    Ok(json!(inputs))
}

fn prepare_change(inputs: Value, _: &Configs) -> Result<Value, String> {
    let inputs = read(inputs)?;
    if inputs.symbol.trim().is_empty() && inputs.diff.is_none() {
        return Err("give `symbol` or `diff`".into());
    }
    Ok(json!(inputs))
}

fn prepare_whole(inputs: Value, _: &Configs) -> Result<Value, String> {
    Ok(json!(read(inputs)?))
}

/// Answers one sort of question.
struct Asks {
    kind: &'static str,
    setup: Setup,
    answer: fn(&View, &Inputs) -> Result<Value, Stop>,
}

#[async_trait]
impl Handler for Asks {
    fn kind(&self) -> &str {
        self.kind
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let inputs: Inputs = context.payload()?;
        let (setup, answer) = (self.setup.clone(), self.answer);
        blocking(move || answer(&setup.view(&inputs.path)?, &inputs)).await?
    }
}

/// The one thing that `text` means.
fn one(view: &View, text: &str) -> Result<NodeId, Stop> {
    let graph = &view.graph;
    match graph.find(text)[..] {
        [node] => Ok(node),
        [] => Err(Stop::Fail(format!("nothing is called `{text}`"))),
        ref several => {
            let place = |&id: &NodeId| {
                let node = NodeJson::new(graph, id);
                format!("{}:{}", node.path.unwrap_or(node.name), node.start_line)
            };
            let places: Vec<String> = several.iter().take(CHOICES).map(place).collect();
            Err(Stop::Fail(format!("`{text}` may mean {} things: {}", several.len(), places.join(", "))))
        }
    }
}

fn explained(view: &View, inputs: &Inputs) -> Result<Value, Stop> {
    let id = one(view, &inputs.symbol)?;
    let found = explain(&view.snapshot, &view.graph, id).map_err(stop)?;
    Ok(json!(Explained::new(&view.graph, id, &found, MOST)))
}

fn callers(view: &View, inputs: &Inputs) -> Result<Value, Stop> {
    uses(view, inputs, Question::Callers)
}

fn tests(view: &View, inputs: &Inputs) -> Result<Value, Stop> {
    uses(view, inputs, Question::Tests)
}

fn uses(view: &View, inputs: &Inputs, question: Question) -> Result<Value, Stop> {
    let start = one(view, &inputs.symbol)?;
    let found = question.ask(&view.graph, start, None, false);
    Ok(json!(UsesAnswer::new(&view.graph, start, &found, MOST)))
}

/// What a change of everything that is called so may reach.
fn impact(view: &View, inputs: &Inputs) -> Result<Value, Stop> {
    let graph = &view.graph;
    let mut changes: Vec<Change> = inputs.diff.as_deref().map(Change::of_diff).unwrap_or_default();
    let mut changed = graph.find(&inputs.symbol);
    if changed.is_empty() {
        changes.extend(Change::parse(&inputs.symbol));
    }
    changed.extend(touched(graph, &changes));
    if changed.is_empty() {
        return Err(Stop::Fail(format!("nothing is called `{}`, and nothing indexed is changed", inputs.symbol)));
    }
    let follow = Follow { relations: &[], proven_only: false, depth: NEAR };
    let mut answer = json!(ImpactAnswer::new(graph, &graph.impact(&changed, follow), MOST));
    answer["changed"] = json!(NodeJson::all(graph, changed.iter().take(MOST)));
    Ok(answer)
}

fn way(view: &View, inputs: &Inputs) -> Result<Value, Stop> {
    let to = inputs.to.as_deref().ok_or_else(|| Stop::fail("`to` is missing"))?;
    let (from, to) = (one(view, &inputs.symbol)?, one(view, to)?);
    Ok(json!({ "steps": StepJson::way(&view.graph, from, to, None, false) }))
}

fn summaries(view: &View) -> Log {
    Log::open(&extract::summaries_of(view.engine.store())).unwrap_or_default()
}

fn organised(view: &View, _: &Inputs) -> Result<Value, Stop> {
    let View { snapshot, graph, .. } = view;
    let answer = OverviewAnswer::new(snapshot, graph, &summaries(view), &overview(snapshot, graph), MOST);
    Ok(json!(answer.map_err(stop)?))
}

fn communities(view: &View, _: &Inputs) -> Result<Value, Stop> {
    let View { snapshot, graph, .. } = view;
    let levels = &graph.communities().levels;
    let answer = CommunitiesAnswer::new(snapshot, graph, &summaries(view), levels, MOST);
    Ok(json!(answer.map_err(stop)?))
}
