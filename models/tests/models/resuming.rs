//! Cut connections, wrong bytes, changed files, busy servers.

use std::time::{Duration, Instant};

use models::{Kind, Network, State};

use super::server::{Fault, Resource, Server, git_blob, resolved};
use super::{Store, network, noise, sha256, watch};

const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const BYTES: usize = 300_000;

/// A hub with one model, and the path of its graph.
fn hub() -> (Server, Vec<u8>, String) {
    let server = Server::new();
    let graph = noise(BYTES, 1);
    server.put_repository(MINILM, COMMIT, &[("onnx/model.onnx", &graph), ("tokenizer.json", b"{}")]);
    (server, graph, resolved(MINILM, COMMIT, "onnx/model.onnx"))
}

/// The parts of the graph that were asked for.
fn ranges(server: &Server) -> Vec<Option<String>> {
    server.requests("onnx/model.onnx").iter().map(|request| request.header("range").map(str::to_owned)).collect()
}

fn pulled(store: &Store, network: &Network) -> Vec<u8> {
    let installed = store.pull("minilm", network).expect("it recovers");
    assert_eq!(store.entries(), ["minilm"]);
    assert!(store.models.verify("minilm", &|_| ()).expect("installed").is_whole());
    std::fs::read(installed.graph().expect("a graph")).expect("readable")
}

#[test]
fn a_cut_connection_is_resumed_where_it_was_cut() {
    let (server, graph, path) = hub();
    server.fault(&path, Fault::Cut(100_000));
    server.fault(&path, Fault::Cut(50_000));
    assert_eq!(pulled(&Store::new(), &network(&server)), graph);
    assert_eq!(ranges(&server), [None, Some("bytes=100000-".into()), Some("bytes=150000-".into())]);
    let etag = format!("\"{}\"", sha256(&graph));
    assert_eq!(server.requests("onnx/model.onnx")[1].header("if-range"), Some(etag.as_str()));
}

#[test]
fn progress_renews_the_patience_but_standstill_does_not() {
    let (server, graph, path) = hub();
    let patient = Network { retries: 1, ..network(&server) };
    for _ in 0..6 {
        server.fault(&path, Fault::Cut(40_000));
    }
    assert_eq!(pulled(&Store::new(), &patient), graph);

    let (server, _, path) = hub();
    for _ in 0..10 {
        server.fault(&path, Fault::Cut(0));
    }
    let error = Store::new().pull("minilm", &network(&server)).expect_err("nothing comes");
    assert_eq!((error.kind, ranges(&server).len()), (Kind::Network, 4), "{error}");

    let (server, _, path) = hub();
    for _ in 0..20 {
        server.fault(&path, Fault::WholeFile(1000));
    }
    let error = Store::new().pull("minilm", &network(&server)).expect_err("always the same bytes come");
    assert_eq!((error.kind, ranges(&server).len()), (Kind::Network, 4), "{error}");
}

#[test]
fn a_download_goes_on_in_the_next_process() {
    let (server, graph, path) = hub();
    let store = Store::new();
    server.fault(&path, Fault::Cut(120_000));
    store.pull("minilm", &Network { retries: 0, ..network(&server) }).expect_err("it was cut");
    assert_eq!(store.entries(), ["minilm.partial"]);
    let listed = store.models.list().expect("readable");
    let listed = listed.iter().find(|model| model.name == "minilm").expect("it is known");
    assert_eq!((listed.state, listed.present), (State::Partial, 120_000 + sha256(b"").len() as u64 + 2));
    assert_eq!(listed.bytes, Some(BYTES as u64 + 2));
    assert_eq!(store.models.path("minilm").expect_err("not yet").kind, Kind::NotInstalled);

    assert_eq!(pulled(&store, &network(&server)), graph);
    assert_eq!(ranges(&server), [None, Some("bytes=120000-".into())]);
}

#[test]
fn a_file_that_changed_starts_over() {
    let (server, graph, path) = hub();
    let store = Store::new();
    server.fault(&path, Fault::Cut(1000));
    let changing = Resource { body: noise(BYTES, 9), etag: Some("\"other\"".into()), ..Resource::default() };
    server.put(&path, changing);
    store.pull("minilm", &Network { retries: 0, ..network(&server) }).expect_err("it was cut");
    let etag = format!("\"{}\"", sha256(&graph));
    server.put(&path, Resource { body: graph.clone(), etag: Some(etag), ..Resource::default() });
    assert_eq!(pulled(&store, &network(&server)), graph);
    let resumed = &server.requests("onnx/model.onnx")[1];
    assert_eq!((resumed.header("range"), resumed.header("if-range")), (Some("bytes=1000-"), Some("\"other\"")));
    assert_eq!(ranges(&server).len(), 2);
}

#[test]
fn a_part_that_does_not_fit_starts_over() {
    let (server, graph, path) = hub();
    let store = Store::new();
    server.fault(&path, Fault::Cut(1000));
    server.fault(&path, Fault::OtherPart);
    server.fault(&path, Fault::Cut(2000));
    store.pull("minilm", &Network { retries: 2, ..network(&server) }).expect("it recovers");
    assert_eq!(ranges(&server), [None, Some("bytes=1000-".into()), None, Some("bytes=2000-".into())]);
    store.models.remove("minilm").expect("installed");

    server.fault(&path, Fault::Cut(3000));
    server.fault(&path, Fault::ChangedPart);
    let before = Resource { body: noise(BYTES, 9), etag: Some("\"other\"".into()), ..Resource::default() };
    server.put(&path, before);
    store.pull("minilm", &Network { retries: 0, ..network(&server) }).expect_err("it was cut");
    let etag = Some(format!("\"{}\"", sha256(&graph)));
    server.put(&path, Resource { body: graph.clone(), etag, ..Resource::default() });
    assert_eq!(pulled(&store, &network(&server)), graph);
    assert_eq!(ranges(&server)[4..], [None, Some("bytes=3000-".into()), None]);
}

#[test]
fn what_is_here_already_is_not_asked_for() {
    let (server, graph, _) = hub();
    let (store, other) = (Store::new(), Store::new());
    let installed = other.pull("minilm", &network(&server)).expect("the hub is well");
    for ending in ["", ".part"] {
        // Somebody died before the last file, or before the last but one got its name.
        server.fault(&resolved(MINILM, COMMIT, "tokenizer.json"), Fault::Status(404, None));
        store.pull("minilm", &network(&server)).expect_err("a file is missing");
        let home = store.models.folder.join("minilm.partial/onnx");
        std::fs::remove_file(home.join("model.onnx")).expect("it was downloaded");
        std::fs::copy(installed.graph().expect("a graph"), home.join(format!("model.onnx{ending}"))).expect("copy");
        let before = ranges(&server).len();
        assert_eq!(pulled(&store, &network(&server)), graph);
        assert_eq!(ranges(&server).len(), before);
        store.models.remove("minilm").expect("installed");
    }
}

#[test]
fn a_server_without_ranges_starts_over() {
    let (server, graph, path) = hub();
    server.fault(&path, Fault::Cut(1000));
    server.fault(&path, Fault::WholeFile(BYTES));
    assert_eq!(pulled(&Store::new(), &network(&server)), graph);
    assert_eq!(ranges(&server), [None, Some("bytes=1000-".into())]);
}

#[test]
fn wrong_bytes_are_fetched_once_more_and_then_refused() {
    let (server, graph, path) = hub();
    server.fault(&path, Fault::Wrong);
    assert_eq!(pulled(&Store::new(), &network(&server)), graph);
    assert_eq!(ranges(&server), [None, None]);

    let store = Store::new();
    server.fault(&path, Fault::Wrong);
    server.fault(&path, Fault::Wrong);
    let error = store.pull("minilm", &network(&server)).expect_err("wrong twice");
    let inverted: Vec<u8> = graph.iter().map(|byte| !byte).collect();
    let expected = format!("expected sha256 {}, found {} ({BYTES} bytes)", sha256(&graph), sha256(&inverted));
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.message.contains(&expected), "{error}");
    let left = std::fs::read_dir(store.models.folder.join("minilm.partial/onnx")).expect("readable").count();
    assert_eq!((left, store.entries()), (0, vec!["minilm.partial".to_owned()]));
    assert_eq!(pulled(&store, &network(&server)), graph);
}

#[test]
fn small_files_are_checked_like_git_does() {
    let (server, _, path) = hub();
    let tokenizer = path.replace("onnx/model.onnx", "tokenizer.json");
    server.fault(&tokenizer, Fault::Wrong);
    server.fault(&tokenizer, Fault::Wrong);
    let error = Store::new().pull("minilm", &network(&server)).expect_err("wrong twice");
    let expected = format!("expected git blob id {}", git_blob(b"{}"));
    assert!(error.kind == Kind::Corrupt && error.message.contains(&expected), "{error}");
}

#[test]
fn a_part_that_went_bad_on_disk_is_fetched_anew() {
    let (server, graph, path) = hub();
    let store = Store::new();
    server.fault(&path, Fault::Cut(1000));
    store.pull("minilm", &Network { retries: 0, ..network(&server) }).expect_err("it was cut");
    let part = store.models.folder.join("minilm.partial/onnx/model.onnx.part");
    std::fs::write(&part, noise(1000, 8)).expect("writable");
    assert_eq!(pulled(&store, &network(&server)), graph);
    assert_eq!(ranges(&server), [None, Some("bytes=1000-".into()), None]);
}

#[test]
fn a_file_of_another_length_is_refused_at_once() {
    let (server, _, path) = hub();
    // What a portal that wants a login first would send.
    server.put(&path, Resource { body: b"<html>".into(), ..Resource::default() });
    let error = Store::new().pull("minilm", &network(&server)).expect_err("that is no model");
    assert!(error.kind == Kind::Corrupt && error.message.contains("6 bytes instead of 300000"), "{error}");
    assert_eq!(ranges(&server).len(), 1);
    let listing = format!("/api/models/{MINILM}/revision/main?blobs=true");
    server.put(&listing, Resource { body: b"<html>".into(), ..Resource::default() });
    assert_eq!(Store::new().pull("minilm", &network(&server)).expect_err("no listing").kind, Kind::Content);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let (server, graph, path) = hub();
    let listing = format!("/api/models/{MINILM}/revision/main?blobs=true");
    server.fault(&listing, Fault::Status(500, None));
    server.fault(&listing, Fault::Status(503, Some("0")));
    server.fault(&path, Fault::Status(429, Some("1")));
    let started = Instant::now();
    let store = Store::new();
    let (installed, said) = watch(|progress| store.models.pull("minilm", &network(&server), progress));
    installed.expect("it recovers");
    assert_eq!(pulled(&store, &network(&server)), graph);
    assert!(started.elapsed() >= Duration::from_secs(1));
    let retries: Vec<&String> = said.iter().filter(|event| event.starts_with("Retrying")).collect();
    assert_eq!(retries.len(), 3);
    assert!(retries[2].contains("429") && retries[2].contains("wait: 1s"), "{retries:?}");

    server.fault(&path, Fault::Status(503, Some("86400")));
    let error = Store::new().pull("minilm", &network(&server)).expect_err("nobody waits a day");
    assert!(error.hint.expect("a hint").contains("86400 seconds"));
}

#[test]
fn what_cannot_be_had_is_not_asked_for_again() {
    for (status, hint) in [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "check the name")] {
        let (server, _, path) = hub();
        server.fault(&path, Fault::Status(status, None));
        let error = Store::new().pull("minilm", &network(&server)).expect_err("refused");
        assert!(error.kind == Kind::Network && error.message.contains(&status.to_string()), "{error}");
        assert!(error.hint.expect("a hint").contains(hint));
        assert_eq!(ranges(&server).len(), 1);
    }
    let (server, _, path) = hub();
    server.put(&path, Resource { redirect: Some(path.clone()), ..Resource::default() });
    let error = Store::new().pull("minilm", &network(&server)).expect_err("it goes in circles");
    assert!(error.message.contains("too many redirects"), "{error}");
}

#[test]
fn nobody_listens_is_said_at_once() {
    let address = Server::new().url();
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
    for endpoint in
        [format!("http://127.0.0.1:{port}"), "http://nowhere.invalid".into(), "ftp://x".into(), address + "x"]
    {
        let patient = Duration::from_secs(60);
        let network = Network { endpoint, retry_after: patient, ..Network::default() };
        let started = Instant::now();
        let error = Store::new().pull("minilm", &network).expect_err("nobody is there");
        assert!(error.kind == Kind::Network && error.hint.is_some(), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_silent_server_counts_as_cut() {
    let (server, graph, path) = hub();
    server.fault(&path, Fault::Stall(1000, Duration::from_secs(3)));
    let impatient = Network { stall: Duration::from_millis(700), ..network(&server) };
    assert_eq!(pulled(&Store::new(), &impatient), graph);
    assert_eq!(ranges(&server), [None, Some("bytes=1000-".into())]);
}
