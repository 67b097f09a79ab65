//! Concepts: what documents are about and what they mention, and walks from one to another.
//!
//! A question often needs two passages of which only one resembles it: the other is about something that the first one
//! names. Headings say what a passage is about, capitalised phrases what it mentions; together they make a graph of
//! passages and concepts, and a random walk that starts at the hits and at what the question names ends where both
//! lead to. No language model takes part.

mod graph;
mod phrases;

pub(crate) use graph::{ConceptGraph, Seed};
pub use phrases::for_each_name;
pub(crate) use phrases::{concepts_of_query, concepts_of_text};

/// A concept: hash of its name in lower case. The lowest bit says whether the passage is *about* it.
pub(crate) type Concept = u64;

/// Whether the passage that the concept was taken from is about it, and does not only mention it.
pub(crate) const ABOUT: u64 = 1;
