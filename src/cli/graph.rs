//! `cogo graph`.

use std::collections::BTreeSet;
use std::io::Write;

use graphrag::graph::{Follow, Graph, Link, NodeId, Reached};
use rag_core::ReferenceKind;
use serde_json::{Value, json};

use super::args::{Format, GraphArgs, GraphCommand, GraphFormat, ImpactArgs, PathBetweenArgs, WalkArgs};
use super::failure::Usage;
use super::output::{self, count, harmless};
use super::{Done, target};

/// Links that carry a change to whoever uses what was changed.
const FAR: u32 = 8;

pub(super) fn run(command: &GraphCommand) -> anyhow::Result<Done> {
    match command {
        GraphCommand::Callers(args) => uses(args, true, &[ReferenceKind::Call]),
        GraphCommand::Callees(args) => uses(args, false, &[ReferenceKind::Call]),
        GraphCommand::References(args) => uses(args, true, &[]),
        GraphCommand::Path(args) => path(args),
        GraphCommand::Impact(args) => impact(args),
    }
}

fn open(walk: &WalkArgs) -> anyhow::Result<Graph> {
    let (engine, _) = target::engine_for(&walk.root, None, &walk.logging)?;
    target::refresh(&engine)?;
    let started = std::time::Instant::now();
    let graph = crate::graph::of_snapshot(&*engine.snapshot()?)?;
    tracing::debug!(elapsed = ?started.elapsed(), size = ?graph.size(), "linked");
    Ok(graph)
}

fn follow<'k>(walk: &WalkArgs, kinds: &'k [ReferenceKind], far: u32) -> Follow<'k> {
    Follow { kinds, proven_only: walk.proven, depth: walk.depth.unwrap_or(far) }
}

/// The one thing that `text` means.
fn find(graph: &Graph, text: &str) -> anyhow::Result<NodeId> {
    match graph.find(text)[..] {
        [node] => Ok(node),
        [] => Err(Usage::new(format!("nothing is called `{text}`"))
            .hint(
                "give a name, `Class.method`, a path, or `path:line`; `cogo search --mode symbol` finds similar names",
            )
            .into()),
        ref several => {
            let mut list: Vec<String> = several.iter().take(10).map(|&node| place(graph, node)).collect();
            if several.len() > list.len() {
                list.push(format!("… {} more", several.len() - list.len()));
            }
            let message = format!("`{text}` may mean {} things", several.len());
            Err(Usage::new(message).hint(format!("name one of them as `path:line`:\n  {}", list.join("\n  "))).into())
        }
    }
}

/// `path:line  name (kind)`
fn place(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    match node.kind {
        Some(kind) => format!("{}:{}  {} ({kind})", harmless(graph.path(id)), node.lines.0, harmless(&node.name)),
        None => harmless(graph.path(id)).into_owned(),
    }
}

fn node_json(graph: &Graph, id: NodeId) -> Value {
    let node = graph.node(id);
    json!({
        "path": graph.path(id),
        "name": node.name,
        "kind": node.kind.map(|kind| kind.as_str()),
        "start_line": node.lines.0,
        "end_line": node.lines.1,
    })
}

fn reached_json(graph: &Graph, reached: &Reached) -> Value {
    let mut answer = node_json(graph, reached.node);
    answer["distance"] = json!(reached.distance);
    answer["proven"] = json!(reached.is_proven);
    answer
}

fn link_json(link: &Link) -> Value {
    let tier = if link.is_proven { "proven" } else { "possible" };
    json!({ "kind": link.kind.as_str(), "tier": tier, "candidates": link.candidates, "line": link.line })
}

/// How sure a link is, in words; nothing if it is proven.
fn doubt(link: &Link) -> String {
    match link.is_proven {
        true => String::new(),
        false => format!("  possible, 1 of {}", link.candidates),
    }
}

fn uses(args: &GraphArgs, backwards: bool, kinds: &[ReferenceKind]) -> anyhow::Result<Done> {
    let graph = open(&args.walk)?;
    let start = find(&graph, &args.symbol)?;
    let mut found = graph.reach(&[start], backwards, follow(&args.walk, kinds, 1));
    found.sort_by_key(|reached| (reached.distance, !reached.is_proven));
    let proven = found.iter().filter(|reached| reached.is_proven).count();
    let unresolved = if backwards { graph.unresolved(start) } else { &[] };
    let unresolved: Vec<_> = unresolved.iter().filter(|site| kinds.is_empty() || kinds.contains(&site.kind)).collect();
    let total = found.len();
    found.truncate(args.walk.limit);
    let mut out = output::stdout();
    match args.walk.format {
        GraphFormat::Text => {
            writeln!(out, "{}", place(&graph, start))?;
            for reached in &found {
                print_reached(&mut out, &graph, reached, backwards)?;
            }
            if total > found.len() {
                writeln!(out, "  … {} more, -k shows them", total - found.len())?;
            }
            let sites = count(unresolved.len() as u64, "unresolved site");
            writeln!(out, "{proven} proven, {} possible, {sites} of that name", total - proven)?;
            for site in unresolved.iter().take(10) {
                writeln!(out, "  ? {}:{}", harmless(graph.path(site.node)), site.line)?;
            }
        }
        GraphFormat::Json => {
            let answers = found.iter().map(|reached| {
                let mut answer = reached_json(&graph, reached);
                answer["link"] = link_json(&reached.link);
                answer
            });
            let sites = unresolved.iter().map(|site| json!({ "path": graph.path(site.node), "line": site.line }));
            let answer = json!({
                "symbol": node_json(&graph, start), "found": answers.collect::<Vec<_>>(), "proven": proven,
                "possible": total - proven, "unresolved": sites.collect::<Vec<_>>(),
            });
            output::print_json(&answer, Format::Json)?;
        }
        format => {
            let nodes: BTreeSet<NodeId> = found.iter().map(|reached| reached.node).chain([start]).collect();
            draw(&mut out, &graph, &nodes, kinds, format)?;
        }
    }
    out.flush()?;
    Ok(if total == 0 { Done::Nothing } else { Done::Something })
}

fn print_reached(out: &mut impl Write, graph: &Graph, reached: &Reached, backwards: bool) -> std::io::Result<()> {
    let indent = "  ".repeat(reached.distance as usize);
    let (place, link) = (place(graph, reached.node), &reached.link);
    let at = if backwards { format!("  at line {}", link.line) } else { String::new() };
    let kind = if link.kind == ReferenceKind::Call { "" } else { link.kind.as_str() };
    let kind = if kind.is_empty() { String::new() } else { format!("  {kind}") };
    writeln!(out, "{indent}{place}{at}{kind}{}", doubt(link))
}

fn path(args: &PathBetweenArgs) -> anyhow::Result<Done> {
    let graph = open(&args.walk)?;
    let (from, to) = (find(&graph, &args.from)?, find(&graph, &args.to)?);
    let way = graph.way(&[from], &[to], follow(&args.walk, &[], FAR)).unwrap_or_default();
    let mut out = output::stdout();
    match args.walk.format {
        GraphFormat::Text if way.is_empty() => {
            writeln!(out, "no way of {} links or fewer", args.walk.depth.unwrap_or(FAR))?
        }
        GraphFormat::Text => {
            for (node, link) in &way {
                writeln!(out, "{}", place(&graph, *node))?;
                if let Some(link) = link {
                    writeln!(out, "  ↓ {} at line {}{}", link.kind.as_str(), link.line, doubt(link))?;
                }
            }
        }
        GraphFormat::Json => {
            let steps: Vec<Value> = way
                .iter()
                .map(|(node, link)| {
                    let mut step = node_json(&graph, *node);
                    step["link"] = link.as_ref().map_or(Value::Null, link_json);
                    step
                })
                .collect();
            output::print_json(&steps, Format::Json)?;
        }
        format => draw(&mut out, &graph, &way.iter().map(|(node, _)| *node).collect(), &[], format)?,
    }
    out.flush()?;
    Ok(if way.is_empty() { Done::Nothing } else { Done::Something })
}

fn impact(args: &ImpactArgs) -> anyhow::Result<Done> {
    let graph = open(&args.walk)?;
    let mut changed = Vec::new();
    for text in &args.places {
        let (path, lines) = changed_lines(text)?;
        let nodes = graph.symbols_in(path, lines);
        if nodes.is_empty() {
            target::note(&format!("`{text}` is not indexed"));
        }
        changed.extend(nodes);
    }
    let found = graph.reach(&changed, true, follow(&args.walk, &[], FAR));
    let (tests, others): (Vec<&Reached>, Vec<&Reached>) = found.iter().partition(|reached| graph.is_test(reached.node));
    let mut out = output::stdout();
    match args.walk.format {
        GraphFormat::Text => {
            for (title, part) in [("affected", &others), ("tests to run", &tests)] {
                writeln!(out, "{title}: {}", count(part.len() as u64, "definition"))?;
                for reached in part.iter().take(args.walk.limit) {
                    writeln!(
                        out,
                        "  {}  {} away{}",
                        place(&graph, reached.node),
                        reached.distance,
                        doubt(&reached.link)
                    )?;
                }
            }
        }
        GraphFormat::Json => {
            let list = |part: &[&Reached]| -> Vec<Value> {
                part.iter().take(args.walk.limit).map(|reached| reached_json(&graph, reached)).collect()
            };
            output::print_json(&json!({ "affected": list(&others), "tests": list(&tests) }), Format::Json)?;
        }
        format => {
            let nodes = found.iter().take(args.walk.limit).map(|reached| reached.node).chain(changed);
            draw(&mut out, &graph, &nodes.collect(), &[], format)?;
        }
    }
    out.flush()?;
    Ok(if found.is_empty() { Done::Nothing } else { Done::Something })
}

/// `path`, `path:line` or `path:first-last`.
fn changed_lines(text: &str) -> anyhow::Result<(&str, Option<(u32, u32)>)> {
    let Some((path, lines)) = text.rsplit_once(':') else { return Ok((text, None)) };
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => Ok((path, Some((first, last)))),
        _ => Err(Usage::new(format!("`{text}` is no place"))
            .hint("write `path`, `path:line` or `path:first-last`")
            .into()),
    }
}

/// Prints the links between some nodes for a program that draws them.
fn draw(
    out: &mut impl Write,
    graph: &Graph,
    nodes: &BTreeSet<NodeId>,
    kinds: &[ReferenceKind],
    format: GraphFormat,
) -> std::io::Result<()> {
    let label = |node: NodeId| harmless(&graph.node(node).name).replace(['"', '\\', '\n'], " ");
    let is_dot = format == GraphFormat::Dot;
    writeln!(out, "{}", if is_dot { "digraph cogo {" } else { "graph LR" })?;
    for &node in nodes {
        match is_dot {
            true => writeln!(out, "  n{node} [label=\"{}\"];", label(node))?,
            false => writeln!(out, "  n{node}[\"{}\"]", label(node))?,
        }
    }
    let mut drawn = BTreeSet::new();
    for &node in nodes {
        for link in graph.uses(node) {
            let wanted = kinds.is_empty() || kinds.contains(&link.kind);
            if wanted && nodes.contains(&link.node) && drawn.insert((node, link.node)) {
                match (is_dot, link.is_proven) {
                    (true, true) => writeln!(out, "  n{node} -> n{};", link.node)?,
                    (true, false) => writeln!(out, "  n{node} -> n{} [style=dashed];", link.node)?,
                    (false, true) => writeln!(out, "  n{node} --> n{}", link.node)?,
                    (false, false) => writeln!(out, "  n{node} -.-> n{}", link.node)?,
                }
            }
        }
    }
    if is_dot {
        writeln!(out, "}}")?;
    }
    Ok(())
}
