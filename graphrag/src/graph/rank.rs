//! What hangs together with a few nodes: a personalised PageRank from them.

use super::communities::POSSIBLE;
use super::{Graph, NodeId, NodeKind, Relation};
use crate::network::walk::{Options, walk};
use crate::network::weighted::Weighted;

/// Going from a definition to what uses it weighs so much of going along the use.
const BACKWARDS: f32 = 0.5;
/// What changes together, or is only named together, weighs so much of a use.
const LOOSE: f32 = 0.3;
/// Mass below which an arc is not followed. A question needs the best hundred, not the last one.
const EPSILON: f64 = 1e-5;

impl Graph {
    /// Symbols and files that a walk from `seeds` (nodes and weights) comes by, the most visited first, with their share of the
    /// visits. What starts at a seed does not count, hubs pass on little: see [`Options::hub`].
    pub fn rank(&self, seeds: &[(NodeId, f32)], most: usize) -> Vec<(NodeId, f32)> {
        let arcs = self.ids().flat_map(|from| {
            let uses = self.uses(from).filter(|link| link.relation.is_inside());
            uses.flat_map(move |link| {
                let sure = if link.is_proven { 1.0 } else { POSSIBLE / link.count.max(1) as f32 };
                let loose = matches!(link.relation, Relation::CoChange | Relation::Mention);
                let weight = if loose { LOOSE * sure } else { sure };
                [(from, link.node, weight), (link.node, from, BACKWARDS * weight)]
            })
        });
        let graph = Weighted::new(self.ids().len(), arcs);
        let options = Options { epsilon: EPSILON, most: usize::MAX, ..Options::default() };
        let mut found = walk(&graph, seeds, options).arrivals();
        found.retain(|(id, _)| matches!(self.node(*id).kind, NodeKind::Symbol(_) | NodeKind::File));
        found.truncate(most);
        found
    }
}
