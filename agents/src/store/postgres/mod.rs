//! Jobs in PostgreSQL, shared by any number of machines.
//!
//! Each step is one statement, or one transaction where that is not possible. A connection that breaks is an ordinary event: the step is
//! done again, and knows by the id of its write whether it was recorded the first time.

mod care;
mod claim;
mod enqueue;
mod finish;
mod group;
mod lease;
mod listen;
mod read;
mod schema;
mod tries;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::{Count, Filter, Pruned, Reaped, Store, redacted};
use crate::job::{
    Artifact, Claim, Claimed, Enqueued, Event, Job, JobId, Lease, NewEvent, NewJob, Note, Outcome, Pulse, Status,
};
use crate::{Error, Hint, Result};

/// Milliseconds since 1970, now; not when the transaction began.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// A part of a statement that records the event `$word` with `$data` for the jobs of the part `held`.
macro_rules! told {
    ($word:expr, $data:expr, $actor:expr) => {
        concat!(
            ", told AS (INSERT INTO agents.bus_events (stream, seq, kind, data, at, trace_id, actor, tenant)
                SELECT 'jobs:' || id, last_event, type || '_' || ",
            $word,
            ", jsonb_build_object('status', status, 'attempts', attempts,
                    'error', error) || ",
            $data,
            ", (extract(epoch FROM clock_timestamp()) * 1000)::bigint, trace_id, ",
            $actor,
            ", tenant
                FROM held)"
        )
    };
}

/// A part of a statement that locks the jobs `$1`. Whoever writes to several running jobs locks them in this order; otherwise two such
/// statements could wait for each other.
macro_rules! locked {
    () => {
        "locked AS MATERIALIZED (SELECT id FROM agents.jobs WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)"
    };
}

use {locked, now, told};

/// How a store is reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at most.
    pub connections: u32,
    /// A step is tried again for so long while the server cannot be reached.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        // Commits that come together wait for the disk together.
        Options { connections: 16, patience: Duration::from_secs(15) }
    }
}

/// Jobs in a PostgreSQL database, in the schema `agents`.
pub struct Postgres {
    pool: PgPool,
    patience: Duration,
    hint: Hint,
    bell: Arc<listen::Bell>,
    ends: Arc<finish::Ends>,
}

impl Postgres {
    /// Opens the store at `postgres://user:password@host:port/database`, and makes or updates its tables.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unreachable`], [`Error::Store`].
    pub async fn open(url: &str) -> Result<Self> {
        Self::with_options(url, Options::default()).await
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn with_options(url: &str, options: Options) -> Result<Self> {
        // What the parser says of a URL may quote it, with its password.
        let wrong = |_| Error::Address {
            address: redacted(url),
            reason: "it cannot be read; signs like `@`, `/`, `#` and `%` in a password are written %40, %2F, %23, %25"
                .into(),
        };
        let address = PgConnectOptions::from_str(url).map_err(wrong)?;
        // Statements hold payloads, which are not to be logged.
        let address = address.application_name("cogo").disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(Duration::from_secs(5))
            // It would cost a round trip per step; broken connections are found out by their use.
            .test_before_acquire(false)
            .connect_lazy_with(address);
        let hint = Hint::default();
        let bell = listen::Bell::new(pool.clone());
        hint.on_ring({
            let bell = bell.clone();
            move || bell.ring()
        });
        let store = Postgres { pool, patience: options.patience, hint, bell, ends: Arc::default() };
        store.retrying(|| schema::prepare(&store.pool)).await?;
        Ok(store)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.bell.stop();
        self.pool.close().await;
    }

    /// Does `step`, again and again while the server cannot be reached.
    async fn retrying<T, F: Future<Output = sqlx::Result<T>>>(&self, step: impl FnMut() -> F) -> Result<T> {
        tries::retrying(self.patience, step).await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.bell.stop();
    }
}

#[async_trait]
impl Store for Postgres {
    async fn enqueue(&self, job: &NewJob) -> Result<Enqueued> {
        self.do_enqueue(job).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Claimed> {
        self.do_claim(claim).await
    }

    async fn beat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Pulse>> {
        self.do_beat(leases, lease).await
    }

    async fn note(&self, lease: &Lease, notes: &[Note]) -> Result<()> {
        self.do_note(lease, notes).await
    }

    async fn step(&self, job: JobId, key: &str) -> Result<Option<Value>> {
        self.do_step(job, key).await
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
        self.do_reap().await
    }

    async fn cancel(&self, id: JobId) -> Result<Status> {
        self.do_cancel(id).await
    }

    async fn requeue(&self, id: JobId) -> Result<()> {
        self.do_requeue(id).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        self.do_job(id).await
    }

    async fn jobs(&self, filter: &Filter) -> Result<Vec<Job>> {
        self.do_jobs(filter).await
    }

    async fn counts(&self) -> Result<Vec<Count>> {
        self.do_counts().await
    }

    async fn append(&self, stream: &str, events: &[NewEvent]) -> Result<i64> {
        self.do_append(stream, events).await
    }

    async fn events(&self, stream: &str, after: i64, most: usize) -> Result<Vec<Event>> {
        self.do_events(stream, after, most).await
    }

    async fn artifacts(&self, job: JobId) -> Result<Vec<Artifact>> {
        self.do_artifacts(job).await
    }

    async fn is_used(&self, sha256: &str) -> Result<bool> {
        self.do_is_used(sha256).await
    }

    async fn prune(&self, older: Duration) -> Result<Pruned> {
        self.do_prune(older).await
    }

    fn hint(&self) -> &Hint {
        &self.hint
    }

    fn listen(&self) {
        self.bell.listen(&self.hint);
    }
}
