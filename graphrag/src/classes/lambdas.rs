//! Functions written as arguments: the receivers and parameters that the called function gives them.

use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source};

use super::Classes;
use super::calls::Callee;
use super::types::{Env, Ty};
use crate::file::Family;

/// What `this` is in a function that is no member.
pub(super) enum Receiver<'a> {
    None,
    Of(Ty<'a>),
    Unknown,
}

impl<'a> Classes<'_, 'a> {
    /// What a function is called on, if it is no member of that.
    pub(super) fn receiver_of(&self, file: u32, scope: ScopeId) -> Receiver<'a> {
        let this = self.file(file);
        let here = this.scope(scope);
        if let Some(&of) = this.facts.bindings.list(here.bases).first() {
            return match this.family {
                // The receiver is an ordinary parameter.
                Family::CSharp | Family::Scala => Receiver::None,
                _ => Receiver::Of(self.annotated(file, of)),
            };
        }
        if !here.name.is_empty() || this.family != Family::Kotlin {
            return Receiver::None;
        }
        let Some(&(call, position)) = this.arguments.get(&scope) else { return Receiver::None };
        let Expr::Call(callee, arguments) = this.facts.bindings.expr(call) else { return Receiver::None };
        let (name, object) = match this.facts.bindings.expr(callee) {
            Expr::Name(name, _) => (this.text(name), None),
            Expr::Attribute(object, name) => (this.text(name), Some(object)),
            _ => return Receiver::Unknown,
        };
        if let Some((declared, of)) = self.declared_function(file, call, position) {
            let Expr::Scope(signature) = self.file(of).facts.bindings.expr(declared.0) else { return Receiver::None };
            let bases = self.file(of).scope(signature).bases;
            return match self.file(of).facts.bindings.list(bases).first() {
                Some(&base) => match self.annotated(of, base).with(&declared.1) {
                    Ty::Unknown => Receiver::Unknown,
                    Ty::Parameter(..) => Receiver::Unknown,
                    known => Receiver::Of(known),
                },
                None => Receiver::None,
            };
        }
        let given = |of: ExprId| match self.deeper(|| self.value(file, of)) {
            Ty::Unknown => Receiver::Unknown,
            known => Receiver::Of(known),
        };
        match (name, object) {
            ("apply" | "run", Some(object)) => given(object),
            ("with", None) => {
                this.facts.bindings.list(arguments).first().map_or(Receiver::Unknown, |&first| given(first))
            }
            ("run", None) => Receiver::None,
            ("buildString", None) => Receiver::Of(Ty::Outside("StringBuilder", super::types::none())),
            _ if has_no_receiver(name) => Receiver::None,
            _ => Receiver::Unknown,
        }
    }

    /// The declared type of the parameter that an argument of a call is given for, and the file that declares it.
    fn declared_function(&self, file: u32, call: ExprId, position: usize) -> Option<((ExprId, Env<'a>), u32)> {
        let facts = self.file(file).facts.bindings;
        let (callee, arguments) = match facts.expr(call) {
            Expr::Call(callee, arguments) => (callee, arguments),
            Expr::New(_, arguments) => (call, arguments),
            _ => return None,
        };
        let given = facts.list(arguments);
        let called = self.deeper(|| self.callee_by_count(file, callee, given.len(), Some(arguments)));
        let [Callee { meant, scope: Some(scope), .. }] = called.found.as_slice() else { return None };
        let owner = meant.place.0;
        let parameters = self.parameters(owner, *scope);
        let label = match given.get(position).map(|&item| facts.expr(item)) {
            Some(Expr::Labelled(_, label)) => Some(self.file(file).text(label)),
            _ => None,
        };
        let name = |index: u32| self.file(owner).text(self.file(owner).binding(index).name);
        let index = match label {
            Some(label) => parameters.iter().copied().find(|&index| name(index) == label)?,
            // What stands behind the brackets is given for the last parameter.
            None if position + 1 == given.len() => *parameters.last()?,
            None => *parameters.get(position)?,
        };
        match self.file(owner).binding(index).source {
            Source::Declared(declared, _) => Some(((declared, meant.env.clone()), owner)),
            _ => None,
        }
    }

    /// The parameter without a name of the innermost function around that writes none.
    pub(super) fn implicit_parameter(&self, file: u32, mut scope: ScopeId) -> Option<Ty<'a>> {
        let this = self.file(file);
        loop {
            let here = this.scope(scope);
            if here.kind == ScopeKind::Function && here.name.is_empty() && self.parameters(file, scope).is_empty() {
                return Some(self.lambda_parameter(file, scope, 0));
            }
            if scope == 0 {
                return None;
            }
            scope = here.parent;
        }
    }

    /// The type of a parameter that a function written as an argument does not declare.
    pub(super) fn lambda_parameter(&self, file: u32, scope: ScopeId, position: u32) -> Ty<'a> {
        self.deeper(|| self.lambda_parameter_here(file, scope, position))
    }

    fn lambda_parameter_here(&self, file: u32, scope: ScopeId, position: u32) -> Ty<'a> {
        let this = self.file(file);
        let Some(&(call, place)) = this.arguments.get(&scope) else { return Ty::Unknown };
        if let Some(((declared, env), owner)) = self.declared_function(file, call, place) {
            let other = self.file(owner);
            let Expr::Scope(signature) = other.facts.bindings.expr(declared) else { return Ty::Unknown };
            let parameters = self.parameters(owner, signature);
            return match parameters.get(position as usize).map(|&index| other.binding(index).source) {
                Some(Source::Declared(declared, _)) => match self.annotated(owner, declared).with(&env) {
                    Ty::Parameter(..) => Ty::Unknown,
                    known => known,
                },
                _ => Ty::Unknown,
            };
        }
        let Expr::Call(callee, _) = this.facts.bindings.expr(call) else { return Ty::Unknown };
        let Expr::Attribute(object, name) = this.facts.bindings.expr(callee) else { return Ty::Unknown };
        let of = self.value(file, object);
        match (this.text(name), &of) {
            ("let" | "also" | "takeIf" | "takeUnless" | "use", _) if this.family == Family::Kotlin => of,
            (name, Ty::Outside(outer, held)) => super::outside::lambda_parameter(outer, held, name, position),
            _ => Ty::Unknown,
        }
    }
}

/// Functions of the standard library whose last argument is a function without a receiver.
fn has_no_receiver(name: &str) -> bool {
    super::outside::is_of_elements(name)
        || matches!(
            name,
            "let"
                | "also"
                | "takeIf"
                | "takeUnless"
                | "use"
                | "lazy"
                | "require"
                | "check"
                | "requireNotNull"
                | "checkNotNull"
                | "repeat"
                | "assertFailsWith"
                | "assertThrows"
                | "runCatching"
                | "error"
                | "synchronized"
                | "getOrPut"
                | "computeIfAbsent"
                | "getOrElse"
                | "joinToString"
                | "joinTo"
                | "List"
                | "Array"
                | "MutableList"
                | "thread"
                | "measureTime"
                | "generateSequence"
                | "compareBy"
                | "Comparator"
                | "Runnable"
                | "withLock"
                | "assertFails"
                | "getOrDefault"
        )
}
