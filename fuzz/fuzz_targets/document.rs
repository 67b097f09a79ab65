//! The first byte chooses a format, the rest is a document or a notebook: sections are sorted, lie in the text, and
//! belong to one before them.
#![no_main]

use cogo_fuzz::{assert_chunks_cover, assert_spans_lie_in_text};
use indexer::build_document;
use indexer::document::{DocumentFormat, notebook, sections};
use indexer::language::Parser;
use libfuzzer_sys::fuzz_target;

const FORMATS: [(&str, DocumentFormat); 4] = [
    ("a.md", DocumentFormat::Markdown),
    ("a.rst", DocumentFormat::ReStructuredText),
    ("a.adoc", DocumentFormat::AsciiDoc),
    ("a.html", DocumentFormat::Html),
];

fuzz_target!(|data: &[u8]| {
    let [format, source @ ..] = data else { return };
    let text = String::from_utf8_lossy(source);
    match FORMATS.get(*format as usize % (FORMATS.len() + 1)) {
        Some((path, format)) => check_document(path, *format, &text),
        None => check_notebook(&text),
    }
});

fn check_document(path: &str, format: DocumentFormat, text: &str) {
    let sections = sections(format, text);
    let mut end = None;
    for (index, section) in sections.iter().enumerate() {
        let heading = text.get(section.heading.range()).expect("a heading ends between characters");
        assert!(!heading.is_empty(), "section {index} has no heading");
        assert!(text.get(section.span.range()).is_some(), "a section ends between characters");
        assert!(section.span.contains(section.heading), "section {index} holds its heading");
        assert!(end.is_none_or(|end| end == section.span.start), "sections are contiguous");
        end = Some(section.span.end);
        if let Some(parent) = section.parent {
            assert!((parent as usize) < index, "a parent comes first");
            assert!(sections[parent as usize].level < section.level, "a parent has a smaller level");
        }
    }
    assert!(end.is_none_or(|end| end as usize == text.len()), "the last section reaches to the end");
    check_built(path, text);
}

fn check_notebook(json: &str) {
    let Some(notebook) = notebook(json) else { return check_built("a.ipynb", json) };
    let mut end = 0;
    for cell in &notebook.cells {
        assert!(json.get(cell.span.range()).is_some(), "a cell lies in the file");
        assert!(cell.span.start >= end, "cells do not overlap");
        end = cell.span.end;
    }
    check_built("a.ipynb", json);
}

fn check_built(path: &str, text: &str) {
    let document = build_document(&mut Parser::new(), path, text.to_owned(), 256);
    assert_chunks_cover(&document);
    assert_spans_lie_in_text(&document);
}
