//! Communities: parts of a graph with many arcs within and few between, from fine to coarse.

use crate::network::leiden::{Level, leiden, numbered};
use crate::network::weighted::Undirected;

/// The label of a node that starts alone.
pub const ALONE: u32 = u32::MAX;

/// How often to begin at most: again from what was found, until nothing changes. From the fourth time on, changes are
/// tiny; for a million arcs, the eighth was the last.
const ROUNDS: usize = 10;

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options<'s> {
    /// The higher, the more communities; 1 is modularity as Newman & Girvan (2004) defined it. At least 0.
    pub resolution: f64,
    /// Communities to begin with, one label per node: those of the last time, so that an edit changes little, or what
    /// one would guess, such as folders. Nodes that are [`ALONE`] or beyond the end are communities of their own.
    pub start: Option<&'s [u32]>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { resolution: 1.0, start: None }
    }
}

/// Communities at several levels. There is always one level at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Per level, per node: the number of its community. Fine levels come first; each community of a level lies within
    /// one of the next. The largest has number 0; among equals, that with the smallest node comes first.
    pub levels: Vec<Vec<u32>>,
}

impl Hierarchy {
    /// The communities that modularity is highest with.
    pub fn coarsest(&self) -> &[u32] {
        self.levels.last().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Finds communities that are connected, all nodes covered. Nodes without arcs are communities of their own. The same
/// graph gives the same communities, and these give themselves again as a start, unless the last round still changed
/// something.
pub fn communities(graph: &Undirected, options: Options) -> Hierarchy {
    let resolution = bounded(options.resolution);
    let start = complete(options.start.unwrap_or_default(), graph.arcs().nodes());
    let bottom = Level::new(graph);
    let mut levels = leiden(&bottom, resolution, start);
    for _ in 1..ROUNDS {
        let again = leiden(&bottom, resolution, levels.last().cloned().unwrap_or_default());
        let is_done = again.last() == levels.last();
        levels = again;
        if is_done {
            break;
        }
    }
    Hierarchy { levels: levels.into_iter().map(by_size).collect() }
}

/// Modularity with a resolution (Reichardt & Bornholdt 2006): which share of the arcs lies within communities, less
/// the share that would if arcs had just been dealt to nodes by their strength. From -1 to 1 for a resolution of 1; 0
/// without arcs. `partition` holds a label per node; nodes that are [`ALONE`] or beyond the end are so.
pub fn modularity(graph: &Undirected, partition: &[u32], resolution: f64) -> f64 {
    let of = complete(partition, graph.arcs().nodes());
    let mut within = 0.0;
    let mut strengths = vec![0.0; of.len()];
    for (node, &community) in (0u32..).zip(&of) {
        strengths[community as usize] += graph.arcs().total(node);
        let inner = graph.arcs().of(node).filter(|arc| of[arc.0 as usize] == community);
        within += inner.map(|arc| f64::from(arc.1)).sum::<f64>();
    }
    let sum: f64 = strengths.iter().sum();
    if sum == 0.0 {
        return 0.0;
    }
    let expected: f64 = strengths.iter().map(|strength| (strength / sum).powi(2)).sum();
    within / sum - bounded(resolution) * expected
}

/// The nearest resolution that makes sense.
fn bounded(resolution: f64) -> f64 {
    if resolution.is_nan() { 1.0 } else { resolution.clamp(0.0, 1e6) }
}

/// Labels for all nodes, numbered from 0 on by their first node.
fn complete(partition: &[u32], nodes: usize) -> Vec<u32> {
    let mut known: Vec<u32> = partition.iter().copied().take(nodes).filter(|&label| label != ALONE).collect();
    known.sort_unstable();
    known.dedup();
    let mut next = known.len() as u32;
    let mut labels = Vec::with_capacity(nodes);
    for node in 0..nodes {
        let given = partition.get(node).and_then(|label| known.binary_search(label).ok());
        labels.push(given.map_or(next, |place| place as u32));
        next += u32::from(given.is_none());
    }
    numbered(labels, known.len() + nodes).0
}

/// Numbers communities by size, the largest first, then by their smallest node.
fn by_size(mut level: Vec<u32>) -> Vec<u32> {
    let mut sizes: Vec<(u32, u32)> = Vec::new();
    for &community in &level {
        // Labels come in the order of their first nodes.
        if community as usize == sizes.len() {
            sizes.push((0, community));
        }
        sizes[community as usize].0 += 1;
    }
    sizes.sort_unstable_by_key(|&(size, community)| (std::cmp::Reverse(size), community));
    let mut numbers = vec![0; sizes.len()];
    for (number, &(_, community)) in (0..).zip(&sizes) {
        numbers[community as usize] = number;
    }
    for community in &mut level {
        *community = numbers[*community as usize];
    }
    level
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::synthetic::power_law;
    use crate::network::weighted::Weighted;

    /// Zachary 1977, "An information flow model for conflict and fission in small groups"; members counted from 1.
    #[rustfmt::skip]
    const KARATE: [(u32, u32); 78] = [
        (2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (5, 1), (6, 1), (7, 1), (7, 5), (7, 6), (8, 1), (8, 2), (8, 3),
        (8, 4), (9, 1), (9, 3), (10, 3), (11, 1), (11, 5), (11, 6), (12, 1), (13, 1), (13, 4), (14, 1), (14, 2),
        (14, 3), (14, 4), (17, 6), (17, 7), (18, 1), (18, 2), (20, 1), (20, 2), (22, 1), (22, 2), (26, 24), (26, 25),
        (28, 3), (28, 24), (28, 25), (29, 3), (30, 24), (30, 27), (31, 2), (31, 9), (32, 1), (32, 25), (32, 26),
        (32, 29), (33, 3), (33, 9), (33, 15), (33, 16), (33, 19), (33, 21), (33, 23), (33, 24), (33, 30), (33, 31),
        (33, 32), (34, 9), (34, 10), (34, 14), (34, 15), (34, 16), (34, 19), (34, 20), (34, 21), (34, 23), (34, 24),
        (34, 27), (34, 28), (34, 29), (34, 30), (34, 31), (34, 32), (34, 33),
    ];

    fn graph(nodes: usize, edges: impl IntoIterator<Item = (u32, u32)>) -> Undirected {
        Weighted::new(nodes, edges.into_iter().map(|(from, to)| (from, to, 1.0))).undirected()
    }

    fn found(graph: &Undirected) -> Vec<u32> {
        communities(graph, Options::default()).coarsest().to_vec()
    }

    fn clique(first: u32, size: u32) -> impl Iterator<Item = (u32, u32)> {
        (first..first + size).flat_map(move |from| (from + 1..first + size).map(move |to| (from, to)))
    }

    /// Whether all nodes of each community reach each other within it.
    fn are_connected(graph: &Undirected, level: &[u32]) -> bool {
        let mut seen = vec![false; level.len()];
        let mut entered = vec![false; level.len()];
        for start in 0..level.len() as u32 {
            if std::mem::replace(&mut seen[start as usize], true) {
                continue;
            }
            if std::mem::replace(&mut entered[level[start as usize] as usize], true) {
                return false;
            }
            let mut found = vec![start];
            while let Some(node) = found.pop() {
                for (target, _) in graph.arcs().of(node) {
                    let is_near = level[target as usize] == level[start as usize];
                    if is_near && !std::mem::replace(&mut seen[target as usize], true) {
                        found.push(target);
                    }
                }
            }
        }
        true
    }

    /// Whether numbers go by size, then by first node.
    fn are_numbered(level: &[u32]) -> bool {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); level.len()];
        for (node, &community) in level.iter().enumerate() {
            groups[community as usize].push(node);
        }
        let key = |group: &Vec<usize>| (std::cmp::Reverse(group.len()), group.first().copied());
        groups.windows(2).all(|pair| pair[1].is_empty() || key(&pair[0]) < key(&pair[1]))
    }

    /// Whether each community of `fine` lies within one of `coarse`.
    fn are_nested(fine: &[u32], coarse: &[u32]) -> bool {
        let mut around = vec![None; fine.len()];
        fine.iter().zip(coarse).all(|(&inner, &outer)| *around[inner as usize].get_or_insert(outer) == outer)
    }

    #[test]
    fn the_karate_club() {
        let club = graph(34, KARATE.map(|(a, b)| (a - 1, b - 1)));
        let communities = found(&club);
        let reached = modularity(&club, &communities, 1.0);
        assert!(reached >= 0.419, "{reached}: {communities:?}");
        // The two leaders parted.
        assert_ne!(communities[0], communities[33]);
    }

    #[test]
    fn two_cliques_with_a_bridge() {
        let bridged = graph(9, clique(0, 5).chain(clique(5, 4)).chain([(4, 5)]));
        assert_eq!(found(&bridged), [0, 0, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn a_ring_of_cliques() {
        let bridges = (0..10).map(|number| (number * 5, (number * 5 + 6) % 50));
        let ring = graph(50, (0..10).flat_map(|number| clique(number * 5, 5)).chain(bridges));
        let expected: Vec<u32> = (0..50).map(|node| node / 5).collect();
        assert_eq!(found(&ring), expected);
    }

    #[test]
    fn resolution_sets_the_grain() {
        let bridged = graph(9, clique(0, 5).chain(clique(5, 4)).chain([(4, 5)]));
        let count = |resolution| {
            let hierarchy = communities(&bridged, Options { resolution, start: None });
            hierarchy.coarsest().iter().max().map_or(0, |last| last + 1)
        };
        assert_eq!([0.0, 1.0, 100.0, f64::INFINITY].map(count), [1, 2, 9, 9]);
        assert_eq!(count(f64::NAN), count(1.0));
        assert_eq!(count(-1.0), count(0.0));
    }

    #[test]
    fn nodes_without_arcs_are_alone() {
        assert_eq!(communities(&graph(0, []), Options::default()).levels, [[0; 0]]);
        assert_eq!(communities(&graph(3, []), Options::default()).levels, [[0, 1, 2]]);
        let start = [7, 7, 7, 7];
        let options = Options { start: Some(&start), ..Options::default() };
        assert_eq!(communities(&graph(4, [(1, 3), (0, 0)]), options).coarsest(), [1, 0, 2, 0]);
        assert_eq!(modularity(&graph(3, []), &[], 1.0), 0.0);
    }

    #[test]
    fn modularity_by_hand() {
        let path = graph(3, [(0, 1), (1, 2)]);
        assert_eq!(modularity(&path, &[5, 5, 5], 1.0), 0.0);
        assert_eq!(modularity(&path, &[5, 5], 1.0), 0.5 - 10.0 / 16.0);
        assert_eq!(modularity(&path, &[5, ALONE, ALONE], 2.0), -2.0 * 6.0 / 16.0);
    }

    #[test]
    fn a_start_may_be_partial_or_too_long() {
        let bridged = graph(9, clique(0, 5).chain(clique(5, 4)).chain([(4, 5)]));
        for start in [&[][..], &[ALONE; 9], &[3; 5], &[u32::MAX - 1; 20], &[8, 7, 6, 5, 4, 3, 2, 1, 0]] {
            let options = Options { start: Some(start), ..Options::default() };
            assert_eq!(communities(&bridged, options).coarsest(), found(&bridged));
        }
    }

    /// Share of the nodes that are still together with most of their former community.
    fn kept(before: &[u32], after: &[u32]) -> f64 {
        let mut pairs: Vec<(u32, u32)> = before.iter().copied().zip(after.iter().copied()).collect();
        pairs.sort_unstable();
        let largest = |group: &[(u32, u32)]| group.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0);
        pairs.chunk_by(|a, b| a.0 == b.0).map(largest).sum::<usize>() as f64 / before.len() as f64
    }

    #[test]
    fn small_edits_keep_most_communities() {
        let arcs = power_law(20_000, 100_000, 1);
        let made = |arcs: &[(u32, u32, f32)]| Weighted::new(20_000, arcs.iter().copied()).undirected();
        let before = found(&made(&arcs));
        let edited = made(&arcs[100..]);
        let after = communities(&edited, Options { start: Some(&before), ..Options::default() });
        let both_ways = |after: &[u32]| kept(&before, after).min(kept(after, &before));
        let (warm, cold) = (both_ways(after.coarsest()), both_ways(&found(&edited)));
        assert!(warm > 0.99 && warm > cold, "{warm} with the former communities as start, {cold} without");
    }

    #[test]
    fn what_was_found_is_found_again() {
        let graph = Weighted::new(5000, power_law(5000, 25_000, 1).into_iter()).undirected();
        let first = communities(&graph, Options::default());
        let options = Options { start: Some(first.coarsest()), ..Options::default() };
        assert_eq!(communities(&graph, options), first);
    }

    fn arcs() -> impl Strategy<Value = Vec<(u32, u32, f32)>> {
        let weight = prop_oneof![
            8 => 0.1f32..10.0,
            1 => Just(0.0f32),
            1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, -1.0, f32::MAX, f32::MIN_POSITIVE, 1e-45]),
        ];
        prop::collection::vec((0u32..40, 0u32..40, weight), 0..160)
    }

    proptest! {
        #[test]
        fn laws(
            arcs in arcs(),
            start in prop::option::of(prop::collection::vec(prop_oneof![0u32..6, Just(ALONE)], 0..45)),
            resolution in prop_oneof![Just(1.0), Just(0.0), 0.1..3.0f64],
        ) {
            let graph = Weighted::new(38, arcs.iter().copied()).undirected();
            let hierarchy = communities(&graph, Options { resolution, start: start.as_deref() });
            for level in &hierarchy.levels {
                prop_assert_eq!(level.len(), 38);
                prop_assert!(are_connected(&graph, level), "{:?}", level);
                prop_assert!(are_numbered(level), "{:?}", level);
            }
            for pair in hierarchy.levels.windows(2) {
                prop_assert!(are_nested(&pair[0], &pair[1]));
                prop_assert_ne!(&pair[0], &pair[1]);
            }
            let reached = modularity(&graph, hierarchy.coarsest(), resolution);
            let began = modularity(&graph, start.as_deref().unwrap_or_default(), resolution);
            prop_assert!(reached.is_finite() && reached >= began - 1e-9, "{began} became {reached}");

            let backwards = Weighted::new(38, arcs.iter().rev().copied()).undirected();
            prop_assert_eq!(communities(&backwards, Options { resolution, start: start.as_deref() }), hierarchy);
        }
    }
}
