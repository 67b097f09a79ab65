//! TypeScript and JavaScript: statements, definitions, expressions.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::typescript_modules::{export, import, require, required};
use super::typescript_types::{annotation, annotation_of, heritage, members, parameters, type_parameters};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    block(builder, root, at);
}

pub(super) fn block(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        builder.deeper(|builder| statement(builder, child, at));
    }
}

pub(super) fn statement(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "import_statement" => import(builder, node, at),
        "export_statement" => export(builder, node, at),
        "ambient_declaration" => block(builder, node, at),
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            let name = node.child_by_field_name("name").map(span).unwrap_or_default();
            let scope = function(builder, node, name, at);
            builder.bind(at, name, Source::Scope(scope));
        }
        "class_declaration" | "abstract_class_declaration" => {
            class(builder, node, at);
        }
        "interface_declaration" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = builder.scope(ScopeKind::Class, at.scope, name);
            builder.bind_in(at, name, Source::Scope(scope), Space::Type);
            let inside = At { scope, ..at };
            type_parameters(builder, node, inside);
            heritage(builder, node, scope, at);
            if let Some(body) = node.child_by_field_name("body") {
                members(builder, body, inside);
            }
        }
        "type_alias_declaration" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
            let inside = At { scope, ..at };
            type_parameters(builder, node, inside);
            let value = node.child_by_field_name("value").map_or(UNKNOWN, |value| annotation(builder, value, inside));
            builder.bind_in(at, name, Source::Alias(value), Space::Type);
        }
        "enum_declaration" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = builder.scope(ScopeKind::Object, at.scope, name);
            builder.bind_in(at, name, Source::Scope(scope), Space::Both);
            for member in node.child_by_field_name("body").map(children).unwrap_or_default() {
                let name = member.child_by_field_name("name").unwrap_or(member);
                let value = builder.expr(Expr::Literal(Literal::Builtin));
                builder.bind(At { scope, ..at }, span(name), Source::Value(value));
            }
        }
        "internal_module" | "module" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return };
            let scope = builder.scope(ScopeKind::Namespace, at.scope, name);
            builder.bind_in(at, name, Source::Scope(scope), Space::Both);
            if let Some(body) = node.child_by_field_name("body") {
                block(builder, body, At { scope, ..at });
            }
        }
        "lexical_declaration" | "variable_declaration" => {
            for declarator in children(node) {
                if declarator.kind() == "variable_declarator" {
                    declare(builder, declarator, at);
                }
            }
        }
        "return_statement" => {
            let value = children(node).first().map(|value| expression(builder, *value, at));
            let function = builder.around(at.scope, &[ScopeKind::Function]);
            builder.facts.returns.push((function, value.unwrap_or(UNKNOWN)));
        }
        "statement_block" | "switch_body" => {
            let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
            block(builder, node, At { scope, ..at });
        }
        "for_in_statement" => {
            let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
            let inside = At { scope, ..at };
            let right = node.child_by_field_name("right").map_or(UNKNOWN, |right| expression(builder, right, at));
            let element = builder.expr(if has_token(node, "of") { Expr::Element(right) } else { Expr::Unknown });
            if let Some(left) = node.child_by_field_name("left") {
                pattern(builder, left, element, inside);
            }
            if let Some(body) = node.child_by_field_name("body") {
                builder.deeper(|builder| statement(builder, body, inside));
            }
        }
        "for_statement" => {
            let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
            block(builder, node, At { scope, ..at });
        }
        "catch_clause" => {
            let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
            let inside = At { scope, ..at };
            if let Some(parameter) = node.child_by_field_name("parameter") {
                pattern(builder, parameter, UNKNOWN, inside);
            }
            if let Some(body) = node.child_by_field_name("body") {
                builder.deeper(|builder| statement(builder, body, inside));
            }
        }
        "if_statement"
        | "else_clause"
        | "while_statement"
        | "do_statement"
        | "try_statement"
        | "finally_clause"
        | "switch_statement"
        | "switch_case"
        | "switch_default"
        | "labeled_statement"
        | "expression_statement" => {
            block(builder, node, at);
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

pub(super) fn function(builder: &mut Builder, node: Node, name: Span, at: At) -> u32 {
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let inside = At { scope, ..at };
    let mut flags = builder.scope_mut(scope).flags;
    flags.is_async = has_token(node, "async");
    flags.is_static = has_token(node, "static");
    flags.is_property = has_token(node, "get") || has_token(node, "set");
    flags.is_generator = has_token(node, "*");
    flags.is_signature = node.child_by_field_name("body").is_none();
    flags.is_constructor = name.text(builder.text) == "constructor";
    builder.scope_mut(scope).flags = flags;
    type_parameters(builder, node, inside);
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, inside, at);
    } else if let Some(parameter) = node.child_by_field_name("parameter") {
        builder.bind(inside, span(parameter), Source::Parameter(0, None));
    }
    if let Some(declared) = node.child_by_field_name("return_type") {
        let declared = annotation(builder, declared, inside);
        builder.scope_mut(scope).returns = Some(declared);
    }
    if let Some(body) = node.child_by_field_name("body") {
        if body.kind() == "statement_block" {
            block(builder, body, inside);
        } else {
            let value = expression(builder, body, inside);
            builder.facts.returns.push((scope, value));
        }
    }
    scope
}

fn class(builder: &mut Builder, node: Node, at: At) -> u32 {
    let name = node.child_by_field_name("name").map(span).unwrap_or_default();
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Both);
    let inside = At { scope, ..at };
    type_parameters(builder, node, inside);
    heritage(builder, node, scope, at);
    for child in children(node) {
        if child.kind() == "decorator" {
            decorator(builder, child, at);
        }
    }
    if let Some(body) = node.child_by_field_name("body") {
        members(builder, body, inside);
    }
    scope
}

pub(super) fn decorator(builder: &mut Builder, node: Node, at: At) {
    for inner in children(node) {
        let expr = expression(builder, inner, at);
        builder.site(ReferenceKind::Call, expr, 1);
    }
}

fn declare(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let declared = annotation_of(builder, node, at);
    let value = node.child_by_field_name("value");
    let function = value.filter(|value| matches!(value.kind(), "arrow_function" | "function_expression"));
    if let (Some(value), None, "identifier") = (function, declared, name.kind()) {
        let scope = self::function(builder, value, span(name), at);
        builder.bind(at, span(name), Source::Scope(scope));
        return;
    }
    if let Some(module) = value.and_then(|value| required(builder, value)) {
        return require(builder, name, module, at);
    }
    let value = value.map(|value| expression(builder, value, at));
    match (name.kind(), declared) {
        ("identifier", Some(declared)) => builder.bind(at, span(name), Source::Declared(declared, value)),
        (_, Some(declared)) => {
            let value = builder.expr(Expr::Cast(declared));
            pattern(builder, name, value, at);
        }
        ("identifier", None) => match value {
            Some(value) => builder.bind(at, span(name), Source::Value(value)),
            None => builder.bind(at, span(name), Source::Opaque),
        },
        _ => pattern(builder, name, value.unwrap_or(UNKNOWN), at),
    }
}

/// Binds the names of a destructuring pattern.
pub(super) fn pattern(builder: &mut Builder, node: Node, value: ExprId, at: At) {
    match node.kind() {
        "identifier" | "shorthand_property_identifier_pattern" => {
            let value = match node.kind() {
                "identifier" => value,
                _ => builder.expr(Expr::Attribute(value, span(node))),
            };
            builder.bind(at, span(node), Source::Value(value));
        }
        "pair_pattern" => {
            if let (Some(key), Some(inner)) = (node.child_by_field_name("key"), node.child_by_field_name("value")) {
                let value = builder.expr(Expr::Attribute(value, span(key)));
                builder.deeper(|builder| pattern(builder, inner, value, at));
            }
        }
        "object_pattern" => {
            for part in children(node) {
                builder.deeper(|builder| pattern(builder, part, value, at));
            }
        }
        "array_pattern" => {
            for part in children(node) {
                builder.deeper(|builder| pattern(builder, part, UNKNOWN, at));
            }
        }
        "object_assignment_pattern" | "assignment_pattern" => {
            if let Some(left) = node.child_by_field_name("left") {
                builder.deeper(|builder| pattern(builder, left, value, at));
            }
            if let Some(right) = node.child_by_field_name("right") {
                expression(builder, right, at);
            }
        }
        "rest_pattern" => {
            for part in children(node) {
                builder.deeper(|builder| pattern(builder, part, UNKNOWN, at));
            }
        }
        _ => {}
    }
}

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" | "shorthand_property_identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "this" => builder.expr(Expr::This(at.scope)),
        "super" => builder.expr(Expr::Super(at.scope)),
        "undefined" | "null" => builder.expr(Expr::Literal(Literal::Nothing)),
        "string" | "number" | "true" | "false" | "regex" => builder.expr(Expr::Literal(Literal::Builtin)),
        "template_string" | "unary_expression" | "update_expression" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "member_expression" => {
            let object = field(builder, node, "object", at);
            let Some(name) = node.child_by_field_name("property") else { return UNKNOWN };
            builder.expr(Expr::Attribute(object, span(name)))
        }
        "call_expression" => {
            let callee = field(builder, node, "function", at);
            if let Some(types) = node.child_by_field_name("type_arguments") {
                annotation(builder, types, at);
            }
            let items = arguments(builder, node, at);
            let named = match node.child_by_field_name("function") {
                Some(function) if matches!(builder.facts.expr(callee), Expr::Cast(_)) => {
                    cast_name(builder, function, at)
                }
                _ => callee,
            };
            builder.site(ReferenceKind::Call, named, items.len());
            let items = builder.list(items);
            builder.expr(Expr::Call(callee, items))
        }
        "new_expression" => {
            let mut class = field(builder, node, "constructor", at);
            let items = arguments(builder, node, at);
            builder.site(ReferenceKind::Call, class, items.len());
            if let Some(types) = node.child_by_field_name("type_arguments") {
                let types = children(types).into_iter().map(|item| annotation(builder, item, at)).collect();
                let types = builder.list(types);
                class = builder.expr(Expr::Index(class, types));
            }
            let items = builder.list(items);
            builder.expr(Expr::New(class, items))
        }
        "await_expression" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            builder.expr(Expr::Await(value))
        }
        "parenthesized_expression" | "non_null_expression" | "instantiation_expression" => {
            children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at))
        }
        "as_expression" | "satisfies_expression" | "type_assertion" => {
            let parts = children(node);
            let (value, declared) = match (node.kind(), parts.as_slice()) {
                ("type_assertion", [declared, value]) => (*value, Some(*declared)),
                (_, [value, declared]) => (*value, Some(*declared)),
                (_, [value]) => (*value, None),
                _ => return UNKNOWN,
            };
            let value = expression(builder, value, at);
            let declared = declared.map(|declared| annotation(builder, declared, at));
            match declared {
                Some(declared) if node.kind() != "satisfies_expression" => builder.expr(Expr::Cast(declared)),
                _ => value,
            }
        }
        "ternary_expression" => {
            field(builder, node, "condition", at);
            let yes = field(builder, node, "consequence", at);
            let no = field(builder, node, "alternative", at);
            builder.expr(Expr::Either(yes, no))
        }
        "binary_expression" => {
            let left = field(builder, node, "left", at);
            let right = field(builder, node, "right", at);
            match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                Some("||" | "??") => builder.expr(Expr::Either(left, right)),
                Some("&&") => right,
                _ => builder.expr(Expr::Literal(Literal::Builtin)),
            }
        }
        "assignment_expression" => assignment(builder, node, at),
        "arrow_function" | "function_expression" | "generator_function" => {
            let scope = function(builder, node, Span::default(), at);
            builder.expr(Expr::Scope(scope))
        }
        "class" => {
            let scope = class(builder, node, at);
            builder.expr(Expr::Scope(scope))
        }
        "object" => object(builder, node, at),
        "array" => {
            let items = children(node).into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "subscript_expression" => {
            let object = field(builder, node, "object", at);
            let index = field(builder, node, "index", at);
            let items = builder.list(vec![index]);
            builder.expr(Expr::Index(object, items))
        }
        "statement_block" | "internal_module" | "class_declaration" | "function_declaration" => {
            statement(builder, node, at);
            UNKNOWN
        }
        "type_arguments" | "type_annotation" => annotation(builder, node, at),
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    }
}

/// The name in `(name as type)`: calling it calls what has the name.
fn cast_name(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut inner = node;
    for _ in 0..4 {
        match (inner.kind(), children(inner).first()) {
            ("parenthesized_expression" | "as_expression" | "non_null_expression", Some(next)) => inner = *next,
            _ => break,
        }
    }
    if inner.kind() == "identifier" { builder.expr(Expr::Name(span(inner), at.scope)) } else { UNKNOWN }
}

fn rest(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        expression(builder, child, at);
    }
}

fn arguments(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    arguments.into_iter().map(|argument| expression(builder, argument, at)).collect()
}

fn assignment(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let right = field(builder, node, "right", at);
    let Some(left) = node.child_by_field_name("left") else { return right };
    if left.kind() == "identifier" {
        // The scope that declares the name, if it came before.
        let name = builder.text(left);
        let mut scope = at.scope;
        let recent = builder.facts.names.len().saturating_sub(400);
        loop {
            let known = builder.facts.names[recent..]
                .iter()
                .any(|binding| binding.scope == scope && binding.name.text(builder.text) == name);
            if known || scope == 0 {
                break;
            }
            scope = builder.facts.scopes[scope as usize].parent;
        }
        builder.bind(At { scope, ..at }, span(left), Source::Value(right));
        return right;
    }
    if left.kind() == "member_expression"
        && let (Some(object), Some(name)) = (left.child_by_field_name("object"), left.child_by_field_name("property"))
        && object.kind() == "this"
    {
        let class = builder.around(at.scope, &[ScopeKind::Class, ScopeKind::Object]);
        if class != 0 {
            builder.bind(At { scope: class, ..at }, span(name), Source::Value(right));
            if let Some(binding) = builder.facts.names.last_mut() {
                binding.is_instance = true;
            }
        }
        return right;
    }
    expression(builder, left, at);
    right
}

fn object(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Object, at.scope, Span::default());
    let inside = At { scope, ..at };
    for part in children(node) {
        match part.kind() {
            "pair" => {
                let (Some(key), Some(value)) = (part.child_by_field_name("key"), part.child_by_field_name("value"))
                else {
                    continue;
                };
                let name = if key.kind() == "property_identifier" { span(key) } else { Span::default() };
                if matches!(value.kind(), "arrow_function" | "function_expression") {
                    let function = function(builder, value, name, inside);
                    builder.bind(inside, name, Source::Scope(function));
                } else {
                    let value = expression(builder, value, at);
                    builder.bind(inside, name, Source::Value(value));
                }
            }
            "shorthand_property_identifier" => {
                let value = builder.expr(Expr::Name(span(part), at.scope));
                builder.bind(inside, span(part), Source::Value(value));
            }
            "method_definition" => {
                let name = part.child_by_field_name("name").map(span).unwrap_or_default();
                let function = function(builder, part, name, inside);
                builder.bind(inside, name, Source::Scope(function));
            }
            "spread_element" => {
                let value = children(part).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
                let mut bases = builder.facts.list(builder.facts.scopes[scope as usize].bases).to_vec();
                bases.push(value);
                let bases = builder.list(bases);
                builder.scope_mut(scope).bases = bases;
            }
            _ => {
                expression(builder, part, at);
            }
        }
    }
    builder.expr(Expr::Scope(scope))
}
