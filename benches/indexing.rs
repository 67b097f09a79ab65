//! How fast an index is made: parsing per language, chunking, writing a segment, whole runs.

mod support;

use std::fs;
use std::hint::black_box;

use cogo::Engine;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use indexer::build_document;
use indexer::chunk::{chunk_code, chunk_document, chunk_text};
use indexer::document::{DocumentFormat, sections};
use indexer::language::{Parser, by_name, detect};
use rag_core::Document;
use rag_core::embedding::StaticEmbedder;
use rag_core::store::SegmentWriter;
use support::Copied;

const CHUNK_BYTES: usize = 1000;
/// No segment gets a graph.
const NEVER: u32 = u32::MAX;

fn bytes_of(files: &[(String, String)]) -> Throughput {
    Throughput::Bytes(files.iter().map(|(_, text)| text.len() as u64).sum())
}

fn with_extension(extension: &str) -> Vec<(String, String)> {
    let mut files = support::files();
    files.retain(|(path, _)| path.ends_with(extension));
    files
}

/// Syntax tree, symbols and references: a small file of every language, then the Rust files of the tree.
fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    let mut parser = Parser::new();
    for (name, text) in support::fixtures() {
        let Some(language) = detect(&name, &text).filter(|language| language.has_grammar()) else { continue };
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("fixture/{name}"), |b| b.iter(|| parser.parse(language, black_box(&text))));
    }
    let rust = by_name("rust").expect("Rust is known");
    let files = with_extension(".rs");
    group.throughput(bytes_of(&files));
    group.bench_function("tree/rust", |b| {
        b.iter(|| files.iter().map(|(_, text)| parser.parse(rust, text).symbols.len()).sum::<usize>());
    });
}

/// Cuts alone: trees and sections are made before.
fn chunk(c: &mut Criterion) {
    let mut group = c.benchmark_group("chunk");
    let rust = by_name("rust").expect("Rust is known");
    let files = with_extension(".rs");
    let mut parser = Parser::new();
    let parsed: Vec<_> = files.iter().map(|(_, text)| (text, parser.parse(rust, text))).collect();
    group.throughput(bytes_of(&files));
    group.bench_function("code", |b| {
        b.iter(|| {
            let chunks = |(text, outline): &(&String, indexer::language::Outline)| {
                let tree = outline.tree.as_ref().expect("Rust has a grammar");
                chunk_code(text, tree, &outline.symbols, CHUNK_BYTES).len()
            };
            parsed.iter().map(chunks).sum::<usize>()
        });
    });
    let files = with_extension(".md");
    group.throughput(bytes_of(&files));
    group.bench_function("document", |b| {
        b.iter(|| {
            let chunks = |text: &str| {
                let sections = sections(DocumentFormat::Markdown, text);
                chunk_document(text, &sections, CHUNK_BYTES).len()
            };
            files.iter().map(|(_, text)| chunks(text)).sum::<usize>()
        });
    });
    group.bench_function("text", |b| {
        b.iter(|| files.iter().map(|(_, text)| chunk_text(text, CHUNK_BYTES).len()).sum::<usize>());
    });
}

fn documents() -> Vec<Document> {
    let mut parser = Parser::new();
    let build = |(path, text): (String, String)| build_document(&mut parser, &path, text, CHUNK_BYTES);
    support::files().into_iter().map(build).collect()
}

/// Embedding, terms, postings, and one synced file; one thread.
fn segment(c: &mut Criterion) {
    let documents = documents();
    let embedder = StaticEmbedder::bundled();
    let mut group = c.benchmark_group("segment");
    group.throughput(Throughput::Bytes(documents.iter().map(|document| document.text.len() as u64).sum()));
    group.bench_function("write", |b| {
        b.iter_batched_ref(
            || tempfile::tempdir().expect("a temporary folder"),
            |folder| {
                let mut writer = SegmentWriter::new(&embedder);
                for document in &documents {
                    writer.add(document, None);
                }
                writer.finish(folder.path(), "bench", NEVER).expect("the segment is written")
            },
            BatchSize::PerIteration,
        );
    });
}

fn refresh(engine: &Engine) -> usize {
    engine.refresh(&|_| ()).expect("the copy can be indexed").indexed
}

/// Whole runs in a process that has just started; all threads.
fn runs(c: &mut Criterion) {
    let copied = Copied::new();
    println!("whole runs: {} files, {} KB", copied.files, copied.bytes / 1000);
    let mut group = c.benchmark_group("index");
    group.throughput(Throughput::Bytes(copied.bytes));
    group.bench_function("cold", |b| {
        b.iter_batched(
            || {
                copied.forget();
                copied.engine()
            },
            |engine| assert!(refresh(&engine) > 0),
            BatchSize::PerIteration,
        );
    });
    refresh(&copied.engine());
    group.bench_function("unchanged", |b| {
        b.iter_batched(|| copied.engine(), |engine| assert_eq!(refresh(&engine), 0), BatchSize::PerIteration);
    });
    let edited = copied.path("edited.rs");
    let mut edits = 0;
    group.bench_function("one edited file", |b| {
        b.iter_batched(
            || {
                edits += 1;
                fs::write(&edited, format!("/// Edit {edits}.\nfn edited_{edits}() {{}}\n")).expect("write a file");
                copied.engine()
            },
            |engine| assert_eq!(refresh(&engine), 1),
            BatchSize::PerIteration,
        );
    });
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = parse, chunk, segment, runs
}
criterion_main!(benches);
