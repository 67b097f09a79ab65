//! How fast a graph gets into Neo4j, and what keeping it there costs: `COGO_TEST_NEO4J_URI=bolt://… cargo bench -p mirror --features
//! neo4j --bench neo4j [-- FILES]`. 28,000 files are some 200,000 nodes and 800,000 relationships.

#[path = "../tests/neo4j/world.rs"]
#[expect(dead_code, reason = "tests do more with it")]
mod world;

use std::time::Instant;

use mirror::Origin;
use mirror::neo4j::{Address, Neo4j, Patience, SyncOptions};
use world::World;

fn main() {
    let Ok(uri) = std::env::var("COGO_TEST_NEO4J_URI") else {
        return println!("skipped: COGO_TEST_NEO4J_URI names no server");
    };
    let files = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(28_000);
    let server = Neo4j::open(&Address::parse(&uri).expect("an address"), Patience::default()).expect("a server");
    let origin = Origin { tenant: format!("bench-{}", std::process::id()), repository: "large".to_owned() };
    let mut world = World::new(files);
    world.density = 10;
    let graph = world.graph();
    let (nodes, links) = graph.size();
    println!("{files} files, {nodes} nodes and {links} links of the graph");
    let timed = |name: &str, generation: u64, graph: &graphrag::Graph| {
        let start = Instant::now();
        let synced = server.sync(&origin, generation, graph, SyncOptions::default()).expect("it works");
        let seconds = start.elapsed().as_secs_f64();
        let rate = (synced.written + synced.deleted) as f64 / seconds;
        println!("{name}: {seconds:.2} s, {synced:?}, {rate:.0} items/s");
    };
    timed("first sync", 1, &graph);
    timed("nothing new", 1, &graph);
    (0..10).for_each(|index| world.edit(index * files / 10));
    timed("ten files edited", 2, &world.graph());
    let start = Instant::now();
    let verified = server.verify(&origin, &world.graph()).expect("it works");
    println!(
        "verify: {:.2} s, {} items, {} differences",
        start.elapsed().as_secs_f64(),
        verified.checked,
        verified.differences.len()
    );
    let start = Instant::now();
    let view = server.whole(&origin).expect("it works");
    println!("whole graph read: {:.2} s, {:?}", start.elapsed().as_secs_f64(), view.graph.size());
}
