//! Rust: modules, imports, definitions.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::rust_expressions::{block, expression};
use super::rust_macros::{definition, items_of};
use super::rust_patterns::parameters;
use super::rust_types::{bounds, type_expr, type_parameters, where_clause};
use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    items(builder, root, at);
}

/// Visits the items (and statements, where a macro holds some) directly inside of `node`.
pub(super) fn items(builder: &mut Builder, node: Node, at: At) {
    let mut path = None;
    for child in children(node) {
        if child.kind() == "attribute_item" {
            path = path_attribute(builder, child).or(path);
            continue;
        }
        let path = path.take();
        builder.deeper(|builder| {
            if !item(builder, child, path, at) {
                expression(builder, child, at);
            }
        });
    }
}

/// The file of `#[path = "file"]`.
pub(super) fn path_attribute(builder: &Builder, node: Node) -> Option<Span> {
    let attribute = *children(node).first()?;
    let name = *children(attribute).first()?;
    let value = attribute.child_by_field_name("value")?;
    let range = value.byte_range();
    (builder.text(name) == "path" && value.kind() == "string_literal")
        .then(|| Span::new(range.start + 1..range.end.saturating_sub(1)))
}

/// Visits an item; whether `node` is one.
pub(super) fn item(builder: &mut Builder, node: Node, path: Option<Span>, at: At) -> bool {
    match node.kind() {
        "function_item" | "function_signature_item" => function(builder, node, at),
        "struct_item" | "union_item" => structure(builder, node, at),
        "enum_item" => enumeration(builder, node, at),
        "trait_item" => trait_item(builder, node, at),
        "impl_item" => implementation(builder, node, at),
        "type_item" | "associated_type" => alias(builder, node, at),
        "const_item" | "static_item" => constant(builder, node, at),
        "mod_item" => module(builder, node, path, at),
        "use_declaration" => {
            if let Some(argument) = node.child_by_field_name("argument") {
                use_tree(builder, argument, None, at);
            }
        }
        "extern_crate_declaration" => {
            if let Some(name) = node.child_by_field_name("name") {
                let value = builder.expr(Expr::Name(span(name), at.scope));
                let alias = node.child_by_field_name("alias").unwrap_or(name);
                builder.bind_in(at, span(alias), Source::Use(value), Space::Both);
            }
        }
        "foreign_mod_item" => {
            if let Some(body) = node.child_by_field_name("body") {
                items(builder, body, at);
            }
        }
        "macro_definition" => definition(builder, node, at),
        "macro_invocation" => {
            items_of(builder, node, at);
        }
        "attribute_item" | "inner_attribute_item" | "empty_statement" | "shebang" => {}
        "expression_statement" => {
            let inner = children(node);
            match inner.first() {
                Some(inner) if inner.kind() == "macro_invocation" => {
                    items_of(builder, *inner, at);
                }
                _ => return false,
            }
        }
        _ => return false,
    }
    true
}

fn name_of(node: Node) -> Span {
    node.child_by_field_name("name").map(span).unwrap_or_default()
}

fn function(builder: &mut Builder, node: Node, at: At) {
    let name = name_of(node);
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let inside = At { scope, extent: span(node) };
    builder.bind(at, name, Source::Scope(scope));
    let mut flags = builder.scope_mut(scope).flags;
    let modifiers = children(node).into_iter().find(|child| child.kind() == "function_modifiers");
    flags.is_async = modifiers.is_some_and(|modifiers| has_token(modifiers, "async"));
    flags.is_signature = node.child_by_field_name("body").is_none();
    flags.is_static = true;
    generics(builder, node, inside);
    if let Some(list) = node.child_by_field_name("parameters") {
        flags.is_static = !parameters(builder, list, inside);
    }
    builder.scope_mut(scope).flags = flags;
    let returns = match node.child_by_field_name("return_type") {
        Some(returns) => type_expr(builder, returns, inside),
        None => builder.expr(Expr::Literal(rag_core::bindings::Literal::Nothing)),
    };
    builder.scope_mut(scope).returns = Some(returns);
    if let Some(body) = node.child_by_field_name("body") {
        block(builder, body, inside);
    }
}

/// Type parameters and the bounds of the `where` clause.
fn generics(builder: &mut Builder, node: Node, inside: At) {
    let parameters = type_parameters(builder, node, inside);
    let parameters = builder.list(parameters);
    builder.scope_mut(inside.scope).type_parameters = parameters;
    for child in children(node) {
        if child.kind() == "where_clause" {
            where_clause(builder, child, inside);
        }
    }
}

fn structure(builder: &mut Builder, node: Node, at: At) {
    let name = name_of(node);
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    let body = node.child_by_field_name("body");
    let named = body.is_some_and(|body| body.kind() == "field_declaration_list");
    builder.bind_in(at, name, Source::Scope(scope), if named { Space::Type } else { Space::Both });
    let inside = At { scope, extent: span(node) };
    generics(builder, node, inside);
    if let Some(body) = body {
        fields(builder, body, inside);
    }
}

/// Fields of a struct or variant; those of a tuple have no names.
fn fields(builder: &mut Builder, body: Node, inside: At) {
    let tuple = body.kind() == "ordered_field_declaration_list";
    for child in children(body) {
        match child.kind() {
            "field_declaration" => {
                let declared = child.child_by_field_name("type").map(|declared| type_expr(builder, declared, inside));
                builder.bind(inside, name_of(child), Source::Declared(declared.unwrap_or(UNKNOWN), None));
            }
            "attribute_item" | "visibility_modifier" => {}
            _ if tuple => {
                let declared = type_expr(builder, child, inside);
                builder.bind_nameless(inside, Source::Declared(declared, None), Space::Value);
            }
            _ => {}
        }
    }
}

fn enumeration(builder: &mut Builder, node: Node, at: At) {
    let name = name_of(node);
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Type);
    let inside = At { scope, extent: span(node) };
    generics(builder, node, inside);
    for variant in node.child_by_field_name("body").map(children).unwrap_or_default() {
        if variant.kind() != "enum_variant" {
            continue;
        }
        let name = name_of(variant);
        let scope = builder.scope(ScopeKind::Class, inside.scope, name);
        builder.bind_in(inside, name, Source::Scope(scope), Space::Both);
        if let Some(body) = variant.child_by_field_name("body") {
            fields(builder, body, At { scope, ..inside });
        }
        if let Some(value) = variant.child_by_field_name("value") {
            expression(builder, value, inside);
        }
    }
}

fn trait_item(builder: &mut Builder, node: Node, at: At) {
    let name = name_of(node);
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Type);
    let inside = At { scope, extent: span(node) };
    generics(builder, node, inside);
    if let Some(supertraits) = node.child_by_field_name("bounds") {
        let bases = bounds(builder, supertraits, inside, ReferenceKind::Inherit);
        let bases = builder.list(bases);
        builder.scope_mut(scope).bases = bases;
    }
    if let Some(body) = node.child_by_field_name("body") {
        items(builder, body, inside);
    }
}

fn implementation(builder: &mut Builder, node: Node, at: At) {
    let scope = builder.scope(ScopeKind::Extension, at.scope, Span::default());
    let inside = At { scope, extent: span(node) };
    generics(builder, node, inside);
    let mut bases = Vec::new();
    let implemented = node.child_by_field_name("trait");
    let of = node.child_by_field_name("type");
    let written = of.map_or(UNKNOWN, |of| type_expr(builder, of, inside));
    // Members of a raw pointer are not those of what it points to.
    let is_pointer = of.is_some_and(|of| of.kind() == "pointer_type");
    bases.push(if is_pointer { UNKNOWN } else { written });
    if let Some(implemented) = implemented {
        bases.push(super::rust_types::typed(builder, implemented, inside, ReferenceKind::Inherit));
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
    if let Some(body) = node.child_by_field_name("body") {
        items(builder, body, inside);
    }
}

fn alias(builder: &mut Builder, node: Node, at: At) {
    let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
    let inside = At { scope, extent: span(node) };
    generics(builder, node, inside);
    let value = match (node.child_by_field_name("type"), node.child_by_field_name("bounds")) {
        (Some(of), _) => type_expr(builder, of, inside),
        (None, Some(list)) => {
            let bounds = bounds(builder, list, inside, ReferenceKind::Type);
            super::rust_types::all(builder, bounds)
        }
        _ => UNKNOWN,
    };
    builder.bind_in(at, name_of(node), Source::Alias(value), Space::Type);
}

fn constant(builder: &mut Builder, node: Node, at: At) {
    let declared = node.child_by_field_name("type").map_or(UNKNOWN, |declared| type_expr(builder, declared, at));
    let value = node.child_by_field_name("value").map(|value| expression(builder, value, at));
    // A macro (`thread_local!`) makes something else of it.
    let source = match node.kind() == "static_item" && builder.nesting > 0 {
        true => Source::Opaque,
        false => Source::Declared(declared, value),
    };
    builder.bind(at, name_of(node), source);
}

/// `mod name;` is a file, `mod name { … }` a namespace.
fn module(builder: &mut Builder, node: Node, path: Option<Span>, at: At) {
    let name = name_of(node);
    let Some(body) = node.child_by_field_name("body") else {
        let source = Source::Import { module: path.unwrap_or(name), item: Span::default() };
        return builder.bind_in(at, name, source, Space::Type);
    };
    let scope = builder.scope(ScopeKind::Namespace, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Type);
    items(builder, body, At { scope, extent: span(body) });
}

/// Binds the names of a tree of imports below `prefix`.
fn use_tree(builder: &mut Builder, node: Node, prefix: Option<ExprId>, at: At) {
    match node.kind() {
        "use_list" => {
            for part in children(node) {
                builder.deeper(|builder| use_tree(builder, part, prefix, at));
            }
        }
        "scoped_use_list" => {
            let prefix = match node.child_by_field_name("path") {
                Some(path) => Some(use_path(builder, path, prefix, at.scope)),
                None => prefix,
            };
            if let Some(list) = node.child_by_field_name("list") {
                use_tree(builder, list, prefix, at);
            }
        }
        "use_wildcard" => {
            let path = match children(node).first() {
                Some(path) => Some(use_path(builder, *path, prefix, at.scope)),
                None => prefix,
            };
            if let Some(path) = path {
                builder.bind_nameless(at, Source::Use(path), Space::Both);
            }
        }
        "use_as_clause" => {
            let (Some(path), Some(alias)) = (node.child_by_field_name("path"), node.child_by_field_name("alias"))
            else {
                return;
            };
            let value = match (path.kind(), prefix) {
                ("self", Some(prefix)) => prefix,
                _ => use_path(builder, path, prefix, at.scope),
            };
            builder.bind_in(at, span(alias), Source::Use(value), Space::Both);
        }
        // `use a::b::{self}` is `use a::b`.
        "self" if prefix.is_some() => {
            let value = prefix.unwrap_or(UNKNOWN);
            if let Expr::Name(name, _) | Expr::Path(_, name) = builder.facts.expr(value) {
                builder.bind_in(at, name, Source::Use(value), Space::Type);
            }
        }
        _ => {
            let value = use_path(builder, node, prefix, at.scope);
            if let Expr::Name(name, _) | Expr::Path(_, name) = builder.facts.expr(value) {
                builder.bind_in(at, name, Source::Use(value), Space::Both);
            }
        }
    }
}

fn use_path(builder: &mut Builder, node: Node, prefix: Option<ExprId>, scope: ScopeId) -> ExprId {
    builder.deeper(|builder| {
        if node.kind() == "scoped_identifier" {
            let name = name_of(node);
            return match node.child_by_field_name("path") {
                Some(path) => {
                    let path = use_path(builder, path, prefix, scope);
                    builder.expr(Expr::Path(path, name))
                }
                None => builder.expr(Expr::Name(name, scope)),
            };
        }
        match prefix {
            Some(prefix) => builder.expr(Expr::Path(prefix, span(node))),
            None => builder.expr(Expr::Name(span(node), scope)),
        }
    })
}
