//! Namespaces that many files share, and what is written outside of the class it belongs to.

use std::collections::HashMap;

use rag_core::bindings::{ExprId, ScopeId, ScopeKind, Source};

use crate::file::{Family, File};
use crate::types::Def;

/// A namespace, however many files add to it; 0 is the one around all.
pub(super) type SpaceId = u32;

/// A definition: file and binding.
pub(super) type At = (u32, u32);

/// What members are added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Space(SpaceId),
    Class(Def),
}

/// All namespaces.
#[derive(Default)]
pub(super) struct Spaces<'a> {
    /// The namespace around.
    parents: Vec<SpaceId>,
    ids: HashMap<(SpaceId, &'a str), SpaceId>,
    of_scope: HashMap<(u32, ScopeId), SpaceId>,
    names: HashMap<(SpaceId, &'a str), Vec<At>>,
    /// `using namespace`: the file, and what it leads to.
    globs: HashMap<SpaceId, Vec<(u32, ExprId)>>,
    /// What is written in one place and belongs to another.
    pub(super) holders: HashMap<(u32, ScopeId), Holder>,
    added: HashMap<(Def, &'a str), Vec<At>>,
}

impl<'a> Spaces<'a> {
    pub(super) fn new(files: &[File<'a>]) -> Self {
        let mut spaces = Spaces { parents: vec![0], ..Spaces::default() };
        for (file, index) in files.iter().zip(0u32..) {
            if file.family == Family::C {
                spaces.add(file, index);
            }
        }
        spaces
    }

    fn add(&mut self, file: &File<'a>, index: u32) {
        for (scope, id) in file.facts.bindings.scopes.iter().zip(0..) {
            let space = match (scope.kind, self.of_scope.get(&(index, scope.parent))) {
                _ if id == 0 => 0,
                (ScopeKind::Namespace, Some(&outer)) if scope.name.is_empty() => outer,
                (ScopeKind::Namespace, Some(&outer)) => {
                    let next = self.parents.len() as SpaceId;
                    let space = *self.ids.entry((outer, file.text(scope.name))).or_insert(next);
                    if space == next {
                        self.parents.push(outer);
                    }
                    space
                }
                _ => continue,
            };
            self.of_scope.insert((index, id), space);
        }
        for (binding, number) in file.facts.bindings.names.iter().zip(0..) {
            let Some(&space) = self.of_scope.get(&(index, binding.scope)) else { continue };
            match binding.source {
                Source::Use(path) if binding.name.is_empty() => {
                    self.globs.entry(space).or_default().push((index, path));
                }
                _ => self.names.entry((space, file.text(binding.name))).or_default().push((index, number)),
            }
        }
    }

    /// The namespace that a scope is a part of.
    pub(super) fn of_scope(&self, file: u32, scope: ScopeId) -> Option<SpaceId> {
        self.of_scope.get(&(file, scope)).copied()
    }

    pub(super) fn parent(&self, space: SpaceId) -> SpaceId {
        self.parents.get(space as usize).copied().unwrap_or(0)
    }

    /// Everything that is called `name` in a namespace, in any file.
    pub(super) fn named<'s>(&'s self, space: SpaceId, name: &'s str) -> &'s [At] {
        self.names.get(&(space, name)).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn globs(&self, space: SpaceId) -> &[(u32, ExprId)] {
        self.globs.get(&space).map(Vec::as_slice).unwrap_or_default()
    }

    /// Notes that the names of a scope belong to `holder`.
    pub(super) fn hold(&mut self, file: &File<'a>, index: u32, scope: ScopeId, holder: Holder, bindings: &[u32]) {
        self.holders.insert((index, scope), holder);
        for &binding in bindings {
            let name = file.text(file.binding(binding).name);
            match holder {
                Holder::Class(def) => self.added.entry((def, name)).or_default().push((index, binding)),
                Holder::Space(space) => self.names.entry((space, name)).or_default().push((index, binding)),
            }
        }
    }

    /// The members of a class that are written outside of it.
    pub(super) fn added<'s>(&'s self, def: Def, name: &'s str) -> &'s [At] {
        self.added.get(&(def, name)).map(Vec::as_slice).unwrap_or_default()
    }
}
