//! The types of values, as far as calls need them.

use std::rc::Rc;

use rag_core::bindings::{Expr, ExprId, ScopeKind, Source, Space};

use super::C;
use super::spaces::At;
use crate::types::Def;

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ty<'a> {
    Unknown,
    /// Of a type from outside: its name and arguments.
    Outside(&'a str, Rc<[Ty<'a>]>),
    /// A pointer or an array.
    Pointer(Rc<Ty<'a>>),
    /// An instance of a class with its arguments.
    Class(Def, Rc<[Ty<'a>]>),
}

/// Type parameters and what they stand for.
pub(super) type Known<'k, 'a> = &'k [(At, Ty<'a>)];

impl<'a> Ty<'a> {
    fn outside(name: &'a str) -> Self {
        Ty::Outside(name, Rc::from([]))
    }

    /// What a pointer, or something like it, points to.
    fn pointee(self) -> Self {
        match self {
            Ty::Pointer(of) => (*of).clone(),
            Ty::Outside(name, of) => match (name, &*of) {
                ("unique_ptr" | "shared_ptr" | "optional" | "scoped_refptr" | "intrusive_ptr", [of, ..]) => of.clone(),
                _ => Ty::Unknown,
            },
            of => of,
        }
    }

    fn element(self) -> Self {
        match self {
            Ty::Pointer(of) => (*of).clone(),
            Ty::Outside(name, of) => match (name, &*of) {
                (
                    "vector" | "list" | "deque" | "set" | "span" | "array" | "initializer_list" | "unordered_set"
                    | "forward_list" | "multiset",
                    [of, ..],
                ) => of.clone(),
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }

    fn item(self) -> Self {
        match self {
            Ty::Pointer(of) => (*of).clone(),
            Ty::Outside(name, of) => match (name, &*of) {
                ("vector" | "deque" | "array" | "span", [of, ..]) | ("map" | "unordered_map", [_, of, ..]) => {
                    of.clone()
                }
                ("unique_ptr", [of]) => of.clone(),
                _ => Ty::Unknown,
            },
            _ => Ty::Unknown,
        }
    }
}

impl<'a> C<'_, 'a> {
    /// The type of the value of `expr`.
    pub(super) fn value(&self, file: u32, expr: ExprId) -> Ty<'a> {
        if let Some(known) = self.values.borrow().get(&(file, expr)) {
            return known.clone();
        }
        self.values.borrow_mut().insert((file, expr), Ty::Unknown);
        let value = self.deeper(|| self.value_here(file, expr)).unwrap_or(Ty::Unknown);
        self.values.borrow_mut().insert((file, expr), value.clone());
        value
    }

    fn value_here(&self, file: u32, expr: ExprId) -> Ty<'a> {
        match self.expr(file, expr) {
            Expr::Name(..) | Expr::Path(..) => {
                let named = self.path(file, expr, Space::Value);
                match named.found.as_slice() {
                    &[(owner, index)] => self.value_of(owner, index, &[]),
                    [] if named.outside => Ty::outside(""),
                    _ => Ty::Unknown,
                }
            }
            Expr::This(scope) => {
                let mut at = Some(scope);
                while let Some(scope) = at {
                    let found = self.file(file).around(scope, &[ScopeKind::Class, ScopeKind::Extension]);
                    let Some(found) = found else { return Ty::Unknown };
                    if let Some(def) = self.class_of(file, found) {
                        return Ty::Pointer(Rc::new(Ty::Class(def, Rc::from([]))));
                    }
                    at = Some(self.file(file).scope(found).parent).filter(|_| found != 0);
                }
                Ty::Unknown
            }
            Expr::Attribute(object, name) => {
                let of = self.value(file, object);
                self.member_value(of, self.file(file).text(name))
            }
            Expr::Call(callee, arguments) => {
                let count = (arguments.end - arguments.start) as usize;
                self.call_value(file, callee, count)
            }
            Expr::Cast(declared) | Expr::TypeOf(declared) => self.declared(file, declared, &[]),
            Expr::Pointee(of) => {
                let of = self.value(file, of);
                self.behind(of)
            }
            Expr::Sequence(items) => match self.file(file).facts.bindings.list(items) {
                [one] => Ty::Pointer(Rc::new(self.value(file, *one))),
                _ => Ty::Unknown,
            },
            Expr::Index(of, items) if items.start == items.end => match self.value(file, of) {
                of @ Ty::Class(..) => self.member_value(of, "operator[]"),
                of => of.item(),
            },
            Expr::Element(of) => match self.value(file, of) {
                of @ Ty::Class(..) => {
                    let first = self.member_value(of, "begin");
                    self.behind(first)
                }
                of => of.element(),
            },
            Expr::Either(a, b) => match (self.value(file, a), self.value(file, b)) {
                (a, b) if a == b => a,
                (Ty::Outside("", _), of @ Ty::Pointer(_)) | (of @ Ty::Pointer(_), Ty::Outside("", _)) => of,
                _ => Ty::Unknown,
            },
            Expr::Literal(_) => Ty::outside(""),
            _ => Ty::Unknown,
        }
    }

    /// What `->` and `*` lead to.
    fn behind(&self, of: Ty<'a>) -> Ty<'a> {
        let Ty::Class(..) = of else { return of.pointee() };
        for operator in ["operator->", "operator*"] {
            match self.member_value(of.clone(), operator) {
                Ty::Unknown => {}
                found => return found.pointee(),
            }
        }
        match &of {
            Ty::Class(def, _) if self.members(*def, "operator->", Space::Value).outside => Ty::Unknown,
            _ => of,
        }
    }

    /// The value of a member; of a function, that of a call without arguments.
    fn member_value(&self, of: Ty<'a>, name: &str) -> Ty<'a> {
        let (def, arguments) = match of {
            Ty::Class(def, arguments) => (def, arguments),
            Ty::Pointer(of) => match &*of {
                Ty::Class(def, arguments) => (*def, arguments.clone()),
                _ => return Ty::Unknown,
            },
            Ty::Outside(..) => return Ty::outside(""),
            Ty::Unknown => return Ty::Unknown,
        };
        let known = self.known(def, &arguments);
        let named = self.members(def, name, Space::Value);
        let mut values = named.found.iter().map(|&at| match self.function_of(at) {
            Some(function) => self.result(function, &known),
            None => self.value_of(at.0, at.1, &known),
        });
        let first = values.next().unwrap_or(if named.outside { Ty::outside("") } else { Ty::Unknown });
        if values.all(|other| other == first) { first } else { Ty::Unknown }
    }

    /// What a call gives.
    fn call_value(&self, file: u32, callee: ExprId, count: usize) -> Ty<'a> {
        let inner = match self.expr(file, callee) {
            Expr::Index(base, _) => base,
            _ => callee,
        };
        if let Expr::Attribute(object, name) = self.expr(file, inner) {
            let of = self.value(file, object);
            if let (Ty::Outside(outer, arguments), word) = (&of, self.file(file).text(name)) {
                return held(outer, arguments, word);
            }
            let word = self.file(file).text(name);
            return self.member_value(of, word);
        }
        let named = self.path(file, inner, Space::Both);
        if named.found.is_empty() {
            return if named.outside { self.made(file, callee) } else { Ty::Unknown };
        }
        let mut values = named.found.iter().map(|&at| match self.function_of(at) {
            _ if self.file(at.0).binding(at.1).space == Space::Macro => Ty::Unknown,
            Some(function) if !self.takes(function, count) => Ty::Pointer(Rc::new(Ty::outside("\0"))),
            Some(function) => self.result(function, &[]),
            None => match self.file(at.0).binding(at.1).source {
                Source::Scope(_) | Source::Alias(_) => self.declared(file, callee, &[]),
                _ => Ty::Unknown,
            },
        });
        let skip = |of: &Ty| matches!(of, Ty::Pointer(of) if **of == Ty::outside("\0"));
        let Some(first) = values.find(|of| !skip(of)) else { return Ty::Unknown };
        if values.all(|other| skip(&other) || other == first) { first } else { Ty::Unknown }
    }

    /// What well-known functions from outside give: `std::make_unique<T>(…)`.
    fn made(&self, file: u32, callee: ExprId) -> Ty<'a> {
        let Expr::Index(base, items) = self.expr(file, callee) else { return Ty::outside("") };
        let name = match self.expr(file, base) {
            Expr::Path(_, name) | Expr::Name(name, _) => self.file(file).text(name),
            _ => "",
        };
        let items = self.file(file).facts.bindings.list(items).iter();
        let items = items.map(|&item| self.declared(file, item, &[])).collect();
        match name {
            "make_unique" => Ty::Outside("unique_ptr", items),
            "make_shared" => Ty::Outside("shared_ptr", items),
            _ => Ty::outside(""),
        }
    }

    fn result(&self, function: Def, known: Known<'_, 'a>) -> Ty<'a> {
        let returns = self.file(function.file).scope(function.scope).returns;
        let declared = returns.map(|returns| self.deeper(|| self.declared(function.file, returns, known)));
        declared.flatten().unwrap_or(Ty::Unknown)
    }

    /// The value of what a binding binds.
    fn value_of(&self, file: u32, index: u32, known: Known<'_, 'a>) -> Ty<'a> {
        match self.file(file).binding(index).source {
            Source::Declared(declared, _) => {
                self.deeper(|| self.declared(file, declared, known)).unwrap_or(Ty::Unknown)
            }
            Source::Value(value) => self.value(file, value),
            _ => Ty::Unknown,
        }
    }

    /// The type that `expr`, read as a type, names.
    pub(super) fn declared(&self, file: u32, expr: ExprId, known: Known<'_, 'a>) -> Ty<'a> {
        match self.expr(file, expr) {
            Expr::Name(..) | Expr::Path(..) => self.named_type(file, expr, Rc::from([]), known),
            Expr::Index(base, items) => {
                let list = self.file(file).facts.bindings.list(items).iter();
                let declared = |&item: &ExprId| self.deeper(|| self.declared(file, item, known)).unwrap_or(Ty::Unknown);
                let arguments: Rc<[Ty]> = list.map(declared).collect();
                match (self.expr(file, base), &*arguments) {
                    (Expr::Unknown, [of]) => Ty::Pointer(Rc::new(of.clone())),
                    (Expr::Unknown, _) => Ty::Unknown,
                    _ if self.is_special(file, expr) => Ty::Unknown,
                    _ => self.named_type(file, base, arguments, known),
                }
            }
            Expr::Scope(scope) => match self.file(file).scope(scope).kind {
                ScopeKind::Class => Ty::Class(Def { file, scope }, Rc::from([])),
                _ => Ty::outside(""),
            },
            Expr::TypeOf(value) => self.value(file, value),
            Expr::Literal(_) => Ty::outside(""),
            _ => Ty::Unknown,
        }
    }

    fn named_type(&self, file: u32, expr: ExprId, arguments: Rc<[Ty<'a>]>, known: Known<'_, 'a>) -> Ty<'a> {
        let named = self.path(file, expr, Space::Type);
        let text = match self.expr(file, expr) {
            Expr::Name(name, _) | Expr::Path(_, name) => self.file(file).text(name),
            _ => "",
        };
        let mut types: Vec<Ty> = Vec::new();
        for &(owner, index) in &named.found {
            if let Some((_, of)) = known.iter().find(|(at, _)| *at == (owner, index)) {
                return of.clone();
            }
            let of = self.deeper(|| self.type_of(owner, index, &arguments)).unwrap_or(Ty::Unknown);
            if !types.contains(&of) {
                types.push(of);
            }
        }
        match types.as_slice() {
            [one] => one.clone(),
            [] if named.outside || named.hidden.is_empty() && !self.others.contains_key(text) => {
                Ty::Outside(text, arguments)
            }
            _ => Ty::Unknown,
        }
    }

    /// The type that a binding names.
    pub(super) fn type_of(&self, file: u32, index: u32, arguments: &[Ty<'a>]) -> Ty<'a> {
        let this = self.file(file);
        match this.binding(index).source {
            Source::Scope(scope) => match this.scope(scope).kind {
                ScopeKind::Class => Ty::Class(Def { file, scope }, Rc::from(arguments)),
                ScopeKind::Object => Ty::outside(""),
                _ => Ty::Unknown,
            },
            Source::Alias(aliased) => self.deeper(|| self.declared(file, aliased, &[])).unwrap_or(Ty::Unknown),
            _ => Ty::Unknown,
        }
    }

    /// What the type parameters of a class stand for.
    fn known(&self, def: Def, arguments: &[Ty<'a>]) -> Vec<(At, Ty<'a>)> {
        let this = self.file(def.file);
        let around = this.scope(def.scope).parent;
        if arguments.is_empty() || !this.scope(around).flags.is_signature {
            return Vec::new();
        }
        let names = this.facts.bindings.names.iter().zip(0..);
        let parameters = names.filter(|(binding, _)| binding.scope == around).map(|(_, index)| (def.file, index));
        parameters.zip(arguments.iter().cloned()).collect()
    }
}

/// What a method of a container from outside gives.
fn held<'a>(outer: &str, arguments: &Rc<[Ty<'a>]>, method: &str) -> Ty<'a> {
    let of = || Ty::Outside("", Rc::from([]));
    let item = |of: Ty<'a>| if of == Ty::Unknown { Ty::Unknown } else { of };
    match (outer, method, &**arguments) {
        ("unique_ptr" | "shared_ptr", "get" | "release", [one, ..]) => Ty::Pointer(Rc::new(one.clone())),
        ("optional", "value", [one, ..]) => item(one.clone()),
        ("vector" | "deque" | "list" | "array" | "span", "front" | "back" | "at", [one, ..]) => item(one.clone()),
        ("map" | "unordered_map", "at", [_, one, ..]) => item(one.clone()),
        ("vector" | "array" | "span", "data" | "begin", [one, ..]) => Ty::Pointer(Rc::new(one.clone())),
        (_, _, []) => of(),
        _ => Ty::Unknown,
    }
}
