//! Names in scripts with capitals, and how English defines them.

use std::ops::Range;

use super::korean::is_hangul;
use super::words::{Word, is_joint, normal, words};

/// Headings of these words say nothing of what is below them.
const GENERIC: [&str; 58] = [
    "introduction",
    "overview",
    "usage",
    "install",
    "installation",
    "example",
    "license",
    "licence",
    "contributing",
    "changelog",
    "table",
    "content",
    "contents",
    "reference",
    "documentation",
    "development",
    "requirement",
    "quick",
    "quickstart",
    "getting",
    "started",
    "start",
    "note",
    "faq",
    "summary",
    "background",
    "motivation",
    "more",
    "further",
    "reading",
    "see",
    "also",
    "api",
    "guide",
    "tutorial",
    "feature",
    "option",
    "setup",
    "configuration",
    "test",
    "testing",
    "todo",
    "release",
    "version",
    "issue",
    "link",
    "credit",
    "author",
    "support",
    "help",
    "about",
    "readme",
    "warning",
    "tip",
    "important",
    "limit",
    "limitation",
    "next",
];
/// Words that begin instructions and questions.
const NO_NOUNS: [&str; 34] = [
    "how", "what", "why", "when", "where", "which", "who", "is", "are", "can", "do", "does", "using", "use", "running",
    "run", "building", "build", "creating", "create", "adding", "add", "writing", "write", "making", "make", "working",
    "if", "with", "for", "your", "my", "our", "not",
];
/// Words in capitals that are no names.
const SHOUTED: [&str; 14] = [
    "TODO",
    "FIXME",
    "NOTE",
    "WARNING",
    "IMPORTANT",
    "README",
    "MUST",
    "NOT",
    "SHOULD",
    "MAY",
    "AND",
    "OK",
    "TIP",
    "LICENSE",
];
/// What follows a name that is being defined.
const DEFINES: [&str; 9] = [" is ", " are ", " means ", " refers to ", ": ", " — ", " – ", " - ", " denotes "];
/// The longest heading, and the longest name before an abbreviation.
const LONGEST: usize = 5;

fn all_words(text: &str, range: Range<usize>) -> Vec<Word<'_>> {
    words(&text[range.clone()]).map(|word| Word { start: word.start + range.start, ..word }).collect()
}

fn place(words: &[Word]) -> Range<usize> {
    words[0].start..words[words.len() - 1].end()
}

/// Whether it is written in capitals, as abbreviations are.
pub(super) fn is_acronym(word: &str) -> bool {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let small = word.chars().filter(|c| c.is_lowercase()).count();
    (2..=8).contains(&capitals) && small <= 1 && word.chars().all(char::is_alphanumeric) && !SHOUTED.contains(&word)
}

/// The heading, if it is a noun phrase that says something.
pub(super) fn of_heading(text: &str, heading: Range<usize>) -> Option<Range<usize>> {
    let inner = &text[heading.clone()];
    let plain = inner.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '*' | '_'));
    let all = all_words(text, heading);
    let (first, last) = (all.first()?, all.last()?);
    let is_number = |word: &Word| word.text.chars().all(|c| c.is_ascii_digit() || c == '_');
    let says_nothing = all.iter().all(|word| GENERIC.contains(&normal(word.text).as_str()) || is_number(word));
    // One common word, in capitals because it begins a heading, is no name.
    let long_enough = all.len() > 1 || is_acronym(first.text);
    let instructs = NO_NOUNS.contains(&first.text.to_lowercase().as_str());
    let korean = all.iter().any(Word::is_korean);
    let fits = plain && !korean && long_enough && all.len() <= LONGEST && !instructs && !says_nothing;
    (fits && !is_number(first)).then(|| first.start..last.end())
}

/// A name in capitals that may count: several words, an abbreviation, or one word in the middle of a sentence.
pub(super) fn of_name(text: &str, name: Range<usize>) -> Option<Range<usize>> {
    let mut all = all_words(text, name);
    // A particle of Korean may stand behind it.
    all.truncate(all.iter().position(Word::is_korean).unwrap_or(all.len()));
    let (first, last) = (all.first()?, all.last()?);
    let range = first.start..last.end();
    let goes_on =
        |c: char| matches!(c, '/' | '_' | '=' | '$' | '@' | '#' | '\\' | '(') || c.is_alphanumeric() && !is_hangul(c);
    if text[..range.start].ends_with(['/', '_', '=', '$', '@', '\\']) || text[range.end..].starts_with(goes_on) {
        return None;
    }
    if all.iter().any(|word| word.text.contains('_'))
        || all.iter().all(|word| GENERIC.contains(&normal(word.text).as_str()))
    {
        return None;
    }
    if all.len() > 1 {
        return (all.len() <= LONGEST + 1 && !all.iter().all(|word| SHOUTED.contains(&word.text))).then_some(range);
    }
    if is_acronym(first.text) {
        return Some(range);
    }
    let before = text[..range.start].strip_suffix(' ')?;
    let inside =
        before.ends_with(|c: char| c.is_lowercase() || is_hangul(c) || c == ',') && first.text.chars().nth(2).is_some();
    inside.then_some(range)
}

/// What a sentence defines: `**Lease**: …`, `A token bucket is a …`.
pub(super) fn of_sentence(text: &str, sentence: Range<usize>) -> Option<Range<usize>> {
    let own = &text[sentence.clone()];
    for mark in ["**", "__"] {
        let Some(rest) = own.strip_prefix(mark) else { continue };
        let length = rest.find(mark)?;
        let (inner, behind) = (rest[..length].trim_end_matches(':'), &rest[length + mark.len()..]);
        let colon = rest[..length].ends_with(':');
        if !colon && !DEFINES.iter().any(|says| behind.starts_with(says)) {
            return None;
        }
        let start = sentence.start + mark.len();
        return of_mark(text, start..start + inner.len());
    }
    let all = all_words(text, sentence.start..sentence.start + own.floor_char_boundary(90));
    if !matches!(all.first()?.text, "A" | "An") {
        return None;
    }
    let is = all.iter().position(|word| word.text == "is").filter(|is| (3..=LONGEST).contains(is))?;
    let name = &all[1..is];
    let stays = name.windows(2).all(|pair| is_joint(&text[pair[0].end()..pair[1].start]));
    let defines = all.get(is + 1).is_some_and(|word| matches!(word.text, "a" | "an" | "the"));
    let plain =
        !name.iter().any(|word| matches!(word.text, "of" | "that" | "which" | "to" | "for" | "with" | "and" | "or"));
    (stays && defines && plain).then(|| place(name))
}

/// The name in `marked` (between quotes or marks of emphasis), if it may be one.
pub(super) fn of_mark(text: &str, marked: Range<usize>) -> Option<Range<usize>> {
    let plain = text[marked.clone()].chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    let all = all_words(text, marked);
    let (first, last) = (all.first()?, all.last()?);
    let says_nothing =
        all.iter().all(|word| GENERIC.contains(&normal(word.text).as_str()) || SHOUTED.contains(&word.text));
    let instructs = NO_NOUNS.contains(&first.text.to_lowercase().as_str());
    let long_enough = first.text.chars().nth(2).is_some() || all.len() > 1;
    let capital = all.len() > 1 || first.text.starts_with(char::is_uppercase);
    let letters = first.text.starts_with(char::is_alphabetic);
    let fits = plain && !says_nothing && !instructs && long_enough && capital && letters && all.len() <= 4;
    (fits && !all.iter().any(Word::is_korean)).then(|| first.start..last.end())
}

/// The words right before `end` whose initials are `acronym`: `token bucket (TB)`.
pub(super) fn spelled_out(text: &str, start: usize, end: usize, acronym: &str) -> Option<Range<usize>> {
    let initials: Vec<char> = acronym.chars().filter(|c| c.is_uppercase()).flat_map(char::to_lowercase).collect();
    let all = all_words(text, start..end);
    let name = &all[all.len().checked_sub(initials.len())?..];
    let (first, last) = (name.first()?, name.last()?);
    let starts = |(word, initial): (&Word, &char)| word.text.to_lowercase().starts_with(*initial);
    let stays = name.windows(2).all(|pair| is_joint(&text[pair[0].end()..pair[1].start]));
    let fits = text[last.end()..end].trim_matches(['*', '_', '"']).trim().is_empty();
    (stays && fits && initials.len() > 1 && name.iter().zip(&initials).all(starts)).then(|| first.start..last.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Range<usize> {
        0..text.len()
    }

    #[test]
    fn headings_are_noun_phrases_that_say_something() {
        for (heading, expected) in [
            ("Rate limiter", true),
            ("Token bucket", true),
            ("Usage", false),
            ("Getting started", false),
            ("How to install", false),
            ("Search", false),
            ("RAG", true),
            ("1.2.3", false),
            ("`run()`", false),
        ] {
            assert_eq!(of_heading(heading, all(heading)).is_some(), expected, "{heading}");
        }
    }

    #[test]
    fn sentences_define() {
        let defined = |text: &str| of_sentence(text, all(text)).map(|range| text[range].to_owned());
        assert_eq!(defined("A token bucket is a counter.").as_deref(), Some("token bucket"));
        assert_eq!(defined("**Lease**: the right to write.").as_deref(), Some("Lease"));
        assert_eq!(defined("**Page lease:** the right.").as_deref(), Some("Page lease"));
        assert_eq!(defined("**Note**: the right."), None);
        assert_eq!(defined("A lot of it is the same."), None);
    }

    #[test]
    fn abbreviations_are_spelled_out_before_them() {
        let text = "We use retrieval-augmented generation (RAG) here.";
        let found = spelled_out(text, 0, text.find(" (").expect("there"), "RAG").expect("it is spelled out");
        assert_eq!(&text[found], "retrieval-augmented generation");
        assert_eq!(spelled_out("of some words", 0, 13, "RAG"), None);
    }
}
