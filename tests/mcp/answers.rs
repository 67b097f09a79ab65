//! What the tools answer: places to cite, limits, what to do next, and nothing that may not be read.

use cogo::tokens::estimate;
use serde_json::json;

use super::{Session, repository, write};

#[test]
fn every_tool_answers_with_places_and_what_to_do_next() {
    let root = repository();
    let mut session = Session::start(root.path());
    let text = session.answer("search", json!({ "query": "limits the rate of requests" }));
    assert!(text.starts_with("1. src/token_bucket.py:1-6 TokenBucket (class)\n1\tclass TokenBucket:\n"), "{text}");
    assert!(text.lines().last().expect("lines").starts_with("Next: read src/token_bucket.py:1-6"), "{text}");
    let text = session.answer("search", json!({ "query": "requests", "paths": ["docs/**"] }));
    assert!(text.starts_with("1. docs/guide.md:1-3") && !text.contains("src/"), "{text}");
    let text = session.answer("read", json!({ "place": "TokenBucket.take" }));
    assert!(text.starts_with("src/token_bucket.py:4-6 of 6 lines\n4\t    def take(self, tokens):\n"), "{text}");
    assert!(text.ends_with("Next: graph TokenBucket.take callers\n"), "{text}");
    let text = session.answer("graph", json!({ "symbol": "TokenBucket.take", "relation": "callers" }));
    assert!(text.contains("1 proven, 0 possible\nsrc/server.py:4-7 serve (function) at line 7\n"), "{text}");
    let text = session.answer("graph", json!({ "symbol": "TokenBucket.take", "relation": "tests" }));
    assert!(text.contains("tests/test_server.py:4-5 test_serve (function)"), "{text}");
    let text = session.answer("graph", json!({ "symbol": "test_serve", "relation": "path", "to": "TokenBucket.take" }));
    let places: Vec<&str> = text.lines().filter(|line| line.contains(".py:")).collect();
    assert_eq!(places.len(), 4, "three stations, and the next step: {text}");
    let text = session.answer("graph", json!({ "symbol": "TokenBucket" }));
    assert!(text.contains("Limits the rate of requests.") && text.contains("used by: "), "{text}");
    let text = session.answer("graph", json!({ "symbol": "src/token_bucket.py", "relation": "neighbors" }));
    assert!(text.contains("holds (1)") && text.contains("used by"), "{text}");
    let text = session.answer("overview", json!({}));
    assert!(text.contains("4 files") && text.contains("python 3"), "{text}");
    let text = session.answer("overview", json!({ "path": "src/token_bucket.py" }));
    assert!(text.contains("  1-6 TokenBucket (class): Limits the rate of requests.\n    4-6 take (method)"), "{text}");
    assert!(session.answer("overview", json!({ "path": "src/" })).contains("src/server.py"));
    let by_place = session.answer("impact", json!({ "places": ["src/token_bucket.py:5"] }));
    assert!(by_place.contains("tests to run (") && by_place.contains("test_serve"), "{by_place}");
    let diff = "--- a/src/token_bucket.py\n+++ b/src/token_bucket.py\n@@ -5,1 +5,1 @@\n-a\n+b\n";
    assert_eq!(session.answer("impact", json!({ "diff": diff })), by_place);
    let text = session.answer("status", json!({}));
    assert!(text.contains("4 files") && text.contains("up to date"), "{text}");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn answers_keep_to_their_limit_and_are_the_same_for_the_same_question() {
    let root = tempfile::tempdir().expect("temp dir");
    crate::repository::fill(root.path(), 60);
    let calls = "def caller_{n}():\n    return target()\n\n\n";
    let callers: String = (0..80).map(|n| calls.replace("{n}", &n.to_string())).collect();
    write(root.path(), "lib/many.py", &format!("def target():\n    return 1\n\n\n{callers}"));
    let mut session = Session::start(root.path());
    let questions = [
        ("search", json!({ "query": "how is a request retried when the session store is full", "limit": 20 })),
        ("read", json!({ "place": "lib/many.py" })),
        ("graph", json!({ "symbol": "target", "relation": "callers" })),
        ("graph", json!({ "symbol": "target" })),
        ("graph", json!({ "symbol": "lib/many.py", "relation": "neighbors" })),
        ("overview", json!({})),
        ("overview", json!({ "path": "lib" })),
        ("overview", json!({ "path": "lib/many.py" })),
        ("impact", json!({ "places": ["lib/many.py:1-2"] })),
    ];
    for (tool, mut arguments) in questions {
        for limit in [200, 500, 1200] {
            arguments["max_tokens"] = json!(limit);
            let text = session.answer(tool, arguments.clone());
            assert!(estimate(&text) <= limit, "{tool} {arguments}: {} tokens\n{text}", estimate(&text));
            assert!(text.contains("\nNext: "), "{tool} {arguments}: {text}");
            assert_eq!(session.answer(tool, arguments.clone()), text, "{tool} {arguments}");
        }
    }
    let text = session.answer("graph", json!({ "symbol": "target", "relation": "callers", "max_tokens": 300 }));
    assert!(text.contains("80 proven") && text.contains(" more: raise max_tokens"), "{text}");
    let text = session.answer("read", json!({ "place": "lib/many.py", "max_tokens": 400 }));
    let next = text.rsplit_once("Next: read ").expect("there is more").1.trim().to_owned();
    assert!(text.contains("outline:") && text.contains("lines shown"), "{text}");
    let rest = session.answer("read", json!({ "place": next }));
    assert!(rest.starts_with(&next), "it goes on where it ended: {next}\n{rest}");
    assert!(session.refusal("search", json!({ "query": "x", "max_tokens": 10 })).contains("200 to 20000"));
}

#[test]
fn what_is_secret_ignored_or_outside_cannot_be_read() {
    let root = repository();
    let outside = tempfile::tempdir().expect("temp dir");
    write(outside.path(), "outside.py", "OUTSIDE = 1\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path(), root.path().join("link")).expect("link");
    let mut session = Session::start(root.path());
    let outside = outside.path().join("outside.py");
    let outside = outside.to_str().expect("UTF-8");
    for place in
        ["ignored.py", "id_rsa", "../x.py", "src/../../x.py", "/etc/passwd", outside, "link/outside.py", ".git/config"]
    {
        let text = session.refusal("read", json!({ "place": place }));
        assert!(!text.contains("OPENSSH") && !text.contains("OUTSIDE") && !text.contains("IGNORED"), "{place}: {text}");
        let uri = format!("cogo://file/{}", place.trim_start_matches('/'));
        let answer = session.ask("resources/read", json!({ "uri": uri }));
        assert!(answer["error"]["message"].is_string(), "{place}: {answer}");
    }
    assert!(session.refusal("read", json!({ "place": "../x.py" })).contains("outside of the repository"));
    for (tool, arguments) in [
        ("impact", json!({ "places": ["../x.py"] })),
        ("overview", json!({ "path": "../" })),
        ("overview", json!({ "path": "/etc" })),
    ] {
        assert!(session.refusal(tool, arguments).contains("outside of the repository"));
    }
    // A path that is written in full is one of ours if it lies below the root.
    let full = root.path().canonicalize().expect("it exists").join("src/server.py");
    let text = session.answer("read", json!({ "place": full.to_str().expect("UTF-8") }));
    assert!(text.starts_with("src/server.py:1-7\n"), "{text}");
}

#[test]
fn mistakes_are_answered_with_help() {
    let root = repository();
    let mut session = Session::start(root.path());
    let text = session.refusal("graph", json!({ "symbol": "TokenBuckett" }));
    assert!(text.contains("near: src/token_bucket.py:1-6 TokenBucket (class)"), "{text}");
    let text = session.refusal("read", json!({ "place": "src/token_buckett.py" }));
    assert!(text.contains("near: src/token_bucket.py"), "{text}");
    let text = session.refusal("search", json!({ "query": "x", "lang": "pyton" }));
    assert!(text.contains("did you mean `python`?"), "{text}");
    assert!(session.refusal("search", json!({})).contains("missing field `query`"));
    assert!(session.refusal("search", json!({ "query": "x", "k": 1 })).contains("unknown field `k`"));
    assert!(session.refusal("search", json!({ "query": " " })).contains("`query` is empty"));
    assert!(session.refusal("search", json!({ "query": "x".repeat(30_000) })).contains("longer than 20000"));
    assert!(session.refusal("graph", json!({ "symbol": "serve", "relation": "path" })).contains("needs `to`"));
    assert!(session.refusal("impact", json!({})).contains("`places`"));
    assert!(session.refusal("impact", json!({ "places": ["src/server.py:x"] })).contains("is no place"));
    assert!(session.refusal("dance", json!({})).contains("no tool `dance`"));
    let long = session.answer("read", json!({ "place": "src/server.py:500-600" }));
    assert!(long.contains("the file has 7 lines"), "{long}");
    assert_eq!(
        session.answer("search", json!({ "query": "zzzqqq", "mode": "lexical" })).lines().next(),
        Some("nothing found")
    );
    write(root.path(), "src/other.py", "def serve():\n    return 2\n");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let text = session.refusal("graph", json!({ "symbol": "serve" }));
    assert!(text.contains("may mean 2 things") && text.contains("src/other.py:1-2 serve"), "{text}");
}

#[test]
fn a_file_is_read_as_it_is_now() {
    let root = repository();
    let mut session = Session::start(root.path());
    session.answer("read", json!({ "place": "src/server.py" }));
    for round in 0..5 {
        write(root.path(), "src/server.py", &format!("def serve_{round}():\n    return {round}\n"));
        let text = session.answer("read", json!({ "place": "src/server.py" }));
        assert!(text.contains(&format!("def serve_{round}():")), "{text}");
        write(root.path(), &format!("src/new_{round}.py"), "NEW = 1\n");
        session.answer("read", json!({ "place": format!("src/new_{round}.py") }));
    }
}
