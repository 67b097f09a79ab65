//! The words of durable jobs.
//!
//! A *job* has a type, a payload and a status. A worker *claims* it for a while: it gets a [`Lease`], and each claim counts as an attempt.
//! What happens to a job is told in the *events* of its stream, which [`replay`] makes its state of again.

mod event;
mod id;
mod lease;
mod new;
mod status;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use event::{Event, NewEvent, Note, State, replay};
pub use id::JobId;
pub use lease::{Claim, Claimed, Lease, Outcome, Pulse};
pub use new::{Enqueued, NewJob};
pub use status::Status;

use crate::retry::RetryPolicy;

/// The most bytes of JSON that a payload, a result or the data of an event may have.
pub const MOST_BYTES: usize = 256 * 1024;
/// Longer messages of errors are cut.
const LONGEST_ERROR: usize = 4096;

/// Milliseconds since 1970 (UTC) by the clock of the store.
pub type Millis = i64;

/// A job as the store has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Names it.
    pub id: JobId,
    /// Whose it is.
    pub tenant: String,
    /// What has to be done: the name of a handler.
    #[serde(rename = "type")]
    pub kind: String,
    /// With what.
    pub payload: Value,
    /// What it is doing.
    pub status: Status,
    /// Those with a higher one go first.
    pub priority: i32,
    /// How often it was claimed. A claim that was given back, or ended by waiting for others, does not count.
    pub attempts: i32,
    /// So many attempts are made.
    pub max_attempts: i32,
    /// How attempts follow each other.
    pub retry: RetryPolicy,
    /// It does not begin before.
    pub run_at: Millis,
    /// Who works on it.
    pub executor_id: Option<String>,
    /// Counts the claims, all of them: the number of the lease that holds.
    pub run_lease: i64,
    /// The worker must show that it is alive before.
    pub lease_until: Option<Millis>,
    /// Somebody wants it to stop.
    pub cancel_requested: bool,
    /// It is of no use after.
    pub deadline: Option<Millis>,
    /// Jobs of a tenant and a type with the same key are one job.
    pub idempotency_key: Option<String>,
    /// The job that it is a part of.
    pub parent: Option<JobId>,
    /// The topmost of its parents; itself if it has none.
    pub root: JobId,
    /// The trace that it belongs to, in the form of W3C: 32 hexadecimal digits.
    pub trace_id: String,
    /// How far it is, as its handler says it.
    pub progress: Option<Value>,
    /// What came out.
    pub result: Option<Value>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Names of its artifacts.
    pub artifacts: Vec<String>,
    /// Number of the last event in its stream.
    pub last_event: i64,
    /// When it was enqueued.
    pub created_at: Millis,
    /// When its last attempt began.
    pub started_at: Option<Millis>,
    /// When it was over.
    pub finished_at: Option<Millis>,
}

impl Job {
    /// The stream of its events.
    pub fn stream(&self) -> String {
        self.id.stream()
    }
}

/// A file that a job has made: its content lies in the object store, under its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The job that made it.
    pub job_id: JobId,
    /// Its name within the job; may have `/`.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// SHA-256 of the content, in hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    /// Where the content lies.
    pub uri: String,
    /// When it was recorded.
    pub created_at: Millis,
}

/// Checks that `value` can be kept in a row: it is not too large, and has no NUL, which PostgreSQL cannot store.
pub(crate) fn check_size(what: &'static str, value: &Value) -> crate::Result<()> {
    if has_nul(value) {
        return Err(crate::Error::Invalid(format!("{what} has a NUL character, which cannot be stored")));
    }
    let bytes = serde_json::to_vec(value).map_or(0, |json| json.len());
    if bytes > MOST_BYTES {
        return Err(crate::Error::TooLarge { what, bytes });
    }
    Ok(())
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// The beginning of a message, without NUL, which PostgreSQL cannot store.
pub(crate) fn short(error: &str) -> String {
    let end = error.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LONGEST_ERROR).last();
    error[..end.unwrap_or(0)].replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_errors_are_cut_between_characters() {
        assert_eq!(short("no such file"), "no such file");
        assert_eq!(short(&"é".repeat(1 << 20)).len(), LONGEST_ERROR);
        assert_eq!(short("a\0b"), "a\u{fffd}b");
    }
}
