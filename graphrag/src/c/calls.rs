//! From a use to the definitions it can mean.

use rag_core::ReferenceKind;
use rag_core::bindings::{Expr, ExprId, ScopeKind, Site, Source, Space};

use super::C;
use super::names::Named;
use super::spaces::At;
use super::values::Ty;
use crate::edge::Tier;
use crate::finding::Finding;
use crate::types::Def;

impl C<'_, '_> {
    /// What the use at `site` means.
    pub(crate) fn finding(&self, file: u32, site: &Site) -> Finding {
        self.start();
        let mut expr = site.expr;
        while let Expr::Index(base, _) = self.expr(file, expr) {
            expr = base;
        }
        match site.kind {
            ReferenceKind::Call => self.call(file, expr, site),
            _ => self.used_type(file, expr, site),
        }
    }

    fn call(&self, file: u32, expr: ExprId, site: &Site) -> Finding {
        let count = usize::from(site.arguments);
        match self.expr(file, expr) {
            Expr::Attribute(object, name) => {
                let name = self.file(file).text(name);
                match self.value(file, object) {
                    Ty::Class(def, _) => self.member_call(file, def, name, count),
                    Ty::Pointer(of) => match &*of {
                        Ty::Class(def, _) => self.member_call(file, *def, name, count),
                        Ty::Outside(..) => Finding::external(),
                        _ => self.by_name(file, site, true),
                    },
                    Ty::Outside(..) => Finding::external(),
                    Ty::Unknown => self.by_name(file, site, true),
                }
            }
            Expr::Name(..) | Expr::Path(..) => {
                let named = self.path(file, expr, Space::Both);
                let is_path = matches!(self.expr(file, expr), Expr::Path(..));
                match self.named_call(file, &named, count) {
                    Some(found) => self.doubted(file, site, &named, found),
                    None if named.outside => Finding::external(),
                    None => self.unseen(file, site, &named, is_path),
                }
            }
            _ => self.by_name(file, site, false),
        }
    }

    /// A definition under a condition may stand in for one of the system: `#ifdef _WIN32`, `#define snprintf …`. Names of a
    /// project mostly are of several words, or lie in a namespace.
    fn doubted(&self, file: u32, site: &Site, named: &Named, finding: Finding) -> Finding {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if named.outside && finding.tier == Tier::Proven {
            return Finding { tier: Tier::Possible, ..finding };
        }
        if finding.tier != Tier::Proven || !self.file(file).text(site.name).bytes().all(plain) {
            return finding;
        }
        let (seen, always) = (self.includes.seen(file), self.includes.always_seen(file));
        let certain = |&(owner, index): &At| {
            let binding = self.file(owner).binding(index);
            let own = self.class_of(owner, binding.scope).is_some()
                || self.spaces.of_scope(owner, binding.scope).is_some_and(|space| space != 0);
            let everywhere = binding.extent.len() >= self.file(owner).facts.text.len();
            own || everywhere && always.contains(&owner) || owner == file && binding.extent.contains(site.name)
        };
        let in_sight = named.found.iter().any(|at| seen.contains(&at.0));
        match in_sight && !named.found.iter().any(certain) {
            true => Finding { tier: Tier::Possible, ..finding },
            false => finding,
        }
    }

    /// The call of what a name leads to, if it leads to anything.
    fn named_call(&self, file: u32, named: &Named, count: usize) -> Option<Finding> {
        if named.found.is_empty() {
            return None;
        }
        if named.is_local {
            return Some(Finding::unresolved());
        }
        let source = |&&(file, index): &&At| self.file(file).binding(index).source;
        let is_macro = |at: &&At| self.file(at.0).binding(at.1).space == Space::Macro;
        let macros: Vec<At> = named.found.iter().filter(is_macro).copied().collect();
        let functions: Vec<At> =
            named.found.iter().filter(|at| !is_macro(at) && self.function_of(**at).is_some()).copied().collect();
        if !macros.is_empty() {
            let chosen = if functions.is_empty() { Vec::new() } else { self.choose(file, &functions, count).found };
            return Some(Finding::sure([macros, chosen].concat(), Tier::Unresolved));
        }
        if !functions.is_empty() {
            return Some(self.choose(file, &functions, count));
        }
        let is_type = |at: &&At| matches!(source(at), Source::Scope(_) | Source::Alias(_));
        let types: Vec<At> = named.found.iter().filter(is_type).copied().collect();
        match types.as_slice() {
            // A variable that holds a function, or a type parameter.
            [] => {
                let holds = |at: &&At| matches!(source(at), Source::Declared(..) | Source::Value(_));
                Some(Finding::possible(named.found.iter().filter(holds).copied().collect(), Tier::Unresolved))
            }
            &[at] => Some(self.construction(file, at, count)),
            _ => Some(Finding::possible(types, Tier::Unresolved)),
        }
    }

    /// The constructors of what a binding names, or the class, if it has none.
    fn construction(&self, file: u32, at: At, count: usize) -> Finding {
        let Ty::Class(def, _) = self.type_of(at.0, at.1, &[]) else { return Finding::sure(vec![at], Tier::Unresolved) };
        let name = self.file(def.file).text(self.file(def.file).scope(def.scope).name);
        let all: Vec<At> = self.own_members(def, name);
        match all.iter().any(|&at| self.function_of(at).is_some_and(|function| self.takes(function, count))) {
            true => self.choose(file, &all, count),
            false => Finding::sure(vec![at], Tier::Unresolved),
        }
    }

    fn own_members(&self, def: Def, name: &str) -> Vec<At> {
        let own = self.file(def.file).bound(def.scope, name).iter().map(|&index| (def.file, index));
        let all = own.chain(self.spaces.added(def, name).iter().copied());
        all.filter(|&at| self.function_of(at).is_some()).collect()
    }

    fn member_call(&self, file: u32, def: Def, name: &str, count: usize) -> Finding {
        let named = self.members(def, name, Space::Value);
        let functions: Vec<At> = named.found.iter().copied().filter(|&at| self.function_of(at).is_some()).collect();
        match (functions.is_empty(), named.found.is_empty()) {
            (false, _) => self.choose(file, &functions, count),
            // A pointer to a function.
            (true, false) => Finding::possible(named.found, Tier::Unresolved),
            (true, true) if named.outside => Finding::external(),
            (true, true) => self.of_name(file, name, count, true),
        }
    }

    /// A name that nothing in sight binds.
    fn unseen(&self, file: u32, site: &Site, named: &Named, is_path: bool) -> Finding {
        if !named.hidden.is_empty() {
            let functions: Vec<At> =
                named.hidden.iter().copied().filter(|&at| self.function_of(at).is_some()).collect();
            let found = match functions.is_empty() {
                true => named.hidden.clone(),
                false => self.choose(file, &functions, usize::from(site.arguments)).found,
            };
            return Finding::possible(found, Tier::Unresolved);
        }
        let name = self.file(file).text(site.name);
        let count = usize::from(site.arguments);
        match self.of_name(file, name, count, is_path) {
            nothing if is_path && nothing.found.is_empty() => self.of_name(file, name, count, false),
            found => found,
        }
    }

    fn by_name(&self, file: u32, site: &Site, member: bool) -> Finding {
        let name = self.file(file).text(site.name);
        self.of_name(file, name, usize::from(site.arguments), member)
    }

    /// Everything of that name that can be called like this.
    fn of_name(&self, file: u32, name: &str, count: usize, member: bool) -> Finding {
        let table = if member { &self.members } else { &self.others };
        let all = table.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<At> = all
            .iter()
            .copied()
            .filter(|&at| self.function_of(at).is_none_or(|function| self.takes(function, count)))
            .collect();
        // Fields say nothing where there are methods, declarations nothing where there are definitions.
        if found.iter().any(|&at| self.function_of(at).is_some()) {
            found.retain(|&at| self.function_of(at).is_some());
        }
        if found.iter().any(|&at| !self.is_signature(at)) && !member {
            found.retain(|&at| !self.is_signature(at));
        }
        match all.is_empty() {
            true => Finding::named(found, self.unknown(file)),
            false => Finding::possible(found, Tier::Unresolved),
        }
    }

    /// What a name is that nothing here has.
    fn unknown(&self, file: u32) -> Tier {
        if self.includes.sees_outside(file) { Tier::External } else { Tier::Unresolved }
    }

    fn used_type(&self, file: u32, expr: ExprId, site: &Site) -> Finding {
        let this = self.file(file);
        if let Expr::Scope(_) = self.expr(file, expr) {
            return Finding::unresolved();
        }
        let named = self.path(file, expr, Space::Type);
        if named.is_local {
            return Finding::unresolved();
        }
        let mut found = named.found;
        if found.len() > 1 {
            // `struct node` means the struct, `node` what is called so by a typedef.
            let before = this.facts.text.get(..site.name.start as usize).unwrap_or("").trim_end();
            let tagged = ["struct", "union", "enum", "class"].iter().any(|word| before.ends_with(word));
            let is_tag = |at: &At| matches!(self.file(at.0).binding(at.1).source, Source::Scope(_));
            if found.iter().any(|at| is_tag(at) == tagged) {
                found.retain(|at| is_tag(at) == tagged);
            }
        }
        if !found.is_empty() {
            return Finding::sure(found, Tier::Unresolved);
        }
        if named.outside {
            return Finding::external();
        }
        if !named.hidden.is_empty() {
            return Finding::possible(named.hidden, Tier::Unresolved);
        }
        let all = self.others.get(this.text(site.name)).map(Vec::as_slice).unwrap_or_default();
        let is_type = |&(file, index): &At| {
            let of = self.file(file);
            match of.binding(index).source {
                Source::Scope(scope) => of.scope(scope).kind != ScopeKind::Function,
                Source::Alias(_) => true,
                _ => false,
            }
        };
        let found: Vec<At> = all.iter().copied().filter(is_type).collect();
        Finding::possible(found, self.unknown(file))
    }
}
