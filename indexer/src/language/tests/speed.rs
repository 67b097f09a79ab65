//! How fast parsing and walking are: a measurement, not a check. It measures only if it is told what:
//! `COGO_SPEED=folder cargo test --release speed -- --nocapture`.

use super::super::parser::compiled;
use super::super::walk::walk;
use super::super::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tree_sitter::StreamingIterator;

/// At most this many bytes per language.
const LIMIT: usize = 2_000_000;

/// The shortest of a few runs: other programs only ever make it longer.
fn shortest<T>(mut work: impl FnMut() -> T) -> Duration {
    let times = (0..5).map(|_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// The grammar's own query for tags, for comparison.
fn tags(language: &str) -> Option<&'static str> {
    match language {
        "rust" => Some(tree_sitter_rust::TAGS_QUERY),
        "python" => Some(tree_sitter_python::TAGS_QUERY),
        "javascript" => Some(tree_sitter_javascript::TAGS_QUERY),
        "go" => Some(tree_sitter_go::TAGS_QUERY),
        "java" => Some(tree_sitter_java::TAGS_QUERY),
        "c" => Some(tree_sitter_c::TAGS_QUERY),
        "ruby" => Some(tree_sitter_ruby::TAGS_QUERY),
        _ => None,
    }
}

#[derive(Default)]
struct Totals {
    bytes: usize,
    parse: Duration,
    walk: Duration,
    query: Duration,
    symbols: usize,
    references: usize,
}

#[test]
fn speed() {
    let Ok(folders) = std::env::var("COGO_SPEED") else { return };
    let mut pending: Vec<PathBuf> = folders.split(':').map(PathBuf::from).collect();
    let mut parser = Parser::new();
    let mut totals: BTreeMap<&str, Totals> = BTreeMap::new();
    let mut queries = BTreeMap::new();
    while let Some(path) = pending.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            entries.sort();
            pending.extend(entries);
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let Some(language) = detect(&path.to_string_lossy(), text.get(..4096).unwrap_or("")) else {
            continue;
        };
        let total = totals.entry(language.name).or_default();
        let Some(compiled) = compiled(language).filter(|_| total.bytes < LIMIT) else { continue };
        let Some(tree) = parser.tree(language, &text, &[]) else { continue };
        total.bytes += text.len();
        total.parse += shortest(|| parser.tree(language, &text, &[]));
        total.walk += shortest(|| walk(&tree, &text, &compiled.rules));
        let found = walk(&tree, &text, &compiled.rules);
        total.symbols += found.symbols.len();
        total.references += found.references.len();
        if let Some(source) = tags(language.name) {
            let query = queries
                .entry(language.name)
                .or_insert_with(|| tree_sitter::Query::new(&compiled.grammar, source).expect("a published query"));
            let mut cursor = tree_sitter::QueryCursor::new();
            total.query += shortest(|| {
                let mut matches = cursor.matches(query, tree.root_node(), text.as_bytes());
                let mut count = 0;
                while matches.next().is_some() {
                    count += 1;
                }
                count
            });
        }
    }
    println!("language       KB  parse   walk  tags query (ns/byte)  symbols  references");
    for (name, total) in totals.iter().filter(|(_, total)| total.bytes > 0) {
        let per_byte = |time: Duration| time.as_nanos() as f64 / total.bytes as f64;
        println!(
            "{name:<12} {:>5} {:>6.1} {:>6.1} {:>6.1} {:>25} {:>8}",
            total.bytes / 1024,
            per_byte(total.parse),
            per_byte(total.walk),
            per_byte(total.query),
            total.symbols,
            total.references,
        );
    }
}
