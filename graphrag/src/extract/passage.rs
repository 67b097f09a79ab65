//! What a model is given to read: sections, cut where they are long.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use rag_core::Result;
use xxhash_rust::xxh3::xxh3_64;

use super::VERSION;
use super::log::Log;
use crate::knowledge::Extracted;

/// The longest passage, in bytes.
const LONGEST: usize = 6000;
/// Shorter passages say nothing.
const SHORTEST: usize = 60;

/// The passages of the section at `range` of `text`, cut between paragraphs where there are any.
pub fn passages(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut passages = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let rest = &text[start..range.end];
        let length = match rest.len() <= LONGEST {
            true => rest.len(),
            false => {
                let most = &rest[..rest.floor_char_boundary(LONGEST)];
                let cut = ["\n\n", "\n", " "].iter().find_map(|end| most.rfind(end).map(|at| at + end.len()));
                cut.unwrap_or(most.len())
            }
        };
        if rest[..length].trim().len() >= SHORTEST {
            passages.push(start..start + length);
        }
        start += length;
    }
    passages
}

/// What a passage is kept under.
pub fn content(passage: &str) -> u64 {
    xxh3_64(passage.trim().as_bytes())
}

/// What models have said of passages, the last word on each.
#[derive(Clone, Debug, Default)]
pub struct Said(HashMap<u64, Extracted>);

impl Said {
    /// Reads the log at `path`; there may be none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let log = Log::open(path)?;
        let current = log.records().iter().filter(|record| record.version == VERSION);
        let answer = |answer: &serde_json::Value| serde_json::from_value(answer.clone()).ok();
        Ok(Said(current.filter_map(|record| Some((record.content, answer(&record.answer)?))).collect()))
    }

    /// What was said of a passage.
    pub fn of(&self, passage: &str) -> Option<&Extracted> {
        self.0.get(&content(passage))
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(u64, Extracted)> for Said {
    fn from_iter<I: IntoIterator<Item = (u64, Extracted)>>(said: I) -> Self {
        Said(said.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sections_are_cut_between_paragraphs() {
        let paragraph = format!("{}\n\n", "가나다 abc ".repeat(200));
        let text = paragraph.repeat(5);
        let found = passages(&text, 0..text.len());
        assert!(found.len() > 2 && found.iter().all(|range| range.len() <= LONGEST));
        assert!(found.iter().all(|range| text[range.clone()].ends_with("\n\n")));
        assert_eq!(found.iter().map(|range| range.len()).sum::<usize>(), text.len());
        assert!(passages("short", 0..5).is_empty());
        let solid = "한".repeat(5000);
        assert_eq!(passages(&solid, 0..solid.len()).iter().map(|range| range.len()).sum::<usize>(), solid.len());
    }
}
