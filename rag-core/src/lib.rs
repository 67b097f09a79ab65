//! The core of cogo: types, text analysis, embedding, text and vector index, ranking and storage.
//!
//! # Glossary
//!
//! * **Document**: a file with its text, chunks, symbols and references.
//! * **Chunk**: consecutive bytes of a document that are found and shown as a whole.
//! * **Symbol**, **Reference**: a definition; a use of a name.
//! * **Span**: a half-open range of bytes, 0-based. Lines are 1-based and exist only at the rim.
//! * **Segment**: an immutable file with documents, their postings and vectors.
//! * **Generation**: a set of segments and a catalog, committed at once.
//! * **Snapshot**: a generation, open for reading.
//! * **Query**, **Hit**, **SearchResult**: a question, a found chunk, all that was found.
//!
//! Everything here is synchronous; the crate knows neither source languages nor networks.

pub mod analysis;
pub mod bindings;
pub mod bm25;
mod concepts;
pub mod document;
pub mod embedding;
pub mod error;
pub mod hybrid;
pub mod store;
mod symbol;
pub mod vector;

pub use concepts::for_each_name;
pub use document::{Chunk, Document, FileRole, path_stem};
pub use error::{Error, Fault, Result};
pub use hybrid::{Filter, Hit, Mode, Query, SearchResult, Searcher, Unit};
pub use store::{Snapshot, Store};
pub use symbol::{Reference, ReferenceKind, Span, Symbol, SymbolKind};
