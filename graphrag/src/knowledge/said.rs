//! What a language model has said of a text, as far as the text bears it out.

use serde::{Deserialize, Serialize};

/// Something that a text speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Its name, as the text has it.
    pub name: String,
    /// The words of the text that speak of it.
    pub quote: String,
}

/// What a text says of two of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Name of the one.
    pub from: String,
    /// Name of the other.
    pub to: String,
    /// How they hang together: a verb or two.
    pub relation: String,
    /// The words of the text that say so.
    pub quote: String,
}

/// What a model has extracted from one text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// What it speaks of.
    #[serde(default)]
    pub entities: Vec<Entity>,
    /// What it says of two of them.
    #[serde(default)]
    pub relations: Vec<Relation>,
}

/// A text with one blank for every run of white space, and where each byte of it comes from.
pub(crate) struct Normalised {
    text: String,
    from: Vec<u32>,
}

/// Prepares `text` for looking words up in it.
pub(crate) fn normalised(text: &str) -> Normalised {
    let mut found = Normalised { text: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
    for (at, c) in text.char_indices() {
        let blank = c.is_whitespace();
        if blank && (found.text.is_empty() || found.text.ends_with(' ')) {
            continue;
        }
        found.text.push(if blank { ' ' } else { c });
        found.from.resize(found.text.len(), at as u32);
    }
    found
}

impl Normalised {
    /// Where `words` stand in the text, white space aside.
    pub(crate) fn find(&self, words: &str) -> Option<std::ops::Range<usize>> {
        let wanted = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if wanted.is_empty() {
            return None;
        }
        // A name that is the end of another word is not there.
        let is_word = |at: usize| {
            let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            let goes_on_before = inside(self.text[..at].chars().next_back()) && inside(wanted.chars().next());
            let rest = self.text[at + wanted.len()..].chars().next();
            let goes_on_behind = inside(rest) && inside(wanted.chars().next_back());
            !goes_on_before && !goes_on_behind
        };
        let at = self.text.match_indices(&wanted).map(|(at, _)| at).find(|&at| is_word(at))?;
        let last = wanted.chars().next_back().map_or(0, char::len_utf8);
        let end = at + wanted.len();
        Some(self.from[at] as usize..self.from[end - last] as usize + last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_across_lines_and_not_inside_of_others() {
        let text = "The  token\n bucket\tfills. 토큰 버킷은 찬다.";
        let found = normalised(text);
        assert_eq!(found.find("token bucket").map(|range| &text[range]), Some("token\n bucket"));
        assert_eq!(found.find("토큰  버킷").map(|range| &text[range]), Some("토큰 버킷"));
        assert_eq!(found.find("oken"), None);
        assert_eq!(found.find(" "), None);
        assert_eq!(found.find("leaky bucket"), None);
    }
}
