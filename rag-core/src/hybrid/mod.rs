//! Hybrid search: BM25 and vectors side by side, then files scored on what both found.

mod definitions;
mod features;
mod filter;
mod intent;
mod lexical;
mod links;
mod query;
mod ranking;
mod report;
mod searcher;
mod second;
mod spelling;
mod symbols;

pub use definitions::DEFINITION_FEATURES;
pub use features::{FEATURES, FeatureRow, mentions};
pub use links::{FileLinks, LinkSource};
pub use query::{Correction, Coverage, Filter, Hit, Mode, Query, SearchResult, Term, Unit};
pub use ranking::{Bm25, Ranking};
pub use searcher::{Corpus, Plan, Repository, Sample, SampleFile, Searcher};
