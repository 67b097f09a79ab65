//! How many tokens is this text? Before a call nobody knows exactly: an estimate for previews, a bound for caps.

use crate::{Prompt, Tool};

/// Tokens that providers put around a prompt, or one of its tools, at most.
const FRAME: u64 = 64;

/// About how many tokens `text` has: four letters of Latin script each, one or two of the others.
pub fn estimate(text: &str) -> u64 {
    let (mut latin, mut wide) = (0u64, 0u64);
    for c in text.chars() {
        match c {
            '\u{0}'..='\u{24f}' => latin += 1,
            _ => wide += 1,
        }
    }
    latin.div_ceil(4) + (wide * 3).div_ceil(4)
}

/// More tokens than `prompt` can have: a token of the tokenizers in use stands for a byte or more.
pub fn at_most(prompt: &Prompt) -> u64 {
    let schema = prompt.schema.as_ref().map_or(0, |schema| schema.to_string().len());
    let tool = |tool: &Tool| tool.name.len() + tool.description.len() + tool.schema.to_string().len();
    let tools: usize = prompt.tools.iter().map(tool).sum();
    let frames = FRAME * (1 + prompt.tools.len() as u64);
    (prompt.system.len() + prompt.user.len() + schema + tools) as u64 + frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_lie_below_the_bound() {
        for text in
            ["", "The quick brown fox jumps over the lazy dog.", "토큰 버킷은 속도를 제한하는 방법이다.", "🦀🦀"]
        {
            let prompt = Prompt { user: text.into(), ..Prompt::default() };
            assert!(estimate(text) <= at_most(&prompt) - FRAME);
        }
        assert_eq!(estimate("abcdefgh"), 2);
    }
}
