//! Unpacks archives somebody carried here by hand, which may have been made to harm.

use std::io::{BufReader, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use fs_err as fs;
use tar::EntryType;
use zip::ZipArchive;

use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::files::is_safe_path;

const BUFFER_BYTES: usize = 1 << 17;

/// What an archive may unpack to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes: u64,
    pub(crate) files: usize,
}

/// Of any archive and any folder that is imported.
pub(crate) const LIMITS: Limits = Limits { bytes: 20 << 30, files: 1000 };

/// What was in an archive.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    /// Files that were written, relative and with `/`.
    pub(crate) files: Vec<String>,
    /// Links, which are never written.
    pub(crate) links: Vec<String>,
}

/// What sort of archive a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Zip,
    Tar,
    TarGz,
}

impl Format {
    /// Looks at the first bytes of the file at `path`.
    pub(crate) fn of(path: &Path) -> Result<Option<Self>> {
        let mut head = Vec::new();
        fs::File::open(path)?.take(512).read_to_end(&mut head)?;
        Ok(match &head[..] {
            [b'P', b'K', 3, 4, ..] => Some(Format::Zip),
            [0x1f, 0x8b, ..] => Some(Format::TarGz),
            head if head.get(257..262) == Some(b"ustar") => Some(Format::Tar),
            _ => None,
        })
    }
}

/// Unpacks the files of `archive` for which `wanted` holds into the folder `into`, which must be empty.
pub(crate) fn unpack(
    archive: &Path,
    format: Format,
    into: &Path,
    limits: Limits,
    wanted: &dyn Fn(&str) -> bool,
    progress: &Progress,
) -> Result<Unpacked> {
    let file = BufReader::with_capacity(BUFFER_BYTES, fs::File::open(archive)?);
    let mut sink = Sink { archive, into, limits, wanted, progress, entries: 0, bytes: 0, found: Unpacked::default() };
    match format {
        Format::Zip => sink.zip(file)?,
        Format::Tar => sink.tar(file)?,
        Format::TarGz => sink.tar(MultiGzDecoder::new(file))?,
    }
    Ok(sink.found)
}

/// What an entry is.
enum Entry {
    File,
    Folder,
    Link,
    Other,
}

struct Sink<'s> {
    archive: &'s Path,
    into: &'s Path,
    limits: Limits,
    wanted: &'s dyn Fn(&str) -> bool,
    progress: &'s Progress<'s>,
    entries: usize,
    bytes: u64,
    found: Unpacked,
}

impl Sink<'_> {
    fn zip(&mut self, file: BufReader<fs::File>) -> Result<()> {
        let mut archive = ZipArchive::new(file).map_err(|error| self.damaged(&error))?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|error| self.damaged(&error))?;
            let path = entry.name().map_err(|error| self.damaged(&error))?.into_owned();
            // The upper bits of the mode tell the type, where the archive was made on Unix.
            let kind = match entry.unix_mode().unwrap_or(0) & 0o170_000 {
                _ if entry.is_symlink() => Entry::Link,
                _ if entry.is_dir() => Entry::Folder,
                0 | 0o100_000 => Entry::File,
                _ => Entry::Other,
            };
            self.entry(&path, kind, &mut entry)?;
        }
        Ok(())
    }

    fn tar(&mut self, stream: impl Read) -> Result<()> {
        let mut archive = tar::Archive::new(stream);
        for entry in archive.entries().map_err(|error| self.damaged(&error))? {
            let mut entry = entry.map_err(|error| self.damaged(&error))?;
            let kind = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Entry::File,
                EntryType::Directory => Entry::Folder,
                EntryType::Symlink | EntryType::Link => Entry::Link,
                // What `git archive` puts first.
                EntryType::XGlobalHeader => continue,
                _ => Entry::Other,
            };
            let path = String::from_utf8(entry.path_bytes().into_owned());
            let path = path.map_err(|_| self.refused("a file whose name is not UTF-8"))?;
            self.entry(&path, kind, &mut entry)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &str, kind: Entry, content: &mut dyn Read) -> Result<()> {
        self.entries += 1;
        if self.entries > self.limits.files {
            return Err(self.refused(&format!("more than {} files", self.limits.files)));
        }
        let plain = path.strip_prefix("./").unwrap_or(path);
        let plain = if matches!(kind, Entry::Folder) { plain.trim_end_matches('/') } else { plain };
        let is_top = matches!(kind, Entry::Folder) && ["", "."].contains(&plain);
        if !is_top && !is_safe_path(plain) {
            return Err(self.refused(&format!("a file that would be written elsewhere: `{path}`")));
        }
        match kind {
            Entry::Folder => Ok(()),
            Entry::Link => {
                self.found.links.push(plain.to_owned());
                Ok(())
            }
            Entry::Other => Err(self.refused(&format!("a device or the like: `{path}`"))),
            Entry::File if !(self.wanted)(plain) => Ok(()),
            Entry::File => self.write(plain, content),
        }
    }

    fn write(&mut self, path: &str, content: &mut dyn Read) -> Result<()> {
        let target = self.into.join(path);
        fs::create_dir_all(target.parent().expect("it lies in the folder"))?;
        // A path that is there already would be a trick.
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(target)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut done = 0;
        loop {
            let read = content.read(&mut buffer).map_err(|error| self.damaged(&error))?;
            if read == 0 {
                break;
            }
            done += read as u64;
            self.bytes += read as u64;
            if self.bytes > self.limits.bytes {
                return Err(self.refused(&format!("more than {} bytes", self.limits.bytes)));
            }
            file.write_all(&buffer[..read])?;
            (self.progress)(Event::Bytes { file: path, done, total: None });
        }
        file.sync_all()?;
        self.found.files.push(path.to_owned());
        Ok(())
    }

    fn damaged(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::new(Kind::Corrupt, format!("cannot unpack `{}`: {reason}", self.archive.display()))
            .hint("copy it here once more, or pack it anew as .zip or .tar.gz")
    }

    fn refused(&self, what: &str) -> Error {
        Error::new(Kind::Content, format!("`{}` is not unpacked: it holds {what}", self.archive.display()))
            .hint("do not trust it if you do not know why that is")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_do_not_go_off() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("bomb.tgz");
        let gzip = flate2::write::GzEncoder::new(fs::File::create(&path).expect("create"), flate2::Compression::best());
        let mut builder = tar::Builder::new(gzip);
        let mut header = tar::Header::new_gnu();
        header.set_size(1 << 24);
        header.set_cksum();
        builder.append_data(&mut header, "zeros", std::io::repeat(0).take(1 << 24)).expect("append");
        builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("finish");
        let into = folder.path().join("into");
        let unpacked = |bytes| {
            fs::create_dir(&into).expect("create");
            let limits = Limits { bytes, files: 10 };
            let unpacked = unpack(&path, Format::TarGz, &into, limits, &|_| true, &|_| ());
            fs::remove_dir_all(&into).expect("remove");
            unpacked
        };
        let error = unpacked(1 << 20).expect_err("too much");
        assert_eq!(error.kind, Kind::Content);
        assert!(error.message.ends_with("it holds more than 1048576 bytes"), "{error}");
        assert_eq!(unpacked(1 << 24).expect("just enough").files, ["zeros"]);
    }
}
