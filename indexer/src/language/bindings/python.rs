//! Python: statements, definitions, annotations.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::python_expressions::{expression, expression_here, rest};
use super::types::text_type;
use rag_core::bindings::{Export, Expr, ExprId, Literal, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    block(builder, root, at);
}

fn block(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        builder.deeper(|builder| statement(builder, child, at));
    }
}

/// A block that may not run.
pub(super) fn branch(builder: &mut Builder, node: Node, at: At) {
    block(builder, node, At { extent: span(node), ..at });
}

fn statement(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "function_definition" => function(builder, node, Vec::new(), at),
        "class_definition" => class(builder, node, at),
        "decorated_definition" => decorated(builder, node, at),
        "import_statement" => import(builder, node, at),
        "import_from_statement" => import_from(builder, node, at),
        "return_statement" => {
            let value = children(node).first().map(|value| expression(builder, *value, at));
            let function = builder.around(at.scope, &[ScopeKind::Function]);
            builder.facts.returns.push((function, value.unwrap_or(UNKNOWN)));
        }
        "for_statement" => {
            if let Some(right) = node.child_by_field_name("right") {
                let iterable = expression(builder, right, at);
                let element = builder.expr(Expr::Element(iterable));
                if let Some(left) = node.child_by_field_name("left") {
                    target(builder, left, element, at);
                }
            }
            parts(builder, node, at);
        }
        "with_statement" => {
            for child in children(node) {
                if child.kind() == "with_clause" {
                    for item in children(child) {
                        children(item).first().map(|item| expression(builder, *item, at));
                    }
                } else {
                    block(builder, child, at);
                }
            }
        }
        "if_statement"
        | "while_statement"
        | "try_statement"
        | "match_statement"
        | "elif_clause"
        | "else_clause"
        | "except_clause"
        | "finally_clause"
        | "case_clause"
        | "except_group_clause" => parts(builder, node, at),
        "block" => branch(builder, node, at),
        "global_statement" | "nonlocal_statement" | "pass_statement" | "break_statement" => {}
        "type_alias_statement" => {
            let parts = children(node);
            if let [name, value] = parts.as_slice() {
                let value = annotation(builder, *value, at);
                builder.bind_in(at, span(*name), Source::Alias(value), Space::Both);
            }
        }
        "expression_statement" => {
            for child in children(node) {
                expression(builder, child, at);
            }
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

/// The parts of a compound statement: conditions are expressions, blocks may not run.
fn parts(builder: &mut Builder, node: Node, at: At) {
    let loops = node.kind() == "for_statement";
    for child in children(node) {
        match child.kind() {
            "block" if node.kind() == "try_statement" => block(builder, child, at),
            "block" => builder.deeper(|builder| branch(builder, child, at)),
            "elif_clause"
            | "else_clause"
            | "except_clause"
            | "finally_clause"
            | "case_clause"
            | "except_group_clause" => builder.deeper(|builder| statement(builder, child, at)),
            _ if loops => {}
            _ => {
                expression(builder, child, at);
            }
        }
    }
}

fn import(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        match child.kind() {
            "dotted_name" => {
                let Some(first) = children(child).first().map(|first| span(*first)) else { continue };
                builder.bind_in(at, first, module_source(first), Space::Both);
            }
            "aliased_import" => {
                if let (Some(name), Some(alias)) =
                    (child.child_by_field_name("name"), child.child_by_field_name("alias"))
                {
                    builder.bind_in(at, span(alias), module_source(span(name)), Space::Both);
                }
            }
            _ => {}
        }
    }
}

fn module_source(module: Span) -> Source {
    Source::Import { module, item: Span::default() }
}

fn import_from(builder: &mut Builder, node: Node, at: At) {
    let Some(module) = node.child_by_field_name("module_name") else { return };
    for child in children(node) {
        if child == module {
            continue;
        }
        let (item, alias) = match child.kind() {
            "dotted_name" => (child, child),
            "aliased_import" => match (child.child_by_field_name("name"), child.child_by_field_name("alias")) {
                (Some(name), Some(alias)) => (name, alias),
                _ => continue,
            },
            "wildcard_import" => {
                let export = Export { module: span(module), item: Span::default(), alias: Span::default() };
                builder.facts.exports.push(export);
                continue;
            }
            _ => continue,
        };
        let source = Source::Import { module: span(module), item: span(item) };
        builder.bind_in(at, span(alias), source, Space::Both);
    }
}

fn decorated(builder: &mut Builder, node: Node, at: At) {
    let mut decorators = Vec::new();
    for child in children(node) {
        match child.kind() {
            "decorator" => {
                let Some(inner) = children(child).first().copied() else { continue };
                let expr = expression(builder, inner, at);
                builder.site(ReferenceKind::Call, expr, 1);
                decorators.push((inner, expr));
            }
            "function_definition" => function(builder, child, std::mem::take(&mut decorators), at),
            "class_definition" => class(builder, child, at),
            _ => {}
        }
    }
}

fn class(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let scope = builder.scope(ScopeKind::Class, at.scope, name);
    builder.bind_in(at, name, Source::Scope(scope), Space::Both);
    let inside = At { scope, extent: span(node) };
    let mut bases = Vec::new();
    let mut parameters = Vec::new();
    for base in node.child_by_field_name("superclasses").map(children).unwrap_or_default() {
        if base.kind() == "keyword_argument" {
            continue;
        }
        let expr = match base.kind() {
            "identifier" | "attribute" => expression(builder, base, at),
            _ => annotation(builder, base, at),
        };
        if let Expr::Index(_, items) = builder.facts.expr(expr) {
            let names = builder.facts.list(items).to_vec();
            parameters.extend(names.into_iter().filter(|&item| matches!(builder.facts.expr(item), Expr::Name(..))));
        }
        builder.site(ReferenceKind::Inherit, expr, 0);
        bases.push(expr);
    }
    parameters.extend(type_parameters(builder, node, inside));
    let (bases, parameters) = (builder.list(bases), builder.list(parameters));
    builder.scope_mut(scope).bases = bases;
    builder.scope_mut(scope).type_parameters = parameters;
    if let Some(body) = node.child_by_field_name("body") {
        block(builder, body, inside);
    }
}

fn type_parameters(builder: &mut Builder, node: Node, at: At) -> Vec<ExprId> {
    let mut found = Vec::new();
    for parameter in node.child_by_field_name("type_parameters").map(children).unwrap_or_default() {
        let name = Span::new(parameter.start_byte()..parameter.start_byte() + word_length(builder.text(parameter)));
        builder.bind_in(at, name, Source::TypeParameter(None), Space::Both);
        found.push(builder.expr(Expr::Name(name, at.scope)));
    }
    found
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
}

fn function(builder: &mut Builder, node: Node, decorators: Vec<(Node, ExprId)>, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    let mut flags = builder.scope_mut(scope).flags;
    let mut unknown = Vec::new();
    let name_text = name.text(builder.text);
    flags.is_class_method = matches!(name_text, "__new__" | "__init_subclass__" | "__class_getitem__");
    for (decorator, expr) in decorators {
        let text = builder.text(decorator);
        match text.rsplit('.').next().unwrap_or(text) {
            "property" | "cached_property" | "setter" | "deleter" | "getter" => flags.is_property = true,
            "staticmethod" => flags.is_static = true,
            "classmethod" => flags.is_class_method = true,
            "overload" => flags.is_signature = true,
            "abstractmethod" | "override" | "final" => {}
            _ => unknown.push(expr),
        }
    }
    flags.is_async = has_token(node, "async");
    let unknown = builder.list(unknown);
    builder.scope_mut(scope).flags = flags;
    builder.scope_mut(scope).decorators = unknown;
    builder.bind(at, name, Source::Scope(scope));
    let inside = At { scope, extent: span(node) };
    let parameters = type_parameters(builder, node, inside);
    let parameters = builder.list(parameters);
    builder.scope_mut(scope).type_parameters = parameters;
    let method = builder.kind(at.scope) == ScopeKind::Class && !flags.is_static;
    if let Some(list) = node.child_by_field_name("parameters") {
        self::parameters(builder, list, method, flags.is_class_method, inside, at);
    }
    let returns = node.child_by_field_name("return_type").map(|returns| annotation(builder, returns, inside));
    builder.scope_mut(scope).returns = returns;
    if let Some(body) = node.child_by_field_name("body") {
        block(builder, body, inside);
    }
}

pub(super) fn parameters(builder: &mut Builder, list: Node, method: bool, class_method: bool, inside: At, outside: At) {
    let mut position = 0;
    for parameter in children(list) {
        let kind = parameter.kind();
        let name = match kind {
            "identifier" => Some(parameter),
            "typed_parameter" => children(parameter).first().copied(),
            "default_parameter" | "typed_default_parameter" => parameter.child_by_field_name("name"),
            "list_splat_pattern" | "dictionary_splat_pattern" => children(parameter).first().copied(),
            _ => None,
        };
        let Some(name) = name else { continue };
        let default = parameter.child_by_field_name("value").map(|value| expression(builder, value, outside));
        let declared = parameter.child_by_field_name("type").map(|declared| annotation(builder, declared, inside));
        let splat = kind.contains("splat") || name.kind().contains("splat");
        let name = if name.kind().contains("splat") { children(name).first().copied().unwrap_or(name) } else { name };
        let source = match declared {
            _ if splat => Source::Opaque,
            Some(declared) => Source::Declared(declared, None),
            None if method && position == 0 && class_method => Source::ReceiverClass,
            None if method && position == 0 => Source::Receiver,
            None => Source::Parameter(position, default),
        };
        builder.bind(inside, span(name), source);
        position += 1;
    }
}

/// Binds what stands on the left of an assignment to `value`.
pub(super) fn target(builder: &mut Builder, left: Node, value: ExprId, at: At) {
    match left.kind() {
        "identifier" => {
            let name = span(left);
            // A comprehension's scope holds its own names only.
            builder.bind(at, name, Source::Value(value));
        }
        "attribute" => attribute_target(builder, left, Source::Value(value), at),
        "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" => {
            for (index, part) in children(left).into_iter().enumerate() {
                let item = match builder.facts.expr(value) {
                    Expr::Sequence(items) => builder.facts.list(items).get(index).copied().unwrap_or(UNKNOWN),
                    _ => UNKNOWN,
                };
                builder.deeper(|builder| target(builder, part, item, at));
            }
        }
        "as_pattern_target" => {
            if let Some(inner) = children(left).first() {
                builder.deeper(|builder| target(builder, *inner, value, at));
            }
        }
        "list_splat_pattern" => {
            if let Some(inner) = children(left).first() {
                builder.deeper(|builder| target(builder, *inner, UNKNOWN, at));
            }
        }
        _ => {
            expression(builder, left, at);
        }
    }
}

/// `self.x = …` makes a member of the class around the method.
fn attribute_target(builder: &mut Builder, left: Node, source: Source, at: At) {
    let Some(object) = left.child_by_field_name("object") else { return };
    let Some(name) = left.child_by_field_name("attribute") else { return };
    expression(builder, object, at);
    let function = builder.around(at.scope, &[ScopeKind::Function]);
    let class = builder.facts.scopes[function as usize].parent;
    let object = builder.text(object);
    let receiver = builder.facts.names.iter().rev().find(|binding| {
        binding.scope == function && matches!(binding.source, Source::Receiver | Source::ReceiverClass)
    });
    let Some(receiver) = receiver else { return };
    if receiver.name.text(builder.text) != object || builder.kind(class) != ScopeKind::Class {
        return;
    }
    builder.bind(At { scope: class, extent: at.extent }, span(name), source);
    if let Some(binding) = builder.facts.names.last_mut() {
        binding.is_instance = true;
    }
}

pub(super) fn assignment(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let right = node.child_by_field_name("right").map(|right| expression(builder, right, at));
    let declared = node.child_by_field_name("type").map(|declared| annotation(builder, declared, at));
    let Some(left) = node.child_by_field_name("left") else { return UNKNOWN };
    let Some(declared) = declared else {
        let value = right.unwrap_or(UNKNOWN);
        target(builder, left, value, at);
        return value;
    };
    let alias = matches!(builder.facts.expr(declared), Expr::Name(name, _) if name.text(builder.text) == "TypeAlias")
        || matches!(builder.facts.expr(declared), Expr::Attribute(_, name) if name.text(builder.text) == "TypeAlias");
    let source = match right {
        Some(right) if alias => Source::Value(right),
        _ => Source::Declared(declared, right),
    };
    match left.kind() {
        "identifier" => builder.bind(at, span(left), source),
        "attribute" => attribute_target(builder, left, source, at),
        _ => {}
    }
    right.unwrap_or(UNKNOWN)
}

/// A type annotation.
pub(super) fn annotation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| match node.kind() {
        "type" | "parenthesized_expression" => {
            children(node).first().map_or(UNKNOWN, |inner| annotation(builder, *inner, at))
        }
        "string" => {
            let range = node.byte_range();
            let text = builder.text(node);
            let quotes = text.len() - text.trim_start_matches(['"', '\'']).len();
            let inner = Span::new(range.start + quotes..range.end.saturating_sub(quotes));
            if quotes == 0 { UNKNOWN } else { text_type(builder, inner, at.scope) }
        }
        "binary_operator" | "union_type" => {
            let parts = children(node).into_iter().map(|part| annotation(builder, part, at)).collect();
            builder.either(parts)
        }
        "generic_type" | "subscript" => {
            let parts = children(node);
            let Some(base) = parts.first().map(|base| annotation(builder, *base, at)) else { return UNKNOWN };
            let arguments = parts.iter().skip(1).flat_map(|part| match part.kind() {
                "type_parameter" => children(*part),
                _ => vec![*part],
            });
            let arguments: Vec<Node> = arguments.collect();
            let items = arguments.into_iter().map(|part| annotation(builder, part, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        "none" => builder.expr(Expr::Literal(Literal::Nothing)),
        "identifier" | "attribute" => {
            let expr = expression_here(builder, node, at);
            builder.site(ReferenceKind::Type, expr, 0);
            expr
        }
        _ => {
            rest(builder, node, at);
            UNKNOWN
        }
    })
}
