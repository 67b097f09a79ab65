//! Of several functions of one name, those that a call can mean.

use rag_core::bindings::{Expr, ExprId, Literal, Source};

use super::C;
use super::spaces::At;
use crate::edge::Tier;
use crate::finding::Finding;
use crate::types::Def;

impl C<'_, '_> {
    fn parameters(&self, function: Def) -> &[u32] {
        self.parameters.get(&function).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a function can be called with this many arguments.
    pub(super) fn takes(&self, function: Def, count: usize) -> bool {
        let this = self.file(function.file);
        let parameters = self.parameters(function);
        let given = |&&index: &&u32| !matches!(this.binding(index).source, Source::Declared(_, Some(_)));
        let needed = parameters.iter().filter(given).count();
        let any = this.scope(function.scope).flags.is_variadic;
        let old = this.facts.language == "c" && parameters.is_empty();
        count == usize::from(u16::MAX)
            || old
            || (any && count + 1 >= needed)
            || (needed..=parameters.len()).contains(&count)
    }

    /// How the types of the parameters are written; functions of C have one type.
    fn signature(&self, function: Def) -> String {
        let this = self.file(function.file);
        let mut written = String::new();
        for &index in self.parameters(function) {
            if let Source::Declared(declared, _) = this.binding(index).source {
                self.spell(function.file, declared, &mut written, 0);
            }
            written.push(',');
        }
        written
    }

    fn spell(&self, file: u32, expr: ExprId, out: &mut String, depth: u32) {
        if depth > 6 {
            return;
        }
        match self.expr(file, expr) {
            Expr::Name(name, _) | Expr::Path(_, name) => out.push_str(self.file(file).text(name)),
            Expr::Literal(Literal::Written(name)) => out.push_str(self.file(file).text(name)),
            Expr::Index(base, items) => {
                self.spell(file, base, out, depth + 1);
                out.push('<');
                for &item in self.file(file).facts.bindings.list(items) {
                    self.spell(file, item, out, depth + 1);
                    out.push(' ');
                }
                out.push('>');
            }
            _ => {}
        }
    }

    /// The definitions of functions that a call with `count` arguments can mean. A declaration counts where there is no
    /// definition for it.
    pub(super) fn choose(&self, from: u32, found: &[At], count: usize) -> Finding {
        let functions: Vec<(At, Def)> = found.iter().filter_map(|&at| Some((at, self.function_of(at)?))).collect();
        let plain = functions.iter().all(|(at, _)| self.file(at.0).facts.language == "c");
        let mut fitting: Vec<&(At, Def)> =
            functions.iter().filter(|(_, function)| plain || self.takes(*function, count)).collect();
        let fits = !fitting.is_empty();
        if !fits {
            fitting = functions.iter().collect();
        }
        let mut groups: Vec<(String, Vec<At>)> = Vec::new();
        for (at, function) in fitting {
            let signature = if plain { String::new() } else { self.signature(*function) };
            match groups.iter_mut().find(|(known, _)| *known == signature) {
                Some((_, group)) => group.push(*at),
                None => groups.push((signature, vec![*at])),
            }
        }
        // A declaration whose definition spells its types in another way.
        let defined = |group: &[At]| group.iter().filter(|at| !self.is_signature(**at)).count();
        if let [a, b] = groups.as_slice()
            && (defined(&a.1) == 0) != (defined(&b.1) == 0)
        {
            let joined = [a.1.clone(), b.1.clone()].concat();
            groups = vec![(String::new(), joined)];
        }
        let mut meant: Vec<At> = groups.iter().flat_map(|(_, group)| self.definitions(from, group, plain)).collect();
        meant.sort_unstable();
        meant.dedup();
        match fits {
            true => Finding::sure(meant, Tier::Unresolved),
            false => Finding::possible(meant, Tier::Unresolved),
        }
    }

    /// Of functions with the same parameters: the definitions, those of the own file before others; else a declaration.
    fn definitions(&self, from: u32, group: &[At], plain: bool) -> Vec<At> {
        let defined: Vec<At> = group.iter().copied().filter(|at| !self.is_signature(*at)).collect();
        let own: Vec<At> = defined.iter().copied().filter(|at| at.0 == from).collect();
        let seen: Vec<At> = defined.iter().copied().filter(|at| self.includes.seen(from).contains(&at.0)).collect();
        // What is linked together lies together: of several programs, or systems, each has its own.
        let folder = |file: u32| self.file(file).facts.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside: Vec<At> = defined.iter().copied().filter(|at| folder(at.0) == folder(from)).collect();
        for found in [own, seen, beside, defined] {
            if !found.is_empty() {
                return found;
            }
        }
        let mut first = group.to_vec();
        first.sort_unstable();
        if plain {
            first.truncate(1);
        } else {
            let file = first.first().map(|at| at.0);
            first.retain(|at| Some(at.0) == file);
        }
        first
    }
}
