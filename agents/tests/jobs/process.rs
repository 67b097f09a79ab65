//! A worker in a process of its own.
//!
//! It is this test program, told by its environment to be a worker.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use agents::artifact::Artifacts;
use agents::store;
use agents::worker::{Context, Handler, Stop, Timing, Worker};
use serde_json::{Value, json};

const CHILD: &str = "JOBS_TEST_CHILD";

/// A quarter of the product's times.
pub const TIMING: Timing = Timing {
    beat: Duration::from_millis(500),
    lease: Duration::from_millis(1500),
    reap: Duration::from_millis(250),
    poll: Duration::from_millis(250),
    grace: Duration::from_millis(500),
};

/// Does what its payload says: `ms` to work, `file` to leave a line in for each execution, `gate`, a file to wait for, `poison` to abort
/// the process.
pub struct Work;

#[async_trait::async_trait]
impl Handler for Work {
    fn kind(&self) -> &str {
        "work"
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let payload = context.job().payload.clone();
        if let Some(file) = payload["file"].as_str() {
            let file = std::fs::File::options().append(true).create(true).open(file);
            let line = format!("{}\n", context.job().id);
            file.and_then(|mut file| file.write_all(line.as_bytes()))
                .map_err(|error| Stop::retry(error.to_string()))?;
        }
        if payload["poison"] == json!(true) {
            std::process::abort();
        }
        let half = Duration::from_millis(payload["ms"].as_u64().unwrap_or(0) / 2);
        let first: u64 = context
            .step("first", async || {
                tokio::time::sleep(half).await;
                Ok(1)
            })
            .await?;
        context.progress(json!({ "done": first })).await?;
        if let Some(gate) = payload["gate"].as_str() {
            while !std::path::Path::new(gate).exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let second: u64 = context
            .step("second", async || {
                tokio::time::sleep(half).await;
                Ok(2)
            })
            .await?;
        context.attach("sum.txt", "text/plain", format!("{}", first + second).into_bytes()).await?;
        Ok(json!(first + second))
    }
}

/// A worker in a process, killed when it is dropped.
pub struct Process {
    pub child: Child,
    pub name: String,
}

impl Process {
    /// Starts a worker called `name` on the store at `url`.
    pub fn start(url: &str, name: &str, artifacts: PathBuf, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "process::child", "--nocapture", "--test-threads", "1"]);
        command.env(CHILD, url).env("JOBS_TEST_NAME", name).env("JOBS_TEST_ARTIFACTS", artifacts);
        command.envs(environment.iter().copied());
        let quiet = std::env::var_os("JOBS_TEST_LOUD").is_none();
        if quiet {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        Process { child: command.spawn().expect("it starts"), name: name.to_owned() }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Kills it with SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// No test: the other side of [`Process`].
#[test]
fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let of = |name: &str| std::env::var(name).expect("it is set");
    let mut timing = TIMING;
    if let Some(lease) = std::env::var("JOBS_TEST_LEASE").ok().and_then(|seconds| seconds.parse().ok()) {
        timing.lease = Duration::from_secs(lease);
    }
    crate::stores::runtime().block_on(async {
        // A server that restarts may not be there yet.
        let store = loop {
            match store::open(&url).await {
                Ok(store) => break store,
                Err(error) => eprintln!("{error}"),
            }
        };
        let worker = Worker::new(store).named(of("JOBS_TEST_NAME")).with(Work).with_timing(timing).with_concurrency(4);
        let worker = worker.with_artifacts(Artifacts::open(&of("JOBS_TEST_ARTIFACTS")).expect("a folder"));
        worker.run(std::future::pending()).await.expect("it works for ever");
    });
}
