//! Swift: expressions, statements and patterns.

use super::builder::{At, Builder, UNKNOWN, children, first_of, has_token, of_kinds, span};
use super::swift::{attributes, block, declaration};
use super::swift_types::{annotation, is_type, named};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

/// The statements in `node`; the value of the last.
pub(super) fn statements(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut last = UNKNOWN;
    for child in children(node) {
        last = match child.kind() {
            "statements" | "computed_getter" | "computed_setter" | "computed_modify" | "didset_clause"
            | "willset_clause" => builder.deeper(|builder| block(builder, child, at)),
            _ => builder.deeper(|builder| declaration(builder, child, at)),
        };
    }
    last
}

/// Visits a body; its value if it is one expression.
pub(super) fn body_value(builder: &mut Builder, node: Node, at: At) -> Option<ExprId> {
    let inner = match node.kind() {
        "function_body" | "computed_property" => first_of(node, "statements"),
        _ => None,
    };
    let single = inner.filter(|inner| children(*inner).len() == 1).and_then(|inner| children(inner).first().copied());
    let last = statements(builder, node, at);
    let returns = |only: Node| only.kind() != "control_transfer_statement" || has_token(only, "return");
    single.filter(|only| returns(*only)).map(|_| last)
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn rest(builder: &mut Builder, node: Node, at: At) -> ExprId {
    statements(builder, node, at);
    UNKNOWN
}

fn last_of(builder: &mut Builder, node: Node, at: At) -> ExprId {
    statements(builder, node, at)
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "simple_identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "self_expression" => builder.expr(Expr::This(at.scope)),
        "super_expression" => builder.expr(Expr::Super(at.scope)),
        "navigation_expression" => {
            let object = match node.child_by_field_name("target") {
                Some(target) if is_type(target) => named(builder, target, Some(ReferenceKind::Type), at),
                Some(target) => expression(builder, target, at),
                None => UNKNOWN,
            };
            let suffix = node.child_by_field_name("suffix").and_then(|suffix| suffix.child_by_field_name("suffix"));
            match suffix {
                Some(name) if builder.text(name) == "self" => object,
                Some(name) => builder.expr(Expr::Attribute(object, span(name))),
                None => UNKNOWN,
            }
        }
        "call_expression" => call(builder, node, at),
        "constructor_expression" => {
            let class = node.child_by_field_name("constructed_type").map_or(UNKNOWN, |of| named(builder, of, None, at));
            let items: Vec<ExprId> = of_kinds(node, &["constructor_suffix"])
                .into_iter()
                .flat_map(|suffix| given(builder, suffix, at))
                .collect();
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
            made
        }
        "lambda_literal" => lambda(builder, node, at),
        "tuple_expression" => {
            let mut cursor = node.walk();
            let values: Vec<Node> =
                node.children_by_field_name("value", &mut cursor).filter(|value| value.is_named()).collect();
            let items: Vec<ExprId> = values.into_iter().map(|value| expression(builder, value, at)).collect();
            match items.as_slice() {
                [only] => *only,
                _ => {
                    let items = builder.list(items);
                    builder.expr(Expr::Tuple(items))
                }
            }
        }
        "array_literal" => {
            let items = children(node).into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "as_expression" => {
            field(builder, node, "expr", at);
            let declared = node.child_by_field_name("name").map_or(UNKNOWN, |of| annotation(builder, of, at));
            builder.expr(Expr::Cast(declared))
        }
        "check_expression"
        | "equality_expression"
        | "comparison_expression"
        | "conjunction_expression"
        | "disjunction_expression" => {
            for child in children(node) {
                match is_type(child) {
                    true => annotation(builder, child, at),
                    false => expression(builder, child, at),
                };
            }
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "nil_coalescing_expression" => {
            let value = field(builder, node, "value", at);
            let other = field(builder, node, "if_nil", at);
            builder.expr(Expr::Either(value, other))
        }
        "ternary_expression" => {
            field(builder, node, "condition", at);
            let first = field(builder, node, "if_true", at);
            let other = field(builder, node, "if_false", at);
            builder.expr(Expr::Either(first, other))
        }
        "try_expression"
        | "await_expression"
        | "postfix_expression"
        | "consume_expression"
        | "optional_chain_marker" => last_of(builder, node, at),
        "prefix_expression" => match node.child_by_field_name("operation") {
            // A member of the type that is expected.
            Some(operation) if builder.text(operation) == "." => {
                let name = node.child_by_field_name("target");
                name.map_or(UNKNOWN, |name| builder.expr(Expr::Attribute(UNKNOWN, span(name))))
            }
            _ => field(builder, node, "target", at),
        },
        "additive_expression" | "multiplicative_expression" => {
            let left = field(builder, node, "lhs", at);
            field(builder, node, "rhs", at);
            if matches!(builder.facts.expr(left), Expr::Literal(_)) { left } else { UNKNOWN }
        }
        "if_statement" | "guard_statement" | "while_statement" | "repeat_while_statement" => {
            conditions(builder, node, at);
            UNKNOWN
        }
        "for_statement" => {
            for_each(builder, node, at);
            UNKNOWN
        }
        "do_statement" | "statements" => {
            let at = builder.inside(at);
            last_of(builder, node, at)
        }
        "catch_block" => {
            let at = builder.inside(at);
            if let Some(pattern) = node.child_by_field_name("error") {
                bind_pattern(builder, pattern, None, at);
            }
            for child in children(node).into_iter().filter(|child| child.kind() != "pattern") {
                builder.deeper(|builder| declaration(builder, child, at));
            }
            UNKNOWN
        }
        "switch_statement" => {
            let value = field(builder, node, "expr", at);
            let mut values = Vec::new();
            for entry in of_kinds(node, &["switch_entry"]) {
                let at = builder.inside(at);
                for part in children(entry) {
                    match part.kind() {
                        "switch_pattern" => {
                            for pattern in children(part) {
                                bind_pattern(builder, pattern, Some(value), at);
                            }
                        }
                        "statements" => values.push(statements(builder, part, at)),
                        _ => {
                            expression(builder, part, at);
                        }
                    }
                }
            }
            builder.either(values)
        }
        "control_transfer_statement" => {
            let value = node.child_by_field_name("result").map(|value| expression(builder, value, at));
            value.unwrap_or(UNKNOWN)
        }
        "line_string_literal" | "multi_line_string_literal" | "raw_string_literal" => {
            for child in children(node) {
                if child.kind().contains("interpol") {
                    rest(builder, child, at);
                }
            }
            builder.expr(Expr::Literal(Literal::Written(span(node))))
        }
        "integer_literal" | "real_literal" | "boolean_literal" => {
            builder.expr(Expr::Literal(Literal::Written(span(node))))
        }
        "nil_literal" | "nil" => builder.expr(Expr::Literal(Literal::Nothing)),
        "macro_invocation" => {
            for suffix in of_kinds(node, &["call_suffix"]) {
                given(builder, suffix, at);
            }
            UNKNOWN
        }
        "value_binding_pattern" | "as_operator" | "navigation_suffix" => UNKNOWN,
        "pattern" => {
            bind_pattern(builder, node, None, at);
            UNKNOWN
        }
        _ if is_type(node) => annotation(builder, node, at),
        _ => rest(builder, node, at),
    }
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let Some(function) = parts.first().copied() else { return UNKNOWN };
    let callee = expression(builder, function, at);
    let mut items = Vec::new();
    for suffix in parts.into_iter().skip(1).filter(|part| part.kind() == "call_suffix") {
        // `object[index]` is written like a call.
        let subscript = first_of(suffix, "value_arguments").is_some_and(|list| has_token(list, "["));
        let own = given(builder, suffix, at);
        if subscript {
            let own = builder.list(own);
            return builder.expr(Expr::Index(callee, own));
        }
        items.extend(own);
    }
    builder.site(ReferenceKind::Call, callee, items.len());
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

/// What is given in a call, in brackets and behind them.
fn given(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let mut items = Vec::new();
    let mut label: Option<Span> = None;
    for part in children(node) {
        match part.kind() {
            "value_arguments" => {
                for argument in of_kinds(part, &["value_argument"]) {
                    let label = argument.child_by_field_name("name").map(span);
                    let value = argument
                        .child_by_field_name("value")
                        .or_else(|| children(argument).into_iter().rfind(|part| part.kind() != "value_argument_label"));
                    let value = value.map_or(UNKNOWN, |value| expression(builder, value, at));
                    items.push(label.map_or(value, |label| builder.expr(Expr::Labelled(value, label))));
                }
            }
            "simple_identifier" => label = Some(span(part)),
            "lambda_literal" => {
                let value = expression(builder, part, at);
                items.push(label.take().map_or(value, |label| builder.expr(Expr::Labelled(value, label))));
            }
            _ => {
                expression(builder, part, at);
            }
        }
    }
    items
}

fn lambda(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    let own = At { scope, extent: builder.top().extent };
    let inner = builder.inside(own);
    let mut value = UNKNOWN;
    for part in children(node) {
        match part.kind() {
            "lambda_function_type" => {
                let list = of_kinds(part, &["lambda_function_type_parameters"])
                    .into_iter()
                    .flat_map(children)
                    .collect::<Vec<_>>();
                for (position, parameter) in list.into_iter().enumerate() {
                    attributes(builder, parameter, own);
                    let written = children(parameter).into_iter().find(|part| is_type(*part));
                    let declared = written.map(|written| annotation(builder, written, own));
                    let name =
                        of_kinds(parameter, &["simple_identifier"]).last().map(|name| span(*name)).unwrap_or_default();
                    let unknown = Source::Parameter(position as u32, None);
                    builder.bind(own, name, declared.map_or(unknown, |declared| Source::Declared(declared, None)));
                }
                for result in children(part).into_iter().filter(|part| is_type(*part)) {
                    let result = annotation(builder, result, own);
                    builder.scope_mut(scope).returns = Some(result);
                }
            }
            "statements" => {
                let only = children(part).len() == 1;
                let last = statements(builder, part, inner);
                value = if only { last } else { UNKNOWN };
            }
            "capture_list" => {
                for item in of_kinds(part, &["capture_list_item"]) {
                    field(builder, item, "value", at);
                }
            }
            _ => attributes(builder, node, at),
        }
    }
    if value != UNKNOWN {
        builder.facts.returns.push((scope, value));
    }
    builder.expr(Expr::Scope(scope))
}

/// The conditions of a statement bind names for what follows: of a guard, in the block around.
fn conditions(builder: &mut Builder, node: Node, at: At) {
    let guard = node.kind() == "guard_statement";
    let inner = if guard { at } else { builder.inside(at) };
    let mut names: Vec<Span> = Vec::new();
    let mut opaque = false;
    let mut cursor = node.walk();
    let mut parts: Vec<(Node, bool)> = Vec::new();
    if cursor.goto_first_child() {
        loop {
            let part = cursor.node();
            if part.is_named() && !part.is_extra() || part.kind() == "case" {
                parts.push((part, cursor.field_name() == Some("bound_identifier")));
            }
            if !cursor.goto_next_sibling() {
                break;
            }
        }
    }
    let total = builder.text.len();
    for (place, (part, bound)) in parts.iter().copied().enumerate() {
        match part.kind() {
            "case" => opaque = true,
            "value_binding_pattern" | "as_operator" | "where_keyword" => {}
            "statements" => {
                let at = builder.inside(inner);
                statements(builder, part, at);
            }
            "if_statement" if place > 0 => {
                builder.deeper(|builder| declaration(builder, part, at));
            }
            "pattern" => {
                let mut found = Vec::new();
                pattern_names(part, builder.text, &mut found);
                for name in found {
                    builder.bind(inner, name, Source::Opaque);
                }
                visit_pattern(builder, part, inner);
            }
            "type_annotation" => {
                for written in children(part).into_iter().filter(|part| is_type(*part)) {
                    annotation(builder, written, inner);
                }
            }
            _ if bound => {
                names.push(span(part));
                // `if let name`: what has that name already.
                let given = parts.get(place + 1).is_some_and(|(next, bound)| {
                    !bound && !matches!(next.kind(), "statements" | "value_binding_pattern" | "case" | "else")
                });
                if !given || !has_value(builder.text, part) {
                    names.pop();
                }
            }
            _ => {
                let value = builder.deeper(|builder| declaration(builder, part, inner));
                for name in names.drain(..) {
                    if name.text(builder.text) != "self" {
                        let extent = Span::new(part.end_byte()..total);
                        let source = if opaque { Source::Opaque } else { Source::Value(value) };
                        builder.bind(At { extent, ..inner }, name, source);
                    }
                }
                opaque = false;
            }
        }
    }
}

/// Whether a bound name is followed by `=`, perhaps behind its type.
fn has_value(text: &str, name: Node) -> bool {
    let after = text.get(name.end_byte()..).unwrap_or("").trim_start();
    after.starts_with('=') || after.starts_with(':')
}

fn for_each(builder: &mut Builder, node: Node, at: At) {
    let at = builder.inside(at);
    let value = field(builder, node, "collection", at);
    let element = builder.expr(Expr::Element(value));
    if let Some(item) = node.child_by_field_name("item") {
        bind_pattern(builder, item, Some(element), at);
    }
    for part in children(node) {
        if matches!(part.kind(), "where_clause" | "statements" | "type_annotation") {
            builder.deeper(|builder| expression(builder, part, at));
        }
    }
}

/// Binds the names of a pattern; one name alone is what the pattern is compared with.
fn bind_pattern(builder: &mut Builder, node: Node, subject: Option<ExprId>, at: At) {
    let mut found = Vec::new();
    pattern_names(node, builder.text, &mut found);
    let whole = node.child_by_field_name("bound_identifier").map(span);
    let cast = children(node).into_iter().find(|part| is_type(*part) && has_token(node, "as"));
    let cast = cast.map(|cast| annotation(builder, cast, at));
    for name in found {
        let source = match (cast, subject) {
            (Some(cast), _) => Source::Declared(cast, None),
            (None, Some(subject)) if whole == Some(name) => Source::Value(subject),
            _ => Source::Opaque,
        };
        builder.bind(at, name, source);
    }
    if cast.is_none() {
        visit_pattern(builder, node, at);
    }
}

/// What a pattern uses: types, and values that it compares with.
fn visit_pattern(builder: &mut Builder, node: Node, at: At) {
    for part in children(node) {
        match part.kind() {
            "pattern" => builder.deeper(|builder| visit_pattern(builder, part, at)),
            "simple_identifier" | "value_binding_pattern" => {}
            _ if is_type(part) => {
                annotation(builder, part, at);
            }
            _ => {
                expression(builder, part, at);
            }
        }
    }
}

/// The names that a pattern binds: those behind `let` and `var`, and single names in brackets.
pub(super) fn pattern_names(node: Node, text: &str, found: &mut Vec<Span>) {
    let mut open = vec![(node, 0)];
    while let Some((node, depth)) = open.pop() {
        if let Some(name) = node.child_by_field_name("bound_identifier") {
            found.push(span(name));
        }
        let parts = children(node);
        if let ([only], true) = (parts.as_slice(), depth > 0)
            && only.kind() == "simple_identifier"
            && node.child_by_field_name("bound_identifier").is_none()
            && text.get(only.byte_range()).is_none_or(|name| name != "_")
        {
            found.push(span(*only));
        }
        if depth < 16 {
            open.extend(parts.into_iter().filter(|part| part.kind() == "pattern").map(|part| (part, depth + 1)));
        }
    }
}
