//! Which index answers, and for which part of a tree.

use super::{Repository, string, text};

#[test]
fn a_folder_within_an_index_is_a_filter() {
    let repository = Repository::new();
    repository.cogo_index([] as [&str; 0]).expect(0);
    assert_eq!(repository.search(&["request", "docs"]), ["docs/guide.md"]);
    assert_eq!(repository.search(&["request", "src/retry.rs"]), ["src/retry.rs"]);
    let both = repository.search(&["request", "docs", "src/retry.rs"]);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(!repository.path("docs/.cogo").exists(), "no second index");
}

#[test]
fn an_unindexed_folder_is_indexed_on_the_way() {
    let repository = Repository::new();
    assert_eq!(repository.search(&["request", "src", "-k", "1"]).len(), 1);
    assert!(repository.path("src/.cogo").exists() && !repository.path(".cogo").exists());
    repository.cogo_index([] as [&str; 0]).expect(0);
    // Now both have one; the nearest answers.
    assert_eq!(repository.search(&["retry request", "src"])[0], "retry.rs");
}

#[test]
fn filters_restrict_and_are_relative_to_the_folder() {
    let repository = Repository::new();
    repository.write("src/deep/other.py", "def request_other():\n    pass\n");
    repository.cogo_index([] as [&str; 0]).expect(0);
    assert_eq!(repository.search(&["request", "--path", "*.md"]), ["docs/guide.md"]);
    assert_eq!(repository.search(&["request", "--lang", "rs"]), ["src/retry.rs"]);
    assert_eq!(repository.search(&["request", "--kind", "function", "--lang", "rust"]), ["src/retry.rs"]);
    assert_eq!(repository.search(&["request", "src", "--path", "deep/*.py"]), ["src/deep/other.py"]);
    let mut without = repository.search(&["request", "--path", "!*.py"]);
    without.sort();
    assert_eq!(without, ["docs/guide.md", "src/retry.rs"]);
}

#[test]
fn several_repositories_answer_as_one() {
    let (first, second) = (Repository::new(), Repository::empty());
    second.write("lib/retry.go", "package lib\n\n// RetryRequest sends a request again.\nfunc RetryRequest() {}\n");
    second.write("other/retry.go", "package other\n\n// RetryRequest sends a request twice.\nfunc RetryRequest() {}\n");
    let (a, b) = (first.root(), second.root());
    let run = first.cogo(["search", "retry request", string(&a), string(&b), "--format", "json"]).expect(0);
    let hits = run.json();
    let hits = hits.as_array().expect("an array");
    let place = |hit: &serde_json::Value| (text(&hit["repository"]), text(&hit["path"]));
    let places: Vec<_> = hits.iter().map(place).collect();
    assert!(places.contains(&(string(&a).to_owned(), "src/retry.rs".to_owned())), "{places:?}");
    assert!(places.contains(&(string(&b).to_owned(), "lib/retry.go".to_owned())), "{places:?}");

    let part = b.join("other");
    let run = first.cogo(["search", "retry request", string(&a), string(&part), "--format", "json"]).expect(0);
    let hits = run.json();
    let places: Vec<_> = hits.as_array().expect("an array").iter().map(place).collect();
    assert!(!places.iter().any(|(_, path)| path == "lib/retry.go"), "{places:?}");
    assert!(places.iter().any(|(_, path)| path == "other/retry.go"), "{places:?}");
    first.cogo(["search", "x", string(&a), string(&b), "--index-dir", "elsewhere"]).expect(2);
}

#[test]
fn the_index_may_lie_elsewhere() {
    let repository = Repository::new();
    let elsewhere = repository.folder.path().join("elsewhere");
    let folder = string(&elsewhere);
    repository.cogo_index(["--index-dir", folder]).expect(0);
    assert!(elsewhere.join("CURRENT").exists() && !repository.path(".cogo").exists());
    assert_eq!(repository.search(&["retry request", "--index-dir", folder])[0], "src/retry.rs");
    let run = repository.cogo(["related", "src/retry.rs:2", "--index-dir", folder, "--format", "json"]).expect(0);
    assert!(!run.json().as_array().expect("an array").is_empty());
    repository.cogo(["status", "--index-dir", folder]).expect(0);
    assert!(!repository.path(".cogo").exists());
}
