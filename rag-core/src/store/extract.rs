//! Files cut out of a segment: each as a small segment of its own, for a store that keeps files apart.
//!
//! An extract is a container like a segment, with one file in it. What ranking needs is in it, bit by bit; facts of names and references
//! are not, and the terms lie sorted instead of in a dictionary. [`Segment::from_extract`] opens it.

use std::ops::Range;
use std::path::Path;

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3;

use super::container::{Container, ContainerWriter, FileDigest};
use super::manifest::SegmentEntry;
use super::segment::{ChunkRecord, FileRecord, KIND, Segment};
use crate::bindings::Bindings;
use crate::bm25::{Field, Forward, ForwardRecord};
use crate::error::Result;

/// Version of what an extract holds; part of every digest.
const EXTRACT_VERSION: u32 = 1;

/// A term in a field of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Where it stands.
    pub field: Field,
    /// The chunk, counted from the first of its file. Words of a path are on the first chunk.
    pub chunk: u32,
    /// How often.
    pub frequency: u32,
}

/// The files of a segment, ready to be cut out.
pub struct Extractor<'s> {
    segment: &'s Segment,
    /// sorted
    terms: Vec<Box<str>>,
    /// per file: term and record, sorted
    of_files: Vec<Vec<(u32, ForwardRecord)>>,
}

impl<'s> Extractor<'s> {
    /// Reads the text index of `segment` once, for the files that are `wanted`.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if it is damaged.
    pub fn new(segment: &'s Segment, wanted: &dyn Fn(u32) -> bool) -> Result<Self> {
        let wanted: Vec<bool> = (0..segment.files.len() as u32).map(wanted).collect();
        let mut numbers: HashMap<Box<str>, u32> = HashMap::new();
        let mut of_files: Vec<Vec<(u32, ForwardRecord)>> = vec![Vec::new(); segment.files.len()];
        for field in Field::ALL {
            let mut last = (String::new(), u32::MAX);
            segment.postings.for_each_term(field, |term, chunk, frequency| {
                let file = segment.chunks[chunk as usize].file;
                if !wanted[file as usize] {
                    return;
                }
                if last.1 == u32::MAX || last.0 != term {
                    let next = numbers.len() as u32;
                    last = (term.to_owned(), *numbers.entry_ref(term).or_insert(next));
                }
                let chunk = chunk - segment.files[file as usize].first_chunk;
                of_files[file as usize].push((last.1, ForwardRecord { field: field as u32, chunk, frequency }));
            })?;
        }
        let mut terms: Vec<(Box<str>, u32)> = numbers.into_iter().collect();
        terms.sort_unstable();
        let mut ranks = vec![0; terms.len()];
        for ((_, number), rank) in terms.iter().zip(0..) {
            ranks[*number as usize] = rank;
        }
        for records in &mut of_files {
            records.iter_mut().for_each(|(term, _)| *term = ranks[*term as usize]);
            records.sort_unstable();
        }
        Ok(Extractor { segment, terms: terms.into_iter().map(|(term, _)| term).collect(), of_files })
    }

    /// The terms of a file, sorted, each with where it occurs, sorted by field and chunk.
    pub fn terms(&self, file: u32) -> impl Iterator<Item = (&str, impl Iterator<Item = Occurrence>)> {
        self.of_files[file as usize].chunk_by(|a, b| a.0 == b.0).map(|run| {
            let occurrence = |(_, record): &(u32, ForwardRecord)| Occurrence {
                field: Field::ALL[record.field as usize],
                chunk: record.chunk,
                frequency: record.frequency,
            };
            (&*self.terms[run[0].0 as usize], run.iter().map(occurrence))
        })
    }

    /// The file as a segment of its own.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if what is stored of it is damaged.
    pub fn extract(&self, file: u32) -> Result<Vec<u8>> {
        let segment = self.segment;
        let chunks = segment.chunks_of(file);
        let range = chunks.start as usize..chunks.end as usize;
        let record = FileRecord {
            text_at: 0,
            path_at: 0,
            first_chunk: 0,
            first_symbol: 0,
            first_reference: 0,
            references: 0,
            language: 0,
            ..segment.files[file as usize]
        };
        let own: Vec<ChunkRecord> =
            segment.chunks[range].iter().map(|chunk| ChunkRecord { file: 0, ..*chunk }).collect();
        let (concepts, ends) = concepts(segment, chunks.clone())?;
        let mut bindings = Vec::new();
        Bindings::default().write(&mut bindings);
        let mut writer = ContainerWriter::in_memory(KIND)?;
        writer.section("files", &[bytemuck::bytes_of(&record)])?;
        writer.section("chunks", &[bytemuck::cast_slice(&own)])?;
        writer.section("symbols", &[bytemuck::cast_slice(segment.symbol_records(file))])?;
        writer.section("references", &[])?;
        writer.section("languages", &[segment.language(file).as_bytes()])?;
        writer.section("paths", &[segment.path(file).as_bytes()])?;
        writer.section("texts", &[segment.text(file)?.as_str().as_bytes()])?;
        writer.section("concepts", &[bytemuck::cast_slice(&concepts)])?;
        writer.section("concepts.ends", &[bytemuck::cast_slice(&ends)])?;
        writer.section("bindings", &[&bindings])?;
        writer.section("bindings.ends", &[bytemuck::bytes_of(&(bindings.len() as u64))])?;
        for (name, content) in segment.vectors.sections_of(chunks) {
            writer.section(name, &[content])?;
        }
        let records: Vec<ForwardRecord> = self.of_files[file as usize].iter().map(|(_, record)| *record).collect();
        let mut rest = &records[..];
        let runs = self.of_files[file as usize].chunk_by(|a, b| a.0 == b.0).map(|run| {
            let (own, others) = rest.split_at(run.len());
            rest = others;
            (&*self.terms[run[0].0 as usize], own)
        });
        Forward::write(&mut writer, runs)?;
        writer.into_bytes()
    }
}

impl Segment {
    /// Opens a file that was cut out; errors call it `name`.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if it is damaged.
    pub fn from_extract(name: &str, bytes: &[u8], dimensions: usize) -> Result<Self> {
        let container = Container::from_bytes(Path::new(name), bytes, KIND)?;
        let digest = FileDigest { bytes: bytes.len() as u64, xxh3: 0 };
        let chunks = container.records::<ChunkRecord>("chunks")?.len() as u32;
        let entry = SegmentEntry { name: name.to_owned(), digest, chunks, hnsw: Default::default() };
        Segment::of(container, &entry, dimensions)
    }

    /// A hash of all that an extract of the file holds, without making one. Equal for equal files of any segment.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if what is stored of it is damaged.
    pub fn digest(&self, file: u32) -> Result<u128> {
        let record = &self.files[file as usize];
        let mut hash = Xxh3::new();
        // Each part with its length: no part can be taken for the beginning of the next.
        let mut add = |part: &[u8]| {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(&EXTRACT_VERSION.to_le_bytes());
        add(self.path(file).as_bytes());
        add(self.language(file).as_bytes());
        add(self.text(file)?.as_str().as_bytes());
        add(&[record.role, record.stem_words]);
        add(bytemuck::cast_slice(self.symbol_records(file)));
        let chunks = self.chunks_of(file);
        for chunk in chunks.clone() {
            add(bytemuck::bytes_of(&ChunkRecord { file: 0, ..self.chunks[chunk as usize] }));
        }
        let (concepts, ends) = concepts(self, chunks.clone())?;
        add(bytemuck::cast_slice(&concepts));
        add(bytemuck::cast_slice(&ends));
        for (_, content) in self.vectors.sections_of(chunks) {
            add(content);
        }
        Ok(hash.digest128())
    }
}

/// The concepts of these chunks, and where those of each end.
fn concepts(segment: &Segment, chunks: Range<u32>) -> Result<(Vec<crate::concepts::Concept>, Vec<u32>)> {
    let (mut all, mut ends) = (Vec::new(), Vec::with_capacity(chunks.len()));
    for chunk in chunks {
        all.extend_from_slice(segment.concepts(chunk)?);
        ends.push(all.len() as u32);
    }
    Ok((all, ends))
}
