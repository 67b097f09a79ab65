//! Histories of repositories made with the `git` program. Without it there is nothing to test.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use indexer::history::{CoChange, History, Limits, history};
use tempfile::TempDir;

/// A repository in a temporary folder; none if there is no `git`.
struct Repository {
    folder: TempDir,
    clock: i64,
}

impl Repository {
    fn new() -> Option<Self> {
        if Command::new("git").arg("--version").stdout(Stdio::null()).status().is_err() {
            println!("no git program: nothing was tested");
            return None;
        }
        let repository = Repository { folder: TempDir::new().expect("a folder"), clock: 1_600_000_000 };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        Some(repository)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, args: &[&str]) {
        let date = format!("{} +0000", self.clock);
        let done = Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"])
            .args(["-c", "protocol.file.allow=always"])
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .expect("git runs");
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn commit(&mut self, summary: &str) {
        self.clock += 60;
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", summary]);
    }

    /// Commits a change of `paths`.
    fn change(&mut self, summary: &str, paths: &[&str]) {
        for path in paths {
            self.write(path, &format!("{summary} {path}\n"));
        }
        self.commit(summary);
    }

    fn history(&self) -> History {
        read(self.path()).expect("a history")
    }
}

fn read(root: &Path) -> Option<History> {
    history(root, &Limits::default())
}

/// `summary: path path`, newest first.
fn listing(history: &History) -> Vec<String> {
    let line = |commit: &indexer::history::Commit| {
        let mut paths: Vec<&str> =
            commit.files.iter().map(|&file| history.files[file as usize].path.as_str()).collect();
        paths.sort_unstable();
        format!("{}: {}", commit.summary, paths.join(" "))
    };
    history.commits.iter().map(line).collect()
}

fn pairs(history: &History) -> Vec<(String, String, u32, f32)> {
    let pair = |pair: CoChange| (pair.path, pair.with, pair.count, pair.strength);
    history.co_changed(&Limits::default()).into_iter().map(pair).collect()
}

#[test]
fn commits_and_what_changed_together() {
    let Some(mut repository) = Repository::new() else { return };
    repository.change("first", &["a.py", "lib/b.py", "c.py"]);
    repository.change("second\n\nwith a body", &["a.py", "lib/b.py"]);
    repository.change("third", &["c.py"]);
    repository.commit("nothing");
    fs::remove_file(repository.path().join("c.py")).expect("removed");
    repository.change("fourth", &["a.py"]);
    let history = repository.history();
    let expected = ["fourth: a.py c.py", "third: c.py", "second: a.py lib/b.py", "first: a.py c.py lib/b.py"];
    assert_eq!(listing(&history), expected);
    assert_eq!(history.commits[0].time, 1_600_000_300);
    assert_eq!(history.commits[0].id.len(), 40);
    assert_eq!((history.is_shallow, history.unreadable, history.is_cut), (false, 0, false));
    let presence: Vec<(&str, bool)> = history.files.iter().map(|file| (file.path.as_str(), file.is_present)).collect();
    assert_eq!(presence, [("a.py", true), ("c.py", false), ("lib/b.py", true)]);
    let strength = 2.0 / 3.0;
    let expected = [("a.py", "lib/b.py", 2, strength), ("lib/b.py", "a.py", 2, strength)];
    let expected = expected.map(|(path, with, count, strength)| (path.to_owned(), with.to_owned(), count, strength));
    assert_eq!(pairs(&history), expected);
    // Only the newest, only the most frequent.
    let two = history_with(repository.path(), Limits { commits: 2, ..Limits::default() });
    assert_eq!(two.commits.len(), 1, "the empty commit counts, but touched nothing");
    assert_eq!(history.co_changed(&Limits { support: 3, ..Limits::default() }), []);
}

fn history_with(root: &Path, limits: Limits) -> History {
    history(root, &limits).expect("a history")
}

#[test]
fn bulk_edits_count_nowhere_and_partners_are_few() {
    let Some(mut repository) = Repository::new() else { return };
    let many: Vec<String> = (0..31).map(|n| format!("f{n:02}.py")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    repository.change("one", &many);
    repository.change("two", &many);
    let history = repository.history();
    assert_eq!(history.commits.len(), 2);
    assert_eq!(pairs(&history), []);
    repository.change("three", &many[..20]);
    repository.change("four", &many[..20]);
    let pairs = pairs(&repository.history());
    assert_eq!(pairs.len(), 20 * 10);
    assert_eq!((pairs[0].1.as_str(), pairs[9].1.as_str()), ("f01.py", "f10.py"), "ties break by path");
}

#[test]
fn moved_files_keep_their_history() {
    let Some(mut repository) = Repository::new() else { return };
    repository.change("first", &["old/a.py", "b.py"]);
    repository.change("second", &["old/a.py", "b.py"]);
    repository.git(&["mv", "old", "new"]);
    repository.commit("move");
    repository.git(&["mv", "new/a.py", "new/z.py"]);
    repository.change("move again", &["b.py"]);
    let history = repository.history();
    let expected = ["move again: b.py new/z.py", "move: new/z.py", "second: b.py new/z.py", "first: b.py new/z.py"];
    assert_eq!(listing(&history), expected);
    assert_eq!(pairs(&history)[0], ("b.py".to_owned(), "new/z.py".to_owned(), 3, 0.75));
}

#[test]
fn merges_are_skipped_and_branches_are_not() {
    let Some(mut repository) = Repository::new() else { return };
    repository.change("base", &["a.py"]);
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.change("side", &["b.py"]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository.change("main", &["c.py"]);
    repository.clock += 60;
    repository.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "side"]);
    assert_eq!(listing(&repository.history()), ["main: c.py", "side: b.py", "base: a.py"]);
}

#[test]
fn a_folder_of_the_repository_is_a_root() {
    let Some(mut repository) = Repository::new() else { return };
    repository.change("first", &["part/inner/a.py", "b.py"]);
    repository.change("second", &["b.py"]);
    repository.change("third", &["part/inner/a.py", "part/c.py"]);
    let history = read(&repository.path().join("part")).expect("a history");
    assert_eq!(listing(&history), ["third: c.py inner/a.py", "first: inner/a.py"]);
    fs::create_dir(repository.path().join("untracked")).expect("made");
    assert_eq!(read(&repository.path().join("untracked")), None);
}

#[test]
fn bare_packed_shallow_and_linked_repositories_are_read() {
    let Some(mut repository) = Repository::new() else { return };
    repository.change("first", &["a.py"]);
    repository.change("second", &["a.py", "b.py"]);
    repository.change("third", &["b.py"]);
    let all = ["third: b.py", "second: a.py b.py", "first: a.py"];
    let url = format!("file://{}", repository.path().display());
    repository.git(&["clone", "--quiet", "--bare", &url, "bare.git"]);
    assert_eq!(listing(&read(&repository.path().join("bare.git")).expect("a history")), all);
    repository.git(&["clone", "--quiet", "--shared", ".", "shared"]);
    assert_eq!(listing(&read(&repository.path().join("shared")).expect("a history")), all);
    repository.git(&["worktree", "add", "--quiet", "-b", "other", "tree"]);
    assert_eq!(listing(&read(&repository.path().join("tree")).expect("a history")), all);
    repository.git(&["clone", "--quiet", "--depth=2", &url, "shallow"]);
    let shallow = read(&repository.path().join("shallow")).expect("a history");
    assert_eq!(listing(&shallow), ["third: b.py"]);
    assert_eq!((shallow.is_shallow, shallow.unreadable), (true, 0));
    repository.git(&["gc", "--quiet"]);
    repository.git(&["pack-refs", "--all"]);
    assert_eq!(listing(&repository.history()), all);
    repository.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    assert_eq!(listing(&repository.history()), all[1..]);
}

#[test]
fn without_commits_there_is_no_history() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(read(folder.path()), None);
    assert_eq!(read(&folder.path().join("absent")), None);
    let Some(repository) = Repository::new() else { return };
    assert_eq!(read(repository.path()), None);
    for head in ["", "ref: refs/../../HEAD", "ref: HEAD", "ref: refs/heads/../../HEAD", "0123", "\0"] {
        repository.write(".git/HEAD", head);
        assert_eq!(read(repository.path()), None, "{head}");
    }
    let id = "1".repeat(40);
    repository.write(".git/HEAD", &id);
    assert_eq!(read(repository.path()), None);
    fs::remove_dir_all(repository.path().join(".git")).expect("removed");
    for link in ["", "gitdir:", "gitdir: .", "gitdir: ../none", "nonsense"] {
        repository.write(".git", link);
        assert_eq!(read(repository.path()), None, "{link}");
    }
}

#[test]
fn a_secret_in_a_summary_is_masked() {
    let Some(mut repository) = Repository::new() else { return };
    let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5".get(..36).expect("36"));
    repository.change(&format!("use {token} {}", "é".repeat(200)), &["a.py"]);
    let summary = &repository.history().commits[0].summary;
    assert!(summary.starts_with("use ") && !summary.contains(&token[..12]), "{summary}");
    assert!(summary.len() <= 200);
}

/// Every file of a folder, sorted.
fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn damaged_objects_give_less_history() {
    let Some(mut repository) = Repository::new() else { return };
    for number in 0..6 {
        let paths = ["a.py", "lib/b.py", "lib/deep/c.py"];
        repository.change(&format!("commit {number}"), &paths[number % 3..]);
    }
    for packed in [false, true] {
        if packed {
            repository.git(&["gc", "--quiet", "--aggressive"]);
        }
        let whole = repository.history();
        assert_eq!(whole.commits.len(), 6);
        for path in files_below(&repository.path().join(".git/objects")) {
            let bytes = fs::read(&path).expect("an object");
            fs::remove_file(&path).expect("removed");
            let _ = read(repository.path());
            let step = (bytes.len() / 60).max(1);
            for at in (0..bytes.len()).step_by(step) {
                let mut broken = bytes.clone();
                broken[at] ^= 0x55;
                fs::write(&path, &broken).expect("written");
                if let Some(history) = read(repository.path()) {
                    assert!(history.commits.len() <= whole.commits.len());
                    let _ = history.co_changed(&Limits::default());
                }
                fs::remove_file(&path).expect("removed");
            }
            for end in [0, 1, bytes.len() / 2] {
                fs::write(&path, &bytes[..end]).expect("written");
                let _ = read(repository.path());
                fs::remove_file(&path).expect("removed");
            }
            fs::write(&path, &bytes).expect("written");
        }
        assert_eq!(repository.history(), whole);
    }
}

/// Made-up objects: they are not hashed again when they are read.
#[test]
fn a_folder_that_holds_itself_ends() {
    let Some(repository) = Repository::new() else { return };
    let (tree, blob, commit) = ("d".repeat(40), "b".repeat(40), "e".repeat(40));
    let bytes = |id: &str| vec![u8::from_str_radix(&id[..2], 16).expect("hexadecimal"); 20];
    let mut entries = Vec::new();
    for name in ["a", "b", "c"] {
        entries.extend([format!("40000 {name}\0").into_bytes(), bytes(&tree)].concat());
    }
    entries.extend([b"100644 f\0".to_vec(), bytes(&blob)].concat());
    let text = format!("tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n");
    for (id, kind, content) in [(&tree, "tree", entries), (&commit, "commit", text.into_bytes())] {
        let raw = [format!("{kind} {}\0", content.len()).into_bytes(), content].concat();
        let path = repository.path().join(".git/objects").join(&id[..2]);
        fs::create_dir_all(&path).expect("made");
        fs::write(path.join(&id[2..]), stored(&raw)).expect("written");
    }
    repository.write(".git/HEAD", &commit);
    let history = repository.history();
    assert_eq!(history.commits.len(), 1);
    assert_eq!(history.co_changed(&Limits::default()), []);
}

/// A zlib stream of one stored block (RFC 1950, 1951).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    let length = bytes.len() as u16;
    let head = [&[0x78, 0x01, 0x01][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    [&head[..], bytes, &(b << 16 | a).to_be_bytes()].concat()
}
