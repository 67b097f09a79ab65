//! How much is asked to resolve one use. Types can be recursive, and repositories hostile: every question ends.

use std::cell::Cell;

/// How deep questions may lead to questions, and how many may be asked of one use.
pub(crate) struct Effort {
    depth: Cell<u32>,
    steps: Cell<u32>,
    most_depth: u32,
    most_steps: u32,
}

impl Effort {
    pub(crate) fn new(most_depth: u32, most_steps: u32) -> Self {
        Effort { depth: Cell::new(0), steps: Cell::new(0), most_depth, most_steps }
    }

    /// Begins with the next use.
    pub(crate) fn start(&self) {
        self.steps.set(0);
    }

    /// Asks one level deeper, unless that is too deep, or too much was asked already.
    pub(crate) fn deeper<T>(&self, ask: impl FnOnce() -> T) -> Option<T> {
        if self.depth.get() >= self.most_depth || self.steps.get() >= self.most_steps {
            return None;
        }
        self.steps.set(self.steps.get() + 1);
        self.depth.set(self.depth.get() + 1);
        let answer = ask();
        self.depth.set(self.depth.get() - 1);
        Some(answer)
    }
}
