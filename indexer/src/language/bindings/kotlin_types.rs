//! Kotlin: types and type parameters.

use super::builder::{At, Builder, UNKNOWN, children, first_of, of_kinds, span};
use super::kotlin::modifiers;
use rag_core::bindings::{Expr, ExprId, List, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn is_type(node: Node) -> bool {
    matches!(
        node.kind(),
        "user_type" | "nullable_type" | "function_type" | "parenthesized_type" | "non_nullable_type" | "dynamic"
    )
}

/// Binds type parameters; gives their names.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) -> List {
    let at = At { extent: builder.top().extent, ..at };
    let mut names = Vec::new();
    for parameter in of_kinds(node, &["type_parameters"]).into_iter().flat_map(children) {
        let Some(name) = first_of(parameter, "identifier").map(span) else { continue };
        names.push(builder.expr(Expr::Name(name, at.scope)));
        let bound = children(parameter).into_iter().find(|part| is_type(*part));
        let bound = bound.map(|bound| annotation(builder, bound, at));
        builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
    }
    for constraint in of_kinds(node, &["type_constraints"]).into_iter().flat_map(children) {
        for bound in children(constraint).into_iter().filter(|part| is_type(*part)) {
            annotation(builder, bound, at);
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
        "user_type" => user_type(builder, node, kind, at),
        "nullable_type" | "parenthesized_type" | "non_nullable_type" => {
            modifiers(builder, node, at);
            let inner = children(node).into_iter().find(|part| is_type(*part));
            inner.map_or(UNKNOWN, |inner| named(builder, inner, kind, at))
        }
        "function_type" => function_type(builder, node, at),
        _ => UNKNOWN,
    }
}

fn user_type(builder: &mut Builder, node: Node, kind: Option<ReferenceKind>, at: At) -> ExprId {
    let parts = children(node);
    let last = parts.iter().rposition(|part| part.kind() == "identifier").unwrap_or(0);
    let mut found = UNKNOWN;
    for (place, part) in parts.into_iter().enumerate() {
        match part.kind() {
            "identifier" if found == UNKNOWN => found = builder.expr(Expr::Name(span(part), at.scope)),
            "identifier" => found = builder.expr(Expr::Attribute(found, span(part))),
            "type_arguments" => {
                let items = children(part).into_iter().map(|item| projection(builder, item, at)).collect();
                let items = builder.list(items);
                found = builder.expr(Expr::Index(found, items));
            }
            _ => modifiers(builder, node, at),
        }
        let capital = builder.text(part).starts_with(|c: char| c.is_uppercase());
        match kind {
            Some(kind) if place == last => builder.site(kind, found, 0),
            // In front of a class stands a class or a package.
            Some(_) if place < last && part.kind() == "identifier" && capital => {
                builder.site(ReferenceKind::Type, found, 0)
            }
            _ => {}
        }
    }
    found
}

fn projection(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let inner = children(node).into_iter().find(|part| is_type(*part));
    inner.map_or(UNKNOWN, |inner| annotation(builder, inner, at))
}

/// `Receiver.(Parameters) -> Result`: the receiver is the base of the scope.
fn function_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    builder.scope_mut(scope).flags.is_signature = true;
    let own = At { scope, ..at };
    let list = first_of(node, "function_type_parameters").map_or(0, |list| span(list).start);
    let (mut receiver, mut result) = (None, None);
    for part in children(node) {
        if part.kind() == "function_type_parameters" {
            for (position, parameter) in children(part).into_iter().enumerate() {
                let written = match is_type(parameter) {
                    true => Some(parameter),
                    false => children(parameter).into_iter().rfind(|part| is_type(*part)),
                };
                let declared = written.map_or(UNKNOWN, |written| annotation(builder, written, own));
                let source = if declared == UNKNOWN {
                    Source::Parameter(position as u32, None)
                } else {
                    Source::Declared(declared, None)
                };
                builder.bind_nameless(own, source, Space::Value);
            }
        } else if is_type(part) {
            let written = annotation(builder, part, own);
            match span(part).start < list {
                true => receiver = Some(written),
                false => result = Some(written),
            }
        }
    }
    let bases = receiver.map_or(List::default(), |receiver| builder.list(vec![receiver]));
    let declaration = builder.scope_mut(scope);
    declaration.bases = bases;
    declaration.returns = result;
    builder.expr(Expr::Scope(scope))
}
