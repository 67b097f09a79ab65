//! `cogo serve` on a database: no index, no state.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::database::{Database, Mirrored, origin};
use super::proxy::Proxy;
use crate::http::Server;
use crate::repository::write_file;

/// Hits as path, line and score.
fn places(found: &Value) -> Vec<(String, u64, f64)> {
    let place =
        |hit: &Value| Some((hit["path"].as_str()?.to_owned(), hit["start_line"].as_u64()?, hit["score"].as_f64()?));
    found["hits"].as_array().expect("hits").iter().map(|hit| place(hit).expect("a hit")).collect()
}

fn serve(url: &str, args: &[&str]) -> Server {
    let server = Server::at(tempfile::tempdir().expect("temp dir"), url, args);
    server.wait();
    server
}

#[test]
fn servers_without_an_index_answer_like_the_one_with_it() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 30);
    mirrored.sync();
    let servers = [serve(&database.url(), &[]), serve(&database.url(), &["--repo", "repository"])];
    let root = mirrored.root();
    let index = Server::at(tempfile::tempdir().expect("temp dir"), root.to_str().expect("UTF-8"), &[]);
    index.wait();
    let expected = index.search("cache lookup");
    for server in &servers {
        let found = server.search("cache lookup");
        assert_eq!(places(&found), places(&expected));
        let hit = &found["hits"][0];
        assert_eq!(hit["repository"], "repository");
        let id = hit["id"].as_str().expect("an id");
        // An id of one server is good for all.
        let piece = servers[0].get(&format!("/v1/chunks/{id}"));
        assert_eq!(piece.status, 200, "{}", piece.body);
        assert_eq!(piece.json()["path"], hit["path"]);
        let file = server.get(&format!("/v1/files/{}", hit["path"].as_str().expect("a path")));
        assert_eq!((file.status, &file.json()["language"]), (200, &hit["language"]));
        assert_eq!(server.get("/v1/files/nowhere").status, 404);
        let known = &server.get("/v1/repositories").json()[0];
        let (generation, counts) = (mirrored.snapshot.manifest.generation, &mirrored.snapshot.manifest.counts);
        assert_eq!((&known["ready"], &known["generation"]), (&true.into(), &generation.into()));
        assert_eq!((&known["files"], &known["lines"]), (&counts.files.into(), &counts.lines.into()));
        assert!(!known["root"].as_str().expect("a place").contains("postgres@"), "{known}");
        let context = server.post("/v1/context", &json!({ "query": "cache lookup", "tokens": 500 }));
        assert!(context.status == 200 && !context.json()["blocks"].as_array().expect("blocks").is_empty());
        let stream = server.post("/v1/search/stream", &json!({ "query": "cache lookup" }));
        let events = crate::http::events(&stream.body);
        assert_eq!(events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["hits", "hits", "final"]);
        assert_eq!(places(&events[2].1), places(&expected));
        assert!(server.get("/metrics").body.contains("cogo_repository_chunks"));
        // What is missing is said, with what to do.
        for (path, body) in [
            ("/v1/related", json!({ "path": "docs/file_2.md", "line": 1 })),
            ("/v1/graph/ask", json!({ "question": "x" })),
        ] {
            let answer = server.post(path, &body);
            assert_eq!((answer.status, answer.code().as_str()), (501, "mirror"), "{path}: {}", answer.body);
            assert!(answer.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains("--neo4j")));
        }
    }
    // Two repositories: both, or the one that is named.
    Mirrored::named(&database.url(), 9, origin("default", "another")).sync();
    let both = serve(&database.url(), &[]);
    let all = both.post("/v1/search", &json!({ "query": "cache lookup", "limit": 40 }));
    let of = |found: &Value, name: &str| {
        found["hits"].as_array().expect("hits").iter().filter(|hit| hit["repository"] == name).count()
    };
    assert!(of(&all.json(), "another") > 0 && of(&all.json(), "repository") > 0);
    let one = both.post("/v1/search", &json!({ "query": "cache lookup", "repositories": ["repository"] }));
    assert_eq!(places(&one.json()), places(&expected));
}

#[test]
fn a_sync_elsewhere_is_seen_at_once_and_told() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 12);
    mirrored.sync();
    let server = serve(&database.url(), &[]);
    let old = server.search("zeppelin harbour");
    let id = server.search("cache lookup")["hits"][0]["id"].as_str().expect("an id").to_owned();
    let events = ureq::get(format!("{}/v1/events", server.address)).call().expect("events");
    let mut lines = BufReader::new(events.into_body().into_reader()).lines();
    let mut next = || loop {
        let line = lines.next().expect("a line").expect("text");
        if let Some(data) = line.strip_prefix("data:") {
            return serde_json::from_str::<Value>(data).expect("JSON")["generation"].as_u64();
        }
    };
    assert_eq!(next(), Some(mirrored.snapshot.manifest.generation));
    std::fs::write(mirrored.root().join("docs/harbour.md"), "# Harbour\n\nWhere a zeppelin lands.\n").expect("write");
    (0..12).for_each(|number| write_file(&mirrored.root(), number, 1));
    mirrored.index();
    mirrored.sync();
    let new = server.search("zeppelin harbour");
    assert_ne!(places(&old), places(&new));
    assert_eq!(new["hits"][0]["path"], "docs/harbour.md");
    assert_eq!(server.get(&format!("/v1/chunks/{id}")).status, 410, "the file has changed");
    assert_eq!(next(), Some(mirrored.snapshot.manifest.generation));
}

#[test]
fn a_database_that_is_away_is_said_at_once_and_found_again() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 12);
    mirrored.sync();
    let lifetime = Duration::from_millis(300);
    let proxy = Proxy::new(database.place(), lifetime);
    let port = proxy.port;
    let server = serve(&database.url_through(port), &[]);
    let expected = places(&server.search("cache lookup"));
    // Connections end all the time, and nobody notices.
    for _ in 0..20 {
        assert_eq!(places(&server.search("cache lookup")), expected);
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(proxy);
    std::thread::sleep(2 * lifetime);
    let started = Instant::now();
    let answer = server.post("/v1/search", &json!({ "query": "cache lookup" }));
    assert_eq!((answer.status, answer.code().as_str()), (503, "environment"), "{}", answer.body);
    assert!(answer.body.contains("cannot be reached") && !answer.header("retry-after").is_empty(), "{}", answer.body);
    assert_eq!(server.get("/readyz").status, 503);
    assert_eq!(server.get("/healthz").status, 200);
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    let _proxy = Proxy::at(port, database.place(), lifetime);
    assert_eq!(places(&server.search("cache lookup")), expected);
    assert_eq!(server.get("/readyz").status, 200);
}
