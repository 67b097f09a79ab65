//! What a name can mean where it stands.

use rag_core::Span;
use rag_core::bindings::{Binding, Expr, ExprId, ScopeId, ScopeKind, Source, Space};

use super::C;
use super::includes::Seen;
use super::spaces::{At, Holder, SpaceId};
use super::values::Ty;
use crate::types::Def;

/// How many classes a class may derive from.
const MAX_BASES: usize = 64;

/// What a name leads to.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    /// Definitions that are seen from there; of functions, also those that a seen declaration stands for.
    pub(super) found: Vec<At>,
    /// Definitions that are not seen.
    pub(super) hidden: Vec<At>,
    /// A parameter or a variable of the function, which hides everything else.
    pub(super) is_local: bool,
    /// From outside.
    pub(super) outside: bool,
}

impl Named {
    fn is_empty(&self) -> bool {
        self.found.is_empty() && !self.outside
    }
}

/// A namespace, a class, or something from outside.
pub(super) enum Outer {
    Holder(Holder),
    Outside,
    Nothing,
}

impl<'a> C<'_, 'a> {
    /// What `name`, used in `scope`, can mean.
    pub(super) fn lookup(&self, file: u32, scope: ScopeId, name: Span, space: Space) -> Named {
        self.deeper(|| self.lookup_here(file, scope, name, space)).unwrap_or_default()
    }

    fn lookup_here(&self, file: u32, scope: ScopeId, name: Span, space: Space) -> Named {
        let this = self.file(file);
        let text = this.text(name);
        let mut hidden = Vec::new();
        let mut at = scope;
        loop {
            let here = this.scope(at);
            match here.kind {
                ScopeKind::Function | ScopeKind::Block | ScopeKind::Object if at != 0 => {
                    let bound = this.bound(at, text).iter().rev().copied();
                    let found = bound.into_iter().find(|&index| {
                        let binding = this.binding(index);
                        let before = binding.name.start <= name.start || here.kind == ScopeKind::Object;
                        before && fits(binding, space)
                    });
                    if let Some(index) = found {
                        let (used, outside) = self.followed(vec![(file, index)], space);
                        let is_local = !matches!(this.binding(index).source, Source::Use(_) | Source::Scope(_));
                        return Named { found: used, is_local, outside, ..Named::default() };
                    }
                }
                ScopeKind::Class | ScopeKind::Extension => {
                    let holder = match self.spaces.holders.get(&(file, at)) {
                        Some(&holder) => Some(holder),
                        None if here.kind == ScopeKind::Class => Some(Holder::Class(Def { file, scope: at })),
                        None => None,
                    };
                    if let Some(Holder::Class(def)) = holder {
                        let found = self.members(def, text, space).found;
                        if !found.is_empty() {
                            return Named { found, ..Named::default() };
                        }
                    }
                    // Of what is written elsewhere, the namespaces around it are seen, too.
                    let around = match holder.filter(|_| here.kind == ScopeKind::Extension) {
                        Some(Holder::Space(space)) => Some(space),
                        Some(Holder::Class(def)) => self.space_around(def),
                        None => None,
                    };
                    if let Some(around) = around {
                        let named = self.through_spaces(file, around, text, space, &mut hidden);
                        if !named.is_empty() {
                            return named;
                        }
                    }
                }
                ScopeKind::File | ScopeKind::Namespace => {
                    let around = self.spaces.of_scope(file, at).unwrap_or(0);
                    let named = self.in_space(file, around, text, space, &mut hidden, 0);
                    if !named.is_empty() {
                        return named;
                    }
                }
                _ => {}
            }
            if at == 0 {
                return Named { hidden, ..Named::default() };
            }
            at = here.parent;
        }
    }

    /// The namespace around a class.
    pub(super) fn space_around(&self, def: Def) -> Option<SpaceId> {
        let this = self.file(def.file);
        let scope = this.around(def.scope, &[ScopeKind::Namespace, ScopeKind::File])?;
        self.spaces.of_scope(def.file, scope)
    }

    fn through_spaces(&self, file: u32, mut at: SpaceId, name: &str, space: Space, hidden: &mut Vec<At>) -> Named {
        loop {
            let named = self.in_space(file, at, name, space, hidden, 0);
            if !named.is_empty() || at == 0 {
                return named;
            }
            at = self.spaces.parent(at);
        }
    }

    /// What `name` means in a namespace, as `file` sees it.
    fn in_space(&self, file: u32, at: SpaceId, name: &str, space: Space, hidden: &mut Vec<At>, hops: u32) -> Named {
        let all = self.spaces.named(at, name).iter().copied();
        let all: Vec<At> = all.filter(|&(owner, index)| fits(self.file(owner).binding(index), space)).collect();
        let mut found = Vec::new();
        if !all.is_empty() {
            found = self.visible(&all, &self.includes.seen(file));
            if found.is_empty() {
                found = self.visible(&all, &self.includes.around(file));
            }
            if found.is_empty() {
                hidden.extend(all.iter().copied().filter(|&at| self.is_shared(at)));
            }
        }
        if found.is_empty() && hops < 4 {
            for &(from, path) in self.spaces.globs(at) {
                if !self.includes.seen(file).contains(&from) {
                    continue;
                }
                if let Outer::Holder(Holder::Space(other)) = self.outer(from, path)
                    && other != at
                {
                    let named = self.in_space(file, other, name, space, hidden, hops + 1);
                    if !named.is_empty() {
                        return named;
                    }
                }
            }
        }
        let (found, outside) = self.followed(found, space);
        Named { found, outside, ..Named::default() }
    }

    /// What of `all` is seen; functions that are declared there may be defined anywhere.
    fn visible(&self, all: &[At], seen: &Seen) -> Vec<At> {
        let mut found: Vec<At> = all.iter().copied().filter(|(owner, _)| seen.contains(owner)).collect();
        let declared = found.iter().any(|&at| self.is_signature(at) && self.is_shared(at));
        if declared {
            let elsewhere = all.iter().copied().filter(|&at| {
                !seen.contains(&at.0) && self.function_of(at).is_some() && !self.is_signature(at) && self.is_shared(at)
            });
            found.extend(elsewhere);
        }
        found
    }

    /// The function that a binding is.
    pub(super) fn function_of(&self, (file, index): At) -> Option<Def> {
        let this = self.file(file);
        match this.binding(index).source {
            Source::Scope(scope) if this.scope(scope).kind == ScopeKind::Function => Some(Def { file, scope }),
            _ => None,
        }
    }

    pub(super) fn is_signature(&self, at: At) -> bool {
        self.function_of(at).is_some_and(|def| self.file(def.file).scope(def.scope).flags.is_signature)
    }

    /// Whether other files may mean it: it is neither static nor in a nameless namespace, and no macro.
    fn is_shared(&self, at: At) -> bool {
        let this = self.file(at.0);
        let binding = this.binding(at.1);
        let of_file = self.function_of(at).is_some_and(|def| this.scope(def.scope).flags.is_static);
        let mut scope = binding.scope;
        while scope != 0 {
            let here = this.scope(scope);
            if here.kind == ScopeKind::Namespace && here.name.is_empty() {
                return false;
            }
            scope = here.parent;
        }
        !of_file && binding.space != Space::Macro
    }

    /// What bindings lead to, where they only pass on what others define; and whether that may be from outside.
    fn followed(&self, found: Vec<At>, space: Space) -> (Vec<At>, bool) {
        let mut all = Vec::new();
        let mut outside = false;
        for (file, index) in found {
            match self.file(file).binding(index).source {
                Source::Use(path) => {
                    let named = self.deeper(|| self.path(file, path, space)).unwrap_or_default();
                    outside |= named.outside;
                    all.extend(named.found);
                }
                _ => all.push((file, index)),
            }
        }
        all.sort_unstable();
        all.dedup();
        (all, outside)
    }

    /// What a name or a path means.
    pub(super) fn path(&self, file: u32, expr: ExprId, space: Space) -> Named {
        match self.expr(file, expr) {
            Expr::Name(name, scope) => self.lookup(file, scope, name, space),
            Expr::Index(base, _) => self.deeper(|| self.path(file, base, space)).unwrap_or_default(),
            Expr::Path(outer, name) => {
                let text = self.file(file).text(name);
                match self.deeper(|| self.outer(file, outer)).unwrap_or(Outer::Nothing) {
                    Outer::Holder(Holder::Class(def)) => self.members(def, text, space),
                    Outer::Holder(Holder::Space(at)) => {
                        let mut hidden = Vec::new();
                        let named = self.in_space(file, at, text, space, &mut hidden, 0);
                        Named { hidden, ..named }
                    }
                    Outer::Outside => Named { outside: true, ..Named::default() },
                    Outer::Nothing => Named::default(),
                }
            }
            _ => Named::default(),
        }
    }

    /// The class or namespace that members are added to by a qualified name.
    pub(super) fn holder(&self, file: u32, path: ExprId) -> Option<Holder> {
        match self.outer(file, path) {
            Outer::Holder(holder) => Some(holder),
            _ => None,
        }
    }

    /// What stands before `::`.
    pub(super) fn outer(&self, file: u32, expr: ExprId) -> Outer {
        if self.expr(file, expr) == Expr::Scope(0) {
            return Outer::Holder(Holder::Space(0));
        }
        let text = match self.expr(file, expr) {
            Expr::Name(name, _) => self.file(file).text(name),
            _ if self.is_special(file, expr) => return Outer::Nothing,
            _ => "",
        };
        let named = self.path(file, expr, Space::Type);
        for &(owner, index) in &named.found {
            let of = self.file(owner);
            match of.binding(index).source {
                Source::Scope(scope) if of.scope(scope).kind == ScopeKind::Namespace => {
                    return self
                        .spaces
                        .of_scope(owner, scope)
                        .map_or(Outer::Nothing, |at| Outer::Holder(Holder::Space(at)));
                }
                Source::TypeParameter(_) => return Outer::Nothing,
                _ => {}
            }
        }
        match named.found.as_slice() {
            [] if named.outside || text == "std" => Outer::Outside,
            [] => Outer::Nothing,
            &[(owner, index)] => match self.type_of(owner, index, &[]) {
                Ty::Class(def, _) => Outer::Holder(Holder::Class(def)),
                Ty::Outside(..) => Outer::Outside,
                _ => match self.file(owner).binding(index).source {
                    Source::Scope(scope) => Outer::Holder(Holder::Class(Def { file: owner, scope })),
                    _ => Outer::Nothing,
                },
            },
            _ => Outer::Nothing,
        }
    }

    /// Whether the arguments of a template may choose another class than the name says.
    pub(super) fn is_special(&self, file: u32, expr: ExprId) -> bool {
        let Expr::Index(base, _) = self.expr(file, expr) else { return false };
        match self.expr(file, base) {
            Expr::Name(name, _) | Expr::Path(_, name) => self.special.contains(self.file(file).text(name)),
            _ => false,
        }
    }

    /// The members `name` of a class: its own, or else those of its bases.
    pub(super) fn members(&self, def: Def, name: &str, space: Space) -> Named {
        let mut named = Named::default();
        let mut seen = vec![def];
        let mut next = vec![def];
        while !next.is_empty() && named.found.is_empty() {
            for def in std::mem::take(&mut next) {
                let this = self.file(def.file);
                let own = this.bound(def.scope, name).iter().map(|&index| (def.file, index));
                let all = own.chain(self.spaces.added(def, name).iter().copied());
                let all: Vec<At> = all.filter(|&(file, index)| fits(self.file(file).binding(index), space)).collect();
                if !all.is_empty() {
                    named.found.extend(self.followed(all, space).0);
                    continue;
                }
                for base in self.bases(def) {
                    match base {
                        Ty::Class(base, _) if !seen.contains(&base) && seen.len() < MAX_BASES => {
                            seen.push(base);
                            next.push(base);
                        }
                        Ty::Class(..) => {}
                        _ => named.outside = true,
                    }
                }
            }
        }
        named.outside &= named.found.is_empty();
        named.found.sort_unstable();
        named.found.dedup();
        named
    }

    pub(super) fn bases(&self, def: Def) -> Vec<Ty<'a>> {
        let this = self.file(def.file);
        let list = this.facts.bindings.list(this.scope(def.scope).bases).iter();
        list.map(|&base| self.deeper(|| self.declared(def.file, base, &[])).unwrap_or(Ty::Unknown)).collect()
    }
}

/// Whether a binding can be meant by a name that is used in `space`.
fn fits(binding: &Binding, space: Space) -> bool {
    match binding.space {
        Space::Both => true,
        Space::Macro => space != Space::Type,
        own => space == Space::Both || own == space,
    }
}
