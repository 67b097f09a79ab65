//! What an expression can give.

use rag_core::Span;
use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source, Space};

use super::Classes;
use super::names::{Imported, Meant, Want, plain};
use super::types::{Ty, either, none, outside};
use crate::file::Family;

impl<'a> Classes<'_, 'a> {
    /// The type of the value of `expr`.
    pub(super) fn value(&self, file: u32, expr: ExprId) -> Ty<'a> {
        if let Some(known) = self.values.borrow().get(&(file, expr)) {
            return known.clone().unwrap_or_default();
        }
        self.values.borrow_mut().insert((file, expr), None);
        let found = self.deeper(|| self.value_here(file, expr));
        self.values.borrow_mut().insert((file, expr), Some(found.clone()));
        found
    }

    fn value_here(&self, file: u32, expr: ExprId) -> Ty<'a> {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(expr) {
            Expr::Name(name, scope) => self.name_value(file, scope, name),
            Expr::This(scope) => self.this_value(file, scope),
            Expr::Super(scope) => {
                let class = self.class_around(file, scope);
                class.and_then(|class| self.bases(class).into_iter().next()).unwrap_or_else(outside)
            }
            Expr::Attribute(object, name) => self.attribute_value(file, object, name),
            Expr::Call(callee, arguments) => self.call_value(file, callee, arguments),
            Expr::New(class, _) => self.annotated(file, class),
            Expr::Cast(declared) => self.annotated(file, declared),
            Expr::Labelled(value, _) | Expr::Try(value) => self.value(file, value),
            Expr::Await(value) => match self.value(file, value) {
                Ty::Outside("Task" | "ValueTask", of) => of.first().cloned().unwrap_or(Ty::Nothing),
                other => other,
            },
            Expr::Either(a, b) => either(self.value(file, a), self.value(file, b)),
            Expr::Index(object, _) => match self.value(file, object).bounded() {
                Ty::Outside("String", _) => Ty::Outside("Char", none()),
                Ty::Outside(_, of) => of.last().cloned().unwrap_or_else(outside),
                // A function with its type arguments.
                Ty::Class(class) => Ty::Class(class),
                _ => Ty::Unknown,
            },
            Expr::Element(of) => match self.value(file, of).bounded() {
                Ty::Outside("String", _) => Ty::Outside("Char", none()),
                Ty::Outside("Map" | "MutableMap" | "Dictionary" | "HashMap" | "Enumerator", _) => Ty::Unknown,
                Ty::Outside(_, of) => of.first().cloned().unwrap_or_else(outside),
                _ => Ty::Unknown,
            },
            Expr::Sequence(items) => {
                let mut items = facts.list(items).iter().map(|&item| self.value(file, item));
                let first = items.next().unwrap_or_default();
                let held = if items.all(|other| other == first) { first } else { Ty::Unknown };
                Ty::Outside("Array", [held].into())
            }
            Expr::Tuple(items) => {
                Ty::Outside("Tuple", facts.list(items).iter().map(|&item| self.value(file, item)).collect())
            }
            Expr::Item(of, part) => match self.value(file, of) {
                Ty::Outside("Tuple", of) => of.get(part as usize).cloned().unwrap_or_default(),
                _ => Ty::Unknown,
            },
            Expr::Scope(scope) => match this.scope(scope).kind {
                ScopeKind::Class => {
                    self.table.of_scope.get(&(file, scope)).map_or(Ty::Unknown, |&class| self.itself(class))
                }
                ScopeKind::Function => Ty::Function(self.function_result(file, scope).into()),
                _ => Ty::Unknown,
            },
            Expr::Literal(Literal::Nothing) => Ty::Nothing,
            Expr::Literal(Literal::Builtin) => Ty::Outside("Boolean", none()),
            Expr::Literal(Literal::Written(span)) => literal(this.text(span)),
            _ => Ty::Unknown,
        }
    }

    fn this_value(&self, file: u32, mut scope: u32) -> Ty<'a> {
        let this = self.file(file);
        loop {
            if let Some(&class) = self.table.of_scope.get(&(file, scope)) {
                return self.itself(class);
            }
            let here = this.scope(scope);
            if here.kind == ScopeKind::Function {
                match self.receiver_of(file, scope) {
                    super::lambdas::Receiver::None => {}
                    super::lambdas::Receiver::Of(of) => return of,
                    super::lambdas::Receiver::Unknown => return Ty::Unknown,
                }
            }
            if let (ScopeKind::Extension, Some(of)) = (here.kind, here.returns) {
                return self.annotated(file, of);
            }
            if scope == 0 {
                return Ty::Unknown;
            }
            scope = here.parent;
        }
    }

    fn attribute_value(&self, file: u32, object: ExprId, name: Span) -> Ty<'a> {
        let text = self.file(file).text(name).trim_matches('`');
        let of = self.value(file, object).bounded();
        if let Ty::Namespace(path) = &of {
            let found = self.in_space(self.group(file), path, text, Want::Value);
            return self.one_value(&plain(found)).unwrap_or_else(|| self.longer(file, path, text));
        }
        let members = self.members(&of, text, false);
        let value = |meant: &&Meant| self.file(meant.place.0).binding(meant.place.1).space != Space::Type;
        if let Some(first) = members.found.iter().find(value).or(members.found.first()) {
            let place = first.place;
            // The nearest one replaces those of the bases.
            return match self.function_at(place) {
                Some(_) => self.place_value(first),
                None => self.one_value(std::slice::from_ref(first)).unwrap_or_default(),
            };
        }
        let extended = self.extensions_of(file, object, &of, text);
        if let [(meant, true)] = extended.as_slice() {
            return self.place_value(meant);
        }
        // `Color.Red` where a property `Color` has the type `Color`.
        if let (Ty::Instance(..), Expr::Name(own, scope)) = (&of, self.file(file).facts.bindings.expr(object))
            && let super::names::Named::Found(places) = self.type_named(file, scope, self.file(file).text(own))
            && let Some(class) = places.first().and_then(|&place| self.class_at(place))
        {
            let members = self.members(&Ty::Class(class), text, false);
            if let Some(first) = members.found.first() {
                return self.place_value(first);
            }
        }
        match of {
            Ty::Outside(outer, of) => self.outside_member(outer, &of, text),
            Ty::OutsideClass(_) if text.starts_with(|c: char| c.is_uppercase()) => Ty::OutsideClass(text),
            Ty::OutsideClass(_) => outside(),
            Ty::Instance(..) if members.outside && !members.open => outside(),
            _ => Ty::Unknown,
        }
    }

    /// The value of what a name means.
    pub(super) fn place_value(&self, meant: &Meant<'a>) -> Ty<'a> {
        let (file, index) = meant.place;
        let this = self.file(file);
        let binding = this.binding(index);
        let found = match binding.source {
            Source::Scope(scope) => match self.class_at(meant.place) {
                Some(class) if self.class(class).is_object => Ty::Instance(class, none()),
                Some(class) => Ty::Class(class),
                None => {
                    let flags = this.scope(scope).flags;
                    let read =
                        flags.is_property || this.family == Family::Scala && self.parameters(file, scope).is_empty();
                    match read {
                        true => self.function_result(file, scope),
                        false => Ty::Unknown,
                    }
                }
            },
            Source::Declared(0, Some(value)) | Source::Value(value) => self.value(file, value),
            Source::Declared(declared, _) => {
                let declared_type = self.annotated(file, declared);
                let variadic = this.scope(binding.scope).flags.is_variadic
                    && self.parameters(file, binding.scope).last() == Some(&index);
                if variadic && this.family != Family::Java {
                    Ty::Outside("Array", [declared_type].into())
                } else {
                    declared_type
                }
            }
            Source::Parameter(position, _) => self.lambda_parameter(file, binding.scope, position),
            Source::Alias(alias) => match self.annotated(file, alias) {
                Ty::Instance(class, _) => Ty::Class(class),
                Ty::Outside(name, _) => Ty::OutsideClass(name),
                _ => Ty::Unknown,
            },
            Source::Import { module, item } => match self.imported(file, this.text(module), this.text(item)) {
                Imported::Found(places) => self.deeper(|| self.one_value(&plain(places))).unwrap_or_default(),
                Imported::Outside => Ty::OutsideClass(this.text(item)),
                Imported::Missing => Ty::Unknown,
            },
            _ => Ty::Unknown,
        };
        found.with(&meant.env)
    }

    /// What a function gives: as declared, or what its body is.
    pub(super) fn function_result(&self, file: u32, scope: u32) -> Ty<'a> {
        let this = self.file(file);
        if let Some(declared) = this.scope(scope).returns {
            return self.annotated(file, declared);
        }
        match this.returned(scope) {
            [value] => self.deeper(|| self.value(file, *value)),
            _ => Ty::Unknown,
        }
    }
}

/// The type of a literal.
fn literal(text: &str) -> Ty<'_> {
    let name = match text.as_bytes() {
        [b'\'', ..] => "Char",
        [b't' | b'f', ..] => "Boolean",
        [b'0'..=b'9', ..] if text.starts_with("0x") || text.starts_with("0b") => return outside(),
        [b'0'..=b'9' | b'.', .., b'f' | b'F'] => "Float",
        [b'0'..=b'9', .., b'l' | b'L'] => "Long",
        [b'0'..=b'9' | b'.', ..] if text.contains(['.', 'e', 'E', 'd', 'D', 'm', 'M', 'u', 'U']) => "Double",
        [b'0'..=b'9', ..] => "Int",
        _ => "String",
    };
    Ty::Outside(name, none())
}
