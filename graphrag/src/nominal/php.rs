//! PHP: from a name to a full name, by namespaces and imports.

use rag_core::bindings::{ScopeId, ScopeKind, Source, Space};

use super::{At, Named, Nominal};

/// Full names in the form in which they are compared: letters are all the same.
pub(super) fn folded(name: &str) -> String {
    name.trim_matches('\\').to_ascii_lowercase()
}

impl Nominal<'_, '_> {
    fn php_namespace(&self, file: u32, scope: ScopeId) -> &str {
        let this = self.file(file);
        match this.around(scope, &[ScopeKind::Namespace]) {
            Some(space) => this.text(this.scope(space).name),
            None => "",
        }
    }

    /// The full name of what a scope declares as `name`.
    pub(super) fn php_full(&self, file: u32, scope: ScopeId, name: &str) -> String {
        folded(&format!("{}\\{name}", self.php_namespace(file, scope)))
    }

    pub(super) fn php_class_name(&self, file: u32, class: ScopeId) -> String {
        let this = self.file(file);
        match this.text(this.scope(class).name) {
            "" => String::new(),
            name => self.php_full(file, class, name),
        }
    }

    /// The full name that an import of `first` in `space` stands for.
    fn php_import(&self, file: u32, scope: ScopeId, first: &str, space: Space) -> Option<String> {
        let this = self.file(file);
        let home = this.around(scope, &[ScopeKind::Namespace]).unwrap_or(0);
        let lists = [home, 0];
        let mut bindings =
            lists.iter().flat_map(|&home| this.facts.bindings.names.iter().filter(move |of| of.scope == home));
        bindings.find_map(|binding| match binding.source {
            Source::Import { module, item }
                if binding.space == space && this.text(binding.name).eq_ignore_ascii_case(first) =>
            {
                Some(folded(&format!("{}\\{}", this.text(module), this.text(item))))
            }
            _ => None,
        })
    }

    fn php_resolve(&self, file: u32, scope: ScopeId, name: &str) -> String {
        if name.starts_with('\\') {
            return folded(name);
        }
        if let Some(rest) = name.strip_prefix("namespace\\") {
            return self.php_full(file, scope, rest);
        }
        let (first, rest) = name.split_once('\\').unwrap_or((name, ""));
        match self.php_import(file, scope, first, Space::Type) {
            Some(full) => folded(&format!("{full}\\{rest}")),
            None => self.php_full(file, scope, name),
        }
    }

    pub(super) fn php_class(&self, file: u32, scope: ScopeId, name: &str) -> Named {
        let full = self.php_resolve(file, scope, name);
        if let Some(&class) = self.classes.get(&full) {
            return Named::Class(class);
        }
        let space = full.rfind('\\').map_or("", |at| &full[..at]);
        match self.namespaces.contains(space) {
            true => Named::Missing,
            false => Named::Outside,
        }
    }

    /// The functions that a call of `name` can mean: of the namespace, or else global.
    pub(super) fn php_function(&self, file: u32, scope: ScopeId, name: &str) -> Vec<At> {
        let full = match name.contains('\\') {
            true => self.php_resolve(file, scope, name),
            false => {
                self.php_import(file, scope, name, Space::Value).unwrap_or_else(|| self.php_full(file, scope, name))
            }
        };
        let found = self.functions.get(&full).cloned().unwrap_or_default();
        match found.is_empty() && !name.contains('\\') {
            true => self.functions.get(&folded(name)).cloned().unwrap_or_default(),
            false => found,
        }
    }
}
