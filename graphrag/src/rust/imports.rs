//! What files use of other files and crates.

use rag_core::Span;
use rag_core::bindings::{Expr, ExprId, Source, Space};

use super::Rust;
use super::paths::Item;
use crate::imports::{Import, Imported};

impl Rust<'_, '_> {
    /// What the `use` declarations of a file lead to.
    pub(crate) fn imports(&self, file: u32) -> Vec<Import> {
        let mut found = Vec::new();
        for binding in &self.file(file).facts.bindings.names {
            let Source::Use(path) = binding.source else { continue };
            let Some(root) = self.root(file, path) else { continue };
            self.start();
            for space in [Space::Type, Space::Value, Space::Macro] {
                for item in self.path(file, path, space) {
                    let what = match item {
                        Item::Module(module) => Imported::File(module.file),
                        Item::Binding(owner, index) => {
                            Imported::Definition(owner, self.file(owner).binding(index).name)
                        }
                        Item::External => Imported::Package(self.file(file).text(root).to_owned()),
                        Item::Unknown => continue,
                    };
                    if let Imported::Definition(owner, _) = what {
                        found.push(Import { file, site: root, what: Imported::File(owner) });
                    }
                    found.push(Import { file, site: root, what });
                }
            }
        }
        found
    }

    /// The first name of a path.
    fn root(&self, file: u32, mut path: ExprId) -> Option<Span> {
        let facts = self.file(file).facts.bindings;
        // A path is no longer than the expressions of its file.
        for _ in 0..facts.exprs.len() {
            match facts.expr(path) {
                Expr::Path(owner, _) => path = owner,
                Expr::Name(name, _) => return Some(name),
                _ => return None,
            }
        }
        None
    }
}
