//! Hits for people: where, what, and the lines that speak of the query.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use rag_core::{Hit, SearchResult};

use super::args::HitArgs;
use super::output::{self, Out, harmless};
use super::target::Target;
use crate::highlight::{Highlighter, Mark, best_window};

const PATH: Style = AnsiColor::Magenta.on_default().bold();
const SYMBOL: Style = AnsiColor::Cyan.on_default();
const WORD: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();
/// Longer lines are cut, unless hits are shown in full.
const LONGEST_LINE: usize = 200;

/// Prints the hits.
pub(super) fn print(result: &SearchResult, target: &Target, args: &HitArgs) -> anyhow::Result<()> {
    let mut out = output::stdout();
    let lines = if args.full { usize::MAX } else { target.config.context_lines };
    let mut highlighter = Highlighter::new(&result.terms);
    for (rank, hit) in result.hits.iter().enumerate() {
        if rank > 0 && (lines > 0 || args.explain) {
            writeln!(out)?;
        }
        heading(&mut out, rank + 1, hit, target)?;
        snippet(&mut out, hit, lines, args.full, &mut highlighter)?;
        if args.explain {
            explanation(&mut out, hit)?;
        }
    }
    out.flush()?;
    if result.hits.is_empty() {
        super::target::note("nothing found");
    }
    Ok(())
}

fn heading(out: &mut Out, rank: usize, hit: &Hit, target: &Target) -> anyhow::Result<()> {
    write!(out, "{rank:>2}. {PATH}")?;
    if let Some(root) = target.repository_of(hit) {
        write!(out, "{}/", harmless(&root.to_string_lossy()))?;
    }
    write!(out, "{}:{}-{}{PATH:#}", harmless(&hit.path), hit.start_line, hit.end_line)?;
    if let (Some(symbol), Some(kind)) = (&hit.symbol, hit.kind) {
        write!(out, "  {SYMBOL}{}{SYMBOL:#} ({})", harmless(symbol), kind.as_str())?;
    }
    Ok(writeln!(out, "  {DIM}{:.2}{DIM:#}", hit.score)?)
}

fn snippet(out: &mut Out, hit: &Hit, most: usize, full: bool, highlighter: &mut Highlighter) -> anyhow::Result<()> {
    let text: Vec<&str> = hit.text.trim_end().lines().collect();
    let marks: Vec<Vec<Mark>> = text.iter().map(|line| highlighter.marks(line)).collect();
    let mut window = best_window(&marks, most);
    window.end -= text[window.clone()].iter().rev().take_while(|line| line.trim().is_empty()).count();
    let width = hit.end_line.to_string().len().max(4);
    for index in window {
        let line = text[index];
        let end = if full { line.len() } else { line.floor_char_boundary(LONGEST_LINE) };
        write!(out, "{DIM}{:>width$} │{DIM:#} ", hit.start_line as usize + index)?;
        let mut at = 0;
        for mark in marks[index].iter().filter(|mark| mark.range.end <= end) {
            write!(out, "{}", harmless(&line[at..mark.range.start]))?;
            write!(out, "{WORD}{}{WORD:#}", harmless(&line[mark.range.clone()]))?;
            at = mark.range.end;
        }
        let rest = if end < line.len() { "…" } else { "" };
        writeln!(out, "{}{rest}", harmless(&line[at..end]))?;
    }
    Ok(())
}

fn explanation(out: &mut Out, hit: &Hit) -> anyhow::Result<()> {
    let mut table = output::table(&["     term", "value", "weight", "contribution"], 1..4);
    let mut terms: Vec<_> = hit.terms.iter().map(|term| (term, term.value * term.weight)).collect();
    terms.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    for (term, contribution) in terms.into_iter().filter(|(_, contribution)| *contribution != 0.0) {
        let number = |x: f32| format!("{x:.3}");
        table.add_row([format!("     {}", term.name), number(term.value), number(term.weight), number(contribution)]);
    }
    table.add_row(["     score".to_owned(), String::new(), String::new(), format!("{:.3}", hit.score)]);
    Ok(writeln!(out, "{}", output::table_text(&table))?)
}
