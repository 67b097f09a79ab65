//! What scripts rely on: fields, order, exit codes.

use super::{Repository, run, string, text};

const FIELDS: [&str; 8] = ["path", "start_line", "end_line", "score", "symbol", "kind", "language", "snippet"];

#[test]
fn a_hit_has_exactly_the_promised_fields() {
    let repository = Repository::new();
    let run = repository.cogo(["search", "retry request", "--format", "json"]).expect(0);
    let hits = run.json();
    let hit = hits[0].as_object().expect("an object");
    // In the order that the README gives, where the JSON library keeps it.
    let (mut fields, mut found) = (FIELDS, hit.keys().map(String::as_str).collect::<Vec<_>>());
    fields.sort();
    found.sort();
    assert_eq!(found, fields);
    assert_eq!(hit["path"], "src/retry.rs");
    assert_eq!(hit["symbol"], "retry_request");
    assert_eq!(hit["kind"], "function");
    assert_eq!(hit["language"], "rust");
    assert_eq!(hit["start_line"], 1);
    assert!(hit["end_line"].as_u64() >= Some(3));
    assert!(hit["score"].is_f64());
    assert!(text(&hit["snippet"]).contains("pub fn retry_request"));
}

#[test]
fn fields_come_in_a_fixed_order() {
    let repository = Repository::new();
    let run = repository.cogo(["search", "retry", "--format", "jsonl"]).expect(0);
    let line = run.out.lines().next().expect("a hit");
    let places: Vec<usize> = FIELDS.iter().map(|field| line.find(&format!("\"{field}\":")).expect("there")).collect();
    assert!(places.is_sorted(), "{line}");
}

#[test]
fn nothing_found_is_an_empty_array_and_code_1() {
    let repository = Repository::new();
    let run = repository.cogo(["search", "zzyzx", "--mode", "symbol", "--format", "json"]).expect(1);
    assert_eq!(run.out, "[]\n");
}

#[test]
fn explain_adds_terms_that_sum_up_to_the_score() {
    let repository = Repository::new();
    let run = repository.cogo(["search", "token bucket", "--explain", "--format", "json"]).expect(0);
    let hit = &run.json()[0];
    let terms = hit["terms"].as_array().expect("terms").iter();
    let sum: f64 = terms.map(|term| term["contribution"].as_f64().expect("a number")).sum();
    assert!((sum - hit["score"].as_f64().expect("a number")).abs() < 1e-3, "{hit}");
}

#[test]
fn limit_is_kept() {
    let repository = Repository::new();
    assert_eq!(repository.search(&["request", "-k", "1"]).len(), 1);
    assert!(repository.search(&["request", "-k", "50"]).len() > 1);
}

#[test]
fn text_shows_place_symbol_and_lines() {
    let repository = Repository::new();
    let run = repository.cogo(["search", "retry request"]).expect(0);
    assert!(run.out.starts_with(" 1. src/retry.rs:1-"), "{}", run.out);
    assert!(run.out.contains("retry_request (function)"), "{}", run.out);
    assert!(run.out.contains("   2 │ pub fn retry_request"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "no colours without a terminal");
}

#[test]
fn escape_codes_of_a_repository_do_not_reach_the_terminal() {
    let repository = Repository::empty();
    repository.write("evil.rs", "// beware \u{1b}[2J of retry\nfn retry() {}\n");
    let run = repository.cogo(["search", "beware retry"]).expect(0);
    assert!(run.out.contains("beware") && !run.out.contains('\u{1b}'), "{:?}", run.out);
}

#[test]
fn batch_answers_line_by_line() {
    let repository = Repository::new();
    let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
    let root = repository.root();
    command.args(["search", "--batch", string(&root), "--format", "jsonl", "-k", "2"]);
    let lines = run(&mut command, "retry request\n\ntoken bucket\r\n").expect(0).json_lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["query"], "retry request");
    assert_eq!(lines[0]["hits"][0]["path"], "src/retry.rs");
    assert!(lines[0]["elapsed_us"].is_u64() && lines[0].get("error").is_none());
    assert_eq!(lines[1]["hits"], serde_json::json!([]));
    assert!(text(&lines[1]["error"]).contains("empty"));
    assert_eq!(lines[2]["query"], "token bucket");
    assert_eq!(lines[2]["hits"][0]["path"], "src/token_bucket.py");
    assert!(lines.iter().all(|line| line["hits"].as_array().is_some_and(|hits| hits.len() <= 2)));
}

#[test]
fn batch_answers_before_the_next_question() {
    use std::io::{BufRead, BufReader, Write};
    let repository = Repository::new();
    let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
    command.args(["search", "--batch"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it is built");
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    for query in ["retry", "bucket"] {
        writeln!(input, "{query}").expect("it listens");
        let mut line = String::new();
        output.read_line(&mut line).expect("it answers");
        assert!(line.contains(&format!("\"query\":\"{query}\"")), "{line}");
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn related_code_leaves_the_file_itself_out() {
    let repository = Repository::new();
    for command in ["find-related", "related"] {
        let run = repository.cogo([command, "src/retry.rs:2", "--format", "json"]).expect(0);
        let hits = run.json();
        let paths: Vec<String> = hits.as_array().expect("an array").iter().map(|hit| text(&hit["path"])).collect();
        assert!(!paths.is_empty() && !paths.contains(&"src/retry.rs".to_owned()), "{paths:?}");
    }
    repository.cogo(["related", "src/retry.rs"]).expect(2);
    repository.cogo(["related", "src/retry.rs:900"]).expect(2);
}

#[test]
fn languages_and_completions_are_printed() {
    let repository = Repository::empty();
    let languages = repository.cogo(["languages", "--format", "json"]).expect(0).json();
    let rust = languages.as_array().expect("an array").iter().find(|language| language["name"] == "rust");
    assert_eq!(rust.expect("rust is known")["extensions"][0], "rs");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(repository.cogo(["completions", shell]).expect(0).out.contains("find-related"), "{shell}");
        let run = repository.cogo(["completions", shell, "--command", "cogo-index"]).expect(0);
        assert!(run.out.contains("include-vendored"), "{shell}");
    }
}

#[test]
fn help_has_examples_and_exit_codes() {
    let repository = Repository::empty();
    for command in ["index", "search", "find-related", "status", "doctor", "completions", "languages"] {
        let help = repository.cogo([command, "--help"]).expect(0).out;
        assert!(help.contains("Example"), "{command}: {help}");
    }
    for args in [&["help", "exit-codes"][..], &["exit-codes"]] {
        assert!(repository.cogo(args).expect(0).out.contains("1  a search found nothing"));
    }
}
