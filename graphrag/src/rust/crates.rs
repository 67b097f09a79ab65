//! Crates, and the tree of modules that their files declare.

use std::collections::HashMap;

use rag_core::bindings::{ScopeId, ScopeKind, Source, Space};

use crate::file::{Family, File};
use crate::manifest::{Manifest, ManifestKind, join};
use crate::types::Def;

/// How deep modules may nest.
const MAX_DEPTH: usize = 64;

#[derive(Default)]
pub(super) struct Crates {
    /// File → the module that declares it; crate roots have none.
    parents: HashMap<u32, Def>,
    /// `mod name;`, by file and binding → the file.
    declared: HashMap<(u32, u32), u32>,
    /// Name of a crate → its root.
    names: HashMap<String, u32>,
    /// Name of a macro → its definitions: file and binding.
    macros: HashMap<String, Vec<(u32, u32)>>,
}

impl Crates {
    pub(super) fn new(files: &[File], manifests: &[Manifest]) -> Self {
        let mut crates = Crates::default();
        let rust = || files.iter().zip(0u32..).filter(|(file, _)| file.family == Family::Rust);
        let paths: HashMap<&str, u32> = rust().map(|(file, index)| (file.facts.path, index)).collect();
        for (file, index) in rust() {
            for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
                if binding.space == Space::Macro {
                    let name = file.text(binding.name).to_owned();
                    crates.macros.entry(name).or_default().push((index, number));
                }
                let Source::Import { module, .. } = binding.source else { continue };
                let written = (module != binding.name).then(|| file.text(module));
                let found = module_paths(file, binding.scope, file.text(binding.name), written);
                let Some(&child) = found.iter().find_map(|path| paths.get(path.as_str())) else { continue };
                if child != index {
                    crates.declared.insert((index, number), child);
                    // A file can be part of several crates (`tests/common`): the first by path, whatever the order of the files.
                    let parent = crates.parents.entry(child).or_insert(Def { file: index, scope: binding.scope });
                    if file.facts.path < files[parent.file as usize].facts.path {
                        *parent = Def { file: index, scope: binding.scope };
                    }
                }
            }
        }
        for manifest in manifests.iter().filter(|manifest| manifest.kind == ManifestKind::Crate) {
            if let Some(&root) = paths.get(manifest.target.as_str()) {
                let known = crates.names.entry(manifest.name.clone()).or_insert(root);
                if files[root as usize].facts.path < files[*known as usize].facts.path {
                    *known = root;
                }
            }
        }
        crates
    }

    /// The file that `mod name;` declares.
    pub(super) fn declared(&self, file: u32, binding: u32) -> Option<u32> {
        self.declared.get(&(file, binding)).copied()
    }

    /// The macros called `name`.
    pub(super) fn macros(&self, name: &str) -> &[(u32, u32)] {
        self.macros.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The root of the crate that `name` means.
    pub(super) fn named(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    /// The root of the crate that a file belongs to.
    pub(super) fn root(&self, mut file: u32) -> u32 {
        for _ in 0..MAX_DEPTH {
            match self.parents.get(&file) {
                Some(parent) => file = parent.file,
                None => break,
            }
        }
        file
    }

    /// The module around the file of a module.
    pub(super) fn declared_in(&self, file: u32) -> Option<Def> {
        self.parents.get(&file).copied()
    }
}

/// Where the file of `mod name;` can lie.
fn module_paths(file: &File, scope: ScopeId, name: &str, written: Option<&str>) -> Vec<String> {
    let (folder, base) = file.facts.path.rsplit_once('/').unwrap_or(("", file.facts.path));
    let stem = base.strip_suffix(".rs").unwrap_or(base);
    let inner = spaces(file, scope);
    if let Some(written) = written {
        let below = join(folder, &join(stem, &inner));
        return match inner.is_empty() {
            true => vec![join(folder, written)],
            false => vec![join(&join(folder, &inner), written), join(&below, written)],
        };
    }
    let own = match stem {
        "mod" | "lib" | "main" => vec![folder.to_owned()],
        // Roots of tests, examples and binaries look like any other file, but have their modules beside them.
        _ => vec![join(folder, stem), folder.to_owned()],
    };
    let folders = own.iter().map(|folder| join(folder, &inner));
    folders
        .flat_map(|folder| [join(&folder, &format!("{name}.rs")), join(&folder, &format!("{name}/mod.rs"))])
        .collect()
}

/// The namespaces around a scope, as folders.
fn spaces(file: &File, mut scope: ScopeId) -> String {
    let mut names = Vec::new();
    while scope != 0 {
        let here = file.scope(scope);
        if here.kind == ScopeKind::Namespace {
            names.push(file.text(here.name));
        }
        scope = here.parent;
    }
    names.reverse();
    names.join("/")
}
