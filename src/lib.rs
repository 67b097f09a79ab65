//! cogo: an embedded knowledge-RAG engine for code and documents.
//!
//! An [`Engine`] is a repository and its index. [`Engine::refresh`] brings the index up to date with the files;
//! [`Engine::search`] answers a [`Query`] with [`Hit`]s. There is no server, and nothing to download: the embedding
//! model is inside the library.
//!
//! ```
//! use cogo::{Engine, EngineOptions, Query};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("greet.py"), "def greet(name):\n    return 'hello ' + name\n")?;
//! # std::fs::write(folder.path().join("sum.py"), "def total(prices):\n    return sum(prices)\n")?;
//! let engine = Engine::new(folder.path(), EngineOptions::default());
//! engine.refresh(&|_| ())?;
//!
//! let result = engine.search(&Query::new("say hello to somebody"))?;
//! assert_eq!(result.hits[0].path, "greet.py");
//! assert_eq!(result.hits[0].symbol.as_deref(), Some("greet"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Workspace`] searches several repositories as one. Engines are safe to share between threads: a search runs on a
//! frozen [`Snapshot`] and never waits for indexing. The words of the trade are defined in [`rag_core`].

pub mod adapt;
pub mod agent;
pub mod ask;
pub mod backfill;
pub mod change;
#[doc(hidden)]
pub mod cli;
pub mod config;
pub mod context;
mod engine;
pub mod eval;
pub mod extract;
pub mod graph;
mod harmless;
mod highlight;
pub mod http;
pub mod mcp;
pub mod mirrored;
pub mod mirrors;
pub mod model;
pub mod overview;
pub mod question;
pub mod research;
mod token;
pub mod tokens;
pub mod watch;
pub mod wire;

/// What went wrong, for people: a reason and what it comes from. What serves ([`http`], [`mcp`]) fails with it; the engine's own errors
/// are [`Error`].
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

pub use engine::{AfterCommit, Engine, EngineOptions, IndexedFile, Location, Pending, Workspace, locate};
pub use graphrag::{Edge, Target, Tier};
pub use indexer::{BackfillProgress, Event, IndexOptions, Note, Report};
pub use mirror::postgres::Answer;
pub use rag_core::embedding::onnx::{OnnxEmbedder, OnnxOptions};
pub use rag_core::embedding::{Embedder, Encoder, Encoding, Role};
pub use rag_core::hybrid::{Correction, Coverage, FEATURES, Ranking, Searcher, Term};
pub use rag_core::{Error, Fault, Filter, Hit, Mode, Query, Result, SearchResult, Snapshot, SymbolKind, Unit};
