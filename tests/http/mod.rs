//! `cogo serve`, seen from its callers.

mod answers;
mod guard;
mod jobs;
mod load;
mod page;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A server over a small repository; it ends with the test.
pub struct Server {
    folder: TempDir,
    process: Child,
    pub address: String,
    /// Keeps the pipe open: who writes to a closed one fails.
    _talk: BufReader<std::process::ChildStderr>,
}

/// An answer: status, headers, body.
pub struct Answer {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The code of an error, which has to be well formed.
    pub fn code(&self) -> String {
        let error = &self.json()["error"];
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{}", self.body);
        error["code"].as_str().expect("a code").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Server {
    /// Over three files of two languages, ready to be asked.
    fn new() -> Self {
        let server = Self::with(&[]);
        server.wait();
        server
    }

    fn with(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        write(
            &folder.path().join("shop/src/retry.rs"),
            "/// Sends a request again until it succeeds.\npub fn retry_request(times: u32) -> bool {\n    step(times)\n}\n\nfn step(times: u32) -> bool {\n    times > 0\n}\n",
        );
        write(
            &folder.path().join("shop/src/token_bucket.py"),
            "class TokenBucket:\n    \"\"\"Limits the rate of requests.\"\"\"\n\n    def take(self, tokens):\n        self.level -= tokens\n",
        );
        write(
            &folder.path().join("shop/docs/guide.md"),
            "# Guide\n\nHow requests are retried when the server is busy.\n",
        );
        Self::over(folder, "shop", args)
    }

    fn over(folder: TempDir, repository: &str, args: &[&str]) -> Self {
        let path = folder.path().join(repository);
        let path = path.to_str().expect("UTF-8").to_owned();
        Self::at(folder, &path, args)
    }

    /// Over what is at `place`; `folder` is its home.
    pub fn at(folder: TempDir, place: &str, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(args).arg(place);
        command.env("HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path().join("config")).env("NO_COLOR", "1");
        let mut process = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let mut talk = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut line = String::new();
        talk.read_line(&mut line).expect("it says where");
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Server { folder, process, address, _talk: talk }
    }

    /// Waits until everything can be searched.
    pub fn wait(&self) {
        let started = Instant::now();
        while self.get("/readyz").status != 200 {
            assert!(started.elapsed() < Duration::from_secs(60), "it is never ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it exists")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().get(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call())
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &body.to_string(), &[("content-type", "application/json")])
    }

    fn post_with(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().post(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body))
    }

    pub fn search(&self, query: &str) -> Value {
        let found = self.post("/v1/search", &json!({ "query": query }));
        assert_eq!(found.status, 200, "{}", found.body);
        found.json()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.expect("the server answers");
    let body = response.body_mut().read_to_string().expect("text");
    Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }
}

/// The events of a stream that has ended: name and data.
pub fn events(body: &str) -> Vec<(String, Value)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let event = |block: &str| {
        let data = field(block, "data:")?;
        Some((field(block, "event:")?, serde_json::from_str(&data).expect("JSON")))
    };
    body.split("\n\n").filter_map(event).collect()
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("create");
    std::fs::write(path, text).expect("write");
}
