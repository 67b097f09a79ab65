//! Personalised PageRank from a few seeds, found near them: what a walk visits that starts anew now and then.
//!
//! Mass is pushed forward from the seeds, and only where enough of it has gathered (Andersen, Chung & Lang 2006, "Local
//! graph partitioning using PageRank vectors"), so that the cost depends on the precision and not on the size of the
//! graph: at most `1 / (alpha * epsilon)` arcs are followed. The original walks lazily, staying put half of the time;
//! ours does not (Berkhin 2006, "Bookmark-coloring algorithm"), which only changes the meaning of `alpha`.
//!
//! Mass that reaches a node without arcs is lost. To send it back to the seeds would scale all results alike and leave
//! their order (Del Corso, Gullì & Romani 2005), so we save the effort.

use crate::network::weighted::Weighted;

/// How to walk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Chance that the walk starts anew at every step, from 0.01 to 1.
    pub alpha: f64,
    /// Mass below which an arc is not worth following, as a share of all mass; at least 1e-9.
    pub epsilon: f64,
    /// A node with more arcs is a hub: it leads everywhere and so nowhere. It passes mass on only along its heaviest
    /// arcs, at most so many, and each gets the share that it would get without a cap: a hub loses mass, it does not
    /// concentrate it. Where arcs around the cut weigh the same, none of these is followed, since nothing but their
    /// numbers would tell them apart. Seeds are no hubs: who starts at one wants to see what is around it.
    pub hub: usize,
    /// Most visits to report.
    pub most: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { alpha: 0.2, epsilon: 1e-6, hub: 256, most: 1000 }
    }
}

impl Options {
    /// The nearest options that make sense.
    fn bounded(self) -> Self {
        let within = |value: f64, least: f64| if value >= least { value.min(1.0) } else { least };
        Options { alpha: within(self.alpha, 0.01), epsilon: within(self.epsilon, 1e-9), ..self }
    }
}

/// A node that the walk comes by. All visits together have a mass of 1 or less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visit {
    /// The node.
    pub node: u32,
    /// Mass that came along arcs: what the other seeds, or a way back, say about the node.
    pub arrived: f32,
    /// Mass that started here, because the node is a seed; it only repeats what the caller said.
    pub started: f32,
}

impl Visit {
    /// All mass of the node: its PageRank.
    pub fn mass(&self) -> f32 {
        self.arrived + self.started
    }
}

/// What a walk has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walk {
    /// Heaviest first, by number if equal.
    pub visits: Vec<Visit>,
    /// Mass still on its way when the walk ended: the sum of what all nodes, reported or not, may lack.
    pub pending: f32,
}

impl Walk {
    /// Nodes with the mass that came along arcs, heaviest first: the seeds do not lead just for being seeds.
    pub fn arrivals(&self) -> Vec<(u32, f32)> {
        let arrived = self.visits.iter().filter(|visit| visit.arrived > 0.0);
        let mut found: Vec<(u32, f32)> = arrived.map(|visit| (visit.node, visit.arrived)).collect();
        found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }
}

/// Walks once from `seeds`: nodes with weights, of which only the proportions count. Use a [`Walker`] to walk often.
pub fn walk(graph: &Weighted, seeds: &[(u32, f32)], options: Options) -> Walk {
    Walker::default().walk(graph, seeds, options)
}

/// What the walk knows about a node.
#[derive(Clone, Copy)]
struct Cell {
    /// mass to be pushed on; a sum of many small amounts
    residual: f64,
    /// mass that came along arcs and stays
    arrived: f32,
    /// how many arcs it passes mass along, or `UNSEEN`
    arcs: u32,
}

const UNSEEN: u32 = u32::MAX;

impl Cell {
    const EMPTY: Cell = Cell { residual: 0.0, arrived: 0.0, arcs: UNSEEN };

    /// Takes some mass; says whether that makes the node worth pushing, which it was not before.
    fn receive(&mut self, mass: f64, epsilon: f64) -> bool {
        let limit = epsilon * f64::from(self.arcs.max(1));
        let before = self.residual;
        self.residual += mass;
        before <= limit && self.residual > limit
    }
}

/// Walks, and keeps its memory (16 bytes per node) for the next walk. Any graph will do, also another one each time.
#[derive(Default)]
pub struct Walker {
    /// per node; all empty between walks
    cells: Vec<Cell>,
    /// nodes whose cells are not empty
    seen: Vec<u32>,
    /// nodes to push now, and after them; a node is in one of them as long as its residual is above the limit
    queue: Vec<u32>,
    next: Vec<u32>,
}

impl Walker {
    /// Walks from `seeds`: nodes with weights, of which only the proportions count. The same node may come twice;
    /// nodes that do not exist and weights that are not positive numbers are ignored.
    pub fn walk(&mut self, graph: &Weighted, seeds: &[(u32, f32)], options: Options) -> Walk {
        let options = options.bounded();
        if self.cells.len() < graph.nodes() {
            self.cells.resize(graph.nodes(), Cell::EMPTY);
        }
        let starts = shares(graph, seeds);
        self.start(graph, &starts, options);
        while !self.next.is_empty() {
            std::mem::swap(&mut self.queue, &mut self.next);
            for at in 0..self.queue.len() {
                self.push(graph, self.queue[at], options);
            }
            self.queue.clear();
        }
        let walk = self.result(&starts, options);
        for node in self.seen.drain(..) {
            self.cells[node as usize] = Cell::EMPTY;
        }
        walk
    }

    fn start(&mut self, graph: &Weighted, starts: &[(u32, f64)], options: Options) {
        for &(node, share) in starts {
            let cell = &mut self.cells[node as usize];
            cell.arcs = graph.degree(node) as u32;
            // What stays of the first mass did not arrive. Taken off before it is added, it leaves no trace.
            cell.arrived = -(options.alpha * share) as f32;
            self.seen.push(node);
            if cell.receive(share, options.epsilon) {
                self.next.push(node);
            }
        }
    }

    /// Settles a part of what has gathered at `node`, and passes on the rest.
    fn push(&mut self, graph: &Weighted, node: u32, options: Options) {
        let cell = &mut self.cells[node as usize];
        let residual = std::mem::take(&mut cell.residual);
        cell.arrived += (options.alpha * residual) as f32;
        let per_weight = (1.0 - options.alpha) * residual / graph.total(node);
        for (target, weight) in graph.of(node).take(cell.arcs as usize) {
            let cell = &mut self.cells[target as usize];
            if cell.arcs == UNSEEN {
                cell.arcs = graph.heaviest(target, options.hub) as u32;
                self.seen.push(target);
            }
            if cell.receive(per_weight * f64::from(weight), options.epsilon) {
                self.next.push(target);
            }
        }
    }

    /// The heaviest visits. Of the mass that is not pushed yet, as much would stay as of any other: that is added.
    fn result(&self, starts: &[(u32, f64)], options: Options) -> Walk {
        let mut pending = 0.0;
        let visit = |&node: &u32| {
            let cell = &self.cells[node as usize];
            pending += (1.0 - options.alpha) * cell.residual;
            let arrived = (cell.arrived + (options.alpha * cell.residual) as f32).max(0.0);
            Visit { node, arrived, started: 0.0 }
        };
        let mut visits: Vec<Visit> = self.seen.iter().map(visit).collect();
        // The seeds were seen first, in their order.
        for (visit, (_, share)) in visits.iter_mut().zip(starts) {
            visit.started = (options.alpha * share) as f32;
        }
        let by_mass = |a: &Visit, b: &Visit| b.mass().total_cmp(&a.mass()).then(a.node.cmp(&b.node));
        if visits.len() > options.most {
            visits.select_nth_unstable_by(options.most, by_mass);
            visits.truncate(options.most);
        }
        visits.sort_unstable_by(by_mass);
        Walk { visits, pending: pending as f32 }
    }
}

/// Seeds by number, each once, with shares of 1.
fn shares(graph: &Weighted, seeds: &[(u32, f32)]) -> Vec<(u32, f64)> {
    let is_seed =
        |&&(node, weight): &&(u32, f32)| (node as usize) < graph.nodes() && weight > 0.0 && weight.is_finite();
    let mut starts: Vec<(u32, f64)> =
        seeds.iter().filter(is_seed).map(|&(node, weight)| (node, f64::from(weight))).collect();
    starts.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    starts.dedup_by(|later, kept| {
        later.0 == kept.0 && {
            kept.1 += later.1;
            true
        }
    });
    let sum: f64 = starts.iter().map(|start| start.1).sum();
    for start in &mut starts {
        start.1 /= sum;
    }
    starts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::synthetic::{Random, power_law};

    fn graph(nodes: usize, arcs: &[(u32, u32, f32)]) -> Weighted {
        Weighted::new(nodes, arcs.iter().copied())
    }

    fn nodes(walk: &Walk) -> Vec<u32> {
        walk.visits.iter().map(|visit| visit.node).collect()
    }

    /// The same by power iteration: mass that arrived, per node.
    fn arrived(graph: &Weighted, seeds: &[(u32, f32)], options: Options) -> Vec<f64> {
        let mut found = vec![0.0; graph.nodes()];
        let mut residual = vec![0.0; graph.nodes()];
        let starts = shares(graph, seeds);
        for &(node, share) in &starts {
            residual[node as usize] = share;
            found[node as usize] = -options.alpha * share;
        }
        for _ in 0..150 {
            let mut next = vec![0.0; graph.nodes()];
            for node in 0..graph.nodes() as u32 {
                let mass = residual[node as usize];
                found[node as usize] += options.alpha * mass;
                let is_seed = starts.iter().any(|start| start.0 == node);
                let most = if is_seed { graph.degree(node) } else { graph.heaviest(node, options.hub) };
                for (target, weight) in graph.of(node).take(most) {
                    next[target as usize] += (1.0 - options.alpha) * mass * f64::from(weight) / graph.total(node);
                }
            }
            residual = next;
        }
        found
    }

    #[test]
    fn mass_goes_by_weight_and_seeds_are_told_apart() {
        let graph = graph(4, &[(0, 1, 3.0), (0, 2, 1.0)]);
        let options = Options { alpha: 0.5, ..Options::default() };
        let found = walk(&graph, &[(0, 7.0)], options);
        let visit = |node, arrived, started| Visit { node, arrived, started };
        assert_eq!(found.visits, [visit(0, 0.0, 0.5), visit(1, 0.1875, 0.0), visit(2, 0.0625, 0.0)]);
        assert_eq!((found.arrivals(), found.pending), (vec![(1, 0.1875), (2, 0.0625)], 0.0));
    }

    #[test]
    fn a_hub_passes_mass_on_where_its_arcs_differ() {
        // 1 is a hub with arcs that all weigh the same, 2 one with an arc that stands out.
        let mut arcs = vec![(0, 1, 1.0), (0, 2, 1.0), (2, 3, 5.0)];
        arcs.extend((10..20).flat_map(|target| [(1, target, 1.0), (2, target, 0.5)]));
        let graph = graph(20, &arcs);
        let capped = Options { alpha: 0.5, hub: 4, ..Options::default() };
        let found = walk(&graph, &[(0, 1.0)], capped);
        assert_eq!(nodes(&found), [0, 1, 2, 3]);
        assert_eq!(found.visits[3].arrived, 0.03125, "half of what 2 passes on, as by weight");
        let from_hub = walk(&graph, &[(1, 1.0)], capped);
        assert_eq!(from_hub.visits.len(), 11, "a seed is no hub");
        assert_eq!(walk(&graph, &[(0, 1.0)], Options { hub: 99, ..capped }).visits.len(), 14);
    }

    #[test]
    fn the_best_come_first_and_no_more_than_wanted() {
        let graph = graph(9, &(1..9).map(|node| (0, node, (node % 4 + 1) as f32)).collect::<Vec<_>>());
        let found = walk(&graph, &[(0, 1.0)], Options { most: 4, ..Options::default() });
        assert_eq!(nodes(&found), [0, 3, 7, 2]);
        assert_eq!(walk(&graph, &[(0, 1.0)], Options { most: 0, ..Options::default() }).visits, []);
    }

    #[test]
    fn odd_input_is_ignored() {
        let graph = graph(2, &[(0, 1, 1.0), (1, 1, 1.0)]);
        let odd = [(7, 1.0), (0, f32::NAN), (0, -1.0), (0, 0.0), (1, f32::INFINITY)];
        assert_eq!(walk(&graph, &odd, Options::default()), Walk::default());
        assert_eq!(walk(&Weighted::default(), &[(0, 1.0)], Options::default()), Walk::default());
        let twice = walk(&graph, &[(0, 1.0), (1, 2.0), (0, 1.0)], Options::default());
        assert_eq!(twice, walk(&graph, &[(1, 1.0), (0, 1.0)], Options::default()));
        for value in [f64::NAN, -1.0, 0.0, 9.0, f64::INFINITY] {
            let options = Options { alpha: value, epsilon: value, ..Options::default() };
            assert_eq!(nodes(&walk(&graph, &[(0, 1.0)], options))[0], if value > 1.0 { 0 } else { 1 });
        }
    }

    #[test]
    fn the_top_is_that_of_power_iteration() {
        let made = Weighted::new(20_000, power_law(20_000, 100_000, 1).into_iter());
        let mut random = Random(3);
        let mut walker = Walker::default();
        let options = Options::default();
        for graph in [made.undirected().arcs(), &made] {
            let seeds: Vec<(u32, f32)> = (0..20).map(|_| ((random.next() % 20_000) as u32, 1.0)).collect();
            let exact = arrived(graph, &seeds, options);
            let mut order: Vec<u32> = (0..20_000).collect();
            order.sort_by(|a, b| exact[*b as usize].total_cmp(&exact[*a as usize]));
            let found = walker.walk(graph, &seeds, options).arrivals();
            let common = found[..50].iter().filter(|found| order[..50].contains(&found.0)).count();
            assert!(common >= 49, "{common} of 50");
        }
    }

    proptest! {
        #[test]
        fn laws(
            arcs in prop::collection::vec((0u32..30, 0u32..30, 0.0f32..5.0), 0..200),
            seeds in prop::collection::vec((0u32..32, 0.0f32..5.0), 0..5),
            hub in 0usize..20,
            alpha in 0.1f64..1.0,
        ) {
            let graph = graph(30, &arcs);
            let options = Options { alpha, epsilon: 1e-4, hub, ..Options::default() };
            let mut walker = Walker::default();
            let found = walker.walk(&graph, &seeds, options);
            let exact = arrived(&graph, &seeds, options);
            let mut lacking = 0.0;
            for visit in &found.visits {
                let error = exact[visit.node as usize] - f64::from(visit.arrived);
                prop_assert!(error > -1e-6, "too much at {}: {error}", visit.node);
                lacking += error;
            }
            prop_assert!(lacking <= f64::from(found.pending) + 1e-5, "{lacking} lacks, {} pending", found.pending);
            prop_assert!(found.visits.iter().map(Visit::mass).sum::<f32>() < 1.0 + 1e-5);
            prop_assert!(found.visits.is_sorted_by(|a, b| (b.mass(), a.node) <= (a.mass(), b.node)));
            // No trace of the first walk is left.
            prop_assert_eq!(walker.walk(&graph, &seeds, options), found);
        }
    }
}
