//! Indexing on demand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Server, events, write};

/// The last state of a job, by its events.
fn outcome(server: &Server, job: &Value) -> Value {
    let stream = server.get(&format!("/v1/jobs/{}/events", job["id"].as_str().expect("an id")));
    assert_eq!(stream.status, 200, "{}", stream.body);
    let (name, last) = events(&stream.body).pop().expect("an event");
    assert_eq!(name, "end");
    let now = server.get(&format!("/v1/jobs/{}", job["id"].as_str().expect("an id"))).json();
    assert_eq!(now, last);
    last
}

#[test]
fn folders_are_indexed_where_that_is_allowed() {
    let folder = tempfile::tempdir().expect("temp dir");
    let allowed = folder.path().join("allowed");
    write(&allowed.join("library/cache.py"), "def lookup(key):\n    return CACHE[key]\n");
    write(&folder.path().join("private/secret.py"), "def hidden():\n    pass\n");
    let server = Server::with(&["--allow", allowed.to_str().expect("plain")]);
    server.wait();
    let add = |path: &Path| server.post("/v1/repositories", &json!({ "path": path }));
    for outside in
        [folder.path().join("private"), allowed.join("../private"), folder.path().join("nothing"), "/".into()]
    {
        let refused = add(&outside);
        assert_eq!((refused.status, refused.code().as_str()), (403, "forbidden"), "{}", outside.display());
    }
    let added = add(&allowed.join("library"));
    assert_eq!(added.status, 202, "{}", added.body);
    let job = outcome(&server, &added.json());
    assert_eq!(
        (&job["state"], &job["repository"], &job["files_planned"]),
        (&"succeeded".into(), &"library".into(), &1.into())
    );
    let found = server.post("/v1/search", &json!({ "query": "lookup", "repositories": ["library"] })).json();
    assert_eq!(found["hits"][0]["path"], "cache.py");
    // Once more is an update of the same.
    let again = outcome(&server, &add(&allowed.join("library")).json());
    assert_eq!(again["state"], "succeeded");
    assert_eq!(server.get("/v1/repositories").json().as_array().map(Vec::len), Some(2));
    assert_eq!(server.post("/v1/repositories", &json!({})).code(), "bad_request");
    assert_eq!(server.post("/v1/repositories", &json!({ "url": "https://git.example/x" })).code(), "forbidden");
}

#[test]
fn who_listens_hears_of_new_generations() {
    let server = Server::new();
    let response = super::agent().get(format!("{}/v1/events", server.address)).call().expect("the server answers");
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    let mut next = || -> Value {
        let data = lines.find_map(|line| line.expect("text").strip_prefix("data:").map(str::to_owned));
        serde_json::from_str(&data.expect("an event")).expect("JSON")
    };
    let first = next();
    assert_eq!(first["repository"], "shop");
    write(&server.root().join("shop/src/new.rs"), "pub fn brand_new() {}\n");
    let second = next();
    assert_eq!(second["repository"], "shop");
    assert!(second["generation"].as_u64() > first["generation"].as_u64(), "{first} {second}");
    assert_eq!(server.search("brand new")["hits"][0]["path"], "src/new.rs");
}

/// Serves the files below `root` over HTTP, as a web server without any idea of git does.
fn serve_files(root: std::path::PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend(&buffer[..read]),
                }
            }
            let line = String::from_utf8_lossy(&request).into_owned();
            let path = line.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
            let (status, body) = match std::fs::read(root.join(path.trim_start_matches('/'))) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            // git may hang up when it knows enough.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    address
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(folder).args(identity).args(args).output().expect("git runs");
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn git_repositories_are_cloned_where_that_is_allowed() {
    let folder = tempfile::tempdir().expect("temp dir");
    let origin = folder.path().join("origin");
    write(&origin.join("queue.py"), "def push(item):\n    QUEUE.append(item)\n");
    git(&origin, &["init", "--quiet"]);
    git(&origin, &["add", "."]);
    git(&origin, &["commit", "--quiet", "-m", "first"]);
    git(folder.path(), &["clone", "--quiet", "--bare", "origin", "queue.git"]);
    git(&folder.path().join("queue.git"), &["update-server-info"]);
    let address = serve_files(folder.path().to_owned());
    let clones = folder.path().join("clones");
    let server = Server::with(&["--clone-into", clones.to_str().expect("plain")]);
    server.wait();
    let add = |url: &str| server.post("/v1/repositories", &json!({ "url": url }));
    for wrong in ["/etc", "file:///etc", "ext::sh -c id", "--upload-pack=id", "ssh://host/x", "https://a b"] {
        assert_eq!(add(wrong).code(), "bad_request", "{wrong}");
    }
    assert_eq!(add(&format!("{address}/nothing.git")).code(), "git");
    let added = add(&format!("{address}/queue.git"));
    assert_eq!(added.status, 202, "{}", added.body);
    let job = outcome(&server, &added.json());
    assert_eq!(job["state"], "succeeded", "{job}");
    let found = server.post("/v1/search", &json!({ "query": "push", "repositories": [job["repository"]] })).json();
    assert_eq!(found["hits"][0]["path"], "queue.py", "{found}");
}
