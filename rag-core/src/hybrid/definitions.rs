//! From ranked files to ranked definitions: which function or type of these files is meant?

use hashbrown::HashMap;

use super::filter::CompiledFilter;
use super::lexical::{LexicalScores, Terms};
use super::symbols::{LineIndex, qualified_name};
use crate::analysis::{Lexicon, TermId};
use crate::embedding::{Embedder, dot};
use crate::error::Result;
use crate::store::{Segment, Text};
use crate::symbol::{Span, Symbol, SymbolKind};

/// How many of the first files are looked into.
pub(super) const FILES: usize = 20;
/// So many bytes of a definition are read; what it is about stands at its beginning.
const READ: usize = 6_000;
/// Saturation of term frequency, and share of length normalisation: as for chunks.
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// Terms of a definition of usual length.
const TYPICAL: f32 = 150.0;

/// Names of the features of a definition, in the order of the weights.
pub const DEFINITION_FEATURES: [&str; 8] = [
    // score of its file, minus that of the first
    "file",
    // BM25 of its text, relative to the best
    "text",
    // cosine of its text, minus that of the best
    "embedding",
    // the query holds its name as a word
    "named",
    // share of the query's idf that its name covers
    "name",
    // the query names the type it belongs to
    "holder",
    // it is a type
    "type",
    // log of its length in bytes
    "length",
];

/// Values of [`DEFINITION_FEATURES`].
pub type DefinitionRow = [f32; DEFINITION_FEATURES.len()];

/// A definition in one of the first files.
pub(super) struct Definition {
    /// Index among the given files.
    pub file: usize,
    pub name: String,
    pub kind: SymbolKind,
    pub lines: (u32, u32),
    pub span: Span,
    pub row: DefinitionRow,
}

/// A file whose definitions compete.
pub(super) struct Ranked<'s> {
    pub segment: &'s Segment,
    pub file: u32,
    pub score: f32,
}

/// What a question is compared with.
pub(super) struct Asked<'q> {
    pub terms: &'q Terms,
    pub lexical: &'q LexicalScores,
    pub vector: Option<&'q [f32]>,
    pub text: &'q str,
    pub filter: &'q CompiledFilter,
}

/// The definitions of `places` with what is known of them, in no particular order.
pub(super) fn definitions(places: &[Ranked], asked: &Asked, embedder: &dyn Embedder) -> Result<Vec<Definition>> {
    let mut reader = Reader::new(asked, embedder);
    let mut found = Vec::new();
    for (place, index) in places.iter().zip(0..) {
        let text = place.segment.text(place.file)?;
        let lines = LineIndex::new(text.as_str());
        let symbols = place.segment.symbols(place.file);
        for (symbol, number) in symbols.iter().zip(0..) {
            let wanted = symbol.kind.is_callable() || symbol.kind.is_type();
            if !wanted || !asked.filter.admits_kind(symbol.kind) || is_nested(symbol, &symbols) {
                continue;
            }
            let last = symbol.span.end.saturating_sub(1).max(symbol.span.start);
            found.push(Definition {
                file: index,
                name: qualified_name(place.segment, place.file, number, text),
                kind: symbol.kind,
                lines: (lines.line(symbol.span.start), lines.line(last)),
                span: symbol.span,
                row: reader.row(symbol, &symbols, text, place.score - places[0].score),
            });
        }
    }
    relative(&mut found);
    Ok(found)
}

/// A function in a function is a part of it.
fn is_nested(symbol: &Symbol, symbols: &[Symbol]) -> bool {
    let parent = symbol.parent.and_then(|parent| symbols.get(parent as usize));
    symbol.kind.is_callable() && parent.is_some_and(|parent| parent.kind.is_callable())
}

struct Reader<'q> {
    asked: &'q Asked<'q>,
    embedder: &'q dyn Embedder,
    lexicon: Lexicon,
    ids: Vec<TermId>,
    idf: HashMap<TermId, f32>,
    idf_sum: f32,
    words: Vec<String>,
    vector: Vec<f32>,
    counts: HashMap<TermId, u32>,
}

impl<'q> Reader<'q> {
    fn new(asked: &'q Asked<'q>, embedder: &'q dyn Embedder) -> Self {
        let mut lexicon = Lexicon::new();
        let known = asked.terms.words.iter().zip(&asked.lexical.idf).filter(|(_, idf)| **idf > 0.0);
        let idf: HashMap<TermId, f32> = known.map(|((word, _), idf)| (lexicon.number(word), *idf)).collect();
        let mut words: Vec<String> = asked
            .text
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| word.len() > 2)
            .map(str::to_owned)
            .collect();
        words.sort();
        words.dedup();
        let idf_sum = asked.lexical.idf_sum.max(1.0);
        let vector = vec![0.0; embedder.dimensions()];
        let (ids, counts) = (Vec::new(), HashMap::new());
        Reader { asked, embedder, lexicon, ids, idf, idf_sum, words, vector, counts }
    }

    fn is_word(&self, name: &str) -> bool {
        self.words.binary_search_by(|word| word.as_str().cmp(name)).is_ok()
    }

    fn row(&mut self, symbol: &Symbol, symbols: &[Symbol], text: Text, gap: f32) -> DefinitionRow {
        let name = text.slice(symbol.name);
        let body = text.slice(own_span(symbol, symbols));
        let body = &body[..body.floor_char_boundary(READ)];
        let holder = symbol.parent.and_then(|parent| symbols.get(parent as usize));
        let flag = |condition: bool| f32::from(u8::from(condition));
        let named = flag(self.is_word(name));
        let of_holder = flag(holder.is_some_and(|holder| self.is_word(text.slice(holder.name))));
        let bm25 = self.text_score(body);
        let cosine = match self.asked.vector {
            Some(asked) => {
                self.embedder.embed(body, &mut self.vector);
                dot(asked, &self.vector)
            }
            None => 0.0,
        };
        let name_share = self.name_share(name);
        [gap, bm25, cosine, named, name_share, of_holder, flag(symbol.kind.is_type()), (1.0 + body.len() as f32).ln()]
    }

    fn name_share(&mut self, name: &str) -> f32 {
        self.ids.clear();
        self.lexicon.analyze(name, &mut self.ids);
        self.ids.sort_unstable();
        self.ids.dedup();
        self.ids.iter().filter_map(|id| self.idf.get(id)).sum::<f32>() / self.idf_sum
    }

    fn text_score(&mut self, body: &str) -> f32 {
        self.ids.clear();
        self.lexicon.analyze(body, &mut self.ids);
        self.counts.clear();
        for id in &self.ids {
            if self.idf.contains_key(id) {
                *self.counts.entry(*id).or_default() += 1;
            }
        }
        let norm = 1.0 - B + B * self.ids.len() as f32 / TYPICAL;
        let mut pairs: Vec<(TermId, u32)> = self.counts.iter().map(|(id, count)| (*id, *count)).collect();
        pairs.sort_unstable();
        let score = pairs.iter().map(|(id, count)| {
            let tf = *count as f32 / norm;
            self.idf[id] * tf / (K1 + tf)
        });
        score.sum()
    }
}

/// The text of a type without its methods, which compete for themselves; all of a function.
fn own_span(symbol: &Symbol, symbols: &[Symbol]) -> Span {
    if !symbol.kind.is_type() {
        return symbol.span;
    }
    let inner = symbols.iter().find(|inner| symbol.span.contains(inner.span) && inner.kind.is_callable());
    Span { end: inner.map_or(symbol.span.end, |inner| inner.span.start.max(symbol.span.start)), ..symbol.span }
}

/// Compares texts with the best.
fn relative(found: &mut [Definition]) {
    let best = |feature: usize| found.iter().map(|d| d.row[feature]).fold(0f32, f32::max);
    let (text, embedding) = (best(1), best(2));
    for definition in found.iter_mut() {
        if text > 0.0 {
            definition.row[1] /= text;
        }
        if embedding > 0.0 {
            definition.row[2] -= embedding;
        }
    }
}
