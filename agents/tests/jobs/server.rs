//! A PostgreSQL server that may be killed: one that no other test uses.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::stores::SERVER;

pub struct Server {
    pub url: String,
    folder: PathBuf,
}

impl Server {
    /// `None` if there is no server for tests at all.
    pub fn start() -> Option<Self> {
        if std::env::var_os(SERVER).is_none() {
            eprintln!("skipped: {SERVER} does not say where a PostgreSQL server is");
            return None;
        }
        let targets = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = targets.join("agents-postgres");
        std::fs::create_dir_all(&folder).expect("a folder");
        // The programs are fetched already, if the tests of mirrors were prepared.
        let programs = targets.join("mirror-postgres/programs");
        if programs.is_dir() && !folder.join("programs").exists() {
            std::os::unix::fs::symlink(programs, folder.join("programs")).expect("a link");
        }
        let started = prepare("start", &folder);
        let Some(url) = started else {
            eprintln!("skipped: no PostgreSQL server could be started");
            return None;
        };
        Some(Server { url, folder })
    }

    fn data(&self) -> PathBuf {
        let home = std::fs::read_to_string(self.folder.join("running")).expect("it says where");
        PathBuf::from(home).join("data")
    }

    /// Kills the server as a crash would.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("a number").to_owned();
        assert!(Command::new("kill").args(["-QUIT", &pid]).status().expect("kill runs").success());
        while is_running(&pid) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Starts it again, at the same place.
    pub fn revive(&self) {
        let line = std::fs::read_to_string(self.data().join("postmaster.opts")).expect("how it was started");
        let line = format!("{} >>'{}' 2>&1 &", line.trim(), self.data().join("log").display());
        let is_root = Command::new("id").arg("-u").output().expect("id runs").stdout == b"0\n";
        let mut command = match is_root {
            false => Command::new("sh"),
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
                command
            }
        };
        let started = command.args(["-c", &line]).current_dir("/").stdin(Stdio::null()).status();
        assert!(started.expect("a shell runs").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        prepare("stop", &self.folder);
    }
}

/// Whether it is there, and not only because nobody has asked how it ended.
fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn prepare(verb: &str, folder: &Path) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mirror/prepare.py");
    let done = Command::new("python3").arg(script).args([verb, "postgres"]).arg(folder).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
