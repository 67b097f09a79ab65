//! What an import means: through re-exports, star imports and submodules to the definition.

use rag_core::Span;
use rag_core::bindings::{Source, Space};

use crate::file::Family;
use crate::modules::Module;
use crate::world::{Entity, World};

/// How many modules an import may pass through.
const MAX_HOPS: u32 = 12;

impl World<'_> {
    /// The module that `path` means in `file`.
    pub(crate) fn module(&self, file: u32, path: &str) -> Module {
        let from = self.file(file).facts.path;
        match self.family(file) {
            Family::Python => self.modules.python(from, path),
            Family::Go => self.go.import(path),
            Family::Java => self.java_module(path),
            _ => self.modules.script(from, path),
        }
    }

    /// What importing `item` from `module` in `file` means.
    pub(crate) fn imported(&self, file: u32, module: Span, item: Span, space: Space, hops: u32) -> Vec<Entity> {
        let this = self.file(file);
        let path = this.text(module);
        let name = match (item.is_empty(), item.start) {
            (true, 0) => "",
            (true, _) => "default",
            _ => this.text(item),
        };
        if hops > MAX_HOPS {
            return vec![Entity::Unresolved];
        }
        if this.family == Family::Java {
            return self.java_imported(file, path, if item.is_empty() { "" } else { name });
        }
        match self.module(file, path) {
            Module::File(found) if name.is_empty() => vec![Entity::Module(found)],
            // `from . import part` in the package itself names the part.
            Module::File(found) if found == file && self.is_python(file) => {
                let part = self.modules.submodule(self.file(file).facts.path, name);
                vec![part.map_or(Entity::Unresolved, Entity::Module)]
            }
            Module::File(found) => self.exported(found, name, space, hops + 1),
            Module::Folder if !name.is_empty() => {
                let joint = if path.ends_with('.') { "" } else { "." };
                match self.module(file, &format!("{path}{joint}{name}")) {
                    Module::File(found) => vec![Entity::Module(found)],
                    _ => vec![Entity::Unresolved],
                }
            }
            Module::Folder | Module::Missing => vec![Entity::Unresolved],
            Module::External => vec![Entity::External],
        }
    }

    /// What `name` of the module `file` means; empty if it has no such name.
    pub(crate) fn exported(&self, file: u32, name: &str, space: Space, hops: u32) -> Vec<Entity> {
        if hops > MAX_HOPS {
            return vec![Entity::Unresolved];
        }
        let this = self.file(file);
        if this.family == Family::Go {
            return self.go.names(file, name);
        }
        let python = self.is_python(file);
        let mut found = Vec::new();
        for export in &this.facts.bindings.exports {
            if export.alias.is_empty() || this.text(export.alias) != name {
                continue;
            }
            if !export.module.is_empty() {
                found.extend(self.imported(file, export.module, export.item, space, hops + 1));
            } else if this.text(export.item) != name {
                found.extend(self.own(file, this.text(export.item), space, hops));
            }
        }
        if found.is_empty() {
            found = self.own(file, name, space, hops);
        }
        if found.is_empty() && python {
            found.extend(self.modules.submodule(this.facts.path, name).map(Entity::Module));
        }
        if found.is_empty() {
            found = self.through_stars(file, name, space, hops);
        }
        found
    }

    /// The names that a module binds itself.
    fn own(&self, file: u32, name: &str, space: Space, hops: u32) -> Vec<Entity> {
        let this = self.file(file);
        let mut found = Vec::new();
        let mut bindings = this.bound(0, name).to_vec();
        if self.is_python(file) {
            // The last one that is not in a branch hides those before it; without one, all are possible.
            let whole = this.facts.text.len();
            if let Some(last) = bindings.iter().rposition(|&index| this.binding(index).extent.len() >= whole) {
                bindings.drain(..last.min(bindings.len().saturating_sub(1)));
            }
        }
        for index in bindings {
            let binding = this.binding(index);
            if !self.is_python(file) && binding.space != space && binding.space != Space::Both && space != Space::Both {
                continue;
            }
            match binding.source {
                Source::Import { module, item } => found.extend(self.imported(file, module, item, space, hops + 1)),
                _ => found.push(Entity::Binding(file, index)),
            }
        }
        found
    }

    /// What the package of a file, star imports and `export *` pass on.
    pub(crate) fn through_stars(&self, file: u32, name: &str, space: Space, hops: u32) -> Vec<Entity> {
        let this = self.file(file);
        if this.family == Family::Go {
            let found = self.go_package_name(file, name);
            if !found.is_empty() {
                return found;
            }
        }
        let mut outside = false;
        for export in &this.facts.bindings.exports {
            if !export.item.is_empty() || !export.alias.is_empty() || name == "default" {
                continue;
            }
            match self.module(file, this.text(export.module)) {
                Module::File(from) if from != file => {
                    let found = self.exported(from, name, space, hops + 2);
                    if !found.is_empty() {
                        return found;
                    }
                }
                Module::File(_) => {}
                _ => outside = true,
            }
        }
        if outside { vec![Entity::Unresolved] } else { Vec::new() }
    }

    /// What a binding means once imports are followed.
    pub(crate) fn entities(&self, file: u32, binding: u32, space: Space) -> Vec<Entity> {
        match self.file(file).binding(binding).source {
            Source::Import { module, item } => self.imported(file, module, item, space, 0),
            _ => vec![Entity::Binding(file, binding)],
        }
    }
}
