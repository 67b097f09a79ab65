//! What linking finds: edges from uses to definitions.

use rag_core::{ReferenceKind, Span};

/// How sure an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Scopes, imports and types leave this definition only.
    Proven,
    /// One of these definitions, or none.
    Possible,
    /// Defined outside of the repository.
    External,
    /// Nothing is known.
    Unresolved,
}

/// A definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Index of its file among the linked files.
    pub file: u32,
    /// The defined name.
    pub name: Span,
    /// Index among the file's symbols, if it is one.
    pub symbol: Option<u32>,
}

/// A use of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of the file among the linked files.
    pub file: u32,
    /// The used name.
    pub site: Span,
    /// How it is used.
    pub kind: ReferenceKind,
    /// Index of the innermost symbol around the use.
    pub enclosing: Option<u32>,
    /// How sure we are.
    pub tier: Tier,
    /// The definition; of a proven edge several if it is defined in parts (overloads), of a possible edge all candidates.
    pub targets: Vec<Target>,
    /// How many definitions share the name of an unresolved use, if these are too many to be candidates; else 0.
    pub shared_by: u32,
}
