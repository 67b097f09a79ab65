//! Java: statements and the names they bind.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::java::{class, dimensions, is_class, modifiers};
use super::java_expressions::expression;
use super::java_types::annotation;
use rag_core::Span;
use rag_core::bindings::{Expr, ExprId, ScopeKind, Source};
use tree_sitter::Node;

/// The statements of a block, in the scope of the caller.
pub(super) fn block(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        builder.deeper(|builder| statement(builder, child, at));
    }
}

/// Opens a block.
pub(super) fn inside(builder: &mut Builder, at: At) -> At {
    At { scope: builder.scope(ScopeKind::Block, at.scope, Span::default()), extent: builder.top().extent }
}

pub(super) fn statement(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        _ if is_class(node) => class(builder, node, at),
        "local_variable_declaration" => local(builder, node, at),
        "block"
        | "for_statement"
        | "switch_block_statement_group"
        | "switch_rule"
        | "try_with_resources_statement"
        | "constructor_body" => {
            let at = inside(builder, at);
            block(builder, node, at);
        }
        "enhanced_for_statement" => enhanced_for(builder, node, at),
        "resource" => resource(builder, node, at),
        "catch_clause" => {
            let at = inside(builder, at);
            block(builder, node, at);
        }
        "catch_formal_parameter" => {
            let types = children(node).into_iter().find(|part| part.kind() == "catch_type").map(children);
            let types = types.unwrap_or_default().into_iter().map(|caught| annotation(builder, caught, at)).collect();
            let declared = builder.either(types);
            bind(builder, node, Source::Declared(declared, None), at);
        }
        "return_statement" | "yield_statement" => {
            let value = children(node).first().map(|value| expression(builder, *value, at));
            if let ("return_statement", Some(value)) = (node.kind(), value) {
                let function = builder.around(at.scope, &[ScopeKind::Function]);
                builder.facts.returns.push((function, value));
            }
        }
        "labeled_statement" => {
            for child in children(node).into_iter().skip(1) {
                builder.deeper(|builder| statement(builder, child, at));
            }
        }
        "break_statement" | "continue_statement" => {}
        "if_statement"
        | "while_statement"
        | "do_statement"
        | "try_statement"
        | "finally_clause"
        | "expression_statement"
        | "throw_statement"
        | "assert_statement"
        | "synchronized_statement"
        | "resource_specification"
        | "switch_block"
        | "switch_label"
        | "guard"
        | "pattern" => block(builder, node, at),
        "type_pattern" | "record_pattern_component" => pattern(builder, node, at),
        "record_pattern" | "record_pattern_body" => {
            for child in children(node) {
                if matches!(child.kind(), "record_pattern" | "record_pattern_body" | "record_pattern_component") {
                    builder.deeper(|builder| statement(builder, child, at));
                } else {
                    annotation(builder, child, at);
                }
            }
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

/// A local name is visible after its declaration.
pub(super) fn local_name(builder: &mut Builder, name: Span, source: Source, from: usize, at: At) {
    let extent = Span::new(from..builder.text.len());
    builder.bind(At { extent, ..at }, name, source);
}

fn bind(builder: &mut Builder, node: Node, source: Source, at: At) {
    if let Some(name) = node.child_by_field_name("name") {
        local_name(builder, span(name), source, node.end_byte(), at);
    }
}

/// The declared type, if it is not `var`.
fn declared(builder: &mut Builder, node: Node, at: At) -> Option<ExprId> {
    let written = node.child_by_field_name("type")?;
    if builder.text(written) == "var" { None } else { Some(annotation(builder, written, at)) }
}

fn source(declared: Option<ExprId>, value: Option<ExprId>) -> Source {
    match (declared, value) {
        (Some(declared), value) => Source::Declared(declared, value),
        (None, Some(value)) => Source::Value(value),
        (None, None) => Source::Opaque,
    }
}

fn local(builder: &mut Builder, node: Node, at: At) {
    modifiers(builder, node, at);
    let declared = declared(builder, node, at);
    let mut cursor = node.walk();
    let declarators: Vec<Node> = node.children_by_field_name("declarator", &mut cursor).collect();
    for declarator in declarators {
        let value = declarator.child_by_field_name("value").map(|value| expression(builder, value, at));
        let declared = declared.map(|declared| dimensions(builder, declarator, declared));
        bind(builder, declarator, source(declared, value), at);
    }
}

fn enhanced_for(builder: &mut Builder, node: Node, at: At) {
    let at = inside(builder, at);
    let declared = declared(builder, node, at);
    let value = node.child_by_field_name("value").map_or(UNKNOWN, |value| expression(builder, value, at));
    let element = builder.expr(Expr::Element(value));
    if let (Some(name), Some(body)) = (node.child_by_field_name("name"), node.child_by_field_name("body")) {
        let source = declared.map_or(Source::Value(element), |declared| Source::Declared(declared, None));
        local_name(builder, span(name), source, body.start_byte(), at);
        builder.deeper(|builder| statement(builder, body, at));
    }
}

fn resource(builder: &mut Builder, node: Node, at: At) {
    if node.child_by_field_name("name").is_none() {
        return block(builder, node, at);
    }
    let declared = declared(builder, node, at);
    let value = node.child_by_field_name("value").map(|value| expression(builder, value, at));
    bind(builder, node, source(declared, value), at);
}

/// `Type name` in a pattern.
fn pattern(builder: &mut Builder, node: Node, at: At) {
    let parts = children(node);
    if let [inner] = parts.as_slice() {
        return statement(builder, *inner, at);
    }
    let [.., written, name] = parts.as_slice() else { return };
    if builder.text(*written) == "var" {
        return local_name(builder, span(*name), Source::Opaque, node.end_byte(), at);
    }
    let declared = annotation(builder, *written, at);
    let value = builder.expr(Expr::Cast(declared));
    local_name(builder, span(*name), Source::Value(value), node.end_byte(), at);
}
