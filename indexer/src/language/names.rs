//! Small decisions about text: names, signatures, and what touches what.

use super::rules::Rule;
use rag_core::{ReferenceKind, Span};

/// The longest signature of a definition without a body.
const MAX_LINE_SIGNATURE: usize = 300;
/// The longest signature in front of a body.
const MAX_SIGNATURE: usize = 800;

/// Cuts white space and quotes off both ends of `span`.
pub(super) fn clean(text: &str, span: Span) -> Span {
    let raw = span.text(text);
    let start = raw.len() - raw.trim_start_matches(is_quote).len();
    let len = raw[start..].trim_end_matches(is_quote).len();
    let at = span.start + start as u32;
    Span { start: at, end: at + len as u32 }
}

/// Cuts what joins a qualifier and a name off both ends of `span`.
pub(super) fn trim_separators(text: &str, span: Span) -> Span {
    let raw = span.text(text);
    let separator = |c: char| c.is_whitespace() || matches!(c, '.' | ':' | '{' | '/' | '\\');
    let start = raw.len() - raw.trim_start_matches(separator).len();
    let len = raw[start..].trim_end_matches(separator).len();
    let at = span.start + start as u32;
    Span { start: at, end: at + len as u32 }
}

/// Cuts the `.` or `::` off the end of a qualifier whose node includes it.
pub(super) fn without_joint(text: &str, span: Span) -> Span {
    match span.text(text).trim_end_matches(['.', ':', '\\']).len() {
        // `from . import a`: the qualifier itself.
        0 => span,
        len => Span { start: span.start, end: span.start + len as u32 },
    }
}

fn is_quote(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`')
}

/// Applies a rule's `split` and `strip` to a name: the name proper, and the qualifier if it was split.
pub(super) fn split_name(text: &str, name: Span, rule: &Rule) -> (Span, Option<Span>) {
    let raw = name.text(text);
    let cut = raw.len() - raw.trim_start_matches(|c| rule.strip.contains(c)).len();
    let mut name = Span { start: name.start + cut as u32, end: name.end };
    if !rule.strip.is_empty() {
        let kept = name.text(text).trim_end_matches(|c| rule.strip.contains(c));
        name.end = name.start + kept.len() as u32;
    }
    if rule.split.is_empty() {
        return (name, None);
    }
    let Some(at) = name.text(text).rfind(rule.split) else { return (name, None) };
    let qualifier = Span { start: name.start, end: name.start + at as u32 };
    (Span { start: qualifier.end + rule.split.len() as u32, end: name.end }, Some(qualifier))
}

/// Whether `name` can be looked up: no expressions, no literals.
pub(super) fn is_reference_name(name: &str, kind: ReferenceKind) -> bool {
    if name.is_empty() || name.len() > 256 {
        return false;
    }
    let plain = |c: char| !c.is_whitespace() && !"(){}[]<>\"'`,;".contains(c);
    match kind {
        ReferenceKind::Import => name.chars().all(plain),
        _ => {
            let first = name.chars().next().unwrap_or(' ');
            (first.is_alphabetic() || matches!(first, '_' | '$' | '@' | '#'))
                && name.chars().all(plain)
                && !name.ends_with(['.', ':'])
        }
    }
}

/// Whether only white space without a blank line stands between two offsets.
pub(super) fn adjacent(text: &str, from: usize, to: usize) -> bool {
    from <= to
        && to - from <= 400
        && text.as_bytes()[from..to].iter().all(u8::is_ascii_whitespace)
        && text.as_bytes()[from..to].iter().filter(|&&byte| byte == b'\n').count() <= 1
}

/// Whether nothing but white space precedes `at` on its line.
pub(super) fn own_line(text: &str, at: usize) -> bool {
    let before = text.as_bytes()[..at].iter().rev().take(400).take_while(|&&byte| byte != b'\n');
    before.into_iter().all(u8::is_ascii_whitespace)
}

/// Where the signature that starts at `start` ends.
pub(super) fn signature_end(text: &str, start: usize, body: Option<usize>, end: usize, first_line: bool) -> usize {
    let limit = if body.is_some() { MAX_SIGNATURE } else { MAX_LINE_SIGNATURE };
    let mut stop = body.unwrap_or(end).min(start + limit).min(text.len());
    while !text.is_char_boundary(stop) {
        stop -= 1;
    }
    let Some(mut signature) = text.get(start..stop) else { return start };
    if body.is_none() || first_line {
        signature = complete_line(signature);
    }
    let marks = [" do", "{", ":", "=>", "->", "=", ";", ","];
    loop {
        signature = signature.trim_end();
        let Some(rest) = marks.iter().find_map(|mark| signature.strip_suffix(mark)) else { break };
        if rest.is_empty() || (rest.ends_with(':') && signature.ends_with(':')) {
            break;
        }
        signature = rest;
    }
    start + signature.len()
}

/// The first lines of `text`, up to the first line break outside of brackets.
fn complete_line(text: &str) -> &str {
    let mut open = 0i32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' => open += 1,
            b')' | b']' => open -= 1,
            b'\n' if open <= 0 => return &text[..at],
            _ => {}
        }
    }
    text
}
