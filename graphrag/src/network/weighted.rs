//! A weighted graph that does not change: arcs in one array (CSR), the heaviest of each node first.
//!
//! Nodes are plain numbers; what they stand for is the caller's business. Arcs that mean nothing (an end that does not
//! exist, a weight that is not a positive number) are left out, so that whoever reads the graph need not check.

/// Most arcs a graph can hold; further ones are ignored. Half of it, so that both directions still have room.
const MOST_ARCS: usize = (u32::MAX / 2) as usize;

/// A directed graph with positive weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weighted {
    /// per node: where its arcs end; they begin where those of the node before end
    ends: Vec<u32>,
    targets: Vec<u32>,
    weights: Vec<f32>,
    /// per node: sum of the weights of its arcs
    totals: Vec<f64>,
}

impl Weighted {
    /// A graph of `nodes` nodes from arcs (source, target, weight). Parallel arcs are added up. The order of the arcs
    /// does not matter, down to the last bit of each sum.
    pub fn new(nodes: usize, arcs: impl Iterator<Item = (u32, u32, f32)>) -> Self {
        let nodes = nodes.min(u32::MAX as usize);
        let exists = |node: u32| (node as usize) < nodes;
        let is_arc =
            |&(from, to, weight): &(u32, u32, f32)| exists(from) && exists(to) && weight > 0.0 && weight.is_finite();
        Self::from_rows(nodes, arcs.filter(is_arc).take(MOST_ARCS).collect())
    }

    fn from_rows(nodes: usize, arcs: Vec<(u32, u32, f32)>) -> Self {
        let (ends, mut rows) = grouped(nodes, &arcs);
        drop(arcs);
        let mut graph = Weighted {
            ends: Vec::with_capacity(nodes),
            targets: Vec::with_capacity(rows.len()),
            weights: Vec::with_capacity(rows.len()),
            totals: Vec::with_capacity(nodes),
        };
        let mut start = 0;
        let mut row: Vec<(u32, f32)> = Vec::new();
        for end in ends {
            merge(&mut rows[start..end as usize], &mut row);
            start = end as usize;
            graph.targets.extend(row.iter().map(|arc| arc.0));
            graph.weights.extend(row.iter().map(|arc| arc.1));
            graph.totals.push(row.iter().map(|arc| f64::from(arc.1)).sum());
            graph.ends.push(graph.targets.len() as u32);
        }
        graph
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.ends.len()
    }

    /// Number of arcs, parallel ones counted once.
    pub fn arcs(&self) -> usize {
        self.targets.len()
    }

    /// Targets and weights of the arcs of `node`: heaviest first, equal ones by target. None if there is no such node.
    pub fn of(&self, node: u32) -> impl ExactSizeIterator<Item = (u32, f32)> {
        let range = self.range(node);
        self.targets[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }

    /// Number of arcs of `node`.
    pub fn degree(&self, node: u32) -> usize {
        self.range(node).len()
    }

    /// Sum of the weights of the arcs of `node`.
    pub fn total(&self, node: u32) -> f64 {
        self.totals.get(node as usize).copied().unwrap_or_default()
    }

    /// How many arcs of `node`, from the heaviest on, are heavier than all the others and at most `most`: all if it has
    /// no more than that, and none if it has more and they weigh the same.
    pub fn heaviest(&self, node: u32, most: usize) -> usize {
        let weights = &self.weights[self.range(node)];
        match weights.get(most) {
            Some(&first_out) => weights[..most].partition_point(|&weight| weight > first_out),
            None => weights.len(),
        }
    }

    /// The same graph with every arc turned round.
    pub fn reversed(&self) -> Weighted {
        Self::from_rows(self.nodes(), self.all().map(|(from, to, weight)| (to, from, weight)).collect())
    }

    /// The graph without directions: between two nodes lies the sum of the arcs both ways.
    pub fn undirected(&self) -> Undirected {
        let both = self.all().flat_map(|(from, to, weight)| [(from, to, weight), (to, from, weight)]);
        Undirected(Self::from_rows(self.nodes(), both.collect()))
    }

    /// All arcs: source, target, weight.
    fn all(&self) -> impl Iterator<Item = (u32, u32, f32)> {
        (0..self.nodes() as u32).flat_map(|node| self.of(node).map(move |(to, weight)| (node, to, weight)))
    }

    fn range(&self, node: u32) -> std::ops::Range<usize> {
        let Some(&end) = self.ends.get(node as usize) else { return 0..0 };
        let start = if node == 0 { 0 } else { self.ends[node as usize - 1] };
        start as usize..end as usize
    }
}

/// A graph where every arc has its like in the other direction: a symmetric matrix. A self-loop counts twice, as it
/// touches its node twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undirected(Weighted);

impl Undirected {
    /// The arcs, each edge as two of them.
    pub fn arcs(&self) -> &Weighted {
        &self.0
    }
}

/// Arcs sorted by source (counting sort), and per source where they end.
fn grouped(nodes: usize, arcs: &[(u32, u32, f32)]) -> (Vec<u32>, Vec<(u32, f32)>) {
    let mut ends = vec![0u32; nodes];
    for (from, ..) in arcs {
        ends[*from as usize] += 1;
    }
    // First the start of each node; placing its arcs moves that to the end.
    let mut next = 0;
    for end in &mut ends {
        next += std::mem::replace(end, next);
    }
    let mut rows = vec![(0, 0.0); arcs.len()];
    for &(from, to, weight) in arcs {
        let at = &mut ends[from as usize];
        rows[*at as usize] = (to, weight);
        *at += 1;
    }
    (ends, rows)
}

/// Writes the arcs of one node to `row`: parallel ones added up, heaviest first.
fn merge(arcs: &mut [(u32, f32)], row: &mut Vec<(u32, f32)>) {
    arcs.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    row.clear();
    for parallel in arcs.chunk_by(|a, b| a.0 == b.0) {
        let sum: f64 = parallel.iter().map(|arc| f64::from(arc.1)).sum();
        row.push((parallel[0].0, sum.min(f64::from(f32::MAX)) as f32));
    }
    row.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(nodes: usize, arcs: &[(u32, u32, f32)]) -> Weighted {
        Weighted::new(nodes, arcs.iter().copied())
    }

    fn row(graph: &Weighted, node: u32) -> Vec<(u32, f32)> {
        graph.of(node).collect()
    }

    #[test]
    fn heaviest_arcs_come_first_and_parallel_ones_are_added_up() {
        let made = graph(4, &[(1, 0, 1.0), (1, 3, 5.0), (1, 2, 1.0), (1, 0, 2.0), (3, 1, 1.0)]);
        assert_eq!(row(&made, 0), []);
        assert_eq!(row(&made, 1), [(3, 5.0), (0, 3.0), (2, 1.0)]);
        assert_eq!(row(&made, 3), [(1, 1.0)]);
        assert_eq!((made.nodes(), made.arcs(), made.degree(1), made.total(1)), (4, 4, 3, 9.0));
    }

    #[test]
    fn arcs_that_mean_nothing_are_left_out() {
        let weights = [0.0, -0.0, -1.0, f32::NAN, f32::INFINITY];
        let made = Weighted::new(2, weights.iter().map(|&weight| (0, 1, weight)).chain([(0, 2, 1.0), (2, 0, 1.0)]));
        assert_eq!(made, graph(2, &[]));
        assert_eq!((row(&made, 7), made.degree(7), made.total(7), made.heaviest(7, 3)), (vec![], 0, 0.0, 0));
        assert_eq!(graph(1, &[(0, 0, f32::MAX), (0, 0, f32::MAX)]).total(0), f64::from(f32::MAX));
    }

    #[test]
    fn the_heaviest_are_cut_where_the_weight_changes() {
        let made = graph(5, &[(0, 1, 3.0), (0, 2, 2.0), (0, 3, 2.0), (0, 4, 1.0)]);
        let heaviest: Vec<usize> = (0..6).map(|most| made.heaviest(0, most)).collect();
        assert_eq!(heaviest, [0, 1, 1, 3, 4, 4]);
    }

    #[test]
    fn directions_can_be_turned_and_dropped() {
        let made = graph(3, &[(0, 1, 1.0), (1, 0, 2.0), (1, 2, 1.0), (2, 2, 1.0)]);
        assert_eq!(made.reversed(), graph(3, &[(1, 0, 1.0), (0, 1, 2.0), (2, 1, 1.0), (2, 2, 1.0)]));
        let undirected = made.undirected();
        assert_eq!(row(undirected.arcs(), 1), [(0, 3.0), (2, 1.0)]);
        assert_eq!(row(undirected.arcs(), 2), [(2, 2.0), (1, 1.0)]);
    }

    #[test]
    fn the_order_of_arcs_does_not_matter() {
        let mut arcs = vec![(0, 1, 0.1), (0, 1, 1e8), (0, 1, 0.7), (0, 2, 0.1), (1, 0, 3.0)];
        let made = graph(3, &arcs);
        arcs.reverse();
        assert_eq!(graph(3, &arcs), made);
    }
}
