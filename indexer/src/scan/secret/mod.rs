//! Secrets in the content of files. Nothing here ever returns, prints or stores a secret: what is
//! found is masked in place, and reported by line and kind only.
//!
//! One pass over the bytes looks for the fixed part of each kind of token; only where one occurs is
//! the text around it examined.

mod kinds;
mod private_key;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

pub(super) use private_key::has_private_key;

/// A token that was masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// Line of the token, counted from 1.
    pub line: u32,
    /// What kind of token it was.
    pub kind: &'static str,
}

/// A token in a text, which lies on character boundaries since tokens are ASCII.
struct Found {
    range: Range<usize>,
    kind: &'static str,
}

/// `text` with every token masked by `*`, byte for byte, and what was masked.
pub(crate) fn mask(text: Cow<'_, str>) -> (Cow<'_, str>, Vec<Redaction>) {
    let found = token::find(text.as_bytes());
    if found.is_empty() {
        return (text, Vec::new());
    }
    let mut masked = String::with_capacity(text.len());
    let mut redactions = Vec::with_capacity(found.len());
    let mut line = 1;
    for Found { range, kind } in found {
        let before = &text[masked.len()..range.start];
        line += memchr_iter(b'\n', before.as_bytes()).count();
        redactions.push(Redaction { line: u32::try_from(line).unwrap_or(u32::MAX), kind });
        masked.push_str(before);
        masked.extend(std::iter::repeat_n('*', range.len()));
    }
    masked.push_str(&text[masked.len()..]);
    (Cow::Owned(masked), redactions)
}

/// Number of different bytes in `bytes`.
fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for &byte in bytes {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|&&seen| seen).count()
}
