//! Measures retrieval quality on judged queries. `benches/eval/README.md` describes data and protocol.

mod callgraph;
mod code_search;
mod issues;
mod mcp_search;
mod passages;
mod record;
mod report;
mod research;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

/// Measure retrieval quality on judged queries.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    set: Set,
}

#[derive(Subcommand)]
enum Set {
    /// Files and chunks for questions and symbols over whole repositories (NDCG@10, MRR, recall).
    ///
    /// Example: cogo-eval code-search --data eval/code_search --checkouts repos
    CodeSearch(CodeSearch),
    /// Call edges against those of a compiler (precision, recall).
    ///
    /// Example: cogo-eval callgraph --data eval/callgraph/flask --checkout repos/flask
    Callgraph(Callgraph),
    /// Texts of issues to the files and functions that their solutions edit (accuracy at k): swe_lite.
    ///
    /// Example: cogo-eval issues --data eval/swe_lite --checkouts trees
    Issues(Issues),
    /// One answer of the MCP tool `search` against grep and reading files: the right file, and tokens (code_search).
    ///
    /// Example: cogo-eval mcp-search --data eval/code_search --checkouts repos
    McpSearch(McpSearch),
    /// The results page from the summaries that `--summary` wrote.
    ///
    /// Example: cogo-eval report --out docs/quality.md
    Report(Report),
    /// Answers of `cogo research`: how often they cite a relevant file, and how long they take (code_search).
    ///
    /// Example: cogo-eval research --data eval/code_search --checkouts repos
    Research(Research),
    /// Questions over a collection of short texts (MRR, recall): cosqa, multihop.
    ///
    /// Example: cogo-eval passages --data eval/cosqa --model minilm
    Passages(Passages),
}

/// Options of `report`.
#[derive(Args)]
pub struct Report {
    /// Folder with `results` and `peers.json`.
    #[arg(long, default_value = "benches/eval")]
    folder: PathBuf,
    /// Where to write the page [default: standard output].
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Options of `callgraph`.
#[derive(Args)]
pub struct Callgraph {
    /// Folder with `refs.jsonl.gz` and `external.jsonl.gz`; `repos.json` lies beside it.
    #[arg(long)]
    data: PathBuf,
    /// Checkout at the revision that `repos.json` names.
    #[arg(long)]
    checkout: PathBuf,
    /// Write wrong and missing rows as text.
    #[arg(long)]
    misses: Option<PathBuf>,
    /// Write every edge as text, to read it.
    #[arg(long)]
    edges: Option<PathBuf>,
}

/// Options of `mcp-search`.
#[derive(Args)]
pub struct McpSearch {
    /// Folder with `repos.json` and `queries.jsonl`.
    #[arg(long)]
    data: PathBuf,
    /// Folder with one checkout per repository, by name.
    #[arg(long)]
    checkouts: PathBuf,
    /// Only these repositories.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Limit of an answer.
    #[arg(long, default_value_t = 2000)]
    tokens: usize,
    /// Tokens that grep and read may use.
    #[arg(long, default_value_t = 20_000)]
    grep_tokens: usize,
    /// At most so many of one file [default: the whole file].
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    file_tokens: usize,
}

/// Options of `research`.
#[derive(Args)]
pub struct Research {
    /// Folder with `repos.json` and `queries.jsonl`.
    #[arg(long)]
    data: PathBuf,
    /// Folder with one checkout per repository, by name.
    #[arg(long)]
    checkouts: PathBuf,
    /// Only these repositories.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Options of `passages`.
#[derive(Args)]
pub struct Passages {
    /// Folder with `corpus.jsonl.gz` and `queries.jsonl`.
    #[arg(long)]
    data: PathBuf,
    #[command(flatten)]
    search: Search,
}

/// Options of `issues`.
#[derive(Args)]
pub struct Issues {
    /// Folder with `instances.jsonl`.
    #[arg(long)]
    data: PathBuf,
    /// Folder with one tree per instance, by its id: `git archive <base_commit> | tar -x -C <checkouts>/<instance_id>`.
    #[arg(long)]
    checkouts: PathBuf,
    /// Only these instances.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Keep the indexes that exist (they must be up to date).
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    search: Search,
}

/// How to search, and where to write what was found; the same for every set.
#[derive(Args)]
pub struct Search {
    /// Search with: hybrid, lexical or semantic.
    #[arg(long, default_value = "hybrid", value_parser = parse_mode)]
    mode: cogo::Mode,
    /// Let this large model (an installed one, or a folder) take part, after it has read everything.
    #[arg(long)]
    model: Option<String>,
    /// Make and use the large model's vectors of single tokens, too.
    #[arg(long)]
    late_interaction: bool,
    /// Rank by these weights, in the form of `rag-core/src/hybrid/weights.json`.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Write every answer as JSON, for `cogo eval compare`.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write the result as JSON without single answers, for the results page.
    #[arg(long)]
    summary: Option<PathBuf>,
}

/// Options of `code-search`.
#[derive(Args)]
pub struct CodeSearch {
    /// Folder with `repos.json` and `queries.jsonl`.
    #[arg(long)]
    data: PathBuf,
    /// Folder with one checkout per repository, by name.
    #[arg(long)]
    checkouts: PathBuf,
    /// Only these repositories.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// What the set is called.
    #[arg(long, default_value = "code_search")]
    name: String,
    /// Upper limit of a chunk, in bytes.
    #[arg(long, default_value_t = cogo::IndexOptions::default().chunk_bytes)]
    chunk_bytes: u32,
    #[command(flatten)]
    search: Search,
    /// Ask mirrors in this database (`postgres://…`), which are made there, and not the indexes.
    #[arg(long = "in", value_name = "URL")]
    mirror: Option<String>,
    /// Write the feature values of the first 100 candidates of every query, as JSON lines, to fit weights on.
    #[arg(long)]
    features: Option<PathBuf>,
    /// Keep the indexes that exist (they must be up to date).
    #[arg(long)]
    keep: bool,
}

impl Search {
    /// Options of an engine that ranks as asked for.
    fn engine_options(&self) -> Result<cogo::EngineOptions> {
        let mut options = cogo::EngineOptions::default();
        if let Some(path) = &self.weights {
            options.ranking = cogo::Ranking::from_json(&fs_err::read_to_string(path)?)?;
        }
        Ok(options)
    }
}

fn parse_mode(word: &str) -> Result<cogo::Mode, String> {
    match word {
        "hybrid" => Ok(cogo::Mode::Hybrid),
        "lexical" => Ok(cogo::Mode::Lexical),
        "semantic" => Ok(cogo::Mode::Semantic),
        _ => Err("expected hybrid, lexical or semantic".into()),
    }
}

fn main() -> Result<()> {
    match Cli::parse().set {
        Set::Callgraph(options) => callgraph::run(&options),
        Set::CodeSearch(options) => code_search::run(&options),
        Set::Issues(options) => issues::run(&options),
        Set::McpSearch(options) => mcp_search::run(&options),
        Set::Report(options) => report::run(&options),
        Set::Research(options) => research::run(&options),
        Set::Passages(options) => passages::run(&options),
    }
}
