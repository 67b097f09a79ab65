//! A small repository to index, and what an index answers about it.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use cogo::{Mode, Query, Result, SearchResult, Searcher, Snapshot};
use indexer::{IndexOptions, Report, update};
use rag_core::Store;
use rag_core::embedding::StaticEmbedder;
use rag_core::hybrid::{Ranking, Repository};

/// Queries that find something in every file that [`write_file`] makes.
const QUERIES: [&str; 6] =
    ["parse_header", "how is a request retried", "TokenBucket", "cache lookup", "queue worker", "session store"];

const MODES: [Mode; 4] = [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol];

/// What an index answers to every query in every mode.
pub type Answers = Vec<SearchResult>;

/// A small deterministic generator: a failure can be repeated.
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Fills `root` with `files` files.
pub fn fill(root: &Path, files: usize) {
    for number in 0..files {
        write_file(root, number, 0);
    }
}

/// Writes the file with this number; its content depends on `version`.
pub fn write_file(root: &Path, number: usize, version: usize) {
    const WORDS: [&str; 12] = [
        "parse", "header", "request", "retry", "token", "bucket", "cache", "lookup", "queue", "worker", "session",
        "store",
    ];
    let mut random = Random(((number as u64) << 32 | version as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut text = String::new();
    for part in 0..3 + number % 9 {
        let mut word = || WORDS[random.below(WORDS.len())];
        let (a, b, c) = (word(), word(), word());
        text += &match number % 3 {
            0 => format!(
                "/// Holds the {a} of a {b}.\npub struct {a}_{b}_{part} {{\n    {c}: u32,\n}}\n\nfn {a}_{c}() {{\n    {b}({version});\n}}\n\n"
            ),
            1 => format!("class {a}{b}{part}:\n    def {c}(self, {a}):\n        return self.{b} + {version}\n\n\n"),
            _ => format!("# The {a} and the {b}\n\nEvery {c} is a {a}, version {version}.\n\n"),
        };
    }
    let extension = ["rs", "py", "md"][number % 3];
    let folder = root.join(["src", "lib/core", "docs"][number % 3]);
    fs::create_dir_all(&folder).expect("create folder");
    fs::write(folder.join(format!("file_{number}.{extension}")), text).expect("write");
}

/// The bundled model, loaded once.
pub fn embedder() -> Arc<StaticEmbedder> {
    static EMBEDDER: OnceLock<Arc<StaticEmbedder>> = OnceLock::new();
    EMBEDDER.get_or_init(|| Arc::new(StaticEmbedder::bundled())).clone()
}

/// Indexes `root` into `store` in this process.
pub fn index(root: &Path, store: &Store) -> (Arc<Snapshot>, Report) {
    let options = IndexOptions { threads: 2, wait: true, ..IndexOptions::default() };
    update(root, store, &*embedder(), &options, None, &|_| {}).expect("index")
}

/// What an index of `root` as it is now must answer.
pub fn expected(root: &Path) -> Answers {
    let folder = tempfile::tempdir().expect("temp dir");
    let (snapshot, _) = index(root, &Store::new(folder.path()));
    answers_of(snapshot).expect("a new index answers")
}

/// Opens the committed generation and answers every query.
pub fn answers(store: &Store) -> Result<Answers> {
    answers_of(Arc::new(store.snapshot(None)?))
}

/// Reads everything there is in the generation and answers every query.
pub fn answers_of(snapshot: Arc<Snapshot>) -> Result<Answers> {
    for live in &snapshot.segments {
        for file in (0..live.live.len() as u32).filter(|file| live.live[*file as usize]) {
            live.segment.text(file)?;
            live.segment.symbols(file);
            live.segment.references(file)?;
            live.segment.bindings(file)?;
        }
    }
    search_all(&Searcher::new(vec![Repository { snapshot, within: Vec::new() }], embedder(), Ranking::default())?)
}

/// Answers every query.
pub fn search_all(searcher: &Searcher) -> Result<Answers> {
    let mut answers = Vec::new();
    for text in QUERIES {
        for mode in MODES {
            answers.push(searcher.search(&Query { mode, explain: true, ..Query::new(text) })?);
        }
    }
    Ok(answers)
}
