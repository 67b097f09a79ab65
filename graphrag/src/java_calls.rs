//! Java: which methods and constructors a call can mean.

use rag_core::SymbolKind;
use rag_core::bindings::{Expr, ExprId, List, ScopeId, ScopeKind, Site, Source};

use crate::file::File;
use crate::java_overloads::written_type;
use crate::types::{Arguments, Def, Type, Types, no_arguments, one, union, unknown};
use crate::world::{Entity, World};

/// How many classes and interfaces a class may derive from.
const MAX_BASES: usize = 200;

/// A method, and the receiver it is called on.
#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) file: u32,
    pub(crate) binding: u32,
    pub(crate) scope: ScopeId,
    pub(crate) receiver: Type,
}

/// What a call can mean.
#[derive(Default)]
pub(crate) struct Called {
    pub(crate) methods: Vec<Method>,
    /// Other things that are called: a class without a written constructor, a component of a record.
    pub(crate) others: Vec<Entity>,
    pub(crate) outside: bool,
    pub(crate) open: bool,
    /// Something from outside may be meant instead of what was found.
    rivals: bool,
    /// A base is from outside: it may have overloads of what was found.
    overloads_outside: bool,
}

impl Called {
    fn nothing_known() -> Self {
        Called { open: true, ..Called::default() }
    }

    fn from_outside() -> Self {
        Called { outside: true, ..Called::default() }
    }

    fn join(&mut self, other: Called) {
        self.methods.extend(other.methods);
        self.others.extend(other.others);
        self.outside |= other.outside;
        self.open |= other.open;
        self.rivals |= other.rivals;
        self.overloads_outside |= other.overloads_outside;
    }
}

impl<'a> World<'a> {
    /// What the call at a site means.
    pub(crate) fn java_called(&self, file: u32, site: &Site) -> Vec<Entity> {
        let called = self.java_callee(file, site.expr, usize::from(site.arguments));
        let mut found: Vec<Entity> = called.others;
        for method in &called.methods {
            let entity = Entity::Binding(method.file, method.binding);
            if !found.contains(&entity) {
                found.push(entity);
            }
        }
        if called.outside {
            found.push(Entity::External);
        }
        if called.open || found.is_empty() {
            found.push(Entity::Unresolved);
        }
        found
    }

    /// The value of a call.
    pub(crate) fn java_call_value(&self, file: u32, function: ExprId, arguments: List) -> Types {
        let count = (arguments.end - arguments.start) as usize;
        let called = self.java_callee(file, function, count);
        let mut results: Vec<Types> = Vec::new();
        for method in &called.methods {
            let def = Def { file: method.file, scope: method.scope };
            let function = Type::Function(def, Some(std::rc::Rc::new(method.receiver.clone())));
            results.push(self.result(&function, file, arguments));
        }
        for &other in &called.others {
            results.push(self.entity_value(other, &Default::default()));
        }
        if called.outside {
            results.push(self.java_outside_result(file, function, arguments));
        }
        if called.open || results.is_empty() {
            results.push(unknown());
        }
        union(results)
    }

    /// What a callee can mean, given the number of arguments.
    pub(crate) fn java_callee(&self, file: u32, callee: ExprId, count: usize) -> Called {
        let mut called = self.java_callee_by_count(file, callee, count);
        let given = match self.file(file).facts.bindings.expr(callee) {
            Expr::New(_, given) => Some(given),
            _ => self.file(file).calls.get(&callee).copied(),
        };
        if let Some(given) = given.filter(|given| (given.end - given.start) as usize == count) {
            if called.overloads_outside && self.java_excluded(file, &called.methods, given) {
                return Called::from_outside();
            }
            called.methods = self.java_best(file, called.methods, given);
        }
        called
    }

    fn java_callee_by_count(&self, file: u32, callee: ExprId, count: usize) -> Called {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(callee) {
            Expr::New(class, _) => self.java_constructors_of(file, class, count),
            Expr::This(scope) => match self.class_around(file, scope) {
                Some(def) => self.java_constructors(def, count),
                None => Called::nothing_known(),
            },
            Expr::Super(scope) => match self.class_around(file, scope) {
                Some(def) => self.java_base_constructors(def, count),
                None => Called::nothing_known(),
            },
            Expr::Name(name, scope) => self.java_simple_call(file, scope, this.text(name), count),
            Expr::Attribute(object, name) => {
                let name = this.text(name);
                if let Expr::Super(scope) = facts.expr(object) {
                    let Some(def) = self.class_around(file, scope) else { return Called::nothing_known() };
                    return self.java_inherited_call(def, name, count);
                }
                let mut called = Called::default();
                for of in self.value(file, object).iter() {
                    called.join(match of {
                        Type::Instance(def, arguments) | Type::Class(def, arguments) => {
                            self.java_member_call(*def, arguments, name, count)
                        }
                        Type::External | Type::Holds(_) => Called::from_outside(),
                        _ => Called::nothing_known(),
                    });
                }
                called
            }
            _ => Called::nothing_known(),
        }
    }

    /// A call without a receiver: of the innermost class around it that has a method of the name.
    fn java_simple_call(&self, file: u32, scope: ScopeId, name: &str, count: usize) -> Called {
        let this = self.file(file);
        let mut at = scope;
        let (mut outside, mut open) = (false, false);
        while at != 0 {
            if this.scope(at).kind == ScopeKind::Class {
                let def = Def { file, scope: at };
                let receiver = self.java_receiver(def);
                let arguments = match receiver.first() {
                    Some(Type::Instance(_, arguments)) => arguments.clone(),
                    _ => no_arguments(),
                };
                let all = self.java_methods(def, &arguments, name);
                if !all.methods.is_empty() {
                    let mut called = self.java_by_count(all, count);
                    // A class between here and there may inherit a method of this name from outside.
                    called.outside |= outside;
                    called.open |= open;
                    return called;
                }
                outside |= all.outside;
                open |= all.open;
            }
            at = this.scope(at).parent;
        }
        let classes = self.java_static_classes(file, name);
        let mut called =
            Called { outside: classes.outside || outside, open: classes.open || open, ..Called::default() };
        for def in classes.found {
            let found = self.java_methods(def, &no_arguments(), name);
            if !found.methods.is_empty() {
                let mut found = self.java_by_count(found, count);
                found.outside |= outside;
                found.open |= open;
                return found;
            }
            called.outside |= found.outside;
            called.open |= found.open;
        }
        // What every object has.
        called.outside |= is_object_method(name, count);
        called
    }

    /// The method `name` of a class, given the number of arguments.
    fn java_member_call(&self, def: Def, arguments: &Arguments, name: &str, count: usize) -> Called {
        let all = self.java_methods(def, arguments, name);
        if !all.methods.is_empty() {
            return self.java_by_count(all, count);
        }
        let component = self.java_field(def, name);
        if count == 0 && !component.is_empty() && !all.outside && !all.open {
            return Called { others: component, ..Called::default() };
        }
        let outside = all.outside
            || is_object_method(name, count)
            || self.java_symbol(def) == Some(SymbolKind::Enum) && is_enum_method(name);
        Called { outside, open: all.open && !all.outside, ..Called::default() }
    }

    /// Whether a class is an enumeration, an interface, or what else.
    fn java_symbol(&self, def: Def) -> Option<SymbolKind> {
        let file = self.file(def.file);
        let symbol = file.symbol_at(file.scope(def.scope).name)?;
        file.facts.symbols.get(symbol as usize).map(|symbol| symbol.kind)
    }

    /// `super.name(…)`.
    fn java_inherited_call(&self, def: Def, name: &str, count: usize) -> Called {
        match self.java_superclass(def) {
            Some(Type::Instance(base, arguments)) => self.java_member_call(base, &arguments, name, count),
            None | Some(Type::External | Type::Holds(_)) => Called::from_outside(),
            Some(_) => Called::nothing_known(),
        }
    }

    /// The class that a class extends, if it is not `Object`.
    fn java_superclass(&self, def: Def) -> Option<Type> {
        let this = Type::Instance(def, no_arguments());
        // It stands in front of the interfaces.
        let first = self.deeper(|| self.bases(def, &no_arguments(), &this))?.into_iter().next()?;
        match &first {
            Type::Instance(base, _) if *base == def || self.java_symbol(*base) == Some(SymbolKind::Interface) => None,
            _ => Some(first),
        }
    }

    /// All methods `name` of a class and its bases, without those that others replace.
    fn java_methods(&self, def: Def, arguments: &Arguments, name: &str) -> Called {
        let mut called = Called::default();
        let this = Type::Instance(def, arguments.clone());
        let mut seen = vec![def];
        let mut next = vec![(def, arguments.clone())];
        // Classes with bases from outside.
        let mut strangers = Vec::new();
        while let Some((def, arguments)) = next.pop() {
            for &binding in self.file(def.file).methods_of(def.scope, name) {
                let Source::Scope(scope) = self.file(def.file).binding(binding).source else { continue };
                if !self.file(def.file).scope(scope).flags.is_constructor {
                    called.methods.push(Method { file: def.file, binding, scope, receiver: this.clone() });
                }
            }
            let of = Type::Instance(def, arguments.clone());
            let mut bases = self.deeper(|| self.bases(def, &arguments, &of)).unwrap_or_default();
            bases.reverse();
            for base in bases {
                match base {
                    Type::Instance(base, arguments) if !seen.contains(&base) && seen.len() < MAX_BASES => {
                        seen.push(base);
                        next.push((base, arguments));
                    }
                    Type::Instance(..) => {}
                    Type::External | Type::Holds(_) => {
                        called.outside = true;
                        strangers.push(def);
                    }
                    _ => called.open = true,
                }
            }
        }
        let all = std::mem::take(&mut called.methods);
        let kept = all.iter().filter(|above| !all.iter().any(|below| self.java_replaces(below, above, &all)));
        called.methods = kept.cloned().collect();
        called.overloads_outside = !strangers.is_empty();
        called.rivals = called.methods.iter().any(|method| self.java_has_rival(method, &strangers));
        called
    }

    /// Whether a base from outside may declare what an interface declares, too, and be preferred.
    fn java_has_rival(&self, method: &Method, strangers: &[Def]) -> bool {
        let owner = self.java_owner(method);
        self.file(method.file).scope(method.scope).flags.is_signature
            && strangers.iter().any(|&stranger| !self.derives(owner, stranger))
    }

    fn java_owner(&self, method: &Method) -> Def {
        Def { file: method.file, scope: self.file(method.file).scope(method.scope).parent }
    }

    /// Whether a class has the type parameter `name`.
    fn java_is_parameter(&self, def: Def, name: &str) -> bool {
        let file = self.file(def.file);
        let names = file.facts.bindings.list(file.scope(def.scope).type_parameters).iter();
        names.into_iter().any(|&parameter| match file.facts.bindings.expr(parameter) {
            Expr::Name(own, _) => file.text(own) == name,
            _ => false,
        })
    }

    /// Whether `below` replaces `above`, a method of the same name in a base.
    fn java_replaces(&self, below: &Method, above: &Method, all: &[Method]) -> bool {
        let (file, other) = (self.file(below.file), self.file(above.file));
        let (own, inherited) = (file.parameters_of(below.scope), other.parameters_of(above.scope));
        let (owner, base) = (self.java_owner(below), self.java_owner(above));
        if own.len() != inherited.len() || owner == base {
            return false;
        }
        let written = |file: &File<'a>, index: u32| written_type(file, file.binding(index).name.start);
        let mut pairs = own.iter().zip(inherited);
        if pairs.all(|(&own, &inherited)| written(file, own) == written(other, inherited)) {
            return self.derives(owner, base);
        }
        let mut pairs = own.iter().zip(inherited);
        if !pairs.all(|(&own, &inherited)| {
            let above = written(other, inherited);
            written(file, own) == above || self.java_is_parameter(base, above.0)
        }) {
            return false;
        }
        // A type parameter stands for what the other one says: if there is one of each, they belong together.
        let alone = |def: Def| {
            let alike = |method: &&Method| {
                self.java_owner(method) == def && self.file(method.file).parameters_of(method.scope).len() == own.len()
            };
            all.iter().filter(alike).count() == 1
        };
        file.scope(below.scope).flags.is_override && alone(owner) && alone(base) && self.derives(owner, base)
    }

    /// The methods that take as many arguments; all of them if the number is not known.
    fn java_by_count(&self, mut called: Called, count: usize) -> Called {
        if count == usize::from(u16::MAX) {
            called.outside = false;
            called.open = false;
            return called;
        }
        let all = called.methods.len();
        called.methods.retain(|method| {
            let file = self.file(method.file);
            let parameters = file.parameters_of(method.scope).len();
            let variadic = file.scope(method.scope).flags.is_variadic;
            parameters == count || variadic && count + 1 >= parameters
        });
        if called.methods.is_empty() {
            // An inherited one from outside takes as many.
            called.open |= all > 0 && !called.outside;
            return called;
        }
        (called.outside, called.open) = (called.rivals, false);
        called
    }

    fn java_constructors_of(&self, file: u32, class: ExprId, count: usize) -> Called {
        let mut called = Called::default();
        let types = match self.file(file).facts.bindings.expr(class) {
            Expr::Scope(scope) => return self.java_base_constructors(Def { file, scope }, count),
            _ => self.annotated(file, class, &Default::default()),
        };
        for of in types.iter() {
            called.join(match of {
                Type::Instance(def, _) => self.java_constructors(*def, count),
                Type::External | Type::Holds(_) => Called::from_outside(),
                _ => Called::nothing_known(),
            });
        }
        called
    }

    /// The constructors of a class; the class itself if it writes none.
    fn java_constructors(&self, def: Def, count: usize) -> Called {
        let file = self.file(def.file);
        let class = file.scope(def.scope);
        let name = file.text(class.name);
        let mut written = Called::default();
        for &binding in file.methods_of(def.scope, name) {
            if let Source::Scope(scope) = file.binding(binding).source
                && file.scope(scope).flags.is_constructor
            {
                let receiver = Type::Instance(def, no_arguments());
                written.methods.push(Method { file: def.file, binding, scope, receiver });
            }
        }
        let any = !written.methods.is_empty();
        let fitting = self.java_by_count(written, count);
        if any && !fitting.methods.is_empty() {
            return fitting;
        }
        let itself = file.class_binding(def.scope);
        Called {
            others: itself.into_iter().map(|index| Entity::Binding(def.file, index)).collect(),
            ..Called::default()
        }
    }

    /// `super(…)`: the constructors of the class that `def` extends.
    fn java_base_constructors(&self, def: Def, count: usize) -> Called {
        match self.java_superclass(def) {
            Some(Type::Instance(base, _)) => self.java_constructors(base, count),
            None | Some(Type::External | Type::Holds(_)) => Called::from_outside(),
            Some(_) => Called::nothing_known(),
        }
    }

    /// What a container from outside holds, or a class that is one.
    fn java_container(&self, of: &Type, seen: &mut Vec<Def>) -> Option<Arguments> {
        match of {
            Type::Holds(held) => Some(held.clone()),
            Type::Instance(def, arguments) if !seen.contains(def) && seen.len() < MAX_BASES => {
                seen.push(*def);
                let bases = self.deeper(|| self.bases(*def, arguments, of)).unwrap_or_default();
                bases.iter().find_map(|base| self.java_container(base, seen))
            }
            _ => None,
        }
    }

    /// What a method from outside gives: containers know what they hold.
    fn java_outside_result(&self, file: u32, function: ExprId, arguments: List) -> Types {
        let facts = self.file(file).facts.bindings;
        if let Expr::Attribute(object, name) = facts.expr(function)
            && let [of] = &*self.value(file, object)
            && let Some(held) = self.java_container(of, &mut Vec::new())
        {
            return java_held(&held, self.file(file).text(name));
        }
        let first = facts.list(arguments).first();
        match (facts.expr(function), first) {
            // What the innermost class inherits from a container.
            (Expr::Name(name, scope), _)
                if let Some(def) = self.class_around(file, scope)
                    && let Some(held) = self.java_container(&Type::Instance(def, no_arguments()), &mut Vec::new()) =>
            {
                return java_held(&held, self.file(file).text(name));
            }
            (Expr::Name(name, _) | Expr::Attribute(_, name), Some(&first))
                if matches!(self.file(file).text(name), "requireNonNull" | "checkNotNull") =>
            {
                return self.value(file, first);
            }
            _ => {}
        }
        let own = |of: &Type| !matches!(of, Type::External | Type::Unknown);
        let given = facts.list(arguments).iter().any(|&argument| self.value(file, argument).iter().any(own));
        if given { unknown() } else { one(Type::External) }
    }
}

/// What a method of a container from outside gives.
fn java_held(held: &Arguments, name: &str) -> Types {
    let own = held.iter().flat_map(|types| types.iter()).any(|of| !matches!(of, Type::External));
    if !own {
        return one(Type::External);
    }
    let first = || held.first().cloned().unwrap_or_else(unknown);
    let last = || held.last().cloned().unwrap_or_else(unknown);
    match name {
        "get" | "put" | "getOrDefault" | "getValue" | "putIfAbsent" | "computeIfAbsent" | "merge" => last(),
        "remove" | "set" | "poll" | "peek" | "pop" | "element" | "take" | "next" | "previous" | "first" | "last"
        | "getFirst" | "getLast" | "removeFirst" | "removeLast" | "pollFirst" | "pollLast" | "peekFirst"
        | "peekLast" | "nextElement" | "orElse" | "orElseThrow" | "orElseGet" | "join" | "getAndSet" | "call" => last(),
        "getKey" | "firstKey" | "lastKey" => first(),
        "keySet" => one(Type::Holds([first()].into())),
        "values" => one(Type::Holds([last()].into())),
        "entrySet" => one(Type::Holds([one(Type::Holds(held.clone()))].into())),
        "iterator" | "listIterator" | "stream" | "filter" | "sorted" | "distinct" | "limit" | "skip" | "findFirst"
        | "findAny" | "subList" | "parallelStream" | "toList" | "reversed" | "elements" | "min" | "max" | "peekAll" => {
            one(Type::Holds(held.clone()))
        }
        _ => unknown(),
    }
}

/// What every class inherits.
fn is_object_method(name: &str, count: usize) -> bool {
    match name {
        "hashCode" | "toString" | "getClass" | "notify" | "notifyAll" | "clone" | "finalize" => count == 0,
        "equals" => count == 1,
        "wait" => count <= 2,
        _ => false,
    }
}

fn is_enum_method(name: &str) -> bool {
    matches!(name, "values" | "valueOf" | "ordinal" | "name" | "compareTo" | "getDeclaringClass")
}
