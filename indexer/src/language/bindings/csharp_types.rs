//! C#: types and type parameters.

use super::builder::{At, Builder, UNKNOWN, children, first_of, of_kinds, span};
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, List, Literal, Source, Space};
use tree_sitter::Node;

/// Whether a type is written, not `var`.
pub(super) fn is_type(node: Node) -> bool {
    node.kind() != "implicit_type"
}

/// Binds type parameters; gives their names.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) -> List {
    let at = At { extent: builder.top().extent, ..at };
    let mut names = Vec::new();
    let clauses = of_kinds(node, &["type_parameter_constraints_clause"]);
    let parameters = of_kinds(node, &["type_parameter_list"]).into_iter().flat_map(children);
    for parameter in parameters {
        let Some(name) = parameter.child_by_field_name("name").map(span) else { continue };
        names.push(builder.expr(Expr::Name(name, at.scope)));
        let mut bound = None;
        for clause in &clauses {
            if first_of(*clause, "identifier").is_none_or(|own| builder.text(own) != name.text(builder.text)) {
                continue;
            }
            for constraint in of_kinds(*clause, &["type_parameter_constraint"]) {
                if let Some(written) = constraint.child_by_field_name("type") {
                    let written = annotation(builder, written, at);
                    bound = Some(bound.map_or(written, |bound| builder.expr(Expr::Both(bound, written))));
                }
            }
        }
        builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
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
    let used = |builder: &mut Builder, expr: ExprId| {
        if let Some(kind) = kind {
            builder.site(kind, expr, 0);
        }
        expr
    };
    match node.kind() {
        "identifier" => {
            let expr = builder.expr(Expr::Name(span(node), at.scope));
            used(builder, expr)
        }
        "generic_name" => {
            let name = first_of(node, "identifier").map(span).unwrap_or_default();
            let base = builder.expr(Expr::Name(name, at.scope));
            let expr = with_arguments(builder, node, base, at);
            used(builder, expr)
        }
        "qualified_name" | "alias_qualified_name" => {
            let Some(name) = node.child_by_field_name("name") else { return UNKNOWN };
            let last = first_of(name, "identifier").unwrap_or(name);
            let base = match node.child_by_field_name("qualifier") {
                Some(qualifier) => {
                    let outer = named(builder, qualifier, None, at);
                    builder.expr(Expr::Attribute(outer, span(last)))
                }
                None => builder.expr(Expr::Name(span(last), at.scope)),
            };
            let expr = if name.kind() == "generic_name" { with_arguments(builder, name, base, at) } else { base };
            used(builder, expr)
        }
        "nullable_type" | "ref_type" | "scoped_type" | "pointer_type" => {
            node.child_by_field_name("type").map_or(UNKNOWN, |inner| named(builder, inner, kind, at))
        }
        "array_type" => {
            let item = node.child_by_field_name("type").map_or(UNKNOWN, |item| annotation(builder, item, at));
            let items = builder.list(vec![item]);
            builder.expr(Expr::Sequence(items))
        }
        "tuple_type" => {
            let parts = children(node).into_iter().filter_map(|part| part.child_by_field_name("type"));
            let parts: Vec<ExprId> = parts.map(|part| annotation(builder, part, at)).collect();
            super::csharp::tuple(builder, parts)
        }
        "predefined_type" => match builder.text(node) {
            "void" => builder.expr(Expr::Literal(Literal::Nothing)),
            _ => builder.expr(Expr::Literal(Literal::Written(span(node)))),
        },
        _ => UNKNOWN,
    }
}

fn with_arguments(builder: &mut Builder, node: Node, base: ExprId, at: At) -> ExprId {
    let lists = of_kinds(node, &["type_argument_list"]);
    let items = lists.into_iter().flat_map(children).map(|item| annotation(builder, item, at)).collect();
    let items = builder.list(items);
    builder.expr(Expr::Index(base, items))
}
