//! Ruby: from a constant to a full name, by the modules around it and what they derive from.

use rag_core::bindings::{Expr, ExprId, ScopeId, ScopeKind, Source};

use super::{At, ClassId, Named, Nominal};

/// What a constant leads to.
pub(super) enum Constant {
    Class(ClassId),
    Value(At),
    Outside,
    Unknown,
}

impl Nominal<'_, '_> {
    /// The full name of a class, by the classes around it.
    pub(super) fn ruby_class_name(&self, file: u32, class: ScopeId) -> String {
        let this = self.file(file);
        let scope = this.scope(class);
        let outer = match this.around(scope.parent, &[ScopeKind::Class]) {
            Some(outer) if outer < class => match self.of_scope.get(&(file, outer)) {
                Some(&outer) => self.names[outer as usize].clone(),
                None => return String::new(),
            },
            _ => String::new(),
        };
        let own = match scope.returns {
            Some(path) => self.written(file, path, 0),
            None => this.text(scope.name).to_owned(),
        };
        match own.strip_prefix("::") {
            Some(own) => own.to_owned(),
            None if outer.is_empty() => own,
            // `class A::B` inside of `A`: most likely the one that is outside, too.
            None => format!("{outer}::{own}"),
        }
    }

    fn written(&self, file: u32, expr: ExprId, depth: u32) -> String {
        match self.expr(file, expr) {
            Expr::Name(name, _) => self.file(file).text(name).to_owned(),
            Expr::Path(outer, name) if depth < 16 => {
                format!("{}::{}", self.written(file, outer, depth + 1), self.file(file).text(name))
            }
            _ => String::new(),
        }
    }

    pub(super) fn ruby_constant(&self, file: u32, expr: ExprId) -> Constant {
        match self.expr(file, expr) {
            Expr::Name(name, scope) => self.lexical(file, scope, self.file(file).text(name)),
            Expr::Path(outer, name) => {
                let text = self.file(file).text(name);
                if self.expr(file, outer) == Expr::Scope(0) {
                    return self.global(text);
                }
                match self.deeper(|| self.ruby_constant(file, outer)) {
                    Some(Constant::Class(class)) => self.inside(class, text, true),
                    Some(Constant::Outside) => Constant::Outside,
                    _ => Constant::Unknown,
                }
            }
            _ => Constant::Unknown,
        }
    }

    /// A constant by the modules around it, from the inside out; then by what the innermost derives from.
    fn lexical(&self, file: u32, scope: ScopeId, name: &str) -> Constant {
        let this = self.file(file);
        let mut at = scope;
        let mut innermost = None;
        while at != 0 {
            if let Some(&class) = self.of_scope.get(&(file, at)) {
                innermost = innermost.or(Some(class));
                if let Some(found) = self.directly(class, name) {
                    return found;
                }
            }
            at = this.scope(at).parent;
        }
        let inherited = innermost.map(|class| self.inside(class, name, true));
        match inherited {
            Some(found @ (Constant::Class(_) | Constant::Value(_))) => found,
            _ => self.global(name),
        }
    }

    fn directly(&self, class: ClassId, name: &str) -> Option<Constant> {
        if let Some(&found) = self.classes.get(&format!("{}::{name}", self.names[class as usize])) {
            return Some(Constant::Class(found));
        }
        let fields = self.fields.get(&(class, name))?;
        Some(match fields.as_slice() {
            &[at] => Constant::Value(at),
            _ => Constant::Unknown,
        })
    }

    fn inside(&self, class: ClassId, name: &str, inherited: bool) -> Constant {
        if let Some(found) = self.directly(class, name) {
            return found;
        }
        let line = self.line(class, false);
        let above = line.classes.iter().filter(|_| inherited).find_map(|&above| self.directly(above, name));
        above.unwrap_or(if line.outside { Constant::Outside } else { Constant::Unknown })
    }

    fn global(&self, name: &str) -> Constant {
        if let Some(&class) = self.classes.get(name) {
            return Constant::Class(class);
        }
        // A class that is only found under another name is none of the outside.
        let known = self.by_last.contains(name);
        if known { Constant::Unknown } else { Constant::Outside }
    }

    pub(super) fn ruby_class(&self, file: u32, expr: ExprId) -> Named {
        match self.ruby_constant(file, expr) {
            Constant::Class(class) => Named::Class(class),
            Constant::Outside => Named::Outside,
            _ => Named::Missing,
        }
    }

    /// Methods that blocks around a scope define: seen there, whoever runs the block.
    pub(super) fn ruby_local_methods(&self, file: u32, scope: ScopeId, name: &str) -> Vec<At> {
        let this = self.file(file);
        let mut at = scope;
        loop {
            let found: Vec<At> = this.bound(at, name).iter().map(|&index| (file, index)).collect();
            let found: Vec<At> = found
                .into_iter()
                .filter(|&(_, index)| matches!(this.binding(index).source, Source::Scope(_)))
                .filter(|&at| self.function_of(at).is_some())
                .collect();
            if !found.is_empty() || at == 0 || this.scope(at).kind == ScopeKind::Class {
                return found;
            }
            at = this.scope(at).parent;
        }
    }
}
