//! Every weight of the ranking, in one place.

use super::definitions::DEFINITION_FEATURES;
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
    /// The same where a large model takes part.
    pub weights_with_model: [f32; FEATURES.len()],
    /// What is added to these weights if the query is a report: what it describes lies anywhere, but seldom in the tests.
    pub report: [f32; FEATURES.len()],
    /// When the chunk of a file is chosen: weights of its cosine, of its text and its definition score (as shares of
    /// the query's idf), of beginning a definition that the query names, and of its cosine by the large model.
    pub chunk: [f32; 5],
    /// Weight of each feature of a definition, in the order of [`DEFINITION_FEATURES`].
    pub definition: [f32; DEFINITION_FEATURES.len()],
    /// So many of the first hits are judged by single tokens, if the large model gives them.
    pub late: usize,
    /// How many chunks each retriever brings.
    pub candidates: usize,
}

impl Default for Ranking {
    /// Weights fitted on the development half of the code_search set, cross-validated by repository
    /// (see `benches/eval/README.md`). Those with a model were chosen with MiniLM on the same half and on prose; the
    /// weights of words and tokens are a guess, because no model that gives them could be had.
    fn default() -> Self {
        Ranking {
            bm25: Bm25 { k1: 1.2, b: 0.75, path: 3.0, symbols: 0.0, docs: 0.0 },
            weights: [
                0.85, 6.3, 2.2, 0.6, 4.0, 1.3, 1.3, 1.3, -3.0, -0.9, -1.2, 0.9, 1.9, -3.0, 12.0, 0.0, 0.0, 0.0, 0.0,
            ],
            weights_with_model: [
                0.85, 4.3, 2.2, 0.6, 4.0, 1.3, 1.3, 1.3, -3.0, -0.9, -1.2, 0.9, 1.9, -3.0, 12.0, 0.0, 4.0, 1.0, 4.0,
            ],
            report: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.7, 0.0, -2.0, 0.0, 1.1, 0.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0],
            chunk: [1.0, 1.0, 1.0, 0.5, 1.0],
            definition: [0.4, 4.7, 3.6, 1.2, 5.4, 1.2, -0.33, 0.1],
            late: 30,
            candidates: 128,
        }
    }
}
