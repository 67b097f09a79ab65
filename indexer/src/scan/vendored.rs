//! Folders of code that was copied from other projects. A name alone rarely proves that: `vendor`
//! and `build` are also what people call their own code, so most rules ask for a second sign.

use std::fs;
use std::path::Path;

/// Folder names that only package managers and checkouts of foreign code use.
const ALWAYS: [&str; 7] = [
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    "__pypackages__",
    "elm-stuff",
    "web_modules",
];

/// Folder names that announce foreign code, as long as they stand near the root. Deeper down they
/// may be a package of the project's own (`com/acme/thirdparty`).
const NEAR_THE_ROOT: [&str; 4] = ["third_party", "third-party", "thirdparty", "3rdparty"];

/// How deep "near the root" reaches: `third_party`, `src/third_party`.
const NEAR: usize = 2;

/// Whether the folder at `path`, `depth` levels below the root, holds code of other projects.
pub(super) fn is_vendored(path: &Path, depth: usize) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    if ALWAYS.contains(&name) || (depth <= NEAR && NEAR_THE_ROOT.contains(&name)) {
        return true;
    }
    let inside = |file: &str| path.join(file).exists();
    let beside = |file: &str| path.with_file_name(file).exists();
    match name {
        // Go, PHP and Rust copy dependencies there; so did some Ruby projects, below `bundle`.
        "vendor" => {
            (inside("modules.txt") && beside("go.mod"))
                || (beside("composer.json") && (inside("autoload.php") || inside("composer")))
                || (beside("Cargo.toml") && holds_vendored_crates(path))
        }
        "bundle" => path.parent().is_some_and(|parent| parent.ends_with("vendor")),
        // Copies inside Python packages: `pip/_vendor`.
        "_vendor" => inside("vendor.txt") || inside("vendored.txt"),
        "venv" | "env" | ".venv" | "virtualenv" => inside("pyvenv.cfg"),
        "Pods" => beside("Podfile"),
        "Carthage" => beside("Cartfile"),
        "deps" => beside("mix.lock"),
        // Build outputs that say of themselves that they are.
        "target" | "build" | "dist" | "out" => inside("CACHEDIR.TAG"),
        _ => false,
    }
}

/// Whether some folder below `path` carries the checksum file that `cargo vendor` writes.
fn holds_vendored_crates(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    entries.flatten().take(64).any(|entry| entry.path().join(".cargo-checksum.json").exists())
}
