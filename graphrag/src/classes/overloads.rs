//! Which of several functions takes the arguments, as far as their types are known.

use rag_core::bindings::{Expr, ExprId, List, Source};

use super::Classes;
use super::calls::Callee;
use super::types::Ty;
use crate::file::Family;

/// Types of numbers: what is written may be widened to another.
const NUMBERS: [&str; 12] =
    ["Byte", "Short", "Int", "Long", "Float", "Double", "UInt", "ULong", "byte", "decimal", "short", "CGFloat"];

impl<'a> Classes<'_, 'a> {
    /// The functions that can take the arguments; of several, the one that takes them exactly.
    pub(super) fn best(&self, file: u32, found: Vec<Callee<'a>>, given: List) -> Vec<Callee<'a>> {
        if found.len() < 2 {
            return found;
        }
        let items = self.file(file).facts.bindings.list(given);
        let types: Vec<Ty<'a>> = items.iter().map(|&item| self.value(file, item)).collect();
        let labels = self.labels(file, given);
        let trailing = self.is_function(file, items.last());
        let wanted = |callee: &Callee<'a>| self.wanted_types(callee, &labels, trailing);
        let mut taking: Vec<(Callee<'a>, Vec<Ty<'a>>)> = Vec::new();
        for callee in &found {
            let wanted = wanted(callee);
            if types.iter().zip(&wanted).all(|(given, wanted)| self.takes_type(wanted, given) != Some(false)) {
                taking.push((callee.clone(), wanted));
            }
        }
        if taking.is_empty() {
            return found;
        }
        let known = |of: &Ty| !matches!(of, Ty::Unknown);
        let exact =
            |wanted: &[Ty<'a>]| types.iter().zip(wanted).all(|(given, wanted)| known(given) && same(given, wanted));
        let exactly: Vec<&Callee> =
            taking.iter().filter(|(_, wanted)| exact(wanted)).map(|(callee, _)| callee).collect();
        if let ([one], false) = (exactly.as_slice(), types.is_empty()) {
            return vec![(*one).clone()];
        }
        // Without arguments for its defaults, a function comes before one that has more.
        let fewest =
            |callee: &Callee<'a>| callee.scope.map_or(0, |scope| self.parameters(callee.meant.place.0, scope).len());
        let least: Vec<&Callee> =
            taking.iter().map(|(callee, _)| callee).filter(|callee| fewest(callee) == items.len()).collect();
        if let ([one], true) = (least.as_slice(), items.is_empty()) {
            return vec![(*one).clone()];
        }
        taking.into_iter().map(|(callee, _)| callee).collect()
    }

    /// Whether none of the functions takes the arguments.
    pub(super) fn excluded(&self, file: u32, found: &[Callee<'a>], given: List) -> bool {
        let items = self.file(file).facts.bindings.list(given);
        let types: Vec<Ty<'a>> = items.iter().map(|&item| self.value(file, item)).collect();
        let labels = self.labels(file, given);
        let trailing = self.is_function(file, items.last());
        let refused = |callee: &Callee<'a>| {
            let wanted = self.wanted_types(callee, &labels, trailing);
            types.iter().zip(&wanted).any(|(given, wanted)| self.takes_type(wanted, given) == Some(false))
        };
        found.iter().all(refused)
    }

    fn is_function(&self, file: u32, item: Option<&ExprId>) -> bool {
        item.is_some_and(|&item| self.function_type(file, item))
    }

    /// The types that a function's parameters have for arguments under these labels; what stands behind the brackets may
    /// be given for the last parameter.
    fn wanted_types(&self, callee: &Callee<'a>, labels: &[Option<&str>], trailing: bool) -> Vec<Ty<'a>> {
        let owner = callee.meant.place.0;
        let Some(scope) = callee.scope else { return vec![Ty::Unknown; labels.len()] };
        let this = self.file(owner);
        let skipped = self.skipped(callee.meant.place, callee.on_receiver);
        let parameters = self.parameters(owner, scope).get(skipped..).unwrap_or_default();
        let variadic = this.scope(scope).flags.is_variadic;
        let of = |(position, label): (usize, &Option<&str>)| {
            let named = label.and_then(|label| {
                parameters.iter().position(|&index| match this.family {
                    Family::Swift => self.label(owner, index) == label,
                    _ => this.text(this.binding(index).name) == label,
                })
            });
            let behind = trailing && label.is_none() && position + 1 == labels.len();
            let place = match (named, this.family) {
                (Some(named), _) => named,
                (None, Family::Kotlin) if behind => parameters.len().saturating_sub(1),
                // Parameters with defaults may be left out.
                (None, Family::Swift) if labels.len() != parameters.len() => return Ty::Unknown,
                _ => position,
            };
            let last = variadic && place + 1 >= parameters.len();
            match parameters.get(place).map(|&index| this.binding(index).source) {
                Some(Source::Declared(declared, _)) if !last => match self.function_type(owner, declared) {
                    true => Ty::Function(std::rc::Rc::new(Ty::Unknown)),
                    false => self.annotated(owner, declared).with(&callee.meant.env),
                },
                _ => Ty::Unknown,
            }
        };
        labels.iter().enumerate().map(of).collect()
    }

    fn function_type(&self, file: u32, declared: ExprId) -> bool {
        matches!(self.file(file).facts.bindings.expr(declared), Expr::Scope(_))
    }

    /// Whether a parameter takes an argument, if that is certain.
    fn takes_type(&self, wanted: &Ty<'a>, given: &Ty<'a>) -> Option<bool> {
        match (wanted, given) {
            (Ty::Instance(wanted, _), Ty::Instance(given, _)) => self.derives(*given, *wanted),
            (Ty::Instance(..), Ty::Outside(given, _)) if !given.is_empty() => is_plain(given).then_some(false),
            (Ty::Outside(wanted, _), Ty::Instance(..)) if is_plain(wanted) => Some(false),
            (Ty::Outside(wanted, _), Ty::Outside(given, _)) if is_plain(wanted) && is_plain(given) => {
                let numbers = NUMBERS.contains(wanted) && NUMBERS.contains(given);
                if wanted == given { Some(true) } else { (!numbers).then_some(false) }
            }
            (Ty::Function(_), Ty::Outside(given, _)) if is_plain(given) => Some(false),
            (Ty::Outside(wanted, _), Ty::Function(_)) if is_plain(wanted) => Some(false),
            _ => None,
        }
    }
}

/// Types that derive from nothing and that nothing derives from.
fn is_plain(name: &str) -> bool {
    NUMBERS.contains(&name)
        || matches!(name, "String" | "Boolean" | "Char" | "Array" | "CancellationToken" | "TimeSpan" | "DateTime")
}

/// Whether two types are one, but for their arguments.
fn same(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Instance(a, _), Ty::Instance(b, _)) => a == b,
        (Ty::Outside(a, _), Ty::Outside(b, _)) => a == b && !a.is_empty(),
        (Ty::Function(_), Ty::Function(_)) => true,
        _ => false,
    }
}
