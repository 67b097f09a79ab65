//! Which bindings a name can mean where it stands.

use rag_core::Span;
use rag_core::bindings::{ScopeId, ScopeKind, Space};

use crate::world::World;

impl World<'_> {
    /// The bindings of `name`, used in `scope`; the innermost scope that binds it wins. Names of a class are visible
    /// directly inside of it only, and in scripts not at all, except for type parameters.
    pub(crate) fn lookup(&self, file: u32, scope: ScopeId, name: Span, space: Space) -> Vec<u32> {
        let this = self.file(file);
        let python = self.is_python(file);
        let text = this.text(name);
        let mut at = scope;
        let mut crossed = false;
        loop {
            let here = this.scope(at);
            let hidden = match here.kind {
                ScopeKind::Class if python => crossed,
                ScopeKind::Class | ScopeKind::Object | ScopeKind::Extension => !python,
                _ => false,
            };
            let mut found: Vec<u32> = this.bound(at, text).to_vec();
            found.retain(|&index| {
                let binding = this.binding(index);
                let parameter = matches!(binding.source, rag_core::bindings::Source::TypeParameter(_));
                let fits = space == Space::Both || binding.space == Space::Both || binding.space == space;
                !binding.is_instance && (parameter || !hidden) && (python || fits)
            });
            if this.family.is_static() && at != 0 {
                found.retain(|&index| this.binding(index).extent.contains(name));
                // A second `:=` gives the name another value, not another type.
                found.truncate(1);
            }
            if python && !crossed && found.len() > 1 {
                found = self.reaching(file, &found, name);
            }
            if !found.is_empty() {
                return found;
            }
            if at == 0 {
                return Vec::new();
            }
            crossed |= matches!(here.kind, ScopeKind::Function);
            at = here.parent;
        }
    }

    /// The bindings that can hold at `name`: the last one before it whose block it stands in, and those after that in blocks
    /// that may have run. If there is none before, all of them (a loop may have run).
    fn reaching(&self, file: u32, bindings: &[u32], name: Span) -> Vec<u32> {
        let this = self.file(file);
        let mut found = Vec::new();
        for &index in bindings.iter().rev() {
            let binding = this.binding(index);
            if binding.name.start >= name.start {
                continue;
            }
            // `x = f(x)`: the right side comes before the name is bound; both stand on the same line.
            let text = this.facts.text;
            let between = text.get(binding.name.end as usize..name.start as usize).unwrap_or("");
            let scope_def = matches!(binding.source, rag_core::bindings::Source::Scope(_));
            let own = !scope_def && between.len() < 200 && self.same_statement(between);
            if own {
                continue;
            }
            found.push(index);
            if binding.extent.contains(name) {
                break;
            }
        }
        if found.is_empty() { bindings.to_vec() } else { found }
    }

    /// Whether `between` does not end the statement it starts in: `=` and no line break outside of brackets.
    fn same_statement(&self, between: &str) -> bool {
        if !between.trim_start().starts_with(['=', ':', ',']) {
            return false;
        }
        let mut open = 0i32;
        for byte in between.bytes() {
            match byte {
                b'(' | b'[' | b'{' => open += 1,
                b')' | b']' | b'}' => open -= 1,
                b'\n' | b';' if open <= 0 => return false,
                _ => {}
            }
        }
        true
    }
}
