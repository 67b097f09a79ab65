//! Many callers, and the end.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Server;

#[test]
fn what_cannot_be_done_is_turned_away_and_the_rest_is_done() {
    let server = Server::with(&["--threads", "1", "--max-waiting", "0"]);
    server.wait();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let call = || {
            let body = json!({ "texts": vec!["a long text about retries of requests ".repeat(200); 50] });
            server.post("/v1/embed", &body)
        };
        let callers: Vec<_> = (0..16).map(|_| scope.spawn(call)).collect();
        callers.into_iter().map(|caller| caller.join().expect("no panic")).collect()
    });
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert_eq!(done + refused.len(), answers.len());
    assert!(done >= 1 && !refused.is_empty(), "{done} done");
    assert!(refused.iter().all(|answer| answer.header("retry-after") == "1" && answer.code() == "overloaded"));
    assert_eq!(server.search("retry")["hits"][0]["path"], "src/retry.rs", "it lives on");
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let server = Server::with(&["--timeout", "1ms", "--max-body", "16MiB"]);
    let started = Instant::now();
    // Slow enough that a busy machine notices in time.
    let slow = json!({ "texts": vec!["a long text about retries of requests ".repeat(200); 1000] });
    let answer = server.post("/v1/embed", &slow);
    assert_eq!((answer.status, answer.code().as_str()), (503, "timeout"));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[cfg(unix)]
#[test]
fn it_ends_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::new();
        let id = server.process.id().to_string();
        assert!(
            std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("kill").success()
        );
        let started = Instant::now();
        let status = loop {
            if let Some(status) = server.process.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(started.elapsed() < Duration::from_secs(10), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(0), "{signal}");
    }
}
