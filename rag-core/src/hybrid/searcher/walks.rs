//! Walks from the first hits: over concepts to passages, along links to files.

use super::Searcher;
use super::view::View;
use crate::concepts::{ConceptGraph, Seed, concepts_of_query};
use crate::error::Result;
use crate::hybrid::features::{self, Candidate, FeatureRow};
use crate::store::LiveSegment;

/// Hits from which a walk over concepts starts.
const SEEDS: usize = 20;
/// Difference of scores that makes a start *e* times as likely.
const SEED_TEMPERATURE: f32 = 0.5;
/// Hits from which a walk along links starts, and difference of their scores that makes a start *e* times as likely.
const LINK_SEEDS: usize = 10;
const LINK_TEMPERATURE: f32 = 0.7;
/// Share of the hits that must be prose for a walk to be of use: on code it would lead away to the documents.
const PROSE_SHARE: f32 = 0.8;

/// The concepts of everything that is searched. A passage is a live chunk. Passages are numbered by path and place: sums
/// of floats depend on their order, and an answer must not depend on how files are spread over segments.
pub(super) struct Concepts {
    pub(super) graph: ConceptGraph,
    /// per passage: segment and chunk
    pub(super) places: Vec<(usize, u32)>,
    /// per segment and chunk: its passage; meaningless for dead chunks
    pub(super) passages: Vec<Vec<u32>>,
}

impl Concepts {
    pub(super) fn new(view: &View) -> Result<Self> {
        let mut places: Vec<(usize, u32)> = Vec::new();
        for (segment, live) in view.segments.iter().enumerate() {
            let chunks = 0..live.segment.chunks.len() as u32;
            places.extend(chunks.filter(|&chunk| live.is_live(chunk)).map(|chunk| (segment, chunk)));
        }
        places.sort_unstable_by(|a, b| view.place(a.0, a.1).cmp(&view.place(b.0, b.1)));
        let mut passages: Vec<Vec<u32>> = view.segments.iter().map(|live| vec![0; live.segment.chunks.len()]).collect();
        let mut mentions = Vec::new();
        for (&(segment, chunk), passage) in places.iter().zip(0..) {
            passages[segment][chunk as usize] = passage;
            let concepts = view.segments[segment].segment.concepts(chunk)?;
            mentions.extend(concepts.iter().map(|&concept| (concept, passage)));
        }
        Ok(Concepts { graph: ConceptGraph::new(places.len(), mentions), places, passages })
    }
}

/// How often a walk came by each passage.
pub(super) struct Walked<'s> {
    pub(super) visits: Vec<f32>,
    pub(super) concepts: &'s Concepts,
    /// The passages it came by most often: segment and chunk.
    pub(super) best: Vec<(usize, u32)>,
}

impl Searcher {
    /// Walks from the best candidates over concepts to passages; nothing if the question is not about prose.
    pub(super) fn walk(
        &self,
        view: &View,
        candidates: &[Candidate],
        scores: &[f32],
        question: &str,
    ) -> Result<Option<Walked<'_>>> {
        let mut best: Vec<usize> = (0..candidates.len()).collect();
        best.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        best.truncate(SEEDS);
        let is_prose = |candidate: &Candidate| {
            let concepts = view.segments[candidate.segment].segment.concepts(candidate.chunk);
            concepts.map(|concepts| !concepts.is_empty())
        };
        let mut prose = 0;
        for &index in &best {
            prose += usize::from(is_prose(&candidates[index])?);
        }
        if best.is_empty() || (prose as f32) < PROSE_SHARE * best.len() as f32 {
            return Ok(None);
        }
        let concepts = match self.concepts.get() {
            Some(concepts) => concepts,
            None => {
                let concepts = Concepts::new(view)?;
                self.concepts.get_or_init(|| concepts)
            }
        };
        let top = scores[best[0]];
        let seed = |&index: &usize| Seed {
            passage: concepts.passages[candidates[index].segment][candidates[index].chunk as usize],
            weight: ((scores[index] - top) / SEED_TEMPERATURE).exp(),
        };
        let seeds: Vec<Seed> = best.iter().map(seed).collect();
        let visits = concepts.graph.walk(&seeds, &concepts_of_query(question));
        let visited = visits.iter().zip(&concepts.places).map(|(&visits, &(segment, chunk))| (visits, segment, chunk));
        let admitted = |place: &(f32, usize, u32)| place.0 > 0.0 && view.admits(place.1, place.2);
        let mut passages: Vec<(f32, usize, u32)> = visited.filter(admitted).collect();
        view.keep_best(&mut passages, self.ranking.candidates);
        let best = passages.into_iter().map(|(_, segment, chunk)| (segment, chunk)).collect();
        Ok(Some(Walked { visits, concepts, best }))
    }

    /// Fills in how often a walk along the links from the best candidates comes by the others of their repository.
    pub(super) fn follow_links(
        &self,
        segments: &[&LiveSegment],
        candidates: &[Candidate],
        scores: &[f32],
        rows: &mut [FeatureRow],
    ) -> Result<()> {
        let mut best: Vec<usize> = (0..candidates.len()).collect();
        best.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let Some(&first) = best.first() else { return Ok(()) };
        best.truncate(LINK_SEEDS);
        for (repository, links) in self.links.iter().enumerate() {
            let own = |&&index: &&usize| self.repository_of(candidates[index].segment) == repository;
            if !best.iter().any(|index| own(&index)) {
                continue;
            }
            let links = links.get()?;
            let file =
                |index: usize| links.file(segments[candidates[index].segment].segment.path(candidates[index].file));
            let weight = |index: usize| f64::from((scores[index] - scores[first]) / LINK_TEMPERATURE).exp();
            let seeds = best.iter().filter(own).filter_map(|&index| Some((file(index)?, weight(index))));
            let walked = links.walk(&seeds.collect::<Vec<_>>());
            for index in (0..candidates.len()).filter(|index| own(&index)) {
                rows[index][features::LINKED] = file(index).map_or(0.0, |file| walked[file as usize].sqrt());
            }
        }
        Ok(())
    }
}
