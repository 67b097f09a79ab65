//! The orchestrator: a goal becomes a [plan](crate::plan), its steps become jobs, what they bring is checked, and what was not good enough
//! is planned again, within limits.
//!
//! It is a handler like others and holds nothing in memory. Plans are recorded as steps of its job, the steps of a plan are jobs that
//! are parts of it, and while they run it is parked. Whoever takes it up again finds all of that in the store.

mod model;
mod parts;
mod planner;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use model::{ModelAgent, ModelPlanner, scope};
pub use parts::{APPROVAL, MODEL, WAIT, answer};
pub use planner::{First, Planner, Record, Records, Request, Round, Tool};

use crate::library::Library;
use crate::plan::{Plan, Progress, State};
use crate::role::Role;
use crate::worker::{Context, Handler, Stop};
use parts::{Ground, Parts};

/// The type of job.
pub const KIND: &str = "orchestrate";

/// What is wanted: the payload of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// In words.
    pub goal: String,
    /// What plans find under `input`.
    #[serde(default)]
    pub input: Value,
    /// How it is done; planned if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// How much may be tried.
    #[serde(default)]
    pub limits: Limits,
    /// The role that works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// How much an orchestrator may try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Plans, the first one included.
    pub plans: usize,
    /// Jobs for steps of all plans.
    pub jobs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { plans: 3, jobs: 60 }
    }
}

/// What has become of a goal: the result of the job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Achieved {
    /// The goal.
    pub goal: String,
    /// Why it was done this way, plan by plan.
    pub reasons: Vec<String>,
    /// What the last plan has brought.
    pub result: Value,
    /// What has become of the steps of the last plan: `succeeded`, `skipped`.
    pub steps: BTreeMap<String, String>,
}

/// Makes and carries out plans.
pub struct Orchestrator {
    tools: Vec<Tool>,
    planners: Vec<Arc<dyn Planner>>,
    roles: Library<Role>,
}

/// The plan for a round, and why others were not followed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Decision {
    plan: Option<Plan>,
    refused: Vec<String>,
}

impl Orchestrator {
    /// An orchestrator with these tools. Of `planners`, the first that has a plan is followed.
    pub fn new(tools: Vec<Tool>, planners: Vec<Arc<dyn Planner>>) -> Self {
        Orchestrator { tools, planners, roles: Library::default() }
    }

    /// The same with roles that goals and steps may name.
    pub fn with_roles(self, roles: Library<Role>) -> Self {
        Orchestrator { roles, ..self }
    }

    /// The plan for the next round: recorded, so that a later attempt follows the same.
    async fn plan(&self, context: &Context, goal: &Goal, rounds: &[Round]) -> Result<Decision, Stop> {
        let number = rounds.len();
        if let (0, Some(plan)) = (number, &goal.plan) {
            let input = if plan.input.is_null() { goal.input.clone() } else { plan.input.clone() };
            let plan = Plan { input, ..plan.clone() };
            self.check(&plan, goal.role.as_deref()).map_err(Stop::Fail)?;
            return Ok(Decision { plan: Some(plan), refused: Vec::new() });
        }
        if goal.plan.is_some() {
            // Whoever gave the plan wants that one.
            return Ok(Decision::default());
        }
        let role = goal.role.as_deref().map(|name| self.role(name)).transpose().map_err(Stop::Fail)?;
        context
            .step(&format!("plan {number}"), async || {
                let records = Records::read(&**context.store(), &self.tools).await?;
                let tools = self.tools.iter().filter(|tool| role.is_none_or(|role| role.tools.contains(&tool.name)));
                let tools: Vec<Tool> = tools.cloned().collect();
                let request = Request { context, goal, role, tools: &tools, rounds, records: &records };
                let mut refused = Vec::new();
                for planner in &self.planners {
                    let Some(plan) = planner.plan(&request).await? else { continue };
                    let plan = Plan { goal: goal.goal.clone(), input: goal.input.clone(), ..plan };
                    match self.check(&plan, goal.role.as_deref()) {
                        Ok(()) => return Ok(Decision { plan: Some(plan), refused }),
                        Err(reason) => {
                            context.say("plan_refused", json!({ "plan": plan, "reason": reason })).await?;
                            refused.push(reason);
                        }
                    }
                }
                Ok(Decision { plan: None, refused })
            })
            .await
    }

    fn check(&self, plan: &Plan, role: Option<&str>) -> Result<(), String> {
        let knows = |name: &str| self.tools.iter().any(|tool| tool.name == name);
        check(plan, knows, &self.roles, role)
    }

    fn role(&self, name: &str) -> Result<&Role, String> {
        self.roles.get(name).ok_or_else(|| no_role(&self.roles, name))
    }
}

/// Whether `plan` can be carried out: with tools for which `knows` is true, with the roles that its steps name, and by `role`, if one works
/// on it.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check(
    plan: &Plan,
    knows: impl Fn(&str) -> bool,
    roles: &Library<Role>,
    role: Option<&str>,
) -> Result<(), String> {
    let checked = plan.check(knows).map_err(|invalid| invalid.to_string()).and_then(|()| {
        if let Some(name) = plan.roles().into_iter().find(|name| roles.get(name).is_none()) {
            return Err(no_role(roles, name));
        }
        match role {
            Some(name) => roles.get(name).ok_or_else(|| no_role(roles, name))?.permits(name, plan),
            None => Ok(()),
        }
    });
    checked.map_err(|reason| format!("the plan cannot be carried out: {reason}"))
}

fn no_role(roles: &Library<Role>, name: &str) -> String {
    let names: Vec<&str> = roles.names().collect();
    format!("there is no role `{name}`; there are {}", names.join(", "))
}

#[async_trait]
impl Handler for Orchestrator {
    fn kind(&self) -> &str {
        KIND
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let goal: Goal = context.payload()?;
        let role = goal.role.as_deref().map(|name| self.role(name)).transpose().map_err(Stop::Fail)?;
        let steps = role.and_then(|role| role.limits.steps).unwrap_or(usize::MAX);
        let ground = Ground { tools: &self.tools, roles: &self.roles, role: goal.role.as_deref() };
        let mut parts = Parts::open(context, ground, goal.limits.jobs.min(steps)).await?;
        let mut rounds: Vec<Round> = Vec::new();
        let mut refused = Vec::new();
        while rounds.len() < goal.limits.plans {
            let decision = self.plan(context, &goal, &rounds).await?;
            refused = decision.refused;
            let Some(plan) = decision.plan else { break };
            let mut progress = Progress::new(&plan);
            let open = parts.go_on(rounds.len(), &plan, &mut progress).await?;
            tell(context, rounds.len(), &plan, &progress).await?;
            if !open.is_empty() {
                return Err(Stop::Park { needs: open, after: Duration::ZERO });
            }
            let failures: BTreeMap<String, String> =
                progress.failures().into_iter().map(|(step, reason)| (step.to_owned(), reason.to_owned())).collect();
            let (result, steps) = (progress.result(), words(&progress));
            if failures.is_empty() {
                let reasons =
                    rounds.iter().map(|round| &round.plan).chain([&plan]).map(|plan| plan.reason.clone()).collect();
                let achieved = Achieved { goal: goal.goal, reasons, result, steps };
                return serde_json::to_value(achieved).map_err(|error| Stop::Fail(error.to_string()));
            }
            drop(progress);
            rounds.push(Round { plan, failures, result });
        }
        let Some(last) = rounds.last() else {
            let why = ["nobody has a plan for this goal".to_owned()].into_iter().chain(refused);
            return Err(Stop::Fail(why.collect::<Vec<_>>().join("; ")));
        };
        // What was found is not lost, even if it was not good enough.
        context.partial(&last.result).await?;
        let failures: Vec<String> = last.failures.iter().map(|(step, reason)| format!("{step}: {reason}")).collect();
        Err(Stop::Fail(format!("{} of {} plans failed; {}", rounds.len(), rounds.len(), failures.join("; "))))
    }
}

fn words(progress: &Progress) -> BTreeMap<String, String> {
    let word = |state: &State| match state {
        State::Succeeded(_) => "succeeded".to_owned(),
        State::Failed(reason) => format!("failed: {reason}"),
        State::Skipped => "skipped".to_owned(),
    };
    progress.states().iter().map(|(step, state)| ((*step).to_owned(), word(state))).collect()
}

/// Says how far the plan is, once for each thing that changed.
async fn tell(context: &Context, round: usize, plan: &Plan, progress: &Progress<'_>) -> Result<(), Stop> {
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let said = json!({ "plan": round + 1, "because": plan.reason, "steps": steps, "over": words(progress) });
    match context.job().progress.as_ref() == Some(&said) {
        true => Ok(()),
        false => context.progress(said).await,
    }
}
