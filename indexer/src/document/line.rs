//! Lines of a text with their offsets, and what the scanners of all formats ask about a line.

use std::ops::Range;

/// A line of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Offset of its first byte in the text.
    pub start: usize,
    /// Its content, without line break.
    pub text: &'a str,
}

/// The lines of `text`, ended by `\n` or `\r\n`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut next = 0;
    text.split_inclusive('\n').map(move |raw| {
        let start = next;
        next += raw.len();
        let content = raw.strip_suffix('\n').unwrap_or(raw);
        Line { start, text: content.strip_suffix('\r').unwrap_or(content) }
    })
}

impl Line<'_> {
    /// Whether there is nothing to see.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Columns of white space before the first character; a tab counts as four.
    pub(super) fn indent(&self) -> usize {
        let mut columns = 0;
        for byte in self.text.bytes() {
            match byte {
                b' ' => columns += 1,
                b'\t' => columns += 4,
                _ => break,
            }
        }
        columns
    }

    /// Where `part`, which must be a part of the line's text, lies in the whole text.
    pub(super) fn range_of(&self, part: &str) -> Range<usize> {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let start = self.start + offset.min(self.text.len());
        start..start + part.len()
    }
}

/// The byte that `text` repeats and how often, if it is nothing but that (white space at its end
/// aside).
pub(super) fn repeated(text: &str) -> Option<(u8, usize)> {
    let bytes = text.trim_end().as_bytes();
    let first = *bytes.first()?;
    bytes.iter().all(|&byte| byte == first).then_some((first, bytes.len()))
}
