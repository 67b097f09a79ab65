//! From a place that uses a definition to the definitions.

use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, ScopeKind, Site, Source, Space};

use super::Rust;
use super::members::Found;
use super::outside;
use super::paths::Item;
use super::types::Ty;

/// What a use means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One of these definitions (file, binding); nothing else.
    Bindings(Vec<(u32, u32)>),
    /// One of these, or something from outside.
    Maybe(Vec<(u32, u32)>),
    External,
    /// From outside, unless the repository has something of that name.
    Likely,
    /// A local variable, of which nothing more is known.
    Variable,
    Unknown,
}

fn doubted(answer: Answer) -> Answer {
    match answer {
        Answer::Bindings(found) => Answer::Maybe(found),
        answer => answer,
    }
}

impl Rust<'_, '_> {
    /// What the use at `site` means.
    pub(crate) fn answer(&self, file: u32, site: &Site) -> Answer {
        self.start();
        if site.kind != ReferenceKind::Call {
            return self.used(file, site.expr, Space::Type);
        }
        if self.is_macro(file, site) {
            return self.used(file, site.expr, Space::Macro);
        }
        let (found, _) = self.callee(file, site.expr);
        match found {
            Found::Methods(found, _) => self.final_ones(found),
            Found::Maybe(found, _) => doubted(self.final_ones(found)),
            Found::Outside(_) => self.constructor(file, site).unwrap_or(Answer::External),
            Found::Absent(of) => {
                let name = self.last_name(file, site.expr);
                match of {
                    Ty::Outside(kind, _) if !kind.is_empty() => Answer::External,
                    _ if outside::is_well_known(name) => Answer::External,
                    _ => Answer::Likely,
                }
            }
            Found::Nothing => self.constructor(file, site).unwrap_or(Answer::Unknown),
        }
    }

    /// A struct literal uses a type.
    fn constructor(&self, file: u32, site: &Site) -> Option<Answer> {
        match self.used(file, site.expr, Space::Type) {
            found @ (Answer::Bindings(_) | Answer::Maybe(_)) => Some(found),
            _ => None,
        }
    }

    /// The binding that names a type.
    pub(super) fn definition(&self, def: crate::types::Def) -> Option<(u32, u32)> {
        let file = self.file(def.file);
        let scope = file.scope(def.scope);
        let bound = file.bound(scope.parent, file.text(scope.name)).iter();
        bound
            .copied()
            .find(|&index| file.binding(index).source == Source::Scope(def.scope))
            .map(|index| (def.file, index))
    }

    /// `name!(…)`
    fn is_macro(&self, file: u32, site: &Site) -> bool {
        let text = self.file(file).facts.text;
        let after = text.get(site.name.end as usize..).unwrap_or("").trim_start();
        after.starts_with('!') && !after.starts_with("!=")
    }

    fn used(&self, file: u32, expr: ExprId, space: Space) -> Answer {
        let mut found = Vec::new();
        let mut outside = false;
        let items = self.path(file, expr, space);
        let none = items.is_empty();
        for item in items {
            match item {
                Item::Binding(file, index) => found.push((file, index)),
                Item::External => outside = true,
                Item::Module(_) | Item::Unknown => return Answer::Unknown,
            }
        }
        match (found.is_empty(), outside) {
            (false, false) => self.final_ones(found),
            (false, true) => doubted(self.final_ones(found)),
            (true, true) => Answer::External,
            _ if none => self.associated_use(file, expr),
            _ => Answer::Unknown,
        }
    }

    /// `Self::Item`, `T::Output`: what the path's owner says, where it is written.
    fn associated_use(&self, file: u32, expr: ExprId) -> Answer {
        let this = self.file(file);
        let Expr::Path(owner, name) = this.facts.bindings.expr(expr) else { return Answer::Unknown };
        let Some(Ty::Local(def, _)) = self.owner_type(file, owner) else { return Answer::Unknown };
        let own = |def: crate::types::Def| {
            let file = self.file(def.file);
            let bound = file.bound(def.scope, this.text(name)).iter().copied();
            bound.map(|index| (def.file, index)).collect::<Vec<_>>()
        };
        let mut found = own(def);
        if found.is_empty() {
            found = self.impls.of(def).iter().flat_map(|part| own(*part)).collect();
        }
        if found.is_empty() { Answer::Unknown } else { Answer::Bindings(found) }
    }

    /// Definitions stay; variables are what they hold.
    fn final_ones(&self, found: Vec<(u32, u32)>) -> Answer {
        let mut definitions = Vec::new();
        for (file, index) in found {
            let this = self.file(file);
            let binding = this.binding(index);
            match binding.source {
                Source::Scope(_) | Source::Alias(_) => definitions.push((file, index)),
                Source::TypeParameter(_) => return Answer::Variable,
                Source::Opaque if binding.space == Space::Macro => definitions.push((file, index)),
                _ if !matches!(this.scope(binding.scope).kind, ScopeKind::Function | ScopeKind::Block) => {
                    definitions.push((file, index));
                }
                _ => match self.binding_value(file, index) {
                    Ty::Function(def) => match self.definition(def) {
                        Some(found) => definitions.push(found),
                        None => return Answer::Variable,
                    },
                    _ => return Answer::Variable,
                },
            }
        }
        if definitions.is_empty() { Answer::Unknown } else { Answer::Bindings(definitions) }
    }
}
