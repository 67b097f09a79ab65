//! Folders full of files: walking, hashing, removing, syncing.

use std::path::Path;

use fs_err as fs;

use super::digest::digest;
use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::manifest::{FileEntry, MANIFEST};
use super::store::PLAN;

/// Whether `path` names a file below the folder it is relative to, on every system.
pub(crate) fn is_safe_path(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.len() <= 1024 && !path.contains(['\\', ':', '\0']) && path.split('/').all(plain)
}

/// Every file below `folder`, and whatever else is no folder, relative and with `/`, sorted.
pub(crate) fn walk(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                let message = format!("`{}` has a name that is not UTF-8", entry.path().display());
                return Err(Error::new(Kind::Content, message));
            };
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                open.push((entry.path(), format!("{path}/")));
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether the file is one we keep about a model, and not part of it.
pub(crate) fn is_ours(path: &str) -> bool {
    [MANIFEST, PLAN].contains(&path)
}

/// The entries of all files of the model in `folder`.
pub(crate) fn entries(folder: &Path, progress: &Progress) -> Result<Vec<FileEntry>> {
    let entry = |path: String| {
        progress(Event::Checking { file: &path });
        let digested = digest(&folder.join(&path))?;
        Ok(FileEntry { path, bytes: digested.bytes, sha256: digested.sha256 })
    };
    walk(folder)?.into_iter().filter(|path| !is_ours(path)).map(entry).collect()
}

/// Removes a folder that may not exist.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// Makes the names in `folder` and below durable.
pub(crate) fn sync_folders(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
