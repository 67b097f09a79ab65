//! Go: methods and fields of types, through what they embed, and the types that defined types are made of.

use rag_core::bindings::{ScopeKind, Source};

use crate::file::Family;
use crate::infer::is_own;
use crate::members::Members;
use crate::types::{Arguments, Def, Env, Type, Types, one, unknown};
use crate::world::{Entity, World};

/// How deep structs may embed structs.
const MAX_EMBEDDED: usize = 12;

impl<'a> World<'a> {
    /// The field or method `name`: the one at the shallowest depth of embedding.
    pub(crate) fn go_member(&self, def: Def, arguments: &Arguments, name: &str) -> Members<'a> {
        let mut level = vec![(def, arguments.clone())];
        let mut seen = vec![def];
        let (mut outside, mut open) = (false, false);
        for _ in 0..MAX_EMBEDDED {
            let mut found = Vec::new();
            let mut env = Env::default();
            let mut next = Vec::new();
            for (def, arguments) in &level {
                let this = Type::Instance(*def, arguments.clone());
                let own = self.go_own(*def, name);
                if !own.is_empty() {
                    found.extend(own);
                    env = self.env(*def, arguments, &this);
                }
                next.push((*def, arguments.clone(), this));
            }
            if !found.is_empty() {
                // What is embedded further out may have it, too, and hide this one.
                return if outside || open { Members::Missing } else { Members::Found(found, env) };
            }
            level.clear();
            for (def, arguments, this) in next {
                for base in self.deeper(|| self.bases(def, &arguments, &this)).unwrap_or_default() {
                    match base {
                        Type::Instance(base, arguments) if !seen.contains(&base) => {
                            seen.push(base);
                            level.push((base, arguments));
                        }
                        Type::Instance(..) => {}
                        Type::External | Type::Holds(_) => outside = true,
                        _ => open = true,
                    }
                }
                level.extend(self.go_underlying_def(def, &arguments));
            }
            if level.is_empty() {
                break;
            }
        }
        if outside && !open { Members::External } else { Members::Missing }
    }

    /// The fields and methods that are written for `def` itself.
    fn go_own(&self, def: Def, name: &str) -> Vec<Entity> {
        let file = self.file(def.file);
        let field = |&&index: &&u32| !matches!(file.binding(index).source, Source::TypeParameter(_));
        let mut found: Vec<Entity> =
            file.bound(def.scope, name).iter().filter(field).map(|&index| Entity::Binding(def.file, index)).collect();
        let scope = file.scope(def.scope);
        if scope.parent == 0 && !scope.name.is_empty() {
            for &(other, extension) in self.go.extensions(def.file, file.text(scope.name)) {
                let bound = self.file(other).bound(extension, name);
                let methods =
                    bound.iter().filter(|&&index| matches!(self.file(other).binding(index).source, Source::Scope(_)));
                found.extend(methods.map(|&index| Entity::Binding(other, index)));
            }
        }
        found
    }

    /// `type A B`: a value of type A has the fields of B, and its methods if B is an interface.
    fn go_underlying_def(&self, def: Def, arguments: &Arguments) -> Option<(Def, Arguments)> {
        let this = Type::Instance(def, arguments.clone());
        match self.go_made_of(&this)?.first()? {
            Type::Instance(below, arguments) if *below != def => Some((*below, arguments.clone())),
            _ => None,
        }
    }

    /// The type that a defined type is made of, if it is neither a struct nor an interface.
    fn go_made_of(&self, of: &Type) -> Option<Types> {
        let Type::Instance(def, arguments) = of else { return None };
        let file = self.file(def.file);
        if file.family != Family::Go || file.scope(def.scope).kind != ScopeKind::Class {
            return None;
        }
        let returns = file.scope(def.scope).returns?;
        let env = self.env(*def, arguments, of);
        self.deeper(|| self.annotated(def.file, returns, &env))
    }

    /// What can be indexed, called and ranged over: defined types are replaced by what they are made of.
    pub(crate) fn go_underlying(&self, types: Types) -> Types {
        let mut types = types;
        for _ in 0..4 {
            let [one] = &*types else { return types };
            let Some(below) = self.go_made_of(one) else { return types };
            types = below;
        }
        unknown()
    }

    /// Whether a function from outside may give back what it is given: only generic ones do, and they take containers of
    /// it, or functions that make it.
    pub(crate) fn go_gives_back(&self, of: &Type) -> bool {
        match of {
            Type::Holds(held) => held.iter().flat_map(|held| held.iter()).any(is_own),
            Type::Function(..) | Type::Callable(_) => self.results(&one(of.clone())).iter().any(is_own),
            _ => false,
        }
    }

    /// What the type parameters of a method's receiver stand for.
    pub(crate) fn extension_env(&self, def: Def, this: &Type) -> Option<Env<'a>> {
        let file = self.file(def.file);
        let parent = file.scope(def.scope).parent;
        let (Type::Instance(_, arguments) | Type::Class(_, arguments)) = this else { return None };
        let extension = file.scope(parent).kind == ScopeKind::Extension;
        extension.then(|| self.env(Def { file: def.file, scope: parent }, arguments, this))
    }
}
