//! C and C++: includes, namespaces, linkage, members that are written outside of their class, overloads.
//!
//! What a name means depends on what the file includes: a definition in a file that it does not see is proven only through a
//! declaration that it sees.

mod calls;
mod includes;
mod names;
mod overloads;
mod spaces;
mod values;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source};

use crate::effort::Effort;
use crate::file::{Family, File};
use crate::imports::{Import, Imported};
use crate::types::Def;
use includes::Includes;
use spaces::{At, Holder, Spaces};
use values::Ty;

/// How deep one question may lead to others.
const MAX_DEPTH: u32 = 40;
/// How many questions the answer for one place may need.
const MAX_STEPS: u32 = 5_000;

/// All files of C and C++, with the answers that were already found.
pub(crate) struct C<'w, 'a> {
    files: &'w [File<'a>],
    includes: Includes,
    spaces: Spaces<'a>,
    /// Parameters of functions and macros.
    parameters: HashMap<Def, Vec<u32>>,
    /// What can be called: methods and fields, and everything else.
    members: HashMap<&'a str, Vec<At>>,
    others: HashMap<&'a str, Vec<At>>,
    /// Class templates that are also written for special arguments.
    special: HashSet<&'a str>,
    values: RefCell<HashMap<(u32, ExprId), Ty<'a>>>,
    effort: Effort,
}

impl<'w, 'a> C<'w, 'a> {
    pub(crate) fn new(files: &'w [File<'a>]) -> Self {
        let mut c = C {
            files,
            includes: Includes::new(files),
            spaces: Spaces::new(files),
            parameters: HashMap::new(),
            members: HashMap::new(),
            others: HashMap::new(),
            special: HashSet::new(),
            values: RefCell::default(),
            effort: Effort::new(MAX_DEPTH, MAX_STEPS),
        };
        c.add_special();
        c.add_holders();
        c.add_names();
        c.values = RefCell::default();
        c
    }

    fn own(files: &'w [File<'a>]) -> impl Iterator<Item = (&'w File<'a>, u32)> {
        files.iter().zip(0u32..).filter(|(file, _)| file.family == Family::C)
    }

    fn add_special(&mut self) {
        for (file, _) in Self::own(self.files) {
            let bound: HashSet<ScopeId> = (file.facts.bindings.names.iter())
                .filter_map(|binding| match binding.source {
                    Source::Scope(scope) => Some(scope),
                    _ => None,
                })
                .collect();
            for (scope, id) in file.facts.bindings.scopes.iter().zip(0..) {
                if scope.kind == ScopeKind::Class && !scope.name.is_empty() && !bound.contains(&id) {
                    self.special.insert(file.text(scope.name));
                }
            }
        }
    }

    /// Finds the class or namespace that each definition outside of it belongs to.
    fn add_holders(&mut self) {
        let mut found = Vec::new();
        for (file, index) in Self::own(self.files) {
            for (scope, id) in file.facts.bindings.scopes.iter().zip(0..) {
                if let (ScopeKind::Extension, Some(path)) = (scope.kind, scope.returns) {
                    self.start();
                    found.extend(self.holder(index, path).map(|holder| (index, id, holder)));
                }
            }
        }
        let mut held: HashMap<(u32, ScopeId), Vec<u32>> = HashMap::new();
        for (file, index) in Self::own(self.files) {
            for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
                if file.scope(binding.scope).kind == ScopeKind::Extension {
                    held.entry((index, binding.scope)).or_default().push(number);
                }
            }
        }
        for (index, scope, holder) in found {
            let bindings = held.get(&(index, scope)).map(Vec::as_slice).unwrap_or_default();
            self.spaces.hold(&self.files[index as usize], index, scope, holder, bindings);
        }
    }

    fn add_names(&mut self) {
        for (file, index) in Self::own(self.files) {
            for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
                let around = file.scope(binding.scope).kind;
                if around == ScopeKind::Function {
                    self.parameters.entry(Def { file: index, scope: binding.scope }).or_default().push(number);
                    continue;
                }
                let name = file.text(binding.name);
                let at = (index, number);
                match (binding.source, self.class_of(index, binding.scope)) {
                    (Source::Scope(scope), Some(_)) if file.scope(scope).kind == ScopeKind::Function => {
                        self.members.entry(name).or_default().push(at);
                    }
                    (Source::Declared(..), Some(_)) => self.members.entry(name).or_default().push(at),
                    (Source::Scope(scope), _) if file.scope(scope).kind != ScopeKind::Namespace => {
                        self.others.entry(name).or_default().push(at);
                    }
                    (Source::Alias(_), _) => self.others.entry(name).or_default().push(at),
                    _ => {}
                }
            }
        }
    }

    fn file(&self, file: u32) -> &'w File<'a> {
        &self.files[file as usize]
    }

    fn expr(&self, file: u32, expr: ExprId) -> Expr {
        self.file(file).facts.bindings.expr(expr)
    }

    /// The class that a scope is, or adds to.
    fn class_of(&self, file: u32, scope: ScopeId) -> Option<Def> {
        match (self.file(file).scope(scope).kind, self.spaces.holders.get(&(file, scope))) {
            (ScopeKind::Class, _) => Some(Def { file, scope }),
            (_, Some(&Holder::Class(def))) => Some(def),
            // Of a class that is not here.
            (ScopeKind::Extension, None) => Some(Def { file, scope }),
            _ => None,
        }
    }

    fn start(&self) {
        self.effort.start();
    }

    /// See [`Effort::deeper`].
    fn deeper<T>(&self, ask: impl FnOnce() -> T) -> Option<T> {
        self.effort.deeper(ask)
    }

    /// The files that a file includes.
    pub(crate) fn imports(&self, file: u32) -> Vec<Import> {
        let mut found = Vec::new();
        for include in self.includes.of(file) {
            let (site, files) = (&include.site, &include.files);
            if files.is_empty() {
                let path = self.file(file).text(*site).trim_matches(['"', '<', '>']);
                // A library's headers lie in a folder of its name.
                if let Some((package, _)) = path.split_once('/').filter(|(package, _)| !package.starts_with('.')) {
                    found.push(Import { file, site: *site, what: Imported::Package(package.to_owned()) });
                }
            }
            found.extend(files.iter().map(|&other| Import { file, site: *site, what: Imported::File(other) }));
        }
        found
    }
}
