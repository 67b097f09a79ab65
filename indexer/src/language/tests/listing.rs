//! Every language's fixture against the listing beside it.
//!
//! The listing has one line per symbol, indented under its parent: kind, name, line, signature, doc,
//! then one line per reference: kind, qualifier, name, enclosing symbol. After a wanted change
//! run the test with `COGO_BLESS=1`, read the difference, and commit it.

use super::super::*;
use std::fmt::Write;
use std::path::Path;

/// One outline as text.
fn listing(text: &str, outline: &Outline) -> String {
    let mut lines = String::new();
    let line_of = |at: u32| text[..at as usize].matches('\n').count() + 1;
    let _ = writeln!(lines, "errors {}", outline.errors);
    for symbol in &outline.symbols {
        let mut depth = 0;
        let mut parent = symbol.parent;
        while let Some(index) = parent {
            depth += 1;
            parent = outline.symbols[index as usize].parent;
        }
        let _ = write!(
            lines,
            "{:depth$}{} {} @{}-{} {:?}",
            "",
            symbol.kind,
            symbol.name.text(text),
            line_of(symbol.span.start),
            line_of(symbol.span.end),
            symbol.signature.text(text),
            depth = depth * 2,
        );
        if !symbol.doc.is_empty() {
            let _ = write!(lines, " doc {:?}", symbol.doc.text(text));
        }
        lines.push('\n');
    }
    for reference in &outline.references {
        let enclosing = reference.enclosing.map(|index| outline.symbols[index as usize].name.text(text));
        let _ = writeln!(
            lines,
            "{} [{}] {} @{} in {}",
            reference.kind.as_str(),
            reference.qualifier.text(text),
            reference.name.text(text),
            line_of(reference.name.start),
            enclosing.unwrap_or("-"),
        );
    }
    lines
}

/// The fixtures: file name and source.
pub(super) fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(file!()).parent().expect("a file has a folder").join("fixtures");
    let folder = if folder.exists() {
        folder
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/language/tests/fixtures")
    };
    let mut fixtures: Vec<(String, String)> = std::fs::read_dir(&folder)
        .expect("the fixtures folder is part of the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "listing"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("fixtures are text");
            (path.to_string_lossy().into_owned(), text)
        })
        .collect();
    fixtures.sort();
    fixtures
}

#[test]
fn fixtures_give_their_listings() {
    let mut parser = Parser::new();
    let mut wrong = Vec::new();
    for (path, text) in fixtures() {
        let language = detect(&path, &text).expect("every fixture has a known name");
        if !language.has_grammar() {
            continue;
        }
        let outline = parser.parse(language, &text);
        let found = listing(&text, &outline);
        let expected_path = format!("{path}.listing");
        if std::env::var_os("COGO_BLESS").is_some() {
            std::fs::write(&expected_path, &found).expect("the fixtures folder is writable");
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{path}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
