//! Graphs for programs that draw them.

use std::collections::BTreeSet;
use std::io::Write;

use graphrag::Graph;
use graphrag::graph::{Link, NodeId, Relation};

use super::super::args::GraphFormat;
use super::super::output::harmless;

/// Prints some nodes and the links between them: one per pair, the surest.
pub(super) fn draw(
    out: &mut impl Write,
    graph: &Graph,
    nodes: &BTreeSet<NodeId>,
    relations: &[Relation],
    format: GraphFormat,
) -> std::io::Result<()> {
    let mut links: Vec<(NodeId, Link)> = Vec::new();
    let mut drawn = BTreeSet::new();
    for &node in nodes {
        for link in graph.uses(node) {
            let wanted = relations.is_empty() || relations.contains(&link.relation);
            if wanted && nodes.contains(&link.node) && drawn.insert((node, link.node)) {
                links.push((node, link));
            }
        }
    }
    match format {
        GraphFormat::Dot => dot(out, graph, nodes, &links),
        GraphFormat::Graphml => graphml(out, graph, nodes, &links),
        _ => mermaid(out, graph, nodes, &links),
    }
}

fn label(graph: &Graph, node: NodeId) -> String {
    harmless(graph.node(node).name).replace(['"', '\\', '\n'], " ")
}

fn dot(out: &mut impl Write, graph: &Graph, nodes: &BTreeSet<NodeId>, links: &[(NodeId, Link)]) -> std::io::Result<()> {
    writeln!(out, "digraph cogo {{")?;
    for &node in nodes {
        writeln!(out, "  n{node} [label=\"{}\"];", label(graph, node))?;
    }
    for (node, link) in links {
        let style = if link.is_proven { "" } else { " [style=dashed]" };
        writeln!(out, "  n{node} -> n{}{style};", link.node)?;
    }
    writeln!(out, "}}")
}

fn mermaid(
    out: &mut impl Write,
    graph: &Graph,
    nodes: &BTreeSet<NodeId>,
    links: &[(NodeId, Link)],
) -> std::io::Result<()> {
    writeln!(out, "graph LR")?;
    for &node in nodes {
        writeln!(out, "  n{node}[\"{}\"]", label(graph, node))?;
    }
    for (node, link) in links {
        let arrow = if link.is_proven { "-->" } else { "-.->" };
        writeln!(out, "  n{node} {arrow} n{}", link.node)?;
    }
    Ok(())
}

/// GraphML 1.0, as Gephi, yEd and NetworkX read it.
fn graphml(
    out: &mut impl Write,
    graph: &Graph,
    nodes: &BTreeSet<NodeId>,
    links: &[(NodeId, Link)],
) -> std::io::Result<()> {
    let text = |text: &str| harmless(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
    for (key, of, kind) in [
        ("name", "node", "string"),
        ("kind", "node", "string"),
        ("path", "node", "string"),
        ("line", "node", "int"),
        ("relation", "edge", "string"),
        ("proven", "edge", "boolean"),
        ("candidates", "edge", "int"),
    ] {
        writeln!(out, r#"  <key id="{key}" for="{of}" attr.name="{key}" attr.type="{kind}"/>"#)?;
    }
    writeln!(out, r#"  <graph edgedefault="directed">"#)?;
    for &id in nodes {
        let node = graph.node(id);
        let (name, path) = (text(node.name), text(graph.path(id)));
        writeln!(
            out,
            r#"    <node id="n{id}"><data key="name">{name}</data><data key="kind">{}</data><data key="path">{path}</data><data key="line">{}</data></node>"#,
            node.kind.as_str(),
            node.lines.0
        )?;
    }
    for (node, link) in links {
        writeln!(
            out,
            r#"    <edge source="n{node}" target="n{}"><data key="relation">{}</data><data key="proven">{}</data><data key="candidates">{}</data></edge>"#,
            link.node,
            link.relation.as_str(),
            link.is_proven,
            link.count
        )?;
    }
    writeln!(out, "  </graph>\n</graphml>")
}
