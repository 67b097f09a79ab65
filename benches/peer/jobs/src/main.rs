//! Durable jobs against a peer, in the same run and in turns: cogo's stores and those of apalis.
//!
//! `cargo run --release` in this folder. PostgreSQL takes part if `COGO_BENCH_DATABASE_URL` says where a server is, as a role that may create
//! databases: every measurement has a new one. `-- ROUNDS JOBS` says how much; 3 and 10000 if it does not.

mod apalis_jobs;
#[path = "../../../../agents/benches/jobs/measure.rs"]
mod measure;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let (rounds, jobs) = (arguments.next().unwrap_or(3), arguments.next().unwrap_or(10_000));
    println!("{}", measure::HEAD);
    for _ in 0..rounds {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        println!("{}", measure::cogo(&file("cogo.db"), jobs).await);
        println!("{}", apalis_jobs::sqlite(&file("apalis.db"), jobs).await);
    }
    let Ok(server) = std::env::var("COGO_BENCH_DATABASE_URL") else {
        eprintln!("skipped: COGO_BENCH_DATABASE_URL does not say where a PostgreSQL server is");
        return;
    };
    for _ in 0..rounds {
        let url = new_database(&server, "cogo_bench").await;
        println!("{}", measure::cogo(&url, jobs).await);
        let url = new_database(&server, "apalis_bench").await;
        println!("{}", apalis_jobs::postgres(&url, jobs).await);
    }
}

/// An empty database; one of that name is dropped.
async fn new_database(server: &str, name: &str) -> String {
    let mut connection = PgConnection::connect(server).await.expect("a server");
    for statement in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.expect("SQL");
    }
    let (place, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{place}/{name}")
}
