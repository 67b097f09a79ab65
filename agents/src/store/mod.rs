//! Where jobs are kept: one trait, two stores, SQLite and PostgreSQL, with the same tables.
//!
//! Each method of [`Store`] is one atomic step. Only the clock of the store counts; what a worker thinks the time is has no influence.

mod address;
pub mod postgres;
mod rows;
pub mod sqlite;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

pub use address::redacted;
pub use postgres::Postgres;
pub use sqlite::Sqlite;

use crate::job::{
    Artifact, Claim, Claimed, Enqueued, Event, Job, JobId, Lease, NewEvent, NewJob, Note, Outcome, Pulse, Status,
};
use crate::{Error, Hint, Result};

/// Why a job of a worker that was not heard of is tried again.
pub(crate) const WORKER_LOST: &str = "the worker was not heard of in time";
/// Why a job that nobody began in time has failed.
pub(crate) const TOO_LATE: &str = "the deadline has passed";

/// A place where jobs are kept. All steps are atomic, and all that take a [`Lease`] write nothing if it is lost
/// ([`Error::Lost`]).
///
/// A store that is reached over a network tries again by itself for a while when a connection breaks; what was recorded while the
/// answer was lost is not recorded again.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Makes a job, or finds the one with the same idempotency key.
    ///
    /// # Errors
    /// [`Error::Conflict`] if that one has another payload; [`Error::Invalid`] if it needs a job that does not exist.
    async fn enqueue(&self, job: &NewJob) -> Result<Enqueued>;

    /// Takes the most urgent jobs that are due. Each counts as an attempt from now on.
    async fn claim(&self, claim: &Claim) -> Result<Claimed>;

    /// Shows that the holder of these leases is alive: they hold for `lease` from now on. One answer per lease.
    async fn beat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Pulse>>;

    /// Records what a handler says, in order.
    async fn note(&self, lease: &Lease, notes: &[Note]) -> Result<()>;

    /// What a step of the job has brought, if it was done in this attempt or an earlier one.
    async fn step(&self, job: JobId, key: &str) -> Result<Option<Value>>;

    /// Records that a step is done. The first output of a key stays.
    async fn keep_step(&self, lease: &Lease, key: &str, output: &Value) -> Result<()>;

    /// Records an artifact whose content is stored already. A later one with the same name replaces it.
    async fn attach(&self, lease: &Lease, artifact: &Artifact) -> Result<()>;

    /// Ends the attempt. Gives the status that the job has now.
    async fn finish(&self, lease: &Lease, outcome: &Outcome) -> Result<Status>;

    /// Takes jobs back from workers that were not heard of, ends what is too late, and lets go what waits for nothing any more.
    /// Any number of workers may do this at the same time.
    async fn reap(&self) -> Result<Reaped>;

    /// Stops a job and those it is the parent of: at once if nobody works on it, else its worker is asked to. Gives the status that
    /// it has now.
    ///
    /// # Errors
    /// [`Error::NoJob`]; [`Error::State`] if it is over already.
    async fn cancel(&self, id: JobId) -> Result<Status>;

    /// Lets a job that failed, died or was cancelled begin again, with all its attempts; steps that it has done stay done.
    ///
    /// # Errors
    /// [`Error::NoJob`]; [`Error::State`] if it is not over, or has succeeded.
    async fn requeue(&self, id: JobId) -> Result<()>;

    /// A job.
    async fn job(&self, id: JobId) -> Result<Option<Job>>;

    /// Jobs, the newest first.
    async fn jobs(&self, filter: &Filter) -> Result<Vec<Job>>;

    /// How many jobs there are, by type and status.
    async fn counts(&self) -> Result<Vec<Count>>;

    /// Appends events to a stream that is no job's. Gives the number of the last one.
    async fn append(&self, stream: &str, events: &[NewEvent]) -> Result<i64>;

    /// Events of a stream with numbers above `after`, in order, at most `most`.
    async fn events(&self, stream: &str, after: i64, most: usize) -> Result<Vec<Event>>;

    /// The artifacts of a job, by name.
    async fn artifacts(&self, job: JobId) -> Result<Vec<Artifact>>;

    /// Whether an artifact with this content is recorded.
    async fn is_used(&self, sha256: &str) -> Result<bool>;

    /// Forgets jobs that have been over for `older`, with all that belongs to them, and older events of other streams, except the
    /// last of each. A job that others wait for stays.
    async fn prune(&self, older: Duration) -> Result<Pruned>;

    /// Rings when there may be work.
    fn hint(&self) -> &Hint;

    /// Begins to listen for work that other processes enqueue, until the store is dropped.
    fn listen(&self);
}

/// Opens the store at `url`: `postgres://…`, `sqlite:FILE`, or the path of an SQLite file. Tables are made if they are missing.
///
/// # Errors
/// [`Error::Address`], [`Error::Unreachable`], [`Error::Store`].
pub async fn open(url: &str) -> Result<Arc<dyn Store>> {
    if address::is_postgres(url) {
        return Ok(Arc::new(Postgres::open(url).await?));
    }
    Ok(Arc::new(Sqlite::open(&address::sqlite_path(url)?).await?))
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these statuses; empty for all.
    pub statuses: Vec<Status>,
    /// Only of this type.
    pub kind: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<String>,
    /// Only parts of this job.
    pub parent: Option<JobId>,
    /// Only older ones than this.
    pub before: Option<JobId>,
    /// At most so many; 0 for 100.
    pub most: usize,
}

impl Filter {
    fn most(&self) -> i64 {
        if self.most == 0 { 100 } else { i64::try_from(self.most).unwrap_or(i64::MAX) }
    }

    fn words(&self) -> Value {
        let all = if self.statuses.is_empty() { &Status::ALL[..] } else { &self.statuses };
        all.iter().map(|status| status.as_str()).collect()
    }
}

/// How many jobs of a type have a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status.
    pub status: Status,
    /// How many.
    pub jobs: i64,
}

/// What [`Store::reap`] has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reaped {
    /// Jobs whose worker was not heard of, and that are tried again.
    pub retried: usize,
    /// The same, but that was the last attempt, or they were to be stopped anyway.
    pub ended: usize,
    /// Jobs whose deadline has passed before anybody began.
    pub late: usize,
    /// Jobs that wait for nothing any more.
    pub released: usize,
}

/// What [`Store::prune`] has forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Jobs.
    pub jobs: u64,
    /// Events of other streams.
    pub events: u64,
}

/// How an error of the outcome is kept out of the way of what was to be recorded.
pub(crate) fn check_outcome(outcome: &Outcome) -> Result<()> {
    outcome.result().map_or(Ok(()), |result| crate::job::check_size("the result", result))
}

pub(crate) fn check_notes(notes: &[Note]) -> Result<()> {
    notes.iter().try_for_each(Note::check)
}

pub(crate) fn check_step(key: &str, output: &Value) -> Result<()> {
    if key.is_empty() || key.len() > 500 || key.contains('\0') {
        return Err(Error::Invalid("the key of a step must have 1 to 500 bytes".into()));
    }
    crate::job::check_size("a step", output)
}

/// A stream that anybody may append to.
pub(crate) fn check_append(stream: &str, events: &[NewEvent]) -> Result<()> {
    let is_name = (1..=300).contains(&stream.len()) && !stream.contains('\0');
    if !is_name || stream.starts_with("jobs:") {
        return Err(Error::Invalid("events of jobs are recorded under their lease".into()));
    }
    events.iter().try_for_each(|event| crate::job::check_size("an event", &event.data))
}
