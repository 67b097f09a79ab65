//! What `cogo-index` prints and does.

use super::{Repository, text};

#[test]
fn both_commands_are_one() {
    let repository = Repository::new();
    let report = repository.cogo_index(["--format", "json"]).expect(0).json();
    assert_eq!((&report["files"], &report["indexed"], &report["generation"]), (&3.into(), &3.into(), &1.into()));
    assert_eq!(report["unchanged"], false);
    assert_eq!(report["languages"]["rust"], 1);
    let again = repository.cogo(["index", "--format", "jsonl"]).expect(0);
    assert_eq!(again.out.lines().count(), 1);
    assert_eq!(again.json()["unchanged"], true);
}

#[test]
fn the_report_for_people_is_short_when_nothing_changed() {
    let repository = Repository::new();
    repository.write("package-lock.json", "{}\n");
    let first = repository.cogo_index([] as [&str; 0]).expect(0).out;
    assert!(first.contains("indexed 3 files") && first.contains("rust") && first.contains("generation 1"), "{first}");
    let again = repository.cogo_index([] as [&str; 0]).expect(0).out;
    assert!(again.starts_with("up to date: 3 files, generation 1") && again.lines().count() == 1, "{again}");
    assert_eq!(repository.cogo_index(["--quiet", "--rebuild"]).expect(0).out, "");
}

#[test]
fn long_lists_of_notes_are_cut_for_people_only() {
    let repository = Repository::empty();
    for n in 0..13 {
        std::fs::write(repository.path(&format!("broken{n:02}.py")), b"# caf\xe9 au lait\nx = 1\n").expect("write");
    }
    let run = repository.cogo_index([] as [&str; 0]).expect(0);
    assert_eq!(run.out.matches("UTF-8").count(), 10, "{}", run.out);
    assert!(run.out.contains("… 3 notes more, --format json shows all"), "{}", run.out);
    let report = repository.cogo_index(["--rebuild", "--format", "json"]).expect(0).json();
    assert_eq!(report["notes"].as_array().expect("an array").len(), 13);
    assert_eq!(text(&report["rebuilt"]), "asked for");
}

#[test]
fn options_decide_what_is_indexed() {
    let repository = Repository::new();
    repository.write("third_party/lib.py", "def vendored():\n    pass\n");
    repository.write("src/large.py", &"value = 1\n".repeat(2000));
    let report = repository.cogo_index(["--max-file-size", "10KiB", "--format", "json"]).expect(0).json();
    assert_eq!(report["files"], 3, "{report}");
    assert_eq!(report["skipped_by_reason"]["too-large"], 1);
    assert_eq!(report["skipped_by_reason"]["vendored"], 1);
    let all =
        repository.cogo_index(["--include-vendored", "--chunk-bytes", "400", "--format", "json"]).expect(0).json();
    assert_eq!(all["files"], 5, "{all}");
}

#[test]
fn a_search_keeps_the_limits_of_the_index() {
    let repository = Repository::new();
    repository.cogo_index(["--chunk-bytes", "300"]).expect(0);
    let run = repository.cogo(["search", "retry"]).expect(0);
    assert_eq!(run.err, "", "nothing was written anew");
    let status = repository.cogo(["status", "--format", "json"]).expect(0).json();
    assert_eq!((&status["generation"], &status["chunk_bytes"]), (&1.into(), &300.into()));
}

#[test]
fn a_search_sees_edits_unless_told_not_to() {
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    repository.write("src/fresh.rs", "fn zygomorphic() {}\n");
    std::fs::remove_file(repository.path("src/retry.rs")).expect("remove");
    // A file read within a tick of the clock after its change is read once more by the next run, which commits that.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let symbol = ["zygomorphic", "--mode", "symbol"];
    assert_eq!(repository.search(&["zygomorphic", "--mode", "symbol", "--no-refresh"]), [] as [&str; 0]);
    let pending = repository.cogo(["status", "--format", "json"]).expect(0).json()["pending"].clone();
    assert_eq!(pending, serde_json::json!({ "added": 1, "changed": 0, "removed": 1 }));
    assert_eq!(repository.search(&symbol), ["src/fresh.rs"]);
    assert!(!repository.search(&["retry request"]).contains(&"src/retry.rs".to_owned()));
    let status = repository.cogo(["status", "--format", "json"]).expect(0).json();
    assert_eq!((&status["up_to_date"], &status["generation"]), (&true.into(), &2.into()));
}

#[test]
fn status_and_doctor_speak_to_people() {
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    let status = repository.cogo(["status"]).expect(0).out;
    for word in ["generation", "rust 1", "pending", "none", "free"] {
        assert!(status.contains(word), "{word}: {status}");
    }
    let doctor = repository.cogo(["doctor", "--format", "json"]).expect(0).json();
    assert_eq!(doctor["healthy"], true, "{doctor}");
}
