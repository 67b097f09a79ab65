//! Kotlin: expressions and statements.

use super::builder::{ANY_NUMBER, At, Builder, UNKNOWN, children, first_of, has_token, of_kinds, span};
use super::kotlin::{anonymous, function, modifiers, statement, use_annotation, variable};
use super::kotlin_types::{annotation, is_type};
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
        last = builder.deeper(|builder| statement(builder, child, at));
    }
    last
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "this_expression" => match first_of(node, "identifier") {
            // `this@Outer`
            Some(label) => {
                let class = builder.expr(Expr::Name(span(label), at.scope));
                builder.expr(Expr::Cast(class))
            }
            None => builder.expr(Expr::This(at.scope)),
        },
        "super_expression" => match children(node).into_iter().find(|part| is_type(*part)) {
            Some(base) => {
                let base = annotation(builder, base, at);
                builder.expr(Expr::Cast(base))
            }
            None => builder.expr(Expr::Super(at.scope)),
        },
        "navigation_expression" => {
            let parts = children(node);
            let [object, .., name] = parts.as_slice() else { return UNKNOWN };
            let object = expression(builder, *object, at);
            builder.expr(Expr::Attribute(object, span(*name)))
        }
        "call_expression" => call(builder, node, at),
        "infix_expression" => {
            let parts = children(node);
            let [left, name, right] = parts.as_slice() else { return rest(builder, node, at) };
            let left = expression(builder, *left, at);
            let right = expression(builder, *right, at);
            let callee = builder.expr(Expr::Attribute(left, span(*name)));
            builder.site(ReferenceKind::Call, callee, 1);
            let items = builder.list(vec![right]);
            builder.expr(Expr::Call(callee, items))
        }
        "callable_reference" => callable_reference(builder, node, at),
        "lambda_literal" => lambda(builder, node, at),
        "anonymous_function" => {
            let scope = function(builder, node, at);
            builder.expr(Expr::Scope(scope))
        }
        "object_literal" => anonymous(builder, node, at),
        "parenthesized_expression" | "labeled_expression" | "annotated_lambda" | "spread_expression" => {
            children(node).into_iter().map(|child| expression(builder, child, at)).last().unwrap_or(UNKNOWN)
        }
        "annotated_expression" => {
            let mut last = UNKNOWN;
            for child in children(node) {
                match child.kind() {
                    "annotation" => use_annotation(builder, child, at),
                    _ => last = expression(builder, child, at),
                }
            }
            last
        }
        "as_expression" => {
            field(builder, node, "left", at);
            let declared = node.child_by_field_name("right").map_or(UNKNOWN, |right| annotation(builder, right, at));
            builder.expr(Expr::Cast(declared))
        }
        "is_expression" => {
            field(builder, node, "left", at);
            if let Some(right) = node.child_by_field_name("right") {
                annotation(builder, right, at);
            }
            boolean(builder)
        }
        "in_expression" => {
            rest(builder, node, at);
            boolean(builder)
        }
        "binary_expression" => binary(builder, node, at),
        "unary_expression" => {
            let value = field(builder, node, "argument", at);
            match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                Some("!") => boolean(builder),
                _ => value,
            }
        }
        "index_expression" => {
            let mut parts = children(node).into_iter();
            let object = parts.next().map_or(UNKNOWN, |object| expression(builder, object, at));
            let items = parts.map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(object, items))
        }
        "if_expression" => conditional(builder, node, at),
        "when_expression" => when(builder, node, at),
        "try_expression" => {
            let mut values = Vec::new();
            for child in children(node) {
                let at = builder.inside(at);
                match child.kind() {
                    "catch_block" => values.push(catch(builder, child, at)),
                    "finally_block" => {
                        rest(builder, child, at);
                    }
                    _ => values.push(expression(builder, child, at)),
                }
            }
            builder.either(values)
        }
        "block" => {
            let at = builder.inside(at);
            statements(builder, node, at)
        }
        "for_statement" => {
            for_each(builder, node, at);
            UNKNOWN
        }
        "while_statement" | "do_while_statement" | "assignment" => rest(builder, node, at),
        "return_expression" => {
            rest(builder, node, at);
            UNKNOWN
        }
        "string_literal" | "multiline_string_literal" | "number_literal" | "float_literal" | "character_literal" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Written(span(node))))
        }
        "class_declaration" | "object_declaration" | "function_declaration" | "property_declaration" => {
            statement(builder, node, at)
        }
        _ if is_type(node) => annotation(builder, node, at),
        _ => rest(builder, node, at),
    }
}

fn rest(builder: &mut Builder, node: Node, at: At) -> ExprId {
    for child in children(node) {
        expression(builder, child, at);
    }
    UNKNOWN
}

fn boolean(builder: &mut Builder) -> ExprId {
    builder.expr(Expr::Literal(Literal::Builtin))
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let Some(callee) = parts.first().copied() else { return UNKNOWN };
    let mut lists: Vec<Node> = parts.into_iter().skip(1).collect();
    let mut function = callee;
    // `f(a) { … }` is one call.
    if callee.kind() == "call_expression" && lists.iter().all(|list| list.kind() == "annotated_lambda") {
        let inner = children(callee);
        let lambda = inner.iter().any(|part| part.kind() == "annotated_lambda");
        if let (Some(first), false) = (inner.first(), lambda) {
            function = *first;
            lists.splice(0..0, inner.into_iter().skip(1));
        }
    }
    let callee = expression(builder, function, at);
    let mut items = Vec::new();
    for list in lists {
        match list.kind() {
            "value_arguments" => items.extend(arguments(builder, list, at)),
            "type_arguments" => {
                for item in children(list).into_iter().flat_map(children).filter(|part| is_type(*part)) {
                    annotation(builder, item, at);
                }
            }
            _ => items.push(expression(builder, list, at)),
        }
    }
    builder.site(ReferenceKind::Call, callee, items.len());
    let items = builder.list(items);
    builder.expr(Expr::Call(callee, items))
}

/// What is given in a call.
pub(super) fn arguments(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let mut items = Vec::new();
    for argument in children(node) {
        let parts = children(argument);
        let Some(value) = parts.last() else { continue };
        let mut item = expression(builder, *value, at);
        if has_token(argument, "=")
            && let [name, _] = parts.as_slice()
        {
            item = builder.expr(Expr::Labelled(item, span(*name)));
        }
        items.push(item);
    }
    items
}

fn callable_reference(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let Some(name) = parts.last().filter(|name| name.kind() == "identifier") else { return rest(builder, node, at) };
    let callee = match parts.as_slice() {
        [of, _] if is_type(*of) => {
            let of = annotation(builder, *of, at);
            builder.expr(Expr::Attribute(of, span(*name)))
        }
        [of, _] => {
            let of = expression(builder, *of, at);
            builder.expr(Expr::Attribute(of, span(*name)))
        }
        _ => builder.expr(Expr::Name(span(*name), at.scope)),
    };
    builder.site(ReferenceKind::Call, callee, ANY_NUMBER);
    UNKNOWN
}

fn lambda(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    let own = At { scope, extent: builder.top().extent };
    let inner = builder.inside(own);
    let mut last = UNKNOWN;
    for child in children(node) {
        if child.kind() != "lambda_parameters" {
            last = builder.deeper(|builder| statement(builder, child, inner));
            continue;
        }
        for (position, parameter) in children(child).into_iter().enumerate() {
            match parameter.kind() {
                "variable_declaration" => {
                    let Some((name, declared)) = variable(builder, parameter, own) else { continue };
                    let unknown = Source::Parameter(position as u32, None);
                    builder.bind(own, name, declared.map_or(unknown, |declared| Source::Declared(declared, None)));
                }
                _ => {
                    for part in children(parameter) {
                        if let Some((name, _)) = variable(builder, part, own) {
                            builder.bind(inner, name, Source::Opaque);
                        }
                    }
                    builder.bind_nameless(
                        own,
                        Source::Parameter(position as u32, None),
                        rag_core::bindings::Space::Value,
                    );
                }
            }
        }
    }
    builder.facts.returns.push((scope, last));
    builder.expr(Expr::Scope(scope))
}

fn binary(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let left = field(builder, node, "left", at);
    let operator = node.child_by_field_name("operator").map_or("", |operator| operator.kind());
    // What stands behind `x is T &&` sees `x` as a `T`.
    let right_at = if operator == "&&" { narrowed(builder, node.child_by_field_name("left"), at) } else { at };
    let right = field(builder, node, "right", right_at);
    match operator {
        "?:" => builder.either(vec![left, right]),
        "+" | "-" | "*" | "/" | "%" => match builder.facts.expr(left) {
            Expr::Literal(_) => left,
            _ => UNKNOWN,
        },
        _ => boolean(builder),
    }
}

/// The block that a test opens: names that it found to be of a type have that type there.
fn narrowed(builder: &mut Builder, test: Option<Node>, at: At) -> At {
    let mut found = Vec::new();
    let mut open: Vec<Node> = test.into_iter().collect();
    while let Some(node) = open.pop() {
        match node.kind() {
            "is_expression" if !has_token(node, "!is") => found.push(node),
            "parenthesized_expression" => open.extend(children(node)),
            "binary_expression" if node.child_by_field_name("operator").is_some_and(|word| word.kind() == "&&") => {
                open.extend(children(node));
            }
            _ => {}
        }
    }
    let inner = builder.inside(at);
    for node in found {
        let (Some(name), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            continue;
        };
        if name.kind() == "identifier" {
            bind_as(builder, span(name), right, inner);
        }
    }
    inner
}

fn bind_as(builder: &mut Builder, name: Span, of: Node, at: At) {
    let declared = super::kotlin_types::named(builder, of, None, at);
    let value = builder.expr(Expr::Cast(declared));
    builder.bind(at, name, Source::Value(value));
}

fn conditional(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let test = node.child_by_field_name("condition");
    field(builder, node, "condition", at);
    let branches: Vec<Node> = children(node).into_iter().filter(|part| Some(*part) != test).collect();
    let mut values = Vec::new();
    for (place, branch) in branches.into_iter().enumerate() {
        let at = if place == 0 { narrowed(builder, test, at) } else { at };
        values.push(expression(builder, branch, at));
    }
    if values.len() == 2 { builder.either(values) } else { UNKNOWN }
}

fn when(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let at = builder.inside(at);
    let mut subject = None;
    let mut values = Vec::new();
    for child in children(node) {
        match child.kind() {
            "when_subject" => {
                for part in children(child) {
                    match part.kind() {
                        "variable_declaration" => {
                            if let Some((name, declared)) = variable(builder, part, at) {
                                subject = Some(name);
                                let source =
                                    declared.map_or(Source::Opaque, |declared| Source::Declared(declared, None));
                                builder.bind(at, name, source);
                            }
                        }
                        "identifier" if subject.is_none() => {
                            subject = Some(span(part));
                            expression(builder, part, at);
                        }
                        _ => {
                            expression(builder, part, at);
                        }
                    }
                }
            }
            "when_entry" => values.push(when_entry(builder, child, subject, at)),
            _ => {
                expression(builder, child, at);
            }
        }
    }
    builder.either(values)
}

fn when_entry(builder: &mut Builder, node: Node, subject: Option<Span>, at: At) -> ExprId {
    let mut cursor = node.walk();
    let tests: Vec<Node> =
        node.children_by_field_name("condition", &mut cursor).filter(|test| test.is_named()).collect();
    let mut inner = builder.inside(at);
    for test in &tests {
        let is = (test.kind() == "type_test" && !has_token(*test, "!is"))
            .then(|| children(*test).into_iter().find(|part| is_type(*part)))
            .flatten();
        for part in
            of_kinds(*test, &["user_type", "nullable_type"]).into_iter().take(usize::from(test.kind() == "type_test"))
        {
            annotation(builder, part, at);
        }
        if test.kind() != "type_test" {
            expression(builder, *test, at);
        }
        if let (Some(subject), Some(of), [_]) = (subject, is, tests.as_slice()) {
            bind_as(builder, subject, of, inner);
        }
        if let [test] = tests.as_slice()
            && subject.is_none()
        {
            inner = narrowed(builder, Some(*test), at);
        }
    }
    let bodies = children(node).into_iter().filter(|part| !tests.contains(part));
    bodies.map(|body| builder.deeper(|builder| statement(builder, body, inner))).last().unwrap_or(UNKNOWN)
}

fn catch(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut name = None;
    let mut value = UNKNOWN;
    for part in children(node) {
        match part.kind() {
            "identifier" => name = Some(span(part)),
            "block" => value = statements(builder, part, at),
            _ if is_type(part) => {
                let declared = annotation(builder, part, at);
                builder.bind(at, name.unwrap_or_default(), Source::Declared(declared, None));
            }
            _ => modifiers(builder, node, at),
        }
    }
    value
}

fn for_each(builder: &mut Builder, node: Node, at: At) {
    let at = builder.inside(at);
    let mut names = Vec::new();
    let mut over = None;
    let mut several = false;
    for part in children(node) {
        match part.kind() {
            "variable_declaration" => names.extend(variable(builder, part, at)),
            "multi_variable_declaration" => {
                several = true;
                names.extend(children(part).into_iter().filter_map(|part| variable(builder, part, at)));
            }
            "annotation" => use_annotation(builder, part, at),
            _ if over.is_none() => {
                let value = expression(builder, part, at);
                let element = builder.expr(Expr::Element(value));
                over = Some(element);
                for (name, declared) in names.drain(..) {
                    let source = match declared {
                        Some(declared) => Source::Declared(declared, None),
                        None if several => Source::Opaque,
                        None => Source::Value(element),
                    };
                    let extent = Span::new(part.end_byte()..builder.text.len());
                    builder.bind(At { extent, ..at }, name, source);
                }
            }
            _ => {
                builder.deeper(|builder| statement(builder, part, at));
            }
        }
    }
}
