//! `cogo-index --watch`.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

use super::Repository;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Watch {
    child: Child,
    lines: Receiver<Value>,
}

impl Watch {
    fn start(repository: &Repository) -> Self {
        let mut command = repository.command(env!("CARGO_BIN_EXE_cogo-index"));
        let mut child =
            command.args(["--watch", "--format", "jsonl"]).stdout(Stdio::piped()).spawn().expect("it is built");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Watch { child, lines }
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("a report")
    }

    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn a_watch_follows_changes_until_it_is_interrupted() {
    let repository = Repository::new();
    let watch = Watch::start(&repository);
    assert_eq!(watch.next()["files"], 3);
    for n in 0..300 {
        repository.write(&format!("many/file{n}.rs"), &format!("fn f{n}() {{}}\n"));
    }
    let mut reports = vec![watch.next()];
    while reports.last().is_some_and(|report| report["files"] != 303) {
        reports.push(watch.next());
    }
    assert!(reports.len() < 20, "{} refreshes for one burst", reports.len());
    std::fs::remove_dir_all(repository.path("many")).expect("remove");
    while watch.next()["files"] != 3 {}
    // Its own writing does not wake it up.
    let quiet = watch.lines.recv_timeout(Duration::from_millis(600));
    assert_eq!(quiet, Err(RecvTimeoutError::Timeout));
    assert_eq!(watch.interrupt(), Some(0));
}
