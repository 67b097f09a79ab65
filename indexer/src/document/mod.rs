//! Sections of documents: where they start, what they are called, which lies in which.
//!
//! The scanners here read line by line and never fail: text that is not well formed has fewer
//! sections, not an error. They find headings only; how a document is cut into chunks is not
//! decided here.

mod asciidoc;
mod html;
mod line;
mod markdown;
mod notebook;
mod rst;

#[cfg(test)]
mod notebook_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rag_core::Span;

pub use notebook::{Cell, CellKind, Notebook, notebook};

/// A section of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading's text without marks; never empty.
    pub heading: Span,
    /// From the start of the heading's line to the start of the next section of any level, or to
    /// the end of the text.
    pub span: Span,
    /// Depth of the heading as written, 1 for the outermost kind. Levels may be left out: a
    /// section of level 3 may lie in one of level 1.
    pub level: u8,
    /// Index of the section that this one belongs to.
    pub parent: Option<u32>,
}

/// How the headings of a document are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentFormat {
    /// Markdown, with the extensions of GitHub.
    Markdown,
    /// reStructuredText.
    ReStructuredText,
    /// AsciiDoc.
    AsciiDoc,
    /// HTML.
    Html,
}

impl DocumentFormat {
    /// The format of documents in the language called `name`, if it has one.
    pub fn from_language(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "markdown" | "md" | "mdx" => Some(DocumentFormat::Markdown),
            "restructuredtext" | "rst" => Some(DocumentFormat::ReStructuredText),
            "asciidoc" | "adoc" => Some(DocumentFormat::AsciiDoc),
            "html" | "xhtml" => Some(DocumentFormat::Html),
            _ => None,
        }
    }
}

/// The sections of `text`, sorted, and contiguous from the first heading to the end of the text.
/// What stands before the first heading belongs to none.
pub fn sections(format: DocumentFormat, text: &str) -> Vec<Section> {
    let headings = match format {
        DocumentFormat::Markdown => markdown::headings(text),
        DocumentFormat::ReStructuredText => rst::headings(text),
        DocumentFormat::AsciiDoc => asciidoc::headings(text),
        DocumentFormat::Html => html::headings(text),
    };
    arrange(&headings, text.len())
}

/// A heading that a scanner found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heading {
    /// Where its section starts; greater than the start of the heading before.
    start: usize,
    /// Its text, not empty.
    text: Range<usize>,
    level: u8,
}

/// Sections from headings: each reaches to the next, and belongs to the nearest one before it that
/// has a smaller level.
fn arrange(headings: &[Heading], text_length: usize) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::with_capacity(headings.len());
    let mut open: Vec<u32> = Vec::new();
    for (index, heading) in headings.iter().enumerate() {
        let end = headings.get(index + 1).map_or(text_length, |next| next.start);
        while let Some(&last) = open.last() {
            if sections[last as usize].level < heading.level {
                break;
            }
            open.pop();
        }
        sections.push(Section {
            heading: Span::new(heading.text.clone()),
            span: Span::new(heading.start..end),
            level: heading.level,
            parent: open.last().copied(),
        });
        open.push(u32::try_from(index).unwrap_or(u32::MAX));
    }
    sections
}
