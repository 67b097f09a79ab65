//! What a question wants besides its subject: the tests of something, or examples of it.

use super::features::{EXAMPLE, FeatureRow, TEST};
use crate::analysis::for_each_word;

/// What being what is asked for counts, in place of a penalty.
const WANTED: f32 = 2.0;
/// Words behind `test` or `example` that make it what is asked for: "tests of the cache", and not "the test client".
const OF: [&str; 6] = ["about", "cover", "covering", "for", "of", "that"];
/// Words before it that do.
const WHICH: [&str; 5] = ["any", "integration", "unit", "what", "which"];

/// What is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Intent {
    tests: bool,
    examples: bool,
}

impl Intent {
    pub(super) fn of(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        for_each_word(text, |word| words.push(word.text.to_lowercase()));
        let near = |index: usize| {
            let before = index.checked_sub(1).is_some_and(|before| WHICH.contains(&words[before].as_str()));
            before || words.get(index + 1).is_some_and(|after| OF.contains(&after.as_str()))
        };
        let mut intent = Intent::default();
        for (index, word) in words.iter().enumerate() {
            match word.as_str() {
                "tested" => intent.tests = true,
                "test" | "tests" | "specs" => intent.tests |= near(index),
                "example" | "examples" | "demo" | "demos" => intent.examples |= near(index),
                // Korean endings stand at the word: 테스트는, 테스트하는, 예제가.
                korean => {
                    intent.tests |= korean.starts_with("테스트");
                    intent.examples |= korean.starts_with("예제") || korean.starts_with("예시");
                }
            }
        }
        intent
    }

    /// Lets what is wanted count for a file.
    pub(super) fn apply(self, weights: &mut FeatureRow) {
        for (wanted, feature) in [(self.tests, TEST), (self.examples, EXAMPLE)] {
            if wanted && weights[feature] < 0.0 {
                weights[feature] = WANTED;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_asked_for_in_many_ways() {
        for text in [
            "where is the cookie jar tested",
            "tests for retries",
            "which tests call parse",
            "unit tests",
            "쿠키는 어디서 테스트하나요",
        ] {
            assert_eq!(Intent::of(text), Intent { tests: true, examples: false }, "{text}");
        }
        assert_eq!(Intent::of("an example of a custom embedder"), Intent { tests: false, examples: true });
    }

    #[test]
    fn what_is_named_so_is_not_asked_for() {
        for text in
            ["test client", "how does the test runner start", "TestServer", "example.com certificates", "latest"]
        {
            assert_eq!(Intent::of(text), Intent::default(), "{text}");
        }
    }
}
