//! What is in the mirror, who sees it, and what is said of it.

use std::sync::atomic::{AtomicBool, Ordering};

use mirror::postgres::{Postgres, SyncOptions};
use mirror::{Difference, Error, Synced};

use super::database::{Database, Mirrored, origin};
use crate::repository::write_file;

#[test]
fn a_sync_writes_what_differs_and_nothing_else() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 30);
    let first = mirrored.sync();
    assert_eq!((first.written, first.deleted, first.unchanged), (30, 0, 0));
    mirrored.assert_clean(&database);
    let revision = "SELECT revision FROM cogo.repositories";
    let (rows, seen) = (rows(&database), database.number(revision));

    let again = mirrored.sync();
    assert_eq!(again, Synced { written: 0, deleted: 0, unchanged: 30, ..first });
    assert_eq!(rows, self::rows(&database), "a row was written anew");
    assert_eq!(seen, database.number(revision), "readers were told of a change");

    write_file(&mirrored.root(), 3, 1);
    write_file(&mirrored.root(), 30, 0);
    std::fs::remove_file(mirrored.root().join("lib/core/file_1.py")).expect("it is there");
    mirrored.index();
    let third = mirrored.sync();
    assert_eq!((third.written, third.deleted, third.unchanged), (2, 2, 28));
    mirrored.assert_clean(&database);
    let kept = self::rows(&database).iter().filter(|row| rows.contains(row)).count();
    assert_eq!(kept, 28, "what did not change was not touched");
}

/// Documents with the transactions that wrote them.
fn rows(database: &Database) -> Vec<String> {
    database.column("SELECT id || ' ' || path FROM cogo.documents ORDER BY id")
}

#[test]
fn rows_can_be_asked_by_sql() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 30);
    mirrored.sync();
    let chunks = mirrored.snapshot.manifest.counts.chunks as i64;
    assert_eq!(database.number("SELECT count(*) FROM cogo.chunks"), chunks);
    assert_eq!(database.number("SELECT count(*) FROM cogo.embeddings WHERE vector_dims(dense::vector) = 256"), chunks);
    assert_eq!(database.number("SELECT count(*) FROM cogo.symbols"), mirrored.snapshot.manifest.counts.symbols as i64);
    // Names carry weight A, and words of the path C.
    let holds =
        |query: &str| database.number(&format!("SELECT count(*) FROM cogo.chunks WHERE lexemes @@ '{query}'::tsquery"));
    assert!(holds("token:A") > 0 && holds("token") > holds("token:A"));
    assert_eq!(holds("file:C"), chunks);
    let path = "SELECT string_agg(text, '' ORDER BY ordinal) FROM cogo.chunks JOIN cogo.documents ON id = document_id
        WHERE path = 'src/file_0.rs'";
    let text = std::fs::read_to_string(mirrored.root().join("src/file_0.rs")).expect("it is there");
    assert_eq!(database.column(path), [text], "the chunks of a file are its text");
    let lines =
        "SELECT name || ' ' || start_line || '-' || end_line FROM cogo.symbols JOIN cogo.documents ON id = document_id
        WHERE path = 'src/file_0.rs' AND ordinal = 0";
    assert!(
        database.column(lines)[0].ends_with(" 1-4") || database.column(lines)[0].ends_with(" 2-4"),
        "{:?}",
        database.column(lines)
    );
    let nearest = "SELECT path FROM cogo.embeddings JOIN cogo.documents ON id = document_id
        ORDER BY dense <=> (SELECT dense FROM cogo.embeddings JOIN cogo.documents ON id = document_id
            WHERE path = 'docs/file_2.md' AND ordinal = 0) LIMIT 1";
    assert_eq!(database.column(nearest), ["docs/file_2.md"]);
}

#[test]
fn every_difference_is_named_and_repaired() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 30);
    mirrored.sync();
    let id = |path: &str| database.number(&format!("SELECT id FROM cogo.documents WHERE path = '{path}'"));
    let damage = [
        ("UPDATE cogo.chunks SET text = text || ' ' WHERE ordinal = 0 AND document_id", "src/file_0.rs"),
        (
            "UPDATE cogo.chunks SET lexemes = lexemes || 'zzz:1'::tsvector WHERE ordinal = 0 AND document_id",
            "lib/core/file_1.py",
        ),
        ("UPDATE cogo.embeddings SET dense = dense + dense WHERE ordinal = 0 AND document_id", "docs/file_2.md"),
        ("UPDATE cogo.symbols SET start_line = start_line + 1 WHERE ordinal = 0 AND document_id", "src/file_3.rs"),
        (
            "UPDATE cogo.documents SET body = overlay(body placing decode('ff', 'hex') from 300) WHERE id",
            "lib/core/file_4.py",
        ),
        ("DELETE FROM cogo.chunks WHERE ordinal = 0 AND document_id", "docs/file_5.md"),
        ("UPDATE cogo.documents SET language = 'cobol' WHERE id", "src/file_6.rs"),
        ("UPDATE cogo.documents SET digest = decode('00', 'hex') WHERE id", "lib/core/file_7.py"),
    ];
    let mut expected: Vec<Difference> = Vec::new();
    for (statement, path) in damage {
        database.sql(&format!("{statement} = {}", id(path)));
        expected.push(Difference::Changed(path.into()));
    }
    database.sql(&format!("UPDATE cogo.documents SET visible = false WHERE id = {}", id("docs/file_8.md")));
    expected.push(Difference::Missing("docs/file_8.md".into()));
    database.sql(
        "INSERT INTO cogo.documents (repository_id, digest, visible, path, language, role, body)
         SELECT repository_id, 'x', true, 'made/up.rs', language, role, body FROM cogo.documents LIMIT 1;
         INSERT INTO cogo.symbols (document_id, ordinal, repository_id, name, kind, start_line, end_line)
         SELECT 0, 0, repository_id, 'lost', 'key', 1, 1 FROM cogo.documents LIMIT 1",
    );
    expected.push(Difference::Extra("made/up.rs".into()));
    expected.push(Difference::Extra("1 rows of no document in cogo.symbols".into()));
    expected.sort();
    assert_eq!(mirrored.mirror.verify(&mirrored.snapshot).expect("verify").differences, expected);

    let (verified, synced) = mirrored.mirror.repair(&mirrored.snapshot, &SyncOptions::default()).expect("repair");
    assert_eq!(verified.differences, expected);
    assert_eq!(synced.written, 8, "damaged documents are written anew, others are not");
    mirrored.assert_clean(&database);

    database.sql("UPDATE cogo.terms SET chunks = chunks + 1 WHERE term = 'token'");
    let differences = mirrored.mirror.verify(&mirrored.snapshot).expect("verify").differences;
    assert_eq!(differences, [Difference::Changed("term `token`".into())]);
    mirrored.mirror.repair(&mirrored.snapshot, &SyncOptions::default()).expect("repair");
    mirrored.assert_clean(&database);
}

#[test]
fn readers_never_see_half_a_sync() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 40);
    mirrored.sync();
    let versions = |mirrored: &Mirrored| {
        let mut digests: Vec<u128> = Vec::new();
        for live in &mirrored.snapshot.segments {
            let files = (0..live.live.len() as u32).filter(|file| live.live[*file as usize]);
            digests.extend(files.map(|file| live.segment.digest(file).expect("whole")));
        }
        digests.sort_unstable();
        digests.iter().map(|digest| format!("{digest:032x}")).collect::<Vec<_>>().join(",")
    };
    let mut expected = vec![(mirrored.snapshot.manifest.generation.to_string(), versions(&mirrored))];
    let (done, seen) = (AtomicBool::new(false), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let query = "SELECT generation || ' ' || (SELECT string_agg(encode(digest, 'hex'), ',' ORDER BY digest)
                FROM cogo.documents WHERE visible) FROM cogo.repositories";
            while !done.load(Ordering::Relaxed) {
                let answer = database.column(query).remove(0);
                let mut seen = seen.lock().expect("no panic");
                if seen.last() != Some(&answer) {
                    seen.push(answer);
                }
            }
        });
        for version in 1..6 {
            (0..40).for_each(|number| write_file(&mirrored.root(), number, version));
            mirrored.index();
            mirrored.sync();
            expected.push((mirrored.snapshot.manifest.generation.to_string(), versions(&mirrored)));
        }
        done.store(true, Ordering::Relaxed);
    });
    let seen = seen.into_inner().expect("no panic");
    assert!(seen.len() > 1, "the reader saw no change");
    for answer in seen {
        let (generation, digests) = answer.split_once(' ').expect("two parts");
        let whole = expected.iter().find(|(known, _)| known == generation).expect("a generation that was synced");
        assert_eq!(digests, whole.1, "half of generation {generation}");
    }
}

#[test]
fn tenants_do_not_see_each_other() {
    let Some(database) = Database::new() else { return };
    let ours = Mirrored::named(&database.url(), 6, origin("ours", "shop"));
    let theirs = Mirrored::named(&database.url(), 9, origin("theirs", "shop"));
    ours.sync();
    theirs.sync();
    for mirrored in [&ours, &theirs] {
        assert_eq!(mirrored.mirror.verify(&mirrored.snapshot).expect("verify").differences, []);
    }
    let reader = format!("reader_{}", std::process::id());
    database.sql(&format!(
        "CREATE ROLE {reader}; GRANT USAGE ON SCHEMA cogo TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA cogo TO {reader}"
    ));
    for table in ["repositories", "generations", "documents", "chunks", "embeddings", "symbols", "terms"] {
        let count = |tenant: &str| {
            let schema = "SELECT count(*) FROM cogo";
            let query = format!("SET ROLE {reader}; SET cogo.tenant = '{tenant}'; {schema}.{table}");
            database.last_number(&query)
        };
        let all = database.number(&format!("SELECT count(*) FROM cogo.{table}"));
        assert!(count("ours") > 0 && count("theirs") > 0, "{table}");
        assert_eq!(count("ours") + count("theirs"), all, "{table}");
        assert_eq!(count("nobody"), 0, "{table}");
    }
    database.sql(&format!("DROP OWNED BY {reader}; DROP ROLE {reader}"));
}

#[test]
fn an_older_generation_replaces_a_newer_one_only_if_it_is_told_to() {
    let Some(database) = Database::new() else { return };
    let mut mirrored = Mirrored::new(&database.url(), 12);
    let old = mirrored.snapshot.clone();
    write_file(&mirrored.root(), 0, 1);
    mirrored.index();
    mirrored.sync();
    let refused = mirrored.mirror.sync(&old, &SyncOptions::default());
    assert!(matches!(refused, Err(Error::Older { .. })), "{refused:?}");
    mirrored.assert_clean(&database);
    let replaced = mirrored.mirror.sync(&old, &SyncOptions { older: true, ..SyncOptions::default() }).expect("sync");
    assert_eq!((replaced.generation, replaced.written), (old.manifest.generation, 1));
    mirrored.snapshot = old;
    mirrored.assert_clean(&database);
}

#[test]
fn hostile_names_are_names() {
    let Some(database) = Database::new() else { return };
    for name in
        ["'; DROP SCHEMA cogo CASCADE; --", "\"; SELECT 1; \"", "a\nb\\' $1 %s", "🦀 ключ ../..", &"x".repeat(2000)]
    {
        let mirrored = Mirrored::named(&database.url(), 3, origin(name, name));
        mirrored.sync();
        assert_eq!(mirrored.mirror.verify(&mirrored.snapshot).expect("verify").differences, []);
    }
    assert_eq!(database.number("SELECT count(*) FROM cogo.repositories"), 5);
}

#[test]
fn what_a_server_lacks_is_said_without_the_password() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 3);
    let error = mirrored.mirror.verify(&mirrored.snapshot).expect_err("nothing was synced");
    assert!(error.to_string().contains("pgvector is missing"), "{error}");

    let (host, port) = database.place();
    let try_with = |url: String| {
        let mirror = Postgres::new(&url, origin("default", "x")).expect("an address");
        let error = mirror.sync(&mirrored.snapshot, &SyncOptions::default()).expect_err("it cannot work").to_string();
        assert!(!error.contains("s3cret"), "{error}");
        error
    };
    let role = format!("poor_{}", std::process::id());
    database.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 's3cret'"));
    let poor = format!("postgres://{role}:s3cret@{host}:{port}/{}", database.url().rsplit('/').next().expect("a name"));
    assert!(try_with(poor.clone()).contains("CREATE EXTENSION vector"));
    database.sql("CREATE EXTENSION vector");
    assert!(try_with(poor).contains("must own the schema"));
    assert!(try_with(format!("postgres://postgres:s3cret@{host}:{port}/nowhere")).contains("nowhere"));
    assert!(try_with(format!("postgres://postgres:s3cret@{host}:1/x")).contains("cannot be reached"));
    database.sql(&format!("DROP ROLE {role}"));
}
