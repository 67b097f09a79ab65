//! Questions about a repository as a whole.

use std::io::Write;

use graphrag::Graph;
use rag_core::{Hit, Snapshot};

use super::super::args::{AskArgs, Format, ScopeArg};
use super::super::output::{self, count, harmless};
use super::super::target;
use super::{Done, place};
use crate::ask::{Answer, Scope, ask};
use crate::overview::summary;
use crate::wire::Asked;

/// Key symbols that are described.
const SYMBOLS: usize = 3;

pub(super) fn run(args: &AskArgs) -> anyhow::Result<Done> {
    let overview = &args.overview;
    let (engine, _) = target::engine_for(&overview.root, None, &overview.logging)?;
    target::refresh(&engine)?;
    let scope = args.scope.map(|scope| match scope {
        ScopeArg::Global => Scope::Global,
        ScopeArg::Local => Scope::Local,
        ScopeArg::Drift => Scope::Drift,
    });
    let answer = ask(&engine, &args.question, scope, overview.limit)?;
    let (snapshot, graph) = (engine.snapshot()?, engine.graph()?);
    match overview.format {
        Format::Text => print(&snapshot, &graph, &answer)?,
        format => output::print_json(&Asked::new(&snapshot, &graph, &answer)?, format)?,
    }
    Ok(if answer.hits.is_empty() && answer.parts.is_empty() { Done::Nothing } else { Done::Something })
}

fn print(snapshot: &Snapshot, graph: &Graph, answer: &Answer) -> anyhow::Result<()> {
    let mut out = output::stdout();
    for part in &answer.parts {
        let files = count(part.community.files.len() as u64, "file");
        writeln!(out, "{}  ({files}, {:.0} %)", harmless(&part.community.title), 100.0 * part.share)?;
        for &id in part.community.key_symbols.iter().take(SYMBOLS) {
            if let Some(summary) = summary(snapshot, graph, id)? {
                writeln!(out, "  {}: {}", harmless(graph.node(id).name), harmless(&summary))?;
            }
        }
        part.hits.iter().try_for_each(|hit| writeln!(out, "  → {}", hit_place(hit)))?;
    }
    if answer.parts.is_empty() {
        answer.named.iter().try_for_each(|&id| writeln!(out, "{}", place(graph, id)))?;
        answer.hits.iter().take(SYMBOLS).try_for_each(|hit| writeln!(out, "{}", hit_place(hit)))?;
    }
    if !answer.symbols.is_empty() {
        writeln!(out, "\nwhat hangs together with that")?;
        for &(id, _) in &answer.symbols {
            write!(out, "  {}", place(graph, id))?;
            match summary(snapshot, graph, id)? {
                Some(summary) => writeln!(out, ": {}", harmless(&summary))?,
                None => writeln!(out)?,
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn hit_place(hit: &Hit) -> String {
    let symbol = hit.symbol.as_deref().map(|symbol| format!("  {symbol}")).unwrap_or_default();
    harmless(&format!("{}:{}-{}{symbol}", hit.path, hit.start_line, hit.end_line)).into_owned()
}
