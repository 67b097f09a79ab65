//! What is reached from a node, and by which way.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::{Graph, Link, NodeId, NodeKind, Relation};

/// A step of a path: a node and the link that leads on from it.
pub type Step = (NodeId, Option<Link>);

/// What is reached from a node, with its distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The node.
    pub node: NodeId,
    /// Number of links on the way.
    pub distance: u32,
    /// The node before it on the way.
    pub from: NodeId,
    /// The last link of the way.
    pub link: Link,
    /// Whether every link of the way is proven.
    pub is_proven: bool,
}

/// Which links to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow<'k> {
    /// Relations; all if there are none.
    pub relations: &'k [Relation],
    /// Only proven links.
    pub proven_only: bool,
    /// How far.
    pub depth: u32,
}

impl Follow<'_> {
    /// Whether it follows `link`.
    pub fn admits(&self, link: &Link) -> bool {
        (self.relations.is_empty() || self.relations.contains(&link.relation)) && (link.is_proven || !self.proven_only)
    }
}

impl Graph {
    /// Everything within reach of `start`, nearest first: along uses, or against them.
    pub fn reach(&self, start: &[NodeId], backwards: bool, follow: Follow) -> Vec<Reached> {
        let mut seen: HashSet<NodeId> = start.iter().copied().collect();
        let mut queue: VecDeque<(NodeId, u32, bool)> = start.iter().map(|&node| (node, 0, true)).collect();
        let mut found: Vec<Reached> = Vec::new();
        while let Some((node, distance, proven)) = queue.pop_front() {
            if distance == follow.depth {
                continue;
            }
            let links = if backwards { &self.used_by } else { &self.uses };
            for link in links.of(node).filter(|link| follow.admits(link)) {
                if seen.insert(link.node) {
                    let is_proven = proven && link.is_proven;
                    found.push(Reached { node: link.node, distance: distance + 1, from: node, link, is_proven });
                    queue.push_back((link.node, distance + 1, is_proven));
                }
            }
        }
        found
    }

    /// A shortest way along uses from one of `from` to one of `to`; a proven one, if there is any. That two are alike leads nowhere,
    /// unless it is asked for. If one of them is a concept, the
    /// way may lead through sections and concepts in both directions: what one section speaks of hangs together.
    pub fn way(&self, from: &[NodeId], to: &[NodeId], follow: Follow) -> Option<Vec<Step>> {
        let relations = if follow.relations.is_empty() { &Relation::USES } else { follow.relations };
        let follow = Follow { relations, ..follow };
        let proven = self.shortest(from, to, Follow { proven_only: true, ..follow });
        proven.or_else(|| if follow.proven_only { None } else { self.shortest(from, to, follow) })
    }

    fn shortest(&self, from: &[NodeId], to: &[NodeId], follow: Follow) -> Option<Vec<Step>> {
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
            let is_spoken_of = |node: NodeId| self.node(node).kind == NodeKind::Concept;
            let back = is_spoken_of(node) && from.iter().chain(to).any(|&end| is_spoken_of(end));
            let users = back.then(|| self.used_by(node)).into_iter().flatten();
            for link in self.uses(node).chain(users).filter(|link| follow.admits(link)) {
                if let std::collections::btree_map::Entry::Vacant(new) = before.entry(link.node) {
                    new.insert(Some((node, link)));
                    queue.push_back((link.node, distance + 1));
                }
            }
        }
        None
    }
}
