//! Kills the indexer, at every point that matters and at any other, and looks at what it leaves behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cogo::Error;
use rag_core::Store;
use rag_core::store::crash::POINTS;

use crate::repository::{Answers, Random, answers, expected, fill, index, write_file};

/// A run of `cogo-index` that knows nothing of this user's settings.
fn indexer(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cogo-index"));
    command.arg("--quiet").arg(root).env("HOME", root).env("XDG_CONFIG_HOME", root);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn assert_runs(root: &Path) {
    let output = indexer(root).stderr(Stdio::piped()).output().expect("run cogo-index");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn crash_at(root: &Path, point: &str) {
    let status = indexer(root).env("COGO_CRASH_AT", point).status().expect("run cogo-index");
    assert!(!status.success(), "it did not crash at {point}");
    assert_eq!(status.code(), None, "it ended by itself at {point}: {status}");
}

/// The committed generation and the one before it are all that may lie in the index folder.
fn assert_tidy(store: &Store, what: &str) {
    let current = store.current().expect("a pointer").expect("a generation");
    let names = fs::read_dir(store.folder()).expect("read").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    let generations: Vec<&String> = names.iter().filter(|name| name.starts_with("gen-")).collect();
    assert!(generations.len() <= 2, "{what}: {names:?}");
    assert!(generations.contains(&&format!("gen-{current:06}")), "{what}: {names:?}");
    assert!(!names.contains(&"CURRENT.next".to_owned()), "{what}: {names:?}");
}

#[test]
fn a_crash_of_the_first_run_leaves_nothing_or_everything() {
    for point in POINTS {
        let root = tempfile::tempdir().expect("temp dir");
        fill(root.path(), 12);
        let store = Store::new(root.path().join(".cogo"));
        let all = expected(root.path());
        crash_at(root.path(), point);
        match answers(&store) {
            Ok(found) => {
                assert_eq!(point, "current-renamed", "committed too early");
                assert_eq!(found, all, "{point}");
            }
            Err(Error::NoIndex { .. }) => assert_ne!(point, "current-renamed", "not committed"),
            Err(error) => panic!("{point}: {error}"),
        }
        write_file(root.path(), 3, 1);
        assert_runs(root.path());
        assert_eq!(answers(&store).expect("whole"), expected(root.path()), "{point}");
        assert_tidy(&store, point);
    }
}

#[test]
fn a_crash_of_an_update_leaves_the_old_or_the_new() {
    for point in POINTS {
        let root = tempfile::tempdir().expect("temp dir");
        fill(root.path(), 12);
        let store = Store::new(root.path().join(".cogo"));
        assert_runs(root.path());
        let old = expected(root.path());
        write_file(root.path(), 1, 1);
        write_file(root.path(), 12, 0);
        fs::remove_file(root.path().join("src/file_0.rs")).expect("remove");
        let new = expected(root.path());
        assert_ne!(old, new, "the change can be seen");
        crash_at(root.path(), point);
        let found = answers(&store).expect("whole");
        assert_eq!(found, if point == "current-renamed" { new.clone() } else { old }, "{point}");
        // Twice at the same place: what the first crash left must not be in the way of the second.
        write_file(root.path(), 12, 1);
        crash_at(root.path(), point);
        answers(&store).expect("whole");
        write_file(root.path(), 12, 2);
        assert_runs(root.path());
        assert_eq!(answers(&store).expect("whole"), expected(root.path()), "{point}");
        assert_tidy(&store, point);
    }
}

#[test]
fn a_kill_at_any_time_leaves_the_old_or_the_new() {
    let root = tempfile::tempdir().expect("temp dir");
    let root = root.path();
    let files = 150;
    fill(root, files);
    let store = Store::new(root.join(".cogo"));
    let shadow = tempfile::tempdir().expect("temp dir");
    let shadow = Store::new(shadow.path());
    let mut random = Random(0x5eed);

    // An index that does not exist yet.
    let started = Instant::now();
    assert_runs(root);
    let whole_run = started.elapsed();
    index(root, &shadow);
    let all = answers(&shadow).expect("whole");
    let mut committed = 0;
    for _ in 0..12 {
        // A run that was killed early enough has made none.
        if store.folder().exists() {
            fs::remove_dir_all(store.folder()).expect("remove");
        }
        kill_after(root, random_delay(&mut random, whole_run));
        match answers(&store) {
            Ok(found) => {
                assert_eq!(found, all);
                committed += 1;
            }
            Err(Error::NoIndex { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    println!("first runs of {whole_run:?}: {committed} of 12 had committed");

    // One that does.
    assert_runs(root);
    let mut known: Answers = all;
    let mut update_run = whole_run / 2;
    let mut committed = 0;
    for round in 1..=30 {
        for _ in 0..15 {
            write_file(root, random.below(files), round);
        }
        index(root, &shadow);
        let next = answers(&shadow).expect("whole");
        if round % 10 == 0 {
            let started = Instant::now();
            assert_runs(root);
            update_run = started.elapsed();
        } else {
            kill_after(root, random_delay(&mut random, update_run));
        }
        let found = answers(&store).expect("whole");
        assert!(found == known || found == next, "round {round}: neither the old nor the new");
        committed += usize::from(found == next);
        known = found;
    }
    println!("updates of {update_run:?}: {committed} of 30 had committed");
    assert_runs(root);
    assert_eq!(answers(&store).expect("whole"), answers(&shadow).expect("whole"));
    write_file(root, 0, 1000);
    assert_runs(root);
    assert_tidy(&store, "at the end");
}

/// Anything up to a little longer than a whole run.
fn random_delay(random: &mut Random, run: Duration) -> Duration {
    run.mul_f64(random.below(1100) as f64 / 1000.0)
}

fn kill_after(root: &Path, delay: Duration) {
    let mut child = indexer(root).spawn().expect("start cogo-index");
    std::thread::sleep(delay);
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().expect("wait");
}
