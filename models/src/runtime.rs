//! The ONNX Runtime library: how it is called on each system, and where it lies in what it is shipped in.

use std::path::Path;

use fs_err as fs;

use super::error::{Error, Kind, Result};

/// A system and a processor, as Rust calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) os: &'static str,
    pub(crate) arch: &'static str,
}

impl Platform {
    /// Ours.
    pub(crate) fn here() -> Self {
        Platform { os: std::env::consts::OS, arch: std::env::consts::ARCH }
    }

    /// Whether a wheel with this platform tag runs here.
    pub(crate) fn runs(self, tag: &str) -> bool {
        let Platform { os, arch } = self;
        match os {
            // There are no wheels for musl.
            "linux" => cfg!(not(target_env = "musl")) && tag.starts_with("manylinux") && tag.ends_with(arch),
            "macos" => {
                let arch = if arch == "aarch64" { "arm64" } else { arch };
                tag.starts_with("macosx_") && (tag.ends_with(arch) || tag.ends_with("universal2"))
            }
            "windows" => tag == if arch == "aarch64" { "win_arm64" } else { "win_amd64" } && arch != "x86",
            _ => false,
        }
    }

    /// Whether a file of this name is the library for this system.
    fn loads(self, name: &str) -> bool {
        match self.os {
            "windows" => name.eq_ignore_ascii_case("onnxruntime.dll"),
            "macos" => name.starts_with("libonnxruntime.") && name.ends_with(".dylib"),
            _ => name.starts_with("libonnxruntime.so"),
        }
    }
}

/// Whether `path` names the library for this system.
pub(crate) fn is_library(path: &str) -> bool {
    Platform::here().loads(base(path))
}

/// Whether `path` names the library for any system.
pub(crate) fn is_any_library(path: &str) -> bool {
    ["linux", "macos", "windows"].into_iter().any(|os| Platform { os, arch: "" }.loads(base(path)))
}

/// Whether `path` is needed of what the library is shipped in.
pub(crate) fn is_needed(path: &str) -> bool {
    is_any_library(path) || is_notice(path)
}

fn is_notice(path: &str) -> bool {
    ["LICENSE", "LICENSE.txt", "ThirdPartyNotices.txt"].contains(&base(path))
}

/// Moves the library and its notices, which lie anywhere in `from`, into the folder `into`.
pub(crate) fn take(from: &Path, files: &[String], into: &Path, place: &str) -> Result<()> {
    let mut libraries: Vec<&String> = files.iter().filter(|file| is_library(file)).collect();
    // Debug symbols bear the same name, further down; the full name has the version in it.
    libraries.sort_by_key(|file| (depth(file), std::cmp::Reverse(base(file).len())));
    let Some(library) = libraries.first() else {
        let Platform { os, arch } = Platform::here();
        return Err(Error::new(Kind::Content, format!("{place} holds no ONNX Runtime library for {os} on {arch}"))
            .hint("take the one that is made for this machine"));
    };
    fs::rename(from.join(library), into.join(base(library)))?;
    let mut notices: Vec<&String> = files.iter().filter(|file| is_notice(file)).collect();
    notices.sort_by_key(|file| depth(file));
    for notice in notices {
        let target = into.join(base(notice));
        if !target.exists() {
            fs::rename(from.join(notice), target)?;
        }
    }
    Ok(())
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn depth(path: &str) -> usize {
    path.matches('/').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_run_where_their_tag_says() {
        let runs = |os, arch, tag| Platform { os, arch }.runs(tag);
        assert!(runs("linux", "x86_64", "manylinux_2_28_x86_64"));
        assert!(!runs("linux", "aarch64", "manylinux_2_28_x86_64") && !runs("linux", "x86_64", "musllinux_1_2_x86_64"));
        assert!(runs("macos", "aarch64", "macosx_14_0_arm64") && runs("macos", "x86_64", "macosx_13_0_universal2"));
        assert!(runs("windows", "x86_64", "win_amd64") && !runs("windows", "x86_64", "win_arm64"));
        assert!(!runs("windows", "x86", "win_amd64") && !runs("freebsd", "x86_64", "manylinux_2_28_x86_64"));
    }

    #[test]
    fn libraries_are_told_from_their_neighbours() {
        for name in
            ["a/libonnxruntime.so.1.31.1", "libonnxruntime.so", "libonnxruntime.1.31.1.dylib", "onnxruntime.dll"]
        {
            assert!(is_any_library(name), "{name}");
        }
        for name in ["libonnxruntime_providers_shared.so", "onnxruntime_providers_shared.dll", "libonnxruntime.pc"] {
            assert!(!is_any_library(name), "{name}");
        }
    }
}
