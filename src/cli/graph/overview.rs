//! How the repository is organised: overview, communities, and what one symbol is about.

use std::io::Write;
use std::sync::Arc;

use graphrag::Graph;
use graphrag::graph::{Community, NodeId, Relation};
use rag_core::Snapshot;
use serde_json::{Value, json};

use super::super::args::{ExplainArgs, Format, OverviewArgs};
use super::super::output::{self, count, harmless};
use super::super::target;
use super::{Done, find, node_json, place};
use crate::overview::{explain, overview, summary};

/// Names per line.
const NAMES: usize = 6;

fn open(args: &OverviewArgs) -> anyhow::Result<(Arc<Snapshot>, Arc<Graph>)> {
    let (engine, _) = target::engine_for(&args.root, None, &args.logging)?;
    target::refresh(&engine)?;
    Ok((engine.snapshot()?, engine.graph()?))
}

pub(super) fn run(args: &OverviewArgs) -> anyhow::Result<Done> {
    let (snapshot, graph) = open(args)?;
    let found = overview(&snapshot, &graph);
    let counts = &snapshot.manifest.counts;
    if args.format != Format::Text {
        let counted = |list: &[(NodeId, usize)]| -> Vec<Value> {
            list.iter().map(|&(id, count)| json!({ "name": graph.node(id).name, "files": count })).collect()
        };
        let answer = json!({
            "files": counts.files, "lines": counts.lines, "symbols": counts.symbols,
            "languages": found.languages.iter().map(|(name, files)| json!({ "name": name, "files": files })).collect::<Vec<_>>(),
            "communities": communities_json(&snapshot, &graph, &found.communities, args.limit)?,
            "central": counted(&found.central), "packages": counted(&found.packages),
            "entries": found.entries.iter().map(|&id| node_json(&graph, id)).collect::<Vec<_>>(),
        });
        output::print_json(&answer, args.format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    let languages =
        found.languages.iter().take(NAMES).map(|(name, files)| format!("{} {name}", output::number(*files)));
    writeln!(
        out,
        "{}, {}, {}: {}",
        count(counts.files, "file"),
        count(counts.lines, "line"),
        count(counts.symbols, "symbol"),
        languages.collect::<Vec<_>>().join(", ")
    )?;
    writeln!(out, "\nparts")?;
    print_communities(&mut out, &snapshot, &graph, &found.communities, args.limit)?;
    for (title, list) in [("used most", &found.central), ("packages from outside", &found.packages)] {
        if !list.is_empty() {
            writeln!(out, "\n{title}")?;
            for &(id, files) in list {
                writeln!(out, "  {}  by {}", harmless(graph.node(id).name), count(files as u64, "file"))?;
            }
        }
    }
    if !found.entries.is_empty() {
        writeln!(out, "\nprograms start at")?;
        found.entries.iter().try_for_each(|&id| writeln!(out, "  {}", place(&graph, id)))?;
    }
    out.flush()?;
    Ok(Done::Something)
}

pub(super) fn communities(args: &OverviewArgs) -> anyhow::Result<Done> {
    let (snapshot, graph) = open(args)?;
    let found = graph.communities();
    if args.format != Format::Text {
        let levels = found.levels.iter().map(|level| communities_json(&snapshot, &graph, level, args.limit));
        output::print_json(&json!({ "levels": levels.collect::<anyhow::Result<Vec<_>>>()? }), args.format)?;
    } else {
        let mut out = output::stdout();
        for (number, level) in found.levels.iter().rev().enumerate() {
            writeln!(out, "level {number}: {}", count(level.len() as u64, "part"))?;
            print_communities(&mut out, &snapshot, &graph, level, args.limit)?;
        }
        out.flush()?;
    }
    Ok(if found.coarsest().is_empty() { Done::Nothing } else { Done::Something })
}

fn print_communities(
    out: &mut impl Write,
    snapshot: &Snapshot,
    graph: &Graph,
    communities: &[Community],
    limit: usize,
) -> anyhow::Result<()> {
    for community in communities.iter().take(limit) {
        writeln!(out, "  {}  ({})", harmless(&community.title), count(community.files.len() as u64, "file"))?;
        for &id in community.key_symbols.iter().take(3) {
            if let Some(summary) = summary(snapshot, graph, id)? {
                writeln!(out, "    {}: {}", harmless(graph.node(id).name), harmless(&summary))?;
            }
        }
        let uses = community.uses.iter().take(3).filter_map(|(to, _)| communities.get(*to));
        let uses: Vec<&str> = uses.map(|other| other.title.as_str()).collect();
        if !uses.is_empty() {
            writeln!(out, "    uses {}", harmless(&uses.join("; ")))?;
        }
    }
    if communities.len() > limit {
        writeln!(out, "  … {} more, -k shows them", communities.len() - limit)?;
    }
    Ok(())
}

fn communities_json(
    snapshot: &Snapshot,
    graph: &Graph,
    communities: &[Community],
    limit: usize,
) -> anyhow::Result<Vec<Value>> {
    let one = |community: &Community| -> anyhow::Result<Value> {
        let symbol = |&id: &NodeId| -> anyhow::Result<Value> {
            let mut symbol = node_json(graph, id);
            symbol["summary"] = summary(snapshot, graph, id)?.into();
            Ok(symbol)
        };
        Ok(json!({
            "title": community.title,
            "files": community.files.iter().map(|&file| graph.path(file)).collect::<Vec<_>>(),
            "key_symbols": community.key_symbols.iter().map(symbol).collect::<anyhow::Result<Vec<_>>>()?,
            "uses": community.uses.iter().map(|(to, uses)| json!({ "community": to, "uses": uses })).collect::<Vec<_>>(),
            "part_of": community.part_of,
        }))
    };
    communities.iter().take(limit).map(one).collect()
}

pub(super) fn explained(args: &ExplainArgs) -> anyhow::Result<Done> {
    let (snapshot, graph) = open(&args.overview)?;
    let id = find(&graph, &args.symbol)?;
    let found = explain(&snapshot, &graph, id)?;
    let limit = args.overview.limit;
    if args.overview.format != Format::Text {
        let by_relation = |map: &std::collections::BTreeMap<Relation, Vec<NodeId>>| -> Value {
            let list = |ids: &Vec<NodeId>| ids.iter().take(limit).map(|&id| node_json(&graph, id)).collect::<Vec<_>>();
            map.iter().map(|(relation, ids)| (relation.as_str().to_owned(), json!(list(ids)))).collect()
        };
        let answer = json!({
            "symbol": node_json(&graph, id), "signature": found.signature, "summary": found.summary,
            "uses": by_relation(&found.uses), "used_by": by_relation(&found.used_by),
            "possible": found.doubtful.0, "unresolved": found.doubtful.1,
            "tests": found.tests.iter().take(limit).map(|&id| node_json(&graph, id)).collect::<Vec<_>>(),
            "community": found.community.as_ref().map(|community| &community.title),
        });
        output::print_json(&answer, args.overview.format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", place(&graph, id))?;
    for line in [&found.signature, &found.summary].into_iter().flatten() {
        writeln!(out, "  {}", harmless(line))?;
    }
    if let Some(parent) = graph.node(id).parent {
        writeln!(out, "in {}", place(&graph, parent))?;
    }
    if let Some(community) = &found.community {
        writeln!(out, "part of {}", harmless(&community.title))?;
    }
    for (words, map) in [("", &found.uses), ("from others: ", &found.used_by)] {
        for (relation, ids) in map {
            writeln!(out, "{words}{} ({})", relation.as_str(), ids.len())?;
            ids.iter().take(NAMES).try_for_each(|&id| writeln!(out, "  {}", place(&graph, id)))?;
        }
    }
    let (possible, unresolved) = found.doubtful;
    writeln!(
        out,
        "{}, {} of that name; {} it",
        count(possible as u64, "possible use"),
        count(unresolved as u64, "unresolved site"),
        if found.tests.is_empty() {
            "no test reaches".to_owned()
        } else {
            format!("{} reach", count(found.tests.len() as u64, "test"))
        }
    )?;
    found.tests.iter().take(NAMES).try_for_each(|&id| writeln!(out, "  {}", place(&graph, id)))?;
    out.flush()?;
    Ok(Done::Something)
}
