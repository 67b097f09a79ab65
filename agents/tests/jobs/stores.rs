//! A store of its own for each test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use agents::job::{Claim, Event, Job, JobId, Lease, NewJob, State, replay};
use agents::store::{self, Store};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

/// Where the server is: `postgres://user@host:port/database` of a role that may create databases.
pub const SERVER: &str = "COGO_TEST_DATABASE_URL";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A new store; its database is dropped with the test.
pub struct TestStore {
    pub store: Arc<dyn Store>,
    pub url: String,
    pub kind: Kind,
    pub folder: TempDir,
    server: Option<(String, String)>,
}

impl TestStore {
    pub async fn new(kind: Kind) -> Option<Self> {
        match (kind, std::env::var(SERVER)) {
            (Kind::Sqlite, _) => Some(Self::make(kind, None).await),
            (Kind::Postgres, Ok(server)) => Some(Self::make(kind, Some(server)).await),
            (Kind::Postgres, Err(_)) => {
                eprintln!("skipped: {SERVER} does not say where a PostgreSQL server is");
                None
            }
        }
    }

    pub async fn on(server: String) -> Self {
        Self::make(Kind::Postgres, Some(server)).await
    }

    async fn make(kind: Kind, server: Option<String>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().expect("temp dir");
        let (url, server) = match server {
            None => (format!("sqlite:{}", folder.path().join("jobs.db").display()), None),
            Some(server) => {
                let name = format!("cogo_jobs_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
                execute(&server, &format!("CREATE DATABASE {name}")).await;
                // The servers of tests do not wait for their logs; where servers are killed, what was promised is looked at.
                execute(&server, &format!("ALTER DATABASE {name} SET synchronous_commit = on")).await;
                let (place, _) = server.rsplit_once('/').expect("a URL with a database");
                (format!("{place}/{name}"), Some((server.clone(), name)))
            }
        };
        let store = store::open(&url).await.expect("it opens");
        TestStore { store, url, kind, folder, server }
    }

    /// The same store, opened again.
    pub async fn again(&self) -> Arc<dyn Store> {
        store::open(&self.url).await.expect("it opens")
    }

    /// Runs a statement; tables are named with the schema `agents`.
    pub async fn sql(&self, statement: &str) {
        match self.kind {
            Kind::Postgres => execute(&self.url, statement).await,
            Kind::Sqlite => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("jobs.db"));
                let mut connection = options.connect().await.expect("connect");
                let statement = statement.replace("agents.", "");
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("SQL");
                connection.close().await.expect("close");
            }
        }
    }

    pub async fn enqueue(&self, job: NewJob) -> JobId {
        self.store.enqueue(&job).await.expect("enqueued").id()
    }

    pub async fn job(&self, id: JobId) -> Job {
        self.store.job(id).await.expect("read").expect("it is there")
    }

    pub async fn events(&self, id: JobId) -> Vec<Event> {
        self.store.events(&id.stream(), 0, 1_000_000).await.expect("read")
    }

    /// The words of a job's events, in order.
    pub async fn words(&self, id: JobId) -> Vec<String> {
        let kind = self.job(id).await.kind;
        let word =
            |event: &Event| event.kind.strip_prefix(&format!("{kind}_")).expect("its type comes first").to_owned();
        self.events(id).await.iter().map(word).collect()
    }

    /// Claims for `executor` with a lease of 30 s.
    pub async fn claim(&self, kind: &str, most: usize) -> Vec<(Job, Lease)> {
        self.claim_for(kind, most, Duration::from_secs(30)).await
    }

    pub async fn claim_for(&self, kind: &str, most: usize, lease: Duration) -> Vec<(Job, Lease)> {
        let claimed = self.store.claim(&claim(kind, most, lease)).await.expect("claimed");
        claimed.jobs.into_iter().map(|job| (job.clone(), lease_of(&job))).collect()
    }

    pub async fn claim_one(&self, kind: &str) -> (Job, Lease) {
        self.claim(kind, 1).await.pop().expect("a job is due")
    }

    /// The events of a job have no gap, and lead to the state that the job has.
    pub async fn check(&self, id: JobId) {
        let (job, events) = (self.job(id).await, self.events(id).await);
        let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=job.last_event).collect::<Vec<_>>(), "{id}: a gap");
        assert!(events.is_sorted_by_key(|event| event.at) || self.kind == Kind::Sqlite, "{id}: time goes back");
        let state = State {
            status: job.status,
            attempts: job.attempts,
            cancel_requested: job.cancel_requested,
            progress: job.progress.clone(),
            result: job.result.clone(),
            error: job.error.clone(),
            artifacts: job.artifacts.clone(),
        };
        assert_eq!(replay(&job.kind, &events), Some(state), "{id}: {events:#?}");
        assert_eq!(job.finished_at.is_some(), job.status.is_over(), "{job:?}");
    }

    /// Drops the database.
    pub async fn clean_up(self) {
        let TestStore { store, server, .. } = self;
        drop(store);
        if let Some((server, name)) = server {
            execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

pub fn claim(kind: &str, most: usize, lease: Duration) -> Claim {
    Claim { kinds: vec![kind.into()], most, executor_id: "test".into(), lease, root: None }
}

pub fn lease_of(job: &Job) -> Lease {
    Lease { job_id: job.id, run_lease: job.run_lease, executor_id: job.executor_id.clone().expect("it was claimed") }
}

async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.expect("SQL");
    connection.close().await.expect("close");
}

/// A job of type `a`.
pub fn job() -> NewJob {
    NewJob::new("a", json!({}))
}

pub fn with(payload: Value) -> NewJob {
    NewJob::new("a", payload)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
}

/// Runs a test on a new store of this kind, if there can be one.
pub fn on(kind: Kind, test: impl AsyncFnOnce(&TestStore)) {
    runtime().block_on(async {
        if let Some(store) = TestStore::new(kind).await {
            test(&store).await;
            store.clean_up().await;
        }
    });
}

/// Each function is a test, on both stores.
macro_rules! on_both {
    ($(async fn $name:ident($store:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($store: &crate::stores::TestStore) $body

            #[test]
            fn sqlite() {
                crate::stores::on(crate::stores::Kind::Sqlite, test);
            }

            #[test]
            fn postgres() {
                crate::stores::on(crate::stores::Kind::Postgres, test);
            }
        }
    )*};
}

pub(crate) use on_both;
