//! From a healthy hub and index.

use std::io::Write;

use models::{Error, Kind, Network, Proxies, Source};
use zip::write::SimpleFileOptions;

use super::proxy::Proxy;
use super::server::{Resource, Server, resolved};
use super::{Store, library_names, network, noise, sha256, watch};

const MINILM: &str = "sentence-transformers/all-MiniLM-L6-v2";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn a_known_model_is_its_graph_and_what_describes_it() {
    let (server, store) = (Server::new(), Store::new());
    let graph = noise(5000, 1);
    let files: [(&str, &[u8]); 7] = [
        ("README.md", b"read me"),
        ("config.json", b"{}"),
        ("1_Pooling/config.json", b"{\"pooling\": \"mean\"}"),
        ("onnx/model.onnx", &graph),
        ("onnx/model_O4.onnx", b"another graph"),
        ("pytorch_model.bin", b"not for us"),
        ("tokenizer.json", b"{\"model\": {}}"),
    ];
    server.put_repository(MINILM, COMMIT, &files);
    let (installed, said) = watch(|progress| store.models.pull("minilm", &network(&server), progress));
    let installed = installed.expect("the hub is well");
    let paths: Vec<&str> = installed.manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["1_Pooling/config.json", "config.json", "onnx/model.onnx", "tokenizer.json"]);
    assert_eq!(installed.manifest.files[2].sha256, sha256(&graph));
    assert_eq!(installed.graph(), Some(store.models.folder.join("minilm/onnx/model.onnx")));
    assert_eq!(std::fs::read(installed.graph().expect("a graph")).expect("readable"), graph);
    assert_eq!(installed.manifest.source.to_string(), format!("hf:{MINILM}@{COMMIT}"));
    assert_eq!(said[0], format!("Asking {{ what: {MINILM:?} }}"));
    assert_eq!(said[1], "Planned { files: 4, bytes: Some(5034) }");
    assert!(said.contains(&r#"Bytes { file: "onnx/model.onnx", done: 5000, total: Some(5000) }"#.into()), "{said:?}");
    assert_eq!(store.entries(), ["minilm"]);
    for request in server.requests("") {
        assert_eq!(request.header("user-agent"), Some(concat!("cogo/", env!("CARGO_PKG_VERSION"))));
        assert_eq!((request.header("accept-encoding"), request.header("authorization")), (Some("identity"), None));
    }
}

#[test]
fn any_repository_can_be_named() {
    let (server, store) = (Server::new(), Store::new());
    let (weights, tokenizer) = (noise(3000, 2), noise(200, 3));
    let files: [(&str, &[u8]); 4] = [
        ("onnx/model.onnx", b"graph"),
        ("onnx/model.onnx_data", &weights),
        ("onnx/tokenizer.json", &tokenizer),
        ("onnx/model_fp16.onnx", b"graph"),
    ];
    server.put_repository("Some/Model", COMMIT, &files);
    let installed = store.pull("hf:Some/Model", &network(&server)).expect("the hub is well");
    assert_eq!(installed.folder, store.models.folder.join("some--model"));
    let paths: Vec<&str> = installed.manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["onnx/model.onnx", "onnx/model.onnx_data", "onnx/tokenizer.json"]);
    assert_eq!(store.models.path("hf:Some/Model").expect("installed"), installed.folder);

    let listing = server.requests("/api/models/Some/Model/revision/main?blobs=true");
    assert_eq!(listing.len(), 1);
    let error = store.pull("hf:Some/Model@refs/pr/2", &network(&server)).expect_err("no such revision");
    assert_eq!(server.requests("/revision/refs%2Fpr%2F2?blobs=true").len(), 1);
    assert_eq!(error.kind, Kind::Network);
    assert!(error.message.contains("404"), "{error}");
}

#[test]
fn what_cannot_be_trusted_is_not_taken() {
    let server = Server::new();
    let pull = |siblings: serde_json::Value| -> Error {
        let listing = serde_json::json!({"sha": COMMIT, "siblings": siblings}).to_string().into_bytes();
        let path = "/api/models/a/b/revision/main?blobs=true";
        server.put(path, Resource { body: listing, ..Resource::default() });
        Store::new().pull("hf:a/b", &network(&server)).expect_err("it is not taken")
    };
    let blob = "0".repeat(40);
    let tokenizer = serde_json::json!({"rfilename": "tokenizer.json", "size": 1, "blobId": blob});
    let error = pull(serde_json::json!([{"rfilename": "../x.onnx", "size": 1, "blobId": blob}, tokenizer]));
    assert_eq!((error.kind, error.message.contains("bad name `../x.onnx`")), (Kind::Content, true), "{error}");
    let error = pull(serde_json::json!([{"rfilename": "x.onnx", "size": 1}, tokenizer]));
    assert_eq!((error.kind, error.message.contains("no checksum")), (Kind::Content, true), "{error}");
    let error = pull(serde_json::json!([{"rfilename": "x.onnx", "size": 1, "blobId": blob}]));
    assert_eq!(error.message, "`a/b` lacks `tokenizer.json`; found x.onnx");
    let huge = serde_json::json!({"sha256": "0".repeat(64), "size": 1_u64 << 60});
    let error = pull(serde_json::json!([{"rfilename": "x.onnx", "lfs": huge}, tokenizer]));
    assert_eq!((error.kind, error.message.contains("are needed in")), (Kind::Space, true), "{error}");
    assert!(server.requests("x.onnx").is_empty());
}

#[test]
fn the_token_stays_with_the_hub() {
    let (server, elsewhere, store) = (Server::new(), Server::new(), Store::new());
    let graph = noise(1000, 4);
    server.put_repository(MINILM, COMMIT, &[("onnx/model.onnx", &graph), ("tokenizer.json", b"{}")]);
    let redirect = |target: String| Resource { redirect: Some(target), ..Resource::default() };
    server.put(&resolved(MINILM, COMMIT, "onnx/model.onnx"), redirect(format!("{}/blob?signed=1", elsewhere.url())));
    elsewhere.put("/blob?signed=1", Resource { body: graph, ..Resource::default() });
    server.put(&resolved(MINILM, COMMIT, "tokenizer.json"), redirect("/cache/tokenizer".into()));
    server.put("/cache/tokenizer", Resource { body: b"{}".into(), ..Resource::default() });
    let network = Network { token: Some("secret".into()), ..network(&server) };
    store.pull("minilm", &network).expect("redirects are followed");
    let authorized = |server: &Server, ending| server.requests(ending)[0].header("authorization").map(str::to_owned);
    for ending in ["blobs=true", "model.onnx", "/cache/tokenizer"] {
        assert_eq!(authorized(&server, ending).as_deref(), Some("Bearer secret"), "{ending}");
    }
    assert_eq!(authorized(&elsewhere, "/blob?signed=1"), None);
    assert!(!format!("{network:?}").contains("secret"));
}

#[test]
fn everything_goes_through_the_proxy() {
    let server = Server::new();
    let proxy = Proxy::before(server.address);
    server.put_repository(MINILM, COMMIT, &[("onnx/model.onnx", &noise(1000, 5)), ("tokenizer.json", b"{}")]);
    let pull = |user: &str, except: &str, endpoint: &str| {
        let http = Some(format!("http://{user}{}", proxy.address));
        let proxies = Proxies { http, https: None, except: vec![except.into()] };
        let network = Network { endpoint: endpoint.into(), proxies, ..network(&server) };
        Store::new().pull("minilm", &network)
    };
    // Nobody but the proxy can find this host.
    let hub = "http://hub.invalid";
    pull("user:p%40ss@", "other.invalid", hub).expect("the password is right");
    assert_eq!(proxy.tunnels()[0], "hub.invalid:80");
    let through = proxy.tunnels().len();

    let error = pull("user:wrong@", "", hub).expect_err("the password is wrong");
    assert_eq!((error.kind, error.message.contains("407")), (Kind::Network, true), "{error}");
    assert!(!error.message.contains("wrong"), "{error}");
    assert_eq!(pull("user:p%40ss@", "hub.invalid", hub).expect_err("it is not to be used").kind, Kind::Network);
    pull("user:p%40ss@", "127.0.0.1", &server.url()).expect("it can be reached directly");
    assert_eq!(proxy.tunnels().len(), through);
}

#[test]
fn offline_means_that_nothing_is_sent() {
    let server = Server::new();
    let network = Network { offline: true, ..network(&server) };
    for name in ["minilm", "runtime", "hf:a/b"] {
        let error = Store::new().pull(name, &network).expect_err("offline");
        assert_eq!(error.kind, Kind::Offline);
        assert!(error.hint.expect("a hint").contains("COGO_OFFLINE"));
    }
    assert!(server.requests("").is_empty());
}

/// A wheel as the index has it, with a library for this machine.
fn wheel(content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let library = format!("onnxruntime/capi/{}", library_names().0);
    for (path, content) in [
        (library.as_str(), content),
        ("onnxruntime/capi/libonnxruntime_providers_shared.so", b"not for us".as_slice()),
        ("onnxruntime/LICENSE", b"MIT"),
        ("onnxruntime/ThirdPartyNotices.txt", b"many"),
        ("onnxruntime/__init__.py", b""),
    ] {
        zip.start_file(path, SimpleFileOptions::default()).expect("start");
        zip.write_all(content).expect("write");
    }
    zip.finish().expect("finish").into_inner()
}

fn wheel_name(version: &str) -> String {
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "macosx_14_0_arm64".to_owned(),
        ("macos", arch) => format!("macosx_14_0_{arch}"),
        ("windows", _) => "win_amd64".to_owned(),
        (_, arch) => format!("manylinux_2_28_{arch}"),
    };
    format!("onnxruntime-{version}-cp312-cp312-{platform}.whl")
}

#[test]
fn the_runtime_is_taken_out_of_the_newest_wheel() {
    for json in [true, false] {
        let (server, store) = (Server::new(), Store::new());
        let publish = |version: &str| {
            let (name, body) = (wheel_name(version), wheel(&noise(50_000, 6)));
            let hash = sha256(&body);
            server.put(&format!("/packages/{name}"), Resource { body, ..Resource::default() });
            let (body, content_type) = if json {
                let file = serde_json::json!({
                    "filename": name, "url": format!("../../packages/{name}"), "hashes": {"sha256": hash},
                });
                (serde_json::json!({"files": [file]}).to_string(), "application/vnd.pypi.simple.v1+json")
            } else {
                let link = format!("<a href=\"../../packages/{name}#sha256={hash}\">{name}</a>");
                (format!("<!DOCTYPE html><html><body>{link}</body></html>"), "text/html; charset=utf-8")
            };
            let resource = Resource { body: body.into_bytes(), content_type, ..Resource::default() };
            server.put("/simple/onnxruntime/", resource);
        };
        publish("1.98.0");
        let old = store.pull("runtime", &network(&server)).expect("the index is well");
        let paths: Vec<&str> = old.manifest.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["LICENSE", "ThirdPartyNotices.txt", library_names().0]);
        assert_eq!(old.library(), Some(store.models.folder.join("runtime").join(library_names().0)));
        assert_eq!(std::fs::read(old.library().expect("a library")).expect("readable"), noise(50_000, 6));
        publish("1.99.0");
        let new = store.pull("runtime", &network(&server)).expect("the index is well");
        assert_eq!(new.manifest.source.to_string(), "pypi:onnxruntime==1.99.0");
        assert!(matches!(new.manifest.source, Source::Pypi { wheel, .. } if wheel == wheel_name("1.99.0")));
        assert_eq!(store.entries(), ["runtime"]);
        assert!(store.models.verify("runtime", &|_| ()).expect("installed").is_whole());
    }
}
