//! Durable jobs against a peer, in the same run: cogo's stores and those of apalis.
//!
//! `cargo run --release` in this folder. PostgreSQL takes part if `COGO_BENCH_DATABASE_URL` says where an empty database is.

mod apalis_jobs;
#[path = "../../../agents/benches/jobs/measure.rs"]
mod measure;

const JOBS: usize = 20_000;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    println!("{}", measure::HEAD);
    for round in 0..2 {
        println!("{}", measure::cogo(&file(&format!("cogo-{round}.db")), JOBS).await);
        println!("{}", apalis_jobs::sqlite(&file(&format!("apalis-{round}.db")), JOBS).await);
    }
    match std::env::var("COGO_BENCH_DATABASE_URL") {
        Ok(url) => {
            for _ in 0..2 {
                println!("{}", measure::cogo(&url, JOBS).await);
                println!("{}", apalis_jobs::postgres(&url, JOBS).await);
            }
        }
        Err(_) => eprintln!("skipped: COGO_BENCH_DATABASE_URL does not say where a PostgreSQL server is"),
    }
}
