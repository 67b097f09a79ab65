//! Scala: expressions and patterns.

use super::builder::{At, Builder, UNKNOWN, children, first_of, of_kinds, span};
use super::scala::{anonymous, statement, statements, whole};
use super::scala_types::{annotation, named};
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

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" | "operator_identifier" => match builder.text(node) {
            "this" => builder.expr(Expr::This(at.scope)),
            "super" => builder.expr(Expr::Super(at.scope)),
            "null" => builder.expr(Expr::Literal(Literal::Nothing)),
            _ => builder.expr(Expr::Name(span(node), at.scope)),
        },
        "field_expression" | "stable_identifier" => {
            let parts = children(node);
            let (Some(object), Some(name)) = (parts.first(), parts.last()) else { return UNKNOWN };
            let object = expression(builder, *object, at);
            match builder.text(*name) {
                // `Outer.this`
                "this" => builder.expr(Expr::Cast(object)),
                _ => builder.expr(Expr::Attribute(object, span(*name))),
            }
        }
        "call_expression" => call(builder, node, at),
        "generic_function" => {
            let function = field(builder, node, "function", at);
            for item in of_kinds(node, &["type_arguments"]).into_iter().flat_map(children) {
                annotation(builder, item, at);
            }
            function
        }
        "instance_expression" => instance(builder, node, at),
        "infix_expression" => {
            let left = field(builder, node, "left", at);
            let right = field(builder, node, "right", at);
            let Some(operator) = node.child_by_field_name("operator") else { return UNKNOWN };
            // Those that end with a colon are called on the right side.
            let text = builder.text(operator);
            let (object, given) = if text.ends_with(':') { (right, left) } else { (left, right) };
            let callee = builder.expr(Expr::Attribute(object, span(operator)));
            if operator.kind() == "identifier" {
                builder.site(ReferenceKind::Call, callee, 1);
            }
            let items = builder.list(vec![given]);
            builder.expr(Expr::Call(callee, items))
        }
        "postfix_expression" => {
            let parts = children(node);
            let [object, name] = parts.as_slice() else { return rest(builder, node, at) };
            let object = expression(builder, *object, at);
            builder.expr(Expr::Attribute(object, span(*name)))
        }
        "block" | "indented_block" => {
            let at = builder.inside(at);
            statements(builder, node, at)
        }
        "parenthesized_expression" => {
            children(node).into_iter().map(|child| expression(builder, child, at)).last().unwrap_or(UNKNOWN)
        }
        "tuple_expression" => {
            let items = children(node).into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Tuple(items))
        }
        "ascription_expression" => {
            let parts = children(node);
            if let Some(value) = parts.first() {
                expression(builder, *value, at);
            }
            match node.child_by_field_name("type").or_else(|| parts.last().copied().filter(|_| parts.len() > 1)) {
                Some(written) => {
                    let declared = annotation(builder, written, at);
                    builder.expr(Expr::Cast(declared))
                }
                None => UNKNOWN,
            }
        }
        "if_expression" => {
            field(builder, node, "condition", at);
            let first = field(builder, node, "consequence", at);
            match node.child_by_field_name("alternative") {
                Some(other) => {
                    let other = expression(builder, other, at);
                    builder.expr(Expr::Either(first, other))
                }
                None => UNKNOWN,
            }
        }
        "match_expression" => {
            let value = field(builder, node, "value", at);
            match node.child_by_field_name("body") {
                Some(body) => cases(builder, body, Some(value), at),
                None => UNKNOWN,
            }
        }
        "case_block" | "indented_cases" => {
            // A function written as cases.
            let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
            let own = At { scope, ..whole(builder, at) };
            builder.bind_nameless(own, Source::Parameter(0, None), rag_core::bindings::Space::Value);
            let inner = builder.inside(own);
            let value = cases(builder, node, None, inner);
            builder.facts.returns.push((scope, value));
            builder.expr(Expr::Scope(scope))
        }
        "try_expression" => {
            let value = field(builder, node, "body", at);
            for child in children(node) {
                match child.kind() {
                    "catch_clause" => {
                        for part in children(child) {
                            if part.kind() == "case_block" || part.kind() == "indented_cases" {
                                cases(builder, part, None, at);
                            } else {
                                let at = builder.inside(at);
                                if Some(part) == child.child_by_field_name("pattern") {
                                    pattern_names(builder, part, None, at);
                                } else {
                                    expression(builder, part, at);
                                }
                            }
                        }
                    }
                    "finally_clause" => {
                        rest(builder, child, at);
                    }
                    _ => {}
                }
            }
            value
        }
        "for_expression" => for_each(builder, node, at),
        "lambda_expression" => lambda(builder, node, at),
        "assignment_expression" => {
            field(builder, node, "left", at);
            field(builder, node, "right", at);
            UNKNOWN
        }
        "return_expression" | "throw_expression" => rest(builder, node, at),
        "prefix_expression" => {
            rest(builder, node, at);
            UNKNOWN
        }
        "interpolated_string_expression"
        | "string"
        | "integer_literal"
        | "floating_point_literal"
        | "character_literal"
        | "boolean_literal" => {
            for child in
                of_kinds(node, &["interpolated_string"]).into_iter().flat_map(|text| of_kinds(text, &["interpolation"]))
            {
                rest(builder, child, at);
            }
            let custom = node
                .child_by_field_name("interpolator")
                .is_some_and(|word| !matches!(builder.text(word), "s" | "f" | "raw"));
            if custom { UNKNOWN } else { builder.expr(Expr::Literal(Literal::Written(literal_span(node)))) }
        }
        "null_literal" => builder.expr(Expr::Literal(Literal::Nothing)),
        "unit" => builder.expr(Expr::Literal(Literal::Nothing)),
        _ => rest(builder, node, at),
    }
}

/// A text with something in front of its quotes begins at them.
fn literal_span(node: Node) -> Span {
    let text = first_of(node, "interpolated_string");
    text.map_or_else(|| span(node), span)
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(function) = node.child_by_field_name("function") else { return UNKNOWN };
    let callee = expression(builder, function, at);
    let list = node.child_by_field_name("arguments");
    let items = match list {
        Some(list) if list.kind() == "arguments" => arguments(builder, list, at),
        Some(list) if list.kind() == "colon_argument" => {
            let at = builder.inside(at);
            let parts: Vec<Node> = of_kinds(list, &["indented_block", "indented_cases"]);
            parts.into_iter().map(|part| block_argument(builder, part, at)).collect()
        }
        Some(block) => vec![block_argument(builder, block, at)],
        None => Vec::new(),
    };
    // What a first list of arguments gives is no use of a name of its own.
    if function.kind() != "call_expression" {
        builder.site(ReferenceKind::Call, callee, items.len());
    }
    let items = builder.list(items);
    if function.kind() == "call_expression" {
        return callee;
    }
    builder.expr(Expr::Call(callee, items))
}

/// `f { x => … }` is given a function.
fn block_argument(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    match parts.as_slice() {
        [only] if only.kind() == "lambda_expression" => expression(builder, *only, at),
        _ => expression(builder, node, at),
    }
}

/// What is given in a call.
pub(super) fn arguments(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let mut items = Vec::new();
    for argument in children(node) {
        let named = argument.kind() == "assignment_expression";
        let name = argument.child_by_field_name("left").filter(|name| named && name.kind() == "identifier");
        items.push(match (name, argument.child_by_field_name("right")) {
            (Some(name), Some(value)) => {
                let value = expression(builder, value, at);
                builder.expr(Expr::Labelled(value, span(name)))
            }
            _ => expression(builder, argument, at),
        });
    }
    items
}

fn instance(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut types = Vec::new();
    let mut items = Vec::new();
    let mut body = None;
    for part in children(node) {
        match part.kind() {
            "arguments" if types.len() == 1 => items.extend(arguments(builder, part, at)),
            "arguments" => {
                arguments(builder, part, at);
            }
            "template_body" => body = Some(part),
            "end_marker" => {}
            "compound_type" => {
                for (place, part) in children(part).into_iter().enumerate() {
                    types.push(match place {
                        0 => named(builder, part, None, at),
                        _ => annotation(builder, part, at),
                    });
                }
            }
            "early_defs" => {
                rest(builder, part, at);
            }
            _ => types.push(named(builder, part, None, at)),
        }
    }
    let Some(&class) = types.first() else {
        return body.map_or(UNKNOWN, |body| anonymous(builder, body, Vec::new(), at));
    };
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
    match body {
        Some(body) => anonymous(builder, body, types, at),
        None => made,
    }
}

fn cases(builder: &mut Builder, node: Node, subject: Option<ExprId>, at: At) -> ExprId {
    let mut values = Vec::new();
    for case in of_kinds(node, &["case_clause"]) {
        let at = builder.inside(at);
        let pattern = case.child_by_field_name("pattern");
        if let Some(pattern) = pattern {
            pattern_names(builder, pattern, subject, at);
        }
        let mut last = UNKNOWN;
        for part in children(case).into_iter().filter(|part| Some(*part) != pattern) {
            last = match part.kind() {
                "guard" => rest(builder, part, at),
                _ => builder.deeper(|builder| statement(builder, part, at)),
            };
        }
        values.push(last);
    }
    builder.either(values)
}

/// Binds the names of a pattern; `subject` is what it is compared with.
pub(super) fn pattern_names(builder: &mut Builder, node: Node, subject: Option<ExprId>, at: At) {
    builder.deeper(|builder| pattern_here(builder, node, subject, at));
}

fn pattern_here(builder: &mut Builder, node: Node, subject: Option<ExprId>, at: At) {
    match node.kind() {
        "identifier" if builder.text(node).starts_with(|c: char| c.is_lowercase() || c == '_') => {
            builder.bind(at, span(node), subject.map_or(Source::Opaque, Source::Value));
        }
        "typed_pattern" => {
            let declared = node.child_by_field_name("type").map_or(UNKNOWN, |written| annotation(builder, written, at));
            if let Some(name) = node.child_by_field_name("pattern").filter(|name| name.kind() == "identifier") {
                builder.bind(at, span(name), Source::Declared(declared, None));
            }
        }
        "capture_pattern" => {
            let inner = node.child_by_field_name("pattern");
            let declared = inner.and_then(|inner| match inner.kind() {
                "typed_pattern" | "case_class_pattern" => inner.child_by_field_name("type"),
                _ => None,
            });
            let declared = declared.map(|written| named(builder, written, None, at));
            if let Some(name) = node.child_by_field_name("name") {
                let source = declared.map_or(Source::Opaque, |declared| Source::Declared(declared, None));
                builder.bind(at, span(name), source);
            }
            if let Some(inner) = inner {
                pattern_names(builder, inner, None, at);
            }
        }
        "case_class_pattern" => {
            if let Some(written) = node.child_by_field_name("type") {
                annotation(builder, written, at);
            }
            let mut cursor = node.walk();
            let parts: Vec<Node> =
                node.children_by_field_name("pattern", &mut cursor).filter(|part| part.is_named()).collect();
            for part in parts {
                pattern_names(builder, part, None, at);
            }
        }
        "stable_identifier" => {
            expression(builder, node, at);
        }
        "string" | "integer_literal" | "wildcard" => {}
        _ => {
            for part in children(node) {
                pattern_names(builder, part, None, at);
            }
        }
    }
}

fn for_each(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut at = builder.inside(at);
    for list in of_kinds(node, &["enumerators"]) {
        for step in of_kinds(list, &["enumerator"]) {
            let parts = children(step);
            let binds = super::builder::has_token(step, "<-");
            match parts.as_slice() {
                [guard] => {
                    rest(builder, *guard, at);
                }
                [pattern, .., value] => {
                    let value = expression(builder, *value, at);
                    let given = if binds { builder.expr(Expr::Element(value)) } else { value };
                    at = builder.inside(at);
                    pattern_names(builder, *pattern, Some(given), at);
                    for guard in of_kinds(step, &["guard"]) {
                        rest(builder, guard, at);
                    }
                }
                [] => {}
            }
        }
    }
    if let Some(body) = node.child_by_field_name("body") {
        expression(builder, body, at);
    }
    UNKNOWN
}

fn lambda(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    let own = At { scope, ..whole(builder, at) };
    let inner = builder.inside(own);
    let list = node.child_by_field_name("parameters");
    match list {
        Some(list) if list.kind() == "bindings" => {
            for (position, binding) in of_kinds(list, &["binding"]).into_iter().enumerate() {
                let declared = binding.child_by_field_name("type").map(|written| annotation(builder, written, own));
                let unknown = Source::Parameter(position as u32, None);
                let source = declared.map_or(unknown, |declared| Source::Declared(declared, None));
                let name = binding.child_by_field_name("name").map(span).unwrap_or_default();
                builder.bind(own, name, source);
            }
        }
        Some(name) if name.kind() == "identifier" => builder.bind(own, span(name), Source::Parameter(0, None)),
        _ => builder.bind_nameless(own, Source::Parameter(0, None), rag_core::bindings::Space::Value),
    }
    let mut last = UNKNOWN;
    for part in children(node).into_iter().filter(|part| Some(*part) != list) {
        last = builder.deeper(|builder| statement(builder, part, inner));
    }
    builder.facts.returns.push((scope, last));
    builder.expr(Expr::Scope(scope))
}
