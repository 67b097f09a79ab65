//! How work is run: without the interpreter's lock, so that Ctrl-C arrives, and in a forked process not on threads that are gone.

use std::process;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::failure::Failure;

/// How long a signal waits for us to look.
const POLL: Duration = Duration::from_millis(20);

/// The process that loaded this library: the threads of rayon's global pool are its own.
static LOADED_BY: AtomicU32 = AtomicU32::new(0);
/// The process that [`UNDER_WAY`] counts for.
static COUNTED_BY: AtomicU32 = AtomicU32::new(0);
/// Calls that are under way. Written with the interpreter's lock held where it matters: before a call begins.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// To be called when the library is loaded.
pub fn remember_process() {
    LOADED_BY.store(process::id(), Ordering::Relaxed);
    COUNTED_BY.store(process::id(), Ordering::Relaxed);
}

/// A call that is under way.
struct Call;

impl Call {
    fn begin() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::Relaxed);
        Call
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The threads that work of one engine runs on.
pub struct Threads {
    /// Only in a forked process; others use rayon's global pool.
    own: Option<ThreadPool>,
}

impl Threads {
    /// The threads for this process.
    ///
    /// # Errors
    /// If this process was forked in the middle of a call: a lock that the call held would never be released here.
    pub fn new() -> Result<Self, Failure> {
        let process = process::id();
        if COUNTED_BY.load(Ordering::Relaxed) != process {
            if UNDER_WAY.load(Ordering::Relaxed) > 0 {
                let message = "this process was forked while another thread was using cogo";
                return Err(Failure::new("ForkError", message)
                    .hint("fork when no call is under way, or start processes with `spawn` or `forkserver`"));
            }
            COUNTED_BY.store(process, Ordering::Relaxed);
        }
        if LOADED_BY.load(Ordering::Relaxed) == process {
            return Ok(Threads { own: None });
        }
        let own = ThreadPoolBuilder::new().build();
        own.map(|own| Threads { own: Some(own) }).map_err(|error| Failure::new("Error", error.to_string()))
    }

    /// Whether this process was forked from the one that loaded the library.
    pub fn are_forked(&self) -> bool {
        self.own.is_some()
    }

    /// Runs `work` on them.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.own {
            Some(own) => own.install(work),
            None => work(),
        }
    }
}

/// Runs short work without the interpreter's lock.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let _call = Call::begin();
    py.detach(work)
}

/// Runs work that may take long on a thread of its own, without the interpreter's lock, and looks for signals meanwhile. When one
/// raises, the work goes on behind and ends as if nothing had happened.
///
/// # Errors
/// What a signal raises (`KeyboardInterrupt`), or what went wrong.
pub fn interruptibly<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> PyResult<T> {
    let call = Call::begin();
    let (done, mut waiting) = mpsc::sync_channel(1);
    let body = move || {
        let outcome = work();
        // Before the caller goes on: it may fork next.
        drop(call);
        // Nobody waits for it after an interrupt.
        let _ = done.send(outcome);
    };
    thread::Builder::new().name("cogo".into()).spawn(body)?;
    loop {
        // A receiver belongs to one thread, so it goes there and back.
        let outcome = py.detach(|| {
            let outcome = waiting.recv_timeout(POLL);
            (waiting, outcome)
        });
        waiting = outcome.0;
        match outcome.1 {
            Ok(outcome) => return Ok(outcome?),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                let message = "cogo has failed in a way that it should not";
                return Err(Failure::new("Error", message).hint("please report this, with the lines on stderr").into());
            }
        }
    }
}
