//! Kotlin, C#, Scala and Swift: namespaces, classes that may have several parts, members, extensions.
//!
//! One set of rules for statically typed languages with classes. What differs is small: where a namespace is written,
//! what is visible of it, and what a class may be called with. Kotlin, Scala and Java see the classes of each other.

mod arguments;
mod calls;
mod edges;
mod extensions;
mod imports;
mod lambdas;
mod members;
mod names;
mod outside;
mod overloads;
mod table;
mod types;
mod values;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rag_core::bindings::{ExprId, ScopeId};

use crate::effort::Effort;
use crate::file::{Family, File};
use names::{Named, Star};
use table::{ClassId, Group, Table};
use types::Ty;

/// How deep one question may lead to others.
const MAX_DEPTH: u32 = 48;
/// How many questions the answer for one place may need.
const MAX_STEPS: u32 = 20_000;

/// A binding: file and index.
pub(crate) type Place = (u32, u32);

/// All files of these languages, with the answers that were already found.
pub(crate) struct Classes<'w, 'a> {
    files: &'w [File<'a>],
    table: Table<'a>,
    /// What expressions can be; nothing while that is being found out.
    values: RefCell<HashMap<(u32, ExprId), Option<Ty<'a>>>>,
    types: RefCell<HashMap<(u32, ExprId), Option<Ty<'a>>>>,
    named: RefCell<HashMap<(u32, ScopeId, &'a str), Named>>,
    bases: RefCell<HashMap<ClassId, Vec<Ty<'a>>>>,
    /// File → what it imports as a whole.
    stars: RefCell<HashMap<u32, Rc<[Star]>>>,
    effort: Effort,
}

impl<'w, 'a> Classes<'w, 'a> {
    pub(crate) fn new(files: &'w [File<'a>]) -> Self {
        let mut classes = Classes {
            files,
            table: Table::new(files),
            values: RefCell::default(),
            types: RefCell::default(),
            named: RefCell::default(),
            bases: RefCell::default(),
            stars: RefCell::default(),
            effort: Effort::new(MAX_DEPTH, MAX_STEPS),
        };
        classes.add_extensions();
        // What was asked while classes had not all of their members may have been answered without them.
        classes.types = RefCell::default();
        classes.values = RefCell::default();
        classes.named = RefCell::default();
        classes.bases = RefCell::default();
        classes.stars = RefCell::default();
        classes
    }

    fn file(&self, file: u32) -> &'w File<'a> {
        &self.files[file as usize]
    }

    fn family(&self, file: u32) -> Family<'a> {
        self.file(file).family
    }

    fn group(&self, file: u32) -> Group {
        Group::of(self.family(file)).unwrap_or(Group::Jvm)
    }

    /// Begins with the next place.
    fn start(&self) {
        self.effort.start();
    }

    /// Asks one level deeper, unless that is too deep, or too much was asked already.
    fn deeper<T: Default>(&self, ask: impl FnOnce() -> T) -> T {
        self.effort.deeper(ask).unwrap_or_default()
    }
}
