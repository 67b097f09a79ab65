//! Parameters: what callers and contexts say about them, and decorators that leave a function as it is.

use rag_core::bindings::{Expr, ExprId, ScopeId, Source, Space};

use crate::file::Family;
use crate::types::{Arguments, Def, Env, Type, Types, union, unknown};
use crate::world::{Entity, World};

impl<'a> World<'a> {
    /// The bindings of a function's parameters, in order.
    pub(crate) fn parameters(&self, def: Def) -> Vec<u32> {
        let file = self.file(def.file);
        let names = &file.facts.bindings.names;
        let all = file.parameters_of(def.scope);
        all.iter().copied().filter(|&index| (index as usize) < names.len()).collect()
    }

    /// A parameter without a declared type: what the place says where the function is written, or its default.
    pub(crate) fn parameter(&self, file: u32, scope: ScopeId, position: u32, default: Option<ExprId>) -> Types {
        if let Some(expected) = self.expected(file, scope, position) {
            return expected;
        }
        match default {
            Some(default) => {
                let value = self.value(file, default);
                if value.is_empty() { unknown() } else { union([value, unknown()]) }
            }
            None => unknown(),
        }
    }

    /// The type that the context of a function expression gives its parameter.
    fn expected(&self, file: u32, scope: ScopeId, position: u32) -> Option<Types> {
        let this = self.file(file);
        let facts = this.facts.bindings;
        if let Some(declared) = this.written.get(&scope).and_then(|value| this.expected.get(value)).copied() {
            return self.parameter_of_type(file, declared, position, &Env::default());
        }
        let &(call, argument) = this.arguments.get(&scope)?;
        let (Expr::Call(function, given) | Expr::New(function, given)) = facts.expr(call) else { return None };
        let functions = self.value(file, function);
        let mut found = Vec::new();
        for function in functions.iter() {
            let Type::Function(def, receiver) = function else { return None };
            let parameters = self.parameters(*def);
            let owner = self.file(def.file);
            let index = *parameters.get(argument)?;
            let Source::Declared(declared, _) = owner.binding(index).source else { return None };
            let mut env = match receiver.as_deref() {
                Some(this @ Type::Instance(of, arguments)) => self.env(*of, arguments, this),
                _ => Env::default(),
            };
            if let Some(&declared) = this.expected.get(&call) {
                self.infer_from_result(*def, file, declared, &mut env);
            }
            self.infer_parameters(*def, file, given, &mut env);
            found.push(self.parameter_of_type(def.file, declared, position, &env)?);
        }
        (!found.is_empty()).then(|| union(found))
    }

    /// Binds type parameters by what the result is declared to be: `const a: Box<A> = box(…)`.
    fn infer_from_result(&self, def: Def, file: u32, declared: ExprId, env: &mut Env<'a>) {
        let owner = self.file(def.file);
        let facts = owner.facts.bindings;
        let Some(returns) = owner.scope(def.scope).returns else { return };
        let (Expr::Index(base, parameters), Expr::Index(other, arguments)) =
            (facts.expr(returns), self.file(file).facts.bindings.expr(declared))
        else {
            return;
        };
        let same = self.meaning(def.file, base, Space::Type) == self.meaning(file, other, Space::Type);
        let arguments = self.file(file).facts.bindings.list(arguments);
        for (&parameter, &argument) in facts.list(parameters).iter().zip(arguments) {
            if let (Expr::Name(name, _), true) = (facts.expr(parameter), same) {
                env.parameters.push((name.text(owner.facts.text), self.annotated(file, argument, &Env::default())));
            }
        }
    }

    /// The type of a parameter of the function type `declared`.
    fn parameter_of_type(&self, file: u32, declared: ExprId, position: u32, env: &Env<'a>) -> Option<Types> {
        let this = self.file(file);
        let Expr::Scope(scope) = this.facts.bindings.expr(declared) else { return None };
        let index = *self.parameters(Def { file, scope }).get(position as usize)?;
        match this.binding(index).source {
            Source::Declared(declared, _) => self.deeper(|| self.annotated(file, declared, env)),
            _ => None,
        }
    }

    /// Whether a function's decorators leave its result as it is declared.
    pub(crate) fn transparent(&self, def: Def) -> bool {
        let file = self.file(def.file);
        let facts = file.facts.bindings;
        facts.list(file.scope(def.scope).decorators).iter().all(|&decorator| {
            let (function, called) = match facts.expr(decorator) {
                Expr::Call(function, _) => (function, true),
                _ => (decorator, false),
            };
            let word = match facts.expr(function) {
                Expr::Name(name, _) | Expr::Attribute(_, name) => file.text(name),
                _ => return false,
            };
            let known = ["contextmanager", "asynccontextmanager", "wraps", "cache", "lru_cache", "fixture", "override"];
            known.contains(&word) || !called && self.keeps_type(def.file, function)
        })
    }

    /// Whether a decorator is declared to give what it is given: `def d(f: F) -> F`.
    fn keeps_type(&self, file: u32, decorator: ExprId) -> bool {
        let Expr::Name(name, scope) = self.file(file).facts.bindings.expr(decorator) else { return false };
        let found = self.name(file, scope, name);
        let [Entity::Binding(file, index)] = *found.as_slice() else { return false };
        let owner = self.file(file);
        let Source::Scope(scope) = owner.binding(index).source else { return false };
        let Some(returns) = owner.scope(scope).returns else { return false };
        let Some(&first) = self.parameters(Def { file, scope }).first() else { return false };
        let Source::Declared(declared, _) = owner.binding(first).source else { return false };
        match (owner.facts.bindings.expr(returns), owner.facts.bindings.expr(declared)) {
            (Expr::Name(a, _), Expr::Name(b, _)) => owner.text(a) == owner.text(b),
            _ => false,
        }
    }

    /// `base` as `def` inherits it, with its arguments.
    pub(crate) fn base_instance(
        &self,
        def: Def,
        arguments: &Arguments,
        base: Def,
        this: &Type,
        depth: u32,
    ) -> Option<Type> {
        if def == base || depth > 12 {
            return (def == base).then(|| Type::Instance(def, arguments.clone()));
        }
        for next in self.bases(def, arguments, this) {
            if let Type::Instance(next, arguments) = next
                && next != def
                && let Some(found) = self.base_instance(next, &arguments, base, this, depth + 1)
            {
                return Some(found);
            }
        }
        None
    }

    /// What a name or attribute means in a space.
    pub(crate) fn meaning(&self, file: u32, expr: ExprId, space: Space) -> Vec<Entity> {
        let this = self.file(file);
        match this.facts.bindings.expr(expr) {
            Expr::Name(name, scope) if this.family == Family::Java && space == Space::Type => {
                self.java_type_name(file, scope, this.text(name))
            }
            Expr::Name(name, scope) if this.family == Family::Java => {
                self.java_value_name(file, scope, name).into_iter().map(|(entity, _)| entity).collect()
            }
            Expr::Attribute(..) if !self.java_spelled(file, expr).is_empty() => self.java_spelled(file, expr),
            Expr::Name(name, scope) if space == Space::Value => self.name(file, scope, name),
            Expr::Name(name, scope) => {
                let found = self.lookup(file, scope, name, space);
                let mut entities: Vec<Entity> =
                    found.into_iter().flat_map(|index| self.entities(file, index, space)).collect();
                if entities.is_empty() {
                    entities = self.through_stars(file, this.text(name), space, 0);
                }
                if entities.is_empty() { vec![Entity::External] } else { entities }
            }
            Expr::Attribute(object, name) => {
                let name = this.text(name);
                if let Expr::Super(scope) = this.facts.bindings.expr(object) {
                    return self.super_member(file, scope, name).0;
                }
                let mut found: Vec<Entity> = Vec::new();
                for of in self.value(file, object).iter() {
                    let entities = match of {
                        Type::Module(module) => self.exported(*module, name, space, 0),
                        of => self.attribute(of, name).0,
                    };
                    for entity in entities {
                        if !found.contains(&entity) {
                            found.push(entity);
                        }
                    }
                }
                if found.is_empty() { vec![Entity::Unresolved] } else { found }
            }
            _ => vec![Entity::Unresolved],
        }
    }
}
