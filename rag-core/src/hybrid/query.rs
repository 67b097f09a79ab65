//! Questions and answers: plain data.

use crate::symbol::SymbolKind;

/// What to search with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Text and vectors together.
    #[default]
    Hybrid,
    /// Text only (BM25).
    Lexical,
    /// Vectors only.
    Semantic,
    /// Definitions by name.
    Symbol,
}

/// What a hit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// A file, shown by its best chunk.
    #[default]
    File,
    /// A function, method or type.
    Definition,
}

/// Which chunks may be found. An empty list admits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Globs over the path (`src/**/*.rs`); a glob without `/` matches the file name; `!glob` excludes.
    pub paths: Vec<String>,
    /// Language names.
    pub languages: Vec<String>,
    /// Kinds of definition.
    pub kinds: Vec<SymbolKind>,
}

impl Filter {
    /// Whether it admits everything.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.languages.is_empty() && self.kinds.is_empty()
    }
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What is asked: words, a sentence, an identifier.
    pub text: String,
    /// At most this many hits.
    pub limit: usize,
    /// What to search with.
    pub mode: Mode,
    /// What a hit is; in symbol mode always a definition.
    pub unit: Unit,
    /// Which chunks may be found.
    pub filter: Filter,
    /// Whether hits carry the terms of their score.
    pub explain: bool,
}

impl Query {
    /// A hybrid query for ten hits.
    pub fn new(text: impl Into<String>) -> Self {
        Query {
            text: text.into(),
            limit: 10,
            mode: Mode::Hybrid,
            unit: Unit::File,
            filter: Filter::default(),
            explain: false,
        }
    }
}

/// A term of a score: `weight · value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Name of the feature (see [`FEATURES`](super::FEATURES)).
    pub name: &'static str,
    /// Its value for this hit.
    pub value: f32,
    /// Its weight.
    pub weight: f32,
}

/// A found chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Index of the repository among those searched.
    pub repository: usize,
    /// Path relative to the repository, `/` separators.
    pub path: String,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// Higher is better; comparable within one result only.
    pub score: f32,
    /// Qualified name of the definition the chunk is, begins, or lies in.
    pub symbol: Option<String>,
    /// Kind of that definition.
    pub kind: Option<SymbolKind>,
    /// Language of the file.
    pub language: String,
    /// The chunk's text.
    pub text: String,
    /// How the score came about; empty unless asked for.
    pub terms: Vec<Term>,
}

/// A word that stands nowhere, and one that does and is written almost like it; both as the text index has them, by their stems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// What was asked for.
    pub unknown: String,
    /// What was searched.
    pub known: String,
}

/// How many of the searched chunks a large model has seen; the others are judged by the bundled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Id of the model.
    pub model: String,
    /// Chunks there are.
    pub chunks: u64,
    /// Chunks that have vectors of the model.
    pub covered: u64,
}

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchResult {
    /// Hits, best first; at most one per file (except in symbol mode).
    pub hits: Vec<Hit>,
    /// The terms that were searched, as they stand in the text index.
    pub terms: Vec<String>,
    /// Words of the query that stand nowhere, and those that were searched in their place.
    pub corrections: Vec<Correction>,
    /// How many chunks the large model knew, if one took part.
    pub coverage: Option<Coverage>,
    /// Why the answer is not what it could be: a model that was asked for cannot be used.
    pub degraded: Option<String>,
}
