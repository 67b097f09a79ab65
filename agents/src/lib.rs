//! Durable jobs, a bus, guarded calls and the agents that work on them.
//!
//! Execution is at least once, recording is exactly once: whatever a worker writes, it writes under a lease, and a worker that has lost its
//! lease can write nothing.

pub mod artifact;
pub mod bus;
pub mod config;
mod error;
pub mod guard;
mod hint;
pub mod job;
pub mod library;
pub mod orchestrate;
pub mod plan;
pub mod retry;
pub mod role;
pub mod route;
pub mod store;
pub mod worker;

pub use error::{Error, Result};
pub use hint::Hint;
