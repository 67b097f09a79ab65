//! What a run of questions brought: the JSON of `cogo eval`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::EvalError;
use super::measures::Values;
use super::resample::Estimate;

/// An estimate of each measure.
pub type Summary = BTreeMap<String, Estimate>;

/// What the means of a run are means of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Averaged {
    /// Every repository counts the same, however many questions it has.
    ByRepository,
    /// Every question counts the same.
    ByQuestion,
}

impl Averaged {
    /// The mean of repositories with these sums and counts of values; 0 if there are none.
    pub(super) fn mean(self, repositories: impl Iterator<Item = (f64, usize)>) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for (of_repository, values) in repositories {
            match self {
                Averaged::ByRepository => {
                    sum += of_repository / values as f64;
                    count += 1.0;
                }
                Averaged::ByQuestion => {
                    sum += of_repository;
                    count += values as f64;
                }
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

/// What was asked, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// A name for the questions.
    pub set: String,
    /// Version of cogo.
    pub cogo: String,
    /// The model of the index.
    pub model: String,
    /// How was searched.
    pub mode: String,
    /// What the means are means of.
    pub averaged: Averaged,
}

/// How one question was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The repository that was asked, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The kind of the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The question.
    pub query: String,
    /// Its measures.
    pub values: Values,
    /// The first results, as `path:first-last`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<String>,
    /// How long the search took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_us: Option<u64>,
}

/// What a run brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was asked.
    pub run: Run,
    /// Over all questions.
    pub all: Summary,
    /// By kind of question; every question counts the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_category: BTreeMap<String, Summary>,
    /// By repository.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_repository: BTreeMap<String, Summary>,
    /// Median time of a search, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_p50_us: Option<u64>,
    /// Every answer; a summary has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

impl Outcome {
    /// Sums up `answers`.
    pub fn new(run: Run, answers: Vec<Answer>) -> Self {
        let groups = |name: fn(&Answer) -> Option<&String>, averaged| {
            let mut groups: BTreeMap<String, Vec<&Answer>> = BTreeMap::new();
            for answer in &answers {
                if let Some(name) = name(answer) {
                    groups.entry(name.clone()).or_default().push(answer);
                }
            }
            groups.into_iter().map(|(name, group)| (name, summary(&group, averaged))).collect()
        };
        let mut times: Vec<u64> = answers.iter().filter_map(|answer| answer.elapsed_us).collect();
        times.sort_unstable();
        Outcome {
            all: summary(&answers.iter().collect::<Vec<_>>(), run.averaged),
            by_category: groups(|answer| answer.category.as_ref(), Averaged::ByQuestion),
            by_repository: groups(|answer| answer.repository.as_ref(), Averaged::ByQuestion),
            query_p50_us: times.get(times.len() / 2).copied(),
            run,
            answers,
        }
    }

    /// Reads one that was written as JSON.
    ///
    /// # Errors
    /// [`EvalError`] if the file cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| EvalError::Read { path: name.clone(), source })?;
        serde_json::from_slice(&bytes).map_err(|error| EvalError::Line {
            path: name,
            line: error.line(),
            reason: format!("this is no outcome of `cogo eval`: {error}"),
        })
    }

    /// The same without single answers.
    pub fn summary(self) -> Self {
        Outcome { answers: Vec::new(), ..self }
    }
}

/// Estimates of every measure that the answers have.
fn summary(answers: &[&Answer], averaged: Averaged) -> Summary {
    let mut measures: BTreeMap<&str, BTreeMap<Option<&str>, Vec<f64>>> = BTreeMap::new();
    for answer in answers {
        for (name, value) in &answer.values {
            measures.entry(name).or_default().entry(answer.repository.as_deref()).or_default().push(*value);
        }
    }
    let estimate =
        |repositories: BTreeMap<_, Vec<f64>>| Estimate::of(&repositories.into_values().collect::<Vec<_>>(), averaged);
    measures.into_iter().map(|(name, repositories)| (name.to_owned(), estimate(repositories))).collect()
}
