//! Builds the text index of one segment.
//!
//! Terms arrive already numbered, so the postings are gathered as plain arrays and handed to tantivy's serializer
//! in its order. tantivy's own writer would hash every occurrence of every term once more, which
//! was a fifth of the time of indexing.

use std::io;
use std::path::Path;

use tantivy::directory::{Directory, RamDirectory};
use tantivy::postings::InvertedIndexSerializer;
use tantivy::schema::TantivyDocument;
use tantivy::{Index, IndexSettings};

use super::{Field, schema};
use crate::analysis::{Lexicon, TermId};
use crate::error::Result;

const META: &str = "meta.json";
/// Files that tantivy's inverted index consists of, by extension.
const INVERTED_INDEX: [&str; 3] = ["term", "idx", "pos"];
/// tantivy's limit on the length of a term, in bytes, with room to spare.
const LONGEST_TERM: usize = 1 << 15;

/// One term in one chunk.
#[derive(Clone, Copy)]
struct Posting {
    term: TermId,
    chunk: u32,
    frequency: u32,
}

/// Collects the postings of a segment.
#[derive(Default)]
pub struct PostingsBuilder {
    fields: [Vec<Posting>; Field::ALL.len()],
}

impl PostingsBuilder {
    /// Adds the terms that `field` of `chunk` holds, in any order. Chunks come in ascending order.
    /// `terms` is emptied.
    pub fn add(&mut self, field: Field, chunk: u32, terms: &mut Vec<TermId>) {
        terms.sort_unstable();
        let runs = terms.chunk_by(|a, b| a == b);
        self.fields[field as usize].extend(runs.map(|run| Posting {
            term: run[0],
            chunk,
            frequency: run.len() as u32,
        }));
        terms.clear();
    }

    /// The files of the finished index of `chunks` chunks: name and content.
    pub fn finish(self, lexicon: &Lexicon, chunks: u32) -> Result<Vec<(String, Vec<u8>)>> {
        let inverted = self.inverted_index(lexicon)?;
        let mut files = Vec::new();
        for (name, content) in files_of(&shell(chunks)?)? {
            let extension = name.rsplit('.').next().unwrap_or_default();
            let own = inverted.iter().find(|(own, _)| own.ends_with(&format!(".{extension}")));
            match own.filter(|_| INVERTED_INDEX.contains(&extension)) {
                Some((_, content)) => files.push((name, content.clone())),
                None => files.push((name, content)),
            }
        }
        Ok(files)
    }

    /// The files of the inverted index, in tantivy's format.
    fn inverted_index(self, lexicon: &Lexicon) -> Result<Vec<(String, Vec<u8>)>> {
        let mut order: Vec<TermId> = (0..lexicon.len() as u32).map(TermId).collect();
        order.retain(|term| lexicon.text(*term).len() <= LONGEST_TERM);
        order.sort_unstable_by(|a, b| lexicon.text(*a).cmp(lexicon.text(*b)));
        let directory = RamDirectory::create();
        let index = Index::create(directory.clone(), schema(), IndexSettings::default())?;
        let mut serializer = InvertedIndexSerializer::open(&index.new_segment())?;
        for (field, postings) in Field::ALL.into_iter().zip(self.fields) {
            let tokens = postings.iter().map(|posting| u64::from(posting.frequency)).sum();
            let (sorted, starts) = by_term(&postings, lexicon.len());
            let mut serializer = serializer.new_field(field.id(), tokens, None)?;
            for &term in &order {
                let run = &sorted[starts[term.0 as usize] as usize..starts[term.0 as usize + 1] as usize];
                if run.is_empty() {
                    continue;
                }
                serializer.new_term(lexicon.text(term).as_bytes(), run.len() as u32, true)?;
                for &(chunk, frequency) in run {
                    serializer.write_doc(chunk, frequency, &[]);
                }
                serializer.close_term()?;
            }
            serializer.close()?;
        }
        serializer.close()?;
        files_of(&directory)
    }
}

/// Chunks and frequencies grouped by term, each group in the order of chunks, and where each group starts.
fn by_term(postings: &[Posting], terms: usize) -> (Vec<(u32, u32)>, Vec<u32>) {
    let mut starts = vec![0u32; terms + 1];
    for posting in postings {
        starts[posting.term.0 as usize + 1] += 1;
    }
    for term in 0..terms {
        starts[term + 1] += starts[term];
    }
    let mut next = starts.clone();
    let mut sorted = vec![(0, 0); postings.len()];
    for posting in postings {
        let place = &mut next[posting.term.0 as usize];
        sorted[*place as usize] = (posting.chunk, posting.frequency);
        *place += 1;
    }
    (sorted, starts)
}

/// A tantivy index of `chunks` empty documents: all that it wants beside the inverted index.
fn shell(chunks: u32) -> Result<RamDirectory> {
    let directory = RamDirectory::create();
    let mut writer = Index::builder().schema(schema()).single_segment_index_writer(directory.clone(), 15 << 20)?;
    for _ in 0..chunks {
        writer.add_document(TantivyDocument::new())?;
    }
    writer.finalize()?;
    Ok(directory)
}

/// Every file of a directory in memory.
fn files_of(directory: &RamDirectory) -> Result<Vec<(String, Vec<u8>)>> {
    let index = Index::open(directory.clone())?;
    let mut files = vec![(META.to_owned(), directory.atomic_read(Path::new(META)).map_err(io_error)?)];
    for path in index.directory().list_managed_files() {
        let name = path.to_string_lossy();
        if name != META && directory.exists(&path).map_err(io_error)? {
            let content = directory.open_read(&path).map_err(io_error)?.read_bytes()?;
            files.push((name.into_owned(), content.to_vec()));
        }
    }
    files.sort();
    Ok(files)
}

fn io_error(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}
