//! The tokens of a file, to look for what stands beside what.

use rag_core::Span;

use crate::file::FileFacts;
use crate::tokens::{Token, TokenKind, Tokens};

/// Words without which a file has neither routes nor keys.
const MARKS: &[(&[&str], &[&str])] = &[
    (&["python"], &["route", ".get(", ".post(", ".put(", ".delete(", ".patch(", ".websocket(", "django.urls", "env"]),
    (&["javascript", "typescript"], &["express", "Router", "fastify", "Hono", "@nestjs/common", "process.env"]),
    (&["rust"], &[".route(", "#[get(", "#[post(", "#[put(", "#[delete(", "#[patch(", "env"]),
    (
        &["go"],
        &["Handle", ".GET(", ".POST(", ".PUT(", ".DELETE(", ".Get(", ".Post(", ".Put(", ".Delete(", ".Patch(", "os."],
    ),
    (&["java", "kotlin", "groovy", "scala"], &["Mapping", "getenv"]),
    (&["c", "cpp", "php"], &["getenv"]),
    (&["ruby"], &["ENV"]),
    (&["csharp"], &["EnvironmentVariable"]),
    (&["dotenv"], &["="]),
    (&["dockerfile"], &["ENV ", "ARG "]),
    (&["yaml"], &["env"]),
];

/// A file and its tokens.
pub(super) struct Source<'a> {
    pub facts: FileFacts<'a>,
    tokens: Vec<Token>,
}

impl<'a> Source<'a> {
    /// The tokens of a file; `None` if there is nothing to find.
    pub fn new(facts: &FileFacts<'a>) -> Option<Self> {
        let (_, marks) = MARKS.iter().find(|(languages, _)| languages.contains(&facts.language))?;
        let text = facts.text;
        if !marks.iter().any(|mark| memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some()) {
            return None;
        }
        Some(Source { facts: *facts, tokens: Tokens::new(facts.language, text, 0..text.len()).collect() })
    }

    /// Whether `mark` stands anywhere in the text.
    pub fn has(&self, mark: &str) -> bool {
        memchr::memmem::find(self.facts.text.as_bytes(), mark.as_bytes()).is_some()
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The text of a token; nothing behind the last.
    pub fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.span.text(self.facts.text))
    }

    /// The span of a token.
    pub fn span(&self, at: usize) -> Span {
        self.tokens.get(at).map(|token| token.span).unwrap_or_default()
    }

    /// The text of a token that is a word.
    pub fn word(&self, at: usize) -> Option<&'a str> {
        let token = self.tokens.get(at).filter(|token| token.kind == TokenKind::Word)?;
        Some(token.span.text(self.facts.text))
    }

    /// What a literal says.
    pub fn literal(&self, at: usize) -> Option<&'a str> {
        self.tokens.get(at)?.content(self.facts.text)
    }

    /// Whether these texts stand there, one after the other.
    pub fn stands(&self, at: usize, texts: &str) -> bool {
        texts.split(' ').zip(at..).all(|(text, at)| self.text(at) == text)
    }

    /// The number of the token that closes the parenthesis at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0;
        for at in open..self.len() {
            match self.text(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The arguments between the parenthesis at `open` and its end: first token and one past the last of each.
    pub fn arguments(&self, open: usize) -> Vec<(usize, usize)> {
        let Some(close) = self.closing(open) else { return Vec::new() };
        let (mut found, mut first, mut at) = (Vec::new(), open + 1, open + 1);
        while at < close {
            match self.text(at) {
                "(" | "[" | "{" => at = self.closing(at).unwrap_or(close),
                "," => {
                    found.push((first, at));
                    first = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        if first < close {
            found.push((first, close));
        }
        found
    }
}
