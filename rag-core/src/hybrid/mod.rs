//! Hybrid search: BM25 and vectors side by side, then files scored on what both found.

mod features;
mod filter;
mod lexical;
mod query;
mod ranking;
mod report;
mod searcher;
mod second;
mod symbols;

pub use features::{FEATURES, FeatureRow, mentions};
pub use query::{Coverage, Filter, Hit, Mode, Query, SearchResult, Term};
pub use ranking::{Bm25, Ranking};
pub use searcher::{Repository, Searcher};
