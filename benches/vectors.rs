//! How fast the nearest vectors are found: exact scan by size and filter, HNSW, and the recall of HNSW; and how fast the
//! word weights of a large model are summed.
//!
//! Speed of the scan is measured on random unit vectors: it does not depend on what they hold. HNSW is measured on the
//! vectors of real chunks and perturbations of them, because recall and speed of a graph depend on how vectors cluster.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use indexer::build_document;
use indexer::language::Parser;
use rag_core::embedding::{Embedder, Encoding, StaticEmbedder, mix_path, normalise};
use rag_core::store::container::{Container, ContainerWriter};
use rag_core::store::{VectorBatch, VectorStore};
use rag_core::vector::{
    ExactIndex, HnswIndex, Neighbour, QuantizedQuery, QuantizedVectors, Quantizer, VectorIndex, build_hnsw,
};
use tempfile::TempDir;

const DIMENSIONS: usize = 256;
const K: usize = 10;
/// What [`HnswIndex`] promises for the ten nearest.
const LEAST_RECALL: f64 = 0.99;
const GRAPH_SIZE: usize = 10_000;
const MOST_QUERIES: usize = 300;
/// Length of what is added to a unit vector: the cosine to the original is about 0.9, as between chunks of one file.
const PERTURBATION: f32 = 0.5;

/// Xorshift with a fixed start: every run sees the same vectors.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// A vector of length 1; the sum of four uniform numbers is near enough to a normal one.
    fn unit(&mut self) -> Vec<f32> {
        let mut vector: Vec<f32> =
            (0..DIMENSIONS).map(|_| self.next() + self.next() + self.next() + self.next()).collect();
        normalise(&mut vector);
        vector
    }

    fn perturbed(&mut self, vector: &[f32]) -> Vec<f32> {
        let mut moved = self.unit();
        for (m, v) in moved.iter_mut().zip(vector) {
            *m = v + PERTURBATION * *m;
        }
        normalise(&mut moved);
        moved
    }
}

/// Vectors as a segment stores them.
fn stored(vectors: &[Vec<f32>]) -> (TempDir, QuantizedVectors) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vectors");
    let mut quantizer = Quantizer::new(DIMENSIONS);
    vectors.iter().for_each(|vector| quantizer.push(vector));
    let mut writer = ContainerWriter::create(&path, 0).expect("create");
    for (name, content) in quantizer.sections() {
        writer.section(name, &[content]).expect("write");
    }
    let digest = writer.finish().expect("finish");
    let container = Container::open(&path, 0, Some(digest)).expect("open");
    let stored = QuantizedVectors::open(&container, DIMENSIONS, vectors.len()).expect("whole");
    (folder, stored)
}

fn exact(c: &mut Criterion) {
    let mut group = c.benchmark_group("exact");
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let query = QuantizedQuery::new(random.unit());
    for size in [1_000, 10_000, 100_000] {
        let vectors: Vec<Vec<f32>> = (0..size).map(|_| random.unit()).collect();
        let (_folder, stored) = stored(&vectors);
        let index = ExactIndex::new(stored);
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("{size}"), |b| b.iter(|| index.nearest(&query, K, &|_| true)));
        group.bench_function(format!("{size}, a tenth admitted"), |b| {
            b.iter(|| index.nearest(&query, K, &|chunk| chunk % 10 == 0));
        });
    }
}

/// The vectors of all chunks of the tree with perturbations, and the vectors of doc comments as queries.
fn real() -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let model = StaticEmbedder::bundled();
    let embed = |text: &str| {
        let mut vector = vec![0.0; DIMENSIONS];
        model.embed(text, &mut vector);
        vector
    };
    let (mut vectors, mut queries) = (Vec::new(), Vec::new());
    let mut parser = Parser::new();
    for (path, text) in support::files() {
        let document = build_document(&mut parser, &path, text, 1000);
        let path = embed(&path);
        for chunk in &document.chunks {
            let mut vector = embed(chunk.span.text(&document.text));
            mix_path(&mut vector, &path);
            vectors.push(vector);
        }
        let docs = document.symbols.iter().map(|symbol| symbol.doc.text(&document.text));
        queries.extend(docs.filter(|doc| doc.len() > 20).map(embed));
    }
    let is_known = |vector: &Vec<f32>| vector.iter().any(|x| *x != 0.0);
    vectors.retain(is_known);
    queries.retain(is_known);
    let stride = queries.len().div_ceil(MOST_QUERIES);
    let queries = queries.into_iter().step_by(stride.max(1)).collect();
    println!("{} vectors of real chunks, {GRAPH_SIZE} with perturbations", vectors.len());
    let (mut random, real) = (Random(0xDEAD_BEEF_CAFE_F00D), vectors.len());
    for next in 0..GRAPH_SIZE.saturating_sub(real) {
        vectors.push(random.perturbed(&vectors[next % real]));
    }
    vectors.truncate(GRAPH_SIZE);
    (vectors, queries)
}

/// Share of the exact neighbours that were found; one that scores like the last of them is as good as it.
fn recall(exact: &[Neighbour], found: &[Neighbour]) -> f64 {
    let last = exact.last().map_or(0.0, |neighbour| neighbour.score);
    let wanted: HashSet<u32> = exact.iter().map(|neighbour| neighbour.chunk).collect();
    let good = found.iter().filter(|found| wanted.contains(&found.chunk) || found.score >= last);
    good.count().min(exact.len()) as f64 / exact.len() as f64
}

fn hnsw(c: &mut Criterion) {
    let (vectors, queries) = real();
    let (folder, stored) = stored(&vectors);
    // Once: ten samples would take longer than everything else together.
    let started = Instant::now();
    build_hnsw(&vectors, folder.path(), "bench").expect("the graph is written");
    println!("hnsw/build {GRAPH_SIZE}          time:   {:.2?} (once, all threads)", started.elapsed());
    let graph = HnswIndex::load(folder.path(), "bench", stored.clone()).expect("the graph is loaded");
    let exact = ExactIndex::new(stored);
    let queries: Vec<QuantizedQuery> = queries.into_iter().map(QuantizedQuery::new).collect();

    type Admits = fn(u32) -> bool;
    for (name, keep) in [("all", (|_| true) as Admits), ("a tenth admitted", |chunk| chunk % 10 == 0)] {
        let each = queries.iter().map(|q| recall(&exact.nearest(q, K, &keep), &graph.nearest(q, K, &keep)));
        let mean = each.sum::<f64>() / queries.len() as f64;
        println!("recall@{K} of HNSW, {name}: {mean:.4} ({} queries, {} vectors)", queries.len(), vectors.len());
        assert!(mean >= LEAST_RECALL, "recall@{K} of HNSW, {name}: {mean:.4} is below {LEAST_RECALL}");
    }

    let mut group = c.benchmark_group("hnsw");
    group.throughput(Throughput::Elements(1));
    let mut next = queries.iter().cycle();
    group.bench_function("search 10000", |b| {
        b.iter(|| graph.nearest(next.next().expect("a cycle has no end"), K, &|_| true));
    });
    let mut next = queries.iter().cycle();
    group.bench_function("exact scan of the same", |b| {
        b.iter(|| exact.nearest(next.next().expect("a cycle has no end"), K, &|_| true));
    });
}

/// 20,000 texts of a hundred words, the words as frequent as in real texts (Zipf), and a question of eight.
fn sparse(c: &mut Criterion) {
    const TEXTS: u64 = 20_000;
    const VOCABULARY: f32 = 30_000.0;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = VectorStore::new(folder.path());
    let mut random = Random(0x5EED_5EED_5EED_5EED);
    // Inverse of the distribution function of 1/rank.
    let mut words = |count: usize| {
        let word = |_| (VOCABULARY.powf(random.next().abs()) as u32, 0.1 + random.next().abs() / 4.0);
        (0..count).map(word).collect::<BTreeMap<u32, f32>>().into_iter().collect::<Vec<_>>()
    };
    let mut batch = VectorBatch::default();
    for hash in 0..TEXTS {
        batch.push(hash, Encoding { dense: vec![1.0; 8], sparse: words(100), ..Encoding::default() });
    }
    store.writer().and_then(|mut writer| writer.append(batch)).expect("written");
    let (vectors, query) = (store.open().expect("open"), words(8));
    let mut group = c.benchmark_group("sparse");
    group.throughput(Throughput::Elements(TEXTS));
    group.bench_function("8 of 20000", |b| b.iter(|| vectors.sparse_scores(&query)));
}

criterion_group! {
    name = benches;
    config = support::criterion();
    targets = exact, hnsw, sparse
}
criterion_main!(benches);
