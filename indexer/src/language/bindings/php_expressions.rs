//! PHP: expressions, calls, types.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::php::{class, function, last_name, parameters, statement, used, variable_name};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn part(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

/// Visits the parts of `node`, also those that could not be parsed.
pub(super) fn rest(builder: &mut Builder, node: Node, at: At) {
    let mut cursor = node.walk();
    let parts: Vec<Node> = node.named_children(&mut cursor).filter(|part| part.kind() != "comment").collect();
    for child in parts {
        builder.deeper(|builder| statement(builder, child, at));
    }
}

fn is_name(node: Node) -> bool {
    matches!(node.kind(), "name" | "qualified_name" | "relative_name")
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "variable_name" if builder.text(node) == "$this" => builder.expr(Expr::This(at.scope)),
        "variable_name" => builder.expr(Expr::Name(span(node), at.scope)),
        "member_access_expression" | "nullsafe_member_access_expression" => {
            let object = part(builder, node, "object", at);
            attribute(builder, node, object, at)
        }
        "member_call_expression" | "nullsafe_member_call_expression" => {
            let object = part(builder, node, "object", at);
            let callee = attribute(builder, node, object, at);
            called(builder, node, callee, at)
        }
        "scoped_call_expression" => {
            let of = scope(builder, node, at);
            let callee = match node.child_by_field_name("name") {
                Some(name) if name.kind() == "name" => builder.expr(Expr::Path(of, span(name))),
                Some(name) => {
                    expression(builder, name, at);
                    UNKNOWN
                }
                None => UNKNOWN,
            };
            called(builder, node, callee, at)
        }
        "class_constant_access_expression" => {
            let parts = children(node);
            let of = parts.first().map_or(UNKNOWN, |of| class_name(builder, *of, at));
            match parts.get(1) {
                Some(name) if name.kind() == "name" => builder.expr(Expr::Path(of, span(*name))),
                _ => UNKNOWN,
            }
        }
        "scoped_property_access_expression" => {
            let of = scope(builder, node, at);
            let name = node.child_by_field_name("name").filter(|name| name.kind() == "variable_name");
            name.map_or(UNKNOWN, |name| builder.expr(Expr::Path(of, variable_name(name))))
        }
        "object_creation_expression" => creation(builder, node, at),
        "function_call_expression" => {
            let Some(name) = node.child_by_field_name("function") else { return UNKNOWN };
            let callee = match name.kind() {
                _ if is_name(name) => builder.expr(Expr::Name(span(name), at.scope)),
                _ => expression(builder, name, at),
            };
            let (items, count) = arguments(builder, node.child_by_field_name("arguments"), at);
            if is_name(name) {
                used(builder, ReferenceKind::Call, callee, last_name(name), count);
            } else {
                builder.site(ReferenceKind::Call, callee, count);
            }
            let items = builder.list(items);
            builder.expr(Expr::Call(callee, items))
        }
        "assignment_expression" | "augmented_assignment_expression" => {
            let value = part(builder, node, "right", at);
            if let Some(left) = node.child_by_field_name("left") {
                assign(builder, left, value, at);
            }
            value
        }
        "reference_assignment_expression" => {
            let value = part(builder, node, "right", at);
            if let Some(left) = node.child_by_field_name("left") {
                assign(builder, left, value, at);
            }
            value
        }
        "parenthesized_expression" | "clone_expression" | "error_suppression_expression" | "argument" => {
            let inner = children(node).into_iter().next_back();
            inner.map_or(UNKNOWN, |inner| expression(builder, inner, at))
        }
        "conditional_expression" => {
            let condition = part(builder, node, "condition", at);
            let yes = node.child_by_field_name("body").map_or(condition, |yes| expression(builder, yes, at));
            let no = part(builder, node, "alternative", at);
            builder.expr(Expr::Either(yes, no))
        }
        "binary_expression" => binary(builder, node, at),
        "anonymous_function" | "anonymous_function_creation_expression" => {
            function(builder, node, Span::default(), at);
            UNKNOWN
        }
        "arrow_function" => {
            // It sees what is around it.
            let own = At { scope: builder.scope(ScopeKind::Block, at.scope, Span::default()), ..at };
            if let Some(list) = node.child_by_field_name("parameters") {
                parameters(builder, list, own);
            }
            if let Some(result) = node.child_by_field_name("return_type") {
                annotation(builder, result, own);
            }
            part(builder, node, "body", own);
            UNKNOWN
        }
        "named_type" | "optional_type" | "union_type" | "intersection_type" | "type_list" => {
            annotation(builder, node, at)
        }
        "attribute" => {
            if let Some(name) = children(node).first().copied().filter(|name| is_name(*name)) {
                class_name(builder, name, at);
            }
            arguments(builder, node.child_by_field_name("parameters"), at);
            UNKNOWN
        }
        "subscript_expression" => {
            let parts = children(node);
            let of = parts.first().map_or(UNKNOWN, |of| expression(builder, *of, at));
            for index in parts.iter().skip(1) {
                expression(builder, *index, at);
            }
            builder.expr(Expr::Element(of))
        }
        "string" | "encapsed_string" | "heredoc" | "nowdoc" | "integer" | "float" | "boolean" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "null" => builder.expr(Expr::Literal(Literal::Nothing)),
        "array_creation_expression" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        // A constant.
        "name" | "qualified_name" | "relative_name" => UNKNOWN,
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    }
}

fn attribute(builder: &mut Builder, node: Node, object: ExprId, at: At) -> ExprId {
    match node.child_by_field_name("name") {
        Some(name) if name.kind() == "name" => builder.expr(Expr::Attribute(object, span(name))),
        Some(name) => {
            expression(builder, name, at);
            UNKNOWN
        }
        None => UNKNOWN,
    }
}

fn called(builder: &mut Builder, node: Node, callee: ExprId, at: At) -> ExprId {
    let (items, count) = arguments(builder, node.child_by_field_name("arguments"), at);
    builder.site(ReferenceKind::Call, callee, count);
    if count == usize::from(u16::MAX) {
        return UNKNOWN;
    }
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

/// The class in front of `::`.
fn scope(builder: &mut Builder, node: Node, at: At) -> ExprId {
    node.child_by_field_name("scope").map_or(UNKNOWN, |of| class_name(builder, of, at))
}

fn class_name(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match builder.text(node) {
        "self" | "static" => return builder.expr(Expr::This(at.scope)),
        "parent" => return builder.expr(Expr::Super(at.scope)),
        _ => {}
    }
    if !is_name(node) {
        return expression(builder, node, at);
    }
    let found = builder.expr(Expr::Name(span(node), at.scope));
    used(builder, ReferenceKind::Type, found, last_name(node), 0);
    found
}

fn creation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let list = parts.iter().find(|part| part.kind() == "arguments").copied();
    let Some(of) = parts.into_iter().find(|part| part.kind() != "attribute_list") else { return UNKNOWN };
    if of.kind() == "anonymous_class" || of.kind() == "declaration_list" {
        arguments(builder, of.child_by_field_name("arguments").or(list), at);
        let scope = class(builder, if of.kind() == "anonymous_class" { of } else { node }, at);
        return builder.expr(Expr::Scope(scope));
    }
    let found = match builder.text(of) {
        "self" | "static" => builder.expr(Expr::This(at.scope)),
        "parent" => builder.expr(Expr::Super(at.scope)),
        _ if is_name(of) => builder.expr(Expr::Name(span(of), at.scope)),
        _ => {
            rest(builder, node, at);
            return UNKNOWN;
        }
    };
    let (items, count) = arguments(builder, list, at);
    if let Expr::Name(..) = builder.facts.expr(found) {
        used(builder, ReferenceKind::Call, found, last_name(of), count);
    }
    let items = builder.list(items);
    builder.expr(Expr::New(found, items))
}

/// The arguments of a call, and how many there are: more than can be counted if they are unpacked.
fn arguments(builder: &mut Builder, list: Option<Node>, at: At) -> (Vec<ExprId>, usize) {
    let nodes = list.map(children).unwrap_or_default();
    let unclear = |node: &Node| {
        node.kind() == "variadic_placeholder"
            || children(*node).iter().any(|part| part.kind() == "variadic_unpacking")
            || node.child_by_field_name("name").is_some()
    };
    let count = if nodes.iter().any(unclear) { usize::from(u16::MAX) } else { nodes.len() };
    (nodes.into_iter().map(|node| expression(builder, node, at)).collect(), count)
}

fn assign(builder: &mut Builder, left: Node, value: ExprId, at: At) {
    match left.kind() {
        "variable_name" => builder.bind(at, span(left), Source::Value(value)),
        "member_access_expression" => {
            let object = part(builder, left, "object", at);
            let name = left.child_by_field_name("name").filter(|name| name.kind() == "name");
            if let (Expr::This(_), Some(name)) = (builder.facts.expr(object), name) {
                let class = builder.around(at.scope, &[ScopeKind::Class]);
                builder.bind(At { scope: class, ..at }, span(name), Source::Value(value));
                if let Some(binding) = builder.facts.names.last_mut() {
                    binding.is_instance = true;
                }
            }
        }
        "list_literal" | "array_creation_expression" => {
            for part in children(left) {
                let target = children(part).into_iter().next_back().unwrap_or(part);
                match (part.kind(), target.kind()) {
                    ("variable_name", _) => builder.bind(at, span(part), Source::Opaque),
                    (_, "variable_name") => builder.bind(at, span(target), Source::Opaque),
                    _ => {
                        expression(builder, part, at);
                    }
                }
            }
        }
        _ => {
            expression(builder, left, at);
        }
    }
}

fn binary(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
    let left = part(builder, node, "left", at);
    let right = match node.child_by_field_name("right") {
        Some(right) if operator == "instanceof" && is_name(right) => class_name(builder, right, at),
        Some(right) => expression(builder, right, at),
        None => UNKNOWN,
    };
    match operator {
        "??" => builder.expr(Expr::Either(left, right)),
        _ => builder.expr(Expr::Literal(Literal::Builtin)),
    }
}

/// Reads a type.
pub(super) fn annotation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "named_type" => {
            let inner = children(node).first().copied();
            inner.map_or(UNKNOWN, |name| class_name(builder, name, at))
        }
        "union_type" | "type_list" => {
            let items = children(node).into_iter().map(|part| annotation(builder, part, at)).collect();
            builder.either(items)
        }
        "optional_type" | "intersection_type" | "disjunctive_normal_form_type" => {
            let items: Vec<ExprId> = children(node).into_iter().map(|part| annotation(builder, part, at)).collect();
            match items.as_slice() {
                [one] => *one,
                _ => UNKNOWN,
            }
        }
        "primitive_type" | "bottom_type" => match builder.text(node) {
            "mixed" | "object" => UNKNOWN,
            "null" | "void" => builder.expr(Expr::Literal(Literal::Nothing)),
            _ => builder.expr(Expr::Literal(Literal::Builtin)),
        },
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    })
}
