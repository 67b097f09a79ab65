//! Finds tokens: the marks by one automaton, the rest by looking at the bytes around a mark.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::kinds::{Alphabet, KINDS, Kind, Shape};
use super::{Found, distinct};

/// Longest token that is looked at; keeps hostile input linear.
const LONGEST: usize = 1024;

/// Longest way from an assigned name to the value: `"] = Some("`.
const LONGEST_GAP: usize = 16;

/// Words that a real token does not hold, but placeholders and tests do.
#[rustfmt::skip]
const PLACEHOLDERS: [&[u8]; 15] = [
    b"example", b"sample", b"xxxx", b"your", b"password", b"dummy", b"fake", b"placeholder",
    b"redacted",
    b"changeme", b"secret", b"token", b"test", b"insert", b"0000",
];

/// Kinds that are searched in one pass. The vectorised search of `aho_corasick` is at its best with
/// few patterns: on AVX2 one pass takes 7 GB/s with 16 marks, 2 with 32 and 0.6 with 64, so that
/// four passes of 16 are three times as fast as one of 64.
const GROUP_SIZE: usize = 16;

/// Kinds that are searched together, and what finds their marks.
struct Group {
    kinds: Vec<&'static Kind>,
    marks: AhoCorasick,
}

/// All of [`KINDS`]. Those with the longest marks come first, since the shortest mark of a group
/// sets its pace.
static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let mut kinds: Vec<&Kind> = KINDS.iter().collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.mark.len()));
    kinds.chunks(GROUP_SIZE).map(Group::new).collect()
});

impl Group {
    fn new(kinds: &[&'static Kind]) -> Self {
        let marks = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(kinds.iter().map(|kind| kind.mark))
            .expect("the marks are a few short constants, far below the limits of the automaton");
        Group { kinds: kinds.to_vec(), marks }
    }
}

/// Every token in `text`, sorted, none overlapping another.
pub(super) fn find(text: &[u8]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for group in GROUPS.iter() {
        for hit in group.marks.find_iter(text) {
            let kind = group.kinds[hit.pattern().as_usize()];
            if let Some(range) = token_at(text, hit.range(), kind.shape) {
                found.push(Found { range, kind: kind.name });
            }
        }
    }
    found.sort_by_key(|token| token.range.start);
    // What overlaps is one stretch to be masked, named after its first token.
    found.dedup_by(|later, earlier| {
        let overlaps = later.range.start < earlier.range.end;
        if overlaps {
            earlier.range.end = earlier.range.end.max(later.range.end);
        }
        overlaps
    });
    found
}

/// The token whose mark lies at `mark`, if one does.
fn token_at(text: &[u8], mark: Range<usize>, shape: Shape) -> Option<Range<usize>> {
    match shape {
        Shape::Prefix(alphabet, min, max) => prefixed(text, mark, alphabet, min, max),
        Shape::Assigned(alphabet, min, max) => assigned(text, mark.end, alphabet, min, max),
        Shape::Stripe => {
            let start = mark.start.checked_sub(1).filter(|&at| matches!(text[at], b's' | b'r'))?;
            prefixed(text, start..mark.end, Alphabet::Alnum, 16, 255)
        }
        Shape::Named => named(text, mark.end),
        Shape::Infix => infix(text, mark),
        Shape::Jwt => jwt(text, mark.start),
        Shape::Telegram => telegram(text, mark),
        Shape::Url => url_password(text, mark.end),
    }
}

/// A token that starts with its mark.
fn prefixed(text: &[u8], mark: Range<usize>, alphabet: Alphabet, min: usize, max: usize) -> Option<Range<usize>> {
    if mark.start > 0 && text[mark.start - 1].is_ascii_alphanumeric() {
        return None;
    }
    let end = end_of(text, mark.end, alphabet, max + 1);
    let fits = (min..=max).contains(&(end - mark.end));
    (fits && looks_random(&text[mark.end..end])).then_some(mark.start..end)
}

/// A value that is assigned to the name that ends at `name_end`.
fn assigned(text: &[u8], name_end: usize, alphabet: Alphabet, min: usize, max: usize) -> Option<Range<usize>> {
    let is_gap = |byte: &u8| b" \t\"'`=:>,()[]".contains(byte);
    let after = &text[name_end..];
    let gap = after.iter().take(LONGEST_GAP).take_while(|byte| is_gap(byte)).count();
    if !after[..gap].iter().any(|byte| b"=:,".contains(byte)) {
        return None;
    }
    let start = name_end + gap;
    let end = end_of(text, start, alphabet, max + 1);
    let value = &text[start..end];
    let is_mixed = value.iter().any(u8::is_ascii_uppercase) || value.iter().any(u8::is_ascii_digit);
    ((min..=max).contains(&value.len()) && is_mixed && looks_random(value)).then_some(start..end)
}

/// A value that is assigned to the name around the mark that ends at `mark_end`, if the value looks
/// like nothing that a person would write.
fn named(text: &[u8], mark_end: usize) -> Option<Range<usize>> {
    let run = |from: usize, limit: usize, has: fn(u8) -> bool| {
        text[from..].iter().take(limit).take_while(|&&byte| has(byte)).count()
    };
    let name_end = mark_end + run(mark_end, 24, |byte| Alphabet::Word.has(byte));
    let start = name_end + run(name_end, 8, |byte| b" \t\"'`=:>".contains(&byte));
    let gap = &text[name_end..start];
    if !gap.iter().any(|byte| b"=:".contains(byte)) {
        return None;
    }
    let end = end_of(text, start, Alphabet::Any, 201);
    let is_whole = match (gap.last(), text.get(end)) {
        (Some(quote @ (b'"' | b'\'' | b'`')), next) => next == Some(quote),
        (_, Some(next)) => next.is_ascii_whitespace(),
        (_, None) => true,
    };
    let value = &text[start..end];
    let fits = (20..=200).contains(&value.len());
    (is_whole && fits && changes(value) >= 4 && looks_random(value)).then_some(start..end)
}

/// How often letters and digits change in `value`. Words and numbers in a name make few changes.
fn changes(value: &[u8]) -> usize {
    let is_change = |pair: &&[u8]| {
        pair[0].is_ascii_alphanumeric()
            && pair[1].is_ascii_alphanumeric()
            && pair[0].is_ascii_digit() != pair[1].is_ascii_digit()
    };
    value.windows(2).filter(is_change).count()
}

/// A token around its mark: letters and digits after it, and before it up to `sk-`.
fn infix(text: &[u8], mark: Range<usize>) -> Option<Range<usize>> {
    let end = end_of(text, mark.end, Alphabet::Word, LONGEST);
    let window = &text[mark.start.saturating_sub(200)..mark.start];
    let before = window.iter().rev().take_while(|byte| Alphabet::Word.has(**byte)).count();
    let start = mark.start - before;
    let is_key = text[start..].starts_with(b"sk-") && before >= 16 && end - mark.end >= 16;
    is_key.then_some(start..end)
}

/// A JSON web token that starts at `start`: header, claims and signature.
fn jwt(text: &[u8], start: usize) -> Option<Range<usize>> {
    /// The signature of the token that jwt.io shows to everyone.
    const SHOWN_TO_EVERYONE: &[u8] = b"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    if start > 0 && Alphabet::Word.has(text[start - 1]) {
        return None;
    }
    let header_end = end_of(text, start, Alphabet::Word, LONGEST);
    if !text[header_end..].starts_with(b".eyJ") {
        return None;
    }
    let claims_end = end_of(text, header_end + 1, Alphabet::Word, LONGEST);
    if text.get(claims_end) != Some(&b'.') {
        return None;
    }
    let end = end_of(text, claims_end + 1, Alphabet::Word, LONGEST);
    let signature = &text[claims_end + 1..end];
    (signature.len() >= 20 && signature != SHOWN_TO_EVERYONE && distinct(signature) >= 10).then_some(start..end)
}

/// `123456789:AA…`: the number of a bot, and its key.
fn telegram(text: &[u8], mark: Range<usize>) -> Option<Range<usize>> {
    let window = &text[mark.start.saturating_sub(12)..mark.start];
    let digits = window.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let key_start = mark.start + 1;
    let end = end_of(text, key_start, Alphabet::Word, LONGEST);
    let fits = (8..=10).contains(&digits) && end - key_start == 35;
    (fits && looks_random(&text[key_start..end])).then_some(mark.start - digits..end)
}

/// The password of `scheme://user:password@host`, where `start` is the start of the user.
fn url_password(text: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &text[start..text.len().min(start + 256)];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'`<>\\,;".contains(byte);
    let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
    let at = authority.iter().rposition(|&byte| byte == b'@')?;
    let colon = authority[..at].iter().position(|&byte| byte == b':')?;
    let password = &authority[colon + 1..at];
    let is_literal = password.iter().all(|byte| byte.is_ascii() && !b"${}<>%[]()*|".contains(byte));
    let is_mixed = password.iter().any(u8::is_ascii_digit)
        && password.iter().any(u8::is_ascii_alphabetic)
        && distinct(password) >= 8;
    let looks_real = password.len() >= 10 && is_literal && is_mixed && !is_placeholder(password);
    looks_real.then_some(start + colon + 1..start + at)
}

/// Where the run of characters of `alphabet` that starts at `start` ends, at most `limit` bytes
/// further. A dot that ends a sentence is no part of it.
fn end_of(text: &[u8], start: usize, alphabet: Alphabet, limit: usize) -> usize {
    let rest = &text[start..text.len().min(start + limit)];
    let mut length = rest.iter().position(|&byte| !alphabet.has(byte)).unwrap_or(rest.len());
    while length > 0 && rest[length - 1] == b'.' {
        length -= 1;
    }
    start + length
}

/// Whether `body` may have come from a random generator.
fn looks_random(body: &[u8]) -> bool {
    let expected = if body.len() < 24 { 8 } else { 10 };
    distinct(body) >= expected && !is_placeholder(body)
}

/// Whether `body` holds what only made-up tokens hold: a word, `aaaaa`, `abcdef`, `123456`.
fn is_placeholder(body: &[u8]) -> bool {
    let has_word = PLACEHOLDERS.iter().any(|word| body.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)));
    has_word || has_run(body, 5, 0) || has_run(body, 6, 1)
}

/// Whether `body` has `length` bytes in a row of which each is the one before plus `step`.
fn has_run(body: &[u8], length: usize, step: u8) -> bool {
    body.windows(length).any(|run| run.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step))
}
