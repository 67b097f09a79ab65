//! TypeScript: annotations, parameters, members of classes and interfaces.

use super::builder::{At, Builder, UNKNOWN, children, has_token, span};
use super::typescript::{block, decorator, expression, function, pattern};
use rag_core::bindings::{Expr, ExprId, Literal, ScopeId, ScopeKind, Source, Space};
use rag_core::{ReferenceKind, Span};
use tree_sitter::Node;

/// The declared type of a declaration.
pub(super) fn annotation_of(builder: &mut Builder, node: Node, at: At) -> Option<ExprId> {
    node.child_by_field_name("type").map(|declared| annotation(builder, declared, at))
}

/// Binds the type parameters of a definition in its own scope.
pub(super) fn type_parameters(builder: &mut Builder, node: Node, at: At) {
    let mut found = Vec::new();
    for parameter in node.child_by_field_name("type_parameters").map(children).unwrap_or_default() {
        let Some(name) = parameter.child_by_field_name("name").map(span) else { continue };
        let bound = parameter.child_by_field_name("constraint").and_then(|bound| children(bound).first().copied());
        let bound = bound.map(|bound| annotation(builder, bound, at));
        if let Some(default) = parameter.child_by_field_name("value") {
            annotation(builder, default, at);
        }
        builder.bind_in(at, name, Source::TypeParameter(bound), Space::Type);
        found.push(builder.expr(Expr::Name(name, at.scope)));
    }
    let found = builder.list(found);
    builder.scope_mut(at.scope).type_parameters = found;
}

/// What a class or interface extends and implements.
pub(super) fn heritage(builder: &mut Builder, node: Node, scope: ScopeId, at: At) {
    // Type parameters of the class may be used as arguments of its bases.
    let inside = At { scope, ..at };
    let mut bases = Vec::new();
    for child in children(node) {
        match child.kind() {
            "class_heritage" => {
                for clause in children(child) {
                    base_clause(builder, clause, &mut bases, inside, at);
                }
            }
            "extends_clause" | "extends_type_clause" | "implements_clause" => {
                base_clause(builder, child, &mut bases, inside, at);
            }
            _ => {}
        }
    }
    let bases = builder.list(bases);
    builder.scope_mut(scope).bases = bases;
}

fn base_clause(builder: &mut Builder, clause: Node, bases: &mut Vec<ExprId>, inside: At, outside: At) {
    match clause.kind() {
        "extends_clause" => {
            let Some(value) = clause.child_by_field_name("value") else { return };
            let mut base = expression(builder, value, outside);
            builder.site(ReferenceKind::Inherit, base, 0);
            if let Some(types) = clause.child_by_field_name("type_arguments") {
                let items = children(types).into_iter().map(|item| annotation(builder, item, inside)).collect();
                let items = builder.list(items);
                base = builder.expr(Expr::Index(base, items));
            }
            bases.push(base);
        }
        "extends_type_clause" | "implements_clause" => {
            for item in children(clause) {
                let base = annotation(builder, item, inside);
                builder.site(ReferenceKind::Inherit, base, 0);
                bases.push(base);
            }
        }
        // JavaScript has no clause around it.
        _ => {
            let base = expression(builder, clause, outside);
            builder.site(ReferenceKind::Inherit, base, 0);
            bases.push(base);
        }
    }
}

/// Binds the parameters of a function.
pub(super) fn parameters(builder: &mut Builder, list: Node, inside: At, outside: At) {
    let mut position = 0;
    for parameter in children(list) {
        let name = match parameter.kind() {
            "required_parameter" | "optional_parameter" => parameter.child_by_field_name("pattern"),
            "assignment_pattern" => parameter.child_by_field_name("left"),
            _ => Some(parameter),
        };
        let Some(name) = name else { continue };
        if name.kind() == "this" {
            continue;
        }
        let default = parameter.child_by_field_name("value").or(parameter.child_by_field_name("right"));
        let default = default.map(|value| expression(builder, value, outside));
        let declared = annotation_of(builder, parameter, inside);
        match (name.kind(), declared) {
            ("identifier", Some(declared)) => {
                let source = Source::Declared(declared, None);
                builder.bind(inside, span(name), source);
                // A parameter property: `constructor(private readonly store: Store)`.
                let class = builder.facts.scopes[inside.scope as usize].parent;
                let property = has_token(parameter, "readonly")
                    || children(parameter).iter().any(|child| child.kind() == "accessibility_modifier");
                if property && builder.kind(class) == ScopeKind::Class {
                    builder.bind(At { scope: class, ..inside }, span(name), source);
                }
            }
            ("identifier", None) => builder.bind(inside, span(name), Source::Parameter(position, default)),
            ("rest_pattern", _) => {
                if let Some(inner) = children(name).first() {
                    let source = declared.map_or(Source::Opaque, |declared| Source::Declared(declared, None));
                    builder.bind(inside, span(*inner), source);
                }
            }
            (_, declared) => {
                let value = declared.map_or(UNKNOWN, |declared| builder.expr(Expr::Cast(declared)));
                pattern(builder, name, value, inside);
            }
        }
        position += 1;
    }
}

/// Binds the members of a class, interface or object type.
pub(super) fn members(builder: &mut Builder, body: Node, at: At) {
    for member in children(body) {
        builder.deeper(|builder| one_member(builder, member, at));
    }
}

fn one_member(builder: &mut Builder, member: Node, at: At) {
    let name = member.child_by_field_name("name").map(span).unwrap_or_default();
    for child in children(member) {
        if child.kind() == "decorator" {
            decorator(builder, child, at);
        }
    }
    match member.kind() {
        "method_definition" | "method_signature" | "abstract_method_signature" => {
            let scope = function(builder, member, name, at);
            builder.bind(at, name, Source::Scope(scope));
        }
        // Calling the object itself: a member without a name a program could write.
        "call_signature" | "construct_signature" => {
            let scope = function(builder, member, Span::default(), at);
            if let Some(declared) = annotation_of(builder, member, At { scope, ..at }) {
                builder.scope_mut(scope).returns = Some(declared);
            }
        }
        "public_field_definition" | "property_signature" | "field_definition" => {
            let name = member.child_by_field_name("property").map_or(name, span);
            let declared = annotation_of(builder, member, at);
            let value = member.child_by_field_name("value");
            if let (Some(value), None) = (value, declared)
                && matches!(value.kind(), "arrow_function" | "function_expression")
            {
                let scope = function(builder, value, name, at);
                builder.bind(at, name, Source::Scope(scope));
                return;
            }
            let value = value.map(|value| expression(builder, value, at));
            let source = match (declared, value) {
                (Some(declared), value) => Source::Declared(declared, value),
                (None, Some(value)) => Source::Value(value),
                (None, None) => Source::Opaque,
            };
            builder.bind(at, name, source);
        }
        "class_static_block" => {
            let scope = builder.scope(ScopeKind::Block, at.scope, Span::default());
            block(builder, member, At { scope, ..at });
        }
        "decorator" => decorator(builder, member, at),
        // Index signatures and mapped types use types, too.
        _ => {
            for child in children(member) {
                annotation(builder, child, at);
            }
        }
    }
}

/// A type annotation.
pub(super) fn annotation(builder: &mut Builder, node: Node, at: At) -> ExprId {
    builder.deeper(|builder| annotation_here(builder, node, at))
}

fn annotation_here(builder: &mut Builder, node: Node, at: At) -> ExprId {
    match node.kind() {
        "type_identifier" | "identifier" => {
            let expr = builder.expr(Expr::Name(span(node), at.scope));
            builder.site(ReferenceKind::Type, expr, 0);
            expr
        }
        "nested_type_identifier" | "nested_identifier" | "member_expression" => {
            let parts = children(node);
            let [module, name] = parts.as_slice() else { return UNKNOWN };
            let module = match module.kind() {
                "identifier" => builder.expr(Expr::Name(span(*module), at.scope)),
                _ => annotation(builder, *module, at),
            };
            let expr = builder.expr(Expr::Attribute(module, span(*name)));
            if node.kind() == "nested_type_identifier" {
                builder.site(ReferenceKind::Type, expr, 0);
            }
            expr
        }
        "generic_type" => {
            let parts = children(node);
            let base = parts.first().map_or(UNKNOWN, |base| annotation(builder, *base, at));
            let arguments = parts.get(1).map(|arguments| children(*arguments)).unwrap_or_default();
            let items = arguments.into_iter().map(|item| annotation(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Index(base, items))
        }
        "intersection_type" => {
            let parts: Vec<ExprId> = children(node).into_iter().map(|item| annotation(builder, item, at)).collect();
            match parts.as_slice() {
                [a, b] => builder.expr(Expr::Both(*a, *b)),
                _ => builder.either(parts),
            }
        }
        "union_type" => {
            let items = children(node).into_iter().map(|item| annotation(builder, item, at)).collect();
            builder.either(items)
        }
        "array_type" | "tuple_type" => {
            let items: Vec<ExprId> = children(node).into_iter().map(|item| annotation(builder, item, at)).collect();
            let items = builder.list(items);
            builder.expr(Expr::Sequence(items))
        }
        "object_type" | "interface_body" => {
            let scope = builder.scope(ScopeKind::Object, at.scope, Span::default());
            members(builder, node, At { scope, ..at });
            builder.expr(Expr::Scope(scope))
        }
        "function_type" => {
            let scope = function(builder, node, Span::default(), at);
            builder.scope_mut(scope).flags.is_signature = true;
            builder.expr(Expr::Scope(scope))
        }
        "this_type" => builder.expr(Expr::This(at.scope)),
        "type_query" => {
            let value = children(node).first().map_or(UNKNOWN, |value| expression(builder, *value, at));
            builder.expr(Expr::TypeOf(value))
        }
        "predefined_type" => match builder.text(node) {
            "any" | "unknown" | "object" | "never" => UNKNOWN,
            "void" => builder.expr(Expr::Literal(Literal::Nothing)),
            _ => builder.expr(Expr::Literal(Literal::Builtin)),
        },
        "literal_type" => match builder.text(node) {
            "null" | "undefined" => builder.expr(Expr::Literal(Literal::Nothing)),
            _ => builder.expr(Expr::Literal(Literal::Builtin)),
        },
        "type_annotation" | "parenthesized_type" | "readonly_type" | "optional_type" | "constraint" => {
            children(node).first().map_or(UNKNOWN, |inner| annotation(builder, *inner, at))
        }
        // `(typeof A)["create"]`: the type of a member.
        "lookup_type" => {
            let parts = children(node);
            let [object, index] = parts.as_slice() else { return UNKNOWN };
            let object = annotation(builder, *object, at);
            let name = index.byte_range();
            if index.kind() != "literal_type" || !builder.text(*index).starts_with(['"', '\'']) {
                annotation(builder, *index, at);
                return UNKNOWN;
            }
            let object = builder.expr(Expr::Cast(object));
            let name = Span::new(name.start + 1..name.end.saturating_sub(1));
            let member = builder.expr(Expr::Attribute(object, name));
            builder.expr(Expr::TypeOf(member))
        }
        "template_literal_type" | "type_predicate" | "type_predicate_annotation" => {
            for child in children(node) {
                annotation(builder, child, at);
            }
            builder.expr(Expr::Literal(Literal::Builtin))
        }
        _ => {
            for child in children(node) {
                annotation(builder, child, at);
            }
            UNKNOWN
        }
    }
}
