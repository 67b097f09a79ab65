//! What may be spent, what was spent, and what is put aside for calls under way.

use crate::error::Amount;
use crate::{Budget, Error, Result, Spent, Usage, Usd};

/// What a call uses, or may use at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Tokens.
    pub usage: Usage,
    /// Money.
    pub cost: Usd,
}

/// The accounts of a budget. The worst case of a call is put aside before it is made, so that calls at the same time cannot pass
/// the cap together. Whoever shares a ledger brings the lock, and the waiting.
#[derive(Debug)]
pub struct Ledger {
    budget: Budget,
    spent: Spent,
    aside: Charge,
    under_way: usize,
}

impl Ledger {
    /// Nothing spent yet. Costs are summed if `priced`.
    pub fn new(budget: Budget, priced: bool) -> Self {
        let spent = Spent { cost: priced.then(Usd::default), ..Spent::default() };
        Ledger { budget, spent, aside: Charge::default(), under_way: 0 }
    }

    /// What was spent so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Whether no call is under way. If a call does not fit while some are, it may fit when they are settled.
    pub fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    /// Puts the worst case of a call aside.
    ///
    /// # Errors
    /// [`Error::Budget`] if it could go over the cap.
    pub fn reserve(&mut self, worst: Charge) -> Result<()> {
        if let Some(cap) = self.budget.tokens {
            let taken = self.spent.usage.total().saturating_add(self.aside.usage.total());
            let (needed, left) = (worst.usage.total(), cap.saturating_sub(taken));
            if needed > left {
                return Err(Error::Budget { needed: Amount::Tokens(needed), left: Amount::Tokens(left) });
            }
        }
        if let Some(cap) = self.budget.cost {
            let left = cap.minus(self.spent.cost.unwrap_or_default()).minus(self.aside.cost);
            if worst.cost > left {
                return Err(Error::Budget { needed: Amount::Cost(worst.cost), left: Amount::Cost(left) });
            }
        }
        self.aside.usage += worst.usage;
        self.aside.cost = self.aside.cost.plus(worst.cost);
        self.under_way += 1;
        Ok(())
    }

    /// Replaces what was put aside for a call by what it used; `is_bound`: nobody counted, it is the most it can have been.
    pub fn settle(&mut self, worst: Charge, used: Charge, is_bound: bool) {
        self.release(worst);
        self.spent.requests += 1;
        self.spent.bounded += u64::from(is_bound);
        self.spent.usage += used.usage;
        self.spent.cost = self.spent.cost.map(|sum| sum.plus(used.cost));
    }

    /// Takes back what was put aside for a call that was not made.
    pub fn release(&mut self, worst: Charge) {
        self.under_way = self.under_way.saturating_sub(1);
        self.aside.usage.input = self.aside.usage.input.saturating_sub(worst.usage.input);
        self.aside.usage.output = self.aside.usage.output.saturating_sub(worst.usage.output);
        self.aside.cost = self.aside.cost.minus(worst.cost);
    }

    /// Counts a call that is made again.
    pub fn count_retry(&mut self) {
        self.spent.retries += 1;
    }
}
