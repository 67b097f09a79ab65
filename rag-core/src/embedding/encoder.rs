//! Encoders: large models that give one text up to three signals.

use crate::error::Result;

/// What a text is to a search; some models want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It asks.
    Query,
    /// It is searched.
    Passage,
}

/// What a model makes of one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    /// One L2-normalised vector for the whole text.
    pub dense: Vec<f32>,
    /// Weights of the text's words (token id → weight above 0), sorted by id; empty if the model gives none.
    pub sparse: Vec<(u32, f32)>,
    /// One L2-normalised vector per token, row after row, each as long as those of the model's other texts; empty if the
    /// model gives none.
    pub late: Vec<f32>,
    /// Number of tokens that were read, special ones included.
    pub tokens: usize,
    /// Whether the text was longer than the model can read; the rest was left out.
    pub truncated: bool,
}

/// A model that may be slow and may fail: it reads files, and runs on a library that may be missing.
///
/// Its vectors are made behind a usable index and kept in a [`VectorStore`](crate::store::VectorStore). An
/// [`Embedder`](super::Embedder), on the other hand, is part of every index.
pub trait Encoder: Send + Sync {
    /// Names the model and its weights: letters, digits, `.`, `-` and `_`. What models of different ids make is never mixed.
    fn id(&self) -> &str;

    /// Encodes all texts, in their order; batches as it sees fit.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) if the model cannot be loaded or run.
    fn encode(&self, texts: &[&str], role: Role) -> Result<Vec<Encoding>>;
}
