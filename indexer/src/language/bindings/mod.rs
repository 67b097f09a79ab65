//! What names stand for: one visit of the tree that writes down scopes, bindings and expressions.
//!
//! The visit is recursive, because an expression's meaning is made of that of its parts; a depth limit keeps hostile
//! nesting from overflowing the stack. What lies deeper is left out.

mod builder;
mod c;
mod c_declarations;
mod c_expressions;
mod c_types;
mod csharp;
mod csharp_expressions;
mod csharp_types;
mod go;
mod go_expressions;
mod go_types;
mod java;
mod java_expressions;
mod java_statements;
mod java_types;
mod kotlin;
mod kotlin_expressions;
mod kotlin_types;
mod php;
mod php_expressions;
mod python;
mod python_expressions;
mod ruby;
mod ruby_expressions;
mod rust;
mod rust_expressions;
mod rust_macros;
mod rust_patterns;
mod rust_types;
mod scala;
mod scala_expressions;
mod scala_types;
mod swift;
mod swift_expressions;
mod swift_types;
mod types;
mod typescript;
mod typescript_modules;
mod typescript_types;

#[cfg(test)]
mod tests;

use super::entry::Language;
use builder::Builder;
use rag_core::bindings::Bindings;
use tree_sitter::{Node, Tree};

/// Writes the facts of a tree down.
type Collector = fn(&mut Builder, Node);

/// What collects the facts of a language's files, if anything does.
fn collector(language: &Language) -> Option<Collector> {
    match language.name {
        "php" => Some(php::file),
        "python" => Some(python::file),
        "c" | "cpp" => Some(c::file),
        "go" => Some(go::file),
        "java" => Some(java::file),
        "csharp" => Some(csharp::file),
        "scala" => Some(scala::file),
        "swift" => Some(swift::file),
        "kotlin" => Some(kotlin::file),
        "typescript" | "javascript" => Some(typescript::file),
        "ruby" => Some(ruby::file),
        "rust" => Some(rust::file),
        _ => None,
    }
}

/// Collects the facts of a file; empty for languages without a collector.
pub fn bindings(language: &Language, tree: &Tree, text: &str) -> Bindings {
    let Some(collect) = collector(language) else { return Bindings::default() };
    let mut builder = Builder::new(text);
    collect(&mut builder, tree.root_node());
    builder.facts
}
