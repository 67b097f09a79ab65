//! What `package.json`, `tsconfig.json`, `Cargo.toml` and `go.mod` say about module names.

use serde_json::Value;

/// What a [`Manifest`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestKind {
    /// A JavaScript package: its folder.
    Package,
    /// A path mapping of a JavaScript project: two patterns.
    Pattern,
    /// A Rust library: the file that is its root.
    Crate,
    /// A Go module: its path and its folder.
    GoModule,
}

/// A name that stands for a part of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name or pattern; `*` stands for the rest.
    pub name: String,
    /// Folder, pattern or file it leads to, relative to the root of the repository.
    pub target: String,
    /// What it is.
    pub kind: ManifestKind,
}

impl Manifest {
    /// Whether a file of this name is one.
    pub fn is_named(name: &str) -> bool {
        matches!(name, "package.json" | "Cargo.toml" | "go.mod")
            || name.starts_with("tsconfig") && name.ends_with(".json")
    }

    /// Reads the file at `path`; empty if it is none or broken.
    pub fn read(path: &str, text: &str) -> Vec<Manifest> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        if file == "Cargo.toml" {
            return library(folder, text).into_iter().collect();
        }
        if file == "go.mod" {
            return go_module(text, folder).into_iter().collect();
        }
        if !Manifest::is_named(file) {
            return Vec::new();
        }
        let Ok(json) = serde_json::from_str::<Value>(&without_comments(text)) else { return Vec::new() };
        if file == "package.json" {
            let name = json["name"].as_str().map(str::to_owned);
            return name
                .map(|name| Manifest { name, target: folder.to_owned(), kind: ManifestKind::Package })
                .into_iter()
                .collect();
        }
        let options = &json["compilerOptions"];
        let base = join(folder, options["baseUrl"].as_str().unwrap_or("."));
        let Some(paths) = options["paths"].as_object() else { return Vec::new() };
        let mut found = Vec::new();
        for (name, targets) in paths {
            for target in targets.as_array().into_iter().flatten().filter_map(Value::as_str) {
                found.push(Manifest { name: name.clone(), target: join(&base, target), kind: ManifestKind::Pattern });
            }
        }
        found
    }
}

/// The library of a Cargo package, under the name that code uses for it.
fn library(folder: &str, text: &str) -> Option<Manifest> {
    let toml: toml_edit::DocumentMut = text.parse().ok()?;
    let word = |table: &str, key: &str| toml.get(table)?.get(key)?.as_str().map(str::to_owned);
    let name = word("lib", "name").or(word("package", "name"))?.replace('-', "_");
    let target = join(folder, &word("lib", "path").unwrap_or("src/lib.rs".to_owned()));
    Some(Manifest { name, target, kind: ManifestKind::Crate })
}

/// The line `module path` of a `go.mod`.
fn go_module(text: &str, folder: &str) -> Option<Manifest> {
    let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or(""));
    let path = lines.find_map(|line| line.trim().strip_prefix("module")?.strip_prefix([' ', '\t', '"']))?;
    let name = path.trim().trim_matches('"').to_owned();
    (!name.is_empty()).then(|| Manifest { name, target: folder.to_owned(), kind: ManifestKind::GoModule })
}

/// Joins two relative paths and resolves `.` and `..`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// JSON as people write it in `tsconfig.json`: comments and trailing commas are cut.
fn without_comments(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => {
                result.push(c);
                result.extend(chars.next());
            }
            '"' => {
                quoted = !quoted;
                result.push(c);
            }
            '/' if !quoted && chars.peek() == Some(&'/') => while chars.next_if(|&c| c != '\n').is_some() {},
            '/' if !quoted && chars.peek() == Some(&'*') => {
                let mut before = ' ';
                for c in chars.by_ref().skip(1) {
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            '}' | ']' if !quoted => {
                let kept = result.trim_end().len();
                if result[..kept].ends_with(',') {
                    result.truncate(kept - 1);
                }
                result.push(c);
            }
            c => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_comments_are_read() {
        let text = r#"{ // a
            "compilerOptions": { /* b */ "baseUrl": "./x", "paths": { "@a/*": ["../src/*"], }, } }"#;
        let found = Manifest::read("web/tsconfig.json", text);
        assert_eq!(found[0].name, "@a/*");
        assert_eq!(found[0].target, "web/src/*");
    }

    #[test]
    fn a_crate_is_named_as_code_names_it() {
        let found = Manifest::read("crates/a/Cargo.toml", "[package]\nname = \"my-lib\"\n");
        assert_eq!((found[0].name.as_str(), found[0].target.as_str()), ("my_lib", "crates/a/src/lib.rs"));
        let text = "[package]\nname = \"a\"\n[lib]\nname = \"b\"\npath = \"b.rs\"\n";
        let found = Manifest::read("Cargo.toml", text);
        assert_eq!((found[0].name.as_str(), found[0].target.as_str()), ("b", "b.rs"));
        assert!(Manifest::read("Cargo.toml", "[workspace]\nmembers = []\n").is_empty());
    }

    #[test]
    fn go_modules_are_read() {
        let found = Manifest::read("tools/go.mod", "// Tools.\nmodule example.org/kit/tools // v1\n\ngo 1.22\n");
        assert_eq!((found[0].name.as_str(), found[0].target.as_str()), ("example.org/kit/tools", "tools"));
        assert!(Manifest::read("go.mod", "go 1.22\n").is_empty());
    }
}
