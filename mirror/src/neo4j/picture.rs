//! What the mirror of a graph should hold, item by item. Items are known by what they say: a node by its version, which is a digest
//! of its properties; a tie by the versions of its ends and its own properties. So whatever changes is another item.

use std::collections::HashMap;

use graphrag::Graph;
use graphrag::graph::{NodeId, NodeKind, Relation, Site};
use graphrag::knowledge;
use xxhash_rust::xxh3::Xxh3;

use super::cypher::{Shape, label};
use super::value::{Digest, Value};

/// Text that an index of the server must hold is cut here; it takes keys of 8 kB, together with the names of tenant and repository.
const LONGEST_INDEXED: usize = 4096;
/// Label of what unresolved uses point at.
pub(super) const NAME: &str = "Name";

/// Number of a node of the picture: those of the graph first, then names of unresolved uses.
pub(super) type Number = u32;

/// Items that are compared together: a file with what lies in it, or some of the nodes that lie in no file.
pub(super) struct Unit {
    /// What it is called in the mirror.
    pub name: String,
    /// Over all that it consists of.
    pub digest: Digest,
    /// Its nodes; ties belong to where they start.
    pub nodes: Vec<Number>,
}

/// A relationship from one node to another.
pub(super) struct Tie<'g> {
    pub from: Number,
    pub to: Number,
    pub shape: Shape,
    pub values: Vec<Value<'g>>,
}

pub(super) struct Picture<'g> {
    graph: &'g Graph,
    names: Vec<&'g str>,
    /// unresolved uses: user, name, its number among those of the name in the file, and the site; sorted
    sites: Vec<(NodeId, Number, u32, Site)>,
    /// per symbol: how many of its file come before it that are called and made the same
    nth: HashMap<NodeId, u32>,
    versions: Vec<Digest>,
    pub units: Vec<Unit>,
    /// Number of nodes and ties.
    pub items: u64,
}

impl<'g> Picture<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let mut picture = Picture {
            graph,
            names: Vec::new(),
            sites: Vec::new(),
            nth: namesakes(graph),
            versions: Vec::new(),
            units: Vec::new(),
            items: 0,
        };
        picture.unresolved();
        let count = graph.ids().end + picture.names.len() as Number;
        picture.versions = (0..count).map(|node| Digest::of(&picture.label(node), &picture.values(node))).collect();
        picture.make_units(count);
        picture
    }

    fn unresolved(&mut self) {
        for (name, sites) in self.graph.unresolved_names() {
            let number = self.graph.ids().end + self.names.len() as Number;
            self.names.push(name);
            let mut of_file: HashMap<Option<NodeId>, u32> = HashMap::new();
            for site in sites {
                let nth = of_file.entry(self.graph.node(site.node).file).or_default();
                self.sites.push((site.node, number, *nth, site));
                *nth += 1;
            }
        }
        self.sites.sort_unstable_by_key(|(node, name, nth, _)| (*node, *name, *nth));
    }

    fn make_units(&mut self, count: Number) {
        let mut of_name: HashMap<String, usize> = HashMap::new();
        let mut units: Vec<(Unit, Xxh3)> = Vec::new();
        for node in 0..count {
            let name = self.unit(node);
            let index = *of_name.entry(name).or_insert_with_key(|name| {
                units.push((Unit { name: name.clone(), digest: Digest(0), nodes: Vec::new() }, Xxh3::new()));
                units.len() - 1
            });
            let (unit, hash) = &mut units[index];
            unit.nodes.push(node);
            hash.update(&self.versions[node as usize].0.to_le_bytes());
            let ties = self.ties(node);
            self.items += 1 + ties.len() as u64;
            ties.iter().for_each(|tie| hash.update(&self.digest(tie).0.to_le_bytes()));
        }
        self.units = units.into_iter().map(|(unit, hash)| Unit { digest: Digest(hash.digest128()), ..unit }).collect();
    }

    /// The unit that a node belongs to. What lies in no file is dealt to 256 units of its kind.
    pub(super) fn unit(&self, node: Number) -> String {
        match self.graph_node(node).and_then(|id| self.graph.node(id).file) {
            Some(file) => Digest::of("file", &[Value::text(self.graph.path(file))]).to_hex(),
            None => format!("{}:{}", self.label(node), &self.key(node).to_hex()[..2]),
        }
    }

    fn graph_node(&self, node: Number) -> Option<NodeId> {
        (node < self.graph.ids().end).then_some(node)
    }

    fn name(&self, node: Number) -> &'g str {
        match self.graph_node(node) {
            Some(id) => self.graph.node(id).name,
            None => self.names[(node - self.graph.ids().end) as usize],
        }
    }

    pub(super) fn label(&self, node: Number) -> String {
        self.graph_node(node).map_or_else(|| NAME.to_owned(), |id| label(self.graph.node(id).kind))
    }

    /// The same in all generations that know the node.
    fn key(&self, node: Number) -> Digest {
        let name = Value::text(self.name(node));
        match self.graph_node(node).map(|id| (id, self.graph.node(id))) {
            Some((id, found)) if found.symbol.is_some() => {
                let nth = self.nth.get(&id).copied().unwrap_or_default();
                let path = Value::text(self.graph.path(id));
                Digest::of(found.kind.as_str(), &[path, name, Value::number(nth)])
            }
            Some((_, found)) => Digest::of(found.kind.as_str(), &[name]),
            None => Digest::of(NAME, &[name]),
        }
    }

    pub(super) fn version(&self, node: Number) -> Digest {
        self.versions[node as usize]
    }

    /// The nodes by their versions.
    pub(super) fn numbers(&self) -> HashMap<Digest, Number> {
        self.versions.iter().copied().zip(0..).collect()
    }

    /// What a node says, as [`NODE`](super::cypher::NODE) lists it.
    pub(super) fn values(&self, node: Number) -> Vec<Value<'g>> {
        let (key, name) = (self.key(node).to_hex(), self.name(node));
        let Some(id) = self.graph_node(node) else {
            let nothing = || Value::Nothing;
            let named = [Value::text(key), Value::text("name"), indexed(name), Value::text(name)];
            return named.into_iter().chain(std::iter::repeat_with(nothing).take(5)).collect();
        };
        let found = self.graph.node(id);
        let path = match found.kind {
            NodeKind::Folder => indexed(name),
            _ if found.file.is_some() => indexed(self.graph.path(id)),
            _ => Value::Nothing,
        };
        let line = |line: u32| if found.lines == (0, 0) { Value::Nothing } else { Value::number(line) };
        let is_concept = found.kind == NodeKind::Concept;
        vec![
            Value::text(key),
            Value::text(found.kind.as_str()),
            indexed(found.own_name()),
            Value::text(name),
            path,
            found.symbol.map_or(Value::Nothing, Value::number),
            line(found.lines.0),
            line(found.lines.1),
            if is_concept { Value::text(cut(&knowledge::key(name)).to_owned()) } else { Value::Nothing },
        ]
    }

    /// The ties that start at a node.
    pub(super) fn ties(&self, node: Number) -> Vec<Tie<'g>> {
        let mut ties = Vec::new();
        let Some(id) = self.graph_node(node) else { return ties };
        let mut tie = |to: Number, shape, values| ties.push(Tie { from: node, to, shape, values });
        if let Some(parent) = self.graph.node(id).parent {
            tie(parent, Shape::Within, Vec::new());
        }
        let mut borne_out: Vec<NodeId> = Vec::new();
        for link in self.graph.uses(id) {
            let values = vec![Value::number(link.line), Value::number(link.count), Value::Truth(link.is_proven)];
            tie(link.node, Shape::Link(link.relation), values);
            if matches!(link.relation, Relation::Mention | Relation::Relate) && !borne_out.contains(&link.node) {
                borne_out.push(link.node);
            }
        }
        let first = self.sites.partition_point(|(user, ..)| *user < id);
        for (_, name, nth, site) in self.sites[first..].iter().take_while(|(user, ..)| *user == id) {
            let values = vec![Value::text(site.relation.as_str()), Value::number(site.line), Value::number(*nth)];
            tie(*name, Shape::Unresolved, values);
        }
        for to in borne_out {
            for (evidence, nth) in self.graph.evidence(id, to).zip(0u32..) {
                let values = vec![
                    Value::text(evidence.origin.as_str()),
                    Value::text(self.graph.path(evidence.file)),
                    Value::number(evidence.line),
                    Value::number(evidence.span.start),
                    Value::number(evidence.span.end),
                    Value::text(evidence.words),
                    Value::number(nth),
                ];
                tie(to, Shape::Evidence, values);
            }
        }
        ties
    }

    pub(super) fn digest(&self, tie: &Tie) -> Digest {
        tie_digest(tie.shape, self.version(tie.from), self.version(tie.to), &tie.values)
    }

    /// A node in words, for people.
    pub(super) fn describe(&self, node: Number) -> String {
        describe(&self.values(node))
    }

    /// A tie in words, for people.
    pub(super) fn describe_tie(&self, tie: &Tie) -> String {
        describe_tie(tie.shape, &self.describe(tie.from), &self.describe(tie.to), &tie.values)
    }
}

pub(super) fn tie_digest(shape: Shape, from: Digest, to: Digest, values: &[Value]) -> Digest {
    let ends = [from.0.to_le_bytes(), to.0.to_le_bytes()].concat();
    Digest(Digest::of(&shape.name(), values).0 ^ xxhash_rust::xxh3::xxh3_128(&ends))
}

/// The node that says `values`, in words.
pub(super) fn describe(values: &[Value]) -> String {
    let text = |at: usize| values.get(at).and_then(Value::to_text);
    let (kind, name) = (text(1).unwrap_or("node"), text(3).unwrap_or("?"));
    match text(4).filter(|path| *path != name) {
        Some(path) => format!("{kind} {name} in {path}"),
        None => format!("{kind} {name}"),
    }
}

/// The tie that says `values`, in words.
pub(super) fn describe_tie(shape: Shape, from: &str, to: &str, values: &[Value]) -> String {
    let line = shape.properties().iter().position(|name| *name == "line");
    let line = line.and_then(|at| values.get(at)).and_then(Value::to_number::<u32>);
    let line = line.map(|line| format!(" at line {line}")).unwrap_or_default();
    format!("{} from {from} to {to}{line}", shape.name())
}

/// As much of `text` as an index of the server can hold.
pub(super) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_INDEXED)]
}

fn indexed(text: &str) -> Value<'_> {
    Value::text(cut(text))
}

/// Symbols that share file, kind and name with ones before them, with how many these are.
fn namesakes(graph: &Graph) -> HashMap<NodeId, u32> {
    let mut nth = HashMap::new();
    for file in graph.files() {
        let mut seen: HashMap<(NodeKind, &str), u32> = HashMap::new();
        for id in graph.symbols_of(file) {
            let node = graph.node(id);
            let before = seen.entry((node.kind, node.name)).or_default();
            if *before > 0 {
                nth.insert(id, *before);
            }
            *before += 1;
        }
    }
    nth
}
