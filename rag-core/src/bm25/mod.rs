//! The text index: tantivy's dictionary and postings, one tantivy segment in each segment of the store.
//!
//! tantivy keeps the terms and their compressed postings; the scores are computed in
//! [`crate::hybrid`] from exact statistics of the live chunks, so that an index that was updated a hundred times
//! ranks like one that was built anew.

mod packed;

use std::io;
use std::path::Path;

use tantivy::directory::{Directory, RamDirectory};
use tantivy::index::InvertedIndexReader;
use tantivy::schema::{
    Field as FieldId, IndexRecordOption, Schema, TantivyDocument, TextFieldIndexing, TextOptions,
};
use tantivy::indexer::SingleSegmentIndexWriter;
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};
use tantivy::{Index, IndexSettings, SegmentReader, Term};

use crate::error::Result;
use crate::store::container::Bytes;
use packed::PackedDirectory;

const META: &str = "meta.json";
const TOKENIZER: &str = "terms";

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
    pub const ALL: [Field; 6] =
        [Field::Text, Field::Symbols, Field::Docs, Field::Types, Field::Path, Field::Stem];

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
        .set_tokenizer(TOKENIZER)
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

fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::new();
    manager.register(TOKENIZER, TextAnalyzer::from(TermTokenizer::default()));
    manager
}

/// The terms of one chunk, by field, each term followed by a blank (see [`crate::analysis::Analyzer`]).
pub type ChunkTerms = [String; Field::ALL.len()];

/// Builds the text index of one segment in memory.
pub struct PostingsBuilder {
    directory: RamDirectory,
    writer: SingleSegmentIndexWriter,
}

impl PostingsBuilder {
    /// An empty index. `memory` sizes tantivy's hash tables: about a third of the text to come.
    pub fn new(memory: usize) -> Result<Self> {
        let directory = RamDirectory::create();
        let writer = Index::builder()
            .schema(schema())
            .settings(IndexSettings::default())
            .tokenizers(tokenizers())
            .single_segment_index_writer(directory.clone(), memory.clamp(15 << 20, 256 << 20))?;
        Ok(PostingsBuilder { directory, writer })
    }

    /// Adds the next chunk; chunks are numbered from 0 in the order in which they are added.
    pub fn add(&mut self, terms: &ChunkTerms) -> Result<()> {
        let mut document = TantivyDocument::new();
        for (field, terms) in Field::ALL.into_iter().zip(terms) {
            if !terms.is_empty() {
                document.add_text(field.id(), terms);
            }
        }
        self.writer.add_document(document)?;
        Ok(())
    }

    /// The files of the finished index: name and content.
    pub fn finish(self) -> Result<Vec<(String, Vec<u8>)>> {
        let index = self.writer.finalize()?;
        let mut files = vec![(META.to_owned(), self.directory.atomic_read(Path::new(META)).map_err(io_error)?)];
        for path in index.directory().list_managed_files() {
            let name = path.to_string_lossy();
            if name != META && self.directory.exists(&path).map_err(io_error)? {
                let content = self.directory.open_read(&path).map_err(io_error)?.read_bytes()?;
                files.push((name.into_owned(), content.to_vec()));
            }
        }
        Ok(files)
    }
}

fn io_error(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

/// The open text index of one segment.
pub struct Postings {
    fields: Vec<std::sync::Arc<InvertedIndexReader>>,
}

impl Postings {
    /// Opens the files that [`PostingsBuilder::finish`] returned.
    pub fn open(files: Vec<(String, Bytes)>) -> Result<Self> {
        let mut index = Index::open(PackedDirectory::new(files))?;
        index.set_tokenizers(tokenizers());
        let Some(segment) = index.searchable_segments()?.into_iter().next() else {
            return Ok(Postings { fields: Vec::new() });
        };
        let reader = SegmentReader::open(&segment)?;
        let fields = Field::ALL.map(|field| reader.inverted_index(field.id()));
        Ok(Postings { fields: fields.into_iter().collect::<tantivy::Result<_>>()? })
    }

    /// Calls `each` with the chunk and the frequency of every occurrence of `term` in `field`, in the order of chunks.
    pub fn for_each(&self, field: Field, term: &str, mut each: impl FnMut(u32, u32)) -> Result<()> {
        let Some(index) = self.fields.get(field as usize) else { return Ok(()) };
        let term = Term::from_field_text(field.id(), term);
        let Some(info) = index.get_term_info(&term)? else { return Ok(()) };
        let mut block =
            index.read_block_postings_from_terminfo(&info, IndexRecordOption::WithFreqs)?;
        while block.block_len() > 0 {
            for (&chunk, &frequency) in block.docs().iter().zip(block.freqs()) {
                each(chunk, frequency);
            }
            block.advance();
        }
        Ok(())
    }
}

/// Splits at blanks: the terms were made before, by [`crate::analysis::Analyzer`].
#[derive(Clone, Default)]
struct TermTokenizer {
    token: Token,
}

struct TermStream<'a> {
    rest: &'a str,
    token: &'a mut Token,
}

impl Tokenizer for TermTokenizer {
    type TokenStream<'a> = TermStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> TermStream<'a> {
        self.token.reset();
        TermStream { rest: text, token: &mut self.token }
    }
}

impl TokenStream for TermStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(end) = self.rest.bytes().position(|b| b == b' ') else { return false };
        self.token.text.clear();
        self.token.text.push_str(&self.rest[..end]);
        self.token.position = self.token.position.wrapping_add(1);
        self.rest = &self.rest[end + 1..];
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
