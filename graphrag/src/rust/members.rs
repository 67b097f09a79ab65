//! Members of types: their own, those of traits they implement, and those of what they dereference to.

use rag_core::bindings::{ScopeKind, Source};

use super::Rust;
use super::outside;
use super::traits::Fits;
use super::types::{Env, Ty};
use crate::types::Def;

/// How many types a value may be dereferenced through.
const MAX_STEPS: u32 = 6;

/// What looking for a method found.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// Functions (file, binding), and the type that has them.
    Methods(Vec<(u32, u32)>, Ty),
    /// One of these functions, or something from outside.
    Maybe(Vec<(u32, u32)>, Ty),
    /// It comes from outside.
    Outside(Ty),
    /// The type is known and has no such member here: derived, or of a trait from outside.
    Absent(Ty),
    /// Nothing is known.
    Nothing,
}

impl<'a> Rust<'_, 'a> {
    /// What `name` means, used in the scope `at`, as a method of a value or as an associated function of a type.
    pub(super) fn method(&self, of: &Ty, name: &str, at: Def) -> Found {
        self.method_after(of, name, at, 0)
    }

    fn method_after(&self, of: &Ty, name: &str, at: Def, steps: u32) -> Found {
        if steps > MAX_STEPS {
            return Found::Nothing;
        }
        self.deeper(|| self.method_here(of, name, at, steps)).unwrap_or(Found::Nothing)
    }

    fn method_here(&self, of: &Ty, name: &str, at: Def, steps: u32) -> Found {
        match of {
            Ty::Unknown => Found::Nothing,
            Ty::Local(def, _) => self.local_method(*def, of, name, at, steps),
            Ty::All(parts) => self.method_of_any(parts, name, at, steps),
            Ty::Either(parts) => self.method_of_one(parts, name, at, steps),
            Ty::Outside(kind, arguments) => {
                let inner = outside::dereferenced(kind, arguments);
                if let Some(inner) = &inner
                    && let Some(found) = self.pointer_method(kind, inner, name, at)
                {
                    return Found::Methods(found, of.clone());
                }
                if let Some(inner) = inner
                    && !outside::is_own(kind, name)
                {
                    let found = self.method_after(&inner, name, at, steps + 1);
                    if !matches!(found, Found::Absent(_)) {
                        return found;
                    }
                }
                let parts = self.impls.of_outside(kind);
                let seen: Vec<Def> = parts.iter().copied().filter(|part| self.sees(at, *part)).collect();
                match self.with_provided(&seen, name) {
                    found if found.is_empty() => self.blanket_method(of, name, at),
                    // Traits from outside may be implemented there, too.
                    found if seen.iter().any(|part| self.impls.trait_of(*part).is_none()) => {
                        Found::Maybe(found, of.clone())
                    }
                    found => Found::Methods(found, of.clone()),
                }
            }
            Ty::Tuple(_) | Ty::Function(_) | Ty::Callable(_) => self.blanket_method(of, name, at),
        }
    }

    /// What the repository implements for a pointer comes before what it points to.
    fn pointer_method(&self, kind: &str, held: &Ty, name: &str, at: Def) -> Option<Vec<(u32, u32)>> {
        // What takes a pinned receiver is found on what is pinned.
        if kind == "Pin" {
            return None;
        }
        let parts = self.impls.of_outside(kind).iter().copied();
        let fitting = parts.filter(|part| self.sees(at, *part) && self.fits_held(*part, held) == Fits::Yes);
        let found: Vec<(u32, u32)> = fitting.flat_map(|part| self.functions(part, name)).collect();
        (!found.is_empty()).then_some(found)
    }

    /// Of types under different conditions: proven if all agree.
    fn method_of_one(&self, parts: &[Ty], name: &str, at: Def, steps: u32) -> Found {
        let mut methods: Vec<(u32, u32)> = Vec::new();
        let mut of = None;
        let mut sure = true;
        for part in parts {
            match self.method_after(part, name, at, steps + 1) {
                Found::Methods(found, by) => {
                    of.get_or_insert(by);
                    methods.extend(found.into_iter().filter(|found| !methods.contains(found)).collect::<Vec<_>>());
                }
                Found::Maybe(found, by) => {
                    of.get_or_insert(by);
                    methods.extend(found);
                    sure = false;
                }
                _ => sure = false,
            }
        }
        match of {
            Some(of) if sure => Found::Methods(methods, of),
            Some(of) => Found::Maybe(methods, of),
            None => Found::Absent(Ty::foreign()),
        }
    }

    fn method_of_any(&self, parts: &[Ty], name: &str, at: Def, steps: u32) -> Found {
        let mut methods: Vec<(u32, u32)> = Vec::new();
        let mut of = None;
        let mut rest = Found::Absent(Ty::All(parts.into()));
        for part in parts {
            match self.method_after(part, name, at, steps + 1) {
                Found::Methods(found, by) => {
                    of.get_or_insert(by);
                    methods.extend(found.into_iter().filter(|found| !methods.contains(found)).collect::<Vec<_>>());
                }
                Found::Outside(by) => rest = Found::Outside(by),
                found @ (Found::Nothing | Found::Maybe(..)) => rest = found,
                Found::Absent(_) => {}
            }
        }
        match of {
            Some(of) => Found::Methods(methods, of),
            None => rest,
        }
    }

    fn local_method(&self, def: Def, of: &Ty, name: &str, at: Def, steps: u32) -> Found {
        let parts = self.impls.of(def);
        let (own, of_traits): (Vec<Def>, Vec<Def>) = parts.iter().partition(|part| !self.is_of_trait(**part));
        let mut found = self.functions(def, name);
        found.extend(self.in_parts(&own, name));
        if found.is_empty() {
            found = self.with_provided(&of_traits, name);
        }
        if found.len() > 1 {
            let seen: Vec<Def> = of_traits.into_iter().filter(|part| self.sees(at, *part)).collect();
            found = match self.with_provided(&seen, name) {
                fewer if fewer.is_empty() => found,
                fewer => fewer,
            };
        }
        if !found.is_empty() {
            return Found::Methods(found, of.clone());
        }
        let mut absent = Found::Absent(of.clone());
        // Of a trait: the traits it requires.
        let file = self.file(def.file);
        for &base in file.facts.bindings.list(file.scope(def.scope).bases) {
            let base = self.annotated(def.file, base, &Env::default());
            if matches!(&base, Ty::Local(other, _) if *other == def) {
                continue;
            }
            let found = self.method_after(&base, name, at, steps + 1);
            if matches!(found, Found::Methods(..) | Found::Maybe(..) | Found::Outside(_)) {
                return found;
            }
        }
        if let Some(target) = self.target(of) {
            match self.method_after(&target, name, at, steps + 1) {
                Found::Absent(_) => {}
                Found::Nothing => absent = Found::Nothing,
                found => return found,
            }
        }
        match self.blanket_method(of, name, at) {
            found @ (Found::Methods(..) | Found::Maybe(..)) => found,
            _ => absent,
        }
    }

    /// What a value dereferences to, if its type says so.
    pub(super) fn target(&self, of: &Ty) -> Option<Ty> {
        let Ty::Local(def, _) = of else { return None };
        let file = self.file(def.file);
        // Traits have no targets; a type of a trait's bounds is asked for its own.
        (file.scope(def.scope).kind == ScopeKind::Class).then(|| self.associated_type(of, "Target")).flatten()
    }

    fn is_of_trait(&self, part: Def) -> bool {
        let file = self.file(part.file);
        file.facts.bindings.list(file.scope(part.scope).bases).len() > 1
    }

    /// The functions called `name` that a scope binds.
    pub(super) fn functions(&self, def: Def, name: &str) -> Vec<(u32, u32)> {
        let file = self.file(def.file);
        let is_function = |index: &u32| match file.binding(*index).source {
            Source::Scope(scope) => file.scope(scope).kind == ScopeKind::Function,
            _ => false,
        };
        file.bound(def.scope, name).iter().copied().filter(is_function).map(|index| (def.file, index)).collect()
    }

    fn in_parts(&self, parts: &[Def], name: &str) -> Vec<(u32, u32)> {
        parts.iter().flat_map(|part| self.functions(*part, name)).collect()
    }

    /// What implementations write, or, where they leave it out, what their traits provide.
    fn with_provided(&self, parts: &[Def], name: &str) -> Vec<(u32, u32)> {
        match self.in_parts(parts, name) {
            found if found.is_empty() => self.provided(parts, name),
            found => found,
        }
    }

    /// What the traits of these implementations provide themselves.
    fn provided(&self, parts: &[Def], name: &str) -> Vec<(u32, u32)> {
        let mut found: Vec<(u32, u32)> = Vec::new();
        for part in parts {
            let Some(of) = self.impls.trait_of(*part) else { continue };
            for function in self.functions(of, name) {
                if !found.contains(&function) {
                    found.push(function);
                }
            }
        }
        found
    }

    /// Methods of traits that are implemented for all types that fit.
    fn blanket_method(&self, of: &Ty, name: &str, at: Def) -> Found {
        let mut found: Vec<(u32, u32)> = Vec::new();
        let mut sure = true;
        for &part in self.impls.blanket() {
            let own = self.with_provided(&[part], name);
            if own.is_empty() || !self.sees(at, part) {
                continue;
            }
            match self.fits(part, of) {
                Fits::No => continue,
                Fits::Maybe => sure = false,
                Fits::Yes => {}
            }
            found.extend(own.into_iter().filter(|own| !found.contains(own)).collect::<Vec<_>>());
        }
        match (found.is_empty(), sure) {
            (true, _) => Found::Absent(of.clone()),
            (false, true) => Found::Methods(found, of.clone()),
            (false, false) => Found::Maybe(found, of.clone()),
        }
    }

    /// The type of a field.
    pub(super) fn field(&self, of: &Ty, name: &str) -> Ty {
        self.deeper(|| self.field_of(of, name)).unwrap_or(Ty::Unknown)
    }

    fn field_of(&self, of: &Ty, name: &str) -> Ty {
        match of {
            Ty::Tuple(items) => name.parse::<usize>().ok().and_then(|at| items.get(at).cloned()).unwrap_or(Ty::Unknown),
            Ty::Local(def, arguments) => {
                let own = match name.parse::<usize>() {
                    Ok(at) => self.position(*def, at, arguments),
                    Err(_) => self.own_field(*def, name, arguments),
                };
                own.or_else(|| self.target(of).map(|target| self.field(&target, name))).unwrap_or(Ty::Unknown)
            }
            Ty::Outside(kind, arguments) => match outside::dereferenced(kind, arguments) {
                Some(inner) => self.field(&inner, name),
                None => Ty::Unknown,
            },
            Ty::All(parts) | Ty::Either(parts) => {
                parts.iter().map(|part| self.field(part, name)).find(|of| !of.is_unknown()).unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        }
    }

    fn own_field(&self, def: Def, name: &str, arguments: &[Ty]) -> Option<Ty> {
        let file = self.file(def.file);
        file.bound(def.scope, name).iter().find_map(|&index| match file.binding(index).source {
            Source::Declared(declared, _) => Some(self.declared(def, declared, arguments)),
            _ => None,
        })
    }

    /// A field without name: of a tuple struct, or of a variant.
    pub(super) fn position(&self, def: Def, at: usize, arguments: &[Ty]) -> Option<Ty> {
        let file = self.file(def.file);
        match file.binding(*file.bound(def.scope, "").get(at)?).source {
            Source::Declared(declared, _) => Some(self.declared(def, declared, arguments)),
            _ => None,
        }
    }

    fn declared(&self, def: Def, declared: u32, arguments: &[Ty]) -> Ty {
        let owner = Def { scope: self.type_of_variant(def.file, def.scope), ..def };
        let this = Some(Ty::Local(owner, arguments.into()));
        self.annotated(def.file, declared, &Env { this, parameters: self.zipped(owner, arguments) })
    }

    /// A field of what a constructor made, by name or position.
    pub(super) fn part(&self, value: &Ty, made_by: Def, name: &str) -> Ty {
        let arguments = match value {
            Ty::Local(_, arguments) => arguments.clone(),
            _ => [].into(),
        };
        let found = match name.parse::<usize>() {
            Ok(at) => self.position(made_by, at, &arguments),
            Err(_) => self.own_field(made_by, name, &arguments),
        };
        found.unwrap_or(Ty::Unknown)
    }
}
