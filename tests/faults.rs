//! Damaged indexes, full disks, other writers, and repositories that do not hold still.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cogo::{Engine, EngineOptions, Error, Event, IndexOptions, Result};
use indexer::update;
use rag_core::Store;

use crate::repository::{
    Answers, Random, answers, answers_of, embedder, expected, fill, index, search_all, write_file,
};

/// A repository with an index.
struct Fixture {
    root: tempfile::TempDir,
    store: Store,
    answers: Answers,
}

impl Fixture {
    fn new(files: usize) -> Self {
        let root = tempfile::tempdir().expect("temp dir");
        fill(root.path(), files);
        let store = Store::new(root.path().join(".cogo"));
        let (snapshot, _) = index(root.path(), &store);
        Fixture { answers: answers_of(snapshot).expect("search"), root, store }
    }

    fn generation(&self) -> PathBuf {
        let current = self.store.current().expect("a pointer").expect("a generation");
        self.store.folder().join(format!("gen-{current:06}"))
    }

    /// Every file that the committed generation consists of, and the pointer to it.
    fn files(&self) -> Vec<PathBuf> {
        let generation = fs::read_dir(self.generation()).expect("read").map(|entry| entry.expect("entry").path());
        generation.chain([self.store.folder().join("CURRENT")]).collect()
    }

    /// Panics unless the index answers rightly, or says what is wrong with it.
    fn assert_honest(&self, what: &str) {
        match answers(&self.store) {
            Ok(found) => assert!(found == self.answers, "{what}: a wrong answer"),
            Err(Error::Corrupt { .. } | Error::Format { .. } | Error::OtherModel { .. } | Error::NoIndex { .. }) => {}
            Err(error) => panic!("{what}: {error}"),
        }
    }

    /// Panics unless the next run writes the index anew and says why.
    fn assert_rebuilt(&mut self, what: &str) {
        let (snapshot, report) = index(self.root.path(), &self.store);
        assert!(report.rebuilt.is_some(), "{what}: not rebuilt");
        assert!(!report.unchanged, "{what}");
        assert!(answers_of(snapshot).expect("whole") == self.answers, "{what}");
        assert!(answers(&self.store).expect("whole") == self.answers, "{what}");
    }
}

/// Replaces a file that may be mapped: like everybody who respects readers, by a new one.
fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).expect("remove");
    fs::write(path, bytes).expect("write");
}

#[test]
fn truncated_files_are_noticed() {
    let fixture = Fixture::new(20);
    for path in fixture.files() {
        let whole = fs::read(&path).expect("read");
        let len = whole.len();
        let places = [0, 1, 4, 8, 31, 32, len / 4, len / 2, len * 3 / 4, len - 33.min(len), len - 9.min(len), len - 1];
        for at in places.into_iter().filter(|at| *at < len) {
            replace(&path, &whole[..at]);
            fixture.assert_honest(&format!("{} truncated to {at} of {len}", path.display()));
        }
        // Longer than it was.
        replace(&path, &[&whole[..], b"more"].concat());
        fixture.assert_honest(&format!("{} with more", path.display()));
        replace(&path, &whole);
    }
    assert!(answers(&fixture.store).expect("whole again") == fixture.answers);
}

#[test]
fn damaged_bytes_are_noticed() {
    let fixture = Fixture::new(20);
    let mut random = Random(0xbad);
    for path in fixture.files() {
        let whole = fs::read(&path).expect("read");
        let (mut noticed, rounds) = (0, 150.min(whole.len()));
        for _ in 0..rounds {
            let mut damaged = whole.clone();
            let at = random.below(whole.len());
            let bit = 1 << random.below(8);
            damaged[at] ^= bit;
            replace(&path, &damaged);
            fixture.assert_honest(&format!("{} with bit {bit} of byte {at} flipped", path.display()));
            noticed += usize::from(answers(&fixture.store).is_err());
        }
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        println!("{name}: {noticed} of {rounds} flipped bits were noticed, the others do not matter");
        if name.ends_with(".seg") || name == "catalog.bin" {
            assert!(noticed * 10 > rounds * 9, "{name}: {noticed} of {rounds}");
        } else {
            assert_eq!(noticed, rounds, "{name}");
        }
        replace(&path, &whole);
    }
    assert!(answers(&fixture.store).expect("whole again") == fixture.answers);
}

#[test]
fn whole_blocks_of_zeros_are_noticed() {
    let fixture = Fixture::new(20);
    for path in fixture.files() {
        let whole = fs::read(&path).expect("read");
        for start in (0..whole.len()).step_by((whole.len() / 12).max(1)) {
            let mut damaged = whole.clone();
            let end = (start + 512).min(whole.len());
            damaged[start..end].fill(0);
            replace(&path, &damaged);
            fixture.assert_honest(&format!("{} with zeros from {start}", path.display()));
        }
        replace(&path, &whole);
    }
}

#[test]
fn a_damaged_index_is_built_anew_and_the_report_says_so() {
    let mut fixture = Fixture::new(12);
    for name in ["CURRENT", "manifest.json", "catalog.bin", ".seg"] {
        for damage in ["truncated", "garbage", "missing", "empty", "a folder"] {
            let path = fixture.files().into_iter().find(|path| path.to_string_lossy().ends_with(name)).expect("a file");
            let whole = fs::read(&path).expect("read");
            match damage {
                "truncated" => replace(&path, &whole[..whole.len() / 2]),
                "garbage" => replace(&path, &vec![0xa5; whole.len()]),
                "missing" => fs::remove_file(&path).expect("remove"),
                "empty" => replace(&path, b""),
                _ => {
                    fs::remove_file(&path).expect("remove");
                    fs::create_dir(&path).expect("create folder");
                }
            }
            let what = format!("{name} {damage}");
            assert!(answers(&fixture.store).is_err(), "{what}");
            match (name, damage) {
                // Without a pointer there is no index, and so nothing to tell.
                ("CURRENT", "missing") => {
                    let (_, report) = index(fixture.root.path(), &fixture.store);
                    assert!(!report.unchanged, "{what}");
                }
                // Somebody put a folder there: an error, but not a rebuild that fails at every run.
                (_, "a folder") => {
                    if path.is_dir() {
                        fs::remove_dir(&path).expect("remove folder");
                    }
                    fs::write(&path, b"").expect("write");
                    fixture.assert_rebuilt(&what);
                }
                _ => fixture.assert_rebuilt(&what),
            }
        }
    }
}

#[test]
fn another_format_is_refused_and_built_anew() {
    let mut fixture = Fixture::new(6);
    for format in ["0", "2", "4294967295"] {
        let path = fixture.generation().join("manifest.json");
        let json = fs::read_to_string(&path).expect("read");
        replace(&path, json.replacen("\"format\": 1", &format!("\"format\": {format}"), 1).as_bytes());
        match answers(&fixture.store) {
            Err(Error::Format { found, expected: 1, .. }) => assert_eq!(found.to_string(), format),
            other => panic!("{:?}", other.map(|found| found.len())),
        }
        fixture.assert_rebuilt(format);
    }
    // Of a newer format nothing but the number is known.
    replace(&fixture.generation().join("manifest.json"), br#"{"format": 99, "everything": "else"}"#);
    assert!(matches!(answers(&fixture.store), Err(Error::Format { found: 99, .. })));
    fixture.assert_rebuilt("99");
}

#[test]
fn a_pointer_to_nowhere_is_built_anew() {
    let mut fixture = Fixture::new(6);
    for garbage in [
        &b""[..],
        b"\n",
        b"gen-",
        b"gen-x",
        b"gen-999999\n",
        b"gen--1",
        b"gen-18446744073709551615\n",
        b"gen-0",
        b"gen-99999999999999999999999",
        b"../../etc",
        b"\xff\xfe",
        b"gen-000001\ngen-000002\n",
        b"gen-000001/..",
    ] {
        replace(&fixture.store.folder().join("CURRENT"), garbage);
        let what = String::from_utf8_lossy(garbage).into_owned();
        assert!(answers(&fixture.store).is_err(), "{what:?}");
        fixture.assert_rebuilt(&what);
    }
}

#[test]
fn strange_things_in_the_index_folder_do_no_harm() {
    let fixture = Fixture::new(6);
    let folder = fixture.store.folder();
    fs::create_dir_all(folder.join("gen-18446744073709551615/sub")).expect("create");
    fs::create_dir_all(folder.join("gen-abc")).expect("create");
    fs::write(folder.join("gen-000000"), "a file").expect("write");
    fs::create_dir_all(folder.join("gen-000000.old")).expect("create");
    fs::write(folder.join("CURRENT.next"), "half").expect("write");
    for version in 1..4 {
        write_file(fixture.root.path(), 0, version);
        let (snapshot, report) = index(fixture.root.path(), &fixture.store);
        assert_eq!(report.rebuilt, None);
        assert!(answers_of(snapshot).expect("search") == expected(fixture.root.path()));
    }
}

#[test]
fn damaged_graphs_are_done_without() {
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 30);
    let store = Store::new(root.path().join(".cogo"));
    let options = IndexOptions { hnsw_min_vectors: 1, threads: 1, ..IndexOptions::default() };
    let (snapshot, _) = update(root.path(), &store, &*embedder(), &options, None, &|_| {}).expect("index");
    let graphs: Vec<PathBuf> = snapshot
        .manifest
        .segments
        .iter()
        .flat_map(|segment| segment.hnsw.keys().map(|name| snapshot.folder.join(name)))
        .collect();
    assert!(!graphs.is_empty(), "there is a graph");
    let exact = expected(root.path());
    for path in graphs {
        let whole = fs::read(&path).expect("read");
        for damaged in [&[][..], &whole[..whole.len() / 2], &[0; 100]] {
            replace(&path, damaged);
            assert!(answers(&store).expect("search") == exact, "{}", path.display());
        }
        replace(&path, &whole);
    }
}

fn indexer_command(root: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_cogo-index")]).arg(root);
    command.env("HOME", root).env("XDG_CONFIG_HOME", root).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_the_old_index_still_answers() {
    let mut fixture = Fixture::new(60);
    let mut failed = 0;
    for (round, blocks) in [0, 1, 4, 16, 64, 128, 256, 512, 100_000].into_iter().enumerate() {
        for number in 0..40 {
            write_file(fixture.root.path(), number, round + 1);
        }
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$1\" \"$2\"");
        let output = indexer_command(fixture.root.path(), &script).output().expect("run cogo-index");
        let stderr = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => fixture.answers = expected(fixture.root.path()),
            Some(3) => {
                failed += 1;
                assert!(stderr.contains("error: "), "{stderr}");
            }
            code => panic!("{blocks} blocks: {code:?}: {stderr}"),
        }
        assert!(answers(&fixture.store).expect("whole") == fixture.answers, "{blocks} blocks");
    }
    assert!((3..9).contains(&failed), "some limits were too low, the last was not: {failed}");
    let (_, report) = index(fixture.root.path(), &fixture.store);
    assert_eq!(report.rebuilt, None);
    assert!(answers(&fixture.store).expect("whole") == expected(fixture.root.path()));
}

#[test]
fn an_index_folder_that_cannot_be_written_is_an_error() {
    let root = tempfile::tempdir().expect("temp dir");
    fill(root.path(), 3);
    fs::write(root.path().join(".cogo"), "a file").expect("write");
    let store = Store::new(root.path().join(".cogo"));
    let run = || update(root.path(), &store, &*embedder(), &IndexOptions::default(), None, &|_| {});
    assert!(matches!(run(), Err(Error::Io(_))));
    assert!(answers(&store).is_err());
    #[cfg(unix)]
    {
        let output = indexer_command(root.path(), "exec \"$1\" \"$2\"").output().expect("run cogo-index");
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_index_still_answers() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new(6);
    let folder = fixture.store.folder();
    let allow = |mode: u32| fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("set permissions");
    allow(0o555);
    let superuser = fs::write(folder.join("probe"), "").is_ok();
    assert!(answers(&fixture.store).expect("search") == fixture.answers);
    let (_, report) = index(fixture.root.path(), &fixture.store);
    assert!(report.unchanged || superuser);
    write_file(fixture.root.path(), 0, 1);
    let run = update(fixture.root.path(), &fixture.store, &*embedder(), &IndexOptions::default(), None, &|_| {});
    if superuser {
        println!("this user may write everywhere: no refusal to be seen");
    } else {
        assert!(matches!(run, Err(Error::Io(_))));
        assert!(answers(&fixture.store).expect("search") == fixture.answers);
    }
    allow(0o755);
}

#[test]
fn a_second_writer_is_told_at_once_or_waits() {
    let fixture = Fixture::new(6);
    let lock = fixture.store.lock(false).expect("lock");
    write_file(fixture.root.path(), 0, 1);
    let started = Instant::now();
    let refused = update(fixture.root.path(), &fixture.store, &*embedder(), &IndexOptions::default(), None, &|_| {});
    assert!(matches!(refused, Err(Error::Locked { .. })));
    assert!(started.elapsed() < Duration::from_secs(2));
    #[cfg(unix)]
    {
        let output = indexer_command(fixture.root.path(), "exec \"$1\" \"$2\"").output().expect("run cogo-index");
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(answers(&fixture.store).expect("readers need no lock") == fixture.answers);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| index(fixture.root.path(), &fixture.store));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!waiter.is_finished(), "it waits");
        drop(lock);
        let (snapshot, _) = waiter.join().expect("no panic");
        assert!(answers_of(snapshot).expect("search") == expected(fixture.root.path()));
    });
}

#[test]
fn writers_that_wait_for_each_other_lose_nothing() {
    let fixture = Fixture::new(10);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let fixture = &fixture;
            scope.spawn(move || {
                for version in 0..4 {
                    write_file(fixture.root.path(), 100 + writer, version);
                    index(fixture.root.path(), &fixture.store);
                }
            });
        }
    });
    index(fixture.root.path(), &fixture.store);
    assert!(answers(&fixture.store).expect("whole") == expected(fixture.root.path()));
}

#[test]
fn readers_see_committed_generations_only() {
    let fixture = Fixture::new(25);
    let options =
        EngineOptions { index: IndexOptions { threads: 1, ..IndexOptions::default() }, ..EngineOptions::default() };
    let engine = Engine::new(fixture.root.path(), options);
    engine.refresh(&|_| {}).expect("refresh");
    let committed = Mutex::new(vec![search_all(&engine.searcher().expect("a generation")).expect("search")]);
    let done = AtomicBool::new(false);
    let read_until_done = |read: &(dyn Fn() -> Result<Answers> + Sync)| {
        let mut seen: Vec<Answers> = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let found = read().expect("a reader is never refused");
            if seen.last() != Some(&found) {
                seen.push(found);
            }
        }
        seen
    };
    std::thread::scope(|scope| {
        let shared = scope.spawn(|| read_until_done(&|| search_all(&*engine.searcher()?)));
        let reopened = scope.spawn(|| read_until_done(&|| answers(&fixture.store)));
        for version in 1..=30 {
            write_file(fixture.root.path(), version % 7, version);
            engine.refresh(&|_| {}).expect("refresh");
            let found = search_all(&engine.searcher().expect("a generation")).expect("search");
            committed.lock().expect("no panic").push(found);
        }
        done.store(true, Ordering::Relaxed);
        let committed = committed.lock().expect("no panic");
        for (reader, name) in [(shared, "shared"), (reopened, "reopened")] {
            let seen = reader.join().expect("no panic");
            println!("the {name} reader saw {} generations", seen.len());
            assert!(seen.len() > 1, "{name}: it saw something happen");
            for found in seen {
                assert!(committed.contains(&found), "{name}: an answer of no generation");
            }
        }
    });
}

#[test]
fn a_snapshot_outlives_its_files() {
    let fixture = Fixture::new(10);
    let snapshot = fixture.store.snapshot(None).expect("open");
    for version in 1..5 {
        write_file(fixture.root.path(), 1, version);
        index(fixture.root.path(), &fixture.store);
    }
    assert!(!snapshot.folder.exists(), "its files were removed");
    assert!(answers_of(snapshot.into()).expect("search") == fixture.answers);
}

#[test]
fn files_that_vanish_or_change_while_they_are_indexed_are_no_error() {
    let fixture = Fixture::new(40);
    let root = fixture.root.path();
    for number in 0..30 {
        write_file(root, number, 1);
    }
    let meddle = |event: Event| {
        if let Event::Planned { .. } = event {
            fs::remove_file(root.join("src/file_0.rs")).expect("remove");
            fs::write(root.join("lib/core/file_1.py"), "x".repeat(3 << 20)).expect("write");
            fs::write(root.join("docs/file_2.md"), "").expect("write");
            fs::remove_file(root.join("src/file_3.rs")).expect("remove");
            fs::create_dir(root.join("src/file_3.rs")).expect("create folder");
            fs::write(root.join("lib/core/file_4.py"), "def something_else(): pass\n").expect("write");
        }
    };
    update(root, &fixture.store, &*embedder(), &IndexOptions::default(), None, &meddle).expect("index");
    answers(&fixture.store).expect("whole");
    index(root, &fixture.store);
    assert!(answers(&fixture.store).expect("whole") == expected(root));
}

#[test]
fn a_repository_that_never_holds_still_is_no_error() {
    let fixture = Fixture::new(30);
    let root = fixture.root.path();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(4242);
            while !done.load(Ordering::Relaxed) {
                let number = random.below(40);
                write_file(root, number, random.below(1000));
                let other = root.join(["src", "lib/core", "docs"][random.below(3)]);
                // Any of these may fail: the other end of a rename may be gone.
                match random.below(4) {
                    0 => drop(fs::remove_dir_all(other)),
                    1 => drop(fs::rename(other, root.join("moved"))),
                    2 => drop(fs::remove_dir_all(root.join("moved"))),
                    _ => drop(fs::write(root.join("top.rs"), "fn top() {}\n".repeat(random.below(50)))),
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        for _ in 0..25 {
            index(root, &fixture.store);
            answers(&fixture.store).expect("whole");
        }
        done.store(true, Ordering::Relaxed);
    });
    index(root, &fixture.store);
    assert!(answers(&fixture.store).expect("whole") == expected(root));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_no_error() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let root = tempfile::tempdir().expect("temp dir");
    let root = root.path();
    fill(root, 6);
    symlink("nowhere", root.join("dangling.rs")).expect("link");
    symlink(".", root.join("loop")).expect("link");
    let fifo = Command::new("mkfifo").arg(root.join("pipe.rs")).status();
    println!("a pipe: {fifo:?}");
    fs::write(root.join("secret.rs"), "fn unreadable() {}").expect("write");
    fs::set_permissions(root.join("secret.rs"), fs::Permissions::from_mode(0o0)).expect("set permissions");
    fs::create_dir(root.join("closed")).expect("create folder");
    fs::write(root.join("closed/a.rs"), "fn closed() {}").expect("write");
    fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o0)).expect("set permissions");
    fs::write(root.join(OsStr::from_bytes(b"not_\xff_utf8.rs")), "fn parse_header() {}").expect("write");
    fs::write(root.join(OsStr::from_bytes(b"not_\xfe_utf8.rs")), "fn parse_header() {}").expect("write");
    fs::write(root.join("new\nline.rs"), "fn parse_header() {}").expect("write");
    fs::write(root.join(".gitignore"), b"[\n\xff\xfe\n**[\n").expect("write");
    let store = Store::new(root.join(".cogo"));
    let (_, report) = index(root, &store);
    assert!(report.counts.files >= 7, "{report:?}");
    answers(&store).expect("whole");
    index(root, &store);
    answers(&store).expect("whole");
    fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o755)).expect("set permissions");
}

#[test]
fn a_root_that_is_none_is_the_fault_of_the_caller() {
    let root = tempfile::tempdir().expect("temp dir");
    let store = Store::new(root.path().join("index"));
    fs::write(root.path().join("file"), "").expect("write");
    for path in ["missing", "file"] {
        let run = update(&root.path().join(path), &store, &*embedder(), &IndexOptions::default(), None, &|_| {});
        assert!(matches!(run, Err(Error::Source { .. })), "{path}");
    }
    assert!(!store.folder().exists(), "nothing was written");
}
