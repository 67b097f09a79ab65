//! A graph from its parts, for those who keep them elsewhere.

use std::ops::Range;

use super::evidence::{EvidenceRecord, EvidenceTable};
use super::{Graph, Link, LinkRecord, Links, NONE, NodeId, NodeKind, NodeRecord, Relation, Site, Unresolved};
use crate::knowledge::Origin;

/// A node to make a graph of; see [`Node`](super::Node).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePart {
    /// What it is.
    pub kind: NodeKind,
    /// Qualified name, path, or name.
    pub name: String,
    /// First and last line; zeros for what has no lines.
    pub lines: (u32, u32),
    /// What it lies in.
    pub parent: Option<NodeId>,
    /// The file it is, or lies in.
    pub file: Option<NodeId>,
    /// Index among the symbols of its file, if it is one.
    pub symbol: Option<u32>,
}

/// What bears a link out; see [`Evidence`](super::Evidence).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidencePart {
    /// From whom the link leads.
    pub user: NodeId,
    /// To what.
    pub node: NodeId,
    /// How we know.
    pub origin: Origin,
    /// The file.
    pub file: NodeId,
    /// Its line.
    pub line: u32,
    /// The bytes of the words in it.
    pub span: Range<u32>,
    /// How the two hang together.
    pub words: String,
}

/// All that a graph knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Files in the order of their paths, the symbols of each file in theirs, then the rest.
    pub nodes: Vec<NodePart>,
    /// Who uses what, in any order.
    pub uses: Vec<(NodeId, Link)>,
    /// Names and the sites that may mean whatever is called so; sites of a name keep their order.
    pub unresolved: Vec<(String, Site)>,
    /// In any order.
    pub evidence: Vec<EvidencePart>,
}

impl Graph {
    /// The graph of `parts`, which may be some of the nodes and links of a larger one; none if they contradict each other.
    pub fn from_parts(parts: Parts) -> Option<Self> {
        let count = u32::try_from(parts.nodes.len()).ok().filter(|&count| count < NONE)?;
        let first_symbol = first_symbols(&parts.nodes)?;
        let mut names = String::new();
        let mut keep = |text: &str| {
            let at = names.len() as u32;
            names.push_str(text);
            (at, text.len() as u32)
        };
        let mut nodes = Vec::with_capacity(parts.nodes.len());
        for part in &parts.nodes {
            let (name_at, name_len) = keep(&part.name);
            let or_none = |number: Option<u32>| number.unwrap_or(NONE);
            nodes.push(NodeRecord {
                name_at,
                name_len,
                parent: or_none(part.parent),
                file: or_none(part.file),
                symbol: or_none(part.symbol),
                lines: [part.lines.0, part.lines.1],
                kind: part.kind.number().into(),
            });
        }
        let mut evidence: Vec<EvidenceRecord> = parts
            .evidence
            .into_iter()
            .map(|EvidencePart { user, node, origin, file, line, span, words }| {
                let (words_at, words_len) = keep(&words);
                let (start, end, origin) = (span.start, span.end, origin as u32);
                EvidenceRecord { user, node, origin, file, line, start, end, words_at, words_len }
            })
            .collect();
        evidence.sort_unstable();
        u32::try_from(names.len()).ok()?;
        if parts.uses.iter().any(|(user, link)| *user >= count || link.node >= count) {
            return None;
        }
        let uses: Vec<(NodeId, LinkRecord)> = parts.uses.into_iter().map(|(user, link)| (user, link.into())).collect();
        let used_by = uses.iter().map(|&(user, link)| (link.node, LinkRecord { node: user, ..link })).collect();
        let graph = Graph {
            used_by: Links::new(nodes.len(), used_by),
            uses: Links::new(nodes.len(), uses),
            nodes: nodes.into(),
            names: names.into_bytes().into(),
            first_symbol: first_symbol.into(),
            unresolved: Unresolved::new(parts.unresolved),
            evidence: EvidenceTable(evidence.into()),
        };
        Some(graph).filter(Graph::is_whole)
    }

    /// Every name with the uses of it that nobody can resolve, sorted by name. See [`unresolved`](Self::unresolved).
    pub fn unresolved_names(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = Site>)> {
        let Unresolved { names, ends, sites } = &self.unresolved;
        (0..ends.len()).map(move |index| {
            let start = if index == 0 { [0, 0] } else { ends[index - 1] };
            let name = names.get(start[0] as usize..ends[index][0] as usize).unwrap_or_default();
            let of_name = sites.get(start[1] as usize..ends[index][1] as usize).unwrap_or_default();
            (
                std::str::from_utf8(name).unwrap_or_default(),
                of_name.iter().map(|&record| Site::from(Link::from(record))),
            )
        })
    }
}

impl From<Link> for Site {
    fn from(Link { node, line, relation, .. }: Link) -> Self {
        Site { node, line, relation }
    }
}

impl Unresolved {
    fn new(mut from: Vec<(String, Site)>) -> Self {
        from.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (mut names, mut ends, mut sites): (Vec<u8>, Vec<[u32; 2]>, Vec<LinkRecord>) = Default::default();
        for of_name in from.chunk_by(|(a, _), (b, _)| a == b) {
            names.extend_from_slice(of_name[0].0.as_bytes());
            let record =
                |&Site { node, line, relation }| Link { node, relation, line, count: 0, is_proven: false }.into();
            sites.extend(of_name.iter().map(|(_, site)| -> LinkRecord { record(site) }));
            ends.push([names.len() as u32, sites.len() as u32]);
        }
        Unresolved { names: names.into(), ends: ends.into(), sites: sites.into() }
    }
}

/// Per file its first symbol; none if the nodes do not stand in their order, or lie in something that cannot hold them.
fn first_symbols(nodes: &[NodePart]) -> Option<Vec<NodeId>> {
    let files = nodes.iter().take_while(|node| node.kind == NodeKind::File).count();
    let is_symbol = |node: &&NodePart| node.kind.symbol().is_some();
    let symbols = files + nodes[files..].iter().take_while(is_symbol).count();
    for (id, node) in (0u32..).zip(nodes) {
        let (index, parent) = (id as usize, node.parent.map(|parent| parent as usize));
        let parent_kind = parent.map(|parent| nodes.get(parent).map(|node| node.kind));
        let is_sound = if index < files {
            node.file == Some(id) && node.symbol.is_none() && matches!(parent_kind, None | Some(Some(NodeKind::Folder)))
        } else if index < symbols {
            node.symbol.is_some()
                && node.file.is_some_and(|file| (file as usize) < files)
                && parent.is_none_or(|parent| parent < index)
        } else {
            let is_other = node.kind != NodeKind::File && node.kind.symbol().is_none();
            let is_within = parent.is_none_or(|parent| (symbols..index).contains(&parent));
            is_other && is_within && node.symbol.is_none() && node.file.is_none_or(|file| (file as usize) < files)
        };
        if !is_sound {
            return None;
        }
    }
    let order = |node: &NodePart| (node.file, node.symbol);
    let is_sorted = nodes[..files].is_sorted_by(|a, b| a.name < b.name)
        && nodes[files..symbols].is_sorted_by(|a, b| order(a) < order(b));
    let first = |file: usize| nodes[files..symbols].partition_point(|node| node.file < Some(file as u32)) + files;
    is_sorted.then(|| (0..files).map(|file| first(file) as NodeId).collect())
}

impl NodeKind {
    /// The kind named by `word` (see [`as_str`](Self::as_str)).
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|kind| kind.as_str() == word)
    }

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).filter_map(NodeKind::from_number)
    }
}

impl Relation {
    /// The relations that carry a change to whoever uses what was changed; see [`Graph::impact`].
    pub const CARRIES: [Relation; 5] =
        [Relation::Call, Relation::Inherit, Relation::Type, Relation::Override, Relation::Mention];
}

#[cfg(test)]
mod tests {
    use rag_core::SymbolKind;

    use super::*;

    fn node(kind: NodeKind, name: &str, parent: Option<NodeId>, file: Option<NodeId>) -> NodePart {
        NodePart { kind, name: name.to_owned(), lines: (1, 9), parent, file, symbol: None }
    }

    /// `b.py` with a class and its method, which calls what lies in `a.py`.
    fn parts() -> Parts {
        let symbol = |kind, name, parent, file, number| NodePart {
            symbol: Some(number),
            ..node(NodeKind::Symbol(kind), name, Some(parent), Some(file))
        };
        let call = |node, line| Link { node, relation: Relation::Call, line, count: 1, is_proven: true };
        Parts {
            nodes: vec![
                node(NodeKind::File, "a.py", Some(5), Some(0)),
                node(NodeKind::File, "b.py", Some(5), Some(1)),
                symbol(SymbolKind::Function, "help", 0, 0, 0),
                symbol(SymbolKind::Class, "Main", 1, 1, 0),
                symbol(SymbolKind::Method, "Main.run", 3, 1, 3),
                node(NodeKind::Folder, "", None, None),
                node(NodeKind::Concept, "Help", None, None),
            ],
            uses: vec![(4, call(2, 7)), (4, call(2, 5))],
            unresolved: ["z", "help", "z"]
                .map(|name| (name.to_owned(), Site { node: 4, line: name.len() as u32, relation: Relation::Call }))
                .to_vec(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn a_graph_of_parts_answers_like_any_other() {
        let graph = Graph::from_parts(parts()).unwrap();
        assert_eq!((graph.find("Main.run"), graph.find("b.py:3"), graph.find("helps")), (vec![4], vec![3], vec![6]));
        assert_eq!(graph.uses(4).map(|link| link.line).collect::<Vec<_>>(), [5, 7]);
        assert_eq!(graph.used_by(2).len(), 2);
        assert_eq!((graph.symbols_of(0), graph.symbols_of(1), graph.children(3)), (2..3, 3..5, vec![4]));
        assert_eq!(graph.unresolved(2), [Site { node: 4, line: 4, relation: Relation::Call }]);
        let names: Vec<(&str, usize)> = graph.unresolved_names().map(|(name, sites)| (name, sites.count())).collect();
        assert_eq!(names, [("help", 1), ("z", 2)]);
        assert!(Graph::from_parts(Parts::default()).is_some());
    }

    #[test]
    fn parts_that_contradict_each_other_are_refused() {
        let wrong: [fn(&mut Parts); 9] = [
            |parts| parts.nodes[0].parent = Some(1),
            |parts| parts.nodes[4].parent = Some(4),
            |parts| parts.nodes[5].parent = Some(6),
            |parts| parts.nodes[2].file = None,
            |parts| parts.nodes[1].file = Some(0),
            |parts| parts.nodes.swap(2, 3),
            |parts| parts.nodes[0].name = "c.py".to_owned(),
            |parts| parts.uses[0].1.node = 7,
            |parts| parts.unresolved[0].1.node = 7,
        ];
        for (number, spoil) in wrong.into_iter().enumerate() {
            let mut parts = parts();
            spoil(&mut parts);
            assert!(Graph::from_parts(parts).is_none(), "{number}");
        }
    }
}
