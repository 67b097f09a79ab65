//! The JSON that the command line prints and the server sends: one shape for both. The names and their meaning do not change.

mod change;
mod graph;
mod hits;

pub use change::Change;
pub use graph::{
    Asked, AskedPart, CommunitiesAnswer, Explained, ImpactAnswer, LinkJson, NeighborsAnswer, NodeJson, OverviewAnswer,
    Place, Question, ReachedJson, StepJson, UsesAnswer, reason,
};
pub use hits::{HitJson, PlaceJson, TermJson};
