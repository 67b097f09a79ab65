//! The orchestrator over the engine's tools, and what its plans consist of besides tools.

use std::sync::Arc;
use std::time::Duration;

use agents::orchestrate::{
    First, Goal, KIND, MODEL, ModelAgent, ModelPlanner, Orchestrator, Planner, Tool, WAIT, check,
};
use agents::plan::Plan;
use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::configs::is_tool;
use super::{AGENTS, Agent, Configs, Setup, absolute, plans, research};

pub(super) const AGENT: Agent = Agent {
    name: KIND,
    about: "reaches a goal in plain words, English or Korean: plans, runs the steps as jobs, checks them, plans again",
    inputs: "path=FOLDER goal=TEXT role=NAME web=false, or workflow=NAME input=JSON, or plan=JSON",
    prepare,
    handler: |setup| {
        let mut planners: Vec<Arc<dyn Planner>> = Vec::new();
        if !setup.router().is_empty() {
            planners.push(Arc::new(ModelPlanner::new(setup.router().clone(), setup.limits())));
        }
        planners.push(Arc::new(First(plans::plan)));
        Arc::new(Orchestrator::new(tools(setup), planners).with_roles(setup.configs().roles.clone()))
    },
};

pub(super) const ASK: Agent = Agent {
    name: MODEL,
    about: "asks a language model, if one is configured",
    inputs: "prompt=TEXT tier=nano|mini|full schema=JSON",
    prepare: |inputs, _| Ok(inputs),
    handler: |setup| Arc::new(ModelAgent::new(setup.router().clone(), setup.limits())),
};

pub(super) const PAUSE: Agent = Agent {
    name: WAIT,
    about: "does nothing; a plan waits with it",
    inputs: "",
    prepare: |_, _| Ok(json!({})),
    handler: |_| Arc::new(Pause),
};

fn tools(setup: &Setup) -> Vec<Tool> {
    let tool = |agent: &'static Agent| {
        let configs = setup.configs().clone();
        Tool {
            name: agent.name.into(),
            about: agent.about.into(),
            inputs: agent.inputs.into(),
            retry: configs.policies.of_job(agent.name),
            prepare: Arc::new(move |inputs| (agent.prepare)(inputs, &configs)),
        }
    };
    AGENTS.iter().filter(|agent| is_tool(agent.name)).map(tool).collect()
}

/// What is typed, as a [`Goal`]: `path` is an input of the goal.
fn prepare(mut inputs: Value, configs: &Configs) -> Result<Value, String> {
    absolute(&mut inputs)?;
    let fields = inputs.as_object_mut().ok_or("inputs are `key=value`")?;
    let path = fields.remove("path").unwrap_or_default();
    if let Some(name) = fields.remove("workflow") {
        fill_in(fields, name.as_str().ok_or("`workflow` must be text")?, configs)?;
    }
    let web = fields.remove("web");
    let input = fields.entry("input").or_insert_with(|| json!({}));
    let input = input.as_object_mut().ok_or("`input` must be an object")?;
    input.insert("path".into(), path);
    match web.unwrap_or_default() {
        Value::Null => {}
        web @ Value::Bool(_) => drop(input.insert("web".into(), web)),
        _ => return Err("`web` is true or false".into()),
    }
    if input.get("web") == Some(&true.into()) && configs.sources.is_empty() {
        return Err(research::NO_SOURCE.into());
    }
    if fields.get("goal").is_none() {
        let goal = fields.get("plan").and_then(|plan| plan.get("goal")).cloned().unwrap_or_default();
        fields.insert("goal".into(), goal);
    }
    let goal: Goal = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
    if goal.goal.trim().is_empty() {
        return Err("`goal` must not be empty".into());
    }
    match (&goal.plan, &goal.role) {
        (Some(plan), role) => check(plan, is_tool, &configs.roles, role.as_deref())?,
        (None, Some(role)) if configs.roles.get(role).is_none() => {
            return Err(format!("there is no role `{role}`; see `cogo agent roles`"));
        }
        _ => {}
    }
    Ok(json!(goal))
}

/// The plan of the workflow `name`, for what was given as its input.
fn fill_in(fields: &mut Map<String, Value>, name: &str, configs: &Configs) -> Result<(), String> {
    let unknown = || format!("there is no workflow `{name}`; see `cogo agent workflows`");
    let workflow = configs.workflows.get(name).ok_or_else(unknown)?;
    if fields.contains_key("plan") {
        return Err("give `workflow` or `plan`, not both".into());
    }
    let plan = workflow.plan(name, fields.remove("input").unwrap_or_default())?;
    fields.insert("input".into(), plan.input.clone());
    // Its inputs are those of the goal, where the folder is added.
    fields.insert("plan".into(), json!(Plan { input: Value::Null, ..plan }));
    if let Some(role) = &workflow.role {
        let given = fields.insert("role".into(), role.clone().into());
        if given.is_some_and(|given| given != role.as_str()) {
            return Err(format!("the role of the workflow `{name}` is `{role}`"));
        }
    }
    Ok(())
}

/// How long the role that works on a goal may take.
pub(super) fn deadline(goal: &Value, configs: &Configs) -> Option<Duration> {
    let role = configs.roles.get(goal.get("role")?.as_str()?)?;
    role.limits.time_s.map(Duration::from_secs)
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
