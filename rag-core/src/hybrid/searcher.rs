//! The searcher: from a query to hits.

mod sample;

use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

use super::definitions::{self, Asked, DEFINITION_FEATURES, Definition, DefinitionRow, Ranked};
use super::features::{self, Candidate, FEATURES, FeatureRow, MentionCounts, Versions};
use super::filter::CompiledFilter;
use super::lexical::{self, Lengths, LexicalScores, Terms};
use super::links::{LinkSource, Links};
use super::query::{Hit, Mode, Query, SearchResult, Term, Unit};
use super::ranking::Ranking;
use super::report::Report;
use super::second::{Second, SecondScores};
use super::symbols;
use crate::concepts::{ConceptGraph, Seed, concepts_of_query};
use crate::embedding::{Embedder, Encoder, normalise};
use crate::error::{Error, Result};
use crate::store::catalog::Place;
use crate::store::{LiveSegment, Snapshot, Vectors};
use crate::symbol::Span;
use crate::vector::QuantizedQuery;

pub use sample::{Corpus, Plan, Sample, SampleFile};

/// Longest query, in bytes: beyond it lie pasted files, not questions.
const LONGEST_QUERY: usize = 64 << 10;
/// Most hits of one query.
const MOST_HITS: usize = 1000;
/// Chunks that count for a file's share of the nearest.
const SHARE_OF: usize = 50;
/// Hits from which a walk over concepts starts.
const SEEDS: usize = 20;
/// Difference of scores that makes a start *e* times as likely.
const SEED_TEMPERATURE: f32 = 0.5;
/// Hits from which a walk along links starts, and difference of their scores that makes a start *e* times as likely.
const LINK_SEEDS: usize = 10;
const LINK_TEMPERATURE: f32 = 0.7;
/// Share of the hits that must be prose for a walk to be of use: on code it would lead away to the documents.
const PROSE_SHARE: f32 = 0.8;

/// A repository to search.
#[derive(Clone)]
pub struct Repository {
    /// Its index.
    pub snapshot: Arc<Snapshot>,
    /// Only what lies within these files and folders (relative to the root) is found; empty for everything. Globs of a
    /// filter are relative to them.
    pub within: Vec<String>,
}

/// Answers queries over one or several repositories, all of one model. A frozen view: cheap to make, safe to share.
pub struct Searcher {
    repositories: Vec<Repository>,
    /// per repository: index of its first segment among all
    first_segment: Vec<usize>,
    lengths: Lengths,
    versions: Versions,
    mentions: MentionCounts,
    /// built when the first question about prose comes
    concepts: OnceLock<Concepts>,
    embedder: Arc<dyn Embedder>,
    second: Option<Second>,
    links: Vec<Links>,
    ranking: Ranking,
}

impl Searcher {
    /// A searcher over `repositories`.
    ///
    /// # Errors
    /// [`Error::Model`] if one of them was indexed with another model than `embedder`.
    pub fn new(repositories: Vec<Repository>, embedder: Arc<dyn Embedder>, ranking: Ranking) -> Result<Self> {
        for repository in &repositories {
            let model = &repository.snapshot.manifest.settings.model;
            if model != embedder.id() {
                let reason = format!("the index was made with `{model}`");
                return Err(Error::Model { name: embedder.id().to_owned(), reason });
            }
        }
        let mut first_segment = Vec::with_capacity(repositories.len());
        let mut segments = 0;
        for repository in &repositories {
            first_segment.push(segments);
            segments += repository.snapshot.segments.len();
        }
        let lengths = Lengths::of(repositories.iter().flat_map(|r| &r.snapshot.segments));
        let mut versions = Versions::default();
        let entries = repositories.iter().flat_map(|r| &r.snapshot.catalog);
        let indexed = entries.filter(|entry| matches!(entry.place, Place::Indexed { .. }));
        indexed.for_each(|entry| versions.see(&entry.path));
        let mentions = MentionCounts::none_yet(repositories.iter().flat_map(|r| &r.snapshot.segments));
        Ok(Searcher {
            repositories,
            first_segment,
            lengths,
            versions,
            mentions,
            concepts: OnceLock::new(),
            embedder,
            second: None,
            links: Vec::new(),
            ranking,
        })
    }

    /// Adds a large model and what it made of each repository, in their order.
    pub fn with_model(self, encoder: Arc<dyn Encoder>, vectors: Vec<Arc<Vectors>>) -> Self {
        debug_assert_eq!(vectors.len(), self.repositories.len());
        Searcher { second: Some(Second::new(encoder, vectors)), ..self }
    }

    /// Adds the links between the files of each repository, in their order.
    pub fn with_links(self, sources: Vec<LinkSource>) -> Self {
        debug_assert_eq!(sources.len(), self.repositories.len());
        let links = sources.into_iter().map(Links::new).collect();
        Searcher { links, ..self }
    }

    /// The repositories it searches.
    pub fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// Answers `query`.
    ///
    /// # Errors
    /// [`Error::Query`] if the query is empty, too long or has a bad filter; [`Error::Corrupt`] if the text of a hit
    /// turns out to be damaged.
    pub fn search(&self, query: &Query) -> Result<SearchResult> {
        check(query)?;
        let report = Report::read(&query.text).filter(|_| query.mode != Mode::Symbol);
        let terms = report.as_ref().map_or_else(|| Terms::new(&query.text), Terms::of_report);
        if query.mode == Mode::Symbol {
            return self.search_symbols(query, &terms);
        }
        let vector = (query.mode != Mode::Lexical).then(|| {
            let mut vector = vec![0.0; self.embedder.dimensions()];
            self.embedder.embed(&report.as_ref().map_or_else(|| query.text.clone(), Report::gist), &mut vector);
            QuantizedQuery::new(vector)
        });
        let (mut second, mut degraded) = (None, None);
        if let (Some(model), true) = (&self.second, query.mode != Mode::Lexical) {
            match model.of_text(&self.segments(), &self.repositories_of_segments(), &query.text) {
                Ok(scores) => second = Some(scores),
                // What works without the model goes on without it.
                Err(error) => degraded = Some(error.to_string()),
            }
        }
        let terms = Words { terms: &terms, is_report: report.is_some() };
        let result = self.rank(query, terms, vector.filter(|vector| !vector.is_zero()), second, None)?;
        Ok(SearchResult { degraded, ..result })
    }

    /// Finds what resembles the chunk at `line` (1-based) of the file `path` in `repository`; the file itself is left out.
    ///
    /// # Errors
    /// [`Error::Query`] if there is no such line.
    pub fn related(&self, repository: usize, path: &str, line: u32, query: &Query) -> Result<SearchResult> {
        let segments = self.segments();
        let range = self.segments_of(repository);
        let found = range.clone().find_map(|index| {
            let live = segments.get(index)?;
            let file = (0..live.live.len() as u32)
                .find(|&file| live.live[file as usize] && live.segment.path(file) == path)?;
            let chunk = live.segment.chunks_of(file).find(|&chunk| {
                let chunk = &live.segment.chunks[chunk as usize];
                (chunk.first_line..=chunk.last_line).contains(&line)
            })?;
            Some((index, file, chunk))
        });
        let Some((index, file, chunk)) = found else {
            return Err(Error::Query { reason: format!("nothing is indexed at `{path}:{line}`") });
        };
        let segment = &segments[index].segment;
        let record = &segment.chunks[chunk as usize];
        let text = segment.text(file)?;
        let text = text.slice(Span { start: record.start, end: record.end });
        let mut vector = segment.vectors.vector(chunk);
        normalise(&mut vector);
        let vector = (query.mode != Mode::Lexical).then(|| QuantizedQuery::new(vector));
        let model = self.second.as_ref().filter(|_| query.mode != Mode::Lexical);
        let second = model.and_then(|model| model.of_chunk(&segments, &self.repositories_of_segments(), index, chunk));
        let terms = Words { terms: &Terms::new(text), is_report: false };
        self.rank(query, terms, vector, second.transpose()?, Some((index, file)))
    }

    /// Every live segment, those of one repository after those of another.
    fn segments(&self) -> Vec<&LiveSegment> {
        self.repositories.iter().flat_map(|repository| &repository.snapshot.segments).collect()
    }

    /// Per segment, per file: whether it may be found.
    fn admitted(&self, segments: &[&LiveSegment], filter: &CompiledFilter) -> Vec<Vec<bool>> {
        let within = |index| &*self.repositories[self.repository_of(index)].within;
        segments.iter().enumerate().map(|(index, live)| filter.files(live, within(index))).collect()
    }

    fn segments_of(&self, repository: usize) -> std::ops::Range<usize> {
        let first = self.first_segment.get(repository).copied().unwrap_or(usize::MAX);
        let count = self.repositories.get(repository).map_or(0, |r| r.snapshot.segments.len());
        first..first.saturating_add(count)
    }

    fn repositories_of_segments(&self) -> Vec<usize> {
        let count = |(index, repository): (usize, &Repository)| vec![index; repository.snapshot.segments.len()];
        self.repositories.iter().enumerate().flat_map(count).collect()
    }

    fn repository_of(&self, segment: usize) -> usize {
        self.first_segment.partition_point(|first| *first <= segment) - 1
    }

    fn rank(
        &self,
        query: &Query,
        Words { terms, is_report }: Words,
        vector: Option<QuantizedQuery>,
        second: Option<SecondScores>,
        without: Option<(usize, u32)>,
    ) -> Result<SearchResult> {
        let segments = self.segments();
        let filter = CompiledFilter::new(&query.filter)?;
        let mut admitted = self.admitted(&segments, &filter);
        if let Some((segment, file)) = without {
            admitted[segment][file as usize] = false;
        }
        let view = View { segments: &segments, filter: &filter, admitted: &admitted };
        // Text statistics help the vectors too: path and file name are matched by words.
        let lexical = lexical::score(&segments, &self.lengths, terms, &self.ranking.bm25)?;
        let weights = self.weights(query.mode, second.is_some(), is_report);
        let score = |row: &FeatureRow| row.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<f32>();
        let found = self.retrieve(&view, &lexical, vector.as_ref(), second.as_ref(), query.mode)?;
        let mut candidates = self.candidates(&view, &lexical, vector.as_ref(), second.as_ref(), &found);
        let mut rows = features::rows(&segments, &self.versions, &self.mentions, &lexical, &candidates)?;
        if query.mode == Mode::Hybrid && without.is_none() {
            let scores: Vec<f32> = rows.iter().map(score).collect();
            if let Some(walked) = self.walk(&view, &candidates, &scores, &query.text)? {
                let mut more = found;
                more.passages.extend(&walked.best);
                candidates = self.candidates(&view, &lexical, vector.as_ref(), second.as_ref(), &more);
                for candidate in &mut candidates {
                    let chunks = view.segments[candidate.segment].segment.chunks_of(candidate.file);
                    let passages = &walked.concepts.passages[candidate.segment];
                    let visits = chunks.filter(|&chunk| view.admits(candidate.segment, chunk));
                    let visits = visits.map(|chunk| walked.visits[passages[chunk as usize] as usize]);
                    candidate.walked = visits.fold(0.0, f32::max);
                }
                rows = features::rows(&segments, &self.versions, &self.mentions, &lexical, &candidates)?;
            }
        }
        if is_report && query.mode == Mode::Hybrid && !self.links.is_empty() {
            let scores: Vec<f32> = rows.iter().map(score).collect();
            self.follow_links(&segments, &candidates, &scores, &mut rows)?;
        }
        let mut scored: Vec<(f32, &Candidate, &mut FeatureRow)> =
            candidates.iter().zip(&mut rows).map(|(candidate, row)| (score(row), candidate, row)).collect();
        let order = |a: &(f32, &Candidate, &mut FeatureRow), b: &(f32, &Candidate, &mut FeatureRow)| {
            b.0.total_cmp(&a.0).then_with(|| view.by_path(a.1, b.1))
        };
        scored.sort_by(order);
        if let Some(second) = second.as_ref().filter(|second| second.has_late()) {
            let first = scored.len().min(self.ranking.late);
            let late = |c: &Candidate| second.late(self.repository_of(c.segment), c);
            let values: Vec<Option<f32>> = scored[..first].iter().map(|(_, candidate, _)| late(candidate)).collect();
            let best = values.iter().flatten().copied().fold(f32::NEG_INFINITY, f32::max);
            let known = values.iter().flatten().count().max(1) as f32;
            let mean = values.iter().flatten().sum::<f32>() / known;
            for ((total, _, row), value) in scored.iter_mut().zip(values) {
                row[features::MODEL_TOKENS] = if best.is_finite() { value.unwrap_or(mean) - best } else { 0.0 };
                *total = score(row);
            }
            scored[..first].sort_by(order);
        }
        if query.unit == Unit::Definition {
            scored.truncate(definitions::FILES);
            let place = |(score, candidate, _): &(f32, &Candidate, &mut FeatureRow)| Ranked {
                segment: &segments[candidate.segment].segment,
                file: candidate.file,
                score: *score,
            };
            let places: Vec<Ranked> = scored.iter().map(place).collect();
            let asked = Asked {
                terms,
                lexical: &lexical,
                vector: vector.as_ref().map(QuantizedQuery::vector),
                text: &query.text,
                filter: &filter,
            };
            let repositories: Vec<usize> = scored.iter().map(|(_, c, _)| self.repository_of(c.segment)).collect();
            let hits = self.definition_hits(&places, &repositories, &asked, query)?;
            let coverage = second.map(|second| second.coverage);
            return Ok(SearchResult { hits, terms: terms.texts(), coverage, degraded: None });
        }
        scored.truncate(query.limit);
        let hits = scored
            .into_iter()
            .map(|(score, candidate, row)| {
                let mut hit = self.hit(&segments, candidate.segment, candidate.chunk, score)?;
                if query.explain {
                    let terms = FEATURES.iter().zip(&*row).zip(weights);
                    hit.terms = terms
                        .filter(|((_, value), _)| **value != 0.0)
                        .map(|((name, &value), weight)| Term { name, value, weight })
                        .collect();
                }
                Ok(hit)
            })
            .collect::<Result<_>>()?;
        let coverage = second.map(|second| second.coverage);
        Ok(SearchResult { hits, terms: terms.texts(), coverage, degraded: None })
    }

    /// Fills in how often a walk along the links from the best candidates comes by the others of their repository.
    fn follow_links(
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

    /// The weights of a mode: what a mode does not look at weighs nothing.
    fn weights(&self, mode: Mode, with_model: bool, is_report: bool) -> [f32; FEATURES.len()] {
        let mut weights = if with_model { self.ranking.weights_with_model } else { self.ranking.weights };
        if is_report {
            weights.iter_mut().zip(self.ranking.report).for_each(|(weight, more)| *weight += more);
        }
        for (weight, name) in weights.iter_mut().zip(FEATURES) {
            let embedding = name.starts_with("embedding") || name.starts_with("model");
            if (mode == Mode::Lexical && embedding) || (mode == Mode::Semantic && !embedding) {
                *weight = 0.0;
            }
        }
        weights
    }

    /// The best chunks of each retriever.
    fn retrieve(
        &self,
        view: &View,
        lexical: &LexicalScores,
        vector: Option<&QuantizedQuery>,
        second: Option<&SecondScores>,
        mode: Mode,
    ) -> Result<Found> {
        let mut found = Found::default();
        if let Some(vector) = vector {
            for (index, live) in view.segments.iter().enumerate() {
                let folder = &self.repositories[self.repository_of(index)].snapshot.folder;
                let keep = |chunk| view.admits(index, chunk);
                let neighbours = live.segment.vector_index(folder).nearest(vector, self.ranking.candidates, &keep);
                found.nearest.extend(neighbours.iter().map(|n| (n.score, index, n.chunk)));
            }
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
    fn candidates(
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
        candidates.sort_by(|a, b| view.by_path(a, b));
        candidates
    }

    /// Walks from the best candidates over concepts to passages; nothing if the question is not about prose.
    fn walk(
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

    /// Fills in the best scores of a file's chunks and chooses the chunk to show.
    fn look_into(
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
                + if scores.named[chunk as usize] { w_named } else { 0.0 }
                + if model.is_nan() { w_model * embedding } else { w_model * model };
            if score > best {
                best = score;
                candidate.chunk = chunk;
            }
        }
    }

    fn definition_hits(
        &self,
        places: &[Ranked],
        repositories: &[usize],
        asked: &Asked,
        query: &Query,
    ) -> Result<Vec<Hit>> {
        let found = definitions::definitions(places, asked, &*self.embedder)?;
        let weights = self.ranking.definition;
        let score = |row: &DefinitionRow| row.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<f32>();
        let mut scored: Vec<(f32, &Definition)> = found.iter().map(|found| (score(&found.row), found)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1.file, a.1.span).cmp(&(b.1.file, b.1.span))));
        scored.truncate(query.limit);
        let hit = |(score, definition): (f32, &Definition)| {
            let place = &places[definition.file];
            let terms = DEFINITION_FEATURES.iter().zip(definition.row).zip(weights).filter(|_| query.explain);
            Ok(Hit {
                repository: repositories[definition.file],
                path: place.segment.path(place.file).to_owned(),
                start_line: definition.lines.0,
                end_line: definition.lines.1,
                score,
                symbol: Some(definition.name.clone()),
                kind: Some(definition.kind),
                language: place.segment.language(place.file).to_owned(),
                text: place.segment.text(place.file)?.slice(definition.span).to_owned(),
                terms: terms.map(|((name, value), weight)| Term { name, value, weight }).collect(),
            })
        };
        scored.into_iter().map(hit).collect()
    }

    fn search_symbols(&self, query: &Query, terms: &Terms) -> Result<SearchResult> {
        let segments = self.segments();
        let filter = CompiledFilter::new(&query.filter)?;
        let admitted = self.admitted(&segments, &filter);
        let lexical = lexical::score(&segments, &self.lengths, terms, &self.ranking.bm25)?;
        let mut files: Vec<(f32, usize, u32)> = Vec::new();
        for (index, scores) in lexical.segments.iter().enumerate() {
            for &chunk in &scores.touched {
                let file = segments[index].segment.chunks[chunk as usize].file;
                let score = scores.definitions[chunk as usize];
                if score > 0.0 && admitted[index][file as usize] {
                    files.push((score, index, chunk));
                }
            }
        }
        let view = View { segments: &segments, filter: &filter, admitted: &admitted };
        view.keep_best(&mut files, self.ranking.candidates);
        let mut seen: Vec<(usize, u32)> = files
            .iter()
            .map(|&(_, segment, chunk)| (segment, segments[segment].segment.chunks[chunk as usize].file))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        let mut hits = Vec::new();
        for (index, file) in seen {
            let repository = self.repository_of(index);
            let admits = |kind| filter.admits_kind(kind);
            hits.extend(symbols::matching(&segments[index].segment, file, &query.text, repository, &admits)?);
        }
        hits.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| (a.repository, &a.path, a.start_line).cmp(&(b.repository, &b.path, b.start_line)))
        });
        hits.truncate(query.limit);
        Ok(SearchResult { hits, terms: terms.texts(), ..SearchResult::default() })
    }

    fn hit(&self, segments: &[&LiveSegment], segment: usize, chunk: u32, score: f32) -> Result<Hit> {
        let repository = self.repository_of(segment);
        let segment = &segments[segment].segment;
        let record = &segment.chunks[chunk as usize];
        let text = segment.text(record.file)?;
        let symbol = symbols::of_chunk(segment, chunk, text);
        Ok(Hit {
            repository,
            path: segment.path(record.file).to_owned(),
            start_line: record.first_line,
            end_line: record.last_line,
            score,
            kind: symbol.as_ref().map(|(_, kind)| *kind),
            symbol: symbol.map(|(name, _)| name),
            language: segment.language(record.file).to_owned(),
            text: text.slice(Span { start: record.start, end: record.end }).to_owned(),
            terms: Vec::new(),
        })
    }
}

/// What a query says, and whether it is a report.
#[derive(Clone, Copy)]
struct Words<'t> {
    terms: &'t Terms,
    is_report: bool,
}

/// The best chunks of each retriever: score, segment, chunk.
#[derive(Default)]
struct Found {
    nearest: Vec<(f32, usize, u32)>,
    texts: Vec<(f32, usize, u32)>,
    /// By the large model and by walking, whose scores are looked up again.
    passages: Vec<(usize, u32)>,
}

/// The concepts of everything that is searched. A passage is a live chunk. Passages are numbered by path and place: sums
/// of floats depend on their order, and an answer must not depend on how files are spread over segments.
struct Concepts {
    graph: ConceptGraph,
    /// per passage: segment and chunk
    places: Vec<(usize, u32)>,
    /// per segment and chunk: its passage; meaningless for dead chunks
    passages: Vec<Vec<u32>>,
}

impl Concepts {
    fn new(view: &View) -> Result<Self> {
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
struct Walked<'s> {
    visits: Vec<f32>,
    concepts: &'s Concepts,
    /// The passages it came by most often: segment and chunk.
    best: Vec<(usize, u32)>,
}

/// What a query may see.
struct View<'v> {
    segments: &'v [&'v LiveSegment],
    filter: &'v CompiledFilter,
    /// per segment, per file
    admitted: &'v [Vec<bool>],
}

impl View<'_> {
    fn admits(&self, segment: usize, chunk: u32) -> bool {
        let index = &self.segments[segment].segment;
        let file = index.chunks[chunk as usize].file;
        self.admitted[segment][file as usize] && (!self.filter.by_kind() || self.filter.admits_chunk(index, chunk))
    }

    /// Order of candidates that does not depend on how files are spread over segments.
    fn by_path(&self, a: &Candidate, b: &Candidate) -> Ordering {
        let path = |c: &Candidate| self.segments[c.segment].segment.path(c.file);
        path(a).cmp(path(b)).then(a.segment.cmp(&b.segment))
    }

    /// Keeps the `k` best chunks, best first; ties by path and place in the file.
    fn keep_best(&self, scored: &mut Vec<(f32, usize, u32)>, k: usize) {
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
    fn best_of(&self, scores: &[Vec<f32>], k: usize) -> Vec<(f32, usize, u32)> {
        let chunks = scores.iter().enumerate().flat_map(|(segment, scores)| {
            (0..scores.len() as u32).map(move |chunk| (scores[chunk as usize], segment, chunk))
        });
        let known = chunks.filter(|&(score, segment, chunk)| score > 0.0 && self.admits(segment, chunk));
        let mut best: Vec<(f32, usize, u32)> = known.collect();
        self.keep_best(&mut best, k);
        best
    }

    fn place(&self, segment: usize, chunk: u32) -> (&str, u32, usize) {
        let index = &self.segments[segment].segment;
        let record = &index.chunks[chunk as usize];
        (index.path(record.file), record.start, segment)
    }
}

fn check(query: &Query) -> Result<()> {
    let reason = if query.text.trim().is_empty() {
        "it is empty".to_owned()
    } else if query.text.len() > LONGEST_QUERY {
        format!("it has {} bytes, at most {LONGEST_QUERY} are allowed", query.text.len())
    } else if query.limit > MOST_HITS {
        format!("{} hits were asked for, at most {MOST_HITS} are given", query.limit)
    } else {
        return Ok(());
    };
    Err(Error::Query { reason })
}
