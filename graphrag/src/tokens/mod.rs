//! The tokens of a source, without comments: which words, literals and signs follow each other.
//!
//! Not a parser, and it knows no grammar: a table says how comments and literals of a language begin and end. Where that is not
//! enough, a comment may be kept; nothing else is ever left out.

mod style;

use std::ops::Range;

use rag_core::Span;
use style::{Single, Style};

/// Templates within templates are followed so deep.
const DEEPEST: usize = 16;
/// A character literal is not longer: `'\u{10ffff}'`.
const LONGEST_CHARACTER: usize = 12;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Identifier, keyword or number.
    Word,
    /// String or character literal, with its quotes.
    Literal,
    /// Any other character.
    Sign,
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

impl Token {
    /// The text between the quotes of a literal that is written in one piece, without escapes.
    pub(crate) fn content<'t>(&self, text: &'t str) -> Option<&'t str> {
        let whole = self.span.text(text);
        let quote = whole.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        let content = whole.strip_prefix(quote)?.strip_suffix(quote)?;
        (self.kind == TokenKind::Literal && !content.contains(['\\', '\n', quote])).then_some(content)
    }
}

/// The tokens of a part of `text`.
pub(crate) struct Tokens<'t> {
    text: &'t str,
    style: &'static Style,
    at: usize,
    end: usize,
    /// whether a `/` would begin a regular expression here
    operand: bool,
}

impl<'t> Tokens<'t> {
    /// The tokens of `text[range]` in `language`.
    pub(crate) fn new(language: &str, text: &'t str, range: Range<usize>) -> Self {
        let end = range.end.min(text.len());
        Tokens { text, style: style::of(language), at: range.start.min(end), end, operand: true }
    }

    /// Goes on at `offset`, if it is not there already.
    pub(crate) fn skip_to(&mut self, offset: usize) {
        self.at = self.at.max(offset).min(self.end);
    }

    fn byte(&self, at: usize) -> u8 {
        if at < self.end { self.text.as_bytes()[at] } else { 0 }
    }

    fn starts(&self, at: usize, with: &str) -> bool {
        self.text.as_bytes()[at.min(self.end)..self.end].starts_with(with.as_bytes())
    }

    /// One past the next `what` from `from`, or the end.
    fn past(&self, from: usize, what: &str) -> usize {
        let rest = &self.text.as_bytes()[from.min(self.end)..self.end];
        memchr::memmem::find(rest, what.as_bytes()).map_or(self.end, |found| from + found + what.len())
    }

    /// The end of the comment at `at`, if there is one.
    fn comment(&self, at: usize) -> Option<usize> {
        if let Some((open, close)) = self.style.block.filter(|(open, _)| self.starts(at, open)) {
            if !self.style.nested {
                return Some(self.past(at + open.len(), close));
            }
            let (mut depth, mut at) = (1, at + open.len());
            while depth > 0 && at < self.end {
                let step = match (self.starts(at, close), self.starts(at, open)) {
                    (true, _) => (-1, close.len()),
                    (_, true) => (1, open.len()),
                    _ => (0, 1),
                };
                (depth, at) = (depth + step.0, at + step.1);
            }
            return Some(at.min(self.end));
        }
        let marker = self.style.line.iter().find(|marker| self.starts(at, marker))?;
        // `$#`, `${name#prefix}` and attributes are no comments.
        let before = if at == 0 { b'\n' } else { self.text.as_bytes()[at - 1] };
        let apart = before.is_ascii_whitespace() || b";,(){}".contains(&before);
        if *marker == "#" && (!apart || self.byte(at + 1) == b'[' && self.style.block.is_some()) {
            return None;
        }
        let rest = &self.text.as_bytes()[at..self.end];
        Some(memchr::memchr(b'\n', rest).map_or(self.end, |line| at + line))
    }

    /// One past the closing `quote` of a literal whose content begins at `at`.
    fn closed(&self, mut at: usize, quote: u8, many_lines: bool, escapes: bool) -> usize {
        while at < self.end {
            match self.byte(at) {
                b'\\' if escapes => at += 1,
                b'\n' if !many_lines => return at,
                byte if byte == quote => return at + 1,
                _ => {}
            }
            at += 1;
        }
        self.end
    }

    /// One past the template that begins at `at`; `${…}` may hold more of them.
    fn template(&self, at: usize, depth: usize) -> usize {
        let mut at = at + 1;
        while at < self.end {
            match self.byte(at) {
                b'\\' => at += 1,
                b'`' => return at + 1,
                b'$' if self.byte(at + 1) == b'{' && depth < DEEPEST => {
                    let mut open = 1;
                    at += 2;
                    while open > 0 && at < self.end {
                        match self.byte(at) {
                            b'{' => open += 1,
                            b'}' => open -= 1,
                            b'`' => {
                                at = self.template(at, depth + 1);
                                continue;
                            }
                            quote @ (b'"' | b'\'') => {
                                at = self.closed(at + 1, quote, false, true);
                                continue;
                            }
                            _ => {}
                        }
                        at += 1;
                    }
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        self.end
    }

    /// The end of the literal at `at`, if there is one.
    fn literal(&self, at: usize) -> Option<usize> {
        let quote = self.byte(at);
        let style = self.style;
        let many = style.many_lines;
        match quote {
            b'"' | b'\'' if style.triple && self.byte(at + 1) == quote && self.byte(at + 2) == quote => {
                let marks = if quote == b'"' { "\"\"\"" } else { "'''" };
                Some(self.past(at + 3, marks))
            }
            b'"' => Some(self.closed(at + 1, quote, many, true)),
            b'\'' if style.single == Single::String => Some(self.closed(at + 1, quote, many, true)),
            b'\'' if style.single == Single::Character => {
                let escaped = self.byte(at + 1) == b'\\';
                let one =
                    self.text.get(at + 1..self.end).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                let end = if escaped { self.closed(at + 1, quote, false, true) } else { at + one + 2 };
                let closes = end <= self.end && end - at <= LONGEST_CHARACTER && self.byte(end - 1) == quote;
                closes.then_some(end)
            }
            b'`' if style.template => Some(self.template(at, 0)),
            b'`' if style.raw_backtick => Some(self.closed(at + 1, quote, true, false)),
            b'/' if style.template && self.operand => self.regex(at),
            _ => None,
        }
    }

    /// The end of the regular expression at `at`.
    fn regex(&self, at: usize) -> Option<usize> {
        let (mut next, mut class) = (at + 1, false);
        while next < self.end {
            match self.byte(next) {
                b'\\' => next += 1,
                b'\n' => return None,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return Some(next + 1),
                _ => {}
            }
            next += 1;
        }
        None
    }

    /// The end of a raw string whose prefix `word` ends at `at`: `r#"…"#`, `R"x(…)x"`.
    fn raw(&self, word: &str, at: usize) -> Option<usize> {
        if self.style.raw_hashes && matches!(word, "r" | "br" | "cr") {
            let hashes = (at..self.end).take_while(|&at| self.byte(at) == b'#').count();
            let close = format!("\"{}", "#".repeat(hashes));
            return (self.byte(at + hashes) == b'"').then(|| self.past(at + hashes + 1, &close));
        }
        if self.style.raw_parentheses && word.ends_with('R') && self.byte(at) == b'"' {
            let open = self.text.get(at + 1..self.end)?.find('(').filter(|length| *length <= 16)?;
            let close = format!("){}\"", self.text.get(at + 1..at + 1 + open)?);
            return Some(self.past(at + open + 2, &close));
        }
        None
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let (at, byte) = (self.at, self.byte(self.at));
            if at >= self.end {
                return None;
            }
            if byte.is_ascii_whitespace() {
                self.at += 1;
                continue;
            }
            if let Some(end) = self.comment(at) {
                self.at = end.max(at + 1);
                continue;
            }
            let (mut kind, mut end) = (TokenKind::Sign, at + 1);
            if is_word(byte) {
                end = (at..self.end).find(|&at| !is_word(self.byte(at))).unwrap_or(self.end);
                kind = TokenKind::Word;
                // Bytes of a cut character do not make a word of their own.
                if let Some(raw) = self.text.get(at..end).and_then(|word| self.raw(word, end)) {
                    (kind, end) = (TokenKind::Literal, raw);
                }
            } else if let Some(closed) = self.literal(at) {
                (kind, end) = (TokenKind::Literal, closed.min(self.end));
            }
            self.at = end;
            let token = Token { kind, span: Span::new(at..end) };
            self.operand = match kind {
                TokenKind::Sign => !matches!(byte, b')' | b']' | b'}'),
                TokenKind::Word => matches!(token.span.text(self.text), "return" | "typeof" | "case" | "in" | "of"),
                TokenKind::Literal => false,
            };
            return Some(token);
        }
    }
}

#[cfg(test)]
mod tests;
