//! The protocol itself: definitions, readiness, broken input, cancelling, resources, prompts, HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use cogo::tokens::estimate;
use rag_core::Store;
use serde_json::{Value, json};

use super::{Session, cogo, repository, write};

#[test]
fn the_definitions_cost_less_than_1500_tokens() {
    let root = repository();
    let mut session = Session::start(root.path());
    let tools = session.ask("tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<&str> = tools.as_array().expect("a list").iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names, ["search", "read", "graph", "overview", "impact", "status"]);
    for tool in tools.as_array().expect("a list") {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
    }
    let json = tools.to_string();
    let tokenizer = concat!(env!("CARGO_MANIFEST_DIR"), "/rag-core/model/tokenizer.json");
    let tokenizer = tokenizers::Tokenizer::from_file(tokenizer).expect("the bundled tokenizer");
    let counted = tokenizer.encode(json.as_str(), false).expect("encode").len();
    let tokens = counted.max((json.len() as f64 / 3.5).ceil() as usize).max(estimate(&json));
    assert!(tokens < 1500, "{tokens} tokens (tokenizer {counted}, {} bytes)", json.len());
}

#[test]
fn tools_are_listed_at_once_and_an_index_is_waited_for_only_a_little() {
    let root = repository();
    let index = root.path().join(".cogo");
    std::fs::create_dir(&index).expect("create");
    // Another process is writing the first index, and takes its time.
    let lock = Store::new(&index).lock(false).expect("nobody has it");
    let started = Instant::now();
    let mut session = Session::start(root.path());
    session.ask("tools/list", json!({}));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let started = Instant::now();
    let text = session.answer("status", json!({}));
    assert!(started.elapsed() < Duration::from_secs(1), "status does not wait: {:?}", started.elapsed());
    assert!(text.contains("the index is being made"), "{text}");
    let text = session.refusal("search", json!({ "query": "rate of requests" }));
    assert!(text.contains("by another process") && text.contains("Next: ask again"), "{text}");
    assert!((2..10).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    drop(lock);
    let found = (0..20).any(|_| !session.call("search", json!({ "query": "rate of requests" })).1);
    assert!(found, "the index is made as soon as the other process is done");
}

#[test]
fn broken_input_is_survived_and_the_end_of_it_is_the_end() {
    let root = repository();
    let mut session = Session::start(root.path());
    for line in ["{", "no json", "", "[]", "{\"jsonrpc\":\"2.0\",\"method\":3}", "\u{0}", "{\"jsonrpc\":\"2.0\"}"] {
        session.send(line);
    }
    let long = json!({ "jsonrpc": "2.0", "id": 77, "method": "ping", "params": { "x": "x".repeat(5 << 20) } });
    session.send(&long.to_string());
    let answer = session.ask("no/such/method", json!({}));
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
    assert!(session.answer("search", json!({ "query": "rate of requests" })).contains("token_bucket.py"));
    assert_eq!(session.end(), Some(0));
    // A client that goes without a word is no error.
    assert_eq!(Session::spawn(cogo(root.path()).arg("mcp").arg(root.path())).end(), Some(0));
}

#[test]
fn a_cancelled_call_does_not_hold_up_the_next() {
    let root = repository();
    std::fs::create_dir(root.path().join(".cogo")).expect("create");
    let lock = Store::new(root.path().join(".cogo")).lock(false).expect("nobody has it");
    let mut session = Session::start(root.path());
    // All of these wait for an index that does not come.
    let ids: Vec<u64> = (0..20)
        .map(|_| session.request("tools/call", json!({ "name": "search", "arguments": { "query": "x" } })))
        .collect();
    for id in &ids {
        let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
        session.send(&cancel.to_string());
    }
    let started = Instant::now();
    session.answer("status", json!({}));
    session.ask("ping", json!({}));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    drop(lock);
    assert_eq!(session.end(), Some(0));
}

#[test]
fn the_repository_is_the_clients_first_root() {
    let (root, elsewhere) = (repository(), tempfile::tempdir().expect("temp dir"));
    let mut session = Session::spawn(cogo(elsewhere.path()).arg("mcp").current_dir(elsewhere.path()));
    session.greet(json!({ "roots": {} }));
    let question = session.receive();
    assert_eq!(question["method"], "roots/list", "{question}");
    let uri = format!("file://{}", root.path().to_str().expect("UTF-8"));
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [{ "uri": uri }] } });
    session.send(&answer.to_string());
    assert!(session.answer("search", json!({ "query": "rate of requests" })).contains("src/token_bucket.py"));
    drop(session);
    // The home folder is not indexed because an editor was started there.
    let mut session = Session::spawn(cogo(elsewhere.path()).arg("mcp").current_dir(elsewhere.path()));
    session.greet(json!({}));
    let text = session.refusal("search", json!({ "query": "x" }));
    assert!(text.contains("is no repository"), "{text}");
    assert!(!elsewhere.path().join(".cogo").exists());
}

#[test]
fn resources_and_prompts_are_answered() {
    let root = repository();
    write(root.path(), "README.md", "# Limits\n");
    write(root.path(), "src/a b.py", "first = 1\nsecond = 2\nthird = 3\n");
    let mut session = Session::start(root.path());
    session.answer("search", json!({ "query": "x" }));
    let list = session.ask("resources/list", json!({}))["result"]["resources"].clone();
    let uris: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|one| one["uri"].as_str()).collect();
    assert_eq!(uris[..3], ["cogo://overview", "cogo://status", "cogo://file/README.md"]);
    assert!(uris.contains(&"cogo://file/src/token_bucket.py"), "{uris:?}");
    let mut read =
        |uri: &str| session.ask("resources/read", json!({ "uri": uri }))["result"]["contents"][0]["text"].clone();
    assert_eq!(read("cogo://file/src/a%20b.py#L2-L3"), "second = 2\nthird = 3\n");
    assert_eq!(read("cogo://file/README.md"), "# Limits\n");
    assert!(read("cogo://overview").as_str().expect("text").contains("python"));
    assert!(read("cogo://status").as_str().expect("text").contains("up to date"));
    for uri in ["cogo://file/README.md#Lx", "cogo://nothing", "http://x"] {
        let answer = session.ask("resources/read", json!({ "uri": uri }));
        assert!(answer["error"].is_object(), "{uri}: {answer}");
    }
    let prompts = session.ask("prompts/list", json!({}))["result"]["prompts"].clone();
    let names: Vec<&str> = prompts.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["onboard", "explain-symbol", "review-diff"]);
    let diff = "--- a/src/token_bucket.py\n+++ b/src/token_bucket.py\n@@ -5,1 +5,1 @@\n-a\n+b\n";
    for (name, arguments, holds) in [
        ("onboard", json!({}), "python"),
        ("explain-symbol", json!({ "symbol": "TokenBucket" }), "Limits the rate of requests."),
        ("review-diff", json!({ "diff": diff }), "test_serve"),
    ] {
        let answer = session.ask("prompts/get", json!({ "name": name, "arguments": arguments }));
        let text = answer["result"]["messages"][0]["content"]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(text.contains(holds), "{name}: {text}");
    }
    let answer = session.ask("prompts/get", json!({ "name": "explain-symbol" }));
    assert!(answer["error"]["message"].as_str().expect("text").contains("needs `symbol`"), "{answer}");
}

/// `cogo mcp --http`, on a port of its own.
pub(super) struct HttpServer {
    child: Child,
    pub address: SocketAddr,
}

impl HttpServer {
    pub(super) fn start(root: &std::path::Path, more: &[&str]) -> Self {
        let mut command = cogo(root);
        command.arg("mcp").arg(root).args(["--http", "127.0.0.1:0"]).args(more);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("run cogo");
        let mut said = String::new();
        let mut stderr = std::io::BufReader::new(child.stderr.take().expect("it is piped"));
        std::io::BufRead::read_line(&mut stderr, &mut said).expect("it says where it listens");
        let address = said.split("http://").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok());
        HttpServer { child, address: address.unwrap_or_else(|| panic!("{said}")) }
    }

    /// Posts `tools/list`; the status and the body.
    fn post(&self, headers: &str) -> (u16, String) {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
        let mut stream = TcpStream::connect(self.address).expect("connect");
        let request = format!(
            "POST /mcp HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
             Connection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.unwrap_or_else(|| panic!("{answer}")), answer)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        // It has ended already, if the test went wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn http_serves_this_machine_and_those_who_have_the_token() {
    let root = repository();
    let server = HttpServer::start(root.path(), &[]);
    let local = format!("Host: {}\r\n", server.address);
    let (status, body) = server.post(&local);
    assert!(status == 200 && body.contains("\"impact\""), "{body}");
    assert_eq!(server.post(&format!("{local}Origin: http://localhost:3000\r\n")).0, 200);
    assert_eq!(server.post(&format!("{local}Origin: https://evil.example\r\n")).0, 403);
    assert_eq!(server.post(&format!("{local}Origin: null\r\n")).0, 403);
    assert_eq!(server.post("Host: evil.example\r\n").0, 403);
    drop(server);
    let token = "0123456789abcdef";
    let server = HttpServer::start(root.path(), &["--token", token]);
    let local = format!("Host: {}\r\n", server.address);
    assert_eq!(server.post(&local).0, 401);
    assert_eq!(server.post(&format!("{local}Authorization: Bearer 0123456789abcdeF\r\n")).0, 401);
    assert_eq!(server.post(&format!("{local}Authorization: Bearer {token}\r\n")).0, 200);
    assert_eq!(
        server.post(&format!("{local}Authorization: Bearer {token}\r\nOrigin: https://evil.example\r\n")).0,
        403
    );
    drop(server);
    for more in [&[][..], &["--token", "short"]] {
        let refused = cogo(root.path()).arg("mcp").arg(root.path()).args(["--http", "0.0.0.0:0"]).args(more).output();
        let refused = refused.expect("run cogo");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && said.contains("needs a token"), "{said}");
    }
}

#[test]
fn the_newest_protocol_needs_no_greeting() {
    let root = repository();
    let mut session = Session::spawn(cogo(root.path()).arg("mcp").arg(root.path()));
    let meta: Value = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let answer = session.ask("server/discover", json!({ "_meta": meta }));
    assert!(answer["result"]["supportedVersions"].to_string().contains("2026-07-28"), "{answer}");
    let call = json!({ "name": "search", "arguments": { "query": "rate of requests" }, "_meta": meta });
    let answer = session.ask("tools/call", call);
    assert!(answer["result"]["content"][0]["text"].to_string().contains("token_bucket.py"), "{answer}");
}
