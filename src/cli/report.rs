//! What an indexing run did, for people and for scripts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use bytesize::ByteSize;
use indexer::Report;
use serde::Serialize;

use super::output::{self, count, harmless, number};

/// Languages that get a line of their own.
const MOST_LANGUAGES: usize = 10;
/// Notes that are printed to people.
const MOST_NOTES: usize = 10;

/// A [`Report`] as scripts see it.
#[derive(Serialize)]
pub(super) struct ReportJson<'r> {
    root: String,
    generation: u64,
    unchanged: bool,
    rebuilt: Option<&'r str>,
    indexed: usize,
    removed: usize,
    embedded: usize,
    files: u64,
    lines: u64,
    bytes: u64,
    chunks: u64,
    symbols: u64,
    references: u64,
    languages: &'r BTreeMap<String, u64>,
    skipped_by_reason: BTreeMap<&'static str, usize>,
    skipped: Vec<SkippedJson<'r>>,
    notes: Vec<NoteJson<'r>>,
    index_bytes: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct SkippedJson<'r> {
    path: &'r str,
    reason: &'static str,
}

#[derive(Serialize)]
struct NoteJson<'r> {
    path: &'r str,
    message: &'r str,
}

impl<'r> ReportJson<'r> {
    pub(super) fn new(root: &Path, report: &'r Report) -> Self {
        let counts = &report.counts;
        let by_reason = report.skipped_by_reason();
        let skipped = report.skipped.iter().map(|s| SkippedJson { path: &s.path, reason: s.reason.as_str() });
        let notes = report.notes.iter().map(|note| NoteJson { path: &note.path, message: &note.message });
        ReportJson {
            root: root.to_string_lossy().into_owned(),
            generation: report.generation,
            unchanged: report.unchanged,
            rebuilt: report.rebuilt.as_deref(),
            indexed: report.indexed,
            removed: report.removed,
            embedded: report.embedded,
            files: counts.files,
            lines: counts.lines,
            bytes: counts.bytes,
            chunks: counts.chunks,
            symbols: counts.symbols,
            references: counts.references,
            languages: &counts.languages,
            skipped_by_reason: by_reason.into_iter().map(|(reason, n)| (reason.as_str(), n)).collect(),
            skipped: skipped.collect(),
            notes: notes.collect(),
            index_bytes: report.index_bytes,
            seconds: report.elapsed.as_secs_f64(),
        }
    }
}

/// Prints the report to people.
pub(super) fn print_text(root: &Path, report: &Report) -> anyhow::Result<()> {
    let mut out = output::stdout();
    if report.unchanged {
        writeln!(out, "{}", one_line(report))?;
        return Ok(out.flush()?);
    }
    if let Some(reason) = &report.rebuilt {
        writeln!(out, "written anew: {}", harmless(reason))?;
    }
    let counts = &report.counts;
    if !counts.languages.is_empty() {
        writeln!(out, "{}\n", languages(&counts.languages))?;
    }
    let root = root.to_string_lossy();
    writeln!(out, "{} in {}", done(report), harmless(&root))?;
    writeln!(out, "holds {}, {}", count(counts.files, "file"), count(counts.lines, "line"))?;
    let rest = [(counts.chunks, "chunk"), (counts.symbols, "symbol"), (counts.references, "reference")];
    writeln!(out, "      {}", rest.map(|(n, noun)| count(n, noun)).join(", "))?;
    let reasons = report.skipped_by_reason();
    if !reasons.is_empty() {
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let reasons = reasons.iter().map(|(reason, n)| format!("{} {reason}", number(*n as u64)));
        writeln!(out, "left out: {}", reasons.collect::<Vec<_>>().join(", "))?;
    }
    notes(&mut out, report)?;
    let size = ByteSize(report.index_bytes).display().iec();
    writeln!(out, "generation {}, {size}, {:.2} s", report.generation, report.elapsed.as_secs_f64())?;
    Ok(out.flush()?)
}

/// The report in one line.
pub(super) fn one_line(report: &Report) -> String {
    let milliseconds = report.elapsed.as_millis();
    let holds = count(report.counts.files, "file");
    match report.unchanged {
        true => format!("up to date: {holds}, generation {}, {milliseconds} ms", report.generation),
        false => format!("{}: {holds}, generation {}, {milliseconds} ms", done(report), report.generation),
    }
}

fn done(report: &Report) -> String {
    let indexed = format!("indexed {}", count(report.indexed as u64, "file"));
    match report.removed {
        0 => indexed,
        removed => format!("{indexed}, removed {}", number(removed as u64)),
    }
}

fn languages(languages: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<_> = languages.iter().collect();
    sorted.sort_by_key(|(_, files)| std::cmp::Reverse(**files));
    let mut table = output::table(&["language", "files"], 1..2);
    // A line for a single other language would say less than its name.
    let shown = if sorted.len() == MOST_LANGUAGES + 1 { sorted.len() } else { MOST_LANGUAGES };
    for (language, files) in sorted.iter().take(shown) {
        table.add_row([harmless(language).into_owned(), number(**files)]);
    }
    let others = sorted.iter().skip(shown);
    if others.len() > 0 {
        let name = format!("{} others", others.len());
        table.add_row([name, number(others.map(|(_, files)| **files).sum())]);
    }
    output::table_text(&table)
}

fn notes(out: &mut output::Out, report: &Report) -> anyhow::Result<()> {
    for note in report.notes.iter().take(MOST_NOTES) {
        writeln!(out, "note: `{}`: {}", harmless(&note.path), harmless(&note.message))?;
    }
    if let Some(more) = report.notes.len().checked_sub(MOST_NOTES + 1) {
        writeln!(out, "… {} more, --format json shows all", count(more as u64 + 1, "note"))?;
    }
    Ok(())
}

/// What a large model has read, in one line.
pub(super) fn backfill_line(state: &indexer::BackfillProgress) -> String {
    let texts = count(state.texts as u64, "text");
    let mut line = match state.read {
        0 => format!("the large model has read {texts} already"),
        read => format!("the large model has read {} of {texts}", number(read as u64)),
    };
    if let Some(rate) = state.rate() {
        line += &format!(", {rate:.1} per second");
    }
    if state.truncated > 0 {
        line +=
            &format!("; {} longer than it can read, the ends were left out", count(state.truncated as u64, "text was"));
    }
    line
}
