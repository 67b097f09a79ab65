//! Java: expressions, calls, lambdas.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::java::{anonymous, use_annotation};
use super::java_statements::{block, inside, local_name, statement};
use super::java_types::{annotation, named, parameters};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Site, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// The number of arguments is not written.
const ANY_NUMBER: usize = u16::MAX as usize;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

pub(super) fn rest(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        expression(builder, child, at);
    }
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" => builder.expr(Expr::Name(span(node), at.scope)),
        "this" => builder.expr(Expr::This(at.scope)),
        "super" => builder.expr(Expr::Super(at.scope)),
        "scoped_identifier" => {
            let scope = field(builder, node, "scope", at);
            node.child_by_field_name("name").map_or(UNKNOWN, |name| builder.expr(Expr::Attribute(scope, span(name))))
        }
        "field_access" => {
            let object = object(builder, node, at);
            match node.child_by_field_name("field") {
                // `Outer.this`
                Some(name) if name.kind() == "this" => builder.expr(Expr::Cast(object)),
                Some(name) => builder.expr(Expr::Attribute(object, span(name))),
                None => UNKNOWN,
            }
        }
        "method_invocation" => {
            let Some(name) = node.child_by_field_name("name").map(span) else { return UNKNOWN };
            let callee = match node.child_by_field_name("object") {
                Some(_) => {
                    let object = object(builder, node, at);
                    builder.expr(Expr::Attribute(object, name))
                }
                None => builder.expr(Expr::Name(name, at.scope)),
            };
            type_arguments(builder, node, at);
            let items = arguments(builder, node, at);
            builder.site(ReferenceKind::Call, callee, items.len());
            let items = builder.list(items);
            builder.expr(Expr::Call(callee, items))
        }
        "object_creation_expression" => creation(builder, node, at),
        "explicit_constructor_invocation" => {
            field(builder, node, "object", at);
            let items = arguments(builder, node, at);
            if let Some(word) = node.child_by_field_name("constructor") {
                let expr = expression(builder, word, at);
                call_site(builder, span(word), expr, items.len());
                let items = builder.list(items);
                builder.expr(Expr::Call(expr, items));
            }
            UNKNOWN
        }
        "method_reference" => method_reference(builder, node, at),
        "lambda_expression" => lambda(builder, node, at),
        "array_creation_expression" => {
            let item = node.child_by_field_name("type").map_or(UNKNOWN, |item| annotation(builder, item, at));
            for child in children(node) {
                if matches!(child.kind(), "dimensions_expr" | "array_initializer") {
                    rest(builder, child, at);
                }
            }
            let items = builder.list(vec![item]);
            let declared = builder.expr(Expr::Sequence(items));
            builder.expr(Expr::Cast(declared))
        }
        "array_initializer" => {
            let items = children(node).into_iter().map(|item| expression(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "array_access" => {
            let array = field(builder, node, "array", at);
            let index = field(builder, node, "index", at);
            let items = builder.list(vec![index]);
            builder.expr(Expr::Index(array, items))
        }
        "cast_expression" => {
            let mut cursor = node.walk();
            let types: Vec<Node> = node.children_by_field_name("type", &mut cursor).collect();
            let types: Vec<ExprId> = types.into_iter().map(|written| annotation(builder, written, at)).collect();
            field(builder, node, "value", at);
            types.first().map_or(UNKNOWN, |declared| builder.expr(Expr::Cast(*declared)))
        }
        "parenthesized_expression" => children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at)),
        "assignment_expression" => {
            field(builder, node, "left", at);
            field(builder, node, "right", at)
        }
        "ternary_expression" => {
            field(builder, node, "condition", at);
            let yes = field(builder, node, "consequence", at);
            let no = field(builder, node, "alternative", at);
            builder.expr(Expr::Either(yes, no))
        }
        "instanceof_expression" => instance_of(builder, node, at),
        "class_literal" => {
            children(node).first().map(|written| annotation(builder, *written, at));
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "null_literal" => builder.expr(Expr::Literal(Literal::Nothing)),
        "annotation" | "marker_annotation" => {
            use_annotation(builder, node, at);
            UNKNOWN
        }
        "element_value_pair" => field(builder, node, "value", at),
        "switch_expression" => {
            field(builder, node, "condition", at);
            if let Some(body) = node.child_by_field_name("body") {
                block(builder, body, at);
            }
            UNKNOWN
        }
        "block" => {
            statement(builder, node, at);
            UNKNOWN
        }
        "binary_expression" => binary(builder, node, at),
        "unary_expression" | "update_expression" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            match node.child_by_field_name("operator") {
                Some(operator) if operator.kind() == "!" => written(builder, operator),
                _ => value,
            }
        }
        "true" | "false" => written(builder, node),
        "string_literal" => {
            rest(builder, node, at);
            written(builder, node)
        }
        kind if kind.ends_with("_literal") => written(builder, node),
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    }
}

fn written(builder: &mut Builder, node: Node) -> ExprId {
    builder.expr(Expr::Literal(Literal::Written(span(node))))
}

fn binary(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let left = field(builder, node, "left", at);
    let right = field(builder, node, "right", at);
    let Some(operator) = node.child_by_field_name("operator") else { return UNKNOWN };
    let text = |builder: &Builder, side: ExprId| match builder.facts.expr(side) {
        Expr::Literal(Literal::Written(span)) => span.text(builder.text).starts_with('"'),
        _ => false,
    };
    match operator.kind() {
        "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||" => written(builder, operator),
        "+" if text(builder, left) => left,
        "+" if text(builder, right) => right,
        _ => builder.expr(Expr::Literal(Literal::Builtin)),
    }
}

/// What a member is taken of; `Interface.super` is a value of the interface, `Outer.super` one of the base of a class
/// around.
fn object(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(written) = node.child_by_field_name("object") else { return UNKNOWN };
    let object = expression(builder, written, at);
    if !children(node).into_iter().any(|child| child.kind() == "super" && child != written) {
        return object;
    }
    let mut scope = at.scope;
    while scope != 0 {
        let here = builder.facts.scopes[scope as usize];
        if here.kind == ScopeKind::Class && here.name.text(builder.text) == builder.text(written) {
            return builder.expr(Expr::Super(scope));
        }
        scope = here.parent;
    }
    builder.expr(Expr::Cast(object))
}

pub(super) fn arguments(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    list.into_iter().map(|argument| expression(builder, argument, at)).collect()
}

fn type_arguments(builder: &mut Builder, node: Node, at: At) {
    for written in node.child_by_field_name("type_arguments").map(children).unwrap_or_default() {
        annotation(builder, written, at);
    }
}

fn call_site(builder: &mut Builder, name: Span, expr: ExprId, arguments: usize) {
    let arguments = arguments.min(ANY_NUMBER) as u16;
    builder.facts.sites.push(Site { kind: ReferenceKind::Call, name, expr, arguments });
}

/// The name in a type.
fn type_name(builder: &Builder, expr: ExprId) -> Option<Span> {
    match builder.facts.expr(expr) {
        Expr::Name(name, _) | Expr::Attribute(_, name) => Some(name),
        Expr::Index(base, _) => match builder.facts.expr(base) {
            Expr::Name(name, _) | Expr::Attribute(_, name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// `new Type(…)`, perhaps with a body.
fn creation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(written) = node.child_by_field_name("type") else { return UNKNOWN };
    for child in children(node) {
        if child != written && !matches!(child.kind(), "class_body" | "argument_list" | "type_arguments") {
            expression(builder, child, at);
        }
    }
    let class = named(builder, written, None, at);
    let items = arguments(builder, node, at);
    let count = items.len();
    let items = builder.list(items);
    let created = builder.expr(Expr::New(class, items));
    if let Some(name) = type_name(builder, class) {
        call_site(builder, name, created, count);
    }
    let Some(body) = children(node).into_iter().find(|child| child.kind() == "class_body") else { return created };
    let scope = anonymous(builder, body, class, at);
    let class = builder.expr(Expr::Scope(scope));
    builder.expr(Expr::New(class, items))
}

/// `object::name`: as if it were called with as many arguments as anyone wants.
fn method_reference(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let parts = children(node);
    let Some(first) = parts.first().copied() else { return UNKNOWN };
    let is_type = matches!(first.kind(), "generic_type" | "array_type" | "scoped_type_identifier" | "type_identifier");
    let object = if is_type { named(builder, first, None, at) } else { expression(builder, first, at) };
    let last = node.child(node.child_count().saturating_sub(1));
    match last.map(|last| (last.kind(), span(last))) {
        Some(("identifier", name)) if parts.len() > 1 => {
            let object = if is_type { builder.expr(Expr::Cast(object)) } else { object };
            let callee = builder.expr(Expr::Attribute(object, name));
            builder.site(ReferenceKind::Call, callee, ANY_NUMBER);
        }
        Some(("new", _)) => {
            let none = builder.list(Vec::new());
            let created = builder.expr(Expr::New(object, none));
            if let Some(name) = type_name(builder, object) {
                call_site(builder, name, created, ANY_NUMBER);
            }
        }
        _ => {}
    }
    UNKNOWN
}

fn lambda(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let scope = builder.scope(ScopeKind::Function, at.scope, Span::default());
    let own = At { scope, extent: builder.top().extent };
    if let Some(list) = node.child_by_field_name("parameters") {
        match list.kind() {
            "formal_parameters" => parameters(builder, list, own),
            "identifier" => builder.bind(own, span(list), Source::Parameter(0, None)),
            _ => {
                for (position, name) in children(list).into_iter().enumerate() {
                    builder.bind(own, span(name), Source::Parameter(position as u32, None));
                }
            }
        }
    }
    let inner = inside(builder, own);
    match node.child_by_field_name("body") {
        Some(body) if body.kind() == "block" => block(builder, body, inner),
        Some(body) => {
            let value = expression(builder, body, inner);
            builder.facts.returns.push((scope, value));
        }
        None => {}
    }
    builder.expr(Expr::Scope(scope))
}

/// `value instanceof Type name`: the name is bound where the test holds; after it is near enough.
fn instance_of(builder: &mut Builder, node: Node, at: At) -> ExprId {
    field(builder, node, "left", at);
    if let Some(pattern) = node.child_by_field_name("pattern") {
        statement(builder, pattern, at);
    }
    if let Some(written) = node.child_by_field_name("right") {
        let declared = annotation(builder, written, at);
        let value = builder.expr(Expr::Cast(declared));
        if let (Some(name), ScopeKind::Block) = (node.child_by_field_name("name"), builder.kind(at.scope)) {
            local_name(builder, span(name), Source::Value(value), node.end_byte(), at);
        }
    }
    builder.expr(Expr::Literal(Literal::Builtin))
}
