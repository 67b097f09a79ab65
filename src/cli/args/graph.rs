//! `cogo graph`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use graphrag::graph::Relation;

use super::common::{Format, Logging};

pub(in crate::cli) const GRAPH_EXAMPLES: &str = "\
Examples:
  cogo graph callers Session.open_session
  cogo graph callees src/app.py:120 --depth 2 --proven
  cogo graph path main Database.connect --format mermaid
  cogo graph impact src/auth.py src/session.py:40-60
  git diff --name-only | xargs cogo graph impact --format json

A symbol is a name, a qualified name (`Class.method`) or its end, a file, or `path:line`. Names that mean several things list them.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum GraphCommand {
    /// Who calls it.
    #[command(after_long_help = "Example:\n  cogo graph callers TokenBucket.take")]
    Callers(GraphArgs),
    /// What it calls.
    #[command(after_long_help = "Example:\n  cogo graph callees main --depth 3")]
    Callees(GraphArgs),
    /// Who uses it in any way: calls, imports, types, inheritance.
    #[command(after_long_help = "Example:\n  cogo graph references Config --format json")]
    References(GraphArgs),
    /// What a file or symbol imports: files, definitions, packages from outside.
    #[command(after_long_help = "Example:\n  cogo graph imports src/app.py")]
    Imports(GraphArgs),
    /// What implements, extends or overrides it, through others, too.
    #[command(after_long_help = "Example:\n  cogo graph implementations Storage")]
    Implementations(GraphArgs),
    /// Tests that reach it through uses.
    #[command(after_long_help = "Example:\n  cogo graph tests TokenBucket.take")]
    Tests(GraphArgs),
    /// Everything that a symbol, file, folder or package hangs together with directly.
    #[command(after_long_help = "Example:\n  cogo graph neighbors src/auth.py --kind import,mention --direction in")]
    Neighbors(NeighborArgs),
    /// A shortest way of uses from one symbol to another.
    #[command(after_long_help = "Example:\n  cogo graph path main connect")]
    Path(PathBetweenArgs),
    /// What may be affected by a change: definitions, tests to run, documents to read again.
    #[command(
        after_long_help = "Examples:\n  cogo graph impact src/auth.py:10-20 --depth 3\n  git diff main | cogo graph impact --diff -"
    )]
    Impact(ImpactArgs),
    /// Parts of the repository that hang together, at several levels.
    #[command(
        after_long_help = "Examples:\n  cogo graph communities --format json | jq '.levels[-1][].title'\n  cogo graph communities --summarize --model gpt-4o-mini --max-cost 0.05"
    )]
    Communities(CommunitiesArgs),
    /// How the repository is organised: its parts, what is used most, what it needs, where programs start.
    #[command(after_long_help = "Example:\n  cogo graph overview --in ~/project")]
    Overview(OverviewArgs),
    /// What a symbol is about: signature, documentation, uses, users, tests, the part it belongs to.
    #[command(after_long_help = "Example:\n  cogo graph explain TokenBucket.take")]
    Explain(ExplainArgs),
    /// Answers a question from the parts of the repository (global), from what hangs together with its hits (local), or from the
    /// best parts down into each (drift). No language model is needed.
    #[command(
        after_long_help = "Examples:\n  cogo graph ask \"how is this system organised?\"\n  cogo graph ask \"what depends on token expiry?\" --scope local"
    )]
    Ask(AskArgs),
    /// Lets a language model read the documents, for more concepts and what is said of them. Optional; costs money.
    #[command(after_long_help = EXTRACT_HELP)]
    Extract(ExtractArgs),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AskArgs {
    /// The question.
    pub question: String,
    /// How wide it is [default: as the question suggests].
    #[arg(long, value_enum)]
    pub scope: Option<ScopeArg>,
    #[command(flatten)]
    pub overview: OverviewArgs,
}

/// How wide a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ScopeArg {
    /// How the whole is organised.
    Global,
    /// One thing and what hangs together with it.
    Local,
    /// Which parts matter, and what in each.
    Drift,
}

pub(in crate::cli) const EXTRACT_HELP: &str = "\
The key comes from the environment: COGO_LLM_API_KEY, or the provider's own variable (OPENAI_API_KEY, ANTHROPIC_API_KEY, …) for its own \
service. Texts of the documents are sent to the provider. Every answer is checked: what is not in the text is dropped. Answers are kept \
in the index folder, and nothing is paid for twice; a run that was stopped goes on where it was.

Exit codes: 0 everything is read, 1 something is left to read (the cap, or answers that could not be read), 2 a mistake of the caller, 3 \
the provider or the network.

Examples:
  cogo graph extract --model gpt-4o-mini --dry-run
  cogo graph extract --model gpt-4o-mini --max-cost 0.50
  cogo graph extract --model llama3.2 --base-url http://localhost:11434/v1 --yes";

#[derive(Args, Debug)]
pub(in crate::cli) struct ExtractArgs {
    /// The repository.
    #[arg(long = "in", value_name = "PATH", default_value = ".")]
    pub root: PathBuf,
    #[command(flatten)]
    pub spending: SpendingArgs,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct CommunitiesArgs {
    #[command(flatten)]
    pub overview: OverviewArgs,
    /// Let a language model summarise the coarsest parts that are shown. Optional; costs money.
    #[arg(long, conflicts_with = "neo4j")]
    pub summarize: bool,
    #[command(flatten)]
    pub spending: SpendingArgs,
}

/// Which language model, and what it may cost.
#[derive(Args, Debug)]
pub(in crate::cli) struct SpendingArgs {
    /// The language model [default: `llm.model` of the settings].
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Where it is served, if not by its provider.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// The most to spend, in US dollars.
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,
    /// The most tokens, read and written.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,
    /// Only say what would be done and what it would cost.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long, short = 'y')]
    pub yes: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct OverviewArgs {
    /// The repository.
    #[arg(long = "in", value_name = "PATH", default_value = ".")]
    pub root: PathBuf,
    /// Ask the mirror in this Neo4j server, as it was synced last. Counts and texts are those of the index, if it is here.
    #[arg(long, value_name = "URL")]
    pub neo4j: Option<String>,
    /// At most so many of each.
    #[arg(long, short = 'k', value_name = "N", default_value_t = 12)]
    pub limit: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ExplainArgs {
    /// The symbol.
    pub symbol: String,
    #[command(flatten)]
    pub overview: OverviewArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct GraphArgs {
    /// The symbol.
    pub symbol: String,
    #[command(flatten)]
    pub walk: WalkArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct PathBetweenArgs {
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    #[command(flatten)]
    pub walk: WalkArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct NeighborArgs {
    /// The symbol, file, folder or package.
    pub node: String,
    /// Whose links: those of the node, those of others to it, or both.
    #[arg(long, value_enum, default_value_t)]
    pub direction: Direction,
    /// Only these relations: call, import, inherit, type, override, mention, depend, co-change, relate, similar, route, read, set.
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = parse_relation)]
    pub kind: Vec<Relation>,
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// Which links of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Direction {
    /// What it uses.
    Out,
    /// Who uses it.
    In,
    /// Both.
    #[default]
    Both,
}

fn parse_relation(word: &str) -> Result<Relation, String> {
    let words: Vec<&str> = Relation::ALL.iter().map(|relation| relation.as_str()).collect();
    Relation::parse(word).ok_or_else(|| format!("expected one of {}", words.join(", ")))
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ImpactArgs {
    /// Files, or lines of files: `path`, `path:line`, `path:first-last`.
    #[arg(required_unless_present = "diff")]
    pub places: Vec<String>,
    /// The files and lines that a unified diff changes; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub diff: Option<PathBuf>,
    #[command(flatten)]
    pub walk: WalkArgs,
}

/// How far to go, and how to say it.
#[derive(Args, Debug)]
pub(in crate::cli) struct WalkArgs {
    /// The repository.
    #[arg(long = "in", value_name = "PATH", default_value = ".")]
    pub root: PathBuf,
    /// How many links far [default: 1; of impact 3; of paths, tests and implementations 8].
    #[arg(long, value_name = "N")]
    pub depth: Option<u32>,
    /// Only proven links.
    #[arg(long)]
    pub proven: bool,
    /// A SCIP index, whose answers go before our own [default: `index.scip` in the root, if there is one].
    #[arg(long, value_name = "FILE")]
    pub scip: Option<PathBuf>,
    /// Ask the mirror in this Neo4j server, as it was synced last, and not the index.
    #[arg(long, value_name = "URL", conflicts_with = "scip")]
    pub neo4j: Option<String>,
    /// At most so many answers.
    #[arg(long, short = 'k', value_name = "N", default_value_t = 100)]
    pub limit: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: GraphFormat,
    #[command(flatten)]
    pub logging: Logging,
}

/// How to print a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum GraphFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid.
    Mermaid,
    /// For Gephi, yEd, NetworkX.
    Graphml,
}
