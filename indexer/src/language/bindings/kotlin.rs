//! Kotlin: packages, imports, classes, objects and functions.

use super::builder::{At, Builder, UNKNOWN, children, first_of, has_token, of_kinds, span};
use super::kotlin_expressions::{arguments, expression, statements};
use super::kotlin_types::{annotation, is_type, named, type_parameters};
use rag_core::bindings::{Export, Expr, ExprId, List, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    for child in children(root) {
        match child.kind() {
            "package_header" => {
                builder.facts.package = first_of(child, "qualified_identifier").map_or(Span::default(), span)
            }
            "import" => import(builder, child, at),
            "shebang" => {}
            _ => {
                builder.deeper(|builder| statement(builder, child, at));
            }
        }
    }
}

fn import(builder: &mut Builder, node: Node, at: At) {
    let parts = children(node);
    let Some(path) = parts.first().copied() else { return };
    if has_token(node, "*") {
        builder.facts.exports.push(Export { module: span(path), item: Span::default(), alias: Span::default() });
        return;
    }
    let names = children(path);
    let (module, item) = match names.as_slice() {
        [.., before, last] => (Span { start: span(path).start, end: span(*before).end }, span(*last)),
        [only] => (Span::default(), span(*only)),
        [] => (Span::default(), span(path)),
    };
    let name = parts.get(1).map_or(item, |alias| span(*alias));
    builder.bind_in(at, name, Source::Import { module, item }, Space::Both);
}

/// A statement, and what its value is.
pub(super) fn statement(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "class_declaration" => class(builder, node, at),
        "object_declaration" | "companion_object" => object(builder, node, at),
        "function_declaration" => {
            function(builder, node, at);
        }
        "property_declaration" => property(builder, node, at),
        "type_alias" => alias(builder, node, at),
        "secondary_constructor" => secondary(builder, node, at),
        "anonymous_initializer" => {
            let at = builder.inside(at);
            statements(builder, node, at);
        }
        "enum_entry" => entry(builder, node, at),
        _ => return expression(builder, node, at),
    }
    UNKNOWN
}

/// Members and classes are visible wherever their scope is.
fn whole(builder: &Builder, at: At) -> At {
    At { extent: builder.top().extent, ..at }
}

fn class(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    modifiers(builder, node, at);
    let around = builder.inside(at);
    let generic = type_parameters(builder, node, around);
    let scope = builder.scope(ScopeKind::Class, around.scope, name);
    builder.bind_in(whole(builder, at), name, Source::Scope(scope), Space::Both);
    builder.scope_mut(scope).type_parameters = generic;
    let own = At { scope, ..whole(builder, at) };
    if let Some(primary) = first_of(node, "primary_constructor") {
        primary_constructor(builder, primary, name, own);
    }
    heritage(builder, node, scope, around);
    body(builder, node, own);
}

fn body(builder: &mut Builder, node: Node, at: At) {
    for body in of_kinds(node, &["class_body", "enum_class_body"]) {
        for member in children(body) {
            builder.deeper(|builder| statement(builder, member, at));
        }
    }
}

/// Calling the class calls it: it has the name of the class. Those of its parameters that say `val` or `var` are members.
fn primary_constructor(builder: &mut Builder, node: Node, name: Span, at: At) {
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    builder.scope_mut(scope).flags.is_constructor = true;
    builder.bind(at, name, Source::Scope(scope));
    let own = At { scope, ..at };
    for parameter in of_kinds(node, &["class_parameters"]).into_iter().flat_map(children) {
        modifiers(builder, parameter, at);
        let parts = children(parameter);
        let Some(name) = parts.iter().find(|part| part.kind() == "identifier").map(|name| span(*name)) else {
            continue;
        };
        let mut declared = UNKNOWN;
        let mut default = None;
        for part in parts.into_iter().filter(|part| span(*part).start > name.start) {
            match is_type(part) && declared == UNKNOWN {
                true => declared = annotation(builder, part, at),
                false => default = Some(expression(builder, part, at)),
            }
        }
        if says(parameter, "vararg") {
            builder.scope_mut(scope).flags.is_variadic = true;
        }
        builder.bind(own, name, Source::Declared(declared, default));
        if has_token(parameter, "val") || has_token(parameter, "var") {
            builder.bind(at, name, Source::Declared(declared, None));
        }
    }
}

/// What a class derives from.
fn heritage(builder: &mut Builder, node: Node, scope: ScopeId, at: At) {
    let mut bases = Vec::new();
    for specifier in of_kinds(node, &["delegation_specifiers"]).into_iter().flat_map(children) {
        for part in children(specifier) {
            match part.kind() {
                "constructor_invocation" | "explicit_delegation" => {
                    for part in children(part) {
                        match part.kind() {
                            "value_arguments" => {
                                arguments(builder, part, at);
                            }
                            _ if is_type(part) => bases.push(named(builder, part, Some(ReferenceKind::Inherit), at)),
                            _ => {
                                expression(builder, part, at);
                            }
                        }
                    }
                }
                _ if is_type(part) => bases.push(named(builder, part, Some(ReferenceKind::Inherit), at)),
                _ => modifiers(builder, specifier, at),
            }
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
}

fn object(builder: &mut Builder, node: Node, at: At) {
    modifiers(builder, node, at);
    let companion = node.kind() == "companion_object";
    let name = node.child_by_field_name("name").map_or_else(|| word(node, "companion"), span);
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    let flags = &mut builder.scope_mut(scope).flags;
    flags.is_static = true;
    flags.is_class_method = companion;
    builder.bind_in(whole(builder, at), name, Source::Scope(scope), Space::Both);
    heritage(builder, node, scope, at);
    let own = At { scope, ..whole(builder, at) };
    body(builder, node, own);
}

/// Where the token `token` stands, perhaps among the modifiers.
fn word(node: Node, token: &str) -> Span {
    let mut cursor = node.walk();
    let mut found = Span::default();
    for child in node.children(&mut cursor) {
        if child.kind() == token {
            return span(child);
        }
        if child.kind() == "modifiers" && found.is_empty() {
            found = word(child, token);
        }
    }
    found
}

/// `object : Base() { … }`
pub(super) fn anonymous(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Class, at.scope, Span::default());
    builder.scope_mut(scope).flags.is_static = true;
    heritage(builder, node, scope, at);
    let own = At { scope, ..whole(builder, at) };
    body(builder, node, own);
    builder.expr(Expr::Scope(scope))
}

fn entry(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = first_of(node, "identifier").map(span) else { return };
    modifiers(builder, node, at);
    for list in of_kinds(node, &["value_arguments"]) {
        arguments(builder, list, at);
    }
    let class = builder.facts.scopes[at.scope as usize];
    let declared = builder.expr(Expr::Name(class.name, class.parent));
    builder.bind(at, name, Source::Declared(declared, None));
    if first_of(node, "class_body").is_some() {
        let scope = builder.scope(ScopeKind::Class, at.scope, Span::default());
        let bases = builder.list(vec![declared]);
        builder.scope_mut(scope).bases = bases;
        let own = At { scope, ..whole(builder, at) };
        body(builder, node, own);
    }
}

fn alias(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("type").map(span) else { return };
    let around = builder.inside(at);
    type_parameters(builder, node, around);
    let written = children(node).into_iter().rfind(|part| is_type(*part));
    let meant = written.map_or(UNKNOWN, |written| annotation(builder, written, around));
    builder.bind_in(whole(builder, at), name, Source::Alias(meant), Space::Both);
}

fn secondary(builder: &mut Builder, node: Node, at: At) {
    let name = word(node, "constructor");
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    builder.scope_mut(scope).flags.is_constructor = true;
    builder.bind(at, name, Source::Scope(scope));
    let own = At { scope, ..at };
    parameters(builder, node, own);
    let inner = builder.inside(own);
    for call in of_kinds(node, &["constructor_delegation_call"]) {
        for list in of_kinds(call, &["value_arguments"]) {
            arguments(builder, list, inner);
        }
    }
    for block in of_kinds(node, &["block"]) {
        statements(builder, block, inner);
    }
}

/// A function; of an extension, the first base is the type of the receiver.
pub(super) fn function(builder: &mut Builder, node: Node, at: At) -> ScopeId {
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    modifiers(builder, node, at);
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    builder.bind(whole(builder, at), name, Source::Scope(scope));
    let own = At { scope, ..at };
    let generic = type_parameters(builder, node, own);
    let list = first_of(node, "function_value_parameters").map_or(name.end, |list| span(list).start);
    let (mut receiver, mut result) = (None, None);
    for part in children(node).into_iter().filter(|part| is_type(*part)) {
        let written = annotation(builder, part, own);
        match span(part).start < list {
            true => receiver = Some(written),
            false => result = Some(written),
        }
    }
    let bases = receiver.map_or(List::default(), |receiver| builder.list(vec![receiver]));
    let declaration = builder.scope_mut(scope);
    declaration.type_parameters = generic;
    declaration.bases = bases;
    parameters(builder, node, own);
    let body = first_of(node, "function_body");
    let declaration = builder.scope_mut(scope);
    declaration.flags.is_signature = body.is_none();
    declaration.flags.is_override = says(node, "override");
    declaration.returns = result;
    let Some(body) = body else { return scope };
    let inner = builder.inside(own);
    let value = function_body(builder, body, inner);
    match (result, value) {
        (None, Some(value)) => builder.facts.returns.push((scope, value)),
        // A block without a declared result gives nothing.
        (None, None) => {
            let nothing = builder.expr(Expr::Literal(rag_core::bindings::Literal::Nothing));
            builder.scope_mut(scope).returns = Some(nothing);
        }
        _ => {}
    }
    scope
}

/// Visits a body; the value of `= value`.
pub(super) fn function_body(builder: &mut Builder, node: Node, at: At) -> Option<ExprId> {
    let parts = children(node);
    match parts.first() {
        Some(block) if block.kind() == "block" => {
            statements(builder, *block, at);
            None
        }
        Some(value) => Some(expression(builder, *value, at)),
        None => None,
    }
}

fn parameters(builder: &mut Builder, node: Node, at: At) {
    let mut last = None;
    for part in of_kinds(node, &["function_value_parameters"]).into_iter().flat_map(children) {
        match part.kind() {
            "parameter" => {
                let parts = children(part);
                let name = parts.iter().find(|part| part.kind() == "identifier").map(|name| span(*name));
                let written = parts.into_iter().rfind(|part| is_type(*part));
                let declared = written.map_or(UNKNOWN, |written| annotation(builder, written, at));
                last = Some(builder.facts.names.len());
                builder.bind(at, name.unwrap_or_default(), Source::Declared(declared, None));
            }
            "parameter_modifiers" => {
                modifiers(builder, part, at);
                if builder.text(part).contains("vararg") {
                    builder.scope_mut(at.scope).flags.is_variadic = true;
                }
            }
            // The default of the parameter in front.
            _ => {
                let value = expression(builder, part, at);
                if let Some(binding) = last.and_then(|last| builder.facts.names.get_mut(last))
                    && let Source::Declared(declared, None) = binding.source
                {
                    binding.source = Source::Declared(declared, Some(value));
                }
            }
        }
    }
}

/// Whether the modifiers of `node` say `word`.
fn says(node: Node, word: &str) -> bool {
    of_kinds(node, &["modifiers"]).into_iter().flat_map(children).any(|modifier| has_token(modifier, word))
}

fn property(builder: &mut Builder, node: Node, at: At) {
    modifiers(builder, node, at);
    let local = matches!(builder.kind(at.scope), ScopeKind::Block | ScopeKind::Function);
    let around = builder.inside(at);
    type_parameters(builder, node, around);
    let mut receiver = None;
    let mut names: Vec<(Span, Option<ExprId>)> = Vec::new();
    let mut value = None;
    let mut several = false;
    for part in children(node) {
        match part.kind() {
            "modifiers" | "type_parameters" | "type_constraints" => {}
            "variable_declaration" => names.extend(variable(builder, part, around)),
            "multi_variable_declaration" => {
                several = true;
                names.extend(children(part).into_iter().filter_map(|part| variable(builder, part, around)));
            }
            "property_delegate" => {
                let delegate =
                    children(part).first().map_or(UNKNOWN, |delegate| expression(builder, *delegate, around));
                value = lazily(builder, delegate);
            }
            "getter" | "setter" => {
                let scope = builder.scope(ScopeKind::Function, around.scope, Span::default());
                if let (Some(receiver), true) = (receiver, !local) {
                    let bases = builder.list(vec![receiver]);
                    builder.scope_mut(scope).bases = bases;
                }
                let own = At { scope, ..whole(builder, around) };
                if let Some(name) = first_of(part, "identifier") {
                    builder.bind(own, span(name), Source::Opaque);
                }
                let inner = builder.inside(own);
                let given = first_of(part, "function_body").and_then(|body| function_body(builder, body, inner));
                value = value.or(given);
            }
            _ if is_type(part) && names.is_empty() => receiver = Some(annotation(builder, part, around)),
            _ => value = Some(expression(builder, part, around)),
        }
    }
    let at =
        if local { At { extent: Span::new(node.end_byte()..builder.text.len()), ..at } } else { whole(builder, at) };
    for (name, declared) in names {
        let source = match (declared, value) {
            (Some(declared), value) => Source::Declared(declared, value),
            (None, Some(value)) if !several => Source::Value(value),
            _ => Source::Opaque,
        };
        let Some(receiver) = receiver else {
            builder.bind(at, name, source);
            continue;
        };
        let scope = builder.scope(ScopeKind::Function, at.scope, name);
        let bases = builder.list(vec![receiver]);
        let declaration = builder.scope_mut(scope);
        declaration.bases = bases;
        declaration.flags.is_property = true;
        declaration.returns = declared;
        if let (None, Some(value)) = (declared, value) {
            builder.facts.returns.push((scope, value));
        }
        builder.bind(at, name, Source::Scope(scope));
    }
}

/// `by lazy { value }` gives what the block gives; nothing is known of other delegates.
fn lazily(builder: &mut Builder, delegate: ExprId) -> Option<ExprId> {
    let Expr::Call(callee, given) = builder.facts.expr(delegate) else { return None };
    let is_lazy = matches!(builder.facts.expr(callee), Expr::Name(name, _) if name.text(builder.text) == "lazy");
    let block = *builder.facts.list(given).last().filter(|_| is_lazy)?;
    let none = builder.list(Vec::new());
    Some(builder.expr(Expr::Call(block, none)))
}

/// The name and declared type of a variable.
pub(super) fn variable(builder: &mut Builder, node: Node, at: At) -> Option<(Span, Option<ExprId>)> {
    let mut name = None;
    let mut declared = None;
    for part in children(node) {
        match part.kind() {
            "identifier" => name = Some(span(part)),
            "annotation" => use_annotation(builder, part, at),
            _ if is_type(part) => declared = Some(annotation(builder, part, at)),
            _ => {}
        }
    }
    name.map(|name| (name, declared))
}

/// Annotations are uses of types, and may hold expressions.
pub(super) fn modifiers(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        match child.kind() {
            "modifiers" | "parameter_modifiers" | "type_modifiers" => {
                builder.deeper(|builder| modifiers(builder, child, at));
            }
            "annotation" => use_annotation(builder, child, at),
            _ => {}
        }
    }
}

pub(super) fn use_annotation(builder: &mut Builder, node: Node, at: At) {
    for part in children(node) {
        match part.kind() {
            "constructor_invocation" => use_annotation(builder, part, at),
            "value_arguments" => {
                arguments(builder, part, at);
            }
            _ if is_type(part) => {
                annotation(builder, part, at);
            }
            _ => {}
        }
    }
}
