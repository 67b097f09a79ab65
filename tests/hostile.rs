//! An index that somebody made up: every checksum fits, the numbers are nonsense. It may be refused, it may be answered
//! from; it must not make us panic, hang, or touch anything outside the index folder.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cogo::{Filter, Mode, Query, Searcher, SymbolKind};
use indexer::{IndexOptions, update};
use rag_core::Store;
use rag_core::hybrid::{Ranking, Repository};
use rag_core::store::container::{Container, ContainerWriter, FileDigest};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::repository::{Random, answers_of, embedder, fill, write_file};

type Sections = Vec<(String, Vec<u8>)>;

/// A repository with an index whose files can be rewritten.
struct Forgery {
    root: tempfile::TempDir,
    store: Store,
    options: IndexOptions,
    /// The true files of the generation.
    original: BTreeMap<PathBuf, Vec<u8>>,
}

impl Forgery {
    fn new(hnsw_min_vectors: u32) -> Self {
        let root = tempfile::tempdir().expect("temp dir");
        fill(root.path(), 18);
        let store = Store::new(root.path().join(".cogo"));
        let options = IndexOptions { threads: 1, hnsw_min_vectors, ..IndexOptions::default() };
        let (snapshot, _) = update(root.path(), &store, &*embedder(), &options, None, &|_| {}).expect("index");
        let files = fs::read_dir(&snapshot.folder).expect("read").map(|entry| entry.expect("entry").path());
        let original = files.map(|path| (path.clone(), fs::read(&path).expect("read"))).collect();
        Forgery { root, store, options, original }
    }

    fn path(&self, ending: &str) -> PathBuf {
        let mut paths = self.original.keys();
        paths.find(|path| path.to_string_lossy().ends_with(ending)).expect("such a file").clone()
    }

    /// Puts everything back as it was written.
    fn restore(&self) {
        let folder = self.path("manifest.json").parent().expect("a folder").to_owned();
        fs::remove_dir_all(self.store.folder()).expect("remove");
        fs::create_dir_all(&folder).expect("create");
        for (path, bytes) in &self.original {
            fs::write(path, bytes).expect("write");
        }
        self.point_to_manifest();
    }

    /// Writes `CURRENT` with the checksum of the manifest as it is now.
    fn point_to_manifest(&self) {
        let path = self.path("manifest.json");
        let checksum = xxh3_64(&fs::read(&path).expect("read"));
        let name = path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
        fs::write(self.store.folder().join("CURRENT"), format!("{name} {checksum:016x}\n")).expect("write");
    }

    fn sections(&self, ending: &str) -> (u32, Sections) {
        let path = self.path(ending);
        let bytes = &self.original[&path];
        let kind = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes"));
        let copy = tempfile::NamedTempFile::new().expect("temp file");
        fs::write(copy.path(), bytes).expect("write");
        let container = Container::open(copy.path(), kind, None).expect("an undamaged container");
        let section = |name: &str| (name.to_owned(), container.section(name).expect("undamaged").to_vec());
        (kind, container.names().map(section).collect())
    }

    /// Writes a container with right checksums and enters it in the manifest.
    fn forge(&self, ending: &str, kind: u32, sections: &Sections) {
        let path = self.path(ending);
        fs::remove_file(&path).expect("remove");
        let mut writer = ContainerWriter::create(&path, kind).expect("create");
        for (name, bytes) in sections {
            writer.section(name, &[bytes]).expect("write");
        }
        let digest = writer.finish().expect("finish");
        self.forge_manifest(|manifest| {
            let entry = match ending {
                ".seg" => &mut manifest["segments"][0]["digest"],
                _ => &mut manifest["catalog"],
            };
            *entry = json_digest(digest);
        });
    }

    fn forge_manifest(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
        change(&mut manifest);
        fs::write(&path, manifest.to_string()).expect("write");
        self.point_to_manifest();
    }

    /// Reads everything there is and searches; whether it was refused at once.
    fn read(&self, what: &str) -> bool {
        survive(what, || self.read_it())
    }

    /// Does with the index all that can be done; whether it was refused at once.
    fn read_and_update(&self, what: &str) -> bool {
        survive(what, || {
            let refused = self.read_it();
            write_file(self.root.path(), 3, what.len());
            let run = update(self.root.path(), &self.store, &*embedder(), &self.options, None, &|_| {});
            if let Ok((snapshot, _)) = run {
                // What was taken over is still nonsense.
                let _ = answers_of(snapshot);
            }
            refused
        })
    }

    fn read_it(&self) -> bool {
        let Ok(snapshot) = self.store.snapshot(None) else { return true };
        let snapshot = Arc::new(snapshot);
        // Each may be refused with an error.
        let _ = answers_of(snapshot.clone());
        let repositories = vec![Repository { snapshot: snapshot.clone(), within: Vec::new() }];
        let Ok(searcher) = Searcher::new(repositories, embedder(), Ranking::default()) else { return true };
        for kind in [SymbolKind::Struct, SymbolKind::Section] {
            let filter = Filter { kinds: vec![kind], languages: vec!["rust".into()], paths: vec!["src/".into()] };
            for mode in [Mode::Hybrid, Mode::Symbol] {
                let _ = searcher.search(&Query { mode, filter: filter.clone(), ..Query::new("parse header") });
            }
        }
        for live in &snapshot.segments {
            for file in 0..live.live.len() as u32 {
                let _ = searcher.related(0, live.segment.path(file), 1, &Query::new(""));
                let (_, _) = (live.segment.language(file), live.segment.role(file));
                for chunk in live.segment.chunks_of(file) {
                    live.segment.chunk_kind(chunk);
                }
            }
        }
        false
    }
}

/// Panics, and says at what, if `act` panics or takes too long.
fn survive(what: &str, act: impl FnOnce() -> bool) -> bool {
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(act));
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(20), "{what}: took {elapsed:?}");
    outcome.unwrap_or_else(|_| panic!("{what}: a panic"))
}

fn json_digest(digest: FileDigest) -> Value {
    serde_json::to_value(digest).expect("JSON")
}

/// Numbers that are likely to hurt.
const NONSENSE: [u64; 12] = [
    0,
    1,
    7,
    0xff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_0000_0000,
    0xffff_ffff_ffff_ffff,
];

fn spoil(bytes: &mut Vec<u8>, random: &mut Random) {
    let number = NONSENSE[random.below(NONSENSE.len())];
    let width = [1, 2, 4, 4, 4, 8][random.below(6)];
    match random.below(10) {
        0 => bytes.truncate(random.below(bytes.len() + 1)),
        1 => bytes.truncate(random.below(bytes.len() / 16 + 1) * 16),
        2 => bytes.extend_from_slice(&number.to_le_bytes()),
        3 => bytes.clear(),
        4 => {
            let at = random.below(bytes.len());
            let end = (at + random.below(200)).min(bytes.len());
            bytes[at..end].fill(number as u8);
        }
        5 => {
            let (a, b) = (random.below(bytes.len()), random.below(bytes.len()));
            if a < b {
                bytes.copy_within(a..b.min(a + 64), 0);
            }
        }
        _ if bytes.len() >= width => {
            let at = random.below(bytes.len() / width) * width;
            bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
        }
        _ => bytes.push(number as u8),
    }
}

fn forge_sections(ending: &str, rounds: usize, wanted: impl Fn(&str) -> bool) {
    let forgery = Forgery::new(u32::MAX);
    let (kind, sections) = forgery.sections(ending);
    let mut random = Random(0xf00d + rounds as u64);
    for index in (0..sections.len()).filter(|index| wanted(&sections[*index].0)) {
        let mut refused = 0;
        for round in 0..rounds {
            let mut forged = sections.clone();
            for _ in 0..1 + random.below(3) {
                spoil(&mut forged[index].1, &mut random);
            }
            forgery.restore();
            forgery.forge(ending, kind, &forged);
            let what = format!("section {}, round {round}", sections[index].0);
            // An update syncs files, which takes longer than everything else.
            let was_refused = if round % 4 == 0 { forgery.read_and_update(&what) } else { forgery.read(&what) };
            refused += usize::from(was_refused);
        }
        println!("{}: {refused} of {rounds} were refused at once", sections[index].0);
    }
}

#[test]
fn forged_records() {
    forge_sections(".seg", 40, |name| !name.starts_with("bm25/"));
}

#[test]
fn forged_postings() {
    forge_sections(".seg", 25, |name| name.starts_with("bm25/"));
}

#[test]
fn forged_catalogs() {
    forge_sections("catalog.bin", 40, |_| true);
}

#[test]
fn sections_that_are_missing_double_or_exchanged() {
    let forgery = Forgery::new(u32::MAX);
    let (kind, sections) = forgery.sections(".seg");
    for index in 0..sections.len() {
        let mut missing = sections.clone();
        missing.remove(index);
        let mut double = sections.clone();
        double.insert(0, (sections[index].0.clone(), b"other".to_vec()));
        let mut exchanged = sections.clone();
        exchanged[index].1 = sections[(index + 1) % sections.len()].1.clone();
        for (what, forged) in [("missing", missing), ("double", double), ("exchanged", exchanged)] {
            forgery.restore();
            forgery.forge(".seg", kind, &forged);
            forgery.read(&format!("section {} {what}", sections[index].0));
        }
    }
}

/// The postings of one segment in another: whole in themselves, but of other chunks.
#[test]
fn postings_of_another_segment() {
    let forgery = Forgery::new(u32::MAX);
    let other = tempfile::tempdir().expect("temp dir");
    fill(other.path(), 90);
    let store = Store::new(other.path().join(".cogo"));
    update(other.path(), &store, &*embedder(), &forgery.options, None, &|_| {}).expect("index");
    let snapshot = store.snapshot(None).expect("open");
    let path = snapshot.folder.join(format!("{}.seg", snapshot.manifest.segments[0].name));
    let (kind, mut sections) = forgery.sections(".seg");
    let container = Container::open(&path, kind, None).expect("open");
    sections.retain(|(name, _)| !name.starts_with("bm25/"));
    for name in container.names().filter(|name| name.starts_with("bm25/")) {
        sections.push((name.to_owned(), container.section(name).expect("whole").to_vec()));
    }
    forgery.restore();
    forgery.forge(".seg", kind, &sections);
    forgery.read("postings of another segment");
}

#[test]
fn forged_manifests() {
    let forgery = Forgery::new(u32::MAX);
    let mut random = Random(0xabcd);
    let fields = [
        "/generation",
        "/committed_ms",
        "/cogo",
        "/settings/pipeline",
        "/settings/chunk_bytes",
        "/settings/model",
        "/settings/max_file_bytes",
        "/settings/dimensions",
        "/settings/hnsw_min_vectors",
        "/segments",
        "/segments/0",
        "/segments/0/name",
        "/segments/0/digest",
        "/segments/0/digest/bytes",
        "/segments/0/chunks",
        "/segments/0/hnsw",
        "/catalog",
        "/catalog/bytes",
        "/counts",
        "/counts/files",
        "/counts/chunks",
        "/counts/languages",
    ];
    for field in fields {
        let values = [
            Value::Null,
            0.into(),
            1.into(),
            u32::MAX.into(),
            u64::MAX.into(),
            (-1).into(),
            1e300.into(),
            "".into(),
            "nonsense".into(),
            Value::Array(vec![]),
            serde_json::json!({}),
            serde_json::json!({"rust": u64::MAX, "": 0}),
        ];
        for value in values {
            forgery.restore();
            let what = format!("{field} = {value}");
            forgery.forge_manifest(|manifest| {
                match field.strip_suffix("/hnsw") {
                    // Left out when empty.
                    Some(segment) => manifest.pointer_mut(segment).expect("a segment")["hnsw"] = value,
                    None => {
                        *manifest.pointer_mut(field).unwrap_or_else(|| panic!("{field} is in the manifest")) = value
                    }
                }
            });
            forgery.read_and_update(&what);
        }
    }
    let json = forgery.original[&forgery.path("manifest.json")].clone();
    for round in 0..40 {
        let mut forged = json.clone();
        spoil(&mut forged, &mut random);
        forgery.restore();
        fs::write(forgery.path("manifest.json"), forged).expect("write");
        forgery.read(&format!("manifest, round {round}"));
    }
    forgery.restore();
    fs::write(forgery.path("manifest.json"), "[".repeat(1 << 20)).expect("write");
    forgery.read("a deep manifest");
}

/// Names in a manifest must not lead out of the generation's folder: the next update links and copies them.
#[test]
fn names_that_lead_elsewhere() {
    let forgery = Forgery::new(u32::MAX);
    let outside = tempfile::tempdir().expect("temp dir");
    let victim = outside.path().join("victim");
    let segment = fs::read(forgery.path(".seg")).expect("read");
    let victims = [victim.clone(), outside.path().join("victim.seg"), forgery.root.path().join("src/victim.seg")];
    let absolute = victim.to_string_lossy().into_owned();
    let inside = "../../src/victim".to_owned();
    for name in [absolute.clone(), inside, format!("{absolute}\0"), "..".into(), ".".into(), "a/b".into(), "/".into()] {
        for as_graph in [false, true] {
            forgery.restore();
            for path in &victims {
                fs::write(path, &segment).expect("write");
            }
            let before = listing(outside.path());
            forgery.forge_manifest(|manifest| {
                if as_graph {
                    let digest = manifest["segments"][0]["digest"].clone();
                    manifest["segments"][0]["hnsw"] = serde_json::json!({ name.as_str(): digest });
                } else {
                    manifest["segments"][0]["name"] = name.clone().into();
                }
            });
            let refused = forgery.read_and_update(&name);
            assert!(refused, "{name:?} was accepted");
            assert_eq!(listing(outside.path()), before, "{name:?}");
            for path in &victims {
                assert!(fs::read(path).expect("still there") == segment, "{name:?} changed {}", path.display());
            }
        }
    }
}

#[test]
fn forged_graphs() {
    let forgery = Forgery::new(1);
    let mut random = Random(0x9a);
    for ending in ["hnsw.graph", "hnsw.data"] {
        let path = forgery.path(ending);
        for round in 0..20 {
            let mut bytes = forgery.original[&path].clone();
            spoil(&mut bytes, &mut random);
            forgery.restore();
            fs::write(&path, &bytes).expect("write");
            forgery.forge_manifest(|manifest| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                let xxh3 = xxhash_rust::xxh3::xxh3_64(&bytes);
                manifest["segments"][0]["hnsw"][name] = json_digest(FileDigest { bytes: bytes.len() as u64, xxh3 });
            });
            forgery.read(&format!("{ending}, round {round}"));
        }
    }
}

/// Every file below a folder, with its length.
fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut files: Vec<(PathBuf, u64)> = fs::read_dir(folder)
        .expect("read")
        .map(|entry| entry.expect("entry"))
        .map(|entry| (entry.path(), entry.metadata().expect("metadata").len()))
        .collect();
    files.sort();
    files
}
