//! Questions that a repository asks and answers itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use graphrag::Graph;
use graphrag::graph::{NodeId, NodeKind, Relation};
use indexer::history::{Limits, history};
use rag_core::analysis::for_each_word;
use rag_core::{FileRole, Query};
use serde::{Deserialize, Serialize};

use super::fit::{self, Question};
use crate::{Engine, FEATURES, Result};

/// At most so many questions of each kind.
const OF_A_KIND: usize = 200;
/// What has more answers is about everything.
const MOST_ANSWERS: usize = 4;
/// What has fewer words asks nothing.
const FEWEST_WORDS: usize = 3;
/// So many candidates are ranked.
const CANDIDATES: usize = 50;
/// Commits that begin so say nothing about what they change.
const EMPTY: [&str; 8] = ["bump", "merge", "release", "revert", "update", "version", "v0", "v1"];

/// How many questions were made, by what they come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Summaries of commits; the files that they changed answer.
    pub commits: usize,
    /// Names of tests; the files of the definitions that they call answer.
    pub tests: usize,
    /// Headings in documents; the files of the code that is mentioned below answer.
    pub documents: usize,
}

/// A question before it is asked.
struct Draft {
    text: String,
    answers: BTreeSet<String>,
    /// What may not be found, as it holds the question itself.
    asks: Asks,
}

/// Who asks.
enum Asks {
    Commit,
    /// Tests are left out.
    Test,
    /// This document is left out.
    Document(String),
}

/// Makes questions and ranks their candidates.
pub(super) fn make(engine: &Engine) -> Result<(Made, Vec<Question>)> {
    let graph = engine.graph()?;
    let indexed: HashSet<&str> = graph.files().map(|file| graph.path(file)).collect();
    let commits = commits(engine, &indexed);
    let tests = tests(&graph);
    let documents = documents(&graph);
    let made = Made { commits: commits.len(), tests: tests.len(), documents: documents.len() };
    let mut questions = Vec::with_capacity(commits.len() + tests.len() + documents.len());
    for draft in commits.iter().chain(&tests).chain(&documents) {
        questions.push(ask(engine, draft)?);
    }
    Ok((made, questions))
}

/// Ranks the candidates for one question.
fn ask(engine: &Engine, draft: &Draft) -> Result<Question> {
    let query = Query { limit: CANDIDATES, explain: true, ..Query::new(&draft.text) };
    let hits = engine.search(&query)?.hits;
    let may_answer = |path: &str| match &draft.asks {
        Asks::Commit => true,
        Asks::Test => FileRole::of(path) != FileRole::Test,
        Asks::Document(document) => path != document,
    };
    let (mut rows, mut answers) = (Vec::new(), Vec::new());
    for hit in hits.iter().filter(|hit| may_answer(&hit.path)) {
        let mut row: fit::Weights = [0.0; FEATURES.len()];
        for term in &hit.terms {
            if let Some(index) = FEATURES.iter().position(|name| *name == term.name) {
                row[index] = term.value;
            }
        }
        rows.push(row);
        answers.push(draft.answers.contains(&hit.path));
    }
    Ok(Question { rows, answers, targets: draft.answers.len() })
}

/// Evenly spread, at most [`OF_A_KIND`]: neighbours are alike.
fn spread(drafts: Vec<Draft>) -> Vec<Draft> {
    let step = drafts.len().div_ceil(OF_A_KIND).max(1);
    drafts.into_iter().step_by(step).collect()
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_word(text, |word| words.push(word.text.to_lowercase()));
    words
}

fn commits(engine: &Engine, indexed: &HashSet<&str>) -> Vec<Draft> {
    let Some(history) = history(engine.root(), &Limits::default()) else { return Vec::new() };
    let draft = |commit: &indexer::history::Commit| {
        let words = words(&commit.summary);
        if words.len() < FEWEST_WORDS || EMPTY.contains(&words[0].as_str()) {
            return None;
        }
        let changed = commit.files.iter().map(|file| &history.files[*file as usize]);
        let answers: BTreeSet<String> = changed
            .filter(|file| file.is_present && indexed.contains(file.path.as_str()))
            .filter(|file| FileRole::of(&file.path) == FileRole::Source)
            .map(|file| file.path.clone())
            .collect();
        let is_about_something = (1..=MOST_ANSWERS).contains(&answers.len());
        is_about_something.then(|| Draft { text: commit.summary.clone(), answers, asks: Asks::Commit })
    };
    spread(history.commits.iter().filter_map(draft).collect())
}

/// The files of what `node` is proven to use in this way, but its own.
fn used(graph: &Graph, node: NodeId, relation: Relation) -> BTreeSet<String> {
    let links = graph.uses(node).filter(|link| link.relation == relation && link.is_proven);
    let files = links.filter_map(|link| graph.node(link.node).file).filter(|file| Some(*file) != graph.node(node).file);
    let paths = files.map(|file| graph.path(file)).filter(|path| FileRole::of(path) == FileRole::Source);
    paths.map(str::to_owned).collect()
}

fn tests(graph: &Graph) -> Vec<Draft> {
    let draft = |node: NodeId| {
        let symbol = graph.node(node).kind.symbol()?;
        if !symbol.is_callable() || !graph.is_test(node) {
            return None;
        }
        let mut words = words(graph.node(node).own_name());
        words.retain(|word| word != "test");
        let answers = used(graph, node, Relation::Call);
        let asks = words.len() >= FEWEST_WORDS && (1..=MOST_ANSWERS).contains(&answers.len());
        asks.then(|| Draft { text: words.join(" "), answers, asks: Asks::Test })
    };
    spread(graph.ids().filter_map(draft).collect())
}

fn documents(graph: &Graph) -> Vec<Draft> {
    let mut by_question: BTreeMap<(NodeId, String), BTreeSet<String>> = BTreeMap::new();
    for node in graph.ids() {
        let (NodeKind::Symbol(_), Some(file)) = (graph.node(node).kind, graph.node(node).file) else { continue };
        let answers = used(graph, node, Relation::Mention);
        if !answers.is_empty() {
            let heading = graph.node(node).name.replace('.', " ");
            by_question.entry((file, heading)).or_default().extend(answers);
        }
    }
    let drafts = by_question.into_iter().filter_map(|((file, text), answers)| {
        let asks = words(&text).len() >= FEWEST_WORDS && (1..=MOST_ANSWERS).contains(&answers.len());
        asks.then(|| Draft { text, answers, asks: Asks::Document(graph.path(file).to_owned()) })
    });
    spread(drafts.collect())
}
