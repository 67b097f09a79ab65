//! Documents that name code: from a section to the definitions and files it speaks of.
//!
//! Only what is written like code counts: words between backticks, paths, `Class.method`, `name()`, `snake_case` and
//! `CamelCase`. A word that many definitions share says nothing.

use std::collections::HashMap;

use rag_core::{Span, SymbolKind};

use crate::edge::Target;
use crate::file::FileFacts;
use crate::graph::is_code;

/// A name that more definitions share is a word.
const MOST_CANDIDATES: usize = 4;
/// Shorter names are words, unless they stand between backticks.
const SHORTEST: usize = 4;

/// A section's mention of definitions or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Index of the document among the linked files.
    pub file: u32,
    /// Where the name stands.
    pub site: Span,
    /// What it may mean; an empty name is the file itself.
    pub targets: Vec<Target>,
}

/// The names that documents may mention.
pub(crate) struct Names<'a> {
    symbols: HashMap<&'a str, Vec<Target>>,
    paths: HashMap<&'a str, u32>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(files: &[FileFacts<'a>]) -> Self {
        let mut names = Names { symbols: HashMap::new(), paths: HashMap::new() };
        for (file, index) in files.iter().zip(0..) {
            names.paths.insert(file.path, index);
            for (symbol, number) in file.symbols.iter().zip(0..) {
                if is_code(symbol.kind) && symbol.kind != SymbolKind::Extension {
                    let target = Target { file: index, name: symbol.name, symbol: Some(number) };
                    names.symbols.entry(symbol.name.text(file.text)).or_default().push(target);
                }
            }
        }
        names
    }

    /// The mentions in a document, in the order of the text.
    pub(crate) fn mentions(&self, files: &[FileFacts], file: u32) -> Vec<Mention> {
        let text = files[file as usize].text;
        let mut found = Vec::new();
        for word in words(text) {
            let targets = self.targets(files, word.span.text(text), word.is_marked);
            if !targets.is_empty() && targets.len() <= MOST_CANDIDATES {
                found.push(Mention { file, site: word.span, targets });
            }
        }
        found
    }

    fn targets(&self, files: &[FileFacts], word: &str, is_marked: bool) -> Vec<Target> {
        if let Some(&file) = self.paths.get(word) {
            return vec![Target { file, name: Span::default(), symbol: None }];
        }
        let (outer, own) = match word.rfind(['.', ':', '#']) {
            Some(at) => (word[..at].trim_end_matches(':'), &word[at + 1..]),
            None => ("", word),
        };
        let named =
            own.contains('_') || own.chars().skip(1).any(char::is_uppercase) && own.chars().any(char::is_lowercase);
        if !(is_marked || !outer.is_empty() || own.len() >= SHORTEST && named) {
            return Vec::new();
        }
        let all = self.symbols.get(own).map(Vec::as_slice).unwrap_or_default();
        if outer.is_empty() {
            return all.to_vec();
        }
        let holder = outer.rsplit(['.', ':', '#']).next().unwrap_or(outer);
        all.iter().filter(|target| is_inside(files, target, holder)).copied().collect()
    }
}

/// Whether a definition lies in a definition or a file called `holder`.
fn is_inside(files: &[FileFacts], target: &Target, holder: &str) -> bool {
    let file = &files[target.file as usize];
    let parent = target.symbol.and_then(|symbol| file.symbols[symbol as usize].parent);
    let stem = rag_core::path_stem(file.path);
    let package = stem == "__init__" && file.path.rsplit('/').nth(1) == Some(holder);
    match parent.and_then(|parent| file.symbols.get(parent as usize)) {
        Some(parent) => parent.name.text(file.text) == holder,
        None => stem == holder || package,
    }
}

struct Word {
    span: Span,
    /// Stands between backticks, or is called.
    is_marked: bool,
}

/// The words of a text that could be names or paths.
fn words(text: &str) -> impl Iterator<Item = Word> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '#' | '/' | '-');
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(is_part)?;
            let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |len| start + len);
            at = end;
            let word = &text[start..end];
            let trimmed = word.trim_end_matches(['.', ':', '-', '#', '/']);
            let kept = trimmed.trim_start_matches(['.', ':', '-', '#', '/']);
            if kept.is_empty() {
                continue;
            }
            let first = start + trimmed.len() - kept.len();
            let last = first + kept.len();
            let ticked = start > 0 && bytes[start - 1] == b'`' && matches!(bytes.get(end), Some(b'`' | b'('));
            let called = bytes.get(last..last + 2) == Some(b"()");
            return Some(Word { span: Span::new(first..last), is_marked: ticked || called });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_the_punctuation_around_them() {
        let text = "See `parse`, app.core.run() and src/app.py: done. A plain word.";
        let found: Vec<(&str, bool)> = words(text).map(|word| (word.span.text(text), word.is_marked)).collect();
        assert_eq!(found[1..5], [("parse", true), ("app.core.run", true), ("and", false), ("src/app.py", false)]);
    }
}
