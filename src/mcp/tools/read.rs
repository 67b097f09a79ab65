//! `read`: source by place or symbol. It comes from the index, so what is secret or ignored cannot be read.

use graphrag::Graph;
use graphrag::graph::NodeId;
use rag_core::store::catalog::Place;
use rag_core::{Snapshot, SymbolKind};
use serde::Deserialize;

use super::super::answer::{Answer, cite, handle, next, one_line, place};
use super::super::host::is_inside;
use super::{Answered, Call, LONGEST, Refusal, given, limit};
use crate::change::Change;
use crate::tokens::estimate;

pub(super) const TOKENS: usize = 4000;
/// Lines around one that was asked for outside of any definition.
const AROUND: u32 = 20;
/// Share of an answer that an outline may take.
const OUTLINE: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    place: String,
    max_tokens: Option<usize>,
}

pub(super) fn answer(call: &Call, arguments: Arguments) -> Answered {
    given("place", &arguments.place, LONGEST)?;
    let limit = limit(arguments.max_tokens, TOKENS)?;
    let asked = arguments.place.trim().trim_start_matches("./");
    let asked = relative(call, asked)?;
    if let Some(Change { path, lines }) = Change::parse(&asked) {
        call.host.look_at(&path);
        let snapshot = call.engine().snapshot()?;
        if let Some(text) = text_of(&snapshot, &path)? {
            let graph = call.engine().graph_of(&snapshot)?;
            return Ok(show(&graph, &path, text, lines, limit));
        }
        if !is_inside(&path) {
            return Err(Refusal(format!("`{}` lies outside of the repository", one_line(&path))));
        }
    }
    let (snapshot, graph) = call.view()?;
    let path = asked.rsplit_once(':').map_or(&*asked, |(path, _)| path);
    let is_path = asked.contains('/') || snapshot.entry(path).is_some();
    if is_path && graph.find(&asked).is_empty() {
        return Err(not_indexed(&snapshot, path));
    }
    let found = call.find(&graph, &asked)?;
    let path = graph.path(found).to_owned();
    match text_of(&snapshot, &path)? {
        Some(text) => Ok(show(&graph, &path, text, Some(graph.node(found).lines), limit)),
        None => Err(Refusal(format!("`{}` is no file\nNext: overview {}", one_line(&asked), one_line(&asked)))),
    }
}

/// A path below the root as one relative to it.
fn relative(call: &Call, asked: &str) -> Result<String, Refusal> {
    let asked = asked.strip_prefix("cogo://file/").unwrap_or(asked);
    let root = call.engine().root().to_string_lossy();
    match asked.strip_prefix(&*root).map(|rest| rest.trim_start_matches('/')) {
        Some(rest) => Ok(rest.to_owned()),
        None if asked.starts_with('/') => Err(Refusal(format!("`{}` lies outside of the repository", one_line(asked)))),
        None => Ok(asked.to_owned()),
    }
}

/// The text of an indexed file; none if it is not indexed.
pub(in crate::mcp) fn text_of<'s>(snapshot: &'s Snapshot, path: &str) -> rag_core::Result<Option<&'s str>> {
    let Some(Place::Indexed { segment, file }) = snapshot.entry(path).map(|entry| entry.place) else {
        return Ok(None);
    };
    Ok(Some(snapshot.segments[segment as usize].segment.text(file)?.as_str()))
}

fn not_indexed(snapshot: &Snapshot, path: &str) -> Refusal {
    if snapshot.entry(path).is_some() {
        let reason = "it is binary, generated, too large, or holds a secret";
        return Refusal(format!("`{}` is not indexed: {reason}", one_line(path)));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut near: Vec<(f64, &str)> = snapshot
        .catalog
        .iter()
        .filter(|entry| matches!(entry.place, Place::Indexed { .. }))
        .map(|entry| (strsim::jaro_winkler(entry.path.rsplit('/').next().unwrap_or(""), name), &*entry.path))
        .filter(|(similar, _)| *similar > 0.85)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut lines = vec![format!("no indexed file `{}`", one_line(path))];
    lines.extend(near.iter().take(5).map(|(_, path)| format!("  near: {}", one_line(path))));
    lines.push(format!("Next: search {}", one_line(name.split('.').next().unwrap_or(name))));
    Refusal(lines.join("\n"))
}

fn show(graph: &Graph, path: &str, text: &str, lines: Option<(u32, u32)>, limit: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let count = all.len() as u32;
    let asked = match lines {
        None => (1, count),
        Some((first, last)) if first == last => around(graph, path, first, count),
        Some((first, last)) => (first.min(last), first.max(last)),
    };
    let (first, last) = (asked.0.clamp(1, count.max(1)), asked.1.clamp(1, count.max(1)));
    let numbered: Vec<String> =
        (first..=last).filter_map(|line| Some(format!("{line}\t{}", all.get(line as usize - 1)?))).collect();
    let mut answer = Answer::new(limit);
    let whole = if (first, last) == (1, count) { String::new() } else { format!(" of {count} lines") };
    answer.line(&format!("{}{whole}", cite(path, (first, last))));
    let symbols: Vec<NodeId> = graph.file(path).map(|file| graph.symbols_of(file).collect()).unwrap_or_default();
    let tokens: usize = numbered.iter().map(|line| estimate(line) + 1).sum();
    if tokens > answer.room() {
        outline(&mut answer, graph, &symbols, (first, last), limit / OUTLINE);
    }
    let shown = answer.lines(&numbered) as u32;
    let mut end = Vec::new();
    let mut steps = Vec::new();
    if asked.0 > count {
        end.push(format!("the file has {count} lines"));
    }
    if shown < numbered.len() as u32 {
        end.push(format!("{} of {} lines shown", shown, numbered.len()));
        // A line that no answer can hold would be asked for for ever.
        let from = if shown == 0 { first + 1 } else { first + shown };
        steps.push(format!("read {}", cite(path, (from, last))));
    }
    if let Some(&symbol) = symbols.iter().find(|&&id| graph.node(id).lines == (first, last)) {
        steps.push(format!("graph {} callers", handle(graph, symbol)));
    } else if steps.is_empty() {
        steps.push(format!("graph {} references", one_line(path)));
    }
    end.push(next(&steps));
    answer.end(&end)
}

/// The definition around a line, or the lines around it.
fn around(graph: &Graph, path: &str, line: u32, count: u32) -> (u32, u32) {
    let symbol = graph.find(&format!("{path}:{line}")).first().map(|&id| graph.node(id));
    match symbol.filter(|node| node.symbol.is_some()) {
        Some(node) => node.lines,
        None => (line.saturating_sub(AROUND).max(1), line.saturating_add(AROUND).min(count.max(line))),
    }
}

/// The definitions between two lines, as many as fit into some tokens.
fn outline(answer: &mut Answer, graph: &Graph, symbols: &[NodeId], lines: (u32, u32), limit: usize) {
    let within = |id: &&NodeId| {
        let (first, last) = graph.node(**id).lines;
        let is_small = matches!(graph.node(**id).kind.symbol(), Some(SymbolKind::Field | SymbolKind::Variable));
        lines.0 <= first && last <= lines.1 && (first, last) != lines && !is_small
    };
    let mut left = limit;
    let found: Vec<String> = symbols.iter().filter(within).map(|&id| short(graph, id)).collect();
    if found.is_empty() || !answer.line("outline:") {
        return;
    }
    for (shown, line) in found.iter().enumerate() {
        let tokens = estimate(line) + 1;
        if tokens > left || !answer.line(line) {
            answer.line(&format!("  … {} more definitions", found.len() - shown));
            return;
        }
        left -= tokens;
    }
}

/// `  12-40 Name (kind)`: the path stands above.
fn short(graph: &Graph, id: NodeId) -> String {
    let place = place(graph, id);
    let path = one_line(graph.path(id)).len() + 1;
    format!("  {}", place.get(path..).unwrap_or(&place))
}
