//! Questions to the graph, answered as JSON.

use cogo::ask::Scope;
use cogo::change::{Change, touched};
use cogo::question::Question;
use cogo::wire::{
    Asked, CommunitiesAnswer, Explained, ImpactAnswer, NeighborsAnswer, NodeJson, OverviewAnswer, StepJson, UsesAnswer,
};
use cogo::{Engine, extract};
use graphrag::Graph;
use graphrag::extract::Log;
use graphrag::graph::{Follow, NodeId, Relation};

use crate::failure::Failure;

/// Nothing is followed farther.
const FARTHEST: u32 = 64;
/// Places that are named when a name may mean several things.
const NAMED: usize = 10;

type Json = Result<String, Failure>;

/// The one thing that `text` means.
fn find(graph: &Graph, text: &str) -> Result<NodeId, Failure> {
    match graph.find(text)[..] {
        [node] => Ok(node),
        [] => Err(Failure::new("NotFoundError", format!("nothing is called `{}`", text.escape_debug()))
            .hint("give a name, `Class.method`, a path, or `path:line`")),
        ref several => {
            let place = |&id: &NodeId| {
                let node = NodeJson::new(graph, id);
                format!("{}:{}", node.path.unwrap_or(node.name), node.start_line)
            };
            let places: Vec<String> = several.iter().take(NAMED).map(place).collect();
            let message = format!("`{}` may mean {} things", text.escape_debug(), several.len());
            Err(Failure::new("AmbiguousError", message)
                .hint(format!("name one of them as `path:line`: {}", places.join(", "))))
        }
    }
}

fn check(depth: Option<u32>) -> Result<(), Failure> {
    match depth.is_none_or(|depth| depth <= FARTHEST) {
        true => Ok(()),
        false => Err(Failure::query(format!("`depth` must not be above {FARTHEST}"))),
    }
}

/// What a language model has written of the parts, if it was told to. It is an extra: a damaged one is none.
fn summaries(engine: &Engine) -> Log {
    Log::open(&extract::summaries_of(engine.store())).unwrap_or_default()
}

/// Who uses a symbol, or what it uses.
pub fn uses(engine: &Engine, question: &str, symbol: &str, depth: Option<u32>, proven: bool, limit: usize) -> Json {
    check(depth)?;
    let question = Question::named(question).ok_or_else(|| Failure::query("there is no such question"))?;
    let graph = engine.graph()?;
    let start = find(&graph, symbol)?;
    let found = question.ask(&graph, start, depth, proven);
    Ok(serde_json::to_string(&UsesAnswer::new(&graph, start, &found, limit))?)
}

/// Everything that a node hangs together with.
pub fn neighbors(engine: &Engine, symbol: &str, relations: &[String], depth: u32, proven: bool, limit: usize) -> Json {
    check(Some(depth))?;
    let unknown = |word: &String| Failure::query(format!("unknown relation `{}`", word.escape_debug()));
    let relation = |word: &String| Relation::parse(word).ok_or_else(|| unknown(word));
    let relations: Vec<Relation> = relations.iter().map(relation).collect::<Result<_, _>>()?;
    let graph = engine.graph()?;
    let start = find(&graph, symbol)?;
    let follow = Follow { relations: &relations, proven_only: proven, depth };
    let (uses, used_by) = (graph.reach(&[start], false, follow), graph.reach(&[start], true, follow));
    Ok(serde_json::to_string(&NeighborsAnswer::new(&graph, start, &uses, &used_by, limit))?)
}

/// A shortest way of uses.
pub fn way(engine: &Engine, from: &str, to: &str, depth: Option<u32>, proven: bool) -> Json {
    check(depth)?;
    let graph = engine.graph()?;
    let (from, to) = (find(&graph, from)?, find(&graph, to)?);
    Ok(serde_json::to_string(&StepJson::way(&graph, from, to, depth, proven))?)
}

/// What a change may reach.
pub fn impact(engine: &Engine, places: &[String], diff: Option<&str>, depth: u32, proven: bool, limit: usize) -> Json {
    check(Some(depth))?;
    let no_place = |text: &String| {
        Failure::query(format!("`{}` is no place", text.escape_debug()))
            .hint("write `path`, `path:line` or `path:first-last`")
    };
    let change = |text: &String| Change::parse(text).ok_or_else(|| no_place(text));
    let mut changes: Vec<Change> = places.iter().map(change).collect::<Result<_, _>>()?;
    changes.extend(diff.map(Change::of_diff).unwrap_or_default());
    if changes.is_empty() {
        return Err(Failure::query("nothing has changed").hint("give places, or `diff`"));
    }
    let graph = engine.graph()?;
    let changed = touched(&graph, &changes);
    if changed.is_empty() {
        return Err(Failure::new("NotFoundError", "none of the files is indexed"));
    }
    let follow = Follow { relations: &[], proven_only: proven, depth };
    Ok(serde_json::to_string(&ImpactAnswer::new(&graph, &graph.impact(&changed, follow), limit))?)
}

/// How the repository is organised.
pub fn overview(engine: &Engine, limit: usize) -> Json {
    let (snapshot, graph) = (engine.snapshot()?, engine.graph()?);
    let found = cogo::overview::overview(&snapshot, &graph);
    Ok(serde_json::to_string(&OverviewAnswer::new(&snapshot, &graph, &summaries(engine), &found, limit)?)?)
}

/// Its parts, at several levels.
pub fn communities(engine: &Engine, limit: usize) -> Json {
    let (snapshot, graph) = (engine.snapshot()?, engine.graph()?);
    let levels = &graph.communities().levels;
    Ok(serde_json::to_string(&CommunitiesAnswer::new(&snapshot, &graph, &summaries(engine), levels, limit)?)?)
}

/// What one symbol is about.
pub fn explain(engine: &Engine, symbol: &str, limit: usize) -> Json {
    let (snapshot, graph) = (engine.snapshot()?, engine.graph()?);
    let id = find(&graph, symbol)?;
    let found = cogo::overview::explain(&snapshot, &graph, id)?;
    Ok(serde_json::to_string(&Explained::new(&graph, id, &found, limit))?)
}

/// Which parts a question concerns, and what hangs together with its hits.
pub fn ask(engine: &Engine, question: &str, scope: Option<&str>, limit: usize) -> Json {
    let named = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
    let unknown =
        |word: &str| Failure::query(format!("unknown scope `{}`", word.escape_debug())).hint("global, local, or drift");
    let scope = scope.map(|word| named(word).ok_or_else(|| unknown(word))).transpose()?;
    let answer = cogo::ask::ask(engine, question, scope, limit)?;
    let (snapshot, graph) = (engine.snapshot()?, engine.graph()?);
    Ok(serde_json::to_string(&Asked::new(&snapshot, &graph, &answer)?)?)
}
