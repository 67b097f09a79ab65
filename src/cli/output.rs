//! stdout, tables and small words.

use std::io::{self, Write};

use anstream::AutoStream;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

use super::args::Format;
pub(super) use crate::harmless::harmless;

/// Stdout, buffered; escape codes are dropped unless it is a terminal that wants them.
pub(super) type Out = io::BufWriter<AutoStream<io::Stdout>>;

/// Opens stdout.
pub(super) fn stdout() -> Out {
    io::BufWriter::with_capacity(1 << 16, anstream::stdout())
}

/// Prints `value` as JSON: indented, or on one line.
pub(super) fn print_json(value: &impl Serialize, format: Format) -> anyhow::Result<()> {
    let mut out = stdout();
    let json = match format {
        Format::Jsonl => serde_json::to_string(value)?,
        Format::Text | Format::Json => serde_json::to_string_pretty(value)?,
    };
    writeln!(out, "{json}")?;
    Ok(out.flush()?)
}

/// An empty table without lines, whose columns `numbers` are aligned to the right.
pub(super) fn table(header: &[&str], numbers: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !header.is_empty() {
        table.set_header(header);
    }
    for index in numbers {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table as text, without the blanks at both ends of its lines.
pub(super) fn table_text(table: &Table) -> String {
    let trimmed = |line: String| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned();
    let lines: Vec<String> = table.lines().map(trimmed).collect();
    lines.join("\n")
}

/// `12 345 678`
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 file`, `2 files`
pub(super) fn count(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(7), "7");
        assert_eq!(number(1234567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
    }

    #[test]
    fn escape_codes_are_harmless() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc"), "a\u{fffd}[2Jb\tc");
    }
}
