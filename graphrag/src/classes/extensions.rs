//! Functions that are called on receivers they are no members of.

use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source};

use super::names::{Imported, Meant, Star};
use super::table::{Group, tidy};
use super::types::{Env, Ty, no_env};
use super::{Classes, Place};
use crate::file::Family;

impl<'a> Classes<'_, 'a> {
    /// The extensions `name` that can be called on `of` where `object` stands, and whether it is certain that they can.
    pub(super) fn extensions_of(&self, file: u32, object: ExprId, of: &Ty<'a>, name: &str) -> Vec<(Meant<'a>, bool)> {
        let group = self.group(file);
        let Some(all) = self.table.extensions.get(&(group, name)) else { return Vec::new() };
        if matches!(of, Ty::OutsideClass(_) | Ty::Namespace(_)) {
            return Vec::new();
        }
        let mut found: Vec<(Meant<'a>, bool, bool)> = Vec::new();
        for &place in all {
            let Some(scope) = self.function_at(place) else { continue };
            let other = self.file(place.0);
            let wrapped = other.scope(other.scope(scope).parent).returns;
            let Some(base) = other.facts.bindings.list(other.scope(scope).bases).first().copied().or(wrapped) else {
                continue;
            };
            if !self.sees(file, place, scope, object, name) {
                continue;
            }
            let wanted = self.annotated(place.0, base);
            let Some(certain) = self.extends(&wanted, of) else { continue };
            let env: Env = match (&wanted, of) {
                (Ty::Parameter(name, _), of) => [(*name, of.clone())].into(),
                (Ty::Outside(_, wanted), Ty::Outside(_, of)) | (Ty::Instance(_, wanted), Ty::Instance(_, of)) => wanted
                    .iter()
                    .zip(of.iter())
                    .filter_map(|(wanted, of)| match wanted {
                        Ty::Parameter(name, _) => Some((*name, of.clone())),
                        _ => None,
                    })
                    .collect(),
                _ => no_env(),
            };
            let exact = matches!((&wanted, of), (Ty::Instance(a, _), Ty::Instance(b, _)) if a == b)
                || matches!((&wanted, of), (Ty::Outside(a, _), Ty::Outside(b, _)) if a == b);
            found.push((Meant { place, env }, certain, exact));
        }
        if self.family(file) == Family::Scala
            && found.iter().any(|(meant, ..)| self.may_be_converted(meant.place, name))
        {
            found.iter_mut().for_each(|(_, certain, _)| *certain = false);
        }
        // One for exactly this type comes before those for its bases.
        if found.iter().any(|(_, _, exact)| *exact) {
            found.retain(|(_, _, exact)| *exact);
        }
        found.into_iter().map(|(meant, certain, _)| (meant, certain)).collect()
    }

    /// Whether a class beside an extension has a member of its name: a conversion may lead to that.
    fn may_be_converted(&self, place: Place, name: &str) -> bool {
        let space = self.table.space_around(self.file(place.0), place.0, self.file(place.0).binding(place.1).scope);
        let all = self.table.callable.get(&(Group::Jvm, name)).map(Vec::as_slice).unwrap_or_default();
        all.iter().any(|&(file, index)| {
            let this = self.file(file);
            let scope = this.binding(index).scope;
            this.family == Family::Scala
                && this.scope(scope).kind == ScopeKind::Class
                && this.scope(scope).returns.is_none()
                && self.table.space_around(this, file, scope) == space
        })
    }

    /// Whether an extension of `wanted` can be called on `of`: no, or whether that is certain.
    pub(super) fn extends(&self, wanted: &Ty<'a>, of: &Ty<'a>) -> Option<bool> {
        match (wanted, of) {
            (_, Ty::Unknown) | (Ty::Unknown, _) => Some(false),
            (Ty::Parameter(_, bound), of) => match &**bound {
                Ty::Unknown => Some(true),
                bound => self.deeper(|| self.extends(bound, of)),
            },
            (Ty::Instance(wanted, _), Ty::Instance(of, _)) => match self.derives(*of, *wanted) {
                Some(true) => Some(true),
                Some(false) => None,
                None => Some(false),
            },
            (Ty::Instance(wanted, _), Ty::Class(of)) => self.class(*of).companions.contains(wanted).then_some(true),
            (Ty::Outside(wanted, _), Ty::Outside(of, _)) if wanted == of && !of.is_empty() => Some(true),
            (Ty::Outside("String" | "Int" | "Long" | "Boolean" | "Double" | "Char", _), Ty::Outside(of, _))
                if !of.is_empty() =>
            {
                None
            }
            (Ty::Outside(..), Ty::Outside(of, _))
                if matches!(*of, "String" | "Int" | "Long" | "Boolean" | "Double" | "Char") =>
            {
                matches!(wanted, Ty::Outside("Any" | "CharSequence" | "Comparable" | "Number" | "Object", _))
                    .then_some(true)
            }
            (Ty::Outside(wanted, _), Ty::Outside(..)) => Some(matches!(*wanted, "Any" | "Object")),
            (Ty::Outside("Any" | "Object", _), _) => Some(true),
            (Ty::Outside("String" | "Int" | "Long" | "Boolean" | "Double" | "Char", _), Ty::Instance(..)) => None,
            (Ty::Outside(..), Ty::Instance(of, _)) => {
                let outer = |of: Ty<'a>| !matches!(of, Ty::Instance(..));
                self.bases(*of).into_iter().any(outer).then_some(false)
            }
            (Ty::Function(_), Ty::Function(_)) => Some(false),
            _ => None,
        }
    }

    /// Whether a file sees an extension.
    fn sees(&self, file: u32, place: Place, scope: ScopeId, object: ExprId, name: &str) -> bool {
        let other = self.file(place.0);
        let this = self.file(file);
        let mut outer = other.scope(scope).parent;
        if other.scope(outer).kind == ScopeKind::Class && other.scope(outer).returns.is_some() {
            // An implicit class is seen where it is.
            outer = other.scope(outer).parent;
        }
        if place.0 == file {
            return true;
        }
        let group = self.group(file);
        let space = self.table.space_around(other, place.0, outer);
        let inside = other.around(outer, &[ScopeKind::Class, ScopeKind::Extension]);
        let own_space = self.table.space_around(this, file, scope_of(this, object));
        let global = self.table.global.iter().filter(|_| group == Group::CSharp).map(|(_, path)| *path);
        let stars: Vec<String> =
            this.facts.bindings.exports.iter().map(|export| this.text(export.module)).chain(global).map(tidy).collect();
        let namespace = own_space == space
            || stars.iter().any(|star| star == space)
            || self.stars(file).iter().any(|star| matches!(star, Star::Space(star) if star == space))
            || group == Group::CSharp
                && (space.is_empty() || own_space.starts_with(space) && own_space[space.len()..].starts_with('.'));
        if group == Group::CSharp {
            return namespace;
        }
        let imported = this.bound(0, name).iter().any(|&index| match this.binding(index).source {
            Source::Import { module, item } => {
                matches!(self.imported(file, this.text(module), this.text(item)), Imported::Found(found) if found.contains(&place))
            }
            _ => false,
        });
        match inside {
            None => imported || namespace,
            // A member of a class is seen inside of it, or imported from an object.
            Some(class) => {
                let owner = self.table.of_scope.get(&(place.0, class)).copied();
                let around = self.class_around(file, scope_of(this, object));
                let inherits = matches!((owner, around), (Some(owner), Some(around)) if self.derives(around, owner) != Some(false));
                imported
                    || inherits
                    || owner.is_some_and(|owner| {
                        self.stars(file).iter().any(|star| matches!(star, Star::Class(star) if *star == owner))
                    })
            }
        }
    }
}

/// The scope that an expression stands in.
fn scope_of(file: &crate::file::File, mut expr: ExprId) -> ScopeId {
    let facts = file.facts.bindings;
    for _ in 0..64 {
        match facts.expr(expr) {
            Expr::Name(_, scope) | Expr::This(scope) | Expr::Super(scope) | Expr::Scope(scope) => return scope,
            Expr::Attribute(object, _) | Expr::Call(object, _) | Expr::New(object, _) | Expr::Index(object, _) => {
                expr = object
            }
            Expr::Cast(inner) | Expr::Await(inner) | Expr::Labelled(inner, _) | Expr::Either(inner, _) => expr = inner,
            _ => return 0,
        }
    }
    0
}
