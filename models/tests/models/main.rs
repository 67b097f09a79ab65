//! Models as a user of the library gets them: from a hub and an index that misbehave, and from archives that do.

/// Folders, archives and libraries that were carried here.
mod importing;
/// What is installed stays what it was: listing, verifying, replacing, removing.
mod keeping;
/// No tests: a proxy.
mod proxy;
/// From a healthy hub and index.
mod pulling;
/// Cut connections, wrong bytes, changed files, busy servers.
mod resuming;
/// No tests: a hub and an index.
mod server;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use models::{Error, Event, Installed, Kind, ModelStore, Network, Progress};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use server::Server;

/// A store in a temporary folder.
struct Store {
    folder: TempDir,
    models: ModelStore,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let models = ModelStore::new(folder.path().join("models"));
        Store { folder, models }
    }

    fn pull(&self, name: &str, network: &Network) -> Result<Installed, Error> {
        self.models.pull(name, network, &|_| ())
    }

    fn import(&self, path: &Path, name: Option<&str>) -> Result<Installed, Error> {
        self.models.import(path, name, &|_| ())
    }

    /// A path beside the models.
    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything in the folder of models but the locks, sorted.
    fn entries(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.models.folder) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"));
        let mut names: Vec<String> = names.filter(|name| name != ".locks").collect();
        names.sort();
        names
    }
}

/// A network of which only `server` is part, and which does not wait long.
fn network(server: &Server) -> Network {
    Network {
        endpoint: server.url(),
        pypi: server.url(),
        retries: 3,
        retry_after: Duration::ZERO,
        stall: Duration::from_secs(5),
        ..Network::default()
    }
}

/// Runs `action` and collects what it says about its progress.
fn watch<T>(action: impl FnOnce(&Progress) -> T) -> (T, Vec<String>) {
    let said = Mutex::new(Vec::new());
    let result = action(&|event: Event| said.lock().expect("no panic").push(format!("{event:?}")));
    (result, said.into_inner().expect("no panic"))
}

/// Bytes that look like nothing else.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The name of the ONNX Runtime library on the machine that runs the tests, and on one that does not.
fn library_names() -> (&'static str, &'static str) {
    match std::env::consts::OS {
        "macos" => ("libonnxruntime.1.99.0.dylib", "onnxruntime.dll"),
        "windows" => ("onnxruntime.dll", "libonnxruntime.so.1.99.0"),
        _ => ("libonnxruntime.so.1.99.0", "onnxruntime.dll"),
    }
}

#[test]
fn the_real_runtime_is_pulled() {
    let store = Store::new();
    let network = Network { retries: 0, ..Network::from_env() };
    let installed = match store.pull("runtime", &network) {
        Err(error) if matches!(error.kind, Kind::Network | Kind::Offline) => {
            return println!("skipped: the_real_runtime_is_pulled: {error}");
        }
        installed => installed.expect("the index can be reached"),
    };
    assert!(installed.library().expect("a library").is_file());
    assert!(store.models.verify("runtime", &|_| ()).expect("readable").is_whole());
    assert_eq!(store.pull("runtime", &network).expect("it is the newest"), installed);
}
