//! C and C++: expressions and calls.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::c::{block, parts, visit};
use super::c_declarations::parameters;
use super::c_types::{annotation, named, pointer};
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn part(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn rest(builder: &mut Builder, node: Node, at: At) -> ExprId {
    for child in parts(node) {
        builder.deeper(|builder| visit(builder, child, at));
    }
    UNKNOWN
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" | "field_identifier" | "namespace_identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "type_identifier" | "template_type" => annotation(builder, node, at),
        "qualified_identifier" | "template_function" | "dependent_name" => named(builder, node, at),
        "this" => builder.expr(Expr::This(at.scope)),
        "call_expression" => call(builder, node, at),
        "field_expression" => {
            let object = part(builder, node, "argument", at);
            let arrow = node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "->");
            let object = if arrow { builder.expr(Expr::Pointee(object)) } else { object };
            let Some(name) = node.child_by_field_name("field") else { return UNKNOWN };
            member(builder, object, name, at)
        }
        "subscript_expression" => {
            let object = part(builder, node, "argument", at);
            let index = node.child_by_field_name("indices").or(node.child_by_field_name("index"));
            if let Some(index) = index {
                expression(builder, index, at);
            }
            let items = builder.list(Vec::new());
            builder.expr(Expr::Index(object, items))
        }
        "pointer_expression" => {
            let value = part(builder, node, "argument", at);
            match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                Some("*") => builder.expr(Expr::Pointee(value)),
                _ => {
                    let items = builder.list(vec![value]);
                    builder.expr(Expr::Sequence(items))
                }
            }
        }
        "parenthesized_expression" => match children(node).as_slice() {
            [one] => expression(builder, *one, at),
            _ => rest(builder, node, at),
        },
        "comma_expression" => {
            part(builder, node, "left", at);
            part(builder, node, "right", at)
        }
        "assignment_expression" => {
            let left = part(builder, node, "left", at);
            part(builder, node, "right", at);
            left
        }
        "binary_expression" | "unary_expression" | "update_expression" | "delete_expression" => {
            rest(builder, node, at);
            UNKNOWN
        }
        "conditional_expression" => {
            part(builder, node, "condition", at);
            let yes = part(builder, node, "consequence", at);
            let no = part(builder, node, "alternative", at);
            builder.expr(Expr::Either(yes, no))
        }
        "cast_expression" => {
            let declared = cast_type(builder, node, at);
            part(builder, node, "value", at);
            builder.expr(Expr::Cast(declared))
        }
        "compound_literal_expression" => {
            let declared = cast_type(builder, node, at);
            let count = node.child_by_field_name("value").map_or(0, |value| argument_list(builder, value, at).1);
            builder.site(ReferenceKind::Call, declared, count);
            builder.expr(Expr::Cast(declared))
        }
        "new_expression" => {
            let declared = cast_type(builder, node, at);
            if let Some(placement) = node.child_by_field_name("placement") {
                argument_list(builder, placement, at);
            }
            let count = node.child_by_field_name("arguments").map_or(0, |list| argument_list(builder, list, at).1);
            let array = node.child_by_field_name("declarator");
            if let Some(array) = array {
                rest(builder, array, at);
            }
            builder.site(ReferenceKind::Call, declared, count);
            let declared = pointer(builder, declared);
            builder.expr(Expr::Cast(declared))
        }
        "lambda_expression" => lambda(builder, node, at),
        "string_literal"
        | "raw_string_literal"
        | "concatenated_string"
        | "number_literal"
        | "char_literal"
        | "true"
        | "false"
        | "null"
        | "nullptr" => builder.expr(Expr::Literal(Literal::Builtin)),
        "sizeof_expression" | "alignof_expression" => {
            if let Some(declared) = node.child_by_field_name("type") {
                annotation(builder, declared, at);
            }
            part(builder, node, "value", at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "type_descriptor" | "primitive_type" | "sized_type_specifier" => annotation(builder, node, at),
        _ => rest(builder, node, at),
    }
}

fn cast_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    node.child_by_field_name("type").map_or(UNKNOWN, |declared| annotation(builder, declared, at))
}

/// `object.name`, where the name may have a base (`object.Base::name`) or arguments.
fn member(builder: &mut Builder, object: ExprId, name: Node, at: At) -> ExprId {
    match name.kind() {
        "template_method" | "dependent_name" => {
            let inner = name.child_by_field_name("name").or_else(|| children(name).into_iter().next());
            if let Some(list) = name.child_by_field_name("arguments") {
                for argument in children(list) {
                    annotation(builder, argument, at);
                }
            }
            inner.map_or(UNKNOWN, |inner| builder.deeper(|builder| member(builder, object, inner, at)))
        }
        "qualified_identifier" => named(builder, name, at),
        _ => builder.expr(Expr::Attribute(object, span(name))),
    }
}

/// Visits arguments: what they are, and how many a call is given. More than can be counted if they cannot be told apart.
pub(super) fn argument_list(builder: &mut Builder, list: Node, at: At) -> (Vec<ExprId>, usize) {
    let nodes = children(list);
    let unclear = |node: &Node| {
        matches!(
            node.kind(),
            "parameter_pack_expansion" | "ERROR" | "preproc_ifdef" | "preproc_if" | "compound_statement"
        )
    };
    let count = if nodes.iter().any(unclear) { usize::from(u16::MAX) } else { nodes.len() };
    let items = nodes.into_iter().map(|node| expression(builder, node, at)).collect();
    (items, count)
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let (Some(function), Some(list)) = (node.child_by_field_name("function"), node.child_by_field_name("arguments"))
    else {
        return rest(builder, node, at);
    };
    if function.kind() == "template_function"
        && let Some(word) = function.child_by_field_name("name")
        && matches!(builder.text(word), "static_cast" | "dynamic_cast" | "reinterpret_cast" | "const_cast")
    {
        let types = function.child_by_field_name("arguments").map(children).unwrap_or_default();
        let declared = types.first().map_or(UNKNOWN, |declared| annotation(builder, *declared, at));
        argument_list(builder, list, at);
        return builder.expr(Expr::Cast(declared));
    }
    // `(f)(x)` and `(*f)(x)` call `f`.
    let mut inner = function;
    while let ("parenthesized_expression" | "pointer_expression", Some(next)) =
        (inner.kind(), children(inner).into_iter().next_back())
    {
        inner = next;
    }
    let callee = match inner.kind() {
        "identifier" => expression(builder, inner, at),
        _ => expression(builder, function, at),
    };
    let (items, count) = argument_list(builder, list, at);
    builder.site(ReferenceKind::Call, callee, count);
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

fn lambda(builder: &mut Builder, node: Node, at: At) -> ExprId {
    if let Some(captures) = node.child_by_field_name("captures") {
        rest(builder, captures, at);
    }
    let scope = builder.scope(ScopeKind::Function, at.scope, rag_core::Span::default());
    let own = At { scope, ..at };
    if let Some(list) = node.child_by_field_name("declarator").and_then(|part| part.child_by_field_name("parameters")) {
        parameters(builder, list, own);
    }
    if let Some(body) = node.child_by_field_name("body") {
        let inside = block(builder, own);
        builder.deeper(|builder| visit(builder, body, inside));
    }
    builder.expr(Expr::Scope(scope))
}
