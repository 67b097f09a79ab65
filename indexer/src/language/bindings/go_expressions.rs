//! Go: expressions, calls, composite literals.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::go::{block, function};
use super::go_types::{annotation, is_named, is_type, named};
use rag_core::bindings::{Expr, ExprId, Literal};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" | "type_identifier" | "package_identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "selector_expression" => {
            let object = field(builder, node, "operand", at);
            let Some(name) = node.child_by_field_name("field") else { return UNKNOWN };
            builder.expr(Expr::Attribute(object, span(name)))
        }
        "qualified_type" => {
            let object = field(builder, node, "package", at);
            let Some(name) = node.child_by_field_name("name") else { return UNKNOWN };
            builder.expr(Expr::Attribute(object, span(name)))
        }
        "call_expression" => call(builder, node, at),
        "index_expression" => {
            let object = field(builder, node, "operand", at);
            let index = field(builder, node, "index", at);
            let items = builder.list(vec![index]);
            builder.expr(Expr::Index(object, items))
        }
        "type_instantiation_expression" | "generic_type" => {
            let object = field(builder, node, "type", at);
            let arguments =
                children(node).into_iter().skip(1).map(|argument| annotation(builder, argument, at)).collect();
            let arguments = builder.list(arguments);
            builder.expr(Expr::Index(object, arguments))
        }
        "parenthesized_expression" | "parenthesized_type" | "variadic_argument" => {
            children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at))
        }
        "slice_expression" => {
            let object = field(builder, node, "operand", at);
            for part in ["start", "end", "capacity"] {
                field(builder, node, part, at);
            }
            object
        }
        "unary_expression" => {
            let value = field(builder, node, "operand", at);
            match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                // A pointer has the members of what it points to.
                Some("&" | "*" | "-" | "+" | "^") => value,
                Some("<-") => builder.expr(Expr::Await(value)),
                _ => builder.expr(Expr::Literal(Literal::Builtin)),
            }
        }
        "binary_expression" => {
            let left = field(builder, node, "left", at);
            let right = field(builder, node, "right", at);
            let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
            match (operator, builder.facts.expr(left)) {
                ("==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||", _) => {
                    builder.expr(Expr::Literal(Literal::Builtin))
                }
                // A constant takes the type of the other side.
                (_, Expr::Literal(_)) => right,
                _ => left,
            }
        }
        "type_assertion_expression" => {
            field(builder, node, "operand", at);
            cast(builder, node, at)
        }
        // `f[T](x)` is read as a conversion, too.
        "type_conversion_expression" if written_generic(node).is_some() => {
            let callee =
                written_generic(node).map_or(UNKNOWN, |written| named(builder, written, ReferenceKind::Call, at));
            let value = field(builder, node, "operand", at);
            let items = builder.list(vec![value]);
            builder.expr(Expr::Call(callee, items))
        }
        "type_conversion_expression" => {
            field(builder, node, "operand", at);
            cast(builder, node, at)
        }
        "composite_literal" => composite(builder, node, at),
        "func_literal" => {
            let scope = function(builder, node, Span::default(), None, at);
            builder.expr(Expr::Scope(scope))
        }
        "nil" => builder.expr(Expr::Literal(Literal::Nothing)),
        "interpreted_string_literal"
        | "raw_string_literal"
        | "int_literal"
        | "float_literal"
        | "imaginary_literal"
        | "rune_literal"
        | "true"
        | "false"
        | "iota" => builder.expr(Expr::Literal(Literal::Builtin)),
        "block" => {
            block(builder, node, at);
            UNKNOWN
        }
        "ERROR" => {
            rest(builder, node, at);
            UNKNOWN
        }
        _ if is_type(node) => {
            let declared = annotation(builder, node, at);
            builder.expr(Expr::Cast(declared))
        }
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    }
}

fn written_generic(node: Node) -> Option<Node> {
    node.child_by_field_name("type").filter(|written| written.kind() == "generic_type")
}

fn cast(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let declared = node.child_by_field_name("type").map_or(UNKNOWN, |declared| annotation(builder, declared, at));
    builder.expr(Expr::Cast(declared))
}

pub(super) fn rest(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        expression(builder, child, at);
    }
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(function) = node.child_by_field_name("function") else { return UNKNOWN };
    let nodes = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    let word = builder.text(function);
    // `new(T)` and `make(T, …)`
    if let ("new" | "make", Some(first)) = (word, nodes.first())
        && is_type(*first)
    {
        let declared = annotation(builder, *first, at);
        for argument in nodes.into_iter().skip(1) {
            expression(builder, argument, at);
        }
        return builder.expr(Expr::Cast(declared));
    }
    let callee = expression(builder, function, at);
    if let Some(types) = node.child_by_field_name("type_arguments") {
        for argument in children(types) {
            annotation(builder, argument, at);
        }
    }
    builder.site(ReferenceKind::Call, callee, nodes.len());
    let mut items = Vec::with_capacity(nodes.len());
    for argument in nodes {
        items.push(expression(builder, argument, at));
    }
    if let ("append", Some(&first)) = (word, items.first()) {
        return first;
    }
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

/// `T{…}`: a value of the type.
fn composite(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let declared = match node.child_by_field_name("type") {
        Some(written) if is_named(written) => named(builder, written, ReferenceKind::Call, at),
        Some(written) => annotation(builder, written, at),
        None => UNKNOWN,
    };
    if let Some(body) = node.child_by_field_name("body") {
        elements(builder, body, at);
    }
    builder.expr(Expr::Cast(declared))
}

fn elements(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        builder.deeper(|builder| match child.kind() {
            "keyed_element" | "literal_element" | "literal_value" => elements(builder, child, at),
            _ => {
                expression(builder, child, at);
            }
        });
    }
}
