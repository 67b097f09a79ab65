//! The HNSW graph (`hnsw_rs`) of a large segment.
//!
//! It is built once, when the segment is written, and loaded by long-lived processes only: reading
//! it back costs more than several exact scans, so a process answers its first query without it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hnsw_rs::anndists::dist::distances::Distance;
use hnsw_rs::api::AnnT;
use hnsw_rs::hnsw::{FilterT, Hnsw};
use hnsw_rs::hnswio::HnswIo;
use simsimd::SpatialSimilarity;

use super::exact::by_score;
use super::{ExactIndex, Neighbour, QuantizedQuery, QuantizedVectors, VectorIndex, graph_file};

/// Links per node and layer (M of the paper, Malkov & Yashunin 2016, arXiv 1603.09320).
const LINKS: usize = 24;
const LAYERS: usize = 16;
/// Breadth of the search while building.
const BUILD_BREADTH: usize = 300;
/// Breadth of a search, at least; `k` × 3 if that is more. Keeps recall@10 above 0.99 (see `benches/`).
const SEARCH_BREADTH: usize = 384;

/// 1 − dot product: the cosine distance of unit vectors.
#[derive(Clone, Copy, Default)]
pub struct UnitCosine;

impl Distance<f32> for UnitCosine {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        // hnsw_rs wants distances that are not negative; rounding may yield −1e−7.
        (1.0 - f32::dot(a, b).unwrap_or(0.0) as f32).max(0.0)
    }
}

/// Builds the graph of `vectors` and writes it to `folder` as `name.hnsw.graph` and `name.hnsw.data`.
pub fn build(vectors: &[Vec<f32>], folder: &Path, name: &str) -> std::io::Result<()> {
    let graph = Hnsw::<f32, UnitCosine>::new(LINKS, vectors.len(), LAYERS, BUILD_BREADTH, UnitCosine);
    let numbered: Vec<(&Vec<f32>, usize)> = vectors.iter().zip(0..).collect();
    graph.parallel_insert(&numbered);
    graph.file_dump(folder, name).map_err(std::io::Error::other)?;
    Ok(())
}

/// A loaded graph over the stored vectors of a segment.
pub struct HnswIndex {
    graph: Hnsw<'static, f32, UnitCosine>,
    vectors: QuantizedVectors,
}

impl HnswIndex {
    /// Loads the graph `name` over `vectors` from `folder`.
    ///
    /// # Errors
    /// If the files cannot be read, or are not those of such a graph.
    pub fn load(folder: &Path, name: &str, vectors: QuantizedVectors) -> std::io::Result<Self> {
        let read = |extension: &str| std::fs::read(folder.join(format!("{name}.{extension}")));
        let (graph, data) = (read("hnsw.graph")?, read("hnsw.data")?);
        if !graph_file::is_sound(&graph, &data, vectors.len(), vectors.dimensions()) {
            return Err(std::io::Error::other("the graph makes no sense"));
        }
        drop((graph, data));
        let load = || {
            // The reader must outlive the graph it returns, and the graph lives as long as the process reads
            // this segment: a few hundred bytes are given up per load.
            let reader: &'static mut HnswIo = Box::leak(Box::new(HnswIo::new(folder, name)));
            reader.load_hnsw()
        };
        // It panics rather than fail.
        let graph = catch_unwind(AssertUnwindSafe(load))
            .map_err(|_| std::io::Error::other("the graph makes no sense"))?
            .map_err(std::io::Error::other)?;
        Ok(HnswIndex { graph, vectors })
    }
}

struct Keep<'a>(&'a (dyn Fn(u32) -> bool + Sync));

impl FilterT for Keep<'_> {
    fn hnsw_filter(&self, id: &usize) -> bool {
        (self.0)(*id as u32)
    }
}

impl VectorIndex for HnswIndex {
    fn nearest(&self, query: &QuantizedQuery, k: usize, keep: &(dyn Fn(u32) -> bool + Sync)) -> Vec<Neighbour> {
        let breadth = SEARCH_BREADTH.max(3 * k);
        let search = || self.graph.search_filter(query.vector(), k, breadth, Some(&Keep(keep)));
        let Ok(found) = catch_unwind(AssertUnwindSafe(search)) else {
            return ExactIndex::new(self.vectors.clone()).nearest(query, k, keep);
        };
        let mut scratch = Vec::new();
        let mut neighbours: Vec<Neighbour> = found
            .into_iter()
            .filter(|found| found.d_id < self.vectors.len())
            .map(|found| found.d_id as u32)
            .map(|chunk| Neighbour { chunk, score: self.vectors.score(query, chunk, &mut scratch) })
            .collect();
        neighbours.sort_unstable_by(by_score);
        neighbours
    }
}
