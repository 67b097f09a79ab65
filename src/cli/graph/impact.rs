//! What a change may reach.

use std::io::{Read, Write};

use anyhow::Context;
use graphrag::Graph;
use graphrag::graph::NodeId;
use mirror::neo4j::Changed;

use super::super::args::{Format, GraphFormat, ImpactArgs};
use super::super::failure::Usage;
use super::super::output::{self, count, harmless};
use super::{Done, doubt, draw, follow, place, source, target};
use crate::change::{Change, NEAR, touched};
use crate::question::reason;
use crate::wire::ImpactAnswer;

pub(super) fn run(args: &ImpactArgs) -> anyhow::Result<Done> {
    let changes = changes(args)?;
    let walk = follow(&args.walk, &[], NEAR);
    let graph = source(&args.walk, |mirror, origin| {
        let changed: Vec<Changed> = changes.iter().map(|Change { path, lines }| Changed::Lines(path, *lines)).collect();
        mirror.impact(origin, &changed, walk)
    })?;
    let changed = changed(&changes, &graph);
    let impact = graph.impact(&changed, walk);
    let parts = [
        ("affected", "definition", &impact.affected),
        ("tests to run", "test", &impact.tests),
        ("documents to read again", "section", &impact.documents),
        ("often changed together", "file", &impact.together),
    ];
    let limit = args.walk.limit;
    let mut out = output::stdout();
    match args.walk.format {
        GraphFormat::Text => {
            for (title, what, part) in parts {
                writeln!(out, "{title}: {}", count(part.len() as u64, what))?;
                for reached in part.iter().take(limit) {
                    let (place, why) = (place(&graph, reached.node), reason(&graph, reached));
                    let why = harmless(&why);
                    writeln!(out, "  {place}  {why}{}", doubt(&reached.link))?;
                }
                if part.len() > limit {
                    writeln!(out, "  … {} more, -k shows them", part.len() - limit)?;
                }
            }
        }
        GraphFormat::Json => {
            let answer = ImpactAnswer::new(&graph, &impact, limit);
            output::print_json(&answer, Format::Json)?;
        }
        format => {
            let reached = parts.iter().flat_map(|(_, _, part)| part.iter().take(limit)).map(|reached| reached.node);
            draw::draw(&mut out, &graph, &reached.chain(changed).collect(), &[], format)?;
        }
    }
    out.flush()?;
    let nothing = parts.iter().all(|(_, _, part)| part.is_empty());
    Ok(if nothing { Done::Nothing } else { Done::Something })
}

fn changes(args: &ImpactArgs) -> anyhow::Result<Vec<Change>> {
    let mut changes: Vec<Change> = args.places.iter().map(|text| place_of(text)).collect::<Result<_, _>>()?;
    if let Some(path) = &args.diff {
        let mut diff = Vec::new();
        match path.as_os_str() == "-" {
            true => drop(std::io::stdin().lock().read_to_end(&mut diff)?),
            false => diff = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?,
        }
        let found = Change::of_diff(&String::from_utf8_lossy(&diff));
        if found.is_empty() {
            target::note("the diff changes no file");
        }
        changes.extend(found);
    }
    Ok(changes)
}

fn changed(changes: &[Change], graph: &Graph) -> Vec<NodeId> {
    for Change { path, .. } in changes.iter().filter(|change| touched(graph, [*change]).is_empty()) {
        target::note(&format!("`{path}` is not indexed"));
    }
    touched(graph, changes)
}

/// `path`, `path:line` or `path:first-last`.
fn place_of(text: &str) -> anyhow::Result<Change> {
    let usage = || Usage::new(format!("`{text}` is no place")).hint("write `path`, `path:line` or `path:first-last`");
    Ok(Change::parse(text).ok_or_else(usage)?)
}
