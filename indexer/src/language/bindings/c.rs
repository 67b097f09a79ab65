//! C and C++: includes, macros, namespaces, classes. The grammar of C++ is that of C and more, so one visit serves both.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::c_declarations::{declaration, field, function_definition, initializers, typedef};
use super::c_expressions::expression;
use super::c_types::{annotation, bases, named, path};
use rag_core::bindings::{Expr, ExprId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    inside(builder, root, at);
}

/// Visits what stands inside of `node`.
pub(super) fn inside(builder: &mut Builder, node: Node, at: At) {
    for child in parts(node) {
        builder.deeper(|builder| visit(builder, child, at));
    }
}

/// The children of `node`, with what could not be parsed.
pub(super) fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// A scope for the names of a block.
pub(super) fn block(builder: &mut Builder, at: At) -> At {
    At { scope: builder.scope(ScopeKind::Block, at.scope, Span::default()), ..at }
}

/// Declarations and statements; everything else is an expression.
pub(super) fn visit(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "preproc_include" => include(builder, node, at),
        "preproc_def" | "preproc_function_def" => macro_definition(builder, node, at),
        "preproc_ifdef" | "preproc_if" | "preproc_elif" | "preproc_else" | "preproc_elifdef" => {
            // What stands there may not be compiled.
            let at = if is_guard(builder, node) { at } else { At { extent: span(node), ..at } };
            let condition = node.child_by_field_name("condition").or(node.child_by_field_name("name"));
            for child in children(node) {
                if Some(child) != condition {
                    builder.deeper(|builder| visit(builder, child, at));
                }
            }
        }
        "preproc_call" | "attribute_declaration" | "attribute_specifier" | "access_specifier" => {}
        "function_definition" | "inline_method_definition" | "constructor_or_destructor_definition" => {
            function_definition(builder, node, at);
        }
        "declaration" => declaration(builder, node, at),
        "field_declaration" => field(builder, node, at),
        "type_definition" => typedef(builder, node, at),
        "alias_declaration" => alias(builder, node, at),
        "namespace_definition" => namespace(builder, node, at),
        "namespace_alias_definition" => namespace_alias(builder, node, at),
        "using_declaration" => using(builder, node, at),
        "template_declaration" => template(builder, node, at),
        "friend_declaration" => {
            let outside = builder.around(at.scope, &[ScopeKind::File, ScopeKind::Namespace]);
            inside(builder, node, At { scope: outside, ..at });
        }
        "class_specifier" | "struct_specifier" | "union_specifier" | "enum_specifier" => {
            annotation(builder, node, at);
        }
        "type_identifier" | "qualified_type_identifier" => {
            annotation(builder, node, at);
        }
        "compound_statement" | "for_statement" | "if_statement" | "while_statement" | "switch_statement"
        | "catch_clause" => {
            let own = block(builder, at);
            if let Some(list) = node.child_by_field_name("parameters") {
                super::c_declarations::parameters(builder, list, own);
            }
            for child in children(node) {
                if child.kind() != "parameter_list" {
                    builder.deeper(|builder| visit(builder, child, own));
                }
            }
        }
        "for_range_loop" => range(builder, node, at),
        "field_initializer_list" => initializers(builder, node, at),
        "expression_statement"
        | "return_statement"
        | "condition_clause"
        | "else_clause"
        | "declaration_list"
        | "linkage_specification"
        | "field_declaration_list"
        | "labeled_statement"
        | "case_statement"
        | "translation_unit"
        | "ERROR"
        | "do_statement"
        | "try_statement"
        | "export_declaration" => {
            inside(builder, node, at);
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

/// The included path, with the marks around it.
fn include(builder: &mut Builder, node: Node, at: At) {
    let Some(path) = node.child_by_field_name("path") else { return };
    if matches!(path.kind(), "string_literal" | "system_lib_string") {
        let source = Source::Import { module: span(path), item: Span::default() };
        builder.bind_nameless(At { scope: 0, ..at }, source, Space::Both);
    }
}

/// Whether a condition only keeps the file from being read twice: `#ifndef NAME` around all of it, and `#define NAME`.
fn is_guard(builder: &Builder, node: Node) -> bool {
    let Some(name) = node.child_by_field_name("name") else { return false };
    let defines = |child: &Node| {
        let own = child.child_by_field_name("name");
        child.kind() == "preproc_def" && own.is_some_and(|own| builder.text(own) == builder.text(name))
    };
    let around = node.parent().is_some_and(|parent| parent.parent().is_none());
    around && children(node).iter().take(3).any(defines)
        || has_token(node, "#ifdef") && builder.text(name) == "__cplusplus"
}

fn macro_definition(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let at = At { scope: 0, ..at };
    let Some(list) = node.child_by_field_name("parameters") else {
        if node.child_by_field_name("value").is_some() {
            builder.bind_in(at, name, Source::Opaque, Space::Macro);
        }
        return;
    };
    let scope = builder.scope(ScopeKind::Function, 0, name);
    builder.scope_mut(scope).flags.is_variadic = has_token(list, "...");
    for parameter in children(list) {
        builder.bind(At { scope, ..at }, span(parameter), Source::Opaque);
    }
    builder.bind_in(at, name, Source::Scope(scope), Space::Macro);
}

fn namespace(builder: &mut Builder, node: Node, at: At) {
    let mut own = at;
    match node.child_by_field_name("name") {
        None => own.scope = builder.scope(ScopeKind::Namespace, at.scope, Span::default()),
        Some(name) => {
            let parts = if name.kind() == "nested_namespace_specifier" { leaves(name) } else { vec![name] };
            for part in parts {
                let scope = builder.scope(ScopeKind::Namespace, own.scope, span(part));
                builder.bind_in(own, span(part), Source::Scope(scope), Space::Type);
                own.scope = scope;
            }
        }
    }
    if let Some(body) = node.child_by_field_name("body") {
        inside(builder, body, own);
    }
}

fn leaves(node: Node) -> Vec<Node> {
    let mut found = Vec::new();
    for child in children(node) {
        match child.kind() {
            "nested_namespace_specifier" if found.len() < 64 => found.extend(leaves(child)),
            _ => found.push(child),
        }
    }
    found
}

/// `namespace a = b::c`
fn namespace_alias(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let Some(target) = children(node).into_iter().rfind(|part| *part != name) else { return };
    let parts = if target.kind() == "nested_namespace_specifier" { leaves(target) } else { vec![target] };
    let mut leads_to = UNKNOWN;
    for part in parts {
        leads_to = match leads_to {
            UNKNOWN => path(builder, part, at),
            outer => builder.expr(Expr::Path(outer, span(part))),
        };
    }
    builder.bind_in(at, span(name), Source::Use(leads_to), Space::Type);
}

/// `using a::b` and `using namespace a`
fn using(builder: &mut Builder, node: Node, at: At) {
    let Some(target) = children(node).into_iter().next_back() else { return };
    let leads_to = path(builder, target, at);
    if has_token(node, "namespace") {
        builder.bind_nameless(at, Source::Use(leads_to), Space::Both);
        return;
    }
    let name = match builder.facts.expr(leads_to) {
        Expr::Path(_, name) | Expr::Name(name, _) => name,
        _ => return,
    };
    builder.bind_in(at, name, Source::Use(leads_to), Space::Both);
}

/// `using name = type`
fn alias(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let target = node.child_by_field_name("type").map_or(UNKNOWN, |target| annotation(builder, target, at));
    builder.bind_in(at, name, Source::Alias(target), Space::Type);
}

/// Type parameters are visible in what follows; what is declared there belongs to the scope around it.
fn template(builder: &mut Builder, node: Node, at: At) {
    let mut own = at;
    if let Some(list) = node.child_by_field_name("parameters") {
        own.scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
        builder.scope_mut(own.scope).flags.is_signature = true;
        for parameter in children(list) {
            template_parameter(builder, parameter, own);
        }
    }
    for child in children(node) {
        if child.kind() != "template_parameter_list" {
            builder.deeper(|builder| visit(builder, child, own));
        }
    }
}

fn template_parameter(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "parameter_declaration" | "optional_parameter_declaration" | "variadic_parameter_declaration" => {
            super::c_declarations::parameter(builder, node, at);
        }
        _ => {
            if let Some(given) = node.child_by_field_name("default_type") {
                annotation(builder, given, at);
            }
            let name = children(node).into_iter().find(|child| child.kind() == "type_identifier");
            if let Some(name) = node.child_by_field_name("name").or(name) {
                builder.bind_in(at, span(name), Source::TypeParameter(None), Space::Both);
            }
        }
    }
}

/// Where the declarations of a template go: what stands in a scope of type parameters belongs to the one around it.
pub(super) fn home(builder: &Builder, at: At) -> At {
    let mut scope = at.scope;
    while let Some(of) = builder.facts.scopes.get(scope as usize)
        && of.kind == ScopeKind::Block
        && of.flags.is_signature
    {
        scope = of.parent;
    }
    At { scope, ..at }
}

/// A class, struct, union or enumeration; the type it names.
pub(super) fn class(builder: &mut Builder, node: Node, given: Option<Node>, at: At) -> ExprId {
    let name = node.child_by_field_name("name").or(given);
    let Some(body) = node.child_by_field_name("body") else {
        return match name {
            Some(name) => {
                let found = named(builder, name, at);
                builder.site(ReferenceKind::Type, found, 0);
                found
            }
            None => UNKNOWN,
        };
    };
    let is_enum = node.kind() == "enum_specifier";
    // A specialisation is none of the names that others use.
    let special = name.is_some_and(|name| name.kind() == "template_type");
    let plain = name.map(|name| name.child_by_field_name("name").unwrap_or(name)).map(span).unwrap_or_default();
    let kind = if is_enum { ScopeKind::Object } else { ScopeKind::Class };
    let scope = builder.scope(kind, at.scope, plain);
    let around = home(builder, at);
    if !special {
        builder.bind_in(around, plain, Source::Scope(scope), Space::Type);
    }
    let own = At { scope, ..at };
    if is_enum {
        let inner = if has_token(node, "class") || has_token(node, "struct") { own } else { around };
        enumerators(builder, body, inner);
    } else {
        bases(builder, node, own, at);
        inside(builder, body, own);
    }
    builder.expr(Expr::Scope(scope))
}

fn enumerators(builder: &mut Builder, body: Node, at: At) {
    for child in children(body) {
        match child.kind() {
            "enumerator" => {
                if let Some(name) = child.child_by_field_name("name") {
                    builder.bind(at, span(name), Source::Opaque);
                }
                if let Some(value) = child.child_by_field_name("value") {
                    expression(builder, value, at);
                }
            }
            _ => builder.deeper(|builder| enumerators(builder, child, at)),
        }
    }
}

/// `for (auto x : list)`
fn range(builder: &mut Builder, node: Node, at: At) {
    let own = block(builder, at);
    let list = node.child_by_field_name("right").map_or(UNKNOWN, |right| expression(builder, right, own));
    let element = builder.expr(Expr::Element(list));
    super::c_declarations::loop_variable(builder, node, element, own);
    if let Some(body) = node.child_by_field_name("body") {
        builder.deeper(|builder| visit(builder, body, own));
    }
}
