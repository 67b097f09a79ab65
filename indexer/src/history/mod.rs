//! What changed together: the last commits of a git repository, and files that they touch in common.
//!
//! [`history`] walks the commits from `HEAD` and compares the tree of each with that of its parent; blobs are never read.
//! [`History::co_changed`] counts. Nothing is executed, and nothing can stop a run: a repository that is damaged, shallow or
//! made up gives fewer commits.

mod co_change;
mod objects;
mod repository;
mod tree;
mod walk;

pub use co_change::CoChange;

use std::path::Path;

use objects::Objects;
use repository::Repository;

/// How far to look back, and what to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Number of commits, merges included.
    pub commits: usize,
    /// Commits that touch more files than that are bulk edits (formatting, moving, licences): they say nothing about which
    /// files belong together.
    pub bulk: usize,
    /// In how many commits two files must have changed together.
    pub support: u32,
    /// How many files are named for each.
    pub partners: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { commits: 2_000, bulk: 30, support: 2, partners: 10 }
    }
}

/// A file that commits touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchedFile {
    /// Its present path if it was moved unchanged since, relative to the root, `/` separators.
    pub path: String,
    /// Whether `HEAD` has it.
    pub is_present: bool,
}

/// A commit with one parent or none that touched files below the root. Who made it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id, 40 hexadecimal digits.
    pub id: String,
    /// Time of the commit, in seconds since 1970 (UTC).
    pub time: i64,
    /// First line of its message, shortened; secrets are masked.
    pub summary: String,
    /// Indices of the files that it added, changed, moved or removed, ascending. Of very large commits, a part.
    pub files: Vec<u32>,
}

/// The last commits of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Newest first, by time of commit.
    pub commits: Vec<Commit>,
    /// The files they touched.
    pub files: Vec<TouchedFile>,
    /// Whether older commits were never fetched.
    pub is_shallow: bool,
    /// Number of commits that could not be compared: their objects are damaged or absent.
    pub unreadable: usize,
    /// Whether the walk was given up before the limit, as the trees are larger than any honest ones.
    pub is_cut: bool,
}

/// The history of the folder `root`: of the whole repository, or of the part below `root`. None if `root` lies in no repository
/// that can be read, or no commit touched it.
///
/// Commits are compared with their only parent; merges are skipped, as what they bring was already seen. A file that was moved
/// without a change keeps its history. Reads loose objects, packs and alternates of SHA-1 repositories with files for
/// references; others give none.
pub fn history(root: &Path, limits: &Limits) -> Option<History> {
    let repository = Repository::find(root)?;
    let head = repository.head()?;
    let mut objects = Objects::open(&repository)?;
    let history = walk::walk(&mut objects, &repository, head, limits.commits)?;
    (!history.commits.is_empty()).then_some(history)
}
