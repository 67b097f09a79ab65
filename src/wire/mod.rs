//! The JSON that the command line prints and the server sends: one shape for both. The names and their meaning do not change.

mod graph;
mod hits;

pub use graph::{
    Asked, AskedPart, CommunitiesAnswer, Explained, ImpactAnswer, LinkJson, NeighborsAnswer, NodeJson, OverviewAnswer,
    Place, ReachedJson, StepJson, UsesAnswer, is_back,
};
pub use hits::{HitJson, PlaceJson, TermJson};
