//! What the files in `configs/` say about calls.

use std::path::Path;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde::Deserialize;

use crate::config::{Check, ConfigError, Rules};

/// How often, and how long.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RetryRule {
    /// Attempts in all; one is no retry.
    pub max_attempts: u32,
    /// Milliseconds before the second attempt; some of it again is added by chance, so that callers do not come back together.
    pub first_delay_ms: u64,
    /// The next pause is so many times as long.
    pub factor: f32,
    /// The longest pause, in milliseconds; who is asked to wait for longer gives up.
    pub max_delay_ms: u64,
    /// The longest attempt, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for RetryRule {
    fn default() -> Self {
        RetryRule { max_attempts: 1, first_delay_ms: 200, factor: 2.0, max_delay_ms: 20_000, timeout_ms: 30_000 }
    }
}

impl RetryRule {
    /// The longest attempt.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// The longest pause.
    pub fn max_delay(&self) -> Duration {
        Duration::from_millis(self.max_delay_ms)
    }

    /// The pauses between attempts, one after the other.
    pub fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(self.first_delay_ms.min(self.max_delay_ms)))
            .with_max_delay(self.max_delay())
            .with_factor(self.factor)
            .with_max_times(self.max_attempts.saturating_sub(1) as usize)
            .with_jitter()
            .build()
    }
}

impl Check for RetryRule {
    fn check(&self) -> Result<(), String> {
        require((1..=1000).contains(&self.max_attempts), "max_attempts: from 1 to 1000")?;
        require(self.factor >= 1.0 && self.factor <= 100.0, "factor: from 1 to 100")?;
        require(self.timeout_ms > 0, "timeout_ms: more than 0")
    }
}

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

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// The rules of all keys.
#[derive(Clone, Debug)]
pub struct Policies {
    /// `retry_policy.json`
    pub retry: Rules<RetryRule>,
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
            retry: Rules::load(folder, "retry_policy.json", include_str!("../../configs/retry_policy.json"))?,
            breaker: Rules::load(folder, "circuit_breaker.json", include_str!("../../configs/circuit_breaker.json"))?,
            rate: Rules::load(folder, "rate_limit.json", include_str!("../../configs/rate_limit.json"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_rules() {
        let policies = Policies::load(None).expect("they are part of the program");
        assert_eq!(policies.retry.of("llm.gpt").timeout_ms, 120_000);
        assert_eq!(policies.breaker.of("mcp.call.browser.get_title.0").min_requests, 5);
        assert_eq!(policies.rate.of("mcp.call.browser.get_title.0").per_second, None);
    }

    #[test]
    fn pauses_grow_and_end() {
        let rule = RetryRule { max_attempts: 4, first_delay_ms: 100, factor: 2.0, max_delay_ms: 250, timeout_ms: 1 };
        let pauses: Vec<u128> = rule.pauses().map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses.len(), 3);
        assert!((100..=200).contains(&pauses[0]) && (200..=400).contains(&pauses[1]), "{pauses:?}");
    }
}
