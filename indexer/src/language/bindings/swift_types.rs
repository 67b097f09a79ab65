//! Swift: types and type parameters.

use super::builder::{At, Builder, UNKNOWN, children, first_of, of_kinds, span};
use super::swift::attributes;
use rag_core::bindings::{Expr, ExprId, List, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn is_type(node: Node) -> bool {
    matches!(
        node.kind(),
        "user_type"
            | "optional_type"
            | "array_type"
            | "dictionary_type"
            | "function_type"
            | "tuple_type"
            | "opaque_type"
            | "existential_type"
            | "metatype"
            | "protocol_composition_type"
            | "bracket_qualified_type"
            | "suppressed_constraint"
            | "type_pack_expansion"
            | "type_parameter_pack"
    )
}

/// Binds type parameters; gives their names.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) -> List {
    let at = At { extent: builder.top().extent, ..at };
    let mut names = Vec::new();
    for parameter in
        of_kinds(node, &["type_parameters"]).into_iter().flat_map(|list| of_kinds(list, &["type_parameter"]))
    {
        let Some(name) = first_of(parameter, "type_identifier").map(span) else { continue };
        names.push(builder.expr(Expr::Name(name, at.scope)));
        let bound = children(parameter).into_iter().find(|part| is_type(*part));
        let bound = bound.map(|bound| annotation(builder, bound, at));
        builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
    }
    for constraint in of_kinds(node, &["type_constraints"]).into_iter().flat_map(children) {
        for part in children(constraint).into_iter().flat_map(children).filter(|part| is_type(*part)) {
            annotation(builder, part, at);
        }
    }
    builder.list(names)
}

/// A type.
pub(super) fn annotation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    named(builder, node, Some(ReferenceKind::Type), at)
}

/// A type that is used as `kind` says, if that is to be written down; its arguments are used as types.
pub(super) fn named(builder: &mut Builder, node: Node, kind: Option<ReferenceKind>, at: At) -> ExprId {
    builder.deeper(|builder| named_here(builder, node, kind, at))
}

fn named_here(builder: &mut Builder, node: Node, kind: Option<ReferenceKind>, at: At) -> ExprId {
    match node.kind() {
        "type_identifier" | "simple_identifier" => {
            let expr = builder.expr(Expr::Name(span(node), at.scope));
            if let Some(kind) = kind {
                builder.site(kind, expr, 0);
            }
            expr
        }
        "user_type" => {
            let parts = children(node);
            let last = parts.iter().rposition(|part| part.kind() == "type_identifier").unwrap_or(0);
            let mut found = UNKNOWN;
            for (place, part) in parts.into_iter().enumerate() {
                match part.kind() {
                    "type_identifier" if found == UNKNOWN => found = builder.expr(Expr::Name(span(part), at.scope)),
                    "type_identifier" => found = builder.expr(Expr::Attribute(found, span(part))),
                    "type_arguments" => {
                        let items = children(part).into_iter().map(|item| annotation(builder, item, at)).collect();
                        let items = builder.list(items);
                        found = builder.expr(Expr::Index(found, items));
                    }
                    _ => {}
                }
                match kind {
                    Some(kind) if place == last => builder.site(kind, found, 0),
                    Some(_) if place < last && part.kind() == "type_identifier" => {
                        builder.site(ReferenceKind::Type, found, 0)
                    }
                    _ => {}
                }
            }
            found
        }
        "optional_type"
        | "opaque_type"
        | "existential_type"
        | "metatype"
        | "suppressed_constraint"
        | "type_pack_expansion" => {
            let inner = children(node).into_iter().find(|part| is_type(*part));
            let found = inner.map_or(UNKNOWN, |inner| named(builder, inner, kind, at));
            if node.kind() == "metatype" { UNKNOWN } else { found }
        }
        "protocol_composition_type" => {
            let mut parts =
                children(node).into_iter().filter(|part| is_type(*part)).map(|part| annotation(builder, part, at));
            let first = parts.next().unwrap_or(UNKNOWN);
            let rest: Vec<ExprId> = parts.collect();
            rest.into_iter().fold(first, |a, b| builder.expr(Expr::Both(a, b)))
        }
        "array_type" => {
            let item = node.child_by_field_name("name").map_or(UNKNOWN, |item| annotation(builder, item, at));
            let items = builder.list(vec![item]);
            builder.expr(Expr::Sequence(items))
        }
        "tuple_type" => {
            let parts: Vec<Node> = of_kinds(node, &["tuple_type_item"]);
            let items: Vec<ExprId> = parts.into_iter().map(|part| item_type(builder, part, at)).collect();
            match items.as_slice() {
                [only] => *only,
                _ => {
                    let items = builder.list(items);
                    builder.expr(Expr::Tuple(items))
                }
            }
        }
        "function_type" => function_type(builder, node, at),
        _ => {
            for part in children(node).into_iter().filter(|part| is_type(*part)) {
                annotation(builder, part, at);
            }
            UNKNOWN
        }
    }
}

fn item_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    attributes(builder, node, at);
    let written = children(node).into_iter().find(|part| is_type(*part));
    written.map_or(UNKNOWN, |written| annotation(builder, written, at))
}

fn function_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    builder.scope_mut(scope).flags.is_signature = true;
    let own = At { scope, ..at };
    let list = node.child_by_field_name("params");
    for part in list.map(|list| of_kinds(list, &["tuple_type_item"])).unwrap_or_default() {
        let declared = item_type(builder, part, own);
        builder.bind_nameless(own, Source::Declared(declared, None), Space::Value);
    }
    let result = children(node).into_iter().rfind(|part| is_type(*part) && Some(*part) != list);
    let result = result.map(|result| annotation(builder, result, own));
    builder.scope_mut(scope).returns = result;
    builder.expr(Expr::Scope(scope))
}
