//! The searcher: from a query to hits.

mod retrieve;
mod sample;
mod view;
mod walks;

use std::sync::{Arc, OnceLock};

use view::View;
use walks::Concepts;

use super::definitions::{self, Asked, DEFINITION_FEATURES, Definition, DefinitionRow, Ranked};
use super::features::{self, Candidate, FEATURES, FeatureRow, MentionCounts, Versions};
use super::filter::CompiledFilter;
use super::intent::Intent;
use super::lexical::{self, Lengths, Terms};
use super::links::{LinkSource, Links};
use super::query::{Hit, Mode, Query, SearchResult, Term, Unit};
use super::ranking::Ranking;
use super::report::Report;
use super::second::{Second, SecondScores};
use super::{spelling, symbols};
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
    /// [`Error::OtherModel`] if one of them was indexed with another model than `embedder`.
    pub fn new(repositories: Vec<Repository>, embedder: Arc<dyn Embedder>, ranking: Ranking) -> Result<Self> {
        for repository in &repositories {
            let model = &repository.snapshot.manifest.settings.model;
            if model != embedder.id() {
                return Err(Error::OtherModel { made_with: model.clone(), model: embedder.id().to_owned() });
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
        let view = View::new(&segments, &filter, &admitted);
        // Text statistics help the vectors too: path and file name are matched by words.
        let score = |terms: &Terms| lexical::score(&segments, &self.lengths, terms, &self.ranking.bm25);
        let mut lexical = score(terms)?;
        let correction = match is_report || without.is_some() {
            true => None,
            false => spelling::corrected(terms, &lexical, &segments)?,
        };
        let (terms, corrections) = match &correction {
            Some((better, corrections)) => {
                lexical = score(better)?;
                (better, corrections.clone())
            }
            None => (terms, Vec::new()),
        };
        let mut weights = self.weights(query.mode, second.is_some(), is_report);
        if !is_report && without.is_none() {
            Intent::of(&query.text).apply(&mut weights);
        }
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
            return Ok(SearchResult { hits, terms: terms.texts(), corrections, coverage, degraded: None });
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
        Ok(SearchResult { hits, terms: terms.texts(), corrections, coverage, degraded: None })
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
        let view = View::new(&segments, &filter, &admitted);
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
