//! `cogo mcp`, as its clients see it: the protocol over stdin and stdout, over HTTP, with the official SDKs; and `cogo mcp install`.

mod answers;
mod clients;
mod install;
mod protocol;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A repository with a class, its user, its test, a document and a secret.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("temp dir");
    let write = |name: &str, text: &str| write(folder.path(), name, text);
    write(
        "src/token_bucket.py",
        "class TokenBucket:\n    \"\"\"Limits the rate of requests.\"\"\"\n\n    def take(self, tokens):\n        \
         self.level -= tokens\n        return self.level\n",
    );
    write(
        "src/server.py",
        "from src.token_bucket import TokenBucket\n\n\ndef serve(request):\n    \"\"\"Answers a request, if its client \
         may ask.\"\"\"\n    bucket = TokenBucket()\n    return bucket.take(1)\n",
    );
    write(
        "tests/test_server.py",
        "from src.server import serve\n\n\ndef test_serve():\n    assert serve(None) is not None\n",
    );
    write("docs/guide.md", "# Guide\n\nRequests are limited by a `TokenBucket`.\n");
    write(".gitignore", "ignored.py\n");
    write("ignored.py", "IGNORED = 1\n");
    write(
        "id_rsa",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n",
    );
    folder
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().expect("it lies in the root")).expect("create");
    std::fs::write(path, text).expect("write");
}

/// `cogo` that knows nothing of this user's settings.
fn cogo(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
    command.env("HOME", home).env("XDG_CONFIG_HOME", home).env("NO_COLOR", "1").env_remove("COGO_MCP_TOKEN");
    command
}

/// A client over stdin and stdout.
struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Session {
    /// Starts a server for `root` and greets it.
    fn start(root: &Path) -> Self {
        let mut session = Self::spawn(cogo(root).args(["mcp"]).arg(root));
        session.greet(json!({}));
        session
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("run cogo");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Session { child, input, output, asked: 0 }
    }

    fn greet(&mut self, capabilities: Value) {
        let client = json!({ "name": "test", "version": "1" });
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": capabilities, "clientInfo": client });
        let answer = self.ask("initialize", hello);
        assert_eq!(answer["result"]["serverInfo"]["name"], "cogo", "{answer}");
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
    }

    fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").expect("the server reads");
    }

    /// Sends a request; its number.
    fn request(&mut self, method: &str, params: Value) -> u64 {
        self.asked += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }).to_string());
        self.asked
    }

    /// The next message. Whatever else stood on stdout would fail here.
    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("read");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        loop {
            let answer = self.receive();
            if answer["id"] == id && answer.get("method").is_none() {
                return answer;
            }
        }
    }

    /// The text of a tool's answer, and whether it is an error.
    fn call(&mut self, tool: &str, arguments: Value) -> (String, bool) {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        (text.to_owned(), result["isError"] == true)
    }

    #[track_caller]
    fn answer(&mut self, tool: &str, arguments: Value) -> String {
        let (text, is_error) = self.call(tool, arguments);
        assert!(!is_error, "{text}");
        text
    }

    #[track_caller]
    fn refusal(&mut self, tool: &str, arguments: Value) -> String {
        let (text, is_error) = self.call(tool, arguments);
        assert!(is_error, "{text}");
        text
    }

    /// Closes stdin; the exit code.
    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has ended already, if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp")
}
