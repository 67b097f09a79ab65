//! Parts of a repository that hang together: how is this system organised?

use std::collections::{BTreeMap, HashMap};

use super::{Graph, Link, NodeId, Relation};
use crate::network::communities::{Options, communities};
use crate::network::weighted::Weighted;

/// Communities that are shown of a level have so many files at least.
const SMALLEST: usize = 2;
/// Symbols that stand for a community.
const KEY_SYMBOLS: usize = 8;
/// What a possible use weighs of a proven one.
pub const POSSIBLE: f32 = 0.3;
/// Candidates of a use that still says something.
const MOST_CANDIDATES: u32 = 3;
/// What lying in one folder weighs: enough to hold together what nothing else does.
const SAME_FOLDER: f32 = 0.3;

/// Uses of one file by another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Proven ones.
    pub proven: u32,
    /// Ones that may mean it.
    pub possible: u32,
}

/// Files that hang together.
#[derive(Clone, Debug, PartialEq)]
pub struct Community {
    /// Where its heart lies, and what it is about.
    pub title: String,
    /// Its files, the most used first.
    pub files: Vec<NodeId>,
    /// Its definitions that others use most.
    pub key_symbols: Vec<NodeId>,
    /// Communities (indices of the same list) that it uses, with how many uses.
    pub uses: Vec<(usize, u32)>,
    /// The community of the next coarser level that it is part of.
    pub part_of: Option<usize>,
}

/// Communities at several levels, fine ones first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Communities {
    /// Per level: its communities, the largest first.
    pub levels: Vec<Vec<Community>>,
}

impl Communities {
    /// The level to begin with: the coarsest.
    pub fn coarsest(&self) -> &[Community] {
        self.levels.last().map(Vec::as_slice).unwrap_or_default()
    }
}

impl Graph {
    /// Finds the communities of files by Leiden's algorithm over the uses between them. It starts from the folders, so that
    /// small edits of a repository change little.
    pub fn communities(&self) -> Communities {
        let uses = self.uses_between_files();
        let files = self.files().end as usize;
        let folders = self.folders_of_files();
        let mut first: HashMap<u32, NodeId> = HashMap::new();
        let together: Vec<(NodeId, NodeId, f32)> = (0..)
            .zip(&folders)
            .map(|(file, folder)| (*first.entry(*folder).or_insert(file), file, SAME_FOLDER))
            .filter(|(first, file, _)| first < file)
            .collect();
        let weight = |(&(from, to), uses): (&(NodeId, NodeId), &Uses)| {
            let sum = uses.proven as f32 + POSSIBLE * uses.possible as f32;
            (from, to, (1.0 + sum).ln())
        };
        let graph = Weighted::new(files, uses.iter().map(weight).chain(together)).undirected();
        let found = communities(&graph, Options { resolution: 1.0, start: Some(&folders) });
        let mut levels: Vec<Vec<Community>> = Vec::new();
        let mut numbers: Vec<Vec<Option<usize>>> = Vec::new();
        for level in &found.levels {
            let (communities, of_file) = self.level(level, &uses);
            levels.push(communities);
            numbers.push(of_file);
        }
        for (finer, above) in levels.iter_mut().zip(numbers.iter().skip(1)) {
            for community in finer {
                community.part_of = above[community.files[0] as usize];
            }
        }
        // A level that says the same as the next one is none.
        for level in (1..levels.len()).rev() {
            if levels[level].len() == levels[level - 1].len() {
                levels.remove(level - 1);
            }
        }
        Communities { levels }
    }

    /// The communities of one level, and that of each file.
    fn level(&self, labels: &[u32], uses: &BTreeMap<(NodeId, NodeId), Uses>) -> (Vec<Community>, Vec<Option<usize>>) {
        let mut members: BTreeMap<u32, Vec<NodeId>> = BTreeMap::new();
        for (file, &label) in labels.iter().enumerate() {
            members.entry(label).or_default().push(file as NodeId);
        }
        let mut of_file: Vec<Option<usize>> = vec![None; labels.len()];
        let kept: Vec<Vec<NodeId>> = members.into_values().filter(|files| files.len() >= SMALLEST).collect();
        for (number, files) in kept.iter().enumerate() {
            files.iter().for_each(|&file| of_file[file as usize] = Some(number));
        }
        let mut between: Vec<BTreeMap<usize, u32>> = vec![BTreeMap::new(); kept.len()];
        for (&(from, to), between_two) in uses {
            if let (Some(from), Some(to)) = (of_file[from as usize], of_file[to as usize])
                && from != to
            {
                *between[from].entry(to).or_default() += between_two.proven + between_two.possible;
            }
        }
        let communities = kept.into_iter().zip(between).map(|(mut files, uses)| {
            let used = |file: &NodeId| std::cmp::Reverse(self.times_used(*file));
            files.sort_by_key(used);
            let key_symbols = self.key_symbols(&files);
            let mut uses: Vec<(usize, u32)> = uses.into_iter().collect();
            uses.sort_by_key(|(to, count)| (std::cmp::Reverse(*count), *to));
            Community { title: self.title(&files, &key_symbols), files, key_symbols, uses, part_of: None }
        });
        (communities.collect(), of_file)
    }

    /// Uses from one file to another. What may mean one of many definitions does not count, nor what was only changed together,
    /// is said to hang together, or is alike.
    pub fn uses_between_files(&self) -> BTreeMap<(NodeId, NodeId), Uses> {
        let mut uses: BTreeMap<(NodeId, NodeId), Uses> = BTreeMap::new();
        for id in self.ids() {
            let Some(from) = self.node(id).file else { continue };
            let is_use = |link: &Link| {
                link.relation.is_inside() && !matches!(link.relation, Relation::CoChange | Relation::Relate)
            };
            for link in self.uses(id).filter(is_use) {
                let Some(to) = self.node(link.node).file.filter(|to| *to != from) else { continue };
                if link.is_proven || link.count <= MOST_CANDIDATES {
                    let uses = uses.entry((from, to)).or_default();
                    *if link.is_proven { &mut uses.proven } else { &mut uses.possible } += 1;
                }
            }
        }
        uses
    }

    /// A label per file: that of its folder.
    fn folders_of_files(&self) -> Vec<u32> {
        let mut labels: HashMap<Option<NodeId>, u32> = HashMap::new();
        self.files()
            .map(|file| {
                let next = labels.len() as u32;
                *labels.entry(self.node(file).parent).or_insert(next)
            })
            .collect()
    }

    /// From how many other files a file, or what it defines, is used.
    pub fn times_used(&self, file: NodeId) -> usize {
        let own = self.symbols_of(file).chain([file]);
        let mut users: Vec<NodeId> = own
            .flat_map(|id| self.used_by(id))
            .filter(|link| link.is_proven && link.relation.is_inside() && link.relation != Relation::CoChange)
            .filter_map(|link| self.node(link.node).file.filter(|user| *user != file))
            .collect();
        users.sort_unstable();
        users.dedup();
        users.len()
    }

    /// The definitions of some files that most other definitions use.
    fn key_symbols(&self, files: &[NodeId]) -> Vec<NodeId> {
        let mut symbols: Vec<(usize, NodeId)> = Vec::new();
        for &file in files {
            for id in self.symbols_of(file) {
                let is_key = self.node(id).kind.symbol().is_some_and(|kind| kind.is_type() || kind.is_callable());
                let is_use = |link: &Link| link.is_proven && link.relation.is_inside();
                let users = self.used_by(id).filter(is_use).count();
                if is_key && users > 0 {
                    symbols.push((users, id));
                }
            }
        }
        symbols.sort_by_key(|&(users, id)| (std::cmp::Reverse(users), id));
        symbols.truncate(KEY_SYMBOLS);
        symbols.into_iter().map(|(_, id)| id).collect()
    }

    /// The folder of the file that is used most, and the names that stand for them.
    fn title(&self, files: &[NodeId], key_symbols: &[NodeId]) -> String {
        let folder = files.first().and_then(|&file| self.path(file).rsplit_once('/')).map(|(folder, _)| folder);
        let mut names: Vec<&str> = key_symbols.iter().map(|&id| self.node(id).own_name()).collect();
        if names.is_empty() {
            names = files.iter().map(|&file| self.node(file).own_name()).collect();
        }
        names.dedup();
        names.truncate(3);
        format!("{}: {}", folder.unwrap_or("."), names.join(", "))
    }
}
