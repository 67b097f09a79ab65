//! The index on disk: generations of immutable segments behind one atomic pointer.
//!
//! ```text
//! .cogo/
//! ├── CURRENT           one line, `gen-000042` and a checksum, replaced by rename: the only commit point
//! ├── LOCK              held by the one writer
//! ├── MODEL            name of the large model to search with, if one was chosen
//! ├── vectors/          what large models made of the chunks; see [`VectorStore`]
//! └── gen-000042/
//!     ├── manifest.json what the generation consists of, with lengths and checksums
//!     ├── catalog.bin   every file of the tree, how it looked, where its content lies
//!     └── *.seg         segments; those that did not change are hard links
//! ```
//!
//! A [`Snapshot`] is one generation, opened; it keeps working while later generations are committed and
//! its own files are removed. `docs/format.md` describes the bytes.

pub mod catalog;
pub mod container;
pub mod crash;
mod extract;
pub mod manifest;
mod segment;
mod segment_writer;
mod snapshot;
mod sums;
mod vectors;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fs_err as fs;
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result};
use catalog::CatalogEntry;
use manifest::{Counts, FORMAT_VERSION, Manifest, SegmentEntry, Settings};

pub use extract::{Extractor, Occurrence};
pub(crate) use segment::{ChunkRecord, FileRecord};
pub use segment::{Segment, Text};
pub use segment_writer::{OldVectors, SegmentWriter};
pub use snapshot::{LiveSegment, Snapshot};
pub use sums::Sums;
pub(crate) use vectors::Row;
pub use vectors::{VectorBatch, VectorStore, VectorWriter, Vectors};

/// Name of the index folder in a repository.
pub const FOLDER: &str = ".cogo";
const CURRENT: &str = "CURRENT";
const LOCK: &str = "LOCK";
const MODEL: &str = "MODEL";
const VECTORS: &str = "vectors";
/// How often, and how far apart, a lock is tried before another process counts as writing.
const GLANCES: usize = 5;
const GLANCE: Duration = Duration::from_millis(5);
const MANIFEST: &str = "manifest.json";
const CATALOG: &str = "catalog.bin";

/// An index folder, which may not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The index in `folder` (usually `<repository>/.cogo`).
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Store { folder: folder.into() }
    }

    /// The index folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Number of the committed generation, or `None` if there is no index.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if `CURRENT` does not name a generation.
    pub fn current(&self) -> Result<Option<u64>> {
        Ok(self.pointer()?.map(|pointer| pointer.generation))
    }

    fn pointer(&self) -> Result<Option<Pointer>> {
        let path = self.folder.join(CURRENT);
        let line = match fs::read_to_string(&path) {
            Ok(line) => line,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::Corrupt { path, reason: "not text".into() });
            }
            Err(error) => return Err(error.into()),
        };
        match Pointer::parse(&line) {
            Some(pointer) => Ok(Some(pointer)),
            None => Err(Error::Corrupt { path, reason: "does not name a generation".into() }),
        }
    }

    /// Opens the committed generation. Segments that `previous` holds open already are shared with it.
    ///
    /// # Errors
    /// [`Error::NoIndex`], [`Error::Format`] (another version of cogo wrote it) or [`Error::Corrupt`].
    pub fn snapshot(&self, previous: Option<&Snapshot>) -> Result<Snapshot> {
        let mut pointer = self.require_pointer()?;
        loop {
            match Snapshot::open(&self.generation_folder(pointer.generation), pointer.manifest, previous) {
                Ok(snapshot) => return Ok(snapshot),
                // A writer may have committed twice and removed what we were about to open.
                Err(error) => match self.require_pointer()? {
                    newer if newer != pointer => pointer = newer,
                    _ => return Err(error),
                },
            }
        }
    }

    fn require_pointer(&self) -> Result<Pointer> {
        self.pointer()?.ok_or_else(|| Error::NoIndex { path: self.folder.clone() })
    }

    /// Becomes the one writer, creating the index folder if needed.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process is writing and `wait` is false.
    pub fn lock(&self, wait: bool) -> Result<WriteLock> {
        fs::create_dir_all(&self.folder)?;
        let ignore = self.folder.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n")?;
        }
        let path = self.folder.join(LOCK);
        // Whoever only looks whether somebody writes holds the lock for a moment; that is no reason to give up.
        for _ in 0..GLANCES {
            if let Some(file) = lock_file(&path, wait)? {
                return Ok(WriteLock { store: self.clone(), _file: file });
            }
            std::thread::sleep(GLANCE);
        }
        Err(Error::Locked { path: self.folder.clone() })
    }

    /// Name of the large model this repository is meant to be searched with, if one was chosen. The file comes with the
    /// folder: what it names must be looked up among what the user has installed, and nowhere else.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn model(&self) -> Result<Option<String>> {
        match fs::read_to_string(self.folder.join(MODEL)) {
            Ok(line) => Ok(Some(line.trim().to_owned()).filter(|name| !name.is_empty())),
            // Nothing, or something that is no folder and cannot hold an index: whoever looks for that will say so.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Chooses the large model, or none.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set_model(&self, name: Option<&str>) -> Result<()> {
        let path = self.folder.join(MODEL);
        let Some(name) = name else {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            };
        };
        fs::create_dir_all(&self.folder)?;
        let next = self.folder.join("MODEL.next");
        write_synced(&next, format!("{name}\n").as_bytes())?;
        Ok(fs::rename(&next, path)?)
    }

    /// The vectors that the model `id` made of this repository's chunks.
    pub fn vectors(&self, id: &str) -> VectorStore {
        VectorStore::new(self.folder.join(VECTORS).join(id))
    }

    fn generation_folder(&self, generation: u64) -> PathBuf {
        self.folder.join(format!("gen-{generation:06}"))
    }

    /// Numbers of all generation folders, whole or not.
    fn generations(&self) -> Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(generation_number));
        }
        Ok(numbers)
    }
}

/// What `CURRENT` holds: the committed generation, and the checksum of its manifest, which vouches for all the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pointer {
    generation: u64,
    /// xxh3-64 of `manifest.json`
    manifest: u64,
}

impl Pointer {
    fn parse(line: &str) -> Option<Self> {
        let (name, checksum) = line.trim_end().split_once(' ')?;
        let manifest = u64::from_str_radix(checksum, 16).ok()?;
        let pointer = Pointer { generation: generation_number(name)?, manifest };
        // Written in any other way, it is not what was committed.
        (pointer.line() == line).then_some(pointer)
    }

    fn line(&self) -> String {
        format!("gen-{:06} {:016x}\n", self.generation, self.manifest)
    }
}

/// Takes the lock on a file, creating it if needed; `None` if another process has it and `wait` is false.
fn lock_file(path: &Path, wait: bool) -> Result<Option<std::fs::File>> {
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?.into_parts().0;
    if wait {
        file.lock()?;
        return Ok(Some(file));
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// The number in the name of a generation folder; `None` if it is not written as we write it.
fn generation_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("gen-").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    // Nobody commits 2³² times: whoever wrote more wants us to overflow.
    digits.parse::<u32>().ok().map(u64::from)
}

/// The right to write; released when dropped, or when the process dies.
pub struct WriteLock {
    store: Store,
    _file: std::fs::File,
}

impl WriteLock {
    /// Starts the next generation.
    pub fn begin(&self) -> Result<Transaction<'_>> {
        let newest = self.store.generations()?.into_iter().max().unwrap_or(0);
        // Numbers are never reused, not even those of generations that were never committed.
        let generation = newest.max(self.store.current().ok().flatten().unwrap_or(0)) + 1;
        let folder = self.store.generation_folder(generation);
        fs::create_dir(&folder)?;
        crash::point("generation-created");
        Ok(Transaction { lock: self, generation, folder, committed: false })
    }
}

/// A generation that is being written. Dropped without [`commit`](Self::commit), it leaves no trace.
pub struct Transaction<'l> {
    lock: &'l WriteLock,
    generation: u64,
    folder: PathBuf,
    committed: bool,
}

impl Transaction<'_> {
    /// Where to write segments.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Number of the generation.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes a segment of the current generation over, as hard links.
    pub fn keep(&self, entry: &SegmentEntry) -> Result<()> {
        let from = self.lock.store.generation_folder(self.lock.store.require_pointer()?.generation);
        let names = entry.hnsw.keys().cloned().chain([format!("{}.seg", entry.name)]);
        for name in names {
            let (source, target) = (from.join(&name), self.folder.join(&name));
            // Some file systems have no hard links.
            if fs::hard_link(&source, &target).is_err() {
                fs::copy(&source, &target)?;
                fs::File::open(&target)?.sync_all()?;
            }
        }
        Ok(())
    }

    /// Makes the generation the current one. `entries` are sorted by path.
    ///
    /// # Errors
    /// If anything could not be written; the generation before stays current.
    pub fn commit(
        mut self,
        settings: Settings,
        segments: Vec<SegmentEntry>,
        entries: &[CatalogEntry],
        counts: Counts,
    ) -> Result<()> {
        crash::point("segments-written");
        let catalog = catalog::write(&self.folder.join(CATALOG), entries)?;
        crash::point("catalog-written");
        let committed_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let manifest = Manifest {
            format: FORMAT_VERSION,
            generation: self.generation,
            cogo: env!("CARGO_PKG_VERSION").to_owned(),
            committed_ms,
            settings,
            segments,
            catalog,
            counts,
        };
        let json = serde_json::to_vec_pretty(&manifest).expect("a manifest is always JSON");
        write_synced(&self.folder.join(MANIFEST), &json)?;
        sync_folder(&self.folder)?;
        crash::point("manifest-written");
        let store = &self.lock.store;
        let previous = store.current().ok().flatten();
        let next = store.folder.join("CURRENT.next");
        let pointer = Pointer { generation: self.generation, manifest: xxh3_64(&json) };
        write_synced(&next, pointer.line().as_bytes())?;
        crash::point("current-written");
        fs::rename(&next, store.folder.join(CURRENT))?;
        self.committed = true;
        crash::point("current-renamed");
        sync_folder(&store.folder)?;
        store.remove_before(self.generation, previous);
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // Best effort: the next writer removes what is left.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Store {
    /// Removes every generation below `generation` but `previous`, the committed one before it, which a reader may
    /// be opening right now. Failures leave garbage for the next commit, nothing worse.
    fn remove_before(&self, generation: u64, previous: Option<u64>) {
        let others = self.generations().unwrap_or_default().into_iter();
        for number in others.filter(|number| *number < generation && Some(*number) != previous) {
            let _ = fs::remove_dir_all(self.generation_folder(number));
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

/// Makes the names in `folder` durable.
fn sync_folder(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
