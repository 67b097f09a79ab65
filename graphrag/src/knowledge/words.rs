//! Words and the form in which names are compared: without case, number and particles.

use super::korean;

/// A word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub text: &'t str,
    /// Where it begins.
    pub start: usize,
}

impl Word<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn is_korean(&self) -> bool {
        self.text.starts_with(korean::is_hangul)
    }
}

/// The words of `text`. A hyphen ends a word, and so does a change between Hangul and other scripts (`Kafka는`).
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_part)?;
        let korean = text[start..].starts_with(korean::is_hangul);
        let ends = |c: char| !is_part(c) || korean::is_hangul(c) != korean;
        let end = text[start..].find(ends).map_or(text.len(), |length| start + length);
        at = end;
        Some(Word { text: &text[start..end], start })
    })
}

/// Whether two words with this between them belong together.
pub(super) fn is_joint(gap: &str) -> bool {
    gap.len() <= 40 && gap.chars().all(|c| c.is_whitespace() || c == '-') && gap.matches('\n').count() <= 1
}

/// A word in the form in which it is compared.
pub(super) fn normal(word: &str) -> String {
    let lower = word.to_lowercase();
    let plural = lower.len() > 3 && lower.is_ascii() && !["ss", "us", "is"].iter().any(|end| lower.ends_with(end));
    match lower.strip_suffix('s').filter(|_| plural) {
        Some(one) => one.to_owned(),
        None => lower,
    }
}

/// A name in the form in which it is compared.
pub fn key(name: &str) -> String {
    words(name).map(|word| normal(word.text)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_hyphens_and_where_the_script_changes() {
        let found: Vec<&str> = words("Retrieval-Augmented 검색은 Kafka는, v2_x!").map(|word| word.text).collect();
        assert_eq!(found, ["Retrieval", "Augmented", "검색은", "Kafka", "는", "v2_x"]);
        assert_eq!(key("Token-Buckets"), "token bucket");
        assert_eq!(key("Status class"), "status class");
        assert!(
            is_joint(" ") && is_joint("\n  ") && is_joint("-") && is_joint("") && !is_joint("\n\n") && !is_joint(", ")
        );
    }
}
