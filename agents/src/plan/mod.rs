//! Plans: what has to be done for a goal, as data.
//!
//! A [`Plan`] is a graph of named steps. A step begins when those that it comes after have succeeded; steps that do not wait for each other run at
//! the same time. What a step brings, later steps use by [references](template) (`${find/hits/0/path}`), and a reference is a dependency.
//! [Checks](Check) say whether what a step brought is good enough. Named workflows are plans in files, YAML or JSON.

mod check;
mod progress;
mod step;
pub mod template;
mod workflow;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::{Check, Unmet};
pub use progress::{Progress, State};
pub use step::{Action, Step};
pub use workflow::Workflow;

/// More steps than this are no plan.
const MOST_STEPS: usize = 200;
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
