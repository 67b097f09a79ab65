//! Makes a graph of a gathered part.

use std::collections::{BTreeMap, HashMap};

use graphrag::Graph;
use graphrag::graph::{EvidencePart, Link, NodeId, NodeKind, NodePart, Parts, Site};
use graphrag::knowledge;

use super::part::{Node, Part, Unresolved, Version, damaged};
use super::value::Value;
use crate::Result;

impl Part<'_> {
    /// The graph of what was read, and the numbers that its nodes have there: in the order of the whole graph.
    pub(super) fn graph(&mut self) -> Result<(Graph, BTreeMap<Version, NodeId>)> {
        self.enclose()?;
        let mut files: HashMap<&str, &str> = HashMap::new();
        for version in self.nodes.keys() {
            if let Some(file) = self.file(version)? {
                files.insert(version, file);
            }
        }
        let kinds: Vec<NodeKind> = NodeKind::all().collect();
        let mut order: Vec<(&Version, &Node)> = self.nodes.iter().collect();
        order.sort_by_cached_key(|(version, node)| {
            let rank = kinds.iter().position(|kind| *kind == node.kind);
            match node.kind {
                NodeKind::File => (0, None, &*node.name, None),
                NodeKind::Symbol(_) => {
                    let path = files.get(version.as_str()).map_or("", |file| &self.nodes[*file].name);
                    (1, None, path, node.position)
                }
                _ => (2, rank, &*node.name, None),
            }
        });
        let numbers: BTreeMap<Version, NodeId> = order.iter().map(|(version, _)| (*version).clone()).zip(0..).collect();
        let number = |version: &str| numbers.get(version).copied().ok_or_else(|| damaged("a relationship"));
        let mut parts = Parts::default();
        for (version, node) in &order {
            parts.nodes.push(NodePart {
                kind: node.kind,
                name: node.name.clone(),
                lines: node.lines,
                parent: node.parent.iter().flatten().map(|parent| number(parent)).next().transpose()?,
                file: files.get(version.as_str()).map(|file| number(file)).transpose()?,
                symbol: node.position,
            });
        }
        for (user, used, relation, line, count, is_proven) in &self.links {
            let link =
                Link { node: number(used)?, relation: *relation, line: *line, count: *count, is_proven: *is_proven };
            parts.uses.push((number(user)?, link));
        }
        let mut sites: Vec<(&Unresolved, NodeId, NodeId)> = Vec::new();
        for site in &self.sites {
            let user = number(&site.user)?;
            sites.push((site, user, parts.nodes[user as usize].file.unwrap_or(user)));
        }
        sites.sort_by_key(|(site, _, file)| (&site.name, *file, site.nth));
        sites.dedup_by_key(|(site, user, _)| (&site.name, *user, site.nth));
        for (site, node, _) in sites {
            parts.unresolved.push((
                site.name.clone(),
                Site { node, line: site.line, relation: site.relation, candidates: site.candidates },
            ));
        }
        let paths: HashMap<&str, NodeId> =
            (0..).zip(&order).map(|(id, (_, node))| (node.name.as_str(), id)).take(files_among(&order)).collect();
        for (user, used, values) in &self.evidence {
            parts.evidence.push(evidence(number(user)?, number(used)?, values, &paths)?);
        }
        let graph = Graph::from_parts(parts).ok_or_else(|| damaged("the order of nodes"))?;
        Ok((graph, numbers))
    }

    /// The file that a node is or lies in.
    fn file(&self, version: &str) -> Result<Option<&str>> {
        let (mut at, mut steps) = (self.nodes.get_key_value(version), 0);
        while let Some((version, node)) = at {
            match node.kind {
                NodeKind::File => return Ok(Some(version)),
                NodeKind::Symbol(_) if steps <= self.nodes.len() => {
                    let parent = node.parent.iter().flatten().next();
                    at = parent.and_then(|parent| self.nodes.get_key_value(parent));
                    steps += 1;
                }
                NodeKind::Symbol(_) => break,
                _ => return Ok(None),
            }
        }
        Err(damaged("a symbol without a file"))
    }
}

fn files_among(order: &[(&Version, &Node)]) -> usize {
    order.iter().take_while(|(_, node)| node.kind == NodeKind::File).count()
}

fn evidence(user: NodeId, node: NodeId, values: &[Value], paths: &HashMap<&str, NodeId>) -> Result<EvidencePart> {
    let text = |at: usize| values.get(at).and_then(Value::to_text).unwrap_or_default();
    let number = |at: usize| values.get(at).and_then(Value::to_number::<u32>).unwrap_or_default();
    let origin = knowledge::Origin::ALL.into_iter().find(|origin| origin.as_str() == text(0));
    Ok(EvidencePart {
        user,
        node,
        origin: origin.ok_or_else(|| damaged("evidence"))?,
        file: paths.get(text(1)).copied().ok_or_else(|| damaged("evidence"))?,
        line: number(2),
        span: number(3)..number(4),
        words: text(5).to_owned(),
    })
}
