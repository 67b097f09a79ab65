//! C and C++: types as they are written.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::c::class;
use super::c_declarations::unwrap;
use super::c_expressions::expression;
use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, Literal};
use tree_sitter::Node;

/// Types of the language and its standard library that are worth no edge.
const PLAIN: [&str; 15] = [
    "size_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "bool",
    "FILE",
    "string",
    "ssize_t",
    "uintptr_t",
    "va_list",
];

/// Reads a type: what it means as an expression.
pub(super) fn annotation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| annotation_here(builder, node, at))
}

fn annotation_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "type_identifier" | "qualified_identifier" | "template_type" | "identifier" | "namespace_identifier" => {
            let found = named(builder, node, at);
            used(builder, found);
            found
        }
        "primitive_type" | "sized_type_specifier" => builder.expr(Expr::Literal(Literal::Builtin)),
        "class_specifier" | "struct_specifier" | "union_specifier" | "enum_specifier" => class(builder, node, None, at),
        "type_descriptor" => {
            let base = node.child_by_field_name("type").map_or(UNKNOWN, |base| annotation(builder, base, at));
            match node.child_by_field_name("declarator") {
                Some(declarator) => unwrap(builder, declarator, base, at).declared,
                None => base,
            }
        }
        "dependent_type" | "parameter_pack_expansion" => {
            children(node).first().map_or(UNKNOWN, |inner| annotation(builder, *inner, at))
        }
        "decltype" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            builder.expr(Expr::TypeOf(value))
        }
        "placeholder_type_specifier" | "auto" => UNKNOWN,
        _ => expression(builder, node, at),
    }
}

/// Notes the use of a type, unless it is a type of the language or, most likely, a type parameter.
fn used(builder: &mut Builder, found: ExprId) {
    let plain = match builder.facts.expr(found) {
        Expr::Name(name, _) => name.len() < 2 || PLAIN.contains(&name.text(builder.text)),
        Expr::Index(..) | Expr::Path(..) => false,
        _ => true,
    };
    if !plain {
        builder.site(ReferenceKind::Type, found, 0);
    }
}

/// A name or a path of names, as it is written; uses in the arguments of templates are noted.
pub(super) fn named(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "template_type" | "template_function" | "template_method" => {
            let base = node.child_by_field_name("name").map_or(UNKNOWN, |name| named(builder, name, at));
            let items = arguments(builder, node, at);
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        _ => path(builder, node, at),
    }
}

/// The arguments of a template.
fn arguments(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    list.into_iter().map(|argument| annotation(builder, argument, at)).collect()
}

pub(super) fn path(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "qualified_identifier" => {
            let outer = match node.child_by_field_name("scope") {
                Some(scope) => outer(builder, scope, at),
                // `::name`
                None => builder.expr(Expr::Scope(0)),
            };
            node.child_by_field_name("name").map_or(UNKNOWN, |name| below(builder, outer, name, at))
        }
        "dependent_name" => children(node).first().map_or(UNKNOWN, |name| named(builder, *name, at)),
        _ => builder.expr(Expr::Name(span(node), at.scope)),
    })
}

/// What stands before `::`; a template is used there.
fn outer(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let found = named(builder, node, at);
    if node.kind() == "template_type" {
        used(builder, found);
    }
    found
}

/// `outer::node`, where `node` may be a path again.
fn below(builder: &mut Builder, outer: ExprId, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "qualified_identifier" => {
            let outer = match node.child_by_field_name("scope") {
                Some(scope) => below(builder, outer, scope, at),
                None => outer,
            };
            node.child_by_field_name("name").map_or(UNKNOWN, |name| below(builder, outer, name, at))
        }
        "template_type" | "template_function" | "template_method" => {
            let base = node.child_by_field_name("name").map_or(UNKNOWN, |name| below(builder, outer, name, at));
            let items = arguments(builder, node, at);
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        "dependent_name" => children(node).first().map_or(UNKNOWN, |name| below(builder, outer, *name, at)),
        _ => builder.expr(Expr::Path(outer, span(node))),
    })
}

/// What a class derives from.
pub(super) fn bases(builder: &mut Builder, node: Node, own: At, at: At) {
    let Some(clause) = children(node).into_iter().find(|child| child.kind() == "base_class_clause") else { return };
    let mut found = Vec::new();
    for child in children(clause) {
        if matches!(child.kind(), "type_identifier" | "qualified_identifier" | "template_type") {
            let base = named(builder, child, at);
            builder.site(ReferenceKind::Inherit, base, 0);
            used(builder, base);
            found.push(base);
        }
    }
    let found = builder.list(found);
    builder.scope_mut(own.scope).bases = found;
}

/// A pointer to, or an array of, what `of` says.
pub(super) fn pointer(builder: &mut Builder, of: ExprId) -> ExprId {
    let items = builder.list(vec![of]);
    builder.expr(Expr::Index(UNKNOWN, items))
}
