//! What a language model reads in documents: an option, bounded and checked.
//!
//! A model is given passages of documents and returns what they speak of and what they say of it, each with a quote. What is not in
//! the passage is dropped. Answers are kept in a [`Log`] under the hash of the passage, so nothing is paid for twice, and
//! a run that was killed or has reached its cap goes on where it stopped.

mod check;
mod log;
mod passage;
mod plan;
mod prompt;
mod run;
pub mod summary;

pub use check::Dropped;
pub use log::{Log, LogWriter, Record};
pub use passage::{Said, content, passages};
pub use plan::{Plan, plan};
pub use prompt::VERSION;
pub use run::{Progress, extract};
