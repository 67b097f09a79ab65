//! The type that an annotation declares.

use rag_core::bindings::{Expr, ExprId, Literal, ScopeId, ScopeKind, Source, Space};

use super::Rust;
use super::paths::Item;
use super::types::{Env, Ty, Tys, all, either};
use crate::types::Def;

impl<'a> Rust<'_, 'a> {
    /// The type that `expr` declares.
    pub(super) fn annotated(&self, file: u32, expr: ExprId, env: &Env<'a>) -> Ty {
        self.deeper(|| self.annotated_here(file, expr, env)).unwrap_or(Ty::Unknown)
    }

    fn annotated_here(&self, file: u32, expr: ExprId, env: &Env<'a>) -> Ty {
        let facts = self.file(file).facts.bindings;
        let each = |list| -> Tys { facts.list(list).iter().map(|&item| self.annotated(file, item, env)).collect() };
        match facts.expr(expr) {
            Expr::Name(..) | Expr::Path(..) => self.named(file, expr, Tys::from([]), env),
            Expr::Index(base, arguments) => self.named(file, base, each(arguments), env),
            Expr::Tuple(items) => Ty::Tuple(each(items)),
            Expr::Sequence(items) => Ty::Outside("Vec".into(), each(items)),
            Expr::Both(a, b) => all(vec![self.annotated(file, a, env), self.annotated(file, b, env)]),
            Expr::Scope(scope) => match self.file(file).scope(scope).returns {
                Some(returns) => Ty::Callable(self.annotated(file, returns, env).into()),
                None => Ty::Unknown,
            },
            Expr::Literal(Literal::Nothing) => Ty::Tuple(Tys::from([])),
            Expr::Literal(Literal::Builtin) => Ty::foreign(),
            _ => Ty::Unknown,
        }
    }

    fn named(&self, file: u32, expr: ExprId, arguments: Tys, env: &Env<'a>) -> Ty {
        let this = self.file(file);
        let (text, scope) = match this.facts.bindings.expr(expr) {
            Expr::Name(name, scope) => (this.text(name), Some(scope)),
            Expr::Path(_, name) => (this.text(name), None),
            _ => return Ty::Unknown,
        };
        match (text, scope) {
            ("_", _) => return Ty::Unknown,
            ("Self", Some(scope)) => {
                return env.this.clone().or_else(|| self.self_type(file, scope)).unwrap_or(Ty::Unknown);
            }
            _ => {}
        }
        if let Expr::Path(owner, _) = this.facts.bindings.expr(expr)
            && let Some(found) = self.associated(file, owner, text, env)
        {
            return found;
        }
        if let Some(scope) = scope
            && let Some(known) = self.parameter_of(file, scope, expr, text, env)
        {
            return known;
        }
        let items = self.path(file, expr, Space::Type);
        let types = items.into_iter().map(|item| match item {
            Item::Binding(file, index) => self.binding_type(file, index, text, &arguments, env),
            Item::External => Ty::Outside(text.into(), arguments.clone()),
            Item::Module(_) | Item::Unknown => Ty::Unknown,
        });
        either(types)
    }

    /// What a type parameter stands for: what is known of it, or its bounds, wherever they are written.
    fn parameter_of(&self, file: u32, scope: ScopeId, expr: ExprId, text: &str, env: &Env<'a>) -> Option<Ty> {
        let this = self.file(file);
        let Some(&Item::Binding(of, index)) = self.path(file, expr, Space::Type).first() else { return None };
        if of != file || !matches!(this.binding(index).source, Source::TypeParameter(_)) {
            return None;
        }
        if let Some(known) = env.get(text).filter(|known| !known.is_unknown()) {
            return Some(known.clone());
        }
        if self.bounded.borrow().contains(&(file, index)) {
            return Some(Ty::foreign());
        }
        self.bounded.borrow_mut().push((file, index));
        let bounds = self.bounds(file, scope, text).into_iter().map(|bound| self.annotated(file, bound, env)).collect();
        self.bounded.borrow_mut().pop();
        Some(all(bounds))
    }

    /// The bounds of a type parameter, seen from a scope.
    pub(super) fn bounds(&self, file: u32, mut scope: ScopeId, name: &str) -> Vec<ExprId> {
        let this = self.file(file);
        let mut found = Vec::new();
        loop {
            for &index in this.bound(scope, name) {
                if let Source::TypeParameter(Some(bound)) = this.binding(index).source {
                    found.push(bound);
                }
            }
            let here = this.scope(scope);
            if scope == 0 || here.kind == ScopeKind::Namespace {
                return found;
            }
            scope = here.parent;
        }
    }

    fn binding_type(&self, file: u32, index: u32, name: &str, arguments: &Tys, env: &Env<'a>) -> Ty {
        let this = self.file(file);
        match this.binding(index).source {
            Source::Scope(scope) if this.scope(scope).kind == ScopeKind::Class => {
                Ty::Local(Def { file, scope: self.type_of_variant(file, scope) }, arguments.clone())
            }
            Source::Alias(of) => {
                let mut inner = Env { this: env.this.clone(), parameters: Vec::new() };
                // The parameters of an alias are bound in a scope of their own, in which it is written.
                if let Some(scope) = self.scope_of(file, of) {
                    inner.parameters = self.zipped(Def { file, scope }, arguments);
                }
                self.annotated(file, of, &inner)
            }
            Source::TypeParameter(_) => Ty::outside(name, &[]),
            _ => Ty::Unknown,
        }
    }

    /// The scope that an expression or type is written in.
    pub(super) fn scope_of(&self, file: u32, expr: ExprId) -> Option<ScopeId> {
        let facts = self.file(file).facts.bindings;
        let mut expr = expr;
        for _ in 0..16 {
            expr = match facts.expr(expr) {
                Expr::Name(_, scope) => return Some(scope),
                Expr::Path(inner, _) | Expr::Index(inner, _) | Expr::Both(inner, _) | Expr::Attribute(inner, _) => {
                    inner
                }
                Expr::Call(inner, _)
                | Expr::New(inner, _)
                | Expr::Await(inner)
                | Expr::Try(inner)
                | Expr::Pointee(inner) => inner,
                Expr::Element(inner) | Expr::Either(inner, _) | Expr::Matched(inner, _) | Expr::Item(inner, _) => inner,
                Expr::Cast(inner) => inner,
                Expr::Tuple(items) | Expr::Sequence(items) => *facts.list(items).first()?,
                Expr::Scope(scope) => return Some(self.file(file).scope(scope).parent),
                _ => return None,
            };
        }
        None
    }

    /// The enum of a variant; any other type is its own.
    pub(super) fn type_of_variant(&self, file: u32, scope: ScopeId) -> ScopeId {
        let this = self.file(file);
        let parent = this.scope(scope).parent;
        if this.scope(parent).kind == ScopeKind::Class { parent } else { scope }
    }

    /// The names of type parameters with what they stand for.
    pub(super) fn zipped(&self, def: Def, arguments: &[Ty]) -> Vec<(&'a str, Ty)> {
        let file = self.file(def.file);
        let names = file.facts.bindings.list(file.scope(def.scope).type_parameters).iter();
        let names = names.filter_map(|&name| match file.facts.bindings.expr(name) {
            Expr::Name(name, _) => Some(file.text(name)),
            _ => None,
        });
        names.zip(arguments.iter().cloned()).collect()
    }

    /// `Self` in a scope.
    pub(super) fn self_type(&self, file: u32, scope: ScopeId) -> Option<Ty> {
        let this = self.file(file);
        let scope = this.around(scope, &[ScopeKind::Class, ScopeKind::Extension])?;
        match this.scope(scope).kind {
            ScopeKind::Extension => {
                let of = *this.facts.bindings.list(this.scope(scope).bases).first()?;
                Some(self.annotated(file, of, &Env::default()))
            }
            _ => {
                let scope = self.type_of_variant(file, scope);
                Some(Ty::Local(Def { file, scope }, Tys::from([])))
            }
        }
    }

    /// `Owner::Name`, if the owner is a type: what an implementation says the name stands for.
    fn associated(&self, file: u32, owner: ExprId, name: &str, env: &Env<'a>) -> Option<Ty> {
        let this = self.file(file);
        let is_type = match this.facts.bindings.expr(owner) {
            Expr::Name(of, _) if this.text(of) == "Self" => true,
            Expr::Name(..) | Expr::Path(..) => self.path(file, owner, Space::Type).first().is_some_and(|item| {
                matches!(*item, Item::Binding(file, index)
                    if matches!(self.file(file).binding(index).source, Source::TypeParameter(_) | Source::Alias(_)))
            }),
            Expr::Both(..) => true,
            _ => false,
        };
        if !is_type {
            return None;
        }
        let of = self.annotated(file, owner, env);
        Some(self.associated_type(&of, name).unwrap_or(Ty::Unknown))
    }

    /// What the implementations of a type say that `name` stands for.
    pub(super) fn associated_type(&self, of: &Ty, name: &str) -> Option<Ty> {
        let parts = match of {
            Ty::All(parts) | Ty::Either(parts) => {
                return parts.iter().find_map(|part| self.associated_type(part, name));
            }
            Ty::Local(def, _) => self.impls.of(*def),
            Ty::Outside(kind, arguments) if matches!(&**kind, "Iterator" | "IntoIterator" | "Future" | "Stream") => {
                return arguments.first().cloned();
            }
            _ => return None,
        };
        parts.iter().find_map(|&part| {
            let file = self.file(part.file);
            file.bound(part.scope, name).iter().find_map(|&index| match file.binding(index).source {
                Source::Alias(alias) => {
                    let env = self.impl_env(part, of);
                    Some(self.annotated(part.file, alias, &env))
                }
                _ => None,
            })
        })
    }

    /// What the parameters of an implementation stand for, given a type it is for.
    pub(super) fn impl_env(&self, part: Def, of: &Ty) -> Env<'a> {
        let file = self.file(part.file);
        let mut env = Env { this: Some(of.clone()), parameters: Vec::new() };
        let facts = file.facts.bindings;
        if let Some(&written) = facts.list(file.scope(part.scope).bases).first() {
            let names = self.zipped_names(part);
            self.unify(part.file, written, of, &names, &mut env);
        }
        env
    }

    /// The names of the type parameters of a definition.
    pub(super) fn zipped_names(&self, def: Def) -> Vec<&'a str> {
        let file = self.file(def.file);
        let names = file.facts.bindings.list(file.scope(def.scope).type_parameters).iter();
        names
            .filter_map(|&name| match file.facts.bindings.expr(name) {
                Expr::Name(name, _) => Some(file.text(name)),
                _ => None,
            })
            .collect()
    }

    /// Learns what the parameters `names` stand for where `written` has the type `of`.
    pub(super) fn unify(&self, file: u32, written: ExprId, of: &Ty, names: &[&'a str], env: &mut Env<'a>) {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match (facts.expr(written), of) {
            (Expr::Name(name, _), of) => {
                if let Some(name) = names.iter().find(|known| **known == this.text(name)) {
                    env.learn(name, of.clone());
                }
            }
            (Expr::Index(base, arguments), Ty::Local(_, given) | Ty::Outside(_, given)) => {
                let outside = of.outside_name();
                let same = match facts.expr(base) {
                    Expr::Name(name, _) | Expr::Path(_, name) => outside.is_none_or(|of| of == this.text(name)),
                    _ => false,
                };
                if same {
                    for (&argument, of) in facts.list(arguments).iter().zip(given.iter()) {
                        self.deeper(|| self.unify(file, argument, of, names, env));
                    }
                }
            }
            (Expr::Tuple(items), Ty::Tuple(given)) => {
                for (&item, of) in facts.list(items).iter().zip(given.iter()) {
                    self.deeper(|| self.unify(file, item, of, names, env));
                }
            }
            (Expr::Sequence(items), Ty::Outside(name, given)) if &**name == "Vec" => {
                if let (Some(&item), Some(of)) = (facts.list(items).first(), given.first()) {
                    self.deeper(|| self.unify(file, item, of, names, env));
                }
            }
            (Expr::Both(a, b), of) => {
                self.deeper(|| self.unify(file, a, of, names, env));
                self.deeper(|| self.unify(file, b, of, names, env));
            }
            // `F: Fn(A) -> B`: what the given function gives.
            (Expr::Scope(scope), Ty::Function(_) | Ty::Callable(_)) => {
                if let Some(returns) = this.scope(scope).returns {
                    let result = self.called(of);
                    self.deeper(|| self.unify(file, returns, &result, names, env));
                }
            }
            _ => {}
        }
    }
}
