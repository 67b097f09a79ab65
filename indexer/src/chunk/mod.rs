//! Chunks: a file cut into consecutive parts that are found and shown as a whole.
//!
//! Two steps. `cuts` lists the places where a file may be cut and how bad each is: between two functions
//! is good, inside a function is worse, between a comment and what it describes is bad, inside a token never
//! happens. `partition` chooses among them, by dynamic programming, the cheapest set that keeps every chunk
//! below the size limit. The law: the chunks of a file, in order, are its text, byte for byte.

mod cuts;
mod partition;

use rag_core::{Chunk, Span, Symbol};
use tree_sitter::Tree;

use crate::document::Section;
use partition::partition;

/// Cuts code along its syntax tree.
pub fn chunk_code(text: &str, tree: &Tree, symbols: &[Symbol], max_bytes: usize) -> Vec<Chunk> {
    let ends = partition(text.len(), cuts::of_tree(text, tree, max_bytes), max_bytes);
    assemble(text, &ends, |span| symbol_of(symbols, span), |span| enclosing_names(text, symbols, span))
}

/// Cuts a document along its sections and paragraphs. `sections` are the document's symbols as well:
/// a chunk's symbol is an index into both.
pub fn chunk_document(text: &str, sections: &[Section], max_bytes: usize) -> Vec<Chunk> {
    let ends = partition(text.len(), cuts::of_sections(text, sections, max_bytes), max_bytes);
    assemble(
        text,
        &ends,
        |span| section_of(sections, span),
        |span| section_of(sections, span).map_or(String::new(), |at| heading_path(text, sections, at, span)),
    )
}

/// Cuts any text along its paragraphs and lines.
pub fn chunk_text(text: &str, max_bytes: usize) -> Vec<Chunk> {
    let ends = partition(text.len(), cuts::of_lines(text, 0..text.len(), max_bytes), max_bytes);
    assemble(text, &ends, |_| None, |_| String::new())
}

/// Chunks that end at `ends`. An empty text has one empty chunk, so that the file can still be found by its path.
fn assemble(
    text: &str,
    ends: &[usize],
    symbol: impl Fn(Span) -> Option<u32>,
    context: impl Fn(Span) -> String,
) -> Vec<Chunk> {
    let mut chunks = Vec::with_capacity(ends.len().max(1));
    let mut start = 0;
    let mut line = 1;
    for &end in ends {
        let part = &text[start..end];
        let newlines = memchr::memchr_iter(b'\n', part.as_bytes()).count() as u32;
        // A final newline ends the last line; it does not begin another.
        let last_line = line + newlines - u32::from(part.ends_with('\n') && newlines > 0);
        let span = Span::new(start..end);
        chunks.push(Chunk { span, lines: (line, last_line), symbol: symbol(span), context: context(span) });
        line += newlines;
        start = end;
    }
    if chunks.is_empty() {
        chunks.push(Chunk { span: Span::default(), lines: (1, 1), symbol: None, context: String::new() });
    }
    chunks
}

/// The definition a chunk stands for: of those that begin in it the one that fills most of it, or else the
/// innermost around its start.
fn symbol_of(symbols: &[Symbol], span: Span) -> Option<u32> {
    let first = symbols.partition_point(|symbol| symbol.span.start < span.start);
    let last = symbols.partition_point(|symbol| symbol.span.start < span.end);
    let within = |index: &usize| symbols[*index].span.end.min(span.end) - symbols[*index].span.start;
    // Of equal ones the first, the outermost: `max_by_key` returns the last.
    let beginning = (first..last).rev().max_by_key(within);
    match beginning {
        Some(index) => Some(index as u32),
        None => innermost(symbols, span.start),
    }
}

/// The innermost symbol whose span holds `at`.
fn innermost(symbols: &[Symbol], at: u32) -> Option<u32> {
    let before = symbols.partition_point(|symbol| symbol.span.start <= at);
    let mut next = before.checked_sub(1).map(|index| index as u32);
    // The last symbol that begins before `at` holds it, or one of its ancestors does.
    while let Some(index) = next {
        let symbol = symbols.get(index as usize)?;
        if symbol.span.end > at {
            return Some(index);
        }
        next = symbol.parent.filter(|parent| *parent < index);
    }
    None
}

/// Names of the definitions that begin before the chunk and hold its start, outermost first.
fn enclosing_names(text: &str, symbols: &[Symbol], span: Span) -> String {
    let mut names = Vec::new();
    let mut next = innermost(symbols, span.start);
    while let Some(index) = next {
        let Some(symbol) = symbols.get(index as usize) else { break };
        if symbol.span.start < span.start {
            names.push(symbol.name.text(text));
        }
        next = symbol.parent.filter(|parent| *parent < index);
    }
    names.reverse();
    names.join(" ")
}

/// The section a chunk begins with, or lies in.
fn section_of(sections: &[Section], span: Span) -> Option<u32> {
    let from = sections.partition_point(|section| section.span.start < span.start);
    let begins = sections.get(from).is_some_and(|section| section.span.start < span.end);
    if begins { Some(from as u32) } else { (from as u32).checked_sub(1) }
}

/// Headings above the chunk that are not in it, outermost first.
fn heading_path(text: &str, sections: &[Section], section: u32, span: Span) -> String {
    let mut headings = Vec::new();
    let mut next = Some(section);
    while let Some(index) = next {
        let Some(section) = sections.get(index as usize) else { break };
        if !span.contains(section.heading) {
            headings.push(section.heading.text(text).trim());
        }
        next = section.parent.filter(|parent| *parent < index);
    }
    headings.reverse();
    headings.join(" / ")
}
