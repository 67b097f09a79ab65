//! One file: from text to a [`Document`].

use rag_core::bindings::Bindings;
use rag_core::{Chunk, Document, Span, Symbol, SymbolKind};

use crate::chunk::{chunk_code, chunk_document, chunk_text};
use crate::document::{DocumentFormat, Section, notebook, sections};
use crate::language::{self, Parser};

/// Language name of files that no rule recognises.
const PLAIN_TEXT: &str = "text";
/// How much of a file is shown to language detection.
const HEAD: usize = 4096;

/// Parses and chunks the text of the file at `path`.
pub fn build_document(parser: &mut Parser, path: &str, text: String, chunk_bytes: usize) -> Document {
    if path.ends_with(".ipynb")
        && let Some(document) = build_notebook(path, &text, chunk_bytes)
    {
        return document;
    }
    let head = &text[..text.floor_char_boundary(HEAD)];
    let language = language::detect(path, head);
    let name = language.map_or(PLAIN_TEXT, |language| language.name);
    let is_prose = name == PLAIN_TEXT || DocumentFormat::from_language(name).is_some();
    let (symbols, references, bindings, chunks) = match (DocumentFormat::from_language(name), language) {
        (Some(format), _) => {
            let sections = sections(format, &text);
            let symbols = sections.iter().map(section_symbol).collect();
            (symbols, Vec::new(), Bindings::default(), chunk_document(&text, &sections, chunk_bytes))
        }
        (None, Some(language)) => {
            let outline = parser.parse(language, &text);
            let chunks = match &outline.tree {
                Some(tree) => chunk_code(&text, tree, &outline.symbols, chunk_bytes),
                None => chunk_text(&text, chunk_bytes),
            };
            (outline.symbols, outline.references, outline.bindings, chunks)
        }
        (None, None) => (Vec::new(), Vec::new(), Bindings::default(), chunk_text(&text, chunk_bytes)),
    };
    Document { path: path.to_owned(), language: name, text, chunks, symbols, references, bindings, is_prose }
}

fn section_symbol(section: &Section) -> Symbol {
    Symbol {
        kind: SymbolKind::Section,
        name: section.heading,
        span: section.span,
        signature: section.heading,
        doc: Span::default(),
        parent: section.parent,
    }
}

/// A notebook: its text is the source of its cells; lines are those of the cells in the raw file.
fn build_notebook(path: &str, json: &str, chunk_bytes: usize) -> Option<Document> {
    let notebook = notebook(json)?;
    let mut text = String::new();
    let mut chunks = Vec::new();
    let mut lines = LineCounter::new(json);
    for cell in &notebook.cells {
        let first_line = lines.line_of(cell.span.start);
        let last_line = lines.line_of(cell.span.end.saturating_sub(1).max(cell.span.start));
        let mut source = cell.source.clone();
        if !source.ends_with('\n') {
            source.push('\n');
        }
        for part in chunk_text(&source, chunk_bytes) {
            let start = text.len() + part.span.start as usize;
            let span = Span::new(start..start + part.span.len());
            chunks.push(Chunk { span, lines: (first_line, last_line), symbol: None, context: String::new() });
        }
        text.push_str(&source);
    }
    if chunks.is_empty() {
        chunks = chunk_text("", chunk_bytes);
    }
    Some(Document {
        path: path.to_owned(),
        language: "notebook",
        text,
        chunks,
        symbols: Vec::new(),
        references: Vec::new(),
        bindings: Bindings::default(),
        is_prose: true,
    })
}

/// Line numbers of ascending offsets, in one pass.
struct LineCounter<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> LineCounter<'t> {
    fn new(text: &'t str) -> Self {
        LineCounter { bytes: text.as_bytes(), at: 0, line: 1 }
    }

    /// The 1-based line of `offset`, which is not below the one asked for before.
    fn line_of(&mut self, offset: u32) -> u32 {
        let offset = (offset as usize).min(self.bytes.len());
        if let Some(between) = self.bytes.get(self.at..offset) {
            self.line += memchr::memchr_iter(b'\n', between).count() as u32;
            self.at = offset;
        }
        self.line
    }
}
