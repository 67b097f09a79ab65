//! A way from one node to another.

use std::io::Write;

use graphrag::Graph;
use graphrag::graph::{Link, NodeId, NodeKind, Relation};
use serde_json::Value;

use super::super::args::{Format, GraphFormat, PathBetweenArgs};
use super::super::output;
use super::{Done, FAR, doubt, draw, find, follow, link_json, node_json, open, place};

pub(super) fn run(args: &PathBetweenArgs) -> anyhow::Result<Done> {
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
                    let back = is_back(&graph, *node, link);
                    let words = match (back, link.relation) {
                        (true, Relation::Mention) => "mentioned",
                        (true, Relation::Relate) => "related, the other way,",
                        (_, relation) => relation.as_str(),
                    };
                    writeln!(out, "  ↓ {words} at line {}{}", link.line, doubt(link))?;
                }
            }
        }
        GraphFormat::Json => {
            let steps: Vec<Value> = way
                .iter()
                .map(|(node, link)| {
                    let mut step = node_json(&graph, *node);
                    step["link"] = link.as_ref().map_or(Value::Null, link_json);
                    if let Some(link) = link {
                        step["link"]["backwards"] = is_back(&graph, *node, link).into();
                    }
                    step
                })
                .collect();
            output::print_json(&steps, Format::Json)?;
        }
        format => draw::draw(&mut out, &graph, &way.iter().map(|(node, _)| *node).collect(), &[], format)?,
    }
    out.flush()?;
    Ok(if way.is_empty() { Done::Nothing } else { Done::Something })
}

/// Whether a step leads from a concept to who speaks of it.
fn is_back(graph: &Graph, node: NodeId, link: &Link) -> bool {
    let ahead = |ahead: Link| ahead.node == link.node && ahead.relation == link.relation && ahead.line == link.line;
    graph.node(node).kind == NodeKind::Concept && !graph.uses(node).any(ahead)
}
