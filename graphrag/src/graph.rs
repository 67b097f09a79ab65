//! The graph to ask: nodes, links in both directions, and the sites that nobody can resolve.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use rag_core::{FileRole, ReferenceKind, Span, SymbolKind};

use crate::edge::{Edge, Tier};
use crate::file::FileFacts;

/// Number of a node: files first, in their order, then all symbols, file after file.
pub type NodeId = u32;

/// A file or a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Index of the file.
    pub file: u32,
    /// Kind of the definition; none for a file.
    pub kind: Option<SymbolKind>,
    /// Qualified name (`Class.method`), or the path of the file.
    pub name: String,
    /// First and last line, 1-based.
    pub lines: (u32, u32),
    /// The definition around it.
    pub parent: Option<NodeId>,
    /// Index among the symbols of its file; none for a file.
    pub symbol: Option<u32>,
}

/// A use of one node by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other node: who uses, or what is used.
    pub node: NodeId,
    /// How.
    pub kind: ReferenceKind,
    /// Of how many definitions the used one is a candidate; 1 if it is proven.
    pub candidates: u32,
    /// Line of the use, in the file of the user.
    pub line: u32,
    /// Whether it is proven.
    pub is_proven: bool,
}

/// A use that means no definition we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The node around it.
    pub node: NodeId,
    /// How the name is used.
    pub kind: ReferenceKind,
    /// Its line.
    pub line: u32,
}

/// A step of a path: a node and the link that leads on from it.
pub type Step = (NodeId, Option<Link>);

/// What is reached from a node, with its distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The node.
    pub node: NodeId,
    /// Number of links on the way.
    pub distance: u32,
    /// The last link of the way.
    pub link: Link,
    /// Whether every link of the way is proven.
    pub is_proven: bool,
}

/// Which links to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow<'k> {
    /// Kinds; all if there are none.
    pub kinds: &'k [ReferenceKind],
    /// Only proven links.
    pub proven_only: bool,
    /// How far.
    pub depth: u32,
}

/// Uses and definitions of a repository.
pub struct Graph {
    nodes: Vec<Node>,
    paths: Vec<String>,
    /// per file: its first symbol; those of a file stand together
    first_symbol: Vec<NodeId>,
    /// node → links, in one array each
    uses: Links,
    used_by: Links,
    /// name → sites that could mean any definition of that name, or none
    unresolved: HashMap<String, Vec<Site>>,
}

#[derive(Default)]
struct Links {
    ends: Vec<u32>,
    links: Vec<Link>,
}

impl Links {
    fn new(nodes: usize, mut from: Vec<(NodeId, Link)>) -> Self {
        from.sort_by_key(|(node, link)| (*node, !link.is_proven, link.node, link.line));
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
        Links { ends, links: from.into_iter().map(|(_, link)| link).collect() }
    }

    fn of(&self, node: NodeId) -> &[Link] {
        let start = if node == 0 { 0 } else { self.ends[node as usize - 1] };
        &self.links[start as usize..self.ends[node as usize] as usize]
    }
}

/// Starts of lines, to turn offsets into line numbers.
struct Lines(Vec<u32>);

impl Lines {
    fn new(text: &str) -> Self {
        let starts = text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        Lines(std::iter::once(0).chain(starts).collect())
    }

    fn of(&self, offset: u32) -> u32 {
        self.0.partition_point(|start| *start <= offset) as u32
    }
}

/// A call of a method may reach any method that overrides it: possible links from the callers to the overriding ones.
fn dispatched(nodes: &[Node], uses: &[(NodeId, Link)]) -> Vec<(NodeId, Link)> {
    let own_name = |id: NodeId| nodes[id as usize].name.rsplit('.').next().unwrap_or_default();
    let is_method = |id: NodeId| nodes[id as usize].kind.is_some_and(SymbolKind::is_callable);
    let mut derived: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for (class, link) in uses.iter().filter(|(_, link)| link.kind == ReferenceKind::Inherit && link.is_proven) {
        derived.entry(link.node).or_default().push(*class);
    }
    let mut methods: HashMap<(NodeId, &str), NodeId> = HashMap::new();
    for id in (0..nodes.len() as NodeId).filter(|&id| is_method(id)) {
        if let Some(class) = nodes[id as usize].parent {
            methods.insert((class, own_name(id)), id);
        }
    }
    let overriding = |method: NodeId| {
        let mut found = Vec::new();
        let mut open: Vec<NodeId> = nodes[method as usize].parent.into_iter().collect();
        let mut seen = open.clone();
        while let Some(class) = open.pop() {
            for &below in derived.get(&class).into_iter().flatten() {
                if !seen.contains(&below) {
                    seen.push(below);
                    open.push(below);
                    found.extend(methods.get(&(below, own_name(method))));
                }
            }
        }
        found
    };
    let mut known: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    let mut more = Vec::new();
    for (user, link) in uses.iter().filter(|(_, link)| link.kind == ReferenceKind::Call && is_method(link.node)) {
        let below = known.entry(link.node).or_insert_with(|| overriding(link.node));
        let candidates = link.candidates + below.len() as u32;
        more.extend(below.iter().map(|&node| (*user, Link { node, candidates, is_proven: false, ..*link })));
    }
    more
}

impl Graph {
    /// The graph of `files` with the `edges` between them (see [`link`](crate::link)).
    pub fn new(files: &[FileFacts], edges: &[Edge]) -> Self {
        let lines: Vec<Lines> = files.iter().map(|file| Lines::new(file.text)).collect();
        let mut nodes: Vec<Node> = Vec::new();
        for (file, index) in files.iter().zip(0..) {
            let last = lines[index as usize].0.len() as u32;
            nodes.push(Node {
                file: index,
                kind: None,
                name: file.path.to_owned(),
                lines: (1, last),
                parent: None,
                symbol: None,
            });
        }
        let mut first_symbol = Vec::with_capacity(files.len());
        for (file, index) in files.iter().zip(0..) {
            first_symbol.push(nodes.len() as u32);
            let first = nodes.len();
            for (symbol, number) in file.symbols.iter().zip(0..) {
                let own = symbol.name.text(file.text);
                // Parents come first.
                let parent = symbol.parent.map(|parent| first as NodeId + parent);
                let name = match parent.and_then(|parent| nodes.get(parent as usize)) {
                    Some(parent) => format!("{}.{own}", parent.name),
                    None => own.to_owned(),
                };
                let lines = &lines[index as usize];
                let span =
                    (lines.of(symbol.span.start), lines.of(symbol.span.end.saturating_sub(1).max(symbol.span.start)));
                nodes.push(Node {
                    file: index,
                    kind: Some(symbol.kind),
                    name,
                    lines: span,
                    parent,
                    symbol: Some(number),
                });
            }
        }
        let node_of = |file: u32, symbol: Option<u32>| match symbol {
            Some(symbol) => first_symbol[file as usize] + symbol,
            None => file,
        };
        let innermost = |file: u32, at: Span| {
            let symbols = files[file as usize].symbols;
            let before = symbols.partition_point(|symbol| symbol.span.start <= at.start);
            (0..before).rev().find(|&index| symbols[index].span.end >= at.end).map(|index| index as u32)
        };
        let (mut uses, mut used_by) = (Vec::new(), Vec::new());
        let mut unresolved: HashMap<String, Vec<Site>> = HashMap::new();
        for edge in edges {
            let user = node_of(edge.file, edge.enclosing);
            let line = lines[edge.file as usize].of(edge.site.start);
            match edge.tier {
                Tier::External => {}
                Tier::Unresolved => {
                    let name = edge.site.text(files[edge.file as usize].text);
                    unresolved.entry(name.to_owned()).or_default().push(Site { node: user, kind: edge.kind, line });
                }
                Tier::Proven | Tier::Possible => {
                    for target in &edge.targets {
                        let symbol = target.symbol.or_else(|| innermost(target.file, target.name));
                        let used = node_of(target.file, symbol);
                        let is_proven = edge.tier == Tier::Proven;
                        let candidates = if is_proven { 1 } else { edge.targets.len() as u32 };
                        let link = |node| Link { node, kind: edge.kind, candidates, line, is_proven };
                        uses.push((user, link(used)));
                        used_by.push((used, link(user)));
                    }
                }
            }
        }
        for (user, link) in dispatched(&nodes, &uses) {
            uses.push((user, link));
            used_by.push((link.node, Link { node: user, ..link }));
        }
        let count = nodes.len();
        let paths = files.iter().map(|file| file.path.to_owned()).collect();
        Graph {
            uses: Links::new(count, uses),
            used_by: Links::new(count, used_by),
            nodes,
            paths,
            first_symbol,
            unresolved,
        }
    }

    /// The node with this number.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Number of nodes, and of links.
    pub fn size(&self) -> (usize, usize) {
        (self.nodes.len(), self.uses.links.len())
    }

    /// The path of the file that `id` lies in.
    pub fn path(&self, id: NodeId) -> &str {
        &self.paths[self.node(id).file as usize]
    }

    /// Nodes that `text` may mean: a path, `path:line` (the innermost symbol there), a qualified name or its end, or a
    /// name. Exact meanings come alone.
    pub fn find(&self, text: &str) -> Vec<NodeId> {
        if let Some(file) = self.file(text) {
            return vec![file];
        }
        if let Some((path, line)) = text.rsplit_once(':')
            && let (Some(file), Ok(line)) = (self.file(path), line.parse::<u32>())
        {
            let holds = (self.node(file).lines.0..=self.node(file).lines.1).contains(&line);
            return self.innermost(file, line).or(holds.then_some(file)).into_iter().collect();
        }
        let wanted = text.replace("::", ".").replace('#', ".");
        let is_end = |name: &str| name.strip_suffix(&wanted).is_some_and(|before| before.ends_with('.'));
        let is_code = |kind: SymbolKind| !matches!(kind, SymbolKind::Section | SymbolKind::Key);
        // Headings and keys that happen to be called so are meant only if nothing else is.
        for code in [true, false] {
            let symbols = || {
                (0..self.nodes.len() as NodeId)
                    .filter(|&id| self.node(id).kind.is_some_and(|kind| is_code(kind) == code))
            };
            let exact: Vec<NodeId> = symbols().filter(|&id| self.node(id).name == wanted).collect();
            let found =
                if exact.is_empty() { symbols().filter(|&id| is_end(&self.node(id).name)).collect() } else { exact };
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// What `id` uses.
    pub fn uses(&self, id: NodeId) -> &[Link] {
        self.uses.of(id)
    }

    /// Who uses `id`.
    pub fn used_by(&self, id: NodeId) -> &[Link] {
        self.used_by.of(id)
    }

    /// Uses of the name of `id` that may mean it, or anything else: as long as there are any, nobody can say that it
    /// is not used.
    pub fn unresolved(&self, id: NodeId) -> &[Site] {
        let name = &self.node(id).name;
        let name = name.rsplit('.').next().unwrap_or(name);
        self.unresolved.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything within reach of `start`, nearest first: along uses, or against them.
    pub fn reach(&self, start: &[NodeId], backwards: bool, follow: Follow) -> Vec<Reached> {
        let mut seen: HashSet<NodeId> = HashSet::new();
        let mut queue: VecDeque<(NodeId, u32, bool)> = start.iter().map(|&node| (node, 0, true)).collect();
        let mut found: Vec<Reached> = Vec::new();
        while let Some((node, distance, proven)) = queue.pop_front() {
            if distance == follow.depth {
                continue;
            }
            for &link in if backwards { self.used_by(node) } else { self.uses(node) } {
                let wanted = follow.kinds.is_empty() || follow.kinds.contains(&link.kind);
                if !wanted || (follow.proven_only && !link.is_proven) || start.contains(&link.node) {
                    continue;
                }
                if seen.insert(link.node) {
                    let is_proven = proven && link.is_proven;
                    found.push(Reached { node: link.node, distance: distance + 1, link, is_proven });
                    queue.push_back((link.node, distance + 1, is_proven));
                }
            }
        }
        found
    }

    /// A shortest way along uses from one of `from` to one of `to`; a proven one, if there is any.
    pub fn way(&self, from: &[NodeId], to: &[NodeId], follow: Follow) -> Option<Vec<Step>> {
        let proven = Follow { proven_only: true, ..follow };
        let walk = |follow: Follow| {
            let mut before: BTreeMap<NodeId, Option<(NodeId, Link)>> = from.iter().map(|&node| (node, None)).collect();
            let mut queue: VecDeque<(NodeId, u32)> = from.iter().map(|&node| (node, 0)).collect();
            while let Some((node, distance)) = queue.pop_front() {
                if to.contains(&node) {
                    let mut steps: Vec<Step> = vec![(node, None)];
                    let mut at = node;
                    while let Some(Some((previous, link))) = before.get(&at) {
                        steps.push((*previous, Some(*link)));
                        at = *previous;
                    }
                    steps.reverse();
                    return Some(steps);
                }
                if distance == follow.depth {
                    continue;
                }
                for &link in self.uses(node) {
                    let wanted = follow.kinds.is_empty() || follow.kinds.contains(&link.kind);
                    if wanted && (link.is_proven || !follow.proven_only) && !before.contains_key(&link.node) {
                        before.insert(link.node, Some((node, link)));
                        queue.push_back((link.node, distance + 1));
                    }
                }
            }
            None
        };
        walk(proven).or_else(|| if follow.proven_only { None } else { walk(follow) })
    }

    /// The definition that lines of a file stand for: the first that begins there, or else the innermost around them.
    pub fn definition_at(&self, path: &str, lines: (u32, u32)) -> Option<NodeId> {
        let file = self.file(path)?;
        let begins = self.symbols_of(file).find(|&id| (lines.0..=lines.1).contains(&self.node(id).lines.0));
        begins.or_else(|| self.innermost(file, lines.0))
    }

    /// Symbols of the file at `path` that lie in `lines` (all if none), and the file itself.
    pub fn symbols_in(&self, path: &str, lines: Option<(u32, u32)>) -> Vec<NodeId> {
        let Some(file) = self.file(path) else { return Vec::new() };
        let touched = |&id: &NodeId| match lines {
            Some((first, last)) => self.node(id).lines.0 <= last && first <= self.node(id).lines.1,
            None => true,
        };
        self.symbols_of(file).filter(touched).chain([file]).collect()
    }

    fn file(&self, path: &str) -> Option<NodeId> {
        self.paths.iter().position(|known| known == path).map(|file| file as NodeId)
    }

    fn symbols_of(&self, file: NodeId) -> std::ops::Range<NodeId> {
        let next = self.first_symbol.get(file as usize + 1).copied();
        self.first_symbol[file as usize]..next.unwrap_or(self.nodes.len() as NodeId)
    }

    /// The smallest symbol of a file around a line.
    fn innermost(&self, file: NodeId, line: u32) -> Option<NodeId> {
        let around =
            self.symbols_of(file).filter(|&id| (self.node(id).lines.0..=self.node(id).lines.1).contains(&line));
        around.min_by_key(|&id| self.node(id).lines.1 - self.node(id).lines.0)
    }

    /// Whether the node lies in a test.
    pub fn is_test(&self, id: NodeId) -> bool {
        FileRole::of(self.path(id)) == FileRole::Test
    }
}
