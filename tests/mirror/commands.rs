//! `cogo sync postgres` and `cogo verify postgres`.

use std::process::Command;

use serde_json::Value;

use super::database::{Database, Mirrored};
use crate::repository::write_file;

/// Exit code, stdout and stderr of `cogo` in the repository.
pub fn cogo(mirrored: &Mirrored, args: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
    command.args(args).current_dir(mirrored.root()).env("HOME", mirrored.folder.path()).env("NO_COLOR", "1");
    command.env("XDG_CONFIG_HOME", mirrored.folder.path().join("config")).envs(environment.iter().copied());
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn the_commands_sync_verify_and_repair() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 9);
    let url = database.url();
    let sync = ["sync", "postgres", "--url", &url, "--format", "json"];
    let (code, out, err) = cogo(&mirrored, &sync, &[]);
    assert_eq!(code, 0, "{err}");
    let synced: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&synced["written"], &synced["unchanged"]), (&9.into(), &0.into()));
    assert_eq!(database.column("SELECT tenant || '/' || name FROM cogo.repositories"), ["default/repository"]);

    let verify = ["verify", "postgres", "--url", &url];
    assert_eq!(cogo(&mirrored, &verify, &[]).0, 0);
    database.sql("UPDATE cogo.documents SET language = 'x' WHERE path = 'docs/file_2.md'");
    let (code, out, _) = cogo(&mirrored, &verify, &[]);
    assert_eq!(code, 1);
    assert!(out.contains("changed  docs/file_2.md") && out.contains("9 documents compared, 1 difference"), "{out}");
    let (code, out, _) = cogo(&mirrored, &[&verify[..], &["--repair"]].concat(), &[]);
    assert!(code == 0 && out.contains("repaired: 1 written, 1 deleted"), "{out}");
    assert_eq!(cogo(&mirrored, &verify, &[]).0, 0);
}

#[test]
fn settings_name_the_server_and_never_show_its_password() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 3);
    let (code, _, err) = cogo(&mirrored, &["sync", "postgres"], &[]);
    assert!(code == 2 && err.contains("sync.postgres"), "{err}");
    let (code, _, err) = cogo(&mirrored, &["sync", "postgres", "--url", "postgres://me:s3cret@127.0.0.1:1/x"], &[]);
    assert!(code == 3 && !err.contains("s3cret"), "{err}");
    let url = database.url().replace("postgres@", "postgres:s3cret@");
    let environment = [("COGO_SYNC_POSTGRES", &*url), ("COGO_SYNC_REPOSITORY", "shop"), ("COGO_SYNC_TENANT", "us")];
    let (code, out, err) = cogo(&mirrored, &["sync", "postgres"], &environment);
    assert!(code == 0 && !out.contains("s3cret"), "{out}{err}");
    assert_eq!(database.column("SELECT tenant || '/' || name FROM cogo.repositories"), ["us/shop"]);
    let (_, out, _) = cogo(&mirrored, &["config", "show"], &environment);
    assert!(out.contains("sync.postgres") && !out.contains("s3cret"), "{out}");
    // A repository must not send its own index anywhere.
    std::fs::write(mirrored.root().join(".cogo.toml"), "[sync]\npostgres = \"postgres://evil/x\"\n").expect("write");
    assert_eq!(cogo(&mirrored, &["sync", "postgres"], &environment).0, 2);
}

#[test]
fn a_commit_brings_the_mirror_up_to_date_if_that_is_set() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 3);
    let url = database.url();
    let environment = [("COGO_SYNC_POSTGRES", &*url), ("COGO_SYNC_AUTO", "true")];
    write_file(&mirrored.root(), 3, 0);
    // Files younger than a tick of the clock are read again, which makes another generation.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let (code, _, err) = cogo(&mirrored, &["index"], &environment);
    assert_eq!(code, 0, "{err}");
    mirrored.index();
    mirrored.assert_clean(&database);
    write_file(&mirrored.root(), 4, 0);
    let away = [("COGO_SYNC_POSTGRES", "postgres://127.0.0.1:1/x"), ("COGO_SYNC_AUTO", "true")];
    let (code, _, err) = cogo(&mirrored, &["index", "--quiet"], &away);
    assert!(code == 0 && err.contains("the mirror is not up to date"), "a server that is away stops nothing: {err}");
}
