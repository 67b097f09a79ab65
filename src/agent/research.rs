//! Research, as a job: every piece of evidence is told when it is found.

use std::path::PathBuf;
use std::sync::Arc;

use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Agent, Configs, Setup, absolute, blocking, stop, web};
use crate::research::{Depth, Findings, Outside, Step, Unanswered, research_with};

/// What is said where `web=true` cannot be meant.
pub(super) const NO_SOURCE: &str = "`web=true`, and no source is configured; see `sources.json` in docs/agents.md";
/// Texts in events are cut.
const LONGEST: usize = 400;

pub(super) const AGENT: Agent = Agent {
    name: "research",
    about: "answers a question in sentences, each with the lines where that is written",
    inputs: "path=FOLDER question=TEXT rounds=3 evidence=12 web=false",
    prepare,
    handler: |setup| Arc::new(Research(setup.clone())),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    path: PathBuf,
    question: String,
    #[serde(default = "three")]
    rounds: usize,
    #[serde(default = "twelve")]
    evidence: usize,
    /// Whether sources outside of the repository are asked.
    #[serde(default)]
    web: Option<bool>,
}

fn three() -> usize {
    3
}

fn twelve() -> usize {
    12
}

fn prepare(mut inputs: Value, configs: &Configs) -> Result<Value, String> {
    absolute(&mut inputs)?;
    let inputs: Inputs = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
    let fits = (1..=10).contains(&inputs.rounds) && (1..=50).contains(&inputs.evidence);
    if inputs.question.trim().is_empty() || !fits {
        return Err("`question` must not be empty, `rounds` lies between 1 and 10, `evidence` between 1 and 50".into());
    }
    if inputs.web == Some(true) && configs.sources.is_empty() {
        return Err(NO_SOURCE.into());
    }
    Ok(json!(inputs))
}

/// Whether whoever wanted the answer allows to ask outside. A plan cannot allow it, because a language model may have made it: of a goal it must
/// be the goal that says `web=true`.
async fn is_allowed(context: &Context) -> Result<bool, Stop> {
    let Some(parent) = context.job().parent else { return Ok(true) };
    let parent = context.store().job(parent).await?;
    Ok(parent.is_some_and(|goal| goal.payload["input"]["web"] == true))
}

struct Research(Setup);

#[async_trait]
impl Handler for Research {
    fn kind(&self) -> &str {
        AGENT.name
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let inputs: Inputs = context.payload()?;
        let setup = self.0.clone();
        let outside = match (inputs.web == Some(true), is_allowed(context).await?) {
            (false, _) => Outside::default(),
            (true, true) => web::ask(context, setup.guard(), &setup.configs().sources, &inputs.question).await?,
            (true, false) => {
                let reason = "the goal does not say `web=true`".to_owned();
                Outside { unanswered: vec![Unanswered { source: "web".into(), reason }], ..Outside::default() }
            }
        };
        let (tell, mut told) = mpsc::unbounded_channel();
        let working = blocking(move || {
            let engine = setup.engine(&inputs.path)?;
            let depth = Depth { rounds: inputs.rounds, evidence: inputs.evidence, ..Depth::default() };
            let mut note = |step: &Step| drop(tell.send(short(step)));
            research_with(&engine, &inputs.question, &depth, outside, &mut note).map_err(stop)
        });
        let telling = async {
            while let Some(step) = told.recv().await {
                context.partial(step).await?;
            }
            Ok::<_, Stop>(())
        };
        let (findings, told) = tokio::join!(working, telling);
        told?;
        let findings: Findings = findings??;
        context.attach("answer.md", "text/markdown", findings.markdown().into_bytes()).await?;
        let mut result = json!(findings);
        result["text"] = findings.markdown().into();
        Ok(result)
    }
}

/// A step as an event: without long texts.
fn short(step: &Step) -> Value {
    let mut step = json!(step);
    if let Some(Value::String(text)) = step.get_mut("text") {
        text.truncate(text.floor_char_boundary(text.len().min(LONGEST)));
    }
    step
}
