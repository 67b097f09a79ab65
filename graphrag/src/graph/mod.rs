//! The graph to ask: nodes, links in both directions, and the sites that nobody can resolve.
//!
//! Nodes are files (in the order of their paths), then the symbols of each file, then folders, packages from outside, and concepts. That
//! something lies in something is said by its parent; everything else is a [`Link`].

mod array;
mod build;
mod communities;
mod evidence;
mod find;
mod impact;
mod parts;
mod rank;
mod stored;
mod walk;

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use rag_core::{FileRole, ReferenceKind, SymbolKind};

use array::Array;
pub use build::CoChange;
pub use communities::{Communities, Community, POSSIBLE, Uses};
pub use evidence::Evidence;
use evidence::EvidenceTable;
pub(crate) use find::is_code;
pub use impact::Impact;
pub use parts::{EvidencePart, NodePart, Parts};
pub use walk::{Follow, Reached, Step};

/// Number of a node.
pub type NodeId = u32;

/// Stands for "no node" and "no symbol" in records.
const NONE: u32 = u32::MAX;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// A file.
    File,
    /// A definition in a file.
    Symbol(SymbolKind),
    /// A folder; the one without a name is the repository.
    Folder,
    /// A package or library from outside.
    Package,
    /// Something that documents speak of.
    Concept,
    /// A path that a program answers, with its method: `GET /users/{id}`.
    Route,
    /// A variable of the environment.
    Key,
}

impl NodeKind {
    /// The lower-case word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            NodeKind::File => "file",
            NodeKind::Symbol(kind) => kind.as_str(),
            NodeKind::Folder => "folder",
            NodeKind::Package => "package",
            NodeKind::Concept => "concept",
            NodeKind::Route => "route",
            // `key` is a symbol: one of a configuration file.
            NodeKind::Key => "environment",
        }
    }

    /// The symbol's kind, if it is one.
    pub fn symbol(self) -> Option<SymbolKind> {
        match self {
            NodeKind::Symbol(kind) => Some(kind),
            _ => None,
        }
    }

    fn number(self) -> u8 {
        match self {
            NodeKind::Symbol(kind) => kind as u8,
            NodeKind::File => 64,
            NodeKind::Folder => 65,
            NodeKind::Package => 66,
            NodeKind::Concept => 67,
            NodeKind::Route => 68,
            NodeKind::Key => 69,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        match number {
            64 => Some(NodeKind::File),
            65 => Some(NodeKind::Folder),
            66 => Some(NodeKind::Package),
            67 => Some(NodeKind::Concept),
            68 => Some(NodeKind::Route),
            69 => Some(NodeKind::Key),
            symbol => SymbolKind::from_u8(symbol).map(NodeKind::Symbol),
        }
    }
}

/// How one node hangs together with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Relation {
    /// Calls, instantiates, or invokes as a macro.
    Call = 0,
    /// Imports.
    Import = 1,
    /// Extends, implements, derives from.
    Inherit = 2,
    /// Uses as a type.
    Type = 3,
    /// A method takes the place of one of a base.
    Override = 4,
    /// A document names a definition, a file or a concept.
    Mention = 5,
    /// A file needs a package from outside.
    Depend = 6,
    /// Two files were changed by the same commits.
    CoChange = 7,
    /// A document says something of two concepts; proven if the form of the text says it, and not a language model.
    Relate = 8,
    /// Two definitions consist of the same, or almost the same; proven if of exactly the same. Not a use: the walks that ask who
    /// uses what leave it out.
    Similar = 9,
    /// A place registers a route, or a route is answered by a definition.
    Route = 10,
    /// Reads a variable of the environment.
    Read = 11,
    /// Sets one.
    Set = 12,
}

impl Relation {
    /// Every relation, in the order of its stored number.
    pub const ALL: [Relation; 13] = [
        Relation::Call,
        Relation::Import,
        Relation::Inherit,
        Relation::Type,
        Relation::Override,
        Relation::Mention,
        Relation::Depend,
        Relation::CoChange,
        Relation::Relate,
        Relation::Similar,
        Relation::Route,
        Relation::Read,
        Relation::Set,
    ];

    /// Every relation by which one node needs or names the other: all but likeness.
    pub const USES: [Relation; 12] = [
        Relation::Call,
        Relation::Import,
        Relation::Inherit,
        Relation::Type,
        Relation::Override,
        Relation::Mention,
        Relation::Depend,
        Relation::CoChange,
        Relation::Relate,
        Relation::Route,
        Relation::Read,
        Relation::Set,
    ];

    /// Whether it says how parts of a program hang together. Likeness does not, and neither does what the outside sees.
    pub(crate) fn is_inside(self) -> bool {
        !matches!(self, Relation::Similar | Relation::Route | Relation::Read | Relation::Set)
    }

    /// The lower-case word used in output and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Relation::Call => "call",
            Relation::Import => "import",
            Relation::Inherit => "inherit",
            Relation::Type => "type",
            Relation::Override => "override",
            Relation::Mention => "mention",
            Relation::Depend => "depend",
            Relation::CoChange => "co-change",
            Relation::Relate => "relate",
            Relation::Similar => "similar",
            Relation::Route => "route",
            Relation::Read => "read",
            Relation::Set => "set",
        }
    }

    /// The relation named by `word` (see [`as_str`](Self::as_str)).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.as_str() == word)
    }
}

impl From<ReferenceKind> for Relation {
    fn from(kind: ReferenceKind) -> Self {
        match kind {
            ReferenceKind::Call => Relation::Call,
            ReferenceKind::Import => Relation::Import,
            ReferenceKind::Inherit => Relation::Inherit,
            ReferenceKind::Type => Relation::Type,
        }
    }
}

/// A node, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'g> {
    /// What it is.
    pub kind: NodeKind,
    /// Qualified name (`Class.method`) of a symbol; path of a file or folder; name of a package.
    pub name: &'g str,
    /// First and last line, 1-based; zeros for what has no lines.
    pub lines: (u32, u32),
    /// What it lies in: definition, file or folder.
    pub parent: Option<NodeId>,
    /// The file it is, or lies in.
    pub file: Option<NodeId>,
    /// Index among the symbols of its file, if it is one.
    pub symbol: Option<u32>,
}

impl<'g> Node<'g> {
    /// The last part of a qualified name.
    pub fn own_name(&self) -> &'g str {
        match self.kind {
            NodeKind::Symbol(_) => self.name.rsplit('.').next().unwrap_or(self.name),
            NodeKind::Concept | NodeKind::Route => self.name,
            _ => self.name.rsplit('/').next().unwrap_or(self.name),
        }
    }
}

#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct NodeRecord {
    name_at: u32,
    name_len: u32,
    parent: u32,
    file: u32,
    symbol: u32,
    lines: [u32; 2],
    kind: u32,
}

/// One end of a link, seen from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other node: who uses, or what is used.
    pub node: NodeId,
    /// How.
    pub relation: Relation,
    /// Line of the use, in the file of the user; 0 if it has none.
    pub line: u32,
    /// Of how many definitions the used one is a candidate; 1 if it is proven. Of co-changed files: by how many commits.
    /// Of similar definitions: how much of both they share, in thousandths (Jaccard's index of their shingles). 65,535 may be more.
    pub count: u32,
    /// Whether it is proven.
    pub is_proven: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct LinkRecord {
    node: u32,
    line: u32,
    count: u16,
    relation: u8,
    is_proven: u8,
}

impl From<Link> for LinkRecord {
    fn from(link: Link) -> Self {
        LinkRecord {
            node: link.node,
            line: link.line,
            count: link.count.min(u16::MAX.into()) as u16,
            relation: link.relation as u8,
            is_proven: link.is_proven.into(),
        }
    }
}

impl From<LinkRecord> for Link {
    fn from(record: LinkRecord) -> Self {
        Link {
            node: record.node,
            relation: Relation::ALL[usize::from(record.relation) % Relation::ALL.len()],
            line: record.line,
            count: record.count.into(),
            is_proven: record.is_proven != 0,
        }
    }
}

/// A use that means no definition we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The node around it.
    pub node: NodeId,
    /// Its line.
    pub line: u32,
    /// How the name is used.
    pub relation: Relation,
    /// How many definitions it may mean, if these are too many to link it with them; else 0.
    pub candidates: u32,
}

/// What a repository consists of, and how it hangs together.
pub struct Graph {
    nodes: Array<NodeRecord>,
    names: Array<u8>,
    /// per file: its first symbol; those of a file stand together
    first_symbol: Array<u32>,
    uses: Links,
    used_by: Links,
    unresolved: Unresolved,
    evidence: EvidenceTable,
}

/// Node → links, in one array.
struct Links {
    ends: Array<u32>,
    links: Array<LinkRecord>,
}

impl Links {
    fn range(&self, node: NodeId) -> Range<usize> {
        let start = if node == 0 { 0 } else { self.ends[node as usize - 1] };
        start as usize..self.ends[node as usize] as usize
    }

    fn of(&self, node: NodeId) -> impl ExactSizeIterator<Item = Link> + Clone {
        self.links[self.range(node)].iter().map(|record| Link::from(*record))
    }
}

/// Name → sites that could mean any definition of that name, or none. Names are sorted.
struct Unresolved {
    names: Array<u8>,
    /// per name: its end in `names`, and the end of its sites
    ends: Array<[u32; 2]>,
    sites: Array<LinkRecord>,
}

impl Unresolved {
    fn of(&self, name: &str) -> &[LinkRecord] {
        let start = |index: usize| if index == 0 { [0, 0] } else { self.ends[index - 1] };
        let name_at = |index: usize| &self.names[start(index)[0] as usize..self.ends[index][0] as usize];
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match name_at(middle).cmp(name.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    return &self.sites[start(middle)[1] as usize..self.ends[middle][1] as usize];
                }
            }
        }
        &[]
    }
}

impl Graph {
    /// The node with this number.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        let record = &self.nodes[id as usize];
        let some = |number: u32| Some(number).filter(|number| *number != NONE);
        Node {
            kind: NodeKind::from_number(record.kind as u8).unwrap_or(NodeKind::File),
            name: self.name(record),
            lines: (record.lines[0], record.lines[1]),
            parent: some(record.parent),
            file: some(record.file),
            symbol: some(record.symbol),
        }
    }

    fn name(&self, record: &NodeRecord) -> &str {
        let bytes = &self.names[record.name_at as usize..][..record.name_len as usize];
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Number of nodes, and of links.
    pub fn size(&self) -> (usize, usize) {
        (self.nodes.len(), self.uses.links.len())
    }

    /// Numbers of all nodes.
    pub fn ids(&self) -> Range<NodeId> {
        0..self.nodes.len() as NodeId
    }

    /// The files.
    pub fn files(&self) -> Range<NodeId> {
        0..self.first_symbol.len() as NodeId
    }

    /// The path of the file that `id` is or lies in; of what has none, its name.
    pub fn path(&self, id: NodeId) -> &str {
        let record = &self.nodes[id as usize];
        self.name(self.nodes.get(record.file as usize).unwrap_or(record))
    }

    /// What `id` uses: proven links first.
    pub fn uses(&self, id: NodeId) -> impl ExactSizeIterator<Item = Link> + Clone {
        self.uses.of(id)
    }

    /// Who uses `id`: proven links first.
    pub fn used_by(&self, id: NodeId) -> impl ExactSizeIterator<Item = Link> + Clone {
        self.used_by.of(id)
    }

    /// Uses of the name of `id` that may mean it, or anything else: as long as there are any, nobody can say that it
    /// is not used.
    pub fn unresolved(&self, id: NodeId) -> Vec<Site> {
        let sites = self.unresolved.of(self.node(id).own_name()).iter();
        sites.map(|&record| Site::from(Link::from(record))).collect()
    }

    /// The symbols of a file, parents before children.
    pub fn symbols_of(&self, file: NodeId) -> Range<NodeId> {
        let next = self.first_symbol.get(file as usize + 1).copied();
        match self.first_symbol.get(file as usize) {
            Some(&first) => first..next.unwrap_or_else(|| self.last_symbol()),
            None => 0..0,
        }
    }

    /// One past the symbols: the first folder (there is always one).
    fn last_symbol(&self) -> NodeId {
        let is_behind = |record: &NodeRecord| matches!(record.kind as u8, 65..=69);
        let files = self.first_symbol.len();
        (files + self.nodes[files..].partition_point(|record| !is_behind(record))) as NodeId
    }

    /// What lies directly in `id`.
    pub fn children(&self, id: NodeId) -> Vec<NodeId> {
        let within = match self.node(id).kind {
            NodeKind::File => self.symbols_of(id),
            // Symbols of a file stand together, children behind their parents.
            NodeKind::Symbol(_) => id + 1..self.node(id).file.map_or(0, |file| self.symbols_of(file).end),
            _ => self.ids(),
        };
        within.filter(|&child| self.nodes[child as usize].parent == id).collect()
    }

    /// Whether the node lies in a test.
    pub fn is_test(&self, id: NodeId) -> bool {
        FileRole::of(self.path(id)) == FileRole::Test
    }
}
