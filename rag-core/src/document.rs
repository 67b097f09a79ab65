//! A file as the indexer hands it to the store: its text, cut into chunks, with what it defines and uses.

use crate::bindings::Bindings;
use crate::symbol::{Reference, Span, Symbol};

/// A parsed and chunked file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path relative to the root, `/` separators.
    pub path: String,
    /// Name of the language, `"text"` if none was recognised.
    pub language: &'static str,
    /// The indexed text. Of a notebook: the sources of its cells, one after the other.
    pub text: String,
    /// Consecutive parts of `text` that cover it entirely.
    pub chunks: Vec<Chunk>,
    /// Definitions, sorted by start, parents before children.
    pub symbols: Vec<Symbol>,
    /// References, sorted by start.
    pub references: Vec<Reference>,
    /// What its names stand for; empty for languages without a collector.
    pub bindings: Bindings,
    /// Whether it is written for people: its headings and names make concepts.
    pub is_prose: bool,
}

/// A part of a document that is found and shown as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its bytes in the document's text.
    pub span: Span,
    /// First and last line in the file, 1-based, inclusive.
    pub lines: (u32, u32),
    /// The definition that the chunk is, begins, or lies in: index in the document's symbols.
    pub symbol: Option<u32>,
    /// Words that describe where the chunk stands but are not in it: headings above, enclosing definitions.
    pub context: String,
}

/// What part a file plays in its repository, judged by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FileRole {
    /// Product code, documents, configuration.
    Source = 0,
    /// Tests, their fixtures and mocks.
    Test = 1,
    /// Examples, demos, benchmarks.
    Example = 2,
    /// Code kept for compatibility: deprecated, legacy.
    Legacy = 3,
}

impl FileRole {
    /// The role of the file at `path`.
    pub fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let (folders, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let stem = file.split('.').next().unwrap_or(file);
        let in_folder = |names: &[&str]| folders.split('/').any(|folder| names.contains(&folder));
        let test_file = stem.starts_with("test_")
            || ["_test", "_spec", "-test", "-spec"].iter().any(|end| stem.ends_with(end))
            || [".test.", ".spec."].iter().any(|middle| file.contains(middle))
            || stem == "conftest"
            // `FooTest.java`, `FooTests.swift`: the capital tells them from `contest`.
            || path_stem(path).ends_with("Test")
            || path_stem(path).ends_with("Tests")
            || path_stem(path).ends_with("Spec");
        let test_folder = in_folder(&[
            "test",
            "tests",
            "__tests__",
            "spec",
            "specs",
            "testing",
            "testdata",
            "fixtures",
            "__mocks__",
            "mocks",
            "e2e",
            "androidtest",
            "commontest",
            "jvmtest",
        ]);
        if test_file || test_folder {
            FileRole::Test
        } else if in_folder(&[
            "example",
            "examples",
            "_examples",
            "demo",
            "demos",
            "sample",
            "samples",
            "bench",
            "benches",
            "benchmark",
            "benchmarks",
        ]) {
            FileRole::Example
        } else if in_folder(&["legacy", "deprecated", "compat", "_compat"]) {
            FileRole::Legacy
        } else {
            FileRole::Source
        }
    }

    /// The role with the stored number `n`.
    pub fn from_u8(n: u8) -> Self {
        match n {
            1 => FileRole::Test,
            2 => FileRole::Example,
            3 => FileRole::Legacy,
            _ => FileRole::Source,
        }
    }
}

/// The file name of `path` without its extensions: `string_view` of `absl/strings/string_view.h`.
pub fn path_stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    let dot = file.char_indices().skip(1).find(|(_, c)| *c == '.').map(|(at, _)| at);
    &file[..dot.unwrap_or(file.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_the_path() {
        let check = |path: &str, role: FileRole| assert_eq!(FileRole::of(path), role, "{path}");
        check("src/app.py", FileRole::Source);
        check("src/contest.py", FileRole::Source);
        check("tests/app.py", FileRole::Test);
        check("pkg/app_test.go", FileRole::Test);
        check("src/AppTest.java", FileRole::Test);
        check("src/button.spec.ts", FileRole::Test);
        check("examples/hello.rs", FileRole::Example);
        check("lib/legacy/old.js", FileRole::Legacy);
    }

    #[test]
    fn stems_lose_every_extension_but_keep_a_leading_dot() {
        assert_eq!(path_stem("a/b/string_view.test.h"), "string_view");
        assert_eq!(path_stem(".eslintrc.json"), ".eslintrc");
        assert_eq!(path_stem("Makefile"), "Makefile");
    }
}
