//! Showing that a worker is alive, for all its jobs at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Timing;
use super::context::Reason;
use crate::job::{JobId, Lease, Pulse};
use crate::store::Store;

/// The leases of a worker.
pub(super) struct Pulses {
    store: Arc<dyn Store>,
    timing: Timing,
    held: Mutex<HashMap<JobId, Held>>,
}

struct Held {
    lease: Lease,
    /// The lease holds until then at least, by the clock of this process. It decides nothing but whether to stop by oneself.
    until: Instant,
    stop: watch::Sender<Option<Reason>>,
}

impl Pulses {
    pub(super) fn new(store: Arc<dyn Store>, timing: Timing) -> Self {
        Pulses { store, timing, held: Mutex::default() }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `lease` from now on; gives what tells its handler to stop.
    pub(super) fn keep(&self, lease: &Lease) -> watch::Receiver<Option<Reason>> {
        let (stop, receiver) = watch::channel(None);
        let until = Instant::now() + self.timing.lease;
        self.held().insert(lease.job_id, Held { lease: lease.clone(), until, stop });
        receiver
    }

    /// Lets go of `lease`.
    pub(super) fn release(&self, lease: &Lease) {
        let mut held = self.held();
        // The job may have been claimed again meanwhile, by this worker.
        if held.get(&lease.job_id).is_some_and(|kept| kept.lease == *lease) {
            held.remove(&lease.job_id);
        }
    }

    /// Beats, for ever.
    pub(super) async fn beat(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.timing.beat).await;
            let leases: Vec<Lease> = self.held().values().map(|held| held.lease.clone()).collect();
            if leases.is_empty() {
                continue;
            }
            let begun = Instant::now();
            // A store that hangs must not keep handlers from being stopped in time.
            let beaten = tokio::time::timeout(self.patience(), self.store.beat(&leases, self.timing.lease)).await;
            match beaten {
                Ok(Ok(pulses)) => self.note(&leases, &pulses, begun),
                Ok(Err(error)) => tracing::warn!(%error, "no sign of life could be given"),
                Err(_) => tracing::warn!("no sign of life could be given in time"),
            }
            self.give_up();
        }
    }

    fn patience(&self) -> Duration {
        (self.timing.lease - self.timing.lease.min(self.timing.beat)).max(self.timing.beat) / 2
    }

    fn note(&self, leases: &[Lease], pulses: &[Pulse], begun: Instant) {
        let mut held = self.held();
        for (lease, pulse) in leases.iter().zip(pulses) {
            let Some(kept) = held.get_mut(&lease.job_id).filter(|kept| kept.lease == *lease) else { continue };
            let reason = match pulse {
                Pulse::Alive => None,
                Pulse::Cancel => Some(Reason::Cancel),
                Pulse::Late => Some(Reason::Late),
                Pulse::Lost => Some(Reason::Lost),
            };
            if *pulse != Pulse::Lost {
                kept.until = begun + self.timing.lease;
            }
            if let Some(reason) = reason {
                kept.stop.send_if_modified(|told| {
                    let is_news = told.is_none() || reason == Reason::Lost;
                    *told = if is_news { Some(reason) } else { *told };
                    is_news
                });
            }
        }
    }

    /// Stops the handlers whose leases may be over, while nobody can be asked.
    fn give_up(&self) {
        let now = Instant::now();
        for kept in self.held().values().filter(|kept| kept.until < now) {
            kept.stop.send_replace(Some(Reason::Lost));
        }
    }
}
