//! Questions about a repository as a whole.

use std::io::Write;

use graphrag::Graph;
use rag_core::{Hit, Snapshot};
use serde_json::{Value, json};

use super::super::args::{AskArgs, Format, ScopeArg};
use super::super::output::{self, count, harmless};
use super::super::target;
use super::{Done, node_json, place};
use crate::ask::{Answer, Part, Scope, ask};
use crate::overview::summary;

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
        format => output::print_json(&answer_json(&snapshot, &graph, &answer)?, format)?,
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

fn answer_json(snapshot: &Snapshot, graph: &Graph, answer: &Answer) -> anyhow::Result<Value> {
    let hit = |hit: &Hit| json!({ "path": hit.path, "start_line": hit.start_line, "end_line": hit.end_line, "symbol": hit.symbol });
    let symbol = |&(id, share): &(u32, f32)| -> anyhow::Result<Value> {
        let mut symbol = node_json(graph, id);
        symbol["summary"] = summary(snapshot, graph, id)?.into();
        symbol["share"] = share.into();
        Ok(symbol)
    };
    let part = |part: &Part| -> anyhow::Result<Value> {
        let keys = part.community.key_symbols.iter().map(|&id| node_json(graph, id));
        Ok(json!({
            "title": part.community.title,
            "share": part.share,
            "files": part.community.files.iter().map(|&file| graph.path(file)).collect::<Vec<_>>(),
            "key_symbols": keys.collect::<Vec<_>>(),
            "hits": part.hits.iter().map(hit).collect::<Vec<_>>(),
        }))
    };
    Ok(json!({
        "scope": answer.scope,
        "parts": answer.parts.iter().map(part).collect::<anyhow::Result<Vec<_>>>()?,
        "named": answer.named.iter().map(|&id| node_json(graph, id)).collect::<Vec<_>>(),
        "symbols": answer.symbols.iter().map(symbol).collect::<anyhow::Result<Vec<_>>>()?,
        "hits": answer.hits.iter().map(hit).collect::<Vec<_>>(),
    }))
}
