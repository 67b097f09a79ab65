//! What names stand for: one visit of the tree that writes down scopes, bindings and expressions.
//!
//! The visit is recursive, because an expression's meaning is made of that of its parts; a depth limit keeps hostile
//! nesting from overflowing the stack. What lies deeper is left out.

mod builder;
mod python;
mod python_expressions;
mod types;
mod typescript;
mod typescript_modules;
mod typescript_types;

#[cfg(test)]
mod tests;

use super::entry::Language;
use builder::Builder;
use rag_core::bindings::Bindings;
use tree_sitter::Tree;

/// Whether there is a collector for the language.
pub fn has_bindings(language: &Language) -> bool {
    matches!(language.name, "python" | "typescript" | "tsx" | "javascript" | "jsx")
}

/// Collects the facts of a file; empty for languages without a collector.
pub fn bindings(language: &Language, tree: &Tree, text: &str) -> Bindings {
    let mut builder = Builder::new(text);
    match language.name {
        "python" => python::file(&mut builder, tree.root_node()),
        "typescript" | "tsx" | "javascript" | "jsx" => typescript::file(&mut builder, tree.root_node()),
        _ => return Bindings::default(),
    }
    builder.facts
}
