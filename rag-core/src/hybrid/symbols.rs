//! Definitions: their qualified names, and search by name.

use super::query::Hit;
use crate::analysis::for_each_word;
use crate::error::Result;
use crate::store::{Segment, Text};
use crate::symbol::SymbolKind;

/// Deepest nesting that a qualified name shows.
const DEEPEST: usize = 16;

/// The names of the definitions around and including `index`, joined with dots.
pub(super) fn qualified_name(segment: &Segment, file: u32, index: u32, text: Text) -> String {
    let mut names = Vec::new();
    let mut next = Some(index);
    while let Some(index) = next {
        let Some(symbol) = segment.symbol(file, index) else { break };
        names.push(text.slice(symbol.name).trim());
        // Parents come before children; a file that says otherwise would go in circles.
        next = symbol.parent.filter(|parent| *parent < index);
        if names.len() == DEEPEST {
            break;
        }
    }
    names.reverse();
    names.join(".")
}

/// Qualified name and kind of the definition that a chunk stands for.
pub(super) fn of_chunk(segment: &Segment, chunk: u32, text: Text) -> Option<(String, SymbolKind)> {
    let record = &segment.chunks[chunk as usize];
    let symbol = segment.symbol(record.file, record.symbol)?;
    Some((qualified_name(segment, record.file, record.symbol, text), symbol.kind))
}

/// Definitions of a file whose name answers to `query`: exact name 4, equal but for case and separators 3,
/// beginning with it 2, holding all its words 1; a little more for types and for qualified matches.
pub(super) fn matching(
    segment: &Segment,
    file: u32,
    query: &str,
    repository: usize,
    admits: &dyn Fn(SymbolKind) -> bool,
) -> Result<Vec<Hit>> {
    let text = segment.text(file)?;
    let symbols = segment.symbols(file);
    let wanted = query.trim();
    let (outer, last) = match wanted.rfind(['.', ':', '#', '/']) {
        Some(at) => (&wanted[..at], &wanted[at + 1..]),
        None => ("", wanted),
    };
    let lines = LineIndex::new(text.as_str());
    let mut hits = Vec::new();
    for (symbol, index) in symbols.iter().zip(0..) {
        let name = text.slice(symbol.name);
        let score = match name_score(name, last).max(name_score(name, wanted)) {
            0.0 => continue,
            _ if !admits(symbol.kind) => continue,
            score => score,
        };
        let qualified = qualified_name(segment, file, index, text);
        let in_outer = !outer.is_empty() && joined(&qualified).contains(&joined(outer));
        let bonus = if symbol.kind.is_type() { 0.2 } else { 0.0 } + if in_outer { 0.5 } else { 0.0 };
        hits.push(Hit {
            repository,
            path: segment.path(file).to_owned(),
            start_line: lines.line(symbol.span.start),
            end_line: lines.line(symbol.span.end.saturating_sub(1).max(symbol.span.start)),
            score: score + bonus,
            symbol: Some(qualified),
            kind: Some(symbol.kind),
            language: segment.language(file).to_owned(),
            text: text.slice(symbol.span).to_owned(),
            terms: Vec::new(),
        });
    }
    Ok(hits)
}

fn name_score(name: &str, wanted: &str) -> f32 {
    if wanted.is_empty() {
        return 0.0;
    }
    let (name_joined, wanted_joined) = (joined(name), joined(wanted));
    if wanted_joined.is_empty() {
        return 0.0;
    }
    if name == wanted {
        4.0
    } else if name_joined == wanted_joined {
        3.0
    } else if name_joined.starts_with(&wanted_joined) {
        2.0
    } else {
        let mut all = true;
        for_each_word(wanted, |word| all &= name_joined.contains(&word.text.to_lowercase()));
        f32::from(u8::from(all))
    }
}

/// Letters and digits in lower case.
fn joined(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Byte offset → 1-based line.
pub(super) struct LineIndex {
    ends: Vec<u32>,
}

impl LineIndex {
    pub(super) fn new(text: &str) -> Self {
        let ends = text.bytes().zip(0..).filter(|(byte, _)| *byte == b'\n').map(|(_, at)| at);
        LineIndex { ends: ends.collect() }
    }

    pub(super) fn line(&self, at: u32) -> u32 {
        self.ends.partition_point(|end| *end < at) as u32 + 1
    }
}
