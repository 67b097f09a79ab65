//! Go: types, fields, methods of interfaces, parameters.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::go::function;
use super::go_expressions::{expression, rest};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// `type name …`.
pub(super) fn type_declaration(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let Some(value) = node.child_by_field_name("type") else { return };
    if node.kind() == "type_alias" {
        let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
        let inside = At { scope, ..at };
        type_parameters(builder, node, inside);
        let value = annotation(builder, value, inside);
        return builder.bind_in(at, name, Source::Alias(value), Space::Both);
    }
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Both);
    let inside = At { scope, ..at };
    type_parameters(builder, node, inside);
    match value.kind() {
        "struct_type" | "interface_type" => members(builder, value, inside),
        _ => {
            let value = annotation(builder, value, inside);
            builder.scope_mut(scope).returns = Some(value);
        }
    }
}

/// Fields of a struct, methods of an interface, and what is embedded.
fn members(builder: &mut Builder, node: Node, at: At) {
    let mut bases = Vec::new();
    for child in children(node) {
        match child.kind() {
            "field_declaration_list" => {
                for field in children(child) {
                    builder.deeper(|builder| self::field(builder, field, at, &mut bases));
                }
            }
            "method_elem" => {
                let Some(name) = child.child_by_field_name("name").map(span) else { continue };
                let scope = builder.deeper(|builder| Some(function(builder, child, name, None, at)));
                if let Some(scope) = scope {
                    builder.bind_in(at, name, Source::Scope(scope), Space::Both);
                }
            }
            "type_elem" => {
                let parts = children(child);
                match parts.as_slice() {
                    [part] if is_named(*part) => bases.push(named(builder, *part, ReferenceKind::Inherit, at)),
                    _ => {
                        for part in parts {
                            annotation(builder, part, at);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(at.scope).bases = bases;
}

fn field(builder: &mut Builder, node: Node, at: At, bases: &mut Vec<ExprId>) {
    let Some(written) = node.child_by_field_name("type") else { return };
    let declared = annotation(builder, written, at);
    let mut cursor = node.walk();
    let names: Vec<Span> = node.children_by_field_name("name", &mut cursor).map(span).collect();
    for &name in &names {
        builder.bind_in(at, name, Source::Declared(declared, None), Space::Both);
    }
    if names.is_empty() {
        bases.push(declared);
        builder.bind_in(at, last_name(written), Source::Declared(declared, None), Space::Both);
    }
}

/// The name of an embedded type.
fn last_name(node: Node) -> Span {
    let inner = match node.kind() {
        "generic_type" => node.child_by_field_name("type"),
        "qualified_type" => node.child_by_field_name("name"),
        _ => None,
    };
    match inner {
        Some(inner) if inner.kind() == "qualified_type" => inner.child_by_field_name("name").map_or(span(inner), span),
        Some(inner) => span(inner),
        None => span(node),
    }
}

/// The scope of a method: an extension of the type that its receiver names.
pub(super) fn receiver(builder: &mut Builder, list: Node, at: At) -> Option<ScopeId> {
    let mut written = children(list).first()?.child_by_field_name("type")?;
    while matches!(written.kind(), "pointer_type" | "parenthesized_type") {
        written = *children(written).first()?;
    }
    let scope = builder.scope(ScopeKind::Extension, at.scope, last_name(written));
    let inside = At { scope, ..at };
    if let Some(arguments) = written.child_by_field_name("type_arguments") {
        let names: Vec<Span> = children(arguments).into_iter().map(span).collect();
        let mut parameters = Vec::new();
        for name in names {
            builder.bind_in(inside, name, Source::TypeParameter(None), Space::Both);
            parameters.push(builder.expr(Expr::Name(name, scope)));
        }
        let parameters = builder.list(parameters);
        builder.scope_mut(scope).type_parameters = parameters;
    }
    let extended = annotation(builder, written, inside);
    builder.scope_mut(scope).returns = Some(extended);
    Some(scope)
}

pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) {
    let Some(list) = node.child_by_field_name("type_parameters") else { return };
    let mut parameters = Vec::new();
    for declaration in children(list) {
        let bound = declaration.child_by_field_name("type").map(children).unwrap_or_default();
        let bounds: Vec<ExprId> = bound.into_iter().map(|bound| annotation(builder, bound, at)).collect();
        let bound = if bounds.len() == 1 { bounds.first().copied() } else { None };
        let mut cursor = declaration.walk();
        let names: Vec<Span> = declaration.children_by_field_name("name", &mut cursor).map(span).collect();
        for name in names {
            let whole = At { extent: builder.top().extent, ..at };
            builder.bind_in(whole, name, Source::TypeParameter(bound), Space::Both);
            parameters.push(builder.expr(Expr::Name(name, at.scope)));
        }
    }
    let parameters = builder.list(parameters);
    builder.scope_mut(at.scope).type_parameters = parameters;
}

pub(super) fn parameters(builder: &mut Builder, list: Node, at: At) {
    for parameter in children(list) {
        let Some(written) = parameter.child_by_field_name("type") else { continue };
        let mut declared = annotation(builder, written, at);
        if parameter.kind() == "variadic_parameter_declaration" {
            declared = slice(builder, declared);
        }
        let mut cursor = parameter.walk();
        let names: Vec<Span> =
            parameter.children_by_field_name("name", &mut cursor).filter(Node::is_named).map(span).collect();
        for name in names {
            builder.bind_in(at, name, Source::Declared(declared, None), Space::Both);
        }
    }
}

/// What a function gives: one value or several.
pub(super) fn results(builder: &mut Builder, node: Node, at: At) -> ExprId {
    if node.kind() != "parameter_list" {
        return annotation(builder, node, at);
    }
    let mut items = Vec::new();
    for result in children(node) {
        let Some(written) = result.child_by_field_name("type") else { continue };
        let declared = annotation(builder, written, at);
        let mut cursor = result.walk();
        let names = result.children_by_field_name("name", &mut cursor).filter(Node::is_named).count();
        items.extend(std::iter::repeat_n(declared, names.max(1)));
    }
    match items.as_slice() {
        [] => UNKNOWN,
        [one] => *one,
        _ => {
            let items = builder.list(items);
            builder.expr(Expr::Tuple(items))
        }
    }
}

/// Keys are numbers, whatever it holds.
fn slice(builder: &mut Builder, item: ExprId) -> ExprId {
    let key = builder.expr(Expr::Literal(Literal::Builtin));
    container(builder, vec![key, item])
}

fn container(builder: &mut Builder, items: Vec<ExprId>) -> ExprId {
    let items = builder.list(items);
    builder.expr(Expr::Index(UNKNOWN, items))
}

/// Whether a type is written as a name.
pub(super) fn is_named(node: Node) -> bool {
    matches!(node.kind(), "type_identifier" | "qualified_type" | "generic_type")
}

/// A type that is written as a name, which is used as `kind` says.
pub(super) fn named(builder: &mut Builder, node: Node, kind: ReferenceKind, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "qualified_type" => {
            let Some(package) = node.child_by_field_name("package").map(span) else { return UNKNOWN };
            let Some(name) = node.child_by_field_name("name").map(span) else { return UNKNOWN };
            let package = builder.expr(Expr::Name(package, at.scope));
            let expr = builder.expr(Expr::Attribute(package, name));
            builder.site(kind, expr, 0);
            expr
        }
        "generic_type" => {
            let base = node.child_by_field_name("type").map_or(UNKNOWN, |base| named(builder, base, kind, at));
            let arguments = node.child_by_field_name("type_arguments").map(children).unwrap_or_default();
            let items = arguments.into_iter().map(|item| annotation(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        "type_identifier" => match builder.text(node) {
            "any" => UNKNOWN,
            name if is_predeclared(name) => builder.expr(Expr::Literal(Literal::Builtin)),
            _ => {
                let expr = builder.expr(Expr::Name(span(node), at.scope));
                builder.site(kind, expr, 0);
                expr
            }
        },
        _ => annotation(builder, node, at),
    })
}

fn is_predeclared(name: &str) -> bool {
    matches!(
        name,
        "string"
            | "bool"
            | "byte"
            | "rune"
            | "error"
            | "uintptr"
            | "comparable"
            | "int"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "float32"
            | "float64"
            | "complex64"
            | "complex128"
    )
}

/// A type.
pub(super) fn annotation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| annotation_here(builder, node, at))
}

fn annotation_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let part = |builder: &mut Builder, field: &str| {
        node.child_by_field_name(field).map_or(UNKNOWN, |part| annotation(builder, part, at))
    };
    match node.kind() {
        "type_identifier" | "qualified_type" | "generic_type" => named(builder, node, ReferenceKind::Type, at),
        // A pointer has the members of what it points to.
        "pointer_type" | "parenthesized_type" | "type_elem" | "type_constraint" => match children(node).as_slice() {
            [inner] => annotation(builder, *inner, at),
            several => {
                for inner in several {
                    annotation(builder, *inner, at);
                }
                UNKNOWN
            }
        },
        "slice_type" | "array_type" | "implicit_length_array_type" => {
            if let Some(length) = node.child_by_field_name("length") {
                expression(builder, length, at);
            }
            let item = part(builder, "element");
            slice(builder, item)
        }
        "map_type" => {
            let key = part(builder, "key");
            let value = part(builder, "value");
            container(builder, vec![key, value])
        }
        "channel_type" => {
            let item = part(builder, "value");
            container(builder, vec![item])
        }
        "function_type" => {
            let scope = function(builder, node, Span::default(), None, at);
            builder.expr(Expr::Scope(scope))
        }
        "interface_type" if children(node).is_empty() => UNKNOWN,
        "struct_type" | "interface_type" => {
            let scope = builder.scope(ScopeKind::Class, at.scope, Span::default());
            members(builder, node, At { scope, ..at });
            builder.expr(Expr::Scope(scope))
        }
        "negated_type" => {
            rest(builder, node, at);
            UNKNOWN
        }
        _ => expression(builder, node, at),
    }
}

/// Whether `node` stands for a type where an expression could stand.
pub(super) fn is_type(node: Node) -> bool {
    is_named(node) || node.kind().ends_with("_type")
}
