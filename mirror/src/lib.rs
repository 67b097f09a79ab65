//! Mirrors: copies of a committed generation in servers that many machines share.
//!
//! The embedded index is the truth. A mirror is brought up to date by what differs ([`Synced`]), is compared with the index item by
//! item ([`Verified`]), and answers questions by itself. Readers of a mirror see one whole generation, never half of one.
//!
//! The servers' clients are asynchronous; a mirror owns a small runtime, and its interface is synchronous like the rest of cogo.

mod error;
#[cfg(feature = "neo4j")]
pub mod neo4j;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;

pub use error::{Error, Result};
pub use outcome::{Difference, Origin, Synced, Verified};
