//! Models on this machine: which there are, where they come from, whether they are whole.
//!
//! A model is a folder of files below the user's data folder; the ONNX Runtime library is one, too, called
//! [`RUNTIME`]. Models are [pulled](ModelStore::pull) from the hub or [imported](ModelStore::import) where there is no
//! network. Nothing here loads them.

mod archive;
mod choose;
mod client;
mod digest;
mod download;
mod error;
mod event;
mod files;
mod hub;
mod import;
mod known;
mod list;
mod manifest;
mod network;
mod pypi;
mod runtime;
mod store;
mod url;

use std::path::{Path, PathBuf};

use archive::{Format, LIMITS, unpack};
use client::Client;
use download::{Plan, check_space, download};
use files::{entries, is_ours, remove_folder, walk};
use known::Origin;
use store::Site;

pub use error::{Error, Kind, Result};
pub use event::{Event, Progress};
pub use known::{KNOWN, KnownModel, RUNTIME};
pub use list::{ModelInfo, State};
pub use manifest::{FileEntry, MANIFEST, Manifest, Source};
pub use network::{ENDPOINT, Network, PYPI, Proxies};

/// The folder of models, which may not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStore {
    /// Where it is.
    pub folder: PathBuf,
}

/// A model that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Where its files are.
    pub folder: PathBuf,
    /// What it consists of.
    pub manifest: Manifest,
}

impl Installed {
    /// The graph to load, if it is a model.
    pub fn graph(&self) -> Option<PathBuf> {
        let files: Vec<&str> = self.manifest.files.iter().map(|file| file.path.as_str()).collect();
        let graph = choose::preferred(&files).or_else(|| files.iter().copied().find(|file| file.ends_with(".onnx")))?;
        Some(self.folder.join(graph))
    }

    /// The library to load, if it is the ONNX Runtime.
    pub fn library(&self) -> Option<PathBuf> {
        let library = self.manifest.files.iter().find(|file| runtime::is_library(&file.path))?;
        Some(self.folder.join(&library.path))
    }

    /// Whether every file is there and has its length; their content is not read.
    fn seems_whole(&self) -> bool {
        self.manifest
            .files
            .iter()
            .all(|file| std::fs::metadata(self.folder.join(&file.path)).is_ok_and(|found| found.len() == file.bytes))
    }
}

/// How an installed model compares with its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    /// Files that are as they should be.
    pub intact: usize,
    /// Files that are not there.
    pub missing: Vec<String>,
    /// Files with another content.
    pub changed: Vec<String>,
    /// Files nobody installed.
    pub additional: Vec<String>,
}

impl Verification {
    /// Whether there is nothing to complain about.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.additional.is_empty()
    }
}

impl ModelStore {
    /// The models in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        ModelStore { folder: folder.into() }
    }

    /// The models of the user who runs us.
    ///
    /// # Errors
    /// [`Kind::Io`] if the user has no home.
    pub fn of_user() -> Result<Self> {
        let folders = directories::ProjectDirs::from("", "", "cogo").ok_or_else(|| {
            Error::new(Kind::Io, "cannot tell where your data belongs").hint("set `HOME`, or name a folder for models")
        })?;
        Ok(Self::new(folders.data_dir().join("models")))
    }

    /// Downloads the newest version of a known model, of the library [`RUNTIME`], or of any repository
    /// `hf:OWNER/REPOSITORY[@REVISION]` (installed as `owner--repository`). Goes on where an earlier attempt was cut;
    /// does nothing if that version is installed and whole.
    ///
    /// # Errors
    /// [`Kind::Name`] if the name means nothing, [`Kind::Offline`] before anything is sent, [`Kind::Network`] if a
    /// server cannot be reached or refuses, [`Kind::Content`] if it does not have what is needed, [`Kind::Corrupt`] if
    /// it sends wrong bytes twice, [`Kind::Space`] if the disk is too full, [`Kind::Exists`] if something imported
    /// has that name.
    pub fn pull(&self, name: &str, network: &Network, progress: &Progress) -> Result<Installed> {
        let (name, origin) = known::resolve(name)?;
        network.check_online(&name)?;
        let site = Site::wait(&self.folder, &name, progress)?;
        // What is damaged is replaced.
        let installed = self.read(&site.name).ok().flatten();
        if let Some(Installed { manifest: Manifest { source: Source::Imported { .. }, .. }, .. }) = installed {
            site.check_free()?;
        }
        let client = Client::new(network)?;
        let plan = match &origin {
            Origin::Runtime => pypi::plan(&client, progress)?,
            Origin::Hub { repository, revision, graph } => hub::plan(&client, repository, revision, *graph, progress)?,
        };
        if let Some(installed) = installed
            && installed.manifest.source.is_same_version(&plan.source)
            && installed.seems_whole()
        {
            return Ok(installed);
        }
        progress(Event::Planned { files: plan.files.len(), bytes: plan.bytes() });
        let files = fetch(&client, &plan, &site, origin == Origin::Runtime, progress)?;
        let manifest = site.commit(plan.source, files)?;
        Ok(Installed { folder: site.home.clone(), manifest })
    }

    /// Installs what was carried here by hand: a folder, `.zip`, `.tar` or `.tar.gz` with a model, or the ONNX Runtime
    /// library, alone or in a wheel or archive. Without a `name`, it is that of the folder or archive. A manifest that
    /// comes along is checked against the files, but not believed.
    ///
    /// # Errors
    /// [`Kind::Content`] if it holds no model, or something that must not be unpacked, [`Kind::Exists`] if the name is
    /// taken, [`Kind::Name`] if it cannot be one, [`Kind::Corrupt`] if the archive is damaged.
    pub fn import(&self, path: &Path, name: Option<&str>, progress: &Progress) -> Result<Installed> {
        let manifest = import::import(&self.folder, path, name, progress)?;
        Ok(Installed { folder: self.folder.join(&manifest.name), manifest })
    }

    /// Every known model and every other that is installed or partial.
    ///
    /// # Errors
    /// [`Kind::Io`] if the folder cannot be read.
    pub fn list(&self) -> Result<Vec<ModelInfo>> {
        list::list(self)
    }

    /// The model installed as `name`.
    ///
    /// # Errors
    /// [`Kind::NotInstalled`] if there is none, [`Kind::Corrupt`] if its manifest is damaged, [`Kind::Name`] if `name`
    /// cannot be one.
    pub fn installed(&self, name: &str) -> Result<Installed> {
        let local = known::local_name(name)?;
        self.read(&local)?.ok_or_else(|| not_installed(name))
    }

    /// Where the files of `name` are.
    ///
    /// # Errors
    /// As [`installed`](Self::installed).
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        Ok(self.installed(name)?.folder)
    }

    /// Reads every file of `name` and compares it with the manifest.
    ///
    /// # Errors
    /// As [`installed`](Self::installed), and [`Kind::Io`] if a file cannot be read.
    pub fn verify(&self, name: &str, progress: &Progress) -> Result<Verification> {
        let Installed { folder, manifest } = self.installed(name)?;
        let mut found = walk(&folder)?;
        found.retain(|path| !is_ours(path));
        let mut result = Verification::default();
        for expected in manifest.files {
            let Some(position) = found.iter().position(|path| *path == expected.path) else {
                result.missing.push(expected.path);
                continue;
            };
            found.remove(position);
            progress(Event::Checking { file: &expected.path });
            let digested = digest::digest(&folder.join(&expected.path))?;
            if (digested.bytes, &digested.sha256) == (expected.bytes, &expected.sha256) {
                result.intact += 1;
            } else {
                result.changed.push(expected.path);
            }
        }
        result.additional = found;
        Ok(result)
    }

    /// Removes what is installed as `name`, and what was downloaded of it.
    ///
    /// # Errors
    /// [`Kind::NotInstalled`] if there is nothing, [`Kind::Busy`] if it is being installed, [`Kind::Name`] if `name`
    /// cannot be one.
    pub fn remove(&self, name: &str) -> Result<()> {
        let local = known::local_name(name)?;
        if !self.folder.exists() || !Site::now(&self.folder, &local)?.remove()? {
            return Err(not_installed(name));
        }
        Ok(())
    }

    fn read(&self, local: &str) -> Result<Option<Installed>> {
        let folder = self.folder.join(local);
        Ok(Manifest::read(&folder)?.map(|manifest| Installed { folder, manifest }))
    }
}

fn not_installed(name: &str) -> Error {
    Error::new(Kind::NotInstalled, format!("`{name}` is not installed")).hint(format!("run `cogo model pull {name}`"))
}

/// Downloads everything of `plan` into the partial folder; of a wheel, only the library stays.
fn fetch(client: &Client, plan: &Plan, site: &Site, is_runtime: bool, progress: &Progress) -> Result<Vec<FileEntry>> {
    site.stage(&plan.source, plan.bytes())?;
    // A wheel is compressed, and lies beside what is unpacked from it.
    let needed = plan.bytes().unwrap_or(0).saturating_mul(if is_runtime { 5 } else { 1 });
    check_space(&site.partial, needed.saturating_sub(list::bytes_below(&site.partial)))?;
    let get = |file| download(client, file, plan.token.as_deref(), &site.partial, progress);
    let files: Vec<FileEntry> = plan.files.iter().map(get).collect::<Result<_>>()?;
    if !is_runtime {
        return Ok(files);
    }
    let wheel = site.partial.join(&files[0].path);
    let unpacked = site.partial.join("unpacked");
    remove_folder(&unpacked)?;
    let found = unpack(&wheel, Format::Zip, &unpacked, LIMITS, &runtime::is_needed, progress)?;
    runtime::take(&unpacked, &found.files, &site.partial, &format!("`{}`", files[0].path))?;
    remove_folder(&unpacked)?;
    fs_err::remove_file(&wheel)?;
    entries(&site.partial, progress)
}
