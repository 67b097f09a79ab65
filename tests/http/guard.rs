//! Who may call, and what is refused.

use std::process::Command;

use serde_json::json;

use super::{Server, write};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn strangers_are_refused() {
    let server = Server::new();
    assert_eq!(server.get_with("/v1/repositories", &[("host", "evil.example")]).code(), "forbidden");
    assert_eq!(server.get_with("/v1/repositories", &[("origin", "https://evil.example")]).status, 403);
    let own = server.address.clone();
    assert_eq!(server.get_with("/v1/repositories", &[("origin", &own)]).status, 200);
    let preflight = server.get_with("/v1/repositories", &[("origin", &own)]);
    assert_eq!(preflight.header("access-control-allow-origin"), "", "no origin is allowed by default");
}

#[test]
fn a_token_is_asked_for() {
    let folder = tempfile::tempdir().expect("temp dir");
    let file = folder.path().join("token");
    write(&file, "0123456789abcdef0123\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("chmod");
    }
    let server = Server::with(&["--token-file", file.to_str().expect("plain"), "--origin", "https://good.example"]);
    server.wait();
    let refused = server.get("/v1/repositories");
    assert_eq!(
        (refused.status, refused.code().as_str(), refused.header("www-authenticate")),
        (401, "unauthorized", "Bearer")
    );
    assert_eq!(server.get_with("/v1/repositories", &[("authorization", "Bearer wrong")]).status, 401);
    assert_eq!(server.get("/metrics").status, 401);
    let token = ("authorization", "Bearer 0123456789abcdef0123");
    assert_eq!(server.get_with("/v1/repositories", &[token]).status, 200);
    let allowed = server.get_with("/v1/repositories", &[token, ("origin", "https://good.example")]);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://good.example");
}

#[test]
fn other_machines_need_a_token() {
    let folder = tempfile::tempdir().expect("temp dir");
    let refused = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
        let output = command.arg("serve").args(args).arg(folder.path()).env("HOME", folder.path()).output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    assert!(refused(&["--listen", "0.0.0.0:0"]).contains("--token-file"));
    assert!(refused(&["--listen", "nowhere"]).contains("127.0.0.1:7700"));
    let token = folder.path().join("token");
    write(&token, "short");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = token.to_str().expect("plain");
        std::fs::set_permissions(&token, PermissionsExt::from_mode(0o644)).expect("chmod");
        assert!(refused(&["--token-file", file]).contains("chmod 600"));
        std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).expect("chmod");
        assert!(refused(&["--token-file", file]).contains("16 or more"));
    }
}

#[test]
fn nothing_outside_of_the_index_can_be_read() {
    let server = Server::new();
    write(&server.root().join("secret.txt"), "not for you");
    write(&server.root().join("shop/.env"), "KEY=not for you");
    for path in [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "src/../../secret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        ".env",
        "src/retry.rs%00",
        ".cogo/CURRENT",
        "src\\..\\..\\secret.txt",
    ] {
        let answer = server.get(&format!("/v1/files/{path}"));
        assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.body);
        assert!(!answer.body.contains("not for you"), "{path}");
    }
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let server = Server::with(&["--max-body", "100KiB"]);
    server.wait();
    let refused = |body: &str, code: &str, status: u16| {
        let answer = server.post_with("/v1/search", body, &[JSON]);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body:.80}: {}", answer.body);
    };
    refused("{", "bad_request", 400);
    refused("{}", "bad_request", 400);
    refused("[]", "bad_request", 400);
    refused("\u{0}", "bad_request", 400);
    refused("{\"query\": \" \"}", "bad_request", 400);
    refused("{\"query\": \"x\", \"limit\": 0}", "bad_request", 400);
    refused("{\"query\": \"x\", \"limit\": 100000}", "bad_request", 400);
    refused("{\"query\": \"x\", \"limit\": -1}", "bad_request", 400);
    refused("{\"query\": \"x\", \"mode\": \"magic\"}", "bad_request", 400);
    refused("{\"query\": \"x\", \"languages\": [\"klingon\"]}", "bad_request", 400);
    refused("{\"query\": \"x\", \"kinds\": [\"thing\"]}", "bad_request", 400);
    refused("{\"query\": \"x\", \"paths\": [\"[\"]}", "bad_request", 400);
    refused("{\"query\": \"x\", \"typo\": 1}", "bad_request", 400);
    refused(&json!({ "query": "x".repeat(70_000) }).to_string(), "bad_request", 400);
    refused(&json!({ "query": "x".repeat(200_000) }).to_string(), "too_large", 413);
    let untyped = server.post_with("/v1/search", "{\"query\": \"x\"}", &[]);
    assert_eq!((untyped.status, untyped.code().as_str()), (415, "unsupported_media_type"));
    assert_eq!(server.get("/v1/search").code(), "method_not_allowed");
    assert_eq!(server.get("/v1/nothing").code(), "not_found");
    assert_eq!(server.get("/v1/graph/callers").code(), "bad_request");
    assert_eq!(server.get("/v1/graph/callers?symbol=step&depth=1000").code(), "bad_request");
    assert_eq!(server.get("/v1/jobs/99").code(), "not_found");
    // It still answers.
    assert_eq!(server.search("retry")["hits"][0]["path"], "src/retry.rs");
}

#[test]
fn requests_keep_their_id_and_their_trace() {
    let server = Server::new();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = server.get_with("/healthz", &[("x-request-id", "abc-1"), ("traceparent", trace)]);
    assert_eq!(answer.header("x-request-id"), "abc-1");
    assert!(answer.header("traceparent").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
    assert!(!answer.header("traceparent").contains("00f067aa0ba902b7"));
    assert_ne!(server.get("/healthz").header("x-request-id"), server.get("/healthz").header("x-request-id"));
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("cogo_http_requests_total{method=\"GET\",path=\"/healthz\",status=\"200\"}"), "{metrics}");
    assert!(metrics.contains("cogo_repository_chunks{repository=\"shop\"}"), "{metrics}");
}
