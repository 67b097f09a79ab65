//! Go: methods and fields of types, through what they embed, and the types that defined types are made of.

use rag_core::bindings::{ScopeKind, Source};

use crate::file::Family;
use crate::infer::is_own;
use crate::members::Members;
use crate::types::{Arguments, Def, Env, Type, Types, one, unknown};
use crate::world::{Entity, World};

/// How deep structs may embed structs.
const MAX_EMBEDDED: usize = 12;

/// A type among those that a type embeds.
struct Embedded {
    def: Def,
    arguments: Arguments,
    /// Whether its methods count: those of the type that a defined type is made of do not.
    has_methods: bool,
}

impl Embedded {
    fn instance(&self) -> Type {
        Type::Instance(self.def, self.arguments.clone())
    }
}

/// Embedded types whose members are not known.
#[derive(Clone, Copy, Default)]
struct Unseen {
    outside: bool,
    open: bool,
}

impl<'a> World<'a> {
    /// The field or method `name`: the one at the shallowest depth of embedding.
    pub(crate) fn go_member(&self, def: Def, arguments: &Arguments, name: &str) -> Members<'a> {
        let mut level = vec![Embedded { def, arguments: arguments.clone(), has_methods: true }];
        let mut seen = vec![def];
        // What is not known may have the name, too: nearer than the level it hides what is found there, beside the level
        // the compiler would object.
        let (mut nearer, mut beside) = (Unseen::default(), Unseen::default());
        for _ in 0..MAX_EMBEDDED {
            let mut found = Vec::new();
            let mut env = Env::default();
            for part in &level {
                let own = self.go_own(part, name);
                if found.is_empty() && !own.is_empty() {
                    env = self.env(part.def, &part.arguments, &part.instance());
                }
                found.extend(own);
            }
            if !found.is_empty() {
                return if nearer.outside || nearer.open { Members::Missing } else { Members::Found(found, env) };
            }
            nearer = Unseen { outside: nearer.outside || beside.outside, open: nearer.open || beside.open };
            (level, beside) = self.go_embedded(&level, &mut seen);
            if level.is_empty() {
                break;
            }
        }
        if (nearer.outside || beside.outside) && !nearer.open && !beside.open {
            return Members::External;
        }
        Members::Missing
    }

    /// The types that those of a level embed.
    fn go_embedded(&self, level: &[Embedded], seen: &mut Vec<Def>) -> (Vec<Embedded>, Unseen) {
        let mut next = Vec::new();
        let mut unseen = Unseen::default();
        for part in level {
            let bases = self.deeper(|| self.bases(part.def, &part.arguments, &part.instance()));
            for base in bases.unwrap_or_default() {
                match base {
                    Type::Instance(def, arguments) if !seen.contains(&def) => {
                        seen.push(def);
                        next.push(Embedded { def, arguments, has_methods: true });
                    }
                    Type::Instance(..) => {}
                    Type::External | Type::Holds(_) => unseen.outside = true,
                    _ => unseen.open = true,
                }
            }
            next.extend(self.go_made_of_struct(part));
        }
        (next, unseen)
    }

    /// The fields and methods that are written for one type itself.
    fn go_own(&self, part: &Embedded, name: &str) -> Vec<Entity> {
        let Embedded { def, has_methods, .. } = *part;
        let file = self.file(def.file);
        let field = |&&index: &&u32| !matches!(file.binding(index).source, Source::TypeParameter(_));
        let mut found: Vec<Entity> =
            file.bound(def.scope, name).iter().filter(field).map(|&index| Entity::Binding(def.file, index)).collect();
        let scope = file.scope(def.scope);
        if !has_methods || scope.parent != 0 || scope.name.is_empty() {
            return found;
        }
        for &(other, extension) in self.go.extensions(def.file, file.text(scope.name)) {
            let bound = self.file(other).bound(extension, name).iter();
            let methods = bound.filter(|&&index| matches!(self.file(other).binding(index).source, Source::Scope(_)));
            found.extend(methods.map(|&index| Entity::Binding(other, index)));
        }
        found
    }

    /// `type A B`: a value of type A has the fields of B, and its methods if B is an interface.
    fn go_made_of_struct(&self, part: &Embedded) -> Option<Embedded> {
        match self.go_made_of(&part.instance())?.first()? {
            Type::Instance(def, arguments) if *def != part.def => {
                Some(Embedded { def: *def, arguments: arguments.clone(), has_methods: false })
            }
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
