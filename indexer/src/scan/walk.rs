//! The walk itself: threads, ignore rules, one look at the metadata of each file.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::name::skip_by_name;
use super::vendored::is_vendored;
use super::{Problem, Scan, ScanError, ScanOptions, ScannedFile, SkipReason, Skipped, one_line};

/// Name of the ignore file that only this program reads.
const IGNORE_FILE: &str = ".cogoignore";

/// Folders that are never entered, whatever the ignore files say.
const NEVER: [&str; 2] = [".git", ".cogo"];

/// Files between two calls of the progress function, on each thread.
const PROGRESS_STEP: usize = 256;

/// Walks the folder `root` and lists the files that may be indexed.
///
/// `.gitignore`, `.ignore` and `.cogoignore` count at every level, with or without a git
/// repository; so do `.git/info/exclude` and the user's global git excludes, and, if the folder
/// lies in a git repository, the ignore files above it. Hidden files are left out unless an ignore
/// file names them (`!.github/`). Links are not followed, except `root` itself.
///
/// `progress` is called from several threads with the number of files seen so far.
pub fn scan(root: &Path, options: &ScanOptions, progress: &(dyn Fn(usize) + Sync)) -> Result<Scan, ScanError> {
    let root = resolve(root)?;
    // Within a repository the walker respects its borders as git does, for instance at submodules;
    // elsewhere it does not ask for a repository, and nothing above the root counts.
    let in_repository = lies_in_repository(&root);
    let mut walk = WalkBuilder::new(&root);
    walk.threads(options.threads)
        .follow_links(false)
        .require_git(in_repository)
        .parents(in_repository)
        .add_custom_ignore_filename(IGNORE_FILE);

    let crew =
        Crew { root: &root, options, progress, seen: AtomicUsize::new(0), finished: Mutex::new(Found::default()) };
    walk.build_parallel().run(|| {
        let mut worker = Worker::new(&crew);
        Box::new(move |entry| worker.visit(entry))
    });

    let seen = crew.seen.into_inner();
    let found = crew.finished.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    progress(seen);
    Ok(found.into_scan(root))
}

/// The folder that `root` means: absolute, and without links.
fn resolve(root: &Path) -> Result<PathBuf, ScanError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ScanError::Missing(root.to_path_buf()),
        std::io::ErrorKind::NotADirectory => ScanError::NotAFolder(root.to_path_buf()),
        _ => ScanError::Unreadable(root.to_path_buf(), error),
    };
    let resolved = fs::canonicalize(root).map_err(unreadable)?;
    fs::read_dir(&resolved).map_err(unreadable)?;
    Ok(resolved)
}

/// Whether `root` is, or lies in, the work tree of a git repository.
fn lies_in_repository(root: &Path) -> bool {
    root.ancestors().any(|folder| folder.join(".git").exists())
}

/// What one thread has found, and in the end all of them.
#[derive(Default)]
struct Found {
    files: Vec<ScannedFile>,
    skipped: Vec<Skipped>,
    problems: Vec<Problem>,
}

impl Found {
    fn append(&mut self, mut other: Found) {
        self.files.append(&mut other.files);
        self.skipped.append(&mut other.skipped);
        self.problems.append(&mut other.problems);
    }

    fn into_scan(mut self, root: PathBuf) -> Scan {
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path).then_with(|| a.absolute.cmp(&b.absolute)));
        let problems = &mut self.problems;
        self.files.dedup_by(|later, kept| {
            let same = later.path == kept.path;
            if same {
                problems.push(Problem {
                    path: later.path.clone(),
                    message: "two files have this name once it is made readable; one is left out".into(),
                });
            }
            same
        });
        self.skipped.sort_unstable();
        self.problems.sort_unstable();
        self.problems.dedup();
        Scan { root, files: self.files, skipped: self.skipped, problems: self.problems }
    }
}

/// What all threads share.
struct Crew<'a> {
    root: &'a Path,
    options: &'a ScanOptions,
    progress: &'a (dyn Fn(usize) + Sync),
    seen: AtomicUsize,
    finished: Mutex<Found>,
}

/// One thread of the walk.
struct Worker<'a> {
    crew: &'a Crew<'a>,
    found: Found,
    /// Files seen since the last call of the progress function.
    unreported: usize,
}

impl Drop for Worker<'_> {
    /// Hands in what was found; the only time a thread takes the lock.
    fn drop(&mut self) {
        self.crew.seen.fetch_add(self.unreported, Ordering::Relaxed);
        let mut finished = self.crew.finished.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        finished.append(std::mem::take(&mut self.found));
    }
}

impl<'a> Worker<'a> {
    fn new(crew: &'a Crew<'a>) -> Self {
        Worker { crew, found: Found::default(), unreported: 0 }
    }

    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.problem(&error);
                return WalkState::Continue;
            }
        };
        if let Some(error) = entry.error() {
            self.problem(error);
        }
        if entry.depth() == 0 {
            return WalkState::Continue;
        }
        match entry.file_type() {
            Some(kind) if kind.is_file() => {
                self.file(entry);
                WalkState::Continue
            }
            Some(kind) if kind.is_dir() => self.folder(&entry),
            Some(kind) if kind.is_symlink() => self.skip(entry.path(), "", SkipReason::Link),
            _ => self.skip(entry.path(), "", SkipReason::NotAFile),
        }
    }

    fn folder(&mut self, entry: &DirEntry) -> WalkState {
        if NEVER.iter().any(|name| entry.file_name() == OsStr::new(name)) {
            return WalkState::Skip;
        }
        if !self.crew.options.include_vendored && is_vendored(entry.path(), entry.depth()) {
            return self.skip(entry.path(), "/", SkipReason::Vendored);
        }
        WalkState::Continue
    }

    fn file(&mut self, entry: DirEntry) {
        self.unreported += 1;
        if self.unreported == PROGRESS_STEP {
            self.unreported = 0;
            let before = self.crew.seen.fetch_add(PROGRESS_STEP, Ordering::Relaxed);
            (self.crew.progress)(before + PROGRESS_STEP);
        }
        let path = self.readable(entry.path());
        if let Some(reason) = skip_by_name(&path) {
            self.found.skipped.push(Skipped { path, reason });
            return;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                self.problem(&error);
                self.found.skipped.push(Skipped { path, reason: SkipReason::Unreadable });
                return;
            }
        };
        if metadata.len() > self.crew.options.max_file_bytes {
            self.found.skipped.push(Skipped { path, reason: SkipReason::TooLarge });
            return;
        }
        let (changed_ns, inode) = change_stamp(&metadata);
        self.found.files.push(ScannedFile {
            path,
            absolute: entry.into_path(),
            size: metadata.len(),
            modified_ns: modified_ns(&metadata),
            changed_ns,
            inode,
        });
    }

    fn skip(&mut self, path: &Path, ending: &str, reason: SkipReason) -> WalkState {
        let path = self.readable(path) + ending;
        self.found.skipped.push(Skipped { path, reason });
        WalkState::Skip
    }

    fn problem(&mut self, error: &ignore::Error) {
        let path = match path_of(error) {
            Some(path) => below(self.crew.root, path).0,
            None => String::new(),
        };
        self.found.problems.push(Problem { path, message: one_line(&cause(error)) });
    }

    /// The path below the root as text; a name that is not UTF-8 is noted as a problem.
    fn readable(&mut self, path: &Path) -> String {
        let (readable, exact) = below(self.crew.root, path);
        if !exact {
            let message = "the name is not UTF-8; what cannot be read is shown as \u{fffd}".into();
            self.found.problems.push(Problem { path: readable.clone(), message });
        }
        readable
    }
}

/// `path` relative to `root` with `/` between its parts, and whether that says it exactly.
fn below(root: &Path, path: &Path) -> (String, bool) {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let (text, exact) = match relative.to_str() {
        Some(text) => (text.to_owned(), true),
        None => (relative.to_string_lossy().into_owned(), false),
    };
    if cfg!(windows) { (text.replace('\\', "/"), exact) } else { (text, exact) }
}

/// The path that an error of the walker speaks of.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// What an error of the walker says, without the path.
fn cause(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { err, .. } | ignore::Error::WithDepth { err, .. } => cause(err),
        ignore::Error::WithLineNumber { line, err } => format!("line {line}: {}", cause(err)),
        ignore::Error::Partial(errors) => errors.iter().map(cause).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

fn modified_ns(metadata: &Metadata) -> i64 {
    let Ok(modified) = metadata.modified() else { return 0 };
    let saturate = |nanos: u128| i64::try_from(nanos).unwrap_or(i64::MAX);
    match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => saturate(since.as_nanos()),
        Err(before) => -saturate(before.duration().as_nanos()),
    }
}

#[cfg(unix)]
fn change_stamp(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
    let nanos = u64::try_from(metadata.ctime_nsec()).unwrap_or(0);
    (seconds.saturating_mul(1_000_000_000).saturating_add(nanos), metadata.ino())
}

#[cfg(not(unix))]
fn change_stamp(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
