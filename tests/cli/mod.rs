//! The command line, as a black box.

mod agents;
mod concepts;
mod configuration;
mod contract;
mod eval;
mod failures;
mod graph;
mod indexing;
mod language_model;
pub(crate) mod language_model_double;
mod meaning;
mod paths;
mod watching;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A small repository in a temporary folder, and a home without settings.
struct Repository {
    folder: TempDir,
}

impl Repository {
    /// Three files in two languages.
    fn new() -> Self {
        let repository = Self::empty();
        repository.write(
            "src/retry.rs",
            "/// Sends a request again until it succeeds.\npub fn retry_request(times: u32) -> bool {\n    times > 0\n}\n",
        );
        repository.write(
            "src/token_bucket.py",
            "class TokenBucket:\n    \"\"\"Limits the rate of requests.\"\"\"\n\n    def take(self, tokens):\n        \
             self.level -= tokens\n",
        );
        repository.write("docs/guide.md", "# Guide\n\nHow requests are retried when the server is busy.\n");
        // The time stamps of files younger than a tick of the clock are not trusted; see `CLOCK_TICK_NS`.
        std::thread::sleep(std::time::Duration::from_millis(30));
        repository
    }

    fn empty() -> Self {
        let repository = Repository { folder: tempfile::tempdir().expect("temp dir") };
        std::fs::create_dir_all(repository.root()).expect("create");
        repository
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it exists").join("repository")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the root")).expect("create");
        std::fs::write(path, text).expect("write");
    }

    /// The user's own settings.
    fn write_user_config(&self, text: &str) {
        let folder = self.folder.path().join("config/cogo");
        std::fs::create_dir_all(&folder).expect("create");
        std::fs::write(folder.join("config.toml"), text).expect("write");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).env("HOME", self.folder.path());
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config")).env("NO_COLOR", "1");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COGO_") {
                command.env_remove(name);
            }
        }
        command
    }

    fn cogo<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        run(self.command(env!("CARGO_BIN_EXE_cogo")).args(args), "")
    }

    fn cogo_index<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        run(self.command(env!("CARGO_BIN_EXE_cogo-index")).args(args), "")
    }

    /// Paths of the hits of `cogo search … --format json`.
    fn search(&self, args: &[&str]) -> Vec<String> {
        let run = self.cogo([&["search"], args, &["--format", "json"]].concat());
        run.json().as_array().expect("an array").iter().map(|hit| text(&hit["path"])).collect()
    }
}

/// What a process said.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

fn run(command: &mut Command, input: &str) -> Run {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it is built");
    // A child that never reads may be gone already.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Run { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}

fn string(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}
