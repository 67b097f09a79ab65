//! Words of a query that stand nowhere, and words that do and are written almost like them.

use super::lexical::{LexicalScores, Terms};
use super::query::Correction;
use crate::bm25::Field;
use crate::error::Result;
use crate::store::LiveSegment;

/// Shorter words are like too many others.
const SHORTEST: usize = 5;
/// From so many letters on, two may differ.
const LONG: usize = 8;
/// The first letters are rarely wrong, and where the dictionary is looked at.
const PREFIX: usize = 2;
/// A query with more unknown words is not misspelt: it is in another language, or about something else.
const MOST: usize = 2;
/// What a word that was guessed counts.
const WEIGHT: f32 = 0.8;

/// `terms` with the nearest known words in place of unknown ones; none if there is nothing to correct.
pub(super) fn corrected(
    terms: &Terms,
    lexical: &LexicalScores,
    segments: &[&LiveSegment],
) -> Result<Option<(Terms, Vec<Correction>)>> {
    let is_word = |word: &str| word.len() >= SHORTEST && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let unknown = terms.words.iter().zip(&lexical.idf).enumerate().filter(|(_, (_, idf))| **idf == 0.0);
    let unknown: Vec<usize> = unknown.map(|(index, _)| index).collect();
    if unknown.is_empty() || unknown.len() > MOST {
        return Ok(None);
    }
    let mut words = terms.words.clone();
    let mut corrections = Vec::new();
    for index in unknown {
        let (word, weight) = &terms.words[index];
        // `parseheader` of `parse_header` is no mistake if nothing is called so: its parts are searched, too.
        let is_compound = terms.words.iter().any(|(part, _)| part != word && word.starts_with(part.as_str()));
        if !is_word(word) || is_compound {
            continue;
        }
        if let Some(known) = nearest(word, segments)? {
            corrections.push(Correction { unknown: word.clone(), known: known.clone() });
            words[index] = match terms.words.iter().any(|(other, _)| *other == known) {
                true => continue,
                false => (known, weight * WEIGHT),
            };
        }
    }
    let better = Terms { words, names: terms.names.clone() };
    Ok((!corrections.is_empty()).then_some((better, corrections)))
}

/// The word of the text index with the fewest letters inserted, left out, changed or swapped; of several the most frequent.
fn nearest(word: &str, segments: &[&LiveSegment]) -> Result<Option<String>> {
    let most = if word.len() < LONG { 1 } else { 2 };
    let mut best: Option<(usize, u32, String)> = None;
    for live in segments {
        live.segment.postings.for_each_term_below(Field::Text, &word[..PREFIX], |term, chunks| {
            if term.len().abs_diff(word.len()) > most {
                return;
            }
            let distance = strsim::osa_distance(word, term);
            let is_better = best.as_ref().is_none_or(|(nearest, most_chunks, known)| {
                (distance, std::cmp::Reverse(chunks), term) < (*nearest, std::cmp::Reverse(*most_chunks), known)
            });
            if distance <= most && is_better {
                best = Some((distance, chunks, term.to_owned()));
            }
        })?;
    }
    Ok(best.map(|(_, _, known)| known))
}
