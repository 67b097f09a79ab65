//! A part of a mirrored graph, gathered step by step.

use std::collections::{BTreeSet, HashMap, HashSet};

use graphrag::graph::{Follow, NodeId, NodeKind, Relation};
use graphrag::knowledge;
use neo4rs::BoltType;

use super::SERVER;
use super::client::{Client, Rows};
use super::cypher::{self, NODE, OF_ORIGIN, Shape};
use super::picture::cut;
use super::stored::{self, Holding, MOST_UNITS, Reader};
use super::value::{Digest, Value};
use crate::{Error, Origin, Result};

/// Nodes that are asked about at once.
const BATCH: usize = 2_000;

/// Which way links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Uses,
    UsedBy,
}

/// Nodes are known by their versions.
pub(super) type Version = String;

pub(super) struct Node {
    pub kind: NodeKind,
    pub name: String,
    pub lines: (u32, u32),
    pub position: Option<u32>,
    /// What it lies in; the outer one is none if that was not asked yet.
    pub parent: Option<Option<Version>>,
}

/// A use that may mean anything of its name.
pub(super) struct Unresolved {
    pub name: String,
    pub user: Version,
    pub nth: u32,
    pub relation: Relation,
    pub line: u32,
    pub candidates: u32,
}

/// What was read so far.
pub(super) struct Part<'m> {
    client: &'m Client,
    origin: &'m Origin,
    revision: i64,
    pub nodes: HashMap<Version, Node>,
    /// User, used, relation, line, count, whether it is proven.
    pub links: HashSet<(Version, Version, Relation, u32, u32, bool)>,
    pub sites: Vec<Unresolved>,
    pub evidence: Vec<(Version, Version, Vec<Value<'static>>)>,
}

impl<'m> Part<'m> {
    pub(super) fn new(client: &'m Client, origin: &'m Origin, revision: i64) -> Self {
        let (nodes, links) = Default::default();
        Part { client, origin, revision, nodes, links, sites: Vec::new(), evidence: Vec::new() }
    }

    /// What `text` may mean, as [`Graph::find`] decides.
    pub(super) fn find(&mut self, text: &str) -> Result<BTreeSet<Version>> {
        let wanted = text.replace("::", ".").replace('#', ".");
        let folder = text.trim_end_matches('/');
        let folder = if folder == "." { "" } else { folder };
        let last = |text: &str, end: char| cut(text.rsplit(end).next().unwrap_or(text)).to_owned();
        let names = vec![last(&wanted, '.'), last(folder, '/'), cut(text).to_owned()];
        let paths = vec![cut(text).to_owned(), cut(text.rsplit_once(':').map_or(text, |(path, _)| path)).to_owned()];
        let terms = vec![cut(&knowledge::key(text)).to_owned()];
        for (property, values) in [("name", names), ("path", paths), ("term", terms)] {
            let pattern = format!("MATCH (n:CogoNode {{{OF_ORIGIN}, {property}: id}}) WHERE {}", holds("n"));
            self.read_nodes(&pattern, values)?;
        }
        let (graph, numbers) = self.graph()?;
        let found: HashSet<NodeId> = graph.find(text).into_iter().collect();
        Ok(numbers.into_iter().filter(|(_, number)| found.contains(number)).map(|(version, _)| version).collect())
    }

    /// What lies in lines of a file, as [`Graph::symbols_in`] decides.
    pub(super) fn symbols_in(&mut self, path: &str, lines: Option<(u32, u32)>) -> Result<BTreeSet<Version>> {
        let pattern = format!("MATCH (n:CogoNode {{{OF_ORIGIN}, path: id}}) WHERE {}", holds("n"));
        self.read_nodes(&pattern, vec![cut(path).to_owned()])?;
        let (graph, numbers) = self.graph()?;
        let found: HashSet<NodeId> = graph.symbols_in(path, lines).into_iter().collect();
        Ok(numbers.into_iter().filter(|(_, number)| found.contains(number)).map(|(version, _)| version).collect())
    }

    /// Reads what lies directly in some nodes.
    pub(super) fn children(&mut self, of: &BTreeSet<Version>) -> Result<()> {
        let pattern =
            format!("MATCH (:CogoNode {{{OF_ORIGIN}, version: id}})<-[l:LIES_IN]-(n:CogoNode) WHERE {}", holds("l"));
        self.read_nodes(&pattern, of.iter().cloned().collect())
    }

    /// Everything within reach of `start`.
    pub(super) fn walk(&mut self, start: &BTreeSet<Version>, direction: Direction, follow: Follow) -> Result<()> {
        let mut seen = start.clone();
        let mut front = start.clone();
        for _ in 0..follow.depth {
            front = self.step(&front, direction, follow)?;
            front.retain(|version| seen.insert(version.clone()));
            if front.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Everything that is nearer to `start` than the first of `goal`, and whether that is within reach. As [`Graph::way`] goes.
    pub(super) fn walk_to(
        &mut self,
        start: &BTreeSet<Version>,
        goal: &BTreeSet<Version>,
        follow: Follow,
    ) -> Result<bool> {
        let is_concept =
            |part: &Self, version: &Version| part.nodes.get(version).is_some_and(|node| node.kind == NodeKind::Concept);
        let both_ways = start.iter().chain(goal).any(|version| is_concept(self, version));
        let mut seen = start.clone();
        let mut front = start.clone();
        for _ in 0..follow.depth {
            if !front.is_disjoint(goal) {
                return Ok(true);
            }
            let mut next = self.step(&front, Direction::Uses, follow)?;
            if both_ways {
                let concepts = front.iter().filter(|version| is_concept(self, version)).cloned().collect();
                next.extend(self.step(&concepts, Direction::UsedBy, follow)?);
            }
            next.retain(|version| seen.insert(version.clone()));
            front = next;
            if front.is_empty() {
                break;
            }
        }
        Ok(!front.is_disjoint(goal))
    }

    /// Reads the links of some nodes, and gives what they lead to.
    fn step(&mut self, front: &BTreeSet<Version>, direction: Direction, follow: Follow) -> Result<BTreeSet<Version>> {
        let all = follow.relations.is_empty();
        let relations = if all { Relation::ALL.as_slice() } else { follow.relations };
        let types: Vec<String> = relations.iter().map(|&relation| Shape::Link(relation).name()).collect();
        let (left, right) = match direction {
            Direction::Uses => ("-", "->"),
            Direction::UsedBy => ("<-", "-"),
        };
        let proven = if follow.proven_only { " AND l.proven" } else { "" };
        let text = format!(
            "UNWIND $ids AS id MATCH (a:CogoNode {{{OF_ORIGIN}, version: id}}){left}[l:{}]{right}(b:CogoNode) {} \
             WHERE {}{proven} RETURN [id, b.version, type(l), l.line, l.count, l.proven] AS row",
            types.join("|"),
            cypher::by("a", "version"),
            holds("l")
        );
        let mut reached = BTreeSet::new();
        for row in self.read(&text, front.iter().cloned().collect())? {
            let values: Vec<Value> = row.iter().map(Value::of).collect();
            let [Value::Text(here), Value::Text(there), Value::Text(kind), line, count, Value::Truth(proven)] =
                &values[..]
            else {
                return Err(damaged("a link"));
            };
            let relation = relation(kind).ok_or_else(|| damaged("a link"))?;
            let (line, count) = (line.to_number().unwrap_or_default(), count.to_number().unwrap_or_default());
            let (user, used) = match direction {
                Direction::Uses => (here, there),
                Direction::UsedBy => (there, here),
            };
            self.links.insert((user.to_string(), used.to_string(), relation, line, count, *proven));
            reached.insert(there.to_string());
        }
        self.know(&reached)?;
        Ok(reached)
    }

    /// Reads the uses of the names of some nodes that nobody can resolve.
    pub(super) fn sites(&mut self, of: &BTreeSet<Version>) -> Result<()> {
        let names: BTreeSet<String> =
            of.iter().filter_map(|version| self.nodes.get(version)).map(|node| own_name(node).to_owned()).collect();
        let text = format!(
            "UNWIND $ids AS id MATCH (n:CogoNode:Name {{{OF_ORIGIN}, name: id}})<-[l:UNRESOLVED]-(a:CogoNode) \
             WHERE n.qualified = id AND {} RETURN [id, a.version, l.relation, l.line, l.candidates, l.nth] AS row",
            holds("l")
        );
        let mut users = BTreeSet::new();
        for row in self.read(&text, names.into_iter().collect())? {
            let values: Vec<Value> = row.iter().map(Value::of).collect();
            let [Value::Text(name), Value::Text(user), relation, line, candidates, nth] = &values[..] else {
                return Err(damaged("a use"));
            };
            users.insert(user.to_string());
            self.sites.push(Unresolved {
                name: name.to_string(),
                user: user.to_string(),
                nth: nth.to_number().unwrap_or_default(),
                relation: relation.to_text().and_then(Relation::parse).ok_or_else(|| damaged("a use"))?,
                line: line.to_number().unwrap_or_default(),
                candidates: candidates.to_number().unwrap_or_default(),
            });
        }
        self.know(&users)
    }

    /// Reads everything.
    pub(super) fn all(&mut self) -> Result<()> {
        let units = stored::units(self.client, self.origin)?;
        let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        let holding = Holding::At(self.revision);
        let mut reader = Reader { client: self.client, origin: self.origin, holding, batch: MOST_UNITS };
        let mut called: HashMap<Version, String> = HashMap::new();
        let mut rest = names.as_slice();
        while !rest.is_empty() {
            let (nodes, taken) = reader.nodes(rest)?;
            rest = &rest[taken..];
            for found in nodes {
                let version = found.version.ok_or_else(|| damaged("a node"))?.to_hex();
                match node(&found.values) {
                    Some(node) => drop(self.nodes.insert(version, Node { parent: Some(None), ..node })),
                    None => drop(called.insert(version, found.values[3].to_text().unwrap_or_default().to_owned())),
                }
            }
        }
        let mut rest = names.as_slice();
        while !rest.is_empty() {
            let (ties, taken) = reader.ties(rest)?;
            rest = &rest[taken..];
            for tie in ties {
                let [from, to] = tie.ends.ok_or_else(|| damaged("a relationship"))?.map(Digest::to_hex);
                let number = |at: usize| tie.values.get(at).and_then(Value::to_number::<u32>).unwrap_or_default();
                match tie.shape {
                    Shape::Within => {
                        self.nodes.get_mut(&from).ok_or_else(|| damaged("a node"))?.parent = Some(Some(to));
                    }
                    Shape::Link(relation) => {
                        let is_proven = tie.values.get(2) == Some(&Value::Truth(true));
                        self.links.insert((from, to, relation, number(0), number(1), is_proven));
                    }
                    Shape::Unresolved => {
                        let relation = tie.values.first().and_then(Value::to_text).and_then(Relation::parse);
                        self.sites.push(Unresolved {
                            name: called.get(&to).cloned().ok_or_else(|| damaged("a name"))?,
                            user: from,
                            nth: number(3),
                            relation: relation.ok_or_else(|| damaged("a use"))?,
                            line: number(1),
                            candidates: number(2),
                        });
                    }
                    Shape::Evidence => self.evidence.push((from, to, tie.values)),
                }
            }
        }
        Ok(())
    }

    /// Reads nodes that are not known yet.
    fn know(&mut self, versions: &BTreeSet<Version>) -> Result<()> {
        let new: Vec<Version> = versions.iter().filter(|version| !self.nodes.contains_key(*version)).cloned().collect();
        let pattern = format!("MATCH (n:CogoNode {{{OF_ORIGIN}, version: id}}) {}", cypher::by("n", "version"));
        self.read_nodes(&format!("{pattern} WHERE {}", holds("n")), new)
    }

    fn read_nodes(&mut self, pattern: &str, ids: Vec<String>) -> Result<()> {
        let values: Vec<String> = NODE.iter().map(|name| format!("n.{name}")).collect();
        let text = format!("UNWIND $ids AS id {pattern} RETURN DISTINCT [n.version, {}] AS row", values.join(", "));
        for row in self.read(&text, ids)? {
            let mut values: Vec<Value> = row.iter().map(Value::of).collect();
            let version = values.remove(0);
            if let (Some(version), Some(node)) = (version.to_text(), node(&values)) {
                self.nodes.entry(version.to_owned()).or_insert(node);
            }
        }
        Ok(())
    }

    /// Reads what the nodes lie in, up to the root.
    pub(super) fn enclose(&mut self) -> Result<()> {
        let text = format!(
            "UNWIND $ids AS id MATCH (:CogoNode {{{OF_ORIGIN}, version: id}})-[l:LIES_IN]->(n:CogoNode) WHERE {} \
             RETURN [id, n.version] AS row",
            holds("l")
        );
        loop {
            let open: Vec<Version> = self
                .nodes
                .iter()
                .filter(|(_, node)| node.parent.is_none())
                .map(|(version, _)| version.clone())
                .collect();
            if open.is_empty() {
                return Ok(());
            }
            let mut parents = BTreeSet::new();
            for row in self.read(&text, open.clone())? {
                let values: Vec<Value> = row.iter().map(Value::of).collect();
                if let [Value::Text(child), Value::Text(parent)] = &values[..] {
                    parents.insert(parent.to_string());
                    if let Some(node) = self.nodes.get_mut(child.as_ref()) {
                        node.parent = Some(Some(parent.to_string()));
                    }
                }
            }
            for version in &open {
                if let Some(node) = self.nodes.get_mut(version) {
                    node.parent.get_or_insert(None);
                }
            }
            self.know(&parents)?;
        }
    }

    fn read(&self, text: &str, ids: Vec<String>) -> Result<Rows> {
        let mut rows = Vec::new();
        for ids in ids.chunks(BATCH) {
            let ids: Vec<BoltType> = ids.iter().map(|id| BoltType::from(id.as_str())).collect();
            let query = || {
                let query = cypher::of(self.origin, text);
                query.param("ids", ids.clone()).param("at", self.revision)
            };
            rows.extend(self.client.read(query)?);
        }
        Ok(rows)
    }
}

/// The node that says `values`; none if it is the name of unresolved uses.
fn node(values: &[Value]) -> Option<Node> {
    let number = |at: usize| values.get(at).and_then(Value::to_number::<u32>);
    Some(Node {
        kind: NodeKind::parse(values.get(1)?.to_text()?)?,
        name: values.get(3)?.to_text()?.to_owned(),
        lines: (number(6).unwrap_or_default(), number(7).unwrap_or_default()),
        position: number(5),
        parent: None,
    })
}

fn own_name(node: &Node) -> &str {
    match node.kind {
        NodeKind::Symbol(_) => node.name.rsplit('.').next().unwrap_or(&node.name),
        NodeKind::Concept | NodeKind::Route => &node.name,
        _ => node.name.rsplit('/').next().unwrap_or(&node.name),
    }
}

fn relation(kind: &str) -> Option<Relation> {
    Relation::ALL.into_iter().find(|&relation| Shape::Link(relation).name() == kind)
}

/// A condition: the item is visible.
fn holds(item: &str) -> String {
    format!("{item}.since <= $at AND {item}.until > $at")
}

pub(super) fn damaged(what: &str) -> Error {
    let reason = format!("{what} of the mirror is damaged\nhint: `cogo verify neo4j --repair` makes it whole");
    Error::Server { server: SERVER, reason }
}
