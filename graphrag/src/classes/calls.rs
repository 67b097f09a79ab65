//! What a call can mean.

use rag_core::bindings::{Expr, ExprId, List, ScopeId, ScopeKind, Source};

use super::lambdas::Receiver;
use super::names::{Meant, Named, Want, plain};
use super::types::{Env, Ty, none, outside};
use super::{Classes, Place};
use crate::file::Family;

/// Something that a call can mean.
#[derive(Clone, Debug)]
pub(super) struct Callee<'a> {
    pub(super) meant: Meant<'a>,
    /// The function; a class that writes no constructor has none.
    pub(super) scope: Option<ScopeId>,
    /// Called on a receiver that it is no member of.
    pub(super) on_receiver: bool,
    /// The class that a constructor makes.
    pub(super) makes: Option<super::table::ClassId>,
}

/// What was found out about a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Called<'a> {
    pub(super) found: Vec<Callee<'a>>,
    /// Found by something that is not certain.
    pub(super) doubted: bool,
    pub(super) outside: bool,
    /// A variable is called.
    pub(super) variable: bool,
}

impl Called<'_> {
    fn external() -> Self {
        Called { outside: true, ..Called::default() }
    }
}

impl<'a> Classes<'_, 'a> {
    /// What a call means; of several functions, those that take the arguments best.
    pub(super) fn callee(&self, file: u32, callee: ExprId, count: usize) -> Called<'a> {
        let given = self.given(file, callee).filter(|given| (given.end - given.start) as usize == count);
        let mut called = self.callee_by_count(file, callee, count, given);
        if let Some(given) = given {
            called.found = self.best(file, called.found, given);
            // The one that is left does not take them: another is meant, or something was read wrongly.
            called.doubted |= !called.found.is_empty() && self.excluded(file, &called.found, given);
        }
        called
    }

    fn given(&self, file: u32, callee: ExprId) -> Option<List> {
        match self.file(file).facts.bindings.expr(callee) {
            Expr::New(_, given) => Some(given),
            _ => self.file(file).calls.get(&callee).copied(),
        }
    }

    pub(super) fn callee_by_count(&self, file: u32, callee: ExprId, count: usize, given: Option<List>) -> Called<'a> {
        let this = self.file(file);
        let given = given.map(|given| (file, given));
        match this.facts.bindings.expr(callee) {
            Expr::Name(name, scope) => self.simple_call(file, scope, name, count, given),
            Expr::Attribute(object, name) => {
                self.member_call(file, object, this.text(name).trim_matches('`'), count, given)
            }
            Expr::New(class, _) => match self.annotated(file, class) {
                Ty::Instance(class, _) => self.made(class, count, given),
                Ty::Outside(..) | Ty::Nothing => Called::external(),
                _ => Called::default(),
            },
            Expr::Index(base, _) => self.callee_by_count(file, base, count, given.map(|(_, given)| given)),
            Expr::This(scope) => match self.class_around(file, scope) {
                Some(class) => self.made(class, count, given),
                None => Called::default(),
            },
            Expr::Super(scope) => {
                match self.class_around(file, scope).map(|class| self.bases(class)).unwrap_or_default().first() {
                    Some(Ty::Instance(class, _)) => self.made(*class, count, given),
                    _ => Called::external(),
                }
            }
            _ => Called::default(),
        }
    }

    /// A call without a receiver.
    fn simple_call(
        &self,
        file: u32,
        scope: ScopeId,
        name: rag_core::Span,
        count: usize,
        given: Option<(u32, List)>,
    ) -> Called<'a> {
        let text = self.file(file).text(name).trim_matches('`');
        let mut called = Called::default();
        let mut unfit: Vec<Callee<'a>> = Vec::new();
        let mut stopped = false;
        let passed = self.walk(file, scope, text, name.start, Want::Value, &mut |meant| {
            let (meant, certain) = self.on_implicit_receivers(file, scope, meant);
            let mut here = self.callable(meant, count, given, &mut unfit);
            here.doubted |= !certain;
            stopped = here.variable || !here.found.is_empty() || here.outside;
            if stopped {
                called = here;
            }
            stopped
        });
        if stopped {
            called.found = self.nearest(called.found);
            return called;
        }
        if !unfit.is_empty() {
            // Read wrongly, or an overload that is not here.
            return Called { found: unfit, doubted: true, ..Called::default() };
        }
        if passed.imported {
            return Called::external();
        }
        Called { outside: !passed.open && !passed.missing, ..called }
    }

    /// Without extensions of what is no receiver here, and whether the others are certain.
    fn on_implicit_receivers(&self, file: u32, scope: ScopeId, mut meant: Vec<Meant<'a>>) -> (Vec<Meant<'a>>, bool) {
        let extended = |place: Place| {
            let this = self.file(place.0);
            let function = self.function_at(place).filter(|_| this.family == Family::Kotlin)?;
            this.facts.bindings.list(this.scope(function).bases).first().map(|&base| self.annotated(place.0, base))
        };
        if !meant.iter().any(|meant| extended(meant.place).is_some()) {
            return (meant, true);
        }
        let (receivers, open) = self.implicit_receivers(file, scope);
        let mut certain = true;
        meant.retain(|meant| match extended(meant.place) {
            Some(wanted) => {
                let fits: Vec<bool> = receivers.iter().filter_map(|of| self.extends(&wanted, of)).collect();
                certain &= fits.contains(&true) || fits.is_empty() && !open;
                open || !fits.is_empty()
            }
            None => true,
        });
        (meant, certain)
    }

    /// The receivers that a name without one may be called on, and whether there are others.
    fn implicit_receivers(&self, file: u32, mut scope: ScopeId) -> (Vec<Ty<'a>>, bool) {
        let this = self.file(file);
        let (mut found, mut open) = (Vec::new(), false);
        loop {
            if let Some(&class) = self.table.of_scope.get(&(file, scope)) {
                found.push(self.itself(class));
            } else if this.scope(scope).kind == ScopeKind::Function {
                match self.receiver_of(file, scope) {
                    Receiver::Of(of) => found.push(of),
                    Receiver::Unknown => open = true,
                    Receiver::None => {}
                }
            }
            if scope == 0 {
                return (found, open);
            }
            scope = this.scope(scope).parent;
        }
    }

    /// What can be called of what a name means; what does not take as many arguments is put aside.
    fn callable(
        &self,
        meant: Vec<Meant<'a>>,
        count: usize,
        given: Option<(u32, List)>,
        unfit: &mut Vec<Callee<'a>>,
    ) -> Called<'a> {
        let mut called = Called::default();
        let mut types = Vec::new();
        for meant in meant {
            let place = meant.place;
            if let Some(scope) = self.function_at(place) {
                let flags = self.file(place.0).scope(scope).flags;
                let fits = self.takes(place, scope, count, given, false);
                let read = flags.is_property
                    || self.family(place.0) == Family::Scala && count > 0 && self.parameters(place.0, scope).is_empty();
                let callee = Callee { meant, scope: Some(scope), on_receiver: false, makes: None };
                match (read, fits) {
                    // What it gives is called; the name is still that of the function.
                    (true, _) if self.family(place.0) == Family::Scala => called.found.push(callee),
                    (true, _) => called.variable = true,
                    (false, true) => called.found.push(callee),
                    (false, false) => unfit.push(callee),
                }
            } else if let Some(class) = self.class_at(place) {
                types.push(class);
            } else {
                match self.file(place.0).binding(place.1).source {
                    Source::Alias(_) => match self.place_type(place, &none()) {
                        Ty::Instance(class, _) => types.push(class),
                        Ty::Outside(..) => called.outside = true,
                        _ => called.variable = true,
                    },
                    Source::TypeParameter(_) => {}
                    _ => {
                        let value = self.place_value(&meant);
                        called.found.extend(self.invoked(&value, count, given));
                        called.variable |= called.found.is_empty();
                    }
                }
            }
        }
        if !called.found.is_empty() && !called.variable {
            // Functions of a class's name and its constructors are overloads.
            for &class in types.iter().filter(|&&class| !self.class(class).is_object && self.is_kotlin(class)) {
                let made = self.made(class, count, given);
                called.doubted |= made.doubted;
                called.found.extend(made.found.into_iter().filter(|made| made.scope.is_some()));
            }
        }
        if called.found.is_empty() && !called.variable {
            // An object that can be called comes before the class of its name.
            for &class in types.iter().filter(|&&class| self.class(class).is_object) {
                called.found.extend(self.invoked(&Ty::Instance(class, none()), count, given));
            }
            if called.found.is_empty() {
                for &class in types.iter().filter(|&&class| !self.class(class).is_object) {
                    let made = self.made(class, count, given);
                    called.found.extend(made.found);
                    called.doubted |= made.doubted;
                }
                if let ([], [class, ..]) = (called.found.as_slice(), types.as_slice()) {
                    let object = self.class(*class).places.first().copied();
                    called.found.extend(object.map(|place| Callee {
                        meant: plain([place]).remove(0),
                        scope: None,
                        on_receiver: false,
                        makes: Some(*class),
                    }));
                }
            }
        }
        called
    }

    fn is_kotlin(&self, class: super::table::ClassId) -> bool {
        self.class(class).parts.first().is_some_and(|&(file, _)| self.family(file) == Family::Kotlin)
    }

    /// What calling a value means.
    fn invoked(&self, of: &Ty<'a>, count: usize, given: Option<(u32, List)>) -> Vec<Callee<'a>> {
        let mut found = Vec::new();
        if !matches!(of, Ty::Instance(..)) {
            return found;
        }
        for name in ["invoke", "apply", "callAsFunction"] {
            let members = self.members(of, name, false).found;
            found.extend(self.fitting(members, count, given));
        }
        found
    }

    fn fitting(&self, members: Vec<Meant<'a>>, count: usize, given: Option<(u32, List)>) -> Vec<Callee<'a>> {
        let fitting = members.into_iter().filter_map(|meant| {
            let scope = self.function_at(meant.place)?;
            let fits = self.takes(meant.place, scope, count, given, false);
            fits.then_some(Callee { meant, scope: Some(scope), on_receiver: false, makes: None })
        });
        fitting.collect()
    }

    /// The constructors of a class; the class itself if it writes none.
    fn made(&self, class: super::table::ClassId, count: usize, given: Option<(u32, List)>) -> Called<'a> {
        let written = self.constructors(class);
        let any = !written.is_empty();
        let mut found = Vec::new();
        for place in written {
            if let Some(scope) = self.function_at(place)
                && self.takes(place, scope, count, given, false)
            {
                let meant = plain([place]).remove(0);
                found.push(Callee { meant, scope: Some(scope), on_receiver: false, makes: Some(class) });
            }
        }
        if !found.is_empty() {
            return Called { found, ..Called::default() };
        }
        let itself = plain(self.class(class).places.iter().copied());
        let found: Vec<Callee> = itself
            .into_iter()
            .map(|meant| Callee { meant, scope: None, on_receiver: false, makes: Some(class) })
            .collect();
        // A class of Kotlin without a constructor takes nothing.
        let doubted = any || count > 0 && self.is_kotlin(class);
        Called { doubted, found, ..Called::default() }
    }

    /// A call on a receiver.
    fn member_call(
        &self,
        file: u32,
        object: ExprId,
        name: &'a str,
        count: usize,
        given: Option<(u32, List)>,
    ) -> Called<'a> {
        let of = match self.file(file).facts.bindings.expr(object) {
            Expr::Super(scope) => {
                let Some(class) = self.class_around(file, scope) else { return Called::default() };
                let mut found = Vec::new();
                for base in self.bases(class) {
                    let Ty::Instance(..) = base else { continue };
                    found.extend(self.members(&base, name, false).found);
                }
                let mut unfit = Vec::new();
                let called = self.callable(found, count, given, &mut unfit);
                return if called.found.is_empty() {
                    Called::external()
                } else {
                    Called { found: self.nearest(called.found), ..called }
                };
            }
            _ => self.value(file, object).bounded(),
        };
        if let Ty::Namespace(path) = &of {
            let found = plain(self.in_space(self.group(file), path, name, Want::Value));
            let mut unfit = Vec::new();
            let called = self.callable(found, count, given, &mut unfit);
            return called;
        }
        let mut called = self.call_on(file, object, &of, name, count, given);
        // `Color.Parse()` where a property `Color` has the type `Color`.
        if let (true, Ty::Instance(..), Expr::Name(own, scope)) =
            (called.found.is_empty() && !called.variable, &of, self.file(file).facts.bindings.expr(object))
            && let Named::Found(places) = self.type_named(file, scope, self.file(file).text(own))
            && let Some(class) = places.first().and_then(|&place| self.class_at(place))
        {
            let other = self.call_on(file, object, &Ty::Class(class), name, count, given);
            if !other.found.is_empty() {
                called = other;
            }
        }
        called
    }

    fn call_on(
        &self,
        file: u32,
        object: ExprId,
        of: &Ty<'a>,
        name: &'a str,
        count: usize,
        given: Option<(u32, List)>,
    ) -> Called<'a> {
        let mut members = self.members(of, name, false);
        if let (Ty::Class(class), "init") = (of, name) {
            return self.made(*class, count, given);
        }
        let mut unfit = Vec::new();
        let mut called = self.callable(std::mem::take(&mut members.found), count, given, &mut unfit);
        // An extension is called if no member takes the arguments.
        let nearest = self.nearest(std::mem::take(&mut called.found));
        let excluded =
            matches!(given, Some((from, given)) if !nearest.is_empty() && self.excluded(from, &nearest, given));
        if !excluded && !nearest.is_empty() || called.variable {
            return Called { found: nearest, ..called };
        }
        let extended = self.extensions_of(file, object, of, name);
        let mut found = Vec::new();
        let mut sure = true;
        for (meant, certain) in extended {
            let Some(scope) = self.function_at(meant.place) else { continue };
            if self.takes(meant.place, scope, count, given, true) {
                sure &= certain;
                found.push(Callee { meant, scope: Some(scope), on_receiver: true, makes: None });
            }
        }
        if !found.is_empty() {
            return Called { found, doubted: !sure, ..Called::default() };
        }
        match of {
            _ if !nearest.is_empty() => Called { found: nearest, doubted: true, ..Called::default() },
            Ty::Unknown => Called::default(),
            _ if members.open => Called::default(),
            // What it inherits from outside takes as many.
            _ if members.outside => Called::external(),
            _ if !unfit.is_empty() => Called { found: unfit, doubted: true, ..Called::default() },
            // What every value has, or an extension from outside.
            _ => Called::external(),
        }
    }

    /// Without what others replace: members of bases that take as many arguments of the same types.
    pub(super) fn nearest(&self, found: Vec<Callee<'a>>) -> Vec<Callee<'a>> {
        let mut kept: Vec<Callee<'a>> = Vec::new();
        for callee in found {
            if !kept.iter().any(|below| self.replaces(below, &callee)) {
                kept.push(callee);
            }
        }
        kept
    }

    fn replaces(&self, below: &Callee<'a>, above: &Callee<'a>) -> bool {
        let (Some(own), Some(inherited)) = (below.scope, above.scope) else {
            return below.meant.place == above.meant.place;
        };
        let (file, other) = (below.meant.place.0, above.meant.place.0);
        let (a, b) = (self.parameters(file, own), self.parameters(other, inherited));
        let owner = |place: Place| (place.0, self.file(place.0).binding(place.1).scope);
        // Only a member of a class replaces one of another; constructors and functions are beside each other.
        let member = |place: Place| self.table.of_scope.contains_key(&owner(place));
        let members = member(below.meant.place) && member(above.meant.place);
        let made = below.makes.is_some() || above.makes.is_some();
        if a.len() != b.len() || !members || made || owner(below.meant.place) == owner(above.meant.place) {
            return false;
        }
        let declared = |place: u32, index: u32, env: &Env<'a>| match self.file(place).binding(index).source {
            Source::Declared(declared, _) => self.annotated(place, declared).with(env),
            _ => Ty::Unknown,
        };
        a.iter().zip(b).all(|(&a, &b)| {
            let (a, b) = (declared(file, a, &below.meant.env), declared(other, b, &above.meant.env));
            a == b
                || matches!(a, Ty::Unknown | Ty::Parameter(..))
                || matches!(b, Ty::Unknown | Ty::Parameter(..))
                || head(&a) == head(&b)
        })
    }

    /// The value of a call.
    pub(super) fn call_value(&self, file: u32, callee: ExprId, arguments: List) -> Ty<'a> {
        let facts = self.file(file).facts.bindings;
        let given = facts.list(arguments);
        // A value that gives something when it is called.
        if let Expr::Scope(_) = facts.expr(callee) {
            return match self.value(file, callee) {
                Ty::Function(of) => (*of).clone(),
                _ => Ty::Unknown,
            };
        }
        let called = self.callee(file, callee, given.len());
        if called.variable {
            return match self.value(file, callee) {
                Ty::Function(of) => (*of).clone(),
                _ => Ty::Unknown,
            };
        }
        if !called.found.is_empty() {
            let mut results = called.found.iter().map(|callee| self.result(callee, file, given));
            let first = results.next().unwrap_or_default();
            return if results.all(|other| other == first) { first } else { Ty::Unknown };
        }
        let lambda = || match given.last().map(|&last| self.value(file, last)) {
            Some(Ty::Function(of)) => Some((*of).clone()),
            _ => None,
        };
        match facts.expr(callee) {
            Expr::Attribute(object, name) => {
                let name = self.file(file).text(name);
                let of = self.value(file, object).bounded();
                match name {
                    "also" | "apply" | "takeIf" | "takeUnless" | "onEach" if self.family(file) == Family::Kotlin => {
                        return of;
                    }
                    "let" | "run" | "use" if self.family(file) == Family::Kotlin => {
                        return lambda().unwrap_or_default();
                    }
                    _ => {}
                }
                let own = given.iter().any(|&item| self.value(file, item).may_be_own());
                match of {
                    Ty::Outside(outer, held) => self.outside_result(outer, &held, name, lambda(), own),
                    Ty::OutsideClass(_) if !own => outside(),
                    Ty::Instance(..) if called.outside && !own && matches!(name, "toString" | "ToString") => {
                        Ty::Outside("String", none())
                    }
                    Ty::Instance(class, of) if name == "copy" => Ty::Instance(class, of),
                    _ => Ty::Unknown,
                }
            }
            Expr::Name(name, _) if called.outside => {
                let name = self.file(file).text(name);
                let first = given.first().map(|&first| self.value(file, first));
                if let (true, Some(&first)) = (matches!(name, "with"), given.first()) {
                    let _ = first;
                    return lambda().unwrap_or_default();
                }
                let known = self.outside_function(name, first.clone());
                let own = given.iter().any(|&item| self.value(file, item).may_be_own());
                known.unwrap_or_else(|| match name.starts_with(|c: char| c.is_uppercase()) {
                    true => Ty::Outside(name, none()),
                    false if own => Ty::Unknown,
                    false => outside(),
                })
            }
            _ => Ty::Unknown,
        }
    }

    /// What a function gives for these arguments.
    fn result(&self, callee: &Callee<'a>, file: u32, given: &[ExprId]) -> Ty<'a> {
        if let Some(class) = callee.makes {
            return Ty::Instance(class, none());
        }
        let Some(scope) = callee.scope else { return Ty::Unknown };
        let owner = callee.meant.place.0;
        if self.family(owner) == Family::Scala && !given.is_empty() && self.parameters(owner, scope).is_empty() {
            return Ty::Unknown;
        }
        let mut env: Vec<(&'a str, Ty<'a>)> = callee.meant.env.to_vec();
        let generic = self.type_parameters(owner, scope);
        let result = self.function_result(owner, scope);
        if !generic.is_empty() {
            let skipped = self.skipped(callee.meant.place, callee.on_receiver);
            let parameters = self.parameters(owner, scope).get(skipped..).unwrap_or_default();
            for (&index, &item) in parameters.iter().zip(given) {
                if let Source::Declared(declared, _) = self.file(owner).binding(index).source
                    && let Ty::Parameter(name, _) = self.annotated(owner, declared)
                    && generic.iter().any(|(own, _)| *own == name)
                    && !env.iter().any(|(known, _)| *known == name)
                {
                    env.push((name, self.value(file, item)));
                }
            }
        }
        match result.with(&env.into()) {
            // What it stands for is not known.
            Ty::Parameter(..) => Ty::Unknown,
            known => known,
        }
    }
}

/// What a type is without its arguments.
fn head<'t>(of: &'t Ty<'_>) -> (Option<u32>, &'t str) {
    match of {
        Ty::Instance(class, _) => (Some(*class), ""),
        Ty::Outside(name, _) => (None, name),
        Ty::Function(_) => (None, "->"),
        _ => (None, ""),
    }
}
