//! What a change may reach.

use std::io::{Read, Write};

use anyhow::Context;
use graphrag::Graph;
use graphrag::graph::{NodeId, Reached, Relation};
use serde_json::{Value, json};

use super::super::args::{Format, GraphFormat, ImpactArgs};
use super::super::failure::Usage;
use super::super::output::{self, count, harmless};
use super::{Done, doubt, draw, follow, open, place, reached_json, target};

/// How far a change is followed: beyond, everything hangs together with everything.
const NEAR: u32 = 3;

/// A file, and lines of it, or all.
type Change = (String, Option<(u32, u32)>);

pub(super) fn run(args: &ImpactArgs) -> anyhow::Result<Done> {
    let graph = open(&args.walk)?;
    let changed = changed(args, &graph)?;
    let impact = graph.impact(&changed, follow(&args.walk, &[], NEAR));
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
                    writeln!(out, "  {place}  {why}{}", doubt(&reached.link))?;
                }
                if part.len() > limit {
                    writeln!(out, "  … {} more, -k shows them", part.len() - limit)?;
                }
            }
        }
        GraphFormat::Json => {
            let list = |part: &[Reached]| -> Vec<Value> {
                let shown = part.iter().take(limit);
                shown
                    .map(|reached| {
                        let mut answer = reached_json(&graph, reached);
                        answer["reason"] = reason(&graph, reached).into();
                        answer
                    })
                    .collect()
            };
            let answer = json!({
                "affected": list(&impact.affected), "tests": list(&impact.tests),
                "documents": list(&impact.documents), "together": list(&impact.together),
            });
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

/// `calls Basket.total at line 7`, and how far that is.
fn reason(graph: &Graph, reached: &Reached) -> String {
    let name = harmless(graph.node(reached.from).name);
    let words = match reached.link.relation {
        Relation::Call => "calls",
        Relation::Import => "imports",
        Relation::Inherit => "extends",
        Relation::Type => "has the type",
        Relation::Override => "overrides",
        Relation::Mention => "mentions",
        Relation::Depend => "needs",
        Relation::Relate => "is said of",
        Relation::CoChange => return format!("in {} with {name}", count(reached.link.count.into(), "commit")),
    };
    let far = if reached.distance > 1 { format!(", {} away", reached.distance) } else { String::new() };
    format!("{words} {name} at line {}{far}", reached.link.line)
}

fn changed(args: &ImpactArgs, graph: &Graph) -> anyhow::Result<Vec<NodeId>> {
    let mut changes: Vec<Change> = args.places.iter().map(|text| place_of(text)).collect::<Result<_, _>>()?;
    if let Some(path) = &args.diff {
        let mut diff = Vec::new();
        match path.as_os_str() == "-" {
            true => drop(std::io::stdin().lock().read_to_end(&mut diff)?),
            false => diff = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?,
        }
        let found = changes_of_diff(&String::from_utf8_lossy(&diff));
        if found.is_empty() {
            target::note("the diff changes no file");
        }
        changes.extend(found);
    }
    let mut changed = Vec::new();
    for (path, lines) in &changes {
        let nodes = graph.symbols_in(path, *lines);
        if nodes.is_empty() {
            target::note(&format!("`{path}` is not indexed"));
        }
        changed.extend(nodes);
    }
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

/// `path`, `path:line` or `path:first-last`.
fn place_of(text: &str) -> anyhow::Result<Change> {
    let Some((path, lines)) = text.rsplit_once(':') else { return Ok((text.to_owned(), None)) };
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => Ok((path.to_owned(), Some((first, last)))),
        _ => Err(Usage::new(format!("`{text}` is no place"))
            .hint("write `path`, `path:line` or `path:first-last`")
            .into()),
    }
}

/// The changed lines of the new files of a unified diff.
fn changes_of_diff(diff: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut path = None;
    for line in diff.lines() {
        if let Some(new) = line.strip_prefix("+++ ") {
            let new = new.split('\t').next().unwrap_or(new).trim_matches('"');
            path = (new != "/dev/null").then(|| new.strip_prefix("b/").unwrap_or(new).to_owned());
        } else if let Some(hunk) = line.strip_prefix("@@ ")
            && let (Some(path), Some(lines)) = (&path, lines_of_hunk(hunk))
        {
            changes.push((path.clone(), Some(lines)));
        }
    }
    changes
}

/// First and last line on the new side of `-a,b +c,d @@`. What only takes lines away touches the line before.
fn lines_of_hunk(hunk: &str) -> Option<(u32, u32)> {
    let new = hunk.split_whitespace().find_map(|part| part.strip_prefix('+'))?;
    let (first, len) = new.split_once(',').unwrap_or((new, "1"));
    let (first, len): (u32, u32) = (first.parse().ok()?, len.parse().ok()?);
    Some((first, first.saturating_add(len.saturating_sub(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_lines_of_the_new_files() {
        let diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,4 +1,6 @@ def f():\n+a\n@@ -20 +22 @@\n-b\n+c\n\
                    --- a/gone.py\n+++ /dev/null\n@@ -1,3 +0,0 @@\n--- /dev/null\n+++ b/new dir/n.py\t2020\n@@ -0,0 +1,2 @@\n";
        let path = |path: &str, lines| (path.to_owned(), Some(lines));
        assert_eq!(changes_of_diff(diff), [path("x.py", (1, 6)), path("x.py", (22, 22)), path("new dir/n.py", (1, 2))]);
        assert_eq!(changes_of_diff("@@ +1 @@\n+++ \n@@ -x +y @@"), []);
    }
}
