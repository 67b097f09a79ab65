//! Killed processes, broken connections, servers that stop: afterwards nothing is lost, and nothing is there twice.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mirror::postgres::SyncOptions;

use super::database::{Database, Mirrored, origin};
use super::proxy::Proxy;
use crate::repository::{Random, write_file};

fn sync_process(mirrored: &Mirrored, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
    command.args(["sync", "postgres", "--no-refresh", "--url", url]).arg(mirrored.root());
    command.env("HOME", mirrored.folder.path()).env("XDG_CONFIG_HOME", mirrored.folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn killed_fifty_times_it_loses_nothing() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 1500);
    let mut random = Random(7);
    let mut finished = 0;
    for round in 0..50 {
        if round % 5 == 4 {
            for _ in 0..400 {
                write_file(&mirrored.root(), random.below(1600), round);
            }
            mirrored.index();
        }
        let mut process = sync_process(&mirrored, &database.url()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(5 + random.below(400) as u64));
        // It may have ended already.
        drop(process.kill());
        finished += u32::from(process.wait().expect("it ends").success());
    }
    assert!(finished < 50, "none was killed in time");
    let status = sync_process(&mirrored, &database.url()).status().expect("it runs");
    assert!(status.success());
    mirrored.assert_clean(&database);
}

#[test]
fn connections_that_are_cut_all_the_time_do_not_stop_it() {
    let Some(database) = Database::new() else { return };
    // Makes extension and schema, which is one step and may take longer than a connection lasts.
    Mirrored::named(&database.url(), 1, origin("other", "repository")).sync();
    let proxy = Proxy::new(database.place(), Duration::from_millis(100));
    let mut mirrored = Mirrored::new(&database.url(), 2000);
    let through = mirror::postgres::Postgres::new(&database.url_through(proxy.port), origin("default", "repository"));
    let through = through.expect("an address");
    let first = through.sync(&mirrored.snapshot, &SyncOptions::default()).expect("it gets through");
    assert_eq!(first.written, 2000);
    mirrored.assert_clean(&database);
    (0..100).for_each(|number| write_file(&mirrored.root(), number, 1));
    mirrored.index();
    through.sync(&mirrored.snapshot, &SyncOptions::default()).expect("it gets through");
    mirrored.assert_clean(&database);
    assert!(proxy.cut.load(Ordering::Relaxed) > 0, "nothing was cut");
}

#[test]
fn sessions_that_the_server_ends_are_begun_again() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 200);
    std::thread::scope(|scope| {
        let sync = scope.spawn(|| mirrored.sync());
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(40));
            database.column(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
        }
        sync.join().expect("it gets through");
    });
    mirrored.assert_clean(&database);
}

#[test]
fn two_syncs_at_once_are_one_after_the_other() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 120);
    let written: u64 = std::thread::scope(|scope| {
        let syncs: Vec<_> = (0..4).map(|_| scope.spawn(|| mirrored_again(&database, &mirrored))).collect();
        syncs.into_iter().map(|sync| sync.join().expect("no panic")).sum()
    });
    assert_eq!(written, 120, "each document is written once");
    mirrored.assert_clean(&database);
    let revisions = database.number("SELECT revision FROM cogo.repositories");
    assert_eq!(revisions, 1, "readers were told of one change");
}

fn mirrored_again(database: &Database, mirrored: &Mirrored) -> u64 {
    let mirror = mirror::postgres::Postgres::new(&database.url(), origin("default", "repository")).expect("an address");
    mirror.sync(&mirrored.snapshot, &SyncOptions::default()).expect("sync").written
}

#[test]
fn a_full_disk_or_a_read_only_server_changes_nothing() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 20);
    mirrored.sync();
    let before = mirrored.snapshot.clone();
    (0..20).for_each(|number| write_file(&mirrored.root(), number, 1));
    mirrored.index();
    let name = database.column("SELECT current_database()").remove(0);
    database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let refused = mirrored.mirror.sync(&mirrored.snapshot, &SyncOptions::default()).expect_err("it is read-only");
    assert!(refused.to_string().contains("read-only"), "{refused}");
    database.sql(&format!("BEGIN READ WRITE; ALTER DATABASE {name} RESET default_transaction_read_only; COMMIT"));
    // The server says so when a page cannot be written; a trigger says it at the same place.
    database.sql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON cogo.embeddings EXECUTE FUNCTION full_disk()",
    );
    let refused = mirrored.mirror.sync(&mirrored.snapshot, &SyncOptions::default()).expect_err("the disk is full");
    assert!(refused.to_string().contains("No space left"), "{refused}");
    assert_eq!(mirrored.mirror.verify(&before).expect("verify").differences, [], "readers see what they saw before");
    database.sql("DROP TRIGGER full_disk ON cogo.embeddings");
    mirrored.sync();
    mirrored.assert_clean(&database);
}
