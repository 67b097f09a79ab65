//! Jobs in one file, shared by the processes of one machine. Needs no set-up.
//!
//! One connection writes, others read. Every write takes the lock at its beginning (`BEGIN IMMEDIATE`): a transaction that begins as a
//! reader and then wants to write would fail at once when somebody else has written, whatever time it may wait.

mod care;
mod enqueue;
mod lease;
mod read;
mod schema;
mod told;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite as Db, Transaction};
use tokio::task::JoinHandle;

use super::{Count, Filter, Pruned, Reaped, Store};
use crate::job::{
    Artifact, Claim, Claimed, Enqueued, Event, Job, JobId, Lease, NewEvent, NewJob, Note, Outcome, Pulse, Status,
};
use crate::{Error, Hint, Result};

/// Milliseconds since 1970, now.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

use now;

/// How long a write waits for another process.
const BUSY: Duration = Duration::from_secs(15);
/// Connections that read.
const READERS: u32 = 4;

/// Jobs in an SQLite file.
pub struct Sqlite {
    file: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    hint: Hint,
    watcher: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    /// Opens the store in `file`, and makes it, with its folder and its tables, if it is missing.
    ///
    /// # Errors
    /// [`Error::Unreachable`] if it cannot be opened or another process does not let go of it; [`Error::Store`].
    pub async fn open(file: &Path) -> Result<Self> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let told = |error| Error::Unreachable { reason: format!("folder `{}`: {error}", folder.display()) };
            std::fs::create_dir_all(folder).map_err(told)?;
        }
        // What is committed survives the death of any process; the loss of power may take the last moments with it, in order.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        let pool = |most: u32| {
            let pool = SqlitePoolOptions::new().max_connections(most).acquire_timeout(BUSY).test_before_acquire(false);
            pool.idle_timeout(None).max_lifetime(None)
        };
        let writer = pool(1).connect_lazy_with(options.clone());
        schema::prepare(&writer).await.map_err(|error| told(error, file))?;
        let readers = pool(READERS).connect_lazy_with(options);
        Ok(Sqlite { file: file.to_owned(), writer, readers, hint: Hint::default(), watcher: Mutex::default() })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A transaction that may write.
    async fn begin(&self) -> sqlx::Result<Transaction<'static, Db>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    fn told(&self, error: sqlx::Error) -> Error {
        told(error, &self.file)
    }

    async fn done<T>(&self, step: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
        step.await.map_err(|error| self.told(error))
    }
}

fn told(error: sqlx::Error, file: &Path) -> Error {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok()).map(|code| code & 0xff);
    let reason = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let reason = crate::job::short(&format!("`{}`: {reason}", file.display()));
    match (code, &error) {
        // Busy, locked, input or output, cannot open.
        (Some(5 | 6 | 10 | 14), _) | (_, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => {
            Error::Unreachable { reason }
        }
        _ => Error::Store { reason },
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            watcher.abort();
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn enqueue(&self, job: &NewJob) -> Result<Enqueued> {
        self.do_enqueue(job).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        self.done(self.do_claim(claim)).await
    }

    async fn beat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Pulse>> {
        self.done(self.do_beat(leases, lease)).await
    }

    async fn note(&self, lease: &Lease, notes: &[Note]) -> Result<()> {
        self.do_note(lease, notes).await
    }

    async fn step(&self, job: JobId, key: &str) -> Result<Option<Value>> {
        self.done(self.do_step(job, key)).await
    }

    async fn keep_step(&self, lease: &Lease, key: &str, output: &Value) -> Result<()> {
        self.do_keep_step(lease, key, output).await
    }

    async fn attach(&self, lease: &Lease, artifact: &Artifact) -> Result<()> {
        self.do_attach(lease, artifact).await
    }

    async fn finish(&self, lease: &Lease, outcome: &Outcome) -> Result<Status> {
        self.do_finish(lease, outcome).await
    }

    async fn reap(&self) -> Result<Reaped> {
        self.done(self.do_reap()).await
    }

    async fn cancel(&self, id: JobId) -> Result<Status> {
        self.do_cancel(id).await
    }

    async fn requeue(&self, id: JobId) -> Result<()> {
        self.do_requeue(id).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.done(self.do_job(id)).await
    }

    async fn jobs(&self, filter: &Filter) -> Result<Vec<Job>> {
        self.done(self.do_jobs(filter)).await
    }

    async fn counts(&self) -> Result<Vec<Count>> {
        self.done(self.do_counts()).await
    }

    async fn append(&self, stream: &str, events: &[NewEvent]) -> Result<i64> {
        super::check_append(stream, events)?;
        self.done(self.do_append(stream, events)).await
    }

    async fn events(&self, stream: &str, after: i64, most: usize) -> Result<Vec<Event>> {
        self.done(self.do_events(stream, after, most)).await
    }

    async fn artifacts(&self, job: JobId) -> Result<Vec<Artifact>> {
        self.done(self.do_artifacts(job)).await
    }

    async fn is_used(&self, sha256: &str) -> Result<bool> {
        self.done(self.do_is_used(sha256)).await
    }

    async fn prune(&self, older: Duration) -> Result<Pruned> {
        self.done(self.do_prune(older)).await
    }

    fn hint(&self) -> &Hint {
        &self.hint
    }

    fn listen(&self) {
        let mut watcher = self.watcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if watcher.is_none() {
            *watcher = Some(tokio::spawn(watch::watch(self.readers.clone(), self.hint.clone())));
        }
    }
}
