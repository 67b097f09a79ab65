//! A job that is to be made.

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{JobId, check_size};
use crate::retry::RetryPolicy;
use crate::{Error, Result};

/// The longest name of a type, a tenant or a key.
const LONGEST_NAME: usize = 200;

/// A job that is to be made.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id: sending the same one twice makes one job.
    pub id: JobId,
    /// Whose it is.
    pub tenant: String,
    /// What has to be done: lower-case letters, digits and `_`.
    pub kind: String,
    /// With what.
    pub payload: Value,
    /// Those with a higher one go first.
    pub priority: i32,
    /// How attempts follow each other.
    pub retry: RetryPolicy,
    /// It does not begin before this time has passed.
    pub delay: Duration,
    /// It is of no use after this time.
    pub deadline: Option<Duration>,
    /// Jobs of a tenant and a type with the same key are one job.
    pub idempotency_key: Option<String>,
    /// It begins when these have succeeded, and fails if one of them does not.
    pub needs: Vec<JobId>,
    /// The job that it is a part of.
    pub parent: Option<JobId>,
    /// The topmost of its parents.
    pub root: Option<JobId>,
    /// The trace that it belongs to; a new one if not given.
    pub trace_id: Option<String>,
}

impl NewJob {
    /// A job that may begin now.
    pub fn new(kind: impl Into<String>, payload: Value) -> Self {
        NewJob {
            id: JobId::new(),
            tenant: "default".into(),
            kind: kind.into(),
            payload,
            priority: 0,
            retry: RetryPolicy::default(),
            delay: Duration::ZERO,
            deadline: None,
            idempotency_key: None,
            needs: Vec::new(),
            parent: None,
            root: None,
            trace_id: None,
        }
    }

    /// The same with an idempotency key.
    pub fn with_key(self, key: impl Into<String>) -> Self {
        NewJob { idempotency_key: Some(key.into()), ..self }
    }

    /// Checks everything that a store relies on.
    pub(crate) fn check(&self) -> Result<()> {
        check_size("the payload", &self.payload)?;
        let fits = |text: &str| !text.is_empty() && text.len() <= LONGEST_NAME && !text.contains('\0');
        if !fits(&self.kind) || !self.kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            let kind = super::short(&self.kind);
            return Err(Error::Invalid(format!("`{kind}` is no type of job: use lower-case letters, digits and `_`")));
        }
        for (what, text) in [("tenant", Some(&self.tenant)), ("idempotency key", self.idempotency_key.as_ref())] {
            if text.is_some_and(|text| !fits(text)) {
                return Err(Error::Invalid(format!("the {what} must have 1 to {LONGEST_NAME} bytes")));
            }
        }
        let is_trace =
            |id: &str| id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if self.trace_id.as_ref().is_some_and(|id| !is_trace(id)) {
            return Err(Error::Invalid("a trace id has 32 hexadecimal digits in lower case".into()));
        }
        if self.retry.max_attempts < 1 {
            return Err(Error::Invalid("a job needs one attempt at least".into()));
        }
        if self.needs.contains(&self.id) {
            return Err(Error::Invalid("a job cannot wait for itself".into()));
        }
        Ok(())
    }

    /// What two payloads are compared by: SHA-256 of the JSON with sorted keys.
    pub(crate) fn payload_hash(&self) -> String {
        format!("{:x}", Sha256::digest(sorted(&self.payload).to_string()))
    }

    pub(crate) fn trace(&self) -> String {
        self.trace_id.clone().unwrap_or_else(|| Uuid::now_v7().simple().to_string())
    }

    pub(crate) fn delay_ms(&self) -> i64 {
        i64::try_from(self.delay.as_millis()).unwrap_or(i64::MAX / 4)
    }

    pub(crate) fn deadline_ms(&self) -> Option<i64> {
        self.deadline.map(|deadline| i64::try_from(deadline.as_millis()).unwrap_or(i64::MAX / 4))
    }
}

/// The same JSON with its keys in order, whatever order `serde_json` was built to keep.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        value => value.clone(),
    }
}

/// What enqueueing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// There is a new job.
    New(JobId),
    /// The idempotency key has this one already.
    Existing(JobId),
}

impl Enqueued {
    /// The job, new or not.
    pub fn id(self) -> JobId {
        match self {
            Enqueued::New(id) | Enqueued::Existing(id) => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_hash_of_a_payload_ignores_the_order_of_keys() {
        let one = NewJob::new("a", serde_json::from_str(r#"{"x": 1, "y": {"b": 2, "a": [1, 2]}}"#).expect("JSON"));
        let two = NewJob::new("a", serde_json::from_str(r#"{"y": {"a": [1, 2], "b": 2}, "x": 1}"#).expect("JSON"));
        assert_eq!(one.payload_hash(), two.payload_hash());
        assert_ne!(one.payload_hash(), NewJob::new("a", json!({"x": 1, "y": {"a": [2, 1], "b": 2}})).payload_hash());
    }

    #[test]
    fn what_no_store_could_keep_is_refused() {
        for kind in ["", "Index", "a b", "a\0", "é"] {
            assert!(NewJob::new(kind, json!({})).check().is_err(), "{kind:?}");
        }
        assert!(NewJob::new("a", json!({})).with_key("").check().is_err());
        assert!(NewJob::new("a", json!("x".repeat(super::super::MOST_BYTES))).check().is_err());
        let job = NewJob { trace_id: Some("xyz".into()), ..NewJob::new("a", json!({})) };
        assert!(job.check().is_err());
        let job = NewJob::new("a", json!({}));
        assert!(NewJob { needs: vec![job.id], ..job.clone() }.check().is_err());
        assert!(job.check().is_ok());
    }
}
