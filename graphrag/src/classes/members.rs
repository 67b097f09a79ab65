//! Members of classes, through their bases.

use rag_core::bindings::{ScopeKind, Source};

use super::names::Meant;
use super::table::ClassId;
use super::types::{Arguments, Env, Ty, none};
use super::{Classes, Place};

/// How many classes a class may derive from.
const MAX_BASES: usize = 200;

/// What looking for members found.
#[derive(Default)]
pub(super) struct Members<'a> {
    /// Those of the class before those of its bases.
    pub(super) found: Vec<Meant<'a>>,
    /// A base is from outside.
    pub(super) outside: bool,
    /// A base is not known.
    pub(super) open: bool,
}

impl<'a> Classes<'_, 'a> {
    /// The members `name` of a value; of its class, too, if it is seen from `inside`.
    pub(super) fn members(&self, of: &Ty<'a>, name: &str, inside: bool) -> Members<'a> {
        match of {
            Ty::Instance(class, of) => self.class_members(*class, of, name, inside),
            Ty::Class(class) => {
                let mut members = self.class_members(*class, &none(), name, true);
                // The class itself has no members from outside.
                members.outside = true;
                members
            }
            Ty::Outside(outer, of) => {
                let added = self.table.added.iter().filter(|((_, own), _)| own == outer && !outer.is_empty());
                let mut found = Vec::new();
                for &(file, scope) in added.flat_map(|(_, scopes)| scopes) {
                    let env: Env = self
                        .type_parameters(file, scope)
                        .into_iter()
                        .zip(of.iter())
                        .map(|((name, _), of)| (name, of.clone()))
                        .collect();
                    found
                        .extend(self.own(file, scope, name).into_iter().map(|place| Meant { place, env: env.clone() }));
                }
                Members { found, outside: true, open: false }
            }
            Ty::OutsideClass(outer) => self.members(&Ty::Outside(outer, none()), name, inside),
            Ty::Parameter(..) => self.members(&of.clone().bounded(), name, inside),
            Ty::Nothing | Ty::Function(_) => Members { outside: true, ..Members::default() },
            Ty::Namespace(_) | Ty::Unknown => Members { open: true, ..Members::default() },
        }
    }

    fn class_members(&self, class: ClassId, of: &Arguments<'a>, name: &str, inside: bool) -> Members<'a> {
        let mut members = Members::default();
        let mut seen = vec![class];
        let mut next = std::collections::VecDeque::from([(class, of.clone())]);
        while let Some((class, of)) = next.pop_front() {
            let env = self.env(class, &of);
            let own = self.own_members(class, name, inside);
            members.found.extend(own.into_iter().map(|place| Meant { place, env: env.clone() }));
            for base in self.bases(class) {
                match base.with(&env) {
                    Ty::Instance(base, of) if !seen.contains(&base) && seen.len() < MAX_BASES => {
                        seen.push(base);
                        next.push_back((base, of));
                    }
                    Ty::Instance(..) => {}
                    Ty::Outside(..) | Ty::Function(_) | Ty::Nothing => members.outside = true,
                    _ => members.open = true,
                }
            }
        }
        members
    }

    /// The members that the parts of a class write.
    fn own_members(&self, class: ClassId, name: &str, inside: bool) -> Vec<Place> {
        let this = self.class(class);
        let mut found: Vec<Place> = this.parts.iter().flat_map(|&(file, scope)| self.own(file, scope, name)).collect();
        if inside {
            for &companion in &this.companions {
                found.extend(self.class(companion).parts.iter().flat_map(|&(file, scope)| self.own(file, scope, name)));
            }
        }
        found
    }

    /// What a scope binds under a name, but constructors and type parameters.
    fn own(&self, file: u32, scope: u32, name: &str) -> Vec<Place> {
        let this = self.file(file);
        let bound = this.bound(scope, name).iter().chain(this.methods_of(scope, name)).copied();
        let member = |&index: &u32| match this.binding(index).source {
            Source::Scope(scope) => !this.scope(scope).flags.is_constructor,
            Source::TypeParameter(_) | Source::Import { .. } => false,
            _ => true,
        };
        bound.filter(member).map(|index| (file, index)).collect()
    }

    /// The constructors that a class writes.
    pub(super) fn constructors(&self, class: ClassId) -> Vec<Place> {
        let mut found = Vec::new();
        for &(file, scope) in &self.class(class).parts {
            let this = self.file(file);
            for name in [self.class(class).name, "constructor", "init", "this"] {
                for &index in this.bound(scope, name).iter().chain(this.methods_of(scope, name)) {
                    if let Source::Scope(function) = this.binding(index).source
                        && this.scope(function).flags.is_constructor
                        && !found.contains(&(file, index))
                    {
                        found.push((file, index));
                    }
                }
            }
        }
        found
    }

    /// What can be used by the name of the class: its own and inherited members, and those of its companions.
    pub(super) fn static_member(&self, class: ClassId, name: &str) -> Vec<Place> {
        let members = self.deeper(|| self.class_members(class, &none(), name, true).found);
        members.into_iter().map(|meant| meant.place).collect()
    }

    /// The classes and aliases `name` in a class or its bases.
    pub(super) fn nested(&self, class: ClassId, name: &str) -> Vec<Place> {
        let types = |places: Vec<Place>| -> Vec<Place> {
            let is_type = |&(file, index): &Place| match self.file(file).binding(index).source {
                Source::Scope(scope) => self.file(file).scope(scope).kind == ScopeKind::Class,
                Source::Alias(_) => true,
                _ => false,
            };
            places.into_iter().filter(is_type).collect()
        };
        let own = types(self.own_members(class, name, true));
        if !own.is_empty() {
            return own;
        }
        let mut seen = vec![class];
        let mut next = vec![class];
        while let Some(class) = next.pop() {
            for base in self.bases(class) {
                if let Ty::Instance(base, _) = base
                    && !seen.contains(&base)
                    && seen.len() < MAX_BASES
                {
                    let own = types(self.own_members(base, name, true));
                    if !own.is_empty() {
                        return own;
                    }
                    seen.push(base);
                    next.push(base);
                }
            }
        }
        Vec::new()
    }

    /// The bases of a class, as its parts write them.
    pub(super) fn bases(&self, class: ClassId) -> Vec<Ty<'a>> {
        if let Some(known) = self.bases.borrow().get(&class) {
            return known.clone();
        }
        // A class that is found to be its own base has none.
        self.bases.borrow_mut().insert(class, Vec::new());
        let mut found = Vec::new();
        for &(file, scope) in &self.class(class).parts {
            let this = self.file(file);
            for &base in this.facts.bindings.list(this.scope(scope).bases) {
                found.push(self.annotated(file, base));
            }
        }
        self.bases.borrow_mut().insert(class, found.clone());
        found
    }

    /// Whether a class is `base` or derives from it; unknown if a base is not known.
    pub(super) fn derives(&self, class: ClassId, base: ClassId) -> Option<bool> {
        let mut seen = vec![class];
        let mut next = vec![class];
        let mut open = false;
        while let Some(class) = next.pop() {
            if class == base {
                return Some(true);
            }
            for of in self.bases(class) {
                match of {
                    Ty::Instance(of, _) if !seen.contains(&of) && seen.len() < MAX_BASES => {
                        seen.push(of);
                        next.push(of);
                    }
                    Ty::Unknown => open = true,
                    _ => {}
                }
            }
        }
        if open { None } else { Some(false) }
    }
}
