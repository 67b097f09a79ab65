//! Does what an index says of a file fit the text that the file has now?

use std::collections::HashSet;

use rag_core::Span;

use super::position::{Encoding, Places};
use super::symbol::{Suffix, Symbol, without_accessor};
use super::wire::{Document, Result};

/// A symbol at a place of a file.
pub(super) struct Occurrence<'a> {
    pub(super) symbol: &'a str,
    pub(super) span: Span,
    pub(super) is_definition: bool,
}

/// The occurrences of `document` as spans of `text`; none if they do not fit.
pub(super) fn fit<'a>(document: &Document<'a>, text: &str, tool: &str) -> Result<Option<Vec<Occurrence<'a>>>> {
    if !document.text.is_empty() && document.text != text {
        return Ok(None);
    }
    let mut places = Places::new(text, Encoding::of(document.encoding, tool));
    let mut occurrences = Vec::new();
    // Definitions that the language makes of one word (a property and its accessors) share their place: one name is enough.
    let (mut named, mut misnamed) = (HashSet::new(), Vec::new());
    for occurrence in document.occurrences() {
        let occurrence = occurrence?;
        let Some(span) = places.span(occurrence.range) else { return Ok(None) };
        if cuts_word(text, span) {
            return Ok(None);
        }
        let Some(symbol) = Symbol::parse(occurrence.symbol) else { continue };
        if occurrence.is_definition {
            match is_named(symbol, span.text(text)) {
                Some(true) => drop(named.insert(span)),
                Some(false) => misnamed.push(span),
                None => {}
            }
        }
        occurrences.push(Occurrence { symbol: occurrence.symbol, span, is_definition: occurrence.is_definition });
    }
    Ok(misnamed.iter().all(|span| named.contains(span)).then_some(occurrences))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `span` begins or ends inside of a word: no indexer means that, but a text that was edited later makes it so.
fn cuts_word(text: &str, span: Span) -> bool {
    let inside = |at: u32| {
        let (before, after) = text.split_at_checked(at as usize).unwrap_or_default();
        before.ends_with(is_word) && after.starts_with(is_word)
    };
    !span.is_empty() && (inside(span.start) || inside(span.end))
}

/// Whether `text` is what `symbol` is called; none if it has no name in the text.
pub(super) fn is_named(symbol: Symbol, text: &str) -> Option<bool> {
    let Symbol::Global { owner_name, name, suffix, .. } = symbol else { return None };
    let text = text.trim_matches(['"', '\'', '`']);
    let name = without_accessor(name);
    let is_plain = !name.is_empty() && name.chars().all(|c| is_word(c) || c == '$');
    match suffix {
        // Of modules and other things without a name the place is the whole file, or whatever the indexer likes.
        Suffix::Namespace | Suffix::Meta => None,
        // `<constructor>`, `<init>`, `.ctor`: written as a keyword, or like the class.
        _ if name.starts_with(['<', '.']) => (text != "constructor").then_some(text == owner_name),
        // Operators.
        _ if !is_plain => None,
        _ => Some(text == name),
    }
}
