//! What goes over the bus.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Error;

/// The largest payload, as JSON. What is larger is an artifact, and the message says where it is.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// Names are parts of topics, and a topic has 255 bytes at most.
const MAX_NAME: usize = 200;

/// Where messages go: `agents:{id}`, `jobs:{id}`, `system:events`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Channel(String);

impl Channel {
    /// Messages for one agent.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `id` cannot be part of a name.
    pub fn agent(id: &str) -> Result<Self, Error> {
        format!("agents:{id}").parse()
    }

    /// News about one job.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `id` cannot be part of a name.
    pub fn job(id: &str) -> Result<Self, Error> {
        format!("jobs:{id}").parse()
    }

    /// News about everything, such as agents that come and go.
    pub fn system() -> Self {
        Channel("system:events".into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Channel {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let (kind, id) = name.split_once(':').unwrap_or_default();
        let is_known = matches!(kind, "agents" | "jobs") && !id.is_empty() || name == "system:events";
        let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        if is_known && is_plain && name.len() <= MAX_NAME {
            Ok(Channel(name.to_owned()))
        } else {
            Err(Error::Invalid(format!("`{}` is no channel", name.escape_debug())))
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who a message is for, within its channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The service: `research`, `indexing`.
    pub service: String,
    /// A role within it.
    pub role: Option<String>,
    /// One of several that do the same.
    pub shard: Option<String>,
}

/// A message to send.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewMessage {
    /// Who it is for.
    pub to: Address,
    /// Whose it is.
    pub tenant: String,
    /// What is wanted, or what happened: `research.progress`, `agent.online`.
    pub intent: String,
    /// Details, at most [`MAX_PAYLOAD`] bytes of JSON.
    pub payload: Value,
    /// The trace it belongs to.
    pub trace_id: Option<String>,
    /// Of two messages of a tenant with the same key on the same channel the second is not sent; as long as the first is kept.
    pub idempotency_key: Option<String>,
    /// How often it was sent before, where somebody sends again.
    pub attempts: u32,
    /// After this time nobody wants it any more.
    pub ttl: Option<Duration>,
}

impl NewMessage {
    /// A message with an intent and details.
    pub fn new(intent: impl Into<String>, payload: Value) -> Self {
        NewMessage { intent: intent.into(), payload, tenant: "default".into(), ..NewMessage::default() }
    }

    /// Its payload as JSON, if everything is in order.
    pub(super) fn checked(&self) -> Result<String, Error> {
        let payload = self.payload.to_string();
        if payload.len() > MAX_PAYLOAD {
            let size = payload.len();
            return Err(Error::Invalid(format!(
                "a payload of {size} bytes; {MAX_PAYLOAD} are allowed, more is an artifact"
            )));
        }
        let texts = [Some(&self.intent), Some(&self.tenant), self.idempotency_key.as_ref(), self.trace_id.as_ref()];
        if self.intent.is_empty()
            || texts.into_iter().flatten().any(|text| text.len() > MAX_NAME || text.contains('\0'))
        {
            return Err(Error::Invalid(format!("intent, tenant, key or trace: text of at most {MAX_NAME} bytes")));
        }
        // PostgreSQL keeps no such character.
        if has_zero(&self.payload) {
            return Err(Error::Invalid("a payload with the character U+0000".into()));
        }
        Ok(payload)
    }
}

fn has_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_zero),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_zero(value)),
        _ => false,
    }
}

/// A message on a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Its identity.
    pub id: String,
    /// Where it is.
    pub channel: Channel,
    /// The first message of a channel is number one, and every later one has the next number.
    pub seq: i64,
    /// Who it is for.
    pub to: Address,
    /// Whose it is.
    pub tenant: String,
    /// What is wanted, or what happened.
    pub intent: String,
    /// Details.
    pub payload: Value,
    /// The trace it belongs to.
    pub trace_id: Option<String>,
    /// See [`NewMessage::idempotency_key`].
    pub idempotency_key: Option<String>,
    /// How often it was sent before.
    pub attempts: u32,
    /// When it was sent, in milliseconds since 1970 (UTC), by the clock of the bus.
    pub at: i64,
    /// When it expires.
    pub expires_at: Option<i64>,
}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// The next message.
    Message(Arc<Message>),
    /// So many messages are gone: the subscriber was too slow, or came too late. The next one follows.
    Lagged(u64),
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is sent from now on.
    Now,
    /// After the message with this number; zero is before the first.
    After(i64),
}

/// Somebody who is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Member {
    /// Its identity; one process may be several members.
    pub id: String,
    /// What it does: `research`, `worker`.
    pub kind: String,
    /// More about it: capabilities, version, load.
    pub meta: Value,
}

/// A member, and when it was heard of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Presence {
    /// The member.
    #[serde(flatten)]
    pub member: Member,
    /// Since when it is there, in milliseconds since 1970 (UTC).
    pub since: i64,
    /// When it was heard of last.
    pub seen: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_of_three_kinds() {
        assert_eq!(Channel::agent("r-1").expect("a name").as_str(), "agents:r-1");
        assert_eq!("system:events".parse::<Channel>().expect("a name"), Channel::system());
        for name in ["", "jobs:", "agents", "system:other", "jobs:a b", "jobs:ä", "jobs:\n", "x:y", "jobs:\"x"] {
            assert!(name.parse::<Channel>().is_err(), "{name:?}");
        }
        assert!(Channel::job(&"x".repeat(300)).is_err());
    }

    #[test]
    fn what_is_too_large_or_cannot_be_kept_is_refused() {
        let message = |payload| NewMessage::new("x", payload).checked();
        assert!(message(Value::String("x".repeat(MAX_PAYLOAD - 2))).is_ok());
        assert!(message(Value::String("x".repeat(MAX_PAYLOAD))).is_err());
        assert!(message(Value::String("\0".into())).is_err());
        assert!(NewMessage::new("", Value::Null).checked().is_err());
    }
}
