//! What is known about a value, and the type that an annotation declares.

use std::rc::Rc;

use rag_core::bindings::{Expr, ExprId, Literal, ScopeId, ScopeKind, Source};

use super::names::{Named, Want};
use super::table::ClassId;
use super::{Classes, Place};
use crate::file::Family;

/// Arguments of a generic type.
pub(super) type Arguments<'a> = Rc<[Ty<'a>]>;
/// What type parameters stand for.
pub(super) type Env<'a> = Rc<[(&'a str, Ty<'a>)]>;

/// The type of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Ty<'a> {
    #[default]
    Unknown,
    /// `null`, `Unit`, `void`.
    Nothing,
    /// From outside; without a name, if only that is known.
    Outside(&'a str, Arguments<'a>),
    Instance(ClassId, Arguments<'a>),
    /// The class itself.
    Class(ClassId),
    /// The name of a class from outside.
    OutsideClass(&'a str),
    Namespace(Rc<str>),
    /// What gives this when called.
    Function(Rc<Ty<'a>>),
    /// A type parameter and its bound.
    Parameter(&'a str, Rc<Ty<'a>>),
}

pub(super) fn none<'a>() -> Arguments<'a> {
    Rc::from([])
}

pub(super) fn no_env<'a>() -> Env<'a> {
    Rc::from([])
}

pub(super) fn outside<'a>() -> Ty<'a> {
    Ty::Outside("", none())
}

impl<'a> Ty<'a> {
    /// The type with what type parameters stand for.
    pub(super) fn with(&self, env: &Env<'a>) -> Ty<'a> {
        if env.is_empty() {
            return self.clone();
        }
        self.with_at(env, 0)
    }

    fn with_at(&self, env: &Env<'a>, depth: u32) -> Ty<'a> {
        if depth > 8 {
            return Ty::Unknown;
        }
        let all = |of: &Arguments<'a>| of.iter().map(|of| of.with_at(env, depth + 1)).collect();
        match self {
            Ty::Outside(name, of) => Ty::Outside(name, all(of)),
            Ty::Instance(class, of) => Ty::Instance(*class, all(of)),
            Ty::Function(of) => Ty::Function(Rc::new(of.with_at(env, depth + 1))),
            Ty::Parameter(name, _) => {
                env.iter().find(|(own, _)| own == name).map_or_else(|| self.clone(), |(_, of)| of.clone())
            }
            other => other.clone(),
        }
    }

    /// What the members of a value are those of.
    pub(super) fn bounded(self) -> Ty<'a> {
        match self {
            Ty::Parameter(_, bound) => match &*bound {
                Ty::Unknown | Ty::Parameter(..) => outside(),
                bound => bound.clone(),
            },
            other => other,
        }
    }

    /// Whether something of the repository is in it, or may be.
    pub(super) fn may_be_own(&self) -> bool {
        match self {
            Ty::Nothing | Ty::OutsideClass(_) => false,
            Ty::Outside(_, of) => of.iter().any(Ty::may_be_own),
            _ => true,
        }
    }
}

impl<'a> Classes<'_, 'a> {
    /// The type that `expr`, read as a type, names.
    pub(super) fn annotated(&self, file: u32, expr: ExprId) -> Ty<'a> {
        if let Some(known) = self.types.borrow().get(&(file, expr)) {
            return known.clone().unwrap_or_default();
        }
        self.types.borrow_mut().insert((file, expr), None);
        let found = self.deeper(|| self.annotated_here(file, expr));
        self.types.borrow_mut().insert((file, expr), Some(found.clone()));
        found
    }

    fn annotated_here(&self, file: u32, expr: ExprId) -> Ty<'a> {
        let facts = self.file(file).facts.bindings;
        match facts.expr(expr) {
            Expr::Name(..) | Expr::Attribute(..) => self.named_type(file, expr, &none()),
            Expr::Index(base, items) => {
                let of: Arguments = facts.list(items).iter().map(|&item| self.annotated(file, item)).collect();
                self.named_type(file, base, &of)
            }
            Expr::Sequence(items) => {
                Ty::Outside("Array", facts.list(items).iter().map(|&item| self.annotated(file, item)).collect())
            }
            Expr::Tuple(items) => {
                Ty::Outside("Tuple", facts.list(items).iter().map(|&item| self.annotated(file, item)).collect())
            }
            Expr::Both(a, _) => self.annotated(file, a),
            Expr::Either(a, b) => either(self.annotated(file, a), self.annotated(file, b)),
            Expr::Scope(scope) if self.file(file).scope(scope).kind == ScopeKind::Function => {
                let result = self.file(file).scope(scope).returns.map(|result| self.annotated(file, result));
                Ty::Function(Rc::new(result.unwrap_or_default()))
            }
            Expr::This(scope) => self.class_around(file, scope).map_or(Ty::Unknown, |class| self.itself(class)),
            Expr::TypeOf(value) => self.value(file, value),
            Expr::Literal(Literal::Nothing) => Ty::Nothing,
            Expr::Literal(Literal::Written(span)) => Ty::Outside(builtin(self.file(file).text(span)), none()),
            Expr::Literal(Literal::Builtin) => outside(),
            _ => Ty::Unknown,
        }
    }

    /// What a name means as a type.
    fn named_type(&self, file: u32, expr: ExprId, of: &Arguments<'a>) -> Ty<'a> {
        let count = of.len();
        match self.type_places(file, expr, count) {
            Named::Found(places) => {
                let mut found = places.iter().map(|&place| self.place_type(place, of));
                let first = found.next().unwrap_or_default();
                if found.all(|other| other == first) { first } else { Ty::Unknown }
            }
            Named::Outside => {
                let name = match self.file(file).facts.bindings.expr(expr) {
                    Expr::Name(name, _) | Expr::Attribute(_, name) => self.file(file).text(name),
                    _ => "",
                };
                match (name, self.file(file).facts.bindings.expr(expr)) {
                    ("Self", Expr::Name(_, scope)) => {
                        self.class_around(file, scope).map_or_else(outside, |class| self.itself(class))
                    }
                    ("Unit" | "Void", _) => Ty::Nothing,
                    ("Task" | "ValueTask" | "Nullable" | "Optional" | "Lazy", _)
                        if count == 1 && self.family(file) == Family::CSharp && name == "Nullable" =>
                    {
                        of[0].clone()
                    }
                    _ => Ty::Outside(builtin(name), of.clone()),
                }
            }
            Named::Unresolved => Ty::Unknown,
        }
    }

    /// What a simple or qualified name means as a type.
    pub(super) fn type_places(&self, file: u32, expr: ExprId, count: usize) -> Named {
        let this = self.file(file);
        let found = match this.facts.bindings.expr(expr) {
            Expr::Name(name, scope) => self.type_named(file, scope, this.text(name)),
            Expr::Attribute(object, name) => match self.qualifier(file, object) {
                Ty::Class(class) => match self.wanted(self.nested(class, this.text(name)), Want::Type) {
                    found if found.is_empty() => Named::Unresolved,
                    found => Named::Found(found.into()),
                },
                Ty::Namespace(path) => match self.in_space(self.group(file), &path, this.text(name), Want::Type) {
                    found if found.is_empty() => Named::Unresolved,
                    found => Named::Found(found.into()),
                },
                // A type that an object holds.
                Ty::Instance(class, _) => match self.wanted(self.nested(class, this.text(name)), Want::Type) {
                    found if found.is_empty() => Named::Unresolved,
                    found => Named::Found(found.into()),
                },
                Ty::OutsideClass(_) | Ty::Outside(..) => Named::Outside,
                _ => Named::Unresolved,
            },
            Expr::Index(base, items) => {
                return self.type_places(file, base, (items.end - items.start) as usize);
            }
            _ => Named::Unresolved,
        };
        match found {
            Named::Found(places) if this.family == Family::CSharp => Named::Found(self.of_arity(places, count)),
            found => found,
        }
    }

    /// C#: `Box` and `Box<T>` are two classes.
    fn of_arity(&self, places: Rc<[Place]>, count: usize) -> Rc<[Place]> {
        let arity = |&(file, index): &Place| match self.file(file).binding(index).source {
            Source::Scope(scope) => {
                let generic = self.file(file).scope(scope).type_parameters;
                (generic.end - generic.start) as usize == count
            }
            _ => true,
        };
        let fitting: Vec<Place> = places.iter().copied().filter(|place| arity(place)).collect();
        if fitting.is_empty() { places } else { fitting.into() }
    }

    /// What stands in front of a dot in the name of a type.
    fn qualifier(&self, file: u32, expr: ExprId) -> Ty<'a> {
        let this = self.file(file);
        let class = |places: &[Place]| match places {
            [place, ..] => self.class_at(*place).map_or(Ty::Unknown, Ty::Class),
            [] => Ty::Unknown,
        };
        let facts = this.facts.bindings;
        match facts.expr(expr) {
            Expr::Name(name, scope) => match self.type_named(file, scope, this.text(name)) {
                Named::Found(places) => class(&places),
                _ => match self.value(file, expr) {
                    Ty::Unknown => Ty::OutsideClass(this.text(name)),
                    found => found,
                },
            },
            Expr::Attribute(object, name) => match self.deeper(|| self.qualifier(file, object)) {
                Ty::Instance(of, _) | Ty::Class(of) => class(&self.nested(of, this.text(name))),
                Ty::Namespace(path) => {
                    match self.in_space(self.group(file), &path, this.text(name), Want::Type).as_slice() {
                        [] => self.longer(file, &path, this.text(name)),
                        found => class(found),
                    }
                }
                other => other,
            },
            Expr::Index(base, _) => self.qualifier(file, base),
            _ => Ty::Unknown,
        }
    }

    /// The namespace `name` in another.
    pub(super) fn longer(&self, file: u32, path: &str, name: &str) -> Ty<'a> {
        let longer = format!("{path}.{name}");
        match self.table.prefixes.contains(&(self.group(file), longer.clone())) {
            true => Ty::Namespace(longer.into()),
            false => Ty::OutsideClass(""),
        }
    }

    /// The type that a binding names.
    pub(super) fn place_type(&self, place: Place, of: &Arguments<'a>) -> Ty<'a> {
        if let Some(class) = self.class_at(place) {
            return Ty::Instance(class, of.clone());
        }
        let (file, index) = place;
        match self.file(file).binding(index).source {
            Source::Alias(alias) => self.annotated(file, alias),
            Source::TypeParameter(bound) => {
                let bound = bound.map(|bound| self.annotated(file, bound)).unwrap_or_default();
                Ty::Parameter(self.file(file).text(self.file(file).binding(index).name), Rc::new(bound))
            }
            _ => Ty::Unknown,
        }
    }

    /// An instance of a class, seen from inside: its type parameters stand for themselves.
    pub(super) fn itself(&self, class: ClassId) -> Ty<'a> {
        let parameters = self.parameters_of_class(class);
        let of = parameters.into_iter().map(|(name, place)| match place {
            Some(place) => self.place_type(place, &none()),
            None => Ty::Parameter(name, Rc::new(Ty::Unknown)),
        });
        Ty::Instance(class, of.collect())
    }

    /// The type parameters of a class.
    pub(super) fn parameters_of_class(&self, class: ClassId) -> Vec<(&'a str, Option<Place>)> {
        match self.class(class).parts.first() {
            Some(&(file, scope)) => self.type_parameters(file, scope),
            None => Vec::new(),
        }
    }

    pub(super) fn type_parameters(&self, file: u32, scope: ScopeId) -> Vec<(&'a str, Option<Place>)> {
        let this = self.file(file);
        let facts = this.facts.bindings;
        let of = |&id: &ExprId| match facts.expr(id) {
            Expr::Name(name, scope) => {
                let text = this.text(name);
                Some((text, this.bound(scope, text).first().map(|&index| (file, index))))
            }
            _ => None,
        };
        facts.list(this.scope(scope).type_parameters).iter().filter_map(of).collect()
    }

    /// What the type parameters of a class stand for.
    pub(super) fn env(&self, class: ClassId, of: &Arguments<'a>) -> Env<'a> {
        if of.is_empty() {
            return no_env();
        }
        self.parameters_of_class(class).into_iter().zip(of.iter()).map(|((name, _), of)| (name, of.clone())).collect()
    }

    pub(super) fn class_around(&self, file: u32, mut scope: ScopeId) -> Option<ClassId> {
        loop {
            if let Some(&class) = self.table.of_scope.get(&(file, scope)) {
                return Some(class);
            }
            if scope == 0 {
                return None;
            }
            scope = self.file(file).scope(scope).parent;
        }
    }
}

pub(super) fn either<'a>(a: Ty<'a>, b: Ty<'a>) -> Ty<'a> {
    match (a, b) {
        (Ty::Nothing, other) | (other, Ty::Nothing) => other,
        (a, b) if a == b => a,
        (Ty::Outside(..), Ty::Outside(..)) => outside(),
        _ => Ty::Unknown,
    }
}

/// Types with a word of their own in C# have the name that other languages give them, too.
fn builtin(name: &str) -> &str {
    match name {
        "string" => "String",
        "object" => "Object",
        "bool" => "Boolean",
        "int" | "Integer" => "Int",
        "long" => "Long",
        "double" => "Double",
        "float" => "Float",
        "char" => "Char",
        "Bool" => "Boolean",
        "Character" => "Char",
        _ => name,
    }
}
