//! What can go wrong in a call.

use std::time::Duration;

use llm::Charge;

use super::budget::Exhausted;
use super::record::RecordError;

/// Whose fault a failed attempt was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The other side's, and the same call may succeed later: overloaded, unreachable, restarting.
    Passing,
    /// The other side's, and trying again is no use: an answer that means nothing.
    Lasting,
    /// Ours: wrong arguments, no permission, not there. The other side works.
    Caller,
}

/// Why an attempt failed, as whoever makes it says.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// For people.
    pub message: String,
    /// Whose fault it was.
    pub blame: Blame,
    /// How long the other side asks to wait.
    pub retry_after: Option<Duration>,
    /// What the attempt used all the same; none if nobody can say, and then it counts as the most it can have been.
    pub used: Option<Charge>,
}

impl Fault {
    /// A fault that cost nothing.
    pub fn new(blame: Blame, message: impl Into<String>) -> Self {
        Fault { message: message.into(), blame, retry_after: None, used: Some(Charge::default()) }
    }
}

impl From<llm::Error> for Fault {
    fn from(error: llm::Error) -> Self {
        let blame = match () {
            () if error.is_transient() => Blame::Passing,
            () if error.is_callers() => Blame::Caller,
            () => Blame::Lasting,
        };
        let used = (!error.may_cost()).then(Charge::default);
        Fault { message: error.to_string(), blame, retry_after: error.retry_after(), used }
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It fails too often, and is left alone.
    #[error("`{key}` fails too often and is left alone for {retry_after:?}")]
    Open {
        /// What was called.
        key: String,
        /// When asking again may help.
        retry_after: Duration,
    },
    /// It is called too often.
    #[error("`{key}` is called too often: the next call would have to wait {wait:?}")]
    Limited {
        /// What was called.
        key: String,
        /// When there is room.
        wait: Duration,
    },
    /// Nothing is left of the budget.
    #[error("the budget is exhausted")]
    Exhausted(#[from] Exhausted),
    /// The last attempt took too long.
    #[error("`{key}` did not answer within {limit:?}, after {attempts} attempts")]
    Timeout {
        /// What was called.
        key: String,
        /// How long it had.
        limit: Duration,
        /// How many attempts were made.
        attempts: u32,
    },
    /// The last attempt failed.
    #[error("`{key}` failed after {attempts} attempts")]
    Failed {
        /// What was called.
        key: String,
        /// How many attempts were made.
        attempts: u32,
        /// The last failure.
        #[source]
        fault: Fault,
    },
    /// The call was made, and that could not be recorded.
    #[error("the call of `{key}` could not be recorded")]
    Record {
        /// What was called.
        key: String,
        /// Why not.
        #[source]
        source: RecordError,
    },
}

impl Error {
    /// The error with its cause, in one line.
    pub fn describe(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Open { .. } | Error::Limited { .. } | Error::Timeout { .. } => true,
            Error::Failed { fault, .. } => fault.blame == Blame::Passing,
            Error::Exhausted(_) | Error::Record { .. } => false,
        }
    }

    /// When it may, if somebody said.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Open { retry_after, .. } => Some(*retry_after),
            Error::Limited { wait, .. } => Some(*wait),
            Error::Failed { fault, .. } => fault.retry_after,
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Open { .. } => Some("see `configs/circuit_breaker.json`"),
            Error::Limited { .. } => Some("see `configs/rate_limit.json`"),
            Error::Timeout { .. } => Some("see `timeout_ms` in `configs/retry_policy.json`"),
            Error::Exhausted(_) => Some("give the job a larger budget"),
            _ => None,
        }
    }
}
