//! Ruby: modules, classes, methods.

use super::builder::{At, Builder, UNKNOWN, children, span};
use super::ruby_expressions::{constant, expression, parts, symbol};
use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// Methods that define the methods they are given the names of.
const DEFINING: [&str; 16] = [
    "attr_accessor",
    "attr_reader",
    "attr_writer",
    "attr",
    "define_method",
    "alias_method",
    "delegate",
    "def_delegator",
    "def_delegators",
    "belongs_to",
    "has_many",
    "has_one",
    "scope",
    "field",
    "property",
    "has_and_belongs_to_many",
];

/// Collects the facts of a file.
pub(super) fn file(builder: &mut Builder, root: Node) {
    let at = builder.top();
    body(builder, root, at);
}

/// Visits statements; the value of the last one.
pub(super) fn body(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let mut last = UNKNOWN;
    for child in parts(node) {
        last = match child.kind() {
            "identifier" => builder.deeper(|builder| word(builder, child, at)),
            _ => expression(builder, child, at),
        };
    }
    last
}

/// A word that stands alone: a variable, or the call of a method.
fn word(builder: &mut Builder, node: Node, at: At) -> ExprId {
    if builder.text(node) == "module_function" {
        let class = builder.around(at.scope, &[ScopeKind::Class]);
        builder.scope_mut(class).flags.is_class_method = true;
    }
    let name = builder.expr(Expr::Name(span(node), at.scope));
    builder.site(ReferenceKind::Call, name, 0);
    if is_local(builder, builder.text(node), at) {
        return name;
    }
    let none = builder.list(Vec::new());
    builder.expr(Expr::Call(name, none))
}

/// A class or module.
pub(super) fn class(builder: &mut Builder, node: Node, at: At) -> ExprId {
    let Some(name) = node.child_by_field_name("name") else { return UNKNOWN };
    let last = name.child_by_field_name("name").unwrap_or(name);
    let scope = builder.scope(ScopeKind::Class, at.scope, span(last));
    builder.scope_mut(scope).flags.is_signature = node.kind() == "module";
    builder.bind_in(at, span(last), Source::Scope(scope), Space::Type);
    if name.kind() == "scope_resolution" {
        let path = constant(builder, name, at);
        builder.scope_mut(scope).returns = Some(path);
    }
    let superclass = node.child_by_field_name("superclass").and_then(|part| children(part).into_iter().next());
    let base = superclass.map(|base| match base.kind() {
        "constant" | "scope_resolution" => {
            let base = constant(builder, base, at);
            builder.site(ReferenceKind::Inherit, base, 0);
            base
        }
        // Something from a call: not known.
        _ => {
            expression(builder, base, at);
            UNKNOWN
        }
    });
    let inside = node.child_by_field_name("body");
    class_body(builder, scope, base, inside, at)
}

/// The body of a class, and what it derives from and includes.
pub(super) fn class_body(
    builder: &mut Builder,
    scope: ScopeId,
    base: Option<ExprId>,
    inside: Option<Node>,
    at: At,
) -> ExprId {
    let own = At { scope, ..at };
    let (mut first, mut mixed, mut extended) = (Vec::new(), Vec::new(), Vec::new());
    for child in inside.map(children).unwrap_or_default() {
        let Some(method) = child.child_by_field_name("method").filter(|_| child.kind() == "call") else { continue };
        let list = match builder.text(method) {
            "include" => &mut mixed,
            "prepend" => &mut first,
            "extend" => &mut extended,
            _ => continue,
        };
        let named = child.child_by_field_name("arguments").map(children).unwrap_or_default();
        for part in named {
            match part.kind() {
                "constant" | "scope_resolution" => list.push(constant(builder, part, own)),
                "self" => builder.scope_mut(scope).flags.is_class_method = true,
                _ => list.push(UNKNOWN),
            }
        }
    }
    // What is included last is asked first.
    first.extend(mixed.into_iter().rev());
    first.extend(base);
    let bases = builder.list(first);
    let extended = builder.list(extended);
    let of = builder.scope_mut(scope);
    of.bases = bases;
    of.decorators = extended;
    if let Some(inside) = inside {
        body(builder, inside, own);
    }
    builder.expr(Expr::Scope(scope))
}

/// `class << self`: what is defined inside belongs to the class itself.
pub(super) fn singleton(builder: &mut Builder, node: Node, at: At) {
    let scope = builder.scope(ScopeKind::Extension, at.scope, Span::default());
    if let Some(inside) = node.child_by_field_name("body") {
        body(builder, inside, At { scope, ..at });
    }
}

/// A method; `Call` of its definition gives its name.
pub(super) fn method(builder: &mut Builder, node: Node, at: At) {
    let Some(name) = node.child_by_field_name("name").map(span) else { return };
    let around = match builder.kind(at.scope) {
        ScopeKind::Extension => builder.facts.scopes[at.scope as usize].parent,
        _ => at.scope,
    };
    let scope = builder.scope(ScopeKind::Function, around, name);
    let object = node.child_by_field_name("object");
    let own_object = object.is_some_and(|object| object.kind() == "self" || object.kind() == "constant");
    builder.scope_mut(scope).flags.is_static = around != at.scope || own_object;
    let own = At { scope, ..at };
    if let Some(list) = node.child_by_field_name("parameters") {
        parameters(builder, list, own);
    }
    let inside = At { scope: builder.scope(ScopeKind::Block, scope, Span::default()), ..own };
    if let Some(inner) = node.child_by_field_name("body") {
        let value = match inner.kind() {
            "body_statement" => builder.deeper(|builder| body(builder, inner, inside)),
            _ => expression(builder, inner, inside),
        };
        builder.facts.returns.push((scope, value));
    }
    // Of another object, it is nobody's method.
    if object.is_none() || own_object {
        builder.bind(At { scope: around, ..at }, name, Source::Scope(scope));
    }
}

pub(super) fn parameters(builder: &mut Builder, list: Node, at: At) {
    for (node, position) in children(list).into_iter().zip(0..) {
        let name = node.child_by_field_name("name").map(span);
        match node.kind() {
            "identifier" => bind_local(builder, span(node), Source::Parameter(position, None), at),
            "optional_parameter" => {
                let value = node.child_by_field_name("value").map(|value| expression(builder, value, at));
                bind_local(builder, name.unwrap_or_default(), Source::Parameter(position, value.or(Some(UNKNOWN))), at);
            }
            "destructured_parameter" => {
                builder.bind_nameless(at, Source::Parameter(position, None), Space::Value);
                for part in children(node) {
                    let inner = part.child_by_field_name("name").unwrap_or(part);
                    builder.locals.insert((at.scope, builder.text(inner)));
                }
            }
            "block_parameter" => {
                if let Some(name) = name {
                    builder.locals.insert((at.scope, name.text(builder.text)));
                }
            }
            _ => {
                builder.scope_mut(at.scope).flags.is_variadic = true;
                if let Some(value) = node.child_by_field_name("value") {
                    expression(builder, value, at);
                }
                bind_local(builder, name.unwrap_or_default(), Source::Opaque, at);
            }
        }
    }
}

pub(super) fn bind_local(builder: &mut Builder, name: Span, source: Source, at: At) {
    builder.locals.insert((at.scope, name.text(builder.text)));
    builder.bind(at, name, source);
}

/// The scope that binds a variable of the name, if one does.
pub(super) fn local_scope(builder: &Builder, name: &str, at: At) -> Option<ScopeId> {
    let mut scope = at.scope;
    loop {
        if builder.locals.contains(&(scope, name)) {
            return Some(scope);
        }
        if scope == 0 || !matches!(builder.kind(scope), ScopeKind::Block) {
            return None;
        }
        scope = builder.facts.scopes[scope as usize].parent;
    }
}

pub(super) fn is_local(builder: &Builder, name: &str, at: At) -> bool {
    local_scope(builder, name, at).is_some()
}

/// What calls in the body of a class define: `attr_reader :name`.
pub(super) fn defines(builder: &mut Builder, method: &str, arguments: &[Node], at: At) {
    let around = builder.around(at.scope, &[ScopeKind::Class, ScopeKind::Function]);
    if builder.kind(around) != ScopeKind::Class || !DEFINING.contains(&method) {
        return;
    }
    let only_first = matches!(method, "alias_method" | "define_method" | "def_delegator" | "has_many" | "scope");
    for argument in arguments.iter().take(if only_first { 1 } else { arguments.len() }) {
        if let Some(name) = symbol(builder, *argument) {
            builder.bind(At { scope: around, ..at }, name, Source::Opaque);
        }
    }
    if method == "def_delegator"
        && let Some(name) = arguments.last().and_then(|last| symbol(builder, *last))
    {
        builder.bind(At { scope: around, ..at }, name, Source::Opaque);
    }
}
