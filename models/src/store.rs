//! The folder of models: who may write, what counts as installed, how it becomes so at once.
//!
//! ```text
//! models/
//! ├── minilm/           installed: its files and `cogo-model.json`, which lists them
//! ├── bge-m3.partial/   being installed; a download goes on here
//! ├── e5-small.old/     what is being replaced or removed; garbage as soon as `e5-small/` is there
//! ├── .import/          being unpacked
//! └── .locks/           one file for each name, held by who works on it
//! ```

use std::fs::TryLockError;
use std::io::Write;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::files::{remove_folder, sync_folder, sync_folders};
use super::manifest::{FileEntry, MANIFEST, Manifest, Source};

/// The file that says what is being downloaded.
pub(crate) const PLAN: &str = "cogo-partial.json";
/// Where imports are unpacked.
const IMPORT: &str = ".import";

/// The folders of one name, and the right to change them. Others wait, or are refused.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) home: PathBuf,
    pub(crate) partial: PathBuf,
    old: PathBuf,
    _lock: std::fs::File,
}

impl Site {
    /// Waits until nobody else works on `name`.
    pub(crate) fn wait(models: &Path, name: &str, progress: &Progress) -> Result<Self> {
        Self::locked(models, name, wait_for(models, name, progress)?)
    }

    /// Refuses if somebody else works on `name`.
    pub(crate) fn now(models: &Path, name: &str) -> Result<Self> {
        let file = lock_file(models, name)?;
        match file.try_lock() {
            Ok(()) => Self::locked(models, name, file),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(Kind::Busy, format!("another process works on `{name}`"))
                    .hint("wait until it has finished"))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Refuses if something is installed already.
    pub(crate) fn check_free(&self) -> Result<()> {
        if !self.home.exists() {
            return Ok(());
        }
        let hint = format!("remove it first (`cogo model remove {}`), or choose another name", self.name);
        Err(Error::new(Kind::Exists, format!("`{}` is installed already", self.name)).hint(hint))
    }

    fn locked(models: &Path, name: &str, lock: std::fs::File) -> Result<Self> {
        let folder = |ending: &str| models.join(format!("{name}{ending}"));
        let site =
            Site { name: name.into(), home: folder(""), partial: folder(".partial"), old: folder(".old"), _lock: lock };
        if site.partial.join(MANIFEST).is_file() {
            // Somebody died right before the end.
            site.finish()?;
        }
        remove_folder(&site.old)?;
        Ok(site)
    }

    /// Makes the partial folder one for `source`: what was downloaded for another is thrown away.
    pub(crate) fn stage(&self, source: &Source, bytes: Option<u64>) -> Result<()> {
        let plan = PartialPlan { source: source.clone(), bytes };
        if PartialPlan::read(&self.partial).as_ref() != Some(&plan) {
            self.stage_empty()?;
            fs::write(self.partial.join(PLAN), serde_json::to_vec(&plan).expect("plain data"))?;
        }
        Ok(())
    }

    /// Makes the partial folder an empty one.
    pub(crate) fn stage_empty(&self) -> Result<()> {
        remove_folder(&self.partial)?;
        fs::create_dir_all(&self.partial)?;
        Ok(())
    }

    /// Makes the partial folder the installed one, at once. Its files must be synced already.
    pub(crate) fn commit(&self, source: Source, files: Vec<FileEntry>) -> Result<Manifest> {
        let manifest = Manifest::new(&self.name, source, files);
        // It must not be there before it is whole.
        let unnamed = self.partial.join("cogo-model.json.tmp");
        let mut file = fs::File::create(&unnamed)?;
        file.write_all(&serde_json::to_vec_pretty(&manifest).expect("plain data"))?;
        file.sync_all()?;
        fs::rename(unnamed, self.partial.join(MANIFEST))?;
        self.finish()?;
        Ok(manifest)
    }

    /// A partial folder with a manifest is complete: it takes the place of the installed one.
    fn finish(&self) -> Result<()> {
        let plan = self.partial.join(PLAN);
        if plan.exists() {
            fs::remove_file(plan)?;
        }
        sync_folders(&self.partial)?;
        if self.home.exists() {
            remove_folder(&self.old)?;
            fs::rename(&self.home, &self.old)?;
        }
        fs::rename(&self.partial, &self.home)?;
        sync_folder(self.home.parent().expect("it lies in the folder of models"))?;
        remove_folder(&self.old)
    }

    /// Removes what is installed and what is partial. Returns whether there was anything.
    pub(crate) fn remove(&self) -> Result<bool> {
        let there = self.home.exists() || self.partial.exists();
        remove_folder(&self.partial)?;
        if self.home.exists() {
            fs::rename(&self.home, &self.old)?;
            sync_folder(self.home.parent().expect("it lies in the folder of models"))?;
            remove_folder(&self.old)?;
        }
        Ok(there)
    }
}

/// What a partial folder is for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartialPlan {
    pub(crate) source: Source,
    pub(crate) bytes: Option<u64>,
}

impl PartialPlan {
    pub(crate) fn read(partial: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(partial.join(PLAN)).ok()?).ok()
    }
}

/// A folder to unpack imports in, one at a time; removed when dropped.
pub(crate) struct Workbench {
    pub(crate) folder: PathBuf,
    _lock: std::fs::File,
}

impl Workbench {
    pub(crate) fn wait(models: &Path, progress: &Progress) -> Result<Self> {
        let _lock = wait_for(models, IMPORT, progress)?;
        let folder = models.join(IMPORT);
        remove_folder(&folder)?;
        fs::create_dir(&folder)?;
        Ok(Workbench { folder, _lock })
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        // What is left is removed by the next import.
        let _ = remove_folder(&self.folder);
    }
}

fn wait_for(models: &Path, name: &str, progress: &Progress) -> Result<std::fs::File> {
    let file = lock_file(models, name)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress(Event::Waiting);
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    Ok(file)
}

fn lock_file(models: &Path, name: &str) -> Result<std::fs::File> {
    let folder = models.join(".locks");
    fs::create_dir_all(&folder)?;
    Ok(fs::OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(name))?.into_parts().0)
}
