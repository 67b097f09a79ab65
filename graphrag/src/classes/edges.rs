//! From a place that uses a definition to the definitions.

use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, Site, Source};

use super::arguments::ANY_NUMBER;
use super::names::Named;
use super::{Classes, Place};
use crate::edge::Tier;
use crate::finding::Finding;

impl<'a> Classes<'_, 'a> {
    /// What the use at `site` means.
    pub(crate) fn finding(&self, file: u32, site: &Site) -> Finding {
        self.start();
        match site.kind {
            ReferenceKind::Call => self.called(file, site),
            _ => self.typed(file, site),
        }
    }

    fn typed(&self, file: u32, site: &Site) -> Finding {
        match self.type_places(file, site.expr, 0) {
            Named::Found(places) => self.parts(places.to_vec()),
            Named::Outside => Finding::external(),
            _ => Finding::possible(self.types_named(file, self.file(file).text(site.name)), Tier::External),
        }
    }

    /// A class with all of its parts.
    fn parts(&self, places: Vec<Place>) -> Finding {
        match places.as_slice() {
            [(file, index)] if matches!(self.file(*file).binding(*index).source, Source::TypeParameter(_)) => {
                Finding::unresolved()
            }
            [one] => match self.class_at(*one) {
                Some(class) if self.class(class).places.contains(one) => {
                    Finding::proven(self.class(class).places.clone())
                }
                _ => Finding::proven(places),
            },
            _ => Finding::possible(places, Tier::Unresolved),
        }
    }

    fn called(&self, file: u32, site: &Site) -> Finding {
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
            0 if called.variable => Finding::unresolved(),
            0 if called.outside => Finding::external(),
            0 => Finding::possible(self.named_alike(file, site), Tier::External),
            _ if called.doubted => Finding::possible(places, Tier::Unresolved),
            1 => Finding::proven(places),
            _ if one_class => Finding::proven(places),
            _ => Finding::possible(places, Tier::Unresolved),
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
