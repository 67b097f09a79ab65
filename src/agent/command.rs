//! The executor: a command on this machine, if the user has allowed it.
//!
//! What was run is recorded, so that no later attempt runs it again. A process that died on the way leaves a command of which nobody
//! knows how far it came: then what undoes it is run first, if there is such a command. It is run as well if the command fails.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agents::guard::{Blame, Call, Done, Fault};
use agents::worker::{Context, Handler, Stop};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Agent, Configs, Setup, absolute};

/// Bytes at the end of an output that the result holds; all of it is an artifact.
const TAIL: usize = 8 * 1024;
/// Variables of the environment that a command gets.
const VARIABLES: [&str; 6] = ["PATH", "HOME", "LANG", "USER", "CARGO_HOME", "RUSTUP_HOME"];
/// What runs the tests of a repository that has such a file at its root.
const TEST_COMMANDS: [(&str, &[&str]); 7] = [
    ("Cargo.toml", &["cargo", "test"]),
    ("go.mod", &["go", "test", "./..."]),
    ("package.json", &["npm", "test"]),
    ("pyproject.toml", &["python3", "-m", "pytest", "-q"]),
    ("pytest.ini", &["python3", "-m", "pytest", "-q"]),
    ("pom.xml", &["mvn", "-q", "test"]),
    ("Makefile", &["make", "test"]),
];

pub(super) const AGENT: Agent = Agent {
    name: "command",
    about: "runs a command that the setting agents.allow allows; without `run`, the tests of the repository",
    inputs: r#"path=FOLDER run=["cargo","test"] undo=["git","checkout","."] seconds=600"#,
    prepare,
    handler: |setup| Arc::new(Runs(setup.clone())),
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inputs {
    path: PathBuf,
    /// Program and arguments; no shell reads them.
    #[serde(default)]
    run: Vec<String>,
    /// What takes back what `run` has done, or has half done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    undo: Vec<String>,
    #[serde(default = "ten_minutes")]
    seconds: u64,
}

fn ten_minutes() -> u64 {
    600
}

fn prepare(mut inputs: Value, _: &Configs) -> Result<Value, String> {
    absolute(&mut inputs)?;
    let mut inputs: Inputs = serde_json::from_value(inputs).map_err(|error| error.to_string())?;
    if inputs.run.is_empty() {
        inputs.run = test_command(&inputs.path).ok_or("`run` is missing, and nothing says how tests are run here")?;
    }
    if !(1..=86_400).contains(&inputs.seconds) {
        return Err("`seconds` lies between 1 and 86400".into());
    }
    Ok(json!(inputs))
}

fn test_command(folder: &Path) -> Option<Vec<String>> {
    let (_, words) = TEST_COMMANDS.iter().find(|(file, _)| folder.join(file).is_file())?;
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

/// Whether a rule such as `cargo test` allows a command that begins with these words.
fn is_allowed(allow: &[String], command: &[String]) -> bool {
    allow.iter().any(|rule| {
        let words: Vec<&str> = rule.split_whitespace().collect();
        !words.is_empty() && words.len() <= command.len() && words.iter().zip(command).all(|(rule, word)| rule == word)
    })
}

/// How a command ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ran {
    command: Vec<String>,
    /// None if a signal ended it.
    exit_code: Option<i32>,
    took_ms: u64,
    stdout: String,
    stderr: String,
}

struct Runs(Setup);

#[async_trait]
impl Handler for Runs {
    fn kind(&self) -> &str {
        AGENT.name
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let inputs: Inputs = context.payload()?;
        for command in [&inputs.run, &inputs.undo].into_iter().filter(|command| !command.is_empty()) {
            if !is_allowed(&self.0.settings().allow, command) {
                let line = command.join(" ");
                return Err(Stop::Fail(format!("`{line}` is not allowed; add it to `agents.allow` in the user file")));
            }
        }
        let has_undo = !inputs.undo.is_empty();
        if context.job().attempts > 1 && has_undo && context.store().step(context.job().id, "run").await?.is_none() {
            self.execute(context, &inputs, &inputs.undo, "before").await?;
        }
        let ran: Ran = context.step("run", async || self.execute(context, &inputs, &inputs.run, "run").await).await?;
        if ran.exit_code != Some(0) && has_undo {
            let undone: Ran =
                context.step("undo", async || self.execute(context, &inputs, &inputs.undo, "undo").await).await?;
            return Ok(json!({ "ran": ran, "passed": false, "undone": undone }));
        }
        Ok(json!({ "passed": ran.exit_code == Some(0), "ran": ran }))
    }
}

impl Runs {
    async fn execute(&self, context: &Context, inputs: &Inputs, words: &[String], name: &str) -> Result<Ran, Stop> {
        let limit = Duration::from_secs(inputs.seconds);
        let scope = agents::orchestrate::scope(context, agents::guard::Limits::default());
        let program = words.first().map_or("", String::as_str);
        let call = Call { key: format!("command.{}", key(program)), request: json!(words), ..Call::default() };
        let whole: Mutex<Option<Output>> = Mutex::default();
        let once = || async {
            tokio::select! {
                output = start(&inputs.path, words, limit, &whole) => output,
                () = context.stopped() => Err(Fault::new(Blame::Caller, "it was told to stop")),
            }
        };
        let ran = match self.0.guard().call(&scope, call, once).await {
            Ok(ran) => ran,
            Err(_) if context.is_stopped() => return Err(Stop::Cancelled),
            Err(error) if error.is_transient() => return Err(Stop::retry(error.describe())),
            Err(error) => return Err(Stop::Fail(error.describe())),
        };
        let output = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (stream, bytes) in
            output.into_iter().flat_map(|output| [("stdout", output.stdout), ("stderr", output.stderr)])
        {
            if !bytes.is_empty() {
                context.attach(&format!("{name}/{stream}.txt"), "text/plain", bytes).await?;
            }
        }
        Ok(ran)
    }
}

/// A program's name as a part of a key.
fn key(program: &str) -> String {
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// Runs a command; `whole` gets all that it has written.
async fn start(
    folder: &Path,
    words: &[String],
    limit: Duration,
    whole: &Mutex<Option<Output>>,
) -> Result<Done<Ran>, Fault> {
    let [program, arguments @ ..] = words else { return Err(Fault::new(Blame::Caller, "the command is empty")) };
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true).env_clear();
    command.envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    let output = match tokio::time::timeout(limit, command.output()).await {
        Ok(output) => output.map_err(|error| Fault::new(Blame::Caller, format!("`{program}`: {error}")))?,
        Err(_) => return Err(Fault::new(Blame::Caller, format!("it took longer than {} s", limit.as_secs()))),
    };
    let ran = Ran {
        command: words.to_vec(),
        exit_code: output.status.code(),
        took_ms: started.elapsed().as_millis() as u64,
        stdout: tail(&output.stdout),
        stderr: tail(&output.stderr),
    };
    *whole.lock().unwrap_or_else(PoisonError::into_inner) = Some(output);
    Ok(Done::free(ran))
}

/// The end of an output, without what a store cannot keep.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    text[text.ceil_char_boundary(text.len().saturating_sub(TAIL))..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_not_run() {
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        let allow = ["cargo test".to_owned(), "  ".to_owned(), "make".to_owned()];
        assert!(is_allowed(&allow, &words("cargo test --all")));
        assert!(is_allowed(&allow, &words("make test")));
        assert!(!is_allowed(&allow, &words("cargo run")));
        assert!(!is_allowed(&allow, &words("cargo")));
        assert!(!is_allowed(&allow, &words("cargo test;rm")), "words are compared whole");
        assert!(!is_allowed(&[], &words("ls")));
        assert!(!is_allowed(&allow, &[]));
    }

    #[test]
    fn keys_and_tails_are_short() {
        assert_eq!(key("/usr/bin/g++"), "g__");
        assert_eq!(tail(&[b'a'; 3 * TAIL]).len(), TAIL);
        assert_eq!(tail(b"a\0\xff"), "a\u{fffd}\u{fffd}");
    }
}
