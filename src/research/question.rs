//! What a question asks for: its parts, and the words that an answer should speak of.

use rag_core::analysis::{Lexicon, TermId, for_each_word};

/// Words that begin a question of their own after "and".
const BEGINNINGS: [&str; 8] = ["how", "what", "when", "where", "which", "who", "why", "does"];
/// Words that ask, and are not looked for in what is found.
const ASKING: [&str; 26] = [
    "how",
    "what",
    "when",
    "where",
    "which",
    "who",
    "whom",
    "whose",
    "why",
    "does",
    "do",
    "is",
    "are",
    "can",
    "누가",
    "누구",
    "무엇",
    "무엇을",
    "뭐",
    "어디",
    "어디서",
    "어디에",
    "어떻게",
    "언제",
    "왜",
    "어떤",
];
/// More parts than this are not told apart.
const MOST_PARTS: usize = 4;

/// The questions that `question` consists of: sentences, and what follows "and how", "and where" and their like.
pub(super) fn parts(question: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for sentence in question.split(['?', ';', '\n', '？', '。']) {
        let mut rest = sentence;
        while let Some(at) = second_question(rest) {
            parts.push(rest[..at].trim().to_owned());
            rest = &rest[at..];
            rest = rest.trim_start().strip_prefix("and").unwrap_or(rest);
            rest = rest.trim_start().strip_prefix("그리고").unwrap_or(rest);
        }
        parts.push(rest.trim().to_owned());
    }
    parts.retain(|part| part.chars().any(char::is_alphanumeric));
    if parts.is_empty() || parts.len() > MOST_PARTS {
        return vec![question.to_owned()];
    }
    parts
}

/// Where, after its begin, another question begins.
fn second_question(text: &str) -> Option<usize> {
    let english = text.match_indices(" and ").find(|(at, word)| {
        let next = text[at + word.len()..].split_whitespace().next().unwrap_or("");
        *at > 0 && BEGINNINGS.contains(&next)
    });
    let korean = text.match_indices(" 그리고 ").next();
    english.or(korean).map(|(at, _)| at)
}

/// A word of the question.
struct Wanted {
    word: String,
    terms: Vec<TermId>,
    is_found: bool,
}

/// The words of a question, and which of them some piece of evidence holds.
#[derive(Default)]
pub(super) struct Asked {
    lexicon: Lexicon,
    wanted: Vec<Wanted>,
}

impl Asked {
    /// Takes note of the words of `text` that the search looked for as `terms`.
    pub(super) fn hear(&mut self, text: &str, terms: &[String]) {
        for word in text.split(|c: char| c.is_whitespace() || ",.!?()[]{}\"'`:;".contains(c)) {
            if ASKING.contains(&&*word.to_lowercase()) {
                continue;
            }
            let of_word = self.lexicon.query_terms(word);
            let searched = of_word.iter().any(|term| terms.contains(term));
            if searched && !self.wanted.iter().any(|wanted| wanted.word == word) {
                let terms = of_word.iter().map(|term| self.lexicon.number(term)).collect();
                self.wanted.push(Wanted { word: word.to_owned(), terms, is_found: false });
            }
        }
    }

    /// Notes the words that a piece of evidence holds.
    pub(super) fn read(&mut self, path: &str, text: &str) {
        let here = self.terms(&[path, text]);
        for wanted in &mut self.wanted {
            wanted.is_found |= holds(&here, &wanted.terms);
        }
    }

    /// Fewest words that a quote holds which speaks of the question: two of four or more, one of fewer.
    pub(super) fn few(&self) -> usize {
        match self.wanted.len() {
            0 => 0,
            1..=3 => 1,
            _ => 2,
        }
    }

    /// How many of the words `text` holds.
    pub(super) fn weigh(&mut self, text: &str) -> usize {
        let here = self.terms(&[text]);
        self.wanted.iter().filter(|wanted| holds(&here, &wanted.terms)).count()
    }

    fn terms(&mut self, texts: &[&str]) -> Vec<TermId> {
        let mut terms = Vec::new();
        for text in texts {
            self.lexicon.analyze(text, &mut terms);
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    /// The words that were not found, as they were written.
    pub(super) fn missing(&self) -> Vec<String> {
        self.wanted.iter().filter(|wanted| !wanted.is_found).map(|wanted| wanted.word.clone()).collect()
    }

    /// The share that was found; all of nothing.
    pub(super) fn coverage(&self) -> f32 {
        let found = self.wanted.iter().filter(|wanted| wanted.is_found).count();
        if self.wanted.is_empty() { 1.0 } else { found as f32 / self.wanted.len() as f32 }
    }
}

/// Whether a text with the sorted terms `here` speaks of a word: at least half of what the word consists of is there.
fn holds(here: &[TermId], terms: &[TermId]) -> bool {
    let found = terms.iter().filter(|term| here.binary_search(term).is_ok()).count();
    found > 0 && 2 * found >= terms.len()
}

/// Whether a question is asked in Korean.
pub(crate) fn is_korean(question: &str) -> bool {
    let mut korean = false;
    for_each_word(question, |word| korean |= word.text.chars().any(|c| ('가'..='힣').contains(&c)));
    korean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_told_apart() {
        assert_eq!(
            parts("how are sessions signed and where is the key read?"),
            ["how are sessions signed", "where is the key read"]
        );
        assert_eq!(parts("who calls take? who tests it?"), ["who calls take", "who tests it"]);
        assert_eq!(parts("세션은 어디서 만들어지나요? 그리고 누가 지우나요?").len(), 2);
        assert_eq!(parts("reading and writing of files"), ["reading and writing of files"]);
        assert_eq!(parts("a? b? c? d? e?"), ["a? b? c? d? e?"]);
        assert_eq!(parts("?"), ["?"]);
        assert_eq!(parts(" and how"), [" and how"].map(str::trim));
    }

    #[test]
    fn words_are_found_in_every_form() {
        let mut asked = Asked::default();
        asked.hear(
            "how are RateLimiter sessions signed",
            &["ratelimit".into(), "rate".into(), "session".into(), "sign".into()],
        );
        assert_eq!(asked.missing(), ["RateLimiter", "sessions", "signed"]);
        asked.read("src/rate_limiter.py", "signing a session");
        assert!(asked.missing().is_empty(), "{:?}", asked.missing());
        assert_eq!(asked.coverage(), 1.0);
        assert_eq!(asked.weigh("nothing"), 0);
    }
}
