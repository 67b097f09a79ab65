//! Words: how text, code and queries are cut into terms.
//!
//! One rule for words serves both retrievers, so that they see the same text:
//! a word is a run of letters and digits, cut again where camelCase says so (`a|B`, `AB|Cd`).
//! For BM25 a word becomes a lower-case stem; an identifier of several words (`flatHashMap`,
//! `flat_hash_map`) also yields the compound `flathashmap`, so that exact names still weigh more
//! than their parts; `sha256` also yields `sha`; and runs of Chinese, Japanese or Korean characters
//! become overlapping bigrams, because those scripts do not mark words.

use hashbrown::HashMap;
use rust_stemmers::{Algorithm, Stemmer};

/// Longest word (in bytes) that is indexed; longer ones are hashes, base64 and other noise.
const LONGEST_WORD: usize = 64;

/// A word as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'t> {
    /// The word in its original case.
    pub text: &'t str,
    /// Whether it continues the identifier of the word before it (`Hash` in `flatHash`, `map` in `hash_map`).
    pub continues: bool,
}

/// Calls `each` for every word of `text`, in order.
pub fn for_each_word<'t>(text: &'t str, mut each: impl FnMut(Word<'t>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // End of the previous word; a word that starts there, or after underscores only, continues it.
    let mut previous_end = usize::MAX;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii() && !byte.is_ascii_alphanumeric() {
            if byte != b'_' {
                previous_end = usize::MAX;
            }
            at += 1;
            continue;
        }
        let end = match word_end(text, at) {
            Some(end) => end,
            None => {
                // A character that is neither letter nor digit.
                previous_end = usize::MAX;
                at += char_len(byte);
                continue;
            }
        };
        each(Word { text: &text[at..end], continues: previous_end != usize::MAX });
        previous_end = end;
        at = end;
    }
}

/// End of the word that starts at `start`, or `None` if no letter or digit stands there.
fn word_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_alphanumeric() {
            if at > start && byte.is_ascii_uppercase() {
                let before = bytes[at - 1];
                let lower_before = before.is_ascii_lowercase() || before.is_ascii_digit();
                let lower_after = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
                if lower_before || (before.is_ascii_uppercase() && lower_after) {
                    break;
                }
            }
            at += 1;
        } else if byte.is_ascii() {
            break;
        } else {
            let character = text[at..].chars().next().filter(|c| c.is_alphanumeric());
            match character {
                Some(c) => at += c.len_utf8(),
                None => break,
            }
        }
    }
    (at > start).then_some(at)
}

fn char_len(first_byte: u8) -> usize {
    match first_byte {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// Whether `c` belongs to a script that is written without spaces between words, or (Korean)
/// whose particles cling to the word: such runs are indexed as bigrams.
fn is_cjk(c: char) -> bool {
    matches!(c as u32,
        0x1100..=0x11ff | 0x3040..=0x30ff | 0x3130..=0x318f | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x2ffff)
}

/// Turns text into BM25 terms. One per thread: it remembers the stems of words it has seen.
pub struct Analyzer {
    stemmer: Stemmer,
    /// lower-case word → range of its terms in `terms`, which are separated by blanks
    known: HashMap<Box<str>, (u32, u32)>,
    terms: String,
    lower: String,
    compound: String,
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl Analyzer {
    /// An analyzer that remembers nothing yet.
    pub fn new() -> Self {
        Analyzer {
            stemmer: Stemmer::create(Algorithm::English),
            known: HashMap::new(),
            terms: String::new(),
            lower: String::new(),
            compound: String::new(),
        }
    }

    /// Appends the terms of `text` to `out`, each followed by a blank, and returns their number.
    pub fn analyze(&mut self, text: &str, out: &mut String) -> u32 {
        // The memory of words must not grow without bound on hostile input.
        if self.terms.len() > 8 << 20 {
            self.known.clear();
            self.terms.clear();
        }
        let mut count = 0;
        let mut parts = 0;
        self.compound.clear();
        for_each_word(text, |word| {
            if !word.continues {
                count += self.end_identifier(parts, out);
                parts = 0;
            }
            if word.text.len() > LONGEST_WORD {
                return;
            }
            lowercase_into(word.text, &mut self.lower);
            parts += 1;
            if self.compound.len() <= LONGEST_WORD {
                self.compound.push_str(&self.lower);
            }
            count += self.push_word(out);
        });
        count + self.end_identifier(parts, out)
    }

    /// The distinct terms of a query, in order of first appearance.
    pub fn query_terms(&mut self, text: &str) -> Vec<String> {
        let mut analyzed = String::new();
        self.analyze(text, &mut analyzed);
        let mut terms: Vec<String> = Vec::new();
        for term in analyzed.split_ascii_whitespace() {
            if !terms.iter().any(|known| known == term) {
                terms.push(term.to_owned());
            }
        }
        terms
    }

    /// Emits the compound of an identifier of several words and forgets it.
    fn end_identifier(&mut self, parts: u32, out: &mut String) -> u32 {
        let emit = parts > 1 && self.compound.len() <= LONGEST_WORD;
        if emit {
            out.push_str(&self.compound);
            out.push(' ');
        }
        self.compound.clear();
        u32::from(emit)
    }

    /// Emits the terms of the word in `self.lower`.
    fn push_word(&mut self, out: &mut String) -> u32 {
        let (start, end) = match self.known.get(self.lower.as_str()) {
            Some(&range) => range,
            None => self.learn(),
        };
        let terms = &self.terms[start as usize..end as usize];
        out.push_str(terms);
        memchr_count(terms)
    }

    /// Works out the terms of the word in `self.lower` and remembers them.
    fn learn(&mut self) -> (u32, u32) {
        let start = self.terms.len() as u32;
        if self.lower.chars().any(is_cjk) {
            push_bigrams(&self.lower, &mut self.terms);
        } else {
            self.terms.push_str(&stem(&self.stemmer, &self.lower));
            self.terms.push(' ');
            let letters = self.lower.trim_end_matches(|c: char| c.is_ascii_digit());
            if letters.len() > 1 && letters.len() < self.lower.len() {
                self.terms.push_str(&stem(&self.stemmer, letters));
                self.terms.push(' ');
            }
        }
        let range = (start, self.terms.len() as u32);
        self.known.insert(self.lower.as_str().into(), range);
        range
    }
}

fn memchr_count(terms: &str) -> u32 {
    terms.bytes().filter(|&b| b == b' ').count() as u32
}

/// The Snowball English stem, and once more without an agent's `-er`/`-or`, so that `parses`,
/// `parser` and `parsing` meet.
fn stem(stemmer: &Stemmer, word: &str) -> String {
    let stem = stemmer.stem(word);
    for ending in ["er", "or"] {
        if let Some(root) = stem.strip_suffix(ending)
            && root.len() >= 3
        {
            return stemmer.stem(&format!("{root}e")).into_owned();
        }
    }
    stem.into_owned()
}

fn push_bigrams(word: &str, terms: &mut String) {
    let characters: Vec<char> = word.chars().collect();
    let mut start = 0;
    while start < characters.len() {
        let cjk = is_cjk(characters[start]);
        let run = characters[start..].iter().take_while(|&&c| is_cjk(c) == cjk).count();
        let run_characters = &characters[start..start + run];
        if cjk && run > 1 {
            for pair in run_characters.windows(2) {
                terms.extend(pair);
                terms.push(' ');
            }
        } else {
            terms.extend(run_characters);
            terms.push(' ');
        }
        start += run;
    }
}

/// Writes the lower-case form of `word` into `out`, replacing what was there.
pub(crate) fn lowercase_into(word: &str, out: &mut String) {
    out.clear();
    if word.is_ascii() {
        out.push_str(word);
        out.make_ascii_lowercase();
    } else {
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        let count = Analyzer::new().analyze(text, &mut out);
        assert_eq!(out.trim_end(), expected, "terms of {text:?}");
        assert_eq!(count as usize, expected.split_ascii_whitespace().count());
    }

    #[test]
    fn identifiers_yield_words_and_compound() {
        check("flatHashMap", "flat hash map flathashmap");
        check("flat_hash_map", "flat hash map flathashmap");
        check("HTTPServer", "http serv httpserver");
        check("__init__", "init");
        check("a.b", "a b");
    }

    #[test]
    fn words_are_stemmed() {
        check("parses parser parsing Parse", "pars pars pars pars");
        check("router routes", "rout rout");
    }

    #[test]
    fn digits_stay_with_their_word() {
        check("sha256 utf8 x1", "sha256 sha utf8 utf x1");
    }

    #[test]
    fn cjk_becomes_bigrams() {
        check("문서를 검색", "문서 서를 검색");
        check("向量db", "向量 db");
        check("漢", "漢");
    }

    #[test]
    fn hostile_text_is_bounded() {
        check(&"a".repeat(1000), "");
        check("\u{fffd}\u{0}…", "");
    }

    #[test]
    fn query_terms_are_distinct() {
        assert_eq!(Analyzer::new().query_terms("parse the Parser"), ["pars", "the"]);
    }
}
