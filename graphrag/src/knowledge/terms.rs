//! What one section names: headings, definitions, names, and two names for one thing.

use std::ops::Range;

use super::{Origin, english, korean, prose};

/// How far before a bracket a name is looked for, in bytes.
const BEFORE: usize = 160;
/// The longest text between brackets that is a name.
const INSIDE: usize = 60;

/// What was found in a section; places are those of the document.
#[derive(Default)]
pub(super) struct Terms {
    /// Names, with what tells that they are some.
    pub names: Vec<(Range<usize>, Origin)>,
    /// Two names for one thing.
    pub aliases: Vec<(Range<usize>, Range<usize>)>,
}

/// The names in the section at `range` of a document whose prose is `text`.
pub(super) fn terms(text: &str, heading: Option<Range<usize>>, range: Range<usize>, has_names: bool) -> Terms {
    let mut terms = Terms::default();
    let body = heading.as_ref().map_or(range.start, |heading| heading.end.clamp(range.start, range.end));
    if let Some(heading) = heading {
        // What stands between brackets is looked at below.
        let bare = text[heading.clone()].find('(').map_or(heading.end, |at| heading.start + at);
        let bare = heading.start..heading.start + text[heading.start..bare].trim_end().len();
        terms.names.extend(english::of_heading(text, bare.clone()).map(|range| (range, Origin::Heading)));
        korean::of_heading(text, bare, |range| terms.names.push((range, Origin::Heading)));
    }
    brackets(text, range.clone(), &mut terms);
    if !has_names {
        return terms;
    }
    for sentence in prose::sentences(text, body..range.end) {
        let defined = english::of_sentence(text, sentence.clone()).or_else(|| korean::of_sentence(text, sentence));
        terms.names.extend(defined.map(|range| (range, Origin::Definition)));
    }
    for marked in prose::marked(text, body..range.end) {
        let name = korean::of_mark(text, marked.clone()).or_else(|| english::of_mark(text, marked));
        terms.names.extend(name.map(|range| (range, Origin::Text)));
    }
    rag_core::for_each_name(&text[body..range.end], |name| {
        let name = english::of_name(text, name.start + body..name.end + body);
        terms.names.extend(name.map(|range| (range, Origin::Text)));
    });
    terms
}

/// `Long Form (LF)`, `토큰 버킷(Token Bucket)`, `Token Bucket(토큰 버킷)`.
fn brackets(text: &str, range: Range<usize>, terms: &mut Terms) {
    for (at, _) in text[range.clone()].match_indices('(') {
        let open = range.start + at;
        let Some(length) = text[open + 1..range.end].find([')', '\n', '(']) else { continue };
        let inside = open + 1..open + 1 + length;
        if !text[inside.end..].starts_with(')') || inside.len() > INSIDE {
            continue;
        }
        let inner = &text[inside.clone()];
        let start = text.floor_char_boundary(open.saturating_sub(BEFORE)).max(range.start);
        let start = text[start..open].rfind('\n').map_or(start, |at| start + at + 1);
        let glued = !text[..open].ends_with(char::is_whitespace);
        let plain = inner.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
        let latin = plain
            && inner.starts_with(|c: char| c.is_alphabetic() && !korean::is_hangul(c))
            && !inner.contains(korean::is_hangul);
        let two = if latin && english::is_acronym(inner) {
            let letters = inner.chars().count();
            english::spelled_out(text, start, open, inner)
                .or_else(|| glued.then(|| korean::before(text, start, open, letters)).flatten())
                .map(|name| (name, inside))
        } else if latin && glued {
            let words = inner.split([' ', '-']).filter(|word| !word.is_empty()).count();
            korean::before(text, start, open, words.max(1)).map(|name| (name, inside))
        } else {
            // The last run of capitalised words before the bracket.
            let mut name = None;
            rag_core::for_each_name(&text[start..open], |range| name = Some(start + range.start..start + range.end));
            let name = name.filter(|name| text[name.end..open].trim_matches(['*', '_', ' ']).is_empty());
            name.zip(korean::of_mark(text, inside))
        };
        if let Some((name, other)) = two {
            terms.names.extend([(name.clone(), Origin::Definition), (other.clone(), Origin::Definition)]);
            terms.aliases.push((name, other));
        }
    }
}
