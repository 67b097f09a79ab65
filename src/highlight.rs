//! Which words of a line a query speaks of; decided by the same rules as in the text index.

use std::collections::HashSet;
use std::ops::Range;

use rag_core::analysis::{Lexicon, for_each_word};

/// Finds the words of a query in lines of text.
pub(crate) struct Highlighter<'t> {
    terms: HashSet<&'t str>,
    lexicon: Lexicon,
}

/// A place in a line, and the term that stands there.
pub(crate) struct Mark<'t> {
    pub range: Range<usize>,
    pub term: &'t str,
}

impl<'t> Highlighter<'t> {
    /// For the terms of a [`SearchResult`](rag_core::SearchResult).
    pub(crate) fn new(terms: &'t [String]) -> Self {
        let terms = terms.iter().map(String::as_str).collect();
        Highlighter { terms, lexicon: Lexicon::new() }
    }

    /// The words of `line` that are in the query.
    pub(crate) fn marks(&mut self, line: &str) -> Vec<Mark<'t>> {
        let mut marks: Vec<Mark> = Vec::new();
        if self.terms.is_empty() {
            return marks;
        }
        let start_of = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
        for_each_word(line, |word| {
            let known = self.lexicon.query_terms(word.text);
            let known = known.iter().find_map(|term| self.terms.get(term.as_str()));
            if let Some(term) = known {
                let start = start_of(word.text);
                marks.push(Mark { range: start..start + word.text.len(), term });
            }
        });
        marks
    }
}

/// The run of at most `most` lines that says most about the query: every distinct term counts once, rare ones more.
pub(crate) fn best_window(marks: &[Vec<Mark>], most: usize) -> Range<usize> {
    if marks.len() <= most || most == 0 {
        return 0..marks.len().min(most);
    }
    let occurrences = |term: &str| marks.iter().flatten().filter(|mark| mark.term == term).count().max(1);
    let mut weights: Vec<(&str, f32)> = Vec::new();
    for mark in marks.iter().flatten() {
        if !weights.iter().any(|(term, _)| *term == mark.term) {
            weights.push((mark.term, 1.0 + 1.0 / occurrences(mark.term) as f32));
        }
    }
    let score = |start: usize| -> f32 {
        let lines = &marks[start..start + most];
        let found = |term: &str| lines.iter().flatten().any(|mark| mark.term == term);
        let distinct: f32 = weights.iter().filter(|(term, _)| found(term)).map(|(_, weight)| weight).sum();
        let lines = lines.iter().filter(|line| !line.is_empty()).count();
        distinct + 0.1 * lines as f32
    };
    let mut best = (score(0), 0);
    for start in 1..=marks.len() - most {
        let score = score(start);
        if score > best.0 + 1e-3 {
            best = (score, start);
        }
    }
    // Begin with a line that says something, with one line of context before it.
    let first = (best.1..best.1 + most).find(|&line| !marks[line].is_empty()).unwrap_or(0);
    let start = match best.1 {
        0 => 0,
        _ => first.saturating_sub(1).min(marks.len() - most),
    };
    start..start + most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_marked_as_the_index_sees_them() {
        let terms = ["retri".to_owned(), "request".to_owned()];
        let mut highlighter = Highlighter::new(&terms);
        let line = "fn retry_all(pendingRequests: u8)";
        let found: Vec<&str> = highlighter.marks(line).into_iter().map(|mark| &line[mark.range]).collect();
        assert_eq!(found, ["retry", "Requests"]);
    }

    #[test]
    fn the_window_covers_the_words() {
        let terms = ["needl".to_owned(), "thread".to_owned()];
        let mut highlighter = Highlighter::new(&terms);
        let mut lines = vec!["hay"; 30];
        lines[20] = "needle";
        lines[22] = "thread";
        let marks: Vec<_> = lines.iter().map(|line| highlighter.marks(line)).collect();
        let window = best_window(&marks, 8);
        assert!(window.contains(&20) && window.contains(&22) && window.len() == 8, "{window:?}");
        assert_eq!(best_window(&marks[..5], 8), 0..5);
    }
}
