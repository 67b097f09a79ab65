//! Rust: crates and modules, paths, types, and the members that `impl` blocks add to types.
//!
//! Names of Rust mean what the language says, which is little like scripts: modules are a tree that files declare, a
//! block's names hold from where they are bound, and the members of a type lie anywhere in its crate. So Rust has its own
//! answers to the same questions, of the same facts.

mod annotation;
mod calls;
mod crates;
mod edges;
mod impls;
mod imports;
mod members;
mod outside;
mod paths;
mod traits;
mod types;
mod values;

use std::cell::RefCell;
use std::collections::HashMap;

use rag_core::bindings::{ExprId, Space};

use crate::effort::Effort;
use crate::file::File;
use crate::manifest::Manifest;
use crates::Crates;
use impls::Impls;
use paths::Item;
use types::Ty;

pub(crate) use edges::Answer;

/// How deep one question may lead to others.
const MAX_DEPTH: u32 = 64;
/// How many questions the answer for one place may need: types that name each other can branch without end.
const MAX_STEPS: u32 = 20_000;

/// All Rust files, with the answers that were already found.
pub(crate) struct Rust<'w, 'a> {
    files: &'w [File<'a>],
    crates: Crates,
    impls: Impls,
    /// What expressions can be; nothing while that is being found out.
    values: RefCell<HashMap<(u32, ExprId), Option<Ty>>>,
    paths: RefCell<HashMap<(u32, ExprId, Space), Vec<Item>>>,
    /// Imports that are being followed.
    following: RefCell<Vec<(u32, u32, Space)>>,
    /// Type parameters whose bounds are being read: `T: Add<T>` asks for itself.
    bounded: RefCell<Vec<(u32, u32)>>,
    effort: Effort,
}

impl<'w, 'a> Rust<'w, 'a> {
    pub(crate) fn new(files: &'w [File<'a>], manifests: &[Manifest]) -> Self {
        let mut rust = Rust {
            files,
            crates: Crates::new(files, manifests),
            impls: Impls::default(),
            values: RefCell::default(),
            paths: RefCell::default(),
            following: RefCell::default(),
            bounded: RefCell::default(),
            effort: Effort::new(MAX_DEPTH, MAX_STEPS),
        };
        rust.impls = Impls::new(&rust);
        // What was asked while there were no members may have been answered without them.
        rust.values = RefCell::default();
        rust
    }

    fn file(&self, file: u32) -> &'w File<'a> {
        &self.files[file as usize]
    }

    /// Begins with the next place.
    fn start(&self) {
        self.effort.start();
    }

    /// See [`Effort::deeper`].
    fn deeper<T>(&self, ask: impl FnOnce() -> T) -> Option<T> {
        self.effort.deeper(ask)
    }
}
