//! Context for a language model: what answers a question, and what it hangs together with, in a number of tokens.

use std::collections::HashSet;

use graphrag::Graph;
use graphrag::graph::{Follow, Link, NodeId, Relation};
use rag_core::{Hit, Query, Result, Snapshot, SymbolKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Engine;
use crate::graph::symbol_of;
use crate::overview::first_sentence;

/// Bytes that are taken for one token; code has 3 to 4.
const BYTES_PER_TOKEN: usize = 4;
/// Hits that are looked at.
const HITS: usize = 20;
/// Share of the tokens that bodies may take; the rest is for what they hang together with.
const BODIES: f32 = 0.7;
/// Share of the tokens that bodies and skeletons may take.
const SKELETONS: f32 = 0.85;
/// Longest way between two hits that says something, in links.
const NEAR: u32 = 4;
/// Hits whose neighbours are shown.
const CENTRES: usize = 5;
/// Neighbours of one hit, in each direction.
const NEIGHBOURS: usize = 5;

/// Links that say how code hangs together.
const USES: [Relation; 4] = [Relation::Call, Relation::Inherit, Relation::Type, Relation::Override];

/// How much of a definition a block shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All of the text.
    Body,
    /// Signatures and the first line of documentation of everything in it.
    Skeleton,
    /// The signature.
    Signature,
}

/// A piece of the context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Block {
    /// Path relative to the repository.
    pub path: String,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// How much is shown.
    pub level: Level,
    /// Why it is here: `hit 1`, `called by Foo.bar (proven)`.
    pub reason: String,
    /// The text.
    pub text: String,
}

impl Block {
    fn tokens(&self) -> usize {
        // Path, lines and reason are read, too.
        (self.text.len() + self.path.len() + self.reason.len() + 16).div_ceil(BYTES_PER_TOKEN)
    }
}

/// Blocks that fit, and the names of what did not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Context {
    /// What fits, the most important first.
    pub blocks: Vec<Block>,
    /// Estimated tokens of the blocks.
    pub tokens: usize,
    /// How the best hits hang together: `checkout -call-> total -call-> Tax.apply`.
    pub paths: Vec<String>,
    /// `path:first-last` of hits that did not fit in any form.
    pub omitted: Vec<String>,
}

impl Context {
    /// Adds a block if it fits into `limit` tokens in all.
    fn push(&mut self, block: Block, limit: usize) -> bool {
        let fits = self.tokens + block.tokens() <= limit;
        if fits {
            self.tokens += block.tokens();
            self.blocks.push(block);
        }
        fits
    }
}

/// Packs the answer to `question` into `tokens` tokens.
///
/// # Errors
/// As [`Engine::search`], and if the stored texts are damaged.
pub fn pack(engine: &Engine, question: &str, tokens: usize) -> Result<Context> {
    let mut query = Query::new(question);
    query.limit = HITS;
    let hits = engine.search(&query)?.hits;
    if engine.is_mirror() {
        return Ok(bodies(&hits, tokens));
    }
    let snapshot = engine.snapshot()?;
    let graph = engine.graph()?;
    let mut context = Context::default();
    let mut shown: HashSet<NodeId> = HashSet::new();
    let mut rest: Vec<(usize, &Hit)> = Vec::new();
    let for_bodies = (tokens as f32 * BODIES) as usize;
    let for_skeletons = (tokens as f32 * SKELETONS) as usize;
    for (rank, hit) in hits.iter().enumerate() {
        let body = body(rank, hit);
        // The first is shown whole if it can be at all.
        let limit = if context.blocks.is_empty() { tokens } else { for_bodies };
        let mut fits = context.push(body, limit);
        // What is left out of a good hit must not make room for a worse one.
        if !fits && let Some(block) = skeleton(&snapshot, &graph, hit, format!("hit {}", rank + 1))? {
            fits = context.push(block, for_skeletons);
        }
        match fits {
            true => shown.extend(definition(&graph, hit)),
            false => rest.push((rank, hit)),
        }
    }
    let centres: Vec<NodeId> = hits.iter().take(CENTRES).filter_map(|hit| definition(&graph, hit)).collect();
    for path in paths(&graph, &centres) {
        let cost = path.len().div_ceil(BYTES_PER_TOKEN);
        if context.tokens + cost <= tokens {
            context.tokens += cost;
            context.paths.push(path);
        }
    }
    for &centre in &centres {
        let uses: Vec<Link> = graph.uses(centre).collect();
        let used_by: Vec<Link> = graph.used_by(centre).collect();
        for (links, words) in [(uses, "used by"), (used_by, "uses")] {
            let is_use = |link: &&Link| link.is_proven && USES.contains(&link.relation);
            for link in links.iter().filter(is_use).take(NEIGHBOURS) {
                if shown.contains(&link.node) || graph.node(link.node).symbol.is_none() {
                    continue;
                }
                let reason = format!("{words} {} (proven)", graph.node(centre).name);
                if let Some(block) = signature(&snapshot, &graph, link.node, reason)?
                    && context.push(block, tokens)
                {
                    shown.insert(link.node);
                }
            }
        }
    }
    for (rank, hit) in rest {
        let block = match definition(&graph, hit).filter(|node| shown.insert(*node)) {
            Some(node) => signature(&snapshot, &graph, node, format!("hit {}", rank + 1))?,
            None => None,
        };
        if !block.is_some_and(|block| context.push(block, tokens)) {
            context.omitted.push(format!("{}:{}-{}", hit.path, hit.start_line, hit.end_line));
        }
    }
    Ok(context)
}

/// What fits of the hits, where no graph says how they hang together.
fn bodies(hits: &[Hit], tokens: usize) -> Context {
    let mut context = Context::default();
    for (rank, hit) in hits.iter().enumerate() {
        if !context.push(body(rank, hit), tokens) {
            context.omitted.push(format!("{}:{}-{}", hit.path, hit.start_line, hit.end_line));
        }
    }
    context
}

fn body(rank: usize, hit: &Hit) -> Block {
    Block {
        path: hit.path.clone(),
        start_line: hit.start_line,
        end_line: hit.end_line,
        level: Level::Body,
        reason: format!("hit {}", rank + 1),
        text: hit.text.clone(),
    }
}

fn definition(graph: &Graph, hit: &Hit) -> Option<NodeId> {
    graph.definition_at(&hit.path, (hit.start_line, hit.end_line))
}

/// Proven ways from one of the centres to another.
fn paths(graph: &Graph, centres: &[NodeId]) -> Vec<String> {
    let follow = Follow { relations: &USES, proven_only: true, depth: NEAR };
    let mut paths = Vec::new();
    for &from in centres {
        for &to in centres.iter().filter(|to| **to != from) {
            let Some(steps) = graph.way(&[from], &[to], follow) else { continue };
            let mut path = String::new();
            for (node, link) in steps {
                path.push_str(graph.node(node).name);
                if let Some(link) = link {
                    path.push_str(&format!(" -{}-> ", link.relation.as_str()));
                }
            }
            paths.push(path);
        }
    }
    paths
}

/// What a hit defines, without bodies: the signature of every definition that begins in its lines, with the first line of its
/// documentation. `None` if that leaves out nothing worth having beside the signature.
fn skeleton(snapshot: &Snapshot, graph: &Graph, hit: &Hit, reason: String) -> Result<Option<Block>> {
    let inside = graph.symbols_in(&hit.path, Some((hit.start_line, hit.end_line)));
    let begins = |id: &NodeId| (hit.start_line..=hit.end_line).contains(&graph.node(*id).lines.0);
    let mut text = String::new();
    let mut definitions = 0;
    for id in inside.into_iter().filter(begins) {
        let Some((symbol, source)) = symbol_of(snapshot, graph, id)? else { continue };
        let signature = source.slice(symbol.signature).trim_end();
        if signature.is_empty() {
            continue;
        }
        let line = source.as_str()[..symbol.signature.start as usize].rsplit('\n').next().unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        let body = if symbol.kind == SymbolKind::Section { "" } else { " …" };
        let summary = first_sentence(source.slice(symbol.doc)).map(|text| format!(" — {text}")).unwrap_or_default();
        text.push_str(&format!("{indent}{signature}{body}{summary}\n"));
        definitions += 1;
    }
    let is_shorter = text.len() < hit.text.len();
    Ok((definitions > 1 && is_shorter).then(|| Block {
        path: hit.path.clone(),
        start_line: hit.start_line,
        end_line: hit.end_line,
        level: Level::Skeleton,
        reason,
        text: text.trim_end().to_owned(),
    }))
}

fn signature(snapshot: &Snapshot, graph: &Graph, id: NodeId, reason: String) -> Result<Option<Block>> {
    let Some((symbol, text)) = symbol_of(snapshot, graph, id)? else { return Ok(None) };
    let (node, path) = (graph.node(id), graph.path(id));
    let text = text.slice(symbol.signature).trim_end().to_owned();
    let (start_line, end_line) = node.lines;
    let block = Block { path: path.to_owned(), start_line, end_line, level: Level::Signature, reason, text };
    Ok(Some(block).filter(|block| !block.text.is_empty()))
}
