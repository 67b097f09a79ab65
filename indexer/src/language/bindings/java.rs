//! Java: packages, imports, classes and their members.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::java_expressions::{arguments, expression};
use super::java_statements::{block, inside};
use super::java_types::{annotation, parameters, type_parameters};
use rag_core::bindings::{Export, Expr, ExprId, List, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    for child in children(root) {
        match child.kind() {
            "package_declaration" => {
                let name = children(child).into_iter().find(|name| name.kind().ends_with("identifier"));
                builder.facts.package = name.map(span).unwrap_or_default();
            }
            "import_declaration" => import(builder, child, at),
            _ => builder.deeper(|builder| member(builder, child, at)),
        }
    }
}

fn import(builder: &mut Builder, node: Node, at: At) {
    let parts = children(node);
    let Some(path) = parts.first().copied() else { return };
    if parts.iter().any(|part| part.kind() == "asterisk") {
        builder.facts.exports.push(Export { module: span(path), item: Span::default(), alias: Span::default() });
        return;
    }
    let (Some(scope), Some(name)) = (path.child_by_field_name("scope"), path.child_by_field_name("name")) else {
        return;
    };
    let source = match has_token(node, "static") {
        true => Source::Import { module: span(scope), item: span(name) },
        false => Source::Import { module: span(path), item: Span::default() },
    };
    builder.bind_in(at, span(name), source, Space::Both);
}

/// Whether `node` declares a class or something like it.
pub(super) fn is_class(node: Node) -> bool {
    matches!(
        node.kind(),
        "class_declaration"
            | "interface_declaration"
            | "enum_declaration"
            | "record_declaration"
            | "annotation_type_declaration"
    )
}

pub(super) fn class(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    modifiers(builder, node, at);
    // Type parameters are visible in the header, members are not.
    let mut around = at;
    let mut generic = List::default();
    if node.child_by_field_name("type_parameters").is_some() {
        around = inside(builder, at);
        generic = type_parameters(builder, node, around);
    }
    let scope = builder.scope(ScopeKind::Class, around.scope, name);
    builder.bind_in(whole(builder, at), name, Source::Scope(scope), Space::Type);
    builder.scope_mut(scope).type_parameters = generic;
    heritage(builder, node, scope, around);
    let own = At { scope, ..whole(builder, at) };
    if let Some(list) = node.child_by_field_name("parameters") {
        components(builder, list, own);
    }
    if let Some(body) = node.child_by_field_name("body") {
        members(builder, body, own);
    }
}

/// Members and classes are visible wherever their scope is.
fn whole(builder: &Builder, at: At) -> At {
    At { extent: builder.top().extent, ..at }
}

/// What a class extends and implements.
fn heritage(builder: &mut Builder, node: Node, scope: ScopeId, at: At) {
    let mut bases = Vec::new();
    for child in children(node) {
        if !matches!(child.kind(), "superclass" | "super_interfaces" | "extends_interfaces") {
            continue;
        }
        for part in children(child) {
            let named = if part.kind() == "type_list" { children(part) } else { vec![part] };
            for named in named {
                let base = super::java_types::named(builder, named, Some(ReferenceKind::Inherit), at);
                bases.push(base);
            }
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
}

/// The components of a record are fields.
fn components(builder: &mut Builder, list: Node, at: At) {
    for component in children(list) {
        if let (Some(declared), Some(name)) =
            (component.child_by_field_name("type"), component.child_by_field_name("name"))
        {
            let declared = annotation(builder, declared, at);
            builder.bind_in(at, span(name), Source::Declared(declared, None), Space::Value);
        }
    }
}

/// The members of a body.
pub(super) fn members(builder: &mut Builder, body: Node, at: At) {
    for child in children(body) {
        builder.deeper(|builder| member(builder, child, at));
    }
}

fn member(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        _ if is_class(node) => class(builder, node, at),
        "field_declaration" | "constant_declaration" => field(builder, node, at),
        "method_declaration" | "annotation_type_element_declaration" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = function(builder, node, name, at);
            builder.bind(at, name, Source::Scope(scope));
        }
        "constructor_declaration" | "compact_constructor_declaration" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = function(builder, node, name, at);
            builder.scope_mut(scope).flags.is_constructor = true;
            builder.bind(at, name, Source::Scope(scope));
        }
        "block" => {
            let at = inside(builder, at);
            block(builder, node, at);
        }
        "static_initializer" | "enum_body_declarations" => members(builder, node, at),
        "enum_constant" => constant(builder, node, at),
        _ => {}
    }
}

fn field(builder: &mut Builder, node: Node, at: At) {
    modifiers(builder, node, at);
    let declared = node.child_by_field_name("type").map_or(UNKNOWN, |declared| annotation(builder, declared, at));
    let mut cursor = node.walk();
    let declarators: Vec<Node> = node.children_by_field_name("declarator", &mut cursor).collect();
    for declarator in declarators {
        let value = declarator.child_by_field_name("value").map(|value| expression(builder, value, at));
        let declared = dimensions(builder, declarator, declared);
        if let Some(name) = declarator.child_by_field_name("name") {
            builder.bind(at, span(name), Source::Declared(declared, value));
        }
    }
}

/// `int a[]`: an array of the type in front.
pub(super) fn dimensions(builder: &mut Builder, declarator: Node, declared: ExprId) -> ExprId {
    if declarator.child_by_field_name("dimensions").is_none() {
        return declared;
    }
    let items = builder.list(vec![declared]);
    builder.expr(Expr::Sequence(items))
}

fn constant(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    arguments(builder, node, at);
    let class = builder.facts.scopes[at.scope as usize];
    let declared = builder.expr(Expr::Name(class.name, class.parent));
    builder.bind(at, name, Source::Declared(declared, None));
    if let Some(body) = node.child_by_field_name("body") {
        anonymous(builder, body, declared, at);
    }
}

/// A class without a name that derives from `base`.
pub(super) fn anonymous(builder: &mut Builder, body: Node, base: ExprId, at: At) -> ScopeId {
    let scope = builder.scope(ScopeKind::Class, at.scope, Span::default());
    let bases = builder.list(vec![base]);
    builder.scope_mut(scope).bases = bases;
    let own = At { scope, ..whole(builder, at) };
    members(builder, body, own);
    scope
}

fn function(builder: &mut Builder, node: Node, name: Span, at: At) -> ScopeId {
    modifiers(builder, node, at);
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let own = At { scope, ..at };
    let generic = type_parameters(builder, node, own);
    let words = modifier_words(builder, node);
    let declaration = builder.scope_mut(scope);
    declaration.type_parameters = generic;
    declaration.flags.is_static = words.is_static;
    declaration.flags.is_override = words.is_override;
    match (node.child_by_field_name("parameters"), node.kind()) {
        (Some(list), _) => parameters(builder, list, own),
        (None, "compact_constructor_declaration") => {
            let record = node.parent().and_then(|body| body.parent());
            if let Some(list) = record.and_then(|record| record.child_by_field_name("parameters")) {
                parameters(builder, list, own);
            }
        }
        _ => {}
    }
    let declared = node.child_by_field_name("type").map(|declared| {
        let declared = annotation(builder, declared, own);
        dimensions(builder, node, declared)
    });
    builder.scope_mut(scope).returns = declared;
    match node.child_by_field_name("body") {
        Some(body) => {
            let at = inside(builder, own);
            block(builder, body, at);
        }
        None => builder.scope_mut(scope).flags.is_signature = true,
    }
    scope
}

#[derive(Default)]
struct Words {
    is_static: bool,
    is_override: bool,
}

fn modifier_words(builder: &Builder, node: Node) -> Words {
    let Some(list) = children(node).into_iter().find(|child| child.kind() == "modifiers") else {
        return Words::default();
    };
    let overrides = |word: Node| word.child_by_field_name("name").is_some_and(|name| builder.text(name) == "Override");
    Words { is_static: has_token(list, "static"), is_override: children(list).into_iter().any(overrides) }
}

/// Annotations are uses of types, and may hold expressions.
pub(super) fn modifiers(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        match child.kind() {
            "modifiers" => builder.deeper(|builder| modifiers(builder, child, at)),
            "annotation" | "marker_annotation" => use_annotation(builder, child, at),
            _ => {}
        }
    }
}

pub(super) fn use_annotation(builder: &mut Builder, node: Node, at: At) {
    if let Some(name) = node.child_by_field_name("name")
        && builder.text(name) != "Override"
    {
        let named = expression(builder, name, at);
        builder.site(ReferenceKind::Type, named, 0);
    }
    if let Some(list) = node.child_by_field_name("arguments") {
        super::java_expressions::rest(builder, list, at);
    }
}
