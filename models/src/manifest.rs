//! What an installed model consists of, and where it came from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::error::{Error, Kind, Result};
use super::files::is_safe_path;

/// The file that makes a folder an installed model.
pub const MANIFEST: &str = "cogo-model.json";
const FORMAT: u32 = 1;

/// Where a model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Source {
    /// A repository of the hub.
    Huggingface {
        /// `owner/repository`.
        repository: String,
        /// The branch, tag or commit that was asked for.
        revision: String,
        /// The commit it meant.
        commit: String,
    },
    /// A wheel of the Python package index.
    Pypi {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The wheel.
        wheel: String,
    },
    /// Carried here by hand.
    Imported {
        /// From where.
        path: PathBuf,
        /// What a manifest that came along names as the source. Nobody has checked it.
        claimed: Option<String>,
    },
}

/// A file of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its path in the folder of the model, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in lower-case hexadecimal.
    pub sha256: String,
}

/// What `cogo-model.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The name it was installed under.
    pub name: String,
    /// Where it came from.
    pub source: Source,
    /// When it was installed, as RFC 3339.
    pub installed: String,
    /// Its files, by path.
    pub files: Vec<FileEntry>,
}

impl Manifest {
    pub(crate) fn new(name: &str, source: Source, mut files: Vec<FileEntry>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let installed = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        Manifest { format: FORMAT, name: name.into(), source, installed, files }
    }

    /// Reads the manifest in `folder`, if there is one.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Ok(None);
        }
        let damaged = |reason: String| {
            Error::new(Kind::Corrupt, format!("`{}` is damaged: {reason}", path.display()))
                .hint("remove the model and install it anew")
        };
        let manifest: Manifest =
            serde_json::from_slice(&fs::read(&path)?).map_err(|error| damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(damaged(format!("it has format {}, this cogo reads format {FORMAT}", manifest.format)));
        }
        if let Some(bad) = manifest.files.iter().find(|file| !is_safe_path(&file.path)) {
            return Err(damaged(format!("`{}` is no path of a file in it", bad.path)));
        }
        Ok(Some(manifest))
    }

    /// All bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }
}

impl Source {
    /// Whether both stand for the same bytes.
    pub(crate) fn is_same_version(&self, other: &Source) -> bool {
        // A branch is no version, what it points to is.
        self.to_string() == other.to_string()
    }
}

/// As it can be typed or read: `hf:owner/repository@commit`, `pypi:package==version`, a path.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Huggingface { repository, commit, .. } => write!(f, "hf:{repository}@{commit}"),
            Source::Pypi { package, version, .. } => write!(f, "pypi:{package}=={version}"),
            Source::Imported { path, claimed: None } => write!(f, "{}", path.display()),
            Source::Imported { path, claimed: Some(claimed) } => write!(f, "{} ({claimed})", path.display()),
        }
    }
}
