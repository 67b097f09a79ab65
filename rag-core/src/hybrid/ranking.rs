//! Every weight of the ranking, in one place: `weights.json` beside this file. `training/rank.py` fits those of files.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::definitions::DEFINITION_FEATURES;
use super::features::FEATURES;
use crate::error::{Error, Result};

/// The weights that are part of the program.
const BUNDLED: &str = include_str!("weights.json");
/// What the chunk of a file is chosen by: its cosine, its text and its definition score (as shares of the query's idf), whether a
/// definition that the query names begins in it (twice for a type), its cosine by the large model.
const CHUNK_FEATURES: [&str; 5] = ["embedding", "text", "definitions", "named", "model"];

/// Parameters of BM25F (Robertson, Zaragoza & Taylor 2004): term frequencies of the fields are weighted
/// and added before they saturate.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bm25 {
    /// Saturation of term frequency.
    pub k1: f32,
    /// Share of length normalisation in the text.
    pub b: f32,
    /// Weight of an occurrence in the path.
    pub path: f32,
    /// Weight of an occurrence in the name of a definition.
    pub symbols: f32,
    /// Weight of an occurrence in a doc comment or heading.
    pub docs: f32,
}

/// All that ranking depends on besides the index and the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The text score.
    pub bm25: Bm25,
    /// Weight of each feature of a file, in the order of [`FEATURES`].
    pub weights: [f32; FEATURES.len()],
    /// The same where a large model takes part.
    pub weights_with_model: [f32; FEATURES.len()],
    /// What is added to these weights if the query is a report: what it describes lies anywhere, but seldom in the tests.
    pub report: [f32; FEATURES.len()],
    /// Weights by which the chunk of a file is chosen: of its cosine, its text, its definitions, names, and the large model's cosine.
    pub chunk: [f32; 5],
    /// Weight of each feature of a definition, in the order of [`DEFINITION_FEATURES`].
    pub definition: [f32; DEFINITION_FEATURES.len()],
    /// So many of the first hits are judged by single tokens, if the large model gives them.
    pub late: usize,
    /// How many chunks each retriever brings.
    pub candidates: usize,
}

impl Default for Ranking {
    /// The weights that cogo comes with. Those of files were fitted on the development half of the code_search set, cross-validated by
    /// repository (see `docs/quality.md`). Those with a model were chosen with MiniLM on the same half and on prose; the weights of
    /// words and tokens are a guess, because no model that gives them could be had.
    fn default() -> Self {
        static READ: LazyLock<Ranking> =
            LazyLock::new(|| Ranking::from_json(BUNDLED).expect("a test reads the bundled weights"));
        READ.clone()
    }
}

impl Ranking {
    /// Reads weights in the form of `weights.json`: by name, all of them. Under `with_model` stands only what is different where a
    /// large model takes part, under `report` what is added.
    ///
    /// # Errors
    /// [`Error::Ranking`] if a name is missing or unknown, or a number is none.
    pub fn from_json(text: &str) -> Result<Self> {
        let written: Written = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        let files = named("files", &FEATURES, &written.files, None)?;
        Ok(Ranking {
            bm25: written.bm25,
            weights: files,
            weights_with_model: named("with_model", &FEATURES, &written.with_model, Some(files))?,
            report: named("report", &FEATURES, &written.report, Some([0.0; FEATURES.len()]))?,
            chunk: named("chunk", &CHUNK_FEATURES, &written.chunk, None)?,
            definition: named("definition", &DEFINITION_FEATURES, &written.definition, None)?,
            late: written.late,
            candidates: written.candidates,
        })
    }
}

/// [`Ranking`], as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    bm25: Bm25,
    files: BTreeMap<String, f32>,
    with_model: BTreeMap<String, f32>,
    report: BTreeMap<String, f32>,
    chunk: BTreeMap<String, f32>,
    definition: BTreeMap<String, f32>,
    late: usize,
    candidates: usize,
}

/// The weights of `names` in their order; those that are not written are as in `otherwise`, if there is one.
fn named<const N: usize>(
    group: &str,
    names: &[&str; N],
    written: &BTreeMap<String, f32>,
    otherwise: Option<[f32; N]>,
) -> Result<[f32; N]> {
    if let Some(unknown) = written.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(wrong(&format!("`{group}` has no feature `{unknown}`")));
    }
    let mut weights = otherwise.unwrap_or([f32::NAN; N]);
    for (weight, name) in weights.iter_mut().zip(names) {
        if let Some(written) = written.get(*name) {
            *weight = *written;
        }
        if !weight.is_finite() {
            return Err(wrong(&format!("`{group}` says nothing of `{name}`")));
        }
    }
    Ok(weights)
}

fn wrong(reason: &str) -> Error {
    Error::Ranking { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_weights_are_whole() {
        let ranking = Ranking::from_json(BUNDLED).expect("they are well-formed");
        assert_eq!(ranking.weights[0], 0.85);
        assert_eq!(ranking.weights_with_model[0], ranking.weights[0]);
        assert_ne!(ranking.weights_with_model[1], ranking.weights[1]);
    }

    #[test]
    fn names_are_checked() {
        let error = |from: &str, to: &str| {
            let text = BUNDLED.replacen(from, to, 1);
            Ranking::from_json(&text).expect_err("it is wrong").to_string()
        };
        assert!(error("\"embedding_share\"", "\"embeding_share\"").contains("embeding_share"));
        assert!(error("\"mentions\": 1.3,", "").contains("says nothing of `mentions`"));
        assert!(!error("0.85", "1e99").is_empty(), "no number of four bytes is so large");
    }
}
