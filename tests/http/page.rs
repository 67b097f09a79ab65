//! The search page in a real browser, and the interface under a fuzzer: where these are installed (`tests/run.py` does it).

use std::process::Command;

use super::Server;

/// The command in this variable, or `None` and a word about it.
fn installed(variable: &str, what: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if found.is_none() {
        eprintln!("skipped: {what} is not here ({variable})");
    }
    found
}

#[test]
fn the_page_searches_in_a_browser() {
    let Some(modules) = installed("COGO_TEST_PLAYWRIGHT", "a browser with playwright-core") else { return };
    let server = Server::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/page.mjs");
    let output = Command::new("node").args([script, &modules, &server.address]).output().expect("node runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_fuzzer_finds_no_server_error() {
    let Some(schemathesis) = installed("COGO_TEST_SCHEMATHESIS", "schemathesis") else { return };
    let server = Server::new();
    let examples = std::env::var("COGO_TEST_FUZZ_EXAMPLES").unwrap_or_else(|_| "25".to_owned());
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    let output = Command::new(schemathesis)
        .args(["run", &format!("{}/openapi.json", server.address), "--checks", checks, "--max-examples", &examples])
        .args(["--exclude-path-regex", "/stream|/events", "--phases", "examples,coverage,fuzzing", "--seed", "7"])
        .current_dir(server.folder.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let end: String = said.lines().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
    assert!(output.status.success(), "{end}\n{}", String::from_utf8_lossy(&output.stderr));
}
