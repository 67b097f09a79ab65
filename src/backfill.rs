//! The backfill as a process of its own: started behind a command, watched by `cogo status`.

use std::ffi::OsString;
use std::fs::File;
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::Duration;

use indexer::BackfillProgress;
use rag_core::Result;
use rag_core::store::VectorStore;
use serde::{Deserialize, Serialize};

use crate::Engine;

const STATUS: &str = "status.json";
const LOG: &str = "backfill.log";
/// How much a backfill behind gives way to everything else on the machine (Unix `nice`).
#[cfg(unix)]
const NICE: i32 = 10;

/// What a backfill writes down about itself, for other processes to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackfillStatus {
    /// The process.
    pub pid: u32,
    /// Texts it has read.
    pub read: usize,
    /// Tokens it has read.
    pub tokens: usize,
    /// Texts that were longer than the model can read.
    pub truncated: usize,
    /// Seconds it has worked.
    pub busy_seconds: f64,
    /// Why it ended, if it failed.
    pub error: Option<String>,
}

impl BackfillStatus {
    /// The last entry of a backfill into `store`, if there is one that can be read.
    pub fn read(store: &VectorStore) -> Option<Self> {
        let json = std::fs::read(store.folder().join(STATUS)).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Best effort: nothing depends on it.
    fn write(&self, store: &VectorStore) {
        let path = store.folder().join(STATUS);
        let next = path.with_extension("json.next");
        let json = serde_json::to_vec(self).expect("a status is always JSON");
        let _ = std::fs::write(&next, json).and_then(|()| std::fs::rename(&next, &path));
    }

    fn note(&mut self, progress: &BackfillProgress) {
        self.read = progress.read;
        self.tokens = progress.tokens;
        self.truncated = progress.truncated;
        self.busy_seconds = progress.busy.as_secs_f64();
    }

    /// Texts per second, or none before the first batch.
    pub fn rate(&self) -> Option<f64> {
        (self.read > 0 && self.busy_seconds > 0.0).then(|| self.read as f64 / self.busy_seconds)
    }

    /// How long `missing` texts will take at the rate so far.
    pub fn left(&self, missing: u64) -> Option<Duration> {
        let seconds = missing as f64 / self.rate()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Backfills in this process and keeps the status up to date.
///
/// # Errors
/// See [`Engine::backfill`]; the status says it, too.
pub fn run(
    engine: &Engine,
    progress: &mut dyn FnMut(&BackfillProgress) -> ControlFlow<()>,
) -> Result<BackfillProgress> {
    let Some(model) = engine.model() else { return engine.backfill(progress) };
    let store = engine.store().vectors(model.id());
    let mut status = BackfillStatus { pid: std::process::id(), ..BackfillStatus::default() };
    let outcome = engine.backfill(&mut |state| {
        status.note(state);
        status.write(&store);
        progress(state)
    });
    if let Err(error) = &outcome
        && !matches!(error, rag_core::Error::Locked { .. })
    {
        status.error = Some(error.to_string());
        status.write(&store);
    }
    outcome
}

/// Lets this process give way to all others.
pub fn give_way() {
    #[cfg(unix)]
    // It may be forbidden; then we are only less polite.
    let _ = rustix::process::nice(NICE);
}

/// Starts this program again with `arguments`, behind: it survives the command and its terminal. What it prints goes to
/// `backfill.log` in the index folder.
///
/// # Errors
/// If it cannot be started.
pub fn spawn(engine: &Engine, arguments: &[OsString]) -> std::io::Result<()> {
    let log = File::create(engine.store().folder().join(LOG))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).current_dir(engine.root());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()?;
    Ok(())
}
