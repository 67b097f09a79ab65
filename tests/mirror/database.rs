//! A database of its own for each test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cogo::Snapshot;
use mirror::Origin;
use mirror::postgres::{Postgres, SyncOptions};
use rag_core::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::repository::{fill, index};

/// Where the server is: `postgres://user@host:port/database` of a role that may create databases.
const SERVER: &str = "COGO_TEST_DATABASE_URL";

/// A new database; dropped with the test.
pub struct Database {
    server: String,
    name: String,
    runtime: Runtime,
}

impl Database {
    /// `None` if there is no server.
    pub fn new() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            eprintln!("skipped: {SERVER} does not say where a PostgreSQL server is");
            return None;
        };
        Some(Self::on(server))
    }

    pub fn on(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cogo_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let database = Database { server, name, runtime };
        database.on_server(&format!("CREATE DATABASE {}", database.name));
        database
    }

    pub fn url(&self) -> String {
        let (place, _) = self.server.rsplit_once('/').expect("a URL with a database");
        format!("{place}/{}", self.name)
    }

    /// Host and port.
    pub fn place(&self) -> (String, u16) {
        let place = self.server.rsplit('@').next().and_then(|rest| rest.split('/').next()).expect("a host");
        let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
        (host.to_owned(), port.parse().expect("a port"))
    }

    /// The same database, seen through another port of this machine.
    pub fn url_through(&self, port: u16) -> String {
        let (host, own) = self.place();
        self.url().replace(&format!("{host}:{own}"), &format!("127.0.0.1:{port}"))
    }

    fn on_server(&self, statement: &str) {
        self.with(&self.server, async |connection| {
            sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.map(drop)
        });
    }

    fn with<T>(&self, url: &str, act: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>) -> T {
        let done = self.runtime.block_on(async {
            let mut connection = PgConnection::connect(url).await?;
            let done = act(&mut connection).await;
            connection.close().await?;
            done
        });
        done.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs statements.
    pub fn sql(&self, statements: &str) {
        self.with(&self.url(), async |connection| {
            sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await.map(drop)
        });
    }

    /// The first column of what a query gives, as text.
    pub fn column(&self, query: &str) -> Vec<String> {
        let query = format!("SELECT coalesce(value::text, '') FROM ({query}) AS answer (value)");
        self.with(&self.url(), async |connection| sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(connection).await)
    }

    /// The one number that a query gives.
    pub fn number(&self, query: &str) -> i64 {
        self.column(query)[0].parse().unwrap_or_else(|error| panic!("{error}: {query}"))
    }
}

impl Database {
    /// The number that the last of several statements gives, run in one session.
    pub fn last_number(&self, statements: &str) -> i64 {
        self.with(&self.url(), async |connection| {
            let rows = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).fetch_all(connection).await?;
            rows.last().expect("a row").try_get(0)
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// A repository with an index, and its mirror.
pub struct Mirrored {
    pub folder: TempDir,
    pub snapshot: Arc<Snapshot>,
    pub mirror: Postgres,
}

impl Mirrored {
    /// So many files, not synced yet.
    pub fn new(url: &str, files: usize) -> Self {
        Self::named(url, files, origin("default", "repository"))
    }

    pub fn named(url: &str, files: usize, origin: Origin) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        fill(&folder.path().join("repository"), files);
        let mirror = Postgres::new(url, origin).expect("an address");
        let snapshot = committed(&folder);
        Mirrored { folder, snapshot, mirror }
    }

    pub fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("repository")
    }

    /// Indexes the files as they are now.
    pub fn index(&mut self) {
        self.snapshot = committed(&self.folder);
    }

    pub fn sync(&self) -> mirror::Synced {
        self.mirror.sync(&self.snapshot, &SyncOptions::default()).expect("sync")
    }

    /// Nothing lost, nothing doubled, nothing left behind.
    #[track_caller]
    pub fn assert_clean(&self, database: &Database) {
        let verified = self.mirror.verify(&self.snapshot).expect("verify");
        assert_eq!(verified.differences, [], "the mirror differs");
        assert_eq!(verified.generation, Some(self.snapshot.manifest.generation));
        assert_eq!(verified.checked, self.snapshot.manifest.counts.files);
        assert_eq!(
            database.number("SELECT count(*) FROM cogo.documents WHERE NOT visible"),
            0,
            "invisible rows are left"
        );
        assert_eq!(
            database.number("SELECT count(*) FROM cogo.documents GROUP BY repository_id, path ORDER BY 1 DESC LIMIT 1"),
            1,
            "a file is there twice"
        );
    }
}

fn committed(folder: &TempDir) -> Arc<Snapshot> {
    // Files younger than a tick of the clock are read again, whatever their stamps say.
    index(&folder.path().join("repository"), &Store::new(folder.path().join("repository/.cogo"))).0
}

pub fn origin(tenant: &str, repository: &str) -> Origin {
    Origin { tenant: tenant.into(), repository: repository.into() }
}
