//! Which classes there are, and what namespaces hold.

use std::collections::{HashMap, HashSet};

use rag_core::bindings::{ScopeId, ScopeKind, Source};

use super::arguments::is_parameter;
use super::{Classes, Place};
use crate::file::{Family, File};

/// Index of a class in [`Table::classes`].
pub(super) type ClassId = u32;

/// Languages that see each other's definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Group {
    Jvm,
    CSharp,
    Swift,
}

impl Group {
    pub(super) fn of(family: Family) -> Option<Group> {
        match family {
            Family::Kotlin | Family::Scala | Family::Java => Some(Group::Jvm),
            Family::CSharp => Some(Group::CSharp),
            Family::Swift => Some(Group::Swift),
            _ => None,
        }
    }
}

/// A class, interface, object, …
pub(super) struct Class<'a> {
    pub(super) name: &'a str,
    /// Where its members are written.
    pub(super) parts: Vec<(u32, ScopeId)>,
    /// Where it is defined: several places for a partial class.
    pub(super) places: Vec<Place>,
    /// There is one of it, and its name stands for that.
    pub(super) is_object: bool,
    pub(super) companions: Vec<ClassId>,
}

/// What a namespace, or all of a group, has under a name.
type Places<'a> = HashMap<&'a str, Vec<Place>>;

#[derive(Default)]
pub(super) struct Table<'a> {
    pub(super) classes: Vec<Class<'a>>,
    /// Scope of a class, or of what adds to it → the class.
    pub(super) of_scope: HashMap<(u32, ScopeId), ClassId>,
    pub(super) spaces: HashMap<(Group, String), Places<'a>>,
    /// Namespaces, and what is in front of their last parts.
    pub(super) prefixes: HashSet<(Group, String)>,
    /// Namespace of a file or of a scope that opens one.
    pub(super) space_of: HashMap<(u32, ScopeId), String>,
    /// Functions called on receivers they are no members of.
    pub(super) extensions: HashMap<(Group, &'a str), Vec<Place>>,
    /// What is added to types from outside: name of the type → scopes.
    pub(super) added: HashMap<(Group, &'a str), Vec<(u32, ScopeId)>>,
    /// Functions and classes by name.
    pub(super) callable: HashMap<(Group, &'a str), Vec<Place>>,
    /// Function → its parameters.
    pub(super) parameters: HashMap<(u32, ScopeId), Vec<u32>>,
    /// What all files of a language import: file, namespace.
    pub(super) global: Vec<(u32, &'a str)>,
}

/// A path without the white space that may stand in it.
pub(super) fn tidy(path: &str) -> String {
    path.chars().filter(|c| !c.is_whitespace() && *c != '`').collect::<String>().replace("global::", "")
}

/// The module that a Swift file belongs to.
fn module(path: &str) -> &str {
    let mut parts = path.split('/').peekable();
    let first = parts.peek().copied().unwrap_or("");
    while let Some(part) = parts.next() {
        if let ("Sources" | "Tests" | "Plugins", Some(name)) = (part, parts.next_if(|name| !name.ends_with(".swift"))) {
            return name;
        }
    }
    if first.ends_with(".swift") { "" } else { first }
}

impl<'a> Table<'a> {
    pub(super) fn new(files: &[File<'a>]) -> Self {
        let mut table = Table::default();
        for (file, index) in files.iter().zip(0..) {
            if let Some(group) = Group::of(file.family)
                && !file.facts.bindings.scopes.is_empty()
            {
                table.add_spaces(file, index, group);
                table.add_classes(file, index);
                table.add_names(file, index, group);
            }
        }
        table
    }

    fn add_spaces(&mut self, file: &File<'a>, index: u32, group: Group) {
        let facts = file.facts.bindings;
        for (scope, id) in facts.scopes.iter().zip(0..) {
            let space = match scope.kind {
                ScopeKind::File if file.family == Family::Swift => module(file.facts.path).to_owned(),
                ScopeKind::File => tidy(file.text(facts.package)),
                ScopeKind::Namespace => {
                    let outer = self.space_around(file, index, scope.parent);
                    let own = tidy(file.text(scope.name));
                    if outer.is_empty() { own } else { format!("{outer}.{own}") }
                }
                _ => continue,
            };
            let mut prefix = space.as_str();
            while self.prefixes.insert((group, prefix.to_owned()))
                && let Some((outer, _)) = prefix.rsplit_once('.')
            {
                prefix = outer;
            }
            self.space_of.insert((index, id), space);
        }
        for export in &facts.exports {
            if export.item.is_empty() && !export.alias.is_empty() {
                self.global.push((index, file.text(export.module)));
            }
        }
    }

    /// The namespace that a scope lies in.
    pub(super) fn space_around(&self, file: &File, index: u32, mut scope: ScopeId) -> &str {
        loop {
            if let Some(space) = self.space_of.get(&(index, scope)) {
                return space;
            }
            if scope == 0 {
                return "";
            }
            scope = file.scope(scope).parent;
        }
    }

    fn add_classes(&mut self, file: &File<'a>, index: u32) {
        // Parts of a class have one name, stand in one namespace or class, and have as many type parameters.
        for (scope, id) in file.facts.bindings.scopes.iter().zip(0..) {
            if scope.kind != ScopeKind::Class {
                continue;
            }
            let class = self.classes.len() as ClassId;
            self.classes.push(Class {
                name: file.text(scope.name),
                parts: vec![(index, id)],
                places: file.class_binding(id).map(|binding| (index, binding)).into_iter().collect(),
                is_object: scope.flags.is_static,
                companions: Vec::new(),
            });
            self.of_scope.insert((index, id), class);
            if scope.flags.is_class_method
                && let Some(around) = file.around(scope.parent, &[ScopeKind::Class])
                && let Some(&outer) = self.of_scope.get(&(index, around))
            {
                self.classes[outer as usize].companions.push(class);
            }
        }
    }

    fn add_names(&mut self, file: &File<'a>, index: u32, group: Group) {
        for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
            let place = (index, number);
            let name = file.text(binding.name).trim_matches('`');
            if let Source::Scope(scope) = binding.source {
                let scope = file.scope(scope);
                self.callable.entry((group, name)).or_default().push(place);
                // The members of an implicit class are called on what it is made of.
                let wrapped = file.family == Family::Scala
                    && file.scope(binding.scope).kind == ScopeKind::Class
                    && file.scope(binding.scope).returns.is_some();
                if scope.kind == ScopeKind::Function && (wrapped || scope.bases.start < scope.bases.end) {
                    self.extensions.entry((group, name)).or_default().push(place);
                }
            }
            if file.scope(binding.scope).kind == ScopeKind::Function && is_parameter(binding.source, binding.space) {
                self.parameters.entry((index, binding.scope)).or_default().push(number);
            }
            let imported = matches!(binding.source, Source::Import { .. } | Source::Use(_));
            if let Some(space) = self.space_of.get(&(index, binding.scope))
                && !imported
            {
                let names = self.spaces.entry((group, space.clone())).or_default();
                names.entry(name).or_default().push(place);
            }
        }
    }
}

impl<'a> Classes<'_, 'a> {
    pub(super) fn class(&self, class: ClassId) -> &Class<'a> {
        &self.table.classes[class as usize]
    }

    /// The class that a binding defines.
    pub(super) fn class_at(&self, (file, index): Place) -> Option<ClassId> {
        match self.file(file).binding(index).source {
            Source::Scope(scope) => self.table.of_scope.get(&(file, scope)).copied(),
            _ => None,
        }
    }

    /// The function that a binding defines.
    pub(super) fn function_at(&self, (file, index): Place) -> Option<ScopeId> {
        match self.file(file).binding(index).source {
            Source::Scope(scope) if self.file(file).scope(scope).kind == ScopeKind::Function => Some(scope),
            _ => None,
        }
    }

    /// Joins the parts of partial classes, and adds what extensions add.
    pub(super) fn add_extensions(&mut self) {
        self.join_parts();
        let mut added: Vec<((u32, ScopeId), Option<ClassId>, &'a str)> = Vec::new();
        for (file, index) in self.files.iter().zip(0..) {
            if !file.family.has_classes() {
                continue;
            }
            for (scope, id) in file.facts.bindings.scopes.iter().zip(0..) {
                let (ScopeKind::Extension, Some(of)) = (scope.kind, scope.returns) else { continue };
                self.start();
                match self.annotated(index, of) {
                    super::types::Ty::Instance(class, _) => added.push(((index, id), Some(class), "")),
                    super::types::Ty::Outside(name, _) => added.push(((index, id), None, name)),
                    _ => {}
                }
            }
        }
        for (scope, class, name) in added {
            match class {
                Some(class) => {
                    self.table.of_scope.insert(scope, class);
                    self.table.classes[class as usize].parts.push(scope);
                }
                None => {
                    let group = self.group(scope.0);
                    self.table.added.entry((group, name)).or_default().push(scope);
                }
            }
        }
    }

    /// Parts of a class have one name, stand in one namespace or class, and have as many type parameters.
    fn join_parts(&mut self) {
        let mut first: HashMap<(String, &'a str, u32), ClassId> = HashMap::new();
        let mut joined: HashMap<(u32, ScopeId), ClassId> = HashMap::new();
        for class in 0..self.table.classes.len() as ClassId {
            let (file, scope) = self.class(class).parts[0];
            let this = self.file(file);
            if this.family != Family::CSharp || this.scope(scope).name.is_empty() {
                continue;
            }
            let mut around = this.scope(scope).parent;
            while !matches!(this.scope(around).kind, ScopeKind::File | ScopeKind::Namespace | ScopeKind::Class) {
                around = this.scope(around).parent;
            }
            let container = match this.scope(around).kind {
                ScopeKind::Class => {
                    let outer = self.table.of_scope.get(&(file, around)).copied().unwrap_or(class);
                    format!("#{}", joined.get(&(file, around)).copied().unwrap_or(outer))
                }
                _ => self.table.space_around(this, file, around).to_owned(),
            };
            let generic = this.scope(scope).type_parameters;
            let key = (container, self.class(class).name, generic.end.saturating_sub(generic.start));
            let into = *first.entry(key).or_insert(class);
            if into != class {
                let parts = std::mem::take(&mut self.table.classes[class as usize].parts);
                let places = std::mem::take(&mut self.table.classes[class as usize].places);
                for &part in &parts {
                    self.table.of_scope.insert(part, into);
                    joined.insert(part, into);
                }
                let whole = &mut self.table.classes[into as usize];
                whole.parts.extend(parts);
                whole.places.extend(places);
            }
        }
    }
}
