//! Makes the graph of what was parsed and linked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rag_core::{Span, SymbolKind};

use super::evidence::{EvidenceRecord, EvidenceTable};
use super::{Graph, Link, LinkRecord, Links, NONE, NodeId, NodeKind, NodeRecord, Relation, Unresolved};
use crate::edge::{Edge, Target, Tier};
use crate::file::FileFacts;
use crate::imports::{Import, Imported};
use crate::knowledge::Knowledge;
use crate::link::Resolved;
use crate::mentions::Mention;
use crate::similar::similar;
use crate::surface::{Key, Route};

/// Two files that the same commits changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoChange {
    /// Index of a file.
    pub a: u32,
    /// Index of the other.
    pub b: u32,
    /// By how many commits.
    pub commits: u32,
}

impl Graph {
    /// The graph of `files`, which are sorted by path, with what [`resolve`](crate::resolve) and
    /// [`knowledge`](crate::knowledge::knowledge) found in them.
    pub fn new(files: &[FileFacts], resolved: Resolved, co_changes: &[CoChange], knowledge: &Knowledge) -> Self {
        let mut builder = Builder::new(files);
        builder.symbols();
        builder.folders();
        // Edges with many candidates take most of the memory: each goes as soon as it is a link.
        for edge in resolved.edges {
            builder.edge(&edge);
        }
        builder.packages(&resolved.imports);
        for import in &resolved.imports {
            builder.import(import);
        }
        for mention in &resolved.mentions {
            builder.mention(mention);
        }
        for change in co_changes {
            let link =
                |node| Link { node, relation: Relation::CoChange, line: 0, count: change.commits, is_proven: true };
            builder.link(change.a, link(change.b));
            builder.link(change.b, link(change.a));
        }
        builder.routes(&resolved.routes);
        builder.keys(&resolved.keys);
        builder.similar();
        builder.overrides();
        builder.knowledge(knowledge);
        builder.finish()
    }
}

pub(super) struct Builder<'f, 'a> {
    files: &'f [FileFacts<'a>],
    pub(super) lines: Vec<Lines>,
    pub(super) nodes: Vec<NodeRecord>,
    pub(super) names: String,
    first_symbol: Vec<NodeId>,
    uses: Vec<(NodeId, LinkRecord)>,
    packages: HashMap<&'f str, NodeId>,
    unresolved: BTreeMap<&'a str, Vec<LinkRecord>>,
    pub(super) evidence: Vec<EvidenceRecord>,
}

impl<'f, 'a> Builder<'f, 'a> {
    /// A graph with the files as nodes.
    fn new(files: &'f [FileFacts<'a>]) -> Self {
        let mut builder = Builder {
            files,
            lines: files.iter().map(|file| Lines::new(file.text)).collect(),
            nodes: Vec::new(),
            names: String::new(),
            first_symbol: Vec::with_capacity(files.len()),
            uses: Vec::new(),
            packages: HashMap::new(),
            unresolved: BTreeMap::new(),
            evidence: Vec::new(),
        };
        for (file, index) in files.iter().zip(0..) {
            let last = builder.lines[index as usize].0.len() as u32;
            let id = builder.node(NodeKind::File, file.path);
            let record = &mut builder.nodes[id as usize];
            (record.file, record.lines) = (index, [1, last]);
        }
        builder
    }

    pub(super) fn node(&mut self, kind: NodeKind, name: &str) -> NodeId {
        let (name_at, name_len) = (self.names.len() as u32, name.len() as u32);
        self.names.push_str(name);
        let kind = kind.number().into();
        let record = NodeRecord { name_at, name_len, parent: NONE, file: NONE, symbol: NONE, lines: [0, 0], kind };
        self.nodes.push(record);
        self.nodes.len() as NodeId - 1
    }

    pub(super) fn link(&mut self, user: NodeId, link: Link) {
        self.uses.push((user, link.into()));
    }

    fn name(&self, id: NodeId) -> &str {
        let record = &self.nodes[id as usize];
        &self.names[record.name_at as usize..][..record.name_len as usize]
    }

    fn own_name(&self, id: NodeId) -> &str {
        let name = self.name(id);
        name.rsplit('.').next().unwrap_or(name)
    }

    fn kind(&self, id: NodeId) -> Option<SymbolKind> {
        SymbolKind::from_u8(self.nodes[id as usize].kind as u8)
    }

    fn symbols(&mut self) {
        for (file, index) in self.files.iter().zip(0u32..) {
            let first = self.nodes.len() as NodeId;
            self.first_symbol.push(first);
            for (symbol, number) in file.symbols.iter().zip(0..) {
                let own = symbol.name.text(file.text);
                // Parents come first; a file that says otherwise has none.
                let parent = symbol.parent.filter(|parent| *parent < number).map(|parent| first + parent);
                let name = match parent {
                    Some(parent) => format!("{}.{own}", self.name(parent)),
                    None => own.to_owned(),
                };
                let id = self.node(NodeKind::Symbol(symbol.kind), &name);
                let lines = &self.lines[index as usize];
                let last = symbol.span.end.saturating_sub(1).max(symbol.span.start);
                let record = &mut self.nodes[id as usize];
                record.lines = [lines.of(symbol.span.start), lines.of(last)];
                (record.parent, record.file, record.symbol) = (parent.unwrap_or(index), index, number);
            }
        }
    }

    fn folders(&mut self) {
        let files = self.files;
        let mut folders: BTreeSet<&str> = BTreeSet::from([""]);
        for file in files {
            folders.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]));
        }
        let mut ids: HashMap<&str, NodeId> = HashMap::new();
        for folder in folders {
            let id = self.node(NodeKind::Folder, folder);
            self.nodes[id as usize].parent = if folder.is_empty() { NONE } else { ids[outer(folder)] };
            ids.insert(folder, id);
        }
        for (file, index) in files.iter().zip(0..) {
            self.nodes[index as usize].parent = ids[outer(file.path)];
        }
    }

    pub(super) fn node_of(&self, file: u32, symbol: Option<u32>) -> NodeId {
        symbol.map_or(file, |symbol| self.first_symbol[file as usize] + symbol)
    }

    /// The innermost symbol around a span, or the file.
    fn around(&self, file: u32, at: Span) -> NodeId {
        let symbols = self.files[file as usize].symbols;
        let before = symbols.partition_point(|symbol| symbol.span.start <= at.start);
        let symbol = (0..before).rev().find(|&index| symbols[index].span.end >= at.end);
        self.node_of(file, symbol.map(|index| index as u32))
    }

    pub(super) fn target(&self, target: &Target) -> NodeId {
        match target.symbol {
            Some(symbol) => self.node_of(target.file, Some(symbol)),
            None => self.around(target.file, target.name),
        }
    }

    fn edge(&mut self, edge: &Edge) {
        let user = self.node_of(edge.file, edge.enclosing);
        let line = self.lines[edge.file as usize].of(edge.site.start);
        let relation = Relation::from(edge.kind);
        match edge.tier {
            Tier::External => {}
            Tier::Unresolved => {
                let name = edge.site.text(self.files[edge.file as usize].text);
                let count = edge.shared_by;
                let site = Link { node: user, relation, line, count, is_proven: false };
                self.unresolved.entry(name).or_default().push(site.into());
            }
            Tier::Proven | Tier::Possible => {
                let is_proven = edge.tier == Tier::Proven;
                let count = if is_proven { 1 } else { edge.targets.len() as u32 };
                for target in &edge.targets {
                    let node = self.target(target);
                    self.link(user, Link { node, relation, line, count, is_proven });
                }
            }
        }
    }

    /// Packages stand in the order of their names, so that a new import does not move the others.
    fn packages(&mut self, imports: &'f [Import]) {
        let name = |import: &'f Import| match &import.what {
            Imported::Package(name) => Some(name.as_str()),
            _ => None,
        };
        for name in imports.iter().filter_map(name).collect::<BTreeSet<_>>() {
            let node = self.node(NodeKind::Package, name);
            self.packages.insert(name, node);
        }
    }

    fn import(&mut self, import: &Import) {
        let line = self.lines[import.file as usize].of(import.site.start);
        let (node, relation) = match &import.what {
            Imported::File(file) => (*file, Relation::Import),
            Imported::Definition(file, name) => match self.around(*file, *name) {
                // Not a symbol: the import of its file is there already.
                node if node == *file => return,
                node => (node, Relation::Import),
            },
            Imported::Package(name) => (self.packages[name.as_str()], Relation::Depend),
        };
        self.link(import.file, Link { node, relation, line, count: 1, is_proven: true });
    }

    fn mention(&mut self, mention: &Mention) {
        let user = self.around(mention.file, mention.site);
        let line = self.lines[mention.file as usize].of(mention.site.start);
        for target in &mention.targets {
            let node = if target.symbol.is_some() { self.target(target) } else { target.file };
            let count = mention.targets.len() as u32;
            let link = Link { node, relation: Relation::Mention, line, count, is_proven: count == 1 };
            self.link(user, link);
        }
    }

    /// Where routes are registered, and what answers them.
    fn routes(&mut self, routes: &[Route]) {
        let mut nodes: BTreeMap<&str, NodeId> = routes.iter().map(|route| (&*route.name, NONE)).collect();
        for (name, node) in &mut nodes {
            *node = self.node(NodeKind::Route, name);
        }
        for route in routes {
            let node = nodes[&*route.name];
            if !route.is_decorator {
                let line = self.lines[route.file as usize].of(route.site.start);
                let link = Link { node, relation: Relation::Route, line, count: 1, is_proven: true };
                self.link(self.around(route.file, route.site), link);
            }
            let (relation, is_proven) = (Relation::Route, route.is_proven);
            let count = if is_proven { 1 } else { route.handlers.len() as u32 };
            for handler in &route.handlers {
                self.link(node, Link { node: self.target(handler), relation, line: 0, count, is_proven });
            }
        }
    }

    /// Who reads and sets variables of the environment.
    fn keys(&mut self, keys: &[Key]) {
        let files = self.files;
        let name = |key: &Key| key.site.text(files[key.file as usize].text);
        let mut nodes: BTreeMap<&str, NodeId> = keys.iter().map(|key| (name(key), NONE)).collect();
        for (name, node) in &mut nodes {
            *node = self.node(NodeKind::Key, name);
        }
        for key in keys {
            let line = self.lines[key.file as usize].of(key.site.start);
            let relation = if key.is_set { Relation::Set } else { Relation::Read };
            let link = Link { node: nodes[name(key)], relation, line, count: 1, is_proven: true };
            self.link(self.around(key.file, key.site), link);
        }
    }

    fn similar(&mut self) {
        for alike in similar(self.files) {
            let [a, b] = [alike.a, alike.b].map(|(file, symbol)| self.node_of(file, Some(symbol)));
            let (count, is_proven) = (alike.shared, alike.is_equal);
            let link = |node| Link { node, relation: Relation::Similar, line: 0, count, is_proven };
            self.link(a, link(b));
            self.link(b, link(a));
        }
    }

    /// A method takes the place of the one of that name in the nearest base that has one; a call of the latter may reach the
    /// former, and everything that takes its place in turn.
    fn overrides(&mut self) {
        let is_method = |id: NodeId| self.kind(id).is_some_and(SymbolKind::is_callable);
        let mut bases: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        let inherits = |record: &LinkRecord| record.relation == Relation::Inherit as u8 && record.is_proven != 0;
        for (class, link) in self.uses.iter().filter(|(_, link)| inherits(link)) {
            bases.entry(*class).or_default().push(link.node);
        }
        let symbols = self.files.len() as NodeId..self.nodes.len() as NodeId;
        let mut methods: HashMap<(NodeId, &str), NodeId> = HashMap::new();
        for id in symbols.clone().filter(|&id| is_method(id)) {
            methods.insert((self.nodes[id as usize].parent, self.own_name(id)), id);
        }
        let overridden = |method: NodeId| {
            let mut found = Vec::new();
            let mut open: Vec<NodeId> = vec![self.nodes[method as usize].parent];
            let mut seen = open.clone();
            while let Some(class) = open.pop() {
                for &base in bases.get(&class).into_iter().flatten() {
                    if !seen.contains(&base) {
                        seen.push(base);
                        match methods.get(&(base, self.own_name(method))) {
                            Some(&own) => found.push(own),
                            None => open.push(base),
                        }
                    }
                }
            }
            found
        };
        let mut links: Vec<(NodeId, LinkRecord)> = Vec::new();
        let mut below: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for method in symbols.filter(|&id| is_method(id) && bases.contains_key(&self.nodes[id as usize].parent)) {
            for node in overridden(method) {
                let line = self.nodes[method as usize].lines[0];
                let link = Link { node, relation: Relation::Override, line, count: 1, is_proven: true };
                links.push((method, link.into()));
                below.entry(node).or_default().push(method);
            }
        }
        let all_below = |method: NodeId| {
            let mut found: Vec<NodeId> = below.get(&method).cloned().unwrap_or_default();
            let mut next = 0;
            while let Some(&here) = found.get(next) {
                let further = below.get(&here).into_iter().flatten().copied();
                let new: Vec<NodeId> = further.filter(|id| !found.contains(id)).collect();
                found.extend(new);
                next += 1;
            }
            found
        };
        let mut known: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for (user, link) in self.uses.iter().filter(|(_, link)| link.relation == Relation::Call as u8) {
            if !below.contains_key(&link.node) {
                continue;
            }
            let reached = known.entry(link.node).or_insert_with(|| all_below(link.node));
            let link = Link::from(*link);
            let count = link.count + reached.len() as u32;
            links.extend(reached.iter().map(|&node| (*user, Link { node, count, is_proven: false, ..link }.into())));
        }
        self.uses.extend(links);
    }

    fn finish(self) -> Graph {
        let count = self.nodes.len();
        let used_by = self.uses.iter().map(|&(user, link)| (link.node, LinkRecord { node: user, ..link })).collect();
        let (mut names, mut ends, mut sites) = (Vec::new(), Vec::new(), Vec::new());
        for (name, of_name) in self.unresolved {
            names.extend_from_slice(name.as_bytes());
            sites.extend(of_name);
            ends.push([names.len() as u32, sites.len() as u32]);
        }
        Graph {
            used_by: Links::new(count, used_by),
            uses: Links::new(count, self.uses),
            nodes: self.nodes.into(),
            names: self.names.into_bytes().into(),
            first_symbol: self.first_symbol.into(),
            unresolved: Unresolved { names: names.into(), ends: ends.into(), sites: sites.into() },
            evidence: EvidenceTable(self.evidence.into()),
        }
    }
}

impl Links {
    pub(super) fn new(nodes: usize, mut from: Vec<(NodeId, LinkRecord)>) -> Self {
        from.sort_unstable_by_key(|(node, link)| {
            (*node, link.is_proven == 0, link.relation, link.node, link.line, link.count)
        });
        from.dedup();
        let mut ends = vec![0; nodes];
        for (at, (node, _)) in from.iter().enumerate() {
            ends[*node as usize] = at as u32 + 1;
        }
        let mut last = 0;
        for end in &mut ends {
            last = last.max(*end);
            *end = last;
        }
        let links: Vec<LinkRecord> = from.into_iter().map(|(_, link)| link).collect();
        Links { ends: ends.into(), links: links.into() }
    }
}

/// What `path` lies in.
fn outer(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(outer, _)| outer)
}

/// Starts of lines, to turn offsets into line numbers.
pub(super) struct Lines(Vec<u32>);

impl Lines {
    fn new(text: &str) -> Self {
        let starts = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        Lines(std::iter::once(0).chain(starts).collect())
    }

    pub(super) fn of(&self, offset: u32) -> u32 {
        self.0.partition_point(|start| *start <= offset) as u32
    }
}
