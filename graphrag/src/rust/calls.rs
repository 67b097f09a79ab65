//! What calls give.

use rag_core::bindings::{Expr, ExprId, List, ScopeId, ScopeKind, Source, Space};

use super::Rust;
use super::members::Found;
use super::outside;
use super::paths::Item;
use super::types::{Env, Ty, Tys, either};
use crate::types::Def;

/// Of how many functions the results are looked at.
const MAX_FUNCTIONS: usize = 4;

impl<'a> Rust<'_, 'a> {
    /// What a called expression means, and whether its receiver stands before it.
    pub(super) fn callee(&self, file: u32, function: ExprId) -> (Found, bool) {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(function) {
            Expr::Index(base, _) => self.callee(file, base),
            Expr::Attribute(object, name) => {
                let at = Def { file, scope: self.scope_of(file, object).unwrap_or(0) };
                (self.method(&self.value(file, object), this.text(name), at), true)
            }
            Expr::Path(owner, name) => match self.associated_functions(file, owner, this.text(name)) {
                Some(found) => (found, false),
                None => (self.function_named(file, function), false),
            },
            Expr::Name(..) => (self.function_named(file, function), false),
            _ => (Found::Nothing, false),
        }
    }

    fn function_named(&self, file: u32, expr: ExprId) -> Found {
        let items = self.path(file, expr, Space::Value);
        let mut found = Vec::new();
        let mut outside = false;
        for item in items {
            match item {
                Item::Binding(file, index) => found.push((file, index)),
                Item::External => outside = true,
                Item::Module(_) | Item::Unknown => return Found::Nothing,
            }
        }
        match (found.is_empty(), outside) {
            (false, false) => Found::Methods(found, Ty::Unknown),
            (false, true) => Found::Maybe(found, Ty::Unknown),
            (true, true) => Found::Outside(Ty::foreign()),
            _ => Found::Nothing,
        }
    }

    /// What `function(arguments)` gives.
    pub(super) fn call(&self, file: u32, function: ExprId, arguments: List) -> Ty {
        let this = self.file(file);
        let facts = this.facts.bindings;
        let (plain, types) = match facts.expr(function) {
            Expr::Index(base, types) => (base, types),
            _ => (function, List::default()),
        };
        let (found, receiver) = self.callee(file, plain);
        let call = Call { file, arguments, types, receiver };
        match found {
            Found::Methods(found, of) => self.result_of_all(&found, &of, &call),
            Found::Maybe(found, of) => either([self.result_of_all(&found, &of, &call), Ty::foreign()]),
            Found::Outside(of) | Found::Absent(of) if receiver => {
                let name = self.last_name(file, plain);
                let seen = if outside::passes_on(name) { None } else { self.as_iterator(&of) };
                self.outside_method(&seen.unwrap_or(of), name, &call)
            }
            Found::Outside(of) | Found::Absent(of) => self.outside_function(plain, &of, &call),
            Found::Nothing => match facts.expr(plain) {
                Expr::Attribute(..) | Expr::Path(..) | Expr::Name(..) => Ty::Unknown,
                _ => self.called(&self.value(file, plain)),
            },
        }
    }

    /// What one of several functions gives.
    fn result_of_all(&self, found: &[(u32, u32)], of: &Ty, call: &Call) -> Ty {
        either(found.iter().take(MAX_FUNCTIONS).map(|&(owner, index)| self.result_of(owner, index, of, call)))
    }

    fn result_of(&self, file: u32, index: u32, of: &Ty, call: &Call) -> Ty {
        let this = self.file(file);
        match this.binding(index).source {
            Source::Scope(scope) if this.scope(scope).kind == ScopeKind::Class => {
                self.constructed(Def { file, scope }, call)
            }
            Source::Scope(scope) => {
                self.deeper(|| self.result(Def { file, scope }, Some(of), Some(call))).unwrap_or(Ty::Unknown)
            }
            _ => self.called(&self.binding_value(file, index)),
        }
    }

    /// A tuple struct or variant, given its fields.
    fn constructed(&self, def: Def, call: &Call) -> Ty {
        let file = self.file(def.file);
        let owner = Def { scope: self.type_of_variant(def.file, def.scope), ..def };
        let names = self.zipped_names(owner);
        let mut env = Env::default();
        let given = self.file(call.file).facts.bindings.list(call.arguments);
        for (&field, &argument) in file.bound(def.scope, "").iter().zip(given) {
            if let Source::Declared(declared, _) = file.binding(field).source
                && !names.is_empty()
            {
                self.unify(def.file, declared, &self.value(call.file, argument), &names, &mut env);
            }
        }
        let arguments: Tys = names.iter().map(|name| env.get(name).cloned().unwrap_or(Ty::Unknown)).collect();
        Ty::Local(owner, arguments)
    }

    /// What a value gives when it is called.
    pub(super) fn called(&self, of: &Ty) -> Ty {
        match of {
            Ty::Function(def) => self.deeper(|| self.result(*def, None, None)).unwrap_or(Ty::Unknown),
            Ty::Callable(result) => (**result).clone(),
            Ty::Outside(name, arguments) => match outside::dereferenced(name, arguments) {
                Some(inner) => self.called(&inner),
                None => Ty::Unknown,
            },
            Ty::All(parts) | Ty::Either(parts) => {
                parts.iter().map(|part| self.called(part)).find(|of| !of.is_unknown()).unwrap_or(Ty::Unknown)
            }
            _ => Ty::Unknown,
        }
    }

    /// What a function gives.
    fn result(&self, def: Def, of: Option<&Ty>, call: Option<&Call>) -> Ty {
        let file = self.file(def.file);
        let scope = file.scope(def.scope);
        let found = match scope.returns {
            Some(returns) => {
                let mut env = self.function_env(def, of);
                if let Some(call) = call {
                    self.learn_from(def, call, &mut env);
                }
                self.annotated(def.file, returns, &env)
            }
            None => {
                let values = file.returned(def.scope).iter().map(|&value| self.value(def.file, value));
                values.reduce(super::types::better).unwrap_or(Ty::Unknown)
            }
        };
        match scope.flags.is_async {
            true => Ty::outside("Future", &[found]),
            false => found,
        }
    }

    /// What the type parameters of the place where a function is defined stand for.
    pub(super) fn function_env(&self, def: Def, of: Option<&Ty>) -> Env<'a> {
        let file = self.file(def.file);
        let Some(of) = of.filter(|of| !of.is_unknown()) else { return Env::default() };
        let parent = file.scope(def.scope).parent;
        let owner = Def { file: def.file, scope: parent };
        match file.scope(parent).kind {
            ScopeKind::Extension => {
                // Found through what it dereferences to, or by the trait: `Self` is what the block says.
                let mut env = self.impl_env(owner, of);
                if let (Ty::Local(of, _), Some(own)) = (of, self.self_type(def.file, parent))
                    && matches!(&own, Ty::Local(own, _) if own != of)
                {
                    env.this = Some(own);
                }
                env
            }
            ScopeKind::Class => {
                let parameters = match of {
                    Ty::Local(of, arguments) if *of == owner => self.zipped(owner, arguments),
                    _ => Vec::new(),
                };
                Env { this: Some(of.clone()), parameters }
            }
            _ => Env::default(),
        }
    }

    /// The parameters of a function, without the receiver if that is not among the arguments.
    pub(super) fn own_parameters(&self, def: Def, receiver: bool) -> Vec<u32> {
        let file = self.file(def.file);
        let is_receiver = |index: u32| matches!(file.binding(index).source, Source::Receiver);
        let all = file.parameters_of(def.scope).iter().copied();
        all.filter(|&index| !(receiver && is_receiver(index))).collect()
    }

    /// Learns the type parameters of a function from its arguments.
    fn learn_from(&self, def: Def, call: &Call, env: &mut Env<'a>) {
        let file = self.file(def.file);
        let from = self.file(call.file).facts.bindings;
        let mut names = self.zipped_names(def);
        for (name, &of) in names.iter().zip(from.list(call.types)) {
            env.learn(name, self.annotated(call.file, of, &Env::default()));
        }
        let parent = file.scope(def.scope).parent;
        if file.scope(parent).kind == ScopeKind::Extension {
            names.extend(self.zipped_names(Def { file: def.file, scope: parent }));
        }
        if names.is_empty() {
            return;
        }
        let parameters = self.own_parameters(def, call.receiver);
        for (&parameter, &argument) in parameters.iter().zip(from.list(call.arguments)) {
            let Source::Declared(declared, _) = file.binding(parameter).source else { continue };
            let given = self.value(call.file, argument);
            self.unify(def.file, declared, &given, &names, env);
            if matches!(given, Ty::Function(_) | Ty::Callable(_)) {
                for signature in self.signatures(def.file, def.scope, declared) {
                    self.learn_result(def.file, signature, &given, &names, env);
                }
            }
        }
        self.fill_self(def, &names, env);
    }

    fn learn_result(&self, file: u32, signature: ScopeId, given: &Ty, names: &[&'a str], env: &mut Env<'a>) {
        if let Some(returns) = self.file(file).scope(signature).returns {
            let result = self.called(given);
            self.unify(file, returns, &result, names, env);
        }
    }

    /// `Self` with the arguments that were learned: `Wrapper::new(value)`.
    fn fill_self(&self, def: Def, names: &[&'a str], env: &mut Env<'a>) {
        let file = self.file(def.file);
        let parent = file.scope(def.scope).parent;
        let known = matches!(&env.this, Some(Ty::Local(_, arguments)) if arguments.iter().any(|of| !of.is_unknown()));
        if known || file.scope(parent).kind != ScopeKind::Extension || !names.iter().any(|name| env.get(name).is_some())
        {
            return;
        }
        let bases = file.facts.bindings.list(file.scope(parent).bases);
        if let Some(&of) = bases.first() {
            let inner = Env { this: None, parameters: env.parameters.clone() };
            let found = self.annotated(def.file, of, &inner);
            if matches!(found, Ty::Local(..)) {
                env.this = Some(found);
            }
        }
    }

    /// A method from outside.
    fn outside_method(&self, of: &Ty, name: &str, call: &Call) -> Ty {
        let arguments = self.file(call.file).facts.bindings.list(call.arguments);
        let given = |at: usize| arguments.get(at).map_or(Ty::Unknown, |&argument| self.value(call.file, argument));
        if call.types != List::default()
            && matches!(name, "collect" | "parse" | "into" | "sum" | "product" | "downcast_ref" | "downcast")
        {
            let types = self.file(call.file).facts.bindings.list(call.types);
            let declared = types.first().map_or(Ty::Unknown, |&of| self.annotated(call.file, of, &Env::default()));
            return outside::filled(name, declared, of);
        }
        let found = outside::method(of, name, &given, &|of| self.called(of), &|of| self.element(of));
        let local = of.holds_local() || (0..arguments.len()).any(|at| given(at).holds_local());
        // What was made of things from outside only comes from there.
        match found.is_unknown() && !local && !outside::is_asked_for(name) {
            true => Ty::foreign(),
            false => found,
        }
    }

    /// A function from outside, or one that a local type has from outside.
    fn outside_function(&self, function: ExprId, of: &Ty, call: &Call) -> Ty {
        let this = self.file(call.file);
        let facts = this.facts.bindings;
        let arguments = facts.list(call.arguments);
        let given = |at: usize| arguments.get(at).map_or(Ty::Unknown, |&argument| self.value(call.file, argument));
        let name = self.last_name(call.file, function);
        if let Expr::Path(..) = facts.expr(function)
            && !matches!(of, Ty::Outside(name, _) if name.is_empty())
        {
            if let Ty::Local(..) = of {
                return match name {
                    "default" | "from" | "clone" | "from_iter" => of.clone(),
                    "try_from" | "from_str" => Ty::outside("Result", &[of.clone(), Ty::Unknown]),
                    _ => Ty::Unknown,
                };
            }
            return outside::associated(of, name, &given);
        }
        match name {
            "Some" => Ty::outside("Option", &[given(0)]),
            "Ok" => Ty::outside("Result", &[given(0), Ty::Unknown]),
            "Err" => Ty::outside("Result", &[Ty::Unknown, given(0)]),
            "take" | "replace" if !arguments.is_empty() => given(0),
            "drop" => Ty::Tuple(Tys::from([])),
            _ if call.types != List::default() || outside::is_asked_for(name) => Ty::Unknown,
            _ if (0..arguments.len()).any(|at| given(at).holds_local()) => Ty::Unknown,
            _ => Ty::foreign(),
        }
    }
}

/// A call as it is written.
pub(super) struct Call {
    file: u32,
    arguments: List,
    /// Type arguments of the function.
    types: List,
    /// Whether the receiver stands before the name.
    receiver: bool,
}
