//! Sentences from evidence, each checked against the lines that it cites.

use graphrag::Graph;
use graphrag::graph::{NodeId, NodeKind, Relation};
use rag_core::{Result, Snapshot, Span, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::evidence::{Evidence, Source, letters, lines};
use super::question::{Asked, is_korean};
use crate::graph::symbol_of;
use crate::overview::first_sentence;

/// Longest quote, in bytes.
const LONGEST_QUOTE: usize = 240;
/// Fewest words of a sentence that is worth quoting.
const FEWEST_WORDS: usize = 3;
/// What lines of a document begin with that are no prose: headings, tables, HTML, pictures, badges, directives.
const NO_PROSE: [&str; 6] = ["#", "|", "<", "![", "[!", ".."];
/// Lines above a chunk in which the comment may stand that belongs to its definition.
const ABOVE: u32 = 40;

/// A sentence of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Sentence {
    /// The sentence, without marks of citation.
    pub text: String,
    /// Numbers of the pieces of evidence that bear it out.
    pub cites: Vec<usize>,
}

/// Writes what the evidence says, the most important first; and how many sentences were dropped.
pub(super) fn write(
    snapshot: &Snapshot,
    graph: &Graph,
    asked: &mut Asked,
    evidence: &[Evidence],
    question: &str,
) -> Result<(Vec<Sentence>, usize)> {
    let mut writer = Writer { snapshot, graph, asked, is_korean: is_korean(question) };
    let mut sentences: Vec<(f32, Sentence)> = Vec::new();
    let mut dropped = 0;
    for (number, piece) in evidence.iter().enumerate() {
        let Some(claim) = writer.claim(piece)? else { continue };
        if !claim.quotes.iter().all(|quote| stands(snapshot, piece, quote)) {
            dropped += 1;
            continue;
        }
        match sentences.iter_mut().find(|(_, known)| known.text == claim.text) {
            Some((_, known)) => known.cites.push(number),
            None => sentences.push((piece.weight, Sentence { text: claim.text, cites: vec![number] })),
        }
    }
    sentences.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((sentences.into_iter().map(|(_, sentence)| sentence).collect(), dropped))
}

/// A sentence, and what of it must stand in the cited lines.
struct Claim {
    text: String,
    quotes: Vec<String>,
}

struct Writer<'w> {
    snapshot: &'w Snapshot,
    graph: &'w Graph,
    asked: &'w mut Asked,
    is_korean: bool,
}

impl Writer<'_> {
    fn claim(&mut self, piece: &Evidence) -> Result<Option<Claim>> {
        if let Some((user, used, relation)) = piece.link {
            return Ok(self.of_link(user, used, relation));
        }
        if matches!(piece.source, Source::Document | Source::Web) {
            return Ok(self.best_of(piece, sentences_of(&piece.text)));
        }
        match self.definition_of(piece)? {
            Some(id) => self.of_definition(id, piece),
            None => Ok(self.best_of(piece, piece.text.lines().map(|line| line.trim().to_owned()).collect())),
        }
    }

    /// `checkout` calls `TokenBucket.take`.
    fn of_link(&self, user: NodeId, used: NodeId, relation: Relation) -> Option<Claim> {
        let (user, used) = (self.graph.node(user), self.graph.node(used));
        let (user, name) = (user.name, used.name);
        let text = match (relation, self.is_korean) {
            (Relation::Call, false) => format!("`{user}` calls `{name}`."),
            (Relation::Inherit, false) => format!("`{user}` extends `{name}`."),
            (Relation::Override, false) => format!("`{user}` overrides `{name}`."),
            (Relation::Call, true) => format!("`{user}` 에서 `{name}` 을(를) 호출합니다."),
            (Relation::Inherit, true) => format!("`{user}` 은(는) `{name}` 을(를) 상속합니다."),
            (Relation::Override, true) => format!("`{user}` 은(는) `{name}` 을(를) 재정의합니다."),
            _ => return None,
        };
        // A constructor is called by the name of its class, an import may rename: proven links of that kind show no name to quote.
        let quotes = match relation {
            Relation::Call if !is_constructor(used.own_name()) => vec![used.own_name().to_owned()],
            _ => Vec::new(),
        };
        Some(Claim { text, quotes })
    }

    /// The definition that a piece of code is about: the first, or one within it that speaks more of the question.
    fn definition_of(&mut self, piece: &Evidence) -> Result<Option<NodeId>> {
        let lines = (piece.start_line, piece.end_line);
        let Some(first) = self.graph.definition_at(&piece.path, lines) else { return Ok(None) };
        let mut best = (self.words_of(first)?, first);
        for id in self.graph.symbols_in(&piece.path, Some(lines)) {
            let node = self.graph.node(id);
            if id == first || node.symbol.is_none() || !(lines.0..=lines.1).contains(&node.lines.0) {
                continue;
            }
            let words = self.words_of(id)?;
            if words > best.0 {
                best = (words, id);
            }
        }
        Ok(Some(best.1))
    }

    /// How many words of the question the name and the first sentence of a definition hold.
    fn words_of(&mut self, id: NodeId) -> Result<usize> {
        let Some((symbol, text)) = symbol_of(self.snapshot, self.graph, id)? else { return Ok(0) };
        let said = first_sentence(text.slice(symbol.doc)).unwrap_or_default();
        Ok(self.asked.weigh(&format!("{} {said}", self.graph.node(id).own_name())))
    }

    /// `TokenBucket.take` (method): Takes a token.
    fn of_definition(&self, id: NodeId, piece: &Evidence) -> Result<Option<Claim>> {
        let node = self.graph.node(id);
        let Some((symbol, text)) = symbol_of(self.snapshot, self.graph, id)? else { return Ok(None) };
        let kind = match node.kind {
            NodeKind::Symbol(kind) => kind.as_str(),
            kind => kind.as_str(),
        };
        let said = first_sentence(text.slice(symbol.doc)).or_else(|| signature(text.slice(symbol.signature), &symbol));
        let name = node.name;
        Ok(Some(match said {
            Some(said) => {
                Claim { text: format!("`{name}` ({kind}): {said}"), quotes: vec![node.own_name().into(), said] }
            }
            None if self.is_korean => Claim {
                text: format!("`{name}` ({kind}) 이(가) {} 에 있습니다.", piece.path),
                quotes: vec![node.own_name().into()],
            },
            None => {
                Claim { text: format!("`{name}` ({kind}) is in {}.", piece.path), quotes: vec![node.own_name().into()] }
            }
        }))
    }

    /// The candidate with most words of the question, quoted; the first of equals; none if none speaks of the question.
    fn best_of(&mut self, piece: &Evidence, candidates: Vec<String>) -> Option<Claim> {
        let weighed = candidates.into_iter().map(|text| (self.asked.weigh(&text), text));
        let (words, best) = weighed.rev().max_by_key(|(words, _)| *words)?;
        if words < self.asked.few() {
            return None;
        }
        let quote = best[..best.floor_char_boundary(best.len().min(LONGEST_QUOTE))].trim();
        let name = piece.origin.as_ref().map_or(&piece.path, |origin| &origin.title);
        let text = match self.is_korean {
            true => format!("{name}: “{quote}”"),
            false => format!("{name} says: “{quote}”"),
        };
        Some(Claim { text, quotes: vec![quote.to_owned()] })
    }
}

/// Names that are not written where a constructor is called.
fn is_constructor(name: &str) -> bool {
    matches!(name, "__init__" | "constructor" | "new" | "init" | "initialize" | "__construct" | "apply" | "__call__")
}

/// A signature on one line; nothing if it is the name alone.
fn signature(text: &str, symbol: &Symbol) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Span { start, end } = symbol.name;
    let line = words.join(" ");
    let cut = line.floor_char_boundary(line.len().min(LONGEST_QUOTE));
    Some(line[..cut].to_owned()).filter(|line| line.len() > (end - start) as usize)
}

/// Sentences of the prose of a document: its lines may break anywhere; headings, tables, code, links alone and pictures are no sentences.
fn sentences_of(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut paragraph = String::new();
    let mut is_code = false;
    for line in text.lines().map(str::trim).chain([""]) {
        let is_fence = line.starts_with("```") || line.starts_with("~~~");
        is_code ^= is_fence;
        let is_underline = !line.is_empty() && line.chars().all(|c| c.is_ascii_punctuation());
        if is_underline {
            paragraph.clear();
        }
        let item = line.strip_prefix(['-', '*', '+']).and_then(|rest| rest.strip_prefix(' '));
        let is_prose = !is_code && !is_fence && !is_underline && !NO_PROSE.iter().any(|mark| line.starts_with(mark));
        if line.is_empty() || item.is_some() || !is_prose {
            take_sentences(&mut paragraph, &mut sentences);
        }
        if is_prose {
            paragraph.push_str(item.unwrap_or(line));
            paragraph.push(' ');
        }
    }
    sentences
}

/// Moves the sentences of a paragraph to `sentences`.
fn take_sentences(paragraph: &mut String, sentences: &mut Vec<String>) {
    let mut start = 0;
    for (at, c) in paragraph.char_indices() {
        let end = at + c.len_utf8();
        let is_end = matches!(c, '.' | '!' | '?' | '。') && paragraph[end..].starts_with(char::is_whitespace);
        if is_end || end == paragraph.len() {
            let sentence = paragraph[start..end].trim();
            if sentence.split_whitespace().count() >= FEWEST_WORDS {
                sentences.push(sentence.to_owned());
            }
            start = end;
        }
    }
    paragraph.clear();
}

/// Whether the letters and digits of `quote` stand, in their order, in the lines that `piece` cites or in the comment above them; of a text
/// from outside, in the text.
fn stands(snapshot: &Snapshot, piece: &Evidence, quote: &str) -> bool {
    let quote = letters(quote);
    if piece.origin.is_some() {
        return letters(&piece.text).contains(&quote);
    }
    let above = if piece.link.is_none() { ABOVE } else { 0 };
    let first = piece.start_line.saturating_sub(above).max(1);
    lines(snapshot, &piece.path, (first, piece.end_line)).is_some_and(|text| letters(&text).contains(&quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_told_from_the_rest() {
        let text = "Sessions\n--------\n\n.. _sessions:\n\n# Signing of cookies\n\nA session is signed\nwith a key. It is\nread once.\n\n\
            - an item of a list\n[![a badge of](x)](y)\n\n| a | b | c |\n\n```\nlet it = be();\n```\nToo short.";
        assert_eq!(sentences_of(text), ["A session is signed with a key.", "It is read once.", "an item of a list"]);
    }
}
