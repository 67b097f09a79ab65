//! All files together, with the answers that were already found.

use std::cell::RefCell;
use std::collections::HashMap;

use rag_core::bindings::{ExprId, ScopeId};

use crate::effort::Effort;
use crate::file::{Family, File};
use crate::go_modules::GoPackages;
use crate::java_modules::JavaPackages;
use crate::manifest::Manifest;
use crate::modules::Modules;
use crate::types::{Def, Types, unknown};

/// How deep one question may lead to others.
const MAX_DEPTH: u32 = 48;

/// How many questions the use of one name may lead to; sources that people write stay far below.
const MAX_WORK: u32 = 50_000;

/// A definition, or what a name leads to instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entity {
    /// A binding: file and index.
    Binding(u32, u32),
    Module(u32),
    External,
    Unresolved,
}

/// The question that an answer is kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    Value(ExprId),
    Result(u32),
    Binding(u32),
}

/// What a name means as a type: file, class, name.
type TypeNames<'a> = HashMap<(u32, ScopeId, &'a str), Vec<Entity>>;

pub(crate) struct World<'a> {
    pub(crate) files: Vec<File<'a>>,
    pub(crate) modules: Modules,
    pub(crate) go: GoPackages<'a>,
    pub(crate) java: JavaPackages<'a>,
    answers: RefCell<HashMap<(u32, Question), Option<Types>>>,
    /// Whether a class derives from another.
    derived: RefCell<HashMap<(Def, Def), bool>>,
    pub(crate) java_types: RefCell<TypeNames<'a>>,
    effort: Effort,
}

impl<'a> World<'a> {
    pub(crate) fn new(files: Vec<File<'a>>, manifests: &[Manifest]) -> Self {
        let paths: Vec<&str> = files.iter().map(|file| file.facts.path).collect();
        let modules = Modules::new(&paths, manifests);
        let go = GoPackages::new(&files, manifests);
        let java = JavaPackages::new(&files);
        World {
            files,
            modules,
            go,
            java,
            answers: RefCell::default(),
            derived: RefCell::default(),
            java_types: RefCell::default(),
            effort: Effort::new(MAX_DEPTH, MAX_WORK),
        }
    }

    pub(crate) fn file(&self, file: u32) -> &File<'a> {
        &self.files[file as usize]
    }

    pub(crate) fn family(&self, file: u32) -> Family<'a> {
        self.file(file).family
    }

    pub(crate) fn is_python(&self, file: u32) -> bool {
        self.file(file).family == Family::Python
    }

    /// Answers once; unknown while it is being answered, or when the question leads too far.
    pub(crate) fn remember(&self, file: u32, question: Question, answer: impl FnOnce() -> Types) -> Types {
        let key = (file, question);
        if let Some(known) = self.answers.borrow().get(&key) {
            return known.clone().unwrap_or_else(unknown);
        }
        self.answers.borrow_mut().insert(key, None);
        let answer = self.deeper(answer).unwrap_or_else(unknown);
        self.answers.borrow_mut().insert(key, Some(answer.clone()));
        answer
    }

    /// Whether `def` is `base` or derives from it.
    pub(crate) fn derives(&self, def: Def, base: Def) -> bool {
        if let Some(&known) = self.derived.borrow().get(&(def, base)) {
            return known;
        }
        let derives = self.derives_from(def, base);
        self.derived.borrow_mut().insert((def, base), derives);
        derives
    }

    /// Begins with the next use.
    pub(crate) fn next_use(&self) {
        self.effort.start();
    }

    /// See [`Effort::deeper`].
    pub(crate) fn deeper<T>(&self, ask: impl FnOnce() -> T) -> Option<T> {
        self.effort.deeper(ask)
    }
}
