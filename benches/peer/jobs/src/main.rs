//! Durable jobs against a peer, in the same run and in turns: cogo and apalis, each in an SQLite file.
//!
//! `cargo run --release` in this folder. `-- ROUNDS JOBS` says how much; 3 and 10000 if it does not.

mod apalis_jobs;
#[path = "../../../../agents/benches/jobs/measure.rs"]
mod measure;

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
}
