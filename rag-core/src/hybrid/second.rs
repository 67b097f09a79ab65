//! The second opinion: what a large model says of query and chunks, as far as its vectors are made already.

use std::sync::{Arc, OnceLock};

use super::features::Candidate;
use super::query::Coverage;
use crate::embedding::{Encoder, Role};
use crate::error::{Error, Result};
use crate::store::{LiveSegment, Row, Vectors};
use crate::vector::QuantizedQuery;

/// Stands for "no vector yet".
const NO_ROW: Row = Row { part: u32::MAX, row: 0 };

/// A model and what it made of the searched repositories.
pub(super) struct Second {
    encoder: Arc<dyn Encoder>,
    /// per repository
    vectors: Vec<Arc<Vectors>>,
    /// per segment and chunk
    rows: OnceLock<Vec<Vec<Row>>>,
}

/// What the model says of one query.
pub(super) struct SecondScores<'s> {
    second: &'s Second,
    late: Vec<f32>,
    /// per segment and chunk: cosine; not a number where there is no vector yet
    pub dense: Vec<Vec<f32>>,
    /// per segment and chunk: Σ of weights of common words; empty if the model gives none
    pub sparse: Vec<Vec<f32>>,
    pub coverage: Coverage,
}

impl Second {
    pub(super) fn new(encoder: Arc<dyn Encoder>, vectors: Vec<Arc<Vectors>>) -> Self {
        Second { encoder, vectors, rows: OnceLock::new() }
    }

    /// Reads the query with the model; this is what loads it.
    pub(super) fn of_text(
        &self,
        segments: &[&LiveSegment],
        repositories: &[usize],
        text: &str,
    ) -> Result<SecondScores<'_>> {
        let mut encodings = self.encoder.encode(&[text], Role::Query)?;
        let encoding = encodings.pop().unwrap_or_default();
        self.scores(segments, repositories, encoding.dense, &encoding.sparse, encoding.late)
    }

    /// Takes a chunk's own vector for the query; `None` if it has none yet. Does not load the model.
    pub(super) fn of_chunk(
        &self,
        segments: &[&LiveSegment],
        repositories: &[usize],
        segment: usize,
        chunk: u32,
    ) -> Option<Result<SecondScores<'_>>> {
        let hash = segments[segment].segment.passage_hash(chunk);
        let vector = self.vectors[repositories[segment]].dense(hash)?;
        Some(self.scores(segments, repositories, vector, &[], Vec::new()))
    }

    /// `repositories` holds the repository of every segment.
    fn scores(
        &self,
        segments: &[&LiveSegment],
        repositories: &[usize],
        dense: Vec<f32>,
        sparse: &[(u32, f32)],
        late: Vec<f32>,
    ) -> Result<SecondScores<'_>> {
        if !self.vectors.iter().all(|vectors| vectors.fits(dense.len())) {
            let reason = format!("it makes vectors of length {}, the stored ones have another", dense.len());
            return Err(Error::Model { name: self.encoder.id().to_owned(), reason });
        }
        let rows = self.rows.get_or_init(|| {
            let of_chunk = |vectors: &Vectors, live: &LiveSegment, chunk: u32| match live.is_live(chunk) {
                true => vectors.row(live.segment.passage_hash(chunk)).unwrap_or(NO_ROW),
                false => NO_ROW,
            };
            let of_segment = |(live, &repository): (&&LiveSegment, &usize)| {
                let chunks = 0..live.segment.chunks.len() as u32;
                chunks.map(|chunk| of_chunk(&self.vectors[repository], live, chunk)).collect()
            };
            segments.iter().zip(repositories).map(of_segment).collect()
        });
        let query = QuantizedQuery::new(dense);
        let words: Vec<Vec<Vec<f32>>> = self.vectors.iter().map(|vectors| vectors.sparse_scores(sparse)).collect();
        let has_words = words.iter().flatten().any(|part| !part.is_empty());
        let mut scores = SecondScores {
            second: self,
            late,
            dense: Vec::with_capacity(segments.len()),
            sparse: Vec::new(),
            coverage: Coverage { model: self.encoder.id().to_owned(), chunks: 0, covered: 0 },
        };
        for ((rows, &repository), live) in rows.iter().zip(repositories).zip(segments) {
            let vectors = &self.vectors[repository];
            scores.coverage.chunks += live.live_chunks();
            scores.coverage.covered += rows.iter().filter(|row| **row != NO_ROW).count() as u64;
            let cosine = |row: &Row| if *row == NO_ROW { f32::NAN } else { vectors.estimate(&query, *row) };
            scores.dense.push(rows.iter().map(cosine).collect());
            if has_words {
                let weight = |row: &Row| match words[repository].get(row.part as usize) {
                    Some(part) => part.get(row.row as usize).copied().unwrap_or(0.0),
                    None => 0.0,
                };
                scores.sparse.push(rows.iter().map(weight).collect());
            }
        }
        Ok(scores)
    }
}

impl SecondScores<'_> {
    /// How well the tokens of the chunk to show match those of the query, one by one.
    pub(super) fn late(&self, repository: usize, candidate: &Candidate) -> Option<f32> {
        if self.late.is_empty() {
            return None;
        }
        let row = self.row(candidate.segment, candidate.chunk)?;
        self.second.vectors[repository].late_score(&self.late, row)
    }

    pub(super) fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    fn row(&self, segment: usize, chunk: u32) -> Option<Row> {
        let rows = self.second.rows.get()?;
        rows.get(segment)?.get(chunk as usize).copied().filter(|row| *row != NO_ROW)
    }
}
