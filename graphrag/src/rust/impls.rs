//! Which `impl` blocks add members to a type.

use std::collections::HashMap;

use rag_core::bindings::{Expr, ScopeKind, Source, Space};

use super::Rust;
use super::paths::Item;
use super::types::{Env, Ty};
use crate::file::Family;
use crate::types::Def;

/// A trait: of the repository, or the name of one from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trait {
    Local(Def),
    Outside(String),
}

/// Implementations by what they are for.
#[derive(Default)]
pub(super) struct Impls {
    local: HashMap<Def, Vec<Def>>,
    /// For types from outside, by their last name.
    outside: HashMap<String, Vec<Def>>,
    /// For every type that fits some bounds, and for tuples and functions.
    blanket: Vec<Def>,
    /// Implementation → its trait.
    traits: HashMap<Def, Trait>,
}

impl Impls {
    pub(super) fn new(rust: &Rust) -> Self {
        let mut impls = Impls::default();
        for (file, index) in rust.files.iter().zip(0u32..) {
            if file.family != Family::Rust {
                continue;
            }
            for (scope, number) in file.facts.bindings.scopes.iter().zip(0u32..) {
                if scope.kind == ScopeKind::Extension {
                    impls.add(rust, Def { file: index, scope: number });
                }
            }
        }
        impls
    }

    fn add(&mut self, rust: &Rust, part: Def) {
        rust.start();
        let file = rust.file(part.file);
        let bases = file.facts.bindings.list(file.scope(part.scope).bases);
        let (Some(&of), implemented) = (bases.first(), bases.get(1)) else { return };
        if let Some(&implemented) = implemented {
            self.traits.insert(part, rust.trait_named(part.file, implemented));
        }
        let is_parameter = matches!(file.facts.bindings.expr(of), Expr::Name(name, _)
            if file.bound(part.scope, file.text(name)).iter()
                .any(|&index| matches!(file.binding(index).source, Source::TypeParameter(_))));
        if is_parameter {
            return self.blanket.push(part);
        }
        let types = match rust.annotated(part.file, of, &Env::default()) {
            Ty::All(types) | Ty::Either(types) => types.to_vec(),
            of => vec![of],
        };
        // Of namesakes under different conditions, an implementation is for the one it is written beside.
        let beside = |of: &Ty| matches!(of, Ty::Local(def, _) if def.file == part.file);
        let types = match types.iter().find(|of| beside(of)) {
            Some(own) => vec![own.clone()],
            None => types,
        };
        for of in types {
            match of {
                Ty::Local(def, _) => self.local.entry(def).or_default().push(part),
                Ty::Outside(name, _) if !name.is_empty() => {
                    self.outside.entry(name.to_string()).or_default().push(part);
                }
                Ty::Tuple(_) | Ty::Function(_) | Ty::Callable(_) => self.blanket.push(part),
                _ => {}
            }
        }
    }

    /// The implementations for a type.
    pub(super) fn of(&self, def: Def) -> &[Def] {
        self.local.get(&def).map(Vec::as_slice).unwrap_or_default()
    }

    /// The implementations for a type from outside.
    pub(super) fn of_outside(&self, name: &str) -> &[Def] {
        self.outside.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The implementations for every type that fits.
    pub(super) fn blanket(&self) -> &[Def] {
        &self.blanket
    }

    /// The trait of an implementation.
    pub(super) fn implemented(&self, part: Def) -> Option<&Trait> {
        self.traits.get(&part)
    }

    /// The trait of an implementation, if it is one of the repository.
    pub(super) fn trait_of(&self, part: Def) -> Option<Def> {
        match self.implemented(part)? {
            Trait::Local(def) => Some(*def),
            Trait::Outside(_) => None,
        }
    }
}

impl Rust<'_, '_> {
    /// The trait that a bound or an implementation names.
    pub(super) fn trait_named(&self, file: u32, expr: rag_core::bindings::ExprId) -> Trait {
        match self.class(file, expr) {
            Some(def) => Trait::Local(def),
            None => Trait::Outside(self.last_name(file, expr).to_owned()),
        }
    }

    /// The struct, enum or trait that a type names, if it is one of the repository.
    pub(super) fn class(&self, file: u32, expr: rag_core::bindings::ExprId) -> Option<Def> {
        self.path(file, expr, Space::Type).into_iter().find_map(|item| match item {
            Item::Binding(file, index) => match self.file(file).binding(index).source {
                Source::Scope(scope) if self.file(file).scope(scope).kind == ScopeKind::Class => {
                    Some(Def { file, scope })
                }
                _ => None,
            },
            _ => None,
        })
    }
}
