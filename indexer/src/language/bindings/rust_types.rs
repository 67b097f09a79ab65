//! Rust: types, bounds, type parameters.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::rust_macros::tokens_of;
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source, Space};
use tree_sitter::Node;

/// A type; its names are used as types.
pub(super) fn type_expr(builder: &mut Builder, node: Node, at: At) -> ExprId {
    typed(builder, node, at, ReferenceKind::Type)
}

/// A type whose outermost name is used as `kind`. References and pointers are seen through: methods are, too.
pub(super) fn typed(builder: &mut Builder, node: Node, at: At, kind: ReferenceKind) -> ExprId {
    builder.deeper(|builder| typed_here(builder, node, at, kind))
}

fn typed_here(builder: &mut Builder, node: Node, at: At, kind: ReferenceKind) -> ExprId {
    let field = |name: &str| node.child_by_field_name(name);
    match node.kind() {
        "type_identifier" | "identifier" | "scoped_type_identifier" | "scoped_identifier" => {
            let expr = type_path(builder, node, at);
            if builder.text(node) != "Self" {
                builder.site(kind, expr, 0);
            }
            expr
        }
        "primitive_type" => builder.expr(Expr::Name(span(node), at.scope)),
        "generic_type" | "generic_type_with_turbofish" => {
            let base = field("type").map_or(UNKNOWN, |base| typed(builder, base, at, kind));
            let arguments = field("type_arguments").map(|list| type_arguments(builder, list, at)).unwrap_or_default();
            let arguments = builder.list(arguments);
            builder.expr(Expr::Index(base, arguments))
        }
        "reference_type" | "pointer_type" => field("type").map_or(UNKNOWN, |inner| typed(builder, inner, at, kind)),
        "dynamic_type" | "abstract_type" => field("trait").map_or(UNKNOWN, |inner| typed(builder, inner, at, kind)),
        "higher_ranked_trait_bound" => field("type").map_or(UNKNOWN, |inner| typed(builder, inner, at, kind)),
        "bounded_type" => {
            let parts = children(node).into_iter().filter(|part| !matches!(part.kind(), "lifetime" | "use_bounds"));
            let parts = parts.map(|part| typed(builder, part, at, kind)).collect();
            all(builder, parts)
        }
        "tuple_type" => {
            let items = children(node).into_iter().map(|item| type_expr(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Tuple(items))
        }
        "unit_type" => builder.expr(Expr::Literal(Literal::Nothing)),
        "array_type" => {
            let element = field("element").map_or(UNKNOWN, |element| type_expr(builder, element, at));
            let items = builder.list(vec![element]);
            builder.expr(Expr::Sequence(items))
        }
        "function_type" => function_type(builder, node, at),
        "qualified_type" => {
            let of = field("type").map_or(UNKNOWN, |of| type_expr(builder, of, at));
            let seen_as = field("alias").map_or(UNKNOWN, |seen_as| type_expr(builder, seen_as, at));
            builder.expr(Expr::Both(of, seen_as))
        }
        "bracketed_type" => children(node).first().map_or(UNKNOWN, |inner| type_expr(builder, *inner, at)),
        "macro_invocation" => {
            tokens_of(builder, node, at);
            UNKNOWN
        }
        _ => UNKNOWN,
    }
}

/// A path that ends in a type. Its parts are no uses of their own, unless they carry arguments.
pub(super) fn type_path(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "scoped_type_identifier" | "scoped_identifier" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return UNKNOWN };
            match node.child_by_field_name("path") {
                Some(path) => {
                    let path = type_path(builder, path, at);
                    builder.expr(Expr::Path(path, name))
                }
                None => builder.expr(Expr::Name(name, at.scope)),
            }
        }
        "generic_type" | "generic_type_with_turbofish" | "bracketed_type" => type_expr(builder, node, at),
        "metavariable" => UNKNOWN,
        _ => builder.expr(Expr::Name(span(node), at.scope)),
    })
}

/// The arguments of a generic type, without lifetimes; of `Item = T` the type.
pub(super) fn type_arguments(builder: &mut Builder, list: Node, at: At) -> Vec<ExprId> {
    let mut found = Vec::new();
    for argument in children(list) {
        match argument.kind() {
            "lifetime" => {}
            "type_binding" => {
                let of = argument.child_by_field_name("type");
                found.push(of.map_or(UNKNOWN, |of| type_expr(builder, of, at)));
            }
            _ => found.push(type_expr(builder, argument, at)),
        }
    }
    found
}

/// `fn(A) -> B` and `Fn(A) -> B`: a function without a body.
fn function_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Default::default());
    let inside = At { scope, ..at };
    builder.scope_mut(scope).flags.is_signature = true;
    for parameter in node.child_by_field_name("parameters").map(children).unwrap_or_default() {
        let of = if parameter.kind() == "parameter" { parameter.child_by_field_name("type") } else { Some(parameter) };
        let Some(of) = of else { continue };
        let declared = type_expr(builder, of, inside);
        builder.bind(inside, span(of), Source::Declared(declared, None));
    }
    let returns = match node.child_by_field_name("return_type") {
        Some(returns) => type_expr(builder, returns, inside),
        None => builder.expr(Expr::Literal(Literal::Nothing)),
    };
    builder.scope_mut(scope).returns = Some(returns);
    builder.expr(Expr::Scope(scope))
}

/// Everything at once: `A + B`.
pub(super) fn all(builder: &mut Builder, mut parts: Vec<ExprId>) -> ExprId {
    let Some(mut result) = parts.pop() else { return UNKNOWN };
    while let Some(part) = parts.pop() {
        result = builder.expr(Expr::Both(part, result));
    }
    result
}

/// The traits of a list of bounds.
pub(super) fn bounds(builder: &mut Builder, list: Node, at: At, kind: ReferenceKind) -> Vec<ExprId> {
    let parts = children(list).into_iter().filter(|part| !matches!(part.kind(), "lifetime" | "removed_trait_bound"));
    parts.map(|part| typed(builder, part, at, kind)).collect()
}

/// Binds the type parameters of a definition, and its constant ones; lifetimes have no types.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let mut found = Vec::new();
    for parameter in node.child_by_field_name("type_parameters").map(children).unwrap_or_default() {
        let Some(name) = parameter.child_by_field_name("name").map(span) else { continue };
        match parameter.kind() {
            "type_parameter" => {
                let bound = parameter.child_by_field_name("bounds").map(|list| {
                    let parts = bounds(builder, list, at, ReferenceKind::Type);
                    all(builder, parts)
                });
                if let Some(default) = parameter.child_by_field_name("default_type") {
                    type_expr(builder, default, at);
                }
                builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
            }
            "const_parameter" => {
                let declared = parameter.child_by_field_name("type").map(|declared| type_expr(builder, declared, at));
                let value = builder.expr(Expr::Cast(declared.unwrap_or(UNKNOWN)));
                builder.bind(at, name, Source::Value(value));
            }
            _ => continue,
        }
        found.push(builder.expr(Expr::Name(name, at.scope)));
    }
    found
}

/// Bounds that are written apart: each binds its type parameter once more.
pub(super) fn where_clause(builder: &mut Builder, node: Node, at: At) {
    for predicate in children(node) {
        let Some(left) = predicate.child_by_field_name("left") else { continue };
        let parts = predicate.child_by_field_name("bounds");
        let parts = parts.map(|list| bounds(builder, list, at, ReferenceKind::Type)).unwrap_or_default();
        if left.kind() == "type_identifier" && builder.text(left) != "Self" {
            let bound = all(builder, parts);
            builder.bind_in(at, span(left), Source::TypeParameter(Some(bound)), Space::Type);
        } else {
            type_expr(builder, left, at);
        }
    }
}
