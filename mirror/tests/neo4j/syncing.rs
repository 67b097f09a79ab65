//! Syncing, verifying, repairing.

use std::sync::atomic::{AtomicBool, Ordering};

use graphrag::Graph;
use mirror::neo4j::{Neo4j, SyncOptions};
use mirror::{Difference, Error, Origin, Verified};

use crate::world::{Random, World};
use crate::{address, meddle, origin, patience, server};

/// Nothing differs and nothing is there twice.
#[track_caller]
pub fn check_clean(server: &Neo4j, origin: &Origin, generation: u64, graph: &Graph) {
    let Verified { generation: shown, checked, differences } = server.verify(origin, graph).expect("it can be read");
    assert_eq!(differences, [], "of {checked} items");
    assert_eq!(shown, Some(generation));
    assert!(checked > 0);
}

#[test]
fn a_sync_writes_what_differs_and_removes_what_is_gone() {
    let Some(server) = server() else { return };
    let origin = origin("shop");
    let mut world = World::new(40);
    let first = server.sync(&origin, 1, &world.graph(), SyncOptions::default()).unwrap();
    assert_eq!((first.generation, first.deleted, first.unchanged), (1, 0, 0));
    check_clean(&server, &origin, 1, &world.graph());
    let again = server.sync(&origin, 1, &world.graph(), SyncOptions::default()).unwrap();
    assert_eq!((again.written, again.deleted, again.unchanged), (0, 0, first.written));
    // A generation without changes is shown, too.
    assert_eq!(server.sync(&origin, 2, &world.graph(), SyncOptions::default()).unwrap().written, 0);
    check_clean(&server, &origin, 2, &world.graph());
    world.edit(7);
    let edited = server.sync(&origin, 3, &world.graph(), SyncOptions::default()).unwrap();
    assert!(edited.written > 0 && edited.written < first.written / 4, "{edited:?} of {first:?}");
    check_clean(&server, &origin, 3, &world.graph());
    world.remove(3);
    world.add("src/zz.py");
    assert!(server.sync(&origin, 4, &world.graph(), SyncOptions::default()).unwrap().deleted > 0);
    check_clean(&server, &origin, 4, &world.graph());
    // Nothing that ended is left behind.
    let ended = "MATCH (n:CogoNode {tenant: $tenant, repository: $repository})-[l]-() \
                 WHERE n.until <> 9223372036854775807 OR l.until <> 9223372036854775807 RETURN n.name AS row";
    assert_eq!(server.query(&origin, ended).unwrap(), Vec::<Vec<String>>::new());
}

#[test]
fn any_edits_lead_to_the_same_mirror_as_a_first_sync() {
    let Some(server) = server() else { return };
    let origin = origin("edits");
    let mut random = Random(5);
    let mut world = World::new(20);
    for generation in 1..15 {
        server.sync(&origin, generation, &world.graph(), SyncOptions::default()).unwrap();
        check_clean(&server, &origin, generation, &world.graph());
        (0..random.below(4)).for_each(|_| world.change(&mut random));
    }
}

#[test]
fn an_older_generation_is_refused() {
    let Some(server) = server() else { return };
    let origin = origin("old");
    let (old, mut new) = (World::new(8), World::new(8));
    new.edit(2);
    server.sync(&origin, 5, &new.graph(), SyncOptions::default()).unwrap();
    let error = server.sync(&origin, 4, &old.graph(), SyncOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Older { ours: 4, theirs: 5 }), "{error}");
    check_clean(&server, &origin, 5, &new.graph());
    server.sync(&origin, 4, &old.graph(), SyncOptions { older: true }).unwrap();
    check_clean(&server, &origin, 4, &old.graph());
}

#[test]
fn tenants_and_repositories_do_not_see_each_other() {
    let Some(server) = server() else { return };
    let (a, mut world) = (origin("one"), World::new(8));
    let same_tenant = Origin { repository: "two".to_owned(), ..a.clone() };
    let other_tenant = Origin { tenant: format!("{}-other", a.tenant), ..a.clone() };
    for (origin, generation) in [(&a, 1), (&same_tenant, 2), (&other_tenant, 3)] {
        world.edit(generation as usize);
        server.sync(origin, generation, &world.graph(), SyncOptions::default()).unwrap();
        check_clean(&server, origin, generation, &world.graph());
    }
    world.remove(1);
    server.sync(&a, 4, &world.graph(), SyncOptions::default()).unwrap();
    check_clean(&server, &a, 4, &world.graph());
    let differences = server.verify(&other_tenant, &world.graph()).unwrap().differences;
    assert!(!differences.is_empty());
    assert_eq!(server.verify(&origin("none"), &world.graph()).unwrap().generation, None);
}

#[test]
fn names_may_be_hostile() {
    let Some(server) = server() else { return };
    let names = [
        "'; MATCH (n) DETACH DELETE n; //",
        "`}) DETACH DELETE n //",
        "a\\\"b\n\t\u{0}c",
        "$tenant",
        "저장소 \u{1f680}\u{202e}",
        " ",
    ];
    for name in names {
        let origin = origin(name);
        let mut world = World::new(5);
        world.prefix = name.to_owned();
        world.add(&format!("src/{name}.py"));
        let long = format!("src/{}/{}.py", "ü".repeat(1900), "x".repeat(3000));
        world.add(&long);
        server.sync(&origin, 1, &world.graph(), SyncOptions::default()).unwrap();
        world.edit(2);
        server.sync(&origin, 2, &world.graph(), SyncOptions::default()).unwrap();
        check_clean(&server, &origin, 2, &world.graph());
    }
    for name in [String::new(), "x".repeat(2000)] {
        let error = server.sync(&origin(&name), 1, &World::new(3).graph(), SyncOptions::default()).unwrap_err();
        assert!(matches!(error, Error::Unfit { .. }), "{error}");
    }
}

/// Does something to the mirror that nobody should do.
fn tamper(origin: &Origin, cypher: &str) {
    assert_ne!(meddle(origin, cypher), 0, "{cypher} finds something");
}

#[test]
fn every_tampering_is_named_and_repaired() {
    let Some(server) = server() else { return };
    let origin = origin("tampered");
    let graph = World::new(12).graph();
    server.sync(&origin, 1, &graph, SyncOptions::default()).unwrap();
    let node = "MATCH (n:CogoNode:Symbol {tenant: $tenant, repository: $repository}) WITH n ORDER BY n.version LIMIT 1";
    let tie =
        "MATCH (:CogoNode {tenant: $tenant, repository: $repository})-[l:CALL]->() WITH l ORDER BY l.line LIMIT 1";
    let cases = [
        format!("{node} SET n.first_line = 7777"),
        format!("{node} SET n.name = 'other', n.qualified = 'other'"),
        format!("{node} SET n.qualified = 5"),
        format!("{node} REMOVE n.version"),
        format!("{node} SET n.version = 'nonsense'"),
        format!("{node} SET n.unit = 'elsewhere'"),
        format!("{node} SET n.until = 0"),
        format!("{node} REMOVE n.since"),
        format!("{node} REMOVE n:Symbol"),
        format!("{node} DETACH DELETE n"),
        format!("{tie} DELETE l"),
        format!("{tie} SET l.proven = NOT l.proven"),
        format!("{tie} SET l.line = 'x'"),
        format!("{tie} SET l.until = 1"),
        "MATCH (a:CogoNode {tenant: $tenant, repository: $repository})-[l:CALL]->(b) WITH a, l, b LIMIT 1 \
         CREATE (a)-[m:CALL]->(b) SET m = properties(l)"
            .to_owned(),
        "MATCH (n:CogoNode:File {tenant: $tenant, repository: $repository}) WITH n LIMIT 1 \
         CREATE (:CogoNode:File {tenant: n.tenant, repository: n.repository, unit: n.unit, version: reverse(n.version), \
         qualified: 'made/up', since: n.since, until: n.until})"
            .to_owned(),
        "MATCH (n:CogoUnit {tenant: $tenant, repository: $repository}) DETACH DELETE n".to_owned(),
    ];
    for case in cases {
        tamper(&origin, &case);
        let found = server.verify(&origin, &graph).unwrap().differences;
        assert!(!found.is_empty() || case.contains("CogoUnit"), "{case} is not found");
        server.repair(&origin, 1, &graph, SyncOptions::default()).unwrap_or_else(|error| panic!("{case}: {error}"));
        let left = server.verify(&origin, &graph).unwrap().differences;
        assert_eq!(left, [], "{case}");
        // Nothing is left behind that the next sync would stumble over.
        server.sync(&origin, 1, &graph, SyncOptions::default()).unwrap();
        check_clean(&server, &origin, 1, &graph);
    }
}

#[test]
fn differences_are_named_in_words() {
    let Some(server) = server() else { return };
    let origin = origin("named");
    let graph = World::new(4).graph();
    server.sync(&origin, 1, &graph, SyncOptions::default()).unwrap();
    let file = "MATCH (n:CogoNode:File {tenant: $tenant, repository: $repository, qualified: 'src/file2.py'})";
    tamper(&origin, &format!("{file} SET n.last_line = 5"));
    let found = server.verify(&origin, &graph).unwrap().differences;
    assert_eq!(found, [Difference::Changed("file src/file2.py".to_owned())]);
    tamper(&origin, &format!("{file}-[l:DEPEND]->() DELETE l"));
    let found = server.verify(&origin, &graph).unwrap().differences;
    let missing = found.iter().map(ToString::to_string).find(|text| text.starts_with("missing")).unwrap();
    assert!(missing.starts_with("missing  DEPEND from file src/file2.py to package "), "{missing}");
}

#[test]
fn readers_see_one_whole_generation_while_syncs_run() {
    let Some(server) = server() else { return };
    let origin = origin("readers");
    let mut worlds = vec![World::new(30)];
    for edit in 0..2 {
        let mut next = worlds[edit].clone();
        (0..10).for_each(|index| next.edit(index * 3 + edit));
        next.remove(5);
        worlds.push(next);
    }
    server.sync(&origin, 1, &worlds[0].graph(), SyncOptions::default()).unwrap();
    let done = AtomicBool::new(false);
    let read = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let server = Neo4j::open(&address().unwrap(), patience()).unwrap();
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let Ok(view) = server.whole(&origin) else { continue };
                let wanted = worlds[(view.generation as usize - 1) % worlds.len()].graph();
                assert_eq!(crate::asking::text(&view.graph), crate::asking::text(&wanted), "of {}", view.generation);
                seen.push(view.generation);
            }
            seen
        });
        for generation in 2..14 {
            server
                .sync(
                    &origin,
                    generation,
                    &worlds[(generation as usize - 1) % worlds.len()].graph(),
                    SyncOptions::default(),
                )
                .unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(read.is_sorted() && read.len() > 1, "{read:?}");
}
