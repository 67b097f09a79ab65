//! `graph`: who uses what, and how sure that is.

use graphrag::Graph;
use graphrag::graph::{Follow, Link, NodeId, Reached, Relation};
use serde::Deserialize;

use super::super::answer::{Answer, handle, next, one_line, place};
use super::{Answered, Call, LONGEST, Refusal, given, limit};
use crate::overview::explain;
use crate::question::{FAR, Question, likeness};

pub(super) const TOKENS: usize = 1500;
/// The words for what can be asked.
pub(super) const RELATIONS: [&str; 9] =
    ["explain", "callers", "callees", "references", "imports", "implementations", "tests", "neighbors", "path"];
/// Links further away hang together with everything.
const DEEPEST: u32 = 10;
/// Names that are shown of each kind where several kinds are.
const NAMES: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    symbol: String,
    #[serde(default)]
    relation: RelationWord,
    to: Option<String>,
    depth: Option<u32>,
    max_tokens: Option<usize>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RelationWord {
    #[default]
    Explain,
    Callers,
    Callees,
    References,
    Imports,
    Implementations,
    Tests,
    Neighbors,
    Path,
}

pub(super) fn answer(call: &Call, arguments: Arguments) -> Answered {
    given("symbol", &arguments.symbol, LONGEST)?;
    let limit = limit(arguments.max_tokens, TOKENS)?;
    let depth = arguments.depth.map(|depth| depth.clamp(1, DEEPEST));
    let mut answer = Answer::new(limit);
    let question = match arguments.relation {
        RelationWord::Explain => return explained(call, &arguments.symbol, answer),
        RelationWord::Neighbors => return neighbors(call, &arguments.symbol, answer),
        RelationWord::Path => return way(call, &arguments, depth, answer),
        RelationWord::Callers => Question::Callers,
        RelationWord::Callees => Question::Callees,
        RelationWord::References => Question::References,
        RelationWord::Imports => Question::Imports,
        RelationWord::Implementations => Question::Implementations,
        RelationWord::Tests => Question::Tests,
    };
    let (_, graph) = call.view()?;
    let start = call.find(&graph, &arguments.symbol)?;
    let found = question.ask(&graph, start, depth, false);
    let proven = found.reached.iter().filter(|reached| reached.is_proven).count();
    answer.line(&place(&graph, start));
    let possible = found.reached.len() - proven;
    let unresolved = match found.unresolved.len() {
        0 => String::new(),
        n => format!(", {n} unresolved uses of that name"),
    };
    answer.line(&format!("{proven} proven, {possible} possible{unresolved}"));
    let lines: Vec<String> =
        found.reached.iter().map(|reached| reached_line(&graph, reached, question.is_backwards())).collect();
    let shown = answer.lines(&lines);
    let mut sites = found.unresolved.iter();
    if shown == lines.len() {
        let sites = sites.by_ref().take(NAMES);
        answer.lines(sites.map(|site| {
            let candidates = if site.candidates > 0 { format!(" 1 of {}", site.candidates) } else { String::new() };
            format!("? {}:{}{candidates}", one_line(graph.path(site.node)), site.line)
        }));
    }
    let mut end = Vec::new();
    if shown < lines.len() {
        end.push(format!("… {} more: raise max_tokens", lines.len() - shown));
    }
    let mut steps: Vec<String> =
        found.reached.first().map(|reached| format!("read {}", read_place(&graph, reached.node))).into_iter().collect();
    match question {
        Question::Callers => steps.push(format!("impact {}", read_place(&graph, start))),
        _ if found.reached.is_empty() => steps.push(format!("search {}", one_line(graph.node(start).own_name()))),
        _ => steps.push(format!("graph {} explain", handle(&graph, start))),
    }
    end.push(next(&steps));
    Ok(answer.end(&end))
}

/// `path:first-last`, or the path of what has no lines.
fn read_place(graph: &Graph, id: NodeId) -> String {
    let place = place(graph, id);
    match graph.node(id).symbol {
        Some(_) => place.split(' ').next().unwrap_or(&place).to_owned(),
        None => place,
    }
}

fn reached_line(graph: &Graph, reached: &Reached, backwards: bool) -> String {
    let indent = "  ".repeat(reached.distance.saturating_sub(1).min(DEEPEST) as usize);
    format!("{indent}{}{}", place(graph, reached.node), about(&reached.link, backwards))
}

/// Where and how it is used, and how sure that is.
fn about(link: &Link, backwards: bool) -> String {
    let at = if backwards && link.line > 0 { format!(" at line {}", link.line) } else { String::new() };
    let kind = if link.relation == Relation::Call { String::new() } else { format!(" {}", link.relation.as_str()) };
    if link.relation == Relation::Similar {
        return format!(" {} it", likeness(link));
    }
    let doubt = match (link.is_proven, link.count) {
        (true, _) => String::new(),
        (false, 1) => " possible".to_owned(),
        (false, count) => format!(" possible, 1 of {count}"),
    };
    format!("{at}{kind}{doubt}")
}

fn explained(call: &Call, symbol: &str, mut answer: Answer) -> Answered {
    let (snapshot, graph) = call.view()?;
    let id = call.find(&graph, symbol)?;
    let found = explain(&snapshot, &graph, id)?;
    answer.line(&place(&graph, id));
    answer.lines([&found.signature, &found.summary].into_iter().flatten().map(|line| format!("  {}", one_line(line))));
    if let Some(parent) = graph.node(id).parent {
        answer.line(&format!("in {}", place(&graph, parent)));
    }
    if let Some(part) = &found.community {
        answer.line(&format!("part of {}", one_line(&part.title)));
    }
    let list = |ids: &[NodeId]| -> Vec<String> { ids.iter().map(|&id| place(&graph, id)).collect() };
    let mut some = |title: String, ids: &[NodeId]| {
        if answer.line(&format!("{title} ({})", ids.len())) {
            answer.lines(list(&ids[..ids.len().min(NAMES)]).iter().map(|line| format!("  {line}")));
        }
    };
    for (relation, ids) in &found.used_by {
        some(format!("used by: {}", relation.as_str()), ids);
    }
    for (relation, ids) in &found.uses {
        some(format!("uses: {}", relation.as_str()), ids);
    }
    if !found.tests.is_empty() {
        some("tests that reach it".into(), &found.tests);
    }
    if !found.similar.is_empty() && answer.line(&format!("similar ({})", found.similar.len())) {
        let similar = found.similar.iter().take(NAMES);
        answer.lines(similar.map(|link| format!("  {}{}", place(&graph, link.node), about(link, false))));
    }
    let (possible, unresolved) = found.doubtful;
    answer.line(&format!("{possible} possible uses, {unresolved} unresolved uses of that name"));
    let handle = handle(&graph, id);
    Ok(answer.end(&[next(&[format!("read {}", read_place(&graph, id)), format!("graph {handle} callers | tests")])]))
}

fn neighbors(call: &Call, symbol: &str, mut answer: Answer) -> Answered {
    let (_, graph) = call.view()?;
    let id = call.find(&graph, symbol)?;
    answer.line(&place(&graph, id));
    let holds: Vec<String> = graph.children(id).iter().map(|&child| place(&graph, child)).collect();
    answer.list("holds", &holds);
    let mut next_step = format!("graph {} explain", handle(&graph, id));
    for (title, backwards) in [("used by", true), ("uses", false)] {
        let follow = Follow { relations: &[], proven_only: false, depth: 1 };
        let mut reached = graph.reach(&[id], backwards, follow);
        // Likeness goes both ways: once is enough to read.
        reached.retain(|reached| !backwards || reached.link.relation != Relation::Similar);
        let lines: Vec<String> = reached.iter().map(|reached| reached_line(&graph, reached, backwards)).collect();
        answer.list(title, &lines);
        if let Some(first) = reached.first() {
            next_step = format!("graph {} explain", handle(&graph, first.node));
        }
    }
    Ok(answer.end(&[next(&[next_step])]))
}

fn way(call: &Call, arguments: &Arguments, depth: Option<u32>, mut answer: Answer) -> Answered {
    let to =
        arguments.to.as_deref().ok_or_else(|| Refusal("`path` needs `to`: the symbol where the way ends".into()))?;
    given("to", to, LONGEST)?;
    let (_, graph) = call.view()?;
    let (from, to) = (call.find(&graph, &arguments.symbol)?, call.find(&graph, to)?);
    let depth = depth.unwrap_or(FAR);
    let way = graph.way(&[from], &[to], Follow { relations: &[], proven_only: false, depth }).unwrap_or_default();
    if way.is_empty() {
        answer.line(&format!("no way of {depth} links or fewer"));
        return Ok(answer.end(&[next(&[format!("graph {} callers", handle(&graph, to))])]));
    }
    for (node, link) in &way {
        answer.line(&place(&graph, *node));
        if let Some(link) = link {
            answer.line(&format!(
                "  ↓ {}{}",
                link.relation.as_str(),
                about(link, true).replace(link.relation.as_str(), "")
            ));
        }
    }
    Ok(answer.end(&[next(&[format!("read {}", read_place(&graph, from))])]))
}
