//! TypeScript and JavaScript: imports, exports, `require`.

use super::builder::{At, Builder, children, has_token, span};
use super::typescript::{expression, statement};
use rag_core::Span;
use rag_core::bindings::{Export, Source, Space};
use tree_sitter::Node;

/// The path of a module, without its quotes.
fn quoted(node: Node) -> Span {
    let range = node.byte_range();
    Span::new(range.start + 1..range.end.saturating_sub(1))
}

pub(super) fn import(builder: &mut Builder, node: Node, at: At) {
    let Some(module) = node.child_by_field_name("source").map(quoted) else { return };
    let mut bind = |name: Node, item: Span| {
        builder.bind_in(at, span(name), Source::Import { module, item }, Space::Both);
    };
    for clause in children(node).into_iter().filter(|child| child.kind() == "import_clause") {
        for part in children(clause) {
            match part.kind() {
                // The default import: its item is the name itself, marked by being the whole clause's first word.
                "identifier" => bind(part, default_item(part)),
                "namespace_import" => {
                    if let Some(name) = children(part).first() {
                        bind(*name, Span::default());
                    }
                }
                "named_imports" => {
                    for specifier in children(part) {
                        let Some(name) = specifier.child_by_field_name("name") else { continue };
                        bind(specifier.child_by_field_name("alias").unwrap_or(name), span(name));
                    }
                }
                _ => {}
            }
        }
    }
}

/// The item of a default import: an empty span that is not the empty span of a namespace.
fn default_item(name: Node) -> Span {
    let end = Span::new(name.byte_range()).end;
    Span { start: end, end }
}

pub(super) fn export(builder: &mut Builder, node: Node, at: At) {
    let module = node.child_by_field_name("source").map(quoted).unwrap_or_default();
    if let Some(declaration) = node.child_by_field_name("declaration") {
        if has_token(node, "default")
            && let Some(name) = declaration.child_by_field_name("name").map(span)
        {
            builder.facts.exports.push(Export { module, item: name, alias: default_alias(node) });
        }
        builder.deeper(|builder| statement(builder, declaration, at));
        return;
    }
    if let Some(value) = node.child_by_field_name("value") {
        let name = default_alias(node);
        if value.kind() == "identifier" {
            builder.facts.exports.push(Export { module, item: span(value), alias: name });
        }
        let value = expression(builder, value, at);
        builder.bind(at, name, Source::Value(value));
        return;
    }
    if !module.is_empty() && has_token(node, "*") {
        builder.facts.exports.push(Export { module, item: Span::default(), alias: Span::default() });
    }
    for clause in children(node) {
        match clause.kind() {
            "namespace_export" => {
                if let Some(name) = children(clause).first() {
                    builder.facts.exports.push(Export { module, item: Span::default(), alias: span(*name) });
                }
            }
            "export_clause" => {
                for specifier in children(clause) {
                    let Some(name) = specifier.child_by_field_name("name").map(span) else { continue };
                    let alias = specifier.child_by_field_name("alias").map_or(name, span);
                    builder.facts.exports.push(Export { module, item: name, alias });
                }
            }
            _ => {}
        }
    }
}

/// The word `default` of `export default`.
fn default_alias(node: Node) -> Span {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    while more {
        if cursor.node().kind() == "default" {
            return span(cursor.node());
        }
        more = cursor.goto_next_sibling();
    }
    Span::default()
}

/// The module of `require("module")`.
pub(super) fn required(builder: &Builder, node: Node) -> Option<Span> {
    let function = node.child_by_field_name("function")?;
    let argument = *children(node.child_by_field_name("arguments")?).first()?;
    (builder.text(function) == "require" && argument.kind() == "string").then(|| quoted(argument))
}

pub(super) fn require(builder: &mut Builder, name: Node, module: Span, at: At) {
    if name.kind() == "identifier" {
        let source = Source::Import { module, item: Span::default() };
        return builder.bind_in(at, span(name), source, Space::Both);
    }
    for part in children(name) {
        let (item, alias) = match part.kind() {
            "shorthand_property_identifier_pattern" => (part, part),
            "pair_pattern" => match (part.child_by_field_name("key"), part.child_by_field_name("value")) {
                (Some(key), Some(value)) => (key, value),
                _ => continue,
            },
            _ => continue,
        };
        builder.bind_in(at, span(alias), Source::Import { module, item: span(item) }, Space::Both);
    }
}
