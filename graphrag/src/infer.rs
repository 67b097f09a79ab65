//! What an expression can give.

use std::rc::Rc;

use rag_core::bindings::{Expr, ExprId, List, Literal, ScopeKind, Source, Space};

use crate::file::Family;
use crate::types::{Def, Env, Type, Types, no_arguments, one, union, unknown};
use crate::world::{Entity, Question, World};

impl<'a> World<'a> {
    /// The values that `expr` can have.
    pub(crate) fn value(&self, file: u32, expr: ExprId) -> Types {
        self.remember(file, Question::Value(expr), || self.value_here(file, expr))
    }

    fn value_here(&self, file: u32, expr: ExprId) -> Types {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(expr) {
            Expr::Unknown => unknown(),
            Expr::Name(name, scope) if this.family == Family::Java => self.java_name_value(file, scope, name),
            Expr::Name(name, scope) => {
                let found = self.name(file, scope, name);
                union(found.into_iter().map(|entity| self.entity_value(entity, &Env::default())))
            }
            Expr::This(scope) => self.receiver(file, scope),
            Expr::Super(_) => unknown(),
            Expr::Attribute(object, name) => {
                let spelled = self.java_spelled(file, expr);
                if !spelled.is_empty() {
                    return union(spelled.into_iter().map(|class| self.entity_value(class, &Env::default())));
                }
                let name = this.text(name);
                if let Expr::Super(scope) = facts.expr(object) {
                    let (found, env) = self.super_member(file, scope, name);
                    return union(found.into_iter().map(|entity| self.member_value(entity, &env)));
                }
                let of = self.value(file, object);
                union(of.iter().map(|of| {
                    if let Type::Holds(held) = of {
                        return held_member(held, name);
                    }
                    let (found, env) = self.attribute(of, name);
                    union(found.into_iter().map(|entity| self.member_value(entity, &env)))
                }))
            }
            Expr::Call(function, arguments) if this.family == Family::Java => {
                self.java_call_value(file, function, arguments)
            }
            Expr::New(class, _) if this.family == Family::Java => match facts.expr(class) {
                Expr::Scope(scope) => one(Type::Instance(Def { file, scope }, no_arguments())),
                _ => self.annotated(file, class, &Env::default()),
            },
            Expr::Call(function, arguments) => {
                let functions = self.chosen(self.value(file, function), arguments);
                union(functions.iter().map(|function| self.result(function, file, arguments)))
            }
            Expr::New(class, arguments) => {
                let class = match facts.expr(class) {
                    Expr::Index(base, items) => {
                        let of = self.value(file, base);
                        let items: crate::types::Arguments =
                            facts.list(items).iter().map(|&item| self.annotated(file, item, &Env::default())).collect();
                        of.iter()
                            .map(|of| match of {
                                Type::Class(def, _) => Type::Class(*def, items.clone()),
                                of => of.clone(),
                            })
                            .collect()
                    }
                    _ => self.value(file, class),
                };
                union(class.iter().map(|class| self.result(class, file, arguments)))
            }
            Expr::Index(object, items) => {
                let of = self.go_underlying(self.value(file, object));
                of.iter()
                    .flat_map(|of| match of {
                        Type::Function(..) | Type::External if self.family(file) == Family::Go => vec![of.clone()],
                        Type::Class(def, _) if self.family(file) == Family::Go => {
                            let items = facts.list(items).iter();
                            let arguments = items.map(|&item| self.annotated(file, item, &Env::default()));
                            vec![Type::Class(*def, arguments.collect())]
                        }
                        Type::Holds(held) => held.last().cloned().unwrap_or_else(unknown).to_vec(),
                        // A generic class with arguments, used as a value.
                        Type::Class(def, arguments) => vec![Type::Class(*def, arguments.clone())],
                        Type::Instance(..) if self.is_python(file) => self.method_result(of, "__getitem__").to_vec(),
                        Type::External => vec![Type::Unknown],
                        _ => vec![Type::Unknown],
                    })
                    .collect()
            }
            Expr::Await(value) => self
                .go_underlying(self.value(file, value))
                .iter()
                .flat_map(|of| match of {
                    Type::Holds(held) => held.last().cloned().unwrap_or_else(unknown).to_vec(),
                    Type::External => vec![Type::External],
                    Type::Instance(..) if !self.is_python(file) => vec![of.clone()],
                    _ => vec![Type::Unknown],
                })
                .collect(),
            Expr::Element(value) => self
                .go_underlying(self.value(file, value))
                .iter()
                .flat_map(|of| match of {
                    Type::Holds(held) => held.first().cloned().unwrap_or_else(unknown).to_vec(),
                    Type::Instance(..) => {
                        let inner = self.method_result(of, "__iter__");
                        inner
                            .iter()
                            .flat_map(|of| match of {
                                Type::Holds(held) => held.first().cloned().unwrap_or_else(unknown).to_vec(),
                                _ => vec![Type::Unknown],
                            })
                            .collect()
                    }
                    _ => vec![Type::Unknown],
                })
                .collect(),
            Expr::Enter(value) => self.value(file, value).iter().flat_map(|of| self.entered(of).to_vec()).collect(),
            Expr::Both(a, b) | Expr::Either(a, b) => union([self.value(file, a), self.value(file, b)]),
            Expr::Sequence(items) => {
                one(Type::Holds([union(facts.list(items).iter().map(|&item| self.value(file, item)))].into()))
            }
            Expr::Tuple(items) => {
                one(Type::Tuple(facts.list(items).iter().map(|&item| self.value(file, item)).collect()))
            }
            Expr::Item(value, part) => {
                let of = self.value(file, value);
                union(of.iter().map(|of| match of {
                    Type::Tuple(parts) => parts.get(part as usize).cloned().unwrap_or_else(unknown),
                    Type::External => one(Type::External),
                    _ => unknown(),
                }))
            }
            Expr::Scope(scope) => one(self.scope_value(Def { file, scope })),
            Expr::Cast(declared) | Expr::TypeOf(declared) => self.annotated(file, declared, &Env::default()),
            Expr::Literal(Literal::Nothing) => Types::from([]),
            Expr::Literal(Literal::Builtin | Literal::Written(_)) => one(Type::External),
            Expr::Labelled(value, _) => self.value(file, value),
            // Rust's own: see `rust`.
            Expr::Path(..) | Expr::Try(_) | Expr::Pointee(_) | Expr::Matched(..) => unknown(),
        }
    }

    /// Of overloads, the first that takes as many arguments.
    fn chosen(&self, functions: Types, arguments: List) -> Types {
        let count = (arguments.end - arguments.start) as usize;
        let def = |of: &Type| match of {
            Type::Function(def, _) => Some(*def),
            _ => None,
        };
        let Some(Some(first)) = functions.first().map(def) else { return functions };
        let parent = |def: Def| (def.file, self.file(def.file).scope(def.scope).parent);
        let overloads = functions.iter().all(|of| def(of).is_some_and(|def| parent(def) == parent(first)));
        let signature = |def: Def| self.file(def.file).scope(def.scope).flags.is_signature;
        if functions.len() < 2 || !overloads || !signature(first) {
            return functions;
        }
        let fits = |of: &&Type| {
            def(of).is_some_and(|def| {
                let own = self.parameters(def).len().saturating_sub(self.skipped(def));
                signature(def) && own >= count
            })
        };
        functions.iter().find(fits).map_or(functions.clone(), |of| one(of.clone()))
    }

    /// Number of parameters that a call does not write: the receiver of a Python method.
    fn skipped(&self, def: Def) -> usize {
        let file = self.file(def.file);
        let scope = file.scope(def.scope);
        let method = file.scope(scope.parent).kind == ScopeKind::Class;
        usize::from(self.is_python(def.file) && method && !scope.flags.is_static)
    }

    fn scope_value(&self, def: Def) -> Type {
        match self.file(def.file).scope(def.scope).kind {
            ScopeKind::Class => Type::Class(def, no_arguments()),
            ScopeKind::Function => Type::Function(def, None),
            _ => Type::Instance(def, no_arguments()),
        }
    }

    /// What a context manager gives.
    fn entered(&self, of: &Type) -> Types {
        match of {
            Type::Holds(held) => held.first().cloned().unwrap_or_else(unknown),
            Type::Instance(..) => {
                let mut found = unknown();
                for name in ["__enter__", "__aenter__"] {
                    let (entities, env) = self.attribute(of, name);
                    if let Some(&Entity::Binding(file, index)) = entities.first() {
                        found = self.results(&self.member_value(Entity::Binding(file, index), &env));
                        // An asynchronous one is awaited.
                        if let [Type::Holds(held)] = &*found
                            && name == "__aenter__"
                        {
                            found = held.last().cloned().unwrap_or_else(unknown);
                        }
                        break;
                    }
                }
                found
            }
            _ => unknown(),
        }
    }

    fn method_result(&self, of: &Type, name: &str) -> Types {
        let (found, env) = self.attribute(of, name);
        let functions = union(found.into_iter().map(|entity| self.member_value(entity, &env)));
        self.results(&functions)
    }

    /// What a name means: definitions, through imports and star imports.
    pub(crate) fn name(&self, file: u32, scope: u32, name: rag_core::Span) -> Vec<Entity> {
        let found = self.lookup(file, scope, name, Space::Value);
        if !found.is_empty() {
            let mut entities: Vec<Entity> = Vec::new();
            for index in found {
                for entity in self.entities(file, index, Space::Value) {
                    if !entities.contains(&entity) {
                        entities.push(entity);
                    }
                }
            }
            return entities;
        }
        let stars = self.through_stars(file, self.file(file).text(name), Space::Value, 0);
        // A name that nothing binds is builtin.
        if stars.is_empty() { vec![Entity::External] } else { stars }
    }

    /// Whether a parameter with a declared type is the receiver of its method.
    fn is_receiver(&self, file: u32, index: u32) -> bool {
        let this = self.file(file);
        let scope = this.binding(index).scope;
        if this.scope(scope).kind != ScopeKind::Function {
            return false;
        }
        let def = Def { file, scope };
        self.skipped(def) == 1 && self.parameters(def).first() == Some(&index)
    }

    fn receiver(&self, file: u32, scope: u32) -> Types {
        match self.file(file).around(scope, &[ScopeKind::Class, ScopeKind::Object]) {
            Some(scope) if self.family(file) == Family::Java => self.java_receiver(Def { file, scope }),
            Some(scope) => one(Type::Instance(Def { file, scope }, no_arguments())),
            None => unknown(),
        }
    }

    pub(crate) fn entity_value(&self, entity: Entity, env: &Env<'a>) -> Types {
        match entity {
            Entity::Binding(file, index) if env.is_empty() => {
                self.remember(file, Question::Binding(index), || self.binding_value(file, index, env))
            }
            Entity::Binding(file, index) => {
                self.deeper(|| self.binding_value(file, index, env)).unwrap_or_else(unknown)
            }
            Entity::Module(file) => one(Type::Module(file)),
            Entity::External => one(Type::External),
            Entity::Unresolved => unknown(),
        }
    }

    /// A member's value: methods are bound to their receiver, properties are read.
    pub(crate) fn member_value(&self, entity: Entity, env: &Env<'a>) -> Types {
        let values = self.entity_value(entity, env);
        let Some(this) = &env.this else { return values };
        union(values.iter().map(|value| match value {
            Type::Function(def, None) => {
                let bound = Type::Function(*def, Some(Rc::new(this.clone())));
                match self.file(def.file).scope(def.scope).flags.is_property {
                    true => self.results(&one(bound)),
                    false => one(bound),
                }
            }
            value => one(value.clone()),
        }))
    }

    fn binding_value(&self, file: u32, index: u32, env: &Env<'a>) -> Types {
        let this = self.file(file);
        let binding = this.binding(index);
        match binding.source {
            Source::Scope(scope) => one(self.scope_value(Def { file, scope })),
            Source::Value(value) => self.value(file, value),
            Source::Declared(declared, value) => {
                let receiver = value.is_none() && self.is_receiver(file, index);
                let declared = self.annotated(file, declared, env);
                if receiver && declared.contains(&Type::Unknown) {
                    return self.receiver(file, binding.scope);
                }
                let Some(value) = value else { return declared };
                let inferred = !binding.is_instance && !self.family(file).is_static();
                if declared.contains(&Type::Unknown) && inferred {
                    return self.value(file, value);
                }
                self.narrowed(declared, file, value, binding.scope)
            }
            Source::Import { .. } => {
                let found = self.entities(file, index, Space::Value);
                union(found.into_iter().map(|entity| self.entity_value(entity, &Env::default())))
            }
            Source::Receiver => self.receiver(file, binding.scope),
            Source::ReceiverClass => match self.class_around(file, binding.scope) {
                Some(class) => one(Type::Class(class, no_arguments())),
                None => unknown(),
            },
            Source::Parameter(position, default) => self.parameter(file, binding.scope, position, default),
            Source::TypeParameter(_) | Source::Alias(_) | Source::Opaque | Source::Use(_) => unknown(),
        }
    }

    /// A local variable has the type of what it was given, if that is a kind of the declared one.
    fn narrowed(&self, declared: Types, file: u32, value: ExprId, scope: u32) -> Types {
        if self.file(file).scope(scope).kind != ScopeKind::Function || self.family(file).is_static() {
            return declared;
        }
        let given = self.value(file, value);
        match (&*declared, &*given) {
            ([Type::Instance(base, _)], [Type::Instance(def, _)]) if def != base && self.derives(*def, *base) => given,
            _ => declared,
        }
    }

    /// What calling `function` with the arguments of a call in `file` gives.
    pub(crate) fn result(&self, function: &Type, file: u32, arguments: List) -> Types {
        match function {
            Type::Class(def, generic) => one(Type::Instance(*def, generic.clone())),
            Type::Function(def, this) => self.function_result(*def, this.as_deref(), Some((file, arguments))),
            Type::Callable(result) => result.clone(),
            Type::External => {
                let passed = self.file(file).facts.bindings.list(arguments);
                let given_back = |of: &Type| match self.family(file) {
                    Family::Go => self.go_gives_back(of),
                    _ => is_own(of),
                };
                let own = passed.iter().any(|&argument| self.value(file, argument).iter().any(given_back));
                if own { unknown() } else { one(Type::External) }
            }
            Type::Instance(def, generic) => {
                let called = match self.family(def.file) {
                    Family::Python => Some(self.method_result(function, "__call__")),
                    Family::Go => match &*self.go_underlying(one(function.clone())) {
                        [Type::Callable(result)] => Some(result.clone()),
                        _ => None,
                    },
                    _ => self.call_signature(function, *def, generic),
                };
                called.unwrap_or_else(unknown)
            }
            _ => unknown(),
        }
    }

    /// What calling any of these without known arguments gives.
    pub(crate) fn results(&self, functions: &Types) -> Types {
        union(functions.iter().map(|function| match function {
            Type::Function(def, this) => self.function_result(*def, this.as_deref(), None),
            Type::Class(def, generic) => one(Type::Instance(*def, generic.clone())),
            Type::Callable(result) => result.clone(),
            Type::External => one(Type::External),
            _ => unknown(),
        }))
    }

    fn function_result(&self, def: Def, this: Option<&Type>, call: Option<(u32, List)>) -> Types {
        let file = self.file(def.file);
        let scope = file.scope(def.scope);
        if !self.transparent(def) {
            return unknown();
        }
        let python = self.is_python(def.file);
        let found = match scope.returns {
            Some(returns) => {
                let mut env = self.call_env(def, this);
                if let Some((from, arguments)) = call {
                    self.infer_parameters(def, from, arguments, &mut env);
                }
                self.deeper(|| self.annotated(def.file, returns, &env)).unwrap_or_else(unknown)
            }
            None if scope.flags.is_signature && !python => unknown(),
            None => {
                let inferred = self.remember(def.file, Question::Result(def.scope), || {
                    let values = file.returned(def.scope);
                    let found = union(values.iter().map(|&value| self.value(def.file, value)));
                    if scope.flags.is_generator { one(Type::Holds([found].into())) } else { found }
                });
                // `return self` gives what the method was called on.
                let own = self.class_around(def.file, def.scope).map(|class| Type::Instance(class, no_arguments()));
                match (this, own) {
                    (Some(this @ Type::Instance(..)), Some(own)) => {
                        inferred.iter().map(|of| if *of == own { this.clone() } else { of.clone() }).collect()
                    }
                    _ => inferred,
                }
            }
        };
        let wrapped = scope.flags.is_async && !scope.flags.is_generator && (python || scope.returns.is_none());
        if wrapped { one(Type::Holds([found].into())) } else { found }
    }

    /// What the type parameters of a method's class stand for.
    fn call_env(&self, def: Def, this: Option<&Type>) -> Env<'a> {
        let class = self.class_around(def.file, def.scope);
        let mut env = Env::default();
        if let Some(extended) = this.and_then(|this| self.extension_env(def, this)) {
            return extended;
        }
        if let Some(this) = this {
            let receiver = match this {
                Type::Class(of, arguments) => Type::Instance(*of, arguments.clone()),
                this => this.clone(),
            };
            if let (Type::Instance(of, arguments), Some(class)) = (&receiver, class) {
                // The class that defines it may be a base with arguments of its own.
                env = if *of == class {
                    self.env(class, arguments, &receiver)
                } else {
                    self.base_env(*of, arguments, class, &receiver).unwrap_or_default()
                };
            }
            // `def __enter__(self: T) -> T`.
            let file = self.file(def.file);
            if self.skipped(def) == 1
                && let Some(&first) = self.parameters(def).first()
                && let Source::Declared(declared, _) = file.binding(first).source
                && let Expr::Name(name, _) = file.facts.bindings.expr(declared)
            {
                env.parameters.push((name.text(file.facts.text), one(receiver.clone())));
            }
            env.this = Some(receiver);
        }
        env
    }

    /// What the type parameters of `base` stand for in `def`, which derives from it.
    fn base_env(&self, def: Def, arguments: &crate::types::Arguments, base: Def, this: &Type) -> Option<Env<'a>> {
        let file = self.file(base.file);
        let scope = file.scope(base.scope);
        if file.facts.bindings.list(scope.type_parameters).is_empty() {
            return None;
        }
        match self.base_instance(def, arguments, base, this, 0)? {
            Type::Instance(base, arguments) => Some(self.env(base, &arguments, this)),
            _ => None,
        }
    }

    /// Binds the type parameters of a function that are exactly the type of a parameter.
    pub(crate) fn infer_parameters(&self, def: Def, from: u32, arguments: List, env: &mut Env<'a>) {
        let file = self.file(def.file);
        let facts = file.facts.bindings;
        let scope = file.scope(def.scope);
        let names = facts.list(scope.type_parameters).to_vec();
        if names.is_empty() && !self.is_python(def.file) {
            return;
        }
        let given = self.file(from).facts.bindings.list(arguments);
        let parameters = self.parameters(def);
        let skip = self.skipped(def);
        for (&parameter, &argument) in parameters.iter().skip(skip).zip(given) {
            let Source::Declared(declared, _) = file.binding(parameter).source else { continue };
            let Expr::Name(name, scope) = facts.expr(declared) else { continue };
            let text = name.text(file.facts.text);
            let is_parameter = self.lookup(def.file, scope, name, Space::Type).iter().any(|&index| {
                match file.binding(index).source {
                    Source::TypeParameter(_) => true,
                    Source::Value(value) => matches!(facts.expr(value), Expr::Call(function, _)
                        if matches!(facts.expr(function), Expr::Name(name, _) | Expr::Attribute(_, name) if file.text(name) == "TypeVar")),
                    _ => false,
                }
            });
            if is_parameter && env.get(text).is_none() {
                env.parameters.push((text, self.value(from, argument)));
            }
        }
        if file.family.is_static() {
            for name in names {
                if let Expr::Name(name, _) = facts.expr(name)
                    && env.get(file.text(name)).is_none()
                {
                    env.parameters.push((file.text(name), unknown()));
                }
            }
        }
    }
}

/// Whether a type is, or may be, one of the repository.
pub(crate) fn is_own(of: &Type) -> bool {
    !matches!(of, Type::External | Type::Unknown)
}

/// A member of a container from outside: methods that give what it holds.
fn held_member(held: &crate::types::Arguments, name: &str) -> Types {
    let last = || held.last().cloned().unwrap_or_else(unknown);
    let own = held.iter().flat_map(|types| types.iter()).any(|of| !matches!(of, Type::External));
    let result = match name {
        "get" | "pop" | "popleft" | "setdefault" | "shift" | "at" | "find" | "findLast" => last(),
        "values" => one(Type::Holds([last()].into())),
        "copy" | "filter" | "slice" | "reverse" | "sort" | "toSorted" | "toReversed" | "concat" => {
            one(Type::Holds(held.clone()))
        }
        _ if own => unknown(),
        _ => return one(Type::External),
    };
    one(Type::Callable(result))
}
