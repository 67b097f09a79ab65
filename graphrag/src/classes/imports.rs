//! What files import.

use rag_core::bindings::Source;

use super::Classes;
use super::names::Imported as Meant;
use crate::imports::{Import, Imported, package};

impl Classes<'_, '_> {
    /// The imports of one file.
    pub(crate) fn imports(&self, file: u32) -> Vec<Import> {
        let this = self.file(file);
        let mut found = Vec::new();
        for binding in &this.facts.bindings.names {
            let Source::Import { module, item } = binding.source else { continue };
            let site = if item.is_empty() { module } else { item };
            match self.imported(file, this.text(module), this.text(item)) {
                Meant::Found(places) => {
                    for (owner, index) in places {
                        found.push(Import { file, site: module, what: Imported::File(owner) });
                        let name = self.file(owner).binding(index).name;
                        found.push(Import { file, site, what: Imported::Definition(owner, name) });
                    }
                }
                Meant::Outside => {
                    if let Some(package) = package(this.family, this.text(module)) {
                        found.push(Import { file, site: module, what: Imported::Package(package.to_owned()) });
                    }
                }
                Meant::Missing => {}
            }
        }
        found
    }
}
