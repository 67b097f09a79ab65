//! What is installed stays what it was: listing, verifying, replacing, removing.

use std::fs;
use std::time::Duration;

use models::{KNOWN, Kind, MANIFEST, Network, State, Verification};

use super::server::{Fault, Server, resolved};
use super::{Store, network, noise, watch};

const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const LATER: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn publish(server: &Server, commit: &str, seed: u64) {
    server.put_repository(MINILM, commit, &[("onnx/model.onnx", &noise(50_000, seed)), ("tokenizer.json", b"{}")]);
}

/// A store with the model, and the hub it came from.
fn installed() -> (Server, Store) {
    let (server, store) = (Server::new(), Store::new());
    publish(&server, COMMIT, 1);
    store.pull("minilm", &network(&server)).expect("the hub is well");
    (server, store)
}

fn graph(store: &Store) -> Vec<u8> {
    let installed = store.models.installed("minilm").expect("installed");
    fs::read(installed.graph().expect("a graph")).expect("readable")
}

#[test]
fn names_lead_nowhere_else() {
    let store = Store::new();
    fs::create_dir_all(store.beside("victim")).expect("create");
    fs::write(store.beside("victim").join(MANIFEST), "{}").expect("write");
    for name in
        ["../victim", "/etc", "a/../../victim", ".", "..", "", "hf:../victim", "hf:a/../../victim", "A", "x.old"]
    {
        let network = Network { endpoint: "http://127.0.0.1:1".into(), ..Network::default() };
        let errors = [
            store.models.path(name).expect_err(name),
            store.models.verify(name, &|_| ()).expect_err(name),
            store.models.remove(name).expect_err(name),
            store.pull(name, &network).expect_err(name),
            store.import(&store.beside("victim"), Some(name)).expect_err(name),
        ];
        assert!(errors.iter().all(|error| error.kind == Kind::Name && error.hint.is_some()), "{name}: {errors:?}");
    }
    assert!(store.beside("victim").exists());
    assert_eq!(store.entries(), [] as [&str; 0]);
}

#[test]
fn the_list_has_what_is_known_and_what_is_here() {
    let (_, store) = installed();
    fs::create_dir_all(store.models.folder.join("bge-small")).expect("create");
    fs::write(store.models.folder.join("bge-small").join(MANIFEST), "{").expect("write");
    fs::create_dir_all(store.models.folder.join("not-ours")).expect("create");
    fs::write(store.models.folder.join("a-file"), "").expect("write");
    let listed = store.models.list().expect("readable");
    let names: Vec<&str> = listed.iter().map(|model| model.name.as_str()).collect();
    let known: Vec<&str> = KNOWN.iter().map(|known| known.name).chain(["runtime"]).collect();
    assert_eq!(names, known);
    for model in &listed {
        let state = match model.name.as_str() {
            "minilm" => State::Installed,
            "bge-small" => State::Damaged,
            _ => State::Available,
        };
        assert_eq!(model.state, state, "{model:?}");
    }
    let minilm = &listed[2];
    assert_eq!((minilm.present, minilm.bytes), (50_002, Some(50_002)));
    assert_eq!(minilm.source, Some(format!("hf:{MINILM}@{COMMIT}")));
    assert!(minilm.installed.is_some() && minilm.license == Some("Apache-2.0"));
    assert_eq!(Store::new().models.list().expect("an empty one is fine").len(), known.len());
    assert_eq!(store.models.path("bge-small").expect_err("damaged").kind, Kind::Corrupt);
    assert_eq!(store.models.path("not-ours").expect_err("not ours").kind, Kind::NotInstalled);
}

#[test]
fn verifying_names_every_difference() {
    let (server, store) = installed();
    let verify = || store.models.verify("minilm", &|_| ()).expect("installed");
    assert_eq!(verify(), Verification { intact: 2, ..Verification::default() });
    let home = store.models.folder.join("minilm");
    fs::write(home.join("onnx/model.onnx"), noise(50_000, 2)).expect("write");
    fs::remove_file(home.join("tokenizer.json")).expect("remove");
    fs::write(home.join("onnx/extra"), "").expect("write");
    let harmed = verify();
    assert_eq!((harmed.intact, harmed.is_whole()), (0, false));
    assert_eq!(harmed.missing, ["tokenizer.json"]);
    assert_eq!(harmed.changed, ["onnx/model.onnx"]);
    assert_eq!(harmed.additional, ["onnx/extra"]);

    store.pull("minilm", &network(&server)).expect("it is repaired");
    assert!(verify().is_whole());
}

#[test]
fn removing_leaves_nothing() {
    let (_, store) = installed();
    store.models.remove("minilm").expect("installed");
    assert_eq!(store.entries(), [] as [&str; 0]);
    for error in [
        store.models.remove("minilm").expect_err("gone"),
        store.models.verify("minilm", &|_| ()).expect_err("gone"),
        store.models.path("minilm").expect_err("gone"),
        Store::new().models.remove("minilm").expect_err("never was"),
    ] {
        assert_eq!(error.kind, Kind::NotInstalled);
        assert_eq!(error.hint.as_deref(), Some("run `cogo model pull minilm`"));
    }
}

#[test]
fn pulling_again_fetches_only_what_is_new() {
    let (server, store) = installed();
    store.pull("minilm", &network(&server)).expect("nothing to do");
    assert_eq!(server.requests("model.onnx").len(), 1);
    publish(&server, LATER, 2);
    server.fault(&resolved(MINILM, LATER, "onnx/model.onnx"), Fault::Cut(100));
    store.pull("minilm", &Network { retries: 0, ..network(&server) }).expect_err("it was cut");
    assert_eq!(graph(&store), noise(50_000, 1));
    store.pull("minilm", &network(&server)).expect("the hub is well");
    assert_eq!(graph(&store), noise(50_000, 2));
    assert_eq!(store.entries(), ["minilm"]);
}

#[test]
fn a_download_of_another_version_is_not_mixed_in() {
    let (server, store) = (Server::new(), Store::new());
    publish(&server, COMMIT, 1);
    server.fault(&resolved(MINILM, COMMIT, "onnx/model.onnx"), Fault::Cut(100));
    store.pull("minilm", &Network { retries: 0, ..network(&server) }).expect_err("it was cut");
    publish(&server, LATER, 2);
    store.pull("minilm", &network(&server)).expect("the hub is well");
    assert_eq!(server.requests(&format!("{LATER}/onnx/model.onnx"))[0].header("range"), None);
    assert_eq!(graph(&store), noise(50_000, 2));
}

/// The moments in which somebody who replaces or removes a model may die, as they look on disk.
#[test]
fn whoever_comes_after_a_crash_cleans_up() {
    let (server, store) = installed();
    let folder = |name: &str| store.models.folder.join(name);
    publish(&server, LATER, 2);
    let other = Store::new();
    other.pull("minilm", &network(&server)).expect("the hub is well");
    let newer = other.models.folder.join("minilm");

    // Everything is there but the last step.
    fs::rename(&newer, folder("minilm.partial")).expect("rename");
    store.pull("minilm", &network(&server)).expect("it is finished");
    assert_eq!((graph(&store), store.entries()), (noise(50_000, 2), vec!["minilm".to_owned()]));

    // The old one is out of the way, the new one not yet in place.
    fs::create_dir(folder("minilm.old")).expect("create");
    fs::rename(folder("minilm"), folder("minilm.partial")).expect("rename");
    let requests = server.requests("onnx/model.onnx").len();
    store.pull("minilm", &network(&server)).expect("it is finished");
    assert_eq!((graph(&store), store.entries()), (noise(50_000, 2), vec!["minilm".to_owned()]));
    assert_eq!(server.requests("onnx/model.onnx").len(), requests);

    // Half removed.
    fs::rename(folder("minilm"), folder("minilm.old")).expect("rename");
    assert_eq!(store.models.path("minilm").expect_err("removed").kind, Kind::NotInstalled);
    assert_eq!(store.models.remove("minilm").expect_err("removed").kind, Kind::NotInstalled);
    assert_eq!(store.entries(), [] as [&str; 0]);
}

#[test]
fn two_pulls_at_once_download_once() {
    let (server, store) = (Server::new(), Store::new());
    publish(&server, COMMIT, 1);
    server.fault(&resolved(MINILM, COMMIT, "onnx/model.onnx"), Fault::Stall(100, Duration::from_millis(1500)));
    let network = network(&server);
    let pull = || watch(|progress| store.models.pull("minilm", &network, progress));
    let ((first, mut said), (second, said_second)) = std::thread::scope(|scope| {
        let other = scope.spawn(pull);
        while server.requests("model.onnx").is_empty() {
            std::thread::yield_now();
        }
        let error = store.models.remove("minilm").expect_err("it is being installed");
        assert_eq!(error.kind, Kind::Busy);
        (pull(), other.join().expect("no panic"))
    });
    assert_eq!(first.expect("it waits"), second.expect("it downloads"));
    said.extend(said_second);
    assert_eq!(said.iter().filter(|event| *event == "Waiting").count(), 1);
    assert_eq!(server.requests("model.onnx").len(), 1);
    assert!(store.models.verify("minilm", &|_| ()).expect("installed").is_whole());
}
