//! Roles: who works on a goal, with which tools, and within which limits, as data.

use std::collections::BTreeSet;
use std::time::Duration;

use llm::Usd;
use serde::{Deserialize, Serialize};

use crate::guard::{Limits, least};
use crate::orchestrate::MODEL;
use crate::plan::{Action, Plan};

/// A role, as its file says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What it is for, in a sentence.
    pub about: String,
    /// What language models are told before all else.
    pub persona: String,
    /// The types of jobs that its plans may have; `model` for steps that ask a language model.
    pub tools: BTreeSet<String>,
    /// What a run may use.
    #[serde(default)]
    pub limits: Caps,
}

/// What a run may use; what is not given is limited by the settings only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Calls of language models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Tokens, read and written together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Seconds from when the job is made until it must be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_s: Option<u64>,
    /// Steps, of all plans together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
}

/// What calls of language models have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Calls.
    pub calls: u64,
    /// Tokens.
    pub tokens: u64,
    /// Dollars, as far as prices are known.
    pub cost: f64,
}

impl std::ops::Add for Used {
    type Output = Used;

    fn add(self, other: Used) -> Used {
        Used { calls: self.calls + other.calls, tokens: self.tokens + other.tokens, cost: self.cost + other.cost }
    }
}

impl Caps {
    /// What is left of them.
    ///
    /// # Errors
    /// What was used up.
    pub fn left(&self, used: Used) -> Result<Caps, String> {
        let over = |what: &str, most: &dyn std::fmt::Display| Err(format!("{what}: {most} were all used"));
        match *self {
            Caps { calls: Some(most), .. } if used.calls >= most => over("calls", &most),
            Caps { tokens: Some(most), .. } if used.tokens >= most => over("tokens", &most),
            Caps { cost: Some(most), .. } if used.cost > 0.0 && used.cost >= most => over("dollars", &most),
            caps => Ok(Caps {
                calls: caps.calls.map(|most| most - used.calls),
                tokens: caps.tokens.map(|most| most - used.tokens),
                cost: caps.cost.map(|most| most - used.cost),
                ..caps
            }),
        }
    }

    /// The smaller of each.
    pub fn and(self, other: Caps) -> Caps {
        Caps {
            calls: least(self.calls, other.calls),
            tokens: least(self.tokens, other.tokens),
            cost: least(self.cost, other.cost),
            time_s: least(self.time_s, other.time_s),
            steps: least(self.steps, other.steps),
        }
    }

    /// `limits`, and no more than these.
    pub fn narrow(&self, limits: Limits) -> Limits {
        limits.narrowed(Limits {
            calls: self.calls,
            tokens: self.tokens,
            cost: self.cost.and_then(Usd::new),
            time: self.time_s.map(Duration::from_secs),
        })
    }
}

impl Role {
    /// Whether it makes sense where there are tools for which `knows` is true.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, knows: impl Fn(&str) -> bool) -> Result<(), String> {
        if self.persona.trim().is_empty() {
            return Err("persona: is empty".into());
        }
        if let Some(unknown) = self.tools.iter().find(|tool| *tool != MODEL && !knows(tool)) {
            return Err(format!("tools: there is no type of job `{unknown}`"));
        }
        let Caps { cost, time_s, steps, .. } = self.limits;
        if cost.is_some_and(|dollars| Usd::new(dollars).is_none()) {
            return Err("limits.cost: an amount of dollars".into());
        }
        if time_s == Some(0) || steps == Some(0) {
            return Err("limits: time_s and steps are 1 at least".into());
        }
        Ok(())
    }

    /// Whether it may use everything that `plan` names; `name` is its own.
    ///
    /// # Errors
    /// The first step that it may not take.
    pub fn permits(&self, name: &str, plan: &Plan) -> Result<(), String> {
        for step in &plan.steps {
            let tool = match &step.action {
                Action::Tool { name, .. } => name,
                Action::Map { tool, .. } => tool,
                Action::Model { .. } => MODEL,
                _ => continue,
            };
            if !self.tools.contains(tool) {
                let id = &step.id;
                return Err(format!("step `{id}` needs the tool `{tool}`, which the role `{name}` may not use"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(limits: serde_json::Value) -> Role {
        let role = json!({ "about": "a", "persona": "You look.", "tools": ["search"], "limits": limits });
        serde_json::from_value(role).expect("a role")
    }

    #[test]
    fn what_is_outside_a_role_is_refused() {
        let plan = |step: serde_json::Value| -> Plan {
            serde_json::from_value(json!({ "goal": "g", "steps": [step] })).expect("a plan")
        };
        let role = role(json!({}));
        let permits = |step| role.permits("scout", &plan(step));
        assert_eq!(permits(json!({ "id": "a", "tool": { "name": "search" } })), Ok(()));
        assert_eq!(permits(json!({ "id": "a", "wait": { "seconds": 1 } })), Ok(()));
        let refused = permits(json!({ "id": "a", "map": { "over": [], "tool": "command" } })).expect_err("refused");
        assert_eq!(refused, "step `a` needs the tool `command`, which the role `scout` may not use");
        assert!(permits(json!({ "id": "a", "model": { "prompt": "?" } })).is_err());
        assert!(role.check(|tool| tool == "search").is_ok());
        assert!(role.check(|_| false).is_err_and(|reason| reason.contains("no type of job `search`")));
    }

    #[test]
    fn limits_only_get_narrower() {
        let caps = role(json!({ "calls": 3, "tokens": 100, "cost": 0.5 })).limits;
        let used = Used { calls: 1, tokens: 40, cost: 0.2 };
        let left = caps.left(used).expect("something is left");
        assert_eq!((left.calls, left.tokens, left.steps), (Some(2), Some(60), None));
        assert_eq!(caps.left(used + Used { calls: 2, ..Used::default() }), Err("calls: 3 were all used".into()));
        let limits = Limits { calls: Some(2), time: Some(Duration::from_secs(9)), ..Limits::default() };
        let narrow = caps.narrow(limits);
        assert_eq!((narrow.calls, narrow.tokens, narrow.time), (Some(2), Some(100), limits.time));
        for wrong in [json!({ "cost": -1.0 }), json!({ "steps": 0 }), json!({ "time_s": 0 })] {
            assert!(role(wrong.clone()).check(|_| true).is_err(), "{wrong}");
        }
    }
}
