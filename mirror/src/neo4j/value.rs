//! What an item says, as the server keeps it.

use std::borrow::Cow;

use neo4rs::{BoltBoolean, BoltInteger, BoltNull, BoltString, BoltType};
use xxhash_rust::xxh3::Xxh3;

/// A property's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(i64),
    Text(Cow<'a, str>),
    Truth(bool),
    /// The item has no such property.
    Nothing,
    /// Nothing that we have written.
    Foreign,
}

impl<'a> Value<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Value::Text(text.into())
    }

    pub(super) fn number(number: impl Into<i64>) -> Self {
        Value::Number(number.into())
    }

    pub(super) fn of(stored: &'a BoltType) -> Self {
        match stored {
            BoltType::Integer(BoltInteger { value }) => Value::Number(*value),
            BoltType::String(BoltString { value }) => Value::text(value.as_str()),
            BoltType::Boolean(BoltBoolean { value }) => Value::Truth(*value),
            BoltType::Null(_) => Value::Nothing,
            _ => Value::Foreign,
        }
    }

    pub(super) fn to_bolt(&self) -> BoltType {
        match self {
            Value::Number(number) => BoltType::from(*number),
            Value::Text(text) => BoltType::from(text.as_ref()),
            Value::Truth(truth) => BoltType::from(*truth),
            Value::Nothing | Value::Foreign => BoltType::Null(BoltNull),
        }
    }

    /// The number, if it is one of this type.
    pub(super) fn to_number<T: TryFrom<i64>>(&self) -> Option<T> {
        if let Value::Number(number) = self { T::try_from(*number).ok() } else { None }
    }

    pub(super) fn to_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }
}

/// A value that a query returned, as text.
pub(super) fn shown(value: &BoltType) -> String {
    match value {
        BoltType::List(list) => list.value.iter().map(shown).collect::<Vec<_>>().join(" "),
        BoltType::Float(float) => float.value.to_string(),
        other => match Value::of(other) {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.into_owned(),
            Value::Truth(truth) => truth.to_string(),
            Value::Nothing => String::new(),
            Value::Foreign => format!("{other:?}"),
        },
    }
}

/// What tells items apart: 128 bits over all that one says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Digest(pub u128);

impl Digest {
    /// The digest of a kind of item and its values.
    pub(super) fn of(kind: &str, values: &[Value]) -> Self {
        let mut hash = Xxh3::new();
        let mut part = |mark: u8, bytes: &[u8]| {
            hash.update(&[mark]);
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(b'k', kind.as_bytes());
        for value in values {
            match value {
                Value::Number(number) => part(b'n', &number.to_le_bytes()),
                Value::Text(text) => part(b't', text.as_bytes()),
                Value::Truth(truth) => part(b'b', &[u8::from(*truth)]),
                Value::Nothing => part(b'0', b""),
                Value::Foreign => part(b'f', b""),
            }
        }
        Digest(hash.digest128())
    }

    /// As it is stored.
    pub(super) fn to_hex(self) -> String {
        format!("{:032x}", self.0)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        u128::from_str_radix(text, 16).ok().map(Digest).filter(|digest| digest.to_hex() == text)
    }
}
