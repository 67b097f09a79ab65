//! Searching where only some documents are at hand: those that a store elsewhere took for candidates.
//!
//! Ranking compares a document with all others, through a handful of numbers. With these numbers a sample that holds the candidates ranks like
//! the whole.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{Repository, Searcher};
use crate::analysis::Lexicon;
use crate::embedding::Embedder;
use crate::error::Result;
use crate::hybrid::features::{MentionCounts, Versions, mention_term};
use crate::hybrid::filter::CompiledFilter;
use crate::hybrid::lexical::{Lengths, Terms};
use crate::hybrid::query::{Mode, Query};
use crate::hybrid::ranking::Ranking;
use crate::hybrid::report::Report;
use crate::store::manifest::Counts;
use crate::store::{LiveSegment, Segment, Snapshot, Sums};

/// What ranking has to know of all documents, of one generation.
#[derive(Clone)]
pub struct Corpus {
    sums: Sums,
    versions: Versions,
}

impl Corpus {
    /// Of documents at these paths that add up to `sums`.
    pub fn new<'p>(sums: Sums, paths: impl Iterator<Item = &'p str>) -> Self {
        let mut versions = Versions::default();
        paths.for_each(|path| versions.see(path));
        Corpus { sums, versions }
    }

    /// Of the documents of all of these.
    pub fn of<'c>(parts: impl Iterator<Item = &'c Corpus>) -> Self {
        let mut all = Corpus { sums: Sums::default(), versions: Versions::default() };
        for part in parts {
            all.sums.documents += part.sums.documents;
            all.sums.chunks += part.sums.chunks;
            all.sums.terms.iter_mut().zip(part.sums.terms).for_each(|(sum, terms)| *sum += terms);
            all.versions.see_all(&part.versions);
        }
        all
    }

    /// Number of all chunks.
    pub fn chunks(&self) -> u64 {
        self.sums.chunks
    }
}

/// What to look for.
pub struct Plan {
    /// Terms and how much each counts.
    pub words: Vec<(String, f32)>,
    /// The query's vector; none if no vectors are asked for, or the model knows no word of it.
    pub vector: Option<Vec<f32>>,
    /// How many chunks each retriever should bring.
    pub candidates: usize,
    filter: CompiledFilter,
}

impl Plan {
    /// The plan for `query`.
    ///
    /// # Errors
    /// [`Error::Query`](crate::Error::Query) if the query cannot be answered as asked.
    pub fn new(query: &Query, embedder: &dyn Embedder, ranking: &Ranking) -> Result<Self> {
        super::check(query)?;
        let report = Report::read(&query.text).filter(|_| query.mode != Mode::Symbol);
        let terms = report.as_ref().map_or_else(|| Terms::new(&query.text), Terms::of_report);
        let vector = matches!(query.mode, Mode::Hybrid | Mode::Semantic).then(|| {
            let mut vector = vec![0.0; embedder.dimensions()];
            embedder.embed(&report.as_ref().map_or_else(|| query.text.clone(), Report::gist), &mut vector);
            vector
        });
        Ok(Plan {
            words: terms.words,
            vector: vector.filter(|vector| vector.iter().any(|value| *value != 0.0)),
            candidates: ranking.candidates,
            filter: CompiledFilter::new(&query.filter)?,
        })
    }

    /// Whether the file at `path` may be found.
    pub fn admits(&self, path: &str, language: &str) -> bool {
        self.filter.admits_file(path, language)
    }
}

/// A candidate.
pub struct SampleFile {
    /// The document, as a segment of its own.
    pub segment: Arc<Segment>,
    /// In the texts of how many documents its name is mentioned; see [`Sample::mention`].
    pub mentions: u32,
}

/// Candidates, and the numbers to rank them by.
pub struct Sample {
    /// Which model made the vectors.
    pub model: String,
    /// The candidates, per repository.
    pub repositories: Vec<Vec<SampleFile>>,
    /// In how many of all chunks each word of the plan occurs.
    pub frequencies: HashMap<String, u64>,
}

impl Sample {
    /// The term whose number of documents is the [`mentions`](SampleFile::mentions) of the file at `path`.
    pub fn mention(path: &str, lexicon: &mut Lexicon) -> String {
        mention_term(lexicon, path)
    }
}

impl Searcher {
    /// A searcher over a sample, for the query that it was taken for.
    ///
    /// # Errors
    /// [`Error::Model`](crate::Error::Model) if another model made the vectors.
    pub fn of_sample(
        mut sample: Sample,
        corpus: &Corpus,
        embedder: Arc<dyn Embedder>,
        ranking: Ranking,
    ) -> Result<Self> {
        let live = |file: &SampleFile| LiveSegment { segment: file.segment.clone(), live: vec![true], all_live: true };
        let mut repositories = Vec::with_capacity(sample.repositories.len());
        for files in &mut sample.repositories {
            // An answer does not depend on the order in which candidates were found.
            files.sort_by(|a, b| a.segment.path(0).cmp(b.segment.path(0)));
            let model = (&*sample.model, embedder.dimensions() as u32);
            let snapshot = Snapshot::unsaved(0, model, Counts::default(), files.iter().map(live).collect());
            repositories.push(Repository { snapshot: Arc::new(snapshot), within: Vec::new() });
        }
        let searcher = Searcher::new(repositories, embedder, ranking)?;
        let mentions = sample.repositories.iter().flatten().map(|file| file.mentions);
        Ok(Searcher {
            lengths: Lengths::known(&corpus.sums, sample.frequencies),
            versions: corpus.versions.clone(),
            mentions: MentionCounts::known(mentions, corpus.sums.documents),
            ..searcher
        })
    }
}
