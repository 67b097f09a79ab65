//! Ruby: expressions and calls.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::ruby::{bind_local, body, class, class_body, defines, is_local, local_scope, method, parameters, singleton};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

pub(super) fn expression(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| expression_here(builder, node, at))
}

/// The children of `node`, with what could not be parsed.
pub(super) fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

fn rest(builder: &mut Builder, node: Node, at: At) -> ExprId {
    for child in parts(node) {
        expression(builder, child, at);
    }
    UNKNOWN
}

fn field(builder: &mut Builder, node: Node, field: &str, at: At) -> ExprId {
    node.child_by_field_name(field).map_or(UNKNOWN, |child| expression(builder, child, at))
}

fn expression_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "identifier" => identifier(builder, node, at),
        "instance_variable" | "class_variable" => builder.expr(Expr::Name(span(node), at.scope)),
        "constant" | "scope_resolution" => {
            let found = constant(builder, node, at);
            builder.site(ReferenceKind::Type, found, 0);
            found
        }
        "self" => builder.expr(Expr::This(at.scope)),
        "call" => call(builder, node, at),
        "class" | "module" => class(builder, node, at),
        "singleton_class" => {
            singleton(builder, node, at);
            UNKNOWN
        }
        "method" | "singleton_method" => {
            method(builder, node, at);
            UNKNOWN
        }
        "alias" => {
            let around = builder.around(at.scope, &[ScopeKind::Class]);
            if let Some(name) = node.child_by_field_name("name") {
                let name = symbol(builder, name).unwrap_or(span(name));
                builder.bind(At { scope: around, ..at }, name, Source::Opaque);
            }
            UNKNOWN
        }
        "assignment" => {
            let right = node.child_by_field_name("right");
            if let Some(found) = made_class(builder, node, right, at) {
                return found;
            }
            let value = right.map_or(UNKNOWN, |right| expression(builder, right, at));
            if let Some(left) = node.child_by_field_name("left") {
                assign(builder, left, value, at);
            }
            value
        }
        "operator_assignment" => {
            let value = field(builder, node, "right", at);
            let held = match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                Some("||=" | "&&=") => value,
                _ => UNKNOWN,
            };
            if let Some(left) = node.child_by_field_name("left") {
                assign(builder, left, held, at);
            }
            value
        }
        "return" => {
            let value = match children(node).first().map(|list| children(*list)).as_deref() {
                Some([one]) => expression(builder, *one, at),
                _ => rest(builder, node, at),
            };
            let function = builder.around(at.scope, &[ScopeKind::Function]);
            builder.facts.returns.push((function, value));
            value
        }
        "block" | "do_block" | "lambda" => {
            block(builder, node, at);
            UNKNOWN
        }
        "parenthesized_statements" | "body_statement" | "block_body" | "then" | "begin" => body(builder, node, at),
        "conditional" => {
            field(builder, node, "condition", at);
            let yes = field(builder, node, "consequence", at);
            let no = field(builder, node, "alternative", at);
            builder.expr(Expr::Either(yes, no))
        }
        "binary" => {
            let left = field(builder, node, "left", at);
            let right = field(builder, node, "right", at);
            match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                Some("||" | "or") => builder.expr(Expr::Either(left, right)),
                Some("&&" | "and") => right,
                _ => UNKNOWN,
            }
        }
        "exception_variable" => {
            for name in children(node) {
                bind_local(builder, span(name), Source::Opaque, at);
            }
            UNKNOWN
        }
        "for" => {
            if let Some(pattern) = node.child_by_field_name("pattern") {
                assign(builder, pattern, UNKNOWN, at);
            }
            field(builder, node, "value", at);
            field(builder, node, "body", at)
        }
        "super" => UNKNOWN,
        "string" | "integer" | "float" | "simple_symbol" | "delimited_symbol" | "array" | "hash" | "regex" | "true"
        | "false" | "string_array" | "symbol_array" | "range" => {
            rest(builder, node, at);
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        "nil" => builder.expr(Expr::Literal(Literal::Nothing)),
        "pair" => {
            // The key of `name: value` is no call.
            field(builder, node, "value", at);
            match node.child_by_field_name("key") {
                Some(key) if key.kind() != "hash_key_symbol" => expression(builder, key, at),
                _ => UNKNOWN,
            }
        }
        _ => rest(builder, node, at),
    }
}

/// A variable, or the call of a method without arguments.
fn identifier(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let name = builder.expr(Expr::Name(span(node), at.scope));
    if is_local(builder, builder.text(node), at) {
        return name;
    }
    builder.site(ReferenceKind::Call, name, 0);
    let none = builder.list(Vec::new());
    builder.expr(Expr::Call(name, none))
}

/// A constant or a path of them.
pub(super) fn constant(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "scope_resolution" => {
            let Some(name) = node.child_by_field_name("name") else { return UNKNOWN };
            let outer = match node.child_by_field_name("scope") {
                Some(outer) if matches!(outer.kind(), "constant" | "scope_resolution") => constant(builder, outer, at),
                Some(outer) => expression(builder, outer, at),
                None => builder.expr(Expr::Scope(0)),
            };
            builder.expr(Expr::Path(outer, span(name)))
        }
        _ => builder.expr(Expr::Name(span(node), at.scope)),
    })
}

/// The name that a symbol or a string spells.
pub(super) fn symbol(builder: &Builder, node: Node) -> Option<Span> {
    let text = builder.text(node);
    let inner = match node.kind() {
        "simple_symbol" => 1,
        "string" | "delimited_symbol" => {
            let content = children(node).into_iter().next()?;
            return (content.kind() == "string_content").then(|| span(content));
        }
        _ => return None,
    };
    let start = node.start_byte() + inner;
    (text.len() > inner).then(|| Span::new(start..node.end_byte()))
}

fn call(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let receiver = node.child_by_field_name("receiver");
    let name = node.child_by_field_name("method");
    let list = node.child_by_field_name("arguments");
    let word = name.map_or("", |name| builder.text(name));
    let nodes = list.map(children).unwrap_or_default();
    let is_class = receiver.filter(|of| word == "new" && matches!(of.kind(), "constant" | "scope_resolution"));
    let callee = match (receiver, name) {
        // `Shape.new` is a use of the class.
        (Some(_), Some(_)) if is_class.is_some() => is_class.map_or(UNKNOWN, |of| constant(builder, of, at)),
        (Some(of), Some(name)) if matches!(name.kind(), "identifier" | "constant") => {
            let of = expression(builder, of, at);
            builder.expr(Expr::Attribute(of, span(name)))
        }
        (None, Some(name)) if matches!(name.kind(), "identifier" | "constant") => {
            builder.expr(Expr::Name(span(name), at.scope))
        }
        (of, _) => of.map_or(UNKNOWN, |of| expression(builder, of, at)),
    };
    if receiver.is_none() {
        defines(builder, word, &nodes, at);
    }
    let mixes = receiver.is_none() && matches!(word, "include" | "extend" | "prepend");
    let unclear = |node: &Node| {
        matches!(node.kind(), "splat_argument" | "hash_splat_argument" | "pair" | "forward_argument" | "block_argument")
    };
    let count = if nodes.iter().any(unclear) { usize::from(u16::MAX) } else { nodes.len() };
    let mut items = Vec::with_capacity(nodes.len());
    for argument in nodes {
        items.push(match argument.kind() {
            "constant" | "scope_resolution" if mixes => {
                let module = constant(builder, argument, at);
                builder.site(ReferenceKind::Inherit, module, 0);
                builder.site(ReferenceKind::Type, module, 0);
                module
            }
            _ => expression(builder, argument, at),
        });
    }
    let known = matches!(name.map(|name| name.kind()), Some("identifier" | "constant"));
    if known {
        builder.site(ReferenceKind::Call, callee, count);
        if is_class.is_some() {
            builder.site(ReferenceKind::Type, callee, 0);
        }
    }
    if let Some(inner) = node.child_by_field_name("block") {
        builder.deeper(|builder| block(builder, inner, at));
    }
    let items = builder.list(items);
    match (known, is_class) {
        (false, _) => UNKNOWN,
        (_, Some(_)) => builder.expr(Expr::New(callee, items)),
        _ => builder.expr(Expr::Call(callee, items)),
    }
}

fn block(builder: &mut Builder, node: Node, at: At) {
    let own = At { scope: builder.scope(ScopeKind::Block, at.scope, Span::default()), ..at };
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    match node.child_by_field_name("body") {
        Some(inner) if matches!(inner.kind(), "block" | "do_block") => {
            builder.deeper(|builder| block(builder, inner, own));
        }
        Some(inner) => {
            builder.deeper(|builder| body(builder, inner, own));
        }
        None => {}
    }
}

/// `Point = Struct.new(:x) do … end` and its like.
fn made_class(builder: &mut Builder, node: Node, right: Option<Node>, at: At) -> Option<ExprId> {
    let name = node.child_by_field_name("left").filter(|left| left.kind() == "constant")?;
    let right = right.filter(|right| right.kind() == "call")?;
    let receiver = right.child_by_field_name("receiver")?;
    let word = right.child_by_field_name("method").map_or("", |method| builder.text(method));
    let made = matches!((builder.text(receiver), word), ("Struct" | "Class" | "Module", "new") | ("Data", "define"));
    if !made {
        return None;
    }
    let class = constant(builder, receiver, at);
    builder.site(ReferenceKind::Call, class, 0);
    builder.site(ReferenceKind::Type, class, 0);
    let scope = builder.scope(ScopeKind::Class, at.scope, span(name));
    builder.bind_in(at, span(name), Source::Scope(scope), rag_core::bindings::Space::Type);
    let mut base = Some(UNKNOWN);
    for argument in right.child_by_field_name("arguments").map(children).unwrap_or_default() {
        match symbol(builder, argument) {
            Some(member) => builder.bind(At { scope, ..at }, member, Source::Opaque),
            None if builder.text(receiver) == "Class" => base = Some(expression(builder, argument, at)),
            None => {
                expression(builder, argument, at);
            }
        }
    }
    let inside = right.child_by_field_name("block").and_then(|block| block.child_by_field_name("body"));
    Some(class_body(builder, scope, base, inside, at))
}

fn assign(builder: &mut Builder, left: Node, value: ExprId, at: At) {
    match left.kind() {
        "identifier" => {
            let scope = local_scope(builder, builder.text(left), at).unwrap_or(at.scope);
            bind_local(builder, span(left), Source::Value(value), At { scope, ..at });
        }
        "instance_variable" => {
            let class = builder.around(at.scope, &[ScopeKind::Class]);
            builder.bind(At { scope: class, ..at }, span(left), Source::Value(value));
        }
        "constant" => {
            let around = builder.around(at.scope, &[ScopeKind::Class]);
            builder.bind(At { scope: around, ..at }, span(left), Source::Value(value));
        }
        "left_assignment_list" | "destructured_left_assignment" | "rest_assignment" => {
            for part in children(left) {
                builder.deeper(|builder| assign(builder, part, UNKNOWN, at));
            }
        }
        _ => {
            expression(builder, left, at);
        }
    }
}
