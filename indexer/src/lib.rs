//! From a folder to an index: scan, parse, chunk, commit only what changed.
//!
//! The indexer is the only writer. [`update`] is the whole of it; the modules are its steps. [`backfill`] adds what a
//! large model makes of the chunks, behind it.

mod backfill;
pub mod chunk;
pub mod document;
mod document_builder;
pub mod history;
pub mod language;
mod merge;
mod pipeline;
mod report;
pub mod scan;

pub use backfill::{BackfillProgress, backfill};
pub use document_builder::build_document;
pub use pipeline::{Event, IndexOptions, PIPELINE_VERSION, update};
pub use report::{Note, Report};
