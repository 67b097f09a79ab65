//! C and C++: what declarations bind, and of which type.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::c::{block, class, home, visit};
use super::c_expressions::{argument_list, expression};
use super::c_types::{annotation, named, path, pointer};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeFlags, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// A declarator, unwrapped.
pub(super) struct Declarator<'t> {
    /// The declared name.
    pub(super) name: Option<Node<'t>>,
    /// The declared type; of a function, that of its result.
    pub(super) declared: ExprId,
    /// The part with the parameters, if it declares a function.
    pub(super) function: Option<Node<'t>>,
    /// What it is given first.
    pub(super) value: Option<Node<'t>>,
}

/// Finds the name inside of a declarator, and what stands around it says of the type.
pub(super) fn unwrap<'t>(builder: &mut Builder, node: Node<'t>, base: ExprId, at: At) -> Declarator<'t> {
    let mut found = Declarator { name: None, declared: base, function: None, value: None };
    let mut next = Some(node);
    for _ in 0..64 {
        let Some(node) = next else { break };
        let inner = node.child_by_field_name("declarator");
        next = match node.kind() {
            "pointer_declarator"
            | "abstract_pointer_declarator"
            | "array_declarator"
            | "abstract_array_declarator"
            | "pointer_type_declarator"
            | "array_type_declarator" => {
                found.declared = pointer(builder, found.declared);
                if let Some(size) = node.child_by_field_name("size") {
                    expression(builder, size, at);
                }
                inner
            }
            "init_declarator" => {
                found.value = node.child_by_field_name("value");
                inner
            }
            "function_declarator" | "abstract_function_declarator" => {
                let pointed = inner.filter(|inner| inner.kind() == "parenthesized_declarator");
                let is_pointer =
                    pointed.and_then(|pointed| children(pointed).into_iter().next()).is_some_and(|inner| {
                        !matches!(inner.kind(), "identifier" | "type_identifier" | "field_identifier")
                    });
                if is_pointer || node.kind() != "function_declarator" {
                    // Types of parameters are uses, their names bind nothing.
                    let own = block(builder, at);
                    if let Some(list) = node.child_by_field_name("parameters") {
                        parameters(builder, list, own);
                    }
                    found.declared = UNKNOWN;
                } else {
                    found.function = Some(node);
                }
                inner
            }
            "parenthesized_declarator"
            | "attributed_declarator"
            | "reference_declarator"
            | "variadic_declarator"
            | "abstract_reference_declarator"
            | "abstract_parenthesized_declarator"
            | "bitfield_clause" => {
                inner.or_else(|| children(node).into_iter().find(|child| child.kind() != "ms_call_modifier"))
            }
            _ => {
                found.name = Some(node);
                None
            }
        };
    }
    found
}

fn declarators<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name("declarator", &mut cursor).collect()
}

fn is_storage(builder: &Builder, node: Node, word: &str) -> bool {
    children(node).iter().any(|child| child.kind() == "storage_class_specifier" && builder.text(*child) == word)
}

/// The type in front of declarators.
fn declared_type(builder: &mut Builder, node: Node, at: At) -> ExprId {
    node.child_by_field_name("type").map_or(UNKNOWN, |declared| annotation(builder, declared, at))
}

/// Variables and prototypes.
pub(super) fn declaration(builder: &mut Builder, node: Node, at: At) {
    let base = declared_type(builder, node, at);
    let is_static = is_storage(builder, node, "static");
    let local = matches!(builder.kind(home(builder, at).scope), ScopeKind::Block | ScopeKind::Function)
        && !is_storage(builder, node, "extern");
    for declarator in declarators(node) {
        let found = unwrap(builder, declarator, base, at);
        match (found.function, found.name) {
            // `Type name(value);` in a block declares a variable.
            (Some(function), Some(name)) if local => {
                given(builder, function, at);
                builder.bind(home(builder, at), span(name), Source::Declared(found.declared, None));
            }
            (Some(function), Some(name)) => {
                prototype(builder, function, name, found.declared, is_static, at);
            }
            _ => variable(builder, &found, base, at),
        }
    }
}

/// What looks like parameters of a variable: values that it is made of.
fn given(builder: &mut Builder, function: Node, at: At) {
    let own = block(builder, at);
    let Some(list) = function.child_by_field_name("parameters") else { return };
    for node in children(list) {
        let declarator = node.child_by_field_name("declarator");
        match (
            node.child_by_field_name("type"),
            declarator.filter(|part| part.kind() == "abstract_function_declarator"),
        ) {
            // `Type name(call());`
            (Some(callee), Some(call)) => {
                let callee = named(builder, callee, at);
                let arguments = call.child_by_field_name("parameters");
                builder.site(ReferenceKind::Call, callee, arguments.map_or(0, |list| children(list).len()));
                if let Some(list) = arguments {
                    parameters(builder, list, own);
                }
            }
            _ => {
                builder.deeper(|builder| parameter(builder, node, own));
            }
        }
    }
}

fn prototype(builder: &mut Builder, function: Node, name: Node, result: ExprId, is_static: bool, at: At) {
    let (scope, own) = open(builder, name, at);
    let flags = ScopeFlags { is_signature: true, is_static, ..ScopeFlags::default() };
    builder.scope_mut(scope).flags = flags;
    signature(builder, function, scope, result, own);
}

/// A variable with its first value.
fn variable(builder: &mut Builder, found: &Declarator, written: ExprId, at: At) {
    let value = found.value.map(|value| match value.kind() {
        "argument_list" => {
            argument_list(builder, value, at);
            UNKNOWN
        }
        _ => expression(builder, value, at),
    });
    let Some(name) = found.name else { return };
    let own = home(builder, at);
    if name.kind() == "structured_binding_declarator" {
        for part in children(name) {
            builder.bind(own, span(part), Source::Opaque);
        }
        return;
    }
    let source = match (builder.facts.expr(written), value) {
        // `auto x = value`
        (Expr::Unknown, Some(value)) if found.declared == written => Source::Value(value),
        (Expr::Unknown, Some(value)) => Source::Value(value),
        _ => Source::Declared(found.declared, None),
    };
    if matches!(name.kind(), "identifier" | "field_identifier" | "type_identifier") {
        builder.bind(own, span(name), source);
    }
}

/// `for (declarator : list)`
pub(super) fn loop_variable(builder: &mut Builder, node: Node, element: ExprId, at: At) {
    let base = declared_type(builder, node, at);
    let Some(declarator) = node.child_by_field_name("declarator") else { return };
    let found = unwrap(builder, declarator, base, at);
    let Some(name) = found.name else { return };
    match (name.kind(), builder.facts.expr(base)) {
        ("structured_binding_declarator", _) => {
            for part in children(name) {
                builder.bind(at, span(part), Source::Opaque);
            }
        }
        (_, Expr::Unknown) => builder.bind(at, span(name), Source::Value(element)),
        _ => builder.bind(at, span(name), Source::Declared(found.declared, None)),
    }
}

/// Members of a class: variables and methods without a body.
pub(super) fn field(builder: &mut Builder, node: Node, at: At) {
    let base = declared_type(builder, node, at);
    let is_static = is_storage(builder, node, "static");
    for declarator in declarators(node) {
        let found = unwrap(builder, declarator, base, at);
        match (found.function, found.name) {
            (Some(function), Some(name)) => prototype(builder, function, name, found.declared, is_static, at),
            (_, Some(name)) => {
                builder.bind(home(builder, at), span(name), Source::Declared(found.declared, None));
            }
            _ => {}
        }
    }
    if let Some(value) = node.child_by_field_name("default_value") {
        expression(builder, value, at);
    }
}

/// `typedef type name;`
pub(super) fn typedef(builder: &mut Builder, node: Node, at: At) {
    let Some(written) = node.child_by_field_name("type") else { return };
    let names = declarators(node);
    let nameless = written.child_by_field_name("name").is_none() && written.child_by_field_name("body").is_some();
    let first = names.first().filter(|name| nameless && name.kind() == "type_identifier").copied();
    let base = match first {
        // The name stands for what has none of its own.
        Some(_) => class(builder, written, first, at),
        None => annotation(builder, written, at),
    };
    for declarator in names {
        if Some(declarator) == first {
            continue;
        }
        let found = unwrap(builder, declarator, base, at);
        if let Some(function) = found.function {
            let own = block(builder, at);
            if let Some(list) = function.child_by_field_name("parameters") {
                parameters(builder, list, own);
            }
        }
        let aliased = if found.function.is_some() { UNKNOWN } else { found.declared };
        if let Some(name) = found.name {
            builder.bind_in(at, span(name), Source::Alias(aliased), Space::Type);
        }
    }
}

/// The scope of a function called `name`, and where its parts are read. A qualified name adds to a class or a namespace.
fn open(builder: &mut Builder, name: Node, at: At) -> (u32, At) {
    let mut inner = name;
    let mut around = at;
    if name.kind() == "qualified_identifier" {
        let whole = path(builder, name, at);
        while let Some(next) = inner.child_by_field_name("name").filter(|_| inner.kind() == "qualified_identifier") {
            inner = next;
        }
        let outer = match builder.facts.expr(whole) {
            Expr::Path(outer, _) => outer,
            Expr::Index(base, _) => match builder.facts.expr(base) {
                Expr::Path(outer, _) => outer,
                _ => UNKNOWN,
            },
            _ => UNKNOWN,
        };
        around.scope = builder.scope(ScopeKind::Extension, at.scope, Span::default());
        builder.scope_mut(around.scope).returns = Some(outer);
    }
    // A specialisation has the name of what it specialises, and is none of the functions that a call chooses from.
    let special = inner.kind() == "template_function";
    let inner = inner.child_by_field_name("name").filter(|_| special).unwrap_or(inner);
    let scope = builder.scope(ScopeKind::Function, around.scope, span(inner));
    if !special {
        builder.bind_in(home(builder, around), span(inner), Source::Scope(scope), Space::Value);
    }
    (scope, At { scope, ..at })
}

pub(super) fn function_definition(builder: &mut Builder, node: Node, at: At) {
    let body = node.child_by_field_name("body");
    let base = declared_type(builder, node, at);
    let found = node.child_by_field_name("declarator").map(|declarator| unwrap(builder, declarator, base, at));
    let parts = found.as_ref().and_then(|found| Some((found.function?, found.name?)));
    let Some((function, name)) = parts else {
        // A macro that looks like one.
        let own = block(builder, at);
        for child in children(node) {
            if Some(child) != node.child_by_field_name("type") {
                builder.deeper(|builder| visit(builder, child, own));
            }
        }
        return;
    };
    let at = if node.child_by_field_name("type").is_none() { fixture(builder, function, name, at) } else { at };
    let (scope, own) = open(builder, name, at);
    let is_static = is_storage(builder, node, "static");
    let is_signature = has_token(node, "=") || children(node).iter().any(|child| child.kind().ends_with("_clause"));
    builder.scope_mut(scope).flags = ScopeFlags { is_static, is_signature, ..ScopeFlags::default() };
    let result = found.map_or(UNKNOWN, |found| found.declared);
    signature(builder, function, scope, result, own);
    let inside = block(builder, own);
    for child in children(node) {
        if child.kind() == "field_initializer_list" {
            builder.deeper(|builder| initializers(builder, child, inside));
        }
    }
    if let Some(body) = body {
        builder.deeper(|builder| visit(builder, body, inside));
    }
}

/// `TEST_F(Fixture, Name) { … }`: a macro that makes a class of its body, most likely derived from its first argument.
fn fixture(builder: &mut Builder, function: Node, name: Node, at: At) -> At {
    let is_macro = builder.text(name).chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let list = function.child_by_field_name("parameters").map(children).unwrap_or_default();
    let ([first, _], true) = (list.as_slice(), is_macro) else { return at };
    let Some(base) = first.child_by_field_name("type").filter(|base| base.kind() == "type_identifier") else {
        return at;
    };
    let base = builder.expr(Expr::Name(span(base), at.scope));
    let bases = builder.list(vec![base]);
    let scope = builder.scope(ScopeKind::Class, at.scope, Span::default());
    builder.scope_mut(scope).bases = bases;
    At { scope, ..at }
}

fn signature(builder: &mut Builder, function: Node, scope: u32, result: ExprId, at: At) {
    if let Some(list) = function.child_by_field_name("parameters") {
        builder.scope_mut(scope).flags.is_variadic = parameters(builder, list, at);
    }
    let trailing = children(function).into_iter().find(|child| child.kind() == "trailing_return_type");
    let result = match trailing {
        Some(trailing) => children(trailing).first().map_or(UNKNOWN, |result| annotation(builder, *result, at)),
        None => result,
    };
    builder.scope_mut(scope).returns = Some(result);
}

/// Binds parameters; whether any number of arguments may follow.
pub(super) fn parameters(builder: &mut Builder, list: Node, at: At) -> bool {
    let all = children(list);
    let mut variadic = has_token(list, "...");
    for (position, node) in all.iter().enumerate() {
        match node.kind() {
            "variadic_parameter" => variadic = true,
            "variadic_parameter_declaration" => {
                variadic = true;
                builder.deeper(|builder| parameter(builder, *node, at));
            }
            // `(void)`
            "parameter_declaration" if all.len() == 1 && position == 0 && builder.text(*node).trim() == "void" => {}
            "parameter_declaration" | "optional_parameter_declaration" | "explicit_object_parameter_declaration" => {
                builder.deeper(|builder| parameter(builder, *node, at));
            }
            // Names in the old style.
            "identifier" => builder.bind(at, span(*node), Source::Opaque),
            _ => {
                variadic = true;
                builder.deeper(|builder| visit(builder, *node, at));
            }
        }
    }
    variadic
}

pub(super) fn parameter(builder: &mut Builder, node: Node, at: At) {
    let base = declared_type(builder, node, at);
    let found = match node.child_by_field_name("declarator") {
        Some(declarator) => unwrap(builder, declarator, base, at),
        None => Declarator { name: None, declared: base, function: None, value: None },
    };
    let default = node.child_by_field_name("default_value").map(|value| expression(builder, value, at));
    let named = |name: &Node| matches!(name.kind(), "identifier" | "field_identifier" | "type_identifier");
    let declared =
        if found.function.is_some() { builder.expr(Expr::Literal(Literal::Builtin)) } else { found.declared };
    let source = Source::Declared(declared, default);
    match found.name.filter(named) {
        Some(name) => builder.bind(at, span(name), source),
        None => builder.bind_nameless(at, source, Space::Value),
    }
}

/// `: Base(x), member(y)` of a constructor.
pub(super) fn initializers(builder: &mut Builder, node: Node, at: At) {
    for initializer in children(node) {
        let parts = children(initializer);
        let Some(name) = parts.first().copied() else { continue };
        let mut count = 0;
        for part in &parts[1..] {
            count = match part.kind() {
                "argument_list" | "initializer_list" => argument_list(builder, *part, at).1,
                _ => {
                    expression(builder, *part, at);
                    count
                }
            };
        }
        if matches!(name.kind(), "qualified_identifier" | "template_method" | "template_type") {
            let class = named(builder, name, at);
            builder.site(ReferenceKind::Call, class, count);
            if name.kind() == "qualified_identifier" {
                builder.site(ReferenceKind::Type, class, 0);
            }
        }
    }
}
