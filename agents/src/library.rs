//! Named things in files of their own: `NAME.yaml` or `NAME.json` in a folder, over those that are part of the program.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::ConfigError;

/// Files that are larger, in bytes, are not read.
const LARGEST: u64 = 256 * 1024;

/// Named things, each with the file it was read from.
#[derive(Clone, Debug)]
pub struct Library<T> {
    entries: BTreeMap<String, Entry<T>>,
}

/// A named thing.
#[derive(Clone, Debug)]
struct Entry<T> {
    place: String,
    value: T,
}

impl<T> Default for Library<T> {
    fn default() -> Self {
        Library { entries: BTreeMap::new() }
    }
}

impl<T: DeserializeOwned> Library<T> {
    /// What is `embedded` (name, YAML), and the files of `folder`, if there is one; a file replaces what is embedded under its name.
    ///
    /// # Errors
    /// If a file cannot be read, is too large, or does not say what a `T` is; if two files have one name, or one that nobody could type.
    pub fn load(folder: Option<&Path>, embedded: &[(&str, &str)]) -> Result<Self, ConfigError> {
        let mut entries = BTreeMap::new();
        for (name, text) in embedded {
            let place = format!("{name}.yaml (part of the program)");
            let value = parse(text, true).map_err(|reason| ConfigError::invalid(&place, reason))?;
            entries.insert((*name).to_owned(), Entry { place, value });
        }
        let mut own: BTreeMap<String, Entry<T>> = BTreeMap::new();
        for path in folder.map_or(Ok(Vec::new()), files)? {
            let place = path.display().to_string();
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                return Err(ConfigError::invalid(place, "a name has letters, digits, `-` and `_`"));
            }
            if let Some(other) = own.get(name) {
                return Err(ConfigError::invalid(place, format!("`{name}` is in `{}` as well", other.place)));
            }
            let unread = |source| ConfigError::Read { path: path.clone(), source };
            if std::fs::metadata(&path).map_err(unread)?.len() > LARGEST {
                return Err(ConfigError::invalid(place, format!("more than {} KiB", LARGEST / 1024)));
            }
            let text = std::fs::read_to_string(&path).map_err(unread)?;
            let value = parse(&text, path.extension().is_none_or(|extension| extension != "json"));
            let value = value.map_err(|reason| ConfigError::invalid(&place, reason))?;
            own.insert(name.to_owned(), Entry { place, value });
        }
        entries.extend(own);
        Ok(Library { entries })
    }

    /// The same, if `check` finds nothing wrong with anything in it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file.
    pub fn checked(self, check: impl Fn(&T) -> Result<(), String>) -> Result<Self, ConfigError> {
        for entry in self.entries.values() {
            check(&entry.value).map_err(|reason| ConfigError::invalid(&entry.place, reason))?;
        }
        Ok(self)
    }
}

impl<T> Library<T> {
    /// What is called `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.entries.get(name).map(|entry| &entry.value)
    }

    /// All names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Name, file and thing, in the order of names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &T)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.place.as_str(), &entry.value))
    }
}

/// The YAML and JSON files of a folder, by name; none if it is not there.
fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, ConfigError> {
    let unread = |source| ConfigError::Read { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unread)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unread)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml" | "json")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Both forms become the same values first, so that both are understood, and refused, alike.
fn parse<T: DeserializeOwned>(text: &str, is_yaml: bool) -> Result<T, String> {
    let value: Value = match is_yaml {
        // `no` and `on` are words, as in YAML 1.2.
        true => serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
            .map_err(|error| error.to_string())?,
        false => serde_json::from_str(text).map_err(|error| error.to_string())?,
    };
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        word: String,
        #[serde(default)]
        size: u32,
    }

    fn with(files: &[(&str, &str)]) -> Result<Library<Thing>, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("write");
        }
        Library::load(Some(folder.path()), &[("a", "word: on\nsize: 1\n"), ("b", "word: old")])
    }

    #[test]
    fn files_add_to_what_is_embedded_and_replace_it() {
        let library = with(&[("b.yaml", "word: new"), ("c.json", r#"{ "word": "c" }"#), ("README.md", "# no")]);
        let library = library.expect("a library");
        assert_eq!(library.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(library.get("a"), Some(&Thing { word: "on".into(), size: 1 }), "a word, no boolean");
        assert_eq!(library.get("b").map(|thing| thing.word.as_str()), Some("new"));
        assert_eq!(library.get("d"), None);
        assert!(
            Library::<Thing>::load(Some(Path::new("/no/such/folder")), &[]).expect("none").names().next().is_none()
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_file() {
        let error = |name: &str, text: &str| with(&[(name, text)]).expect_err("it is wrong").to_string();
        assert!(error("x.yaml", "word: a\nwrod: b").contains("x.yaml`: unknown field `wrod`"));
        assert!(error("x.yaml", "word: [").contains("x.yaml"));
        assert!(error("x.json", "word: a").contains("x.json`: expected value at line 1"));
        assert!(error("a b.yaml", "word: a").contains("letters, digits"));
        let twice = with(&[("x.yaml", "word: a"), ("x.json", r#"{ "word": "b" }"#)]).expect_err("two of one name");
        assert!(twice.to_string().contains("`x` is in `"), "{twice}");
        let checked = with(&[]).expect("a library").checked(|thing| match thing.size {
            0 => Err("size: more than 0".into()),
            _ => Ok(()),
        });
        assert_eq!(checked.expect_err("b has none").to_string(), "`b.yaml (part of the program)`: size: more than 0");
        let bomb: String =
            (0_u32..30).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n.max(1) - 1).repeat(9))).collect();
        assert!(with(&[("bomb.yaml", &bomb)]).is_err());
    }
}
