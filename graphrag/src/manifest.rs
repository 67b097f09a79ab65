//! What `package.json` and `tsconfig.json` say about module names.

use serde_json::Value;

/// A package or path mapping of a JavaScript project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name or pattern; `*` stands for the rest.
    pub name: String,
    /// Folder or pattern it leads to, relative to the root of the repository.
    pub target: String,
    /// Whether it is a package (its folder) rather than a pattern.
    pub is_package: bool,
}

impl Manifest {
    /// Reads the file at `path`; empty if it is neither or broken.
    pub fn read(path: &str, text: &str) -> Vec<Manifest> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let Ok(json) = serde_json::from_str::<Value>(&without_comments(text)) else { return Vec::new() };
        if file == "package.json" {
            let name = json["name"].as_str().map(str::to_owned);
            return name
                .map(|name| Manifest { name, target: folder.to_owned(), is_package: true })
                .into_iter()
                .collect();
        }
        let options = &json["compilerOptions"];
        let base = join(folder, options["baseUrl"].as_str().unwrap_or("."));
        let Some(paths) = options["paths"].as_object() else { return Vec::new() };
        let mut found = Vec::new();
        for (name, targets) in paths {
            for target in targets.as_array().into_iter().flatten().filter_map(Value::as_str) {
                found.push(Manifest { name: name.clone(), target: join(&base, target), is_package: false });
            }
        }
        found
    }
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
}
