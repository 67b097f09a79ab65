//! Backfill: a large model reads the chunks of an index, behind the searches that go on meanwhile.
//!
//! Vectors are kept by the hash of what was read, so the work can stop at any moment, goes on where it stopped, and follows
//! the index: a new generation is picked up between two batches.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rag_core::embedding::{Encoder, Role};
use rag_core::hybrid::mentions;
use rag_core::store::catalog::Place;
use rag_core::store::{Snapshot, Store, VectorBatch, VectorWriter};
use rag_core::{Error, Result};

/// How long a batch should take: what a crash can cost, and how soon new vectors are found.
const BATCH_TIME: Duration = Duration::from_secs(4);
/// Texts of the first batch, when nothing is known of the model's speed.
const FIRST_BATCH: usize = 8;
const LARGEST_BATCH: usize = 1024;

/// How far a backfill has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillProgress {
    /// Distinct texts of the index.
    pub texts: usize,
    /// Texts that have vectors.
    pub done: usize,
    /// Texts that this run has read.
    pub read: usize,
    /// Tokens that this run has read.
    pub tokens: usize,
    /// Texts of this run that were longer than the model can read.
    pub truncated: usize,
    /// Time this run has spent in the model and writing.
    pub busy: Duration,
}

impl BackfillProgress {
    /// Texts per second, or none before the first batch.
    pub fn rate(&self) -> Option<f64> {
        (self.read > 0).then(|| self.read as f64 / self.busy.as_secs_f64().max(1e-9))
    }
}

/// Makes the vectors that the current generation of `store` still lacks, recently changed and central files first.
/// `progress` is called before the first batch and after each, and may end the run.
///
/// # Errors
/// [`Error::NoIndex`], [`Error::Locked`] if another process is at it, what the model says, and I/O errors. What was
/// finished before stays.
pub fn backfill(
    store: &Store,
    encoder: &dyn Encoder,
    progress: &mut dyn FnMut(&BackfillProgress) -> ControlFlow<()>,
) -> Result<BackfillProgress> {
    let mut writer = store.vectors(encoder.id()).writer()?;
    let mut state = BackfillProgress::default();
    let mut size = FIRST_BATCH;
    loop {
        let snapshot = store.snapshot(None)?;
        let missing = plan(&snapshot, &mut writer, &mut state)?;
        if progress(&state).is_break() || missing.is_empty() {
            return Ok(state);
        }
        let mut rest = &missing[..];
        while !rest.is_empty() && store.current()? == Some(snapshot.manifest.generation) {
            let (batch, later) = rest.split_at(size.min(rest.len()));
            rest = later;
            let started = Instant::now();
            read(&snapshot, encoder, &mut writer, batch, &mut state)?;
            let took = started.elapsed();
            state.busy += took;
            // Small steps: one slow batch, when others need the machine, says little.
            let fitting = (batch.len() as f64 * BATCH_TIME.as_secs_f64() / took.as_secs_f64().max(1e-3)) as usize;
            size = fitting.clamp((size / 2).max(1), size * 2).min(LARGEST_BATCH);
            if progress(&state).is_break() {
                return Ok(state);
            }
        }
    }
}

/// A text to read: its hash, and where it stands.
type Missing = (u64, usize, u32);

/// What is missing, in the order in which it is wanted.
fn plan(snapshot: &Snapshot, writer: &mut VectorWriter, state: &mut BackfillProgress) -> Result<Vec<Missing>> {
    let mut seen = std::collections::HashSet::new();
    let mut missing = Vec::new();
    state.done = 0;
    for (segment, file) in by_interest(snapshot)? {
        let live = &snapshot.segments[segment].segment;
        for chunk in live.chunks_of(file) {
            let hash = live.passage_hash(chunk);
            if !seen.insert(hash) {
                continue;
            }
            match writer.vectors().contains(hash) {
                true => state.done += 1,
                false => missing.push((hash, segment, chunk)),
            }
        }
    }
    state.texts = seen.len();
    // Vectors of texts that are gone are kept for a while: branches are switched back.
    if writer.vectors().len() > 2 * state.texts.max(1000) {
        writer.retain(&|hash| seen.contains(&hash))?;
    }
    Ok(missing)
}

/// Live files, those first that a question is likely to be about: changed of late, and mentioned by many others.
fn by_interest(snapshot: &Snapshot) -> Result<Vec<(usize, u32)>> {
    let mentions = mentions(snapshot)?;
    let mut files = Vec::new();
    for entry in &snapshot.catalog {
        if let Place::Indexed { segment, file } = entry.place {
            let mentioned = mentions[segment as usize][file as usize];
            files.push((entry.stamp.modified_ns, mentioned, segment as usize, file));
        }
    }
    // The sum of the places in both orders. A stable sort leaves equals in the order of their paths.
    let mut places = vec![0usize; files.len()];
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(files[index].0));
    order.iter().enumerate().for_each(|(place, &index)| places[index] += place);
    order.sort_by_key(|&index| std::cmp::Reverse(files[index].1));
    order.iter().enumerate().for_each(|(place, &index)| places[index] += place);
    order.sort_by_key(|&index| (places[index], index));
    Ok(order.into_iter().map(|index| (files[index].2, files[index].3)).collect())
}

fn read(
    snapshot: &Snapshot,
    encoder: &dyn Encoder,
    writer: &mut VectorWriter,
    batch: &[Missing],
    state: &mut BackfillProgress,
) -> Result<()> {
    let passages = batch.iter().map(|&(_, segment, chunk)| snapshot.segments[segment].segment.passage(chunk));
    let passages: Vec<String> = passages.collect::<Result<_>>()?;
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    let encodings = encoder.encode(&texts, Role::Passage)?;
    if encodings.len() != batch.len() {
        let reason = format!("it gave {} vectors for {} texts", encodings.len(), batch.len());
        return Err(Error::Model { name: encoder.id().to_owned(), reason });
    }
    let mut vectors = VectorBatch::default();
    for ((hash, _, _), encoding) in batch.iter().zip(encodings) {
        state.tokens += encoding.tokens;
        state.truncated += usize::from(encoding.truncated);
        vectors.push(*hash, encoding);
    }
    writer.append(vectors)?;
    state.read += batch.len();
    state.done += batch.len();
    Ok(())
}
