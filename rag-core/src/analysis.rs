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

/// Number of a term in a [`Lexicon`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermId(pub u32);

/// Turns text into BM25 terms and numbers them. One per thread: it remembers every word it has seen, since
/// code repeats its words endlessly.
pub struct Lexicon {
    stemmer: Stemmer,
    /// word as written → range of its terms in `expansions`
    words: HashMap<Box<str>, (u32, u32)>,
    expansions: Vec<TermId>,
    /// term → number
    numbers: HashMap<Box<str>, TermId>,
    /// texts of the terms, one after the other, and where each ends
    texts: String,
    ends: Vec<u32>,
    lower: String,
    compound: String,
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl Lexicon {
    /// A lexicon that knows nothing yet.
    pub fn new() -> Self {
        Lexicon {
            stemmer: Stemmer::create(Algorithm::English),
            words: HashMap::new(),
            expansions: Vec::new(),
            numbers: HashMap::new(),
            texts: String::new(),
            ends: Vec::new(),
            lower: String::new(),
            compound: String::new(),
        }
    }

    /// Number of terms.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a term.
    pub fn text(&self, term: TermId) -> &str {
        let index = term.0 as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.texts[start as usize..self.ends[index] as usize]
    }

    /// Appends the terms of `text` to `out`, in order.
    pub fn analyze(&mut self, text: &str, out: &mut Vec<TermId>) {
        let mut parts = 0;
        self.compound.clear();
        for_each_word(text, |word| {
            if !word.continues {
                self.end_identifier(parts, out);
                parts = 0;
            }
            if word.text.len() > LONGEST_WORD {
                return;
            }
            parts += 1;
            if self.compound.len() <= LONGEST_WORD {
                self.compound.push_str(word.text);
            }
            let (start, end) = match self.words.get(word.text) {
                Some(&range) => range,
                None => self.learn(word.text),
            };
            out.extend_from_slice(&self.expansions[start as usize..end as usize]);
        });
        self.end_identifier(parts, out);
    }

    /// The distinct terms of a query, in order of first appearance.
    pub fn query_terms(&mut self, text: &str) -> Vec<String> {
        let mut ids = Vec::new();
        self.analyze(text, &mut ids);
        let mut terms: Vec<String> = Vec::new();
        for id in ids {
            if !terms.iter().any(|known| known == self.text(id)) {
                terms.push(self.text(id).to_owned());
            }
        }
        terms
    }

    /// The number of `term`, which is taken as it is.
    pub fn number(&mut self, term: &str) -> TermId {
        if let Some(&id) = self.numbers.get(term) {
            return id;
        }
        let id = TermId(self.ends.len() as u32);
        self.texts.push_str(term);
        self.ends.push(self.texts.len() as u32);
        self.numbers.insert(term.into(), id);
        id
    }

    /// Emits the compound of an identifier of several words and forgets it.
    fn end_identifier(&mut self, parts: u32, out: &mut Vec<TermId>) {
        if parts > 1 && self.compound.len() <= LONGEST_WORD {
            let mut lower = std::mem::take(&mut self.lower);
            lowercase_into(&self.compound, &mut lower);
            out.push(self.number(&lower));
            self.lower = lower;
        }
        self.compound.clear();
    }

    /// Works out the terms of a word and remembers them.
    fn learn(&mut self, word: &str) -> (u32, u32) {
        let mut lower = String::new();
        lowercase_into(word, &mut lower);
        let start = self.expansions.len() as u32;
        if lower.chars().any(is_cjk) {
            for_each_bigram(&lower, |bigram| {
                let id = self.number(bigram);
                self.expansions.push(id);
            });
        } else {
            let letters = lower.trim_end_matches(|c: char| c.is_ascii_digit());
            let with_letters = letters.len() > 1 && letters.len() < lower.len();
            for form in [Some(&*lower), with_letters.then_some(letters)].into_iter().flatten() {
                let stem = stem(&self.stemmer, form);
                let id = self.number(&stem);
                self.expansions.push(id);
            }
        }
        let range = (start, self.expansions.len() as u32);
        self.words.insert(word.into(), range);
        range
    }
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

/// Calls `each` for every pair of neighbouring characters of CJK runs, and for what stands between the runs.
fn for_each_bigram(word: &str, mut each: impl FnMut(&str)) {
    let characters: Vec<char> = word.chars().collect();
    for run in characters.chunk_by(|a, b| is_cjk(*a) == is_cjk(*b)) {
        if is_cjk(run[0]) && run.len() > 1 {
            run.windows(2).for_each(|pair| each(&pair.iter().collect::<String>()));
        } else {
            each(&run.iter().collect::<String>());
        }
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
        let mut lexicon = Lexicon::new();
        let mut ids = Vec::new();
        lexicon.analyze(text, &mut ids);
        let terms: Vec<&str> = ids.iter().map(|id| lexicon.text(*id)).collect();
        assert_eq!(terms.join(" "), expected, "terms of {text:?}");
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
        assert_eq!(Lexicon::new().query_terms("parse the Parser"), ["pars", "the"]);
    }
}
