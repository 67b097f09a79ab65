//! The catalog of a generation: every file the walk saw, how it looked then, and where its content lies.
//!
//! It answers two questions: has a file changed since (by its [`Stamp`], without reading it), and which
//! files of which segments are live. A segment's file that no catalog entry points to is dead.

use std::path::Path;

use bytemuck::{Pod, Zeroable};

use super::container::{Container, ContainerWriter, FileDigest};
use crate::error::Result;

const KIND: u32 = 2;

/// How the file system described a file; two equal stamps mean an unchanged file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Stamp {
    /// Size in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since the epoch.
    pub modified_ns: i64,
    /// Inode change time, nanoseconds since the epoch; 0 where the platform has none.
    pub changed_ns: i64,
    /// Inode; 0 where the platform has none.
    pub inode: u64,
}

/// Where the content of a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a segment.
    Indexed {
        /// Index of the segment in the manifest.
        segment: u32,
        /// Index of the file in the segment.
        file: u32,
    },
    /// Nowhere: the indexer left it out for the reason with this code.
    Skipped(u8),
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    /// Path relative to the root, `/` separators.
    pub path: String,
    /// How it looked when it was read.
    pub stamp: Stamp,
    /// xxh3-64 of its bytes; 0 if it was not read.
    pub content: u64,
    /// Where its content lies.
    pub place: Place,
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Record {
    stamp: Stamp,
    content: u64,
    path_end: u32,
    segment: u32,
    file: u32,
    skipped: u32,
}

const NO_SEGMENT: u32 = u32::MAX;

/// Writes the catalog; `entries` are sorted by path.
pub fn write(path: &Path, entries: &[CatalogEntry]) -> Result<FileDigest> {
    let mut paths = String::new();
    let mut records = Vec::with_capacity(entries.len());
    for entry in entries {
        paths.push_str(&entry.path);
        let (segment, file, skipped) = match entry.place {
            Place::Indexed { segment, file } => (segment, file, 0),
            Place::Skipped(code) => (NO_SEGMENT, 0, u32::from(code)),
        };
        let path_end = paths.len() as u32;
        let (stamp, content) = (entry.stamp, entry.content);
        records.push(Record { stamp, content, path_end, segment, file, skipped });
    }
    let mut writer = ContainerWriter::create(path, KIND)?;
    writer.section("files", &[bytemuck::cast_slice(&records)])?;
    writer.section("paths", &[paths.as_bytes()])?;
    writer.finish()
}

/// Reads the catalog back, sorted by path.
pub fn read(path: &Path, committed: FileDigest) -> Result<Vec<CatalogEntry>> {
    let container = Container::open(path, KIND, Some(committed))?;
    let records = container.records::<Record>("files")?;
    let paths = container.section("paths")?;
    let paths = std::str::from_utf8(&paths).map_err(|_| container.corrupt("paths are not UTF-8"))?;
    let mut start = 0;
    let mut entries = Vec::with_capacity(records.len());
    for record in records.iter() {
        let path = paths
            .get(start..record.path_end as usize)
            .ok_or_else(|| container.corrupt("a path lies outside its section"))?;
        start = record.path_end as usize;
        let place = match record.segment {
            NO_SEGMENT => Place::Skipped(record.skipped as u8),
            segment => Place::Indexed { segment, file: record.file },
        };
        entries.push(CatalogEntry { path: path.to_owned(), stamp: record.stamp, content: record.content, place });
    }
    Ok(entries)
}
