//! What goes wrong, who is told, and with which exit code.

use cogo::{Engine, EngineOptions};

use super::Repository;

#[test]
fn the_callers_faults_are_code_2() {
    let repository = Repository::new();
    for args in [
        &["search"][..],
        &["search", ""],
        &["search", "x", "missing"],
        &["search", "x", "--lang", "klingon"],
        &["search", "x", "--kind", "klingon"],
        &["search", "x", "--mode", "klingon"],
        &["search", "x", "--path", "[", "--no-refresh"],
        &["search", "x", "--no-refresh"],
        &["search", "--batch", "--format", "text"],
        &["search", "x", "-k", "100000"],
        &["index", "missing"],
        &["index", "src/retry.rs"],
        &["status"],
        &["klingon"],
    ] {
        let run = repository.cogo(args).expect(2);
        assert!(run.err.contains("error:") && run.out.is_empty(), "{args:?}: {run:?}");
        // The next one must not find the index that this one has made.
        let _ = std::fs::remove_dir_all(repository.path(".cogo"));
    }
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let repository = Repository::new();
    for args in [&["search", "x", "missing", "--format", "json"][..], &["search", "x", "--klingon", "--format=jsonl"]] {
        let run = repository.cogo(args).expect(2);
        let error: serde_json::Value = serde_json::from_str(&run.err).unwrap_or_else(|_| panic!("{run:?}"));
        assert_eq!(error["error"]["fault"], "caller");
        assert!(error["error"]["message"].is_string() && error["error"].get("hint").is_some(), "{run:?}");
        assert_eq!(run.out, "");
    }
}

#[test]
fn typing_errors_get_a_suggestion() {
    let repository = Repository::new();
    let hint = |args: &[&str]| repository.cogo(args).expect(2).err;
    assert!(hint(&["search", "x", "--lang", "pyton"]).contains("did you mean `python`?"));
    assert!(hint(&["search", "x", "--kind", "functoin"]).contains("did you mean `function`?"));
    assert!(hint(&["serach", "x"]).contains("search"));
}

#[test]
fn a_locked_index_answers_from_its_last_generation() {
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    repository.write("src/new.rs", "fn brand_new() {}\n");
    let engine = Engine::new(&repository.root(), EngineOptions::default());
    let lock = engine.store().lock(false).expect("nobody else writes");
    let run = repository.cogo(["search", "retry request", "--format", "json"]).expect(0);
    assert!(run.err.contains("another process is writing"), "{run:?}");
    assert_eq!(run.json()[0]["path"], "src/retry.rs");
    let run = repository.cogo_index([] as [&str; 0]).expect(3);
    assert!(run.err.contains("hint: wait for it, or pass `--wait`"), "{run:?}");
    assert_eq!(repository.cogo(["status", "--format", "json"]).expect(0).json()["locked"], true);
    drop(lock);
    assert!(repository.search(&["brand new"]).contains(&"src/new.rs".to_owned()));
}

#[test]
fn a_first_search_waits_for_the_first_index() {
    let repository = Repository::new();
    let engine = Engine::new(&repository.root(), EngineOptions::default());
    let lock = engine.store().lock(false).expect("nobody else writes");
    let run = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| repository.cogo(["search", "retry"]));
        std::thread::sleep(std::time::Duration::from_millis(200));
        drop(lock);
        waiting.join().expect("no panic")
    });
    assert!(run.expect(0).err.contains("waiting for it"));
}

#[test]
fn wait_waits_for_the_lock() {
    let repository = Repository::new();
    let engine = Engine::new(&repository.root(), EngineOptions::default());
    let lock = engine.store().lock(false).expect("nobody else writes");
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| repository.cogo_index(["--wait"]));
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(!waiting.is_finished());
        drop(lock);
        waiting.join().expect("no panic")
    });
    waiting.expect(0);
}

#[test]
fn a_damaged_index_is_named_and_healed_by_the_next_run() {
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    let generation = repository.path(".cogo/gen-000001");
    let entries = std::fs::read_dir(generation).expect("there");
    let segment = entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "seg"));
    let segment = segment.expect("a segment");
    let mut bytes = std::fs::read(&segment).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&segment, bytes).expect("write");

    let doctor = repository.cogo(["doctor"]).expect(3);
    assert!(doctor.out.contains("damaged") || doctor.out.contains("checksum"), "{doctor:?}");
    let run = repository.cogo(["search", "retry", "--no-refresh"]);
    if run.code != 0 {
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.err.contains("is damaged") && run.err.contains("hint: run `cogo-index --rebuild`"), "{run:?}");
    }
    let run = repository.cogo(["search", "retry"]).expect(0);
    assert!(run.err.contains("the index was written anew") || doctor.out.contains("text of"), "{run:?}");
    repository.cogo_index(["--rebuild"]).expect(0);
    repository.cogo(["doctor"]).expect(0);
}

#[test]
fn a_pointer_that_is_rubbish_is_named_and_healed() {
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    std::fs::write(repository.path(".cogo/CURRENT"), "rubbish\n").expect("write");
    let run = repository.cogo(["search", "retry", "--no-refresh"]).expect(3);
    assert!(run.err.contains("is damaged") && run.err.contains("--rebuild"), "{run:?}");
    repository.cogo_index([] as [&str; 0]).expect(0);
    repository.cogo(["search", "retry", "--no-refresh"]).expect(0);
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::Stdio;
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    for args in [&["search", "retry"][..], &["languages"], &["completions", "bash"], &["help", "search"]] {
        let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
        let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it is built");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
