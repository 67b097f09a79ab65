//! What a change may reach.

use super::{Follow, Graph, NodeId, Reached, Relation};

/// A possible link is worth so much of a proven one.
const POSSIBLE: f32 = 0.4;
/// A link further away is worth so much of a nearer one.
const FURTHER: f32 = 0.5;

/// What a change may reach, the most likely first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impact {
    /// Definitions and files.
    pub affected: Vec<Reached>,
    /// Tests to run.
    pub tests: Vec<Reached>,
    /// Sections of documents that speak of what was changed.
    pub documents: Vec<Reached>,
    /// Files that were often changed by the same commits, though nothing else leads to them.
    pub together: Vec<Reached>,
}

impl Graph {
    /// What a change of `changed` may reach, along uses. `follow` says how far, and whether possible links count.
    pub fn impact(&self, changed: &[NodeId], follow: Follow) -> Impact {
        let uses = self.reach(changed, true, Follow { relations: &Relation::CARRIES, ..follow });
        // Who imports the importers of what was changed has nothing to do with it.
        let imports = Follow { relations: &[Relation::Import], depth: follow.depth.min(1), ..follow };
        let mut imports = self.reach(changed, true, imports);
        imports.retain(|import| uses.iter().all(|reached| reached.node != import.node));
        let mut impact = Impact::default();
        for reached in uses.into_iter().chain(imports) {
            let is_mention = reached.link.relation == Relation::Mention;
            match (is_mention, self.is_test(reached.node)) {
                (true, _) => impact.documents.push(reached),
                (false, true) => impact.tests.push(reached),
                (false, false) => impact.affected.push(reached),
            }
        }
        // A document that mentions a user far away need not be read again.
        impact.documents.retain(|reached| reached.distance == 1);
        for part in [&mut impact.affected, &mut impact.tests, &mut impact.documents] {
            part.sort_by(|a, b| likelihood(b).total_cmp(&likelihood(a)));
        }
        let near = Follow { relations: &[Relation::CoChange], proven_only: false, depth: 1 };
        let known = |node: NodeId| {
            let parts = impact.affected.iter().chain(&impact.tests).chain(&impact.documents);
            parts.map(|reached| self.node(reached.node).file).any(|file| file == Some(node))
        };
        let mut together = self.reach(changed, false, near);
        together.retain(|reached| !known(reached.node));
        together.sort_by_key(|reached| std::cmp::Reverse(reached.link.count));
        Impact { together, ..impact }
    }
}

fn likelihood(reached: &Reached) -> f32 {
    let sure = if reached.is_proven { 1.0 } else { POSSIBLE / reached.link.count.max(1) as f32 };
    sure * FURTHER.powi(reached.distance as i32)
}
