//! Settings in JSON files: a default is part of the program, and a file of the same name in the user's folder changes what it names.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Something in it has no meaning.
    #[error("`{place}`: {reason}")]
    Invalid {
        /// The file, and where in it.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn invalid(place: impl Into<String>, reason: impl ToString) -> Self {
        ConfigError::Invalid { place: place.into(), reason: reason.to_string() }
    }
}

/// The path and the text of `folder/name`; none if there is no such file.
///
/// # Errors
/// If it is there and cannot be read.
pub fn user_file(folder: Option<&Path>, name: &str) -> Result<Option<(String, String)>, ConfigError> {
    let Some(path) = folder.map(|folder| folder.join(name)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Read { path, source }),
    }
}

/// Values of a rule that can be read and still mean nothing.
pub trait Check {
    /// # Errors
    /// What is wrong with it.
    fn check(&self) -> Result<(), String>;
}

pub(crate) fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// A rule per key: a default, and what keys and patterns of keys say otherwise.
///
/// A key is a path with dots, such as `mcp.call.browser.get_title.0`. A pattern ends with `.*` and means all keys below. What is more
/// exact goes before what is less, field by field.
#[derive(Clone, Debug)]
pub struct Rules<R> {
    default: Map<String, Value>,
    keys: BTreeMap<String, Map<String, Value>>,
    rule: PhantomData<fn() -> R>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    default: Map<String, Value>,
    #[serde(default)]
    keys: BTreeMap<String, Map<String, Value>>,
}

impl<R: DeserializeOwned + Check + Default> Rules<R> {
    /// The rules of `embedded`, changed by `folder/name` if there is such a file.
    ///
    /// # Errors
    /// If the file cannot be read, or says what no rule can be.
    pub fn load(folder: Option<&Path>, name: &str, embedded: &str) -> Result<Self, ConfigError> {
        let mut rules = Rules { default: Map::new(), keys: BTreeMap::new(), rule: PhantomData };
        rules.add(name, embedded)?;
        if let Some((place, text)) = user_file(folder, name)? {
            rules.add(&place, &text)?;
        }
        Ok(rules)
    }

    fn add(&mut self, place: &str, text: &str) -> Result<(), ConfigError> {
        let file: File = serde_json::from_str(text).map_err(|error| ConfigError::invalid(place, error))?;
        self.default.extend(file.default);
        for (key, fields) in file.keys {
            let path = key.strip_suffix(".*").unwrap_or(&key);
            if path.is_empty() || path.contains('*') || path.split('.').any(str::is_empty) {
                let reason =
                    format!("`{key}` is no key: names with dots between them, with `.*` at the end for all below");
                return Err(ConfigError::invalid(place, reason));
            }
            self.keys.entry(key).or_default().extend(fields);
        }
        // Fields are checked one by one, so that whatever is put together of checked ones is right.
        self.rule(self.default.clone()).map_err(|reason| ConfigError::invalid(format!("{place}: default"), reason))?;
        for (key, fields) in &self.keys {
            let mut merged = self.default.clone();
            merged.extend(fields.clone());
            self.rule(merged).map_err(|reason| ConfigError::invalid(format!("{place}: {key}"), reason))?;
        }
        Ok(())
    }

    fn rule(&self, fields: Map<String, Value>) -> Result<R, String> {
        let rule: R = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        rule.check()?;
        Ok(rule)
    }

    /// The rule of `key`.
    pub fn of(&self, key: &str) -> R {
        let mut merged = self.default.clone();
        let ends = key.match_indices('.').map(|(at, _)| at);
        let patterns = ends.map(|end| format!("{}.*", &key[..end])).chain([key.to_owned()]);
        for fields in patterns.filter_map(|pattern| self.keys.get(&pattern)) {
            merged.extend(fields.clone());
        }
        self.rule(merged).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        tries: u32,
        pause: u32,
    }

    impl Check for Rule {
        fn check(&self) -> Result<(), String> {
            if self.tries == 0 { Err("tries: at least one".into()) } else { Ok(()) }
        }
    }

    const EMBEDDED: &str = r#"{ "default": { "tries": 3, "pause": 10 }, "keys": { "mcp.*": { "pause": 20 } } }"#;

    fn with(file: &str) -> Result<Rules<Rule>, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("rules.json"), file).expect("write");
        Rules::load(Some(folder.path()), "rules.json", EMBEDDED)
    }

    #[test]
    fn what_is_more_exact_goes_first_field_by_field() {
        let rules = with(r#"{ "keys": { "mcp.call.*": { "tries": 5 }, "mcp.call.browser": { "pause": 1 } } }"#);
        let rules = rules.expect("rules");
        assert_eq!(rules.of("web"), Rule { tries: 3, pause: 10 });
        assert_eq!(rules.of("mcp.x"), Rule { tries: 3, pause: 20 });
        assert_eq!(rules.of("mcp.call.other.0"), Rule { tries: 5, pause: 20 });
        assert_eq!(rules.of("mcp.call.browser"), Rule { tries: 5, pause: 1 });
        assert_eq!(rules.of("mcp.callx"), Rule { tries: 3, pause: 20 });
        assert_eq!(with(r#"{ "default": { "pause": 7 } }"#).expect("rules").of("").pause, 7);
    }

    #[test]
    fn errors_say_where_and_what() {
        let error = |file: &str| with(file).expect_err("it means nothing").to_string();
        assert!(error("{ nonsense").contains("rules.json`: key must be a string"));
        assert!(
            error(r#"{ "keys": { "mcp.x": { "tires": 1 } } }"#).contains("rules.json: mcp.x`: unknown field `tires`")
        );
        assert!(error(r#"{ "default": { "tries": 0 } }"#).contains("rules.json: default`: tries: at least one"));
        assert!(error(r#"{ "keys": { "a*b": {} } }"#).contains("`a*b` is no key"));
        assert!(error(r#"{ "kyes": {} }"#).contains("unknown field `kyes`"));
    }
}
