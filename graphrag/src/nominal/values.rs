//! The classes of values, as far as calls need them.

use std::rc::Rc;

use rag_core::bindings::{Expr, ExprId, Literal, ScopeId, ScopeKind, Source};

use super::ruby::Constant;
use super::{At, ClassId, Named, Nominal};
use crate::file::Family;

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ty {
    Unknown,
    /// No value.
    Nothing,
    /// Of a class from outside, or of none.
    Outside,
    Instance(ClassId),
    /// The class itself.
    Class(ClassId),
}

/// What two possibilities are together.
fn joined(a: Ty, b: Ty) -> Ty {
    match (a, b) {
        (Ty::Nothing, of) | (of, Ty::Nothing) => of,
        (a, b) if a == b => a,
        _ => Ty::Unknown,
    }
}

impl Nominal<'_, '_> {
    pub(super) fn value(&self, file: u32, expr: ExprId) -> Ty {
        if let Some(known) = self.values.borrow().get(&(file, expr)) {
            return known.clone();
        }
        self.values.borrow_mut().insert((file, expr), Ty::Unknown);
        let value = self.deeper(|| self.value_here(file, expr)).unwrap_or(Ty::Unknown);
        self.values.borrow_mut().insert((file, expr), value.clone());
        value
    }

    fn value_here(&self, file: u32, expr: ExprId) -> Ty {
        match self.expr(file, expr) {
            Expr::Name(name, scope) => self.variable(file, scope, self.file(file).text(name), expr),
            Expr::This(scope) => self.receiver(file, scope),
            Expr::Attribute(object, name) => match self.value(file, object) {
                Ty::Instance(class) if self.family == Family::Php => self.field(class, self.file(file).text(name)),
                Ty::Outside => Ty::Outside,
                _ => Ty::Unknown,
            },
            Expr::Path(of, name) if self.family == Family::Php => match self.class_value(file, of) {
                Ty::Class(class) => self.field(class, self.file(file).text(name)),
                Ty::Outside => Ty::Outside,
                _ => Ty::Unknown,
            },
            Expr::Path(..) => self.constant_value(file, expr),
            Expr::New(class, _) => match self.class_value(file, class) {
                Ty::Class(class) => Ty::Instance(class),
                Ty::Outside => Ty::Outside,
                _ => Ty::Unknown,
            },
            Expr::Call(callee, _) => self.call_value(file, callee),
            Expr::Cast(declared) => self.declared(file, declared),
            Expr::Either(a, b) => joined(self.value(file, a), self.value(file, b)),
            Expr::Scope(scope) => match self.of_scope.get(&(file, scope)) {
                Some(&class) => Ty::Instance(class),
                None => Ty::Unknown,
            },
            Expr::Literal(Literal::Nothing) => Ty::Nothing,
            Expr::Literal(_) => Ty::Outside,
            _ => Ty::Unknown,
        }
    }

    /// The receiver in a scope: an instance, or in methods of the class itself and in its body, the class.
    pub(super) fn receiver(&self, file: u32, scope: ScopeId) -> Ty {
        let this = self.file(file);
        let Some(class) = self.class_around(file, scope) else { return Ty::Unknown };
        if self.family == Family::Php {
            return Ty::Instance(class);
        }
        let mut at = scope;
        while at != 0 && !matches!(this.scope(at).kind, ScopeKind::Class) {
            if this.scope(at).kind == ScopeKind::Function {
                return match this.scope(at).flags.is_static {
                    true => Ty::Class(class),
                    false => Ty::Instance(class),
                };
            }
            at = this.scope(at).parent;
        }
        Ty::Class(class)
    }

    /// The class that stands before `::` or after `new`.
    pub(super) fn class_value(&self, file: u32, expr: ExprId) -> Ty {
        match self.expr(file, expr) {
            Expr::This(scope) => self.class_around(file, scope).map_or(Ty::Unknown, Ty::Class),
            Expr::Super(scope) => self.parent(file, scope),
            Expr::Name(name, _) if self.file(file).text(name).starts_with('$') => match self.value(file, expr) {
                Ty::Instance(class) => Ty::Class(class),
                of => of,
            },
            Expr::Name(..) | Expr::Path(..) => match self.class_named(file, expr) {
                Named::Class(class) => Ty::Class(class),
                Named::Outside => Ty::Outside,
                Named::Missing => Ty::Unknown,
            },
            _ => match self.value(file, expr) {
                Ty::Instance(class) => Ty::Class(class),
                of => of,
            },
        }
    }

    /// The class that the class around a scope extends.
    fn parent(&self, file: u32, scope: ScopeId) -> Ty {
        let this = self.file(file);
        let Some(class) = this.around(scope, &[ScopeKind::Class]) else { return Ty::Unknown };
        let bases = this.facts.bindings.list(this.scope(class).bases).iter();
        for &base in bases {
            match self.class_named(file, base) {
                Named::Class(of) if self.is_trait_or_interface(of) => {}
                Named::Class(of) => return Ty::Class(of),
                Named::Outside => return Ty::Outside,
                Named::Missing => return Ty::Unknown,
            }
        }
        Ty::Unknown
    }

    fn is_trait_or_interface(&self, class: ClassId) -> bool {
        self.parts[class as usize].iter().any(|def| {
            let this = self.file(def.file);
            let before = this.facts.text.get(..this.scope(def.scope).name.start as usize).unwrap_or("").trim_end();
            before.ends_with("trait") || before.ends_with("interface")
        })
    }

    fn variable(&self, file: u32, scope: ScopeId, name: &str, expr: ExprId) -> Ty {
        let this = self.file(file);
        if name.starts_with('@') {
            return self.class_around(file, scope).map_or(Ty::Unknown, |class| self.field(class, name));
        }
        if self.family == Family::Ruby && name.starts_with(char::is_uppercase) {
            return self.constant_value(file, expr);
        }
        let mut at = scope;
        loop {
            let found = this.bound(at, name);
            if !found.is_empty() {
                return found
                    .iter()
                    .map(|&index| self.binding_value((file, index)))
                    .reduce(joined)
                    .unwrap_or(Ty::Unknown);
            }
            let ends = matches!(this.scope(at).kind, ScopeKind::Function | ScopeKind::Class);
            if at == 0 || ends {
                return Ty::Unknown;
            }
            at = this.scope(at).parent;
        }
    }

    fn constant_value(&self, file: u32, expr: ExprId) -> Ty {
        match self.ruby_constant(file, expr) {
            Constant::Class(class) => Ty::Class(class),
            Constant::Value(at) => self.binding_value(at),
            Constant::Outside => Ty::Outside,
            Constant::Unknown => Ty::Unknown,
        }
    }

    fn binding_value(&self, (file, index): At) -> Ty {
        match self.file(file).binding(index).source {
            Source::Value(value) => self.value(file, value),
            Source::Declared(declared, _) => self.declared(file, declared),
            _ => Ty::Unknown,
        }
    }

    /// What a field of a class holds: as declared, or what all that is put into it is.
    fn field(&self, class: ClassId, name: &str) -> Ty {
        for &owner in &self.line(class, false).classes {
            let Some(all) = self.fields.get(&(owner, name)) else { continue };
            let source = |at: &At| self.file(at.0).binding(at.1).source;
            if let Some(declared) = all.iter().find(|at| matches!(source(at), Source::Declared(..))) {
                return self.binding_value(*declared);
            }
            let given = all.iter().filter(|at| source(at) != Source::Opaque);
            return given.map(|&at| self.binding_value(at)).reduce(joined).unwrap_or(Ty::Unknown);
        }
        Ty::Unknown
    }

    fn call_value(&self, file: u32, callee: ExprId) -> Ty {
        let (found, receiver) = self.callees(file, callee);
        let receiver = match receiver {
            Ty::Class(class) if self.family == Family::Php => Ty::Instance(class),
            of => of,
        };
        if found.is_empty() {
            let name = match self.expr(file, callee) {
                Expr::Attribute(_, name) | Expr::Name(name, _) => self.file(file).text(name),
                _ => "",
            };
            return match (receiver, name) {
                (Ty::Class(class), "new") if self.family == Family::Ruby => Ty::Instance(class),
                (of, "freeze" | "dup" | "clone" | "tap" | "itself") if self.family == Family::Ruby => of,
                (Ty::Outside, _) => Ty::Outside,
                _ => Ty::Unknown,
            };
        }
        let results = found.iter().map(|&at| self.deeper(|| self.result(at, &receiver)).unwrap_or(Ty::Unknown));
        results.reduce(joined).unwrap_or(Ty::Unknown)
    }

    /// What a method gives to who calls it on `receiver`.
    fn result(&self, at: At, receiver: &Ty) -> Ty {
        let Some(function) = self.function_of(at) else { return Ty::Unknown };
        let this = self.file(function.file);
        let own = |expr: ExprId| match (self.expr(function.file, expr), receiver) {
            (Expr::This(_), Ty::Instance(_) | Ty::Class(_)) => Some(receiver.clone()),
            (Expr::New(class, _), Ty::Instance(of)) if matches!(self.expr(function.file, class), Expr::This(_)) => {
                Some(Ty::Instance(*of))
            }
            _ => None,
        };
        if let Some(declared) = this.scope(function.scope).returns {
            return own(declared).unwrap_or_else(|| self.declared(function.file, declared));
        }
        let values = self.returns.get(&function).map(Vec::as_slice).unwrap_or_default();
        let values = values.iter().map(|&value| own(value).unwrap_or_else(|| self.value(function.file, value)));
        values.reduce(joined).unwrap_or(Ty::Unknown)
    }

    /// The class that a declared type names.
    fn declared(&self, file: u32, expr: ExprId) -> Ty {
        match self.expr(file, expr) {
            Expr::Either(a, b) => {
                let (a, b) = (self.deeper(|| self.declared(file, a)), self.deeper(|| self.declared(file, b)));
                joined(a.unwrap_or(Ty::Unknown), b.unwrap_or(Ty::Unknown))
            }
            Expr::Literal(Literal::Nothing) => Ty::Nothing,
            Expr::Literal(_) => Ty::Outside,
            Expr::Unknown => Ty::Unknown,
            _ => match self.class_value(file, expr) {
                Ty::Class(class) => Ty::Instance(class),
                of => of,
            },
        }
    }

    /// The line of a class, where a receiver has one.
    pub(super) fn line_of(&self, of: &Ty) -> Option<Rc<super::members::Line>> {
        match *of {
            Ty::Instance(class) => Some(self.line(class, false)),
            Ty::Class(class) => Some(self.line(class, true)),
            _ => None,
        }
    }
}
