//! Installs what somebody carried here by hand: a folder, an archive, or the ONNX Runtime library.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::archive::{Format, LIMITS, Unpacked, unpack};
use super::choose::check_model;
use super::download::check_space;
use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::files::{entries, remove_folder, walk};
use super::known::{RUNTIME, check_name};
use super::manifest::{FileEntry, MANIFEST, Manifest, Source};
use super::runtime;
use super::store::{Site, Workbench};

const BUFFER_BYTES: usize = 1 << 17;

/// Installs what lies at `path` in the folder of `models`.
pub(crate) fn import(models: &Path, path: &Path, name: Option<&str>, progress: &Progress) -> Result<Manifest> {
    let path = path.canonicalize().map_err(|error| {
        Error::new(Kind::Content, format!("cannot import `{}`: {error}", path.display())).hint("check the path")
    })?;
    if let Some(name) = name {
        check_name(name)?;
        Site::wait(models, name, progress)?.check_free()?;
    }
    let bench = Workbench::wait(models, progress)?;
    let place = format!("`{}`", path.display());
    let unpacked = gather(&path, &bench.folder, progress)?;
    let (root, files) = without_top(&bench.folder, unpacked.files);
    let names: Vec<&str> = files.iter().map(String::as_str).collect();

    let is_runtime = names.iter().any(|file| runtime::is_any_library(file)) && check_model(&names, &place).is_err();
    if !is_runtime {
        if let Some(link) = unpacked.links.first() {
            return Err(Error::new(Kind::Content, format!("{place} is not unpacked: it holds a link, `{link}`"))
                .hint("pack it anew, with the files instead of the links"));
        }
        check_model(&names, &place)?;
    }
    let carried = Manifest::read(&root).map_err(|error| error.hint("copy it here once more"))?;
    let name = match (name, &carried) {
        (Some(name), _) => name.to_owned(),
        (None, _) if is_runtime => RUNTIME.into(),
        (None, Some(carried)) => carried.name.clone(),
        (None, None) => name_of(&path),
    };
    check_name(&name)?;
    if is_runtime != (name == RUNTIME) {
        return Err(misnamed(&name, is_runtime));
    }

    let site = Site::wait(models, &name, progress)?;
    site.check_free()?;
    if is_runtime {
        site.stage_empty()?;
        runtime::take(&root, &files, &site.partial, &place)?;
    } else {
        remove_folder(&site.partial)?;
        // Ours is written when everything else is in place.
        if carried.is_some() {
            fs::remove_file(root.join(MANIFEST))?;
        }
        fs::rename(&root, &site.partial)?;
    }
    let found = entries(&site.partial, progress)?;
    if let Some(carried) = &carried {
        check_carried(carried, &found, &place)?;
    }
    site.commit(Source::Imported { path, claimed: carried.map(|carried| carried.source.to_string()) }, found)
}

/// Brings the files of a folder, an archive or a library into the folder `into`.
fn gather(path: &Path, into: &Path, progress: &Progress) -> Result<Unpacked> {
    let wanted = |file: &str| !file.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    if path.is_dir() {
        let files: Vec<String> = walk(path)?.into_iter().filter(|file| wanted(file)).collect();
        return copy(path, files, into, progress);
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if runtime::is_any_library(name) {
        let folder = path.parent().expect("a file lies in a folder");
        return copy(folder, vec![name.to_owned()], into, progress);
    }
    let Some(format) = Format::of(path)? else {
        return Err(Error::new(Kind::Content, format!("`{}` is nothing that can be imported", path.display()))
            .hint("import a folder, .zip, .tar or .tar.gz with a model, or the ONNX Runtime library"));
    };
    check_space(into, fs::metadata(path)?.len())?;
    unpack(path, format, into, LIMITS, &wanted, progress)
}

/// Copies `files` of the folder `from`. Links to files are followed: the cache of the hub's own tools is made of them.
fn copy(from: &Path, files: Vec<String>, into: &Path, progress: &Progress) -> Result<Unpacked> {
    let refused = |reason: String| Error::new(Kind::Content, format!("`{}` {reason}", from.display()));
    if files.len() > LIMITS.files {
        return Err(refused(format!("holds {} files, more than {}", files.len(), LIMITS.files))
            .hint("import the folder of one model"));
    }
    let mut bytes = 0;
    for file in &files {
        // Reading a pipe would never end.
        let metadata = fs::metadata(from.join(file))?;
        if !metadata.is_file() {
            return Err(refused(format!("holds `{file}`, which is no file")));
        }
        bytes += metadata.len();
    }
    if bytes > LIMITS.bytes {
        return Err(refused(format!("holds {bytes} bytes, more than {}", LIMITS.bytes)));
    }
    check_space(into, bytes)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    for path in &files {
        let target = into.join(path);
        fs::create_dir_all(target.parent().expect("it lies in the folder"))?;
        let mut source = fs::File::open(from.join(path))?;
        let mut file = fs::File::create_new(target)?;
        let total = Some(source.metadata()?.len());
        let mut done = 0;
        loop {
            let read = source.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            file.write_all(&buffer[..read])?;
            done += read as u64;
            progress(Event::Bytes { file: path, done, total });
        }
        file.sync_all()?;
    }
    Ok(Unpacked { files, links: Vec::new() })
}

/// If everything lies in a single folder, that is where the model begins.
fn without_top(folder: &Path, files: Vec<String>) -> (PathBuf, Vec<String>) {
    let top = files.first().and_then(|file| file.split_once('/')).map(|(top, _)| format!("{top}/"));
    let Some(top) = top.filter(|top| files.iter().all(|file| file.starts_with(top.as_str()))) else {
        return (folder.to_owned(), files);
    };
    let below = files.iter().map(|file| file[top.len()..].to_owned()).collect();
    (folder.join(top.trim_end_matches('/')), below)
}

/// A name made of that of a folder or archive.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let endings = [".zip", ".tgz", ".tar.gz", ".tar"];
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let letters = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    stem.chars().map(letters).collect::<String>().trim_matches('.').to_owned()
}

fn misnamed(name: &str, is_runtime: bool) -> Error {
    let message = if is_runtime {
        format!("the ONNX Runtime library is installed as `{RUNTIME}`, not as `{name}`")
    } else {
        format!("a model cannot be called `{RUNTIME}`")
    };
    Error::new(Kind::Name, message).hint("choose another name")
}

/// A model that comes from another machine with its manifest must have survived the journey.
fn check_carried(carried: &Manifest, found: &[FileEntry], place: &str) -> Result<()> {
    let harmed: Vec<&str> =
        carried.files.iter().filter(|file| !found.contains(file)).map(|file| file.path.as_str()).collect();
    if harmed.is_empty() {
        return Ok(());
    }
    let message = format!("{place} is damaged: {} differ from what its `{MANIFEST}` says", harmed.join(", "));
    Err(Error::new(Kind::Corrupt, message).hint("copy it here once more"))
}
