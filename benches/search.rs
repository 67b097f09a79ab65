//! How fast questions are answered, end to end, over an index of the tree.

mod support;

use cogo::{Filter, Mode, Query};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::Copied;

/// Asked in turn: sentences, words, identifiers; some are about this repository, some about nothing in it.
const QUESTIONS: [&str; 12] = [
    "how is a generation committed",
    "which files are left out of the index",
    "BM25 scores from exact statistics of live chunks",
    "retry with exponential backoff",
    "SegmentWriter",
    "parse command line arguments",
    "for_each_word",
    "where are the weights of the ranking formula",
    "tree-sitter grammar for Python",
    "mask secrets before indexing",
    "HNSW graph of a large segment",
    "websocket handshake",
];

fn search(c: &mut Criterion) {
    let copied = Copied::new();
    let engine = copied.engine();
    let report = engine.refresh(&|_| ()).expect("the copy can be indexed");
    println!("searched: {} files, {} chunks", report.counts.files, report.counts.chunks);
    let mut group = c.benchmark_group("search");
    group.throughput(Throughput::Elements(1));
    let modes =
        [("lexical", Mode::Lexical), ("semantic", Mode::Semantic), ("hybrid", Mode::Hybrid), ("symbol", Mode::Symbol)];
    for (name, mode) in modes {
        let mut questions = QUESTIONS.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| {
                let text = *questions.next().expect("a cycle has no end");
                engine.search(&Query { mode, ..Query::new(text) }).expect("a good question")
            });
        });
    }
    let filter = Filter { paths: vec!["rag-core/**/*.rs".into()], ..Filter::default() };
    let mut questions = QUESTIONS.iter().cycle();
    group.bench_function("hybrid, filtered by path", |b| {
        b.iter(|| {
            let text = *questions.next().expect("a cycle has no end");
            engine.search(&Query { filter: filter.clone(), ..Query::new(text) }).expect("a good question")
        });
    });
    group.bench_function("open the index and ask once", |b| {
        b.iter(|| copied.engine().search(&Query::new(QUESTIONS[0])).expect("a good question"));
    });
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = search
}
criterion_main!(benches);
