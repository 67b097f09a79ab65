//! Which file a module path means.

use std::collections::{HashMap, HashSet};

use crate::manifest::{Manifest, ManifestKind, join};

/// Where an import leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    File(u32),
    /// A Python package without an `__init__.py`, or one of which only parts are there.
    Folder,
    External,
    Missing,
}

/// The module names of a repository.
#[derive(Default)]
pub(crate) struct Modules {
    paths: HashMap<String, u32>,
    /// Python: dotted name → file.
    dotted: HashMap<String, u32>,
    /// Python: dotted names that are folders with modules in them.
    folders: HashSet<String>,
    manifests: Vec<Manifest>,
}

const SCRIPT_ENDINGS: [&str; 9] = [".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];

impl Modules {
    pub(crate) fn new(paths: &[&str], manifests: &[Manifest]) -> Self {
        let mut modules = Modules { manifests: manifests.to_vec(), ..Modules::default() };
        for (index, path) in paths.iter().enumerate() {
            modules.paths.insert((*path).to_owned(), index as u32);
        }
        for (index, path) in paths.iter().enumerate() {
            if let Some(stem) = path.strip_suffix(".py").or(path.strip_suffix(".pyi")) {
                modules.add_python(stem, index as u32);
            }
        }
        modules
    }

    /// A file is known by its name within its package, and, as scripts are run from anywhere, by its path from the root.
    fn add_python(&mut self, stem: &str, index: u32) {
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        let parts: Vec<&str> = stem.split('/').collect();
        let mut start = parts.len() - 1;
        while start > 0 && self.paths.contains_key(&format!("{}/__init__.py", parts[..start].join("/"))) {
            start -= 1;
        }
        let mut names = vec![parts[start..].join("."), parts.join(".")];
        if parts.first() == Some(&"src") {
            names.push(parts[1..].join("."));
        }
        names.dedup();
        for name in names {
            let mut folder = name.as_str();
            while let Some((outer, _)) = folder.rsplit_once('.') {
                self.folders.insert(outer.to_owned());
                folder = outer;
            }
            self.dotted.entry(name).or_insert(index);
        }
    }

    /// The module `name` as imported by the Python file at `from`.
    pub(crate) fn python(&self, from: &str, name: &str) -> Module {
        let dots = name.len() - name.trim_start_matches('.').len();
        if dots == 0 {
            let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
            let nearby = [
                format!("{folder}/{}.py", name.replace('.', "/")),
                format!("{folder}/{}/__init__.py", name.replace('.', "/")),
            ];
            if let Some(&file) = self.dotted.get(name) {
                return Module::File(file);
            }
            // A script sees the modules beside it, unless they are the package it is part of.
            if !self.paths.contains_key(&format!("{folder}/__init__.py"))
                && let Some(&file) = nearby.iter().find_map(|path| self.paths.get(path))
            {
                return Module::File(file);
            }
            let top = name.split('.').next().unwrap_or(name);
            return match self.folders.contains(name) {
                true => Module::Folder,
                false if self.dotted.contains_key(top) || self.folders.contains(top) => Module::Missing,
                false => Module::External,
            };
        }
        let mut folder = from;
        for _ in 0..dots {
            folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
        }
        let path = join(folder, &name[dots..].replace('.', "/"));
        let inside = [
            format!("{path}.py"),
            format!("{path}/__init__.py"),
            format!("{path}.pyi"),
            format!("{path}/__init__.pyi"),
        ];
        let inside = inside.iter().map(|path| path.trim_start_matches('/'));
        inside.into_iter().find_map(|path| self.paths.get(path)).map_or(Module::Folder, |&file| Module::File(file))
    }

    /// The submodule `name` of the Python package at `path`.
    pub(crate) fn submodule(&self, path: &str, name: &str) -> Option<u32> {
        let folder = path.strip_suffix("/__init__.py").or(path.strip_suffix("/__init__.pyi"))?;
        let inside = [format!("{folder}/{name}.py"), format!("{folder}/{name}/__init__.py")];
        inside.iter().find_map(|path| self.paths.get(path)).copied()
    }

    /// The module `name` as imported by the script at `from`.
    pub(crate) fn script(&self, from: &str, name: &str) -> Module {
        if name.starts_with('.') {
            let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
            return self.script_at(&join(folder, name)).map_or(Module::Missing, Module::File);
        }
        for manifest in &self.manifests {
            let found = match manifest.kind {
                ManifestKind::Package => self.in_package(manifest, name),
                ManifestKind::Pattern => pattern(&manifest.name, name)
                    .and_then(|rest| self.script_at(&manifest.target.replacen('*', rest, 1))),
                ManifestKind::Crate | ManifestKind::GoModule => None,
            };
            if let Some(file) = found {
                return Module::File(file);
            }
        }
        Module::External
    }

    /// A package imports itself by its name; what it publishes is built from `src`.
    fn in_package(&self, manifest: &Manifest, name: &str) -> Option<u32> {
        let rest = name.strip_prefix(manifest.name.as_str())?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let folder = &manifest.target;
        [join(folder, "src"), folder.clone(), join(folder, "lib")]
            .iter()
            .find_map(|folder| self.script_at(&join(folder, rest.trim_start_matches('/'))))
    }

    fn script_at(&self, path: &str) -> Option<u32> {
        let ends = |endings: &[&str], stem: &str| {
            endings.iter().find_map(|end| self.paths.get(&format!("{stem}{end}"))).copied()
        };
        for (written, meant) in
            [(".js", [".ts", ".tsx"]), (".jsx", [".tsx", ".ts"]), (".mjs", [".mts", ".ts"]), (".cjs", [".cts", ".ts"])]
        {
            if let Some(found) = path.strip_suffix(written).and_then(|stem| ends(&meant, stem)) {
                return Some(found);
            }
        }
        let exact = self.paths.get(path).copied();
        exact.or_else(|| ends(&SCRIPT_ENDINGS, path)).or_else(|| ends(&SCRIPT_ENDINGS, &join(path, "index")))
    }
}

/// What `*` of `pattern` stands for in `name`.
fn pattern<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        None => (pattern == name).then_some(""),
        Some((start, end)) => name.strip_prefix(start)?.strip_suffix(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_modules_are_found() {
        let modules =
            Modules::new(&["src/app/__init__.py", "src/app/core.py", "tests/helper.py", "tests/test_a.py"], &[]);
        assert_eq!(modules.python("tests/test_a.py", "app.core"), Module::File(1));
        assert_eq!(modules.python("tests/test_a.py", "app"), Module::File(0));
        assert_eq!(modules.python("tests/test_a.py", "helper"), Module::File(2));
        assert_eq!(modules.python("src/app/core.py", "."), Module::File(0));
        assert_eq!(modules.python("src/app/core.py", "json"), Module::External);
        assert_eq!(modules.submodule("src/app/__init__.py", "core"), Some(1));
    }

    #[test]
    fn script_modules_are_found() {
        let package = Manifest { name: "kit".into(), target: "packages/kit".into(), kind: ManifestKind::Package };
        let paths = ["packages/kit/src/index.ts", "packages/kit/src/v4/index.ts", "packages/kit/src/v4/a.ts"];
        let modules = Modules::new(&paths, &[package]);
        assert_eq!(modules.script("packages/kit/src/v4/a.ts", "./index.js"), Module::File(1));
        assert_eq!(modules.script("packages/kit/src/v4/a.ts", ".."), Module::File(0));
        assert_eq!(modules.script("x.ts", "kit/v4"), Module::File(1));
        assert_eq!(modules.script("x.ts", "kit"), Module::File(0));
        assert_eq!(modules.script("x.ts", "kitten"), Module::External);
    }
}
