//! Rust: parameters, and the names that patterns bind.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::rust_expressions::expression;
use super::rust_macros::tokens_of;
use super::rust_types::{type_expr, type_path};
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, Source};
use tree_sitter::Node;

/// Binds the parameters of a function; whether it has a receiver.
pub(super) fn parameters(builder: &mut Builder, list: Node, inside: At) -> bool {
    let mut receiver = false;
    let mut position = 0;
    for parameter in children(list) {
        let own = match parameter.kind() {
            "self_parameter" => children(parameter).into_iter().find(|child| child.kind() == "self"),
            "parameter" => parameter.child_by_field_name("pattern").filter(|pattern| pattern.kind() == "self"),
            _ => None,
        };
        if let Some(own) = own {
            builder.bind(inside, span(own), Source::Receiver);
            if let Some(declared) = parameter.child_by_field_name("type") {
                type_expr(builder, declared, inside);
            }
            receiver = true;
        } else if !matches!(parameter.kind(), "attribute_item" | "variadic_parameter") {
            self::parameter(builder, parameter, position, inside);
            position += 1;
        }
    }
    receiver
}

/// Binds one parameter. A pattern is bound under its own text, and its names to parts of that.
pub(super) fn parameter(builder: &mut Builder, node: Node, position: u32, inside: At) {
    let (pattern, declared) = match node.kind() {
        "parameter" => (node.child_by_field_name("pattern"), node.child_by_field_name("type")),
        _ => (Some(node), None),
    };
    let Some(pattern) = pattern else { return };
    let source = match declared {
        Some(declared) => Source::Declared(type_expr(builder, declared, inside), None),
        None => Source::Parameter(position, None),
    };
    let name = plain_name(pattern).unwrap_or(pattern);
    builder.bind(inside, span(name), source);
    if name.kind() != "identifier" {
        let value = builder.expr(Expr::Name(span(name), inside.scope));
        self::pattern(builder, pattern, value, inside);
    }
}

/// The identifier that a pattern is, apart from `mut`, `ref` and `&`.
pub(super) fn plain_name(pattern: Node) -> Option<Node> {
    let mut pattern = pattern;
    for _ in 0..4 {
        match pattern.kind() {
            "identifier" => return Some(pattern),
            "mut_pattern" | "ref_pattern" | "reference_pattern" => {
                pattern = children(pattern).into_iter().find(|child| child.kind() != "mutable_specifier")?;
            }
            _ => return None,
        }
    }
    None
}

/// Binds the names of a pattern that matches `value`.
pub(super) fn pattern(builder: &mut Builder, node: Node, value: ExprId, at: At) {
    builder.deeper(|builder| pattern_here(builder, node, value, at));
}

fn pattern_here(builder: &mut Builder, node: Node, value: ExprId, at: At) {
    match node.kind() {
        // A name in capitals is a constant or a variant.
        "identifier" if builder.text(node).starts_with(char::is_uppercase) => {}
        "identifier" => builder.bind(at, span(node), Source::Value(value)),
        "mut_pattern" | "ref_pattern" | "reference_pattern" | "captured_pattern" | "match_pattern" => {
            for part in children(node) {
                if part.kind() != "mutable_specifier" && !is_condition(node, part) {
                    pattern(builder, part, value, at);
                }
            }
        }
        // All alternatives bind the same names.
        "or_pattern" => {
            for part in children(node).into_iter().rev() {
                pattern(builder, part, value, at);
            }
        }
        "tuple_pattern" => items(builder, children(node), value, at),
        "slice_pattern" => {
            let element = builder.expr(Expr::Element(value));
            for part in children(node) {
                pattern(builder, part, element, at);
            }
        }
        "tuple_struct_pattern" => {
            let Some(made_by) = node.child_by_field_name("type") else { return };
            let value = matched(builder, made_by, value, at);
            items(builder, children(node).into_iter().filter(|part| *part != made_by).collect(), value, at);
        }
        "struct_pattern" => {
            let Some(made_by) = node.child_by_field_name("type") else { return };
            let value = matched(builder, made_by, value, at);
            for part in children(node) {
                field_pattern(builder, part, value, at);
            }
        }
        "scoped_identifier" => {
            let path = type_path(builder, node, at);
            if let Expr::Path(owner, _) = builder.facts.expr(path) {
                super::rust_expressions::owner_site(builder, owner);
            }
        }
        "macro_invocation" => {
            tokens_of(builder, node, at);
        }
        "const_block" => {
            expression(builder, node, at);
        }
        _ => {}
    }
}

fn is_condition(node: Node, part: Node) -> bool {
    node.child_by_field_name("condition").is_some_and(|condition| condition == part)
}

fn items(builder: &mut Builder, parts: Vec<Node>, value: ExprId, at: At) {
    let mut known = true;
    for (part, position) in parts.into_iter().zip(0..) {
        // After `..` positions count from the end.
        known &= part.kind() != "remaining_field_pattern";
        let item = if known { builder.expr(Expr::Item(value, position)) } else { UNKNOWN };
        pattern(builder, part, item, at);
    }
}

fn matched(builder: &mut Builder, made_by: Node, value: ExprId, at: At) -> ExprId {
    let made_by = type_path(builder, made_by, at);
    builder.site(ReferenceKind::Type, made_by, 0);
    builder.expr(Expr::Matched(value, made_by))
}

fn field_pattern(builder: &mut Builder, node: Node, value: ExprId, at: At) {
    if node.kind() != "field_pattern" {
        return;
    }
    let Some(name) = node.child_by_field_name("name") else { return };
    let field = builder.expr(Expr::Attribute(value, span(name)));
    match node.child_by_field_name("pattern") {
        Some(inner) => pattern(builder, inner, field, at),
        None => builder.bind(at, span(name), Source::Value(field)),
    }
}
