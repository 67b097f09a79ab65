//! The PostgreSQL server crashes in the middle of a sync, and comes back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cogo::{Engine, EngineOptions, Query};

use super::database::{Database, Mirrored};

/// A server of our own, which may be ended.
struct Own(PathBuf);

impl Own {
    /// `None` if the programs are not where `tests/run.py` puts them.
    fn start() -> Option<(Self, String)> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mirror-postgres-own");
        let programs = folder.with_file_name("mirror-postgres").join("programs");
        if std::env::var_os("COGO_TEST_DATABASE_URL").is_none() || !programs.is_dir() {
            eprintln!("skipped: there are no programs of PostgreSQL at {}", programs.display());
            return None;
        }
        std::fs::create_dir_all(&folder).expect("create");
        #[cfg(unix)]
        // It may be there from an earlier run.
        drop(std::os::unix::fs::symlink(programs, folder.join("programs")));
        let own = Own(folder);
        let url = own.call("start");
        Some((own, url))
    }

    fn call(&self, verb: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mirror/prepare.py");
        let output = Command::new("python3").arg(script).args([verb, "postgres"]).arg(&self.0).output();
        let output = output.expect("Python is there");
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.call("stop");
        }
    }
}

#[test]
fn a_server_that_crashes_loses_nothing_that_readers_saw() {
    let Some((own, url)) = Own::start() else { return };
    let database = Database::on(url);
    let mirrored = Mirrored::new(&database.url(), 1500);
    let synced = std::thread::scope(|scope| {
        let sync = scope.spawn(|| mirrored.sync());
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(250));
            own.call("restart");
        }
        sync.join().expect("it gets through")
    });
    assert_eq!(synced.generation, mirrored.snapshot.manifest.generation);
    mirrored.assert_clean(&database);
    // What was shown survives, and an engine goes on asking.
    let engine = Engine::open(&database.url(), EngineOptions::default()).expect("it is there");
    let hits = || engine.search(&Query::new("cache lookup")).expect("it answers").hits;
    let before = hits();
    own.call("restart");
    assert_eq!(hits(), before);
    mirrored.assert_clean(&database);
}
