//! Following the file system: tells when files below a folder have changed.
//!
//! It only says *that* something changed; what changed is found by comparing the tree with the index, so a lost or
//! doubled event does no harm, and thousands of events at once are one refresh.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use notify_debouncer_full::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

/// Events closer together than this are one change.
pub const DEBOUNCE: Duration = Duration::from_millis(150);

/// How long to wait before a failed refresh is tried again.
const RETRY: Duration = Duration::from_secs(2);

enum Signal {
    Changed,
    Stop,
}

/// Ends a [`Watcher`] from another thread.
#[derive(Clone)]
pub struct Stopper(Sender<Signal>);

impl Stopper {
    /// Ends it; may be called more than once.
    pub fn stop(&self) {
        // Nobody listens any more: it has ended already.
        let _ = self.0.send(Signal::Stop);
    }
}

/// A folder under watch, from [`new`](Self::new) until it is dropped.
pub struct Watcher {
    signals: Receiver<Signal>,
    sender: Sender<Signal>,
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

impl Watcher {
    /// Starts to watch `root`. What happens in `index` (the index folder) and in `.git` counts for nothing: the first
    /// we do ourselves, and of the second only the files it changes matter.
    ///
    /// # Errors
    /// If the system gives no watch, for instance because it has no more.
    pub fn new(root: &Path, index: &Path) -> notify::Result<Self> {
        let root = root.canonicalize().map_err(notify::Error::io)?;
        let index = index.canonicalize().unwrap_or_else(|_| index.to_owned());
        let (sender, signals) = channel();
        let changed = sender.clone();
        let ignored = [index, root.join(".git"), root.join(rag_core::store::FOLDER)];
        let on_events = move |events: DebounceEventResult| {
            // An error says that events were lost: something changed.
            let relevant = events.map_or(true, |events| {
                events.iter().any(|event| {
                    event.need_rescan()
                        || (!event.kind.is_access() && event.paths.iter().any(|path| !lies_in(path, &ignored)))
                })
            });
            if relevant {
                let _ = changed.send(Signal::Changed);
            }
        };
        let mut debouncer = new_debouncer(DEBOUNCE, None, on_events)?;
        debouncer.watch(&root, RecursiveMode::Recursive)?;
        Ok(Watcher { signals, sender, _debouncer: debouncer })
    }

    /// A handle that ends it.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.sender.clone())
    }

    /// Calls `on_change` after every change, until it is stopped. If `on_change` says that it failed, it is called
    /// again after a while.
    pub fn run(self, mut on_change: impl FnMut() -> Outcome) {
        let mut outcome = Outcome::Done;
        loop {
            let signal = match outcome {
                Outcome::Done => self.signals.recv().unwrap_or(Signal::Stop),
                Outcome::TryAgain => match self.signals.recv_timeout(RETRY) {
                    Ok(signal) => signal,
                    Err(RecvTimeoutError::Timeout) => Signal::Changed,
                    Err(RecvTimeoutError::Disconnected) => Signal::Stop,
                },
            };
            // Whatever else has happened by now is part of the same change.
            let stopped = |signal| matches!(signal, Signal::Stop);
            if stopped(signal) || self.signals.try_iter().any(stopped) {
                return;
            }
            outcome = on_change();
        }
    }
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was dealt with.
    Done,
    /// It failed for now.
    TryAgain,
}

fn lies_in(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_the_index_is_not() {
        let folder = tempfile::tempdir().expect("temp dir");
        let index = folder.path().join(".cogo");
        std::fs::create_dir(&index).expect("create");
        let watcher = Watcher::new(folder.path(), &index).expect("watch");
        let stopper = watcher.stopper();
        std::fs::write(index.join("CURRENT"), "1").expect("write");
        std::thread::sleep(4 * DEBOUNCE);
        assert!(watcher.signals.try_recv().is_err(), "the index counted");
        std::fs::write(folder.path().join("a.rs"), "fn a() {}").expect("write");
        let mut calls = 0;
        watcher.run(|| {
            calls += 1;
            stopper.stop();
            Outcome::Done
        });
        assert_eq!(calls, 1);
    }
}
