//! PHP: namespaces, imports, classes and their members.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::php_expressions::{annotation, expression, rest};
use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let top = builder.top();
    let mut at = top;
    for child in children(root) {
        if child.kind() != "namespace_definition" {
            builder.deeper(|builder| statement(builder, child, at));
            continue;
        }
        let name = child.child_by_field_name("name").map(span).unwrap_or_default();
        let own = At { scope: builder.scope(ScopeKind::Namespace, 0, name), ..top };
        match child.child_by_field_name("body") {
            Some(body) => block(builder, body, own),
            // Everything that follows.
            None => at = own,
        }
    }
}

pub(super) fn block(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        builder.deeper(|builder| statement(builder, child, at));
    }
}

/// Declarations; everything else is an expression, or made of them.
pub(super) fn statement(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "namespace_use_declaration" => import(builder, node, at),
        "class_declaration" | "interface_declaration" | "trait_declaration" | "enum_declaration" => {
            class(builder, node, at);
        }
        "function_definition" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = function(builder, node, name, at);
            builder.bind_in(home(builder, at), name, Source::Scope(scope), Space::Value);
        }
        "const_declaration" => rest(builder, node, at),
        "return_statement" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            let function = builder.around(at.scope, &[ScopeKind::Function]);
            builder.facts.returns.push((function, value));
        }
        "foreach_statement" => foreach(builder, node, at),
        "catch_clause" => {
            let declared =
                node.child_by_field_name("type").map_or(UNKNOWN, |declared| annotation(builder, declared, at));
            if let Some(name) = node.child_by_field_name("name") {
                let caught = builder.expr(Expr::Cast(declared));
                builder.bind(at, span(name), Source::Value(caught));
            }
            if let Some(body) = node.child_by_field_name("body") {
                block(builder, body, at);
            }
        }
        "global_declaration" | "static_variable_declaration" => {
            for part in children(node) {
                let name = part.child_by_field_name("name").unwrap_or(part);
                builder.bind(at, span(name), Source::Opaque);
            }
            rest(builder, node, at);
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

/// What is defined inside of a function is seen outside of it.
fn home(builder: &Builder, at: At) -> At {
    At { scope: builder.around(at.scope, &[ScopeKind::File, ScopeKind::Namespace]), ..at }
}

fn import(builder: &mut Builder, node: Node, at: At) {
    let kind = |node: Node| match (has_token(node, "function"), has_token(node, "const")) {
        (true, _) => Space::Value,
        (_, true) => Space::Macro,
        _ => Space::Type,
    };
    let whole = kind(node);
    let group = node.child_by_field_name("body");
    let prefix = children(node).into_iter().find(|child| child.kind() == "namespace_name").map(span);
    for clause in group.map_or_else(|| children(node), children) {
        if clause.kind() != "namespace_use_clause" {
            continue;
        }
        let Some(path) = children(clause).into_iter().find(|part| part.kind() != "comment") else { continue };
        let alias = clause.child_by_field_name("alias").map(span);
        let name = alias.unwrap_or(last_name(path));
        let source = match prefix {
            Some(prefix) => Source::Import { module: prefix, item: span(path) },
            None => Source::Import { module: span(path), item: Span::default() },
        };
        let space = match kind(clause) {
            Space::Type => whole,
            own => own,
        };
        builder.bind_in(at, name, source, space);
    }
}

/// The last part of a qualified name.
pub(super) fn last_name(node: Node) -> Span {
    match node.kind() {
        "qualified_name" | "relative_name" | "namespace_name" => {
            children(node).into_iter().rfind(|part| part.kind() == "name").map_or(span(node), span)
        }
        _ => span(node),
    }
}

pub(super) fn class(builder: &mut Builder, node: Node, at: At) -> ScopeId {
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(home(builder, at), name, Source::Scope(scope), Space::Type);
    builder.scope_mut(scope).flags.is_signature = node.kind() == "trait_declaration" || has_token(node, "abstract");
    let own = At { scope, ..builder.top() };
    let body = node.child_by_field_name("body").map(children).unwrap_or_default();
    // Traits stand before the class that is extended: their members replace inherited ones.
    let mut found = Vec::new();
    for part in body.iter().filter(|part| part.kind() == "use_declaration") {
        bases(builder, *part, own, &mut found);
    }
    for part in children(node) {
        if matches!(part.kind(), "base_clause" | "class_interface_clause") {
            bases(builder, part, own, &mut found);
        }
    }
    let list = builder.list(found);
    builder.scope_mut(scope).bases = list;
    for part in body {
        builder.deeper(|builder| member(builder, part, own));
    }
    scope
}

fn bases(builder: &mut Builder, node: Node, at: At, found: &mut Vec<ExprId>) {
    for part in children(node) {
        if matches!(part.kind(), "name" | "qualified_name" | "relative_name") {
            let base = builder.expr(Expr::Name(span(part), at.scope));
            used(builder, ReferenceKind::Inherit, base, last_name(part), 0);
            found.push(base);
        }
    }
}

/// Notes a use whose last name stands at `name`.
pub(super) fn used(builder: &mut Builder, kind: ReferenceKind, expr: ExprId, name: Span, arguments: usize) {
    let arguments = arguments.min(usize::from(u16::MAX)) as u16;
    builder.facts.sites.push(rag_core::bindings::Site { kind, name, expr, arguments });
}

fn member(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "method_declaration" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let is_static = children(node).iter().any(|part| part.kind() == "static_modifier");
            let scope = function(builder, node, name, at);
            builder.scope_mut(scope).flags.is_static = is_static;
            builder.bind(at, name, Source::Scope(scope));
        }
        "property_declaration" => {
            let declared = node.child_by_field_name("type").map(|declared| annotation(builder, declared, at));
            for element in children(node) {
                if element.kind() == "property_element" {
                    property(builder, element, declared, at);
                }
            }
            attributes(builder, node, at);
        }
        "enum_case" => {
            if let Some(name) = node.child_by_field_name("name") {
                let own = builder.expr(Expr::This(at.scope));
                builder.bind(at, span(name), Source::Declared(own, None));
            }
        }
        "use_declaration" => {}
        _ => rest(builder, node, at),
    }
}

fn property(builder: &mut Builder, node: Node, declared: Option<ExprId>, at: At) {
    let value = node.child_by_field_name("default_value").map(|value| expression(builder, value, at));
    let Some(name) = node.child_by_field_name("name").map(variable_name) else { return };
    let source = match declared {
        Some(declared) => Source::Declared(declared, value),
        None => Source::Opaque,
    };
    builder.bind(at, name, source);
}

/// The name of a variable without its mark.
pub(super) fn variable_name(node: Node) -> Span {
    let inner = children(node).first().copied().filter(|_| matches!(node.kind(), "variable_name" | "by_ref"));
    match inner {
        Some(inner) if inner.kind() == "variable_name" => variable_name(inner),
        Some(inner) => span(inner),
        None => span(node),
    }
}

fn attributes(builder: &mut Builder, node: Node, at: At) {
    for part in children(node) {
        if part.kind() == "attribute_list" {
            rest(builder, part, at);
        }
    }
}

/// A function, method or closure.
pub(super) fn function(builder: &mut Builder, node: Node, name: Span, at: At) -> ScopeId {
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let own = At { scope, ..at };
    attributes(builder, node, own);
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    let result = node.child_by_field_name("return_type").map(|result| annotation(builder, result, own));
    builder.scope_mut(scope).returns = result;
    match node.child_by_field_name("body") {
        Some(body) => {
            let inside = At { scope: builder.scope(ScopeKind::Block, scope, Span::default()), ..own };
            for part in children(node) {
                if part.kind() == "anonymous_function_use_clause" {
                    captures(builder, part, at, inside);
                }
            }
            block(builder, body, inside);
        }
        None => builder.scope_mut(scope).flags.is_signature = true,
    }
    scope
}

/// `use ($a, &$b)`: what the closure sees of what is around it.
fn captures(builder: &mut Builder, node: Node, outer: At, inside: At) {
    for part in children(node) {
        let name = children(part).first().filter(|_| part.kind() == "by_ref").copied().unwrap_or(part);
        let value = builder.expr(Expr::Name(span(name), outer.scope));
        builder.bind(inside, span(name), Source::Value(value));
    }
}

pub(super) fn parameters(builder: &mut Builder, list: Node, at: At) {
    for (node, position) in children(list).into_iter().zip(0..) {
        attributes(builder, node, at);
        let declared = node.child_by_field_name("type").map(|declared| annotation(builder, declared, at));
        let value = node.child_by_field_name("default_value").map(|value| expression(builder, value, at));
        let Some(name) = node.child_by_field_name("name") else { continue };
        if node.kind() == "variadic_parameter" {
            builder.scope_mut(at.scope).flags.is_variadic = true;
            builder.bind(at, span(name), Source::Parameter(position, None));
            continue;
        }
        let source = match declared {
            Some(declared) => Source::Declared(declared, value),
            None => Source::Parameter(position, value),
        };
        builder.bind(at, span(name), source);
        if node.kind() == "property_promotion_parameter" {
            let class = builder.around(at.scope, &[ScopeKind::Class]);
            let source = declared.map_or(Source::Opaque, |declared| Source::Declared(declared, None));
            builder.bind(At { scope: class, ..at }, variable_name(name), source);
        }
    }
}

fn foreach(builder: &mut Builder, node: Node, at: At) {
    let parts = children(node);
    let list = parts.first().map_or(UNKNOWN, |list| expression(builder, *list, at));
    let element = builder.expr(Expr::Element(list));
    if let Some(target) = parts.get(1) {
        let value = match target.kind() {
            "pair" => {
                if let Some(key) = children(*target).first().filter(|key| key.kind() == "variable_name") {
                    builder.bind(at, span(*key), Source::Opaque);
                }
                children(*target).into_iter().nth(1)
            }
            _ => Some(*target),
        };
        match value {
            Some(value) if value.kind() == "variable_name" => builder.bind(at, span(value), Source::Value(element)),
            Some(value) => {
                expression(builder, value, at);
            }
            None => {}
        }
    }
    if let Some(body) = node.child_by_field_name("body") {
        builder.deeper(|builder| statement(builder, body, at));
    }
}
