//! Where is the repository of a folder, and what is its `HEAD`?
//!
//! The layout is that of `gitrepository-layout(5)`. Everything here was written by somebody else: files are read up to a size,
//! only if they are plain files, and names of references never leave the repository.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use gix_hash::ObjectId;

/// More than any file of one line has.
const MAX_LINE: u64 = 64 * 1024;
/// How often a reference may name another.
const MAX_LINKS: usize = 5;

/// The folders of a repository.
pub(super) struct Repository {
    /// Of this work tree: `HEAD` lies here.
    git: PathBuf,
    /// Of all work trees: objects and references lie here.
    common: PathBuf,
    /// Folder of the root within the work tree, component by component.
    pub(super) prefix: Vec<String>,
}

impl Repository {
    /// The repository that `root` belongs to: a bare one, or one with a work tree at `root` or above.
    pub(super) fn find(root: &Path) -> Option<Self> {
        let root = root.canonicalize().ok()?;
        if let Some(bare) = Self::at(root.clone(), Vec::new()) {
            return Some(bare);
        }
        for folder in root.ancestors() {
            let candidate = folder.join(".git");
            let git = if candidate.is_dir() {
                candidate
            } else if let Some(line) = line(&candidate) {
                folder.join(line.strip_prefix("gitdir:")?.trim())
            } else {
                continue;
            };
            let inside = root.strip_prefix(folder).ok()?;
            let prefix: Option<Vec<String>> =
                inside.iter().map(|component| component.to_str().map(str::to_owned)).collect();
            return Self::at(git, prefix?);
        }
        None
    }

    fn at(git: PathBuf, prefix: Vec<String>) -> Option<Self> {
        let common = line(&git.join("commondir")).map_or_else(|| git.clone(), |common| git.join(common.trim()));
        let is_repository = git.join("HEAD").is_file() && common.join("objects").is_dir();
        is_repository.then_some(Repository { git, common, prefix })
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.common.join("objects")
    }

    pub(super) fn is_shallow(&self) -> bool {
        self.common.join("shallow").is_file()
    }

    /// The commit that is checked out.
    pub(super) fn head(&self) -> Option<ObjectId> {
        let mut value = line(&self.git.join("HEAD"))?;
        for _ in 0..MAX_LINKS {
            let Some(name) = value.strip_prefix("ref:") else {
                return ObjectId::from_hex(value.trim().as_bytes()).ok();
            };
            let name = name.trim();
            let is_inside = Path::new(name).components().all(|component| matches!(component, Component::Normal(_)));
            if !name.starts_with("refs/") || !is_inside {
                return None;
            }
            value =
                line(&self.git.join(name)).or_else(|| line(&self.common.join(name))).or_else(|| self.packed(name))?;
        }
        None
    }

    /// The value of a reference in `packed-refs`: lines of an id and a name.
    fn packed(&self, name: &str) -> Option<String> {
        let file = plain_file(&self.common.join("packed-refs"))?;
        let mut lines = BufReader::new(file).lines().map_while(Result::ok);
        lines.find_map(|line| line.strip_suffix(name)?.strip_suffix(' ').map(str::to_owned))
    }
}

/// What a file of one line says.
fn line(path: &Path) -> Option<String> {
    let mut text = String::new();
    plain_file(path)?.take(MAX_LINE).read_to_string(&mut text).ok()?;
    Some(text.lines().next()?.to_owned())
}

fn plain_file(path: &Path) -> Option<File> {
    // Opening a pipe would wait for its writer.
    path.metadata().ok()?.is_file().then(|| File::open(path).ok()).flatten()
}
