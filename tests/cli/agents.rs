//! `cogo agent`: jobs that are submitted, worked on, followed and cared for.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Repository, Run, run, text};

impl Repository {
    /// `cogo agent …`, with data that only this test has.
    fn agent_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_cogo"));
        command.env("XDG_DATA_HOME", self.folder.path().join("data")).arg("agent").args(args);
        command
    }

    fn agent(&self, args: &[&str]) -> Run {
        run(&mut self.agent_command(args), "")
    }

    fn submit(&self, args: &[&str]) -> String {
        self.agent(&[&["submit"], args].concat()).expect(0).out.trim().to_owned()
    }

    fn job(&self, id: &str) -> Value {
        self.agent(&["status", id, "--format", "json"]).expect(0).json()
    }
}

#[test]
fn a_job_is_run_at_once() {
    let repository = Repository::new();
    let ran = repository.agent(&["run", "index", "--format", "json"]).expect(0).json();
    assert_eq!((&ran["status"], &ran["result"]["index"]["files"]), (&json!("succeeded"), &json!(3)));
    assert_eq!(ran["artifacts"], json!(["report.json"]));
    let job = repository.job(&text(&ran["id"]));
    let report = text(&job["artifacts"][0]["uri"]);
    let report = std::fs::read_to_string(report.strip_prefix("file://").expect("a file")).expect("it is there");
    assert_eq!(serde_json::from_str::<Value>(&report).expect("JSON")["indexed"], 3);
    let found = repository.agent(&["run", "search", "query=token bucket", "limit=1"]).expect(0);
    assert!(found.out.contains("src/token_bucket.py") && found.err.contains("search_started"), "{found:?}");
}

#[test]
fn a_job_waits_for_a_worker() {
    let repository = Repository::new();
    assert!(repository.agent(&["status"]).expect(0).out.contains("no jobs in"));
    let first = repository.submit(&["index", "--key", "today"]);
    let again = repository.agent(&["submit", "index", "--key", "today"]).expect(0);
    assert_eq!(again.out.trim(), first);
    assert!(again.err.contains("has a job already"), "{again:?}");
    let conflict = repository.agent(&["submit", "index", "rebuild=true", "--key", "today"]).expect(2);
    assert!(conflict.err.contains("another payload"), "{conflict:?}");
    let second = repository.submit(&["search", "query=retry", "--after", &first]);
    assert_eq!(repository.job(&second)["status"], "blocked");
    let worked = repository.agent(&["worker", "--drain", "--format", "json"]).expect(0).json();
    assert_eq!(worked, json!({ "attempts": 2, "recorded": 2, "lost": 0 }));
    for id in [&first, &second] {
        assert_eq!(repository.job(id)["status"], "succeeded");
    }
    let events = repository.agent(&["events", &second, "--format", "jsonl"]).expect(0).json_lines();
    let kinds: Vec<String> = events.iter().map(|event| text(&event["kind"])).collect();
    assert_eq!(kinds, ["search_scheduled", "search_released", "search_started", "search_succeeded"]);
    let followed = repository.agent(&["events", &second, "--follow", "--after", "3"]).expect(0);
    assert!(followed.out.contains("search_succeeded") && followed.out.lines().count() == 1, "{followed:?}");
    let listed = repository.agent(&["status", "--kind", "index", "--format", "json"]).expect(0).json();
    assert_eq!(listed["jobs"].as_array().map(Vec::len), Some(1));
    let pruned = repository.agent(&["prune", "--older", "0s", "--format", "json"]).expect(0).json();
    assert_eq!(pruned["jobs"], 2);
}

#[test]
fn a_job_is_stopped_and_begins_again() {
    let repository = Repository::new();
    let id = repository.submit(&["index"]);
    let stopped = repository.agent(&["cancel", &id]).expect(0);
    assert!(stopped.out.contains("is cancelled"), "{stopped:?}");
    repository.agent(&["events", &id, "--follow"]).expect(1);
    assert!(repository.agent(&["requeue", &id]).expect(0).out.contains("begins again"));
    repository.agent(&["worker", "--drain", "--kinds", "index"]).expect(0);
    assert_eq!(repository.job(&id)["status"], "succeeded");
    let over = repository.agent(&["cancel", &id]).expect(2);
    assert!(over.err.contains("is succeeded"), "{over:?}");
}

#[test]
fn what_has_failed_for_good_can_be_looked_at() {
    let repository = Repository::new();
    assert!(repository.agent(&["dlq"]).expect(0).out.contains("is empty"));
    repository.agent(&["requeue", "--all"]).expect(1);
    // What it is to index is gone when it begins, and comes back.
    repository.write("gone/a.py", "x = 1\n");
    let id = repository.submit(&["index", "path=gone", "--attempts", "1"]);
    std::fs::remove_dir_all(repository.path("gone")).expect("removed");
    repository.agent(&["worker", "--drain"]).expect(0);
    let failed = repository.job(&id);
    assert!(["failed", "dead"].contains(&&*text(&failed["status"])), "{failed}");
    assert!(!text(&failed["error"]).is_empty());
    repository.write("gone/a.py", "x = 1\n");
    repository.agent(&["requeue", &id]).expect(0);
    repository.agent(&["worker", "--drain"]).expect(0);
    assert_eq!(repository.job(&id)["status"], "succeeded");
}

#[test]
fn mistakes_are_explained() {
    let repository = Repository::new();
    for (args, code, hint) in [
        (&["submit", "indx"][..], 2, "did you mean `index`?"),
        (&["submit", "index", "path"], 2, "key=value"),
        (&["submit", "index", "path=/no/such/folder"], 2, "/no/such/folder"),
        (&["submit", "index", "speed=9"], 2, "path=FOLDER"),
        (&["submit", "search", "query= "], 2, "must not be empty"),
        (&["status", "0190a0a0-0000-7000-8000-000000000000"], 2, "there is no job"),
        (&["events", "nonsense"], 2, "cogo agent status"),
        (&["status", "--status", "lost"], 2, "queued"),
        (&["status", "--store", "postgres://nobody@127.0.0.1:1/none"], 3, "--store"),
        (&["status", "--store", "mysql://host/db"], 2, "mysql"),
    ] {
        let ran = repository.agent(args).expect(code);
        assert!(ran.err.contains(hint), "{args:?}: {ran:?}");
    }
    let kinds = repository.agent(&["kinds"]).expect(0);
    assert!(kinds.out.contains("index") && kinds.out.contains("query=TEXT"), "{kinds:?}");
}

/// A worker that is killed in the middle loses nothing: another one goes on.
#[test]
fn a_worker_that_is_killed_is_replaced() {
    let repository = Repository::new();
    let start = || -> Child {
        let mut command = repository.agent_command(&["worker", "--jobs", "2"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    };
    let ids: Vec<String> =
        (0..6).map(|number| repository.submit(&["index", "rebuild=true", "--key", &number.to_string()])).collect();
    let mut first = start();
    let begun = Instant::now();
    while repository.agent(&["status", "--status", "running", "--format", "json"]).expect(0).json()["jobs"] == json!([])
    {
        // Where it was too quick to be seen there is nothing to be hit.
        if ids.iter().all(|id| repository.job(id)["status"] == "succeeded") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no job begins");
    }
    first.kill().expect("killed");
    first.wait().expect("it is gone");
    let mut second = start();
    for id in &ids {
        let followed = repository.agent(&["events", id, "--follow", "--format", "jsonl"]).expect(0).json_lines();
        let ends = followed.iter().filter(|event| event["kind"] == "index_succeeded").count();
        assert_eq!(ends, 1, "{followed:?}");
    }
    second.kill().expect("killed");
    second.wait().expect("it is gone");
}

/// Workflows and roles are listed, run, and refused with the file that is wrong.
#[test]
fn workflows_and_roles_are_files() {
    let repository = Repository::new();
    let listed = repository.agent(&["workflows"]).expect(0);
    assert!(listed.out.contains("change-review  ") && listed.out.contains("symbol: a name, a file"), "{listed:?}");
    let roles = repository.agent(&["roles", "--format", "json"]).expect(0).json();
    assert_eq!((&roles[0]["name"], &roles[0]["limits"]["steps"]), (&json!("operator"), &json!(20)));
    let ran = repository.agent(&["run", "orchestrate", "workflow=tour", "--format", "json"]).expect(0).json();
    assert_eq!(ran["result"]["reasons"], json!(["the workflow `tour`"]));
    let missing = repository.agent(&["submit", "orchestrate", "workflow=change-review", "input={}"]).expect(2);
    assert!(missing.err.contains("\"symbol\" is a required property"), "{missing:?}");
    let folder = repository.folder.path().join("settings");
    std::fs::create_dir_all(folder.join("workflows")).expect("a folder");
    std::fs::write(folder.join("workflows/mine.yaml"), "about: mine\nsteps:\n  - { id: a, tool: { name: fly } }\n")
        .expect("write");
    let wrong = |args: &[&str]| run(repository.agent_command(args).env("COGO_AGENTS_CONFIGS", &folder), "").expect(2);
    for args in [&["workflows"][..], &["submit", "index"], &["worker", "--drain"]] {
        let error = wrong(args).err;
        assert!(error.contains("mine.yaml") && error.contains("step `a` needs the tool `fly`"), "{error}");
    }
    // What has nothing to do with it still works.
    run(repository.agent_command(&["status"]).env("COGO_AGENTS_CONFIGS", &folder), "").expect(0);
}
