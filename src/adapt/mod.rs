//! Weights of the ranking, fitted to one repository by what it says about itself.
//!
//! Repositories differ: in one the paths say everything, in another the words. Commits say which files they changed, tests which definitions
//! they call, documents which code they mention; each is a question with an answer that no human had to judge (`questions.rs`). The
//! weights that rank files are moved to where they answer these questions better, and not far from where they were (`fit.rs`).
//!
//! The gain is measured on questions that took no part, five times over. If it may be chance, nothing is changed. The weights lie in the
//! index folder as `ranking.json`, with the gain; every search of that index uses them until they are removed.

mod fit;
mod questions;

use std::collections::BTreeMap;
use std::path::PathBuf;

use rag_core::Store;
use serde::{Deserialize, Serialize};

use crate::eval::{Averaged, Estimate};
use crate::{Engine, FEATURES, Ranking, Result};
use fit::Question;
pub use questions::Made;

/// Name of the file in the index folder.
const FILE: &str = "ranking.json";
/// Fewer questions say nothing.
const FEWEST: usize = 30;
/// Into so many parts the questions are divided; each is held out once.
const FOLDS: usize = 5;

/// Weights that were fitted to a repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adapted {
    /// Version of cogo.
    pub cogo: String,
    /// The model of the index; weights for one say nothing about another.
    pub model: String,
    /// The generation they were fitted on.
    pub generation: u64,
    /// What was learned.
    pub outcome: Outcome,
    /// What is added to each weight that ranks files.
    pub files: BTreeMap<String, f32>,
}

/// What fitting brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Questions that were made, by what they come from.
    pub made: Made,
    /// NDCG@10 of the usual weights, over all questions.
    pub before: f64,
    /// The gain on questions that took no part in the fit.
    pub gain: Estimate,
}

impl Outcome {
    /// Whether the gain is more than chance.
    pub fn is_gain(&self) -> bool {
        self.gain.low > 0.0
    }
}

/// Fits weights to the repository of `engine`; keeps and changes nothing.
///
/// # Errors
/// Those of searching and of the graph.
pub fn adapt(engine: &Engine) -> Result<Adapted> {
    let usual = Ranking::default().weights;
    let (made, questions) = questions::make(engine)?;
    let unseen: Vec<f64> = match questions.len() {
        ..FEWEST => Vec::new(),
        _ => (0..FOLDS).flat_map(|fold| gains(&questions, fold, &usual)).collect(),
    };
    let gain = Estimate::of(&[unseen], Averaged::ByQuestion);
    let weights = fit::fit(&questions.iter().collect::<Vec<_>>(), &usual);
    let changes =
        FEATURES.iter().zip(weights.iter().zip(usual)).map(|(name, (new, old))| ((*name).to_owned(), new - old));
    let before = questions.iter().map(|question| question.ndcg(&usual)).sum::<f64>() / questions.len().max(1) as f64;
    let snapshot = engine.snapshot()?;
    Ok(Adapted {
        cogo: env!("CARGO_PKG_VERSION").to_owned(),
        model: snapshot.manifest.settings.model.clone(),
        generation: snapshot.manifest.generation,
        outcome: Outcome { made, before, gain },
        files: changes.filter(|(_, change)| *change != 0.0).collect(),
    })
}

/// What the questions of one part gain by weights that were fitted on the others.
fn gains(questions: &[Question], fold: usize, usual: &fit::Weights) -> Vec<f64> {
    let is_held = |index: usize| index % FOLDS == fold;
    let others: Vec<&Question> =
        questions.iter().enumerate().filter(|(index, _)| !is_held(*index)).map(|(_, q)| q).collect();
    let weights = fit::fit(&others, usual);
    let held = questions.iter().enumerate().filter(|(index, _)| is_held(*index));
    held.map(|(_, question)| question.ndcg(&weights) - question.ndcg(usual)).collect()
}

impl Adapted {
    fn path(store: &Store) -> PathBuf {
        store.folder().join(FILE)
    }

    /// The weights that are kept beside this index; none if there are none, or they were made for another model.
    pub fn read(store: &Store, model: &str) -> Option<Self> {
        let path = Self::path(store);
        let text = std::fs::read_to_string(&path).ok()?;
        match serde_json::from_str::<Adapted>(&text) {
            Ok(adapted) => (adapted.model == model).then_some(adapted),
            Err(error) => {
                // They only refine: a search must not fail because of them.
                tracing::warn!(path = %path.display(), %error, "weights that cannot be read are left out");
                None
            }
        }
    }

    /// Keeps them beside the index.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep(&self, store: &Store) -> Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(store.folder())?;
        serde_json::to_writer_pretty(&mut file, self).map_err(std::io::Error::from)?;
        file.persist(Self::path(store)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes what is kept beside the index; says whether there was something.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn remove(store: &Store) -> Result<bool> {
        match std::fs::remove_file(Self::path(store)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// `ranking` with these weights.
    pub fn apply(&self, ranking: &Ranking) -> Ranking {
        let mut ranking = ranking.clone();
        for (index, name) in FEATURES.iter().enumerate() {
            let change = self.files.get(*name).copied().filter(|change| change.is_finite()).unwrap_or(0.0);
            ranking.weights[index] += change;
            ranking.weights_with_model[index] += change;
        }
        ranking
    }
}
