//! How many jobs per second a store takes, gives out and ends, and how soon a waiting worker begins.
//!
//! `cargo bench -p agents --bench jobs` measures SQLite, and PostgreSQL if `COGO_BENCH_DATABASE_URL` says where an empty database is.

mod measure;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let jobs = if std::env::args().any(|argument| argument == "--bench") { 20_000 } else { 50 };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let file = format!("sqlite:{}", folder.path().join("jobs.db").display());
        println!("{}", measure::HEAD);
        println!("{}", measure::cogo(&file, jobs).await);
        match std::env::var("COGO_BENCH_DATABASE_URL") {
            Ok(url) => println!("{}", measure::cogo(&url, jobs).await),
            Err(_) => eprintln!("skipped: COGO_BENCH_DATABASE_URL does not say where a PostgreSQL server is"),
        }
    });
}
