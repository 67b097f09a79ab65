//! Durable jobs, in both stores, seen from outside.
//!
//! `tests/run.py` starts the PostgreSQL server and says in the environment where it is; a test whose server is not there says so and ends.

/// Clocks that are wrong, and clocks that are set.
#[cfg(target_os = "linux")]
mod clocks;
/// What every store promises, one promise per test.
mod conformance;
/// Workers and stores under faults: killed, stopped and poisoned processes, broken connections.
mod faults;
/// Whatever is done in whatever order: events have no gaps, and lead to the state that the store has.
mod laws;
/// No tests: a worker in a process of its own, to be killed.
mod process;
#[path = "../../../tests/mirror/proxy.rs"]
mod proxy;
/// No tests: a PostgreSQL server that may be killed.
mod server;
/// No tests: stores of their own for each test.
mod stores;
/// Attempts that end at the same moment, recorded together or not.
mod together;
/// What a worker makes of what its handlers do.
mod workers;
