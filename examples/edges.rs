//! Every use in a folder and what it means, one per line with tabs between: path, byte of the name, kind, tier, name, and
//! `path:line` of each definition it may mean. `benches/eval/oracles` compares it with what a compiler says.
//!
//! ```sh
//! cargo run --release --example edges -- ./repo > edges.tsv
//! ```

use std::io::Write;

use cogo::graph::link_folder;

fn main() -> anyhow::Result<()> {
    let root = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let linked = link_folder(root.as_ref(), &[])?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for edge in &linked.edges {
        let document = &linked.documents[edge.file as usize];
        let targets = edge.targets.iter().map(|target| {
            let document = &linked.documents[target.file as usize];
            let before = document.text.get(..target.name.start as usize).unwrap_or_default();
            format!("{}:{}", document.path, before.matches('\n').count() + 1)
        });
        let (kind, name) = (edge.kind.as_str(), edge.site.text(&document.text));
        let (path, at, targets) = (&document.path, edge.site.start, targets.collect::<Vec<_>>().join(" "));
        writeln!(out, "{path}\t{at}\t{kind}\t{:?}\t{name}\t{targets}", edge.tier)?;
    }
    Ok(out.flush()?)
}
