//! Which traits can be used where, and which types fit their bounds.

use rag_core::bindings::{Expr, ScopeId, ScopeKind, Source, Space};

use super::Rust;
use super::impls::Trait;
use super::paths::Item;
use super::types::{Env, Ty};
use crate::types::Def;

/// Whether a type fits the bounds of an implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fits {
    No,
    /// Both come from outside.
    Maybe,
    Yes,
}

impl Rust<'_, '_> {
    /// Whether the trait of an implementation can be used in the scope `at`: its name, or another one for it, is bound there.
    pub(super) fn sees(&self, at: Def, part: Def) -> bool {
        let Some(of) = self.impls.trait_of(part) else { return true };
        let owner = self.file(of.file);
        let name = owner.text(owner.scope(of.scope).name);
        let file = self.file(at.file);
        let mut scope = at.scope;
        loop {
            let here = file.scope(scope);
            let is_module = matches!(here.kind, ScopeKind::File | ScopeKind::Namespace);
            if is_module || here.kind == ScopeKind::Block {
                let place = Def { file: at.file, scope };
                let mut found = match is_module {
                    true => self.in_module(place, name, Space::Type, &mut Vec::new()),
                    false => self.in_block(place, name),
                };
                // `use path::Trait as _`
                found.extend(self.in_block(place, "_"));
                if found.iter().any(|item| self.is_class_item(*item, of)) {
                    return true;
                }
            }
            // Inside of a trait its own methods can be used.
            if at.file == of.file && scope == of.scope {
                return true;
            }
            if is_module {
                return false;
            }
            scope = here.parent;
        }
    }

    fn in_block(&self, place: Def, name: &str) -> Vec<Item> {
        let found = self.file(place.file).bound(place.scope, name).to_vec();
        found.into_iter().flat_map(|index| self.followed(place.file, index, Space::Type)).collect()
    }

    fn is_class_item(&self, item: Item, def: Def) -> bool {
        matches!(item, Item::Binding(file, index)
            if file == def.file && self.file(file).binding(index).source == Source::Scope(def.scope))
    }

    /// Whether a type fits the bounds of an implementation for a type parameter.
    pub(super) fn fits(&self, part: Def, of: &Ty) -> Fits {
        let file = self.file(part.file);
        let facts = file.facts.bindings;
        let Some(&written) = facts.list(file.scope(part.scope).bases).first() else { return Fits::No };
        match (facts.expr(written), of) {
            (Expr::Name(name, scope), _) => self.fits_bounds(part, scope, file.text(name), of),
            (Expr::Tuple(_), Ty::Tuple(_)) | (Expr::Scope(_), Ty::Function(_) | Ty::Callable(_)) => Fits::Maybe,
            _ => Fits::No,
        }
    }

    /// Whether what a pointer holds is what an implementation for such pointers asks for.
    pub(super) fn fits_held(&self, part: Def, held: &Ty) -> Fits {
        let file = self.file(part.file);
        let facts = file.facts.bindings;
        let written = facts.list(file.scope(part.scope).bases).first().map(|&written| facts.expr(written));
        let Some(Expr::Index(_, arguments)) = written else { return Fits::No };
        let Some(&argument) = facts.list(arguments).first() else { return Fits::No };
        let Expr::Name(name, scope) = facts.expr(argument) else { return Fits::No };
        let is_parameter = |index: &u32| matches!(file.binding(*index).source, Source::TypeParameter(_));
        if file.bound(part.scope, file.text(name)).iter().any(is_parameter) {
            return self.fits_bounds(part, scope, file.text(name), held);
        }
        match (self.annotated(part.file, argument, &Env::default()), held) {
            (Ty::Local(a, _), Ty::Local(b, _)) if a == *b => Fits::Yes,
            _ => Fits::No,
        }
    }

    fn fits_bounds(&self, part: Def, scope: ScopeId, name: &str, of: &Ty) -> Fits {
        let facts = self.file(part.file).facts.bindings;
        let mut open = self.bounds(part.file, scope, name);
        let mut fits = Fits::Yes;
        while let Some(bound) = open.pop() {
            fits = fits.min(match facts.expr(bound) {
                Expr::Both(a, b) => {
                    open.extend([a, b]);
                    Fits::Yes
                }
                Expr::Name(..) | Expr::Path(..) | Expr::Index(..) => {
                    let wanted = self.trait_named(part.file, bound);
                    self.deeper(|| self.implements(of, &wanted)).unwrap_or(Fits::Maybe)
                }
                // `F: Fn(A)`
                Expr::Scope(_) => match of {
                    Ty::Function(_) | Ty::Callable(_) => Fits::Yes,
                    Ty::Local(..) | Ty::Tuple(_) => Fits::No,
                    _ => Fits::Maybe,
                },
                _ => Fits::Maybe,
            });
        }
        fits
    }

    fn implements(&self, of: &Ty, wanted: &Trait) -> Fits {
        // Every type has these, or can be taken to.
        if let Trait::Outside(name) = wanted
            && matches!(name.as_str(), "Sized" | "Send" | "Sync" | "Unpin" | "Clone" | "Copy" | "Debug" | "Eq" | "")
        {
            return Fits::Yes;
        }
        match of {
            Ty::Unknown => Fits::Maybe,
            Ty::All(parts) | Ty::Either(parts) => {
                parts.iter().map(|part| self.implements(part, wanted)).max().unwrap_or(Fits::No)
            }
            Ty::Local(def, _) => self.local_implements(*def, wanted),
            Ty::Outside(name, _) if matches!(wanted, Trait::Outside(wanted) if **wanted == **name) => Fits::Yes,
            Ty::Outside(name, arguments) => {
                if self.impls.of_outside(name).iter().any(|part| self.impls.implemented(*part) == Some(wanted)) {
                    return Fits::Yes;
                }
                match super::outside::dereferenced(name, arguments) {
                    Some(inner) => self.implements(&inner, wanted),
                    None if name.is_empty() => Fits::Maybe,
                    None => match wanted {
                        Trait::Local(_) => Fits::No,
                        Trait::Outside(_) => Fits::Maybe,
                    },
                }
            }
            Ty::Tuple(_) | Ty::Function(_) | Ty::Callable(_) => Fits::Maybe,
        }
    }

    fn local_implements(&self, def: Def, wanted: &Trait) -> Fits {
        if *wanted == Trait::Local(def) {
            return Fits::Yes;
        }
        let own = self.impls.of(def).iter().any(|part| self.impls.implemented(*part) == Some(wanted));
        let file = self.file(def.file);
        let required = || {
            file.facts.bindings.list(file.scope(def.scope).bases).iter().any(|&base| {
                self.deeper(|| match self.annotated(def.file, base, &Env::default()) {
                    Ty::Local(other, _) if other == def => false,
                    base => self.implements(&base, wanted) == Fits::Yes,
                })
                .unwrap_or(false)
            })
        };
        match own || required() {
            true => Fits::Yes,
            // What is derived is not seen.
            false if matches!(wanted, Trait::Outside(_)) => Fits::Maybe,
            false => Fits::No,
        }
    }
}
