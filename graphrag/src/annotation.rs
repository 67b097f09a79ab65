//! The type that an annotation declares.

use rag_core::bindings::{Expr, ExprId, Literal, ScopeKind, Source, Space};

use crate::file::Family;
use crate::types::{Arguments, Def, Env, Type, Types, no_arguments, one, union, unknown};
use crate::world::{Entity, World};

impl<'a> World<'a> {
    /// The values that `expr`, read as a type, allows.
    pub(crate) fn annotated(&self, file: u32, expr: ExprId, env: &Env<'a>) -> Types {
        self.deeper(|| self.annotated_here(file, expr, env)).unwrap_or_else(unknown)
    }

    fn annotated_here(&self, file: u32, expr: ExprId, env: &Env<'a>) -> Types {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(expr) {
            Expr::Name(..) | Expr::Attribute(..) => self.named_type(file, expr, &no_arguments(), env),
            Expr::Index(base, items) => {
                let arguments: Arguments =
                    facts.list(items).iter().map(|&item| self.annotated(file, item, env)).collect();
                if facts.expr(base) == Expr::Unknown {
                    return one(Type::Holds(arguments));
                }
                self.generic(file, base, arguments, env)
            }
            Expr::Either(a, b) => union([self.annotated(file, a, env), self.annotated(file, b, env)]),
            Expr::Both(a, b) => both(self.annotated(file, a, env), self.annotated(file, b, env)),
            Expr::Sequence(items) => {
                let held = union(facts.list(items).iter().map(|&item| self.annotated(file, item, env)));
                one(Type::Holds([held].into()))
            }
            Expr::This(scope) => match (&env.this, self.class_around(file, scope)) {
                (Some(this), _) => one(this.clone()),
                (None, Some(class)) => one(Type::Instance(class, no_arguments())),
                _ => unknown(),
            },
            Expr::Scope(scope) => match this.scope(scope).kind {
                ScopeKind::Function => match this.scope(scope).returns {
                    Some(returns) => one(Type::Callable(self.annotated(file, returns, env))),
                    None => unknown(),
                },
                _ => one(Type::Instance(Def { file, scope }, no_arguments())),
            },
            Expr::Tuple(items) => {
                let parts = facts.list(items).iter().map(|&item| self.annotated(file, item, env));
                one(Type::Tuple(parts.collect()))
            }
            Expr::TypeOf(value) => self.value(file, value),
            Expr::Literal(Literal::Nothing) => Types::from([]),
            Expr::Literal(Literal::Builtin | Literal::Written(_)) => one(Type::External),
            _ => unknown(),
        }
    }

    /// The last name of a dotted type.
    fn last_name(&self, file: u32, expr: ExprId) -> &'a str {
        match self.file(file).facts.bindings.expr(expr) {
            Expr::Name(name, _) | Expr::Attribute(_, name) => self.file(file).text(name),
            _ => "",
        }
    }

    /// A generic type with its arguments; those of the standard libraries are known by name.
    fn generic(&self, file: u32, base: ExprId, arguments: Arguments, env: &Env<'a>) -> Types {
        let named = self.named_type(file, base, &arguments, env);
        if !matches!(named.first(), Some(Type::External)) || named.len() > 1 {
            return named;
        }
        if self.family(file).is_static() {
            return one(Type::Holds(arguments));
        }
        let first = || arguments.first().cloned().unwrap_or_else(unknown);
        let last = || arguments.last().cloned().unwrap_or_else(unknown);
        match self.last_name(file, base) {
            "Optional" | "Annotated" | "ClassVar" | "Final" | "Required" | "NotRequired" | "Partial" | "Readonly"
            | "NonNullable" | "Awaited" | "NoInfer" => first(),
            "Union" => union(arguments.iter().cloned()),
            "Callable" => one(Type::Callable(last())),
            "Type" | "type" => first()
                .iter()
                .map(|of| match of {
                    Type::Instance(def, arguments) => Type::Class(*def, arguments.clone()),
                    _ => Type::Unknown,
                })
                .collect(),
            "ReturnType" => self.results(&first()),
            "InstanceType" | "Pick" | "Omit" | "Extract" | "Exclude" => unknown(),
            "Literal" => one(Type::External),
            "tuple" | "Tuple" if arguments.len() > 1 => one(Type::Holds([union(arguments.iter().cloned())].into())),
            _ => one(Type::Holds(arguments)),
        }
    }

    /// What a name means as a type.
    fn named_type(&self, file: u32, expr: ExprId, arguments: &Arguments, env: &Env<'a>) -> Types {
        let this = self.file(file);
        let entities = match this.facts.bindings.expr(expr) {
            Expr::Name(name, scope) if this.family == Family::Java => {
                let text = this.text(name);
                let found = self.java_type_name(file, scope, text);
                let parameter = |entity: &Entity| match *entity {
                    Entity::Binding(file, index) => {
                        matches!(self.file(file).binding(index).source, Source::TypeParameter(_))
                    }
                    _ => false,
                };
                match env.get(text) {
                    Some(known) if found.iter().any(parameter) => return known.clone(),
                    _ => found,
                }
            }
            Expr::Name(name, scope) => {
                let found = self.lookup(file, scope, name, Space::Type);
                let text = this.text(name);
                let parameter =
                    found.iter().any(|&index| matches!(this.binding(index).source, Source::TypeParameter(_)));
                if let Some(known) = env.get(text)
                    && (parameter || self.is_python(file))
                {
                    return known.clone();
                }
                if found.is_empty() {
                    let stars = self.through_stars(file, text, Space::Type, 0);
                    if stars.is_empty() {
                        return match text {
                            "Any" | "any" | "unknown" | "object" => unknown(),
                            _ => one(Type::External),
                        };
                    }
                    stars
                } else {
                    found.iter().flat_map(|&index| self.entities(file, index, Space::Type)).collect()
                }
            }
            Expr::Attribute(..) if !self.java_spelled(file, expr).is_empty() => self.java_spelled(file, expr),
            Expr::Attribute(object, name) => {
                let name = this.text(name);
                let mut found = Vec::new();
                for of in self.value(file, object).iter() {
                    match of {
                        Type::Module(module) => found.extend(self.exported(*module, name, Space::Type, 0)),
                        _ => found.extend(self.attribute(of, name).0),
                    }
                }
                found
            }
            Expr::Index(base, _) => return self.named_type(file, base, arguments, env),
            _ => return unknown(),
        };
        let external = matches!(entities.first(), Some(Entity::External));
        if external && !self.family(file).is_static() {
            match self.last_name(file, expr) {
                "Self" => return env.this.clone().map_or_else(unknown, one),
                "Any" => return unknown(),
                _ => {}
            }
        }
        union(entities.into_iter().map(|entity| match entity {
            Entity::Binding(file, index) => self.binding_type(file, index, arguments, env),
            Entity::External => one(Type::External),
            Entity::Module(_) | Entity::Unresolved => unknown(),
        }))
    }

    /// The type that a binding names.
    fn binding_type(&self, file: u32, index: u32, arguments: &Arguments, env: &Env<'a>) -> Types {
        let this = self.file(file);
        match this.binding(index).source {
            Source::Scope(scope) => match this.scope(scope).kind {
                ScopeKind::Class | ScopeKind::Object => one(Type::Instance(Def { file, scope }, arguments.clone())),
                _ => unknown(),
            },
            Source::Alias(alias) => {
                let mut inner = Env { this: env.this.clone(), parameters: Vec::new() };
                if let Expr::Name(_, scope) = this.facts.bindings.expr(alias) {
                    inner.parameters = self.env(Def { file, scope }, arguments, &Type::Unknown).parameters;
                }
                self.annotated(file, alias, &inner)
            }
            // It has the members of `Object`.
            Source::TypeParameter(None) if this.family == Family::Java => one(Type::External),
            Source::TypeParameter(Some(bound)) => self.annotated(file, bound, env),
            // Python: `Headers = Union[...]`, and type variables with a bound.
            Source::Value(value) | Source::Declared(_, Some(value)) if self.is_python(file) => {
                match this.facts.bindings.expr(value) {
                    Expr::Call(function, _) if self.last_name(file, function) == "TypeVar" => unknown(),
                    Expr::Call(..) => unknown(),
                    _ => self.annotated(file, value, &Env::default()),
                }
            }
            _ => unknown(),
        }
    }
}

/// An intersection: what is known of one part holds, whatever the other is.
fn both(a: Types, b: Types) -> Types {
    let known = |types: &Types| !types.contains(&Type::Unknown);
    match (known(&a), known(&b)) {
        (true, false) => a,
        (false, true) => b,
        _ => union([a, b]),
    }
}
