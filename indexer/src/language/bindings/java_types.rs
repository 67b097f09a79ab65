//! Java: types, type parameters, parameters.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::java::{dimensions, modifiers, use_annotation};
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, List, Literal, Source, Space};
use tree_sitter::Node;

/// Binds type parameters; gives their names.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) -> List {
    let Some(list) = node.child_by_field_name("type_parameters") else { return List::default() };
    let at = At { extent: builder.top().extent, ..at };
    let mut names = Vec::new();
    let parameters: Vec<Node> = children(list);
    for parameter in &parameters {
        let Some(name) = children(*parameter).into_iter().find(|part| part.kind() == "type_identifier").map(span)
        else {
            continue;
        };
        names.push(builder.expr(Expr::Name(name, at.scope)));
        let bound = children(*parameter).into_iter().find(|part| part.kind() == "type_bound");
        let bounds: Vec<ExprId> =
            bound.map(children).unwrap_or_default().into_iter().map(|bound| annotation(builder, bound, at)).collect();
        let bound = bounds.into_iter().reduce(|a, b| builder.expr(Expr::Both(a, b)));
        builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
    }
    builder.list(names)
}

/// Binds the parameters of a function, whose scope `at` is.
pub(super) fn parameters(builder: &mut Builder, list: Node, at: At) {
    for parameter in children(list) {
        match parameter.kind() {
            "formal_parameter" => {
                modifiers(builder, parameter, at);
                let Some(written) = parameter.child_by_field_name("type") else { continue };
                let declared = annotation(builder, written, at);
                let declared = dimensions(builder, parameter, declared);
                if let Some(name) = parameter.child_by_field_name("name") {
                    builder.bind(at, span(name), Source::Declared(declared, None));
                }
            }
            "spread_parameter" => {
                modifiers(builder, parameter, at);
                builder.scope_mut(at.scope).flags.is_variadic = true;
                let parts = children(parameter);
                let mut declared = UNKNOWN;
                for part in parts {
                    match part.kind() {
                        "modifiers" | "annotation" | "marker_annotation" => {}
                        "variable_declarator" => {
                            let items = builder.list(vec![declared]);
                            let declared = builder.expr(Expr::Sequence(items));
                            if let Some(name) = part.child_by_field_name("name") {
                                builder.bind(at, span(name), Source::Declared(declared, None));
                            }
                        }
                        _ => declared = annotation(builder, part, at),
                    }
                }
            }
            _ => {}
        }
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
            if let Some(kind) = kind
                && (kind != ReferenceKind::Type || !is_everywhere(builder.text(node)))
            {
                builder.site(kind, expr, 0);
            }
            expr
        }
        "scoped_type_identifier" => {
            let parts = children(node);
            let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return UNKNOWN };
            // In front of a class stands a class or a package.
            let capital = builder.text(*first).starts_with(|c: char| c.is_uppercase());
            let outer = named(builder, *first, kind.filter(|_| capital).map(|_| ReferenceKind::Type), at);
            let expr = builder.expr(Expr::Attribute(outer, span(*last)));
            if let Some(kind) = kind {
                builder.site(kind, expr, 0);
            }
            expr
        }
        "generic_type" => {
            let parts = children(node);
            let base = parts.first().map_or(UNKNOWN, |base| named(builder, *base, kind, at));
            let arguments = parts.get(1).map(|arguments| children(*arguments)).unwrap_or_default();
            let items = arguments.into_iter().map(|item| annotation(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        "array_type" => {
            let item = node.child_by_field_name("element").map_or(UNKNOWN, |item| annotation(builder, item, at));
            let items = builder.list(vec![item]);
            builder.expr(Expr::Sequence(items))
        }
        "wildcard" => {
            let bound = children(node).into_iter().rfind(|part| !matches!(part.kind(), "super" | "marker_annotation"));
            let lower = children(node).iter().any(|part| part.kind() == "super");
            let bound = bound.map_or(UNKNOWN, |bound| annotation(builder, bound, at));
            if lower { UNKNOWN } else { bound }
        }
        "annotated_type" => {
            let mut last = UNKNOWN;
            for part in children(node) {
                match part.kind() {
                    "annotation" | "marker_annotation" => use_annotation(builder, part, at),
                    _ => last = named(builder, part, kind, at),
                }
            }
            last
        }
        "void_type" => builder.expr(Expr::Literal(Literal::Nothing)),
        "integral_type" | "floating_point_type" | "boolean_type" => {
            builder.expr(Expr::Literal(Literal::Written(span(node))))
        }
        _ => UNKNOWN,
    }
}

/// Classes that every file uses: writing their uses down would say nothing.
fn is_everywhere(name: &str) -> bool {
    matches!(
        name,
        "String"
            | "Object"
            | "Integer"
            | "Long"
            | "Boolean"
            | "Double"
            | "Float"
            | "Short"
            | "Byte"
            | "Character"
            | "Void"
    )
}
