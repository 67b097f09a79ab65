//! What names and paths mean: lexical scopes, modules, imports, globs.

use rag_core::Span;
use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source, Space};

use super::Rust;
use super::types::Ty;
use crate::types::Def;

/// How many imports are followed after each other.
const MAX_HOPS: usize = 24;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Module(Def),
    /// A binding: file and index.
    Binding(u32, u32),
    External,
    Unknown,
}

/// Names that every module sees.
const PRELUDE: [&str; 10] =
    ["drop", "Some", "None", "Ok", "Err", "size_of", "size_of_val", "align_of", "align_of_val", "Box"];

impl<'a> Rust<'_, 'a> {
    /// What a path means; empty if it leads nowhere.
    pub(super) fn path(&self, file: u32, expr: ExprId, space: Space) -> Vec<Item> {
        let key = (file, expr, space);
        if let Some(known) = self.paths.borrow().get(&key) {
            return known.clone();
        }
        let alone = self.following.borrow().is_empty();
        let found = self.deeper(|| self.path_here(file, expr, space)).unwrap_or_default();
        if alone {
            self.paths.borrow_mut().insert(key, found.clone());
        }
        found
    }

    fn path_here(&self, file: u32, expr: ExprId, space: Space) -> Vec<Item> {
        match self.file(file).facts.bindings.expr(expr) {
            Expr::Name(name, scope) => self.name(file, scope, name, space),
            Expr::Index(base, _) => self.path(file, base, space),
            Expr::Path(owner, name) => {
                let name = self.file(file).text(name);
                let mut found = Vec::new();
                let owners = self.path(file, owner, Space::Type);
                for owner in &owners {
                    match owner {
                        Item::Module(module) => found.extend(self.in_module(*module, name, space, &mut Vec::new())),
                        Item::Binding(file, binding) => found.extend(self.variant(*file, *binding, name)),
                        Item::External => found.push(Item::External),
                        Item::Unknown => found.push(Item::Unknown),
                    }
                }
                found.dedup();
                found
            }
            _ => Vec::new(),
        }
    }

    /// The variant `name` of the enum that a binding is; aliases are followed.
    fn variant(&self, file: u32, binding: u32, name: &str) -> Vec<Item> {
        let this = self.file(file);
        match this.binding(binding).source {
            Source::Scope(scope) if this.scope(scope).kind == ScopeKind::Class => {
                let variants = this.bound(scope, name).iter().filter(|&&index| self.is_class(file, index));
                variants.map(|&index| Item::Binding(file, index)).collect()
            }
            Source::Alias(of) => {
                let of = self.path(file, of, Space::Type);
                of.iter()
                    .flat_map(|of| match of {
                        Item::Binding(file, other) => {
                            self.deeper(|| self.variant(*file, *other, name)).unwrap_or_default()
                        }
                        _ => Vec::new(),
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn is_class(&self, file: u32, binding: u32) -> bool {
        let file = self.file(file);
        matches!(file.binding(binding).source, Source::Scope(scope) if file.scope(scope).kind == ScopeKind::Class)
    }

    /// The module that a scope lies in.
    pub(super) fn module_around(&self, file: u32, scope: ScopeId) -> Def {
        let scope = self.file(file).around(scope, &[ScopeKind::Namespace, ScopeKind::File]).unwrap_or(0);
        Def { file, scope }
    }

    /// The module around a module.
    pub(super) fn parent(&self, module: Def) -> Option<Def> {
        if module.scope == 0 {
            let Def { file, scope } = self.crates.declared_in(module.file)?;
            return Some(self.module_around(file, scope));
        }
        Some(self.module_around(module.file, self.file(module.file).scope(module.scope).parent))
    }

    fn crate_of(&self, file: u32) -> Def {
        Def { file: self.crates.root(file), scope: 0 }
    }

    /// What a name means where it stands.
    pub(super) fn name(&self, file: u32, scope: ScopeId, name: Span, space: Space) -> Vec<Item> {
        let text = self.file(file).text(name);
        match text {
            "crate" | "$crate" => return vec![Item::Module(self.crate_of(file))],
            "self" if space == Space::Type => return vec![Item::Module(self.module_around(file, scope))],
            "Self" => {
                let own = match self.self_type(file, scope) {
                    Some(Ty::Local(def, _)) => self.definition(def),
                    _ => None,
                };
                return vec![own.map_or(Item::External, |(file, index)| Item::Binding(file, index))];
            }
            "super" => {
                let parent = self.parent(self.module_around(file, scope));
                return vec![parent.map_or(Item::Unknown, Item::Module)];
            }
            _ => {}
        }
        if space == Space::Macro {
            return self.macro_named(file, scope, text);
        }
        let found = self.lexical(file, scope, name, space);
        if !found.is_empty() {
            return found;
        }
        if space == Space::Type {
            return vec![match self.crates.named(text) {
                Some(root) => Item::Module(Def { file: root, scope: 0 }),
                None => Item::External,
            }];
        }
        // Constants in capitals may be made by macros.
        let camel = text.starts_with(char::is_uppercase) && text.contains(char::is_lowercase);
        match PRELUDE.contains(&text) || camel {
            true => vec![Item::External],
            false => vec![Item::Unknown],
        }
    }

    /// The innermost scope that binds a name wins; modules do not see those around them.
    fn lexical(&self, file: u32, scope: ScopeId, name: Span, space: Space) -> Vec<Item> {
        let this = self.file(file);
        let text = this.text(name);
        let mut at = scope;
        loop {
            let here = this.scope(at);
            let found = match here.kind {
                ScopeKind::File | ScopeKind::Namespace => {
                    return self.in_module(Def { file, scope: at }, text, space, &mut Vec::new());
                }
                ScopeKind::Class | ScopeKind::Object | ScopeKind::Extension => {
                    let bound = this.bound(at, text).iter().copied();
                    let is_parameter = |index: &u32| matches!(this.binding(*index).source, Source::TypeParameter(_));
                    bound.filter(is_parameter).map(|index| Item::Binding(file, index)).collect()
                }
                ScopeKind::Function | ScopeKind::Block => self.local(file, at, name, space),
            };
            let fits: Vec<Item> = found.into_iter().filter(|item| self.in_space(*item, space)).collect();
            if !fits.is_empty() {
                return fits;
            }
            if at == 0 {
                return Vec::new();
            }
            at = here.parent;
        }
    }

    /// What a function or block binds: of several the one that begins to hold last.
    fn local(&self, file: u32, scope: ScopeId, name: Span, space: Space) -> Vec<Item> {
        let this = self.file(file);
        let text = this.text(name);
        let holds = |index: &u32| {
            let binding = this.binding(*index);
            fits_space(binding.space, space) && (binding.extent.contains(name) || binding.name == name)
        };
        let mut found: Vec<u32> = this.bound(scope, text).iter().copied().filter(holds).collect();
        let latest = found.iter().map(|&index| this.binding(index).extent.start).max();
        found.retain(|&index| Some(this.binding(index).extent.start) == latest);
        if found.is_empty() {
            return match this.scope(scope).kind {
                ScopeKind::Block => self.through_globs(Def { file, scope }, text, space, &mut Vec::new()),
                _ => Vec::new(),
            };
        }
        found.into_iter().flat_map(|index| self.followed(file, index, space)).collect()
    }

    /// What `name` means in a module.
    pub(super) fn in_module(&self, module: Def, name: &str, space: Space, seen: &mut Vec<Def>) -> Vec<Item> {
        match name {
            "super" => return self.parent(module).map(Item::Module).into_iter().collect(),
            "self" => return vec![Item::Module(module)],
            _ => {}
        }
        if seen.contains(&module) || seen.len() > 200 {
            return Vec::new();
        }
        seen.push(module);
        let this = self.file(module.file);
        let mut found: Vec<Item> = Vec::new();
        for &index in this.bound(module.scope, name) {
            if !fits_space(this.binding(index).space, space) {
                continue;
            }
            for item in self.followed(module.file, index, space) {
                if self.in_space(item, space) && !found.contains(&item) {
                    found.push(item);
                }
            }
        }
        if found.is_empty() {
            found = self.through_globs(module, name, space, seen);
        }
        if found.is_empty() && space == Space::Macro && module.scope == 0 {
            found = self.macros_of(self.crates.root(module.file), name);
        }
        found
    }

    /// What glob imports bring.
    fn through_globs(&self, module: Def, name: &str, space: Space, seen: &mut Vec<Def>) -> Vec<Item> {
        let mut found: Vec<Item> = Vec::new();
        let mut outside = false;
        for &glob in self.file(module.file).bound(module.scope, "") {
            let Source::Use(path) = self.file(module.file).binding(glob).source else { continue };
            for from in
                self.following_import(module.file, glob, Space::Both, || self.path(module.file, path, Space::Type))
            {
                let items = match from {
                    Item::Module(from) => self.in_module(from, name, space, seen),
                    Item::Binding(file, binding) => self.variant(file, binding, name),
                    Item::External | Item::Unknown => {
                        outside = true;
                        continue;
                    }
                };
                found.extend(items);
            }
        }
        let mut kept: Vec<Item> = Vec::new();
        for item in found {
            if self.in_space(item, space) && !kept.contains(&item) {
                kept.push(item);
            }
        }
        let known = kept.iter().any(|item| matches!(item, Item::Module(_) | Item::Binding(..)));
        if known {
            kept.retain(|item| matches!(item, Item::Module(_) | Item::Binding(..)));
        } else if kept.is_empty() && outside && space == Space::Value && !name.starts_with(char::is_uppercase) {
            // It may come through a glob from outside, or from a macro.
            kept.push(Item::Unknown);
        }
        kept
    }

    /// What a binding means once imports are followed.
    pub(super) fn followed(&self, file: u32, index: u32, space: Space) -> Vec<Item> {
        match self.file(file).binding(index).source {
            Source::Use(path) => self.following_import(file, index, space, || self.path(file, path, space)),
            Source::Import { .. } => match self.crates.declared(file, index) {
                Some(child) => vec![Item::Module(Def { file: child, scope: 0 })],
                None => vec![Item::Unknown],
            },
            Source::Scope(scope) if self.file(file).scope(scope).kind == ScopeKind::Namespace => {
                vec![Item::Module(Def { file, scope })]
            }
            _ => vec![Item::Binding(file, index)],
        }
    }

    /// Follows an import, unless that is being done already: `use log;` does not mean itself.
    fn following_import(&self, file: u32, index: u32, space: Space, follow: impl FnOnce() -> Vec<Item>) -> Vec<Item> {
        let key = (file, index, space);
        let busy = self.following.borrow().contains(&key) || self.following.borrow().len() > MAX_HOPS;
        if busy {
            return Vec::new();
        }
        self.following.borrow_mut().push(key);
        let found = follow();
        self.following.borrow_mut().pop();
        found
    }

    fn in_space(&self, item: Item, space: Space) -> bool {
        match item {
            Item::Module(_) => space == Space::Type,
            Item::Binding(file, index) if space == Space::Macro => self.file(file).binding(index).space == space,
            Item::Binding(file, index) => fits_space(self.file(file).binding(index).space, space),
            // From outside come types and functions; macros are known by name.
            Item::External | Item::Unknown => true,
        }
    }

    /// A macro is seen below its definition, in the modules below that, and, if it is exported, everywhere in the crate.
    fn macro_named(&self, file: u32, scope: ScopeId, name: &str) -> Vec<Item> {
        let this = self.file(file);
        let mut at = scope;
        loop {
            let own: Vec<Item> = this
                .bound(at, name)
                .iter()
                .copied()
                .flat_map(|index| {
                    if fits_space(this.binding(index).space, Space::Macro) {
                        self.followed(file, index, Space::Macro)
                    } else {
                        Vec::new()
                    }
                })
                .filter(|item| self.in_space(*item, Space::Macro))
                .collect();
            if !own.is_empty() {
                return own;
            }
            if at == 0 {
                break;
            }
            at = this.scope(at).parent;
        }
        let found = self.macros_of(self.crates.root(file), name);
        if !found.is_empty() {
            return found;
        }
        let module = self.module_around(file, scope);
        let found = self.in_module(module, name, Space::Macro, &mut Vec::new());
        match found.is_empty() {
            true if !self.crates.macros(name).is_empty() => vec![Item::Unknown],
            true => vec![Item::External],
            false => found,
        }
    }

    /// The macros called `name` that a crate defines.
    fn macros_of(&self, root: u32, name: &str) -> Vec<Item> {
        let known = self.crates.macros(name).iter();
        known
            .filter(|(file, _)| self.crates.root(*file) == root)
            .map(|&(file, index)| Item::Binding(file, index))
            .collect()
    }
}

pub(super) fn fits_space(space: Space, wanted: Space) -> bool {
    match (space, wanted) {
        // Imports bring macros, too.
        (Space::Both, _) => true,
        (space, wanted) => space == wanted || wanted == Space::Both,
    }
}
