//! BM25F over all segments, from exact statistics of the live chunks.

use hashbrown::HashMap;

use super::ranking::Bm25;
use super::report::Report;
use crate::analysis::{Lexicon, for_each_word};
use crate::bm25::Field;
use crate::error::Result;
use crate::store::{ChunkRecord, FileRecord, LiveSegment, Segment, Sums};

/// More distinct terms than this do not make a query clearer; the first are kept.
const MOST_TERMS: usize = 256;
/// Names are looked for among so many words.
const LONGEST_RUN: usize = 96;
/// Likewise, of names that a long text might mention.
const MOST_NAMES: usize = 500;
/// Saturation of the number of times that a long query says a word (the k3 of BM25).
const QUERY_K: f32 = 2.0;

/// English words that say nothing about code; dropped from queries that hold other words.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how", "i", "in", "is", "it",
    "its", "me", "of", "on", "or", "our", "should", "that", "the", "their", "them", "these", "this", "those", "to",
    "used", "uses", "was", "we", "what", "when", "where", "which", "why", "with", "you", "your", "did", "has", "have",
    "into", "via",
];

/// The words of a query, ready to be looked up.
pub(super) struct Terms {
    /// Distinct stems and compounds, with how much each counts.
    pub words: Vec<(String, f32)>,
    /// Names a type might have that the query mentions: compounds and runs of up to three words, joined.
    pub names: Vec<String>,
}

impl Terms {
    /// The terms of a long text. A word that comes often counts more, but not so often.
    pub(super) fn of_report(report: &Report) -> Self {
        let mut counts: HashMap<String, f32> = HashMap::new();
        let mut terms = Terms { words: Vec::new(), names: Vec::new() };
        for (line, weight) in report.weighted() {
            let of_line = Self::new(line);
            for (word, _) in of_line.words.into_iter().filter(|(word, _)| !STOP_WORDS.contains(&word.as_str())) {
                match counts.get_mut(&word) {
                    Some(count) => *count += weight,
                    None => {
                        counts.insert(word.clone(), weight);
                        terms.words.push((word, 0.0));
                    }
                }
            }
            let room = MOST_NAMES.saturating_sub(terms.names.len());
            let new: Vec<String> =
                of_line.names.into_iter().filter(|name| !terms.names.contains(name)).take(room).collect();
            terms.names.extend(new);
        }
        for (word, weight) in &mut terms.words {
            let count = counts[word];
            *weight = (QUERY_K + 1.0) * count / (QUERY_K + count);
        }
        terms
    }

    /// The terms alone.
    pub(super) fn texts(&self) -> Vec<String> {
        self.words.iter().map(|(word, _)| word.clone()).collect()
    }

    /// The terms of a question.
    pub(super) fn new(text: &str) -> Self {
        let mut lexicon = Lexicon::new();
        let mut kept = String::new();
        let mut all: Vec<(&str, bool)> = Vec::new();
        for_each_word(text, |word| all.push((word.text, word.continues)));
        let stop = |word: &str| STOP_WORDS.contains(&word.to_lowercase().as_str());
        let something = all.iter().any(|(word, _)| !stop(word));
        for (index, (word, continues)) in all.iter().enumerate() {
            let alone = !continues && !all.get(index + 1).is_some_and(|(_, next)| *next);
            if something && alone && stop(word) {
                continue;
            }
            kept.push_str(if *continues { "_" } else { " " });
            kept.push_str(word);
        }
        let words = lexicon.query_terms(&kept).into_iter().map(|word| (word, 1.0)).collect();
        Terms { words, names: type_names(&all) }
    }
}

/// Joined runs of one to three words that could name a type. A single word counts only if it is
/// written like a name (`Parser`, `HTTP`) or stands alone.
fn type_names(words: &[(&str, bool)]) -> Vec<String> {
    let mut names = Vec::new();
    for start in 0..words.len().min(LONGEST_RUN) {
        for len in 1..=4 {
            let Some(run) = words.get(start..start + len) else { break };
            let name_like = len > 1 || words.len() == 1 || run[0].0.starts_with(char::is_uppercase);
            if name_like {
                let name: String = run.iter().map(|(word, _)| word.to_lowercase()).collect();
                if name.len() > 2 && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

/// Occurrences of one term in one chunk, weighted.
struct Occurrence {
    chunk: u32,
    /// Σ over fields of weight · frequency / length norm
    text: f32,
    /// frequency / length norm among the names the chunk defines
    definition: f32,
}

/// What the text index says of one segment; arrays are indexed by chunk or by file.
pub(super) struct SegmentScores {
    /// Chunks with a text score, in no particular order.
    pub touched: Vec<u32>,
    /// BM25F of the chunk.
    pub text: Vec<f32>,
    /// BM25 of the names that the chunk defines.
    pub definitions: Vec<f32>,
    /// Per file: Σ idf of the query terms in its path.
    pub path_idf: Vec<f32>,
    /// Per file: number of words of its stem that are in the query.
    pub stem_matches: Vec<u8>,
    /// Per chunk: whether a definition that the query names begins in it; 2 if that is a type, and all that is asked for. `Session`
    /// is the class rather than the function `session()` beside it.
    pub named: Vec<u8>,
    /// Per file: whether it defines a type that the query names.
    pub names_type: Vec<bool>,
}

/// Text scores of every live chunk.
pub(super) struct LexicalScores {
    pub segments: Vec<SegmentScores>,
    /// Σ idf of all query terms that occur anywhere.
    pub idf_sum: f32,
    /// Share of the query's idf that lies in terms which occur anywhere; low for a question in another language than the text.
    pub known: f32,
    /// Whether the query is one word, written like a name.
    pub is_name: bool,
    /// Of the terms in their order: the idf, by the weight in the query; those that occur nowhere have none.
    pub idf: Vec<f32>,
}

/// Lengths over all live chunks.
#[derive(Clone, Default)]
pub(super) struct Lengths {
    chunks: u64,
    terms: [u64; 3],
    /// In how many chunks each word of the query occurs, where the segments are a sample of all.
    frequencies: Option<HashMap<String, u64>>,
}

impl Lengths {
    pub(super) fn of<'a>(segments: impl Iterator<Item = &'a LiveSegment>) -> Self {
        let mut lengths = Lengths::default();
        for live in segments {
            for (index, chunk) in live.segment.chunks.iter().enumerate() {
                if live.is_live(index as u32) {
                    lengths.chunks += 1;
                    for (sum, terms) in lengths.terms.iter_mut().zip(chunk.terms) {
                        *sum += u64::from(terms);
                    }
                }
            }
        }
        lengths
    }

    /// Lengths and frequencies that are known from elsewhere.
    pub(super) fn known(sums: &Sums, frequencies: HashMap<String, u64>) -> Self {
        Lengths { chunks: sums.chunks, terms: sums.terms, frequencies: Some(frequencies) }
    }

    /// In how many chunks `word` occurs, if `here` of the segments' chunks hold it.
    fn frequency(&self, word: &str, here: usize) -> u64 {
        let known = self.frequencies.as_ref().and_then(|known| known.get(word));
        known.copied().unwrap_or(0).max(here as u64)
    }

    fn average(&self, field: Field) -> f32 {
        (self.terms[field as usize] as f32 / self.chunks.max(1) as f32).max(1.0)
    }
}

pub(super) fn score(segments: &[&LiveSegment], lengths: &Lengths, terms: &Terms, bm25: &Bm25) -> Result<LexicalScores> {
    let mut scores: Vec<SegmentScores> = segments
        .iter()
        .map(|live| {
            let (chunks, files) = (live.segment.chunks.len(), live.segment.files.len());
            SegmentScores {
                touched: Vec::new(),
                text: vec![0.0; chunks],
                definitions: vec![0.0; chunks],
                path_idf: vec![0.0; files],
                stem_matches: vec![0; files],
                named: vec![0; chunks],
                names_type: vec![false; files],
            }
        })
        .collect();
    let mut gather: Vec<Gather> = segments.iter().map(|live| Gather::new(live, lengths, bm25)).collect();
    let mut idf_sum = 0.0;
    let mut idf_of_unknown = 0.0;
    let mut idfs = Vec::with_capacity(terms.words.len());
    for (word, weight) in terms.words.iter().take(MOST_TERMS) {
        let mut frequency = 0;
        for gather in &mut gather {
            gather.collect(word, bm25)?;
            frequency += gather.found.len();
        }
        let frequency = lengths.frequency(word, frequency);
        if frequency == 0 {
            idf_of_unknown += weight * idf(lengths.chunks, 0);
            idfs.push(0.0);
            continue;
        }
        let idf = weight * idf(lengths.chunks, frequency);
        idf_sum += idf;
        idfs.push(idf);
        for (gather, scores) in gather.iter().zip(&mut scores) {
            gather.add_to(scores, idf, bm25);
        }
    }
    let is_name = terms.words.len() == 1 && terms.names.len() == 1;
    for name in &terms.names {
        for (live, scores) in segments.iter().zip(&mut scores) {
            live.segment.postings.for_each(Field::Types, name, |chunk, _| {
                if live.is_live(chunk) {
                    scores.named[chunk as usize] = if is_name { 2 } else { 1 };
                    scores.names_type[live.segment.chunks[chunk as usize].file as usize] = true;
                }
            })?;
            live.segment.postings.for_each(Field::Symbols, name, |chunk, _| {
                if live.is_live(chunk) {
                    let named = &mut scores.named[chunk as usize];
                    *named = 1.max(*named);
                }
            })?;
        }
    }
    let known = if idf_sum > 0.0 { idf_sum / (idf_sum + idf_of_unknown) } else { 0.0 };
    Ok(LexicalScores { segments: scores, idf_sum, known, is_name, idf: idfs })
}

/// The BM25 inverse document frequency, never negative (Lucene's form).
fn idf(chunks: u64, frequency: u64) -> f32 {
    let (chunks, frequency) = (chunks as f32, frequency as f32);
    (1.0 + (chunks - frequency + 0.5) / (frequency + 0.5)).ln()
}

/// Gathers the occurrences of one term in one segment.
struct Gather<'s> {
    segment: &'s Segment,
    // Looked up once: behind `segment` they are views that check their bytes whenever they are asked for.
    chunks: &'s [ChunkRecord],
    files: &'s [FileRecord],
    /// per file, unless all are live
    live: Option<&'s [bool]>,
    /// per field: a chunk's length norm is the first number, and the second times its length
    norms: [(f32, f32); 3],
    /// chunk → its place in `found` plus one; only the places of `found` are not zero
    places: Vec<u32>,
    found: Vec<Occurrence>,
    /// files whose path holds the term, and whether its stem does
    paths: Vec<(u32, bool)>,
}

impl<'s> Gather<'s> {
    fn new(live: &'s LiveSegment, lengths: &Lengths, bm25: &Bm25) -> Self {
        let segment = &live.segment;
        let norm = |field| (1.0 - bm25.b, bm25.b / lengths.average(field));
        Gather {
            segment,
            chunks: &segment.chunks,
            files: &segment.files,
            live: (!live.all_live).then_some(&live.live),
            norms: [norm(Field::Text), norm(Field::Symbols), norm(Field::Docs)],
            places: vec![0; segment.chunks.len()],
            found: Vec::new(),
            paths: Vec::new(),
        }
    }

    fn collect(&mut self, word: &str, bm25: &Bm25) -> Result<()> {
        for occurrence in self.found.drain(..) {
            self.places[occurrence.chunk as usize] = 0;
        }
        self.paths.clear();
        let Gather { segment, chunks, files, live, norms, places, found, paths } = self;
        let is_live = |chunk: u32| live.is_none_or(|live| live[chunks[chunk as usize].file as usize]);
        // Frequency by the length norm.
        let share = |chunk: u32, frequency: u32, field: Field| {
            let (least, slope) = norms[field as usize];
            frequency as f32 / (least + slope * chunks[chunk as usize].terms[field as usize] as f32)
        };
        let mut add = |chunk: u32, text: f32, definition: f32| {
            let place = &mut places[chunk as usize];
            if *place == 0 {
                found.push(Occurrence { chunk, text: 0.0, definition: 0.0 });
                *place = found.len() as u32;
            }
            let occurrence = &mut found[*place as usize - 1];
            occurrence.text += text;
            occurrence.definition += definition;
        };
        segment.postings.for_each(Field::Text, word, |chunk, frequency| {
            if is_live(chunk) {
                add(chunk, share(chunk, frequency, Field::Text), 0.0);
            }
        })?;
        segment.postings.for_each(Field::Symbols, word, |chunk, frequency| {
            if is_live(chunk) {
                let share = share(chunk, frequency, Field::Symbols);
                add(chunk, bm25.symbols * share, share);
            }
        })?;
        segment.postings.for_each(Field::Docs, word, |chunk, frequency| {
            if is_live(chunk) {
                add(chunk, bm25.docs * share(chunk, frequency, Field::Docs), 0.0);
            }
        })?;
        segment.postings.for_each(Field::Path, word, |head, frequency| {
            if is_live(head) {
                let file = chunks[head as usize].file;
                paths.push((file, false));
                for chunk in files[file as usize].chunks() {
                    add(chunk, bm25.path * share(chunk, frequency, Field::Text), 0.0);
                }
            }
        })?;
        segment.postings.for_each(Field::Stem, word, |head, _| {
            let file = chunks[head as usize].file;
            // Both lists are in the order of files.
            if let Ok(index) = paths.binary_search_by_key(&file, |(path, _)| *path) {
                paths[index].1 = true;
            }
        })
    }

    fn add_to(&self, scores: &mut SegmentScores, idf: f32, bm25: &Bm25) {
        for occurrence in &self.found {
            let chunk = occurrence.chunk as usize;
            if scores.text[chunk] == 0.0 {
                scores.touched.push(occurrence.chunk);
            }
            scores.text[chunk] += idf * occurrence.text / (bm25.k1 + occurrence.text);
            scores.definitions[chunk] += idf * occurrence.definition / (bm25.k1 + occurrence.definition);
        }
        for &(file, in_stem) in &self.paths {
            scores.path_idf[file as usize] += idf;
            let matches = &mut scores.stem_matches[file as usize];
            *matches = matches.saturating_add(u8::from(in_stem));
        }
    }
}
