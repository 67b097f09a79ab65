//! How far a plan is: what may begin, what is skipped, what it has brought.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::template::{self, Scope};
use super::{Action, Plan, Step};

/// What has become of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", content = "value", rename_all = "snake_case")]
pub enum State {
    /// It has brought this.
    Succeeded(Value),
    /// It has not, for this reason.
    Failed(String),
    /// A route went another way, or what it waited for was skipped or has failed.
    Skipped,
}

/// What has become of the steps of a plan.
#[derive(Clone, Debug)]
pub struct Progress<'p> {
    plan: &'p Plan,
    states: BTreeMap<&'p str, State>,
}

impl<'p> Progress<'p> {
    /// A plan that has not begun.
    pub fn new(plan: &'p Plan) -> Self {
        Progress { plan, states: BTreeMap::new() }
    }

    /// Notes how a step ended; checks what it brought.
    pub fn settle(&mut self, step: &'p Step, outcome: Result<Value, String>) {
        let checked = outcome.and_then(|output| {
            let unmet = step.accept.iter().find_map(|check| check.test(&output).err());
            unmet.map_or(Ok(output), |unmet| Err(format!("not accepted: {unmet}")))
        });
        let state = match checked {
            Ok(output) => State::Succeeded(output),
            Err(_) if step.optional => State::Succeeded(Value::Null),
            Err(reason) => State::Failed(reason),
        };
        self.states.insert(&step.id, state);
    }

    /// Steps that may run now, in the order of the plan. What will never run is skipped.
    pub fn ready(&mut self) -> Vec<&'p Step> {
        let plan = self.plan;
        loop {
            let open = plan.steps.iter().filter(|step| !self.states.contains_key(step.id.as_str()));
            let never: Vec<&Step> = open.filter(|step| self.is_out(step)).collect();
            if never.is_empty() {
                break;
            }
            self.states.extend(never.into_iter().map(|step| (step.id.as_str(), State::Skipped)));
        }
        let open = plan.steps.iter().filter(|step| !self.states.contains_key(step.id.as_str()));
        open.filter(|step| plan.comes_after(step).iter().all(|name| self.states.contains_key(name))).collect()
    }

    /// Whether a step can never run.
    fn is_out(&self, step: &Step) -> bool {
        let failed = |name: &&str| matches!(self.states.get(name), Some(State::Failed(_) | State::Skipped));
        let passed_by = self.plan.routes_to(&step.id).any(|route| match self.states.get(route.id.as_str()) {
            Some(State::Succeeded(Value::Array(chosen))) => !chosen.iter().any(|name| *name == *step.id),
            Some(_) => true,
            None => false,
        });
        passed_by || step.waits_for().iter().any(failed)
    }

    /// What references of a step may use.
    pub fn scope(&self) -> Scope {
        let mut scope = Scope::new();
        scope.insert("goal".into(), self.plan.goal.clone().into());
        scope.insert("input".into(), self.plan.input.clone());
        for (name, state) in &self.states {
            if let State::Succeeded(output) = state {
                scope.insert((*name).into(), output.clone());
            }
        }
        scope
    }

    /// The steps that a route chooses.
    pub fn route(&self, action: &Action) -> Option<Value> {
        let Action::Route { on, cases, otherwise } = action else { return None };
        let value = match template::fill(on, &self.scope()) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Some(cases.get(&value).unwrap_or(otherwise).iter().cloned().map(Value::from).collect())
    }

    /// Whether every step is over.
    pub fn is_over(&self) -> bool {
        self.states.len() == self.plan.steps.len()
    }

    /// Steps that have failed, with why.
    pub fn failures(&self) -> BTreeMap<&'p str, &str> {
        let failed = self.states.iter().filter_map(|(name, state)| match state {
            State::Failed(reason) => Some((*name, reason.as_str())),
            _ => None,
        });
        failed.collect()
    }

    /// What has become of each step.
    pub fn states(&self) -> &BTreeMap<&'p str, State> {
        &self.states
    }

    /// What the plan has brought.
    pub fn result(&self) -> Value {
        let mut scope = self.scope();
        match &self.plan.result {
            Some(result) => template::fill(result, &scope),
            None => {
                scope.remove("goal");
                scope.remove("input");
                scope.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn plan(steps: Value) -> Plan {
        serde_json::from_value(json!({ "goal": "g", "steps": steps })).expect("a plan")
    }

    fn names(steps: &[&Step]) -> Vec<String> {
        steps.iter().map(|step| step.id.clone()).collect()
    }

    #[test]
    fn routes_skip_what_they_do_not_choose() {
        let wait = |id: &str, after: Value| json!({ "id": id, "wait": { "seconds": 0 }, "after": after });
        let plan = plan(json!([
            wait("a", json!([])),
            { "id": "r", "route": { "on": "${a/kind}", "cases": { "x": ["left"] }, "otherwise": ["right"] } },
            wait("left", json!([])), wait("right", json!([])), wait("behind", json!(["left"])),
        ]));
        plan.check(|_| true).expect("a plan");
        let mut progress = Progress::new(&plan);
        assert_eq!(names(&progress.ready()), ["a"]);
        progress.settle(&plan.steps[0], Ok(json!({ "kind": "y" })));
        assert_eq!(names(&progress.ready()), ["r"]);
        let chosen = progress.route(&plan.steps[1].action).expect("a route");
        progress.settle(&plan.steps[1], Ok(chosen));
        assert_eq!(names(&progress.ready()), ["right"]);
        progress.settle(&plan.steps[3], Ok(json!(1)));
        assert!(progress.ready().is_empty() && progress.is_over());
        assert_eq!(progress.states()["behind"], State::Skipped);
        assert_eq!(progress.result(), json!({ "a": { "kind": "y" }, "r": ["right"], "right": 1 }));
    }

    #[test]
    fn failures_stop_what_waits_for_them_and_nothing_else() {
        let plan = plan(json!([
            { "id": "a", "wait": { "seconds": 0 }, "accept": [{ "not_empty": { "at": "/hits" } }] },
            { "id": "b", "wait": { "seconds": 0 }, "after": ["a"] },
            { "id": "c", "wait": { "seconds": 0 }, "accept": [{ "not_empty": {} }], "optional": true },
            { "id": "d", "wait": { "seconds": 0 }, "after": ["c"] },
        ]));
        let mut progress = Progress::new(&plan);
        assert_eq!(names(&progress.ready()), ["a", "c"]);
        progress.settle(&plan.steps[0], Ok(json!({ "hits": [] })));
        progress.settle(&plan.steps[2], Err("no".into()));
        assert_eq!(names(&progress.ready()), ["d"]);
        progress.settle(&plan.steps[3], Ok(json!(null)));
        assert!(progress.ready().is_empty() && progress.is_over());
        assert_eq!(progress.failures(), [("a", "not accepted: /hits: expected something, found []")].into());
    }

    proptest! {
        /// Whatever the steps wait for, a plan that is accepted comes to its end, and no step begins before those it waits for.
        #[test]
        fn every_plan_ends(edges in prop::collection::vec((0usize..12, 0usize..12), 0..30), failing in 0usize..20) {
            let mut steps: Vec<Step> = (0..12).map(|n| Step::new(&format!("s{n}"), Action::Wait { seconds: 0 })).collect();
            for (from, to) in edges {
                if from < to {
                    steps[to].after.push(format!("s{from}"));
                }
            }
            let plan = Plan { goal: String::new(), reason: String::new(), input: Value::Null, steps, result: None };
            prop_assert_eq!(plan.check(|_| true), Ok(()));
            let mut progress = Progress::new(&plan);
            let mut rounds = 0;
            loop {
                let ready = progress.ready();
                if ready.is_empty() {
                    break;
                }
                for step in ready {
                    prop_assert!(step.after.iter().all(|name| matches!(progress.states()[name.as_str()], State::Succeeded(_))));
                    let outcome = if step.id == format!("s{failing}") { Err("no".into()) } else { Ok(json!(1)) };
                    progress.settle(step, outcome);
                }
                rounds += 1;
                prop_assert!(rounds <= 12);
            }
            prop_assert!(progress.is_over());
        }
    }
}
