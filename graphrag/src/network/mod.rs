//! Weighted graphs: walks, ways and communities. Nothing here knows what the nodes are.

pub mod communities;
mod leiden;
pub mod shortest;
#[cfg(test)]
mod synthetic;
pub mod walk;
pub mod weighted;
