//! A way from one node to another.

use std::io::Write;

use graphrag::graph::Relation;

use super::super::args::{Format, GraphFormat, PathBetweenArgs};
use super::super::output;
use super::{Done, FAR, doubt, draw, find, follow, place, source};
use crate::wire::{StepJson, is_back};

pub(super) fn run(args: &PathBetweenArgs) -> anyhow::Result<Done> {
    let walk = follow(&args.walk, &[], FAR);
    let graph = source(&args.walk, |mirror, origin| mirror.way(origin, &args.from, &args.to, walk))?;
    let (from, to) = (find(&graph, &args.from)?, find(&graph, &args.to)?);
    let way = graph.way(&[from], &[to], walk).unwrap_or_default();
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
                    let at = if link.line > 0 { format!(" at line {}", link.line) } else { String::new() };
                    writeln!(out, "  ↓ {words}{at}{}", doubt(link))?;
                }
            }
        }
        GraphFormat::Json => {
            let steps = StepJson::way(&graph, from, to, args.walk.depth, args.walk.proven);
            output::print_json(&steps, Format::Json)?;
        }
        format => draw::draw(&mut out, &graph, &way.iter().map(|(node, _)| *node).collect(), &[], format)?,
    }
    out.flush()?;
    Ok(if way.is_empty() { Done::Nothing } else { Done::Something })
}
