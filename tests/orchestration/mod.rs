//! Goals in plain words, English and Korean, through the orchestrator: this repository's own sources, real jobs in a real store.

mod goals;
mod scenarios;
mod source_double;
mod sources;
mod workflows;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use agents::artifact::Artifacts;
use agents::job::{Job, JobId, NewJob, Status};
use agents::store::{self, Filter, Store};
use agents::worker::{Timing, Until, Worker};
use cogo::agent::{self, AGENTS, Configs, Setup};
use cogo::config::AgentsConfig;
use serde_json::{Value, json};

/// A copy of a part of this repository, and a store for jobs.
struct World {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    configs: Configs,
    setup: Setup,
}

impl World {
    async fn new(settings: AgentsConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("jobs.db");
        let store = store::open(store.to_str().expect("UTF-8")).await.expect("a store");
        std::fs::create_dir(folder.path().join("repository")).expect("a folder");
        let configs = Configs::load(&settings).expect("settings");
        let setup = Setup::new(&settings, configs.clone()).expect("a set-up");
        World { folder, store, configs, setup }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Copies the sources there.
    fn with_sources(self) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in goals::FOLDERS {
            let to = self.root().join(name);
            std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
            let copied = Command::new("cp").arg("-r").args([here.join(name), to]).status().expect("cp runs");
            assert!(copied.success());
        }
        self
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.root().join(path), text).expect("write");
    }

    /// A job that is not submitted yet, or why there can be none.
    fn prepare(&self, kind: &str, mut inputs: Value) -> Result<NewJob, String> {
        inputs["path"] = self.root().to_str().expect("UTF-8").into();
        agent::job(agent::agent(kind).expect("a type of job"), inputs, &self.configs)
    }

    async fn submit(&self, kind: &str, inputs: Value) -> JobId {
        let job = self.prepare(kind, inputs).expect("inputs");
        self.store.enqueue(&job).await.expect("enqueued").id()
    }

    fn worker(&self) -> Worker {
        let artifacts =
            Artifacts::open(self.folder.path().join("artifacts").to_str().expect("UTF-8")).expect("a place");
        let timing = Timing { poll: Duration::from_millis(200), ..Timing::default() };
        let handlers = AGENTS.iter().map(|agent| (agent.handler)(&self.setup));
        Worker::new(self.store.clone())
            .with_all(handlers)
            .with_artifacts(artifacts)
            .with_timing(timing)
            .with_concurrency(4)
    }

    /// Works until nothing is left to do.
    async fn work(&self) {
        self.worker().until(Until::Idle).run(std::future::pending()).await.expect("it works");
    }

    async fn job(&self, id: JobId) -> Job {
        self.store.job(id).await.expect("read").expect("a job")
    }

    async fn parts(&self, id: JobId) -> Vec<Job> {
        let filter = Filter { parent: Some(id), most: 100, ..Filter::default() };
        self.store.jobs(&filter).await.expect("read")
    }
}

/// A folder with these files, and settings that name it.
fn settings(files: &[(&str, String)]) -> (tempfile::TempDir, AgentsConfig) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("write");
    }
    let configs = Some(folder.path().to_owned());
    (folder, AgentsConfig { configs, ..AgentsConfig::default() })
}

fn allowing(commands: &[&str]) -> AgentsConfig {
    AgentsConfig { allow: commands.iter().map(|command| (*command).to_owned()).collect(), ..AgentsConfig::default() }
}

#[tokio::test]
async fn what_fails_is_planned_again() {
    let world = World::new(AgentsConfig::default()).await;
    world.write("shop.py", "def checkout(basket):\n    \"\"\"Pays for a basket.\"\"\"\n    return basket.pay()\n");
    // Nothing is called so, but a search finds what is alike.
    let id = world.submit("orchestrate", json!({ "goal": "what breaks if I change check_out_basket?" })).await;
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.error);
    let result = job.result.expect("a result");
    assert_eq!(result["reasons"].as_array().map(Vec::len), Some(2), "{result}");
    assert_eq!(result["result"]["impact"]["changed"][0]["name"], "checkout", "{result}");
    let parts = world.parts(id).await;
    assert!(parts.iter().any(|part| part.kind == "impact" && part.status == Status::Failed));
    assert!(parts.iter().all(|part| part.trace_id == job.trace_id));
}

#[tokio::test]
async fn the_parts_of_a_goal_that_are_reached_are_kept() {
    let world = World::new(AgentsConfig::default()).await;
    // What looks like a reference in the sources is none in the next plan.
    world.write(
        "shop.py",
        "def checkout(basket):\n    \"\"\"Pays ${part2_impact/x} for a basket.\"\"\"\n    return basket.pay()\n",
    );
    let goal = "explain `checkout` and tell me what breaks if I change check_out_basket";
    let id = world.submit("orchestrate", json!({ "goal": goal })).await;
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.error);
    let result = job.result.expect("a result");
    assert_eq!(result["reasons"].as_array().map(Vec::len), Some(2), "the second part was planned again: {result}");
    let parts = &result["result"]["parts"];
    assert_eq!(parts[0]["goal"], "explain `checkout`");
    assert!(parts[0]["result"]["text"].to_string().contains("Pays ${part2_impact/x} for a basket."), "{parts}");
    assert_eq!(parts[1]["result"]["impact"]["changed"][0]["name"], "checkout", "{parts}");
    let kinds: Vec<String> = world.parts(id).await.into_iter().map(|part| part.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "research").count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn a_goal_that_cannot_be_reached_says_why() {
    let world = World::new(AgentsConfig::default()).await;
    world.write("Makefile", "test:\n\ttrue\n");
    let id = world.submit("orchestrate", json!({ "goal": "run the tests" })).await;
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Failed);
    let error = job.error.expect("a reason");
    assert!(error.contains("`make test` is not allowed"), "{error}");
}

#[tokio::test]
async fn commands_run_once_and_are_undone_when_they_fail() {
    let world = World::new(allowing(&["sh -c", "rm"])).await;
    let run = json!(["sh", "-c", "echo x >> ran; touch half; echo out; exit 3"]);
    let id = world.submit("command", json!({ "run": run, "undo": ["rm", "half"] })).await;
    world.work().await;
    let job = world.job(id).await;
    let result = job.result.expect("a result");
    assert_eq!((&result["passed"], &result["ran"]["exit_code"]), (&json!(false), &json!(3)), "{result}");
    assert_eq!(result["undone"]["exit_code"], 0);
    assert!(!world.root().join("half").exists(), "it was undone");
    assert_eq!(std::fs::read_to_string(world.root().join("ran")).expect("it ran"), "x\n");
    assert!(job.artifacts.contains(&"run/stdout.txt".to_owned()), "{:?}", job.artifacts);
    let events = world.store.events(&id.stream(), 0, 100).await.expect("read");
    assert!(events.iter().any(|event| event.kind.contains("call_succeeded")), "{events:?}");
}

#[tokio::test]
async fn workflows_are_data() {
    let world = World::new(allowing(&["sh -c"])).await;
    world.write("shop.py", "def checkout(basket):\n    \"\"\"Pays for a basket.\"\"\"\n    return basket.pay()\n");
    let plan = json!({ "goal": "look, ask, and act", "steps": [
        { "id": "find", "tool": { "name": "search", "input": { "path": "${input/path}", "query": "pay" } }, "accept": [{ "not_empty": { "at": "/hits" } }] },
        { "id": "way", "route": { "on": "${find/hits/0/path}", "cases": { "shop.py": ["ask"] }, "otherwise": ["give_up"] } },
        { "id": "ask", "approval": { "question": "Run it for ${find/hits/0/path}?" } },
        { "id": "give_up", "wait": { "seconds": 0 } },
        { "id": "act", "tool": { "name": "command", "input": { "path": "${input/path}", "run": ["sh", "-c", "echo ${find/hits/0/path}"] } }, "after": ["ask"] },
        { "id": "each", "map": { "over": ["checkout", "nobody"], "tool": "explain", "input": { "path": "${input/path}", "symbol": "${item}" } } }
    ], "result": { "said": "${act/ran/stdout}", "each": "${each}" } });
    let id = world.submit("orchestrate", json!({ "plan": plan })).await;
    world.work().await;
    assert_eq!(world.job(id).await.status, Status::Blocked, "it waits for a human");
    let approval = world.parts(id).await.into_iter().find(|part| part.kind == "approval").expect("a question");
    assert_eq!(approval.payload["question"], "Run it for shop.py?");
    agents::orchestrate::answer(&*world.store, approval.id, true, "the tester").await.expect("answered");
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.error);
    let result = job.result.expect("a result");
    assert_eq!(result["result"]["said"], "shop.py\n");
    assert_eq!(
        (&result["result"]["each"]["failed"], &result["steps"]["give_up"]),
        (&json!(1), &json!("skipped")),
        "{result}"
    );
    // A plan that makes no sense is refused where it is made.
    let circle = json!({ "goal": "g", "steps": [{ "id": "a", "wait": { "seconds": 0 }, "after": ["a"] }] });
    let refused = world.prepare("orchestrate", json!({ "plan": circle }));
    assert!(refused.is_err_and(|reason| reason.contains("wait for each other")));
}

#[tokio::test]
async fn an_orchestrator_goes_on_where_another_stopped() {
    let world = World::new(AgentsConfig::default()).await;
    world.write("shop.py", "def checkout(basket):\n    \"\"\"Pays for a basket.\"\"\"\n    return basket.pay()\n");
    let id = world.submit("orchestrate", json!({ "goal": "explain checkout" })).await;
    // One job at a time, each by another worker.
    for _ in 0..40 {
        if world.job(id).await.status.is_over() {
            break;
        }
        let one = world.worker().with_concurrency(1);
        drop(tokio::time::timeout(Duration::from_millis(150), one.run(std::future::pending())).await);
        world.store.reap().await.expect("reaped");
    }
    world.work().await;
    let job = world.job(id).await;
    assert_eq!(job.status, Status::Succeeded, "{:?}", job.error);
    let parts = world.parts(id).await;
    let keys: std::collections::BTreeSet<_> = parts.iter().map(|part| part.idempotency_key.clone()).collect();
    assert_eq!(keys.len(), parts.len(), "no step was enqueued twice");
}

#[tokio::test]
async fn nothing_is_done_without_a_goal() {
    let world = World::new(AgentsConfig::default()).await;
    let agent = agent::agent("orchestrate").expect("a type of job");
    assert!(world.prepare("orchestrate", json!({ "goal": "  " })).is_err());
    assert!(agent::job(agent, json!({ "path": "/nowhere/at/all", "goal": "x" }), &world.configs).is_err());
    // Whoever writes to the store past all checks gets a failed job, not a stuck worker.
    let raw = NewJob::new("orchestrate", json!({ "nonsense": 1 }));
    let id = world.store.enqueue(&raw).await.expect("enqueued").id();
    world.work().await;
    assert_eq!(world.job(id).await.status, Status::Failed);
}
