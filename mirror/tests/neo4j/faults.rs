//! What may happen to a sync. After each fault the mirror shows one whole generation, and the next sync ends well.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use mirror::neo4j::{Address, Neo4j, Patience, SyncOptions};
use mirror::{Error, Origin};

use crate::syncing::check_clean;
use crate::world::{Random, World};
use crate::{address, meddle, origin, patience, server};

/// Tells the process that syncs what to do: tenant, repository, generation.
const JOB: &str = "COGO_TEST_NEO4J_JOB";
const KILLS: u64 = 50;

/// The repository of a generation: what `generation` random changes make of it.
fn world(generation: u64) -> World {
    let (mut random, mut world) = (Random(11), World::new(60));
    (1..generation * 3).for_each(|_| world.change(&mut random));
    world
}

/// Not a test of its own: the process that other tests kill.
#[test]
fn a_process_that_syncs() {
    let Ok(job) = std::env::var(JOB) else { return };
    let parts: Vec<&str> = job.split('|').collect();
    let [tenant, repository, generation] = parts[..] else { panic!("{job}") };
    let origin = Origin { tenant: tenant.to_owned(), repository: repository.to_owned() };
    let generation = generation.parse().unwrap();
    server().unwrap().sync(&origin, generation, &world(generation).graph(), SyncOptions::default()).unwrap();
}

fn spawn(origin: &Origin, generation: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::a_process_that_syncs"])
        .env(JOB, format!("{}|{}|{generation}", origin.tenant, origin.repository))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_sync_may_be_killed_at_any_moment() {
    let Some(server) = server() else { return };
    let origin = origin("killed");
    server.sync(&origin, 1, &world(1).graph(), SyncOptions::default()).unwrap();
    let (mut random, mut longest, mut shown, mut killed) = (Random(3), 700, 1, 0);
    for generation in 2..2 + KILLS {
        let mut child = spawn(&origin, generation);
        std::thread::sleep(Duration::from_millis(20 + random.below(longest) as u64));
        child.kill().unwrap();
        // A machine is not always as fast as it was: whoever ended too soon shortens the wait of the next.
        match child.wait().unwrap().success() {
            true => longest = (longest * 4 / 5).max(1),
            false => killed += 1,
        }
        let now = server.whole(&origin).unwrap().generation;
        assert!((shown..=generation).contains(&now), "{now} after {shown}");
        check_clean(&server, &origin, now, &world(now).graph());
        shown = now;
    }
    assert!(killed > KILLS / 4, "{killed} of {KILLS} were in time");
    let last = KILLS + 2;
    server.sync(&origin, last, &world(last).graph(), SyncOptions::default()).unwrap();
    check_clean(&server, &origin, last, &world(last).graph());
    check_nothing_left(&origin);
}

/// No item has ended, and none stands beside the others.
fn check_nothing_left(origin: &Origin) {
    let never = i64::MAX;
    let node = "MATCH (n:CogoNode {tenant: $tenant, repository: $repository})";
    assert_eq!(meddle(origin, &format!("{node} WHERE n.until <> {never}")), 0);
    assert_eq!(meddle(origin, &format!("{node}-[l]->() WHERE l.until <> {never}")), 0);
    assert_eq!(
        meddle(
            origin,
            &format!("{node}-[l]->(m) WITH n, m, type(l) AS t, properties(l) AS p, count(*) AS c WHERE c > 1")
        ),
        0
    );
    let unit = "MATCH (u:CogoUnit {tenant: $tenant, repository: $repository})";
    assert_eq!(meddle(origin, &format!("{unit} WHERE u.touched IS NOT NULL OR u.digest IS NULL")), 0);
}

/// Forwards connections, and cuts each after a while. The number of cuts is counted.
fn proxy(to: &Address, life: Duration) -> (Address, Arc<AtomicUsize>) {
    let server = to.to_string();
    let host = server.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cuts = Arc::new(AtomicUsize::new(0));
    let count = cuts.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(&host) else { continue };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            for (mut from, mut to) in [
                (near.try_clone().unwrap(), far.try_clone().unwrap()),
                (far.try_clone().unwrap(), near.try_clone().unwrap()),
            ] {
                std::thread::spawn(move || {
                    let mut buffer = vec![0; 64 << 10];
                    while let Ok(length @ 1..) = from.read(&mut buffer) {
                        if to.write_all(&buffer[..length]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
            let count = count.clone();
            std::thread::spawn(move || {
                std::thread::sleep(life);
                if near.shutdown(Shutdown::Both).is_ok() | far.shutdown(Shutdown::Both).is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let mut address = Address::parse(&format!("bolt://127.0.0.1:{port}")).unwrap();
    (address.user, address.password) = (to.user.clone(), to.password.clone());
    (address, cuts)
}

#[test]
fn connections_may_break_all_the_time() {
    let Some(direct) = server() else { return };
    let (through, cuts) = proxy(&address().unwrap(), Duration::from_millis(100));
    let server = Neo4j::open(&through, Patience { server: Duration::from_secs(120), ..patience() }).unwrap();
    let origin = origin("cut");
    for generation in [1, 4, 6] {
        let graph = world(generation).graph();
        server.sync(&origin, generation, &graph, SyncOptions::default()).unwrap();
        check_clean(&direct, &origin, generation, &graph);
        check_nothing_left(&origin);
    }
    assert!(cuts.load(Ordering::Relaxed) > 5, "{cuts:?}");
    check_clean(&server, &origin, 6, &world(6).graph());
}

#[test]
fn two_syncs_at_once_follow_each_other() {
    let Some(server) = server() else { return };
    let origin = origin("both");
    for round in 0..5 {
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for part in 0..4 {
                let (start, origin) = (&start, &origin);
                scope.spawn(move || {
                    let server = Neo4j::open(&address().unwrap(), patience()).unwrap();
                    let generation = 1 + round * 4 + part;
                    let graph = world(generation).graph();
                    start.wait();
                    match server.sync(origin, generation, &graph, SyncOptions::default()) {
                        Ok(synced) => assert_eq!(synced.generation, generation),
                        Err(Error::Older { ours, theirs }) => assert!(ours == generation && theirs > ours),
                        Err(error) => panic!("{error}"),
                    }
                });
            }
        });
        let last = 4 + round * 4;
        check_clean(&server, &origin, last, &world(last).graph());
        check_nothing_left(&origin);
    }
}
