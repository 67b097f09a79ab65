//! Checks of what a step brought.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What must hold. `at` is a JSON pointer into what the step brought; empty for all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// Something is there: neither null, nor false, nor an empty text, list or object.
    NotEmpty {
        /// Where.
        #[serde(default)]
        at: String,
    },
    /// A number is at least so large, or a list or text so long.
    AtLeast {
        /// Where.
        #[serde(default)]
        at: String,
        /// How large.
        value: f64,
    },
    /// A value is this one.
    Equals {
        /// Where.
        #[serde(default)]
        at: String,
        /// Which.
        value: Value,
    },
    /// A value fits a [JSON schema](https://json-schema.org).
    Schema {
        /// Where.
        #[serde(default)]
        at: String,
        /// The schema.
        schema: Value,
    },
}

/// A check that does not hold, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Unmet(pub String);

impl Check {
    /// Something must be at `at`.
    pub fn not_empty(at: &str) -> Self {
        Check::NotEmpty { at: at.into() }
    }

    /// What is at `at` must be at least `value`.
    pub fn at_least(at: &str, value: f64) -> Self {
        Check::AtLeast { at: at.into(), value }
    }

    /// The schema that it compares with.
    pub(super) fn schema(&self) -> Option<&Value> {
        if let Check::Schema { schema, .. } = self { Some(schema) } else { None }
    }

    /// Whether it holds for `output`.
    ///
    /// # Errors
    /// What was found instead.
    pub fn test(&self, output: &Value) -> Result<(), Unmet> {
        let (at, holds, wanted) = match self {
            Check::NotEmpty { at } => (at, output.pointer(at).is_some_and(is_something), "something".to_owned()),
            Check::AtLeast { at, value } => {
                let size = output.pointer(at).and_then(size);
                (at, size.is_some_and(|size| size >= *value), format!("at least {value}"))
            }
            Check::Equals { at, value } => (at, output.pointer(at) == Some(value), value.to_string()),
            Check::Schema { at, schema } => {
                let validator =
                    jsonschema::validator_for(schema).map_err(|error| Unmet(format!("the schema is none: {error}")))?;
                let value = output.pointer(at).unwrap_or(&Value::Null);
                return validator.validate(value).map_err(|error| Unmet(format!("{}: {error}", place(at))));
            }
        };
        if holds {
            return Ok(());
        }
        let found = output.pointer(at).map_or("nothing".to_owned(), shortened);
        Err(Unmet(format!("{}: expected {wanted}, found {found}", place(at))))
    }
}

fn place(at: &str) -> &str {
    if at.is_empty() { "result" } else { at }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(values) => !values.is_empty(),
    }
}

fn size(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => Some(text.chars().count() as f64),
        Value::Array(values) => Some(values.len() as f64),
        _ => None,
    }
}

/// A value for people: not more than a line of it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    let end = text.floor_char_boundary(text.len().min(80));
    if end < text.len() { format!("{}…", &text[..end]) } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_hold_is_said() {
        let output = json!({ "coverage": 0.4, "hits": [1, 2], "text": "", "passed": true });
        let test = |check: Value| {
            let check: Check = serde_json::from_value(check).expect("a check");
            check.test(&output).map_err(|unmet| unmet.0)
        };
        assert_eq!(test(json!({ "not_empty": { "at": "/hits" } })), Ok(()));
        assert_eq!(
            test(json!({ "not_empty": { "at": "/text" } })),
            Err("/text: expected something, found \"\"".into())
        );
        assert_eq!(
            test(json!({ "not_empty": { "at": "/none" } })),
            Err("/none: expected something, found nothing".into())
        );
        assert_eq!(
            test(json!({ "at_least": { "at": "/coverage", "value": 0.5 } })),
            Err("/coverage: expected at least 0.5, found 0.4".into())
        );
        assert_eq!(test(json!({ "at_least": { "at": "/hits", "value": 2 } })), Ok(()));
        assert_eq!(test(json!({ "equals": { "at": "/passed", "value": true } })), Ok(()));
        assert_eq!(test(json!({ "schema": { "schema": { "type": "object", "required": ["hits"] } } })), Ok(()));
        assert!(test(json!({ "schema": { "at": "/hits", "schema": { "type": "string" } } })).is_err());
        assert!(test(json!({ "schema": { "schema": { "type": 7 } } })).unwrap_err().starts_with("the schema is none"));
    }
}
