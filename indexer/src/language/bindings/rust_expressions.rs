//! Rust: statements and expressions.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::rust::{item, path_attribute};
use super::rust_macros::{invocation, items_of};
use super::rust_patterns::{parameter, pattern, plain_name};
use super::rust_types::{type_arguments, type_expr, type_path};
use rag_core::bindings::{Expr, ExprId, List, Literal, ScopeId, ScopeKind, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// A block: a scope, whose value is that of its last expression.
pub(super) fn block(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
    let inside = At { scope, extent: span(node) };
    let mut value = UNKNOWN;
    let mut path = None;
    for child in children(node) {
        value = UNKNOWN;
        if child.kind() == "attribute_item" {
            path = path_attribute(builder, child);
            continue;
        }
        let path = path.take();
        value = builder.deeper(|builder| match child.kind() {
            "let_declaration" => declare(builder, child, inside),
            "label" => UNKNOWN,
            "macro_invocation" => items_of(builder, child, inside),
            "expression_statement" => statement(builder, child, inside),
            _ if item(builder, child, path, inside) => UNKNOWN,
            _ => expression(builder, child, inside),
        });
    }
    value
}

fn statement(builder: &mut Builder, node: Node, at: At) -> ExprId {
    if item(builder, node, None, at) {
        return UNKNOWN;
    }
    let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
    if has_token(node, ";") { UNKNOWN } else { value }
}

fn declare(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let declared = node.child_by_field_name("type").map(|declared| type_expr(builder, declared, at));
    let Some(left) = node.child_by_field_name("pattern") else { return UNKNOWN };
    let written = node.child_by_field_name("value");
    // The name holds from the end of the statement to the end of the block.
    let below = At { extent: Span { start: span(node).end, end: at.extent.end }, ..at };
    let name = plain_name(left).filter(|name| !builder.text(*name).starts_with(char::is_uppercase));
    if let (Some(written), Some(name), None) = (written, name, declared)
        && written.kind() == "closure_expression"
    {
        let scope = closure(builder, written, span(name), at);
        builder.bind(below, span(name), Source::Scope(scope));
        return UNKNOWN;
    }
    let value = written.map(|value| expression(builder, value, at));
    if let Some(otherwise) = node.child_by_field_name("alternative") {
        expression(builder, otherwise, at);
    }
    match (name, declared) {
        (Some(name), Some(declared)) => builder.bind(below, span(name), Source::Declared(declared, value)),
        (Some(name), None) => builder.bind(below, span(name), value.map_or(Source::Opaque, Source::Value)),
        (None, Some(declared)) => {
            let value = builder.expr(Expr::Cast(declared));
            pattern(builder, left, value, below);
        }
        (None, None) => pattern(builder, left, value.unwrap_or(UNKNOWN), below),
    }
    UNKNOWN
}

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn first(builder: &mut Builder, node: Node, at: At) -> ExprId {
    children(node).first().map_or(UNKNOWN, |inner| expression(builder, *inner, at))
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn rest(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        expression(builder, child, at);
    }
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" | "self" => builder.expr(Expr::Name(span(node), at.scope)),
        "scoped_identifier" => path(builder, node, at),
        "generic_function" => {
            let function = field(builder, node, "function", at);
            let types = node.child_by_field_name("type_arguments");
            let types = types.map(|types| type_arguments(builder, types, at)).unwrap_or_default();
            let types = builder.list(types);
            builder.expr(Expr::Index(function, types))
        }
        "field_expression" => {
            let object = field(builder, node, "value", at);
            let Some(name) = node.child_by_field_name("field") else { return UNKNOWN };
            builder.expr(Expr::Attribute(object, span(name)))
        }
        "call_expression" => call(builder, node, at),
        "struct_expression" => literal(builder, node, at),
        "macro_invocation" => invocation(builder, node, at),
        "try_expression" => {
            let value = first(builder, node, at);
            builder.expr(Expr::Try(value))
        }
        "await_expression" => {
            let value = first(builder, node, at);
            builder.expr(Expr::Await(value))
        }
        "parenthesized_expression" => first(builder, node, at),
        "reference_expression" => field(builder, node, "value", at),
        "unary_expression" => {
            let value = first(builder, node, at);
            let is_deref = |node: Node| node.kind() == "unary_expression" && has_token(node, "*");
            match children(node).first() {
                Some(inner) if is_deref(node) && is_deref(*inner) => builder.expr(Expr::Pointee(value)),
                _ if is_deref(node) => value,
                _ => builder.expr(Expr::Literal(Literal::Builtin)),
            }
        }
        "binary_expression" => binary(builder, node, at),
        "index_expression" => index(builder, node, at),
        "closure_expression" => {
            let scope = closure(builder, node, Span::default(), at);
            builder.expr(Expr::Scope(scope))
        }
        "async_block" => {
            let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
            builder.scope_mut(scope).flags.is_async = true;
            let value = first(builder, node, At { scope, ..at });
            builder.facts.returns.push((scope, value));
            let function = builder.expr(Expr::Scope(scope));
            builder.expr(Expr::Call(function, List::default()))
        }
        "block" => block(builder, node, at),
        "unsafe_block" => first(builder, node, at),
        "const_block" => field(builder, node, "body", at),
        "if_expression" | "while_expression" => branches(builder, node, at),
        "else_clause" => first(builder, node, at),
        "match_expression" => match_arms(builder, node, at),
        "for_expression" => {
            let value = field(builder, node, "value", at);
            let element = builder.expr(Expr::Element(value));
            let Some(body) = node.child_by_field_name("body") else { return UNKNOWN };
            if let Some(left) = node.child_by_field_name("pattern") {
                pattern(builder, left, element, At { extent: span(body), ..at });
            }
            block(builder, body, at);
            UNKNOWN
        }
        "tuple_expression" => {
            let items = children(node).into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Tuple(items))
        }
        "array_expression" => {
            let items = children(node).into_iter().filter(|item| item.kind() != "attribute_item").collect::<Vec<_>>();
            let mut items: Vec<ExprId> = items.into_iter().map(|item| expression(builder, item, at)).collect();
            if node.child_by_field_name("length").is_some() {
                items.truncate(1);
            }
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "type_cast_expression" => {
            field(builder, node, "value", at);
            let declared =
                node.child_by_field_name("type").map_or(UNKNOWN, |declared| type_expr(builder, declared, at));
            builder.expr(Expr::Cast(declared))
        }
        "unit_expression" => builder.expr(Expr::Literal(Literal::Nothing)),
        "range_expression" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "string_literal" | "raw_string_literal" | "char_literal" | "boolean_literal" | "integer_literal"
        | "float_literal" => builder.expr(Expr::Literal(Literal::Builtin)),
        "let_condition" => {
            condition(builder, node, at, at.extent);
            UNKNOWN
        }
        "label" | "attribute_item" | "metavariable" => UNKNOWN,
        "let_declaration" => declare(builder, node, at),
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    }
}

/// A path to a value. The type that owns it is used, too.
fn path(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let path = type_path(builder, node, at);
    if let Expr::Path(owner, _) = builder.facts.expr(path) {
        owner_site(builder, owner);
    }
    path
}

/// What stands before `::name` is used as a type if it looks like one.
pub(super) fn owner_site(builder: &mut Builder, owner: ExprId) {
    if let Expr::Name(name, _) | Expr::Path(_, name) = builder.facts.expr(owner) {
        let text = name.text(builder.text);
        if text.starts_with(char::is_uppercase) && text != "Self" {
            builder.site(ReferenceKind::Type, owner, 0);
        }
    }
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(function) = node.child_by_field_name("function") else { return UNKNOWN };
    let callee = expression(builder, function, at);
    let named = matches!(function.kind(), "identifier" | "scoped_identifier" | "field_expression" | "generic_function");
    let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    let arguments = arguments.into_iter().filter(|argument| argument.kind() != "attribute_item");
    let arguments: Vec<ExprId> = arguments.map(|argument| expression(builder, argument, at)).collect();
    // `(self.f)(x)` calls what a field holds, not a method.
    let callee = if named { callee } else { builder.expr(Expr::Either(callee, UNKNOWN)) };
    builder.site(ReferenceKind::Call, callee, arguments.len());
    let arguments = builder.list(arguments);
    builder.expr(Expr::Call(callee, arguments))
}

fn literal(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(name) = node.child_by_field_name("name") else { return UNKNOWN };
    let mut class = super::rust_types::typed(builder, name, at, ReferenceKind::Call);
    if builder.text(name) == "Self" {
        class = builder.expr(Expr::Name(span(name), at.scope));
        builder.site(ReferenceKind::Call, class, 0);
    }
    for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
        match part.kind() {
            "field_initializer" => {
                field(builder, part, "value", at);
            }
            "base_field_initializer" => rest(builder, part, at),
            _ => {}
        }
    }
    builder.expr(Expr::New(class, List::default()))
}

fn binary(builder: &mut Builder, node: Node, at: At) -> ExprId {
    field(builder, node, "left", at);
    field(builder, node, "right", at);
    let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
    let number = |side: &str| node.child_by_field_name(side).is_some_and(|side| side.kind().ends_with("_literal"));
    // Types can define what arithmetic on them gives.
    if matches!(operator, "+" | "-" | "*" | "/" | "%" | "|" | "&" | "^" | "<<" | ">>")
        && !number("left")
        && !number("right")
    {
        return UNKNOWN;
    }
    builder.expr(Expr::Literal(Literal::Builtin))
}

fn index(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let [object, position] = parts.as_slice() else {
        rest(builder, node, at);
        return UNKNOWN;
    };
    let value = expression(builder, *object, at);
    let at_position = expression(builder, *position, at);
    // A part of a sequence is a sequence.
    if position.kind() == "range_expression" {
        return value;
    }
    let items = builder.list(vec![at_position]);
    builder.expr(Expr::Index(value, items))
}

fn closure(builder: &mut Builder, node: Node, name: Span, at: At) -> ScopeId {
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let inside = At { scope, extent: span(node) };
    let flags = &mut builder.scope_mut(scope).flags;
    flags.is_async = has_token(node, "async");
    flags.is_static = true;
    let list = node.child_by_field_name("parameters").map(children).unwrap_or_default();
    for (part, position) in list.into_iter().zip(0..) {
        parameter(builder, part, position, inside);
    }
    if let Some(declared) = node.child_by_field_name("return_type") {
        let declared = type_expr(builder, declared, inside);
        builder.scope_mut(scope).returns = Some(declared);
    }
    let value = field(builder, node, "body", inside);
    builder.facts.returns.push((scope, value));
    scope
}

/// `if` and `while`: what the condition binds holds in the rest of it and in the block.
fn branches(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let body = node.child_by_field_name("consequence").or(node.child_by_field_name("body"));
    let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
    let inside = At { scope, extent: body.map_or(at.extent, |body| Span { end: span(body).end, ..span(node) }) };
    if let Some(test) = node.child_by_field_name("condition") {
        condition(builder, test, inside, inside.extent);
    }
    let yes = body.map_or(UNKNOWN, |body| expression(builder, body, inside));
    match node.child_by_field_name("alternative") {
        Some(otherwise) => {
            let no = expression(builder, otherwise, at);
            builder.expr(Expr::Either(yes, no))
        }
        None => UNKNOWN,
    }
}

fn condition(builder: &mut Builder, node: Node, at: At, region: Span) {
    match node.kind() {
        "let_chain" => {
            for part in children(node) {
                builder.deeper(|builder| condition(builder, part, at, region));
            }
        }
        "let_condition" => {
            let value = field(builder, node, "value", at);
            if let Some(left) = node.child_by_field_name("pattern") {
                let extent = Span { start: span(node).end, end: region.end.max(span(node).end) };
                pattern(builder, left, value, At { extent, ..at });
            }
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

fn match_arms(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let value = field(builder, node, "value", at);
    let mut results = Vec::new();
    for arm in node.child_by_field_name("body").map(children).unwrap_or_default() {
        if arm.kind() != "match_arm" {
            continue;
        }
        let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
        let inside = At { scope, extent: span(arm) };
        if let Some(left) = arm.child_by_field_name("pattern") {
            pattern(builder, left, value, inside);
            if let Some(test) = left.child_by_field_name("condition") {
                condition(builder, test, inside, inside.extent);
            }
        }
        results.push(field(builder, arm, "value", inside));
    }
    builder.either(results)
}
