//! The orchestrator over the engine's tools, and what its plans consist of besides tools.

use std::sync::Arc;

use agents::orchestrate::{First, Goal, KIND, MODEL, ModelAgent, ModelPlanner, Orchestrator, Planner, Tool, WAIT};
use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use serde_json::{Value, json};

use super::{AGENTS, Agent, Setup, absolute, plans};

/// What plans are not made of: what makes them, and what steps of other kinds are.
const NO_TOOLS: [&str; 3] = [KIND, MODEL, WAIT];

pub(super) const AGENT: Agent = Agent {
    name: KIND,
    about: "reaches a goal in plain words, English or Korean: plans, runs the steps as jobs, checks them, plans again",
    inputs: "path=FOLDER goal=TEXT, or plan=JSON",
    prepare,
    handler: |setup| {
        let mut planners: Vec<Arc<dyn Planner>> = Vec::new();
        if !setup.router().is_empty() {
            planners.push(Arc::new(ModelPlanner::new(setup.router().clone(), setup.limits())));
        }
        planners.push(Arc::new(First(plans::plan)));
        Arc::new(Orchestrator::new(tools(setup), planners))
    },
};

pub(super) const ASK: Agent = Agent {
    name: MODEL,
    about: "asks a language model, if one is configured",
    inputs: "prompt=TEXT tier=nano|mini|full schema=JSON",
    prepare: |inputs| Ok(inputs),
    handler: |setup| Arc::new(ModelAgent::new(setup.router().clone(), setup.limits())),
};

pub(super) const PAUSE: Agent = Agent {
    name: WAIT,
    about: "does nothing; a plan waits with it",
    inputs: "",
    prepare: |_| Ok(json!({})),
    handler: |_| Arc::new(Pause),
};

fn tools(setup: &Setup) -> Vec<Tool> {
    let tool = |agent: &Agent| Tool {
        name: agent.name.into(),
        about: agent.about.into(),
        inputs: agent.inputs.into(),
        prepare: Arc::new(agent.prepare),
        retry: setup.policies().of(agent.name).clone(),
    };
    AGENTS.iter().filter(|agent| !NO_TOOLS.contains(&agent.name)).map(tool).collect()
}

/// What is typed, as a [`Goal`]: `path` is an input of the goal.
fn prepare(mut inputs: Value) -> Result<Value, String> {
    absolute(&mut inputs)?;
    let fields = inputs.as_object_mut().ok_or("inputs are `key=value`")?;
    let path = fields.remove("path").unwrap_or_default();
    let input = fields.entry("input").or_insert_with(|| json!({}));
    input.as_object_mut().ok_or("`input` must be an object")?.insert("path".into(), path);
    if fields.get("goal").is_none() {
        let goal = fields.get("plan").and_then(|plan| plan.get("goal")).cloned().unwrap_or_default();
        fields.insert("goal".into(), goal);
    }
    let goal: Goal = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
    if goal.goal.trim().is_empty() {
        return Err("`goal` must not be empty".into());
    }
    if let Some(plan) = &goal.plan {
        let knows = |name: &str| AGENTS.iter().any(|agent| agent.name == name && !NO_TOOLS.contains(&name));
        plan.check(knows).map_err(|invalid| format!("the plan cannot be carried out: {invalid}"))?;
    }
    Ok(json!(goal))
}

struct Pause;

#[async_trait]
impl Handler for Pause {
    fn kind(&self) -> &str {
        WAIT
    }

    async fn run(&self, _: &Context) -> Result<Value, Stop> {
        Ok(Value::Null)
    }
}
