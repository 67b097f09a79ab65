//! How well does searching answer? Judged questions in; measures with intervals, and what changed since another run, out.
//!
//! A file of questions is JSON Lines. Each line has `query` and `relevant`, the places that answer it: a path, `path:first-last`, or
//! an object with `path`, and perhaps `start_line` and `end_line`. It may have `secondary` (more such places), `category`, and
//! `repo`: then the questions are about several repositories, folders of that name. Other fields are left alone.
//!
//! ```json
//! {"query": "where are cookies parsed", "relevant": ["src/cookies.rs:40-96"], "category": "semantic"}
//! {"query": "Cookie", "relevant": [{"path": "src/cookies.rs"}], "secondary": ["src/lib.rs"], "category": "symbol"}
//! ```
//!
//! The first ten results count, as they are listed. A result answers a place if their paths are the same and their lines overlap;
//! paths are the same if they are equal, or one ends with the other by whole components. The rank of a place is that of the first result
//! which answers it.

mod compare;
mod measures;
mod outcome;
mod questions;
mod resample;

use std::time::{Duration, Instant};

pub use compare::{AnswerChange, Change, Comparison};
pub use measures::{Paths, Values, measures};
pub use outcome::{Answer, Averaged, Outcome, Run, Summary};
pub use questions::{Question, Target, read_questions};
pub use resample::Estimate;

use crate::{Engine, Hit, Query, Result};

/// So many results are judged.
pub const DEPTH: usize = 10;

/// What goes wrong around an evaluation; searching has errors of its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}`, line {line}: {reason}")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Two outcomes do not belong together.
    #[error("the outcomes cannot be compared: {0}")]
    Apart(String),
}

/// Asks one question and judges the answer. `query` says how to search; its text and limit are those of the question.
///
/// # Errors
/// Those of [`Engine::search`].
pub fn ask(engine: &Engine, question: &Question, query: &Query) -> Result<Answer> {
    let query = Query { text: question.query.clone(), limit: DEPTH, ..query.clone() };
    let started = Instant::now();
    let hits = engine.search(&query)?.hits;
    let elapsed = started.elapsed();
    Ok(answer(question, &hits, elapsed))
}

/// The answer that these hits are, found in this time.
pub fn answer(question: &Question, hits: &[Hit], elapsed: Duration) -> Answer {
    Answer {
        repository: question.repo.clone(),
        category: question.category.clone(),
        query: question.query.clone(),
        values: judge(hits, &question.targets(), Paths::Suffix),
        first: hits.iter().map(|hit| format!("{}:{}-{}", hit.path, hit.start_line, hit.end_line)).collect(),
        elapsed_us: Some(elapsed.as_micros() as u64),
    }
}

/// The measures of the first ten of these hits.
pub fn judge(hits: &[Hit], targets: &[&Target], paths: Paths) -> Values {
    let first = &hits[..hits.len().min(DEPTH)];
    let answers = |target: &Target, hit: &Hit| target.is_hit(&hit.path, (hit.start_line, hit.end_line), paths);
    let rank = |target: &&Target| first.iter().position(|hit| answers(target, hit));
    let ranks: Vec<usize> = targets.iter().filter_map(rank).map(|index| index + 1).collect();
    measures(&ranks, targets.len())
}
