//! Python: expressions, calls, comprehensions.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::python::{annotation, assignment, branch, parameters, target};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

pub(super) fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "attribute" => {
            let object = node.child_by_field_name("object").map_or(UNKNOWN, |object| expression(builder, object, at));
            let Some(name) = node.child_by_field_name("attribute") else { return UNKNOWN };
            builder.expr(Expr::Attribute(object, span(name)))
        }
        "call" => call(builder, node, at),
        "subscript" => {
            let object = node.child_by_field_name("value").map_or(UNKNOWN, |object| expression(builder, object, at));
            let items = children(node).into_iter().skip(1).map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(object, items))
        }
        "await" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            builder.expr(Expr::Await(value))
        }
        "parenthesized_expression" => children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at)),
        "assignment" => assignment(builder, node, at),
        "named_expression" => {
            let value = node.child_by_field_name("value").map_or(UNKNOWN, |value| expression(builder, value, at));
            if let Some(name) = node.child_by_field_name("name") {
                let scope = builder.around(at.scope, &[ScopeKind::Function, ScopeKind::Class]);
                builder.bind(At { scope, extent: at.extent }, span(name), Source::Value(value));
            }
            value
        }
        "as_pattern" => as_pattern(builder, node, at),
        "conditional_expression" => {
            let parts: Vec<ExprId> = children(node).into_iter().map(|part| expression(builder, part, at)).collect();
            match parts.as_slice() {
                [yes, _, no] => builder.expr(Expr::Either(*yes, *no)),
                _ => UNKNOWN,
            }
        }
        "boolean_operator" => {
            let parts = children(node).into_iter().map(|part| expression(builder, part, at)).collect();
            builder.either(parts)
        }
        "lambda" => {
            let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
            let inside = At { scope, extent: span(node) };
            if let Some(list) = node.child_by_field_name("parameters") {
                parameters(builder, list, false, false, inside, at);
            }
            let body = node.child_by_field_name("body").map_or(UNKNOWN, |body| expression(builder, body, inside));
            builder.facts.returns.push((scope, body));
            builder.expr(Expr::Scope(scope))
        }
        "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => {
            comprehension(builder, node, at)
        }
        "list" | "tuple" | "expression_list" | "set" => {
            let items = children(node).into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "yield" => {
            let function = builder.around(at.scope, &[ScopeKind::Function]);
            builder.scope_mut(function).flags.is_generator = true;
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            builder.facts.returns.push((function, value));
            UNKNOWN
        }
        "none" => builder.expr(Expr::Literal(Literal::Nothing)),
        "dictionary" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "string"
        | "integer"
        | "float"
        | "true"
        | "false"
        | "concatenated_string"
        | "comparison_operator"
        | "not_operator" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "keyword_argument" => node.child_by_field_name("value").map_or(UNKNOWN, |value| expression(builder, value, at)),
        "block" => {
            branch(builder, node, at);
            UNKNOWN
        }
        "type" => annotation(builder, node, at),
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    }
}

pub(super) fn rest(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        expression(builder, child, at);
    }
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(function) = node.child_by_field_name("function") else { return UNKNOWN };
    let arguments = node.child_by_field_name("arguments");
    if builder.text(function) == "super" {
        return builder.expr(Expr::Super(at.scope));
    }
    let callee = expression(builder, function, at);
    let nodes = match arguments {
        Some(arguments) if arguments.kind() == "argument_list" => children(arguments),
        Some(generator) => vec![generator],
        None => Vec::new(),
    };
    builder.site(ReferenceKind::Call, callee, nodes.len());
    let word = builder.text(function);
    let cast = matches!(word, "cast" | "t.cast" | "typing.cast") && nodes.len() == 2;
    let mut items = Vec::with_capacity(nodes.len());
    for (index, argument) in nodes.into_iter().enumerate() {
        if cast && index == 0 {
            items.push(annotation(builder, argument, at));
        } else {
            items.push(expression(builder, argument, at));
        }
    }
    if let (true, Some(declared)) = (cast, items.first()) {
        return builder.expr(Expr::Cast(*declared));
    }
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

/// `value as name`, in `with` and `except`.
fn as_pattern(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let Some(value) = parts.first().map(|value| expression(builder, *value, at)) else { return UNKNOWN };
    let caught = node.parent().is_some_and(|parent| parent.kind().starts_with("except"));
    let bound = match (caught, builder.facts.expr(value)) {
        (true, Expr::Sequence(items)) => {
            let items = builder.facts.list(items).to_vec();
            let either = builder.either(items);
            builder.expr(Expr::Cast(either))
        }
        (true, _) => builder.expr(Expr::Cast(value)),
        (false, _) => builder.expr(Expr::Enter(value)),
    };
    if let Some(alias) = node.child_by_field_name("alias") {
        target(builder, alias, bound, at);
    }
    value
}

fn comprehension(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
    let inside = At { scope, extent: span(node) };
    let parts = children(node);
    for part in parts.iter().skip(1) {
        if part.kind() != "for_in_clause" {
            expression(builder, *part, inside);
            continue;
        }
        let right = part.child_by_field_name("right").map_or(UNKNOWN, |right| expression(builder, right, inside));
        let element = builder.expr(Expr::Element(right));
        if let Some(left) = part.child_by_field_name("left") {
            target(builder, left, element, inside);
        }
    }
    let item = parts.first().map_or(UNKNOWN, |item| expression(builder, *item, inside));
    let items = builder.list(vec![item]);
    builder.expr(Expr::Sequence(items))
}
