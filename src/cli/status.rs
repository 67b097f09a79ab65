//! `cogo status`.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytesize::ByteSize;
use rag_core::Error;
use serde::Serialize;
use serde_json::{Value, json};

use super::args::{Format, PathArgs};
use super::output::{count, number};
use super::{Done, output, target};
use crate::adapt::Adapted;
use crate::backfill::BackfillStatus;
use crate::{Coverage, Engine};

pub(super) fn run(args: &PathArgs) -> anyhow::Result<Done> {
    let (engine, _) = target::engine_for(&args.path, args.index_dir.as_deref(), &args.logging)?;
    let snapshot = engine.snapshot()?;
    let pending = engine.pending()?;
    let manifest = &snapshot.manifest;
    let committed = UNIX_EPOCH + Duration::from_millis(manifest.committed_ms);
    let age = SystemTime::now().duration_since(committed).unwrap_or_default();
    let index_bytes: u64 = disk_bytes(&snapshot.folder);
    let large = large_model(&engine)?;
    let adapted = Adapted::read(engine.store(), &manifest.settings.model);
    let chunks: u64 = manifest.segments.iter().map(|segment| u64::from(segment.chunks)).sum();
    if args.format != Format::Text {
        let status = json!({
            "root": engine.root(),
            "index": engine.store().folder(),
            "generation": manifest.generation,
            "committed": humantime::format_rfc3339_seconds(committed).to_string(),
            "age_seconds": age.as_secs(),
            "cogo": manifest.cogo,
            "files": manifest.counts.files,
            "lines": manifest.counts.lines,
            "bytes": manifest.counts.bytes,
            "chunks": manifest.counts.chunks,
            "symbols": manifest.counts.symbols,
            "references": manifest.counts.references,
            "skipped": manifest.counts.skipped,
            "languages": manifest.counts.languages,
            "model": manifest.settings.model,
            "dimensions": manifest.settings.dimensions,
            "chunk_bytes": manifest.settings.chunk_bytes,
            "max_file_bytes": manifest.settings.max_file_bytes,
            "segments": manifest.segments.len(),
            "stored_chunks": chunks,
            "index_bytes": index_bytes,
            "pending": { "added": pending.added, "changed": pending.changed, "removed": pending.removed },
            "up_to_date": pending.is_empty(),
            "locked": lock_state(&engine),
            "large_model": large,
            "adapted": adapted,
        });
        output::print_json(&status, args.format)?;
        return Ok(Done::Something);
    }
    let counts = &manifest.counts;
    let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
    let mut languages: Vec<_> = counts.languages.iter().collect();
    languages.sort_by_key(|(_, files)| std::cmp::Reverse(**files));
    let languages: Vec<String> =
        languages.iter().take(10).map(|(language, files)| format!("{language} {}", number(**files))).collect();
    let pending = match pending.is_empty() {
        true => "none".to_owned(),
        false => format!("{} added, {} changed, {} removed", pending.added, pending.changed, pending.removed),
    };
    let lock = match lock_state(&engine) {
        Value::Bool(true) => "another process is writing",
        Value::Bool(false) => "free",
        _ => "unknown",
    };
    let size = ByteSize(index_bytes).display().iec();
    let mut table = output::table(&[], 0..0);
    table.add_row(["root", &engine.root().display().to_string()]);
    table.add_row(["index", &engine.store().folder().display().to_string()]);
    table.add_row(["generation", &format!("{}, committed {age} ago", manifest.generation)]);
    table.add_row(["holds", &format!("{}, {}", count(counts.files, "file"), count(counts.lines, "line"))]);
    let parts = [(counts.chunks, "chunk"), (counts.symbols, "symbol"), (counts.references, "reference")];
    table.add_row(["", &parts.map(|(n, noun)| count(n, noun)).join(", ")]);
    table.add_row(["languages", &languages.join(", ")]);
    table.add_row(["left out", &count(counts.skipped, "file")]);
    table.add_row(["model", &format!("{}, {} dimensions", manifest.settings.model, manifest.settings.dimensions)]);
    table.add_row(["on disk", &format!("{size}, {}", count(manifest.segments.len() as u64, "segment"))]);
    table.add_row(["pending", &pending]);
    table.add_row(["lock", lock]);
    if let Some(Adapted { generation, outcome, .. }) = &adapted {
        let gain = outcome.gain.mean;
        table.add_row([
            "ranking",
            &format!("adapted at generation {generation}: NDCG@10 {gain:+.3} on its own questions"),
        ]);
    }
    if let Some(large) = &large {
        table.add_row(["large model", &large.model]);
        table.add_row(["", &large.text()]);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", output::table_text(&table))?;
    out.flush()?;
    Ok(Done::Something)
}

/// How far a large model is with an index.
#[derive(Serialize)]
struct LargeModel {
    model: String,
    chunks: u64,
    covered: u64,
    running: bool,
    /// Texts per second, of the run that is going on or was the last.
    rate: Option<f64>,
    seconds_left: Option<u64>,
    truncated: usize,
    error: Option<String>,
    damaged: Vec<String>,
}

impl LargeModel {
    fn text(&self) -> String {
        let share = 100.0 * self.covered as f64 / self.chunks.max(1) as f64;
        let mut text = format!("has read {} of {} ({share:.0} %)", number(self.covered), count(self.chunks, "chunk"));
        match (self.running, self.covered == self.chunks, &self.error) {
            (true, _, _) => text += ", running",
            (false, true, _) => {}
            (false, false, Some(error)) => text += &format!(", failed: {error}"),
            (false, false, None) => text += ", not running: `cogo-index` goes on with it",
        }
        if let Some(rate) = self.rate.filter(|_| self.covered < self.chunks) {
            text += &format!(", {rate:.1} per second");
        }
        if let Some(seconds) = self.seconds_left.filter(|_| self.running) {
            text += &format!(", {} left", humantime::format_duration(Duration::from_secs(seconds)));
        }
        text
    }
}

fn large_model(engine: &Engine) -> anyhow::Result<Option<LargeModel>> {
    let Some(Coverage { model, chunks, covered }) = engine.coverage()? else { return Ok(None) };
    let store = engine.store().vectors(&model);
    let status = BackfillStatus::read(&store).unwrap_or_default();
    let left = status.left(chunks - covered).filter(|_| covered < chunks);
    Ok(Some(LargeModel {
        model,
        chunks,
        covered,
        running: store.is_locked(),
        rate: status.rate(),
        seconds_left: left.map(|left| left.as_secs()),
        truncated: status.truncated,
        error: status.error,
        damaged: engine.vectors()?.damaged.iter().map(|(_, reason)| reason.clone()).collect(),
    }))
}

/// Whether another process is writing: true, false, or null if that cannot be told. Takes the lock for a moment.
pub(super) fn lock_state(engine: &Engine) -> Value {
    if !engine.store().folder().exists() {
        return Value::Bool(false);
    }
    match engine.store().lock(false) {
        Ok(_lock) => Value::Bool(false),
        Err(Error::Locked { .. }) => Value::Bool(true),
        Err(_) => Value::Null,
    }
}

/// Bytes of the files in one folder.
fn disk_bytes(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}
