//! Indexing a repository, as a job.
//!
//! The index itself is the checkpoint: a generation that was committed is not made again, what a large model has read is not read again.
//! Two jobs on one repository take turns, because the index has one writer.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use indexer::{BackfillProgress, Event, Report};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Agent, Configs, absolute, blocking, stop};
use crate::config::{Config, Sources};
use crate::{Engine, EngineOptions, mirrors, model};

/// How often progress is recorded.
const OFTEN: Duration = Duration::from_millis(500);
/// Notes that the result itself holds; all of them are in the report.
const SAMPLE: usize = 10;

pub(super) const AGENT: Agent = Agent {
    name: "index",
    about: "brings the index of a repository up to date; with a large model, lets it read what it has not read",
    inputs: "path=FOLDER rebuild=false model=NAME",
    prepare,
    handler: |_| Arc::new(Index),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    path: PathBuf,
    #[serde(default)]
    rebuild: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

fn prepare(mut inputs: Value, _: &Configs) -> Result<Value, String> {
    absolute(&mut inputs)?;
    let inputs: Inputs = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
    if inputs.model.as_deref().is_some_and(model::is_path) {
        return Err("`model` must be an installed one".into());
    }
    Ok(json!(inputs))
}

struct Index;

#[async_trait]
impl Handler for Index {
    fn kind(&self) -> &str {
        AGENT.name
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let inputs: Inputs = context.payload()?;
        let engine = blocking(move || open(&inputs)).await??;
        let engine = Arc::new(engine);
        let indexed: Value = context.step("index", async || index(context, engine.clone()).await).await?;
        let read = match engine.model() {
            Some(_) => Some(read_with_model(context, engine.clone()).await?),
            None => None,
        };
        Ok(json!({ "index": indexed, "model": read }))
    }
}

fn open(inputs: &Inputs) -> Result<Engine, Stop> {
    let flags = inputs.model.as_ref().map_or(json!({}), |model| json!({ "model": model }));
    let config = Sources::read(Some(&inputs.path), flags).and_then(|sources| sources.config());
    let config: Config = config.map_err(|error| Stop::fail(error.to_string()))?;
    let say = |error: &mirror::Error| tracing::warn!(%error, "the mirror is not up to date");
    let mut options = EngineOptions {
        index: config.index_options(),
        folder: config.index_dir.clone(),
        after_commit: mirrors::follow(&inputs.path, &config.sync, say),
        ..EngineOptions::default()
    };
    options.index.rebuild = inputs.rebuild;
    let engine = Engine::new(&inputs.path, options.clone());
    let Some(name) = model::chosen(engine.store(), &config).map_err(stop)? else { return Ok(engine) };
    options.model = Some(model::open(&name, &config).map_err(stop)?);
    Ok(Engine::new(&inputs.path, options))
}

/// Indexes, and records the report.
async fn index(context: &Context, engine: Arc<Engine>) -> Result<Value, Stop> {
    let counted = Arc::new(Counted::default());
    let counting = counted.clone();
    let refreshing = blocking(move || engine.refresh(&|event| counting.note(event)).map_err(stop));
    let report = watched(context, refreshing, || counted.json()).await???;
    context.progress(counted.json()).await?;
    let full = serde_json::to_vec_pretty(&report_json(&report, usize::MAX)).unwrap_or_default();
    context.attach("report.json", "application/json", full).await?;
    Ok(report_json(&report, SAMPLE))
}

/// Lets the large model read; stops between two batches when the job should stop.
async fn read_with_model(context: &Context, engine: Arc<Engine>) -> Result<Value, Stop> {
    let last: Arc<Mutex<Value>> = Arc::default();
    let (telling, stopping) = (last.clone(), context.clone());
    let reading = blocking(move || {
        let note = &mut |progress: &BackfillProgress| {
            *telling.lock().unwrap_or_else(PoisonError::into_inner) = backfill_json(progress);
            if stopping.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        engine.backfill(note).map(|progress| backfill_json(&progress)).map_err(stop)
    });
    let state = || last.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let done = watched(context, reading, state).await???;
    if context.is_stopped() { Err(Stop::Cancelled) } else { Ok(done) }
}

/// Waits for `work`, and records what `state` says of it as progress, whenever that has changed.
async fn watched<T>(context: &Context, work: impl Future<Output = T>, state: impl Fn() -> Value) -> Result<T, Stop> {
    tokio::pin!(work);
    let mut told = state();
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            () = tokio::time::sleep(OFTEN) => {
                let now = state();
                if now != told {
                    context.progress(&now).await?;
                    told = now;
                }
            }
        }
    }
}

/// How far indexing is.
#[derive(Default)]
struct Counted {
    seen: AtomicU64,
    planned: AtomicU64,
    done: AtomicU64,
}

impl Counted {
    fn note(&self, event: Event) {
        match event {
            Event::Scanned(files) => self.seen.store(files as u64, Ordering::Relaxed),
            Event::Planned { files, .. } => self.planned.store(files as u64, Ordering::Relaxed),
            Event::Indexed { .. } => drop(self.done.fetch_add(1, Ordering::Relaxed)),
            Event::Writing => {}
        }
    }

    fn json(&self) -> Value {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({ "files_seen": count(&self.seen), "files_planned": count(&self.planned), "files_done": count(&self.done) })
    }
}

fn backfill_json(progress: &BackfillProgress) -> Value {
    json!({ "texts": progress.texts, "done": progress.done, "read": progress.read, "truncated": progress.truncated })
}

/// What indexing did, with `most` of its notes.
fn report_json(report: &Report, most: usize) -> Value {
    let skipped: serde_json::Map<String, Value> =
        report.skipped_by_reason().into_iter().map(|(reason, n)| (reason.as_str().to_owned(), n.into())).collect();
    let notes: Vec<Value> =
        report.notes.iter().take(most).map(|note| json!({ "path": note.path, "message": note.message })).collect();
    json!({
        "generation": report.generation,
        "unchanged": report.unchanged,
        "rebuilt": report.rebuilt,
        "indexed": report.indexed,
        "removed": report.removed,
        "embedded": report.embedded,
        "files": report.counts.files,
        "chunks": report.counts.chunks,
        "symbols": report.counts.symbols,
        "skipped_by_reason": skipped,
        "notes": notes,
        "notes_in_all": report.notes.len(),
        "index_bytes": report.index_bytes,
        "seconds": report.elapsed.as_secs_f64(),
    })
}
