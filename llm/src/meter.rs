//! A model with a cap: what a call may cost at most is put aside before it is made.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::ledger::{Charge, Ledger};
use crate::retry::Pauses;
use crate::{Error, LanguageModel, Price, Prompt, Reply, Result, Usage, Usd, at_most};

/// What may be spent; `None`: as much as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Money.
    pub cost: Option<Usd>,
    /// Tokens, read and written together.
    pub tokens: Option<u64>,
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests sent, with those that failed.
    pub requests: u64,
    /// Requests that were tried again.
    pub retries: u64,
    /// Tokens, as the provider counted; where an answer was lost or the provider did not count, as many as it can have been.
    pub usage: Usage,
    /// Requests whose tokens are such a bound.
    pub bounded: u64,
    /// What it cost; none if the price is not known.
    pub cost: Option<Usd>,
}

/// A model that keeps to a budget, counts, and tries again after failures that may pass.
///
/// Calls that run at the same time share the budget. The worst case of a call (every byte of the prompt a token, the longest
/// answer) is put aside before it is sent; a call that does not fit waits for those under way, and fails with
/// [`Error::Budget`] if it does not fit then. So the cap holds as long as the provider keeps to the longest answer it was told.
pub struct Metered<M> {
    model: M,
    price: Option<Price>,
    ledger: Mutex<Ledger>,
    settled: Condvar,
}

impl<M: LanguageModel> Metered<M> {
    /// `model` with a budget.
    ///
    /// # Errors
    /// [`Error::Settings`] if money is capped and the price is not known.
    pub fn new(model: M, price: Option<Price>, budget: Budget) -> Result<Self> {
        if budget.cost.is_some() && price.is_none() {
            let reason = format!("the price of `{}` is not known, so its cost cannot be capped", model.name());
            return Err(Error::Settings(reason));
        }
        let ledger = Ledger::new(budget, price.is_some());
        Ok(Metered { model, price, ledger: ledger.into(), settled: Condvar::new() })
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.ledger().spent()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn charge(&self, usage: Usage) -> Charge {
        Charge { usage, cost: self.price.as_ref().map(|price| price.of(usage)).unwrap_or_default() }
    }

    /// Puts the worst case of a call aside.
    fn reserve(&self, worst: Charge) -> Result<()> {
        let mut ledger = self.ledger();
        loop {
            match ledger.reserve(worst) {
                Err(_) if !ledger.is_idle() => {
                    ledger = self.settled.wait(ledger).unwrap_or_else(PoisonError::into_inner);
                }
                done => return done,
            }
        }
    }

    fn settle(&self, worst: Charge, used: Usage, is_bound: bool) {
        self.ledger().settle(worst, self.charge(used), is_bound);
        self.settled.notify_all();
    }
}

impl<M: LanguageModel> LanguageModel for Metered<M> {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn complete(&self, prompt: &Prompt) -> Result<Reply> {
        let most = Usage { input: at_most(prompt), output: prompt.max_output.into() };
        let worst = self.charge(most);
        let mut pauses = Pauses::new();
        loop {
            self.reserve(worst)?;
            let error = match self.model.complete(prompt) {
                Ok(reply) => {
                    self.settle(worst, reply.usage.unwrap_or(most), reply.usage.is_none());
                    return Ok(reply);
                }
                Err(error) => error,
            };
            let lost = error.may_cost();
            self.settle(worst, if lost { most } else { Usage::default() }, lost);
            let Some(pause) = pauses.after(&error) else { return Err(error) };
            tracing::debug!(model = self.name(), %error, ?pause, "the request is tried again");
            self.ledger().count_retry();
            std::thread::sleep(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers with as many tokens as it is told.
    struct Fixed(Option<Usage>);

    impl LanguageModel for Fixed {
        fn name(&self) -> &str {
            "fixed"
        }

        fn complete(&self, _: &Prompt) -> Result<Reply> {
            Ok(Reply { text: "yes".into(), usage: self.0, ..Reply::default() })
        }
    }

    fn price() -> Price {
        let one = Usd::new(1.0).expect("an amount");
        Price { input: one, output: one, source: String::new() }
    }

    fn prompt() -> Prompt {
        Prompt { user: "x".repeat(36), max_output: 100, ..Prompt::default() }
    }

    #[test]
    fn the_cap_is_never_passed() {
        // At most 200 tokens a call, and 150 in truth.
        let model = Fixed(Some(Usage { input: 50, output: 100 }));
        let metered = Metered::new(model, None, Budget { tokens: Some(500), cost: None }).expect("a meter");
        let answered = (0..10).take_while(|_| metered.complete(&prompt()).is_ok()).count();
        // 150, 300, 450: the next might need 200.
        assert_eq!((answered, metered.spent().usage.total()), (3, 450));
        let error = metered.complete(&prompt()).expect_err("too little is left");
        assert_eq!(error.to_string(), "the next call may need 200 tokens, and 50 tokens is left");
    }

    #[test]
    fn the_cap_holds_for_calls_at_the_same_time() {
        let model = Fixed(Some(Usage { input: 60, output: 100 }));
        let cap = Usd::new(0.001).expect("an amount");
        let metered = Metered::new(model, Some(price()), Budget { cost: Some(cap), tokens: None }).expect("a meter");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| while metered.complete(&prompt()).is_ok() {});
            }
        });
        // 200 tokens are put aside per call: six calls of 160 fit into 1000, and 40 are left.
        assert_eq!((metered.spent().requests, metered.spent().cost), (6, Usd::new(0.00096)));
    }

    #[test]
    fn what_was_not_counted_counts_as_the_most_it_can_be() {
        let metered = Metered::new(Fixed(None), None, Budget::default()).expect("a meter");
        metered.complete(&prompt()).expect("a reply");
        assert_eq!((metered.spent().usage.total(), metered.spent().bounded, metered.spent().cost), (200, 1, None));
    }

    #[test]
    fn money_without_a_price_cannot_be_capped() {
        let budget = Budget { cost: Usd::new(1.0), tokens: None };
        let error = Metered::new(Fixed(None), None, budget).err().expect("no price");
        assert!(error.is_callers() && error.to_string().contains("price of `fixed`"));
    }
}
