//! Go: declarations and statements.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::go_expressions::{expression, rest};
use super::go_types::{annotation, parameters, receiver, results, type_declaration, type_parameters};
use rag_core::Span;
use rag_core::bindings::{Export, Expr, ExprId, Literal, ScopeId, ScopeKind, Source, Space};
use tree_sitter::Node;

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    block(builder, root, at);
}

/// The statements of a block, in the scope of the caller.
pub(super) fn block(builder: &mut Builder, node: Node, at: At) {
    for child in children(node) {
        builder.deeper(|builder| statement(builder, child, at));
    }
}

/// Opens a block.
pub(super) fn inside(builder: &mut Builder, at: At) -> At {
    At { scope: builder.scope(ScopeKind::Block, at.scope, Span::default()), ..at }
}

fn statement(builder: &mut Builder, node: Node, at: At) {
    match node.kind() {
        "package_clause" => {
            builder.facts.package = children(node).first().map(|name| span(*name)).unwrap_or_default();
        }
        "import_declaration"
        | "import_spec_list"
        | "var_spec_list"
        | "var_declaration"
        | "statement_list"
        | "expression_statement"
        | "type_declaration"
        | "go_statement"
        | "defer_statement" => block(builder, node, at),
        "import_spec" => import(builder, node, at),
        "function_declaration" => {
            let name = node.child_by_field_name("name").map(span).unwrap_or_default();
            let scope = function(builder, node, name, None, at);
            // Nothing can call `init`.
            if name.text(builder.text) != "init" {
                builder.bind_in(at, name, Source::Scope(scope), Space::Both);
            }
        }
        "method_declaration" => method(builder, node, at),
        "type_spec" | "type_alias" => type_declaration(builder, node, at),
        "const_declaration" => constants(builder, node, at),
        "var_spec" => {
            let declared = node.child_by_field_name("type").map(|declared| annotation(builder, declared, at));
            let values = values(builder, node.child_by_field_name("value"), at);
            declare(builder, node, declared, &values, at);
        }
        "short_var_declaration" => {
            let values = values(builder, node.child_by_field_name("right"), at);
            let left = node.child_by_field_name("left").map(children).unwrap_or_default();
            define(builder, &left, &values, after(builder, node, at));
        }
        "return_statement" => {
            let values = values(builder, children(node).first().copied(), at);
            let function = builder.around(at.scope, &[ScopeKind::Function]);
            for (value, _) in values {
                builder.facts.returns.push((function, value));
            }
        }
        "block" => {
            let at = inside(builder, at);
            block(builder, node, at);
        }
        "if_statement"
        | "for_statement"
        | "expression_switch_statement"
        | "select_statement"
        | "expression_case"
        | "default_case"
        | "communication_case" => {
            let at = inside(builder, at);
            block(builder, node, at);
        }
        "for_clause" => block(builder, node, at),
        "range_clause" => range(builder, node, at),
        "receive_statement" => {
            let values = values(builder, node.child_by_field_name("right"), at);
            if has_token(node, ":=") {
                let left = node.child_by_field_name("left").map(children).unwrap_or_default();
                define(builder, &left, &values, after(builder, node, at));
            }
        }
        "type_switch_statement" => type_switch(builder, node, at),
        "labeled_statement" => {
            for child in children(node).into_iter().skip(1) {
                builder.deeper(|builder| statement(builder, child, at));
            }
        }
        "break_statement" | "continue_statement" | "goto_statement" | "empty_statement" => {}
        "assignment_statement" | "send_statement" | "inc_statement" | "dec_statement" | "expression_list" => {
            rest(builder, node, at);
        }
        _ => {
            expression(builder, node, at);
        }
    }
}

/// Where what a statement binds is visible: after it.
fn after(builder: &Builder, node: Node, at: At) -> At {
    if at.scope == 0 { at } else { At { extent: Span::new(node.end_byte()..builder.text.len()), ..at } }
}

/// The values of a list of expressions, and whether each is a call, which may give several.
fn values(builder: &mut Builder, list: Option<Node>, at: At) -> Vec<(ExprId, bool)> {
    let Some(list) = list else { return Vec::new() };
    let items = if list.kind() == "expression_list" { children(list) } else { vec![list] };
    items.into_iter().map(|item| (expression(builder, item, at), item.kind() == "call_expression")).collect()
}

/// The value that the name at `position` of `count` names gets.
fn value_of(builder: &mut Builder, values: &[(ExprId, bool)], position: usize, count: usize) -> Option<ExprId> {
    match values {
        [(call, true)] if count > 1 => Some(builder.expr(Expr::Item(*call, position as u32))),
        // `value, ok := …`
        [_] if count > 1 && position > 0 => Some(builder.expr(Expr::Literal(Literal::Builtin))),
        values => values.get(position).map(|value| value.0),
    }
}

/// Names that `:=` binds.
fn define(builder: &mut Builder, left: &[Node], values: &[(ExprId, bool)], at: At) {
    for (position, name) in left.iter().enumerate() {
        if name.kind() != "identifier" || builder.text(*name) == "_" {
            continue;
        }
        let source = value_of(builder, values, position, left.len()).map_or(Source::Opaque, Source::Value);
        builder.bind_in(at, span(*name), source, Space::Both);
    }
}

/// Names of a `var` or `const`.
fn declare(builder: &mut Builder, node: Node, declared: Option<ExprId>, values: &[(ExprId, bool)], at: At) {
    let mut cursor = node.walk();
    let names: Vec<Node> =
        node.children_by_field_name("name", &mut cursor).filter(|name| name.kind() == "identifier").collect();
    let at = after(builder, node, at);
    for (position, name) in names.iter().enumerate() {
        let value = value_of(builder, values, position, names.len());
        let source = match (declared, value) {
            (Some(declared), value) => Source::Declared(declared, value),
            (None, Some(value)) => Source::Value(value),
            (None, None) => Source::Opaque,
        };
        if builder.text(*name) != "_" {
            builder.bind_in(at, span(*name), source, Space::Both);
        }
    }
}

/// A group of constants: one that is given nothing repeats the one before.
fn constants(builder: &mut Builder, node: Node, at: At) {
    let mut before = None;
    for spec in children(node) {
        let declared = node_type(builder, spec, at);
        let given = values(builder, spec.child_by_field_name("value"), at);
        if declared.is_some() || !given.is_empty() {
            before = declared;
        }
        declare(builder, spec, before, &given, at);
    }
}

fn node_type(builder: &mut Builder, node: Node, at: At) -> Option<ExprId> {
    node.child_by_field_name("type").map(|declared| annotation(builder, declared, at))
}

fn import(builder: &mut Builder, node: Node, at: At) {
    let Some(path) = node.child_by_field_name("path").map(|path| path.byte_range()) else { return };
    if path.len() < 3 {
        return;
    }
    let module = Span::new(path.start + 1..path.end - 1);
    let source = Source::Import { module, item: Span::default() };
    match node.child_by_field_name("name") {
        None => {
            let name = package_name(module, builder.text);
            builder.bind_in(at, name, source, Space::Both);
        }
        Some(name) if name.kind() == "dot" => {
            builder.facts.exports.push(Export { module, item: Span::default(), alias: Span::default() });
        }
        Some(name) if name.kind() == "blank_identifier" => {}
        Some(name) => builder.bind_in(at, span(name), source, Space::Both),
    }
}

/// The name that a package most likely has: the last part of its path that is no version.
fn package_name(path: Span, text: &str) -> Span {
    let mut end = path.text(text).len();
    loop {
        let before = path.text(text).get(..end).unwrap_or("");
        let start = before.rfind('/').map_or(0, |at| at + 1);
        let part = &before[start..];
        let version = part.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        if version && start > 1 {
            end = start - 1;
            continue;
        }
        // `gopkg.in/yaml.v3`
        let len = part.find(".v").unwrap_or(part.len());
        let at = path.start + start as u32;
        return Span { start: at, end: at + len as u32 };
    }
}

/// A function; `receiver` is the parameter list in front of a method's name.
pub(super) fn function(builder: &mut Builder, node: Node, name: Span, receiver: Option<Node>, at: At) -> ScopeId {
    let scope = builder.scope(ScopeKind::Function, at.scope, name);
    // Names of parameters are not visible in the signature: `func f(alert *alert.Alert)`.
    let body = node.child_by_field_name("body");
    let start = body.map_or(node.end_byte(), |body| body.start_byte());
    let own = At { scope, extent: Span::new(start..node.end_byte()) };
    type_parameters(builder, node, own);
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    let result = node.child_by_field_name("result");
    builder.scope_mut(scope).returns = result.map(|result| results(builder, result, own));
    let Some(body) = body else {
        builder.scope_mut(scope).flags.is_signature = true;
        return scope;
    };
    // Parameters are what the function's own scope binds; the receiver and named results belong to the body.
    let at = inside(builder, own);
    for list in [receiver, result.filter(|result| result.kind() == "parameter_list")].into_iter().flatten() {
        parameters_again(builder, list, at);
    }
    block(builder, body, at);
    scope
}

/// Binds names of a parameter list whose types were visited before.
fn parameters_again(builder: &mut Builder, list: Node, at: At) {
    let sites = builder.facts.sites.len();
    parameters(builder, list, at);
    builder.facts.sites.truncate(sites);
}

fn method(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let list = node.child_by_field_name("receiver");
    let Some(extension) = list.and_then(|list| receiver(builder, list, at)) else { return };
    let own = At { scope: extension, ..at };
    let scope = function(builder, node, name, list, own);
    builder.bind_in(own, name, Source::Scope(scope), Space::Both);
}

fn range(builder: &mut Builder, node: Node, at: At) {
    let right = node.child_by_field_name("right").map_or(UNKNOWN, |right| expression(builder, right, at));
    let Some(left) = node.child_by_field_name("left") else { return };
    if !has_token(node, ":=") {
        return rest(builder, left, at);
    }
    let names = children(left);
    let key = builder.expr(Expr::Element(right));
    let none = builder.list(Vec::new());
    let value = builder.expr(Expr::Index(right, none));
    define(builder, &names, &[(key, false), (value, false)], after(builder, node, at));
}

/// `switch x := y.(type)`: in each case the name has the type of the case.
fn type_switch(builder: &mut Builder, node: Node, at: At) {
    let at = inside(builder, at);
    if let Some(initializer) = node.child_by_field_name("initializer") {
        builder.deeper(|builder| statement(builder, initializer, at));
    }
    let alias = node.child_by_field_name("alias").and_then(|alias| children(alias).first().map(|name| span(*name)));
    let value = node.child_by_field_name("value").map_or(UNKNOWN, |value| expression(builder, value, at));
    for case in children(node) {
        if !matches!(case.kind(), "type_case" | "default_case") {
            continue;
        }
        let own = inside(builder, at);
        let mut cursor = case.walk();
        let named: Vec<Node> = case.children_by_field_name("type", &mut cursor).filter(Node::is_named).collect();
        let types: Vec<ExprId> = named.iter().map(|named| annotation(builder, *named, own)).collect();
        let value = match types.as_slice() {
            [one] => builder.expr(Expr::Cast(*one)),
            _ => value,
        };
        builder.bind_in(own, alias.unwrap_or_default(), Source::Value(value), Space::Both);
        for child in children(case) {
            if !named.contains(&child) {
                builder.deeper(|builder| statement(builder, child, own));
            }
        }
    }
}
