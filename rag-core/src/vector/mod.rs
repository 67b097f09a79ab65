//! Vector search: an int8 scan below the break-even, an HNSW graph above it.

mod exact;
mod graph_file;
mod hnsw;
mod quantized;
mod sketch;

pub use exact::{ExactIndex, nearest_of, runs};
pub use hnsw::{HnswIndex, build as build_hnsw};
pub(crate) use quantized::quantize;
pub use quantized::{QuantizedQuery, QuantizedVectors, Quantizer};

/// A chunk and its cosine to the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Index of the chunk in its segment.
    pub chunk: u32,
    /// Cosine similarity, −1 to 1.
    pub score: f32,
}

/// Finds the chunks of one segment that are nearest to a query.
pub trait VectorIndex: Send + Sync {
    /// The `k` chunks nearest to `query` among those that `keep` admits, best first; ties by chunk.
    fn nearest(&self, query: &QuantizedQuery, k: usize, keep: &(dyn Fn(u32) -> bool + Sync)) -> Vec<Neighbour>;
}
