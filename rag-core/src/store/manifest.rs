//! The manifest: what a generation consists of. The one wire format of the core.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::container::FileDigest;

/// Version of everything below `.cogo/`. Another version is never read: the index is rebuilt.
pub const FORMAT_VERSION: u32 = 1;

/// Contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub format: u32,
    /// Number of this generation.
    pub generation: u64,
    /// Version of the cogo that wrote it.
    pub cogo: String,
    /// Unix time of the commit, in milliseconds.
    pub committed_ms: u64,
    /// Everything that decides what the index of a given tree looks like: chunker version, limits, model.
    /// An index with other settings is rebuilt, not updated.
    pub settings: Settings,
    /// The segments, in order.
    pub segments: Vec<SegmentEntry>,
    /// The catalog file.
    pub catalog: FileDigest,
    /// What the generation holds.
    pub counts: Counts,
}

/// What decides how a tree is indexed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Version of parsing, chunking and analysis.
    pub pipeline: u32,
    /// Target size of a chunk in bytes.
    pub chunk_bytes: u32,
    /// Files over this size are left out.
    pub max_file_bytes: u64,
    /// Whether vendored code is indexed too.
    pub include_vendored: bool,
    /// The model whose vectors are stored.
    pub model: String,
    /// Length of a vector.
    pub dimensions: u32,
    /// Segments with at least this many vectors get an HNSW graph.
    pub hnsw_min_vectors: u32,
}

/// One immutable segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// Name of its files, without extension.
    pub name: String,
    /// The segment file.
    pub digest: FileDigest,
    /// Number of chunks in it, live or not.
    pub chunks: u32,
    /// Files of the HNSW graph with their lengths and checksums, if it has one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hnsw: BTreeMap<String, FileDigest>,
}

/// Size of what is searchable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Indexed files.
    pub files: u64,
    /// Files left out.
    pub skipped: u64,
    /// Chunks.
    pub chunks: u64,
    /// Definitions.
    pub symbols: u64,
    /// References.
    pub references: u64,
    /// Lines of text.
    pub lines: u64,
    /// Bytes of text.
    pub bytes: u64,
    /// Files by language.
    pub languages: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds another part of the generation.
    pub fn add(&mut self, other: &Counts) {
        self.files += other.files;
        self.skipped += other.skipped;
        self.chunks += other.chunks;
        self.symbols += other.symbols;
        self.references += other.references;
        self.lines += other.lines;
        self.bytes += other.bytes;
        for (language, files) in &other.languages {
            *self.languages.entry(language.clone()).or_default() += files;
        }
    }
}
