//! Candidates: the best chunks of each retriever, and the files that they lie in.

use hashbrown::HashMap;

use super::Searcher;
use super::view::View;
use crate::error::Result;
use crate::hybrid::features::Candidate;
use crate::hybrid::lexical::LexicalScores;
use crate::hybrid::query::Mode;
use crate::hybrid::second::SecondScores;
use crate::vector::{QuantizedQuery, VectorIndex, nearest_of};

/// Chunks that count for a file's share of the nearest.
const SHARE_OF: usize = 50;

/// The best chunks of each retriever: score, segment, chunk.
#[derive(Default)]
pub(super) struct Found {
    pub(super) nearest: Vec<(f32, usize, u32)>,
    pub(super) texts: Vec<(f32, usize, u32)>,
    /// By the large model and by walking, whose scores are looked up again.
    pub(super) passages: Vec<(usize, u32)>,
}

impl Searcher {
    /// The best chunks of each retriever.
    pub(super) fn retrieve(
        &self,
        view: &View,
        lexical: &LexicalScores,
        vector: Option<&QuantizedQuery>,
        second: Option<&SecondScores>,
        mode: Mode,
    ) -> Result<Found> {
        let mut found = Found::default();
        if let Some(vector) = vector {
            let mut scanned = Vec::new();
            let mut segments = Vec::new();
            for (index, live) in view.segments.iter().enumerate() {
                let folder = &self.repositories[self.repository_of(index)].snapshot.folder;
                let Some(hnsw) = live.segment.hnsw_index(folder) else {
                    scanned.push((live.segment.exact_index(), view.runs(index)));
                    segments.push(index);
                    continue;
                };
                let neighbours = hnsw.nearest(vector, self.ranking.candidates, &|chunk| view.admits(index, chunk));
                found.nearest.extend(neighbours.iter().map(|n| (n.score, index, n.chunk)));
            }
            let neighbours = nearest_of(&scanned, vector, self.ranking.candidates);
            found.nearest.extend(neighbours.iter().map(|(part, n)| (n.score, segments[*part], n.chunk)));
            view.keep_best(&mut found.nearest, self.ranking.candidates);
        }
        if mode != Mode::Semantic {
            for (index, scores) in lexical.segments.iter().enumerate() {
                let admitted = scores.touched.iter().filter(|&&chunk| view.admits(index, chunk));
                found.texts.extend(admitted.map(|&chunk| (scores.text[chunk as usize], index, chunk)));
            }
            view.keep_best(&mut found.texts, self.ranking.candidates);
        }
        if let Some(second) = second {
            for scores in [&second.dense, &second.sparse] {
                let best = view.best_of(scores, self.ranking.candidates);
                found.passages.extend(best.iter().map(|&(_, segment, chunk)| (segment, chunk)));
            }
        }
        Ok(found)
    }

    /// The files of what was found, with what was found in them.
    pub(super) fn candidates(
        &self,
        view: &View,
        lexical: &LexicalScores,
        vector: Option<&QuantizedQuery>,
        second: Option<&SecondScores>,
        found: &Found,
    ) -> Vec<Candidate> {
        let Found { nearest, texts, passages } = found;
        let scored = nearest.iter().chain(texts).map(|&(_, segment, chunk)| (segment, chunk));
        let mut by_file: HashMap<(usize, u32), Candidate> = HashMap::new();
        for (segment, chunk) in scored.chain(passages.iter().copied()) {
            let file = view.segments[segment].segment.chunks[chunk as usize].file;
            by_file.entry((segment, file)).or_insert(Candidate {
                segment,
                file,
                embedding: 0.0,
                embedding_mass: 0.0,
                head: 0.0,
                text_mass: 0.0,
                text: 0.0,
                definitions: 0.0,
                model: f32::NAN,
                model_words: 0.0,
                walked: 0.0,
                chunk,
            });
        }
        for &(score, segment, chunk) in nearest.iter().take(SHARE_OF) {
            let file = view.segments[segment].segment.chunks[chunk as usize].file;
            if let Some(candidate) = by_file.get_mut(&(segment, file)) {
                candidate.embedding_mass += score.max(0.0);
            }
        }
        for &(score, segment, chunk) in texts.iter().take(SHARE_OF) {
            let file = view.segments[segment].segment.chunks[chunk as usize].file;
            if let Some(candidate) = by_file.get_mut(&(segment, file)) {
                candidate.text_mass += score.max(0.0);
            }
        }
        let exact: HashMap<(usize, u32), f32> =
            nearest.iter().map(|&(score, segment, chunk)| ((segment, chunk), score)).collect();
        let mut candidates: Vec<Candidate> = by_file.into_values().collect();
        for candidate in &mut candidates {
            self.look_into(view, lexical, vector, second, &exact, candidate);
        }
        view.sort_by_path(candidates)
    }

    /// Fills in the best scores of a file's chunks and chooses the chunk to show.
    pub(super) fn look_into(
        &self,
        view: &View,
        lexical: &LexicalScores,
        vector: Option<&QuantizedQuery>,
        second: Option<&SecondScores>,
        exact: &HashMap<(usize, u32), f32>,
        candidate: &mut Candidate,
    ) {
        let segment = &view.segments[candidate.segment].segment;
        let scores = &lexical.segments[candidate.segment];
        let [w_embedding, w_text, w_definitions, w_named, w_model] = self.ranking.chunk;
        let mut best = f32::NEG_INFINITY;
        for chunk in segment.chunks_of(candidate.file) {
            if !view.admits(candidate.segment, chunk) {
                continue;
            }
            let embedding = match (vector, exact.get(&(candidate.segment, chunk))) {
                (_, Some(score)) => *score,
                (Some(vector), None) => segment.vectors.estimate(vector, chunk),
                (None, None) => 0.0,
            };
            let text = scores.text[chunk as usize];
            let definitions = scores.definitions[chunk as usize];
            candidate.embedding = candidate.embedding.max(embedding);
            if chunk == segment.chunks_of(candidate.file).start {
                candidate.head = embedding;
            }
            candidate.text = candidate.text.max(text);
            candidate.definitions = candidate.definitions.max(definitions);
            let model = second.map_or(f32::NAN, |second| second.dense[candidate.segment][chunk as usize]);
            // `max` of a number and none is the number.
            candidate.model = candidate.model.max(model);
            if let Some(words) = second.and_then(|second| second.sparse.get(candidate.segment)) {
                candidate.model_words = candidate.model_words.max(words[chunk as usize]);
            }
            let idf_sum = lexical.idf_sum.max(1.0);
            let score = w_embedding * embedding
                + (w_text * text + w_definitions * definitions) / idf_sum
                + w_named * f32::from(scores.named[chunk as usize])
                + if model.is_nan() { w_model * embedding } else { w_model * model };
            if score > best {
                best = score;
                candidate.chunk = chunk;
            }
        }
    }
}
