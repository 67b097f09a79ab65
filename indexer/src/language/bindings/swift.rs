//! Swift: types, extensions and their members.

use super::builder::{At, Builder, UNKNOWN, children, first_of, has_token, of_kinds, span};
use super::swift_expressions::{body_value, expression, statements};
use super::swift_types::{annotation, is_type, named, type_parameters};
use rag_core::bindings::{Export, Expr, ExprId, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    for child in children(root) {
        builder.deeper(|builder| declaration(builder, child, at));
    }
}

/// A declaration, or else a statement and what its value is.
pub(super) fn declaration(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "import_declaration" => {
            if let Some(module) = first_of(node, "identifier") {
                builder.facts.exports.push(Export {
                    module: span(module),
                    item: Span::default(),
                    alias: Span::default(),
                });
            }
        }
        "class_declaration" | "protocol_declaration" => class(builder, node, at),
        "function_declaration"
        | "protocol_function_declaration"
        | "init_declaration"
        | "deinit_declaration"
        | "subscript_declaration" => {
            function(builder, node, at);
        }
        "property_declaration" | "protocol_property_declaration" => property(builder, node, at),
        "typealias_declaration" | "associatedtype_declaration" => alias(builder, node, at),
        "enum_entry" => entry(builder, node, at),
        "directive" | "operator_declaration" | "precedence_group_declaration" => {}
        _ => return expression(builder, node, at),
    }
    UNKNOWN
}

/// Members and classes are visible wherever their scope is.
fn whole(builder: &Builder, at: At) -> At {
    At { extent: builder.top().extent, ..at }
}

fn class(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name") else { return };
    attributes(builder, node, at);
    let around = builder.inside(at);
    let generic = type_parameters(builder, node, around);
    let extension = has_token(node, "extension");
    let scope = match extension {
        true => {
            let of = named(builder, name, Some(ReferenceKind::Type), around);
            let scope = builder.scope(ScopeKind::Extension, around.scope, Span::default());
            builder.scope_mut(scope).returns = Some(of);
            scope
        }
        false => {
            let scope = builder.scope(ScopeKind::Class, around.scope, span(name));
            builder.bind_in(whole(builder, at), span(name), Source::Scope(scope), Space::Both);
            scope
        }
    };
    builder.scope_mut(scope).type_parameters = generic;
    let mut bases = Vec::new();
    for specifier in of_kinds(node, &["inheritance_specifier"]) {
        if let Some(base) = specifier.child_by_field_name("inherits_from") {
            bases.push(named(builder, base, Some(ReferenceKind::Inherit), around));
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
    let own = At { scope, ..whole(builder, at) };
    if let Some(body) = node.child_by_field_name("body") {
        for member in children(body) {
            builder.deeper(|builder| declaration(builder, member, own));
        }
    }
}

fn entry(builder: &mut Builder, node: Node, at: At) {
    let class = builder.facts.scopes[at.scope as usize];
    let of = match class.kind {
        ScopeKind::Extension => class.returns.unwrap_or(UNKNOWN),
        _ => builder.expr(Expr::Name(class.name, class.parent)),
    };
    let mut cursor = node.walk();
    let mut name: Option<Span> = None;
    let parts: Vec<Node> = node.children(&mut cursor).filter(|part| part.is_named()).collect();
    for part in parts {
        match part.kind() {
            "simple_identifier" => {
                if let Some(name) = name.replace(span(part)) {
                    builder.bind(at, name, Source::Declared(of, None));
                }
            }
            "enum_type_parameters" => {
                let Some(name) = name.take() else { continue };
                let scope = builder.scope(ScopeKind::Function, at.scope, name);
                builder.scope_mut(scope).returns = Some(of);
                builder.bind(at, name, Source::Scope(scope));
                let own = At { scope, ..at };
                let mut label = None;
                for part in children(part) {
                    match part.kind() {
                        "simple_identifier" => label = Some(span(part)),
                        _ if is_type(part) => {
                            let declared = annotation(builder, part, own);
                            match label.take() {
                                Some(label) => builder.bind(own, label, Source::Declared(declared, None)),
                                None => builder.bind_nameless(own, Source::Declared(declared, None), Space::Value),
                            }
                        }
                        _ => {
                            expression(builder, part, own);
                        }
                    }
                }
            }
            _ => {
                expression(builder, part, at);
            }
        }
    }
    if let Some(name) = name {
        builder.bind(at, name, Source::Declared(of, None));
    }
}

fn alias(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = first_of(node, "type_identifier").map(span) else { return };
    let around = builder.inside(at);
    type_parameters(builder, node, around);
    let written = children(node).into_iter().rfind(|part| is_type(*part));
    let meant = written.map(|written| annotation(builder, written, around));
    let source = match (node.kind(), meant) {
        ("typealias_declaration", Some(meant)) => Source::Alias(meant),
        (_, bound) => Source::TypeParameter(bound),
    };
    builder.bind_in(whole(builder, at), name, source, Space::Both);
}

/// A function; an initialiser is a constructor.
fn function(builder: &mut Builder, node: Node, at: At) -> ScopeId {
    let init = node.kind() == "init_declaration";
    let name = match node.kind() {
        "subscript_declaration" | "deinit_declaration" => Span::default(),
        _ => node.child_by_field_name("name").filter(|name| !is_type(*name)).map(span).unwrap_or_default(),
    };
    attributes(builder, node, at);
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    builder.bind(whole(builder, at), name, Source::Scope(scope));
    let own = At { scope, ..whole(builder, at) };
    let generic = type_parameters(builder, node, own);
    let declaration = builder.scope_mut(scope);
    declaration.type_parameters = generic;
    declaration.flags.is_constructor = init;
    let mut result = None;
    let mut last = None;
    let mut default = false;
    let mut cursor = node.walk();
    let parts: Vec<Node> = node.children(&mut cursor).collect();
    let inner = builder.inside(own);
    for part in parts {
        match part.kind() {
            "parameter" => {
                last = parameter(builder, part, own);
                default = false;
            }
            "=" => default = true,
            "function_body" | "computed_property" | "statements" => {
                let value = body_value(builder, part, inner);
                if let (None, Some(value), false) = (result, value, init) {
                    builder.facts.returns.push((scope, value));
                }
            }
            "..." => builder.scope_mut(scope).flags.is_variadic = true,
            _ if default && part.is_named() => {
                let value = expression(builder, part, own);
                if let Some(binding) = last.and_then(|last: usize| builder.facts.names.get_mut(last))
                    && let Source::Declared(declared, None) = binding.source
                {
                    binding.source = Source::Declared(declared, Some(value));
                }
                default = false;
            }
            _ if is_type(part) && span(part) != name => result = Some(annotation(builder, part, own)),
            _ => {}
        }
    }
    let nothing = builder.expr(Expr::Literal(rag_core::bindings::Literal::Nothing));
    builder.scope_mut(scope).returns = result.or((!init).then_some(nothing));
    scope
}

/// Binds a parameter; its place among the names.
fn parameter(builder: &mut Builder, node: Node, at: At) -> Option<usize> {
    attributes(builder, node, at);
    let parts = children(node);
    let name = parts.iter().rfind(|part| part.kind() == "simple_identifier").map(|name| span(*name))?;
    let written = parts.into_iter().rfind(|part| is_type(*part));
    let declared = written.map_or(UNKNOWN, |written| annotation(builder, written, at));
    if has_token(node, "...") {
        builder.scope_mut(at.scope).flags.is_variadic = true;
    }
    let place = builder.facts.names.len();
    builder.bind(at, name, Source::Declared(declared, None));
    (builder.facts.names.len() > place).then_some(place)
}

fn property(builder: &mut Builder, node: Node, at: At) {
    attributes(builder, node, at);
    let local = matches!(builder.kind(at.scope), ScopeKind::Block | ScopeKind::Function);
    let mut names: Vec<(Vec<Span>, Option<ExprId>, Option<ExprId>)> = Vec::new();
    let mut computed = None;
    for part in children(node) {
        match part.kind() {
            "pattern" => {
                let mut found = Vec::new();
                super::swift_expressions::pattern_names(part, builder.text, &mut found);
                names.push((found, None, None));
            }
            "type_annotation" => {
                let written = children(part).into_iter().find(|part| is_type(*part));
                let declared = written.map(|written| annotation(builder, written, at));
                if let Some(last) = names.last_mut() {
                    last.1 = declared;
                }
            }
            "computed_property" | "willset_didset_block" => {
                let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
                let own = At { scope, ..whole(builder, at) };
                let inner = builder.inside(own);
                let value = body_value(builder, part, inner);
                computed = if part.kind() == "computed_property" { value } else { None };
            }
            "modifiers" | "value_binding_pattern" | "type_constraints" | "protocol_property_requirements" => {}
            _ => {
                let value = expression(builder, part, at);
                if let Some(last) = names.last_mut() {
                    last.2 = Some(value);
                }
            }
        }
    }
    let extent = if local { Span::new(node.end_byte()..builder.text.len()) } else { builder.top().extent };
    let at = At { extent, ..at };
    // `let x, y: Double`
    let last = names.last().and_then(|last| last.1);
    for (found, declared, value) in names {
        let several = found.len() > 1;
        for name in found {
            let declared = declared.or(if value.is_none() { last } else { None });
            let source = match (declared, value.or(computed)) {
                _ if several => Source::Opaque,
                (Some(declared), value) => Source::Declared(declared, value),
                (None, Some(value)) => Source::Value(value),
                (None, None) => Source::Opaque,
            };
            builder.bind(at, name, source);
        }
    }
}

/// Attributes are uses of types, and may hold expressions.
pub(super) fn attributes(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        match child.kind() {
            "modifiers" | "type_modifiers" | "parameter_modifiers" => {
                builder.deeper(|builder| attributes(builder, child, at))
            }
            "attribute" => {
                for part in children(child) {
                    let capital = builder.text(part).starts_with(|c: char| c.is_uppercase());
                    match is_type(part) {
                        true if capital => {
                            annotation(builder, part, at);
                        }
                        true => {}
                        false => {
                            expression(builder, part, at);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// The statements of a body, in the scope of the caller.
pub(super) fn block(builder: &mut Builder, node: Node, at: At) -> ExprId {
    statements(builder, node, at)
}
