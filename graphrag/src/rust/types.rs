//! What is known about a value of Rust.

use std::rc::Rc;

use crate::types::Def;

/// Arguments of a generic type, or items of a tuple.
pub(super) type Tys = Rc<[Ty]>;

/// The type of a value. References are left out: members are seen through them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ty {
    Unknown,
    /// A type from outside, by its last name; without a name: nobody knows which.
    Outside(Rc<str>, Tys),
    /// A struct, enum, union or trait.
    Local(Def, Tys),
    /// Something that fits all of these: bounds.
    All(Tys),
    /// One of these: definitions of one name under different conditions.
    Either(Tys),
    Tuple(Tys),
    /// A function or closure.
    Function(Def),
    /// Something that gives this when called.
    Callable(Rc<Ty>),
}

impl Ty {
    pub(super) fn outside(name: &str, arguments: &[Ty]) -> Ty {
        Ty::Outside(name.into(), arguments.into())
    }

    /// A type from outside of which nothing is known.
    pub(super) fn foreign() -> Ty {
        Ty::outside("", &[])
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Ty::Unknown)
    }

    /// The name of a type from outside.
    pub(super) fn outside_name(&self) -> Option<&str> {
        match self {
            Ty::Outside(name, _) => Some(name),
            _ => None,
        }
    }

    /// An argument of a type.
    pub(super) fn argument(&self, position: usize) -> Ty {
        match self {
            Ty::Outside(_, arguments) | Ty::Local(_, arguments) => arguments.get(position).cloned(),
            _ => None,
        }
        .unwrap_or(Ty::Unknown)
    }

    /// Whether something in it is known to lie inside of the repository.
    pub(super) fn holds_local(&self) -> bool {
        match self {
            Ty::Unknown => false,
            Ty::Outside(_, parts) | Ty::Tuple(parts) | Ty::All(parts) | Ty::Either(parts) => {
                parts.iter().any(Ty::holds_local)
            }
            Ty::Callable(result) => result.holds_local(),
            Ty::Local(..) | Ty::Function(_) => true,
        }
    }
}

/// Of two branches the one of which more is known: both have the same type.
pub(super) fn better(a: Ty, b: Ty) -> Ty {
    match (&a, &b) {
        (Ty::Unknown, _) => b,
        (_, Ty::Unknown) => a,
        (Ty::Outside(name, parts), Ty::Outside(other, _)) if name == other && parts.contains(&Ty::Unknown) => b,
        (Ty::Outside(name, _), other) if name.is_empty() && !matches!(other, Ty::Outside(..)) => b,
        _ => a,
    }
}

/// Everything at once.
pub(super) fn all(parts: Vec<Ty>) -> Ty {
    let parts = parts.into_iter().flat_map(|part| match part {
        Ty::All(inner) => inner.to_vec(),
        part => vec![part],
    });
    match distinct(parts) {
        parts if parts.is_empty() => Ty::foreign(),
        mut parts if parts.len() == 1 => parts.swap_remove(0),
        parts => Ty::All(parts.into()),
    }
}

/// One of several.
pub(super) fn either(parts: impl IntoIterator<Item = Ty>) -> Ty {
    match distinct(parts) {
        parts if parts.is_empty() => Ty::Unknown,
        mut parts if parts.len() == 1 => parts.swap_remove(0),
        parts => Ty::Either(parts.into()),
    }
}

fn distinct(parts: impl IntoIterator<Item = Ty>) -> Vec<Ty> {
    let mut found: Vec<Ty> = Vec::new();
    for part in parts {
        if !found.contains(&part) && found.len() < 12 {
            found.push(part);
        }
    }
    found
}

/// What type parameters and `Self` stand for.
#[derive(Clone, Default)]
pub(super) struct Env<'a> {
    pub(super) this: Option<Ty>,
    pub(super) parameters: Vec<(&'a str, Ty)>,
}

impl<'a> Env<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Ty> {
        self.parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, of)| of)
    }

    /// Says what a parameter stands for, if that was not known.
    pub(super) fn learn(&mut self, name: &'a str, of: Ty) {
        if of.is_unknown() {
            return;
        }
        match self.parameters.iter_mut().find(|(parameter, _)| *parameter == name) {
            Some((_, known)) if known.is_unknown() => *known = of,
            Some(_) => {}
            None => self.parameters.push((name, of)),
        }
    }
}
