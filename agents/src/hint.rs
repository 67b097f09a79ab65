//! A hint that there may be work. Never the truth: who is woken looks into the store.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

type Listener = Arc<dyn Fn() + Send + Sync>;

/// Wakes the workers of this process. Stores ring it when a job becomes ready; whatever hears of jobs from outside (a bus) rings it
/// as well. Clones are the same hint.
#[derive(Clone, Default)]
pub struct Hint(Arc<Inner>);

#[derive(Default)]
struct Inner {
    notify: Notify,
    listeners: Mutex<Vec<Listener>>,
}

impl Hint {
    /// Says that there may be work, and passes that on.
    pub fn ring(&self) {
        self.heard();
        let listeners = self.0.listeners.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        listeners.iter().for_each(|tell| tell());
    }

    /// The same, if it came from outside: it is not passed on.
    pub fn heard(&self) {
        self.0.notify.notify_waiters();
        // For a worker that is not waiting yet.
        self.0.notify.notify_one();
    }

    /// Lets `tell` know of each [`ring`](Self::ring), so that other processes can be woken.
    pub fn on_ring(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.0.listeners.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Arc::new(tell));
    }

    /// Waits until somebody rings.
    pub async fn wait(&self) {
        self.0.notify.notified().await;
    }
}

impl std::fmt::Debug for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hint")
    }
}
