//! Indexes a folder and searches it.
//!
//!     cargo run --release --example search -- ./repo "where are requests retried"

use std::path::PathBuf;

use cogo::{Engine, EngineOptions, Query};

fn main() -> cogo::Result<()> {
    let mut args = std::env::args().skip(1);
    let root = PathBuf::from(args.next().unwrap_or_else(|| ".".into()));
    let question = args.next().unwrap_or_else(|| "where does it start".into());

    let engine = Engine::new(&root, EngineOptions::default());
    // Reads only what has changed since the last time.
    let report = engine.refresh(&|_| ())?;
    println!("{} files, {} read just now", report.counts.files, report.indexed);

    let query = Query { limit: 5, ..Query::new(question) };
    for hit in engine.search(&query)?.hits {
        let symbol = hit.symbol.unwrap_or_default();
        println!("{:6.2}  {}:{}-{}  {symbol}", hit.score, hit.path, hit.start_line, hit.end_line);
    }
    Ok(())
}
