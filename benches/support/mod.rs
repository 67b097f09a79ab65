//! What the benchmarks share: the files they work on, and how long they measure.
#![allow(dead_code, reason = "every benchmark uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cogo::{Engine, EngineOptions};
use criterion::Criterion;
use indexer::scan::{ScanOptions, inspect, scan};
use tempfile::TempDir;

/// Short measurements: all benchmarks together take about three minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10)
        .configure_from_args()
}

/// The tree that is measured: `COGO_BENCH_ROOT`, or this repository.
pub fn root() -> PathBuf {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("COGO_BENCH_ROOT").map_or_else(own, PathBuf::from)
}

/// Path and text of every file of the tree that would be indexed.
pub fn files() -> Vec<(String, String)> {
    let options = ScanOptions::default();
    let scanned = scan(&root(), &options, &|_| ()).expect("the tree can be walked");
    let text = |file: &indexer::scan::ScannedFile| {
        let bytes = file.read(options.max_file_bytes).ok()?;
        Some((file.path.clone(), inspect(&file.path, &bytes).ok()?.text.into_owned()))
    };
    scanned.files.iter().filter_map(text).collect()
}

/// The example files of the languages, from the tests of the indexer: name and text.
pub fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("indexer/src/language/tests/fixtures");
    let entries = fs::read_dir(folder).expect("the fixtures are part of the repository");
    let mut fixtures: Vec<(String, String)> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "listing"))
        .map(|path| {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("a fixture is text"))
        })
        .collect();
    fixtures.sort();
    fixtures
}

/// A copy of the tree that may be changed, and a place for its index.
pub struct Copied {
    folder: TempDir,
    /// How many files it has.
    pub files: usize,
    /// Bytes of text in them.
    pub bytes: u64,
}

impl Copied {
    /// Copies the tree.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = files();
        for (path, text) in &files {
            let target = folder.path().join("tree").join(path);
            fs::create_dir_all(target.parent().expect("it lies in the tree")).expect("create a folder");
            fs::write(target, text).expect("write a file");
        }
        Copied { folder, files: files.len(), bytes: files.iter().map(|(_, text)| text.len() as u64).sum() }
    }

    /// A path in the copy.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("tree").join(path)
    }

    /// An engine as a new process would make it.
    pub fn engine(&self) -> Engine {
        let options = EngineOptions { folder: Some(self.folder.path().join("index")), ..EngineOptions::default() };
        Engine::new(&self.folder.path().join("tree"), options)
    }

    /// Forgets the index.
    pub fn forget(&self) {
        fs::remove_dir_all(self.folder.path().join("index")).ok();
    }
}
