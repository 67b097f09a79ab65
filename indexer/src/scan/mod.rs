//! Finds the files of a repository that may be indexed, and looks at their content before they are.
//!
//! [`scan`] walks a folder: it reads names and metadata, and no content but that of ignore files.
//! [`inspect`] takes the bytes of one file and gives its text, or the reason to leave it out.
//! Neither parses anything, neither writes anything, and neither keeps a secret it has seen.

mod inspect;
mod name;
mod secret;
mod vendored;
mod walk;

#[cfg(test)]
mod inspect_tests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

pub use inspect::{Inspected, inspect};
pub use name::skip_by_name;
pub use secret::Redaction;
pub(crate) use secret::mask as mask_secrets;
pub use walk::scan;

/// What to walk, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// Files above this size are left out.
    pub max_file_bytes: u64,
    /// Threads that walk; 0 leaves the number to the walker.
    pub threads: usize,
    /// Whether code copied from other projects (`node_modules`, `third_party` …) is wanted too.
    pub include_vendored: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        ScanOptions { max_file_bytes: 1 << 20, threads: cores.min(8), include_vendored: false }
    }
}

/// A file that may be indexed, as the file system tells it; nothing has been read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedFile {
    /// Path below the root with `/` between its parts. A name that is not UTF-8 is made readable
    /// with U+FFFD, and [`Scan::problems`] says so; `absolute` then still opens the file.
    pub path: String,
    /// Path that opens the file.
    pub absolute: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of the content, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Time of the last change of content or metadata, in nanoseconds since 1970; 0 where the
    /// system has no such time. A tool can set `modified_ns` back, but not this.
    pub changed_ns: u64,
    /// Number of the file in its file system; 0 where the system has none.
    pub inode: u64,
}

impl ScannedFile {
    /// Reads the file, unless it has grown beyond `max_bytes` since it was scanned.
    pub fn read(&self, max_bytes: u64) -> Result<Vec<u8>, SkipReason> {
        let bytes = self.read_up_to(max_bytes.saturating_add(1)).map_err(|_| SkipReason::Unreadable)?;
        if bytes.len() as u64 > max_bytes {
            return Err(SkipReason::TooLarge);
        }
        Ok(bytes)
    }

    fn read_up_to(&self, limit: u64) -> io::Result<Vec<u8>> {
        let expected = self.size.min(limit);
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).saturating_add(1));
        File::open(&self.absolute)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// The outcome of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The root as it was walked: absolute, links resolved.
    pub root: PathBuf,
    /// Files that may be indexed, sorted by path; no path occurs twice.
    pub files: Vec<ScannedFile>,
    /// What was left out by a rule of ours, sorted by path. What the user's ignore files and the
    /// leading dot leave out is not listed.
    pub skipped: Vec<Skipped>,
    /// What went wrong on the way, sorted by path. The walk went on.
    pub problems: Vec<Problem>,
}

/// A file or folder that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Path below the root; a folder ends in `/` and stands for everything in it.
    pub path: String,
    /// Why it is left out.
    pub reason: SkipReason,
}

/// Something that went wrong during a walk and did not stop it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path below the root, or an absolute path where it lies elsewhere.
    pub path: String,
    /// What went wrong, in one line.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", one_line(&self.path), self.message)
    }
}

/// Why a file is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// Larger than [`ScanOptions::max_file_bytes`].
    TooLarge,
    /// Not text.
    Binary,
    /// Text for machines: script or markup with its line breaks removed.
    Minified,
    /// Written by a tool, lock files included.
    Generated,
    /// Copied from another project.
    Vendored,
    /// Holds credentials.
    Secret,
    /// Could not be read.
    Unreadable,
    /// A symbolic link. Links are never followed: what they point to is either walked anyway or
    /// lies outside the root.
    Link,
    /// A pipe, socket or device.
    NotAFile,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [SkipReason; 9] = [
        SkipReason::TooLarge,
        SkipReason::Binary,
        SkipReason::Minified,
        SkipReason::Generated,
        SkipReason::Vendored,
        SkipReason::Secret,
        SkipReason::Unreadable,
        SkipReason::Link,
        SkipReason::NotAFile,
    ];

    /// The lower-case word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            SkipReason::TooLarge => "too-large",
            SkipReason::Binary => "binary",
            SkipReason::Minified => "minified",
            SkipReason::Generated => "generated",
            SkipReason::Vendored => "vendored",
            SkipReason::Secret => "secret",
            SkipReason::Unreadable => "unreadable",
            SkipReason::Link => "link",
            SkipReason::NotAFile => "not-a-file",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a folder could not be walked at all.
#[derive(Debug)]
pub enum ScanError {
    /// There is nothing at the path.
    Missing(PathBuf),
    /// The path is not a folder.
    NotAFolder(PathBuf),
    /// The folder cannot be read.
    Unreadable(PathBuf, io::Error),
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScanError::Missing(path) => {
                write!(f, "cannot scan `{}`: no such folder", path.display())
            }
            ScanError::NotAFolder(path) => {
                write!(f, "cannot scan `{}`: it is not a folder", path.display())
            }
            ScanError::Unreadable(path, error) => {
                write!(f, "cannot scan `{}`: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for ScanError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ScanError::Unreadable(_, error) => Some(error),
            ScanError::Missing(_) | ScanError::NotAFolder(_) => None,
        }
    }
}

/// `text` with its control characters escaped: a hostile name shall not forge a line of output.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
