//! `cogo eval` and `cogo adapt`.

use serde_json::{Value, json};

use super::Repository;

const QUESTIONS: &str = r#"{"query": "how are requests sent again", "relevant": ["src/retry.rs:1-4"], "category": "code"}
{"query": "TokenBucket", "relevant": ["src/token_bucket.py"], "secondary": ["docs/guide.md"], "category": "symbol"}
"#;

fn with_questions() -> Repository {
    let repository = Repository::new();
    // Beside the repository, so that it is not found itself.
    std::fs::write(repository.path("../questions.jsonl"), QUESTIONS).expect("write");
    repository
}

#[test]
fn questions_are_measured_and_runs_compared() {
    let repository = with_questions();
    let out = repository.cogo(["eval", "../questions.jsonl", "--out", "../before.json"]);
    let text = out.expect(0).out;
    for word in ["ndcg@10", "recall@5", "all", "code", "symbol", "hybrid, static-code"] {
        assert!(text.contains(word), "no {word} in {text}");
    }
    let before: Value = serde_json::from_slice(&std::fs::read(repository.path("../before.json")).expect("it is there"))
        .expect("it is JSON");
    assert_eq!(before["answers"][1]["values"]["recall@10"], 1.0, "both places are among ten hits of three files");
    assert_eq!(before["answers"][0]["first"][0], "src/retry.rs:1-4");

    // The same again: nothing has changed, and that is said.
    let again =
        repository.cogo(["eval", "../questions.jsonl", "--baseline", "../before.json", "--format", "json"]).json();
    let change = &again["comparison"]["measures"]["ndcg@10"];
    assert_eq!((change["better"].as_u64(), change["worse"].as_u64()), (Some(0), Some(0)), "{again}");

    // What answered is gone.
    std::fs::remove_file(repository.path("src/retry.rs")).expect("remove");
    std::fs::remove_file(repository.path("src/token_bucket.py")).expect("remove");
    let worse =
        repository.cogo(["eval", "../questions.jsonl", "--baseline", "../before.json", "--out", "../after.json"]);
    worse.expect(1);
    let compared = repository.cogo(["eval", "compare", "../before.json", "../after.json"]);
    let text = compared.expect(1).out;
    assert!(text.contains("most worse:") && text.contains("how are requests sent again"), "{text}");
}

#[test]
fn several_repositories_are_folders() {
    let repository = Repository::empty();
    for name in ["one", "two"] {
        repository.write(&format!("{name}/{name}.py"), &format!("def open_{name}():\n    return '{name}'\n"));
    }
    let line =
        |name: &str| json!({ "repo": name, "query": format!("open_{name}"), "relevant": [format!("{name}.py")] });
    std::fs::write(repository.path("../questions.jsonl"), format!("{}\n{}\n", line("one"), line("two")))
        .expect("write");
    let outcome = repository.cogo(["eval", "../questions.jsonl", ".", "--format", "json"]).json();
    assert_eq!(outcome["by_repository"]["two"]["ndcg@10"]["mean"], 1.0, "{outcome}");
    assert_eq!(outcome["run"]["averaged"], "by_repository");

    std::fs::write(repository.path("../questions.jsonl"), line("three").to_string()).expect("write");
    let absent = repository.cogo(["eval", "../questions.jsonl"]);
    let said = absent.expect(2).err;
    assert!(said.contains("`three`"), "{said}");
}

#[test]
fn wrong_files_are_told_by_line() {
    let repository = with_questions();
    std::fs::write(repository.path("../questions.jsonl"), format!("{QUESTIONS}{{\"query\": 7}}\n")).expect("write");
    let wrong = repository.cogo(["eval", "../questions.jsonl"]);
    let said = wrong.expect(2).err;
    assert!(said.contains("line 3") && said.contains("cogo eval --help"), "{said}");
    repository.cogo(["eval", "compare", "../questions.jsonl", "../questions.jsonl"]).expect(2);
}

/// Tests whose names say what the called file is about, and whose words stand elsewhere, too.
fn tested() -> Repository {
    let repository = Repository::empty();
    let topics = ["cookie", "session", "header", "router", "socket", "cursor", "branch", "ledger", "basket", "ticket"];
    for topic in topics {
        for verb in ["parse", "store", "merge", "close"] {
            repository
                .write(&format!("shop/{topic}_{verb}.py"), &format!("def {verb}_{topic}(value):\n    return value\n"));
            repository.write(
                &format!("tests/test_{topic}_{verb}.py"),
                &format!("from shop.{topic}_{verb} import {verb}_{topic}\n\n\ndef test_{verb}_{topic}_of_customer():\n    assert {verb}_{topic}(1) == 1\n"),
            );
        }
    }
    repository.write("shop/__init__.py", "");
    repository
}

#[test]
fn adapting_keeps_only_what_gains_and_can_be_undone() {
    let repository = tested();
    let dry = repository.cogo(["adapt", "--dry-run", "--format", "json"]).json();
    assert_eq!(dry["outcome"]["made"]["tests"], 40, "{dry}");
    assert_eq!(dry["outcome"]["gain"]["count"], 40, "each question was held out once");
    assert_eq!(dry["kept"], false);
    let file = repository.path(".cogo/ranking.json");
    assert!(!file.exists(), "a dry run keeps nothing");

    let adapted = repository.cogo(["adapt", "--format", "json"]).json();
    let is_gain = adapted["outcome"]["gain"]["low"].as_f64().is_some_and(|low| low > 0.0);
    assert_eq!((adapted["kept"] == true, file.exists()), (is_gain, is_gain), "{adapted}");

    // Weights that are there are used, whoever put them there; broken ones are left out.
    let score = || {
        let hits = repository.cogo(["search", "parse cookie", "--format", "json"]).json();
        hits[0]["score"].as_f64().expect("a score")
    };
    let undone = repository.cogo(["adapt", "--undo", "--format", "json"]).json();
    assert_eq!(undone["removed"], is_gain);
    let usual = score();
    let mut weights = adapted.clone();
    weights["files"] = json!({ "text": 100.0 });
    std::fs::write(&file, weights.to_string()).expect("write");
    assert!(score() > usual + 50.0, "the weight of the text has grown");
    std::fs::write(&file, "{").expect("write");
    assert_eq!(score(), usual);
    assert_eq!(repository.cogo(["adapt", "--undo", "--format", "json"]).json()["removed"], true);
    assert!(!file.exists());
}

#[test]
fn too_few_questions_change_nothing() {
    let repository = Repository::new();
    let out = repository.cogo(["adapt"]);
    let said = out.expect(0).out;
    assert!(said.contains("too few"), "{said}");
    assert!(!repository.path(".cogo/ranking.json").exists());
}
