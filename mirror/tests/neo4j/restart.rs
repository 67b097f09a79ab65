//! The server goes away in the middle of a sync, and comes back.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mirror::neo4j::{Address, Neo4j, Patience, SyncOptions};

use crate::syncing::check_clean;
use crate::world::World;
use crate::{address, origin, patience};

/// A server of our own, which may be killed.
struct Own {
    folder: tempfile::TempDir,
    libraries: PathBuf,
    port: u16,
    process: Child,
}

impl Own {
    /// Who runs it if we are root: `nobody` nearly everywhere.
    const NOBODY: u32 = 65534;

    /// None if the libraries are not where `tests/run.py` puts them.
    fn start() -> Option<Self> {
        let libraries = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mirror-neo4j/libraries");
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for path in [folder.path(), &data] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        std::fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/neo4j/Server.java"),
            folder.path().join("Server.java"),
        )
        .unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Self::launch(folder.path(), &libraries, port)?;
        Some(Own { folder, libraries, port, process })
    }

    fn launch(folder: &Path, libraries: &Path, port: u16) -> Option<Child> {
        let mut command = Command::new("java");
        command.args(["-Xmx512m", "-cp", &format!("{}/*", libraries.display())]);
        command.arg(folder.join("Server.java")).arg(folder.join("data")).arg(port.to_string());
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            command.uid(Self::NOBODY).gid(Self::NOBODY);
        }
        let mut process = command.spawn().ok()?;
        let mut lines = BufReader::new(process.stdout.take()?).lines().map_while(Result::ok);
        if !lines.any(|line| line == "ready") {
            let _ = process.wait();
            return None;
        }
        Some(process)
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn again(&mut self) {
        self.process = Self::launch(self.folder.path(), &self.libraries, self.port).expect("it starts again");
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_server_may_be_killed_and_come_back() {
    if address().is_none() {
        return;
    }
    let Some(mut own) = Own::start() else {
        return println!("skipped: no server that may be killed can be started here");
    };
    let address = Address::parse(&format!("bolt://127.0.0.1:{}", own.port)).unwrap();
    let patience = Patience { server: Duration::from_secs(180), ..patience() };
    let server = Neo4j::open(&address, patience.clone()).unwrap();
    let origin = origin("restarted");
    let large = |generation: u64| {
        let mut world = World::new(700);
        (0..generation as usize * 100).for_each(|index| world.edit(index));
        world.graph()
    };
    for (generation, delay) in [(1, 1500), (2, 300)] {
        let graph = large(generation);
        std::thread::scope(|scope| {
            let syncing = scope.spawn(|| server.sync(&origin, generation, &graph, SyncOptions::default()));
            std::thread::sleep(Duration::from_millis(delay));
            assert!(!syncing.is_finished(), "the sync is killed on its way");
            own.kill();
            own.again();
            assert_eq!(syncing.join().unwrap().unwrap().generation, generation);
        });
        check_clean(&server, &origin, generation, &graph);
    }
}
