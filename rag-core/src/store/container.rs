//! One immutable file of named, checksummed sections, used in place through a memory map; or the same in memory.
//!
//! ```text
//! "COGO" kind:u32 | section bytes, each starting at a multiple of 16 … | table | footer
//! table:  per section  name length u16, name, offset u64, length u64, xxh3-64 u64
//! footer: table offset u64, table length u64, xxh3-64 of the table u64, "COGOEND\0"
//! ```
//!
//! All numbers are little-endian. Nothing is read before its checksum was compared.

use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytemuck::Pod;
use fs_err as fs;
use memmap2::Mmap;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::error::{Error, Result};

const MAGIC: &[u8; 4] = b"COGO";
const END: &[u8; 8] = b"COGOEND\0";
const FOOTER: usize = 32;
const ALIGN: u64 = 16;

#[cfg(target_endian = "big")]
compile_error!("the index is used in place and is little-endian");

/// Length and checksum of a finished file; the manifest keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileDigest {
    /// Length in bytes.
    pub bytes: u64,
    /// xxh3-64 of the section table, which holds the checksums of all sections.
    pub xxh3: u64,
}

/// Writes a container section by section.
pub struct ContainerWriter<W = BufWriter<fs::File>> {
    out: W,
    at: u64,
    table: Vec<u8>,
}

impl ContainerWriter {
    /// Creates `path`, which must not exist. `kind` tells container types apart.
    pub fn create(path: &Path, kind: u32) -> Result<Self> {
        let file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        Self::begin(BufWriter::with_capacity(1 << 18, file), kind)
    }

    /// Writes table and footer and syncs the file to disk.
    pub fn finish(mut self) -> Result<FileDigest> {
        let digest = self.end()?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        Ok(digest)
    }
}

impl ContainerWriter<Vec<u8>> {
    /// A container that is never a file.
    pub fn in_memory(kind: u32) -> Result<Self> {
        Self::begin(Vec::new(), kind)
    }

    /// Writes table and footer and gives the bytes.
    pub fn into_bytes(mut self) -> Result<Vec<u8>> {
        self.end()?;
        Ok(self.out)
    }
}

impl<W: Write> ContainerWriter<W> {
    fn begin(mut out: W, kind: u32) -> Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&kind.to_le_bytes())?;
        Ok(ContainerWriter { out, at: 8, table: Vec::new() })
    }

    /// Appends a section made of `parts`, one after the other.
    pub fn section(&mut self, name: &str, parts: &[&[u8]]) -> Result<()> {
        let padding = (ALIGN - self.at % ALIGN) % ALIGN;
        self.out.write_all(&[0; ALIGN as usize][..padding as usize])?;
        self.at += padding;
        let offset = self.at;
        let mut hash = Xxh3::new();
        for part in parts {
            hash.update(part);
            self.out.write_all(part)?;
            self.at += part.len() as u64;
        }
        self.table.extend_from_slice(&(name.len() as u16).to_le_bytes());
        self.table.extend_from_slice(name.as_bytes());
        for number in [offset, self.at - offset, hash.digest()] {
            self.table.extend_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }

    fn end(&mut self) -> Result<FileDigest> {
        let xxh3 = xxh3_64(&self.table);
        self.out.write_all(&self.table)?;
        for number in [self.at, self.table.len() as u64, xxh3] {
            self.out.write_all(&number.to_le_bytes())?;
        }
        self.out.write_all(END)?;
        let bytes = self.at + (self.table.len() + FOOTER) as u64;
        Ok(FileDigest { bytes, xxh3 })
    }
}

/// An open container. Cheap to clone.
#[derive(Clone)]
pub struct Container {
    path: PathBuf,
    content: Arc<Content>,
    sections: Vec<SectionEntry>,
}

/// Where the bytes of a container are.
enum Content {
    Map(Mmap),
    /// Words of 16 bytes, so that sections lie as in a mapped file, and how many bytes of them count.
    Memory(Vec<u128>, usize),
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Content::Map(map) => map,
            Content::Memory(words, bytes) => &bytemuck::cast_slice(words)[..*bytes],
        }
    }
}

#[derive(Clone)]
struct SectionEntry {
    name: String,
    range: Range<usize>,
    xxh3: u64,
}

impl Container {
    /// Opens `path` and checks its frame, its kind, and, if given, that it is the file that was committed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the file is truncated, damaged, or another one.
    pub fn open(path: &Path, kind: u32, committed: Option<FileDigest>) -> Result<Self> {
        let file = match fs::File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::Corrupt { path: path.into(), reason: "it is missing".into() });
            }
            file => file?,
        };
        Self::of_content(path, Content::Map(map_file(&file)?), kind, committed)
    }

    /// The container that these bytes are; errors call it `name`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(name: &Path, bytes: &[u8], kind: u32) -> Result<Self> {
        let mut words = vec![0u128; bytes.len().div_ceil(size_of::<u128>())];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::of_content(name, Content::Memory(words, bytes.len()), kind, None)
    }

    fn of_content(path: &Path, content: Content, kind: u32, committed: Option<FileDigest>) -> Result<Self> {
        let corrupt = |reason: &str| Error::Corrupt { path: path.into(), reason: reason.into() };
        let bytes: &[u8] = &content;
        if committed.is_some_and(|digest| digest.bytes != bytes.len() as u64) {
            return Err(corrupt("its length is not the committed one"));
        }
        let footer_at = bytes.len().checked_sub(FOOTER).ok_or_else(|| corrupt("truncated"))?;
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        if &bytes[footer_at + 24..] != END || bytes[..4] != *MAGIC {
            return Err(corrupt("truncated or not a cogo file"));
        }
        if bytes[4..8] != kind.to_le_bytes() {
            return Err(corrupt("another kind of cogo file"));
        }
        let (table_at, table_len) = (number(footer_at), number(footer_at + 8));
        let xxh3 = number(footer_at + 16);
        let table = usize::try_from(table_at)
            .ok()
            .zip(usize::try_from(table_len).ok())
            .filter(|(at, len)| at.checked_add(*len) == Some(footer_at))
            .map(|(at, _)| &bytes[at..footer_at])
            .filter(|table| xxh3_64(table) == xxh3)
            .ok_or_else(|| corrupt("section table checksum mismatch"))?;
        if committed.is_some_and(|digest| digest.xxh3 != xxh3) {
            return Err(corrupt("not the committed file"));
        }
        let sections = parse_table(table, footer_at - table.len()).ok_or_else(|| corrupt("malformed section table"))?;
        Ok(Container { path: path.into(), content: Arc::new(content), sections })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the sections, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| section.name.as_str())
    }

    /// The section `name`, after comparing its checksum.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is missing or damaged.
    pub fn section(&self, name: &str) -> Result<Bytes> {
        let entry = self.entry(name)?;
        let bytes = self.unverified(name)?;
        if xxh3_64(&bytes) != entry.xxh3 {
            return Err(self.corrupt(&format!("checksum mismatch in section `{name}`")));
        }
        Ok(bytes)
    }

    /// The section `name` without comparing its checksum: for sections whose parts carry their own.
    pub fn unverified(&self, name: &str) -> Result<Bytes> {
        let entry = self.entry(name)?;
        Ok(Bytes { content: self.content.clone(), range: entry.range.clone() })
    }

    /// The section `name` as an array of records.
    pub fn records<T: Pod>(&self, name: &str) -> Result<Records<T>> {
        let bytes = self.section(name)?;
        bytemuck::try_cast_slice::<u8, T>(&bytes)
            .map_err(|_| self.corrupt(&format!("section `{name}` is not a whole number of records")))?;
        Ok(Records { bytes, records: PhantomData })
    }

    /// An error that names this file.
    pub fn corrupt(&self, reason: &str) -> Error {
        Error::Corrupt { path: self.path.clone(), reason: reason.to_owned() }
    }

    fn entry(&self, name: &str) -> Result<&SectionEntry> {
        self.sections
            .iter()
            .find(|section| section.name == name)
            .ok_or_else(|| self.corrupt(&format!("section `{name}` is missing")))
    }
}

#[expect(unsafe_code, reason = "a memory map is how an index opens without being read")]
fn map_file(file: &fs::File) -> Result<Mmap> {
    // SAFETY: files of an index are written once, under a name nobody knows yet, and never changed or
    // truncated afterwards; removing one leaves its mapping valid. Somebody else who truncates
    // a file under a running process can still make it fault, as with every memory-mapped store.
    unsafe { Ok(Mmap::map(file.file())?) }
}

fn parse_table(mut table: &[u8], data_end: usize) -> Option<Vec<SectionEntry>> {
    let mut sections = Vec::new();
    while !table.is_empty() {
        let (len, rest) = table.split_first_chunk::<2>()?;
        let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*len) as usize)?;
        let (numbers, rest) = rest.split_first_chunk::<24>()?;
        let number = |i: usize| u64::from_le_bytes(numbers[8 * i..8 * i + 8].try_into().expect("eight bytes"));
        let start = usize::try_from(number(0)).ok()?;
        let end = start.checked_add(usize::try_from(number(1)).ok()?)?;
        if end > data_end {
            return None;
        }
        let name = String::from_utf8(name.to_vec()).ok()?;
        sections.push(SectionEntry { name, range: start..end, xxh3: number(2) });
        table = rest;
    }
    Some(sections)
}

/// Bytes of a container; keeps its content alive.
#[derive(Clone)]
pub struct Bytes {
    content: Arc<Content>,
    range: Range<usize>,
}

impl Bytes {
    /// A part of these bytes; `None` if it reaches beyond them.
    pub fn slice(&self, range: Range<usize>) -> Option<Bytes> {
        let inside = range.start <= range.end && range.end <= self.len();
        inside.then(|| Bytes {
            content: self.content.clone(),
            range: self.range.start + range.start..self.range.start + range.end,
        })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.content[self.range.clone()]
    }
}

#[expect(unsafe_code, reason = "tantivy reads these bytes in place")]
// SAFETY: the bytes are those of a memory map or a vector that never grows, behind an `Arc`; moving or cloning the handle does not move them.
unsafe impl stable_deref_trait::StableDeref for Bytes {}

/// An array of fixed-size records in a container.
#[derive(Clone)]
pub struct Records<T> {
    bytes: Bytes,
    records: PhantomData<T>,
}

impl<T: Pod> Deref for Records<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path) -> FileDigest {
        let mut writer = ContainerWriter::create(path, 7).expect("create");
        writer.section("numbers", &[bytemuck::cast_slice(&[1u32, 2, 3])]).expect("write");
        writer.section("text", &[b"hello ", b"world"]).expect("write");
        writer.finish().expect("finish")
    }

    #[test]
    fn sections_come_back() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("file");
        let digest = write(&path);
        let container = Container::open(&path, 7, Some(digest)).expect("open");
        assert_eq!(&*container.records::<u32>("numbers").expect("numbers"), &[1, 2, 3]);
        assert_eq!(&*container.section("text").expect("text"), b"hello world");
        assert!(container.section("missing").is_err());
        assert!(Container::open(&path, 8, None).is_err(), "another kind");
    }

    #[test]
    fn every_damaged_byte_and_every_truncation_is_noticed() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("file");
        let digest = write(&path);
        let whole = fs::read(&path).expect("read");
        let usable = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("write");
            let container = Container::open(&path, 7, Some(digest))?;
            container.section("numbers")?;
            container.section("text").map(drop)
        };
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x20;
            let padding = (20..32).contains(&at);
            let error = usable(&damaged).is_err();
            let unused = (8..16).contains(&at) || (28..32).contains(&at);
            assert!(error || unused || padding, "byte {at}");
            assert!(usable(&whole[..at]).is_err(), "truncated to {at}");
        }
        usable(&whole).expect("the undamaged file");
    }
}
