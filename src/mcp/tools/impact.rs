//! `impact`: what a change may reach.

use graphrag::graph::Follow;
use serde::Deserialize;

use super::super::answer::{Answer, next, one_line, place};
use super::super::host::is_inside;
use super::{Answered, Call, LARGEST_CALL, LONGEST, Refusal, given, limit};
use crate::change::{Change, NEAR};
use crate::question::reason;

pub(super) const TOKENS: usize = 2000;
const DEEPEST: u32 = 8;
const MOST_PLACES: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    #[serde(default)]
    places: Vec<String>,
    diff: Option<String>,
    depth: Option<u32>,
    max_tokens: Option<usize>,
}

pub(super) fn answer(call: &Call, arguments: Arguments) -> Answered {
    let mut answer = Answer::new(limit(arguments.max_tokens, TOKENS)?);
    let (snapshot, graph) = call.view()?;
    let mut changed = Vec::new();
    let mut unknown = Vec::new();
    for Change { path, lines } in changes(&arguments)? {
        let path = path.trim_start_matches("./");
        let mut nodes = graph.symbols_in(path, lines);
        if nodes.is_empty() && lines.is_none() && snapshot.entry(path).is_none() {
            nodes.push(call.find(&graph, path)?);
        }
        if nodes.is_empty() {
            unknown.push(one_line(path).into_owned());
        }
        changed.extend(nodes);
    }
    changed.sort_unstable();
    changed.dedup();
    if changed.is_empty() {
        let named = if unknown.is_empty() { "the diff changes no file".into() } else { unknown.join(", ") };
        return Err(Refusal(format!("nothing of this is indexed: {named}\nNext: paths are relative to the root")));
    }
    let depth = arguments.depth.unwrap_or(NEAR).clamp(1, DEEPEST);
    let impact = graph.impact(&changed, Follow { relations: &[], proven_only: false, depth });
    call.go_on()?;
    let names: Vec<String> = changed.iter().take(3).map(|&id| place(&graph, id)).collect();
    let more =
        if changed.len() > names.len() { format!(" and {} more", changed.len() - names.len()) } else { String::new() };
    answer.line(&format!("changed: {}{more}", names.join(", ")));
    if !unknown.is_empty() {
        answer.line(&format!("not indexed: {}", unknown.join(", ")));
    }
    // Tests first: they are what is run next.
    let parts = [
        ("tests to run", &impact.tests),
        ("affected", &impact.affected),
        ("documents to read again", &impact.documents),
        ("often changed together", &impact.together),
    ];
    let mut all_shown = true;
    for (index, (title, part)) in parts.iter().enumerate() {
        let lines: Vec<String> = part
            .iter()
            .map(|reached| {
                let doubt = if reached.is_proven { "" } else { " (possible)" };
                format!("  {} {}{doubt}", place(&graph, reached.node), one_line(&reason(&graph, reached)))
            })
            .collect();
        if lines.is_empty() || !answer.line(&format!("{title} ({})", lines.len())) {
            continue;
        }
        // What comes later needs room, too.
        let later = parts[index + 1..].iter().filter(|(_, part)| !part.is_empty()).count();
        let floor = answer.room() * later / (later + 2);
        let shown = lines.iter().take_while(|line| answer.room() > floor && answer.line(line)).count();
        if shown < lines.len() {
            all_shown = false;
            answer.line(&format!("  … {} more", lines.len() - shown));
        }
    }
    let mut end = Vec::new();
    if !all_shown {
        end.push("Not all fit: raise max_tokens, or lower depth".into());
    }
    let first = impact.affected.first().or(impact.tests.first());
    let place = first.map(|reached| place(&graph, reached.node));
    let read = place.map(|place| format!("read {}", place.split(' ').next().unwrap_or(&place)));
    end.push(next(&[read.unwrap_or_else(|| "nothing is known to depend on it; search its name".into())]));
    Ok(answer.end(&end))
}

fn changes(arguments: &Arguments) -> Result<Vec<Change>, Refusal> {
    if arguments.places.is_empty() && arguments.diff.is_none() {
        return Err(Refusal(
            "give `places` (path, path:line, path:start-end) or `diff` (the output of git diff)".into(),
        ));
    }
    if arguments.places.len() > MOST_PLACES {
        return Err(Refusal(format!("more than {MOST_PLACES} places; give a diff instead")));
    }
    let mut changes = Vec::new();
    for text in &arguments.places {
        given("places", text, LONGEST)?;
        let wrong = || Refusal(format!("`{}` is no place: write path, path:line or path:start-end", one_line(text)));
        let change = Change::parse(text.trim()).ok_or_else(wrong)?;
        if !is_inside(&change.path) {
            return Err(Refusal(format!("`{}` lies outside of the repository", one_line(&change.path))));
        }
        changes.push(change);
    }
    if let Some(diff) = &arguments.diff {
        given("diff", diff, LARGEST_CALL)?;
        changes.extend(Change::of_diff(diff));
    }
    Ok(changes)
}
