//! How fast text becomes a vector, with the bundled model.

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use indexer::chunk::chunk_text;
use rag_core::embedding::{Embedder, StaticEmbedder};

fn embedding(c: &mut Criterion) {
    let model = StaticEmbedder::bundled();
    let mut vector = vec![0.0; model.dimensions()];
    let mut group = c.benchmark_group("embedding");
    let files = support::files();
    let chunks: Vec<&str> = files
        .iter()
        .flat_map(|(_, text)| chunk_text(text, 1000).into_iter().map(|chunk| chunk.span.text(text)))
        .collect();
    let mean = chunks.iter().map(|chunk| chunk.len()).sum::<usize>() / chunks.len();
    group.throughput(Throughput::Bytes(mean as u64));
    let mut next = chunks.iter().cycle();
    group.bench_function("chunk", |b| {
        b.iter(|| model.embed(black_box(next.next().expect("the tree has text")), &mut vector));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("query", |b| {
        b.iter(|| model.embed(black_box("where is the retry policy of the HTTP client set"), &mut vector));
    });
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = embedding
}
criterion_main!(benches);
