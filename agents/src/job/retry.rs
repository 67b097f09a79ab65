//! How attempts follow each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How attempts follow each other. The pause grows by `factor`; up to as much again is added by chance, so that jobs that failed
/// together do not come back together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included.
    pub max_attempts: i32,
    /// The pause after the first attempt, in milliseconds, before chance.
    pub initial_ms: u64,
    /// What each further pause is multiplied with.
    pub factor: f32,
    /// No pause is longer than this, before chance.
    pub max_ms: u64,
    /// An attempt that takes longer is ended, and has failed. None: as long as its lease is kept.
    pub timeout_ms: Option<u64>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { max_attempts: 5, initial_ms: 1_000, factor: 2.0, max_ms: 300_000, timeout_ms: None }
    }
}

impl RetryPolicy {
    /// The pause after attempt number `attempt` (from 1).
    pub fn pause(&self, attempt: i32) -> Duration {
        let longest = Duration::from_millis(self.max_ms);
        let exponential = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(self.initial_ms).min(longest))
            .with_max_delay(longest)
            .with_factor(self.factor.max(1.0))
            .without_max_times()
            .with_jitter();
        // Thirty doublings are more than any limit.
        let number = attempt.clamp(1, 31) as usize - 1;
        exponential.build().nth(number).unwrap_or(longest)
    }

    /// The pause after the worker of attempt number `attempt` was lost: none the first time, because that is rarely the job's fault.
    pub fn pause_after_loss(&self, attempt: i32) -> Duration {
        if attempt <= 1 { Duration::ZERO } else { self.pause(attempt - 1) }
    }

    /// The time that an attempt has.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(Duration::from_millis)
    }
}

/// The policy of each type of job: a file such as `configs/retry_policy.json`, an object with a policy per type, and one called
/// `default`. What a policy does not say is as in `default`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    default: RetryPolicy,
    of: BTreeMap<String, RetryPolicy>,
}

impl Policies {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it cannot be read, or is not of that form.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::Invalid(format!("retry policies in `{}`: {reason}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    /// Reads the text of such a file; the error says what is wrong.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        use serde_json::{Map, Value};
        let mut all: BTreeMap<String, Map<String, Value>> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let base = all.remove("default").unwrap_or_default();
        let policy = |name: &str, own: Map<String, Value>| {
            let mut fields = base.clone();
            fields.extend(own);
            let policy: RetryPolicy =
                serde_json::from_value(Value::Object(fields)).map_err(|error| format!("`{name}`: {error}"))?;
            match policy.max_attempts {
                1.. => Ok(policy),
                _ => Err(format!("`{name}`: max_attempts must be 1 or more")),
            }
        };
        let default = policy("default", Map::new())?;
        let of = all.into_iter().map(|(name, own)| policy(&name, own).map(|policy| (name, policy)));
        Ok(Policies { default, of: of.collect::<std::result::Result<_, String>>()? })
    }

    /// The policy of a type of job.
    pub fn of(&self, kind: &str) -> &RetryPolicy {
        self.of.get(kind).unwrap_or(&self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let policy = RetryPolicy { initial_ms: 100, max_ms: 1000, ..RetryPolicy::default() };
        for (attempt, least) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (60, 1000)] {
            let pause = policy.pause(attempt).as_millis();
            assert!((least..=2 * least).contains(&pause), "attempt {attempt}: {pause} ms");
        }
        let pauses: std::collections::BTreeSet<_> = (0..50).map(|_| policy.pause(3).as_millis()).collect();
        assert!(pauses.len() > 10, "they are spread: {pauses:?}");
    }

    #[test]
    fn policies_inherit_from_the_default() {
        let text = r#"{"default": {"max_attempts": 3, "initial_ms": 50}, "index": {"max_attempts": 9}}"#;
        let policies = Policies::parse(text).expect("it is well-formed");
        assert_eq!((policies.of("index").max_attempts, policies.of("index").initial_ms), (9, 50));
        assert_eq!((policies.of("search").max_attempts, policies.of("search").factor), (3, 2.0));
        assert!(Policies::parse(r#"{"index": {"attempts": 9}}"#).is_err_and(|error| error.contains("attempts")));
        assert!(Policies::parse(r#"{"index": {"max_attempts": 0}}"#).is_err());
    }
}
