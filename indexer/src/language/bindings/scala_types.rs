//! Scala: types and type parameters.

use super::builder::{At, Builder, UNKNOWN, children, first_of, of_kinds, span};
use rag_core::bindings::{Expr, ExprId, List, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Binds type parameters; gives their names.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) -> List {
    let at = At { extent: builder.top().extent, ..at };
    let mut names = Vec::new();
    for list in of_kinds(node, &["type_parameters"]) {
        bind_parameters(builder, list, &mut names, at);
    }
    builder.list(names)
}

fn bind_parameters(builder: &mut Builder, list: Node, names: &mut Vec<ExprId>, at: At) {
    let mut name: Option<Span> = None;
    let mut bound = None;
    let mut cursor = list.walk();
    let parts: Vec<Node> = list.children(&mut cursor).collect();
    for part in parts {
        match part.kind() {
            "identifier" => name = Some(span(part)),
            "upper_bound" | "context_bound" | "lower_bound" | "view_bound" => {
                let written = part.child_by_field_name("type").map(|written| annotation(builder, written, at));
                if part.kind() == "upper_bound" {
                    bound = written;
                }
            }
            "covariant_type_parameter" | "contravariant_type_parameter" => {
                builder.deeper(|builder| bind_parameters(builder, part, names, at));
            }
            "," => {
                bind(builder, name.take(), bound.take(), names, at);
            }
            _ => {}
        }
    }
    bind(builder, name, bound, names, at);
}

fn bind(builder: &mut Builder, name: Option<Span>, bound: Option<ExprId>, names: &mut Vec<ExprId>, at: At) {
    if let Some(name) = name {
        names.push(builder.expr(Expr::Name(name, at.scope)));
        builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
    }
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
        "type_identifier" | "identifier" => {
            let expr = builder.expr(Expr::Name(span(node), at.scope));
            if let Some(kind) = kind {
                builder.site(kind, expr, 0);
            }
            expr
        }
        "stable_type_identifier" | "stable_identifier" => {
            let mut found = UNKNOWN;
            for part in children(node) {
                found = match part.kind() {
                    "stable_identifier" => builder.deeper(|builder| named(builder, part, None, at)),
                    _ if found == UNKNOWN => builder.expr(Expr::Name(span(part), at.scope)),
                    _ => builder.expr(Expr::Attribute(found, span(part))),
                };
            }
            if let Some(kind) = kind {
                builder.site(kind, found, 0);
            }
            found
        }
        "generic_type" => {
            let base = node.child_by_field_name("type").map_or(UNKNOWN, |base| named(builder, base, kind, at));
            let list = node.child_by_field_name("type_arguments").map(children).unwrap_or_default();
            let items = list.into_iter().map(|item| annotation(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        "projected_type" => {
            let outer = node.child_by_field_name("type").map_or(UNKNOWN, |outer| annotation(builder, outer, at));
            match node.child_by_field_name("selector") {
                Some(name) => builder.expr(Expr::Attribute(outer, span(name))),
                None => UNKNOWN,
            }
        }
        "lazy_parameter_type"
        | "annotated_type"
        | "applied_constructor_type"
        | "existential_type"
        | "capturing_type" => {
            let inner = node.child_by_field_name("type").or_else(|| children(node).into_iter().next());
            for arguments in of_kinds(node, &["arguments"]) {
                super::scala_expressions::arguments(builder, arguments, at);
            }
            inner.map_or(UNKNOWN, |inner| named(builder, inner, kind, at))
        }
        "repeated_parameter_type" => {
            node.child_by_field_name("type").map_or(UNKNOWN, |item| annotation(builder, item, at))
        }
        "compound_type" => {
            let mut parts = children(node)
                .into_iter()
                .filter(|part| part.kind() != "refinement")
                .map(|part| annotation(builder, part, at));
            let first = parts.next().unwrap_or(UNKNOWN);
            let rest: Vec<ExprId> = parts.collect();
            rest.into_iter().fold(first, |a, b| builder.expr(Expr::Both(a, b)))
        }
        "infix_type" => {
            let left = node.child_by_field_name("left").map_or(UNKNOWN, |left| annotation(builder, left, at));
            let right = node.child_by_field_name("right").map_or(UNKNOWN, |right| annotation(builder, right, at));
            match node.child_by_field_name("operator").map(|operator| builder.text(operator)) {
                Some("|") => builder.expr(Expr::Either(left, right)),
                Some("&") => builder.expr(Expr::Both(left, right)),
                _ => UNKNOWN,
            }
        }
        "tuple_type" => {
            let items = children(node).into_iter().map(|item| annotation(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Tuple(items))
        }
        "function_type" => {
            let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
            builder.scope_mut(scope).flags.is_signature = true;
            let own = At { scope, ..at };
            for parameter in of_kinds(node, &["parameter_types"]).into_iter().flat_map(children) {
                let declared = annotation(builder, parameter, own);
                builder.bind_nameless(own, Source::Declared(declared, None), Space::Value);
            }
            let result = node.child_by_field_name("return_type").map(|result| annotation(builder, result, own));
            builder.scope_mut(scope).returns = result;
            builder.expr(Expr::Scope(scope))
        }
        "singleton_type" => match first_of(node, "identifier") {
            Some(name) if builder.text(name) == "this" => builder.expr(Expr::This(at.scope)),
            Some(name) => {
                let value = builder.expr(Expr::Name(span(name), at.scope));
                builder.expr(Expr::TypeOf(value))
            }
            None => UNKNOWN,
        },
        "wildcard" | "arguments" | "refinement" => UNKNOWN,
        _ => {
            for part in children(node) {
                if part.kind().contains("type") {
                    annotation(builder, part, at);
                }
            }
            UNKNOWN
        }
    }
}
