//! What there is, and what there could be.

use std::collections::BTreeSet;
use std::path::Path;

use fs_err as fs;
use serde::Serialize;

use super::ModelStore;
use super::error::Result;
use super::files::{is_ours, walk};
use super::known::{KNOWN, RUNTIME, RUNTIME_ABOUT, RUNTIME_LICENSE, check_name};
use super::manifest::Manifest;
use super::store::PartialPlan;

/// How far a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Ready to be used.
    Installed,
    /// A download was cut; pulling it again goes on.
    Partial,
    /// Known, but not here.
    Available,
    /// Here, but what it consists of cannot be read.
    Damaged,
}

/// A model as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// Bytes that are here.
    pub present: u64,
    /// Bytes of all of it: exact once it is being installed, roughly before, none if nobody knows.
    pub bytes: Option<u64>,
    /// Where it comes from, as it can be typed or read.
    pub source: Option<String>,
    /// When it was installed, as RFC 3339.
    pub installed: Option<String>,
    /// Its license, if it is a known one.
    pub license: Option<&'static str>,
    /// What it is good for, if it is a known one.
    pub about: Option<&'static str>,
}

/// Known models in their order, then others by name.
pub(crate) fn list(store: &ModelStore) -> Result<Vec<ModelInfo>> {
    let known = KNOWN.iter().map(|known| ModelInfo {
        name: known.name.into(),
        state: State::Available,
        present: 0,
        bytes: Some(known.bytes),
        source: Some(format!("hf:{}", known.repository)),
        installed: None,
        license: Some(known.license),
        about: Some(known.about),
    });
    let runtime = ModelInfo {
        source: Some("pypi:onnxruntime".into()),
        license: Some(RUNTIME_LICENSE),
        about: Some(RUNTIME_ABOUT),
        ..unknown(RUNTIME)
    };
    let mut models: Vec<ModelInfo> = known.chain([runtime]).collect();
    let others = names(&store.folder)?.into_iter().filter(|name| models.iter().all(|known| known.name != *name));
    models.extend(others.map(|name| unknown(&name)).collect::<Vec<_>>());
    models.iter_mut().for_each(|model| look(&store.folder, model));
    // Others are there only if they are here: a folder that is none of ours is not listed.
    models.retain(|model| model.state != State::Available || model.about.is_some());
    Ok(models)
}

fn unknown(name: &str) -> ModelInfo {
    ModelInfo {
        name: name.into(),
        state: State::Available,
        present: 0,
        bytes: None,
        source: None,
        installed: None,
        license: None,
        about: None,
    }
}

/// Every name for which there is a folder.
fn names(models: &Path) -> Result<BTreeSet<String>> {
    if !models.exists() {
        return Ok(BTreeSet::new());
    }
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(models)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let name = name.strip_suffix(".partial").unwrap_or(&name);
        if check_name(name).is_ok() {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

/// Fills in what the folder says.
fn look(models: &Path, model: &mut ModelInfo) {
    let home = models.join(&model.name);
    let partial = models.join(format!("{}.partial", model.name));
    match Manifest::read(&home) {
        Ok(Some(manifest)) => {
            model.state = State::Installed;
            model.present = bytes_below(&home);
            model.bytes = Some(manifest.bytes());
            model.source = Some(manifest.source.to_string());
            model.installed = Some(manifest.installed);
        }
        Err(_) => {
            model.state = State::Damaged;
            model.present = bytes_below(&home);
        }
        Ok(None) if partial.is_dir() => {
            model.state = State::Partial;
            model.present = bytes_below(&partial);
            if let Some(plan) = PartialPlan::read(&partial) {
                model.bytes = plan.bytes.or(model.bytes);
                model.source = Some(plan.source.to_string());
            }
        }
        Ok(None) => {}
    }
}

/// The bytes of all files below `folder`, but those we keep about them. Others may work here: what is gone counts
/// nothing.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let paths = walk(folder).unwrap_or_default();
    let bytes = |path: &String| folder.join(path).symlink_metadata().map_or(0, |metadata| metadata.len());
    paths.iter().filter(|path| !is_ours(path)).map(bytes).sum()
}
