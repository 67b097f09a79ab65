//! Language models in plans: as the one who plans, and as a step.

use std::sync::Arc;

use async_trait::async_trait;
use llm::{Prompt, Reply};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parts::MODEL;
use super::{Planner, Request, Tool};
use crate::guard::{Budget, Limits, Record, RecordError, Recorder, Scope};
use crate::job::Job;
use crate::plan::Plan;
use crate::role::{Caps, Used};
use crate::route::{Router, Signals, Weakness};
use crate::worker::{Context, Handler, Stop};

/// The longest plan, and the longest answer, in tokens.
const LONGEST: u32 = 4096;

/// Asks a language model for plans. Where it has none that can be carried out, there is no plan, and another planner may have one.
pub struct ModelPlanner {
    router: Arc<Router>,
    limits: Limits,
}

impl ModelPlanner {
    /// Asks `router`, within `limits` for each plan.
    pub fn new(router: Arc<Router>, limits: Limits) -> Self {
        ModelPlanner { router, limits }
    }
}

#[async_trait]
impl Planner for ModelPlanner {
    async fn plan(&self, request: &Request<'_>) -> Result<Option<Plan>, Stop> {
        if self.router.is_empty() {
            return Ok(None);
        }
        let knows = |name: &str| request.tools.iter().any(|tool| tool.name == name);
        let verify = |reply: &Reply| {
            let invalid = |reason: String| Weakness::Invalid(reason);
            read(&reply.text)?.check(knows).map_err(|error| invalid(error.to_string()))
        };
        let caps = request.role.map(|role| role.limits).unwrap_or_default();
        let scope = scope(request.context, caps.narrow(self.limits));
        let signals = Signals { kind: "planning".into(), risk: 0.5, uncertainty: 0.5, ..Signals::default() };
        match self.router.ask(&scope, prompt(request), &signals, &verify).await {
            Ok(answer) if answer.weakness.is_none() => Ok(read(&answer.reply.text).ok()),
            Ok(answer) => {
                let why = answer.weakness.map(|weakness| weakness.to_string());
                request.context.say("plan_refused", json!({ "model": answer.model, "reason": why })).await?;
                Ok(None)
            }
            Err(error) => {
                request.context.say("plan_refused", json!({ "reason": error.describe() })).await?;
                Ok(None)
            }
        }
    }
}

/// The plan in an answer: JSON, perhaps within marks of code.
fn read(text: &str) -> Result<Plan, Weakness> {
    let text = text.trim().trim_start_matches("```json").trim_start_matches("```").trim_end_matches("```");
    serde_json::from_str(text).map_err(|error| Weakness::Invalid(error.to_string()))
}

fn prompt(request: &Request<'_>) -> Prompt {
    let tool = |tool: &Tool| format!("- {}: {}. Inputs: {}\n", tool.name, tool.about, tool.inputs);
    let tools: String = request.tools.iter().map(tool).collect();
    let tried: String = request
        .rounds
        .iter()
        .map(|round| format!("This plan failed: {}\nbecause: {}\n", json!(round.plan), json!(round.failures)))
        .collect();
    let persona = request.role.map(|role| format!("{}\n\n", role.persona.trim())).unwrap_or_default();
    Prompt {
        system: format!(
            "{persona}You plan work on a repository. Answer with one JSON object and nothing else: {{\"goal\", \"reason\", \"steps\", \"result\"}}. A step is \
             {{\"id\", \"tool\": {{\"name\", \"input\"}}, \"accept\": [{{\"not_empty\": {{\"at\": \"/hits\"}}}}], \"reason\"}}. \"${{id/path}}\" in an input is what an \
             earlier step brought; steps that do not refer to each other run at the same time. Inputs of tools need \"path\": \"${{input/path}}\". \
             Tools:\n{tools}"
        ),
        user: format!("Goal: {}\nInput: {}\n{tried}", request.goal.goal, request.goal.input),
        max_output: LONGEST,
        ..Prompt::default()
    }
}

/// The handler of steps that ask a language model.
pub struct ModelAgent {
    router: Arc<Router>,
    limits: Limits,
}

impl ModelAgent {
    /// Asks `router`, within `limits` for each step.
    pub fn new(router: Arc<Router>, limits: Limits) -> Self {
        ModelAgent { router, limits }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    prompt: String,
    #[serde(default)]
    tier: Option<String>,
    #[serde(default)]
    schema: Option<Value>,
    /// The roles that ask.
    #[serde(default)]
    roles: Vec<String>,
    /// What the model is told before all else.
    #[serde(default)]
    persona: String,
    /// What is left of what the roles may use.
    #[serde(default)]
    limits: Caps,
}

/// The payload of a step that asks a language model.
pub(super) fn question(step: &Value, roles: &[&str], persona: &str, limits: &Caps) -> Value {
    let mut payload = step.clone();
    (payload["roles"], payload["persona"], payload["limits"]) = (json!(roles), json!(persona), json!(limits));
    payload
}

/// What a job that asks a language model has used, if `role` asked.
pub(super) fn used(job: &Job, role: &str) -> Used {
    let asked = job.payload["roles"].as_array().is_some_and(|roles| roles.iter().any(|name| name == role));
    let used = job.progress.as_ref().filter(|_| asked).map(|progress| Used::deserialize(&progress["used"]));
    used.and_then(Result::ok).unwrap_or_default()
}

/// Notes what the attempt has used, with those before it.
async fn note(context: &Context, budget: &Budget, roles: &[String]) -> Result<(), Stop> {
    let before = context.job().progress.as_ref().and_then(|progress| Used::deserialize(&progress["used"]).ok());
    let (calls, spent) = budget.spent();
    let cost = spent.cost.map_or(0.0, llm::Usd::dollars);
    let used = Used { calls, tokens: spent.usage.total(), cost } + before.unwrap_or_default();
    context.progress(json!({ "used": used, "roles": roles })).await
}

#[async_trait]
impl Handler for ModelAgent {
    fn kind(&self) -> &str {
        MODEL
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let Question { prompt, tier, schema, roles, persona, limits } = context.payload()?;
        if self.router.is_empty() {
            return Err(Stop::fail("no language model is configured"));
        }
        let validator = schema.as_ref().map(jsonschema::validator_for).transpose();
        let validator = validator.map_err(|error| Stop::Fail(format!("the schema is none: {error}")))?;
        let verify = |reply: &Reply| match &validator {
            None if reply.text.trim().is_empty() => Err(Weakness::Invalid("it is empty".into())),
            None => Ok(()),
            Some(validator) => {
                let value: Value =
                    serde_json::from_str(&reply.text).map_err(|error| Weakness::Invalid(error.to_string()))?;
                validator.validate(&value).map_err(|error| Weakness::Invalid(error.to_string()))
            }
        };
        // A plan names the tier by how much depends on the step.
        let risk = match tier.as_deref() {
            None => 0.3,
            Some("nano") => 0.0,
            Some("mini") => 0.5,
            Some("full") => 1.0,
            Some(other) => return Err(Stop::Fail(format!("there is no tier `{other}`: nano, mini, full"))),
        };
        let signals = Signals { kind: "step".into(), risk, uncertainty: risk, ..Signals::default() };
        let prompt = Prompt { system: persona, user: prompt, max_output: LONGEST, schema, ..Prompt::default() };
        let scope = scope(context, limits.narrow(self.limits));
        let answer = self.router.ask(&scope, prompt, &signals, &verify).await;
        note(context, &scope.budget, &roles).await?;
        let answer = answer.map_err(|error| Stop::retry(error.describe()))?;
        match answer.weakness {
            Some(weakness) => Err(Stop::retry(weakness.to_string())),
            None if validator.is_some() => {
                serde_json::from_str(&answer.reply.text).map_err(|error| Stop::retry(error.to_string()))
            }
            None => Ok(json!({ "text": answer.reply.text, "model": answer.model })),
        }
    }
}

/// What calls within a job share: they are recorded in its stream and with its artifacts.
pub fn scope(context: &Context, limits: Limits) -> Scope {
    let recorder = Arc::new(InJob(context.clone()));
    Scope { trace: context.job().trace_id.clone(), budget: Arc::new(Budget::new(limits)), recorder }
}

struct InJob(Context);

#[async_trait]
impl Recorder for InJob {
    async fn record(&self, record: Record) -> Result<(), RecordError> {
        let wrong = |stop: Stop| RecordError::from(format!("{stop:?}"));
        for (name, content) in record.files {
            let content = serde_json::to_vec_pretty(&content)?;
            match self.0.attach(&name, "application/json", content).await {
                // A worker without a place for artifacts keeps the event.
                Ok(_) | Err(Stop::Fail(_)) => {}
                Err(stop) => return Err(wrong(stop)),
            }
        }
        self.0.say(record.event, json!({ "key": record.key, "data": record.data })).await.map_err(wrong)
    }
}
