//! What files import: files of the repository, and packages from outside.

use rag_core::Span;
use rag_core::bindings::{Source, Space};

use crate::file::Family;
use crate::modules::Module;
use crate::world::{Entity, World};

/// A file's import of something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Index of the file among the linked files.
    pub file: u32,
    /// Where it says so.
    pub site: Span,
    /// What is imported.
    pub what: Imported,
}

/// What an import leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Imported {
    /// A module of the repository.
    File(u32),
    /// A definition in a file of the repository: its name.
    Definition(u32, Span),
    /// A package from outside.
    Package(String),
}

/// The imports of one file, in the order of the text.
pub(crate) fn imports(world: &World, file: u32) -> Vec<Import> {
    let this = world.file(file);
    let mut found = Vec::new();
    let mut add = |site: Span, what: Imported| found.push(Import { file, site, what });
    for binding in &this.facts.bindings.names {
        let Source::Import { module, item } = binding.source else { continue };
        if module.is_empty() {
            continue;
        }
        match world.module(file, this.text(module)) {
            Module::External => {
                if let Some(package) = package(this.family, this.text(module)) {
                    add(module, Imported::Package(package.to_owned()));
                }
            }
            Module::File(module_file) => add(module, Imported::File(module_file)),
            Module::Folder | Module::Missing => {}
        }
        for entity in world.imported(file, module, item, Space::Value, 0) {
            match entity {
                Entity::Binding(owner, index) => {
                    let site = if item.is_empty() { module } else { item };
                    add(site, Imported::Definition(owner, world.file(owner).binding(index).name));
                }
                Entity::Module(owner) => add(module, Imported::File(owner)),
                Entity::External | Entity::Unresolved => {}
            }
        }
    }
    for export in &this.facts.bindings.exports {
        if !export.module.is_empty()
            && let Module::File(owner) = world.module(file, this.text(export.module))
        {
            add(export.module, Imported::File(owner));
        }
    }
    found.retain(|import| import.what != Imported::File(file));
    found.sort();
    found.dedup();
    found
}

/// The package that a module from outside belongs to; none if the path is relative or no name.
fn package<'m>(family: Family, module: &'m str) -> Option<&'m str> {
    let module = module.trim_matches(['"', '\'', '`']);
    if module.is_empty() || module.starts_with(['.', '/']) {
        return None;
    }
    Some(match family {
        Family::Python => module.split('.').next().unwrap_or(module),
        Family::Script if module.starts_with('@') => {
            let end = module.match_indices('/').nth(1).map_or(module.len(), |(at, _)| at);
            &module[..end]
        }
        Family::Script => module.split('/').next().unwrap_or(module),
        Family::Rust | Family::Other(_) => module,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_as_their_registries_name_them() {
        assert_eq!(package(Family::Python, "numpy.linalg"), Some("numpy"));
        assert_eq!(package(Family::Python, ".sibling"), None);
        assert_eq!(package(Family::Script, "@scope/kit/deep"), Some("@scope/kit"));
        assert_eq!(package(Family::Script, "lodash/fp"), Some("lodash"));
        assert_eq!(package(Family::Script, "./local"), None);
        assert_eq!(package(Family::Script, ""), None);
    }
}
