//! Who makes plans, from what.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Goal;
use crate::Result;
use crate::job::Status;
use crate::plan::Plan;
use crate::retry::RetryPolicy;
use crate::role::Role;
use crate::store::{Filter, Store};
use crate::worker::{Context, Stop};

/// So many of the latest jobs of a tool say how good it is.
const LOOKED_AT: usize = 50;
/// Of fewer jobs nothing is concluded.
const ENOUGH: usize = 5;

/// What plans are made of: a type of job.
#[derive(Clone)]
pub struct Tool {
    /// Its name: the type of job.
    pub name: String,
    /// What it does, in a sentence.
    pub about: String,
    /// Its inputs, as they are typed.
    pub inputs: String,
    /// Checks the inputs, and completes them.
    pub prepare: Arc<dyn Fn(Value) -> std::result::Result<Value, String> + Send + Sync>,
    /// How attempts follow each other.
    pub retry: RetryPolicy,
}

/// How a plan ended that was not good enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The plan.
    pub plan: Plan,
    /// Steps that failed, and why.
    pub failures: BTreeMap<String, String>,
    /// What it has brought nevertheless.
    pub result: Value,
}

/// What a plan is made from.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// The job of the orchestrator.
    pub context: &'r Context,
    /// What is wanted.
    pub goal: &'r Goal,
    /// Who works on it.
    pub role: Option<&'r Role>,
    /// What there is to do it with.
    pub tools: &'r [Tool],
    /// What was tried before.
    pub rounds: &'r [Round],
    /// How good the tools have been.
    pub records: &'r Records,
}

/// Makes plans.
#[async_trait]
pub trait Planner: Send + Sync {
    /// A plan that was not tried yet; `None` if there is none.
    ///
    /// # Errors
    /// If no plan can be made now; none is a better answer where another planner may know one.
    async fn plan(&self, request: &Request<'_>) -> std::result::Result<Option<Plan>, Stop>;
}

/// Plans made by a function of the goal and what was tried.
pub struct First<F>(pub F);

#[async_trait]
impl<F> Planner for First<F>
where
    F: Fn(&Request<'_>) -> Option<Plan> + Send + Sync,
{
    async fn plan(&self, request: &Request<'_>) -> std::result::Result<Option<Plan>, Stop> {
        Ok((self.0)(request))
    }
}

/// How good a tool has been lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Jobs that are over, not counting those that were cancelled.
    pub jobs: usize,
    /// Those that succeeded.
    pub succeeded: usize,
    /// Half of those took no longer, in milliseconds.
    pub median_ms: i64,
}

impl Record {
    /// The share that succeeded, with one success and one failure added: of nothing it says one half.
    pub fn success(&self) -> f64 {
        (self.succeeded + 1) as f64 / (self.jobs + 2) as f64
    }
}

/// How good tools have been lately, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records(BTreeMap<String, Record>);

impl Records {
    /// Looks at the latest jobs of each tool.
    ///
    /// # Errors
    /// What the store says.
    pub async fn read(store: &dyn Store, tools: &[Tool]) -> Result<Self> {
        let mut records = BTreeMap::new();
        for tool in tools {
            let statuses = vec![Status::Succeeded, Status::Failed, Status::Dead];
            let filter = Filter { statuses, kind: Some(tool.name.clone()), most: LOOKED_AT, ..Filter::default() };
            let jobs = store.jobs(&filter).await?;
            let mut times: Vec<i64> = jobs
                .iter()
                .filter(|job| job.status == Status::Succeeded)
                .filter_map(|job| Some(job.finished_at? - job.started_at?))
                .collect();
            times.sort_unstable();
            let median_ms = times.get(times.len() / 2).copied().unwrap_or(0);
            records.insert(tool.name.clone(), Record { jobs: jobs.len(), succeeded: times.len(), median_ms });
        }
        Ok(Records(records))
    }

    /// What is known of a tool.
    pub fn of(&self, tool: &str) -> Record {
        self.0.get(tool).copied().unwrap_or_default()
    }

    /// The tool to take of several that can do the same, the usual one first: another one if it has been clearly better lately.
    pub fn best<'t>(&self, tools: &[&'t str]) -> Option<&'t str> {
        let usual = *tools.first()?;
        let is_known = |tool: &&&str| self.of(tool).jobs >= ENOUGH;
        let better = tools.iter().filter(is_known).max_by(|a, b| self.of(a).success().total_cmp(&self.of(b).success()));
        let is_better = |tool: &&&str| self.of(tool).success() > self.of(usual).success() + 0.25;
        Some(better.filter(is_better).copied().unwrap_or(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_fails_is_left_for_one_that_does_not() {
        let record = |jobs, succeeded| Record { jobs, succeeded, median_ms: 1 };
        let records = |a, b| Records([("a".to_owned(), a), ("b".to_owned(), b)].into());
        let best = |a, b| records(a, b).best(&["a", "b"]).map(str::to_owned);
        assert_eq!(best(record(0, 0), record(0, 0)).as_deref(), Some("a"));
        assert_eq!(best(record(20, 2), record(20, 19)).as_deref(), Some("b"));
        assert_eq!(best(record(20, 18), record(20, 20)).as_deref(), Some("a"), "not clearly better");
        assert_eq!(best(record(20, 2), record(2, 2)).as_deref(), Some("a"), "two jobs say nothing");
        assert_eq!(Records::default().best(&[]), None);
    }
}
