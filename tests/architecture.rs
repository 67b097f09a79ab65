//! The map and the land agree: ARCHITECTURE.md names what exists, dependencies point downwards, and the rules of the
//! house that a machine can check hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `cargo metadata` of this workspace.
fn metadata(args: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .args(args)
        .output()
        .expect("run cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Name and folder of every crate of the workspace.
fn members() -> BTreeMap<String, PathBuf> {
    let metadata = metadata(&["--no-deps"]);
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
            let name = package["name"].as_str().expect("a name").to_owned();
            (name, manifest.parent().expect("a folder").to_owned())
        })
        .collect()
}

/// Every Rust file of the workspace.
fn sources() -> Vec<PathBuf> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("read folder").map(|entry| entry.expect("entry")) {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && !["target", "shared", "fixtures", "corpus"].contains(&&*name)
            {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(root(), &mut files);
    files.sort();
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The paths that the code map of ARCHITECTURE.md has an entry for: headings and list items that begin with a path.
fn code_map() -> BTreeSet<String> {
    let path = root().join("ARCHITECTURE.md");
    let text = fs::read_to_string(&path).expect("ARCHITECTURE.md lies in the root of the repository");
    let entries = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("- ").unwrap_or_else(|| line.trim_start_matches('#').trim_start());
        let marked = line.starts_with("- ") || line.starts_with('#');
        let path = rest.trim_start_matches('*').strip_prefix('`')?.split('`').next()?;
        (marked && path.ends_with('/')).then(|| path.trim_end_matches('/').to_owned())
    });
    entries.collect()
}

#[test]
fn the_map_names_what_exists() {
    let map = code_map();
    assert!(map.len() > 5, "the code map has entries such as \"### `rag-core/src/store/`\": {map:?}");
    for path in &map {
        assert!(root().join(path).is_dir(), "ARCHITECTURE.md names `{path}/`, which is not there");
    }
}

#[test]
fn the_map_names_every_crate_and_every_module_folder() {
    let map = code_map();
    for folder in members().values() {
        let name = relative(folder);
        let source = folder.join("src");
        let named = map.contains(&name) || map.contains(&relative(&source));
        assert!(named, "ARCHITECTURE.md does not name the crate `{name}/`");
        for entry in fs::read_dir(&source).expect("a crate has sources").map(|entry| entry.expect("entry")) {
            let name = relative(&entry.path());
            if entry.path().is_dir() {
                assert!(map.contains(&name), "ARCHITECTURE.md does not name `{name}/`");
            }
        }
    }
}

#[test]
fn dependencies_point_downwards() {
    // A crate may use those before it.
    let layers: &[(&str, &[&str])] = &[
        ("rag-core", &[]),
        ("models", &[]),
        ("llm", &[]),
        ("graphrag", &["rag-core", "llm"]),
        ("indexer", &["rag-core", "graphrag"]),
        ("mirror", &["rag-core", "graphrag"]),
        ("agents", &["llm"]),
        ("cogo", &["rag-core", "models", "llm", "graphrag", "indexer", "mirror", "agents"]),
        ("cogo-eval", &["cogo"]),
        ("cogo-python", &["rag-core", "graphrag", "indexer", "cogo"]),
    ];
    let members = members();
    let metadata = metadata(&["--no-deps"]);
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        let allowed = layers.iter().find(|(layer, _)| *layer == name).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("the crate `{name}` has no place among the layers"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("a name");
            let member = members.contains_key(used) && dependency["path"].is_string();
            assert!(!member || allowed.contains(&used), "`{name}` depends on `{used}`");
        }
    }
}

/// What `crate_name` is built with by default, on this machine.
fn dependency_tree(crate_name: &str) -> BTreeSet<String> {
    let metadata = metadata(&[]);
    let packages = metadata["packages"].as_array().expect("packages");
    let names: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| (package["id"].as_str().expect("an id"), package["name"].as_str().expect("a name")))
        .collect();
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (node["id"].as_str().expect("an id"), node)).collect();
    let start = names.iter().find(|(_, name)| **name == crate_name).expect("the crate is in the workspace").0;
    let mut seen = BTreeSet::from([*start]);
    let mut open = vec![*start];
    while let Some(id) = open.pop() {
        for dependency in nodes[id]["deps"].as_array().expect("dependencies") {
            let kinds = dependency["dep_kinds"].as_array().expect("kinds");
            // Neither what only tests use nor what only builds use is part of it.
            let normal = kinds.iter().any(|kind| kind["kind"].is_null());
            let id = dependency["pkg"].as_str().expect("an id");
            // Features are those that the whole workspace asks for: what `llm` is built with for the product says nothing of who uses
            // its trait. Its manifest is looked at apart. In the same way the client of Neo4j asks `backon` for a timer of tokio, which
            // nobody else is built with.
            let is_boundary = matches!(names[id], "llm" | "backon");
            if normal && !is_boundary && seen.insert(id) {
                open.push(id);
            }
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

#[test]
fn the_core_knows_neither_async_nor_networks_nor_languages() {
    let tree = dependency_tree("rag-core");
    assert!(tree.contains("tantivy"), "the tree was read: {tree:?}");
    for foreign in ["tokio", "async-std", "smol", "hyper", "reqwest", "axum", "tree-sitter", "clap", "indexer"] {
        assert!(!tree.contains(foreign), "rag-core is built with {foreign}");
    }
}

#[test]
fn nothing_below_the_product_knows_a_runtime() {
    for name in ["graphrag", "indexer", "models"] {
        let tree = dependency_tree(name);
        for foreign in ["tokio", "async-std", "smol", "hyper", "axum", "rmcp"] {
            assert!(!tree.contains(foreign), "{name} is built with {foreign}");
        }
    }
}

#[test]
fn the_trait_of_language_models_brings_no_runtime() {
    let manifest: toml_edit::DocumentMut =
        fs::read_to_string(root().join("llm/Cargo.toml")).expect("read").parse().expect("TOML");
    assert!(
        manifest["features"]
            .get("default")
            .is_none_or(|default| default.as_array().is_some_and(|list| list.is_empty()))
    );
    for foreign in ["genai", "reqwest", "tokio"] {
        let optional = manifest["dependencies"][foreign].get("optional").and_then(|optional| optional.as_bool());
        assert_eq!(optional, Some(true), "{foreign}");
    }
    let user: toml_edit::DocumentMut =
        fs::read_to_string(root().join("graphrag/Cargo.toml")).expect("read").parse().expect("TOML");
    assert!(!user["dependencies"]["llm"].to_string().contains("providers"), "graphrag asks for providers");
}

#[test]
fn the_agent_protocol_is_known_in_one_place() {
    let known = ["server.rs", "stdio.rs", "http.rs"].map(|name| format!("src/mcp/{name}"));
    for path in sources().iter().map(|path| relative(path)).filter(|path| path.starts_with("src/")) {
        let text = fs::read_to_string(root().join(&path)).expect("read");
        assert!(known.contains(&path) || !text.contains("rmcp::"), "{path} knows rmcp");
    }
}

#[test]
fn the_dependencies_of_a_crate_are_those_of_the_workspace() {
    // A version in one place cannot disagree with itself. Grammars are used in one crate only.
    for folder in members().values() {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("read");
        let own = manifest.split("[workspace]").next().expect("a first part");
        let around = own.lines().find(|line| line.contains("path = \"../"));
        assert_eq!(around, None, "{} goes around the workspace", relative(folder));
    }
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    // In parts, so that this file does not find itself.
    let forbidden =
        [concat!("#[", "ignore"), concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    for path in sources() {
        let text = fs::read_to_string(&path).expect("read");
        for (number, line) in text.lines().enumerate() {
            for word in forbidden {
                assert!(!line.contains(word), "{}:{}: `{word}`", relative(&path), number + 1);
            }
        }
    }
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let keyword = concat!("unsa", "fe ");
    for path in sources() {
        let text = fs::read_to_string(&path).expect("read");
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let opens = ["{", "impl ", "fn ", "extern "].iter().any(|next| code.contains(&format!("{keyword}{next}")));
            if !opens || code.contains('"') {
                continue;
            }
            let above = lines[..number].iter().rev().take_while(|line| {
                let line = line.trim_start();
                line.starts_with("//") || line.starts_with("#[")
            });
            let explained = above.into_iter().any(|line| line.contains("SAFETY:"));
            assert!(explained, "{}:{}: no SAFETY comment", relative(&path), number + 1);
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("read");
        // A file that a build script includes as well cannot have an inner doc comment.
        assert!(text.starts_with("//"), "{}: no sentence at the top", relative(&path));
    }
}

#[test]
fn every_public_crate_has_a_lib_with_a_module_doc() {
    for (name, folder) in members() {
        let lib = folder.join("src/lib.rs");
        let top = if lib.exists() { lib } else { folder.join("src/main.rs") };
        let text = fs::read_to_string(&top).expect("a crate has a lib.rs or a main.rs");
        assert!(text.starts_with("//! "), "{name}: no module doc");
    }
}
