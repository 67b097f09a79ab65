//! What can be installed, and under which name.

use super::error::{Error, Kind, Result};

/// The name of the ONNX Runtime library among the models.
pub const RUNTIME: &str = "runtime";

/// A model whose files we know how to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownModel {
    /// Its name here.
    pub name: &'static str,
    /// Its repository on the hub.
    pub repository: &'static str,
    /// The graph in it.
    pub graph: &'static str,
    /// Roughly what is downloaded.
    pub bytes: u64,
    /// Its license.
    pub license: &'static str,
    /// What it is good for.
    pub about: &'static str,
}

/// Models that can be pulled by a short name, best first. Their sizes are approximate.
pub const KNOWN: [KnownModel; 6] = [
    KnownModel {
        name: "bge-m3",
        repository: "aapot/bge-m3-onnx",
        graph: "model.onnx",
        bytes: 2_285_000_000,
        license: "MIT",
        about: "multilingual; dense, sparse and ColBERT; 32-bit floats",
    },
    KnownModel {
        name: "bge-m3-int8",
        repository: "gpahal/bge-m3-onnx-int8",
        graph: "model_quantized.onnx",
        bytes: 590_000_000,
        license: "MIT",
        about: "multilingual; dense, sparse and ColBERT; a quarter of the size, several times as fast",
    },
    KnownModel {
        name: "minilm",
        repository: "sentence-transformers/all-MiniLM-L6-v2",
        graph: "onnx/model.onnx",
        bytes: 91_000_000,
        license: "Apache-2.0",
        about: "English; small and fast",
    },
    KnownModel {
        name: "bge-small",
        repository: "BAAI/bge-small-en-v1.5",
        graph: "onnx/model.onnx",
        bytes: 134_000_000,
        license: "MIT",
        about: "English; small",
    },
    KnownModel {
        name: "e5-small",
        repository: "intfloat/multilingual-e5-small",
        graph: "onnx/model.onnx",
        bytes: 487_000_000,
        license: "MIT",
        about: "multilingual; small",
    },
    KnownModel {
        name: "jina-code",
        repository: "jinaai/jina-embeddings-v2-base-code",
        graph: "onnx/model.onnx",
        bytes: 645_000_000,
        license: "Apache-2.0",
        about: "code and English; long texts",
    },
];

/// The ONNX Runtime library, as it is listed.
pub(crate) const RUNTIME_LICENSE: &str = "MIT";
pub(crate) const RUNTIME_ABOUT: &str = "the ONNX Runtime library, which runs every model";

/// What is to be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The newest ONNX Runtime library.
    Runtime,
    /// A repository of the hub.
    Hub {
        repository: String,
        /// A branch, tag or commit.
        revision: String,
        /// The graph to take, if it is not for us to choose.
        graph: Option<&'static str>,
    },
}

/// Finds out what `name` means: a known model, `runtime`, or `hf:OWNER/REPOSITORY[@REVISION]`. Returns the name to
/// install it under, too.
pub(crate) fn resolve(name: &str) -> Result<(String, Origin)> {
    if name == RUNTIME {
        return Ok((RUNTIME.into(), Origin::Runtime));
    }
    if let Some(known) = KNOWN.iter().find(|known| known.name == name) {
        let (repository, revision) = (known.repository.to_owned(), "main".to_owned());
        return Ok((name.into(), Origin::Hub { repository, revision, graph: Some(known.graph) }));
    }
    if let Some(rest) = name.strip_prefix("hf:") {
        let (repository, revision) = rest.split_once('@').unwrap_or((rest, "main"));
        check_repository(name, repository, revision)?;
        let origin = Origin::Hub { repository: repository.into(), revision: revision.into(), graph: None };
        return Ok((local_name(name)?, origin));
    }
    check_name(name)?;
    let known: Vec<&str> = KNOWN.iter().map(|known| known.name).chain([RUNTIME]).collect();
    let hint = format!("known are {}; any other is named `hf:OWNER/REPOSITORY[@REVISION]`", known.join(", "));
    Err(Error::new(Kind::Name, format!("unknown model `{name}`")).hint(hint))
}

/// The name under which `name` is installed: a repository of the hub is `owner--repository`.
pub(crate) fn local_name(name: &str) -> Result<String> {
    let Some(rest) = name.strip_prefix("hf:") else {
        check_name(name)?;
        return Ok(name.into());
    };
    let (repository, revision) = rest.split_once('@').unwrap_or((rest, "main"));
    check_repository(name, repository, revision)?;
    let local = repository.replace('/', "--").to_lowercase();
    check_name(&local)?;
    Ok(local)
}

/// Whether `name` can be the name of a folder among others of ours: it must not leave the folder, nor be hidden, nor
/// look like one of the passing folders.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let passing = [".partial", ".old"].iter().any(|ending| name.ends_with(ending));
    let length = (1..=120).contains(&name.len());
    if length && name.bytes().all(letters) && !name.starts_with('.') && !name.ends_with('.') && !passing {
        return Ok(());
    }
    Err(Error::new(Kind::Name, format!("`{name}` cannot be the name of a model"))
        .hint("use small letters, digits, `-`, `_` and `.`, but no `.` at either end"))
}

fn check_repository(name: &str, repository: &str, revision: &str) -> Result<()> {
    let word = |text: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !text.is_empty() && text.bytes().all(letters) && !text.starts_with('.')
    };
    let named = repository.split_once('/').is_some_and(|(owner, repository)| word(owner) && word(repository));
    if named && revision.split('/').all(word) {
        return Ok(());
    }
    Err(Error::new(Kind::Name, format!("`{name}` names no repository of the hub"))
        .hint("it must look like `hf:OWNER/REPOSITORY` or `hf:OWNER/REPOSITORY@REVISION`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        for name in
            ["", ".", "..", "../x", "a/b", "a\\b", "/etc", ".hidden", "a.", "A", "é", "x.partial", "x.old", "c:"]
        {
            assert_eq!(check_name(name).map_err(|error| error.kind), Err(Kind::Name), "{name}");
        }
        for name in ["bge-m3", "a_b.c-1", RUNTIME] {
            check_name(name).expect("a good name");
        }
        for name in ["hf:", "hf:x", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b@", "hf:a/b@../c", "hf:a/b?c"] {
            assert_eq!(resolve(name).map_err(|error| error.kind), Err(Kind::Name), "{name}");
            assert!(local_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn any_repository_has_a_name_of_its_own() {
        let (name, origin) = resolve("hf:Xenova/BGE_m3@refs/pr/2").expect("well formed");
        assert_eq!(name, "xenova--bge_m3");
        let (repository, revision) = ("Xenova/BGE_m3".to_owned(), "refs/pr/2".to_owned());
        assert_eq!(origin, Origin::Hub { repository, revision, graph: None });
        let error = resolve("bge").expect_err("unknown");
        assert!(error.hint.expect("a hint").contains("bge-m3, bge-m3-int8, minilm"));
    }
}
