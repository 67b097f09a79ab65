//! Scala 2 and 3: packages, imports, classes, objects and functions.

use super::builder::{At, Builder, UNKNOWN, children, first_of, has_token, of_kinds, span};
use super::scala_expressions::{arguments, expression, pattern_names};
use super::scala_types::{annotation, named, type_parameters};
use rag_core::bindings::{Export, Expr, ExprId, List, Literal, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let mut at = builder.top();
    for child in children(root) {
        match child.kind() {
            "package_clause" => at = package(builder, child, at),
            _ => {
                builder.deeper(|builder| statement(builder, child, at));
            }
        }
    }
}

/// What follows a package clause without a body lies in it.
fn package(builder: &mut Builder, node: Node, at: At) -> At {
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    let inner = At { scope: builder.scope(ScopeKind::Namespace, at.scope, name), ..at };
    match node.child_by_field_name("body") {
        Some(body) => {
            statements(builder, body, inner);
            at
        }
        None => inner,
    }
}

/// The statements in `node`; the value of the last.
pub(super) fn statements(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut at = at;
    let mut last = UNKNOWN;
    for child in children(node) {
        match child.kind() {
            "package_clause" => at = package(builder, child, at),
            _ => last = builder.deeper(|builder| statement(builder, child, at)),
        }
    }
    last
}

/// A statement, and what its value is.
pub(super) fn statement(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "import_declaration" => import(builder, node, at),
        "export_declaration" => {}
        "class_definition" | "trait_definition" | "enum_definition" | "object_definition" => class(builder, node, at),
        "package_object" => {
            let name = node.child_by_field_name("name").map(span).unwrap_or_default();
            let inner = At { scope: builder.scope(ScopeKind::Namespace, at.scope, name), ..at };
            if let Some(body) = node.child_by_field_name("body") {
                statements(builder, body, inner);
            }
        }
        "function_definition" | "function_declaration" => {
            function(builder, node, None, at);
        }
        "val_definition" | "var_definition" | "val_declaration" | "var_declaration" => value(builder, node, at),
        "given_definition" => given(builder, node, at),
        "extension_definition" => extension(builder, node, at),
        "type_definition" => alias(builder, node, at),
        "enum_case_definitions" => {
            annotations(builder, node, at);
            for case in of_kinds(node, &["simple_enum_case", "full_enum_case"]) {
                enum_case(builder, case, at);
            }
        }
        "template_body" | "with_template_body" => return statements(builder, node, at),
        "self_type" => {
            let parts = children(node);
            if let Some(name) =
                parts.first().filter(|name| name.kind() == "identifier" && builder.text(**name) != "this")
            {
                let itself = builder.expr(Expr::This(at.scope));
                builder.bind(whole(builder, at), span(*name), Source::Value(itself));
            }
            for part in parts.into_iter().skip(1) {
                annotation(builder, part, at);
            }
        }
        _ => return expression(builder, node, at),
    }
    UNKNOWN
}

/// Members and classes are visible wherever their scope is.
pub(super) fn whole(builder: &Builder, at: At) -> At {
    At { extent: builder.top().extent, ..at }
}

/// `import a.b.C`, `import a.b.{C, D => E, _}`, several of them behind each other.
fn import(builder: &mut Builder, node: Node, at: At) {
    let at = whole(builder, at);
    let mut path: Option<Span> = None;
    let mut last: Option<Span> = None;
    let mut done = false;
    let mut cursor = node.walk();
    let parts: Vec<(Node, bool)> = node.children(&mut cursor).map(|part| (part, part.kind() == ",")).collect();
    for (part, comma) in parts {
        if comma {
            finish(builder, path, last, done, at);
            (path, last, done) = (None, None, false);
            continue;
        }
        match part.kind() {
            "identifier" | "operator_identifier" => {
                if let Some(last) = last {
                    path = Some(Span { start: path.map_or(last.start, |path| path.start), end: last.end });
                }
                last = Some(span(part));
            }
            "namespace_wildcard" => {
                star(builder, path, last);
                done = true;
            }
            "namespace_selectors" => {
                let module = joined(path, last);
                for selector in children(part) {
                    match selector.kind() {
                        "namespace_wildcard" => star(builder, path, last),
                        "identifier" | "operator_identifier" => {
                            builder.bind_in(
                                at,
                                span(selector),
                                Source::Import { module, item: span(selector) },
                                Space::Both,
                            );
                        }
                        _ => renamed(builder, selector, module, at),
                    }
                }
                done = true;
            }
            "as_renamed_identifier" | "arrow_renamed_identifier" => {
                renamed(builder, part, joined(path, last), at);
                done = true;
            }
            _ => {}
        }
    }
    finish(builder, path, last, done, at);
}

fn joined(path: Option<Span>, last: Option<Span>) -> Span {
    let last = last.unwrap_or_default();
    Span { start: path.map_or(last.start, |path| path.start), end: last.end }
}

fn finish(builder: &mut Builder, path: Option<Span>, last: Option<Span>, done: bool, at: At) {
    if let (Some(last), false) = (last, done) {
        builder.bind_in(at, last, Source::Import { module: path.unwrap_or_default(), item: last }, Space::Both);
    }
}

fn star(builder: &mut Builder, path: Option<Span>, last: Option<Span>) {
    builder.facts.exports.push(Export { module: joined(path, last), item: Span::default(), alias: Span::default() });
}

fn renamed(builder: &mut Builder, node: Node, module: Span, at: At) {
    if let (Some(item), Some(alias)) = (node.child_by_field_name("name"), node.child_by_field_name("alias"))
        && alias.kind() != "wildcard"
    {
        builder.bind_in(at, span(alias), Source::Import { module, item: span(item) }, Space::Both);
    }
}

fn class(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    annotations(builder, node, at);
    let object = node.kind() == "object_definition";
    let around = builder.inside(at);
    let generic = type_parameters(builder, node, around);
    let scope = builder.scope(ScopeKind::Class, around.scope, name);
    let space = if object { Space::Value } else { Space::Type };
    builder.bind_in(whole(builder, at), name, Source::Scope(scope), space);
    let declaration = builder.scope_mut(scope);
    declaration.type_parameters = generic;
    declaration.flags.is_static = object;
    let own = At { scope, ..whole(builder, at) };
    if node.kind() == "class_definition" || node.child_by_field_name("class_parameters").is_some() {
        constructor(builder, node, name, own);
    }
    heritage(builder, node, scope, around, own);
    if implicit(builder, node) {
        conversion(builder, node, scope, at);
    }
    if let Some(body) = node.child_by_field_name("body") {
        statements(builder, body, own);
    }
}

fn implicit(builder: &Builder, node: Node) -> bool {
    of_kinds(node, &["modifiers"]).into_iter().any(|words| builder.text(words).contains("implicit"))
        && node.kind() == "class_definition"
}

/// What the members of an implicit class are called on is the parameter of its constructor.
fn conversion(builder: &mut Builder, node: Node, scope: ScopeId, at: At) {
    let parameter =
        of_kinds(node, &["class_parameters"]).into_iter().flat_map(|list| of_kinds(list, &["class_parameter"])).next();
    let Some(written) = parameter.and_then(|parameter| parameter.child_by_field_name("type")) else { return };
    let receiver = super::scala_types::named(builder, written, None, at);
    builder.scope_mut(scope).returns = Some(receiver);
}

/// Calling the class calls it: it has the name of the class. Its parameters are seen by all members.
fn constructor(builder: &mut Builder, node: Node, name: Span, at: At) {
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    builder.scope_mut(scope).flags.is_constructor = true;
    builder.bind(at, name, Source::Scope(scope));
    let mut cursor = node.walk();
    let lists: Vec<Node> = node.children_by_field_name("class_parameters", &mut cursor).collect();
    for (place, list) in lists.into_iter().enumerate() {
        for parameter in of_kinds(list, &["class_parameter"]) {
            annotations(builder, parameter, at);
            let Some(name) = parameter.child_by_field_name("name").map(span) else { continue };
            let declared = declared_type(builder, parameter, at);
            let default = parameter.child_by_field_name("default_value").map(|value| expression(builder, value, at));
            if place == 0 && !has_token(list, "implicit") && !has_token(list, "using") {
                repeated(builder, parameter, scope);
                builder.bind(At { scope, ..at }, name, Source::Declared(declared, default));
            }
            builder.bind(at, name, Source::Declared(declared, None));
        }
    }
}

/// A parameter that takes any number of arguments.
fn repeated(builder: &mut Builder, parameter: Node, scope: ScopeId) {
    let written = parameter.child_by_field_name("type");
    if written.is_some_and(|written| written.kind() == "repeated_parameter_type") {
        builder.scope_mut(scope).flags.is_variadic = true;
    }
}

fn declared_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    node.child_by_field_name("type").map_or(UNKNOWN, |written| annotation(builder, written, at))
}

/// What a class extends.
fn heritage(builder: &mut Builder, node: Node, scope: ScopeId, around: At, own: At) {
    let mut bases = Vec::new();
    for clause in [node.child_by_field_name("extend"), node.child_by_field_name("derive")].into_iter().flatten() {
        for part in children(clause) {
            match part.kind() {
                "arguments" => {
                    arguments(builder, part, own);
                }
                "compound_type" => {
                    for part in children(part) {
                        bases.push(named(builder, part, Some(ReferenceKind::Inherit), around));
                    }
                }
                _ => bases.push(named(builder, part, Some(ReferenceKind::Inherit), around)),
            }
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
}

/// `new Base(…) { … }`: a class without a name.
pub(super) fn anonymous(builder: &mut Builder, body: Node, bases: Vec<ExprId>, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Class, at.scope, Span::default());
    let bases = builder.list(bases);
    let declaration = builder.scope_mut(scope);
    declaration.bases = bases;
    declaration.flags.is_static = true;
    let own = At { scope, ..whole(builder, at) };
    statements(builder, body, own);
    builder.expr(Expr::Scope(scope))
}

fn enum_case(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let class = builder.facts.scopes[at.scope as usize];
    let of = builder.expr(Expr::Name(class.name, class.parent));
    if node.child_by_field_name("class_parameters").is_none() {
        if let Some(extend) = node.child_by_field_name("extend") {
            for part in children(extend) {
                match part.kind() {
                    "arguments" => {
                        arguments(builder, part, at);
                    }
                    _ => {
                        named(builder, part, Some(ReferenceKind::Inherit), at);
                    }
                }
            }
        }
        builder.bind(at, name, Source::Declared(of, None));
        return;
    }
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Both);
    let own = At { scope, ..at };
    let generic = type_parameters(builder, node, own);
    builder.scope_mut(scope).type_parameters = generic;
    constructor(builder, node, name, own);
    heritage(builder, node, scope, own, own);
    let bases = builder.facts.scopes[scope as usize].bases;
    if bases.start == bases.end {
        let bases = builder.list(vec![of]);
        builder.scope_mut(scope).bases = bases;
    }
}

/// A function. Those of an extension have a receiver: the first base is its type, and its name is bound outside.
fn function(builder: &mut Builder, node: Node, receiver: Option<ExprId>, at: At) -> ScopeId {
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    annotations(builder, node, at);
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let target =
        if receiver.is_some() { At { scope: builder.facts.scopes[at.scope as usize].parent, ..at } } else { at };
    builder.bind(whole(builder, target), name, Source::Scope(scope));
    let own = At { scope, ..whole(builder, at) };
    let generic = type_parameters(builder, node, own);
    let bases = receiver.map_or(List::default(), |receiver| builder.list(vec![receiver]));
    let is_this = builder.text(node.child_by_field_name("name").unwrap_or(node)) == "this";
    let declaration = builder.scope_mut(scope);
    declaration.type_parameters = generic;
    declaration.bases = bases;
    declaration.flags.is_constructor = is_this;
    let inner = builder.inside(own);
    let mut cursor = node.walk();
    let lists: Vec<Node> =
        node.children_by_field_name("parameters", &mut cursor).filter(|list| list.kind() == "parameters").collect();
    for (place, list) in lists.into_iter().enumerate() {
        // A call writes the first list; what stands in the others is seen by the body.
        let implicit = has_token(list, "implicit") || has_token(list, "using");
        let target = if place == 0 && !implicit { own } else { inner };
        for parameter in of_kinds(list, &["parameter"]) {
            annotations(builder, parameter, own);
            let declared = declared_type(builder, parameter, own);
            let default = parameter.child_by_field_name("default_value").map(|value| expression(builder, value, own));
            if place == 0 {
                repeated(builder, parameter, scope);
            }
            let name = parameter.child_by_field_name("name").map(span).unwrap_or_default();
            builder.bind(target, name, Source::Declared(declared, default));
        }
    }
    let result = node.child_by_field_name("return_type").map(|result| annotation(builder, result, own));
    let body = node.child_by_field_name("body");
    let declaration = builder.scope_mut(scope);
    declaration.returns = result;
    declaration.flags.is_signature = body.is_none();
    if let Some(body) = body {
        let value = expression(builder, body, inner);
        if result.is_none() && has_token(node, "=") {
            builder.facts.returns.push((scope, value));
        } else if result.is_none() {
            let nothing = builder.expr(Expr::Literal(Literal::Nothing));
            builder.scope_mut(scope).returns = Some(nothing);
        }
    }
    scope
}

fn extension(builder: &mut Builder, node: Node, at: At) {
    let inner = builder.inside(at);
    type_parameters(builder, node, inner);
    let mut receiver = None;
    let mut cursor = node.walk();
    let lists: Vec<Node> = node.children_by_field_name("parameters", &mut cursor).collect();
    for parameter in lists.into_iter().flat_map(|list| of_kinds(list, &["parameter"])) {
        let declared = declared_type(builder, parameter, inner);
        receiver = receiver.or(Some(declared));
        if let Some(name) = parameter.child_by_field_name("name") {
            builder.bind(inner, span(name), Source::Declared(declared, None));
        }
    }
    let mut cursor = node.walk();
    let bodies: Vec<Node> = node.children_by_field_name("body", &mut cursor).filter(|body| body.is_named()).collect();
    for body in bodies {
        let parts = if body.kind() == "template_body" { children(body) } else { vec![body] };
        for part in parts {
            match part.kind() {
                "function_definition" | "function_declaration" => {
                    builder.deeper(|builder| Some(function(builder, part, receiver, inner)));
                }
                _ => {
                    builder.deeper(|builder| statement(builder, part, inner));
                }
            }
        }
    }
}

fn value(builder: &mut Builder, node: Node, at: At) {
    annotations(builder, node, at);
    let local = matches!(builder.kind(at.scope), ScopeKind::Block | ScopeKind::Function);
    let declared = node.child_by_field_name("type").map(|written| annotation(builder, written, at));
    let given = node.child_by_field_name("value").map(|value| expression(builder, value, at));
    let extent = if local { Span::new(node.end_byte()..builder.text.len()) } else { builder.top().extent };
    let at = At { extent, ..at };
    let source = match (declared, given) {
        (Some(declared), given) => Source::Declared(declared, given),
        (None, Some(given)) => Source::Value(given),
        (None, None) => Source::Opaque,
    };
    let mut cursor = node.walk();
    let names: Vec<Node> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        builder.bind(at, span(name), source);
    }
    match node.child_by_field_name("pattern") {
        Some(name) if name.kind() == "identifier" => builder.bind(at, span(name), source),
        Some(names) if names.kind() == "identifiers" => {
            for name in children(names) {
                builder.bind(at, span(name), source);
            }
        }
        Some(pattern) => pattern_names(builder, pattern, None, at),
        None => {}
    }
}

fn given(builder: &mut Builder, node: Node, at: At) {
    annotations(builder, node, at);
    let inner = builder.inside(at);
    let mut bases = Vec::new();
    let mut cursor = node.walk();
    let types: Vec<Node> =
        node.children_by_field_name("return_type", &mut cursor).filter(|part| part.is_named()).collect();
    for written in types {
        bases.push(annotation(builder, written, inner));
    }
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    let declared = bases.first().copied().unwrap_or(UNKNOWN);
    builder.bind(whole(builder, at), name, Source::Declared(declared, None));
    match node.child_by_field_name("body") {
        Some(body) if body.kind().ends_with("template_body") => {
            anonymous(builder, body, bases, inner);
        }
        Some(body) => {
            expression(builder, body, inner);
        }
        None => {}
    }
}

fn alias(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let around = builder.inside(at);
    type_parameters(builder, node, around);
    let meant = node.child_by_field_name("type").map_or(UNKNOWN, |written| annotation(builder, written, around));
    builder.bind_in(whole(builder, at), name, Source::Alias(meant), Space::Type);
}

pub(super) fn annotations(builder: &mut Builder, node: Node, at: At) {
    for annotated in of_kinds(node, &["annotation"]) {
        if let Some(name) = annotated.child_by_field_name("name") {
            annotation(builder, name, at);
        }
        if let Some(list) = first_of(annotated, "arguments") {
            arguments(builder, list, at);
        }
    }
}
