//! What is known about a value.

use std::rc::Rc;

use rag_core::bindings::ScopeId;

/// A class, function or object: its scope in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Def {
    pub(crate) file: u32,
    pub(crate) scope: ScopeId,
}

/// A set of possibilities; empty if the value is nothing.
pub(crate) type Types = Rc<[Type]>;
/// Arguments of a generic type.
pub(crate) type Arguments = Rc<[Types]>;

/// One possibility.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Unknown,
    /// Something from outside: a class, a function, a module, or a value of a builtin type.
    External,
    /// A container or promise from outside, with what it holds.
    Holds(Arguments),
    /// Several values at once.
    Tuple(Arguments),
    /// An instance of a class, or an object.
    Instance(Def, Arguments),
    /// The class itself.
    Class(Def, Arguments),
    /// A function and its receiver.
    Function(Def, Option<Rc<Type>>),
    /// Something that gives these when called.
    Callable(Types),
    Module(u32),
}

pub(crate) fn unknown() -> Types {
    Rc::from([Type::Unknown])
}

pub(crate) fn one(value: Type) -> Types {
    Rc::from([value])
}

pub(crate) fn no_arguments() -> Arguments {
    Rc::from([])
}

/// The union of sets, each member once.
pub(crate) fn union(sets: impl IntoIterator<Item = Types>) -> Types {
    let mut all: Vec<Type> = Vec::new();
    for set in sets {
        for item in set.iter() {
            if !all.contains(item) && all.len() < 12 {
                all.push(item.clone());
            }
        }
    }
    all.into()
}

/// What is known of type parameters while a declaration is read.
#[derive(Clone, Default)]
pub(crate) struct Env<'a> {
    pub(crate) this: Option<Type>,
    pub(crate) parameters: Vec<(&'a str, Types)>,
}

impl<'a> Env<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.this.is_none() && self.parameters.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Types> {
        self.parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, types)| types)
    }
}
