//! What documents say of a concept.

use std::collections::BTreeMap;
use std::io::Write;

use graphrag::Graph;
use graphrag::graph::{Evidence, NodeId, NodeKind, Relation};
use graphrag::knowledge::Origin;
use rag_core::Snapshot;
use rag_core::store::catalog::Place;
use serde_json::{Value, json};

use super::super::args::Format;
use super::super::output::{self, count, harmless};
use super::{Done, place};
use crate::wire::NodeJson;

/// Longest quote, in bytes.
const QUOTE: usize = 200;

/// A section that speaks of a concept, with the words.
struct Mention<'g> {
    section: NodeId,
    evidence: Evidence<'g>,
    quote: String,
}

/// Prints what documents say of `concept`.
pub(super) fn explain(
    snapshot: &Snapshot,
    graph: &Graph,
    concept: NodeId,
    limit: usize,
    format: Format,
) -> anyhow::Result<Done> {
    let mut mentions = Vec::new();
    for link in graph.used_by(concept).filter(|link| link.relation == Relation::Mention) {
        if let Some(evidence) = graph.evidence(link.node, concept).find(|evidence| evidence.words.is_empty()) {
            mentions.push(Mention { section: link.node, evidence, quote: String::new() });
        }
    }
    // What defines it comes first, then what is about it.
    mentions.sort_by_key(|mention| (mention.evidence.origin, mention.section));
    for mention in mentions.iter_mut().take(limit) {
        mention.quote = sentence(snapshot, graph, &mention.evidence)?;
    }
    let mut statements = Vec::new();
    for link in graph.uses(concept).filter(|link| link.relation == Relation::Relate) {
        statements.extend(graph.evidence(concept, link.node).map(|evidence| (concept, link.node, evidence)));
    }
    for link in graph.used_by(concept).filter(|link| link.relation == Relation::Relate) {
        statements.extend(graph.evidence(link.node, concept).map(|evidence| (link.node, concept, evidence)));
    }
    let mut together: BTreeMap<NodeId, usize> = BTreeMap::new();
    for mention in &mentions {
        let others = graph.uses(mention.section).filter(|link| link.node != concept);
        for other in others.filter(|link| graph.node(link.node).kind == NodeKind::Concept) {
            *together.entry(other.node).or_default() += 1;
        }
    }
    let mut together: Vec<(NodeId, usize)> = together.into_iter().filter(|(_, sections)| *sections > 1).collect();
    together.sort_by_key(|&(node, sections)| (std::cmp::Reverse(sections), node));
    together.truncate(limit.min(6));
    let total = mentions.len();
    mentions.truncate(limit);
    if format != Format::Text {
        let cited = |evidence: &Evidence| json!({ "path": graph.path(evidence.file), "line": evidence.line, "origin": evidence.origin.as_str() });
        let mut said = Vec::new();
        for (from, to, evidence) in &statements {
            let mut value = cited(evidence);
            value["from"] = graph.node(*from).name.into();
            value["to"] = graph.node(*to).name.into();
            value["words"] = evidence.words.into();
            value["quote"] = quote(snapshot, graph, evidence)?.into();
            said.push(value);
        }
        let mentions = mentions.iter().map(|mention| {
            let mut value = cited(&mention.evidence);
            value["section"] = json!(NodeJson::new(graph, mention.section));
            value["quote"] = mention.quote.as_str().into();
            value
        });
        let answer = json!({
            "concept": graph.node(concept).name, "sections": total, "mentions": mentions.collect::<Vec<Value>>(),
            "statements": said,
            "together": together.iter().map(|(node, sections)| json!({ "concept": graph.node(*node).name, "sections": sections })).collect::<Vec<_>>(),
        });
        output::print_json(&answer, format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    writeln!(out, "{}", place(graph, concept))?;
    writeln!(
        out,
        "{} of it",
        if total == 1 { "1 section speaks".into() } else { format!("{} speak", count(total as u64, "section")) }
    )?;
    for Mention { section, evidence, quote } in &mentions {
        let how = match evidence.origin {
            Origin::Definition => "  defines it",
            Origin::Heading => "  is about it",
            Origin::Text => "",
            Origin::Model => "  as a model reads it",
        };
        let name = harmless(graph.node(*section).own_name());
        writeln!(out, "  {}:{}  {name}{how}", harmless(graph.path(evidence.file)), evidence.line)?;
        if !quote.is_empty() && *quote != name {
            writeln!(out, "    “{}”", harmless(quote))?;
        }
    }
    if total > mentions.len() {
        writeln!(out, "  … {} more, -k shows them", total - mentions.len())?;
    }
    for (from, to, evidence) in &statements {
        let (from, to) = (harmless(graph.node(*from).name), harmless(graph.node(*to).name));
        let doubt = if evidence.origin == Origin::Model { "  as a model reads it" } else { "" };
        writeln!(out, "{from} — {} → {to}{doubt}", harmless(evidence.words))?;
        let words = quote(snapshot, graph, evidence)?;
        writeln!(out, "  {}:{}  “{}”", harmless(graph.path(evidence.file)), evidence.line, harmless(&words))?;
    }
    if !together.is_empty() {
        let names: Vec<String> = together
            .iter()
            .map(|(node, sections)| format!("{} ({sections})", harmless(graph.node(*node).name)))
            .collect();
        writeln!(out, "often together with {}", names.join(", "))?;
    }
    out.flush()?;
    Ok(Done::Something)
}

/// The words of a citation, on one line.
fn quote(snapshot: &Snapshot, graph: &Graph, evidence: &Evidence) -> anyhow::Result<String> {
    let range = evidence.span.range();
    with_text(snapshot, graph, evidence, |text| text.get(range).unwrap_or_default().to_owned())
}

/// The sentence or line around a citation.
fn sentence(snapshot: &Snapshot, graph: &Graph, evidence: &Evidence) -> anyhow::Result<String> {
    let range = evidence.span.range();
    with_text(snapshot, graph, evidence, |text| {
        let (Some(before), Some(after)) = (text.get(..range.start), text.get(range.end..)) else {
            return String::new();
        };
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let start = before[line..].rfind(". ").map_or(line, |at| line + at + 2);
        let line = after.find('\n').unwrap_or(after.len());
        let end = after[..line].find(". ").map_or(line, |at| at + 1);
        text[start..range.end + end].to_owned()
    })
}

fn with_text(
    snapshot: &Snapshot,
    graph: &Graph,
    evidence: &Evidence,
    cut: impl FnOnce(&str) -> String,
) -> anyhow::Result<String> {
    let place = snapshot.entry(graph.path(evidence.file)).map(|entry| entry.place);
    let Some(Place::Indexed { segment, file }) = place else { return Ok(String::new()) };
    let cut = cut(snapshot.segments[segment as usize].segment.text(file)?.as_str());
    let line = cut.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_start_matches(['#', '-', '*', '>', ' ', '=']);
    Ok(match line.len() > QUOTE {
        true => format!("{}…", &line[..line.floor_char_boundary(QUOTE)]),
        false => line.to_owned(),
    })
}
