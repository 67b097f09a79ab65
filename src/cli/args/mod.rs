//! What can be typed: every command with its options and help texts.

mod common;
mod graph;
mod index;
mod mirror;
mod model;
mod search;
mod serve;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::adapt::{ADAPT_EXAMPLES, AdaptArgs};
use super::agent::args::{AGENT_EXAMPLES, AgentCommand};
use super::eval::args::{EVAL_EXAMPLES, EvalArgs};
pub(super) use common::{Format, ListArgs, Logging, ModeArg, PathArgs, UnitArg};
pub(super) use graph::{
    AskArgs, CommunitiesArgs, Direction, ExplainArgs, ExtractArgs, GRAPH_EXAMPLES, GraphArgs, GraphCommand,
    GraphFormat, ImpactArgs, NeighborArgs, OverviewArgs, PathBetweenArgs, ScopeArg, SpendingArgs, WalkArgs,
};
pub(super) use index::{INDEX_EXAMPLES, IndexArgs};
pub(super) use mirror::{MirrorArgs, MirrorName, SYNC_EXAMPLES, SyncArgs, SyncCommand, VerifyArgs, VerifyCommand};
pub(super) use model::{BenchArgs, ImportArgs, MODEL_EXAMPLES, ModelArgs, ModelCommand, PullArgs, QuantizeArgs};
pub(super) use search::{
    ContextArgs, HitArgs, RELATED_EXAMPLES, RelatedArgs, ResearchArgs, SEARCH_EXAMPLES, SearchArgs,
};
pub(super) use serve::{InstallArgs, MCP_EXAMPLES, McpArgs, McpCommand, SERVE_EXAMPLES, ServeArgs};

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
1  a search found nothing; `cogo verify` found differences; `cogo eval` a run worse than the one before; a job that was waited for did not succeed
2  the request was wrong: an unknown option, an empty query, a path that does not exist, a bad setting
3  the environment was: no permission, a full disk, a damaged index, another process is writing it
4  a bug in cogo; please report it

Errors are printed on stderr, as `error: …` and `hint: …`; with `--format json` or `jsonl` as one line
{\"error\": {\"message\": …, \"hint\": … or null, \"fault\": \"caller\" | \"environment\" | \"bug\"}}.
A reader that closes the pipe early (`| head`) is not an error.";

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
