//! Plans: what has to be done for a goal, as data.
//!
//! A [`Plan`] is a graph of named steps. A step begins when those that it comes after have succeeded; steps that do not wait for each other run at
//! the same time. What a step brings, later steps use by [references](template) (`${find/hits/0/path}`), and a reference is a dependency.
//! [Checks](Check) say whether what a step brought is good enough. Named workflows are plans in files, YAML or JSON.

mod check;
mod progress;
pub mod template;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use check::{Check, Unmet};
pub use progress::{Progress, State};
pub use workflow::Workflow;

/// More steps than this are no plan.
const MOST_STEPS: usize = 200;
/// What steps can do.
const ACTIONS: [&str; 6] = ["tool", "model", "map", "route", "approval", "wait"];
/// Names that references use for something else.
const RESERVED: [&str; 3] = ["goal", "input", "item"];

/// What has to be done for a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What is wanted, in words.
    pub goal: String,
    /// Why it is done this way.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What whoever starts it gives; references find it under `input`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// The steps, in any order.
    pub steps: Vec<Step>,
    /// The result, with references; all outputs by step if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Step {
    /// Its name: letters, digits, `_` and `-`.
    pub id: String,
    /// What it does.
    #[serde(flatten)]
    pub action: Action,
    /// Steps that it waits for, besides those that it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Whether what it brought is good enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<Check>,
    /// Whether the plan goes on without it if it fails; it has brought `null` then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Longest time of an attempt, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Attempts at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A step as it is written: what it does is a field of its own name beside the others.
#[derive(Deserialize)]
struct Written {
    id: String,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    accept: Vec<Check>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    timeout_s: Option<u64>,
    #[serde(default)]
    attempts: Option<u32>,
    #[serde(default)]
    reason: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl TryFrom<Written> for Step {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { id, after, accept, optional, timeout_s, attempts, reason, rest } = written;
        if rest.len() != 1 {
            let mut found: Vec<&str> = rest.keys().map(String::as_str).collect();
            found.sort_unstable();
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            return Err(format!("step `{id}`: it does one of {}, not {found}", ACTIONS.join(", ")));
        }
        let action = serde_json::from_value(rest.into()).map_err(|error| format!("step `{id}`: {error}"))?;
        Ok(Step { id, action, after, accept, optional, timeout_s, attempts, reason })
    }
}

impl Step {
    /// A step that calls a tool.
    pub fn tool(id: &str, name: &str, input: Value) -> Self {
        Step::new(id, Action::Tool { name: name.into(), input })
    }

    /// A step that waits for nothing and is not checked.
    pub fn new(id: &str, action: Action) -> Self {
        Step {
            id: id.into(),
            action,
            after: Vec::new(),
            accept: Vec::new(),
            optional: false,
            timeout_s: None,
            attempts: None,
            reason: String::new(),
        }
    }

    /// The same with a check.
    pub fn accept(mut self, check: Check) -> Self {
        self.accept.push(check);
        self
    }

    /// The same, and the plan goes on if it fails.
    pub fn optional(self) -> Self {
        Step { optional: true, ..self }
    }

    /// The same with a reason.
    pub fn because(self, reason: impl Into<String>) -> Self {
        Step { reason: reason.into(), ..self }
    }

    /// Steps that must be over before it begins.
    pub fn waits_for(&self) -> BTreeSet<&str> {
        let mut names: BTreeSet<&str> = self.after.iter().map(String::as_str).collect();
        names.extend(self.action.values().into_iter().flat_map(template::names));
        names.retain(|name| !RESERVED.contains(name));
        names
    }
}

/// What a step does. Values may hold references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Calls a tool.
    Tool {
        /// Its name.
        name: String,
        /// What it is given.
        #[serde(default)]
        input: Value,
    },
    /// Asks a language model.
    Model {
        /// What it is asked: a text.
        prompt: Value,
        /// How strong a model: `nano`, `mini`, `full`; chosen by the router if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tier: Option<String>,
        /// The JSON schema of the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schema: Option<Value>,
        /// The role that asks, besides that of the goal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    /// Calls a tool for every item of a list, all at the same time; brings the list of what they brought.
    Map {
        /// The list.
        over: Value,
        /// The tool.
        tool: String,
        /// What it is given; `${item}` is the item.
        #[serde(default)]
        input: Value,
        /// Items at most; what is more is left out and counted.
        #[serde(default = "many")]
        most: usize,
    },
    /// Chooses steps: those of other cases are skipped, and what waits for them.
    Route {
        /// What is looked at; compared as text.
        on: Value,
        /// Value → steps that run.
        cases: BTreeMap<String, Vec<String>>,
        /// Steps that run if no case fits.
        #[serde(default)]
        otherwise: Vec<String>,
    },
    /// Waits until a human says yes; fails on no.
    Approval {
        /// What they are asked.
        question: Value,
    },
    /// Waits.
    Wait {
        /// How long.
        seconds: u64,
    },
}

impl Action {
    /// The values that may hold references.
    pub fn values(&self) -> Vec<&Value> {
        match self {
            Action::Tool { input, .. } => vec![input],
            Action::Model { prompt, .. } => vec![prompt],
            Action::Map { over, input, .. } => vec![over, input],
            Action::Route { on, .. } => vec![on],
            Action::Approval { question } => vec![question],
            Action::Wait { .. } => Vec::new(),
        }
    }

    /// The same with what `change` makes of each of these values.
    pub fn with_values(mut self, change: &dyn Fn(&Value) -> Value) -> Self {
        let values = match &mut self {
            Action::Tool { input, .. } => vec![input],
            Action::Model { prompt, .. } => vec![prompt],
            Action::Map { over, input, .. } => vec![over, input],
            Action::Route { on, .. } => vec![on],
            Action::Approval { question } => vec![question],
            Action::Wait { .. } => Vec::new(),
        };
        for value in values {
            *value = change(value);
        }
        self
    }
}

fn many() -> usize {
    50
}

/// Why a plan is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There are no steps, or too many.
    #[error("a plan has 1 to {MOST_STEPS} steps, not {0}")]
    Size(usize),
    /// A name that cannot be referred to.
    #[error("`{0}` cannot be the name of a step: use letters, digits, `_` and `-`, and none of goal, input, item")]
    Name(String),
    /// Two steps with one name.
    #[error("there are two steps called `{0}`")]
    Twice(String),
    /// A step that is not there.
    #[error("step `{step}` waits for `{missing}`, which is not there")]
    Missing {
        /// Who waits.
        step: String,
        /// For what.
        missing: String,
    },
    /// A result that nobody brings.
    #[error("the result refers to `{0}`, which is not there")]
    Result(String),
    /// A schema that is none.
    #[error("step `{step}` has a schema that is none: {reason}")]
    Schema {
        /// The step.
        step: String,
        /// Why not.
        reason: String,
    },
    /// Steps that wait for each other.
    #[error("these steps wait for each other: {}", .0.join(", "))]
    Circle(Vec<String>),
    /// A tool that nobody knows.
    #[error("step `{step}` needs the tool `{tool}`, which is not there")]
    Tool {
        /// The step.
        step: String,
        /// The tool.
        tool: String,
    },
}

impl Plan {
    /// Whether it can be carried out with tools for which `knows` is true.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self, knows: impl Fn(&str) -> bool) -> Result<(), Invalid> {
        if self.steps.is_empty() || self.steps.len() > MOST_STEPS {
            return Err(Invalid::Size(self.steps.len()));
        }
        let mut names = BTreeSet::new();
        for Step { id, .. } in &self.steps {
            let is_plain = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            if !is_plain || RESERVED.contains(&id.as_str()) {
                return Err(Invalid::Name(id.clone()));
            }
            if !names.insert(id.as_str()) {
                return Err(Invalid::Twice(id.clone()));
            }
        }
        for step in &self.steps {
            let routed = match &step.action {
                Action::Route { cases, otherwise, .. } => cases.values().flatten().chain(otherwise).collect(),
                Action::Tool { name: tool, .. } | Action::Map { tool, .. } if !knows(tool) => {
                    return Err(Invalid::Tool { step: step.id.clone(), tool: tool.clone() });
                }
                _ => Vec::new(),
            };
            let mut named = step.waits_for().into_iter().chain(routed.into_iter().map(String::as_str));
            if let Some(missing) = named.find(|name| !names.contains(name)) {
                return Err(Invalid::Missing { step: step.id.clone(), missing: missing.into() });
            }
            let asked = if let Action::Model { schema, .. } = &step.action { schema.as_ref() } else { None };
            for schema in step.accept.iter().filter_map(Check::schema).chain(asked) {
                let invalid = |reason| Invalid::Schema { step: step.id.clone(), reason };
                jsonschema::validator_for(schema).map_err(|error| invalid(error.to_string()))?;
            }
        }
        let mut brought = self.result.iter().flat_map(template::names);
        if let Some(missing) = brought.find(|name| !names.contains(name) && !["goal", "input"].contains(name)) {
            return Err(Invalid::Result(missing.into()));
        }
        let mut waiting: Vec<&Step> = self.steps.iter().collect();
        let mut over: BTreeSet<&str> = BTreeSet::new();
        while !waiting.is_empty() {
            let (ready, still): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|step| self.comes_after(step).is_subset(&over));
            if ready.is_empty() {
                return Err(Invalid::Circle(still.iter().map(|step| step.id.clone()).collect()));
            }
            over.extend(ready.iter().map(|step| step.id.as_str()));
            waiting = still;
        }
        Ok(())
    }

    /// The roles that steps name.
    pub fn roles(&self) -> BTreeSet<&str> {
        let roles = self.steps.iter().filter_map(|step| match &step.action {
            Action::Model { role, .. } => role.as_deref(),
            _ => None,
        });
        roles.collect()
    }

    /// Steps that must be over before `step` begins: those that it waits for, and the routes that may skip it.
    fn comes_after<'p>(&'p self, step: &'p Step) -> BTreeSet<&'p str> {
        let mut names = step.waits_for();
        names.extend(self.routes_to(&step.id).map(|route| route.id.as_str()));
        names
    }

    /// Routes that name the step `id`.
    fn routes_to(&self, id: &str) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| match &step.action {
            Action::Route { cases, otherwise, .. } => cases.values().flatten().chain(otherwise).any(|name| name == id),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(steps: Value) -> Plan {
        serde_json::from_value(json!({ "goal": "g", "steps": steps })).expect("a plan")
    }

    #[test]
    fn references_are_dependencies() {
        let plan = plan(json!([
            { "id": "find", "tool": { "name": "search", "input": { "query": "${goal}" } } },
            { "id": "read", "tool": { "name": "read", "input": { "path": "${find/hits/0/path}" } }, "after": ["wait"] },
            { "id": "wait", "wait": { "seconds": 1 } },
        ]));
        assert_eq!(plan.check(|_| true), Ok(()));
        assert_eq!(plan.steps[1].waits_for(), BTreeSet::from(["find", "wait"]));
        assert_eq!(
            plan.check(|tool| tool == "search").unwrap_err().to_string(),
            "step `read` needs the tool `read`, which is not there"
        );
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        let step = |id: &str, after: &[&str]| json!({ "id": id, "wait": { "seconds": 0 }, "after": after });
        let refused = |steps: Value| plan(steps).check(|_| true).unwrap_err();
        assert_eq!(refused(json!([])), Invalid::Size(0));
        assert_eq!(refused(json!([step("a b", &[])])), Invalid::Name("a b".into()));
        assert_eq!(refused(json!([step("goal", &[])])), Invalid::Name("goal".into()));
        assert_eq!(refused(json!([step("a", &[]), step("a", &[])])), Invalid::Twice("a".into()));
        assert_eq!(refused(json!([step("a", &["z"])])), Invalid::Missing { step: "a".into(), missing: "z".into() });
        assert_eq!(
            refused(json!([step("a", &["b"]), step("b", &["a"])])),
            Invalid::Circle(vec!["a".into(), "b".into()])
        );
        // A route that is reached only by what it chooses would never run.
        let route = json!({ "id": "r", "route": { "on": "${a}", "cases": { "x": ["a"] } } });
        assert_eq!(refused(json!([step("a", &[]), route])), Invalid::Circle(vec!["a".into(), "r".into()]));
        assert_eq!(
            refused(json!([{ "id": "a", "model": { "prompt": "?", "schema": { "type": 7 } } }])).to_string()[..18],
            *"step `a` has a sch"
        );
        let read = |step: Value| serde_json::from_value::<Step>(step).expect_err("it is none").to_string();
        assert_eq!(
            read(json!({ "id": "a" })),
            "step `a`: it does one of tool, model, map, route, approval, wait, not nothing"
        );
        assert!(read(json!({ "id": "a", "wait": { "seconds": 1 }, "afer": ["b"] })).contains("not afer, wait"));
        assert!(read(json!({ "id": "a", "fly": {} })).contains("step `a`: unknown variant `fly`"));
        assert!(read(json!({ "id": "a", "wait": { "secs": 1 } })).contains("step `a`: unknown field `secs`"));
    }
}
