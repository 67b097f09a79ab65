//! Questions about the graph, walked in the server. What a question needs comes back as a part of the graph, in the order of the whole,
//! and the same code answers from it as from the embedded one; so the answers are the same, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use graphrag::Graph;
use graphrag::graph::{Follow, NodeId, Relation};

use super::part::{Direction, Part};
use super::{Neo4j, SERVER, Visible};
use crate::{Error, Origin, Result};

/// How often a question is asked again when a sync came between.
const BEGINNINGS: usize = 5;

/// A part of the graph that is enough for one question, of one generation.
pub struct View {
    /// The generation.
    pub generation: u64,
    /// The part. Questions that need more than was asked for find less in it.
    pub graph: Arc<Graph>,
    /// The nodes that were asked about.
    pub start: Vec<NodeId>,
    /// Where the question leads to, if it leads somewhere.
    pub goal: Vec<NodeId>,
}

/// Where a question starts, and where it leads to.
type Ends = (BTreeSet<String>, BTreeSet<String>);

/// Something that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed<'t> {
    /// Whatever this may mean, as [`Graph::find`] says.
    Named(&'t str),
    /// Lines of a file, or all of it, as [`Graph::symbols_in`] says.
    Lines(&'t str, Option<(u32, u32)>),
}

impl Neo4j {
    /// What `text` may mean, for [`Graph::find`] to choose from; `start` is what it finds. What these nodes use and who uses them is
    /// there as far as `follow` says: backwards, forwards, or both ways.
    ///
    /// # Errors
    /// If the server cannot be reached, or nothing was ever synced.
    pub fn uses(&self, origin: &Origin, text: &str, backwards: bool, follow: Follow) -> Result<View> {
        let direction = if backwards { Direction::UsedBy } else { Direction::Uses };
        self.view(origin, |part| {
            let start = part.find(text)?;
            part.walk(&start, direction, follow)?;
            part.sites(&start)?;
            Ok((start, BTreeSet::new()))
        })
    }

    /// For [`Graph::way`] from what `from` may mean to what `to` may mean.
    ///
    /// # Errors
    /// As [`uses`](Self::uses).
    pub fn way(&self, origin: &Origin, from: &str, to: &str, follow: Follow) -> Result<View> {
        self.view(origin, |part| {
            let (start, goal) = (part.find(from)?, part.find(to)?);
            let proven = Follow { proven_only: true, ..follow };
            if !part.walk_to(&start, &goal, proven)? && !follow.proven_only {
                part.walk_to(&start, &goal, follow)?;
            }
            Ok((start, goal))
        })
    }

    /// Everything that what `text` may mean hangs together with, both ways, and what it holds ([`Graph::children`]).
    ///
    /// # Errors
    /// As [`uses`](Self::uses).
    pub fn neighbors(&self, origin: &Origin, text: &str, follow: Follow) -> Result<View> {
        self.view(origin, |part| {
            let start = part.find(text)?;
            part.walk(&start, Direction::Uses, follow)?;
            part.walk(&start, Direction::UsedBy, follow)?;
            part.children(&start)?;
            Ok((start, BTreeSet::new()))
        })
    }

    /// For [`Graph::impact`] of a change of all of `changed`.
    ///
    /// # Errors
    /// As [`uses`](Self::uses).
    pub fn impact(&self, origin: &Origin, changed: &[Changed], follow: Follow) -> Result<View> {
        self.view(origin, |part| {
            let mut start = BTreeSet::new();
            for changed in changed {
                start.extend(match changed {
                    Changed::Named(text) => part.find(text)?,
                    Changed::Lines(path, lines) => part.symbols_in(path, *lines)?,
                });
            }
            part.walk(&start, Direction::UsedBy, Follow { relations: &Relation::CARRIES, ..follow })?;
            let depth = follow.depth.min(1);
            part.walk(&start, Direction::UsedBy, Follow { relations: &[Relation::Import], depth, ..follow })?;
            let near = Follow { relations: &[Relation::CoChange], proven_only: false, depth: 1 };
            part.walk(&start, Direction::Uses, near)?;
            Ok((start, BTreeSet::new()))
        })
    }

    /// The whole graph, for what needs all of it: communities, ranks. It is kept until another generation is shown.
    ///
    /// # Errors
    /// As [`uses`](Self::uses).
    pub fn whole(&self, origin: &Origin) -> Result<View> {
        let shown = self.shown(origin)?;
        let kept = self.whole.read().expect("no panic holds it").clone();
        if let Some((of, revision, graph)) = kept
            && of == *origin
            && revision == shown.revision
        {
            return Ok(View { generation: shown.generation, graph, start: Vec::new(), goal: Vec::new() });
        }
        let view = self.view(origin, |part| part.all().map(|()| Ends::default()))?;
        // Of another revision, if a sync came between; then it is read again the next time.
        let kept = (origin.clone(), shown.revision, view.graph.clone());
        if view.generation == shown.generation {
            *self.whole.write().expect("no panic holds it") = Some(kept);
        }
        Ok(view)
    }

    fn shown(&self, origin: &Origin) -> Result<Visible> {
        self.visible(origin)?.ok_or_else(|| Error::Server {
            server: SERVER,
            reason: format!("it holds no repository `{}` of tenant `{}`", origin.repository, origin.tenant),
        })
    }

    /// What `gather` finds, all of one generation.
    fn view(&self, origin: &Origin, gather: impl Fn(&mut Part) -> Result<Ends>) -> Result<View> {
        for _ in 0..BEGINNINGS {
            let shown = self.shown(origin)?;
            let mut part = Part::new(&self.client, origin, shown.revision);
            let gathered = gather(&mut part).and_then(|ends| part.graph().map(|made| (ends, made)));
            // What a sync removes meanwhile is missing; so only what was read of one generation is believed, and complained about.
            if self.shown(origin)? == shown {
                let ((start, goal), (graph, numbers)) = gathered?;
                let ids = |of: &BTreeSet<String>| {
                    let mut ids: Vec<NodeId> = of.iter().filter_map(|id| numbers.get(id)).copied().collect();
                    ids.sort_unstable();
                    ids
                };
                let (start, goal) = (ids(&start), ids(&goal));
                return Ok(View { generation: shown.generation, graph: Arc::new(graph), start, goal });
            }
        }
        Err(Error::Server { server: SERVER, reason: "the repository is synced all the time".to_owned() })
    }
}
