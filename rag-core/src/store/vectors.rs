//! What a large model made of the chunks: vectors that come later than the index they belong to.
//!
//! ```text
//! .cogo/vectors/
//! └── bge-m3-0123456789abcdef/     one folder per model and its weights
//!     ├── LOCK                     held by the one process that adds vectors
//!     ├── 000001-000004.vec        parts 1 to 4, merged into one file
//!     └── 000005-000005.vec
//! ```
//!
//! A vector is kept under the hash of the text it was made of, so it fits every generation that holds the text: it can be
//! absent, never wrong. Parts are immutable and appear by one rename. A merged part holds those in its range; if a crash
//! left them beside it, they are not looked at. What is lost or damaged is simply made again.

use std::path::{Path, PathBuf};

use fs_err as fs;
use half::f16;
use hashbrown::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

use super::container::{Container, ContainerWriter, Records};
use super::{crash, lock_file, sync_folder};
use crate::embedding::Encoding;
use crate::error::{Error, Result};
use crate::vector::{QuantizedQuery, QuantizedVectors, Quantizer};

/// Container kind of a part.
const KIND: u32 = 3;
const EXTENSION: &str = "vec";
const LOCK: &str = "LOCK";

/// Where one model's vectors of one repository lie; the folder may not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorStore {
    folder: PathBuf,
}

/// A row of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub part: u32,
    pub row: u32,
}

impl VectorStore {
    /// The vectors in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        VectorStore { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens what is there. Damaged parts are left out and named in [`Vectors::damaged`].
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn open(&self) -> Result<Vectors> {
        let mut vectors = Vectors::default();
        for name in self.parts()? {
            let path = self.folder.join(name.file());
            match Part::open(&path) {
                Ok(part) => vectors.add(name, part),
                // A merge has replaced it while we were looking.
                Err(Error::Corrupt { .. }) if !path.exists() => return self.open(),
                Err(error @ Error::Corrupt { .. }) => vectors.damaged.push((path, error.to_string())),
                Err(error) => return Err(error),
            }
        }
        Ok(vectors)
    }

    /// Whether `vectors` is what is there now.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn is_current(&self, vectors: &Vectors) -> Result<bool> {
        let damaged = vectors.damaged.iter().map(|(path, _)| path);
        let known = vectors.parts.iter().map(|(name, _)| self.folder.join(name.file()));
        Ok(self.parts()?.len() == vectors.parts.len() + vectors.damaged.len()
            && known.chain(damaged.cloned()).all(|path| path.exists()))
    }

    /// Names of the parts that count, in order.
    fn parts(&self) -> Result<Vec<PartName>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().to_str().and_then(PartName::parse));
        }
        names.sort_by_key(|name| (name.first, std::cmp::Reverse(name.last)));
        let mut covered = 0;
        names.retain(|name| {
            let counts = name.first > covered;
            covered = covered.max(name.last);
            counts
        });
        Ok(names)
    }

    /// Becomes the one process that adds vectors, creating the folder if needed.
    ///
    /// # Errors
    /// [`Error::Locked`] if another one does.
    pub fn writer(&self) -> Result<VectorWriter> {
        fs::create_dir_all(&self.folder)?;
        let lock = lock_file(&self.folder.join(LOCK), false)?.ok_or(Error::Locked { path: self.folder.clone() })?;
        let kept = self.parts()?;
        // What a crash or a merge has left; nobody else is writing.
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is_part = path.extension().is_some_and(|extension| extension == EXTENSION || extension == "next");
            let name = path.file_name().and_then(|name| PartName::parse(name.to_str()?));
            if is_part && !name.is_some_and(|name| kept.contains(&name)) {
                fs::remove_file(&path)?;
            }
        }
        let vectors = self.open()?;
        for (path, _) in &vectors.damaged {
            fs::remove_file(path)?;
        }
        Ok(VectorWriter { store: self.clone(), vectors, _lock: lock })
    }

    /// Whether a process is adding vectors at this moment.
    pub fn is_locked(&self) -> bool {
        let path = self.folder.join(LOCK);
        path.exists() && matches!(lock_file(&path, false), Ok(None))
    }
}

/// The name of a part: the numbers of the additions it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PartName {
    first: u32,
    last: u32,
}

impl PartName {
    fn parse(name: &str) -> Option<Self> {
        let (first, last) = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.split_once('-')?;
        let name = PartName { first: first.parse().ok()?, last: last.parse().ok()? };
        (1 <= name.first && name.first <= name.last).then_some(name)
    }

    fn file(self) -> String {
        format!("{:06}-{:06}.{EXTENSION}", self.first, self.last)
    }
}

/// All vectors of a model, open for reading.
#[derive(Default)]
pub struct Vectors {
    parts: Vec<(PartName, Part)>,
    rows: HashMap<u64, Row>,
    /// Parts that cannot be used, and why. Their vectors will be made again.
    pub damaged: Vec<(PathBuf, String)>,
}

impl Vectors {
    fn add(&mut self, name: PartName, part: Part) {
        let index = self.parts.len() as u32;
        for (row, hash) in part.hashes.iter().enumerate() {
            self.rows.entry(*hash).or_insert(Row { part: index, row: row as u32 });
        }
        self.parts.push((name, part));
    }

    /// Number of texts that have vectors.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no text has vectors.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Number of stored rows; more than [`len`](Self::len) only if something went wrong.
    pub fn stored(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.hashes.len()).sum()
    }

    /// Whether the text with this hash has vectors.
    pub fn contains(&self, hash: u64) -> bool {
        self.rows.contains_key(&hash)
    }

    /// The stored dense vector of a text.
    pub fn dense(&self, hash: u64) -> Option<Vec<f32>> {
        let row = self.rows.get(&hash)?;
        Some(self.parts[row.part as usize].1.dense.vector(row.row))
    }

    /// The stored dense vector of a text, as bits of halves.
    pub fn halves(&self, hash: u64) -> Option<&[u16]> {
        let row = self.rows.get(&hash)?;
        Some(self.parts[row.part as usize].1.dense.halves(row.row))
    }

    /// Per text, by its hash: the weights of its words, sorted; only texts that have some.
    pub fn sparse(&self) -> HashMap<u64, Vec<(u32, f32)>> {
        let mut weights: HashMap<u64, Vec<(u32, f32)>> = HashMap::new();
        for (index, (_, part)) in self.parts.iter().enumerate() {
            for (place, term) in part.terms.iter().enumerate() {
                for posting in part.postings_of(place) {
                    let hash = part.hashes[posting.row as usize];
                    // Of a text that stands in two parts, one counts.
                    if self.rows.get(&hash).is_some_and(|row| (row.part, row.row) == (index as u32, posting.row)) {
                        weights.entry(hash).or_default().push((*term, posting.weight));
                    }
                }
            }
        }
        weights
    }

    pub(crate) fn row(&self, hash: u64) -> Option<Row> {
        self.rows.get(&hash).copied()
    }

    pub(crate) fn estimate(&self, query: &QuantizedQuery, row: Row) -> f32 {
        self.parts[row.part as usize].1.dense.estimate(query, row.row)
    }

    /// Whether `dimensions` is the length of the vectors; that of other lengths cannot be compared.
    pub(crate) fn fits(&self, dimensions: usize) -> bool {
        self.parts.iter().all(|(_, part)| part.dimensions == dimensions)
    }

    /// Per part and row: Σ of the products of weights over the words that query and text share.
    pub fn sparse_scores(&self, query: &[(u32, f32)]) -> Vec<Vec<f32>> {
        self.parts.iter().map(|(_, part)| part.sparse_scores(query)).collect()
    }

    /// MaxSim (Khattab & Zaharia 2020): the mean over the query's tokens of the best cosine among the text's. `None` if
    /// there are no token vectors.
    pub(crate) fn late_score(&self, query: &[f32], row: Row) -> Option<f32> {
        self.parts[row.part as usize].1.late_score(query, row.row)
    }
}

/// One file of vectors.
struct Part {
    container: Container,
    dimensions: usize,
    hashes: Records<u64>,
    dense: QuantizedVectors,
    terms: Records<u32>,
    /// per term: end of its postings
    term_ends: Records<u32>,
    postings: Records<Posting>,
    /// per row: end of its token vectors
    late_ends: Records<u32>,
    /// per row: checksum of its token vectors
    late_hashes: Records<u64>,
    /// per token
    late_scales: Records<f32>,
}

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Posting {
    row: u32,
    weight: f32,
}

impl Part {
    fn open(path: &Path) -> Result<Self> {
        let container = Container::open(path, KIND, None)?;
        let dimensions = container.records::<u32>("dimensions")?.first().copied().unwrap_or(0) as usize;
        let hashes = container.records::<u64>("hashes")?;
        let rows = hashes.len();
        let dense = QuantizedVectors::open(&container, dimensions, rows)?;
        let terms = container.records::<u32>("sparse.terms")?;
        let term_ends = container.records::<u32>("sparse.ends")?;
        let postings = container.records::<Posting>("sparse.postings")?;
        let late_ends = container.records::<u32>("late.ends")?;
        let late_hashes = container.records("late.hashes")?;
        let late_scales = container.records::<f32>("late.scales")?;
        let tokens = late_ends.last().copied().unwrap_or(0) as usize;
        let whole = dimensions > 0
            && terms.len() == term_ends.len()
            && terms.is_sorted()
            && term_ends.is_sorted()
            && term_ends.last().copied().unwrap_or(0) as usize == postings.len()
            && postings.iter().all(|posting| (posting.row as usize) < rows)
            && late_ends.is_sorted()
            && late_ends.len() == late_hashes.len()
            && (late_ends.is_empty() || late_ends.len() == rows)
            && late_scales.len() == tokens
            && container.unverified("late.i8")?.len() == tokens * dimensions;
        if !whole {
            return Err(container.corrupt("its sections do not fit together"));
        }
        Ok(Part {
            container,
            dimensions,
            hashes,
            dense,
            terms,
            term_ends,
            postings,
            late_ends,
            late_hashes,
            late_scales,
        })
    }

    fn sparse_scores(&self, query: &[(u32, f32)]) -> Vec<f32> {
        if self.terms.is_empty() {
            return Vec::new();
        }
        let mut scores = vec![0.0; self.hashes.len()];
        for (term, weight) in query {
            let Ok(index) = self.terms.binary_search(term) else { continue };
            for posting in self.postings_of(index) {
                scores[posting.row as usize] += weight * posting.weight;
            }
        }
        scores
    }

    fn postings_of(&self, term: usize) -> &[Posting] {
        let start = if term == 0 { 0 } else { self.term_ends[term - 1] };
        &self.postings[start as usize..self.term_ends[term] as usize]
    }

    /// Token vectors of a row: int8 values and scales. `None` if there are none, or they are damaged.
    fn late(&self, row: u32) -> Option<(super::container::Bytes, &[f32])> {
        let end = *self.late_ends.get(row as usize)? as usize;
        let start = if row == 0 { 0 } else { self.late_ends[row as usize - 1] as usize };
        let values =
            self.container.unverified("late.i8").ok()?.slice(start * self.dimensions..end * self.dimensions)?;
        let undamaged = xxh3_64(&values) == self.late_hashes[row as usize];
        (undamaged && end > start).then(|| (values, &self.late_scales[start..end]))
    }

    fn late_score(&self, query: &[f32], row: u32) -> Option<f32> {
        let (values, scales) = self.late(row)?;
        let values: &[i8] = bytemuck::cast_slice(&values);
        let mut sum = 0.0;
        let mut tokens = 0;
        for token in query.chunks_exact(self.dimensions) {
            let products = values.chunks_exact(self.dimensions).zip(scales).map(|(value, scale)| {
                let dot: f32 = token.iter().zip(value).map(|(t, v)| t * f32::from(*v)).sum();
                dot * scale
            });
            sum += products.fold(f32::NEG_INFINITY, f32::max);
            tokens += 1;
        }
        (tokens > 0).then(|| sum / tokens as f32)
    }
}

/// Vectors on their way to disk.
#[derive(Default)]
pub struct VectorBatch {
    rows: Vec<(u64, Encoding)>,
}

impl VectorBatch {
    /// Adds what a model made of the text with this hash.
    pub fn push(&mut self, hash: u64, encoding: Encoding) {
        self.rows.push((hash, encoding));
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The right to add vectors; released when dropped, or when the process dies.
pub struct VectorWriter {
    store: VectorStore,
    vectors: Vectors,
    _lock: std::fs::File,
}

impl VectorWriter {
    /// All vectors there are.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Adds a batch; when this returns, it is on disk. Texts that have vectors already are left out.
    ///
    /// # Errors
    /// If it cannot be written: nothing was added then.
    pub fn append(&mut self, batch: VectorBatch) -> Result<()> {
        let mut new = HashSet::new();
        let fresh = |row: &(u64, Encoding)| !self.vectors.contains(row.0) && new.insert(row.0);
        let rows: Vec<(u64, Encoding)> = batch.rows.into_iter().filter(fresh).collect();
        let Some((_, first)) = rows.first() else { return Ok(()) };
        let mut content = Content::new(first.dense.len());
        rows.iter().for_each(|(hash, encoding)| content.push(*hash, encoding));
        let next = self.vectors.parts.last().map_or(1, |(name, _)| name.last + 1);
        self.write(PartName { first: next, last: next }, content)?;
        // Each part is at least twice as large as the next, so there are few and every row is rewritten rarely.
        while let [.., (_, before), (_, last)] = &self.vectors.parts[..]
            && before.hashes.len() < 2 * last.hashes.len()
        {
            self.merge(self.vectors.parts.len() - 2, &|_| true)?;
        }
        Ok(())
    }

    /// Forgets the vectors of texts that `keep` does not admit.
    ///
    /// # Errors
    /// If the rest cannot be written: nothing is forgotten then.
    pub fn retain(&mut self, keep: &dyn Fn(u64) -> bool) -> Result<()> {
        if self.vectors.rows.keys().all(|hash| keep(*hash)) {
            return Ok(());
        }
        self.merge(0, keep)
    }

    /// Replaces all parts from `from` on by one.
    fn merge(&mut self, from: usize, keep: &dyn Fn(u64) -> bool) -> Result<()> {
        let old = &self.vectors.parts[from..];
        let (Some((first, part)), Some((last, _))) = (old.first(), old.last()) else { return Ok(()) };
        let name = PartName { first: first.first, last: last.last };
        let mut content = Content::new(part.dimensions);
        for (index, (_, part)) in old.iter().enumerate() {
            let index = (from + index) as u32;
            let kept: Vec<u32> = (0..part.hashes.len() as u32)
                .filter(|&row| {
                    let hash = part.hashes[row as usize];
                    self.vectors.rows.get(&hash) == Some(&Row { part: index, row }) && keep(hash)
                })
                .collect();
            content.push_part(part, &kept);
        }
        let mut obsolete: Vec<PathBuf> = old.iter().map(|(name, _)| self.store.folder.join(name.file())).collect();
        let path = self.store.folder.join(name.file());
        // A part that is rewritten alone keeps its name; the rename replaces it.
        obsolete.retain(|other| *other != path);
        let before: Vec<(PartName, Part)> = self.vectors.parts.drain(..from).collect();
        let mut vectors = Vectors::default();
        before.into_iter().for_each(|(name, part)| vectors.add(name, part));
        let previous = std::mem::replace(&mut self.vectors, vectors);
        if let Err(error) = self.write(name, content) {
            drop(previous);
            self.vectors = self.store.open()?;
            return Err(error);
        }
        crash::point("vectors-merged");
        for path in obsolete {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    fn write(&mut self, name: PartName, content: Content) -> Result<()> {
        let path = self.store.folder.join(name.file());
        let next = path.with_extension("next");
        if next.exists() {
            fs::remove_file(&next)?;
        }
        let written = content.write(&next).and_then(|()| {
            crash::point("vectors-written");
            fs::rename(&next, &path)?;
            sync_folder(&self.store.folder)
        });
        if written.is_err() {
            // Best effort: the next writer removes it.
            let _ = fs::remove_file(&next);
        }
        written?;
        crash::point("vectors-renamed");
        self.vectors.add(name, Part::open(&path)?);
        Ok(())
    }
}

/// What a part will hold.
struct Content {
    dimensions: usize,
    hashes: Vec<u64>,
    dense: Quantizer,
    /// term, row, weight
    sparse: Vec<(u32, u32, f32)>,
    late_ends: Vec<u32>,
    late_hashes: Vec<u64>,
    late_scales: Vec<f32>,
    late: Vec<i8>,
}

impl Content {
    fn new(dimensions: usize) -> Self {
        Content {
            dimensions,
            hashes: Vec::new(),
            dense: Quantizer::new(dimensions),
            sparse: Vec::new(),
            late_ends: Vec::new(),
            late_hashes: Vec::new(),
            late_scales: Vec::new(),
            late: Vec::new(),
        }
    }

    fn push(&mut self, hash: u64, encoding: &Encoding) {
        let row = self.hashes.len() as u32;
        self.hashes.push(hash);
        self.dense.push(&encoding.dense);
        // Half precision is what the weights are worth.
        let rounded = |weight: f32| f16::from_f32(weight).to_f32();
        self.sparse.extend(encoding.sparse.iter().map(|&(term, weight)| (term, row, rounded(weight))));
        let start = self.late.len();
        for token in encoding.late.chunks_exact(self.dimensions) {
            self.late_scales.push(crate::vector::quantize(token, &mut self.late));
        }
        self.end_late(start);
    }

    fn push_part(&mut self, part: &Part, rows: &[u32]) {
        let mut renumbered = vec![u32::MAX; part.hashes.len()];
        for &row in rows {
            renumbered[row as usize] = self.hashes.len() as u32;
            self.hashes.push(part.hashes[row as usize]);
            self.dense.push_stored(&part.dense, row);
            let start = self.late.len();
            if let Some((values, scales)) = part.late(row) {
                self.late.extend_from_slice(bytemuck::cast_slice(&values));
                self.late_scales.extend_from_slice(scales);
            }
            self.end_late(start);
        }
        for (index, &term) in part.terms.iter().enumerate() {
            let live = part.postings_of(index).iter().filter(|posting| renumbered[posting.row as usize] != u32::MAX);
            self.sparse.extend(live.map(|posting| (term, renumbered[posting.row as usize], posting.weight)));
        }
    }

    fn end_late(&mut self, start: usize) {
        self.late_hashes.push(xxh3_64(bytemuck::cast_slice(&self.late[start..])));
        self.late_ends.push(self.late_scales.len() as u32);
    }

    fn write(mut self, path: &Path) -> Result<()> {
        let sparse = &mut self.sparse;
        sparse.sort_unstable_by_key(|(term, row, _)| (*term, *row));
        let (mut terms, mut ends): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        for (at, (term, _, _)) in sparse.iter().enumerate() {
            if terms.last() != Some(term) {
                terms.push(*term);
                ends.push(0);
            }
            *ends.last_mut().expect("a term was pushed") = at as u32 + 1;
        }
        let postings: Vec<Posting> = sparse.iter().map(|&(_, row, weight)| Posting { row, weight }).collect();
        // A model without token vectors needs no places for them.
        if self.late.is_empty() {
            self.late_ends.clear();
            self.late_hashes.clear();
        }
        let mut writer = ContainerWriter::create(path, KIND)?;
        writer.section("dimensions", &[&(self.dimensions as u32).to_le_bytes()])?;
        writer.section("hashes", &[bytemuck::cast_slice(&self.hashes)])?;
        for (name, section) in self.dense.sections() {
            writer.section(name, &[section])?;
        }
        writer.section("sparse.terms", &[bytemuck::cast_slice(&terms)])?;
        writer.section("sparse.ends", &[bytemuck::cast_slice(&ends)])?;
        writer.section("sparse.postings", &[bytemuck::cast_slice(&postings)])?;
        writer.section("late.ends", &[bytemuck::cast_slice(&self.late_ends)])?;
        writer.section("late.hashes", &[bytemuck::cast_slice(&self.late_hashes)])?;
        writer.section("late.scales", &[bytemuck::cast_slice(&self.late_scales)])?;
        writer.section("late.i8", &[bytemuck::cast_slice(&self.late)])?;
        writer.finish()?;
        Ok(())
    }
}
