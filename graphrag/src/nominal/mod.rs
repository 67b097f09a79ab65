//! PHP and Ruby: classes by their full name, members through what they derive from and mix in, receivers whose class is known.
//!
//! Both have classes that any file may name, one space for methods, and variables that anything may be put into. What differs is
//! how a name becomes a full name (`php.rs`, `ruby.rs`).

mod calls;
mod members;
mod php;
mod ruby;
mod values;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source};

use crate::effort::Effort;
use crate::file::{Family, File};
use crate::types::Def;
use members::Line;
use values::Ty;

/// How deep one question may lead to others.
const MAX_DEPTH: u32 = 40;
/// How many questions the answer for one place may need.
const MAX_STEPS: u32 = 4_000;

/// A class, in however many places it is written.
type ClassId = u32;
/// A definition: file and binding.
type At = (u32, u32);

/// What a name means as a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Class(ClassId),
    Outside,
    /// Not here, though it should be.
    Missing,
}

/// All files of one language, with the answers that were already found.
pub(crate) struct Nominal<'w, 'a> {
    files: &'w [File<'a>],
    family: Family<'a>,
    /// Full names of classes, in the form in which they are looked up.
    classes: HashMap<String, ClassId>,
    of_scope: HashMap<(u32, ScopeId), ClassId>,
    /// Class → where it is written.
    parts: Vec<Vec<Def>>,
    names: Vec<String>,
    /// Last names of classes and constants.
    by_last: HashSet<String>,
    /// Namespaces that the files declare, and those around them.
    namespaces: HashSet<String>,
    /// Functions by full name; of Ruby, methods outside of any class.
    functions: HashMap<String, Vec<At>>,
    methods: HashMap<(ClassId, &'a str), Vec<At>>,
    fields: HashMap<(ClassId, &'a str), Vec<At>>,
    /// Every method of a name.
    by_name: HashMap<&'a str, Vec<At>>,
    parameters: HashMap<Def, Vec<u32>>,
    returns: HashMap<Def, Vec<ExprId>>,
    lines: RefCell<HashMap<(ClassId, bool), Rc<Line>>>,
    values: RefCell<HashMap<(u32, ExprId), Ty>>,
    effort: Effort,
}

impl<'w, 'a> Nominal<'w, 'a> {
    pub(crate) fn new(files: &'w [File<'a>], family: Family<'a>) -> Self {
        let mut of = Nominal {
            files,
            family,
            classes: HashMap::new(),
            of_scope: HashMap::new(),
            parts: Vec::new(),
            names: Vec::new(),
            by_last: HashSet::new(),
            namespaces: HashSet::new(),
            functions: HashMap::new(),
            methods: HashMap::new(),
            fields: HashMap::new(),
            by_name: HashMap::new(),
            parameters: HashMap::new(),
            returns: HashMap::new(),
            lines: RefCell::default(),
            values: RefCell::default(),
            effort: Effort::new(MAX_DEPTH, MAX_STEPS),
        };
        for index in 0..files.len() as u32 {
            if of.file(index).family == family {
                of.add_classes(index);
            }
        }
        for index in 0..files.len() as u32 {
            if of.file(index).family == family {
                of.add_names(index);
            }
        }
        of
    }

    fn file(&self, file: u32) -> &'w File<'a> {
        &self.files[file as usize]
    }

    fn expr(&self, file: u32, expr: ExprId) -> Expr {
        self.file(file).facts.bindings.expr(expr)
    }

    fn add_classes(&mut self, file: u32) {
        let this = self.file(file);
        for (scope, id) in this.facts.bindings.scopes.iter().zip(0..) {
            let name = match (scope.kind, self.family) {
                (ScopeKind::Namespace, Family::Php) => {
                    let mut space = php::folded(this.text(scope.name));
                    while !space.is_empty() {
                        self.namespaces.insert(space.clone());
                        let outer = space.rfind('\\').unwrap_or(0);
                        space.truncate(outer);
                    }
                    continue;
                }
                (ScopeKind::Class, Family::Php) => self.php_class_name(file, id),
                (ScopeKind::Class, _) => self.ruby_class_name(file, id),
                _ => continue,
            };
            let next = self.parts.len() as ClassId;
            let class = match name.is_empty() {
                true => next,
                false => *self.classes.entry(name.clone()).or_insert(next),
            };
            self.by_last.insert(this.text(scope.name).to_owned());
            if class == next {
                self.parts.push(Vec::new());
                self.names.push(name);
            }
            self.parts[class as usize].push(Def { file, scope: id });
            self.of_scope.insert((file, id), class);
        }
        for &(scope, value) in &this.facts.bindings.returns {
            self.returns.entry(Def { file, scope }).or_default().push(value);
        }
    }

    fn add_names(&mut self, file: u32) {
        let this = self.file(file);
        for (binding, number) in this.facts.bindings.names.iter().zip(0..) {
            let at = (file, number);
            let name = this.text(binding.name);
            let around = this.scope(binding.scope).kind;
            let function = |scope: ScopeId| this.scope(scope).kind == ScopeKind::Function;
            match (around, binding.source) {
                (ScopeKind::Function, _) => {
                    self.parameters.entry(Def { file, scope: binding.scope }).or_default().push(number);
                }
                (ScopeKind::Class, source) => {
                    let Some(&class) = self.of_scope.get(&(file, binding.scope)) else { continue };
                    let callable = match source {
                        Source::Scope(scope) => function(scope),
                        // An accessor, or a method that a call defines.
                        Source::Opaque => self.family == Family::Ruby,
                        _ => false,
                    };
                    if callable {
                        self.by_name.entry(name).or_default().push(at);
                        self.methods.entry((class, name)).or_default().push(at);
                    } else if !matches!(source, Source::Scope(_)) {
                        self.fields.entry((class, name)).or_default().push(at);
                    }
                }
                (_, Source::Scope(scope)) if function(scope) => {
                    let full = match self.family {
                        Family::Php => self.php_full(file, binding.scope, name),
                        _ => name.to_owned(),
                    };
                    self.functions.entry(full).or_default().push(at);
                }
                _ => {}
            }
        }
    }

    /// The bindings of a class, one for each place in which it is written.
    fn bindings_of(&self, class: ClassId) -> Vec<At> {
        let parts = self.parts[class as usize].iter();
        parts.filter_map(|def| Some((def.file, self.file(def.file).class_binding(def.scope)?))).collect()
    }

    /// The class around a scope.
    fn class_around(&self, file: u32, scope: ScopeId) -> Option<ClassId> {
        let found = self.file(file).around(scope, &[ScopeKind::Class])?;
        self.of_scope.get(&(file, found)).copied()
    }

    fn function_of(&self, (file, index): At) -> Option<Def> {
        let this = self.file(file);
        match this.binding(index).source {
            Source::Scope(scope) if this.scope(scope).kind == ScopeKind::Function => Some(Def { file, scope }),
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
}
