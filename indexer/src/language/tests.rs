//! Tests of the language table, the rule files and the walk.

mod detection;
mod laws;
mod listing;
mod speed;
