//! Walks, ways and communities on 200,000 nodes and a million arcs, degrees by a power law.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use graphrag::network::communities::{Options as Grouping, communities};
use graphrag::network::shortest::{Pathfinder, TwoWay};
use graphrag::network::walk::{Options, Walker};
use graphrag::network::weighted::Weighted;

#[path = "../src/network/synthetic.rs"]
mod synthetic;

use synthetic::{Random, power_law};

const NODES: u32 = 200_000;
const ARCS: usize = 1_000_000;

fn nodes(random: &mut Random, count: usize) -> Vec<u32> {
    (0..count).map(|_| (random.next() % u64::from(NODES)) as u32).collect()
}

fn graph(criterion: &mut Criterion) {
    let arcs = power_law(NODES, ARCS, 1);
    let made = || Weighted::new(NODES as usize, arcs.iter().copied());
    let directed = made();
    let undirected = directed.undirected();
    let mut random = Random(2);

    criterion.bench_function("build", |bench| bench.iter(|| black_box(made())));
    criterion.bench_function("drop directions", |bench| bench.iter(|| black_box(directed.undirected())));

    let mut walker = Walker::default();
    for epsilon in [1e-4, 1e-5, 3e-6, 1e-6] {
        let options = Options { epsilon, ..Options::default() };
        criterion.bench_function(&format!("walk from 20 seeds, epsilon {epsilon:e}"), |bench| {
            bench.iter_batched(
                || nodes(&mut random, 20).into_iter().map(|node| (node, 1.0)).collect::<Vec<_>>(),
                |seeds| black_box(walker.walk(undirected.arcs(), &seeds, options)),
                criterion::BatchSize::SmallInput,
            );
        });
    }

    let reversed = directed.reversed();
    let mut pathfinder = Pathfinder::default();
    let both_ways = TwoWay { forward: undirected.arcs(), backward: undirected.arcs() };
    let one_way = TwoWay { forward: &directed, backward: &reversed };
    for (name, graph) in [("undirected", both_ways), ("directed", one_way)] {
        criterion.bench_function(&format!("shortest way, {name}"), |bench| {
            bench.iter_batched(
                || nodes(&mut random, 2),
                |ends| black_box(pathfinder.shortest(graph, &ends[..1], &ends[1..], usize::MAX)),
                criterion::BatchSize::SmallInput,
            );
        });
    }

    criterion.bench_function("communities", |bench| {
        bench.iter(|| black_box(communities(&undirected, Grouping::default())));
    });
    let found = communities(&undirected, Grouping::default());
    let edited = Weighted::new(NODES as usize, arcs.iter().copied().skip(ARCS / 1000)).undirected();
    criterion.bench_function("communities, after an edit", |bench| {
        bench.iter(|| {
            black_box(communities(&edited, Grouping { start: Some(found.coarsest()), ..Grouping::default() }))
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .measurement_time(Duration::from_secs(5))
        .warm_up_time(Duration::from_millis(500));
    targets = graph
}
criterion_main!(benches);
