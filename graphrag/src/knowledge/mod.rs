//! What documents speak of: concepts, where they are mentioned, and what is said of them.
//!
//! Concepts are found without a language model: headings, definitions (`A token bucket is a …`, `토큰 버킷이란 …`), names and
//! acronyms. What a model has extracted (see [`extract`](crate::extract)) joins in, as far as the text bears it out. Every mention
//! and every statement has its place in a text.

mod concepts;
mod english;
mod korean;
mod prose;
mod said;
mod terms;
mod words;

#[cfg(test)]
mod tests;

use rag_core::{Span, SymbolKind};

use crate::edge::Target;
use crate::file::FileFacts;

pub use concepts::knowledge;
pub(crate) use concepts::speaks;
pub(crate) use said::normalised;
pub use said::{Entity, Extracted, Relation};
pub use words::key;

/// A part of a document: a heading with the text below it, or what has no heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Index of the file.
    pub file: u32,
    /// Index of the section among the symbols of the file; none: the file itself.
    pub symbol: Option<u32>,
    /// Its text, without that of the sections in it.
    pub span: Span,
}

/// The sections of all documents, in the order of the files and their texts.
pub fn sections(files: &[FileFacts]) -> Vec<Section> {
    let mut sections = Vec::new();
    for (facts, file) in files.iter().zip(0u32..).filter(|(facts, _)| facts.is_document()) {
        let own = |index: &usize| facts.symbols[*index].kind == SymbolKind::Section;
        let numbers: Vec<usize> = (0..facts.symbols.len()).filter(own).collect();
        let end = facts.text.len() as u32;
        let first = numbers.first().map_or(end, |&first| facts.symbols[first].span.start);
        sections.push(Section { file, symbol: None, span: Span { start: 0, end: first } });
        for (at, &number) in numbers.iter().enumerate() {
            let start = facts.symbols[number].span.start;
            let next = numbers.get(at + 1).map_or(end, |&next| facts.symbols[next].span.start);
            sections.push(Section { file, symbol: Some(number as u32), span: Span { start, end: next.max(start) } });
        }
    }
    sections.retain(|section| !section.span.text(files[section.file as usize].text).trim().is_empty());
    sections
}

/// How we know of a mention or a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Origin {
    /// The text defines it.
    Definition = 0,
    /// A heading says it.
    Heading = 1,
    /// The text names it.
    Text = 2,
    /// A language model read it there, and the quote was found in the text.
    Model = 3,
}

impl Origin {
    /// Every origin, in the order of its stored number.
    pub const ALL: [Origin; 4] = [Origin::Definition, Origin::Heading, Origin::Text, Origin::Model];

    /// The lower-case word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Definition => "definition",
            Origin::Heading => "heading",
            Origin::Text => "text",
            Origin::Model => "model",
        }
    }
}

/// A place in a text that bears something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citation {
    /// Index of the file.
    pub file: u32,
    /// The words.
    pub span: Span,
    /// How we know.
    pub origin: Origin,
}

/// A section that speaks of a concept: the place that says most of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Index of the section among the symbols of the file.
    pub symbol: Option<u32>,
    /// Where.
    pub citation: Citation,
}

/// Something that documents speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concept {
    /// Its name, as it is written most often.
    pub name: String,
    /// The sections that speak of it, in the order of the files.
    pub sightings: Vec<Sighting>,
}

/// An end of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Index of a concept.
    Concept(u32),
    /// A definition in the code.
    Code(Target),
}

/// What is said of two things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The one.
    pub from: Subject,
    /// The other.
    pub to: Subject,
    /// How they hang together, in words.
    pub words: String,
    /// Where it is said.
    pub citation: Citation,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Sorted by name.
    pub concepts: Vec<Concept>,
    /// In the order of the texts.
    pub statements: Vec<Statement>,
}
