//! Named points at which a test kills the process, to prove that no moment is a bad one.
//!
//! Compiled away in release builds. In a debug build `COGO_CRASH_AT=name` makes the process
//! die at that point as if by `kill -9`: no destructor runs, nothing is flushed.

/// Every crash point, in the order in which a commit passes them.
pub const POINTS: [&str; 6] = [
    "generation-created",
    "segments-written",
    "catalog-written",
    "manifest-written",
    "current-written",
    "current-renamed",
];

/// Every crash point of adding vectors to a [`VectorStore`](super::VectorStore).
pub const VECTOR_POINTS: [&str; 3] = ["vectors-written", "vectors-renamed", "vectors-merged"];

/// Dies here if the environment says so.
#[inline]
pub fn point(name: &str) {
    debug_assert!(POINTS.contains(&name) || VECTOR_POINTS.contains(&name), "unknown crash point {name}");
    #[cfg(debug_assertions)]
    if std::env::var_os("COGO_CRASH_AT").is_some_and(|at| at == name) {
        std::process::abort();
    }
}
