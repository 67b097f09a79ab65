//! What is answered.

use serde_json::{Value, json};

use super::{Server, events, write};

#[test]
fn hits_can_be_read_again_by_their_id() {
    let server = Server::new();
    let found = server.search("where are requests retried");
    let hit = &found["hits"][0];
    assert_eq!((&hit["path"], &hit["symbol"]), (&"src/retry.rs".into(), &"retry_request".into()), "{found}");
    assert_eq!(hit["repository"], "shop");
    let chunk = server.get(&format!("/v1/chunks/{}", hit["id"].as_str().expect("an id"))).json();
    assert_eq!(chunk["start_line"], hit["start_line"]);
    assert!(chunk["text"].as_str().expect("text").contains("pub fn retry_request"), "{chunk}");
    assert_eq!(server.get("/v1/chunks/nonsense").code(), "bad_request");
    // Of a file that has changed, nothing else is given under that id.
    write(&server.root().join("shop/src/retry.rs"), "pub fn other() {}\n");
    let started = std::time::Instant::now();
    loop {
        let answer = server.get(&format!("/v1/chunks/{}", hit["id"].as_str().expect("an id")));
        match answer.status {
            410 => break assert_eq!(answer.code(), "gone"),
            status => assert_eq!(status, 200),
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(30), "changes are not followed");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn searches_are_filtered_and_explained() {
    let server = Server::new();
    let paths = |body: Value| -> Vec<String> {
        let found = server.post("/v1/search", &body).json();
        let hits = found["hits"].as_array().unwrap_or_else(|| panic!("{found}")).iter();
        hits.map(|hit| hit["path"].as_str().expect("a path").to_owned()).collect()
    };
    assert_eq!(paths(json!({ "query": "requests", "languages": ["python"] })), ["src/token_bucket.py"]);
    assert_eq!(paths(json!({ "query": "requests", "paths": ["docs/**"] })), ["docs/guide.md"]);
    assert_eq!(paths(json!({ "query": "take", "mode": "symbol", "kinds": ["method"] })), ["src/token_bucket.py"]);
    assert_eq!(paths(json!({ "query": "requests", "limit": 1, "repositories": ["shop"] })).len(), 1);
    let explained = server.post("/v1/search", &json!({ "query": "retry", "explain": true })).json();
    let terms = explained["hits"][0]["terms"].as_array().expect("terms");
    let sum: f64 = terms.iter().map(|term| term["contribution"].as_f64().expect("a number")).sum();
    assert!((sum - explained["hits"][0]["score"].as_f64().expect("a number")).abs() < 1e-3, "{explained}");
}

#[test]
fn a_stream_ends_with_what_a_search_answers() {
    let server = Server::new();
    let stream = server.post("/v1/search/stream", &json!({ "query": "rate of requests" }));
    assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
    let events = events(&stream.body);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hits", "hits", "final"]);
    let mut retrievers: Vec<&str> =
        events[..2].iter().map(|(_, data)| data["retriever"].as_str().expect("one")).collect();
    retrievers.sort_unstable();
    assert_eq!(retrievers, ["lexical", "semantic"]);
    assert_eq!(events[2].1["hits"], server.search("rate of requests")["hits"]);
}

#[test]
fn related_places_and_context_are_found() {
    let server = Server::new();
    let related = server.post("/v1/related", &json!({ "path": "src/retry.rs", "line": 2 })).json();
    let paths: Vec<&Value> = related["hits"].as_array().expect("hits").iter().map(|hit| &hit["path"]).collect();
    assert!(!paths.is_empty() && !paths.contains(&&"src/retry.rs".into()), "{related}");
    let context = server.post("/v1/context", &json!({ "query": "how are requests retried", "tokens": 300 })).json();
    assert!(
        context["tokens"].as_u64().expect("a number") <= 300 && context["blocks"][0]["level"] == "body",
        "{context}"
    );
    let embedded = server.post("/v1/embed", &json!({ "texts": ["retry a request", ""] })).json();
    let length = |index: usize| -> f64 {
        let vector = embedded["embeddings"][index].as_array().expect("a vector").iter();
        vector.map(|x| x.as_f64().expect("a number").powi(2)).sum()
    };
    assert!((length(0) - 1.0).abs() < 1e-4 && length(1) == 0.0, "{embedded}");
}

#[test]
fn files_are_read_as_they_are_indexed() {
    let server = Server::new();
    let file = server.get("/v1/files/src/retry.rs?start_line=2&end_line=3").json();
    assert_eq!(file["text"], "pub fn retry_request(times: u32) -> bool {\n    step(times)\n");
    assert_eq!((&file["total_lines"], &file["language"]), (&8.into(), &"rust".into()));
    assert_eq!(server.get("/v1/files/src/retry.rs?start_line=90").code(), "bad_request");
    assert_eq!(server.get("/v1/files/src/nothing.rs").code(), "not_found");
}

#[test]
fn the_graph_answers() {
    let server = Server::new();
    let callers = server.get("/v1/graph/callers?symbol=step").json();
    assert_eq!((&callers["found"][0]["name"], &callers["proven"]), (&"retry_request".into(), &1.into()), "{callers}");
    let way = server.get("/v1/graph/path?from=retry_request&to=step").json();
    assert_eq!(way[0]["link"]["tier"], "proven", "{way}");
    let around = server.get("/v1/graph/neighbors?symbol=src/retry.rs&kinds=call").json();
    assert_eq!(around["holds"].as_array().map(Vec::len), Some(2), "{around}");
    let impact = server.post("/v1/graph/impact", &json!({ "places": ["src/retry.rs:7"] })).json();
    assert_eq!(impact["affected"][0]["name"], "retry_request", "{impact}");
    let explained = server.get("/v1/graph/explain?symbol=retry_request").json();
    assert_eq!(explained["summary"], "Sends a request again until it succeeds.");
    assert_eq!(server.get("/v1/graph/overview").json()["files"], 3);
    assert!(server.get("/v1/graph/communities").json()["levels"].is_array());
    assert_eq!(server.post("/v1/graph/ask", &json!({ "question": "how is this organised" })).json()["scope"], "global");
    assert_eq!(server.get("/v1/graph/callers?symbol=nobody").code(), "not_found");
    assert_eq!(server.get("/v1/graph/friends?symbol=step").code(), "not_found");
}

#[test]
fn several_repositories_are_searched_as_one_or_apart() {
    let folder = tempfile::tempdir().expect("temp dir");
    write(&folder.path().join("one/a.py"), "def parse_header(line):\n    return line\n");
    let other = folder.path().join("two");
    write(&other.join("b.py"), "def parse_header(text):\n    return text.split()\n");
    let server = Server::over(folder, "one", &[other.to_str().expect("plain")]);
    server.wait();
    let repositories = |body: Value| -> Vec<String> {
        let found = server.post("/v1/search", &body).json();
        let hits = found["hits"].as_array().unwrap_or_else(|| panic!("{found}")).iter();
        let mut names: Vec<String> = hits.map(|hit| hit["repository"].as_str().expect("a name").to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(repositories(json!({ "query": "parse_header" })), ["one", "two"]);
    assert_eq!(repositories(json!({ "query": "parse_header", "repositories": ["two"] })), ["two"]);
    let unknown = server.post("/v1/search", &json!({ "query": "x", "repositories": ["three"] }));
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "not_found"));
    assert_eq!(server.get("/v1/graph/overview").code(), "bad_request", "which one?");
    assert_eq!(server.get("/v1/graph/overview?repository=two").json()["files"], 1);
}

#[test]
fn the_description_names_every_path_and_every_answer_fits() {
    let server = Server::new();
    let description = server.get("/openapi.json").json();
    assert!(description["openapi"].as_str().expect("a version").starts_with("3.1"));
    let paths = description["paths"].as_object().expect("paths");
    for path in [
        "/v1/search",
        "/v1/search/stream",
        "/v1/chunks/{id}",
        "/v1/files/{path}",
        "/v1/related",
        "/v1/context",
        "/v1/embed",
        "/v1/graph/{question}",
        "/v1/graph/impact",
        "/v1/repositories",
        "/v1/jobs/{id}",
        "/v1/jobs/{id}/events",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    let request = &description["components"]["schemas"]["SearchRequest"];
    assert_eq!(request["required"], json!(["query"]));
    assert_eq!(request["additionalProperties"], false);
    let page = server.get("/docs");
    assert!(page.header("content-security-policy").contains("default-src 'none'"), "{}", page.body);
}
