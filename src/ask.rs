//! Questions about a whole repository, a part of it, or one thing in it, answered from the graph without a language model.
//!
//! After GraphRAG (Edge et al. 2024): a *global* question is answered from the parts that hang together, a *local* one from
//! what hangs together with the hits, and a *drift* (its third kind of search) goes from the best parts down into each.

use std::collections::BTreeMap;

use graphrag::Graph;
use graphrag::graph::{Community, NodeId};
use rag_core::{Hit, Query, Result, SymbolKind};

use crate::Engine;

/// Hits that a question starts from.
const HITS: usize = 50;
/// Definitions that a local walk starts from.
const SEEDS: usize = 8;
/// Parts that a drift goes into.
const PARTS: usize = 3;
/// Hits that are shown of a part.
const HITS_OF_PART: usize = 3;
/// Definitions that a name in a question may mean, so that it still says something.
const NAMESAKES: usize = 5;
/// Words that ask for the whole, in lower case.
const WHOLE: [&str; 14] = [
    "organised",
    "organized",
    "organisation",
    "organization",
    "architecture",
    "structured",
    "structure",
    "overview",
    "components",
    "modules",
    "구조",
    "구성",
    "전체",
    "아키텍처",
];

/// How wide a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// How the whole is organised.
    Global,
    /// One thing and what hangs together with it.
    Local,
    /// Which parts matter, and what in each.
    Drift,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 3] = [Scope::Global, Scope::Local, Scope::Drift];

    /// The lower-case word used in output and requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::Local => "local",
            Scope::Drift => "drift",
        }
    }

    /// What `question` seems to ask for: the whole if it says so, one thing if it names something that is defined, and else
    /// something in between.
    fn of(question: &str, named: &[NodeId]) -> Self {
        let question = question.to_lowercase();
        let words: Vec<&str> = question.split(|c: char| !c.is_alphanumeric()).collect();
        let asks_for_the_whole = WHOLE.iter().any(|whole| match whole.is_ascii() {
            true => words.contains(whole),
            // Korean words carry particles.
            false => question.contains(whole),
        });
        match asks_for_the_whole {
            true => Scope::Global,
            false if named.is_empty() => Scope::Drift,
            false => Scope::Local,
        }
    }
}

/// Definitions that `question` names: words that are written like names and mean few things.
fn named(graph: &Graph, question: &str) -> Vec<NodeId> {
    let words = question.split(|c: char| c.is_whitespace() || "?!,;()`'\"".contains(c));
    let words = words.map(|word| word.trim_matches(['.', ':'])).filter(|word| {
        let inner = word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
        inner || word.contains(['_', '.', ':', '/'])
    });
    let found = words.map(|word| graph.find(word)).filter(|found| found.len() <= NAMESAKES);
    found.flatten().collect()
}

/// A part of the repository that has to do with a question.
#[derive(Clone, Debug)]
pub struct Part {
    /// The files that hang together.
    pub community: Community,
    /// Its share of what a walk from the hits comes by, from 0 to 1.
    pub share: f32,
    /// The best hits in it.
    pub hits: Vec<Hit>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How wide the question was taken.
    pub scope: Scope,
    /// Parts, the most visited first; none for a local question.
    pub parts: Vec<Part>,
    /// Definitions that hang together with the hits, the most visited first, with their share of the visits; none for a global
    /// question.
    pub symbols: Vec<(NodeId, f32)>,
    /// What the question names.
    pub named: Vec<NodeId>,
    /// The hits that were started from, the best first.
    pub hits: Vec<Hit>,
}

/// Answers `question` with at most `most` parts, symbols and hits; `scope` is guessed if it is not given.
///
/// # Errors
/// As [`Engine::search`] and [`Engine::graph`].
pub fn ask(engine: &Engine, question: &str, scope: Option<Scope>, most: usize) -> Result<Answer> {
    let mut query = Query::new(question);
    query.limit = HITS.max(most);
    let mut hits = engine.search(&query)?.hits;
    let graph = engine.graph()?;
    let named = named(&graph, question);
    let scope = scope.unwrap_or_else(|| Scope::of(question, &named));
    let parts = match scope {
        Scope::Global => parts(&graph, &hits, most),
        Scope::Drift => parts(&graph, &hits, most.min(PARTS)),
        Scope::Local => Vec::new(),
    };
    let symbols = match scope {
        Scope::Global => Vec::new(),
        Scope::Local => around(&graph, &named, &hits[..hits.len().min(SEEDS)], most),
        Scope::Drift => {
            let starts: Vec<Hit> = parts.iter().flat_map(|part| part.hits.iter().cloned()).collect();
            around(&graph, &named, &starts, most)
        }
    };
    hits.truncate(most);
    Ok(Answer { scope, parts, symbols, named, hits })
}

/// Where a walk starts, with weights: the second hit counts half of the first, the third a third. Scores of different questions
/// have no common scale, ranks have.
fn seeds(hits: &[Hit], node: impl Fn(&Hit) -> Option<NodeId>) -> Vec<(NodeId, f32)> {
    hits.iter().zip(1..).filter_map(|(hit, rank)| Some((node(hit)?, 1.0 / rank as f32))).collect()
}

/// Functions and types that hang together with what the question names, and with what the hits define.
fn around(graph: &Graph, named: &[NodeId], hits: &[Hit], most: usize) -> Vec<(NodeId, f32)> {
    let mut seeds = seeds(hits, |hit| {
        graph.definition_at(&hit.path, (hit.start_line, hit.end_line)).or_else(|| graph.file(&hit.path))
    });
    seeds.extend(named.iter().map(|&id| (id, 1.0)));
    let mut found = graph.rank(&seeds, usize::MAX);
    let is_definition = |kind: SymbolKind| kind.is_callable() || kind.is_type();
    found.retain(|(id, _)| graph.node(*id).kind.symbol().is_some_and(is_definition));
    found.truncate(most);
    found
}

/// The parts that a walk from the hits comes by most. A part that is large is not better for it: what counts is where the hits,
/// and what they use, lie.
fn parts(graph: &Graph, hits: &[Hit], most: usize) -> Vec<Part> {
    let seeds = seeds(hits, |hit| graph.file(&hit.path));
    let sum: f32 = seeds.iter().map(|seed| seed.1).sum();
    let mut mass: BTreeMap<NodeId, f32> = BTreeMap::new();
    for (id, arrived) in graph.rank(&seeds, usize::MAX) {
        if let Some(file) = graph.node(id).file {
            *mass.entry(file).or_default() += arrived;
        }
    }
    // A hit speaks for its own part as well, and that as much as all that it leads to.
    let arrived: f32 = mass.values().sum();
    for (file, weight) in &seeds {
        *mass.entry(*file).or_default() +=
            weight / sum.max(f32::MIN_POSITIVE) * if arrived > 0.0 { arrived } else { 1.0 };
    }
    let all: f32 = mass.values().sum();
    let communities = graph.communities();
    let mut parts: Vec<Part> = communities
        .coarsest()
        .iter()
        .map(|community| {
            let visits: f32 = community.files.iter().filter_map(|file| mass.get(file)).sum();
            let share = if all > 0.0 { visits / all } else { 0.0 };
            Part { community: community.clone(), share, hits: Vec::new() }
        })
        .collect();
    parts.sort_by(|a, b| {
        let size = |part: &Part| std::cmp::Reverse(part.community.files.len());
        b.share
            .total_cmp(&a.share)
            .then_with(|| size(a).cmp(&size(b)))
            .then_with(|| a.community.title.cmp(&b.community.title))
    });
    parts.truncate(most);
    for part in &mut parts {
        let inside = |hit: &&Hit| graph.file(&hit.path).is_some_and(|file| part.community.files.contains(&file));
        part.hits = hits.iter().filter(inside).take(HITS_OF_PART).cloned().collect();
    }
    parts
}
