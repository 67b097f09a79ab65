//! What a job is doing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for other jobs.
    Blocked,
    /// It can be claimed, from `run_at` on.
    Queued,
    /// A worker has it.
    Running,
    /// It is done.
    Succeeded,
    /// It cannot be done, and trying again is of no use.
    Failed,
    /// All attempts have failed: it lies in the dead-letter queue.
    Dead,
    /// Somebody did not want it any more.
    Cancelled,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 7] = [
        Status::Blocked,
        Status::Queued,
        Status::Running,
        Status::Succeeded,
        Status::Failed,
        Status::Dead,
        Status::Cancelled,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Blocked => "blocked",
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Dead => "dead",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen, unless somebody requeues it.
    pub fn is_over(self) -> bool {
        matches!(self, Status::Succeeded | Status::Failed | Status::Dead | Status::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = crate::Error;

    fn from_str(word: &str) -> Result<Self, crate::Error> {
        let found = Status::ALL.into_iter().find(|status| status.as_str() == word);
        found.ok_or_else(|| crate::Error::Invalid(format!("`{word}` is no status of a job")))
    }
}
