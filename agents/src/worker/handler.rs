//! What a worker can do.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use super::Context;
use crate::Error;
use crate::job::JobId;

/// Does one type of job.
///
/// It may run more than once for the same job: when its process dies, when it is too slow to show that it is alive, when it fails. What it
/// records it records once; what it does outside of the store it must be able to do again, or guard by a [step](Context::step).
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The type of job.
    fn kind(&self) -> &str;

    /// Does the job, and gives its result. When [`Context::stopped`] is ready it should end soon, with [`Stop::Cancelled`].
    async fn run(&self, context: &Context) -> Result<Value, Stop>;
}

/// Why a handler ends without a result.
#[derive(Debug)]
pub enum Stop {
    /// It failed, and may succeed another time.
    Retry {
        /// Why.
        error: String,
        /// How long to wait at least; as the job's policy says, if not given.
        after: Option<Duration>,
    },
    /// It failed, and trying again is of no use.
    Fail(String),
    /// It goes on when one of these jobs is over, however it ends, and not before this time has passed. Then `run` is called again: what
    /// is done already it finds in its steps.
    Park {
        /// The jobs to wait for; those that are over already end the waiting at once.
        needs: Vec<JobId>,
        /// How long to wait at least.
        after: Duration,
    },
    /// It was told to stop, and did.
    Cancelled,
    /// The lease is lost: nothing can be recorded any more.
    Lost,
}

impl Stop {
    /// It failed, and may succeed another time.
    pub fn retry(error: impl Into<String>) -> Self {
        Stop::Retry { error: error.into(), after: None }
    }

    /// It failed, and trying again is of no use.
    pub fn fail(error: impl Into<String>) -> Self {
        Stop::Fail(error.into())
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Lost { .. } => Stop::Lost,
            error if error.is_callers() => Stop::Fail(error.to_string()),
            error => Stop::retry(error.to_string()),
        }
    }
}
