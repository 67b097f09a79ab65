//! Shortest ways, by number of arcs: from both ends at once, a level at a time, where fewer arcs wait to be followed.

use crate::network::weighted::Weighted;

const UNSEEN: u32 = u32::MAX;

/// A graph with its arcs turned round beside it, to walk from both ends.
#[derive(Clone, Copy)]
pub struct TwoWay<'g> {
    /// The graph.
    pub forward: &'g Weighted,
    /// The same, [reversed](Weighted::reversed); an undirected graph is its own reverse.
    pub backward: &'g Weighted,
}

/// Finds ways, and keeps its memory (8 bytes per node) for the next one.
#[derive(Default)]
pub struct Pathfinder {
    ahead: Side,
    behind: Side,
}

/// What is reached from one end.
#[derive(Default)]
struct Side {
    /// per node: the one before it on the way from the end; itself at the end, or `UNSEEN`
    before: Vec<u32>,
    /// nodes that are seen, level after level
    seen: Vec<u32>,
    /// where the last level begins in `seen`
    last: usize,
    /// arcs of the nodes of the last level
    waiting: usize,
}

impl Side {
    fn start(&mut self, graph: &Weighted, nodes: usize, ends: &[u32]) {
        for node in self.seen.drain(..) {
            self.before[node as usize] = UNSEEN;
        }
        self.before.resize(nodes.max(self.before.len()), UNSEEN);
        (self.last, self.waiting) = (0, 0);
        for &end in ends.iter().filter(|&&end| (end as usize) < nodes) {
            self.reach(graph, end, end);
        }
    }

    fn has(&self, node: u32) -> bool {
        self.before[node as usize] != UNSEEN
    }

    fn reach(&mut self, graph: &Weighted, node: u32, before: u32) {
        if !self.has(node) {
            self.before[node as usize] = before;
            self.seen.push(node);
            self.waiting += graph.degree(node);
        }
    }

    /// Goes one level further; returns the first node that `other` has reached, too.
    ///
    /// The first is as near as any: `other` has reached it in its last level, since otherwise it would have gone on
    /// from there and met us before.
    fn advance(&mut self, graph: &Weighted, other: &Side) -> Option<u32> {
        let level = self.last..self.seen.len();
        (self.last, self.waiting) = (self.seen.len(), 0);
        for at in level {
            let node = self.seen[at];
            for (target, _) in graph.of(node).filter(|arc| (arc.0 as usize) < other.before.len()) {
                self.reach(graph, target, node);
                if other.has(target) {
                    return Some(target);
                }
            }
        }
        None
    }

    /// Nodes from `node` to the end of this side.
    fn back(&self, mut node: u32) -> Vec<u32> {
        let mut way = vec![node];
        while self.before[node as usize] != node {
            node = self.before[node as usize];
            way.push(node);
        }
        way
    }
}

impl Pathfinder {
    /// A shortest way from one of `from` to one of `to`, both included, of at most `most` arcs. Of several, heavier
    /// arcs near the ends are preferred, then smaller numbers. Nodes that do not exist are ignored.
    pub fn shortest(&mut self, graph: TwoWay, from: &[u32], to: &[u32], most: usize) -> Option<Vec<u32>> {
        let nodes = graph.forward.nodes().min(graph.backward.nodes());
        self.ahead.start(graph.forward, nodes, from);
        self.behind.start(graph.backward, nodes, to);
        let mut met = self.ahead.seen.iter().copied().find(|&node| self.behind.has(node));
        let mut length = 0;
        while met.is_none() && length < most && self.ahead.waiting > 0 && self.behind.waiting > 0 {
            met = if self.ahead.waiting <= self.behind.waiting {
                self.ahead.advance(graph.forward, &self.behind)
            } else {
                self.behind.advance(graph.backward, &self.ahead)
            };
            length += 1;
        }
        let met = met?;
        let mut way = self.ahead.back(met);
        way.reverse();
        way.extend_from_slice(&self.behind.back(met)[1..]);
        Some(way)
    }
}

/// Finds one way, see [`Pathfinder::shortest`], which is better for many.
pub fn shortest(graph: TwoWay, from: &[u32], to: &[u32], most: usize) -> Option<Vec<u32>> {
    Pathfinder::default().shortest(graph, from, to, most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(nodes: usize, arcs: &[(u32, u32)]) -> Weighted {
        Weighted::new(nodes, arcs.iter().map(|&(from, to)| (from, to, 1.0)))
    }

    fn way(graph: &Weighted, from: &[u32], to: &[u32], most: usize) -> Option<Vec<u32>> {
        shortest(TwoWay { forward: graph, backward: &graph.reversed() }, from, to, most)
    }

    /// Arcs on a shortest way, by a search from one end.
    fn length(graph: &Weighted, from: &[u32], to: &[u32]) -> Option<usize> {
        let mut level = from.to_vec();
        let mut seen = level.clone();
        for length in 0.. {
            if level.iter().any(|node| to.contains(node)) {
                return Some(length);
            }
            let mut next: Vec<u32> = level.iter().flat_map(|&node| graph.of(node).map(|arc| arc.0)).collect();
            next.retain(|node| !seen.contains(node));
            if next.is_empty() {
                return None;
            }
            seen.extend(&next);
            level = next;
        }
        None
    }

    #[test]
    fn ways_follow_directions() {
        let ring = graph(6, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)]);
        assert_eq!(way(&ring, &[0], &[2], 9), Some(vec![0, 1, 2]));
        assert_eq!(way(&ring, &[2], &[0], 9), Some(vec![2, 3, 4, 5, 0]));
        assert_eq!(way(&ring, &[2], &[0], 4).map(|way| way.len()), Some(5));
        assert_eq!(way(&ring, &[2], &[0], 3), None);
        assert_eq!(way(&ring, &[0, 3], &[5, 2], 9), Some(vec![0, 1, 2]));
    }

    #[test]
    fn ends_may_meet_or_not_exist() {
        let pair = graph(3, &[(0, 1)]);
        assert_eq!(way(&pair, &[1], &[1], 0), Some(vec![1]));
        assert_eq!(way(&pair, &[0], &[2], 9), None);
        assert_eq!(way(&pair, &[], &[0], 9), None);
        assert_eq!(way(&pair, &[8], &[8], 9), None);
        assert_eq!(way(&Weighted::default(), &[0], &[0], 9), None);
        let larger = graph(9, &[(0, 8), (8, 1)]);
        let mismatched = TwoWay { forward: &larger, backward: &pair };
        assert_eq!(shortest(mismatched, &[0], &[2], 9), None);
    }

    fn ends() -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0u32..30, 1..3)
    }

    proptest! {
        #[test]
        fn as_short_as_from_one_end(
            arcs in prop::collection::vec((0u32..30, 0u32..30), 0..80),
            ends in prop::collection::vec((ends(), ends()), 3),
        ) {
            let graph = graph(30, &arcs);
            let reversed = graph.reversed();
            let mut pathfinder = Pathfinder::default();
            for (from, to) in ends {
                let both = TwoWay { forward: &graph, backward: &reversed };
                let found = pathfinder.shortest(both, &from, &to, usize::MAX);
                prop_assert_eq!(found.as_ref().map(|way| way.len() - 1), length(&graph, &from, &to));
                if let Some(way) = found {
                    prop_assert!(from.contains(&way[0]) && to.contains(&way[way.len() - 1]));
                    prop_assert!(way.windows(2).all(|step| graph.of(step[0]).any(|arc| arc.0 == step[1])));
                }
            }
        }
    }
}
