//! The right to work on a job for a while.

use std::time::Duration;

use serde_json::Value;

use super::{Job, JobId};

/// The right to write to a running job. It holds as long as the job is running under this number; who comes too late gets
/// [`Error::Lost`](crate::Error::Lost), and nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// The number of the claim.
    pub run_lease: i64,
    /// Who has it.
    pub executor_id: String,
}

/// Which jobs a worker takes.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Of these types.
    pub kinds: Vec<String>,
    /// At most so many.
    pub most: usize,
    /// For whom.
    pub executor_id: String,
    /// The worker must show that it is alive within this time.
    pub lease: Duration,
    /// Only this job and what belongs to it.
    pub root: Option<JobId>,
}

/// What a claim has brought.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The jobs, the most urgent one first.
    pub jobs: Vec<Job>,
    /// If there was none: how long until one is due, as far as that is known now.
    pub next: Option<Duration>,
}

/// How a worker's lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// It was extended.
    Alive,
    /// It was extended; the job should stop because somebody wants that.
    Cancel,
    /// It was extended; the job should stop because its deadline has passed.
    Late,
    /// It is over.
    Lost,
}

/// How an attempt has ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is done.
    Succeeded(Value),
    /// It cannot be done.
    Failed(String),
    /// This attempt has failed. There is another one after a pause, if there is one left; else the job is dead.
    Retry {
        /// Why.
        error: String,
        /// How long to wait.
        after: Duration,
    },
    /// It was stopped because somebody wanted that.
    Cancelled,
    /// It goes on later: when one of these jobs is over, however it ended, and not before `after`. The attempt does not count.
    Parked {
        /// The jobs to wait for.
        needs: Vec<JobId>,
        /// How long to wait at least.
        after: Duration,
    },
    /// The worker stops: somebody else may take it at once. The attempt does not count.
    Returned,
}

impl Outcome {
    /// The word for it, in statements.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Outcome::Succeeded(_) => "succeeded",
            Outcome::Failed(_) => "failed",
            Outcome::Retry { .. } => "retry",
            Outcome::Cancelled => "cancelled",
            Outcome::Parked { needs, .. } if needs.is_empty() => "snoozed",
            Outcome::Parked { .. } => "parked",
            Outcome::Returned => "returned",
        }
    }

    pub(crate) fn result(&self) -> Option<&Value> {
        match self {
            Outcome::Succeeded(result) => Some(result),
            _ => None,
        }
    }

    pub(crate) fn error(&self) -> Option<String> {
        match self {
            Outcome::Failed(error) | Outcome::Retry { error, .. } => Some(super::short(error)),
            _ => None,
        }
    }

    /// Milliseconds until it may go on.
    pub(crate) fn after_ms(&self) -> i64 {
        match self {
            Outcome::Retry { after, .. } | Outcome::Parked { after, .. } => {
                i64::try_from(after.as_millis()).unwrap_or(i64::MAX / 4)
            }
            _ => 0,
        }
    }
}
