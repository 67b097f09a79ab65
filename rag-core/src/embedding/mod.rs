//! Embeddings: text in, unit vectors out.
//!
//! [`StaticEmbedder`] is the bundled [`Embedder`]: a table of token vectors inside the binary, microseconds
//! per chunk, nothing to download. Models that are better and a thousand times slower are an [`Encoder`]: what they make
//! comes on top, behind an index that can be searched already.

mod encoder;
#[cfg(feature = "onnx")]
pub mod onnx;
mod static_model;
#[allow(dead_code, reason = "the build script uses the rest")]
mod vocabulary;

pub use encoder::{Encoder, Encoding, Role};
pub use static_model::StaticEmbedder;
pub use vocabulary::Vocabulary;

/// A model that maps text to vectors of one fixed length.
///
/// Implementations are deterministic: the same text and model give the same vector, bit for bit;
/// the store relies on it when it reuses vectors.
pub trait Embedder: Send + Sync {
    /// Names the model and its weights; vectors of different ids are never compared or reused.
    fn id(&self) -> &str;

    /// Length of every vector.
    fn dimensions(&self) -> usize;

    /// Embeds one text into `out` (length [`dimensions`](Self::dimensions)): an L2-normalised
    /// vector, or zeros if the text holds nothing the model knows.
    fn embed(&self, text: &str, out: &mut [f32]);
}

/// Share of the path's vector in the vector of a chunk: `normalise(text + PATH_WEIGHT · path)`.
/// Anything from 0.4 to 0.7 measures the same on the development repositories.
pub const PATH_WEIGHT: f32 = 0.5;

/// The vector that is searched: the chunk's text and the words of its path, each embedded apart.
pub fn mix_path(text: &mut [f32], path: &[f32]) {
    for (t, p) in text.iter_mut().zip(path) {
        *t += PATH_WEIGHT * p;
    }
    normalise(text);
}

/// The dot product; of unit vectors the cosine.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Scales `vector` to length 1; a zero vector stays zero.
pub fn normalise(vector: &mut [f32]) {
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if norm > 0.0 {
        for x in vector {
            *x /= norm;
        }
    }
}
