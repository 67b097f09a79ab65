//! What a simple name means where it stands: scopes, members of the classes around, imports, namespaces.

use std::rc::Rc;

use rag_core::bindings::{ScopeId, ScopeKind, Source, Space};

use super::lambdas::Receiver;
use super::table::{ClassId, Group, tidy};
use super::types::{Env, Ty, no_env};
use super::{Classes, Place};
use crate::file::Family;

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Value,
    Type,
}

/// What the name of a type leads to.
#[derive(Clone, Debug, Default)]
pub(super) enum Named {
    Found(Rc<[Place]>),
    Outside,
    #[default]
    Unresolved,
}

/// A binding, and what the type parameters of its class stand for.
#[derive(Clone, Debug)]
pub(super) struct Meant<'a> {
    pub(super) place: Place,
    pub(super) env: Env<'a>,
}

pub(super) fn plain<'a>(places: impl IntoIterator<Item = Place>) -> Vec<Meant<'a>> {
    places.into_iter().map(|place| Meant { place, env: no_env() }).collect()
}

/// What was passed on the way outwards.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    /// A class with a base from outside, or a receiver from outside.
    pub(super) outside: bool,
    /// Something of which the members are not known.
    pub(super) open: bool,
    /// It is imported from outside.
    pub(super) imported: bool,
    /// It is imported, but not found.
    pub(super) missing: bool,
}

/// What is imported as a whole.
#[derive(Clone, Debug)]
pub(super) enum Star {
    Space(String),
    Class(ClassId),
}

/// What an import leads to.
pub(super) enum Imported {
    Found(Vec<Place>),
    Outside,
    Missing,
}

impl<'a> Classes<'_, 'a> {
    /// Shows `see` what `name` means, from the innermost scope that has it outwards, until it says that it has seen enough.
    pub(super) fn walk(
        &self,
        file: u32,
        scope: ScopeId,
        name: &'a str,
        from: u32,
        want: Want,
        see: &mut dyn FnMut(Vec<Meant<'a>>) -> bool,
    ) -> Passed {
        let this = self.file(file);
        let mut passed = Passed::default();
        let mut at = scope;
        loop {
            let here = this.scope(at);
            if let Some(&class) = self.table.of_scope.get(&(file, at)) {
                let found = match want {
                    Want::Type => {
                        let mut own: Vec<Place> = self
                            .type_parameters(file, at)
                            .into_iter()
                            .filter(|(own, _)| *own == name)
                            .filter_map(|(_, place)| place)
                            .collect();
                        if own.is_empty() {
                            own = self.wanted(self.nested(class, name), Want::Type);
                        }
                        plain(own)
                    }
                    Want::Value => {
                        let of = self.itself(class);
                        let members = self.members(&of, name, true);
                        passed.outside |= members.outside;
                        passed.open |= members.open;
                        members.found
                    }
                };
                if !found.is_empty() && see(found) {
                    return passed;
                }
            } else if at != 0 && here.kind != ScopeKind::Namespace {
                let found = self.bound_here(file, at, name, from, want, &mut passed);
                if passed.imported || passed.missing || !found.is_empty() && see(plain(found)) {
                    return passed;
                }
                if here.kind == ScopeKind::Function
                    && want == Want::Value
                    && self.receive(file, at, name, &mut passed, see)
                {
                    return passed;
                }
                if here.kind == ScopeKind::Extension && want == Want::Value {
                    passed.outside = true;
                }
            }
            if here.kind == ScopeKind::Namespace {
                let found = self.bound_here(file, at, name, from, want, &mut passed);
                if passed.imported || passed.missing || !found.is_empty() && see(plain(found)) {
                    return passed;
                }
                if self.in_namespace(file, at, name, want, see) {
                    return passed;
                }
            }
            if at == 0 {
                break;
            }
            at = here.parent;
        }
        self.in_file(file, name, want, &mut passed, see);
        passed
    }

    /// What the receiver of an extension, or of a function written as an argument, has of this name.
    fn receive(
        &self,
        file: u32,
        scope: ScopeId,
        name: &'a str,
        passed: &mut Passed,
        see: &mut dyn FnMut(Vec<Meant<'a>>) -> bool,
    ) -> bool {
        let of = match self.receiver_of(file, scope) {
            Receiver::None => return false,
            Receiver::Unknown => {
                passed.open = true;
                return false;
            }
            Receiver::Of(of) => of,
        };
        let members = self.members(&of, name, false);
        passed.outside |= members.outside;
        passed.open |= members.open;
        !members.found.is_empty() && see(members.found)
    }

    /// What a scope itself binds.
    fn bound_here(
        &self,
        file: u32,
        scope: ScopeId,
        name: &str,
        from: u32,
        want: Want,
        passed: &mut Passed,
    ) -> Vec<Place> {
        let this = self.file(file);
        let mut found: Vec<Place> = Vec::new();
        let mut variable = None;
        for &index in this.bound(scope, name) {
            let binding = this.binding(index);
            let reached = want == Want::Type || binding.extent.start <= from && from < binding.extent.end;
            match binding.source {
                Source::Import { module, item } => match self.imported(file, this.text(module), this.text(item)) {
                    Imported::Found(places) => found.extend(self.wanted(places, want)),
                    Imported::Outside => passed.imported = true,
                    Imported::Missing => passed.missing = true,
                },
                _ if !reached || !fits(binding.space, want) => {}
                Source::Scope(_) | Source::Alias(_) | Source::TypeParameter(_) => found.push((file, index)),
                _ => variable = Some((file, index)),
            }
        }
        if !found.is_empty() {
            (passed.imported, passed.missing) = (false, false);
        }
        match variable {
            Some(variable) if want == Want::Value => vec![variable],
            _ => found,
        }
    }

    pub(super) fn wanted(&self, places: Vec<Place>, want: Want) -> Vec<Place> {
        let fitting = |&(file, index): &Place| fits(self.file(file).binding(index).space, want);
        places.into_iter().filter(fitting).collect()
    }

    /// The names of the namespace that a scope opens; in C#, of those around it, too.
    fn in_namespace(
        &self,
        file: u32,
        scope: ScopeId,
        name: &str,
        want: Want,
        see: &mut dyn FnMut(Vec<Meant<'a>>) -> bool,
    ) -> bool {
        let Some(space) = self.table.space_of.get(&(file, scope)) else { return false };
        let mut path = space.as_str();
        loop {
            let found = self.near(file, self.in_space(self.group(file), path, name, want));
            if !found.is_empty() && see(plain(found)) {
                return true;
            }
            match path.rsplit_once('.') {
                Some((outer, _)) if self.family(file) == Family::CSharp => path = outer,
                _ => return false,
            }
        }
    }

    /// What a namespace has under a name.
    pub(super) fn in_space(&self, group: Group, path: &str, name: &str, want: Want) -> Vec<Place> {
        let found = self.table.spaces.get(&(group, path.to_owned())).and_then(|names| names.get(name));
        self.wanted(found.cloned().unwrap_or_default(), want)
    }

    /// Whether a name at the top of another file is seen there only.
    fn is_hidden(&self, from: u32, (file, index): Place) -> bool {
        let this = self.file(file);
        let binding = this.binding(index);
        if from == file || !matches!(this.family, Family::Kotlin | Family::Swift) {
            return false;
        }
        let before = this.facts.text.get(..binding.name.start as usize).unwrap_or("");
        let line = before.rsplit('\n').next().unwrap_or(before);
        line.split_whitespace().any(|word| matches!(word, "private" | "fileprivate"))
    }

    /// Of namesakes, those below the folder that the file's sources lie in.
    fn near(&self, file: u32, mut places: Vec<Place>) -> Vec<Place> {
        places.retain(|&place| !self.is_hidden(file, place));
        if places.len() < 2 {
            return places;
        }
        let root = self.source_root(file);
        let near: Vec<Place> = places.iter().copied().filter(|&(other, _)| self.source_root(other) == root).collect();
        if near.is_empty() { places } else { near }
    }

    /// The folder that sources of one kind lie in: `…/src/main`, `Sources`.
    fn source_root(&self, file: u32) -> &'a str {
        let path = self.file(file).facts.path;
        for mark in ["/kotlin/", "/java/", "/scala/", "/src/"] {
            if let Some(at) = path.find(mark) {
                return &path[..at];
            }
        }
        path.split('/').next().unwrap_or(path)
    }

    /// What a file sees: its imports, its namespace, what it imports as a whole.
    fn in_file(
        &self,
        file: u32,
        name: &str,
        want: Want,
        passed: &mut Passed,
        see: &mut dyn FnMut(Vec<Meant<'a>>) -> bool,
    ) {
        let this = self.file(file);
        let found = self.bound_here(file, 0, name, 0, want, passed);
        let imports =
            this.bound(0, name).iter().any(|&index| matches!(this.binding(index).source, Source::Import { .. }));
        if passed.imported || passed.missing || imports && !found.is_empty() && see(plain(found)) {
            return;
        }
        let group = self.group(file);
        let own = self.table.space_around(this, file, 0).to_owned();
        let found = self.near(file, self.in_space(group, &own, name, want));
        if !found.is_empty() && see(plain(found)) {
            return;
        }
        let mut found: Vec<Place> = Vec::new();
        for star in self.stars(file).iter() {
            let places = match star {
                Star::Space(path) => self.in_space(group, path, name, want),
                Star::Class(class) => self.wanted(self.static_member(*class, name), want),
            };
            for place in places {
                if !found.contains(&place) {
                    found.push(place);
                }
            }
        }
        let found = self.near(file, found);
        if !found.is_empty() && see(plain(found)) {
            return;
        }
        if group == Group::Swift {
            let everywhere = self.table.spaces.iter().filter(|((of, _), _)| *of == group);
            let mut all: Vec<Place> =
                everywhere.flat_map(|(_, names)| names.get(name).cloned().unwrap_or_default()).collect();
            all.sort_unstable();
            all.retain(|&place| !self.is_hidden(file, place));
            let found = self.wanted(all, want);
            if !found.is_empty() {
                see(plain(found));
            }
        }
    }

    /// What a file imports as a whole.
    pub(super) fn stars(&self, file: u32) -> Rc<[Star]> {
        if let Some(known) = self.stars.borrow().get(&file) {
            return known.clone();
        }
        // An import may name what one before it brings.
        self.stars.borrow_mut().insert(file, Rc::from([]));
        let this = self.file(file);
        let global = self.table.global.iter().filter(|_| self.family(file) == Family::CSharp).map(|(_, path)| *path);
        let mut found: Vec<Star> = Vec::new();
        for path in this.facts.bindings.exports.iter().map(|export| this.text(export.module)).chain(global) {
            let path = tidy(path);
            let known = found.len();
            self.star(file, &path, &mut found);
            if found.len() == known && self.family(file) == Family::Scala {
                self.star_behind(file, &path, &mut found);
            }
        }
        let found: Rc<[Star]> = found.into();
        self.stars.borrow_mut().insert(file, found.clone());
        found
    }

    fn star(&self, file: u32, path: &str, found: &mut Vec<Star>) {
        let group = self.group(file);
        let mut around = match self.family(file) {
            Family::Scala => self.innermost_space(file),
            _ => "",
        };
        loop {
            let longer = if around.is_empty() { path.to_owned() } else { format!("{around}.{path}") };
            if self.table.prefixes.contains(&(group, longer.clone())) {
                found.push(Star::Space(longer));
                break;
            }
            if around.is_empty() {
                break;
            }
            around = around.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        let classes = self.qualified(file, path, 0).into_iter().filter_map(|place| self.class_at(place));
        found.extend(classes.map(Star::Class));
    }

    /// Scala: a path that begins with what another import brings.
    fn star_behind(&self, file: u32, path: &str, found: &mut Vec<Star>) {
        let mut parts = path.split('.');
        let first = parts.next().unwrap_or(path);
        let mut passed = Passed::default();
        let mut places = Vec::new();
        for (scope, id) in self.file(file).facts.bindings.scopes.iter().zip(0..).take(64) {
            if matches!(scope.kind, ScopeKind::File | ScopeKind::Namespace) {
                places.extend(self.bound_here(file, id, first, 0, Want::Value, &mut passed));
            }
        }
        for star in found.iter() {
            places.extend(match star {
                Star::Space(space) => self.in_space(self.group(file), space, first, Want::Value),
                Star::Class(class) => self.static_member(*class, first),
            });
        }
        let mut classes: Vec<ClassId> = places.into_iter().filter_map(|place| self.class_at(place)).collect();
        for part in parts {
            let inner = classes.into_iter().flat_map(|class| self.static_member(class, part));
            classes = inner.filter_map(|place| self.class_at(place)).collect();
        }
        found.extend(classes.into_iter().map(Star::Class));
    }

    /// The longest namespace that a file opens.
    fn innermost_space(&self, file: u32) -> &str {
        let scopes = (0..self.file(file).facts.bindings.scopes.len() as ScopeId).take(64);
        let spaces = scopes.filter_map(|scope| self.table.space_of.get(&(file, scope)));
        spaces.map(String::as_str).max_by_key(|space| space.len()).unwrap_or("")
    }

    /// What an import of `item` from the namespace or class `module` means.
    pub(super) fn imported(&self, file: u32, module: &str, item: &str) -> Imported {
        let module = tidy(module);
        let item = item.trim_matches('`');
        let whole = if module.is_empty() { item.to_owned() } else { format!("{module}.{item}") };
        let found = self.near(file, self.qualified(file, &whole, 0));
        if !found.is_empty() {
            return Imported::Found(found);
        }
        // What a namespace that is here does not have may be generated.
        let group = self.group(file);
        let outer = module.rsplit_once('.').map_or("", |(outer, _)| outer).to_owned();
        let here = |path: String| !path.is_empty() && self.table.spaces.contains_key(&(group, path));
        if here(module) || here(outer) { Imported::Missing } else { Imported::Outside }
    }

    /// What a qualified name means; Scala's may begin in the namespace of the file.
    pub(super) fn qualified(&self, file: u32, path: &str, depth: u32) -> Vec<Place> {
        let found = self.qualified_from_top(file, path, depth);
        if !found.is_empty() || self.family(file) != Family::Scala || depth > 0 {
            return found;
        }
        let mut around = self.innermost_space(file);
        while !around.is_empty() {
            let found = self.qualified_from_top(file, &format!("{around}.{path}"), 1);
            if !found.is_empty() {
                return found;
            }
            around = around.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        Vec::new()
    }

    fn qualified_from_top(&self, file: u32, path: &str, depth: u32) -> Vec<Place> {
        let group = self.group(file);
        let (outer, name) = path.rsplit_once('.').unwrap_or(("", path));
        let found = self.table.spaces.get(&(group, outer.to_owned())).and_then(|names| names.get(name));
        if let Some(found) = found {
            return found.clone();
        }
        if outer.is_empty() || depth > 8 {
            return Vec::new();
        }
        let classes =
            self.qualified_from_top(file, outer, depth + 1).into_iter().filter_map(|place| self.class_at(place));
        classes.flat_map(|class| self.static_member(class, name)).collect()
    }

    /// What a simple name means as a type.
    pub(super) fn type_named(&self, file: u32, scope: ScopeId, name: &'a str) -> Named {
        let name = name.trim_matches('`');
        // Names of types do not depend on the place in a block.
        if let Some(known) = self.named.borrow().get(&(file, scope, name)) {
            return known.clone();
        }
        let mut found: Vec<Place> = Vec::new();
        let passed = self.deeper(|| {
            self.walk(file, scope, name, 0, Want::Type, &mut |meant| {
                found.extend(meant.into_iter().map(|meant| meant.place));
                true
            })
        });
        let named = match (found.is_empty(), passed.missing) {
            (false, _) => Named::Found(self.one_class(found).into()),
            (true, true) => Named::Unresolved,
            (true, false) => Named::Outside,
        };
        self.named.borrow_mut().insert((file, scope, name), named.clone());
        named
    }

    /// Each class once; its parts are one.
    fn one_class(&self, places: Vec<Place>) -> Vec<Place> {
        let mut seen = Vec::new();
        let mut kept: Vec<Place> = Vec::new();
        for place in places {
            let class = self.class_at(place);
            if kept.contains(&place) || class.is_some_and(|class| seen.contains(&class)) {
                continue;
            }
            seen.extend(class);
            kept.push(place);
        }
        kept
    }

    /// The values that a simple name can have.
    pub(super) fn name_value(&self, file: u32, scope: ScopeId, name: rag_core::Span) -> Ty<'a> {
        let text = self.file(file).text(name);
        let mut found: Vec<Meant<'a>> = Vec::new();
        let passed = self.walk(file, scope, text.trim_matches('`'), name.start, Want::Value, &mut |meant| {
            found = meant;
            true
        });
        if let Some(known) = self.one_value(&found) {
            return known;
        }
        if matches!(text, "it" | "$0")
            && let Some(of) = self.implicit_parameter(file, scope)
        {
            return of;
        }
        // In a type's place, or a class from outside.
        let namespace = |path: &str| self.table.prefixes.contains(&(self.group(file), path.to_owned()));
        if let Named::Found(places) = self.type_named(file, scope, text)
            && let Some(class) = places.first().and_then(|&place| match self.place_type(place, &super::types::none()) {
                Ty::Instance(class, _) => Some(Ty::Class(class)),
                Ty::Outside(name, _) => Some(Ty::OutsideClass(name)),
                _ => None,
            })
        {
            return class;
        }
        if passed.missing {
            return Ty::Unknown;
        }
        if !passed.imported {
            let mut around = self.table.space_around(self.file(file), file, scope).to_owned();
            while !around.is_empty() && self.family(file) != Family::Kotlin {
                let longer = format!("{around}.{text}");
                if namespace(&longer) {
                    return Ty::Namespace(longer.into());
                }
                around = around.rsplit_once('.').map_or("", |(outer, _)| outer).to_owned();
            }
            if namespace(text) {
                return Ty::Namespace(text.into());
            }
        }
        match text.starts_with(|c: char| c.is_uppercase()) || passed.imported {
            true => Ty::OutsideClass(text),
            false if passed.outside && !passed.open => super::types::outside(),
            false => Ty::Unknown,
        }
    }

    /// The value of what a name means, if that is one.
    pub(super) fn one_value(&self, found: &[Meant<'a>]) -> Option<Ty<'a>> {
        // A value hides a type of its name.
        let value = |meant: &&Meant| self.file(meant.place.0).binding(meant.place.1).space != Space::Type;
        let any = found.iter().any(|meant| value(&meant));
        // Of types, the one without parameters: C# has several of one name.
        let bare =
            |meant: &&Meant| self.class_at(meant.place).is_some_and(|class| self.parameters_of_class(class).is_empty());
        let plain = !any && found.iter().any(|meant| bare(&meant));
        let fitting = found.iter().filter(|meant| if any { value(meant) } else { !plain || bare(meant) });
        let mut values = fitting.map(|meant| self.place_value(meant));
        let first = values.next()?;
        Some(if values.all(|other| other == first) { first } else { Ty::Unknown })
    }
}

fn fits(space: Space, want: Want) -> bool {
    match want {
        Want::Value => true,
        Want::Type => matches!(space, Space::Type | Space::Both),
    }
}
