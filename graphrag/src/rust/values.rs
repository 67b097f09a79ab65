//! What an expression can give.

use rag_core::bindings::{Expr, ExprId, Literal, ScopeId, ScopeKind, Source, Space};

use super::Rust;
use super::members::Found;
use super::outside;
use super::paths::Item;
use super::types::{Env, Ty, Tys, better};
use crate::types::Def;

impl<'a> Rust<'_, 'a> {
    /// The type of an expression. Answered once; unknown while it is being answered.
    pub(super) fn value(&self, file: u32, expr: ExprId) -> Ty {
        let key = (file, expr);
        if let Some(known) = self.values.borrow().get(&key) {
            return known.clone().unwrap_or(Ty::Unknown);
        }
        self.values.borrow_mut().insert(key, None);
        let found = self.deeper(|| self.value_here(file, expr)).unwrap_or(Ty::Unknown);
        self.values.borrow_mut().insert(key, Some(found.clone()));
        found
    }

    fn value_here(&self, file: u32, expr: ExprId) -> Ty {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(expr) {
            Expr::Name(..) => {
                let items = self.path(file, expr, Space::Value);
                self.item_value(items.first().copied().unwrap_or(Item::Unknown))
            }
            Expr::Path(owner, name) => {
                let methods = self.associated_functions(file, owner, this.text(name));
                match methods {
                    Some(Found::Methods(found, _) | Found::Maybe(found, _)) => {
                        found.first().map_or(Ty::Unknown, |&(file, index)| self.binding_value(file, index))
                    }
                    Some(_) => Ty::Unknown,
                    None => {
                        self.item_value(self.path(file, expr, Space::Value).first().copied().unwrap_or(Item::Unknown))
                    }
                }
            }
            Expr::Attribute(object, name) => {
                let of = self.value(file, object);
                match facts.expr(object) {
                    Expr::Matched(_, made_by) => match self.class(file, made_by) {
                        Some(def) => self.part(&of, def, this.text(name)),
                        None => Ty::Unknown,
                    },
                    _ => self.field(&of, this.text(name)),
                }
            }
            Expr::Call(function, arguments) => self.call(file, function, arguments),
            Expr::New(class, _) => self.annotated(file, class, &Env::default()),
            Expr::Index(object, _) => match self.value(file, object) {
                function @ Ty::Function(_) => function,
                of => outside::element_at(&of),
            },
            Expr::Await(value) => self.awaited(self.value(file, value)),
            Expr::Try(value) => outside::tried(&self.value(file, value)),
            Expr::Pointee(value) => match self.value(file, value) {
                Ty::Outside(name, arguments) => {
                    outside::dereferenced(&name, &arguments).unwrap_or(Ty::Outside(name, arguments))
                }
                of => of,
            },
            Expr::Element(value) => self.element(&self.value(file, value)),
            Expr::Either(a, b) => better(self.value(file, a), self.value(file, b)),
            Expr::Sequence(items) => {
                let items = facts.list(items).iter().map(|&item| self.value(file, item));
                Ty::outside("Vec", &[items.reduce(better).unwrap_or(Ty::Unknown)])
            }
            Expr::Tuple(items) => Ty::Tuple(facts.list(items).iter().map(|&item| self.value(file, item)).collect()),
            Expr::Matched(value, _) => self.value(file, value),
            Expr::Item(value, position) => self.item_at(file, value, position),
            Expr::Scope(scope) => Ty::Function(Def { file, scope }),
            Expr::Cast(declared) => self.annotated(file, declared, &Env::default()),
            Expr::Literal(Literal::Nothing) => Ty::Tuple(Tys::from([])),
            Expr::Literal(Literal::Builtin) => Ty::foreign(),
            _ => Ty::Unknown,
        }
    }

    /// What stands before a path's last name, if that is a type or a trait: its functions of that name.
    pub(super) fn associated_functions(&self, file: u32, owner: ExprId, name: &str) -> Option<Found> {
        let at = Def { file, scope: self.scope_of(file, owner).unwrap_or(0) };
        let of = self.owner_type(file, owner)?;
        if let Ty::Local(def, _) = &of {
            let variant = self.file(def.file).bound(def.scope, name).iter();
            if variant.into_iter().any(|&index| self.is_class(def.file, index)) {
                return None;
            }
        }
        // `Default::default()`: which type is meant is said elsewhere.
        if of.outside_name().is_some_and(outside::is_trait) {
            return Some(Found::Nothing);
        }
        Some(self.method(&of, name, at))
    }

    /// The type that the owner of a path names; none if it is a module.
    pub(super) fn owner_type(&self, file: u32, owner: ExprId) -> Option<Ty> {
        let this = self.file(file);
        match this.facts.bindings.expr(owner) {
            Expr::Name(name, _) if this.text(name) == "Self" => {}
            Expr::Both(..) | Expr::Sequence(_) | Expr::Tuple(_) => {}
            Expr::Index(..) => {}
            Expr::Name(..) | Expr::Path(..) => {
                let items = self.path(file, owner, Space::Type);
                let is_type = |item: &Item| matches!(item, Item::Binding(..) | Item::External);
                if !items.is_empty() && !items.iter().any(is_type) {
                    return None;
                }
                if items.is_empty() && matches!(this.facts.bindings.expr(owner), Expr::Name(..)) {
                    return None;
                }
            }
            _ => return None,
        }
        Some(self.annotated(file, owner, &Env::default()))
    }

    fn item_value(&self, item: Item) -> Ty {
        match item {
            Item::Binding(file, index) => self.deeper(|| self.binding_value(file, index)).unwrap_or(Ty::Unknown),
            Item::External => Ty::foreign(),
            Item::Module(_) | Item::Unknown => Ty::Unknown,
        }
    }

    pub(super) fn binding_value(&self, file: u32, index: u32) -> Ty {
        let this = self.file(file);
        let binding = this.binding(index);
        match binding.source {
            Source::Scope(scope) => match this.scope(scope).kind {
                ScopeKind::Class => Ty::Local(Def { file, scope: self.type_of_variant(file, scope) }, Tys::from([])),
                ScopeKind::Function => Ty::Function(Def { file, scope }),
                _ => Ty::Unknown,
            },
            Source::Value(value) => self.value(file, value),
            Source::Declared(declared, value) => {
                let of = self.annotated(file, declared, &Env::default());
                match value {
                    Some(value) if of.is_unknown() || is_partial(&of) => better(self.value(file, value), of),
                    _ => of,
                }
            }
            Source::Receiver => self.self_type(file, binding.scope).unwrap_or(Ty::Unknown),
            Source::Parameter(position, _) => self.parameter(file, binding.scope, position),
            _ => Ty::Unknown,
        }
    }

    /// A part of a tuple, or of what a pattern's constructor was given.
    fn item_at(&self, file: u32, value: ExprId, position: u32) -> Ty {
        let facts = self.file(file).facts.bindings;
        let Expr::Matched(inner, made_by) = facts.expr(value) else {
            return match self.value(file, value) {
                Ty::Tuple(items) => items.get(position as usize).cloned().unwrap_or(Ty::Unknown),
                _ => Ty::Unknown,
            };
        };
        let of = self.value(file, inner);
        match self.class(file, made_by) {
            Some(def) => self.part(&of, def, &position.to_string()),
            None => outside::held_by(&of, self.last_name(file, made_by)),
        }
    }

    /// The last name of a path, member or generic type.
    pub(super) fn last_name(&self, file: u32, expr: ExprId) -> &'a str {
        let this = self.file(file);
        match this.facts.bindings.expr(expr) {
            Expr::Name(name, _) | Expr::Path(_, name) | Expr::Attribute(_, name) => this.text(name),
            Expr::Index(base, _) => self.last_name(file, base),
            _ => "",
        }
    }

    fn awaited(&self, of: Ty) -> Ty {
        match &of {
            Ty::Outside(name, arguments) if matches!(&**name, "Future" | "BoxFuture" | "LocalBoxFuture") => {
                arguments.last().cloned().unwrap_or(Ty::Unknown)
            }
            Ty::Outside(name, arguments) => match outside::dereferenced(name, arguments) {
                Some(inner) if &**name != "Guard" => self.awaited(inner),
                _ if name.is_empty() || &**name == "Guard" => of,
                _ => Ty::Unknown,
            },
            Ty::Local(..) => self.associated_type(&of, "Output").unwrap_or(Ty::Unknown),
            Ty::All(parts) | Ty::Either(parts) => {
                parts.iter().map(|part| self.awaited(part.clone())).find(|of| !of.is_unknown()).unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        }
    }

    /// What a loop over a value gives.
    pub(super) fn element(&self, of: &Ty) -> Ty {
        match of {
            Ty::Local(..) => self.associated_type(of, "Item").unwrap_or(Ty::Unknown),
            Ty::All(parts) | Ty::Either(parts) => {
                parts.iter().map(|part| self.element(part)).find(|of| !of.is_unknown()).unwrap_or(Ty::Unknown)
            }
            of => outside::element(of),
        }
    }

    /// A closure's parameter: what the function it is given to says.
    fn parameter(&self, file: u32, scope: ScopeId, position: u32) -> Ty {
        let this = self.file(file);
        let Some(&(call, argument)) = this.arguments.get(&scope) else { return Ty::Unknown };
        let Expr::Call(function, _) = this.facts.bindings.expr(call) else { return Ty::Unknown };
        let (found, receiver) = self.callee(file, function);
        match found {
            Found::Methods(found, of) | Found::Maybe(found, of) => match found.as_slice() {
                [(owner, index)] => self.expected(*owner, *index, &of, receiver, argument, position),
                _ => Ty::Unknown,
            },
            Found::Outside(of) | Found::Absent(of) => {
                let of = self.as_iterator(&of).unwrap_or(of);
                outside::closure_parameter(&of, self.last_name(file, function), argument, position)
            }
            Found::Nothing => Ty::Unknown,
        }
    }

    /// A local type that implements iterators, seen as one.
    pub(super) fn as_iterator(&self, of: &Ty) -> Option<Ty> {
        match of {
            Ty::Local(..) => self.associated_type(of, "Item").map(|item| Ty::outside("Iterator", &[item])),
            Ty::All(parts) => parts.iter().find(|part| part.outside_name() == Some("Iterator")).cloned(),
            _ => None,
        }
    }

    /// What the function at a binding says about the parameter of a function that it is given.
    fn expected(&self, file: u32, index: u32, of: &Ty, receiver: bool, argument: usize, position: u32) -> Ty {
        let this = self.file(file);
        let Source::Scope(scope) = this.binding(index).source else { return Ty::Unknown };
        let parameters = self.own_parameters(Def { file, scope }, receiver);
        let Some(&parameter) = parameters.get(argument) else { return Ty::Unknown };
        let Source::Declared(declared, _) = this.binding(parameter).source else { return Ty::Unknown };
        let env = self.function_env(Def { file, scope }, Some(of));
        for signature in self.signatures(file, scope, declared) {
            let inner = this.parameters_of(signature);
            if let Some(&parameter) = inner.get(position as usize)
                && let Source::Declared(declared, _) = this.binding(parameter).source
            {
                return self.annotated(file, declared, &env);
            }
        }
        Ty::Unknown
    }

    /// The function types that a declared type allows: `impl Fn(A)`, or `F` with `F: Fn(A)`.
    pub(super) fn signatures(&self, file: u32, scope: ScopeId, declared: ExprId) -> Vec<ScopeId> {
        let this = self.file(file);
        let facts = this.facts.bindings;
        let mut open = vec![declared];
        let mut found = Vec::new();
        let mut steps = 0;
        while let Some(expr) = open.pop() {
            steps += 1;
            if steps > 24 {
                break;
            }
            match facts.expr(expr) {
                Expr::Scope(signature) => found.push(signature),
                Expr::Both(a, b) => open.extend([a, b]),
                Expr::Index(_, arguments) => open.extend(facts.list(arguments)),
                Expr::Name(name, _) => open.extend(self.bounds(file, scope, this.text(name))),
                _ => {}
            }
        }
        found
    }
}

fn is_partial(of: &Ty) -> bool {
    match of {
        Ty::Outside(_, parts) | Ty::Tuple(parts) => parts.iter().any(|part| part.is_unknown() || is_partial(part)),
        _ => false,
    }
}
