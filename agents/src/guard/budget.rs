//! What a run may spend in calls, tokens, money and time, over all models and tools.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use llm::{Charge, Ledger, Spent, Usd};
use tokio::sync::Notify;

/// What may be spent; `None`: as much as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls of models and tools, with those that failed.
    pub calls: Option<u64>,
    /// Tokens, read and written together.
    pub tokens: Option<u64>,
    /// Money.
    pub cost: Option<Usd>,
    /// Time since the start.
    pub time: Option<Duration>,
}

impl Limits {
    /// The smaller of each.
    pub fn narrowed(self, other: Limits) -> Limits {
        Limits {
            calls: least(self.calls, other.calls),
            tokens: least(self.tokens, other.tokens),
            cost: least(self.cost, other.cost),
            time: least(self.time, other.time),
        }
    }
}

/// The smaller of two limits; none is no limit.
pub(crate) fn least<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Nothing is left of something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Exhausted {
    /// All calls were made.
    #[error("all {0} calls were made")]
    Calls(u64),
    /// The time is over.
    #[error("the time is over: {0:?}")]
    Time(Duration),
    /// Tokens or money.
    #[error(transparent)]
    Amount(llm::Error),
}

/// A budget that the calls of a run share. It is asked before each call: the worst case of the call is put aside, and replaced by
/// what it used when it is over. So no cap is passed, as long as no call uses more than it said.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    started: Instant,
    accounts: Mutex<Accounts>,
    settled: Notify,
}

#[derive(Debug)]
struct Accounts {
    calls: u64,
    ledger: Ledger,
}

impl Budget {
    /// Starts now.
    pub fn new(limits: Limits) -> Self {
        let ledger = Ledger::new(llm::Budget { cost: limits.cost, tokens: limits.tokens }, true);
        let accounts = Accounts { calls: 0, ledger };
        Budget { limits, started: Instant::now(), accounts: accounts.into(), settled: Notify::new() }
    }

    /// Without limits; it counts all the same.
    pub fn unlimited() -> Self {
        Self::new(Limits::default())
    }

    /// What may be spent.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Calls made, and what they used.
    pub fn spent(&self) -> (u64, Spent) {
        let accounts = self.accounts();
        (accounts.calls, accounts.ledger.spent())
    }

    /// What is left of the time; none if it is not limited.
    pub fn time_left(&self) -> Option<Duration> {
        self.limits.time.map(|time| time.saturating_sub(self.started.elapsed()))
    }

    /// Puts the worst case of a call aside. Where it does not fit, it waits for the calls under way, which may use less than they might.
    ///
    /// # Errors
    /// [`Exhausted`] if the call must not be made.
    pub async fn reserve(&self, worst: Charge) -> Result<Reserved<'_>, Exhausted> {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // From here on no settlement is missed.
            settled.as_mut().enable();
            let left = self.time_left();
            if let (Some(Duration::ZERO), Some(time)) = (left, self.limits.time) {
                return Err(Exhausted::Time(time));
            }
            match self.try_reserve(worst) {
                Ok(()) => return Ok(Reserved { budget: self, worst, is_settled: false }),
                Err((error, true)) => return Err(error),
                Err((_, false)) => {}
            }
            match left {
                Some(left) => drop(tokio::time::timeout(left, settled).await),
                None => settled.await,
            }
        }
    }

    /// The error, and whether it is final.
    fn try_reserve(&self, worst: Charge) -> Result<(), (Exhausted, bool)> {
        let mut accounts = self.accounts();
        if let Some(calls) = self.limits.calls.filter(|calls| accounts.calls >= *calls) {
            return Err((Exhausted::Calls(calls), true));
        }
        let is_idle = accounts.ledger.is_idle();
        accounts.ledger.reserve(worst).map_err(|error| (Exhausted::Amount(error), is_idle))?;
        accounts.calls += 1;
        Ok(())
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is put aside for one call. Dropped without a settlement, all of it counts as used: nobody knows better.
#[derive(Debug)]
pub struct Reserved<'a> {
    budget: &'a Budget,
    worst: Charge,
    is_settled: bool,
}

impl Reserved<'_> {
    /// What the call used; none if nobody counted.
    pub fn settle(mut self, used: Option<Charge>) {
        self.finish(used.unwrap_or(self.worst), used.is_none());
    }

    /// The call was not made.
    pub fn give_back(mut self) {
        self.is_settled = true;
        let mut accounts = self.budget.accounts();
        accounts.calls = accounts.calls.saturating_sub(1);
        accounts.ledger.release(self.worst);
        drop(accounts);
        self.budget.settled.notify_waiters();
    }

    fn finish(&mut self, used: Charge, is_bound: bool) {
        self.is_settled = true;
        self.budget.accounts().ledger.settle(self.worst, used, is_bound && self.worst != Charge::default());
        self.budget.settled.notify_waiters();
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.finish(self.worst, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use llm::Usage;

    use super::*;

    fn tokens(output: u64) -> Charge {
        Charge { usage: Usage { input: 0, output }, cost: Usd::default() }
    }

    #[tokio::test]
    async fn calls_and_time_end() {
        let budget = Budget::new(Limits { calls: Some(2), ..Limits::default() });
        budget.reserve(Charge::default()).await.expect("the first").settle(None);
        budget.reserve(Charge::default()).await.expect("the second").give_back();
        budget.reserve(Charge::default()).await.expect("the second").settle(None);
        let error = budget.reserve(Charge::default()).await.expect_err("the third");
        assert_eq!(error.to_string(), "all 2 calls were made");

        let budget = Budget::new(Limits { time: Some(Duration::from_millis(20)), ..Limits::default() });
        budget.reserve(Charge::default()).await.expect("in time").settle(None);
        tokio::time::sleep(Duration::from_millis(25)).await;
        assert!(matches!(budget.reserve(Charge::default()).await, Err(Exhausted::Time(_))));
    }

    #[tokio::test]
    async fn a_call_waits_for_those_that_may_use_less_than_they_might() {
        let budget = Arc::new(Budget::new(Limits { tokens: Some(100), ..Limits::default() }));
        let first = budget.reserve(tokens(80)).await.expect("it fits");
        let other = tokio::spawn({
            let budget = budget.clone();
            async move { budget.reserve(tokens(70)).await.map(|reserved| reserved.settle(Some(tokens(60)))).is_ok() }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!other.is_finished());
        first.settle(Some(tokens(20)));
        assert!(other.await.expect("no panic"));
        assert_eq!(budget.spent().1.usage.total(), 80);
        assert!(matches!(budget.reserve(tokens(21)).await, Err(Exhausted::Amount(_))));
    }

    #[tokio::test]
    async fn what_was_dropped_counts_as_the_most_it_can_be() {
        let budget = Budget::unlimited();
        drop(budget.reserve(tokens(30)).await.expect("it fits"));
        let (calls, spent) = budget.spent();
        assert_eq!((calls, spent.usage.total(), spent.bounded), (1, 30, 1));
    }
}
