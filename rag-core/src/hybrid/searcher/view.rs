//! What a query may see.

use std::cmp::Ordering;
use std::ops::Range;

use crate::hybrid::features::Candidate;
use crate::hybrid::filter::CompiledFilter;
use crate::store::LiveSegment;
use crate::vector::runs;

/// What a query may see.
pub(super) struct View<'v> {
    pub(super) segments: &'v [&'v LiveSegment],
    filter: &'v CompiledFilter,
    /// per segment, per file
    admitted: &'v [Vec<bool>],
    /// per segment: whether all of it is admitted
    whole: Vec<bool>,
}

impl<'v> View<'v> {
    pub(super) fn new(segments: &'v [&'v LiveSegment], filter: &'v CompiledFilter, admitted: &'v [Vec<bool>]) -> Self {
        let whole = admitted.iter().map(|files| !filter.by_kind() && files.iter().all(|file| *file)).collect();
        View { segments, filter, admitted, whole }
    }

    pub(super) fn admits(&self, segment: usize, chunk: u32) -> bool {
        if self.whole[segment] {
            return true;
        }
        let index = &self.segments[segment].segment;
        let file = index.chunks[chunk as usize].file;
        self.admitted[segment][file as usize] && (!self.filter.by_kind() || self.filter.admits_chunk(index, chunk))
    }

    /// The chunks of a segment that are admitted.
    pub(super) fn runs(&self, segment: usize) -> Vec<Range<u32>> {
        let index = &self.segments[segment].segment;
        if self.whole[segment] {
            return std::iter::once(0..index.chunks.len() as u32).collect();
        }
        if self.filter.by_kind() {
            return runs((0..index.chunks.len() as u32).filter(|&chunk| self.admits(segment, chunk)));
        }
        let files = (0..index.files.len() as u32).filter(|&file| self.admitted[segment][file as usize]);
        let mut runs: Vec<Range<u32>> = Vec::new();
        for chunks in files.map(|file| index.chunks_of(file)) {
            match runs.last_mut() {
                Some(run) if run.end == chunks.start => run.end = chunks.end,
                _ => runs.push(chunks),
            }
        }
        runs
    }

    /// Order of candidates that does not depend on how files are spread over segments.
    pub(super) fn by_path(&self, a: &Candidate, b: &Candidate) -> Ordering {
        let path = |c: &Candidate| self.segments[c.segment].segment.path(c.file);
        path(a).cmp(path(b)).then(a.segment.cmp(&b.segment))
    }

    /// Candidates in that order.
    pub(super) fn sort_by_path(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let path = |c: &Candidate| self.segments[c.segment].segment.path(c.file);
        // A path is validated whenever it is read.
        let mut keyed: Vec<(&str, Candidate)> = candidates.into_iter().map(|c| (path(&c), c)).collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(b.0).then(a.1.segment.cmp(&b.1.segment)));
        keyed.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// Keeps the `k` best chunks, best first; ties by path and place in the file.
    pub(super) fn keep_best(&self, scored: &mut Vec<(f32, usize, u32)>, k: usize) {
        let order = |a: &(f32, usize, u32), b: &(f32, usize, u32)| {
            b.0.total_cmp(&a.0).then_with(|| self.place(a.1, a.2).cmp(&self.place(b.1, b.2)))
        };
        if k > 0 && scored.len() > k {
            scored.select_nth_unstable_by(k - 1, order);
        }
        scored.truncate(k);
        scored.sort_unstable_by(order);
    }

    /// The best of all admitted chunks by scores per segment and chunk; what has none is left out.
    pub(super) fn best_of(&self, scores: &[Vec<f32>], k: usize) -> Vec<(f32, usize, u32)> {
        let chunks = scores.iter().enumerate().flat_map(|(segment, scores)| {
            (0..scores.len() as u32).map(move |chunk| (scores[chunk as usize], segment, chunk))
        });
        let known = chunks.filter(|&(score, segment, chunk)| score > 0.0 && self.admits(segment, chunk));
        let mut best: Vec<(f32, usize, u32)> = known.collect();
        self.keep_best(&mut best, k);
        best
    }

    pub(super) fn place(&self, segment: usize, chunk: u32) -> (&str, u32, usize) {
        let index = &self.segments[segment].segment;
        let record = &index.chunks[chunk as usize];
        (index.path(record.file), record.start, segment)
    }
}
