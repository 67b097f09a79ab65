//! How many tokens a text is for a language model, estimated from above.
//!
//! Models cut text differently, and their vocabularies are large; what a budget needs is a number that is seldom too small.

/// The parts that a token is counted in.
const TOKEN: usize = 6;

/// Estimates the tokens of `text`: three letters or digits, two other signs, a run of blanks, or one character beyond ASCII.
///
/// The estimates of two texts together are never less than that of the text they make.
pub fn estimate(text: &str) -> usize {
    let mut parts = 0;
    let mut blanks = 0;
    for char in text.chars() {
        if char.is_ascii_whitespace() {
            blanks += 1;
            continue;
        }
        parts += run_of_blanks(blanks);
        blanks = 0;
        parts += match char {
            _ if char.is_ascii_alphanumeric() => TOKEN / 3,
            _ if char.is_ascii() => TOKEN / 2,
            _ => TOKEN,
        };
    }
    (parts + run_of_blanks(blanks)).div_ceil(TOKEN)
}

/// One blank belongs to the word after it.
fn run_of_blanks(blanks: usize) -> usize {
    match blanks {
        0 => 0,
        1 => TOKEN / 3,
        _ => TOKEN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_text_is_more_tokens_and_parts_are_never_less() {
        let text = "fn take(&mut self) -> Option<Token> {\n        self.left.checked_sub(1)\n}\n한국어 주석";
        let mut before = 0;
        for (end, _) in text.char_indices() {
            let (head, tail) = text.split_at(end);
            assert!(estimate(head) >= before);
            before = estimate(head);
            assert!(estimate(head) + estimate(tail) >= estimate(text), "cut at {end}");
        }
        assert_eq!(estimate(""), 0);
        assert_eq!(estimate("한국어"), 3);
    }
}
