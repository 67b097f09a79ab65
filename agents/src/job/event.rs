//! What happened, and the state that follows from it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Millis, Status, check_size};
use crate::{Error, Result};

/// What only the store may say: each of these changes a job.
const RESERVED: [&str; 12] = [
    "scheduled",
    "released",
    "started",
    "step",
    "artifact",
    "succeeded",
    "failed",
    "retry_scheduled",
    "requeued",
    "cancelled",
    "cancel_requested",
    "parked",
];

/// Something that has happened. The events of a stream are numbered from 1 without gaps, and never change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What it belongs to: `jobs:{id}`, `agents:{id}`, `system:events`.
    pub stream: String,
    /// Its number in the stream.
    pub seq: i64,
    /// What happened: the type of the job and a word, as in `index_started`.
    pub kind: String,
    /// What is to be said of it.
    pub data: Value,
    /// When it was recorded.
    pub at: Millis,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// Who says it.
    pub actor: Option<String>,
    /// Whose it is.
    pub tenant: String,
}

/// An event for a stream that is no job's.
#[derive(Clone, Debug, Serialize)]
pub struct NewEvent {
    /// What happened.
    pub kind: String,
    /// What is to be said of it.
    pub data: Value,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// Who says it.
    pub actor: Option<String>,
    /// Whose it is.
    pub tenant: String,
}

impl NewEvent {
    /// An event without trace and actor, of the default tenant.
    pub fn new(kind: impl Into<String>, data: Value) -> Self {
        NewEvent { kind: kind.into(), data, trace_id: None, actor: None, tenant: "default".into() }
    }
}

/// What a handler says while it works. `progress` and `partial` are the usual words; `progress` is also kept in the job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// The word: lower-case letters and `_`.
    pub name: String,
    /// What is to be said.
    pub data: Value,
}

impl Note {
    /// How far it is.
    pub fn progress(data: Value) -> Self {
        Note { name: "progress".into(), data }
    }

    /// A part of the result.
    pub fn partial(data: Value) -> Self {
        Note { name: "partial".into(), data }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_size("an event", &self.data)?;
        let is_word =
            (1..=100).contains(&self.name.len()) && self.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !is_word || RESERVED.contains(&self.name.as_str()) {
            let name = super::short(&self.name);
            return Err(Error::Invalid(format!("`{name}` is no word for an event of a handler")));
        }
        Ok(())
    }
}

/// What the events of a job say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What it is doing.
    pub status: Status,
    /// Attempts that count.
    pub attempts: i32,
    /// Whether somebody wants it to stop.
    pub cancel_requested: bool,
    /// How far it is.
    pub progress: Option<Value>,
    /// What came out.
    pub result: Option<Value>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Names of its artifacts.
    pub artifacts: Vec<String>,
}

/// The state that `events`, the whole stream of one job of type `kind`, lead to; `None` if they do not begin with the job's.
///
/// Every event that changes the status carries status, attempts and error that it leads to.
pub fn replay<'e>(kind: &str, events: impl IntoIterator<Item = &'e Event>) -> Option<State> {
    let mut state: Option<State> = None;
    for event in events {
        let word = event.kind.strip_prefix(kind).and_then(|rest| rest.strip_prefix('_'))?;
        if word == "scheduled" {
            state = Some(State {
                status: Status::Queued,
                attempts: 0,
                cancel_requested: false,
                progress: None,
                result: None,
                error: None,
                artifacts: Vec::new(),
            });
        }
        apply(state.as_mut()?, word, &event.data);
    }
    state
}

fn apply(state: &mut State, word: &str, data: &Value) {
    let text = |key: &str| data[key].as_str();
    if word == "progress" {
        state.progress = Some(data.clone());
    }
    // What handlers say changes nothing else.
    if !RESERVED.contains(&word) {
        return;
    }
    if let Some(status) = text("status").and_then(|status| status.parse().ok()) {
        state.status = status;
        state.error = text("error").map(str::to_owned);
    }
    if let Some(attempts) = data["attempts"].as_i64() {
        state.attempts = attempts as i32;
    }
    match word {
        "succeeded" => state.result = data.get("result").cloned(),
        "requeued" => state.cancel_requested = false,
        "cancel_requested" => state.cancel_requested = true,
        "artifact" => {
            let name = text("name").unwrap_or_default().to_owned();
            if !state.artifacts.contains(&name) {
                state.artifacts.push(name);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn handlers_cannot_say_what_the_store_says() {
        for name in ["succeeded", "", "Progress", "a b", "started"] {
            assert!(Note { name: name.into(), data: json!({}) }.check().is_err(), "{name}");
        }
        assert!(Note::progress(json!({"done": 1})).check().is_ok());
    }

    #[test]
    fn a_stream_that_is_not_the_jobs_has_no_state() {
        assert_eq!(replay("index", &[]), None);
    }
}
