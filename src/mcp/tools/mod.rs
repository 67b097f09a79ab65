//! The tools: what they are called, what they take, and who answers.

mod graph;
mod impact;
mod overview;
mod read;
mod search;
mod status;

pub(super) use read::text_of;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use graphrag::Graph;
use graphrag::graph::NodeId;
use rag_core::{Error, Snapshot};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Host;
use super::answer::{one_line, place};
use crate::Engine;

/// The smallest and the largest answer that can be asked for.
const LIMITS: std::ops::RangeInclusive<usize> = 200..=20_000;
/// Longest argument but a query or a diff, in bytes.
const LONGEST: usize = 1_000;
/// Longest query: a bug report.
const LONGEST_QUERY: usize = 20_000;
/// All arguments of a call together.
const LARGEST_CALL: usize = 1 << 20;
/// Names are near from this Jaro-Winkler similarity on; so many are named.
const SIMILAR: f64 = 0.88;
const NEAR: usize = 5;

/// Why there is no answer, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal(match error.hint() {
            Some(hint) => format!("{error}\nNext: {hint}"),
            None => error.to_string(),
        })
    }
}

type Answered = Result<String, Refusal>;

/// The tools as `tools/list` shows them. Every word of it is read by every agent at every start.
pub fn definitions() -> Value {
    let tool = |name: &str, description: &str, required: &[&str], properties: Value| {
        json!({
            "name": name,
            "description": description,
            "inputSchema": { "type": "object", "properties": properties, "required": required },
            "annotations": { "readOnlyHint": true, "openWorldHint": false },
        })
    };
    let tokens =
        |default: usize| json!({ "type": "integer", "description": format!("answer size limit, default {default}") });
    json!([
        tool(
            "search",
            "Find code and docs by meaning, words or names: a question, an identifier, an error, a whole bug report. \
             Ranked hits as path:start-end with their best lines. Use instead of grep when you do not know the exact text.",
            &["query"],
            json!({
                "query": { "type": "string" },
                "limit": { "type": "integer", "description": "hits, default 8" },
                "paths": { "type": "array", "items": { "type": "string" }, "description": "globs; !glob excludes" },
                "lang": { "type": "string" },
                "mode": { "enum": ["hybrid", "lexical", "semantic", "symbol"], "description": "symbol: definitions by name" },
                "max_tokens": tokens(search::TOKENS),
            })
        ),
        tool(
            "read",
            "Source by place or symbol, with line numbers. A file that is too long comes as outline and beginning.",
            &["place"],
            json!({
                "place": { "type": "string", "description": "path, path:line, path:start-end, or symbol (Class.method)" },
                "max_tokens": tokens(read::TOKENS),
            })
        ),
        tool(
            "graph",
            "How a symbol or file hangs together with others, from resolved calls, imports and types; says proven or possible. \
             explain: signature, docs, users, tests.",
            &["symbol"],
            json!({
                "symbol": { "type": "string", "description": "name, Class.method, path, or path:line" },
                "relation": { "enum": graph::RELATIONS, "description": "default explain; path needs `to`" },
                "to": { "type": "string" },
                "depth": { "type": "integer" },
                "max_tokens": tokens(graph::TOKENS),
            })
        ),
        tool(
            "overview",
            "How the repository is organised: parts, central files, packages, entry points. With a path: what that folder or file holds.",
            &[],
            json!({ "path": { "type": "string" }, "max_tokens": tokens(overview::TOKENS) })
        ),
        tool(
            "impact",
            "What a change may break: affected definitions, tests to run, docs to read again. Give places or a unified diff.",
            &[],
            json!({
                "places": { "type": "array", "items": { "type": "string" }, "description": "path, path:line, path:start-end" },
                "diff": { "type": "string" },
                "depth": { "type": "integer", "description": "default 3" },
                "max_tokens": tokens(impact::TOKENS),
            })
        ),
        tool("status", "Whether the index is complete and up to date, and what it holds.", &[], json!({})),
    ])
}

/// One call of a tool, until it is answered or nobody wants to know any more.
pub(super) struct Call<'h> {
    host: &'h Host,
    cancelled: &'h AtomicBool,
}

impl Call<'_> {
    fn engine(&self) -> &Engine {
        self.host.engine()
    }

    /// The files and their graph, of one generation.
    fn view(&self) -> Result<(Arc<Snapshot>, Arc<Graph>), Refusal> {
        self.go_on()?;
        let snapshot = self.engine().snapshot()?;
        let graph = self.engine().graph_of(&snapshot)?;
        self.go_on()?;
        Ok((snapshot, graph))
    }

    /// Ends a call that was cancelled.
    fn go_on(&self) -> Result<(), Refusal> {
        match self.cancelled.load(Ordering::Relaxed) {
            true => Err(Refusal("cancelled".into())),
            false => Ok(()),
        }
    }

    /// The one node that `text` means.
    fn find(&self, graph: &Graph, text: &str) -> Result<NodeId, Refusal> {
        let text = text.trim().trim_start_matches("./");
        match graph.find(text)[..] {
            [node] => Ok(node),
            [] => Err(self.unknown(graph, text)),
            ref several => {
                let mut lines = vec![format!("`{}` may mean {} things:", one_line(text), several.len())];
                lines.extend(several.iter().take(10).map(|&node| format!("  {}", place(graph, node))));
                if several.len() > 10 {
                    lines.push(format!("  … {} more", several.len() - 10));
                }
                lines.push("Next: ask again with path:line".into());
                Err(Refusal(lines.join("\n")))
            }
        }
    }

    /// Says that nothing is called so, and what is called nearly so.
    fn unknown(&self, graph: &Graph, text: &str) -> Refusal {
        let name = text.rsplit(['.', ':', '/', '#']).find(|part| !part.is_empty()).unwrap_or(text);
        let name = name.to_lowercase();
        let similar = |&id: &NodeId| {
            let node = graph.node(id);
            let similar = strsim::jaro_winkler(&node.own_name().to_lowercase(), &name);
            (node.symbol.is_some() && similar > SIMILAR).then_some((similar, id))
        };
        let mut near: Vec<(f64, NodeId)> = graph.ids().filter_map(|id| similar(&id)).collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut lines = vec![format!("nothing is called `{}`", one_line(text))];
        lines.extend(near.iter().take(NEAR).map(|&(_, id)| format!("  near: {}", place(graph, id))));
        lines.push(match near.is_empty() {
            true => format!("Next: search {}", one_line(&name)),
            false => "Next: ask again with one of these names, or search".into(),
        });
        Refusal(lines.join("\n"))
    }
}

/// Answers a call. Blocks: not for a thread that others wait for.
///
/// # Errors
/// If the arguments are wrong, or there is nothing to answer from.
pub fn call(host: &Host, name: &str, arguments: Value, cancelled: &AtomicBool) -> Result<String, Refusal> {
    if arguments.to_string().len() > LARGEST_CALL {
        return Err(Refusal(format!("the arguments are longer than {LARGEST_CALL} bytes")));
    }
    let call = Call { host, cancelled };
    call.go_on()?;
    if name != "status" {
        host.look();
    }
    match name {
        "search" => search::answer(&call, parse(arguments)?),
        "read" => read::answer(&call, parse(arguments)?),
        "graph" => graph::answer(&call, parse(arguments)?),
        "overview" => overview::answer(&call, parse(arguments)?),
        "impact" => impact::answer(&call, parse(arguments)?),
        "status" => status::answer(&call, parse(arguments)?),
        _ => Err(Refusal(format!(
            "no tool `{}`; there are search, read, graph, overview, impact, status",
            one_line(name)
        ))),
    }
}

/// What to say while there is no index yet.
pub(super) fn not_ready(host: &Host) -> Refusal {
    let progress = host.progress();
    Refusal(match (&progress.failed, progress.running) {
        (Some(reason), _) => format!("there is no index: {reason}"),
        (None, true) if progress.planned > 0 => {
            let (read, planned) = (progress.read.min(progress.planned), progress.planned);
            format!("the index is being made: {read} of {planned} files are read\nNext: ask again in some seconds")
        }
        (None, _) if progress.elsewhere => {
            "the index is being made by another process\nNext: ask again in some seconds".into()
        }
        (None, _) => "the index is being made: looking for files\nNext: ask again in some seconds".into(),
    })
}

fn parse<T: DeserializeOwned>(arguments: Value) -> Result<T, Refusal> {
    let arguments = if arguments.is_null() { json!({}) } else { arguments };
    serde_json::from_value(arguments).map_err(|error| Refusal(format!("wrong arguments: {error}")))
}

/// The limit of an answer.
fn limit(asked: Option<usize>, default: usize) -> Result<usize, Refusal> {
    let limit = asked.unwrap_or(default);
    match LIMITS.contains(&limit) {
        true => Ok(limit),
        false => Err(Refusal(format!("max_tokens is {limit}; it may be {} to {}", LIMITS.start(), LIMITS.end()))),
    }
}

/// An argument that is neither empty nor too long.
fn given(name: &str, value: &str, longest: usize) -> Result<(), Refusal> {
    match value.trim().is_empty() {
        true => Err(Refusal(format!("`{name}` is empty"))),
        false if value.len() > longest => Err(Refusal(format!("`{name}` is longer than {longest} bytes"))),
        false => Ok(()),
    }
}
