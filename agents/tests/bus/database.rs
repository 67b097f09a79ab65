//! A database of its own for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Where the server is: `postgres://user@host:port/database` of a role that may create databases.
const SERVER: &str = "COGO_TEST_DATABASE_URL";

/// A new database. It is dropped with [`Database::drop`]; a test that fails leaves it to the server, which is removed with its data.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// `None` if there is no server.
    pub async fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(SERVER) else {
            eprintln!("skipped: {SERVER} does not say where a PostgreSQL server is");
            return None;
        };
        let name = format!("cogo_bus_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Database { server, name };
        database.on_server(format!("CREATE DATABASE {}", database.name)).await;
        Some(database)
    }

    pub fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').expect("a database at the end of the URL");
        format!("{base}/{}", self.name)
    }

    /// Ends all connections to it, as a restart does.
    pub async fn cut(&self) {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
        self.on_server(format!("{kill}'{}'", self.name)).await;
    }

    pub async fn drop(self) {
        self.on_server(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    async fn on_server(&self, sql: String) {
        let mut connection = PgConnection::connect(&self.server).await.expect("the server is there");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("it may do that");
        connection.close().await.expect("it closes");
    }
}
