//! The official SDKs as clients. They are fetched once, into the folder of the build.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::protocol::HttpServer;
use super::{repository, scripts};

/// One at a time: both would install into the same folder.
static PREPARING: Mutex<()> = Mutex::new(());

/// The program that runs clients of an SDK; says so if the SDK cannot be had.
fn sdk(kind: &str, test: &str) -> Option<(PathBuf, PathBuf)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-clients");
    let _one = PREPARING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let done = Command::new("python3").arg(scripts().join("prepare.py")).arg(kind).arg(&folder).output();
    match done {
        Ok(done) if done.status.success() => {
            let program = String::from_utf8(done.stdout).expect("a path");
            Some((program.trim().into(), folder))
        }
        Ok(done) => {
            println!("skipped: {test}: {}", String::from_utf8_lossy(&done.stderr).trim());
            None
        }
        Err(error) => {
            println!("skipped: {test}: python3: {error}");
            None
        }
    }
}

/// Runs a client and checks everything that the server told it.
fn check(command: &mut Command) {
    let output = command.output().expect("run the client");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let text = |key: &str| report[key].as_str().unwrap_or_else(|| panic!("{report}")).to_owned();
    assert_eq!(report["tools"].as_array().expect("a list").len(), 6, "{report}");
    assert!(text("search").starts_with("1. src/token_bucket.py:1-6 TokenBucket (class)"), "{report}");
    assert_eq!(report["unknown"]["error"], true, "{report}");
    assert!(report["unknown"]["text"].to_string().contains("TokenBucket (class)"), "{report}");
    assert!(report["resources"].to_string().contains("cogo://overview"), "{report}");
    assert_eq!(report["templates"][0], "cogo://file/{+path}", "{report}");
    assert!(text("resource").starts_with("class TokenBucket:\n    \"\"\"Limits"), "{report}");
    assert_eq!(report["prompts"].as_array().expect("a list").len(), 3, "{report}");
    assert!(text("prompt").contains("Limits the rate of requests."), "{report}");
}

#[test]
fn the_python_sdk_is_a_client() {
    let Some((python, _)) = sdk("python", "the_python_sdk_is_a_client") else { return };
    let root = repository();
    let server = HttpServer::start(root.path(), &[]);
    let url = format!("http://{}/mcp", server.address);
    for mode in ["legacy", "auto"] {
        let client = || {
            let mut command = Command::new(&python);
            command.arg(scripts().join("client.py")).arg(mode);
            command
        };
        check(client().args(["stdio", env!("CARGO_BIN_EXE_cogo"), "mcp"]).arg(root.path()));
        check(client().args(["http", &url]));
    }
}

#[test]
fn the_typescript_sdk_is_a_client() {
    let Some((node, folder)) = sdk("node", "the_typescript_sdk_is_a_client") else { return };
    let root = repository();
    let server = HttpServer::start(root.path(), &[]);
    let client = || {
        let mut command = Command::new(&node);
        command.arg(scripts().join("client.mjs")).arg(folder.join("node"));
        command
    };
    check(client().args(["stdio", env!("CARGO_BIN_EXE_cogo"), "mcp"]).arg(root.path()));
    check(client().args(["http", &format!("http://{}/mcp", server.address)]));
}
