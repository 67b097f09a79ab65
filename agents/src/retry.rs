//! How attempts follow each other: those of a job, and those of a guarded call.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde::{Deserialize, Serialize};

use crate::config::{Check, require};

/// How attempts follow each other. The pause grows by `factor`; up to as much again is added by chance, so that what failed together does
/// not come back together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included.
    pub max_attempts: i32,
    /// The pause after the first attempt, in milliseconds, before chance.
    pub first_delay_ms: u64,
    /// What each further pause is multiplied with.
    pub factor: f32,
    /// No pause is longer than this, in milliseconds, before chance.
    pub max_delay_ms: u64,
    /// An attempt that takes longer, in milliseconds, is ended, and has failed. None: it may take as long as it wants.
    pub timeout_ms: Option<u64>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy { max_attempts: 5, first_delay_ms: 1_000, factor: 2.0, max_delay_ms: 300_000, timeout_ms: None }
    }
}

impl RetryPolicy {
    /// The pause after attempt number `attempt` (from 1).
    pub fn pause(&self, attempt: i32) -> Duration {
        let longest = self.max_delay();
        let exponential = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(self.first_delay_ms).min(longest))
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

    /// The longest pause, before chance.
    pub fn max_delay(&self) -> Duration {
        Duration::from_millis(self.max_delay_ms)
    }

    /// The time that an attempt has.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(Duration::from_millis)
    }
}

impl Check for RetryPolicy {
    fn check(&self) -> Result<(), String> {
        require((1..=1000).contains(&self.max_attempts), "max_attempts: from 1 to 1000")?;
        require(self.factor >= 1.0 && self.factor <= 100.0, "factor: from 1 to 100")?;
        require(self.timeout_ms != Some(0), "timeout_ms: more than 0, or null")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let policy = RetryPolicy { first_delay_ms: 100, max_delay_ms: 1000, ..RetryPolicy::default() };
        for (attempt, least) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (60, 1000)] {
            let pause = policy.pause(attempt).as_millis();
            assert!((least..=2 * least).contains(&pause), "attempt {attempt}: {pause} ms");
        }
        let pauses: std::collections::BTreeSet<_> = (0..50).map(|_| policy.pause(3).as_millis()).collect();
        assert!(pauses.len() > 10, "they are spread: {pauses:?}");
    }
}
