//! How many goals in plain words are reached, and how soon: each through the orchestrator, with all its jobs, on a store in a file.

#[path = "../tests/orchestration/goals.rs"]
mod goals;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use agents::artifact::Artifacts;
use agents::job::Status;
use agents::store;
use agents::worker::{Timing, Until, Worker};
use cogo::agent::{self, AGENTS, Configs, Setup};
use cogo::config::AgentsConfig;
use serde_json::json;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("repository");
    for name in goals::FOLDERS {
        let to = root.join(name);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        assert!(Command::new("cp").arg("-r").args([from, to]).status().expect("cp runs").success());
    }
    std::fs::write(root.join("Makefile"), "test:\n\ttrue\n").expect("write");
    let settings = AgentsConfig { allow: vec!["make test".into()], ..AgentsConfig::default() };
    let configs = Configs::load(&settings).expect("they are part of the program");
    let setup = Setup::new(&settings, configs.clone()).expect("a set-up");
    let store = store::open(folder.path().join("jobs.db").to_str().expect("UTF-8")).await.expect("a store");
    let artifacts = Artifacts::open(folder.path().join("artifacts").to_str().expect("UTF-8")).expect("a place");
    let orchestrate = agent::agent("orchestrate").expect("a type of job");
    let (mut times, mut missed) = (Vec::new(), Vec::new());
    for (goal, wanted) in goals::SCENARIOS {
        let begun = Instant::now();
        let job = agent::job(orchestrate, json!({ "path": root, "goal": goal }), &configs).expect("inputs");
        let id = store.enqueue(&job).await.expect("enqueued").id();
        let worker = Worker::new(store.clone())
            .with_all(AGENTS.iter().map(|agent| (agent.handler)(&setup)))
            .with_artifacts(artifacts.clone())
            .with_timing(Timing { poll: Duration::from_millis(200), ..Timing::default() })
            .with_concurrency(4);
        worker.until(Until::Over(id)).run(std::future::pending()).await.expect("it works");
        times.push(begun.elapsed());
        let job = store.job(id).await.expect("read").expect("a job");
        let result = job.result.map(|result| result["result"].to_string()).unwrap_or_default();
        if job.status != Status::Succeeded || !wanted.iter().all(|text| result.contains(text)) {
            missed.push(goal);
        }
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{} of {} goals reached", times.len() - missed.len(), times.len());
    println!("p50 {:?}, p95 {:?}, longest {:?} (the first one indexes)", at(50), at(95), at(100));
    for goal in missed {
        println!("missed: {goal}");
    }
}
