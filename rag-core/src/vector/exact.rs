//! The exact scan: every vector by int8, the best by f32. Of many vectors, first which are worth it.

use std::ops::Range;
use std::sync::OnceLock;

use super::sketch::{SketchedQuery, Sketches};
use super::{Neighbour, QuantizedQuery, QuantizedVectors, VectorIndex};

/// How many more candidates than asked for are rescored: int8 errs by less than the gap this bridges
/// (recall 1.000 on every repository measured).
const SLACK: usize = 16;
/// Up to so many vectors all are looked at closely; of more, those that are chosen by their sketches.
const ALL: usize = 16_384;
/// So many per neighbour that is asked for are chosen by signs, and of these so many by signs and sizes. Of the 200 nearest of 114,705 real
/// chunks .9988 are among the first, of the 20 nearest all; the second choice loses less than .0005 of them.
const BY_SIGNS: usize = 20;
const BY_SIZES: usize = 6;

/// Scans all vectors of a segment. Needs no building, and allows any filter at no cost.
pub struct ExactIndex {
    vectors: QuantizedVectors,
    /// made when first needed, by a process that asks about many vectors
    sketches: OnceLock<Sketches>,
}

impl ExactIndex {
    /// An index over stored vectors.
    pub fn new(vectors: QuantizedVectors) -> Self {
        ExactIndex { vectors, sketches: OnceLock::new() }
    }

    fn sketches(&self) -> &Sketches {
        self.sketches.get_or_init(|| Sketches::of(&self.vectors))
    }
}

impl VectorIndex for ExactIndex {
    fn nearest(&self, query: &QuantizedQuery, k: usize, keep: &(dyn Fn(u32) -> bool + Sync)) -> Vec<Neighbour> {
        let parts = [(self, runs((0..self.vectors.len() as u32).filter(|&chunk| keep(chunk))))];
        let mut neighbours: Vec<Neighbour> =
            nearest_of(&parts, query, k).into_iter().map(|(_, neighbour)| neighbour).collect();
        neighbours.sort_unstable_by(by_score);
        neighbours.truncate(k);
        neighbours
    }
}

/// Neighbouring chunks, in order, as ranges.
pub fn runs(chunks: impl IntoIterator<Item = u32>) -> Vec<Range<u32>> {
    let mut runs: Vec<Range<u32>> = Vec::new();
    for chunk in chunks {
        match runs.last_mut() {
            Some(run) if run.end == chunk => run.end += 1,
            _ => runs.push(chunk..chunk + 1),
        }
    }
    runs
}

/// At least the `k` nearest to `query` among the given chunks of several segments, each with the place of its segment in `parts`; in no
/// particular order. Which they are does not depend on how vectors are spread over segments, as every choice is made over
/// all of them, and what is as good as the last is kept.
pub fn nearest_of(
    parts: &[(&ExactIndex, Vec<Range<u32>>)],
    query: &QuantizedQuery,
    k: usize,
) -> Vec<(usize, Neighbour)> {
    let all: usize = parts.iter().flat_map(|(_, runs)| runs).map(ExactSizeIterator::len).sum();
    let near: Vec<Vec<u32>> = if all <= ALL.max(BY_SIGNS * k) {
        parts.iter().map(|(_, runs)| runs.iter().cloned().flatten().collect()).collect()
    } else {
        promising(parts, query, k)
    };
    let mut found: Vec<(usize, Neighbour)> = Vec::with_capacity(near.iter().map(Vec::len).sum());
    for (part, (chunks, (index, _))) in near.iter().zip(parts).enumerate() {
        let estimates = index.vectors.estimates(query, chunks);
        found.extend(estimates.zip(chunks).map(|(score, &chunk)| (part, Neighbour { chunk, score })));
    }
    if let Some(last) = (k + SLACK).checked_sub(1).filter(|last| *last < found.len()) {
        let (_, (_, last), _) = found.select_nth_unstable_by(last, |a, b| b.1.score.total_cmp(&a.1.score));
        let least = last.score;
        found.retain(|(_, neighbour)| neighbour.score >= least);
    }
    let mut scratch = Vec::new();
    for (part, neighbour) in &mut found {
        neighbour.score = parts[*part].0.vectors.score(query, neighbour.chunk, &mut scratch);
    }
    found
}

/// The chunks of each part that may be among the `k` nearest, by their sketches.
fn promising(parts: &[(&ExactIndex, Vec<Range<u32>>)], query: &QuantizedQuery, k: usize) -> Vec<Vec<u32>> {
    let query = SketchedQuery::new(query);
    let mut estimates = Vec::with_capacity(parts.iter().flat_map(|(_, runs)| runs).map(ExactSizeIterator::len).sum());
    for (index, runs) in parts {
        runs.iter().for_each(|run| index.sketches().estimate(&query, run.clone(), &mut estimates));
    }
    let least = nth_largest(&estimates, (BY_SIGNS * k).max(ALL / 16), query.bound());
    let mut rest = &*estimates;
    let mut near: Vec<Vec<u32>> = Vec::with_capacity(parts.len());
    for (_, runs) in parts {
        let mut chunks = Vec::new();
        for run in runs {
            let (here, after) = rest.split_at(run.len());
            chunks.extend(run.clone().zip(here).filter(|(_, estimate)| **estimate >= least).map(|(chunk, _)| chunk));
            rest = after;
        }
        near.push(chunks);
    }
    let mut closer = Vec::new();
    for ((index, _), chunks) in parts.iter().zip(&near) {
        index.sketches().estimate_closer(&query, chunks, &mut closer);
    }
    let mut sorted = closer.clone();
    let Some(last) = (BY_SIZES * k).max(ALL / 32).min(sorted.len()).checked_sub(1) else { return near };
    let (_, least, _) = sorted.select_nth_unstable_by(last, |a, b| b.cmp(a));
    let mut closer = closer.iter();
    for chunks in &mut near {
        chunks.retain(|_| closer.next().is_some_and(|estimate| estimate >= least));
    }
    near
}

/// The `n`th largest of numbers between −`bound` and `bound`, by counting.
fn nth_largest(numbers: &[i32], n: usize, bound: i32) -> i32 {
    let mut counts = vec![0usize; 2 * bound as usize + 1];
    for number in numbers {
        counts[(number + bound) as usize] += 1;
    }
    let mut larger = 0;
    for number in (-bound..=bound).rev() {
        larger += counts[(number + bound) as usize];
        if larger >= n {
            return number;
        }
    }
    -bound
}

/// Best score first, ties by chunk.
pub(super) fn by_score(a: &Neighbour, b: &Neighbour) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk))
}

#[cfg(test)]
pub(super) mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::embedding::normalise;
    use crate::store::container::{Container, ContainerWriter};
    use crate::vector::Quantizer;

    /// A vector of length 1 that depends on `seed` alone.
    pub(in crate::vector) fn unit(seed: u64, dimensions: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let mut vector: Vec<f32> = (0..dimensions).map(|_| next() + next() + next()).collect();
        normalise(&mut vector);
        vector
    }

    /// Vectors as a segment stores them.
    pub(in crate::vector) fn stored(quantizer: Quantizer, dimensions: usize) -> (TempDir, QuantizedVectors) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("vectors");
        let mut writer = ContainerWriter::create(&path, 0).expect("create");
        for (name, content) in quantizer.sections() {
            writer.section(name, &[content]).expect("write");
        }
        let digest = writer.finish().expect("finish");
        let container = Container::open(&path, 0, Some(digest)).expect("open");
        let stored = QuantizedVectors::open(&container, dimensions, quantizer.len()).expect("whole");
        (folder, stored)
    }

    #[test]
    fn the_nearest_do_not_depend_on_the_segments() {
        const COUNT: u64 = 18_000;
        let vectors: Vec<Vec<f32>> = (0..COUNT).map(|seed| unit(seed % (COUNT - 500), 256)).collect();
        let index_of = |vectors: &[Vec<f32>]| {
            let mut quantizer = Quantizer::new(256);
            vectors.iter().for_each(|vector| quantizer.push(vector));
            let (folder, stored) = stored(quantizer, 256);
            (folder, ExactIndex::new(stored))
        };
        let (_one, whole) = index_of(&vectors);
        let (_two, first) = index_of(&vectors[..5_000]);
        let (_three, second) = index_of(&vectors[5_000..]);
        for seed in 0..20 {
            let near: Vec<f32> = vectors[seed * 500].iter().zip(unit(1 << 40, 256)).map(|(a, b)| a + 0.7 * b).collect();
            let query = QuantizedQuery::new(near);
            let sorted = |parts: &[(&ExactIndex, Vec<Range<u32>>)], starts: &[u32]| {
                let found = nearest_of(parts, &query, 50);
                let mut found: Vec<(u32, u32)> =
                    found.iter().map(|(part, n)| (starts[*part] + n.chunk, n.score.to_bits())).collect();
                found.sort_unstable();
                found
            };
            let of_whole = sorted(&[(&whole, runs(0..COUNT as u32))], &[0]);
            let of_parts = sorted(&[(&first, runs(0..5_000)), (&second, vec![0..3_000, 3_000..13_000])], &[0, 5_000]);
            assert_eq!(of_whole, of_parts);
            assert!(of_whole.len() >= 50);
            // The nearest is there, by a scan without sketches.
            let cosine = |vector: &Vec<f32>| -> f32 { vector.iter().zip(query.vector()).map(|(a, b)| a * b).sum() };
            let best = (0..COUNT as u32)
                .max_by(|a, b| cosine(&vectors[*a as usize]).total_cmp(&cosine(&vectors[*b as usize])).then(b.cmp(a)));
            assert_eq!(whole.nearest(&query, 50, &|_| true).first().map(|n| n.chunk), best);
        }
    }

    #[test]
    fn runs_are_ranges() {
        assert_eq!(runs([0, 1, 2, 5, 7, 8]), [0..3, 5..6, 7..9]);
        assert!(runs([]).is_empty());
        assert_eq!(nth_largest(&[3, -5, 3, 1], 2, 5), 3);
        assert_eq!(nth_largest(&[3, -5, 3, 1], 3, 5), 1);
        assert_eq!(nth_largest(&[3, -5], 7, 5), -5);
    }
}
