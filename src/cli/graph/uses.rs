//! What a node uses, and who uses it.

use std::collections::BTreeSet;
use std::io::Write;

use graphrag::Graph;
use graphrag::graph::{NodeId, Reached, Relation};

use super::super::args::{Direction, Format, GraphArgs, GraphFormat, NeighborArgs};
use super::super::output::{self, count, harmless};
use super::{Done, doubt, draw, find, follow, place, source};
use crate::question::{Found, Question};
use crate::wire::{NeighborsAnswer, UsesAnswer};

pub(super) fn run(args: &GraphArgs, question: Question) -> anyhow::Result<Done> {
    let walk = follow(&args.walk, question.relations(), question.depth());
    let backwards = question.is_backwards();
    let graph = source(&args.walk, |mirror, origin| mirror.uses(origin, &args.symbol, backwards, walk))?;
    let start = find(&graph, &args.symbol)?;
    let found = question.ask(&graph, start, args.walk.depth, args.walk.proven);
    answer(args, &graph, start, question, found)
}

fn answer(args: &GraphArgs, graph: &Graph, start: NodeId, question: Question, found: Found) -> anyhow::Result<Done> {
    let json = UsesAnswer::new(graph, start, &found, args.walk.limit);
    let Found { reached: mut found, unresolved } = found;
    let proven = found.iter().filter(|reached| reached.is_proven).count();
    let total = found.len();
    found.truncate(args.walk.limit);
    let mut out = output::stdout();
    match args.walk.format {
        GraphFormat::Text => {
            writeln!(out, "{}", place(graph, start))?;
            for reached in &found {
                print_reached(&mut out, graph, reached, question.is_backwards())?;
            }
            if total > found.len() {
                writeln!(out, "  … {} more, -k shows them", total - found.len())?;
            }
            let sites = count(unresolved.len() as u64, "unresolved site");
            writeln!(out, "{proven} proven, {} possible, {sites} of that name", total - proven)?;
            for site in unresolved.iter().take(10) {
                let candidates = match site.candidates {
                    0 => String::new(),
                    candidates => format!("  1 of {candidates}"),
                };
                writeln!(out, "  ? {}:{}{candidates}", harmless(graph.path(site.node)), site.line)?;
            }
        }
        GraphFormat::Json => {
            output::print_json(&json, Format::Json)?;
        }
        format => {
            let nodes: BTreeSet<NodeId> = found.iter().map(|reached| reached.node).chain([start]).collect();
            draw::draw(&mut out, graph, &nodes, question.relations(), format)?;
        }
    }
    out.flush()?;
    Ok(if total == 0 { Done::Nothing } else { Done::Something })
}

fn print_reached(out: &mut impl Write, graph: &Graph, reached: &Reached, backwards: bool) -> std::io::Result<()> {
    let indent = "  ".repeat(reached.distance as usize);
    let (place, link) = (place(graph, reached.node), &reached.link);
    let at = if backwards && link.line > 0 { format!("  at line {}", link.line) } else { String::new() };
    let kind = match link.relation {
        Relation::Call | Relation::Similar => String::new(),
        relation => format!("  {}", relation.as_str()),
    };
    writeln!(out, "{indent}{place}{at}{kind}{}", doubt(link))
}

/// Everything that a node hangs together with directly, and what it lies in and holds.
pub(super) fn neighbors(args: &NeighborArgs) -> anyhow::Result<Done> {
    let wanted = follow(&args.walk, &args.kind, 1);
    let graph = source(&args.walk, |mirror, origin| mirror.neighbors(origin, &args.node, wanted))?;
    let start = find(&graph, &args.node)?;
    let reach = |backwards: bool, direction: Direction| match args.direction == Direction::Both
        || args.direction == direction
    {
        true => graph.reach(&[start], backwards, wanted),
        false => Vec::new(),
    };
    let (uses, mut used_by) = (reach(false, Direction::Out), reach(true, Direction::In));
    let parent = graph.node(start).parent;
    let children = graph.children(start);
    let limit = args.walk.limit;
    let mut out = output::stdout();
    match args.walk.format {
        GraphFormat::Text => {
            writeln!(out, "{}", place(&graph, start))?;
            // Likeness goes both ways: once is enough to read.
            if args.direction == Direction::Both {
                used_by.retain(|reached| reached.link.relation != Relation::Similar);
            }
            if let Some(parent) = parent {
                writeln!(out, "in\n  {}", place(&graph, parent))?;
            }
            if !children.is_empty() {
                writeln!(out, "holds")?;
                children.iter().take(limit).try_for_each(|&child| writeln!(out, "  {}", place(&graph, child)))?;
                more(&mut out, children.len(), limit)?;
            }
            for (title, part, backwards) in [("uses", &uses, false), ("used by", &used_by, true)] {
                if !part.is_empty() {
                    writeln!(out, "{title}")?;
                    part.iter()
                        .take(limit)
                        .try_for_each(|reached| print_reached(&mut out, &graph, reached, backwards))?;
                    more(&mut out, part.len(), limit)?;
                }
            }
        }
        GraphFormat::Json => {
            let answer = NeighborsAnswer::new(&graph, start, &uses, &used_by, limit);
            output::print_json(&answer, Format::Json)?;
        }
        format => {
            let around = uses.iter().take(limit).chain(used_by.iter().take(limit)).map(|reached| reached.node);
            draw::draw(&mut out, &graph, &around.chain([start]).collect(), &args.kind, format)?;
        }
    }
    out.flush()?;
    let nothing = uses.is_empty() && used_by.is_empty() && children.is_empty();
    Ok(if nothing { Done::Nothing } else { Done::Something })
}

fn more(out: &mut impl Write, total: usize, shown: usize) -> std::io::Result<()> {
    if total > shown { writeln!(out, "  … {} more, -k shows them", total - shown) } else { Ok(()) }
}
