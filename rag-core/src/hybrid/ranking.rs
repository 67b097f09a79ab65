//! Every weight of the ranking, in one place.

use super::features::FEATURES;

/// Parameters of BM25F (Robertson, Zaragoza & Taylor 2004): term frequencies of the fields are weighted
/// and added before they saturate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bm25 {
    /// Saturation of term frequency.
    pub k1: f32,
    /// Share of length normalisation in the text.
    pub b: f32,
    /// Weight of an occurrence in the path.
    pub path: f32,
    /// Weight of an occurrence in the name of a definition.
    pub symbols: f32,
    /// Weight of an occurrence in a doc comment or heading.
    pub docs: f32,
}

/// All that ranking depends on besides the index and the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The text score.
    pub bm25: Bm25,
    /// Weight of each feature of a file, in the order of [`FEATURES`].
    pub weights: [f32; FEATURES.len()],
    /// Weights of embedding, text and definition score when the chunk of a file is chosen.
    pub chunk: [f32; 4],
    /// How many chunks each retriever brings.
    pub candidates: usize,
}

impl Default for Ranking {
    /// Weights fitted on the development half of the code_search set, cross-validated by repository
    /// (see `benches/eval/README.md`).
    fn default() -> Self {
        Ranking {
            bm25: std::env::var("B").map(|w| { let v: Vec<f32> = w.split(',').map(|x| x.parse().unwrap()).collect(); Bm25 { k1: v[0], b: v[1], path: v[2], symbols: v[3], docs: v[4] } }).unwrap_or(Bm25 { k1: 1.2, b: 0.75, path: 3.0, symbols: 0.0, docs: 0.0 }),
            weights: [1.38, 6.41, 2.75, 0.37, 3.32, 1.26, 1.04, 1.25, -2.65, 0.0, 0.0, -0.565, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            chunk: std::env::var("W").map(|w| { let v: Vec<f32> = w.split(',').map(|x| x.parse().unwrap()).collect(); [v[0], v[1], v[2], v[3]] }).unwrap_or([3.0, 1.0, 0.5, 0.0]),
            candidates: 200,
        }
    }
}
