//! The text index: tantivy's dictionary and postings, one tantivy segment in each segment of the store.
//!
//! tantivy keeps the terms and their compressed postings; the scores are computed in
//! [`crate::hybrid`] from exact statistics of the live chunks, so that an index that was updated a hundred times
//! ranks like one that was built anew.

mod builder;
mod forward;
mod packed;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::schema::{Field as FieldId, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, SegmentReader, Term};

use crate::error::{Error, Result};
use crate::store::container::Bytes;
use packed::PackedDirectory;

pub use builder::PostingsBuilder;
pub(crate) use forward::{Forward, ForwardRecord};

/// A field of the text index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    /// The chunk's text.
    Text = 0,
    /// Names that the chunk defines.
    Symbols = 1,
    /// Doc comments and headings of the chunk.
    Docs = 2,
    /// Types that the chunk defines, each as one compound term.
    Types = 3,
    /// Words of the file's path; only on the first chunk of a file.
    Path = 4,
    /// Words of the file's name without extension; only on the first chunk of a file.
    Stem = 5,
}

impl Field {
    /// Every field, in the order of its number.
    pub const ALL: [Field; 6] = [Field::Text, Field::Symbols, Field::Docs, Field::Types, Field::Path, Field::Stem];

    fn name(self) -> &'static str {
        match self {
            Field::Text => "text",
            Field::Symbols => "symbols",
            Field::Docs => "docs",
            Field::Types => "types",
            Field::Path => "path",
            Field::Stem => "stem",
        }
    }

    fn id(self) -> FieldId {
        FieldId::from_field_id(self as u32)
    }
}

fn schema() -> Schema {
    let indexing = TextFieldIndexing::default()
        // Never used: terms are made by `crate::analysis::Lexicon`, for indexing and for queries.
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(false);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut builder = Schema::builder();
    for field in Field::ALL {
        let id = builder.add_text_field(field.name(), options.clone());
        debug_assert_eq!(id, field.id());
    }
    builder.build()
}

/// The open text index of one segment.
pub struct Postings {
    path: PathBuf,
    index: Inverted,
    chunks: u32,
}

enum Inverted {
    Tantivy(Vec<Arc<InvertedIndexReader>>),
    /// Of a segment that was cut out of another one.
    Forward(Forward),
}

impl Postings {
    /// Opens the files that [`PostingsBuilder::finish`] returned; `path` is the file they lie in.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if tantivy can make nothing of them.
    pub fn open(path: &Path, files: Vec<(String, Bytes)>) -> Result<Self> {
        let (fields, chunks) = distrust(path, || {
            let index = Index::open(PackedDirectory::new(files))?;
            let Some(segment) = index.searchable_segments()?.into_iter().next() else {
                return Ok((Vec::new(), 0));
            };
            let reader = SegmentReader::open(&segment)?;
            let fields = Field::ALL.map(|field| reader.inverted_index(field.id()));
            Ok((fields.into_iter().collect::<tantivy::Result<_>>()?, reader.max_doc()))
        })?;
        Ok(Postings { path: path.to_owned(), index: Inverted::Tantivy(fields), chunks })
    }

    /// The postings of a segment that was cut out of another one.
    pub(crate) fn of_forward(path: &Path, forward: Forward, chunks: u32) -> Self {
        Postings { path: path.to_owned(), index: Inverted::Forward(forward), chunks }
    }

    /// Calls `each` with every term of `field`, and the chunk and frequency of every occurrence, sorted by term and chunk.
    pub(crate) fn for_each_term(&self, field: Field, mut each: impl FnMut(&str, u32, u32)) -> Result<()> {
        let fields = match &self.index {
            Inverted::Tantivy(fields) => fields,
            Inverted::Forward(forward) => {
                forward.for_each_term(field, &mut each);
                return Ok(());
            }
        };
        let Some(index) = fields.get(field as usize) else { return Ok(()) };
        distrust(&self.path, || {
            let mut terms = index.terms().stream()?;
            while terms.advance() {
                let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                let mut block = index.read_block_postings_from_terminfo(terms.value(), IndexRecordOption::WithFreqs)?;
                while block.block_len() > 0 {
                    for (&chunk, &frequency) in block.docs().iter().zip(block.freqs()) {
                        if chunk < self.chunks {
                            each(term, chunk, frequency);
                        }
                    }
                    block.advance();
                }
            }
            Ok(())
        })
    }

    /// Calls `each` with every term of `field` that begins with `prefix`, in order, and the number of chunks that hold it. Of a segment
    /// that was cut out of another one there are none: it knows only a part of the words.
    pub(crate) fn for_each_term_below(
        &self,
        field: Field,
        prefix: &str,
        mut each: impl FnMut(&str, u32),
    ) -> Result<()> {
        let Inverted::Tantivy(fields) = &self.index else { return Ok(()) };
        let Some(index) = fields.get(field as usize) else { return Ok(()) };
        distrust(&self.path, || {
            let mut terms = index.terms().range().ge(prefix.as_bytes()).into_stream()?;
            while terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
                if let Ok(term) = std::str::from_utf8(terms.key()) {
                    each(term, terms.value().doc_freq);
                }
            }
            Ok(())
        })
    }

    /// Number of chunks; every chunk that [`for_each`](Self::for_each) names is below it.
    pub fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Calls `each` with the chunk and the frequency of every occurrence of `term` in `field`, in the order of chunks.
    pub fn for_each(&self, field: Field, term: &str, mut each: impl FnMut(u32, u32)) -> Result<()> {
        let fields = match &self.index {
            Inverted::Tantivy(fields) => fields,
            Inverted::Forward(forward) => {
                forward.for_each(field, term, &mut each);
                return Ok(());
            }
        };
        let Some(index) = fields.get(field as usize) else { return Ok(()) };
        let term = Term::from_field_text(field.id(), term);
        let block = distrust(&self.path, || {
            let Some(info) = index.get_term_info(&term)? else { return Ok(None) };
            Ok(Some(index.read_block_postings_from_terminfo(&info, IndexRecordOption::WithFreqs)?))
        })?;
        let Some(mut block) = block else { return Ok(()) };
        while block.block_len() > 0 {
            for (&chunk, &frequency) in block.docs().iter().zip(block.freqs()) {
                // A list that somebody made up may name any number.
                if chunk < self.chunks {
                    each(chunk, frequency);
                }
            }
            distrust(&self.path, || {
                block.advance();
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// Lets tantivy work on a file that somebody may have made up. What passes the checksums it trusts, and it panics on
/// numbers that make no sense.
fn distrust<T>(path: &Path, act: impl FnOnce() -> tantivy::Result<T>) -> Result<T> {
    let corrupt = |reason: String| Error::Corrupt { path: path.to_owned(), reason };
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(corrupt(format!("its text index cannot be read: {error}"))),
        Err(_) => Err(corrupt("its text index makes no sense".into())),
    }
}
