//! What files import: files of the repository, and packages from outside.

use rag_core::Span;
use rag_core::bindings::{Source, Space};

use crate::file::Family;
use crate::link::Own;
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

/// The imports of one file, sorted by place.
pub(crate) fn imports(world: &World, own: &Own, file: u32) -> Vec<Import> {
    let mut found = match world.file(file).family {
        Family::Rust => own.rust.imports(file),
        Family::C => own.c.imports(file),
        Family::Php | Family::Ruby => Vec::new(),
        family if family.has_classes() => own.classes.imports(file),
        _ => of_modules(world, file),
    };
    found.retain(|import| import.what != Imported::File(file));
    found.sort();
    found.dedup();
    found
}

fn of_modules(world: &World, file: u32) -> Vec<Import> {
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
            Module::File(owner) => add(module, Imported::File(owner)),
            _ => {}
        }
        for entity in world.imported(file, module, item, Space::Value, 0) {
            match entity {
                Entity::Binding(owner, index) => {
                    let site = if item.is_empty() { module } else { item };
                    add(module, Imported::File(owner));
                    add(site, Imported::Definition(owner, world.file(owner).binding(index).name));
                }
                Entity::Module(owner) => add(module, Imported::File(owner)),
                _ => {}
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
    found
}

/// The package that a module from outside belongs to; none if the path is relative or no name.
pub(crate) fn package<'m>(family: Family, module: &'m str) -> Option<&'m str> {
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
        // A host, an owner and a repository; of the standard library, its part.
        Family::Go => &module[..module.match_indices('/').nth(2).map_or(module.len(), |(at, _)| at)],
        // Packages are written small, what lies in them is not.
        Family::Java | Family::Kotlin | Family::Scala => {
            let parts = module.split('.').take_while(|part| part.starts_with(|c: char| c.is_lowercase())).take(3);
            let len = parts.map(|part| part.len() + 1).sum::<usize>().saturating_sub(1);
            if len == 0 { module } else { &module[..len] }
        }
        Family::Rust | Family::C | Family::CSharp | Family::Php | Family::Ruby | Family::Swift | Family::Other(_) => {
            module
        }
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
        assert_eq!(package(Family::Go, "github.com/a/b/c"), Some("github.com/a/b"));
        assert_eq!(package(Family::Go, "fmt"), Some("fmt"));
        assert_eq!(package(Family::Java, "com.google.gson.Gson"), Some("com.google.gson"));
        assert_eq!(package(Family::Java, "java.util.List"), Some("java.util"));
    }
}
