//! Members of classes, objects and modules, through inheritance.

use rag_core::bindings::{Expr, ScopeKind, Source, Space};

use crate::file::Family;
use crate::types::{Arguments, Def, Env, Type, Types, no_arguments, unknown};
use crate::world::{Entity, World};

/// What looking for a member found.
pub(crate) enum Members<'a> {
    /// Bindings of one class, and what its type parameters stand for.
    Found(Vec<Entity>, Env<'a>),
    /// It comes from a base outside of the repository.
    External,
    /// There is none, or a base is not known.
    Missing,
}

impl<'a> World<'a> {
    /// The member `name` of `def`: its own, or that of the first base that has one.
    pub(crate) fn member(&self, def: Def, arguments: &Arguments, name: &str, this: &Type) -> Members<'a> {
        if self.family(def.file) == Family::Go {
            return self.go_member(def, arguments, name);
        }
        let own = self.own_member(def, name);
        if !own.is_empty() {
            return Members::Found(own, self.env(def, arguments, this));
        }
        self.inherited(def, arguments, name, this)
    }

    /// The member `name` of the bases of `def`.
    pub(crate) fn inherited(&self, def: Def, arguments: &Arguments, name: &str, this: &Type) -> Members<'a> {
        let mut outside = false;
        let mut open = false;
        let mut seen = vec![def];
        let mut bases = self.bases(def, arguments, this);
        bases.reverse();
        let mut steps = 0;
        while let Some(base) = bases.pop() {
            steps += 1;
            if steps > 200 {
                break;
            }
            match base {
                Type::Instance(base, arguments) | Type::Class(base, arguments) => {
                    if seen.contains(&base) {
                        continue;
                    }
                    seen.push(base);
                    let own = self.own_member(base, name);
                    if !own.is_empty() {
                        return Members::Found(own, self.env(base, &arguments, this));
                    }
                    let mut next = self.bases(base, &arguments, this);
                    next.reverse();
                    bases.extend(next);
                }
                // An object made of a module's names (`{...module}`).
                Type::Module(module) => match self.exported(module, name, Space::Value, 0).first() {
                    Some(&found @ Entity::Binding(..)) => return Members::Found(vec![found], Env::default()),
                    Some(Entity::External) => outside = true,
                    _ => {}
                },
                Type::External | Type::Holds(_) => outside = true,
                _ => open = true,
            }
        }
        if outside && !open { Members::External } else { Members::Missing }
    }

    fn own_member(&self, def: Def, name: &str) -> Vec<Entity> {
        let file = self.file(def.file);
        let mut found = file.bound(def.scope, name).to_vec();
        found.retain(|&index| !matches!(file.binding(index).source, Source::TypeParameter(_)));
        // A declared type holds for all assignments.
        let declared = |index: &u32| matches!(file.binding(*index).source, Source::Declared(..) | Source::Scope(_));
        if found.iter().any(declared) {
            found.retain(declared);
        }
        // What the body of the class says comes before what its methods assign.
        if found.iter().any(|&index| !file.binding(index).is_instance) {
            found.retain(|&index| !file.binding(index).is_instance);
        }
        found.into_iter().map(|index| Entity::Binding(def.file, index)).collect()
    }

    /// The bases of a class, with declarations of the same name merged in.
    pub(crate) fn bases(&self, def: Def, arguments: &Arguments, this: &Type) -> Vec<Type> {
        let file = self.file(def.file);
        let scope = file.scope(def.scope);
        let env = self.env(def, arguments, this);
        let mut found = Vec::new();
        self.deeper(|| {
            if !self.is_python(def.file) && scope.kind == ScopeKind::Class && !scope.name.is_empty() {
                for &other in file.bound(scope.parent, file.text(scope.name)) {
                    if let Source::Scope(other) = file.binding(other).source
                        && other != def.scope
                        && file.scope(other).kind == ScopeKind::Class
                    {
                        found.push(Type::Instance(Def { file: def.file, scope: other }, arguments.clone()));
                    }
                }
            }
            for &base in file.facts.bindings.list(scope.bases) {
                let types = match scope.kind {
                    ScopeKind::Object => self.value(def.file, base),
                    _ => self.annotated(def.file, base, &env),
                };
                found.extend(types.iter().cloned());
            }
        });
        found
    }

    /// What the type parameters of `def` stand for.
    pub(crate) fn env(&self, def: Def, arguments: &Arguments, this: &Type) -> Env<'a> {
        let file = self.file(def.file);
        let names = file.facts.bindings.list(file.scope(def.scope).type_parameters);
        let mut parameters = Vec::new();
        for (&name, types) in names.iter().zip(arguments.iter()) {
            if let Expr::Name(name, _) = file.facts.bindings.expr(name) {
                parameters.push((name.text(file.facts.text), types.clone()));
            }
        }
        if file.family.is_static() && arguments.is_empty() {
            for &name in names {
                if let Expr::Name(name, _) = file.facts.bindings.expr(name) {
                    parameters.push((name.text(file.facts.text), unknown()));
                }
            }
        }
        Env { this: Some(this.clone()), parameters }
    }

    /// What `name` of a value of type `of` can be: definitions, with what is known of type parameters.
    pub(crate) fn attribute(&self, of: &Type, name: &str) -> (Vec<Entity>, Env<'a>) {
        let members = match of {
            Type::Module(file) => {
                let found = self.exported(*file, name, Space::Value, 0);
                let found = if found.is_empty() { vec![Entity::Unresolved] } else { found };
                return (found, Env::default());
            }
            Type::Instance(def, arguments) | Type::Class(def, arguments) => {
                let kind = self.file(def.file).scope(def.scope).kind;
                if kind == ScopeKind::Namespace {
                    let file = self.file(def.file);
                    let found = file.bound(def.scope, name).iter();
                    let found: Vec<Entity> =
                        found.flat_map(|&index| self.entities(def.file, index, Space::Value)).collect();
                    return (if found.is_empty() { vec![Entity::Unresolved] } else { found }, Env::default());
                }
                self.member(*def, arguments, name, of)
            }
            Type::External | Type::Holds(_) => Members::External,
            // Functions are objects: what every function has comes from outside, the rest may be set anywhere.
            Type::Function(..) | Type::Callable(_) if is_function_member(name) => Members::External,
            Type::Function(..) | Type::Callable(_) => Members::Missing,
            Type::Unknown | Type::Tuple(_) => Members::Missing,
        };
        match members {
            Members::Found(found, env) => (found, env),
            Members::External => (vec![Entity::External], Env::default()),
            Members::Missing => (vec![Entity::Unresolved], Env::default()),
        }
    }

    /// `super`, seen from `scope`: the class around it.
    pub(crate) fn class_around(&self, file: u32, scope: u32) -> Option<Def> {
        let scope = self.file(file).around(scope, &[ScopeKind::Class])?;
        Some(Def { file, scope })
    }

    /// What `super().name` means.
    pub(crate) fn super_member(&self, file: u32, scope: u32, name: &str) -> (Vec<Entity>, Env<'a>) {
        let Some(class) = self.class_around(file, scope) else { return (vec![Entity::Unresolved], Env::default()) };
        let this = Type::Instance(class, no_arguments());
        match self.inherited(class, &no_arguments(), name, &this) {
            Members::Found(found, env) => (found, env),
            Members::External => (vec![Entity::External], Env::default()),
            // A class without bases still has those of `object`.
            Members::Missing => (vec![Entity::Unresolved], Env::default()),
        }
    }

    /// Walks the bases of `def` for [`World::derives`].
    pub(crate) fn derives_from(&self, def: Def, base: Def) -> bool {
        let mut open = vec![def];
        let mut seen = Vec::new();
        while let Some(next) = open.pop() {
            if next == base {
                return true;
            }
            if seen.contains(&next) || seen.len() > 60 {
                continue;
            }
            seen.push(next);
            let this = Type::Instance(next, no_arguments());
            for base in self.bases(next, &no_arguments(), &this) {
                if let Type::Instance(base, _) = base {
                    open.push(base);
                }
            }
        }
        false
    }

    /// What calling a value of type `of` gives, if it is an object that can be called.
    pub(crate) fn call_signature(&self, of: &Type, def: Def, arguments: &Arguments) -> Option<Types> {
        let file = self.file(def.file);
        let mut found = None;
        if let Some(&signature) = file.call_signatures(def.scope).first() {
            let returns = file.scope(signature).returns?;
            let env = self.env(def, arguments, of);
            found = Some(self.annotated(def.file, returns, &env));
        }
        if found.is_none() {
            let this = of.clone();
            for base in self.deeper(|| self.bases(def, arguments, &this)).unwrap_or_default() {
                if let Type::Instance(base, arguments) = &base
                    && *base != def
                    && let Some(types) = self.deeper(|| self.call_signature(of, *base, arguments)).flatten()
                {
                    return Some(types);
                }
            }
        }
        found
    }
}

/// Whether every function has the member `name`.
fn is_function_member(name: &str) -> bool {
    matches!(name, "call" | "apply" | "bind" | "toString" | "cache_clear" | "cache_info") || name.starts_with("__")
}
