//! cogo: an embedded knowledge-RAG engine for code and documents.

#[doc(hidden)]
pub mod cli;
pub mod config;
mod engine;
pub mod watch;

pub use engine::{Engine, EngineOptions, Location, Pending, Workspace, locate};
pub use indexer::{Event, IndexOptions, Note, Report};
pub use rag_core::hybrid::{FEATURES, Ranking, Searcher, Term};
pub use rag_core::{Error, Fault, Filter, Hit, Mode, Query, Result, SearchResult, Snapshot, SymbolKind};
