//! How the repository is organised: overview, communities, and what one symbol is about.

use std::io::Write;
use std::sync::Arc;

use graphrag::Graph;
use graphrag::graph::Community;
use rag_core::Snapshot;

use super::super::args::{ExplainArgs, Format, OverviewArgs};
use super::super::output::{self, count, harmless};
use super::super::target;
use super::{Done, find, place};
use crate::overview::{explain, overview, summary};
use crate::wire::{CommunitiesAnswer, Explained, OverviewAnswer};

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
        let answer = OverviewAnswer::new(&snapshot, &graph, &found, args.limit)?;
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
        let answer = CommunitiesAnswer::new(&snapshot, &graph, &found.levels, args.limit)?;
        output::print_json(&answer, args.format)?;
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

pub(super) fn explained(args: &ExplainArgs) -> anyhow::Result<Done> {
    let (snapshot, graph) = open(&args.overview)?;
    let id = find(&graph, &args.symbol)?;
    let found = explain(&snapshot, &graph, id)?;
    let limit = args.overview.limit;
    if args.overview.format != Format::Text {
        let answer = Explained::new(&graph, id, &found, limit);
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
