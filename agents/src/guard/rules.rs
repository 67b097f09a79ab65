//! What the files in `configs/` say about calls.

use std::path::Path;

use serde::Deserialize;

use crate::config::{Check, ConfigError, Rules, require};
use crate::retry::RetryPolicy;

/// When a key is not called any more, and when it is tried again.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BreakerRule {
    /// Outcomes count for so many milliseconds.
    pub window_ms: u64,
    /// Fewer outcomes than this never open it.
    pub min_requests: u32,
    /// This share of failures opens it.
    pub failure_rate: f64,
    /// It stays open for so many milliseconds, and twice as long each time a probe fails.
    pub open_ms: u64,
    /// It never stays open for longer.
    pub max_open_ms: u64,
    /// When it is half open, so many calls are let through; all of them must succeed to close it.
    pub half_open_probes: u32,
}

impl Default for BreakerRule {
    fn default() -> Self {
        BreakerRule {
            window_ms: 60_000,
            min_requests: 10,
            failure_rate: 0.5,
            open_ms: 5_000,
            max_open_ms: 120_000,
            half_open_probes: 2,
        }
    }
}

impl Check for BreakerRule {
    fn check(&self) -> Result<(), String> {
        require(self.window_ms >= 10, "window_ms: at least 10")?;
        require(self.min_requests > 0, "min_requests: at least 1")?;
        require(self.failure_rate > 0.0 && self.failure_rate <= 1.0, "failure_rate: more than 0, at most 1")?;
        require(self.open_ms > 0, "open_ms: more than 0")?;
        require(self.half_open_probes > 0, "half_open_probes: at least 1")
    }
}

/// How fast a key may be called.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RateRule {
    /// Calls per second; none: as fast as they come.
    pub per_second: Option<f64>,
    /// So many may come at once.
    pub burst: u32,
    /// A call that would have to wait for longer, in milliseconds, fails at once.
    pub max_wait_ms: u64,
}

impl Check for RateRule {
    fn check(&self) -> Result<(), String> {
        let sane = self.per_second.is_none_or(|rate| (1e-5..=1e6).contains(&rate));
        require(sane, "per_second: from 0.00001 to 1000000, or null")?;
        require(self.burst > 0, "burst: at least 1")
    }
}

/// The rules of all keys: of calls, and of jobs, whose keys are `job.` and their type.
#[derive(Clone, Debug)]
pub struct Policies {
    /// `retry_policy.json`
    pub retry: Rules<RetryPolicy>,
    /// `circuit_breaker.json`
    pub breaker: Rules<BreakerRule>,
    /// `rate_limit.json`
    pub rate: Rules<RateRule>,
}

impl Policies {
    /// The defaults, changed by the files in `folder` that are there.
    ///
    /// # Errors
    /// If a file cannot be read, or says what no rule can be.
    pub fn load(folder: Option<&Path>) -> Result<Self, ConfigError> {
        Ok(Policies {
            retry: Rules::load(folder, "retry_policy.json", include_str!("../../../configs/retry_policy.json"))?,
            breaker: Rules::load(
                folder,
                "circuit_breaker.json",
                include_str!("../../../configs/circuit_breaker.json"),
            )?,
            rate: Rules::load(folder, "rate_limit.json", include_str!("../../../configs/rate_limit.json"))?,
        })
    }

    /// How attempts of a job of type `kind` follow each other.
    pub fn of_job(&self, kind: &str) -> RetryPolicy {
        self.retry.of(&format!("job.{kind}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_rules() {
        let policies = Policies::load(None).expect("they are part of the program");
        assert_eq!(policies.retry.of("llm.gpt").timeout_ms, Some(120_000));
        assert_eq!(policies.breaker.of("mcp.call.browser.get_title.0").min_requests, 5);
        assert_eq!(policies.rate.of("mcp.call.browser.get_title.0").per_second, None);
    }

    #[test]
    fn jobs_have_rules_of_their_own() {
        let policies = Policies::load(None).expect("they are part of the program");
        let (index, other) = (policies.of_job("index"), policies.of_job("of_mine"));
        assert_eq!((index.max_attempts, index.timeout_ms), (8, None), "an index may take long");
        assert_eq!(other, RetryPolicy::default(), "what a program says is what the file says");
    }
}
