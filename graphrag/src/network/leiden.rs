//! The Leiden algorithm (Traag, Waltman & van Eck 2019, "From Louvain to Leiden: guaranteeing well-connected
//! communities"): move nodes, refine, aggregate, and again.
//!
//! The paper refines at random. We take the best merge instead, in a fixed order, because an index built twice must be
//! the same twice. That gives up the proof that every partition could be found, and keeps the one that matters:
//! communities are connected, as they are only ever made by merging neighbours.

use std::collections::VecDeque;

use crate::network::weighted::Undirected;

/// A gain counts if it is above this share of the strength of the node: rounding is below, and so nothing goes on
/// forever.
const LEAST_GAIN: f64 = 1e-9;
/// Most levels, in case hardly anything merges at each; six are common for a million arcs.
const MOST_LEVELS: usize = 32;

/// Communities from fine to coarse, each of the former within one of the latter, as labels per node from 0 on without
/// gaps. `start` holds the communities to begin with, in labels below the number of nodes; the last level is never
/// worse than these. `resolution` is not negative.
pub(crate) fn leiden(bottom: &Level, resolution: f64, start: Vec<u32>) -> Vec<Vec<u32>> {
    let mut aggregate: Option<Level> = None;
    let sum: f64 = bottom.strengths.iter().sum();
    // Without arcs, nothing pulls and nothing pushes.
    let push = if sum > 0.0 { resolution / sum } else { 0.0 };
    let mut partition = Partition::new(bottom, start);
    let mut sums = Sums::new(bottom.nodes());
    let mut levels: Vec<Vec<u32>> = Vec::new();
    loop {
        let level = aggregate.as_ref().unwrap_or(bottom);
        move_nodes(level, &mut partition, push, &mut sums);
        let (mut parts, mut count) = refine(level, &partition, push, &mut sums);
        let is_last = count == level.nodes() || levels.len() + 1 == MOST_LEVELS;
        if is_last {
            // Nothing merges one by one. What was moved together may stay, as far as it hangs together.
            (parts, count) = components(level, &partition.of);
        }
        if count < level.nodes() || levels.is_empty() {
            let next = match levels.last() {
                Some(finer) => finer.iter().map(|&part| parts[part as usize]).collect(),
                None => parts.clone(),
            };
            levels.push(next);
        }
        if is_last {
            return levels;
        }
        let above = lifted(&partition.of, &parts, count);
        let next = level.aggregated(&parts, count, &mut sums);
        partition = Partition::new(&next, above);
        aggregate = Some(next);
    }
}

/// The graph at one level; its nodes are parts of the level below. Self-loops are left out: they only count in the
/// strengths, as no move changes what they add to modularity.
pub(crate) struct Level {
    ends: Vec<u32>,
    /// target and weight
    arcs: Vec<(u32, f64)>,
    /// per node: sum of the weights of its arcs, self-loops included
    strengths: Vec<f64>,
}

impl Level {
    pub(crate) fn new(graph: &Undirected) -> Self {
        let graph = graph.arcs();
        let nodes = graph.nodes() as u32;
        let mut level = Level { ends: Vec::new(), arcs: Vec::with_capacity(graph.arcs()), strengths: Vec::new() };
        for node in 0..nodes {
            let others = graph.of(node).filter(|arc| arc.0 != node);
            level.arcs.extend(others.map(|(target, weight)| (target, f64::from(weight))));
            level.ends.push(level.arcs.len() as u32);
            level.strengths.push(graph.total(node));
        }
        level
    }

    fn nodes(&self) -> usize {
        self.ends.len()
    }

    fn of(&self, node: u32) -> &[(u32, f64)] {
        let start = if node == 0 { 0 } else { self.ends[node as usize - 1] };
        &self.arcs[start as usize..self.ends[node as usize] as usize]
    }

    fn strength(&self, node: u32) -> f64 {
        self.strengths[node as usize]
    }

    /// The level above, whose nodes are `parts` of this one: `count` of them.
    fn aggregated(&self, parts: &[u32], count: usize, sums: &mut Sums) -> Level {
        let (starts, members) = members(parts, count);
        let mut above =
            Level { ends: Vec::with_capacity(count), arcs: Vec::new(), strengths: Vec::with_capacity(count) };
        for (part, range) in starts.windows(2).enumerate() {
            let members = &members[range[0] as usize..range[1] as usize];
            for &node in members {
                for &(target, weight) in self.of(node) {
                    let target = parts[target as usize];
                    if target != part as u32 {
                        sums.add(target, weight);
                    }
                }
            }
            above.arcs.extend(sums.drain());
            above.ends.push(above.arcs.len() as u32);
            above.strengths.push(members.iter().map(|&node| self.strength(node)).sum());
        }
        above
    }
}

/// Which community each node is in.
struct Partition {
    of: Vec<u32>,
    /// per community: sum of the strengths of its nodes
    strengths: Vec<f64>,
    /// per community: number of its nodes
    sizes: Vec<u32>,
}

impl Partition {
    /// There are as many communities as nodes, so that each node could have its own; many may be empty.
    fn new(level: &Level, of: Vec<u32>) -> Self {
        let mut strengths = vec![0.0; of.len()];
        let mut sizes = vec![0; of.len()];
        for (node, &community) in of.iter().enumerate() {
            strengths[community as usize] += level.strengths[node];
            sizes[community as usize] += 1;
        }
        Partition { of, strengths, sizes }
    }

    fn put(&mut self, node: u32, strength: f64, to: u32) {
        let from = std::mem::replace(&mut self.of[node as usize], to) as usize;
        self.sizes[from] -= 1;
        self.strengths[from] = if self.sizes[from] == 0 { 0.0 } else { self.strengths[from] - strength };
        self.sizes[to as usize] += 1;
        self.strengths[to as usize] += strength;
    }
}

/// Weights per community, summed up for one node at a time: an array to add in, and a list of what to clear in it.
struct Sums {
    sums: Vec<f64>,
    used: Vec<u32>,
}

impl Sums {
    fn new(size: usize) -> Self {
        Sums { sums: vec![0.0; size], used: Vec::new() }
    }

    /// Adds a positive weight.
    fn add(&mut self, to: u32, weight: f64) {
        let sum = &mut self.sums[to as usize];
        if *sum == 0.0 {
            self.used.push(to);
        }
        *sum += weight;
    }

    fn of(&self, community: u32) -> f64 {
        self.sums[community as usize]
    }

    /// All sums, in the order in which they were first added to; they are 0 thereafter.
    fn drain(&mut self) -> impl Iterator<Item = (u32, f64)> {
        self.used.drain(..).map(|at| (at, std::mem::take(&mut self.sums[at as usize])))
    }
}

/// The best of several communities: the highest score, the smallest number if equal.
struct Best {
    community: u32,
    score: f64,
}

impl Best {
    fn offer(&mut self, community: u32, score: f64) {
        if score > self.score || (score == self.score && community < self.community) {
            *self = Best { community, score };
        }
    }
}

/// Moves nodes to where they gain most, until none gains by moving. Nodes whose neighbours move get another turn.
fn move_nodes(level: &Level, partition: &mut Partition, push: f64, sums: &mut Sums) {
    let mut queue: VecDeque<u32> = (0..level.nodes() as u32).collect();
    let mut waits = vec![true; level.nodes()];
    let mut empty: Vec<u32> =
        (0..level.nodes() as u32).rev().filter(|&community| partition.sizes[community as usize] == 0).collect();
    while let Some(node) = queue.pop_front() {
        waits[node as usize] = false;
        let from = partition.of[node as usize];
        let Some(to) = better_place(level, partition, node, push, sums, empty.last().copied()) else { continue };
        if partition.sizes[to as usize] == 0 {
            empty.pop();
        }
        partition.put(node, level.strength(node), to);
        if partition.sizes[from as usize] == 0 {
            empty.push(from);
        }
        for &(neighbour, _) in level.of(node) {
            if partition.of[neighbour as usize] != to && !std::mem::replace(&mut waits[neighbour as usize], true) {
                queue.push_back(neighbour);
            }
        }
    }
}

/// The community that `node` should move to, if it gains by that. It may also leave for an empty one.
fn better_place(
    level: &Level,
    partition: &Partition,
    node: u32,
    push: f64,
    sums: &mut Sums,
    empty: Option<u32>,
) -> Option<u32> {
    let strength = level.strength(node);
    let from = partition.of[node as usize];
    for &(target, weight) in level.of(node) {
        sums.add(partition.of[target as usize], weight);
    }
    let others = partition.strengths[from as usize] - strength;
    let stay = sums.of(from) - push * strength * others;
    let mut best = Best { community: from, score: stay + LEAST_GAIN * strength };
    for (community, weight) in sums.drain() {
        if community != from {
            best.offer(community, weight - push * strength * partition.strengths[community as usize]);
        }
    }
    if let Some(empty) = empty {
        best.offer(empty, 0.0);
    }
    (best.community != from).then_some(best.community)
}

/// Splits communities into parts that are well connected within, by merging their nodes anew. Returns the part of each
/// node and the number of parts.
fn refine(level: &Level, partition: &Partition, push: f64, sums: &mut Sums) -> (Vec<u32>, usize) {
    let mut refinement = Refinement::new(level, partition, push);
    for node in 0..level.nodes() as u32 {
        if refinement.is_alone(node) && refinement.is_well_connected(node, node) {
            refinement.merge(node, sums);
        }
    }
    numbered(refinement.parts.of, level.nodes())
}

/// Parts of communities, in the making.
struct Refinement<'l> {
    level: &'l Level,
    /// the communities, that parts do not cross
    whole: &'l Partition,
    parts: Partition,
    /// per part: weight of its arcs to the rest of its community
    outward: Vec<f64>,
    push: f64,
}

impl<'l> Refinement<'l> {
    /// Every node is a part.
    fn new(level: &'l Level, whole: &'l Partition, push: f64) -> Self {
        let nodes = 0..level.nodes() as u32;
        let outward = nodes.clone().map(|node| {
            let own = whole.of[node as usize];
            let inner = level.of(node).iter().filter(|arc| whole.of[arc.0 as usize] == own);
            inner.map(|arc| arc.1).sum()
        });
        Refinement {
            level,
            whole,
            parts: Partition::new(level, nodes.clone().collect()),
            outward: outward.collect(),
            push,
        }
    }

    /// Whether `node` has not been merged with another yet.
    fn is_alone(&self, node: u32) -> bool {
        self.parts.of[node as usize] == node && self.parts.sizes[node as usize] == 1
    }

    /// Whether `part`, in the same community as `node`, has no fewer arcs to the rest of that than by chance.
    fn is_well_connected(&self, part: u32, node: u32) -> bool {
        let whole = self.whole.strengths[self.whole.of[node as usize] as usize];
        let strength = self.parts.strengths[part as usize];
        self.outward[part as usize] >= self.push * strength * (whole - strength)
    }

    /// Merges `node` with the part next to it that it gains most by, if any.
    fn merge(&mut self, node: u32, sums: &mut Sums) {
        let own = self.whole.of[node as usize];
        for &(target, weight) in self.level.of(node) {
            if self.whole.of[target as usize] == own {
                sums.add(self.parts.of[target as usize], weight);
            }
        }
        let strength = self.level.strength(node);
        let mut best = Best { community: node, score: LEAST_GAIN * strength };
        for (part, weight) in sums.drain() {
            if self.is_well_connected(part, node) {
                best.offer(part, weight - self.push * strength * self.parts.strengths[part as usize]);
            }
        }
        if best.community != node {
            let between = best.score + self.push * strength * self.parts.strengths[best.community as usize];
            self.outward[best.community as usize] += self.outward[node as usize] - 2.0 * between;
            self.parts.put(node, strength, best.community);
        }
    }
}

/// The connected pieces of each community: the piece of each node and the number of pieces.
fn components(level: &Level, of: &[u32]) -> (Vec<u32>, usize) {
    const NONE: u32 = u32::MAX;
    let mut pieces = vec![NONE; of.len()];
    let mut found: Vec<u32> = Vec::new();
    let mut count = 0;
    for node in 0..of.len() as u32 {
        if pieces[node as usize] != NONE {
            continue;
        }
        pieces[node as usize] = count;
        found.push(node);
        while let Some(node) = found.pop() {
            for &(target, _) in level.of(node) {
                if of[target as usize] == of[node as usize] && pieces[target as usize] == NONE {
                    pieces[target as usize] = count;
                    found.push(target);
                }
            }
        }
        count += 1;
    }
    (pieces, count as usize)
}

/// Labels below `end`, numbered from 0 on by their first node, and how many there are.
pub(crate) fn numbered(mut labels: Vec<u32>, end: usize) -> (Vec<u32>, usize) {
    const NONE: u32 = u32::MAX;
    let mut numbers = vec![NONE; end];
    let mut count = 0;
    for label in &mut labels {
        let number = &mut numbers[*label as usize];
        if *number == NONE {
            *number = count;
            count += 1;
        }
        *label = *number;
    }
    (labels, count as usize)
}

/// Nodes part after part, and where each part starts, with an end.
fn members(parts: &[u32], count: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; count + 1];
    for &part in parts {
        starts[part as usize + 1] += 1;
    }
    for part in 0..count {
        starts[part + 1] += starts[part];
    }
    let mut next = starts.clone();
    let mut members = vec![0; parts.len()];
    for (node, &part) in (0u32..).zip(parts) {
        let at = &mut next[part as usize];
        members[*at as usize] = node;
        *at += 1;
    }
    (starts, members)
}

/// The communities of `parts`, given those of their nodes, in labels below `count`.
fn lifted(of: &[u32], parts: &[u32], count: usize) -> Vec<u32> {
    let mut above = vec![0; count];
    for (&part, &community) in parts.iter().zip(of) {
        above[part as usize] = community;
    }
    numbered(above, of.len()).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::weighted::Weighted;

    fn level(nodes: usize, edges: &[(u32, u32)]) -> Level {
        Level::new(&Weighted::new(nodes, edges.iter().map(|&(from, to)| (from, to, 1.0))).undirected())
    }

    fn checked_parts(of: &[u32], edges: &[(u32, u32)], push: f64) -> Vec<u32> {
        let level = level(of.len(), edges);
        refine(&level, &Partition::new(&level, of.to_vec()), push, &mut Sums::new(of.len())).0
    }

    #[test]
    fn refinement_stays_within_communities_and_drops_what_hangs_loosely() {
        let path = [(0, 1), (1, 2), (2, 3)];
        assert_eq!(checked_parts(&[0, 0, 1, 1], &path, 0.1), [0, 0, 1, 1]);
        assert_eq!(checked_parts(&[0, 1, 1, 0], &path, 0.1), [0, 1, 1, 2]);
        // With strong repulsion, nobody gains by merging.
        assert_eq!(checked_parts(&[0, 0, 0, 0], &path, 10.0), [0, 1, 2, 3]);
    }

    #[test]
    fn pieces_of_a_community_come_apart() {
        let level = level(5, &[(0, 1), (2, 3), (3, 4)]);
        assert_eq!(components(&level, &[0, 0, 0, 0, 1]), (vec![0, 0, 1, 1, 2], 3));
    }

    #[test]
    fn aggregation_keeps_weights_and_strengths() {
        let below = level(4, &[(0, 1), (1, 2), (0, 2), (2, 3), (3, 3)]);
        let above = below.aggregated(&[0, 0, 1, 1], 2, &mut Sums::new(4));
        assert_eq!((above.of(0), above.of(1)), (&[(1, 2.0)][..], &[(0, 2.0)][..]));
        assert_eq!(above.strengths, [4.0, 6.0]);
    }

    #[test]
    fn a_node_gains_by_leaving_strangers() {
        let level = level(3, &[(0, 1)]);
        let mut partition = Partition::new(&level, vec![0, 1, 1]);
        move_nodes(&level, &mut partition, 0.5, &mut Sums::new(3));
        assert_eq!(partition.of[0], partition.of[1]);
        assert_ne!(partition.of[1], partition.of[2]);
    }
}
