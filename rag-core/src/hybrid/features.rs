//! What is known of a candidate file: the terms of the ranking formula.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::lexical::LexicalScores;
use crate::analysis::{Lexicon, for_each_word};
use crate::bm25::Field;
use crate::document::{FileRole, path_stem};
use crate::error::Result;
use crate::store::{LiveSegment, Snapshot};

/// Names of the features, in the order of [`FeatureRow`] and of the weights.
///
/// Scores of a file are the best of its chunks; those of the query's best file are called *best*.
pub const FEATURES: [&str; 19] = [
    // the file's share of the 50 nearest chunks, relative to the largest such share
    "embedding_share",
    // cosine of the file's nearest chunk, minus that of the best
    "embedding_gap",
    // BM25F over text and path, relative to the best
    "text",
    // every word of the file's name is in the query
    "stem_matched",
    // share of the query's idf that the path covers
    "path_coverage",
    // the file defines a type that the query names; more if that is the query
    "names_type",
    // BM25 over the names that the file defines, relative to the best
    "definitions",
    // log of the number of files that mention the file's name, relative to log of all
    "mentions",
    // the file is a test
    "test",
    // the file is an example or benchmark
    "example",
    // folders below the shallowest candidate
    "depth",
    // the file's share of the 50 best text chunks, relative to the largest such share
    "text_share",
    // cosine of the file's first chunk
    "head",
    // the file is legacy code, or a sibling folder holds a newer version of it
    "superseded",
    // how often a walk over concepts that starts at the hits comes by: root of its share of the largest; prose only
    "concepts",
    // how much more often than usual a walk along the code's links that starts at the hits comes by: root of its share of
    // the largest; reports only
    "linked",
    // the large model's cosine of the file's nearest chunk, minus that of the best
    "model_gap",
    // the large model's word weights: of the file's best chunk, relative to the best
    "model_words",
    // MaxSim over the large model's token vectors of the chunk to show, minus that of the best; for the first hits only
    "model_tokens",
];

/// Place of `test`.
pub(super) const TEST: usize = 8;
/// Place of `example`.
pub(super) const EXAMPLE: usize = 9;
/// Place of `linked`, which is known after a first ranking.
pub(super) const LINKED: usize = 15;
/// Place of `model_tokens`, likewise; it comes last.
pub(super) const MODEL_TOKENS: usize = FEATURES.len() - 1;

/// A type that is all that is asked for counts so much of one that is named among other words: however often a word like
/// `Workspace` stands in manifests, the type is meant.
const ALONE: f32 = 4.0;

/// Features that say something even if no word of the query stands anywhere: those of vectors, and what the file is for.
const WITHOUT_WORDS: [bool; FEATURES.len()] = {
    let mut without_words = [false; FEATURES.len()];
    let mut those = [0, 1, TEST, EXAMPLE, 12, 13, 16, 17, MODEL_TOKENS].as_slice();
    while let [first, rest @ ..] = those {
        without_words[*first] = true;
        those = rest;
    }
    without_words
};

/// A question in another language than the text has few words that occur anywhere, or none. Text scores are relative to the
/// best, so one such word would count as much as a whole question does; and without text scores depth and mentions of a file would
/// outweigh its meaning. Below this share of known words (by idf) all that counts less, by the square of the share.
const TRUSTED: f32 = 0.5;

/// Values of [`FEATURES`] for one file.
pub type FeatureRow = [f32; FEATURES.len()];

/// A file that may be a hit, with what the retrievers found in it.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Index among the searched segments.
    pub segment: usize,
    /// File in the segment.
    pub file: u32,
    /// Best cosine of its chunks.
    pub embedding: f32,
    /// Σ of its chunks' cosines among the 50 nearest.
    pub embedding_mass: f32,
    /// Cosine of its first chunk.
    pub head: f32,
    /// Σ of its chunks' text scores among the 50 best.
    pub text_mass: f32,
    /// Best text score of its chunks.
    pub text: f32,
    /// Best definition score of its chunks.
    pub definitions: f32,
    /// Best cosine of its chunks by the large model; not a number if it has seen none.
    pub model: f32,
    /// Best sum of word weights of its chunks by the large model.
    pub model_words: f32,
    /// How often the walk over concepts comes by its best chunk.
    pub walked: f32,
    /// The chunk to show.
    pub chunk: u32,
}

/// The feature rows of `candidates`.
pub(super) fn rows(
    segments: &[&LiveSegment],
    versions: &Versions,
    known_mentions: &MentionCounts,
    lexical: &LexicalScores,
    candidates: &[Candidate],
) -> Result<Vec<FeatureRow>> {
    let best = |value: fn(&Candidate) -> f32| candidates.iter().map(value).fold(0f32, f32::max);
    let best_mass = best(|c| c.embedding_mass);
    let best_text_mass = best(|c| c.text_mass);
    let best_embedding = best(|c| c.embedding);
    let best_text = best(|c| c.text);
    let best_definitions = best(|c| c.definitions);
    let depth = |c: &Candidate| segments[c.segment].segment.path(c.file).matches('/').count() as f32;
    let shallowest = candidates.iter().map(depth).fold(f32::INFINITY, f32::min);
    let models = Calibrated::new(candidates);
    let best_model = best(|c| if c.model.is_nan() { 0.0 } else { c.model });
    let best_model_words = best(|c| c.model_words);
    let best_walked = best(|c| c.walked);
    let trust = (lexical.known / TRUSTED).min(1.0).powi(2);
    let mut mentions = Mentions::new(segments);
    candidates
        .iter()
        .map(|c| {
            let scores = &lexical.segments[c.segment];
            let file = c.file as usize;
            let segment = &segments[c.segment].segment;
            let stem_words = segment.files[file].stem_words;
            let role = segment.role(c.file);
            let mut row = [
                ratio(c.embedding_mass, best_mass),
                if best_embedding > 0.0 { c.embedding - best_embedding } else { 0.0 },
                ratio(c.text, best_text),
                flag(stem_words > 0 && scores.stem_matches[file] >= stem_words),
                ratio(scores.path_idf[file], lexical.idf_sum),
                flag(scores.names_type[file]) * if lexical.is_name { ALONE } else { 1.0 },
                ratio(c.definitions, best_definitions),
                mentions.of(known_mentions, c.segment, c.file)?,
                flag(role == FileRole::Test),
                flag(role == FileRole::Example),
                depth(c) - shallowest,
                ratio(c.text_mass, best_text_mass),
                c.head,
                flag(role == FileRole::Legacy || versions.is_superseded(segment.path(c.file))),
                ratio(c.walked, best_walked).sqrt(),
                0.0,
                models.of(c).map_or(0.0, |model| model.min(best_model) - best_model),
                ratio(c.model_words, best_model_words),
                0.0,
            ];
            row.iter_mut().zip(WITHOUT_WORDS).filter(|(_, kept)| !kept).for_each(|(value, _)| *value *= trust);
            Ok(row)
        })
        .collect()
}

/// The large model's cosines, and for files that it has not seen yet what it would probably say: the line through what
/// both models say of the others (least squares). A file must not win or lose because its turn has not come.
struct Calibrated {
    /// slope and offset; none if the model has seen no candidate
    line: Option<(f32, f32)>,
}

impl Calibrated {
    fn new(candidates: &[Candidate]) -> Self {
        let seen: Vec<(f32, f32)> =
            candidates.iter().filter(|c| !c.model.is_nan()).map(|c| (c.embedding, c.model)).collect();
        let count = seen.len() as f32;
        let mean = |value: fn(&(f32, f32)) -> f32| seen.iter().map(value).sum::<f32>() / count;
        let (mean_x, mean_y) = (mean(|seen| seen.0), mean(|seen| seen.1));
        let covariance: f32 = seen.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let variance: f32 = seen.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
        let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
        Calibrated { line: (!seen.is_empty()).then_some((slope, mean_y - slope * mean_x)) }
    }

    fn of(&self, candidate: &Candidate) -> Option<f32> {
        let (slope, offset) = self.line?;
        Some(if candidate.model.is_nan() { slope * candidate.embedding + offset } else { candidate.model })
    }
}

fn ratio(value: f32, best: f32) -> f32 {
    if best > 0.0 { value / best } else { 0.0 }
}

fn flag(condition: bool) -> f32 {
    f32::from(u8::from(condition))
}

/// Folders that hold versions of the same thing: `v3/` beside `v4/`.
#[derive(Clone, Default)]
pub(super) struct Versions {
    /// folder that holds versions, with its slash → the newest version in it
    newest: HashMap<String, u32>,
}

impl Versions {
    /// Takes note of the versions in `path`.
    pub(super) fn see(&mut self, path: &str) {
        for (folder, version) in versions(path) {
            match self.newest.get_mut(folder) {
                Some(newest) => *newest = version.max(*newest),
                None => drop(self.newest.insert(folder.to_owned(), version)),
            }
        }
    }

    /// Takes note of what others have seen.
    pub(super) fn see_all(&mut self, others: &Versions) {
        for (folder, version) in &others.newest {
            let newest = self.newest.entry(folder.clone()).or_insert(*version);
            *newest = (*newest).max(*version);
        }
    }

    fn is_superseded(&self, path: &str) -> bool {
        versions(path).any(|(folder, version)| self.newest.get(folder).is_some_and(|newest| version < *newest))
    }
}

/// Folders on `path` that are named `v` and a number: what they lie in, and the number.
fn versions(path: &str) -> impl Iterator<Item = (&str, u32)> {
    path.match_indices('/').filter_map(|(end, _)| {
        let start = path[..end].rfind('/').map_or(0, |slash| slash + 1);
        let number = path[start..end].strip_prefix('v')?.parse().ok()?;
        Some((&path[..start], number))
    })
}

/// Per segment and file: in how many files its name is mentioned, plus one; 0 where nobody has counted yet. Counting
/// costs a walk over postings, so it is done once per file that comes up, not for all when a searcher is made.
pub(super) struct MentionCounts {
    counts: Vec<Vec<AtomicU32>>,
    /// Number of all files, where the segments are a sample of them.
    files: Option<u64>,
}

impl MentionCounts {
    pub(super) fn none_yet<'s>(segments: impl Iterator<Item = &'s LiveSegment>) -> Self {
        let counts = segments.map(|live| live.live.iter().map(|_| AtomicU32::new(0)).collect()).collect();
        MentionCounts { counts, files: None }
    }

    /// What is known of segments of one file each, among so many files.
    pub(super) fn known(mentions: impl Iterator<Item = u32>, files: u64) -> Self {
        let counts = mentions.map(|count| vec![AtomicU32::new(count.saturating_add(1))]).collect();
        MentionCounts { counts, files: Some(files) }
    }
}

/// Per segment and file: in how many files the file's name is mentioned.
///
/// # Errors
/// If the text index is damaged.
pub fn mentions(snapshot: &Snapshot) -> Result<Vec<Vec<u32>>> {
    let segments: Vec<&LiveSegment> = snapshot.segments.iter().collect();
    let mut mentions = Mentions::new(&segments);
    // Many files share a name: `mod.rs`, `index.js`.
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut all = Vec::with_capacity(segments.len());
    for live in &segments {
        let mut of_segment = vec![0; live.live.len()];
        for (file, count) in of_segment.iter_mut().enumerate().filter(|(file, _)| live.live[*file]) {
            let path = live.segment.path(file as u32);
            let stem = path_stem(path);
            *count = match known.get(stem) {
                Some(count) => *count,
                None => *known.entry(stem).insert_entry(mentions.count(path)?).get(),
            };
        }
        all.push(of_segment);
    }
    Ok(all)
}

/// The term that stands in a text which mentions the file at `path` by its name.
pub(super) fn mention_term(lexicon: &mut Lexicon, path: &str) -> String {
    let stem = path_stem(path);
    let mut words = 0;
    for_each_word(stem, |_| words += 1);
    if words == 1 {
        return lexicon.query_terms(stem).into_iter().next().unwrap_or_default();
    }
    stem.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Counts in how many files the name of a file is mentioned: a measure of how central it is.
struct Mentions<'s> {
    segments: &'s [&'s LiveSegment],
    log_files: f32,
    lexicon: Lexicon,
}

impl<'s> Mentions<'s> {
    fn new(segments: &'s [&'s LiveSegment]) -> Self {
        let files: usize = segments.iter().map(|live| live.live.iter().filter(|live| **live).count()).sum();
        Mentions { segments, log_files: (1.0 + files as f32).ln(), lexicon: Lexicon::new() }
    }

    fn of(&mut self, known: &MentionCounts, segment: usize, file: u32) -> Result<f32> {
        let kept = &known.counts[segment][file as usize];
        let count = match kept.load(Ordering::Relaxed) {
            0 => {
                let count = self.count(self.segments[segment].segment.path(file))?;
                kept.store(count + 1, Ordering::Relaxed);
                count
            }
            known => known - 1,
        };
        let log_files = known.files.map_or(self.log_files, |files| (1.0 + files as f32).ln());
        Ok(if log_files > 0.0 { (1.0 + count as f32).ln() / log_files } else { 0.0 })
    }

    fn count(&mut self, path: &str) -> Result<u32> {
        let term = mention_term(&mut self.lexicon, path);
        let mut count = 0;
        for live in self.segments {
            let mut last = None;
            live.segment.postings.for_each(Field::Text, &term, |chunk, _| {
                let file = live.segment.chunks[chunk as usize].file;
                if last != Some(file) && live.is_live(chunk) {
                    last = Some(file);
                    count += 1;
                }
            })?;
        }
        Ok(count)
    }
}
