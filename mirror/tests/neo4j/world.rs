//! Repositories to mirror: made up, but with everything that a graph can hold.

use std::collections::BTreeMap;

use graphrag::Graph;
use graphrag::graph::{EvidencePart, Link, NodeId, NodeKind, NodePart, Parts, Relation, Site};
use graphrag::knowledge::Origin;
use rag_core::SymbolKind;

/// Numbers that look random and are always the same.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}

/// A repository: per file its path and how often it was edited.
#[derive(Clone)]
pub struct World {
    pub files: BTreeMap<String, u64>,
    /// What stands before every name of a symbol.
    pub prefix: String,
    /// Links of a symbol are fewer.
    pub density: usize,
}

impl World {
    pub fn new(files: usize) -> Self {
        let path = |file: usize| match file % 4 {
            0 => format!("src/part{}/file{file}.py", file / 8),
            1 => format!("tests/test_{file}.py"),
            2 => format!("src/file{file}.py"),
            _ => format!("docs/page{file}.md"),
        };
        World { files: (0..files).map(|file| (path(file), 0)).collect(), prefix: String::new(), density: 4 }
    }

    pub fn path(&self, index: usize) -> String {
        self.files.keys().nth(index % self.files.len()).cloned().unwrap_or_default()
    }

    pub fn edit(&mut self, index: usize) {
        let path = self.path(index);
        *self.files.entry(path).or_default() += 1;
    }

    pub fn remove(&mut self, index: usize) {
        let path = self.path(index);
        self.files.remove(&path);
    }

    pub fn add(&mut self, path: &str) {
        self.files.insert(path.to_owned(), 0);
    }

    /// An edit, a removal or a new file.
    pub fn change(&mut self, random: &mut Random) {
        let index = random.below(self.files.len());
        match random.below(6) {
            0 if self.files.len() > 3 => self.remove(index),
            1 => self.add(&format!("src/new{}.py", random.below(1000))),
            _ => self.edit(index),
        }
    }

    pub fn graph(&self) -> Graph {
        Graph::from_parts(self.parts()).expect("the parts fit together")
    }

    pub fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        let mut random: Vec<Random> = Vec::new();
        for (id, (path, version)) in (0u32..).zip(&self.files) {
            let seed = path.bytes().fold(*version, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
            random.push(Random(seed));
            parts.nodes.push(node(NodeKind::File, path, (1, 100 + *version as u32), Some(id)));
        }
        let first = self.symbols(&mut parts, &mut random);
        let last_symbol = parts.nodes.len() as NodeId;
        self.folders(&mut parts);
        let packages = parts.nodes.len() as NodeId;
        ["numpy", "requests", "serde"]
            .iter()
            .for_each(|name| parts.nodes.push(node(NodeKind::Package, name, (0, 0), None)));
        let concepts = parts.nodes.len() as NodeId;
        let names = ["Basket", "Rate limiter", "Token bucket"];
        names.iter().for_each(|name| parts.nodes.push(node(NodeKind::Concept, name, (0, 0), None)));
        for (file, random) in random.iter_mut().enumerate() {
            self.links(&mut parts, random, file as NodeId, &first, last_symbol, packages, concepts);
        }
        parts
    }

    fn symbols(&self, parts: &mut Parts, random: &mut [Random]) -> Vec<NodeId> {
        let mut first = Vec::new();
        for (file, path) in self.files.keys().enumerate() {
            let start = parts.nodes.len() as NodeId;
            first.push(start);
            let random = &mut random[file];
            let count = 3 + random.below(5) as u32;
            let is_document = path.ends_with(".md");
            for number in 0..count {
                let kind = match (is_document, number) {
                    (true, _) => SymbolKind::Section,
                    (false, 0) => SymbolKind::Class,
                    (false, 1 | 2) => SymbolKind::Method,
                    _ => SymbolKind::Function,
                };
                let is_within = kind == SymbolKind::Method;
                let parent = if is_within { start } else { file as NodeId };
                let outer = if is_within { format!("{}.", parts.nodes[start as usize].name) } else { String::new() };
                // Some names are there twice, in other files and in one.
                let name = format!("{outer}{}name{}", self.prefix, (file as u32 % 7) * 3 + number.min(4));
                let line = 1 + number * 10 + random.below(9) as u32;
                parts.nodes.push(NodePart {
                    parent: Some(parent),
                    symbol: Some(number),
                    ..node(NodeKind::Symbol(kind), &name, (line, line + 5), Some(file as NodeId))
                });
            }
        }
        first
    }

    fn folders(&self, parts: &mut Parts) {
        let mut folders: BTreeMap<String, NodeId> = BTreeMap::from([(String::new(), 0)]);
        for path in self.files.keys() {
            folders.extend(path.match_indices('/').map(|(at, _)| (path[..at].to_owned(), 0)));
        }
        let outer = |path: &str| path.rsplit_once('/').map_or(String::new(), |(outer, _)| outer.to_owned());
        let paths: Vec<String> = folders.keys().cloned().collect();
        for path in paths {
            let id = parts.nodes.len() as NodeId;
            let parent = (!path.is_empty()).then(|| folders[&outer(&path)]);
            parts.nodes.push(NodePart { parent, ..node(NodeKind::Folder, &path, (0, 0), None) });
            folders.insert(path, id);
        }
        for (file, path) in self.files.keys().enumerate() {
            parts.nodes[file].parent = Some(folders[&outer(path)]);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the numbers of everything that links may lead to")]
    fn links(
        &self,
        parts: &mut Parts,
        random: &mut Random,
        file: NodeId,
        first: &[NodeId],
        last: NodeId,
        packages: NodeId,
        concepts: NodeId,
    ) {
        let of = |file: usize| first[file]..first.get(file + 1).copied().unwrap_or(last);
        let own = of(file as usize);
        let is_document = parts.nodes[file as usize].name.ends_with(".md");
        for user in own.clone() {
            for _ in 0..random.below(self.density) {
                let other = random.below(first.len());
                let used = of(other);
                let node = used.start + random.below(used.len()) as NodeId;
                let kinds = [Relation::Call, Relation::Call, Relation::Type, Relation::Inherit, Relation::Override];
                let relation = if is_document { Relation::Mention } else { kinds[random.below(kinds.len())] };
                let is_proven = random.below(3) > 0;
                let count = if is_proven { 1 } else { 2 + random.below(3) as u32 };
                let line = 1 + random.below(90) as u32;
                parts.uses.push((user, Link { node, relation, line, count, is_proven }));
            }
            for _ in 0..random.below(2) {
                let name = format!("{}name{}", self.prefix, random.below(25));
                let site = Site { node: user, line: random.below(90) as u32, relation: Relation::Call, candidates: 0 };
                parts.unresolved.push((name, site));
            }
        }
        let link = |node, relation, line| Link { node, relation, line, count: 1, is_proven: true };
        parts.uses.push((file, link(packages + random.below(3) as NodeId, Relation::Depend, 1)));
        parts.uses.push((file, link(random.below(first.len()) as NodeId, Relation::Import, 2)));
        let other = random.below(first.len()) as NodeId;
        if other != file {
            for (a, b) in [(file, other), (other, file)] {
                parts.uses.push((a, Link { count: 3, ..link(b, Relation::CoChange, 0) }));
            }
        }
        if is_document {
            let node = concepts + random.below(3) as NodeId;
            let user = own.start;
            parts.uses.push((user, link(node, Relation::Mention, 4)));
            for origin in [Origin::Heading, Origin::Text] {
                let words = String::new();
                parts.evidence.push(EvidencePart { user, node, origin, file, line: 4, span: 3..9, words });
            }
            let to = concepts + random.below(3) as NodeId;
            if to != node {
                parts.uses.push((node, Link { is_proven: false, ..link(to, Relation::Relate, 5) }));
                let words = "limits \u{1f680}".to_owned();
                let said =
                    EvidencePart { user: node, node: to, origin: Origin::Model, file, line: 5, span: 7..8, words };
                parts.evidence.push(said);
            }
        }
    }
}

fn node(kind: NodeKind, name: &str, lines: (u32, u32), file: Option<NodeId>) -> NodePart {
    NodePart { kind, name: name.to_owned(), lines, parent: None, file, symbol: None }
}
