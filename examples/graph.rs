//! Walks the graph of a repository: who calls a function, and what hangs together with it.
//!
//!     cargo run --release --example graph -- ./repo Engine.search

use std::path::PathBuf;

use cogo::question::Question;
use cogo::{Engine, EngineOptions};

fn main() -> cogo::Result<()> {
    let mut args = std::env::args().skip(1);
    let root = PathBuf::from(args.next().unwrap_or_else(|| ".".into()));
    let name = args.next().unwrap_or_else(|| "main".into());

    let engine = Engine::new(&root, EngineOptions::default());
    engine.refresh(&|_| ())?;
    let graph = engine.graph()?;
    let found = graph.find(&name);
    let [symbol] = found[..] else {
        println!("`{name}` means {} things; give a qualified name, or `path:line`", found.len());
        return Ok(());
    };

    let callers = Question::Callers.ask(&graph, symbol, Some(2), false);
    for reached in &callers.reached {
        let node = graph.node(reached.node);
        let tier = if reached.is_proven { "proven" } else { "possible" };
        println!("{}:{}  {}  {tier}, {} away", graph.path(reached.node), node.lines.0, node.name, reached.distance);
    }
    println!("{} uses of that name cannot be resolved", callers.unresolved.len());

    println!("\nwhat a walk from it comes by most:");
    for (id, share) in graph.rank(&[(symbol, 1.0)], 5) {
        println!("{share:.3}  {}  {}", graph.path(id), graph.node(id).name);
    }
    Ok(())
}
