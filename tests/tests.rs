//! Tests from outside: what a user, a script or another process sees.
//!
//! One binary for all of them, because linking takes longer than running. Each module says what belongs there.

/// The commands `cogo` and `cogo-index`, run as processes: output formats, exit codes, options.
mod cli;
