//! What a plan consists of.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Check, RESERVED, template};

/// What steps can do.
const ACTIONS: [&str; 6] = ["tool", "model", "map", "route", "approval", "wait"];

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Whether what it brought is good enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<Check>,
    /// Whether the plan goes on without it if it fails; it has brought `null` then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Longest time of an attempt, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Attempts at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Why it is there.
    #[serde(skip_serializing_if = "String::is_empty")]
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
