//! Java: which file defines a class of a qualified name, and what an import means.

use std::collections::{HashMap, HashSet};

use rag_core::bindings::{Expr, ExprId, ScopeKind, Source};

use crate::file::{Family, File};
use crate::modules::Module;
use crate::world::{Entity, World};

/// Name → where it is defined: file, binding.
type Places<'a> = HashMap<&'a str, Vec<(u32, u32)>>;

/// The packages of a repository.
#[derive(Default)]
pub(crate) struct JavaPackages<'a> {
    /// Package → the classes that are written directly in a file.
    classes: HashMap<&'a str, Places<'a>>,
    /// Packages, and what is in front of their last parts.
    prefixes: HashSet<&'a str>,
}

/// The folder that the packages of a file start in: two folders may both define a class, their own comes first.
fn source_root<'a>(file: &File<'a>) -> &'a str {
    let folder = file.facts.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let package = file.text(file.facts.bindings.package);
    let below = folder.len().saturating_sub(package.len());
    match folder.get(below..) {
        Some(end) if end.replace('/', ".") == package => folder.get(..below).unwrap_or(""),
        _ => folder,
    }
}

impl<'a> JavaPackages<'a> {
    pub(crate) fn new(files: &[File<'a>]) -> Self {
        let mut java = JavaPackages::default();
        for (file, index) in files.iter().zip(0..) {
            if file.family != Family::Java {
                continue;
            }
            let package = file.text(file.facts.bindings.package);
            let classes = java.classes.entry(package).or_default();
            for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
                if binding.scope == 0 && matches!(binding.source, Source::Scope(_)) {
                    classes.entry(file.text(binding.name)).or_default().push((index, number));
                }
            }
            let mut prefix = package;
            while java.prefixes.insert(prefix)
                && let Some((outer, _)) = prefix.rsplit_once('.')
            {
                prefix = outer;
            }
        }
        java
    }
}

impl World<'_> {
    /// The class `name` of `package`, seen from `file`.
    pub(crate) fn java_class(&self, file: u32, package: &str, name: &str) -> Vec<Entity> {
        let Some(found) = self.java.classes.get(package).and_then(|classes| classes.get(name)) else {
            return Vec::new();
        };
        let root = source_root(self.file(file));
        let near = |&&(other, _): &&(u32, u32)| source_root(self.file(other)) == root;
        let own: Vec<Entity> =
            found.iter().filter(near).map(|&(file, binding)| Entity::Binding(file, binding)).collect();
        if !own.is_empty() {
            return own;
        }
        found.iter().map(|&(file, binding)| Entity::Binding(file, binding)).collect()
    }

    /// The class of a qualified name, which may lie inside of others; empty if it is not there.
    pub(crate) fn java_qualified(&self, file: u32, path: &str, depth: u32) -> Vec<Entity> {
        let Some((outer, name)) = path.rsplit_once('.') else { return self.java_class(file, "", path) };
        let found = self.java_class(file, outer, name);
        if !found.is_empty() || depth > 8 {
            return found;
        }
        self.java_qualified(file, outer, depth + 1)
            .into_iter()
            .flat_map(|entity| self.java_member_class(entity, name))
            .collect()
    }

    /// The class `name` that is written inside of a class.
    fn java_member_class(&self, outer: Entity, name: &str) -> Vec<Entity> {
        let Entity::Binding(file, index) = outer else { return Vec::new() };
        let this = self.file(file);
        let Source::Scope(scope) = this.binding(index).source else { return Vec::new() };
        let class = |&&index: &&u32| match this.binding(index).source {
            Source::Scope(scope) => this.scope(scope).kind == ScopeKind::Class,
            _ => false,
        };
        this.bound(scope, name).iter().filter(class).map(|&index| Entity::Binding(file, index)).collect()
    }

    /// Where the name of a package or class leads if there is no such class.
    pub(crate) fn java_module(&self, path: &str) -> Module {
        let mut outer = path;
        // A class, perhaps inside of another, of a package that is here: it may be generated, or written in Kotlin.
        for _ in 0..2 {
            outer = outer.rsplit_once('.').map_or("", |(outer, _)| outer);
            if self.java.classes.contains_key(outer) && !outer.is_empty() {
                return Module::Missing;
            }
        }
        if self.java.classes.contains_key(path) { Module::Folder } else { Module::External }
    }

    /// What `import path` means, of a member `item` of the class `path` if there is one.
    pub(crate) fn java_imported(&self, file: u32, path: &str, item: &str) -> Vec<Entity> {
        let classes = self.java_qualified(file, path, 0);
        if classes.is_empty() {
            return match self.java_module(path) {
                Module::External => vec![Entity::External],
                _ => vec![Entity::Unresolved],
            };
        }
        if item.is_empty() {
            return classes;
        }
        let members: Vec<Entity> = classes
            .iter()
            .flat_map(|&class| self.java_class_def(class))
            .flat_map(|def| self.java_field(def, item))
            .collect();
        if members.is_empty() { vec![Entity::Unresolved] } else { members }
    }

    /// The class that a chain of names spells out from its package on.
    pub(crate) fn java_spelled(&self, file: u32, expr: ExprId) -> Vec<Entity> {
        let this = self.file(file);
        let facts = this.facts.bindings;
        let Expr::Attribute(_, last) = facts.expr(expr) else { return Vec::new() };
        let mut first = expr;
        for _ in 0..16 {
            match facts.expr(first) {
                Expr::Attribute(object, _) => first = object,
                Expr::Name(name, _) if this.family == Family::Java && self.java.prefixes.contains(this.text(name)) => {
                    let path = this.facts.text.get(name.start as usize..last.end as usize).unwrap_or("");
                    return self.java_qualified(file, path, 0);
                }
                _ => return Vec::new(),
            }
        }
        Vec::new()
    }
}
