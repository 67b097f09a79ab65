//! The rows that a document consists of.

use rag_core::bm25::Field;
use rag_core::store::{Extractor, Segment};
use rag_core::{FileRole, Result, Span};

use super::copy::Rows;

/// Weights of a lexeme in a `tsvector`.
const TEXT: u8 = 0;
const PATH: u8 = 1;
const DOCS: u8 = 2;
const SYMBOLS: u8 = 3;
/// A term that comes more often than this in a chunk is no clearer for it.
const MOST_PLACES: u32 = 8;

/// The tables, with the columns and types of their rows.
pub(super) const TABLES: [(&str, &[(&str, &str)]); 4] = [
    (
        "cogo.documents",
        &[
            ("id", "int8"),
            ("repository_id", "int8"),
            ("digest", "bytea"),
            ("visible", "bool"),
            ("path", "text"),
            ("language", "text"),
            ("role", "text"),
            ("body", "bytea"),
        ],
    ),
    (
        "cogo.chunks",
        &[
            ("document_id", "int8"),
            ("ordinal", "int4"),
            ("repository_id", "int8"),
            ("start_line", "int4"),
            ("end_line", "int4"),
            ("symbol", "text"),
            ("kind", "text"),
            ("text", "text"),
            ("lexemes", "tsvector"),
        ],
    ),
    (
        "cogo.embeddings",
        &[
            ("document_id", "int8"),
            ("ordinal", "int4"),
            ("repository_id", "int8"),
            ("model", "text"),
            ("dense", "halfvec"),
        ],
    ),
    (
        "cogo.symbols",
        &[
            ("document_id", "int8"),
            ("ordinal", "int4"),
            ("repository_id", "int8"),
            ("name", "text"),
            ("kind", "text"),
            ("start_line", "int4"),
            ("end_line", "int4"),
            ("parent", "int4"),
        ],
    ),
];

/// Rows of some documents, in the order of [`TABLES`].
pub(super) struct Batch {
    pub tables: [Rows; 4],
    pub documents: u64,
}

/// What the rows of a batch say of all of them.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub repository: i64,
    pub model: &'a str,
}

impl Batch {
    pub(super) fn new() -> Self {
        Batch { tables: [Rows::new(8), Rows::new(9), Rows::new(5), Rows::new(8)], documents: 0 }
    }

    pub(super) fn bytes(&self) -> usize {
        self.tables.iter().map(Rows::len).sum()
    }

    /// Adds the rows of a file.
    pub(super) fn add(
        &mut self,
        common: Common,
        id: i64,
        digest: u128,
        segment: &Segment,
        file: u32,
        extractor: &Extractor,
    ) -> Result<()> {
        let text = segment.text(file)?;
        let [documents, chunks, embeddings, symbols] = &mut self.tables;
        documents.row().int8(id).int8(common.repository).bytes(&digest.to_be_bytes()).bool(false);
        documents.text(segment.path(file)).text(segment.language(file)).text(role_word(segment.role(file)));
        documents.bytes(&extractor.extract(file)?);

        let own = segment.chunks_of(file);
        let lexemes = lexemes(extractor, file, own.len());
        for ((chunk, ordinal), lexemes) in own.clone().zip(0u32..).zip(&lexemes) {
            let ((first, last), span) = segment.place(chunk);
            let symbol = segment.chunk_symbol(chunk).and_then(|index| segment.symbol(file, index));
            let row = chunks.row().int8(id).int4(ordinal).int8(common.repository).int4(first).int4(last);
            let row = row.optional(symbol, |row, symbol| row.text(text.slice(symbol.name).trim()));
            let row = row.optional(symbol, |row, symbol| row.text(symbol.kind.as_str()));
            row.text(text.slice(span)).tsvector(lexemes.iter().map(|(term, weights)| (*term, &**weights)));
            let row = embeddings.row().int8(id).int4(ordinal).int8(common.repository);
            row.text(common.model).halfvec(segment.halves(chunk));
        }
        let lines = Lines::new(segment, file, text.as_str());
        for (symbol, ordinal) in segment.symbols(file).iter().zip(0u32..) {
            let last = symbol.span.end.saturating_sub(1).max(symbol.span.start);
            let row = symbols.row().int8(id).int4(ordinal).int8(common.repository);
            let row = row.text(text.slice(symbol.name).trim()).text(symbol.kind.as_str());
            row.int4(lines.of(symbol.span.start)).int4(lines.of(last)).optional(symbol.parent, Rows::int4);
        }
        self.documents += 1;
        Ok(())
    }
}

/// Per chunk: its lexemes, sorted, with the weights of their places.
fn lexemes<'e>(extractor: &'e Extractor, file: u32, chunks: usize) -> Vec<Vec<(&'e str, Vec<u8>)>> {
    let mut of_chunks: Vec<Vec<(&str, Vec<u8>)>> = vec![Vec::new(); chunks];
    for (term, occurrences) in extractor.terms(file) {
        let mut add = |chunk: usize, weight: u8, places: u32| {
            let own = &mut of_chunks[chunk];
            if own.last().is_none_or(|(last, _)| *last != term) {
                own.push((term, Vec::new()));
            }
            if let Some((_, weights)) = own.last_mut() {
                weights.extend(std::iter::repeat_n(weight, places.min(MOST_PLACES) as usize));
            }
        };
        for occurrence in occurrences {
            let chunk = occurrence.chunk as usize;
            match occurrence.field {
                Field::Text => add(chunk, TEXT, occurrence.frequency),
                Field::Symbols => add(chunk, SYMBOLS, 1),
                Field::Docs => add(chunk, DOCS, 1),
                // Words of the path count for every chunk of the file.
                Field::Path => (0..chunks).for_each(|chunk| add(chunk, PATH, 1)),
                // No words of a chunk: whole names of types, and the file's name once more.
                Field::Types | Field::Stem => {}
            }
        }
    }
    of_chunks
}

fn role_word(role: FileRole) -> &'static str {
    match role {
        FileRole::Source => "source",
        FileRole::Test => "test",
        FileRole::Example => "example",
        FileRole::Legacy => "legacy",
    }
}

/// Byte offset → line in the file, which for a notebook is not the line in its text.
struct Lines {
    /// start and first line of each chunk
    chunks: Vec<(u32, u32)>,
    /// ends of the text's lines
    ends: Vec<u32>,
}

impl Lines {
    fn new(segment: &Segment, file: u32, text: &str) -> Self {
        let chunk = |chunk| {
            let ((first, _), Span { start, .. }) = segment.place(chunk);
            (start, first)
        };
        let ends = text.bytes().zip(0..).filter(|(byte, _)| *byte == b'\n').map(|(_, at)| at);
        Lines { chunks: segment.chunks_of(file).map(chunk).collect(), ends: ends.collect() }
    }

    fn of(&self, at: u32) -> u32 {
        let line = |at: u32| self.ends.partition_point(|end| *end < at) as u32;
        let chunk = self.chunks.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        self.chunks.get(chunk).map_or(1, |&(start, first)| first + line(at) - line(start))
    }
}
