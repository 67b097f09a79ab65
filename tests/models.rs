//! Large models: parity with PyTorch on tiny models with random weights (see `tests/models/README.md`), damaged folders,
//! and the backfill, killed at any moment.
//!
//! They run on the real ONNX Runtime. Where it is not installed, tests that need it say so and pass;
//! `tests/run.py` installs it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cogo::{Encoder, Encoding, Engine, EngineOptions, Error, Mode, OnnxEmbedder, OnnxOptions, Query, Role};
use rag_core::Store;
use rag_core::embedding::onnx::runtime::{self, RuntimePaths};
use rag_core::store::crash::VECTOR_POINTS;
use rag_core::store::{VectorBatch, VectorStore};
use serde::Deserialize;

use crate::repository::{Random, fill, write_file};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");

/// Whether there is an ONNX Runtime; says so if not.
fn runtime_is_missing(test: &str) -> bool {
    match runtime::load(&RuntimePaths::default()) {
        Ok(_) => false,
        Err(error) => {
            println!("skipped: {test}: {error}");
            true
        }
    }
}

#[derive(Deserialize)]
struct Reference {
    max_tokens: usize,
    texts: Vec<ReferenceText>,
}

#[derive(Deserialize)]
struct ReferenceText {
    text: String,
    #[serde(default)]
    kind: String,
    ids: Vec<u32>,
    truncated: bool,
    dense: Vec<f32>,
    #[serde(default)]
    sparse: BTreeMap<u32, f32>,
    #[serde(default)]
    colbert: ReferenceLate,
}

#[derive(Default, Deserialize)]
struct ReferenceLate {
    rows: usize,
    first: Vec<Vec<f32>>,
}

fn reference(model: &str) -> Reference {
    let json = fs::read(Path::new(FIXTURES).join(model).join("reference.json")).expect("the fixture");
    serde_json::from_slice(&json).expect("a reference")
}

/// A model folder whose graph is `graph`, one of the files of the fixture.
fn model_folder(graph: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temp dir");
    let source = Path::new(FIXTURES).join("bge-tiny");
    for name in ["model.onnx_data", "tokenizer.json", "config.json"] {
        fs::copy(source.join(name), folder.path().join(name)).expect("copy");
    }
    fs::copy(source.join(graph), folder.path().join("model.onnx")).expect("copy");
    folder
}

fn open(folder: &Path, options: OnnxOptions) -> OnnxEmbedder {
    OnnxEmbedder::open("tiny", folder, options).expect("a model folder")
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// What an export can give.
struct Signals {
    sparse: bool,
    late: bool,
    /// Least cosine to PyTorch.
    cosine: f64,
    /// Largest error of a sparse weight.
    weight: f32,
}

fn assert_parity(what: &str, found: &[Encoding], expected: &[ReferenceText], signals: &Signals) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let what = format!("{what}, {:?}", expected.text.chars().take(40).collect::<String>());
        assert_eq!((found.tokens, found.truncated), (expected.ids.len(), expected.truncated), "{what}");
        let dense = cosine(&found.dense, &expected.dense);
        assert!(dense >= signals.cosine, "{what}: dense {dense}");
        let norm = found.dense.iter().map(|x| x * x).sum::<f32>();
        assert!((norm - 1.0).abs() < 1e-5, "{what}: length {norm}");
        if signals.sparse {
            let ids: Vec<u32> = found.sparse.iter().map(|(id, _)| *id).collect();
            if signals.weight < 1e-5 {
                assert_eq!(ids, expected.sparse.keys().copied().collect::<Vec<_>>(), "{what}");
            }
            for (id, weight) in &found.sparse {
                let wanted = expected.sparse.get(id).copied().unwrap_or(0.0);
                assert!((weight - wanted).abs() <= signals.weight, "{what}: token {id} weighs {weight}, not {wanted}");
            }
        } else {
            assert!(found.sparse.is_empty(), "{what}");
        }
        if signals.late {
            let dimensions = found.dense.len();
            assert_eq!(found.late.len(), expected.colbert.rows * dimensions, "{what}");
            for (row, wanted) in found.late.chunks(dimensions).zip(&expected.colbert.first) {
                let cosine = cosine(row, wanted);
                assert!(cosine >= signals.cosine, "{what}: token vector {cosine}");
            }
        } else {
            assert!(found.late.is_empty(), "{what}");
        }
    }
}

const EXACT: Signals = Signals { sparse: true, late: true, cosine: 0.999_999, weight: 1e-6 };

#[test]
fn every_export_of_bge_m3_agrees_with_pytorch() {
    if runtime_is_missing("every_export_of_bge_m3_agrees_with_pytorch") {
        return;
    }
    let reference = reference("bge-tiny");
    let texts: Vec<&str> = reference.texts.iter().map(|text| text.text.as_str()).collect();
    let dense_only = Signals { sparse: false, late: false, ..EXACT };
    let half = Signals { cosine: 0.9999, weight: 2e-3, ..EXACT };
    let quantized = Signals { cosine: 0.99, weight: 3e-2, ..EXACT };
    let exports = [
        ("model.onnx", &EXACT),
        ("variant-names-long.onnx", &EXACT),
        ("variant-names-unknown.onnx", &EXACT),
        ("variant-raw.onnx", &EXACT),
        ("variant-token-types.onnx", &EXACT),
        ("variant-hidden.onnx", &dense_only),
        ("variant-sentence.onnx", &dense_only),
        ("variant-fp16.onnx", &half),
        ("variant-int8.onnx", &quantized),
    ];
    for (graph, signals) in exports {
        let folder = model_folder(graph);
        // What pools to the first token is not written into folders of BGE-M3.
        fs::create_dir(folder.path().join("1_Pooling")).expect("create");
        fs::write(folder.path().join("1_Pooling/config.json"), r#"{"pooling_mode_cls_token": true}"#).expect("write");
        let options = OnnxOptions { late: true, threads: 1, ..OnnxOptions::default() };
        let model = open(folder.path(), options.clone());
        assert_eq!(model.folder().max_tokens, reference.max_tokens);
        let ids = model.token_ids(&texts, Role::Passage).expect("tokenise");
        assert_eq!(ids, reference.texts.iter().map(|text| text.ids.clone()).collect::<Vec<_>>(), "{graph}");

        let together = model.encode(&texts, Role::Passage).expect(graph);
        assert_parity(graph, &together, &reference.texts, signals);
        // One by one, and in other batches on other threads.
        for (text, expected) in texts.iter().zip(&reference.texts) {
            let alone = model.encode(&[text], Role::Passage).expect(graph);
            assert_parity(graph, &alone, std::slice::from_ref(expected), signals);
        }
        let spread = open(folder.path(), OnnxOptions { threads: 2, sessions: Some(2), batch_tokens: 100, ..options });
        assert_parity(graph, &spread.encode(&texts, Role::Passage).expect(graph), &reference.texts, signals);
    }
}

#[test]
fn a_sentence_transformers_folder_is_used_as_it_says() {
    if runtime_is_missing("a_sentence_transformers_folder_is_used_as_it_says") {
        return;
    }
    let reference = reference("st-tiny");
    let model = open(&Path::new(FIXTURES).join("st-tiny"), OnnxOptions::default());
    assert_eq!(model.folder().max_tokens, reference.max_tokens);
    assert_eq!(model.folder().prompts, ["query: ", "passage: "]);
    for (kind, role) in [("query", Role::Query), ("document", Role::Passage)] {
        let of_kind: Vec<ReferenceText> =
            self::reference("st-tiny").texts.into_iter().filter(|text| text.kind == kind).collect();
        assert!(!of_kind.is_empty(), "{kind}");
        let texts: Vec<&str> = of_kind.iter().map(|text| text.text.as_str()).collect();
        let ids = model.token_ids(&texts, role).expect("tokenise");
        assert_eq!(ids, of_kind.iter().map(|text| text.ids.clone()).collect::<Vec<_>>());
        let signals = Signals { sparse: false, late: false, ..EXACT };
        assert_parity(kind, &model.encode(&texts, role).expect("encode"), &of_kind, &signals);
    }
}

#[test]
fn a_model_with_real_weights_agrees_with_bare_onnx_runtime() {
    // It is too large for this repository; `make_minilm.py` and `quantize.py` build it.
    let folder = std::env::var_os("COGO_TEST_MINILM").map(PathBuf::from);
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        return println!(
            "skipped: a_model_with_real_weights_agrees_with_bare_onnx_runtime: COGO_TEST_MINILM is not set"
        );
    };
    if runtime_is_missing("a_model_with_real_weights_agrees_with_bare_onnx_runtime") {
        return;
    }
    let reference = fs::read(Path::new(FIXTURES).join("minilm-reference.json")).expect("the reference");
    let reference: Reference = serde_json::from_slice(&reference).expect("a reference");
    let model = open(&folder, OnnxOptions { threads: 1, batch_tokens: 1, ..OnnxOptions::default() });
    let texts: Vec<&str> = reference.texts.iter().map(|text| text.text.as_str()).collect();
    let ids = model.token_ids(&texts, Role::Passage).expect("tokenise");
    assert_eq!(ids, reference.texts.iter().map(|text| text.ids.clone()).collect::<Vec<_>>());
    // int8 kernels differ between processors, and so do the last digits.
    let signals = Signals { sparse: false, late: false, cosine: 0.995, ..EXACT };
    assert_parity("minilm", &model.encode(&texts, Role::Passage).expect("encode"), &reference.texts, &signals);
    // It knows what belongs together.
    let asked = &model.encode(&["how often is a request sent again"], Role::Query).expect("encode")[0];
    let passages = ["def retry(times): ...", "class TokenBucket: limits the rate", "colours of a terminal"];
    let read = model.encode(&passages, Role::Passage).expect("encode");
    let cosines: Vec<f64> = read.iter().map(|passage| cosine(&asked.dense, &passage.dense)).collect();
    assert!(cosines[0] > cosines[1] && cosines[0] > cosines[2], "{cosines:?}");
}

#[test]
fn a_folder_that_is_no_model_says_what_is_wrong() {
    let refused = |folder: &Path, words: &[&str]| {
        let outcome = OnnxEmbedder::open("broken", folder, OnnxOptions::default());
        let outcome = outcome.and_then(|model| model.encode(&["text"], Role::Query));
        let error = outcome.expect_err("it is broken");
        assert!(matches!(error, Error::Model { .. } | Error::Runtime { .. }), "{error:?}");
        assert!(error.hint().is_some());
        let message = error.to_string();
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
    };
    refused(Path::new("/no/such/folder"), &["no such folder"]);
    let empty = tempfile::tempdir().expect("temp dir");
    refused(empty.path(), &["model.onnx", "tokenizer.json", "found nothing"]);
    fs::write(empty.path().join("README.md"), "").expect("write");
    refused(empty.path(), &["found README.md"]);

    let broken = |name: &str, content: &[u8]| {
        let folder = model_folder("model.onnx");
        fs::create_dir_all(folder.path().join("1_Pooling")).expect("create");
        fs::write(folder.path().join(name), content).expect("write");
        folder
    };
    refused(broken("config.json", b"{").path(), &["config.json", "malformed"]);
    refused(broken("1_Pooling/config.json", br#"{"pooling_mode": "weightedmean"}"#).path(), &["weightedmean"]);
    let dense = br#"[{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]"#;
    refused(broken("modules.json", dense).path(), &["2_Dense", "not supported"]);
    let outside = br#"[{"path": "../../etc", "type": "sentence_transformers.models.Pooling"}]"#;
    refused(broken("modules.json", outside).path(), &["outside"]);
    if runtime_is_missing("a_folder_that_is_no_model_says_what_is_wrong") {
        return;
    }
    refused(broken("tokenizer.json", b"{}").path(), &["tokenizer.json"]);
    refused(broken("model.onnx", b"not a graph").path(), &["model.onnx", "cannot be loaded"]);
    let truncated = model_folder("model.onnx");
    fs::remove_file(truncated.path().join("model.onnx_data")).expect("remove");
    refused(truncated.path(), &["cannot be loaded"]);
}

#[test]
fn a_library_that_is_none_is_named() {
    let folder = tempfile::tempdir().expect("temp dir");
    let library = folder.path().join("libonnxruntime.so");
    fs::write(&library, "not a library").expect("write");
    let output = cogo(folder.path(), &["doctor", "--format", "json"])
        .env("ORT_DYLIB_PATH", &library)
        .env("PATH", "")
        .output()
        .expect("run");
    let doctor: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = doctor["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == "onnx runtime").expect("a check");
    // Another one, of the system, may be found after it.
    if check["verdict"] != "ok" {
        let message = check["message"].as_str().expect("text");
        assert!(message.contains("ORT_DYLIB_PATH") && message.contains("pip install onnxruntime"), "{message}");
    }
}

/// A model without weights: vectors that depend on the text only. It can be made slow, or to fail.
#[derive(Default)]
struct HashModel {
    read: AtomicUsize,
    fails: AtomicBool,
}

impl Encoder for HashModel {
    fn id(&self) -> &str {
        "hash"
    }

    fn encode(&self, texts: &[&str], _: Role) -> rag_core::Result<Vec<Encoding>> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(Error::Model { name: "hash".into(), reason: "it was told to fail".into() });
        }
        self.read.fetch_add(texts.len(), Ordering::Relaxed);
        Ok(texts.iter().map(|text| hash_encoding(text)).collect())
    }
}

fn hash_encoding(text: &str) -> Encoding {
    let mut words = BTreeMap::new();
    let mut dense = vec![0.0; 16];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let hash = xxhash_rust::xxh3::xxh3_64(word.to_lowercase().as_bytes());
        *words.entry((hash % 50_000) as u32).or_insert(0.0) += 0.5;
        dense[(hash % 16) as usize] += 1.0;
    }
    rag_core::embedding::normalise(&mut dense);
    let late: Vec<f32> =
        words.keys().take(5).flat_map(|id| (0..16).map(move |d| f32::from(u8::from(id % 16 == d)))).collect();
    Encoding { late, dense, sparse: words.into_iter().collect(), tokens: text.len() / 4, truncated: false }
}

fn engine(root: &Path, model: &Arc<HashModel>) -> Engine {
    let model: Arc<dyn Encoder> = model.clone();
    let engine = Engine::new(root, EngineOptions { model: Some(model), ..EngineOptions::default() });
    engine.refresh(&|_| {}).expect("index");
    engine
}

/// Hashes of all texts of the current generation.
fn wanted(store: &Store) -> std::collections::BTreeSet<u64> {
    let snapshot = store.snapshot(None).expect("an index");
    let mut hashes = std::collections::BTreeSet::new();
    for live in &snapshot.segments {
        let chunks = (0..live.segment.entry().chunks).filter(|chunk| live.is_live(*chunk));
        hashes.extend(chunks.map(|chunk| live.segment.passage_hash(chunk)));
    }
    hashes
}

/// Every text has exactly one vector.
fn assert_complete(store: &Store, vectors: &VectorStore, what: &str) {
    let vectors = vectors.open().expect("open");
    assert!(vectors.damaged.is_empty(), "{what}: {:?}", vectors.damaged);
    let wanted = wanted(store);
    let missing = wanted.iter().filter(|hash| !vectors.contains(**hash)).count();
    assert_eq!(missing, 0, "{what}: lost vectors");
    assert_eq!(vectors.stored(), vectors.len(), "{what}: doubled vectors");
}

#[test]
fn searches_use_what_the_model_has_read_so_far() {
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 30);
    let model = Arc::new(HashModel::default());
    let engine = engine(root.path(), &model);
    let query = Query { explain: true, ..Query::new("how is a request retried") };
    let coverage = |engine: &Engine| engine.search(&query).expect("search").coverage.expect("a model takes part");
    assert_eq!(coverage(&engine).covered, 0);
    let chunks = coverage(&engine).chunks;

    let mut steps = 0;
    let stopped = engine.backfill(&mut |_| {
        steps += 1;
        if steps == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let stopped = stopped.expect("backfill");
    assert!(0 < stopped.read && stopped.read < stopped.texts, "{stopped:?}");
    let partly = coverage(&engine);
    assert!(0 < partly.covered && partly.covered < chunks, "{partly:?}");

    let done = engine.backfill(&mut |_| ControlFlow::Continue(())).expect("backfill");
    assert_eq!(done.done, done.texts);
    assert_eq!(stopped.read + done.read, done.texts, "nothing is read twice");
    assert_eq!(coverage(&engine).covered, chunks);
    let hits = engine.search(&query).expect("search").hits;
    for name in ["model_gap", "model_words", "model_tokens"] {
        assert!(hits.iter().any(|hit| hit.terms.iter().any(|term| term.name == name)), "{name}");
    }
    // Without the model, nothing of it is left in a score.
    let lexical = engine.search(&Query { mode: Mode::Lexical, ..query.clone() }).expect("search");
    assert_eq!(lexical.coverage, None);

    // A broken model costs quality, not the answer.
    model.fails.store(true, Ordering::Relaxed);
    let degraded = engine.search(&query).expect("search");
    assert!(degraded.degraded.expect("a reason").contains("told to fail"));
    assert!(!degraded.hits.is_empty());
}

#[test]
fn an_edit_costs_only_what_it_changed() {
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 20);
    let model = Arc::new(HashModel::default());
    let engine = engine(root.path(), &model);
    engine.backfill(&mut |_| ControlFlow::Continue(())).expect("backfill");
    let before = model.read.swap(0, Ordering::Relaxed);
    write_file(root.path(), 4, 7);
    fs::remove_file(root.path().join("src/file_0.rs")).expect("remove");
    engine.refresh(&|_| {}).expect("index");
    let vectors = engine.store().vectors("hash");
    engine.backfill(&mut |_| ControlFlow::Continue(())).expect("backfill");
    let again = model.read.load(Ordering::Relaxed);
    assert!(0 < again && again * 4 < before, "{again} of {before}");
    assert_complete(engine.store(), &vectors, "after an edit");
    // A rebuild reads nothing anew: vectors belong to texts.
    let rebuilt = Engine::new(root.path(), EngineOptions { model: Some(model.clone()), ..EngineOptions::default() });
    fs::remove_file(root.path().join(".cogo/CURRENT")).expect("remove");
    rebuilt.refresh(&|_| {}).expect("index");
    rebuilt.backfill(&mut |_| ControlFlow::Continue(())).expect("backfill");
    assert_eq!(model.read.load(Ordering::Relaxed), again);
}

#[test]
fn two_backfills_do_not_interfere() {
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 6);
    let model = Arc::new(HashModel::default());
    let engine = engine(root.path(), &model);
    let store = engine.store().vectors("hash");
    let writer = store.writer().expect("the first");
    assert!(store.is_locked());
    let second = engine.backfill(&mut |_| ControlFlow::Continue(()));
    assert!(matches!(second, Err(Error::Locked { .. })), "{second:?}");
    drop(writer);
    assert!(!store.is_locked());
    engine.backfill(&mut |_| ControlFlow::Continue(())).expect("now it can");
}

#[test]
fn parts_are_merged_and_hold_every_vector_once() {
    let folder = tempfile::tempdir().expect("temp dir");
    let store = VectorStore::new(folder.path().join("vectors"));
    let mut writer = store.writer().expect("a writer");
    let mut random = Random(42);
    let mut all = BTreeMap::new();
    for round in 0..40 {
        let mut batch = VectorBatch::default();
        for _ in 0..1 + random.below(9) {
            let hash = random.below(150) as u64;
            let encoding = hash_encoding(&format!("text number {hash} of round {round}"));
            all.entry(hash).or_insert(encoding.dense.clone());
            batch.push(hash, encoding);
        }
        writer.append(batch).expect("append");
    }
    let names: Vec<_> =
        fs::read_dir(store.folder()).expect("read").map(|entry| entry.expect("entry").file_name()).collect();
    let parts = names.iter().filter(|name| name.to_string_lossy().ends_with(".vec")).count();
    assert!(parts <= 8, "{names:?}");
    let vectors = store.open().expect("open");
    assert_eq!((vectors.len(), vectors.stored()), (all.len(), all.len()));
    for (hash, dense) in &all {
        assert!(cosine(&vectors.dense(*hash).expect("a vector"), dense) > 0.999, "{hash}");
    }
    writer.retain(&|hash| hash % 2 == 0).expect("retain");
    let vectors = store.open().expect("open");
    assert!(all.keys().all(|hash| vectors.contains(*hash) == (hash % 2 == 0)));
}

#[test]
fn damaged_vectors_are_noticed_and_made_again() {
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 12);
    let model = Arc::new(HashModel::default());
    let engine = engine(root.path(), &model);
    engine.backfill(&mut |_| ControlFlow::Continue(())).expect("backfill");
    let vectors = engine.store().vectors("hash");
    let part = fs::read_dir(vectors.folder()).expect("read").map(|entry| entry.expect("entry").path());
    let part = part.into_iter().find(|path| path.extension().is_some_and(|e| e == "vec")).expect("a part");
    let whole = fs::read(&part).expect("read");
    let mut random = Random(7);
    for round in 0..40 {
        let mut damaged = whole.clone();
        match round % 4 {
            0 => damaged.truncate(random.below(whole.len())),
            _ => damaged[random.below(whole.len())] ^= 1 << random.below(8),
        }
        fs::remove_file(&part).expect("remove");
        fs::write(&part, &damaged).expect("write");
        let fresh = self::engine(root.path(), &model);
        // It may be padding that was hit; what is read must be right or left out.
        fresh.search(&Query::new("how is a request retried")).expect("a search needs no vectors");
    }
    fs::remove_file(&part).expect("remove");
    fs::write(&part, &whole[..whole.len() / 2]).expect("write");
    let fresh = self::engine(root.path(), &model);
    assert!(!fresh.vectors().expect("open").damaged.is_empty());
    fresh.backfill(&mut |_| ControlFlow::Continue(())).expect("backfill");
    assert_complete(fresh.store(), &vectors, "after damage");
}

/// `cogo` that knows nothing of this user's settings.
fn cogo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
    command.args(arguments).arg(root).env("HOME", root).env("XDG_CONFIG_HOME", root).env("XDG_DATA_HOME", root);
    command.stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

fn backfilling(root: &Path) -> Command {
    let model = Path::new(FIXTURES).join("bge-tiny");
    let model = model.to_str().expect("UTF-8");
    let options = ["index", "--backfill", "--quiet", "--late-interaction", "--threads", "1", "--model", model];
    let mut command = cogo(root, &options);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn vectors_of(root: &Path) -> VectorStore {
    let folder = root.join(".cogo/vectors");
    let models = fs::read_dir(folder).expect("read").map(|entry| entry.expect("entry").path());
    let models: Vec<PathBuf> = models.filter(|path| path.is_dir()).collect();
    assert_eq!(models.len(), 1, "{models:?}");
    VectorStore::new(&models[0])
}

#[test]
fn a_backfill_that_is_killed_at_any_moment_loses_and_doubles_nothing() {
    if runtime_is_missing("a_backfill_that_is_killed_at_any_moment_loses_and_doubles_nothing") {
        return;
    }
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 60);
    let mut random = Random(0x5eed);
    let mut killed = 0;
    // How long a run takes on this machine, the first and all others.
    let whole_run = || {
        let started = Instant::now();
        assert!(backfilling(root.path()).status().expect("run cogo").success());
        started.elapsed()
    };
    whole_run();
    fs::remove_dir_all(root.path().join(".cogo/vectors")).expect("remove");
    write_file(root.path(), 7, 99);
    let mut longest = whole_run();
    fs::remove_dir_all(root.path().join(".cogo")).expect("remove");
    let mut round = 0;
    while killed < 50 {
        round += 1;
        assert!(round <= 500, "only {killed} of {round} were killed on the way");
        // Something is left to do in every round.
        write_file(root.path(), round % 60, 100 + round);
        let mut child: Child = backfilling(root.path()).spawn().expect("run cogo");
        std::thread::sleep(Duration::from_micros(random.below(longest.as_micros() as usize) as u64));
        // A machine is not always as fast as it was: whoever ended too soon shortens the wait of the next.
        match child.try_wait().expect("a child") {
            None => killed += 1,
            Some(_) => longest = longest * 4 / 5,
        }
        child.kill().expect("kill");
        child.wait().expect("wait");
        let open = Store::new(root.path().join(".cogo")).snapshot(None);
        assert!(matches!(open, Ok(_) | Err(Error::NoIndex { .. })), "round {round}: {:?}", open.err());
    }
    for point in VECTOR_POINTS {
        for file in 0..30 {
            write_file(root.path(), file, 300 + point.len());
        }
        let status = backfilling(root.path()).env("COGO_CRASH_AT", point).status().expect("run cogo");
        assert_eq!(status.code(), None, "it ended by itself at {point}: {status}");
    }
    let output = backfilling(root.path()).output().expect("run cogo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_complete(&Store::new(root.path().join(".cogo")), &vectors_of(root.path()), "at the end");
}

#[test]
fn an_index_with_a_model_is_searchable_at_once_and_complete_later() {
    if runtime_is_missing("an_index_with_a_model_is_searchable_at_once_and_complete_later") {
        return;
    }
    let root = tempfile::tempdir().expect("temp dir");
    let model = Path::new(FIXTURES).join("bge-tiny");
    fill(root.path(), 30);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
        command.args(arguments).current_dir(root.path()).env("HOME", root.path()).env("XDG_CONFIG_HOME", root.path());
        let output = command.env("XDG_DATA_HOME", root.path().join(".data")).output().expect("run cogo");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    };
    let json =
        |arguments: &[&str]| -> serde_json::Value { serde_json::from_slice(&run(arguments).stdout).expect("JSON") };
    run(&["model", "import", model.to_str().expect("UTF-8"), "--name", "tiny"]);
    run(&["index", "--model", "tiny", "--quiet"]);
    assert!(!json(&["search", "how is a request retried", "--format", "json"]).as_array().expect("hits").is_empty());
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let large = &json(&["status", "--format", "json"])["large_model"];
        assert_eq!(large["error"], serde_json::Value::Null);
        if large["covered"] == large["chunks"] && large["running"] == false {
            assert!(large["rate"].as_f64().expect("a rate") > 0.0);
            break;
        }
        assert!(Instant::now() < deadline, "{large}");
        std::thread::sleep(Duration::from_millis(50));
    }
    // The index remembers its model, and what is forgotten is forgotten.
    let hits = json(&["search", "how is a request retried", "--format", "json", "--explain"]);
    assert!(hits.to_string().contains("model_gap"));
    run(&["index", "--model", "static", "--quiet"]);
    let hits = json(&["search", "how is a request retried", "--format", "json", "--explain"]);
    assert!(!hits.to_string().contains("model_gap"));
}
