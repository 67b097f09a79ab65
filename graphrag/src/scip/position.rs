//! From lines and characters to bytes.

use std::collections::HashMap;

use rag_core::Span;

use super::wire::Range;

/// What a character is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

impl Encoding {
    /// The encoding with this number in `scip.proto`. If a document does not say it, the indexer decides: those that run on
    /// Node, the JVM or .NET count in UTF-16.
    pub(super) fn of(number: u64, tool: &str) -> Self {
        const UTF_16: [&str; 5] = ["scip-python", "scip-typescript", "scip-java", "scip-kotlin", "scip-dotnet"];
        match number {
            1 => Encoding::Utf8,
            2 => Encoding::Utf16,
            3 => Encoding::Utf32,
            _ if UTF_16.contains(&tool) => Encoding::Utf16,
            _ => Encoding::Utf8,
        }
    }
}

/// Finds places of one text.
pub(super) struct Places<'t> {
    text: &'t str,
    encoding: Encoding,
    /// First byte of each line, and the end of the text.
    starts: Vec<u32>,
    /// Line → offset of each of its code units and of its end. Built once per line, so a long line with many
    /// occurrences costs its length once.
    units: HashMap<u32, Vec<u32>>,
}

/// Marks the second half of a character that takes two units.
const INSIDE: u32 = u32::MAX;

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str, encoding: Encoding) -> Self {
        // In plain ASCII every encoding counts bytes.
        let encoding = if text.is_ascii() { Encoding::Utf8 } else { encoding };
        let starts = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        // A text that ends with a line break has an empty last line.
        let starts = std::iter::once(0).chain(starts).chain([(text.len() as u32).saturating_add(1)]).collect();
        Places { text, encoding, starts, units: HashMap::new() }
    }

    /// The bytes of `range`; none if it does not lie in the text, or cuts a character.
    pub(super) fn span(&mut self, range: Range) -> Option<Span> {
        let (start, end) = (self.offset(range.start)?, self.offset(range.end)?);
        self.text.get(start as usize..end as usize).map(|_| Span { start, end })
    }

    fn offset(&mut self, (line, character): (u32, u32)) -> Option<u32> {
        let start = *self.starts.get(line as usize)?;
        // Without its line break.
        let end = self.starts.get(line as usize + 1)?.checked_sub(1)?;
        if self.encoding == Encoding::Utf8 {
            return start.checked_add(character).filter(|&at| at <= end);
        }
        let wide = self.encoding == Encoding::Utf16;
        let text = self.text;
        let units = self.units.entry(line).or_insert_with(|| {
            let mut units = Vec::new();
            for (at, character) in text.get(start as usize..end as usize).unwrap_or("").char_indices() {
                units.push(start + at as u32);
                if wide && character.len_utf16() == 2 {
                    units.push(INSIDE);
                }
            }
            units.push(end);
            units
        });
        units.get(character as usize).copied().filter(|&at| at != INSIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, encoding: Encoding, line: u32, start: u32, end: u32) -> Option<&str> {
        let range = Range { start: (line, start), end: (line, end) };
        Places::new(text, encoding).span(range).map(|span| span.text(text))
    }

    #[test]
    fn characters_are_counted_in_units_of_the_encoding() {
        let text = "x\nü😀 name()\n";
        assert_eq!(at(text, Encoding::Utf8, 1, 7, 11), Some("name"));
        assert_eq!(at(text, Encoding::Utf16, 1, 4, 8), Some("name"));
        assert_eq!(at(text, Encoding::Utf32, 1, 3, 7), Some("name"));
    }

    #[test]
    fn what_lies_outside_or_cuts_a_character_is_nowhere() {
        let text = "ü😀\nab";
        assert_eq!(at(text, Encoding::Utf16, 0, 2, 3), None);
        assert_eq!(at(text, Encoding::Utf8, 0, 1, 2), None);
        assert_eq!(at(text, Encoding::Utf8, 1, 1, 3), None);
        assert_eq!(at(text, Encoding::Utf16, 1, 1, 3), None);
        assert_eq!(at(text, Encoding::Utf8, 2, 0, 0), None);
        assert_eq!(at(text, Encoding::Utf8, 1, 2, 1), None);
        assert_eq!(at(text, Encoding::Utf8, u32::MAX, u32::MAX, u32::MAX), None);
        assert_eq!(at("a\n", Encoding::Utf8, 1, 0, 0), Some(""));
        assert_eq!(at("", Encoding::Utf8, 0, 0, 0), Some(""));
    }
}
