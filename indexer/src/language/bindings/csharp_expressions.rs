//! C#: expressions, statements and patterns.

use super::builder::{At, Builder, UNKNOWN, children, first_of, of_kinds, span};
use super::csharp::{member, method, parameters, variables};
use super::csharp_types::{annotation, is_type};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn rest(builder: &mut Builder, node: Node, at: At) -> ExprId {
    for child in children(node) {
        builder.deeper(|builder| statement(builder, child, at));
    }
    UNKNOWN
}

/// A body: a block or `=> value`.
pub(super) fn block(builder: &mut Builder, node: Node, at: At) {
    let function = builder.around(at.scope, &[ScopeKind::Function]);
    match node.kind() {
        "arrow_expression_clause" => {
            for value in children(node) {
                let value = expression(builder, value, at);
                builder.facts.returns.push((function, value));
            }
        }
        _ => {
            rest(builder, node, at);
        }
    }
}

pub(super) fn statement(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "block" | "for_statement" | "using_statement" | "fixed_statement" | "switch_section" | "catch_clause"
        | "switch_statement" => {
            let at = builder.inside(at);
            rest(builder, node, at);
        }
        "local_function_statement" => {
            method(builder, node, at);
        }
        "variable_declaration" => variables(builder, node, at),
        "foreach_statement" => for_each(builder, node, at),
        "catch_declaration" => {
            let declared = node.child_by_field_name("type").map_or(UNKNOWN, |caught| annotation(builder, caught, at));
            if let Some(name) = node.child_by_field_name("name") {
                builder.bind(at, span(name), Source::Declared(declared, None));
            }
        }
        "return_statement" => {
            let value = children(node).first().map(|value| expression(builder, *value, at));
            if let Some(value) = value {
                let function = builder.around(at.scope, &[ScopeKind::Function]);
                builder.facts.returns.push((function, value));
            }
        }
        "class_declaration"
        | "namespace_declaration"
        | "method_declaration"
        | "property_declaration"
        | "field_declaration" => member(builder, node, at),
        "modifier" | "break_statement" | "continue_statement" | "goto_statement" | "implicit_type" => {}
        _ => {
            expression(builder, node, at);
        }
    }
}

/// A local name is visible after its declaration.
fn local(builder: &mut Builder, name: Span, source: Source, from: usize, at: At) {
    let extent = Span::new(from..builder.text.len());
    builder.bind(At { extent, ..at }, name, source);
}

fn for_each(builder: &mut Builder, node: Node, at: At) {
    let at = builder.inside(at);
    let over = field(builder, node, "right", at);
    let written = node.child_by_field_name("type").filter(|written| is_type(*written));
    let declared = written.map(|written| annotation(builder, written, at));
    let element = builder.expr(Expr::Element(over));
    let Some(body) = node.child_by_field_name("body") else { return };
    match node.child_by_field_name("left") {
        Some(name) if name.kind() == "identifier" => {
            let source = declared.map_or(Source::Value(element), |declared| Source::Declared(declared, None));
            local(builder, span(name), source, body.start_byte(), at);
        }
        Some(other) => designation(builder, other, at),
        None => {}
    }
    builder.deeper(|builder| statement(builder, body, at));
}

/// Names of which only the place is known.
fn designation(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "identifier" => local(builder, span(node), Source::Opaque, node.end_byte(), at),
        _ => {
            for child in children(node) {
                builder.deeper(|builder| designation(builder, child, at));
            }
        }
    }
}

/// A value whose type may be known from what it is given to: `new()`.
pub(super) fn expected(builder: &mut Builder, node: Node, declared: Option<ExprId>, at: At) -> ExprId {
    let value = expression(builder, node, at);
    match declared {
        Some(declared) if node.kind() == "implicit_object_creation_expression" => builder.expr(Expr::Cast(declared)),
        _ => value,
    }
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "generic_name" => {
            let name = first_of(node, "identifier").map(span).unwrap_or_default();
            type_arguments(builder, node, at);
            builder.expr(Expr::Name(name, at.scope))
        }
        "this" => builder.expr(Expr::This(at.scope)),
        "base" => builder.expr(Expr::Super(at.scope)),
        "predefined_type" => builder.expr(Expr::Literal(Literal::Written(span(node)))),
        "member_access_expression" | "qualified_name" => {
            let object = node.child_by_field_name("expression").or_else(|| node.child_by_field_name("qualifier"));
            let object = object.map_or(UNKNOWN, |object| expression(builder, object, at));
            named_part(builder, object, node.child_by_field_name("name"), at)
        }
        "alias_qualified_name" => match node.child_by_field_name("name") {
            Some(name) => builder.expr(Expr::Name(span(name), at.scope)),
            None => UNKNOWN,
        },
        "conditional_access_expression" => {
            let object = field(builder, node, "condition", at);
            let Some(part) = children(node).into_iter().nth(1) else { return object };
            bound_part(builder, object, part, at)
        }
        "invocation_expression" => {
            let callee = field(builder, node, "function", at);
            call(builder, node, callee, at)
        }
        "object_creation_expression" => {
            let Some(written) = node.child_by_field_name("type") else { return UNKNOWN };
            let class = super::csharp_types::named(builder, written, None, at);
            let items =
                node.child_by_field_name("arguments").map(|list| arguments(builder, list, at)).unwrap_or_default();
            let count = items.len();
            let items = builder.list(items);
            let made = builder.expr(Expr::New(class, items));
            let name = match builder.facts.expr(class) {
                Expr::Index(base, _) => builder.facts.expr(base),
                other => other,
            };
            if let Expr::Name(name, _) | Expr::Attribute(_, name) = name {
                builder.named_site(ReferenceKind::Call, name, made, count);
            }
            field(builder, node, "initializer", at);
            made
        }
        "implicit_object_creation_expression" => {
            for child in children(node) {
                match child.kind() {
                    "argument_list" => {
                        arguments(builder, child, at);
                    }
                    _ => {
                        expression(builder, child, at);
                    }
                }
            }
            UNKNOWN
        }
        "initializer_expression" | "with_initializer" => {
            for child in children(node) {
                match child.kind() {
                    // The left side is a member of what is made.
                    "assignment_expression" => {
                        field(builder, child, "right", at);
                    }
                    _ => {
                        expression(builder, child, at);
                    }
                }
            }
            UNKNOWN
        }
        "with_expression" => {
            let mut parts = children(node).into_iter();
            let value = parts.next().map_or(UNKNOWN, |value| expression(builder, value, at));
            for part in parts {
                expression(builder, part, at);
            }
            value
        }
        "anonymous_object_creation_expression" => {
            for child in children(node) {
                expression(builder, child, at);
            }
            UNKNOWN
        }
        "array_creation_expression" | "stackalloc_expression" => {
            let declared = node.child_by_field_name("type").map_or(UNKNOWN, |of| annotation(builder, of, at));
            for child in of_kinds(node, &["initializer_expression"]) {
                expression(builder, child, at);
            }
            builder.expr(Expr::Cast(declared))
        }
        "implicit_array_creation_expression" | "collection_expression" => {
            let lists = children(node);
            let items = lists
                .into_iter()
                .flat_map(|part| if part.kind() == "initializer_expression" { children(part) } else { vec![part] });
            let items = items.collect::<Vec<_>>().into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "collection_element"
        | "expression_element"
        | "parenthesized_expression"
        | "checked_expression"
        | "ref_expression" => {
            children(node).into_iter().map(|child| expression(builder, child, at)).last().unwrap_or(UNKNOWN)
        }
        "element_access_expression" => {
            let object = field(builder, node, "expression", at);
            let items =
                node.child_by_field_name("subscript").map(|list| arguments(builder, list, at)).unwrap_or_default();
            let items = builder.list(items);
            builder.expr(Expr::Index(object, items))
        }
        "cast_expression" => {
            let declared = node.child_by_field_name("type").map_or(UNKNOWN, |of| annotation(builder, of, at));
            field(builder, node, "value", at);
            builder.expr(Expr::Cast(declared))
        }
        "as_expression" => {
            field(builder, node, "left", at);
            let declared = node.child_by_field_name("right").map_or(UNKNOWN, |of| annotation(builder, of, at));
            builder.expr(Expr::Cast(declared))
        }
        "is_expression" => {
            field(builder, node, "left", at);
            if let Some(of) = node.child_by_field_name("right") {
                annotation(builder, of, at);
            }
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "is_pattern_expression" => {
            field(builder, node, "expression", at);
            if let Some(of) = node.child_by_field_name("pattern") {
                pattern(builder, of, at);
            }
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "switch_expression" => {
            let mut values = Vec::new();
            for child in children(node) {
                if child.kind() != "switch_expression_arm" {
                    expression(builder, child, at);
                    continue;
                }
                let at = builder.inside(at);
                let parts = children(child);
                for (place, part) in parts.iter().enumerate() {
                    match place {
                        0 => pattern(builder, *part, at),
                        _ if place + 1 == parts.len() => values.push(expression(builder, *part, at)),
                        _ => {
                            rest(builder, *part, at);
                        }
                    }
                }
            }
            builder.either(values)
        }
        "await_expression" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            builder.expr(Expr::Await(value))
        }
        "conditional_expression" => {
            field(builder, node, "condition", at);
            let first = field(builder, node, "consequence", at);
            let other = field(builder, node, "alternative", at);
            builder.expr(Expr::Either(first, other))
        }
        "binary_expression" => {
            let left = field(builder, node, "left", at);
            let right = field(builder, node, "right", at);
            match node.child_by_field_name("operator").map_or("", |operator| operator.kind()) {
                "??" => builder.expr(Expr::Either(left, right)),
                "+" | "-" | "*" | "/" | "%" | "|" | "&" | "<<" | ">>" => match builder.facts.expr(left) {
                    Expr::Literal(_) => left,
                    _ => UNKNOWN,
                },
                _ => builder.expr(Expr::Literal(Literal::Builtin)),
            }
        }
        "prefix_unary_expression" | "postfix_unary_expression" => {
            children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at))
        }
        "assignment_expression" => {
            field(builder, node, "left", at);
            field(builder, node, "right", at)
        }
        "typeof_expression" | "sizeof_expression" | "default_expression" => {
            let declared = node.child_by_field_name("type").map(|of| annotation(builder, of, at));
            match (node.kind(), declared) {
                ("default_expression", Some(declared)) => builder.expr(Expr::Cast(declared)),
                ("default_expression", None) => builder.expr(Expr::Literal(Literal::Nothing)),
                _ => UNKNOWN,
            }
        }
        "tuple_expression" => {
            let items = arguments(builder, node, at);
            super::csharp::tuple(builder, items)
        }
        "declaration_expression" => {
            let written = node.child_by_field_name("type").filter(|written| is_type(*written));
            let declared = written.map(|written| annotation(builder, written, at));
            if let Some(name) = node.child_by_field_name("name") {
                let source = declared.map_or(Source::Opaque, |declared| Source::Declared(declared, None));
                local(builder, span(name), source, node.end_byte(), at);
            }
            declared.map_or(UNKNOWN, |declared| builder.expr(Expr::Cast(declared)))
        }
        "declaration_pattern"
        | "recursive_pattern"
        | "type_pattern"
        | "var_pattern"
        | "constant_pattern"
        | "or_pattern"
        | "and_pattern"
        | "negated_pattern"
        | "list_pattern"
        | "parenthesized_pattern"
        | "relational_pattern" => {
            pattern(builder, node, at);
            UNKNOWN
        }
        "lambda_expression" | "anonymous_method_expression" => lambda(builder, node, at),
        "from_clause" | "let_clause" | "join_clause" | "join_into_clause" => {
            if let Some(of) = node.child_by_field_name("type") {
                annotation(builder, of, at);
            }
            let name = node.child_by_field_name("name").or_else(|| first_of(node, "identifier"));
            if let Some(name) = name {
                builder.bind(at, span(name), Source::Opaque);
            }
            for child in children(node).into_iter().filter(|child| Some(*child) != name) {
                expression(builder, child, at);
            }
            UNKNOWN
        }
        "query_expression" => {
            let at = builder.inside(at);
            rest(builder, node, at)
        }
        "null_literal" => builder.expr(Expr::Literal(Literal::Nothing)),
        "string_literal"
        | "integer_literal"
        | "real_literal"
        | "character_literal"
        | "boolean_literal"
        | "raw_string_literal"
        | "verbatim_string_literal"
        | "interpolated_string_expression" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Written(span(node))))
        }
        _ => rest(builder, node, at),
    }
}

/// `object.name`, perhaps with type arguments.
fn named_part(builder: &mut Builder, object: ExprId, name: Option<Node>, at: At) -> ExprId {
    let Some(name) = name else { return UNKNOWN };
    type_arguments(builder, name, at);
    let name = first_of(name, "identifier").unwrap_or(name);
    builder.expr(Expr::Attribute(object, span(name)))
}

/// What stands behind `?.`: a member of `object`, and what is done with it.
fn bound_part(builder: &mut Builder, object: ExprId, node: Node, at: At) -> ExprId {
    match node.kind() {
        "member_binding_expression" => named_part(builder, object, node.child_by_field_name("name"), at),
        "element_binding_expression" => {
            for child in children(node) {
                expression(builder, child, at);
            }
            let items = super::csharp::empty(builder);
            builder.expr(Expr::Index(object, items))
        }
        "invocation_expression" => {
            let callee = node
                .child_by_field_name("function")
                .map_or(UNKNOWN, |inner| builder.deeper(|builder| bound_part(builder, object, inner, at)));
            call(builder, node, callee, at)
        }
        "member_access_expression" => {
            let inner = node
                .child_by_field_name("expression")
                .map_or(UNKNOWN, |inner| builder.deeper(|builder| bound_part(builder, object, inner, at)));
            named_part(builder, inner, node.child_by_field_name("name"), at)
        }
        _ => expression(builder, node, at),
    }
}

fn call(builder: &mut Builder, node: Node, callee: ExprId, at: At) -> ExprId {
    let list = node.child_by_field_name("arguments");
    // The name of something, as text.
    let is_nameof = matches!(builder.facts.expr(callee), Expr::Name(name, _) if name.text(builder.text) == "nameof");
    let items = list.map(|list| arguments(builder, list, at)).unwrap_or_default();
    if is_nameof {
        return builder.expr(Expr::Literal(Literal::Written(span(node))));
    }
    builder.site(ReferenceKind::Call, callee, items.len());
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

fn type_arguments(builder: &mut Builder, node: Node, at: At) {
    for item in of_kinds(node, &["type_argument_list"]).into_iter().flat_map(children) {
        annotation(builder, item, at);
    }
}

/// What is given in a call.
pub(super) fn arguments(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let mut items = Vec::new();
    for argument in children(node) {
        if argument.kind() != "argument" {
            items.push(expression(builder, argument, at));
            continue;
        }
        let name = argument.child_by_field_name("name");
        let value = children(argument).into_iter().rfind(|part| Some(*part) != name);
        let item = value.map_or(UNKNOWN, |value| expression(builder, value, at));
        items.push(name.map_or(item, |name| builder.expr(Expr::Labelled(item, span(name)))));
    }
    items
}

fn lambda(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    let own = At { scope, extent: builder.top().extent };
    if let Some(list) = node.child_by_field_name("parameters") {
        match list.kind() {
            "implicit_parameter" | "identifier" => builder.bind(own, span(list), Source::Parameter(0, None)),
            _ => {
                let first = builder.facts.names.len();
                parameters(builder, list, own);
                // Without a type, a parameter has that of what it is given for.
                let mut position = 0;
                for binding in &mut builder.facts.names[first..] {
                    if binding.scope == scope {
                        if binding.source == Source::Declared(UNKNOWN, None) {
                            binding.source = Source::Parameter(position, None);
                        }
                        position += 1;
                    }
                }
            }
        }
    }
    let inner = builder.inside(own);
    match node.child_by_field_name("body").or_else(|| first_of(node, "block")) {
        Some(body) if body.kind() == "block" => {
            rest(builder, body, inner);
        }
        Some(body) => {
            let value = expression(builder, body, inner);
            builder.facts.returns.push((scope, value));
        }
        None => {}
    }
    builder.expr(Expr::Scope(scope))
}

fn pattern(builder: &mut Builder, node: Node, at: At) {
    let name = node.child_by_field_name("name");
    match node.kind() {
        "declaration_pattern" | "recursive_pattern" | "type_pattern" => {
            let written = node.child_by_field_name("type").filter(|written| is_type(*written));
            let declared = written.map(|written| annotation(builder, written, at));
            if let Some(name) = name {
                let source = declared.map_or(Source::Opaque, |declared| Source::Declared(declared, None));
                local(builder, span(name), source, node.end_byte(), at);
            }
            for part in children(node).into_iter().filter(|part| Some(*part) != written && Some(*part) != name) {
                builder.deeper(|builder| pattern(builder, part, at));
            }
        }
        "var_pattern" => {
            if let Some(name) = name {
                local(builder, span(name), Source::Opaque, node.end_byte(), at);
            }
        }
        "subpattern"
        | "property_pattern_clause"
        | "positional_pattern_clause"
        | "or_pattern"
        | "and_pattern"
        | "negated_pattern"
        | "list_pattern"
        | "parenthesized_pattern" => {
            for part in children(node) {
                if !(node.kind() == "subpattern" && part.kind() == "identifier") {
                    builder.deeper(|builder| pattern(builder, part, at));
                }
            }
        }
        "constant_pattern" => {
            for part in children(node) {
                expression(builder, part, at);
            }
        }
        _ => {
            expression(builder, node, at);
        }
    }
}
