//! What a class derives from and mixes in, in the order in which members are looked for.

use std::rc::Rc;

use rag_core::bindings::{Expr, ExprId, Source};

use super::{At, ClassId, Named, Nominal};
use crate::file::Family;
use crate::types::Def;

/// How many classes a class may derive from.
const MAX_LINE: usize = 200;

/// A class and what stands above it.
#[derive(Default)]
pub(super) struct Line {
    pub(super) classes: Vec<ClassId>,
    /// Something above is from outside.
    pub(super) outside: bool,
    /// Something above is not known.
    pub(super) open: bool,
}

impl<'a> Nominal<'_, 'a> {
    /// The class that an expression names.
    pub(super) fn class_named(&self, file: u32, expr: ExprId) -> Named {
        match (self.expr(file, expr), self.family) {
            (Expr::Name(name, scope), Family::Php) => self.php_class(file, scope, self.file(file).text(name)),
            (Expr::Name(..) | Expr::Path(..), Family::Ruby) => {
                self.deeper(|| self.ruby_class(file, expr)).unwrap_or(Named::Missing)
            }
            _ => Named::Missing,
        }
    }

    /// The line of a class; for members of the class itself (of Ruby), that of what extends it.
    pub(super) fn line(&self, class: ClassId, of_class: bool) -> Rc<Line> {
        if let Some(line) = self.lines.borrow().get(&(class, of_class)) {
            return line.clone();
        }
        // While it is being found out, a class stands alone.
        let alone = Rc::new(Line { classes: vec![class], outside: false, open: true });
        self.lines.borrow_mut().insert((class, of_class), alone);
        let mut line = Line { classes: vec![class], ..Line::default() };
        for &def in &self.parts[class as usize] {
            let this = self.file(def.file);
            let scope = this.scope(def.scope);
            for &base in this.facts.bindings.list(scope.bases) {
                self.add_base(&mut line, def, base, of_class);
            }
            for &module in this.facts.bindings.list(scope.decorators).iter().filter(|_| of_class) {
                self.add_base(&mut line, def, module, false);
            }
        }
        let line = Rc::new(line);
        self.lines.borrow_mut().insert((class, of_class), line.clone());
        line
    }

    fn add_base(&self, line: &mut Line, def: Def, base: ExprId, of_class: bool) {
        match self.class_named(def.file, base) {
            Named::Class(base) => {
                let above = self.deeper(|| self.line(base, of_class));
                line.outside |= above.as_ref().is_some_and(|above| above.outside);
                line.open |= above.as_ref().is_none_or(|above| above.open);
                for &class in above.iter().flat_map(|above| &above.classes) {
                    if !line.classes.contains(&class) && line.classes.len() < MAX_LINE {
                        line.classes.push(class);
                    }
                }
            }
            Named::Outside => line.outside = true,
            Named::Missing => line.open = true,
        }
    }

    /// The methods `name` of a class: those of the first class in its line that has any. In Ruby, methods of the class itself
    /// are others than those of its instances.
    pub(super) fn methods(&self, class: ClassId, name: &str, of_class: bool) -> (Vec<At>, Rc<Line>) {
        let line = self.line(class, of_class);
        for &owner in &line.classes {
            let all = self.methods.get(&(owner, name)).map(Vec::as_slice).unwrap_or_default();
            let mixed = of_class && !self.derives_by_class(class, owner);
            let found: Vec<At> = all.iter().copied().filter(|&at| self.fits_receiver(at, of_class && !mixed)).collect();
            if !found.is_empty() {
                return (found, line);
            }
        }
        (Vec::new(), line)
    }

    /// Whether `owner` stands above `class` by deriving, not by extending the class itself.
    fn derives_by_class(&self, class: ClassId, owner: ClassId) -> bool {
        self.family == Family::Php || class == owner || self.line(class, false).classes.contains(&owner)
    }

    fn fits_receiver(&self, at: At, of_class: bool) -> bool {
        if self.family == Family::Php {
            return true;
        }
        let this = self.file(at.0);
        let binding = this.binding(at.1);
        let both = this.scope(binding.scope).flags.is_class_method;
        let own = match binding.source {
            Source::Scope(scope) => this.scope(scope).flags.is_static,
            _ => false,
        };
        both || own == of_class
    }

    /// Whether a method can be called with this many arguments.
    pub(super) fn takes(&self, at: At, count: usize) -> bool {
        let Some(function) = self.function_of(at) else { return true };
        let this = self.file(function.file);
        let parameters = self.parameters.get(&function).map(Vec::as_slice).unwrap_or_default();
        let optional = |&&index: &&u32| {
            matches!(
                this.binding(index).source,
                Source::Parameter(_, Some(_)) | Source::Declared(_, Some(_)) | Source::Opaque
            )
        };
        let variadic = this.scope(function.scope).flags.is_variadic;
        let last = usize::from(variadic && self.family == Family::Php);
        let needed = parameters.iter().filter(|index| !optional(index)).count().saturating_sub(last);
        // A function of PHP may be given more than it asks for.
        let most = if variadic || self.family == Family::Php { usize::MAX } else { parameters.len() };
        count == usize::from(u16::MAX) || (needed..=most).contains(&count)
    }
}
