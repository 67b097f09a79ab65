//! Processes that work on jobs: claim, run a handler, show that they are alive, record how it ended.
//!
//! Every worker also takes back what other workers were lost with, so there is no process whose death stops the others.

mod attempt;
mod context;
mod handler;
mod pulse;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

pub use context::Context;
pub use handler::{Handler, Stop};

use crate::Result;
use crate::artifact::Artifacts;
use crate::job::{Claim, JobId};
use crate::store::Store;
use pulse::Pulses;

/// Attempts that end within this time are replaced by one claim.
const TOGETHER: Duration = Duration::from_millis(1);

/// The times that a worker keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How often it shows that it is alive.
    pub beat: Duration,
    /// For how long it has a job from then on. Three beats: one may be lost.
    pub lease: Duration,
    /// How often it looks for jobs of lost workers.
    pub reap: Duration,
    /// How often it looks for work if nobody rings.
    pub poll: Duration,
    /// What a handler has to end itself when it should stop.
    pub grace: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            beat: Duration::from_secs(2),
            lease: Duration::from_secs(6),
            reap: Duration::from_secs(1),
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(5),
        }
    }
}

/// When a worker ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Only when it is told to.
    #[default]
    Stopped,
    /// When there is nothing left to do for it, and nothing will be due.
    Idle,
    /// When this job is over. It works on this one and its parts only.
    Over(JobId),
}

/// What a worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Attempts that it began.
    pub attempts: u64,
    /// Those whose end it recorded.
    pub recorded: u64,
    /// Those whose lease it lost, or whose end it could not record.
    pub lost: u64,
}

/// A worker. Made with [`new`](Self::new), told what it can do by [`with`](Self::with), and [`run`](Self::run).
pub struct Worker {
    store: Arc<dyn Store>,
    handlers: BTreeMap<String, Arc<dyn Handler>>,
    artifacts: Option<Artifacts>,
    name: String,
    concurrency: usize,
    timing: Timing,
    until: Until,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    attempts: AtomicU64,
    recorded: AtomicU64,
    lost: AtomicU64,
}

impl Worker {
    /// A worker that can do nothing yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let unique = Uuid::now_v7().simple().to_string();
        Worker {
            store,
            handlers: BTreeMap::new(),
            artifacts: None,
            name: format!("worker-{}-{}", std::process::id(), &unique[20..]),
            concurrency: 1,
            timing: Timing::default(),
            until: Until::Stopped,
            counts: Counts::default(),
        }
    }

    /// The same with a handler more.
    pub fn with(mut self, handler: impl Handler) -> Self {
        self.handlers.insert(handler.kind().to_owned(), Arc::new(handler));
        self
    }

    /// The same with several handlers more.
    pub fn with_all(mut self, handlers: impl IntoIterator<Item = Arc<dyn Handler>>) -> Self {
        self.handlers.extend(handlers.into_iter().map(|handler| (handler.kind().to_owned(), handler)));
        self
    }

    /// The same with a place for artifacts.
    pub fn with_artifacts(self, artifacts: Artifacts) -> Self {
        Worker { artifacts: Some(artifacts), ..self }
    }

    /// The same for so many jobs at a time.
    pub fn with_concurrency(self, concurrency: usize) -> Self {
        Worker { concurrency: concurrency.max(1), ..self }
    }

    /// The same with other times.
    pub fn with_timing(self, timing: Timing) -> Self {
        Worker { timing, ..self }
    }

    /// The same under another name. Names need not be unique: a lease is known by its number.
    pub fn named(self, name: impl Into<String>) -> Self {
        Worker { name: name.into(), ..self }
    }

    /// The same with another end.
    pub fn until(self, until: Until) -> Self {
        Worker { until, ..self }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Works until `stop` is ready, or as [`until`](Self::until) says. Then handlers are asked to end; what has not ended after the grace
    /// is given back, for others to begin again.
    ///
    /// # Errors
    /// None while the store cannot be reached: it waits for it. If the store refuses to give out work.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<Done> {
        let worker = Arc::new(self);
        let (stopping, is_stopping) = watch::channel(false);
        let pulses = Arc::new(Pulses::new(worker.store.clone(), worker.timing));
        worker.store.listen();
        let mut helpers = JoinSet::new();
        helpers.spawn(pulses.clone().beat());
        helpers.spawn(reap(worker.store.clone(), worker.timing.reap));
        let mut attempts = JoinSet::new();
        let worked = worker.work(stop, &pulses, &is_stopping, &mut attempts).await;
        stopping.send_replace(true);
        while attempts.join_next().await.is_some() {}
        helpers.shutdown().await;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { attempts, recorded, lost } = &worker.counts;
        worked.map(|()| Done { attempts: count(attempts), recorded: count(recorded), lost: count(lost) })
    }

    async fn work(
        self: &Arc<Self>,
        stop: impl Future<Output = ()>,
        pulses: &Arc<Pulses>,
        is_stopping: &watch::Receiver<bool>,
        attempts: &mut JoinSet<()>,
    ) -> Result<()> {
        tokio::pin!(stop);
        loop {
            // All that have ended, so that one claim replaces them.
            while attempts.try_join_next().is_some() {}
            let free = self.concurrency - attempts.len();
            let mut pause = self.timing.poll;
            if free > 0 {
                match self.store.claim(&self.claim(free)).await {
                    Ok(claimed) => {
                        let is_idle = claimed.jobs.is_empty() && claimed.next.is_none() && attempts.is_empty();
                        if self.is_over(is_idle).await? {
                            return Ok(());
                        }
                        pause = claimed.next.unwrap_or(pause).clamp(Duration::from_millis(1), pause);
                        for job in claimed.jobs {
                            attempts.spawn(self.clone().attempt(job, pulses.clone(), is_stopping.clone()));
                        }
                    }
                    Err(error) if error.is_passing() => tracing::warn!(%error, "no work can be had; will try again"),
                    Err(error) => return Err(error),
                }
            }
            let is_full = attempts.len() >= self.concurrency;
            tokio::select! {
                () = &mut stop => return Ok(()),
                Some(_) = attempts.join_next() => others(attempts).await,
                () = self.store.hint().wait(), if !is_full => {}
                () = tokio::time::sleep(pause), if !is_full => {}
            }
        }
    }

    fn claim(&self, most: usize) -> Claim {
        Claim {
            kinds: self.handlers.keys().cloned().collect(),
            most,
            executor_id: self.name.clone(),
            lease: self.timing.lease,
            root: match self.until {
                Until::Over(job) => Some(job),
                _ => None,
            },
        }
    }

    async fn is_over(&self, is_idle: bool) -> Result<bool> {
        match self.until {
            Until::Stopped => Ok(false),
            Until::Idle => Ok(is_idle),
            Until::Over(job) => Ok(self.store.job(job).await?.is_none_or(|job| job.status.is_over())),
        }
    }
}

/// Waits a moment for those that end together with one that has ended: their ends may have been recorded together.
async fn others(attempts: &mut JoinSet<()>) {
    let all = async { while attempts.join_next().await.is_some() {} };
    drop(tokio::time::timeout(TOGETHER, all).await);
}

/// Takes jobs back, for ever. A look that fails is followed by the next one.
async fn reap(store: Arc<dyn Store>, often: Duration) {
    loop {
        match store.reap().await {
            Ok(reaped) if reaped.retried + reaped.ended > 0 => {
                metrics::counter!("cogo_jobs_reaped_total").increment((reaped.retried + reaped.ended) as u64);
                tracing::warn!(?reaped, "workers were not heard of; their jobs are taken back");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "lost jobs could not be looked for"),
        }
        tokio::time::sleep(often).await;
    }
}
