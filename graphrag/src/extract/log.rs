//! Answers of language models, kept: a file that only grows.
//!
//! A record is a line: the xxh3-64 of what follows, a blank, JSON. A line that was torn by a crash does not match its checksum and
//! is left out; whatever was lost is asked for again.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rag_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

/// An answer of a model about a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the prompt.
    pub version: u32,
    /// Name of the model.
    pub model: String,
    /// Hash of what it was asked about.
    pub content: u64,
    /// What it said, checked.
    pub answer: Value,
}

/// The records of one file.
#[derive(Clone, Debug, Default)]
pub struct Log {
    records: Vec<Record>,
    by_key: HashMap<(u64, u32, String), usize>,
    last: HashMap<(u64, u32), usize>,
    /// Lines that are damaged.
    pub damaged: usize,
}

impl Log {
    /// Reads the log at `path`; there may be none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut log = Log::default();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match parse(line) {
                Some(record) => log.push(record),
                None => log.damaged += 1,
            }
        }
        Ok(log)
    }

    fn push(&mut self, record: Record) {
        let at = self.records.len();
        self.last.insert((record.content, record.version), at);
        self.by_key.insert((record.content, record.version, record.model.clone()), at);
        self.records.push(record);
    }

    /// What `model` has said.
    pub fn by(&self, model: &str, content: u64, version: u32) -> Option<&Record> {
        self.by_key.get(&(content, version, model.to_owned())).map(|&at| &self.records[at])
    }

    /// What was said last, by whatever model.
    pub fn last(&self, content: u64, version: u32) -> Option<&Record> {
        self.last.get(&(content, version)).map(|&at| &self.records[at])
    }

    /// All records, in the order in which they came.
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

fn parse(line: &[u8]) -> Option<Record> {
    let line = std::str::from_utf8(line).ok()?;
    let (checksum, json) = line.split_once(' ')?;
    let checksum = u64::from_str_radix(checksum, 16).ok()?;
    (xxh3_64(json.as_bytes()) == checksum).then(|| serde_json::from_str(json).ok())?
}

/// The right to add to a log; released when dropped, or when the process dies.
pub struct LogWriter {
    path: PathBuf,
    file: fs::File,
    log: Log,
}

impl LogWriter {
    /// Opens the log at `path` for adding to it, and creates it if needed.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process adds to it, and I/O errors.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new().create(true).append(true).read(true).open(path)?;
        match file.file().try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::Locked { path: path.to_owned() }),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let log = Log::open(path)?;
        // What a crash has torn must not swallow the next record.
        if fs::read(path)?.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n")?;
        }
        Ok(LogWriter { path: path.to_owned(), file, log })
    }

    /// What is there.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds records; they stay when this returns.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn append(&mut self, records: Vec<Record>) -> Result<()> {
        let mut lines = String::new();
        for record in &records {
            let json = serde_json::to_string(record).expect("a record is always JSON");
            lines.push_str(&format!("{:016x} {json}\n", xxh3_64(json.as_bytes())));
        }
        self.file.write_all(lines.as_bytes())?;
        self.file.sync_data()?;
        records.into_iter().for_each(|record| self.log.push(record));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: u64, model: &str) -> Record {
        Record { version: 1, model: model.into(), content, answer: Value::from(model) }
    }

    #[test]
    fn what_is_torn_is_lost_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("llm/extract.log");
        LogWriter::open(&path).expect("open").append(vec![record(1, "a"), record(2, "a")]).expect("write");
        let whole = fs::read(&path).expect("read");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("write");
            let mut writer = LogWriter::open(&path).expect("open");
            writer.append(vec![record(3, "b")]).expect("write");
            drop(writer);
            let log = Log::open(&path).expect("read");
            assert_eq!(log.last(3, 1), Some(&record(3, "b")), "{length}");
            assert!(log.records().iter().all(|record| record.content <= 3));
        }
    }

    #[test]
    fn the_last_word_counts_and_the_others_are_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("extract.log");
        let mut writer = LogWriter::open(&path).expect("open");
        assert!(matches!(LogWriter::open(&path), Err(Error::Locked { .. })));
        writer.append(vec![record(1, "a"), record(1, "b")]).expect("write");
        assert_eq!(writer.log().last(1, 1).map(|record| &*record.model), Some("b"));
        assert!(writer.log().by("a", 1, 1).is_some() && writer.log().by("a", 1, 2).is_none());
    }
}
