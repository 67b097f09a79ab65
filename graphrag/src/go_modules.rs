//! Go: which folder an import path means, and what the files of a package define together.

use std::collections::HashMap;

use rag_core::bindings::{ScopeId, ScopeKind, Source};

use crate::file::{Family, File};
use crate::manifest::{Manifest, ManifestKind, join};
use crate::modules::Module;
use crate::world::{Entity, World};

/// The files of a folder that say they belong to one package.
#[derive(Default)]
struct Package<'a> {
    name: &'a str,
    files: Vec<u32>,
    /// What the package block binds: file, binding.
    names: HashMap<&'a str, Vec<(u32, u32)>>,
    /// Type → extensions with its methods: file, scope.
    extensions: HashMap<&'a str, Vec<(u32, ScopeId)>>,
}

/// The packages of a repository.
#[derive(Default)]
pub(crate) struct GoPackages<'a> {
    packages: Vec<Package<'a>>,
    /// File → its package.
    of_file: HashMap<u32, usize>,
    /// Folder → packages in it.
    of_folder: HashMap<&'a str, Vec<usize>>,
    /// Path of a module and its folder, the longest path first.
    roots: Vec<(String, String)>,
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl<'a> GoPackages<'a> {
    pub(crate) fn new(files: &[File<'a>], manifests: &[Manifest]) -> Self {
        let mut go = GoPackages::default();
        let modules = manifests.iter().filter(|manifest| manifest.kind == ManifestKind::GoModule);
        go.roots = modules.map(|manifest| (manifest.name.clone(), manifest.target.clone())).collect();
        go.roots.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        for (file, index) in files.iter().zip(0..) {
            if file.family == Family::Go {
                go.add(file, index);
            }
        }
        go
    }

    fn add(&mut self, file: &File<'a>, index: u32) {
        let name = file.text(file.facts.bindings.package);
        let here = self.of_folder.entry(folder_of(file.facts.path)).or_default();
        let known = here.iter().copied().find(|&package| self.packages[package].name == name);
        let number = known.unwrap_or_else(|| {
            here.push(self.packages.len());
            self.packages.push(Package { name, ..Package::default() });
            self.packages.len() - 1
        });
        self.of_file.insert(index, number);
        let package = &mut self.packages[number];
        package.files.push(index);
        for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
            if binding.scope == 0 && !matches!(binding.source, Source::Import { .. }) {
                package.names.entry(file.text(binding.name)).or_default().push((index, number));
            }
        }
        for (scope, number) in file.facts.bindings.scopes.iter().zip(0..) {
            if scope.kind == ScopeKind::Extension {
                package.extensions.entry(file.text(scope.name)).or_default().push((index, number));
            }
        }
    }

    fn package(&self, file: u32) -> Option<&Package<'a>> {
        self.of_file.get(&file).map(|&package| &self.packages[package])
    }

    /// The package that `path` means, as one of its files.
    pub(crate) fn import(&self, path: &str) -> Module {
        for (module, folder) in &self.roots {
            let Some(rest) = path.strip_prefix(module.as_str()) else { continue };
            if rest.is_empty() || rest.starts_with('/') {
                return self.in_folder(&join(folder, rest)).map_or(Module::Missing, Module::File);
            }
        }
        // Without `go.mod` nobody says where paths start.
        let ends = |folder: &&&str| !folder.is_empty() && path.ends_with(&format!("/{folder}"));
        match self.roots.is_empty() && self.of_folder.keys().any(|folder| ends(&folder)) {
            true => Module::Missing,
            false => Module::External,
        }
    }

    /// The package that other folders see: the largest that is no test and no program.
    fn in_folder(&self, folder: &str) -> Option<u32> {
        let here = self.of_folder.get(folder)?.iter().map(|&package| &self.packages[package]);
        let seen = here.filter(|package| !package.name.ends_with("_test"));
        let best = seen.max_by_key(|package| (package.name != "main", package.files.len()))?;
        best.files.first().copied()
    }

    /// What the package of `file` binds to `name`.
    pub(crate) fn names(&self, file: u32, name: &str) -> Vec<Entity> {
        let found = self.package(file).and_then(|package| package.names.get(name));
        found.into_iter().flatten().map(|&(file, binding)| Entity::Binding(file, binding)).collect()
    }

    /// The extensions of the type `name` in the package of `file`.
    pub(crate) fn extensions(&self, file: u32, name: &str) -> &[(u32, ScopeId)] {
        self.package(file).and_then(|package| package.extensions.get(name)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The name that the package of `file` gives itself.
    fn own_name(&self, file: u32) -> &'a str {
        self.package(file).map_or("", |package| package.name)
    }
}

impl World<'_> {
    /// What `name` means in a file that does not bind it: its package does, or it is a package imported by another name
    /// than its path suggests.
    pub(crate) fn go_package_name(&self, file: u32, name: &str) -> Vec<Entity> {
        let found = self.go.names(file, name);
        if !found.is_empty() {
            return found;
        }
        let this = self.file(file);
        for binding in &this.facts.bindings.names {
            if let Source::Import { module, .. } = binding.source
                && module.contains(binding.name)
                && let Module::File(package) = self.go.import(this.text(module))
                && self.go.own_name(package) == name
            {
                return vec![Entity::Module(package)];
            }
        }
        Vec::new()
    }
}
