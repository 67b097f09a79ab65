//! Java: what a simple name means where it stands. Variables, types and methods are told apart by how they are used.

use rag_core::Span;
use rag_core::bindings::{ScopeId, ScopeKind, Source, Space};

use crate::members::Members;
use crate::modules::Module;
use crate::types::{Def, Env, Type, Types, no_arguments, one, union};
use crate::world::{Entity, World};

impl<'a> World<'a> {
    /// The class that an entity is.
    pub(crate) fn java_class_def(&self, entity: Entity) -> Option<Def> {
        let Entity::Binding(file, index) = entity else { return None };
        match self.file(file).binding(index).source {
            Source::Scope(scope) if self.file(file).scope(scope).kind == ScopeKind::Class => Some(Def { file, scope }),
            _ => None,
        }
    }

    /// The field or class `name` of a class or its bases.
    pub(crate) fn java_field(&self, def: Def, name: &str) -> Vec<Entity> {
        let this = Type::Instance(def, no_arguments());
        match self.member(def, &no_arguments(), name, &this) {
            Members::Found(found, _) => found,
            _ => Vec::new(),
        }
    }

    /// What a name means as a type.
    pub(crate) fn java_type_name(&self, file: u32, scope: ScopeId, name: &'a str) -> Vec<Entity> {
        let this = self.file(file);
        let mut at = scope;
        while at != 0 && this.scope(at).kind != ScopeKind::Class {
            let own = self.java_own_types(file, at, name);
            if !own.is_empty() {
                return own;
            }
            at = this.scope(at).parent;
        }
        if let Some(known) = self.java_types.borrow().get(&(file, at, name)) {
            return known.clone();
        }
        let Some(found) = self.deeper(|| self.java_type_from(file, at, name)) else { return vec![Entity::Unresolved] };
        self.java_types.borrow_mut().insert((file, at, name), found.clone());
        found
    }

    /// The classes and type parameters `name` that a scope binds.
    fn java_own_types(&self, file: u32, scope: ScopeId, name: &str) -> Vec<Entity> {
        let this = self.file(file);
        let types = this.bound(scope, name).iter().filter(|&&index| this.binding(index).space == Space::Type);
        types.map(|&index| Entity::Binding(file, index)).collect()
    }

    /// What a name means as a type in a class, or in no class.
    fn java_type_from(&self, file: u32, class: ScopeId, name: &'a str) -> Vec<Entity> {
        let this = self.file(file);
        let mut at = class;
        while at != 0 {
            let own = self.java_own_types(file, at, name);
            if !own.is_empty() {
                return own;
            }
            if this.scope(at).kind == ScopeKind::Class {
                let def = Def { file, scope: at };
                match self.inherited(def, &no_arguments(), name, &Type::Instance(def, no_arguments())) {
                    Members::Found(found, _) if found.iter().any(|&entity| self.java_class_def(entity).is_some()) => {
                        return found;
                    }
                    // That a base from outside has a class of a name that is known here is too rare to count.
                    _ => {}
                }
            }
            at = this.scope(at).parent;
        }
        let found = self.java_file_type(file, name);
        if found.is_empty() { self.java_starred_type(file, name) } else { found }
    }

    /// A class that the file defines or imports by name, or that its package defines.
    fn java_file_type(&self, file: u32, name: &str) -> Vec<Entity> {
        let this = self.file(file);
        let mut found = Vec::new();
        for &index in this.bound(0, name) {
            match this.binding(index).source {
                Source::Import { module, item } => {
                    let item = if item.is_empty() { "" } else { this.text(item) };
                    let imported = self.java_imported(file, this.text(module), item);
                    // A static import names fields and methods, too.
                    let classes = |&entity: &Entity| item.is_empty() || self.java_class_def(entity).is_some();
                    found.extend(imported.into_iter().filter(classes));
                }
                _ => found.push(Entity::Binding(file, index)),
            }
        }
        if found.is_empty() {
            found = self.java_class(file, this.text(this.facts.bindings.package), name);
        }
        found
    }

    /// A class from a package or class that is imported as a whole, or from outside.
    fn java_starred_type(&self, file: u32, name: &str) -> Vec<Entity> {
        let this = self.file(file);
        let mut found = Vec::new();
        for export in &this.facts.bindings.exports {
            found.extend(self.java_qualified(file, &format!("{}.{name}", this.text(export.module)), 0));
        }
        if found.is_empty() { vec![Entity::External] } else { found }
    }

    /// What a name means as an expression, and what is known where it is defined: a variable, else a class.
    pub(crate) fn java_value_name(&self, file: u32, scope: ScopeId, name: Span) -> Vec<(Entity, Env<'a>)> {
        let this = self.file(file);
        let text = this.text(name);
        let mut at = scope;
        let mut open = false;
        while at != 0 {
            let here = this.scope(at);
            let visible = |&&index: &&u32| {
                let binding = this.binding(index);
                binding.space != Space::Type && binding.extent.contains(name)
            };
            if let Some(&index) = this.bound(at, text).iter().rfind(visible) {
                return vec![(Entity::Binding(file, index), Env::default())];
            }
            if here.kind == ScopeKind::Class {
                let def = Def { file, scope: at };
                match self.inherited(def, &no_arguments(), text, &Type::Instance(def, no_arguments())) {
                    Members::Found(found, env) => {
                        return found.into_iter().map(|entity| (entity, env.clone())).collect();
                    }
                    Members::External => open = true,
                    Members::Missing => {}
                }
            }
            at = here.parent;
        }
        let mut found = self.java_static_field(file, text);
        if found.is_empty() {
            found = self.java_type_name(file, scope, text);
        }
        // A field that is inherited from outside; fields of such names are rare.
        let is_field = text.starts_with(|c: char| c.is_lowercase());
        if open && is_field && found == [Entity::External] {
            found = vec![Entity::Unresolved];
        }
        found.into_iter().map(|entity| (entity, Env::default())).collect()
    }

    /// A field that is imported statically.
    fn java_static_field(&self, file: u32, name: &str) -> Vec<Entity> {
        let this = self.file(file);
        for &index in this.bound(0, name) {
            if let Source::Import { module, item } = this.binding(index).source
                && !item.is_empty()
            {
                return self.java_imported(file, this.text(module), name);
            }
        }
        for export in &this.facts.bindings.exports {
            for class in self.java_qualified(file, this.text(export.module), 0) {
                let found: Vec<Entity> =
                    self.java_class_def(class).into_iter().flat_map(|def| self.java_field(def, name)).collect();
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// The values that a name can have.
    pub(crate) fn java_name_value(&self, file: u32, scope: ScopeId, name: Span) -> Types {
        let found = self.java_value_name(file, scope, name);
        union(found.into_iter().map(|(entity, env)| match env.is_empty() {
            true => self.entity_value(entity, &Env::default()),
            false => self.member_value(entity, &env),
        }))
    }

    /// Classes whose static members a file imports: those of one name, or all.
    pub(crate) fn java_static_classes(&self, file: u32, name: &str) -> StaticClasses {
        let this = self.file(file);
        let mut classes = StaticClasses::default();
        for &index in this.bound(0, name) {
            if let Source::Import { module, item } = this.binding(index).source
                && !item.is_empty()
            {
                self.java_static_class(file, this.text(module), &mut classes);
            }
        }
        if classes.found.is_empty() && !classes.outside && !classes.open {
            for export in &this.facts.bindings.exports {
                self.java_static_class(file, this.text(export.module), &mut classes);
            }
        }
        classes
    }

    fn java_static_class(&self, file: u32, path: &str, classes: &mut StaticClasses) {
        let found = self.java_qualified(file, path, 0);
        if found.is_empty() {
            match self.java_module(path) {
                Module::External => classes.outside = true,
                // A package has no static members.
                Module::Folder => {}
                _ => classes.open = true,
            }
        }
        classes.found.extend(found.into_iter().filter_map(|class| self.java_class_def(class)));
    }

    /// The receiver inside of a class: its type parameters stand for their bounds.
    pub(crate) fn java_receiver(&self, def: Def) -> Types {
        let file = self.file(def.file);
        let names = file.facts.bindings.list(file.scope(def.scope).type_parameters);
        let bounds = names.iter().map(|&name| self.annotated(def.file, name, &Env::default()));
        one(Type::Instance(def, bounds.collect()))
    }
}

/// Classes whose static members are visible by their names.
#[derive(Default)]
pub(crate) struct StaticClasses {
    pub(crate) found: Vec<Def>,
    pub(crate) outside: bool,
    pub(crate) open: bool,
}
