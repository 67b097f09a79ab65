//! One immutable segment: some files of a repository with their chunks, symbols, postings and vectors.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bytemuck::{Pod, Zeroable};
use xxhash_rust::xxh3::xxh3_64;

use super::container::{Bytes, Container, Records};
use super::manifest::{Counts, SegmentEntry};
use crate::bindings::Bindings;
use crate::bm25::{Forward, Postings};
use crate::concepts::Concept;
use crate::document::FileRole;
use crate::error::Result;
use crate::symbol::{Reference, ReferenceKind, Span, Symbol, SymbolKind};
use crate::vector::{ExactIndex, HnswIndex, QuantizedVectors};

/// Container kind of a segment file.
pub(crate) const KIND: u32 = 1;
/// Stands for "none" in stored indexes.
pub(crate) const NONE: u32 = u32::MAX;
/// Prefix of the sections that hold tantivy's files.
pub(crate) const BM25_PREFIX: &str = "bm25/";

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct FileRecord {
    pub text_at: u64,
    pub text_hash: u64,
    pub text_len: u32,
    pub path_at: u32,
    pub path_len: u32,
    pub first_chunk: u32,
    pub chunks: u32,
    pub first_symbol: u32,
    pub symbols: u32,
    pub first_reference: u32,
    pub references: u32,
    pub path_terms: u32,
    pub language: u16,
    pub stem_words: u8,
    pub role: u8,
    pub lines: u32,
}

impl FileRecord {
    /// Its chunks.
    pub(crate) fn chunks(&self) -> std::ops::Range<u32> {
        self.first_chunk..self.first_chunk + self.chunks
    }

    pub(crate) fn count(&self, language: &str, counts: &mut Counts) {
        counts.files += 1;
        counts.chunks += u64::from(self.chunks);
        counts.symbols += u64::from(self.symbols);
        counts.references += u64::from(self.references);
        counts.lines += u64::from(self.lines);
        counts.bytes += u64::from(self.text_len);
        *counts.languages.entry(language.to_owned()).or_default() += 1;
    }
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ChunkRecord {
    /// xxh3-64 of what was embedded: path words, context and text.
    pub embedded: u64,
    pub file: u32,
    pub start: u32,
    pub end: u32,
    pub first_line: u32,
    pub last_line: u32,
    pub symbol: u32,
    /// Number of terms in the fields text, symbols and docs.
    pub terms: [u32; 3],
    pub reserved: u32,
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct SymbolRecord {
    pub kind: u32,
    pub parent: u32,
    pub name: [u32; 2],
    pub span: [u32; 2],
    pub signature: [u32; 2],
    pub doc: [u32; 2],
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ReferenceRecord {
    pub kind: u32,
    pub enclosing: u32,
    pub name: [u32; 2],
    pub qualifier: [u32; 2],
}

pub(crate) fn pack_span(span: Span) -> [u32; 2] {
    [span.start, span.end]
}

fn unpack_span([start, end]: [u32; 2]) -> Span {
    Span { start, end: end.max(start) }
}

fn unpack_index(index: u32) -> Option<u32> {
    (index != NONE).then_some(index)
}

/// The stored text of a file. Only the part that is asked for is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Text<'s> {
    bytes: &'s [u8],
}

impl<'s> Text<'s> {
    /// The text that `span` covers; empty if it does not lie in the text on character boundaries.
    pub fn slice(self, span: Span) -> &'s str {
        self.bytes.get(span.range()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// The whole text.
    pub fn as_str(self) -> &'s str {
        std::str::from_utf8(self.bytes).unwrap_or("")
    }
}

/// A segment, open for reading.
pub struct Segment {
    container: Container,
    entry: SegmentEntry,
    pub(crate) files: Records<FileRecord>,
    pub(crate) chunks: Records<ChunkRecord>,
    symbols: Records<SymbolRecord>,
    /// Checked and mapped when first asked for: no search needs them.
    references: OnceLock<Records<ReferenceRecord>>,
    /// Likewise; per chunk the end of its concepts, and all of them.
    concepts: OnceLock<(Records<u32>, Records<Concept>)>,
    /// Likewise; per file the end of its facts, and those of all.
    bindings: OnceLock<(Records<u64>, Bytes)>,
    languages: Vec<String>,
    paths: Bytes,
    texts: Bytes,
    /// per file: whether its text matched its checksum
    checked: Vec<AtomicBool>,
    pub(crate) postings: Postings,
    pub(crate) vectors: QuantizedVectors,
    exact: ExactIndex,
    hnsw: OnceLock<Option<HnswIndex>>,
    queries: AtomicU32,
}

impl Segment {
    /// Opens the segment that `entry` describes in the generation folder `folder`. Every section but the
    /// texts is checked against its checksum; a text is checked when it is read.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the file is damaged or is not the committed one.
    pub fn open(folder: &Path, entry: &SegmentEntry, dimensions: usize) -> Result<Self> {
        let path = folder.join(format!("{}.seg", entry.name));
        Self::of(Container::open(&path, KIND, Some(entry.digest))?, entry, dimensions)
    }

    pub(super) fn of(container: Container, entry: &SegmentEntry, dimensions: usize) -> Result<Self> {
        let files: Records<FileRecord> = container.records("files")?;
        let chunks: Records<ChunkRecord> = container.records("chunks")?;
        let symbols: Records<SymbolRecord> = container.records("symbols")?;
        let paths = container.section("paths")?;
        let texts = container.unverified("texts")?;
        let languages = container.section("languages")?;
        let languages: Vec<String> = String::from_utf8_lossy(&languages).lines().map(str::to_owned).collect();
        let postings = if Forward::is_in(&container) {
            let count = chunks.len() as u32;
            Postings::of_forward(container.path(), Forward::open(&container, count)?, count)
        } else {
            container
                .names()
                .filter_map(|name| name.strip_prefix(BM25_PREFIX).map(|file| (name, file)))
                .map(|(name, file)| Ok((file.to_owned(), container.section(name)?)))
                .collect::<Result<_>>()
                .and_then(|files| Postings::open(container.path(), files))?
        };
        let vectors = QuantizedVectors::open(&container, dimensions, chunks.len())?;
        let checked = files.iter().map(|_| AtomicBool::new(false)).collect();
        let segment = Segment {
            checked,
            exact: ExactIndex::new(vectors.clone()),
            container,
            entry: entry.clone(),
            files,
            chunks,
            symbols,
            references: OnceLock::new(),
            concepts: OnceLock::new(),
            bindings: OnceLock::new(),
            languages,
            paths,
            texts,
            postings,
            vectors,
            hnsw: OnceLock::new(),
            queries: AtomicU32::new(0),
        };
        segment.check()?;
        Ok(segment)
    }

    /// Compares every index that is stored with the array it points into, so that nothing later can reach
    /// outside. Checksums tell accidents; this tells files that somebody made up.
    fn check(&self) -> Result<()> {
        let references = self.container.unverified("references")?.len() / size_of::<ReferenceRecord>();
        let within = |first: u32, count: u32, len: usize| first as usize + count as usize <= len;
        let mut next_chunk = 0;
        for (index, file) in self.files.iter().enumerate() {
            let whole = within(file.path_at, file.path_len, self.paths.len())
                && file.first_chunk == next_chunk
                && file.chunks > 0
                && within(file.first_chunk, file.chunks, self.chunks.len())
                && within(file.first_symbol, file.symbols, self.symbols.len())
                && within(file.first_reference, file.references, references)
                && (file.text_at as usize)
                    .checked_add(file.text_len as usize)
                    .is_some_and(|end| end <= self.texts.len())
                && (file.language as usize) < self.languages.len()
                && self.chunks[file.first_chunk as usize..][..file.chunks as usize]
                    .iter()
                    .all(|chunk| chunk.file as usize == index);
            if !whole {
                return Err(self.container.corrupt("a file record points outside its section"));
            }
            next_chunk += file.chunks;
        }
        if next_chunk as usize != self.chunks.len() {
            return Err(self.container.corrupt("chunks without a file"));
        }
        if next_chunk != self.entry.chunks || next_chunk != self.postings.chunks() {
            return Err(self.container.corrupt("the number of chunks is another than the committed one"));
        }
        Ok(())
    }

    /// What the manifest says of it.
    pub fn entry(&self) -> &SegmentEntry {
        &self.entry
    }

    /// Path of a file, relative to the root.
    pub fn path(&self, file: u32) -> &str {
        let file = &self.files[file as usize];
        let bytes = &self.paths[file.path_at as usize..][..file.path_len as usize];
        std::str::from_utf8(bytes).unwrap_or("")
    }

    /// Language of a file.
    pub fn language(&self, file: u32) -> &str {
        &self.languages[self.files[file as usize].language as usize]
    }

    /// Role of a file.
    pub fn role(&self, file: u32) -> FileRole {
        FileRole::from_u8(self.files[file as usize].role)
    }

    /// Chunks of a file.
    pub fn chunks_of(&self, file: u32) -> std::ops::Range<u32> {
        self.files[file as usize].chunks()
    }

    /// The indexed text of a file, checked against its checksum the first time.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the stored text is damaged.
    pub fn text(&self, file: u32) -> Result<Text<'_>> {
        let record = &self.files[file as usize];
        let bytes = &self.texts[record.text_at as usize..][..record.text_len as usize];
        let checked = &self.checked[file as usize];
        if !checked.load(Ordering::Relaxed) {
            if xxh3_64(bytes) != record.text_hash {
                let reason = format!("text of `{}` does not match its checksum", self.path(file));
                return Err(self.container.corrupt(&reason));
            }
            checked.store(true, Ordering::Relaxed);
        }
        Ok(Text { bytes })
    }

    /// Definitions of a file, as spans into its [`text`](Self::text).
    pub fn symbols(&self, file: u32) -> Vec<Symbol> {
        (0..self.files[file as usize].symbols).filter_map(|index| self.symbol(file, index)).collect()
    }

    pub(super) fn symbol_records(&self, file: u32) -> &[SymbolRecord] {
        let record = &self.files[file as usize];
        &self.symbols[record.first_symbol as usize..][..record.symbols as usize]
    }

    /// One definition of a file; `None` if there are not so many.
    pub fn symbol(&self, file: u32, index: u32) -> Option<Symbol> {
        let record = &self.files[file as usize];
        if index >= record.symbols {
            return None;
        }
        let symbol = &self.symbols[record.first_symbol as usize + index as usize];
        Some(Symbol {
            kind: SymbolKind::from_u8(symbol.kind as u8)?,
            name: unpack_span(symbol.name),
            span: unpack_span(symbol.span),
            signature: unpack_span(symbol.signature),
            doc: unpack_span(symbol.doc),
            parent: unpack_index(symbol.parent),
        })
    }

    /// Kind of the definition that a chunk is, begins, or lies in.
    pub fn chunk_kind(&self, chunk: u32) -> Option<SymbolKind> {
        let record = &self.chunks[chunk as usize];
        let file = &self.files[record.file as usize];
        let in_file = unpack_index(record.symbol).filter(|index| *index < file.symbols)?;
        SymbolKind::from_u8(self.symbols[(file.first_symbol + in_file) as usize].kind as u8)
    }

    /// References of a file, as spans into its [`text`](Self::text).
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the stored references are damaged.
    pub fn references(&self, file: u32) -> Result<Vec<Reference>> {
        let all = match self.references.get() {
            Some(all) => all,
            None => {
                let all = self.container.records("references")?;
                self.references.get_or_init(|| all)
            }
        };
        let record = &self.files[file as usize];
        let own = &all[record.first_reference as usize..][..record.references as usize];
        let references = own.iter().filter_map(|reference| {
            Some(Reference {
                kind: ReferenceKind::from_u8(reference.kind as u8)?,
                name: unpack_span(reference.name),
                qualifier: unpack_span(reference.qualifier),
                enclosing: unpack_index(reference.enclosing),
            })
        });
        Ok(references.collect())
    }

    /// The concepts of a chunk, sorted; none if its file is not written for people.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the stored concepts are damaged.
    pub(crate) fn concepts(&self, chunk: u32) -> Result<&[Concept]> {
        let (ends, all) = match self.concepts.get() {
            Some(known) => known,
            None => {
                let ends = self.container.records::<u32>("concepts.ends")?;
                let all = self.container.records::<Concept>("concepts")?;
                let whole = ends.len() == self.chunks.len()
                    && ends.is_sorted()
                    && ends.last().copied().unwrap_or(0) as usize == all.len();
                if !whole {
                    return Err(self.container.corrupt("concepts do not match the chunks"));
                }
                self.concepts.get_or_init(|| (ends, all))
            }
        };
        let start = if chunk == 0 { 0 } else { ends[chunk as usize - 1] };
        Ok(&all[start as usize..ends[chunk as usize] as usize])
    }

    /// What the names of a file stand for, as spans into its [`text`](Self::text).
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the stored facts are damaged.
    pub fn bindings(&self, file: u32) -> Result<Bindings> {
        let (ends, all) = match self.bindings.get() {
            Some(known) => known,
            None => {
                let ends = self.container.records::<u64>("bindings.ends")?;
                let all = self.container.section("bindings")?;
                let whole = ends.len() == self.files.len()
                    && ends.is_sorted()
                    && ends.last().copied().unwrap_or(0) == all.len() as u64;
                if !whole {
                    return Err(self.container.corrupt("facts do not match the files"));
                }
                self.bindings.get_or_init(|| (ends, all))
            }
        };
        let start = if file == 0 { 0 } else { ends[file as usize - 1] };
        let stored = &all[start as usize..ends[file as usize] as usize];
        Bindings::read(stored).ok_or_else(|| self.container.corrupt("malformed facts"))
    }

    /// Adds what a file holds to `counts`.
    pub fn count_file(&self, file: u32, counts: &mut Counts) {
        self.files[file as usize].count(self.language(file), counts);
    }

    /// First and last line of a chunk, 1-based, inclusive, and its bytes in the text of its file.
    pub fn place(&self, chunk: u32) -> ((u32, u32), Span) {
        let record = &self.chunks[chunk as usize];
        ((record.first_line, record.last_line), Span { start: record.start, end: record.end })
    }

    /// The definition that a chunk is, begins, or lies in: index among the symbols of its file.
    pub fn chunk_symbol(&self, chunk: u32) -> Option<u32> {
        unpack_index(self.chunks[chunk as usize].symbol)
    }

    /// The vector of a chunk in half precision, as bits.
    pub fn halves(&self, chunk: u32) -> &[u16] {
        self.vectors.halves(chunk)
    }

    /// What a large model reads of a chunk: the path, the definitions or headings around it, its text.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn passage(&self, chunk: u32) -> Result<String> {
        let record = &self.chunks[chunk as usize];
        let text = self.text(record.file)?;
        let mut around = Vec::new();
        let mut next = unpack_index(record.symbol);
        while let Some(symbol) = next.and_then(|index| self.symbol(record.file, index)) {
            if symbol.span.start < record.start {
                around.push(text.slice(symbol.name).trim());
            }
            next = symbol.parent.filter(|parent| Some(*parent) < next);
        }
        around.push(self.path(record.file));
        around.reverse();
        let chunk = text.slice(Span { start: record.start, end: record.end });
        Ok(format!("{}\n{chunk}", around.join(" > ")))
    }

    /// The hash of what a chunk is to a model: its path, where it stands, its text.
    pub fn passage_hash(&self, chunk: u32) -> u64 {
        self.chunks[chunk as usize].embedded
    }

    /// The vectors of a file's chunks by the hash of what was embedded, to reuse them.
    pub fn vectors_of(&self, file: u32) -> impl Iterator<Item = (u64, u32)> {
        self.chunks_of(file).map(|chunk| (self.chunks[chunk as usize].embedded, chunk))
    }

    /// The HNSW graph, if the segment has one and this process asks for the second time (loading the graph costs more than
    /// one scan). `folder` is that of the generation.
    pub fn hnsw_index(&self, folder: &Path) -> Option<&HnswIndex> {
        if self.entry.hnsw.is_empty() || self.queries.fetch_add(1, Ordering::Relaxed) == 0 {
            return None;
        }
        self.hnsw.get_or_init(|| self.load_hnsw(folder)).as_ref()
    }

    /// The index that scans.
    pub fn exact_index(&self) -> &ExactIndex {
        &self.exact
    }

    /// The graph, or `None` if its files are missing or damaged: the exact scan gives the same answers.
    fn load_hnsw(&self, folder: &Path) -> Option<HnswIndex> {
        for (name, digest) in &self.entry.hnsw {
            let bytes = fs_err::read(folder.join(name)).ok()?;
            if bytes.len() as u64 != digest.bytes || xxh3_64(&bytes) != digest.xxh3 {
                return None;
            }
        }
        HnswIndex::load(folder, &self.entry.name, self.vectors.clone()).ok()
    }
}
