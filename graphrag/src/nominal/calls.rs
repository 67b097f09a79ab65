//! From a use to the definitions it can mean.

use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Site, Source};

use super::values::Ty;
use super::{At, Named, Nominal};
use crate::edge::Tier;
use crate::file::Family;
use crate::finding::Finding;

impl Nominal<'_, '_> {
    /// What the use at `site` means.
    pub(crate) fn finding(&self, file: u32, site: &Site) -> Finding {
        self.start();
        match site.kind {
            ReferenceKind::Call => self.call(file, site),
            _ => self.class_use(file, site.expr),
        }
    }

    fn class_use(&self, file: u32, expr: ExprId) -> Finding {
        match self.class_named(file, expr) {
            Named::Class(class) => self.class_finding(class),
            Named::Outside => Finding::external(),
            Named::Missing => Finding::named(Vec::new(), Tier::Unresolved),
        }
    }

    /// A class; in Ruby it may be written in several places, in PHP only one of them can be loaded.
    fn class_finding(&self, class: u32) -> Finding {
        let found = self.bindings_of(class);
        match self.family {
            Family::Ruby if !found.is_empty() => Finding { tier: Tier::Proven, found, by_name: false },
            _ => Finding::sure(found, Tier::Unresolved),
        }
    }

    fn call(&self, file: u32, site: &Site) -> Finding {
        let this = self.file(file);
        let name = this.text(site.name);
        let count = usize::from(site.arguments);
        if self.is_construction(file, site) {
            return self.construction(file, site.expr);
        }
        let (found, receiver) = self.callees(file, site.expr);
        if !found.is_empty() {
            return self.chosen(file, site, found);
        }
        match (self.expr(file, site.expr), &receiver) {
            (_, Ty::Outside) => Finding::external(),
            (Expr::Name(..), _) if name.starts_with('$') => Finding::unresolved(),
            (Expr::Name(_, scope), _) if self.is_variable(file, scope, name) => Finding::unresolved(),
            // A function of PHP that is not here.
            (Expr::Name(..), _) if self.family == Family::Php => Finding::external(),
            _ => {
                let outside = self.line_of(&receiver).is_some_and(|line| line.outside && !line.open);
                match outside && self.is_whole(&receiver) {
                    true => Finding::external(),
                    false => self.of_name(name, count),
                }
            }
        }
    }

    /// Whether what a class has is known, as far as it is written here: a module gets more where it is mixed in.
    fn is_whole(&self, of: &Ty) -> bool {
        let (Ty::Instance(class) | Ty::Class(class)) = *of else { return false };
        self.parts[class as usize].iter().all(|def| !self.file(def.file).scope(def.scope).flags.is_signature)
    }

    fn is_construction(&self, file: u32, site: &Site) -> bool {
        let name = self.file(file).text(site.name);
        match (self.expr(file, site.expr), self.family) {
            // `new A`, whose name is no function's.
            (Expr::Name(..), Family::Php) => {
                let before = self.file(file).facts.text.get(..site.name.start as usize).unwrap_or("");
                let before = before.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\\'));
                before.trim_end().ends_with("new")
            }
            (Expr::Name(..) | Expr::Path(..), _) => {
                let text = self.file(file).facts.text;
                let after = text.get(site.name.end as usize..).unwrap_or("").trim_start();
                name.starts_with(char::is_uppercase) && after.starts_with(['.', '&'])
            }
            _ => false,
        }
    }

    /// The constructor of a class, or the class, if none is written.
    fn construction(&self, file: u32, expr: ExprId) -> Finding {
        let class = match self.class_named(file, expr) {
            Named::Class(class) => class,
            Named::Outside => return Finding::external(),
            Named::Missing => return Finding::named(Vec::new(), Tier::Unresolved),
        };
        let name = if self.family == Family::Php { "__construct" } else { "initialize" };
        let (found, line) = self.methods(class, name, false);
        // `new` may be written, too.
        let own_new = self.family == Family::Ruby && !self.methods(class, "new", true).0.is_empty();
        match found.is_empty() || own_new {
            false if !line.outside || self.owner_is(class, found[0]) => Finding::sure(found, Tier::Unresolved),
            false => Finding::possible(found, Tier::Unresolved),
            true if own_new => Finding::sure(self.methods(class, "new", true).0, Tier::Unresolved),
            true => self.class_finding(class),
        }
    }

    fn owner_is(&self, class: u32, at: At) -> bool {
        self.of_scope.get(&(at.0, self.file(at.0).binding(at.1).scope)) == Some(&class)
    }

    /// The functions or methods that an expression means, and the receiver they are called on.
    pub(super) fn callees(&self, file: u32, callee: ExprId) -> (Vec<At>, Ty) {
        let this = self.file(file);
        match self.expr(file, callee) {
            Expr::Attribute(object, name) => {
                let of = self.value(file, object);
                (self.methods_of(&of, this.text(name)), of)
            }
            Expr::Path(of, name) if self.family == Family::Php => {
                let of = self.class_value(file, of);
                (self.methods_of(&of, this.text(name)), of)
            }
            Expr::Name(name, scope) if self.family == Family::Php => {
                (self.php_function(file, scope, this.text(name)), Ty::Unknown)
            }
            Expr::Name(name, scope) => self.ruby_callees(file, scope, this.text(name)),
            _ => (Vec::new(), Ty::Unknown),
        }
    }

    fn methods_of(&self, of: &Ty, name: &str) -> Vec<At> {
        match *of {
            Ty::Instance(class) => self.methods(class, name, false).0,
            Ty::Class(class) => self.methods(class, name, true).0,
            _ => Vec::new(),
        }
    }

    /// A call without a receiver: a method of what is around it, or one that no class has.
    fn ruby_callees(&self, file: u32, scope: ScopeId, name: &str) -> (Vec<At>, Ty) {
        if self.is_variable(file, scope, name) {
            return (Vec::new(), Ty::Unknown);
        }
        let local = self.ruby_local_methods(file, scope, name);
        let in_block = local.iter().any(|&(_, index)| self.file(file).binding(index).scope != 0);
        if in_block && self.class_around(file, scope).is_none() {
            return (local, Ty::Unknown);
        }
        let receiver = self.receiver(file, scope);
        let found = self.methods_of(&receiver, name);
        if found.is_empty() && !local.is_empty() {
            return (local, receiver);
        }
        (found, receiver)
    }

    /// Whether a name is a variable there.
    fn is_variable(&self, file: u32, scope: ScopeId, name: &str) -> bool {
        let this = self.file(file);
        let mut at = scope;
        loop {
            let variable = |&index: &u32| !matches!(this.binding(index).source, Source::Scope(_));
            let here = this.scope(at).kind;
            if matches!(here, ScopeKind::Function | ScopeKind::Block | ScopeKind::File)
                && this.bound(at, name).iter().any(variable)
            {
                return true;
            }
            if at == 0 || matches!(here, ScopeKind::Function | ScopeKind::Class) {
                return false;
            }
            at = this.scope(at).parent;
        }
    }

    /// Of the methods of one class: what is written last is what is called, if it is not under a condition.
    fn chosen(&self, _file: u32, site: &Site, found: Vec<At>) -> Finding {
        let count = usize::from(site.arguments);
        let fits: Vec<At> = found.iter().copied().filter(|&at| self.takes(at, count)).collect();
        match fits.len() {
            // The wrong number of arguments: another receiver than it seems.
            0 => Finding::possible(found, Tier::Unresolved),
            _ if fits.len() == found.len() => Finding::sure(fits, Tier::Unresolved),
            _ => Finding::possible(fits, Tier::Unresolved),
        }
    }

    /// Everything of that name that can be called like this.
    fn of_name(&self, name: &str, count: usize) -> Finding {
        let all = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let functions = if self.family == Family::Ruby { self.functions.get(name) } else { None };
        let all: Vec<At> = all.iter().chain(functions.into_iter().flatten()).copied().collect();
        let fits: Vec<At> = all.iter().copied().filter(|&at| self.takes(at, count)).collect();
        match all.is_empty() {
            true => Finding::named(Vec::new(), Tier::External),
            false => Finding::possible(fits, Tier::Unresolved),
        }
    }
}
