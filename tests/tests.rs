//! Tests from outside: what a user, a script or another process sees.
//!
//! One binary for all of them, because linking takes longer than running. Each module says what belongs there.

/// The map agrees with the land: ARCHITECTURE.md, layers of crates, rules of the house.
mod architecture;
/// The commands `cogo` and `cogo-index`, run as processes: output formats, exit codes, options.
mod cli;
/// Killed processes leave whole generations behind.
mod crash;
/// Damaged indexes, full disks, other writers, repositories that do not hold still.
mod faults;
mod graph_law;
/// Indexes that somebody made up.
mod hostile;
/// `cogo serve` as its callers see it.
mod http;
/// `cogo mcp`: the protocol, its tools, real clients, and the settings of clients.
mod mcp;
/// Mirrors in servers: what is in them, and what faults do to them.
mod mirror;
/// Large models: parity with PyTorch, damaged folders, backfill.
mod models;
/// Goals in plain words become plans, plans become jobs.
mod orchestration;
/// Questions about this repository find their files.
mod quality;
/// No tests: a small repository, and what an index answers about it.
mod repository;
