//! Large models by name: which one a repository is searched with, and where it lies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rag_core::embedding::onnx::runtime::RuntimePaths;
use rag_core::embedding::onnx::{OnnxEmbedder, OnnxOptions};
use rag_core::{Error, Result, Store};

use crate::config::Config;
use models::ModelStore;

/// The name that stands for no large model: the bundled one alone.
pub const BUNDLED: &str = "static";

/// The model to search a repository with: the setting, or else what the repository's index was made with.
///
/// # Errors
/// If the index folder cannot be read.
pub fn chosen(store: &Store, config: &Config) -> Result<Option<String>> {
    let name = match &config.model {
        Some(name) => Some(name.clone()),
        // The file comes with the folder, and may only name what the user has installed.
        None => store.model()?.filter(|name| !is_path(name)),
    };
    Ok(name.filter(|name| name != BUNDLED))
}

/// Whether a name is that of a folder and not of an installed model.
pub fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name == "." || name == ".."
}

/// Where models are installed.
///
/// # Errors
/// If the user has no home and no folder is set.
pub fn store(config: &Config) -> models::Result<ModelStore> {
    match &config.models_dir {
        Some(folder) => Ok(ModelStore::new(folder)),
        None => ModelStore::of_user(),
    }
}

/// Where the ONNX Runtime library is looked for.
pub fn runtime_paths(config: &Config) -> RuntimePaths {
    RuntimePaths {
        setting: config.onnxruntime.clone(),
        data: store(config).and_then(|store| store.path(models::RUNTIME)).ok(),
    }
}

/// Opens the installed model, or the model folder, `name`. Loads nothing yet.
///
/// # Errors
/// [`Error::Model`] if there is none, or it is damaged.
pub fn open(name: &str, config: &Config) -> Result<Arc<OnnxEmbedder>> {
    let folder = folder(name, config)?;
    let options = OnnxOptions {
        threads: config.threads,
        late: config.late_interaction,
        runtime: runtime_paths(config),
        ..OnnxOptions::default()
    };
    let short = Path::new(name).file_name().map_or(name.into(), |name| name.to_string_lossy());
    Ok(Arc::new(OnnxEmbedder::open(&short, &folder, options)?))
}

/// The folder of the installed model, or model folder, `name`.
///
/// # Errors
/// [`Error::Model`] if it is not installed.
pub fn folder(name: &str, config: &Config) -> Result<PathBuf> {
    if is_path(name) {
        return Ok(name.into());
    }
    let found = store(config).and_then(|store| store.path(name));
    found.map_err(|error| Error::Model { name: name.to_owned(), reason: error.to_string() })
}
