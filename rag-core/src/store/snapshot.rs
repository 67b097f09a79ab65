//! One committed generation, open for reading.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::catalog::{self, CatalogEntry, Place};
use super::container::FileDigest;
use super::manifest::{Counts, FORMAT_VERSION, Manifest, SegmentEntry, Settings};
use super::{CATALOG, MANIFEST, Segment};
use crate::error::{Error, Result};

/// A frozen view of an index: the files of one generation.
pub struct Snapshot {
    /// What the generation consists of.
    pub manifest: Manifest,
    /// The folder of the generation; a later commit may remove it.
    pub folder: PathBuf,
    /// Every file of the tree, sorted by path.
    pub catalog: Vec<CatalogEntry>,
    /// The segments with their live files, in the manifest's order.
    pub segments: Vec<LiveSegment>,
}

/// A segment and which of its files this generation still contains.
pub struct LiveSegment {
    /// The segment.
    pub segment: Arc<Segment>,
    /// Per file of the segment: whether the catalog points to it.
    pub live: Vec<bool>,
    /// Whether every file is live.
    pub all_live: bool,
}

impl LiveSegment {
    /// Whether the chunk belongs to a live file.
    pub fn is_live(&self, chunk: u32) -> bool {
        self.all_live || self.live[self.segment.chunks[chunk as usize].file as usize]
    }

    /// Number of chunks of live files.
    pub fn live_chunks(&self) -> u64 {
        let files = self.segment.files.iter().zip(&self.live);
        files.filter(|(_, live)| **live).map(|(file, _)| u64::from(file.chunks)).sum()
    }
}

impl Snapshot {
    /// Segments that are kept elsewhere, made with `model`; nothing of it is on disk.
    pub fn unsaved(
        generation: u64,
        (model, dimensions): (&str, u32),
        counts: Counts,
        segments: Vec<LiveSegment>,
    ) -> Self {
        let settings = Settings {
            pipeline: 0,
            chunk_bytes: 0,
            max_file_bytes: 0,
            include_vendored: false,
            model: model.to_owned(),
            dimensions,
            hnsw_min_vectors: u32::MAX,
        };
        let manifest = Manifest {
            format: FORMAT_VERSION,
            generation,
            cogo: String::new(),
            committed_ms: 0,
            settings,
            segments: Vec::new(),
            catalog: FileDigest { bytes: 0, xxh3: 0 },
            counts,
        };
        Snapshot { manifest, folder: PathBuf::new(), catalog: Vec::new(), segments }
    }

    pub(super) fn open(folder: &Path, checksum: u64, previous: Option<&Snapshot>) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let corrupt = |reason: &str| Error::Corrupt { path: path.clone(), reason: reason.into() };
        let json = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(corrupt("it is missing")),
            json => json?,
        };
        #[derive(serde::Deserialize)]
        struct Format {
            format: u32,
        }
        let found = serde_json::from_slice::<Format>(&json).map_err(|_| corrupt("not a manifest"))?.format;
        if found != FORMAT_VERSION {
            return Err(Error::Format { path: folder.into(), found, expected: FORMAT_VERSION });
        }
        if xxh3_64(&json) != checksum {
            return Err(corrupt("checksum mismatch"));
        }
        let manifest: Manifest = serde_json::from_slice(&json).map_err(|_| corrupt("malformed"))?;
        // Names are joined to the folder, here and by the next writer, who links and copies what they name.
        let plain = |entry: &SegmentEntry| entry.hnsw.keys().chain([&entry.name]).all(|name| is_plain_name(name));
        if !manifest.segments.iter().all(plain) {
            return Err(corrupt("a file name leads out of the folder"));
        }
        let catalog = catalog::read(&folder.join(CATALOG), manifest.catalog)?;
        let dimensions = manifest.settings.dimensions as usize;
        let known = |entry: &SegmentEntry| {
            let known = previous?.segments.iter().find(|known| known.segment.entry() == entry)?;
            Some(known.segment.clone())
        };
        // Comparing checksums is what takes the time.
        let open = |entry: &SegmentEntry| match known(entry) {
            Some(segment) => Ok(segment),
            None => Segment::open(folder, entry, dimensions).map(Arc::new),
        };
        let segments: Vec<Arc<Segment>> = manifest.segments.par_iter().map(open).collect::<Result<_>>()?;
        let dead = |segment: Arc<Segment>| {
            let live = vec![false; segment.files.len()];
            LiveSegment { segment, live, all_live: true }
        };
        let mut segments: Vec<LiveSegment> = segments.into_iter().map(dead).collect();
        if !catalog.is_sorted_by(|a, b| a.path < b.path) {
            return Err(corrupt("the catalog is not sorted"));
        }
        for entry in &catalog {
            if let Place::Indexed { segment, file } = entry.place {
                let known = segments
                    .get_mut(segment as usize)
                    .filter(|known| (file as usize) < known.live.len())
                    .filter(|known| known.segment.path(file) == entry.path)
                    .ok_or_else(|| corrupt("the catalog points outside the segments"))?;
                known.live[file as usize] = true;
            }
        }
        for known in &mut segments {
            known.all_live = known.live.iter().all(|live| *live);
        }
        Ok(Snapshot { folder: folder.into(), manifest, catalog, segments })
    }

    /// The catalog entry of `path`.
    pub fn entry(&self, path: &str) -> Option<&CatalogEntry> {
        let found = self.catalog.binary_search_by(|entry| entry.path.as_str().cmp(path));
        found.ok().map(|index| &self.catalog[index])
    }
}

/// Whether `name` is the name of a file of ours: no path, nothing hidden.
fn is_plain_name(name: &str) -> bool {
    !name.starts_with('.')
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
