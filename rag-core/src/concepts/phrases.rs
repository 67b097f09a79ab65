//! Finding the concepts of a text: headings, and runs of capitalised words (`University of Cambridge`).

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::{ABOUT, Concept};

/// Words that may stand inside a name.
const CONNECTORS: [&str; 15] =
    ["of", "the", "and", "de", "van", "von", "la", "le", "du", "del", "di", "da", "for", "in", "on"];
/// Words that begin sentences and no names.
const NO_NAMES: [&str; 62] = [
    "the", "a", "an", "of", "in", "on", "at", "and", "or", "to", "for", "with", "by", "from", "as", "is", "was",
    "were", "are", "be", "it", "its", "he", "she", "his", "her", "they", "this", "that", "these", "those", "who",
    "what", "which", "when", "where", "how", "i", "we", "you", "not", "but", "after", "before", "during", "also",
    "their", "than", "other", "one", "two", "three", "first", "second", "new", "most", "many", "several", "some",
    "such", "there", "if",
];
/// The longest name, in words; longer runs are headlines.
const LONGEST: usize = 12;

/// The concepts of a passage, sorted: what it is about (`headings`) and what it mentions.
pub(crate) fn concepts_of_text<'t>(headings: impl Iterator<Item = &'t str>, text: &str) -> Vec<Concept> {
    let mut found: Vec<Concept> = Vec::new();
    let mut name = String::new();
    for heading in headings {
        let bare = heading.split_once('(').map_or(heading, |(before, _)| before);
        name.clear();
        push_words(&mut name, bare);
        if is_long_enough(&name) {
            found.push(concept(&name) | ABOUT);
        }
    }
    for_each_phrase(text, |phrase| found.push(concept(phrase)));
    // What it is about comes last among equals, and stays.
    found.sort_unstable();
    found.dedup_by(|next, kept| {
        let same = *next | ABOUT == *kept | ABOUT;
        *kept |= if same { *next & ABOUT } else { 0 };
        same
    });
    found
}

/// What a question may name: its phrases, and all runs of two to six words, whatever their case.
pub(crate) fn concepts_of_query(text: &str) -> Vec<Concept> {
    let mut found = Vec::new();
    for_each_phrase(text, |phrase| found.push(concept(phrase)));
    let mut words = String::new();
    push_words(&mut words, text);
    let words: Vec<&str> = words.split(' ').collect();
    for start in 0..words.len() {
        for end in start + 2..=words.len().min(start + 6) {
            found.push(concept(&words[start..end].join(" ")));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn concept(name: &str) -> Concept {
    xxh3_64(name.as_bytes()) & !ABOUT
}

/// Two letters are abbreviations of too many things.
fn is_long_enough(name: &str) -> bool {
    name.chars().nth(2).is_some()
}

/// Appends the words of `text` in lower case, separated by blanks.
fn push_words(name: &mut String, text: &str) {
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !name.is_empty() {
            name.push(' ');
        }
        name.extend(word.chars().flat_map(char::to_lowercase));
    }
}

/// Calls `each` with every run of capitalised words, in lower case.
fn for_each_phrase(text: &str, mut each: impl FnMut(&str)) {
    let mut name = String::new();
    for_each_name(text, |range| {
        name.clear();
        push_words(&mut name, &text[range]);
        if is_long_enough(&name) {
            each(&name);
        }
    });
}

/// Calls `each` with the place of every run of capitalised words: what is probably a name.
pub fn for_each_name(text: &str, mut each: impl FnMut(Range<usize>)) {
    let mut run: Vec<(usize, &str)> = Vec::new();
    let mut end_run = |run: &mut Vec<(usize, &str)>| {
        while run.last().is_some_and(|(_, word)| CONNECTORS.contains(&word.to_lowercase().as_str())) {
            run.pop();
        }
        let is_no_name = |word: &str| NO_NAMES.contains(&word.to_lowercase().as_str());
        let from = usize::from(run.len() > 1 && is_no_name(run[0].1));
        if let [(start, first), ..] = run[from.min(run.len())..]
            && run.len() - from <= LONGEST
            && !is_no_name(first)
            && let Some((last, word)) = run.last()
        {
            each(start..last + word.len());
        }
        run.clear();
    };
    let mut previous_end = 0;
    for (start, word) in words(text) {
        // A sign between two words ends a name; a blank or the end of a line does not, an empty line does.
        let between = &text[previous_end..start];
        if between.contains(|c: char| !c.is_whitespace()) || between.matches('\n').count() > 1 {
            end_run(&mut run);
        }
        if word.chars().next().is_some_and(char::is_uppercase) || (!run.is_empty() && CONNECTORS.contains(&word)) {
            run.push((start, word));
        } else {
            end_run(&mut run);
        }
        previous_end = start + word.len();
    }
    end_run(&mut run);
}

/// The words of `text` with their places; apostrophes and hyphens are part of a word.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_');
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_word)?;
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |length| start + length);
        rest = end;
        Some((start, &text[start..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for_each_phrase(text, |phrase| found.push(phrase.to_owned()));
        found
    }

    #[test]
    fn names_are_runs_of_capitalised_words() {
        let text = "The University of Cambridge is older than Trinity College, Dublin.\nIt was there that O'Brien\nSmith met Ada.";
        assert_eq!(phrases(text), ["university of cambridge", "trinity college", "dublin", "o brien smith", "ada"]);
        assert_eq!(phrases("# A Heading\n\nWords of the and In"), ["heading", "words"]);
        assert!(phrases("nothing here, 12 und 학교").is_empty());
    }

    #[test]
    fn what_a_passage_is_about_is_marked() {
        let found = concepts_of_text(["Ada Lovelace (mathematician)"].into_iter(), "Ada Lovelace met Babbage.");
        let ada = concept("ada lovelace");
        assert!(found.contains(&(ada | ABOUT)) && !found.contains(&ada));
        assert!(found.contains(&concept("babbage")));
        assert!(concepts_of_query("who was ada lovelace?").contains(&ada));
    }
}
