//! `cogo graph`.

mod ask;
mod concept;
mod draw;
mod extract;
mod impact;
mod overview;
mod path;
mod spending;
mod uses;

use std::sync::Arc;

use graphrag::Graph;
use graphrag::graph::{Follow, Link, NodeId, NodeKind, Relation};

use mirror::Origin;
use mirror::neo4j::{Neo4j, View};

use super::args::{GraphCommand, WalkArgs};
use super::failure::Usage;
use super::output::harmless;
use super::{Done, target};
use crate::mirrors;
use crate::question::{FAR, Question, likeness};

pub(super) fn run(command: &GraphCommand) -> anyhow::Result<Done> {
    match command {
        GraphCommand::Callers(args) => uses::run(args, Question::Callers),
        GraphCommand::Callees(args) => uses::run(args, Question::Callees),
        GraphCommand::References(args) => uses::run(args, Question::References),
        GraphCommand::Imports(args) => uses::run(args, Question::Imports),
        GraphCommand::Implementations(args) => uses::run(args, Question::Implementations),
        GraphCommand::Tests(args) => uses::run(args, Question::Tests),
        GraphCommand::Neighbors(args) => uses::neighbors(args),
        GraphCommand::Path(args) => path::run(args),
        GraphCommand::Impact(args) => impact::run(args),
        GraphCommand::Communities(args) => overview::communities(args),
        GraphCommand::Overview(args) => overview::run(args),
        GraphCommand::Explain(args) => overview::explained(args),
        GraphCommand::Ask(args) => ask::run(args),
        GraphCommand::Extract(args) => extract::run(args),
    }
}

fn open(walk: &WalkArgs) -> anyhow::Result<Arc<Graph>> {
    let (mut engine, _) = target::engine_for(&walk.root, None, &walk.logging)?;
    if let Some(path) = &walk.scip {
        if !path.is_file() {
            return Err(Usage::new(format!("there is no SCIP index at `{}`", path.display())).into());
        }
        engine = engine.with_scip(path.clone());
    }
    target::refresh(&engine)?;
    let started = std::time::Instant::now();
    let graph = engine.graph()?;
    tracing::debug!(elapsed = ?started.elapsed(), size = ?graph.size(), "graph");
    Ok(graph)
}

/// The graph to ask: the part of it that `ask` has of a mirror, if one was named, or that of the index.
fn source(walk: &WalkArgs, ask: impl FnOnce(&Neo4j, &Origin) -> mirror::Result<View>) -> anyhow::Result<Arc<Graph>> {
    let Some(url) = &walk.neo4j else { return open(walk) };
    let (engine, config) = target::engine_for(&walk.root, None, &walk.logging)?;
    let origin = mirrors::origin(engine.root(), &config.sync);
    let view = ask(&mirrors::neo4j(url)?, &origin)?;
    tracing::debug!(generation = view.generation, size = ?view.graph.size(), "part of the graph in neo4j");
    Ok(view.graph)
}

fn follow<'k>(walk: &WalkArgs, relations: &'k [Relation], far: u32) -> Follow<'k> {
    Follow { relations, proven_only: walk.proven, depth: walk.depth.unwrap_or(far) }
}

/// The one thing that `text` means.
fn find(graph: &Graph, text: &str) -> anyhow::Result<NodeId> {
    match graph.find(text)[..] {
        [node] => Ok(node),
        [] => Err(Usage::new(format!("nothing is called `{text}`"))
            .hint(
                "give a name, `Class.method`, a path, or `path:line`; `cogo search --mode symbol` finds similar names",
            )
            .into()),
        ref several => {
            let mut list: Vec<String> = several.iter().take(10).map(|&node| place(graph, node)).collect();
            if several.len() > list.len() {
                list.push(format!("… {} more", several.len() - list.len()));
            }
            let message = format!("`{text}` may mean {} things", several.len());
            Err(Usage::new(message).hint(format!("name one of them as `path:line`:\n  {}", list.join("\n  "))).into())
        }
    }
}

/// `path:line  name (kind)`
fn place(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    match node.kind {
        NodeKind::Symbol(kind) => {
            format!("{}:{}  {} ({kind})", harmless(graph.path(id)), node.lines.0, harmless(node.name))
        }
        NodeKind::File => harmless(node.name).into_owned(),
        NodeKind::Folder => format!("{}/", harmless(node.name)),
        NodeKind::Package | NodeKind::Concept | NodeKind::Route | NodeKind::Key => {
            format!("{} ({})", harmless(node.name), node.kind.as_str())
        }
    }
}

/// How sure a link is, in words; nothing if it is proven. Of what is alike, how much.
fn doubt(link: &Link) -> String {
    match link.is_proven {
        _ if link.relation == Relation::Similar => format!("  {} it", likeness(link)),
        true => String::new(),
        false if link.relation == Relation::Relate => "  as a model reads it".into(),
        false => format!("  possible, 1 of {}", link.count),
    }
}
