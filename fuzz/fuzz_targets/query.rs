//! A question to a small index. First byte: mode; second: number of hits; then lines: globs, languages (both separated
//! by commas), kinds (one byte each); the rest is the question. The answer is sorted and within its limits, or an error.
#![no_main]

use std::collections::HashSet;
use std::sync::OnceLock;

use cogo_fuzz::SmallIndex;
use libfuzzer_sys::fuzz_target;
use rag_core::{Filter, Mode, Query, SearchResult, Searcher, SymbolKind};

static INDEX: OnceLock<(SmallIndex, Searcher)> = OnceLock::new();

fn index() -> &'static Searcher {
    let open = || {
        let index = SmallIndex::new();
        let searcher = index.open().expect("a fresh index opens");
        (index, searcher)
    };
    &INDEX.get_or_init(open).1
}

fuzz_target!(init: { index(); }, |data: &[u8]| {
    let [mode, limit, rest @ ..] = data else { return };
    let mut lines = rest.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let list = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let filter = Filter {
        paths: list(line()),
        languages: list(line()),
        kinds: line().iter().filter_map(|byte| SymbolKind::from_u8(*byte)).collect(),
    };
    let text = String::from_utf8_lossy(line()).into_owned();
    let modes = [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol];
    let query = Query { text, limit: *limit as usize, mode: modes[*mode as usize % 4], filter, explain: mode & 4 != 0 };
    if let Ok(result) = index().search(&query) {
        check(&query, &result);
        let again = index().search(&query).expect("what was answered once is answered again");
        assert_eq!(again, result, "the same question has the same answer");
    }
    let mut related = query.clone();
    related.mode = modes[*mode as usize % 3];
    if let Ok(result) = index().related(0, "src/lib.rs", u32::from(*limit), &related) {
        check(&related, &result);
        assert!(result.hits.iter().all(|hit| hit.path != "src/lib.rs"), "the file itself is left out");
    }
});

fn check(query: &Query, result: &SearchResult) {
    assert!(result.hits.len() <= query.limit, "more hits than asked for");
    assert!(result.hits.iter().all(|hit| hit.score.is_finite()), "a score is a number");
    assert!(result.hits.is_sorted_by(|a, b| a.score >= b.score), "best first");
    if query.mode != Mode::Symbol {
        let files: HashSet<&str> = result.hits.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(files.len(), result.hits.len(), "one hit per file");
    }
    for hit in &result.hits {
        assert!(hit.start_line >= 1 && hit.start_line <= hit.end_line, "lines of {}", hit.path);
        let kinds = &query.filter.kinds;
        assert!(kinds.is_empty() || hit.kind.is_some_and(|kind| kinds.contains(&kind)), "the kind was asked for");
    }
}
