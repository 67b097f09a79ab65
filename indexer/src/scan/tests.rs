//! Walks of real folders, one rule at a time.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;

/// A folder with the given files; a path that ends in `/` is an empty folder.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().expect("temporary folder");
    add(root.path(), files);
    root
}

fn add(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let full = root.join(path);
        if path.ends_with('/') {
            fs::create_dir_all(&full).expect("folder");
            continue;
        }
        fs::create_dir_all(full.parent().expect("below the root")).expect("folder");
        fs::write(&full, content).expect("file");
    }
}

fn walk(root: &Path) -> Scan {
    scan(root, &ScanOptions::default(), &|_| {}).expect("the folder can be walked")
}

fn paths(scan: &Scan) -> Vec<&str> {
    scan.files.iter().map(|file| file.path.as_str()).collect()
}

fn skipped(scan: &Scan) -> Vec<(&str, &str)> {
    scan.skipped.iter().map(|skip| (skip.path.as_str(), skip.reason.as_str())).collect()
}

#[test]
fn lists_files_sorted_with_what_the_file_system_tells() {
    let root = folder(&[("b/z.rs", "12345"), ("b.rs", ""), ("a/x.py", "1"), ("empty/", "")]);
    let found = walk(root.path());
    assert_eq!(paths(&found), ["a/x.py", "b.rs", "b/z.rs"]);
    assert!(found.skipped.is_empty() && found.problems.is_empty());
    let last = &found.files[2];
    assert_eq!(last.size, 5);
    assert_eq!(last.read(5), Ok(b"12345".to_vec()));
    assert_eq!(last.read(4), Err(SkipReason::TooLarge));
    assert!(last.modified_ns > 1_600_000_000_000_000_000);
    if cfg!(unix) {
        assert!(last.changed_ns > 1_600_000_000_000_000_000 && last.inode > 0);
    }
    fs::remove_file(&last.absolute).expect("remove");
    assert_eq!(last.read(5), Err(SkipReason::Unreadable));
}

#[test]
fn the_number_of_threads_does_not_change_the_outcome() {
    let root = folder(&[]);
    for index in 0..300 {
        add(
            root.path(),
            &[(&format!("d{}/f{index}.rs", index % 17), "x"), (&format!("d{}/i{index}.png", index % 7), "x")],
        );
    }
    let seen = AtomicUsize::new(0);
    let options = |threads| ScanOptions { threads, ..ScanOptions::default() };
    let one = scan(root.path(), &options(1), &|count| {
        seen.fetch_max(count, Ordering::Relaxed);
    })
    .expect("walk");
    assert_eq!(seen.into_inner(), 600);
    assert_eq!((one.files.len(), one.skipped.len()), (300, 300));
    for threads in [0, 2, 8] {
        assert_eq!(scan(root.path(), &options(threads), &|_| {}).expect("walk"), one);
    }
}

#[test]
fn a_root_that_is_no_folder_is_an_error() {
    let root = folder(&[("file.rs", "")]);
    let error = |path: &Path| scan(path, &ScanOptions::default(), &|_| {}).expect_err("no folder");
    let missing = error(&root.path().join("missing"));
    assert!(matches!(missing, ScanError::Missing(_)));
    assert!(missing.to_string().ends_with("missing`: no such folder"), "{missing}");
    let file = error(&root.path().join("file.rs"));
    assert!(matches!(file, ScanError::NotAFolder(_)));
    assert!(file.to_string().ends_with("file.rs`: it is not a folder"), "{file}");
    assert!(matches!(error(&root.path().join("file.rs/x")), ScanError::NotAFolder(_)));
}

#[test]
fn ignore_files_count_at_every_level_without_git() {
    let root = folder(&[
        (".gitignore", "*.log\n/only_here\ngen/\n!keep.log\n"),
        ("a.log", ""),
        ("keep.log", ""),
        ("only_here", ""),
        ("sub/only_here", ""),
        ("sub/gen/x.rs", ""),
        ("sub/.gitignore", "!a.log\n*.tmp\n"),
        ("sub/a.log", ""),
        ("sub/b.log", ""),
        ("sub/x.tmp", ""),
        (".ignore", "from_ignore.rs\n"),
        ("from_ignore.rs", ""),
        (".cogoignore", "from_cogoignore.rs\n!b.log\n"),
        ("from_cogoignore.rs", ""),
        ("sub/deep/.cogoignore", "*\n!/wanted.rs\n"),
        ("sub/deep/wanted.rs", ""),
        ("sub/deep/unwanted.rs", ""),
    ]);
    let found = walk(root.path());
    assert_eq!(paths(&found), ["keep.log", "sub/a.log", "sub/b.log", "sub/deep/wanted.rs", "sub/only_here"]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}

#[test]
fn excludes_of_the_repository_count() {
    let root = folder(&[
        (".git/info/exclude", "excluded.rs\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("excluded.rs", ""),
        ("included.rs", ""),
    ]);
    assert_eq!(paths(&walk(root.path())), ["included.rs"]);
}

#[test]
fn ignore_files_above_the_root_count_within_a_repository_only() {
    let files = [(".gitignore", "*.log\n"), ("project/src/a.log", ""), ("project/src/a.rs", "")];
    let plain = folder(&files);
    assert_eq!(paths(&walk(&plain.path().join("project"))), ["src/a.log", "src/a.rs"]);
    let repository = folder(&files);
    add(repository.path(), &[(".git/HEAD", "")]);
    assert_eq!(paths(&walk(&repository.path().join("project"))), ["src/a.rs"]);
    let own_repository = folder(&files);
    add(own_repository.path(), &[("project/.git/HEAD", "")]);
    assert_eq!(paths(&walk(&own_repository.path().join("project"))), ["src/a.log", "src/a.rs"]);
}

#[test]
fn a_repository_in_a_repository_has_its_own_rules() {
    let root = folder(&[
        (".git/HEAD", ""),
        (".gitignore", "*.log\n"),
        ("a.log", ""),
        ("sub/.git", "gitdir: ../.git/modules/sub\n"),
        ("sub/a.log", ""),
        ("sub/.gitignore", "*.tmp\n"),
        ("sub/a.tmp", ""),
    ]);
    assert_eq!(paths(&walk(root.path())), ["sub/a.log"]);
}

#[test]
fn hidden_files_are_out_unless_named() {
    let files = [(".github/ci.yml", ""), (".hidden.rs", ""), (".cogo/x.json", ""), (".git/config", "")];
    let root = folder(&files);
    assert_eq!(paths(&walk(root.path())), [""; 0]);
    add(root.path(), &[(".cogoignore", "!.github/\n!.cogo/\n!.git/\n!.env\n"), (".env", "")]);
    let found = walk(root.path());
    assert_eq!(paths(&found), [".github/ci.yml"]);
    assert_eq!(skipped(&found), [(".env", "secret")]);
}

#[test]
fn a_bad_pattern_is_a_problem_and_the_rest_counts() {
    let root = folder(&[(".gitignore", "[z-a]\n*.log\n"), ("a.log", ""), ("a.rs", "")]);
    let found = walk(root.path());
    assert_eq!(paths(&found), ["a.rs"]);
    assert_eq!(found.problems.len(), 1);
    let line = found.problems[0].to_string();
    assert!(line.contains(".gitignore") && line.contains("line 1") && !line.contains('\n'), "{line}");
}

#[test]
fn large_files_are_skipped() {
    let root = folder(&[("small.rs", "1234"), ("large.rs", "12345")]);
    let options = ScanOptions { max_file_bytes: 4, ..ScanOptions::default() };
    let found = scan(root.path(), &options, &|_| {}).expect("walk");
    assert_eq!(paths(&found), ["small.rs"]);
    assert_eq!(skipped(&found), [("large.rs", "too-large")]);
}

#[test]
fn vendored_folders_are_skipped_and_own_code_of_the_same_name_is_not() {
    let root = folder(&[
        ("web/node_modules/x/index.js", ""),
        ("third_party/x.c", ""),
        ("src/third_party/x.c", ""),
        ("src/com/acme/thirdparty/Own.java", ""),
        ("go/go.mod", ""),
        ("go/vendor/modules.txt", ""),
        ("go/vendor/x.go", ""),
        ("go/internal/vendor/own.go", ""),
        ("php/composer.json", ""),
        ("php/vendor/autoload.php", ""),
        ("rust/Cargo.toml", ""),
        ("rust/vendor/serde/.cargo-checksum.json", ""),
        ("shop/Cargo.toml", ""),
        ("shop/vendor/own.rs", ""),
        ("rails/vendor/bundle/x.rb", ""),
        ("rails/vendor/own.rb", ""),
        ("py/env/pyvenv.cfg", ""),
        ("py/lib/env/own.py", ""),
        ("build/own.py", ""),
        ("dist/own.py", ""),
        ("target/own.rs", ""),
        ("out/CACHEDIR.TAG", ""),
    ]);
    let found = walk(root.path());
    let own: Vec<&str> = paths(&found).into_iter().filter(|path| path.contains("wn.")).collect();
    assert_eq!(
        own,
        [
            "build/own.py",
            "dist/own.py",
            "go/internal/vendor/own.go",
            "py/lib/env/own.py",
            "rails/vendor/own.rb",
            "shop/vendor/own.rs",
            "src/com/acme/thirdparty/Own.java",
            "target/own.rs",
        ]
    );
    assert_eq!(
        skipped(&found),
        [
            ("go/vendor/", "vendored"),
            ("out/", "vendored"),
            ("php/vendor/", "vendored"),
            ("py/env/", "vendored"),
            ("rails/vendor/bundle/", "vendored"),
            ("rust/vendor/", "vendored"),
            ("src/third_party/", "vendored"),
            ("third_party/", "vendored"),
            ("web/node_modules/", "vendored"),
        ]
    );
    let options = ScanOptions { include_vendored: true, ..ScanOptions::default() };
    let all = scan(root.path(), &options, &|_| {}).expect("walk");
    assert!(all.skipped.is_empty() && paths(&all).contains(&"web/node_modules/x/index.js"));
}

#[test]
fn a_folder_named_like_a_vendored_one_can_be_the_root() {
    let root = folder(&[("node_modules/pkg/index.js", ""), ("node_modules/.cogo/CURRENT", "")]);
    assert_eq!(paths(&walk(&root.path().join("node_modules"))), ["pkg/index.js"]);
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn links_are_not_followed() {
        let outside = folder(&[("secret.rs", "")]);
        let root = folder(&[("real/a.rs", "")]);
        let link = |target: &Path, name: &str| {
            symlink(target, root.path().join(name)).expect("link");
        };
        link(&root.path().join("real/a.rs"), "same_file.rs");
        link(&root.path().join("real"), "same_folder");
        link(root.path(), "real/up");
        link(Path::new("loop_b"), "loop_a");
        link(Path::new("loop_a"), "loop_b");
        link(Path::new("nowhere"), "broken");
        link(outside.path(), "outside");
        let found = walk(root.path());
        assert_eq!(paths(&found), ["real/a.rs"]);
        let links = ["broken", "loop_a", "loop_b", "outside", "real/up", "same_file.rs", "same_folder"];
        assert_eq!(skipped(&found), links.map(|path| (path, "link")));
    }

    #[test]
    fn the_root_may_be_a_link() {
        let real = folder(&[("a.rs", "")]);
        let other = folder(&[]);
        let link = other.path().join("link");
        symlink(real.path(), &link).expect("link");
        let found = walk(&link);
        assert_eq!(paths(&found), ["a.rs"]);
        assert_eq!(found.root, fs::canonicalize(real.path()).expect("real path"));
        symlink("nowhere", other.path().join("broken")).expect("link");
        let broken = scan(&other.path().join("broken"), &ScanOptions::default(), &|_| {});
        assert!(matches!(broken, Err(ScanError::Missing(_))));
    }

    #[test]
    fn pipes_and_sockets_are_not_opened() {
        let root = folder(&[("a.rs", "")]);
        let _socket = UnixListener::bind(root.path().join("socket")).expect("socket");
        let pipe = root.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let found = walk(root.path());
        assert_eq!(paths(&found), ["a.rs"]);
        if made.is_ok_and(|status| status.success()) {
            assert_eq!(skipped(&found), [("pipe", "not-a-file"), ("socket", "not-a-file")]);
        }
    }

    #[test]
    fn what_cannot_be_read_is_reported() {
        let root = folder(&[("locked/a.rs", ""), ("locked.rs", "x"), ("open.rs", "")]);
        let lock = |path: &str, mode: u32| {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(root.path().join(path), permissions).expect("permissions");
        };
        lock("locked", 0);
        lock("locked.rs", 0);
        // The superuser reads everything, and there is nothing to test.
        let is_superuser = fs::read_dir(root.path().join("locked")).is_ok();
        let found = walk(root.path());
        lock("locked", 0o755);
        if is_superuser {
            return;
        }
        assert_eq!(paths(&found), ["locked.rs", "open.rs"]);
        assert_eq!(found.files[0].read(10), Err(SkipReason::Unreadable));
        assert_eq!(found.problems.len(), 1);
        assert_eq!(found.problems[0].path, "locked");
        assert!(found.problems[0].message.contains("ermission denied"));
    }

    #[test]
    fn names_that_are_not_utf8_are_made_readable_once() {
        let root = folder(&[]);
        for name in [&b"caf\xE9.rs"[..], b"caf\xE8.rs"] {
            let made = fs::write(root.path().join(OsStr::from_bytes(name)), "x");
            if made.is_err() {
                return; // Not every file system allows such names.
            }
        }
        let found = walk(root.path());
        assert_eq!(paths(&found), ["caf\u{fffd}.rs"]);
        assert_eq!(found.files[0].read(10), Ok(b"x".to_vec()));
        let messages: Vec<&str> = found.problems.iter().map(|p| p.message.as_str()).collect();
        assert!(messages.iter().any(|message| message.contains("not UTF-8")), "{messages:?}");
        assert!(messages.iter().any(|message| message.contains("left out")), "{messages:?}");
    }

    #[test]
    fn hostile_names_stay_one_line() {
        let names = ["new\nline.rs", "tab\t.rs", "\u{1b}[31mred.rs", "back\\slash.rs", " space .rs", "-"];
        let root = folder(&names.map(|name| (name, "")));
        let mut expected = names.to_vec();
        expected.sort_unstable();
        assert_eq!(paths(&walk(root.path())), expected);
        let problem = Problem { path: "new\nline.rs".into(), message: "bad".into() };
        assert_eq!(problem.to_string(), "`new\\nline.rs`: bad");
    }
}
