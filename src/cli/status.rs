//! `cogo status`.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytesize::ByteSize;
use rag_core::Error;
use serde_json::{Value, json};

use super::args::{Format, PathArgs};
use super::output::{count, number};
use super::{Done, output, target};
use crate::Engine;

pub(super) fn run(args: &PathArgs) -> anyhow::Result<Done> {
    let flags = args.logging.log.as_ref().map_or(json!({}), |log| json!({ "log": log }));
    let (engine, _) = target::engine_for(&args.path, args.index_dir.as_deref(), flags)?;
    let snapshot = engine.snapshot()?;
    let pending = engine.pending()?;
    let manifest = &snapshot.manifest;
    let committed = UNIX_EPOCH + Duration::from_millis(manifest.committed_ms);
    let age = SystemTime::now().duration_since(committed).unwrap_or_default();
    let index_bytes: u64 = disk_bytes(&snapshot.folder);
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
    let mut out = output::stdout();
    writeln!(out, "{}", output::table_text(&table))?;
    out.flush()?;
    Ok(Done::Something)
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
