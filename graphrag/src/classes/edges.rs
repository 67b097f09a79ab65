//! From a place that uses a definition to the definitions.

use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, Site, Source};

use super::arguments::ANY_NUMBER;
use super::names::Named;
use super::{Classes, Place};

/// What a use means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// This definition, which may have several parts.
    Proven(Vec<Place>),
    /// One of these.
    Possible(Vec<Place>),
    External,
    /// Nothing is known, not even a name that it may mean.
    Unresolved,
    /// Perhaps one of these, which have its name; otherwise it is from outside.
    Likely(Vec<Place>),
}

impl<'a> Classes<'_, 'a> {
    /// What the use at `site` means.
    pub(crate) fn answer(&self, file: u32, site: &Site) -> Answer {
        self.start();
        match site.kind {
            ReferenceKind::Call => self.called(file, site),
            _ => self.typed(file, site),
        }
    }

    fn typed(&self, file: u32, site: &Site) -> Answer {
        match self.type_places(file, site.expr, 0) {
            Named::Found(places) => self.parts(places.to_vec()),
            Named::Outside => Answer::External,
            _ => Answer::Likely(self.types_named(file, self.file(file).text(site.name))),
        }
    }

    /// A class with all of its parts.
    fn parts(&self, places: Vec<Place>) -> Answer {
        match places.as_slice() {
            [(file, index)] if matches!(self.file(*file).binding(*index).source, Source::TypeParameter(_)) => {
                Answer::Unresolved
            }
            [one] => match self.class_at(*one) {
                Some(class) if self.class(class).places.contains(one) => {
                    Answer::Proven(self.class(class).places.clone())
                }
                _ => Answer::Proven(places),
            },
            _ => Answer::Possible(places),
        }
    }

    fn called(&self, file: u32, site: &Site) -> Answer {
        let called = self.callee(file, site.expr, usize::from(site.arguments));
        let mut places: Vec<Place> = Vec::new();
        for callee in &called.found {
            if !places.contains(&callee.meant.place) {
                places.push(callee.meant.place);
            }
        }
        let one_class = match called.found.as_slice() {
            [first, ..] if first.scope.is_none() => {
                called.found.iter().all(|callee| callee.scope.is_none() && callee.makes == first.makes)
            }
            _ => false,
        };
        match places.len() {
            0 if called.variable => Answer::Unresolved,
            0 if called.outside => Answer::External,
            0 => Answer::Likely(self.named_alike(file, site)),
            _ if called.doubted => Answer::Possible(places),
            1 => Answer::Proven(places),
            _ if one_class => Answer::Proven(places),
            _ => Answer::Possible(places),
        }
    }

    fn types_named(&self, file: u32, name: &str) -> Vec<Place> {
        let all = self.table.callable.get(&(self.group(file), name)).cloned().unwrap_or_default();
        all.into_iter().filter(|&place| self.class_at(place).is_some()).collect()
    }

    /// Functions and classes of the name that take as many arguments.
    fn named_alike(&self, file: u32, site: &Site) -> Vec<Place> {
        let name = self.file(file).text(site.name).trim_matches('`');
        let all = self.table.callable.get(&(self.group(file), name)).cloned().unwrap_or_default();
        let count = usize::from(site.arguments);
        let member = matches!(self.file(file).facts.bindings.expr(site.expr), Expr::Attribute(..));
        let given = self
            .file(file)
            .calls
            .get(&site.expr)
            .map(|&given| (file, given))
            .filter(|(_, given)| (given.end - given.start) as usize == count);
        let fits = |&place: &Place| {
            let (owner, index) = place;
            let this = self.file(owner);
            let Source::Scope(scope) = this.binding(index).source else { return false };
            match self.function_at(place) {
                Some(_) if this.scope(scope).flags.is_constructor => false,
                Some(_) => {
                    let around = this.scope(scope).parent;
                    let inside = self.table.of_scope.contains_key(&(owner, around))
                        || matches!(this.scope(around).kind, rag_core::bindings::ScopeKind::Extension);
                    let extension = this.scope(scope).bases.start < this.scope(scope).bases.end;
                    (!member || inside || extension)
                        && (count == ANY_NUMBER || self.takes(place, scope, count, given, member))
                }
                None => !member,
            }
        };
        all.into_iter().filter(fits).collect()
    }
}
