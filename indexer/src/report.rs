//! What an indexing run did.

use std::collections::BTreeMap;
use std::time::Duration;

use rag_core::store::manifest::Counts;

use crate::scan::{Problem, SkipReason, Skipped};

/// The outcome of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Number of the generation that is current now.
    pub generation: u64,
    /// What the index holds now.
    pub counts: Counts,
    /// Files that were read and indexed.
    pub indexed: usize,
    /// Files that are gone from the index.
    pub removed: usize,
    /// Texts that went through the model; the vectors of the others were reused.
    pub embedded: usize,
    /// Why the index was written anew instead of updated.
    pub rebuilt: Option<String>,
    /// Whether nothing had changed.
    pub unchanged: bool,
    /// Files and folders that are left out, sorted by path.
    pub skipped: Vec<Skipped>,
    /// One line for everything noteworthy that stopped nothing, sorted by path.
    pub notes: Vec<Note>,
    /// Bytes of the index on disk.
    pub index_bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// Number of files left out, by reason.
    pub fn skipped_by_reason(&self) -> BTreeMap<SkipReason, usize> {
        let mut counts = BTreeMap::new();
        for skipped in &self.skipped {
            *counts.entry(skipped.reason).or_default() += 1;
        }
        counts
    }
}

/// Something a user may want to know about a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Path relative to the root.
    pub path: String,
    /// What is to be said, in one line.
    pub message: String,
}

impl From<Problem> for Note {
    fn from(problem: Problem) -> Self {
        Note { path: problem.path, message: problem.message }
    }
}
