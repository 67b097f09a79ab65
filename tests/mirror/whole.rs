//! What else of an index is mirrored: uses of definitions, and what a large model made.

use cogo::{Encoding, Engine, EngineOptions};
use mirror::Difference;
use mirror::postgres::{Postgres, SyncOptions};
use rag_core::store::VectorBatch;
use tempfile::TempDir;

use super::database::{Database, Mirrored, origin};

/// Who uses `helper`, as docs/postgres.md asks it.
const CALLERS: &str = "SELECT path || ':' || line || ' ' || coalesce(name, '') || ' ' || tier
    FROM cogo.edges JOIN cogo.documents ON id = edges.document_id
    LEFT JOIN cogo.symbols ON symbols.document_id = edges.document_id AND symbols.ordinal = edges.symbol
    WHERE visible AND edges.kind = 'call' AND target_path = 'b.py' AND target_symbol = 'helper'";

fn write(folder: &TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).expect("write");
}

/// Indexes the folder, and mirrors documents and uses.
fn sync(engine: &Engine, mirror: &Postgres) -> mirror::Synced {
    engine.refresh(&|_| ()).expect("index");
    let (snapshot, options) = (engine.snapshot().expect("a snapshot"), SyncOptions::default());
    mirror.sync(&snapshot, &options).expect("sync");
    mirror.sync_edges(snapshot.manifest.generation, &engine.graph().expect("a graph"), &options).expect("edges")
}

#[test]
fn uses_of_definitions_follow_the_graph() {
    let Some(database) = Database::new() else { return };
    let folder = tempfile::tempdir().expect("temp dir");
    write(&folder, "a.py", "from b import helper\n\n\ndef main():\n    helper()\n");
    write(&folder, "b.py", "def helper():\n    pass\n");
    let engine = Engine::new(folder.path(), EngineOptions::default());
    let mirror = Postgres::new(&database.url(), origin("default", "repository")).expect("an address");
    let first = sync(&engine, &mirror);
    assert!(first.written > 0);
    assert_eq!(database.column(CALLERS), ["a.py:5 main proven"]);
    let again = sync(&engine, &mirror);
    assert_eq!((again.written, again.deleted, again.unchanged), (0, 0, first.written));

    let graph = engine.graph().expect("a graph");
    let generation = || engine.snapshot().expect("a snapshot").manifest.generation;
    assert_eq!(mirror.verify_edges(generation(), &graph).expect("verify").differences, []);
    for damage in
        ["UPDATE cogo.edges SET line = 7", "DELETE FROM cogo.edges", "UPDATE cogo.documents SET edges_digest = NULL"]
    {
        database.sql(&format!(
            "{damage} WHERE {} IN (SELECT id FROM cogo.documents WHERE path = 'a.py')",
            match damage {
                "UPDATE cogo.documents SET edges_digest = NULL" => "id",
                _ => "document_id",
            }
        ));
        let (found, _) = mirror.repair_edges(generation(), &graph, &SyncOptions::default()).expect("repair");
        assert_eq!(found.differences, [Difference::Changed("edges of a.py".into())], "{damage}");
        assert_eq!(mirror.verify_edges(generation(), &graph).expect("verify").differences, []);
    }
    assert_eq!(database.column(CALLERS), ["a.py:5 main proven"]);

    // What `a.py` uses changes without a change of `a.py`.
    write(&folder, "b.py", "def another():\n    pass\n");
    sync(&engine, &mirror);
    assert!(database.column(CALLERS).is_empty());
    assert_eq!(database.number("SELECT edges_generation FROM cogo.repositories"), generation() as i64);
    let orphans = "SELECT count(*) FROM cogo.edges WHERE document_id NOT IN (SELECT id FROM cogo.documents)";
    assert_eq!(database.number(orphans), 0);
    // A graph of the past is nobody's.
    assert!(mirror.verify_edges(generation() + 1, &graph).is_err());
    assert_eq!(mirror.sync_edges(generation() - 1, &graph, &SyncOptions::default()).expect("nothing").written, 0);
}

#[test]
fn what_a_large_model_made_is_added_as_it_comes() {
    let Some(database) = Database::new() else { return };
    let mirrored = Mirrored::new(&database.url(), 9);
    mirrored.sync();
    let store = rag_core::Store::new(mirrored.root().join(".cogo"));
    let mut writer = store.vectors("large").writer().expect("nobody else writes");
    let segment = &mirrored.snapshot.segments[0].segment;
    let hashes: Vec<u64> = (0..6).map(|chunk| segment.passage_hash(chunk)).collect();
    let mut add = |range: std::ops::Range<usize>| {
        let mut batch = VectorBatch::default();
        for place in range {
            let mut dense = vec![0.0; 8];
            dense[place] = 1.0;
            // Every second one has weights of words.
            let sparse = if place % 2 == 0 { vec![(3, 0.5), (40 + place as u32, 2.0)] } else { Vec::new() };
            batch.push(hashes[place], Encoding { dense, sparse, ..Encoding::default() });
        }
        writer.append(batch).expect("append");
    };
    let options = SyncOptions::default();
    let bring = || {
        let vectors = store.vectors("large").open().expect("vectors");
        mirrored.mirror.sync_encodings(&mirrored.snapshot, "large", &vectors, &options).expect("sync")
    };
    add(0..2);
    assert_eq!((bring().written, bring().written, bring().unchanged), (2, 0, 2));
    add(2..6);
    assert_eq!((bring().written, bring().unchanged), (4, 6));
    assert_eq!(database.number("SELECT count(*) FROM cogo.embeddings WHERE sparse IS NOT NULL"), 3);
    // By words, as docs/postgres.md asks it.
    let by_words =
        "SELECT (sparse <#> '{4:1,45:1}/1000000')::text FROM cogo.embeddings JOIN cogo.documents ON id = document_id
        WHERE visible AND model = 'large' AND sparse IS NOT NULL ORDER BY sparse <#> '{4:1,45:1}/1000000' LIMIT 2";
    assert_eq!(database.column(by_words), ["-2.5", "-0.5"]);
    let nearest = "SELECT (1 - (dense <=> '[0,0,0,0,0,1,0,0]'))::text FROM cogo.embeddings WHERE model = 'large'
        ORDER BY dense <=> '[0,0,0,0,0,1,0,0]' LIMIT 1";
    assert_eq!(database.column(nearest), ["1"]);

    // The documents' own rows are what they were, and damage is found.
    mirrored.assert_clean(&database);
    let vectors = store.vectors("large").open().expect("vectors");
    let verify = || mirrored.mirror.verify_encodings(&mirrored.snapshot, "large", &vectors).expect("verify");
    assert_eq!((verify().differences, verify().checked), (vec![], 6));
    database.sql("UPDATE cogo.embeddings SET sparse = '{1:9}/1000000' WHERE sparse <#> '{45:1}/1000000' < 0");
    assert_eq!(verify().differences.len(), 1);
    let repaired = mirrored.mirror.repair_encodings(&mirrored.snapshot, "large", &vectors, &options);
    assert_eq!(repaired.expect("repair").0.differences.len(), 1);
    assert_eq!(verify().differences, []);
    // Another model takes the place of this one.
    let none = rag_core::store::Vectors::default();
    let other = mirrored.mirror.sync_encodings(&mirrored.snapshot, "other", &none, &options).expect("sync");
    assert_eq!((other.written, other.deleted), (0, 6));
    mirrored.assert_clean(&database);
}
