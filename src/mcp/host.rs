//! A repository that is served: its index is brought up to date behind and follows the files.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use rag_core::Error;
use tokio::sync::watch;

use crate::watch::{Outcome, Stopper, Watcher};
use crate::{Engine, Event};

/// How long a question waits for an index that is being made for the first time.
const PATIENCE: Duration = Duration::from_secs(3);
/// Without a watch, files are looked at again after so long.
const STALE: Duration = Duration::from_secs(2);

/// How far the index is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Files that were read in this run, and that will be.
    pub read: usize,
    pub planned: usize,
    /// Whether a run is going on.
    pub running: bool,
    /// Whether another process is at it.
    pub elsewhere: bool,
    /// Why the last run failed.
    pub failed: Option<String>,
}

/// A repository that is served, with one index for all who ask.
pub struct Host {
    inner: Arc<Inner>,
    stopper: Mutex<Option<Stopper>>,
}

struct Inner {
    engine: Engine,
    progress: watch::Sender<Progress>,
    /// Held while the index is brought up to date; when that was last done.
    refreshed: Mutex<Option<Instant>>,
    watching: Mutex<bool>,
}

impl Host {
    /// Serves the repository of `engine`: indexes it in a thread of its own, and follows its files.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(engine: Engine) -> std::io::Result<Arc<Self>> {
        let progress = watch::Sender::new(Progress { running: true, ..Progress::default() });
        let inner = Inner { engine, progress, refreshed: Mutex::default(), watching: Mutex::new(true) };
        let host = Arc::new(Host { inner: Arc::new(inner), stopper: Mutex::default() });
        let watcher = Watcher::new(host.engine().root(), host.engine().store().folder());
        let watcher = watcher.inspect_err(|error| tracing::warn!(%error, "files are not watched")).ok();
        *lock(&host.stopper) = watcher.as_ref().map(Watcher::stopper);
        *lock(&host.inner.watching) = watcher.is_some();
        let inner = host.inner.clone();
        std::thread::Builder::new().name("cogo-index".into()).spawn(move || {
            let mut outcome = inner.refresh();
            // The first who asks for it shall not wait.
            if let Err(error) = inner.engine.graph() {
                tracing::warn!(%error, "no graph");
            }
            let Some(watcher) = watcher else { return };
            while matches!(outcome, Outcome::TryAgain) && inner.engine.searcher().is_err() {
                std::thread::sleep(STALE);
                outcome = inner.refresh();
            }
            watcher.run(|| inner.refresh());
        })?;
        Ok(host)
    }

    /// The engine that answers.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// How far the index is.
    pub(super) fn progress(&self) -> Progress {
        self.inner.progress.borrow().clone()
    }

    /// Waits a little for the first index; whether there is one.
    pub(super) async fn ready(&self) -> bool {
        let mut progress = self.inner.progress.subscribe();
        let indexed = || self.engine().searcher().is_ok();
        let wait = async {
            while !indexed() {
                let running = progress.borrow_and_update().running;
                if !running || progress.changed().await.is_err() {
                    break;
                }
            }
        };
        // Whether it is there in time or not is asked below.
        let _ = tokio::time::timeout(PATIENCE, wait).await;
        indexed()
    }

    /// Looks at the files again, if nobody tells that they changed.
    pub(super) fn look(&self) {
        let overdue = || lock(&self.inner.refreshed).is_none_or(|last| last.elapsed() > STALE);
        if !*lock(&self.inner.watching) && overdue() {
            self.inner.refresh();
        }
    }

    /// Brings the index up to date if the file at `path` is not as it was when it was read.
    pub(super) fn look_at(&self, path: &str) {
        let Ok(snapshot) = self.engine().snapshot() else { return };
        let known = snapshot.entry(path).map(|entry| (entry.stamp.size, entry.stamp.modified_ns));
        let found = std::fs::metadata(self.engine().root().join(path)).ok().and_then(|metadata| {
            let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some((metadata.len(), modified.as_nanos() as i64))
        });
        if known != found && (known.is_some() || is_inside(path)) {
            self.inner.refresh();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stopper) = lock(&self.stopper).take() {
            stopper.stop();
        }
    }
}

impl Inner {
    fn refresh(&self) -> Outcome {
        let mut refreshed = lock(&self.refreshed);
        let count = |event: Event| {
            let note = |progress: &mut Progress| match event {
                Event::Planned { files, .. } => (progress.planned, progress.read) = (files, 0),
                Event::Indexed { .. } => progress.read += 1,
                Event::Scanned(_) | Event::Writing => {}
            };
            self.progress.send_modify(note);
        };
        self.progress.send_modify(|progress| progress.running = true);
        let outcome = self.engine.catch_up(&count);
        *refreshed = Some(Instant::now());
        let busy = matches!(outcome, Err(Error::Locked { .. }));
        let failed = outcome.err().filter(|_| !busy).map(|error| match error.hint() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        });
        if let Some(reason) = &failed {
            tracing::warn!(reason, "the index is not up to date");
        }
        self.progress.send_modify(|progress| {
            (progress.running, progress.elsewhere, progress.failed) = (busy, busy, failed);
        });
        // What else fails does so again until something changes.
        if busy { Outcome::TryAgain } else { Outcome::Done }
    }
}

/// Whether `path` stays below the folder it is joined to.
pub(super) fn is_inside(path: &str) -> bool {
    use std::path::Component;
    let parts = Path::new(path).components();
    !path.contains('\\') && parts.into_iter().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// What is behind a mutex stays whole if a holder panics.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
