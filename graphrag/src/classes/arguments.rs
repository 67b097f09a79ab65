//! Which parameters a function has, and whether it takes so many arguments under these labels.

use rag_core::bindings::{Expr, ExprId, List, ScopeId, Source, Space};

use super::{Classes, Place};
use crate::file::Family;

/// How many arguments a call has if that is not written.
pub(super) const ANY_NUMBER: usize = u16::MAX as usize;

impl<'a> Classes<'_, 'a> {
    /// The parameters of a function; what its body binds lies in a block of its own.
    pub(super) fn parameters(&self, file: u32, scope: ScopeId) -> &[u32] {
        self.table.parameters.get(&(file, scope)).map(Vec::as_slice).unwrap_or_default()
    }

    fn has_default(&self, file: u32, index: u32) -> bool {
        matches!(self.file(file).binding(index).source, Source::Declared(_, Some(_)) | Source::Parameter(_, Some(_)))
    }

    /// Parameters that a call does not write: what an extension is called on, where that is a parameter.
    pub(super) fn skipped(&self, (file, index): Place, on_receiver: bool) -> usize {
        let Source::Scope(scope) = self.file(file).binding(index).source else { return 0 };
        let bases = self.file(file).scope(scope).bases;
        usize::from(on_receiver && self.family(file) == Family::CSharp && bases.start < bases.end)
    }

    /// Whether a function takes `count` arguments, written as `given` if that is known.
    pub(super) fn takes(
        &self,
        place: Place,
        scope: ScopeId,
        count: usize,
        given: Option<(u32, List)>,
        on_receiver: bool,
    ) -> bool {
        if count == ANY_NUMBER {
            return true;
        }
        let (file, _) = place;
        let this = self.file(file);
        let skipped = self.skipped(place, on_receiver);
        let parameters = self.parameters(file, scope).get(skipped..).unwrap_or_default();
        let variadic = this.scope(scope).flags.is_variadic;
        let needed = parameters.iter().filter(|&&index| !self.has_default(file, index)).count()
            - usize::from(
                variadic
                    && !parameters.is_empty()
                    && !parameters.last().is_some_and(|&last| self.has_default(file, last)),
            );
        if count < needed || count > parameters.len() && !variadic {
            return false;
        }
        let Some((from, given)) = given else { return true };
        let labels: Vec<Option<&str>> = self.labels(from, given);
        if labels.len() != count {
            return true;
        }
        let names: Vec<&str> = parameters.iter().map(|&index| this.text(this.binding(index).name)).collect();
        match this.family {
            Family::Swift => self.takes_labels(file, parameters, &labels, from, given),
            _ => labels.iter().flatten().all(|label| names.contains(label)),
        }
    }

    /// The labels of what a call is given.
    pub(super) fn labels(&self, file: u32, given: List) -> Vec<Option<&'a str>> {
        let this = self.file(file);
        let label = |&item: &ExprId| match this.facts.bindings.expr(item) {
            Expr::Labelled(_, label) => Some(this.text(label)),
            _ => None,
        };
        this.facts.bindings.list(given).iter().map(label).collect()
    }

    /// Swift: labels belong to the name, and stand in the order of the parameters. A function behind the brackets needs none.
    fn takes_labels(&self, file: u32, parameters: &[u32], labels: &[Option<&str>], from: u32, given: List) -> bool {
        let items = self.file(from).facts.bindings.list(given);
        let mut next = 0;
        for (label, &item) in labels.iter().zip(items) {
            let trailing = matches!(self.file(from).facts.bindings.expr(item), Expr::Scope(_)) && label.is_none();
            let fits = |&index: &u32| self.label(file, index) == label.unwrap_or("") || trailing;
            match parameters.get(next..).unwrap_or_default().iter().position(fits) {
                // Those in between have defaults, or the call would not be one of this.
                Some(at)
                    if parameters[next..next + at].iter().all(|&index| self.has_default(file, index) || trailing) =>
                {
                    next += at + 1
                }
                // One more for the last parameter.
                _ if label.is_none() && next > 0 => {}
                _ => return false,
            }
        }
        parameters.get(next..).unwrap_or_default().iter().all(|&index| self.has_default(file, index))
            || next == 0
            || labels.len() < parameters.len()
    }

    /// Swift: the label in front of a parameter's name, or the name itself.
    pub(super) fn label(&self, file: u32, index: u32) -> &'a str {
        let this = self.file(file);
        let name = this.binding(index).name;
        let before = this.facts.text.get(..name.start as usize).unwrap_or("").trim_end();
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        let attribute = before.get(..before.len() - word.len()).is_some_and(|before| before.ends_with('@'));
        match word {
            "" => this.text(name),
            _ if attribute => this.text(name),
            "_" => "",
            word => word,
        }
    }
}

/// Whether a binding in a function's scope is a parameter.
pub(super) fn is_parameter(source: Source, space: Space) -> bool {
    space != Space::Type && matches!(source, Source::Declared(..) | Source::Parameter(..) | Source::Opaque)
}
