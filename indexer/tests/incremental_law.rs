//! The law of updating: an index that was updated step by step answers every query as one that was built anew, bit
//! for bit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use indexer::{IndexOptions, Report, update};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use rag_core::embedding::StaticEmbedder;
use rag_core::hybrid::{Ranking, Repository};
use rag_core::store::catalog::Place;
use rag_core::store::manifest::Counts;
use rag_core::{Filter, Mode, Query, Searcher, Snapshot, Store};

const MODES: [Mode; 4] = [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol];

const QUERIES: [&str; 15] = [
    "parse_header",
    "where are requests retried",
    "TokenBucket",
    "http client timeout",
    "how is the cache invalidated",
    "Registry.lookup",
    "config",
    "read the next record from the stream",
    "install and usage",
    "fn encode",
    "queue worker",
    "class SessionStore",
    "the quick brown fox",
    "zzz_not_there",
    "util/strings",
];

/// Files over this size are left out.
const LARGEST: u64 = 16 << 10;

/// A repository, its index, and the means to compare it with an index built anew.
struct Bench {
    root: tempfile::TempDir,
    index: tempfile::TempDir,
    embedder: Arc<StaticEmbedder>,
    options: IndexOptions,
    snapshot: Option<Arc<Snapshot>>,
    counts: Counts,
    most_segments: usize,
    rewritten: usize,
    seed: u64,
}

impl Bench {
    fn new() -> Self {
        let options = IndexOptions { threads: 2, max_file_bytes: LARGEST, chunk_bytes: 600, ..IndexOptions::default() };
        Bench {
            root: tempfile::tempdir().expect("temp dir"),
            index: tempfile::tempdir().expect("temp dir"),
            embedder: Arc::new(StaticEmbedder::bundled()),
            options,
            snapshot: None,
            counts: Counts::default(),
            most_segments: 0,
            rewritten: 0,
            seed: 1,
        }
    }

    fn store(&self) -> Store {
        Store::new(self.index.path().join("index"))
    }

    fn update(&mut self) -> Report {
        let known = self.snapshot.clone();
        let before = known.as_ref().map(|snapshot| names(snapshot)).unwrap_or_default();
        let (snapshot, report) =
            update(self.root.path(), &self.store(), &*self.embedder, &self.options, known, &|_| {}).expect("update");
        let after = names(&snapshot);
        self.most_segments = self.most_segments.max(after.len());
        self.rewritten += before.difference(&after).count();
        self.snapshot = Some(snapshot);
        self.counts = report.counts.clone();
        report
    }

    /// Panics unless the updated index equals one that is built now.
    fn compare(&self, what: &str) {
        let folder = tempfile::tempdir().expect("temp dir");
        let store = Store::new(folder.path());
        let (rebuilt, report) =
            update(self.root.path(), &store, &*self.embedder, &self.options, None, &|_| {}).expect("rebuild");
        let reopened = Arc::new(self.store().snapshot(None).expect("open"));
        let updated = self.snapshot.clone().expect("an update came before");
        assert_eq!(listing(&updated), listing(&rebuilt), "{what}");
        assert_eq!(listing(&updated), listing(&reopened), "{what}");
        assert_eq!(self.counts, report.counts, "{what}");
        let (updated, rebuilt) = (self.searcher(updated), self.searcher(rebuilt));
        let reopened = self.searcher(reopened);
        for text in QUERIES {
            for mode in MODES {
                for filter in [Filter::default(), Filter { paths: vec!["src/".into()], ..Filter::default() }] {
                    let query = Query { mode, filter, limit: 20, explain: true, ..Query::new(text) };
                    let expected = rebuilt.search(&query).expect("search");
                    same(&updated.search(&query).expect("search"), &expected, &format!("{what}: {query:?}"));
                    same(&reopened.search(&query).expect("search"), &expected, &format!("{what}: {query:?}"));
                }
            }
        }
        for path in self.paths().iter().step_by(7) {
            let query = Query { explain: true, ..Query::new("") };
            match (updated.related(0, path, 1, &query), rebuilt.related(0, path, 1, &query)) {
                (Ok(found), Ok(expected)) => same(&found, &expected, &format!("{what}: related to {path}")),
                (found, expected) => assert_eq!(found.is_err(), expected.is_err(), "{what}: related to {path}"),
            }
        }
    }

    fn searcher(&self, snapshot: Arc<Snapshot>) -> Searcher {
        Searcher::new(vec![Repository { snapshot, within: Vec::new() }], self.embedder.clone(), Ranking::default())
            .expect("one model")
    }

    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        list(self.root.path(), self.root.path(), &mut paths);
        paths.sort();
        paths
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("create folder");
        fs::write(path, content).expect("write");
    }

    fn fresh(&mut self) -> Source {
        self.seed += 1;
        Source::new(self.seed)
    }

    fn apply(&mut self, edit: &Edit) {
        let root = self.root.path().to_owned();
        let paths = self.paths();
        let pick = |at: &Index| (!paths.is_empty()).then(|| at.get(&paths).clone());
        match edit {
            Edit::Add(count) => {
                for _ in 0..*count {
                    let (path, text) = self.fresh().file();
                    self.write(&path, text.as_bytes());
                }
            }
            Edit::Append(at) => {
                let Some(path) = pick(at) else { return };
                let mut bytes = fs::read(root.join(&path)).expect("read");
                bytes.extend_from_slice(self.fresh().paragraph(&path).as_bytes());
                self.write(&path, &bytes);
            }
            Edit::Replace(at) => {
                let Some(path) = pick(at) else { return };
                let text = self.fresh().text(&path);
                self.write(&path, text.as_bytes());
            }
            Edit::Delete(at) => {
                let Some(path) = pick(at) else { return };
                fs::remove_file(root.join(path)).expect("remove");
            }
            Edit::Rename(at) => {
                let Some(path) = pick(at) else { return };
                let (target, _) = self.fresh().file();
                fs::create_dir_all(root.join(&target).parent().expect("below the root")).expect("create folder");
                fs::rename(root.join(path), root.join(target)).expect("rename");
            }
            Edit::Touch(at) => {
                let Some(path) = pick(at) else { return };
                let file = fs::File::options().append(true).open(root.join(path)).expect("open");
                file.set_modified(SystemTime::now() - Duration::from_secs(1000)).expect("set time");
            }
            Edit::Become(at, what) => {
                let Some(path) = pick(at) else { return };
                self.write(&path, &what.content());
            }
            Edit::ReplaceFolder(at) => {
                let Some(path) = pick(at) else { return };
                let folder = path.split('/').next().expect("a first part").to_owned();
                if root.join(&folder).is_dir() {
                    fs::remove_dir_all(root.join(&folder)).expect("remove folder");
                } else {
                    fs::remove_file(root.join(&folder)).expect("remove file");
                }
                for number in 0..4 {
                    let text = self.fresh().text("a.rs");
                    self.write(&format!("{folder}/new_{number}.rs"), text.as_bytes());
                }
            }
            Edit::FileBecomesFolder(at) => {
                let Some(path) = pick(at) else { return };
                fs::remove_file(root.join(&path)).expect("remove");
                let text = self.fresh().text("a.py");
                self.write(&format!("{path}/inner.py"), text.as_bytes());
            }
            Edit::SwitchBranch => {
                for (number, path) in paths.iter().enumerate() {
                    match number % 4 {
                        0 => fs::remove_file(root.join(path)).expect("remove"),
                        1 => {
                            let text = self.fresh().text(path);
                            self.write(path, text.as_bytes());
                        }
                        _ => {}
                    }
                }
                self.apply(&Edit::Add(paths.len() / 4));
            }
            Edit::SkippedByName => {
                self.seed += 1;
                self.write(&format!("assets/logo_{}.png", self.seed), b"not looked at");
            }
            Edit::Ignore => {
                self.write(".gitignore", if self.seed.is_multiple_of(2) { b"docs/\n" } else { b"*.json\n" })
            }
            Edit::Nothing => {}
        }
    }
}

fn names(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot.manifest.segments.iter().map(|segment| segment.name.clone()).collect()
}

/// Path, content hash, and what became of it.
fn listing(snapshot: &Snapshot) -> Vec<(String, u64, Option<u8>)> {
    let skipped = |place: &Place| match place {
        Place::Indexed { .. } => None,
        Place::Skipped(code) => Some(*code),
    };
    snapshot.catalog.iter().map(|entry| (entry.path.clone(), entry.content, skipped(&entry.place))).collect()
}

fn same(found: &rag_core::SearchResult, expected: &rag_core::SearchResult, what: &str) {
    let bits = |result: &rag_core::SearchResult| -> Vec<_> {
        let hits = result.hits.iter();
        hits.map(|hit| (hit.path.clone(), hit.start_line, hit.end_line, hit.score.to_bits())).collect()
    };
    assert_eq!(bits(found), bits(expected), "{what}");
    assert_eq!(found, expected, "{what}");
}

fn list(root: &Path, folder: &Path, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("read folder") {
        let path: PathBuf = entry.expect("entry").path();
        if path.is_dir() {
            list(root, &path, paths);
        } else {
            paths.push(path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned());
        }
    }
}

/// A change of the repository between two updates.
#[derive(Clone, Debug)]
enum Edit {
    Add(usize),
    Append(Index),
    Replace(Index),
    Delete(Index),
    Rename(Index),
    Touch(Index),
    Become(Index, Odd),
    ReplaceFolder(Index),
    FileBecomesFolder(Index),
    SwitchBranch,
    SkippedByName,
    Ignore,
    Nothing,
}

/// Content that is not indexed, or not like other content.
#[derive(Clone, Copy, Debug)]
enum Odd {
    Empty,
    Binary,
    Secret,
    TooLarge,
    Latin1,
    Generated,
}

impl Odd {
    fn content(self) -> Vec<u8> {
        match self {
            Odd::Empty => Vec::new(),
            Odd::Binary => b"\x7fELF\0\0\0\x01\x02\0".repeat(20),
            Odd::Secret => {
                let row = "MIIEpAIBAAKCAQEAx7Vb3qZk9PlYt2RfWcJdHsGuNoXeAiBvMyQpLwTzKrEhUjDf";
                // In parts, so that no scanner takes this file for a key.
                format!("-----BEGIN RSA PRIVATE{}\n{row}\n{row}\n-----END RSA\n", " KEY-----").into_bytes()
            }
            Odd::TooLarge => b"let there = \"too much\";\n".repeat(1000),
            Odd::Latin1 => b"// caf\xe9 cr\xe8me\nfn parse_header() {}\n".to_vec(),
            Odd::Generated => b"// Code generated by a tool. DO NOT EDIT.\nfn parse_header() {}\n".to_vec(),
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let odd =
        prop::sample::select(&[Odd::Empty, Odd::Binary, Odd::Secret, Odd::TooLarge, Odd::Latin1, Odd::Generated][..]);
    let index = any::<Index>;
    prop_oneof![
        3 => (1usize..6).prop_map(Edit::Add),
        4 => index().prop_map(Edit::Append),
        3 => index().prop_map(Edit::Replace),
        3 => index().prop_map(Edit::Delete),
        2 => index().prop_map(Edit::Rename),
        2 => index().prop_map(Edit::Touch),
        3 => (index(), odd).prop_map(|(at, odd)| Edit::Become(at, odd)),
        1 => index().prop_map(Edit::ReplaceFolder),
        1 => index().prop_map(Edit::FileBecomesFolder),
        1 => Just(Edit::SwitchBranch),
        1 => Just(Edit::SkippedByName),
        1 => Just(Edit::Ignore),
        1 => Just(Edit::Nothing),
    ]
}

/// Makes up files that look like those of a repository; the same seed gives the same file.
struct Source(u64);

impl Source {
    fn new(seed: u64) -> Self {
        Source(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 32] = [
            "parse", "header", "request", "retry", "token", "bucket", "http", "client", "timeout", "cache", "registry",
            "lookup", "config", "record", "stream", "install", "encode", "queue", "worker", "session", "store", "fox",
            "index", "strings", "render", "widget", "socket", "frame", "matrix", "payload", "buffer", "schema",
        ];
        WORDS[self.below(WORDS.len())]
    }

    fn file(&mut self) -> (String, String) {
        let folder = ["src", "src/net", "lib/util", "docs", "tests", "pkg/core/deep"][self.below(6)];
        let extension = ["rs", "py", "go", "js", "md", "json", "java", "txt"][self.below(8)];
        let path = format!("{folder}/{}_{}_{}.{extension}", self.word(), self.word(), self.below(50));
        let text = self.text(&path);
        (path, text)
    }

    fn text(&mut self, path: &str) -> String {
        let parts = 1 + self.below(8);
        (0..parts).map(|_| self.paragraph(path)).collect()
    }

    fn paragraph(&mut self, path: &str) -> String {
        let (a, b, c, d) = (self.word(), self.word(), self.word(), self.word());
        let n = self.below(1000);
        let (aa, bb) = (capital(a), capital(b));
        match path.rsplit('.').next() {
            Some("rs") => format!(
                "/// Tells the {a} of a {b}, or how the {c} was {d}ed.\npub struct {aa}{bb} {{\n    {c}: u32,\n}}\n\n\
                 impl {aa}{bb} {{\n    pub fn {c}_{d}(&self, {a}: &str) -> usize {{\n        let {d}_{n} = {a}.len();\n        \
                 self.{b}({d}_{n}) + {n}\n    }}\n}}\n\n"
            ),
            Some("py") => format!(
                "class {aa}{bb}:\n    \"\"\"The {a} that reads the next {b} from the {c}.\"\"\"\n\n    \
                 def {c}_{d}(self, {b}):\n        return self.{a}[{b}] + {n}\n\n\ndef {a}_{b}():\n    return {aa}{bb}()\n\n\n"
            ),
            Some("go") => format!(
                "// {aa}{bb} keeps the {c} of each {d}.\ntype {aa}{bb} struct {{\n\t{c} int\n}}\n\n\
                 func (x *{aa}{bb}) {c}{bb}({d} string) int {{\n\treturn len({d}) + {n}\n}}\n\n"
            ),
            Some("js") => format!(
                "export function {a}{bb}({c}) {{\n  // where the {d} is retried\n  return {c}.{d}({n});\n}}\n\n"
            ),
            Some("java") => format!(
                "/** Holds the {a} of the {b}. */\nclass {aa}{bb} {{\n  int {c}{n};\n\n  \
                 int {d}(String {a}) {{\n    return {a}.length() + {n};\n  }}\n}}\n\n"
            ),
            Some("md") => format!("## {aa} and {b} {n}\n\nHow the {c} is {d}ed: install, then call `{a}_{b}`.\n\n"),
            Some("json") => format!("{{\"{a}\": {{\"{b}_{n}\": [\"{c}\", \"{d}\"]}}}}\n"),
            _ => format!("The quick brown {a} jumps over {n} lazy {b}s.\nThen the {c} of the {d} is {a}.\n\n"),
        }
    }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        max_shrink_iters: 30,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_updated_index_is_as_good_as_a_new_one(edits in prop::collection::vec((edit(), any::<bool>()), 1..14)) {
        let mut bench = Bench::new();
        bench.apply(&Edit::Add(25));
        bench.update();
        for (step, (edit, look)) in edits.iter().enumerate() {
            bench.apply(edit);
            bench.update();
            if *look && step % 3 == 0 {
                bench.compare(&format!("after step {step}"));
            }
        }
        bench.compare("at the end");
    }
}

/// Long enough for many segments, merges, and segments with hardly a live file.
#[test]
fn a_long_history_ends_like_a_new_index() {
    let mut bench = Bench::new();
    bench.apply(&Edit::Add(120));
    bench.update();
    let mut random = Source::new(99);
    for step in 0..60 {
        let paths = bench.paths();
        for _ in 0..1 + random.below(3) {
            // Changes prefer young files, as people do: their segments become hollow.
            let path = &paths[if random.below(2) == 0 { random.below(paths.len()) } else { step % 5 }];
            if !bench.root.path().join(path).exists() {
                continue;
            }
            match random.below(6) {
                0 => fs::remove_file(bench.root.path().join(path)).expect("remove"),
                1 => bench.apply(&Edit::Add(3)),
                _ => {
                    let text = bench.fresh().text(path);
                    bench.write(path, text.as_bytes());
                }
            }
        }
        bench.update();
        if step % 12 == 11 {
            bench.compare(&format!("after step {step}"));
        }
    }
    println!("most segments {}, rewritten {}", bench.most_segments, bench.rewritten);
    assert!(bench.most_segments >= 10, "many segments: {}", bench.most_segments);
    assert!(bench.most_segments <= 14, "not too many segments: {}", bench.most_segments);
    assert!(bench.rewritten > 10, "segments were rewritten: {}", bench.rewritten);
}

#[test]
fn nothing_changed_means_no_new_generation() {
    let mut bench = Bench::new();
    bench.apply(&Edit::Add(20));
    // Stamps this young are not trusted.
    std::thread::sleep(Duration::from_millis(60));
    let first = bench.update();
    assert!(!first.unchanged);
    let second = bench.update();
    assert!(second.unchanged);
    assert_eq!((second.generation, second.counts), (first.generation, first.counts));
    assert_eq!(second.indexed, 0);
    bench.snapshot = None;
    assert!(bench.update().unchanged, "a new process sees it as well");
}

/// Thousands of chunks: each segment brings only its best candidates, and the choice must not depend on how the
/// chunks are spread over segments.
#[test]
fn candidates_do_not_depend_on_segments() {
    let mut bench = Bench::new();
    bench.options.chunk_bytes = 80;
    bench.apply(&Edit::Add(350));
    bench.update();
    for step in 0..8 {
        for path in bench.paths().iter().skip(step).step_by(17) {
            let text = bench.fresh().text(path);
            bench.write(path, text.as_bytes());
        }
        bench.update();
    }
    assert!(bench.counts.chunks > 4000, "{}", bench.counts.chunks);
    assert!(bench.snapshot.as_ref().is_some_and(|snapshot| snapshot.segments.len() > 5), "many segments");
    bench.compare("at the end");
}

/// A file written twice within a tick of the clock, with the same length.
#[test]
fn a_change_right_after_an_update_is_seen() {
    let mut bench = Bench::new();
    for round in 0..30 {
        let text = format!("fn parse_header() -> u32 {{ {round:04} }}\n");
        bench.write("src/a.rs", text.as_bytes());
        bench.update();
        let snapshot = bench.snapshot.clone().expect("updated");
        let found = bench.searcher(snapshot).search(&Query::new("parse_header")).expect("search");
        assert_eq!(found.hits[0].text, text);
    }
}

#[test]
fn an_empty_repository_has_an_index_without_anything() {
    let mut bench = Bench::new();
    bench.update();
    bench.compare("empty");
    bench.apply(&Edit::Add(3));
    bench.update();
    bench.compare("three files");
    for path in bench.paths() {
        fs::remove_file(bench.root.path().join(path)).expect("remove");
    }
    bench.update();
    bench.compare("empty again");
}
