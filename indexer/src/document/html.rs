//! Headings of HTML, by a scanner that needs no well-formed document.
//!
//! It stays linear because it never looks at a byte again that it has passed over, except within
//! the bounded text of one heading.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::Heading;

/// Longest text of a heading that is read, with the tags in it.
const LONGEST_HEADING: usize = 4 * 1024;

/// Longest start tag that is read.
const LONGEST_TAG: usize = 1024;

/// Elements whose content is not markup.
const OPAQUE: [(&[u8], &[u8]); 4] =
    [(b"script", b"</script"), (b"style", b"</style"), (b"textarea", b"</textarea"), (b"template", b"</template")];

pub(super) fn headings(text: &str) -> Vec<Heading> {
    let bytes = text.as_bytes();
    let mut headings = Vec::new();
    let mut at = 0;
    let mut line_start_from = 0;
    while let Some(offset) = memchr(b'<', &bytes[at..]) {
        at += offset;
        let Some(found) = heading_at(text, at) else {
            at = after_markup(bytes, at);
            continue;
        };
        if let Some(title) = found.title {
            let start = line_start(bytes, line_start_from, at);
            headings.push(Heading { start, text: title, level: found.level });
        }
        at = found.end;
        line_start_from = at;
    }
    headings
}

/// A heading element.
pub(super) struct Found {
    pub level: u8,
    /// The text between the first and the last visible character; `None` if there is none.
    pub title: Option<Range<usize>>,
    /// Where to go on reading.
    pub end: usize,
}

/// The heading whose start tag starts at `at`.
pub(super) fn heading_at(text: &str, at: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let level = heading_level(&bytes[at..])?;
    // Without an end it is no tag after all, and the text goes on after the name.
    let inner_start = after_tag(bytes, at).unwrap_or(at + 3);
    let window = &bytes[inner_start..bytes.len().min(inner_start + LONGEST_HEADING)];
    // A heading that nothing closes ends with its line.
    let mut inner_end = inner_start + memchr(b'\n', window).unwrap_or(window.len());
    let mut from = 0;
    while let Some(offset) = memchr(b'<', &window[from..]) {
        let tag = &window[from + offset..];
        let closes = matches!(tag, [b'<', b'/', b'h' | b'H', b'1'..=b'6', ..]);
        if closes || heading_level(tag).is_some() {
            inner_end = inner_start + from + offset;
            break;
        }
        from += offset + 1;
    }
    let inner_end = text.floor_char_boundary(inner_end).max(inner_start);
    Some(Found { level, title: visible(text, inner_start..inner_end), end: inner_end })
}

/// The level of the heading that the tag at the start of `bytes` opens.
fn heading_level(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'<', b'h' | b'H', digit @ b'1'..=b'6', b'>' | b' ' | b'\t' | b'\r' | b'\n' | b'/', ..] => Some(digit - b'0'),
        _ => None,
    }
}

/// Where the markup that starts with `<` at `at` ends: a comment, an element that holds no markup,
/// or just the `<`.
fn after_markup(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at + 1..];
    if rest.starts_with(b"!--") {
        return memmem::find(&rest[3..], b"-->").map_or(bytes.len(), |end| at + 4 + end + 3);
    }
    for (name, end) in OPAQUE {
        let is_it = rest.len() > name.len()
            && rest[..name.len()].eq_ignore_ascii_case(name)
            && !rest[name.len()].is_ascii_alphanumeric();
        if is_it {
            return find_ignoring_case(bytes, at + 1, end).unwrap_or(bytes.len());
        }
    }
    at + 1
}

/// Where `tag`, which starts with `<`, next occurs from `at` on.
fn find_ignoring_case(bytes: &[u8], mut at: usize, tag: &[u8]) -> Option<usize> {
    while let Some(offset) = memchr(b'<', &bytes[at..]) {
        at += offset;
        if bytes.len() - at >= tag.len() && bytes[at..at + tag.len()].eq_ignore_ascii_case(tag) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Where the tag that starts at `at` ends. `>` in quotes does not end it.
fn after_tag(bytes: &[u8], at: usize) -> Option<usize> {
    let limit = bytes.len().min(at + LONGEST_TAG);
    let mut quote = None;
    for (offset, &byte) in bytes[at..limit].iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + offset + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// `range` without the tags and white space at its ends; `None` if nothing else is in it.
fn visible(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[..range.end];
    let mut first = None;
    let mut last = range.start;
    let mut at = range.start;
    while let Some(c) = text.get(at..range.end).and_then(|rest| rest.chars().next()) {
        let is_tag = c == '<' && bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!'));
        if is_tag {
            let Some(end) = after_tag(bytes, at) else { break };
            at = end;
            continue;
        }
        let end = at + c.len_utf8();
        if !c.is_whitespace() {
            first.get_or_insert(at);
            last = end;
        }
        at = end;
    }
    Some(first?..last)
}

/// The start of the line of `at` if only white space stands before it, and nothing before `from`
/// is touched.
fn line_start(bytes: &[u8], from: usize, at: usize) -> usize {
    let blanks = bytes[from..at].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = at - blanks;
    let at_line_start = start == 0 || bytes[start - 1] == b'\n';
    if at_line_start { start } else { at }
}
