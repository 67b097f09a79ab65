//! C#: namespaces, usings, types and their members.

use super::builder::{At, Builder, UNKNOWN, children, first_of, has_token, of_kinds, span};
use super::csharp_expressions::{arguments, block, expression};
use super::csharp_types::{annotation, is_type, named, type_parameters};
use rag_core::bindings::{Export, Expr, ExprId, List, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let mut at = builder.top();
    for child in children(root) {
        match child.kind() {
            // What follows lies in it.
            "file_scoped_namespace_declaration" => at = namespace(builder, child, at),
            _ => builder.deeper(|builder| member(builder, child, at)),
        }
    }
}

fn namespace(builder: &mut Builder, node: Node, at: At) -> At {
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    At { scope: builder.scope(ScopeKind::Namespace, at.scope, name), ..at }
}

fn using(builder: &mut Builder, node: Node, at: At) {
    let parts = children(node);
    let alias = node.child_by_field_name("name");
    let Some(path) = parts.into_iter().rfind(|part| Some(*part) != alias) else { return };
    if let Some(alias) = alias {
        let meant = named(builder, path, None, at);
        builder.bind_in(at, span(alias), Source::Alias(meant), Space::Both);
        return;
    }
    let alias = if has_token(node, "global") {
        Span { start: span(node).start, end: span(node).start + 6 }
    } else {
        Span::default()
    };
    builder.facts.exports.push(Export { module: span(path), item: Span::default(), alias });
}

/// Members and classes are visible wherever their scope is.
fn whole(builder: &Builder, at: At) -> At {
    At { extent: builder.top().extent, ..at }
}

pub(super) fn members(builder: &mut Builder, body: Node, at: At) {
    for child in children(body) {
        builder.deeper(|builder| member(builder, child, at));
    }
}

pub(super) fn member(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "using_directive" => using(builder, node, at),
        "namespace_declaration" => {
            let inner = namespace(builder, node, at);
            if let Some(body) = node.child_by_field_name("body") {
                members(builder, body, inner);
            }
        }
        "class_declaration"
        | "struct_declaration"
        | "record_declaration"
        | "interface_declaration"
        | "enum_declaration" => {
            class(builder, node, at);
        }
        "delegate_declaration" => delegate(builder, node, at),
        "enum_member_declaration" => {
            attributes(builder, node, at);
            let class = builder.facts.scopes[at.scope as usize];
            let declared = builder.expr(Expr::Name(class.name, class.parent));
            let name = node.child_by_field_name("name").map(span).unwrap_or_default();
            builder.bind(at, name, Source::Declared(declared, None));
            if let Some(value) = node.child_by_field_name("value") {
                expression(builder, value, at);
            }
        }
        "method_declaration"
        | "constructor_declaration"
        | "destructor_declaration"
        | "operator_declaration"
        | "conversion_operator_declaration"
        | "local_function_statement" => {
            method(builder, node, at);
        }
        "field_declaration" | "event_field_declaration" => {
            attributes(builder, node, at);
            for list in of_kinds(node, &["variable_declaration"]) {
                variables(builder, list, whole(builder, at));
            }
        }
        "property_declaration" | "event_declaration" | "indexer_declaration" => property(builder, node, at),
        "global_statement" => members(builder, node, at),
        "attribute_list" | "global_attribute" => attributes(builder, node, at),
        _ => {
            super::csharp_expressions::statement(builder, node, at);
        }
    }
}

fn class(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    attributes(builder, node, at);
    let around = builder.inside(at);
    let generic = type_parameters(builder, node, around);
    let scope = builder.scope(ScopeKind::Class, around.scope, name);
    builder.bind_in(whole(builder, at), name, Source::Scope(scope), Space::Type);
    builder.scope_mut(scope).type_parameters = generic;
    let own = At { scope, ..whole(builder, at) };
    if let Some(list) = first_of(node, "parameter_list") {
        // A primary constructor has the name of the class; its parameters are seen by all members, and are those of a record.
        let constructor = builder.scope(ScopeKind::Function, scope, name);
        builder.scope_mut(constructor).flags.is_constructor = true;
        builder.bind(own, name, Source::Scope(constructor));
        let first = builder.facts.names.len();
        parameters(builder, list, At { scope: constructor, ..own });
        let bound: Vec<_> = builder.facts.names[first..].to_vec();
        for binding in bound.into_iter().filter(|binding| binding.scope == constructor) {
            let source = match binding.source {
                Source::Declared(declared, _) => Source::Declared(declared, None),
                source => source,
            };
            builder.bind(own, binding.name, source);
        }
    }
    let mut bases = Vec::new();
    for part in of_kinds(node, &["base_list"]).into_iter().flat_map(children) {
        match part.kind() {
            "argument_list" => {
                arguments(builder, part, own);
            }
            "primary_constructor_base_type" => {
                if let Some(base) = part.child_by_field_name("type") {
                    bases.push(named(builder, base, Some(ReferenceKind::Inherit), around));
                }
                for list in of_kinds(part, &["argument_list"]) {
                    arguments(builder, list, own);
                }
            }
            _ => bases.push(named(builder, part, Some(ReferenceKind::Inherit), around)),
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
    if let Some(body) = node.child_by_field_name("body") {
        members(builder, body, own);
    }
}

fn delegate(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    attributes(builder, node, at);
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    builder.scope_mut(scope).flags.is_signature = true;
    let own = At { scope, ..at };
    let generic = type_parameters(builder, node, own);
    builder.scope_mut(scope).type_parameters = generic;
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    let returns = node.child_by_field_name("type").map(|result| annotation(builder, result, own));
    builder.scope_mut(scope).returns = returns;
    let signature = builder.expr(Expr::Scope(scope));
    builder.bind_in(whole(builder, at), name, Source::Alias(signature), Space::Type);
}

/// A function; of an extension, the first base is the type of the receiver, which is its first parameter, too.
pub(super) fn method(builder: &mut Builder, node: Node, at: At) -> ScopeId {
    let constructor = node.kind() == "constructor_declaration";
    let name = match node.kind() {
        "operator_declaration" | "conversion_operator_declaration" | "destructor_declaration" => Span::default(),
        _ => node.child_by_field_name("name").map(span).unwrap_or_default(),
    };
    attributes(builder, node, at);
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let own = At { scope, ..whole(builder, at) };
    let generic = type_parameters(builder, node, own);
    let body = node.child_by_field_name("body");
    let declaration = builder.scope_mut(scope);
    declaration.type_parameters = generic;
    declaration.flags.is_constructor = constructor;
    declaration.flags.is_signature = body.is_none();
    // What implements one member of an interface has no name of its own.
    let explicit = first_of(node, "explicit_interface_specifier");
    if let Some(explicit) = explicit {
        for part in children(explicit) {
            annotation(builder, part, at);
        }
    }
    builder.bind(whole(builder, at), name, Source::Scope(scope));
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    let result = node.child_by_field_name("returns").or_else(|| node.child_by_field_name("type"));
    let returns = result.map(|result| annotation(builder, result, own));
    builder.scope_mut(scope).returns = returns;
    let inner = builder.inside(own);
    for initializer in of_kinds(node, &["constructor_initializer"]) {
        let base = has_token(initializer, "base");
        let token = if base { Expr::Super(inner.scope) } else { Expr::This(inner.scope) };
        let callee = builder.expr(token);
        let items = of_kinds(initializer, &["argument_list"])
            .into_iter()
            .flat_map(|list| arguments(builder, list, inner))
            .collect::<Vec<_>>();
        let word = word(initializer, if base { "base" } else { "this" });
        builder.named_site(ReferenceKind::Call, word, callee, items.len());
        let items = builder.list(items);
        builder.expr(Expr::Call(callee, items));
    }
    if let Some(body) = body {
        block(builder, body, inner);
    }
    scope
}

fn word(node: Node, token: &str) -> Span {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| child.kind() == token).map_or_else(|| span(node), span)
}

/// Binds the parameters of a function, whose scope `at` is.
pub(super) fn parameters(builder: &mut Builder, list: Node, at: At) {
    for parameter in children(list) {
        match parameter.kind() {
            "parameter" => {
                attributes(builder, parameter, at);
                let written = parameter.child_by_field_name("type");
                let declared = written.map_or(UNKNOWN, |written| annotation(builder, written, at));
                let name = parameter.child_by_field_name("name");
                let extends = of_kinds(parameter, &["modifier"]).into_iter().any(|word| builder.text(word) == "this");
                if extends {
                    let bases = builder.list(vec![declared]);
                    builder.scope_mut(at.scope).bases = bases;
                }
                let value = children(parameter).into_iter().rfind(|part| {
                    Some(*part) != written
                        && Some(*part) != name
                        && !matches!(part.kind(), "modifier" | "attribute_list")
                });
                let default = value.map(|value| expression(builder, value, at));
                builder.bind(at, name.map(span).unwrap_or_default(), Source::Declared(declared, default));
            }
            "identifier" => {
                // `params T[] name`
                let written = list.child_by_field_name("type");
                let declared = written.map_or(UNKNOWN, |written| annotation(builder, written, at));
                builder.scope_mut(at.scope).flags.is_variadic = true;
                builder.bind(at, span(parameter), Source::Declared(declared, None));
            }
            _ => {}
        }
    }
}

fn property(builder: &mut Builder, node: Node, at: At) {
    attributes(builder, node, at);
    let declared = node.child_by_field_name("type").map_or(UNKNOWN, |declared| annotation(builder, declared, at));
    for explicit in of_kinds(node, &["explicit_interface_specifier"]).into_iter().flat_map(children) {
        annotation(builder, explicit, at);
    }
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    builder.bind(whole(builder, at), name, Source::Declared(declared, None));
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    let own = At { scope, ..whole(builder, at) };
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    let inner = builder.inside(own);
    for accessor in of_kinds(node, &["accessor_list"]).into_iter().flat_map(children) {
        if let Some(body) = accessor.child_by_field_name("body") {
            block(builder, body, inner);
        }
    }
    if let Some(value) = node.child_by_field_name("value") {
        block(builder, value, inner);
    }
}

/// The variables of a declaration.
pub(super) fn variables(builder: &mut Builder, node: Node, at: At) {
    let written = node.child_by_field_name("type");
    let declared = written.filter(|written| is_type(*written)).map(|written| annotation(builder, written, at));
    for declarator in of_kinds(node, &["variable_declarator"]) {
        let name = declarator.child_by_field_name("name");
        let value = children(declarator)
            .into_iter()
            .rfind(|part| Some(*part) != name && part.kind() != "bracketed_argument_list");
        let given = value.map(|value| super::csharp_expressions::expected(builder, value, declared, at));
        let source = match (declared, given) {
            (Some(declared), given) => Source::Declared(declared, given),
            (None, Some(given)) => Source::Value(given),
            (None, None) => Source::Opaque,
        };
        let local = matches!(builder.kind(at.scope), ScopeKind::Block | ScopeKind::Function);
        let extent = if local { Span::new(declarator.end_byte()..builder.text.len()) } else { at.extent };
        if let Some(name) = name {
            builder.bind(At { extent, ..at }, span(name), source);
        }
    }
}

/// Attributes are uses of types, and may hold expressions.
pub(super) fn attributes(builder: &mut Builder, node: Node, at: At) {
    let lists = if matches!(node.kind(), "attribute_list" | "global_attribute") {
        vec![node]
    } else {
        of_kinds(node, &["attribute_list"])
    };
    for attribute in lists.into_iter().flat_map(children) {
        if let Some(name) = attribute.child_by_field_name("name") {
            annotation(builder, name, at);
        }
        for argument in of_kinds(attribute, &["attribute_argument_list"]).into_iter().flat_map(children) {
            if let Some(value) = children(argument).last() {
                expression(builder, *value, at);
            }
        }
    }
}

/// `List` of nothing.
pub(super) fn empty(builder: &mut Builder) -> List {
    builder.list(Vec::new())
}

/// An expression of nothing known, for a list of declared types.
pub(super) fn tuple(builder: &mut Builder, items: Vec<ExprId>) -> ExprId {
    let items = builder.list(items);
    builder.expr(Expr::Tuple(items))
}
