//! Nodes by what people call them.

use rag_core::SymbolKind;

use super::{Graph, NodeId, NodeKind};

impl Graph {
    /// Nodes that `text` may mean: a path, `path:line` (the innermost symbol there), a qualified name or its end, a
    /// name, a concept, a heading, a folder, or a package. Exact meanings come alone.
    pub fn find(&self, text: &str) -> Vec<NodeId> {
        if let Some(file) = self.file(text) {
            return vec![file];
        }
        if let Some((path, line)) = text.rsplit_once(':')
            && let (Some(file), Ok(line)) = (self.file(path), line.parse::<u32>())
        {
            let holds = (self.node(file).lines.0..=self.node(file).lines.1).contains(&line);
            return self.innermost(file, line).or(holds.then_some(file)).into_iter().collect();
        }
        let wanted = text.replace("::", ".").replace('#', ".");
        let is_end = |name: &str| name.strip_suffix(&wanted).is_some_and(|before| before.ends_with('.'));
        // Headings and keys that happen to be called so are meant only if nothing else is.
        for code in [true, false] {
            let symbols = || {
                let ids = self.files().end..self.last_symbol();
                ids.filter(|&id| self.node(id).kind.symbol().is_some_and(|kind| is_code(kind) == code))
            };
            let exact: Vec<NodeId> = symbols().filter(|&id| self.node(id).name == wanted).collect();
            let found =
                if exact.is_empty() { symbols().filter(|&id| is_end(self.node(id).name)).collect() } else { exact };
            if !found.is_empty() {
                return found;
            }
            if let (true, Some(concept)) = (code, self.concept(text)) {
                return vec![concept];
            }
        }
        let folder = text.trim_end_matches('/');
        let folder = if folder == "." { "" } else { folder };
        let others = self.last_symbol()..self.ids().end;
        others.filter(|&id| self.node(id).name == folder || self.node(id).name == text).collect()
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<NodeId> {
        let files = &self.nodes[..self.first_symbol.len()];
        files.binary_search_by(|record| self.name(record).cmp(path)).ok().map(|index| index as NodeId)
    }

    /// The concept called `name`, in whatever case and number.
    pub fn concept(&self, name: &str) -> Option<NodeId> {
        let wanted = crate::knowledge::key(name);
        let mut all = self.concepts();
        if wanted.is_empty() { None } else { all.find(|&id| crate::knowledge::key(self.node(id).name) == wanted) }
    }

    /// The package from outside called `name`.
    pub fn package(&self, name: &str) -> Option<NodeId> {
        let mut others = self.last_symbol()..self.ids().end;
        others.find(|&id| self.node(id).kind == NodeKind::Package && self.node(id).name == name)
    }

    /// The definition that lines of a file stand for: the first that begins there, or else the innermost around them.
    pub fn definition_at(&self, path: &str, lines: (u32, u32)) -> Option<NodeId> {
        let file = self.file(path)?;
        let begins = self.symbols_of(file).find(|&id| (lines.0..=lines.1).contains(&self.node(id).lines.0));
        begins.or_else(|| self.innermost(file, lines.0))
    }

    /// Symbols of the file at `path` that lie in `lines`; the file itself if there are none, or no lines are given.
    pub fn symbols_in(&self, path: &str, lines: Option<(u32, u32)>) -> Vec<NodeId> {
        let Some(file) = self.file(path) else { return Vec::new() };
        let touched = |&id: &NodeId| match lines {
            Some((first, last)) => self.node(id).lines.0 <= last && first <= self.node(id).lines.1,
            None => true,
        };
        let mut found: Vec<NodeId> = self.symbols_of(file).filter(touched).collect();
        if lines.is_none() || found.is_empty() {
            found.push(file);
        }
        found
    }

    /// The smallest symbol of a file around a line.
    fn innermost(&self, file: NodeId, line: u32) -> Option<NodeId> {
        let around =
            self.symbols_of(file).filter(|&id| (self.node(id).lines.0..=self.node(id).lines.1).contains(&line));
        around.min_by_key(|&id| self.node(id).lines.1 - self.node(id).lines.0)
    }
}

/// Whether symbols of this kind are code, not parts of documents and configuration.
pub(crate) fn is_code(kind: SymbolKind) -> bool {
    !matches!(kind, SymbolKind::Section | SymbolKind::Key)
}
