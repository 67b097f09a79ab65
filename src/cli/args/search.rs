//! `cogo search` and its kin.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::common::{Format, Logging, ModeArg, UnitArg};
use super::mirror::MirrorName;

pub(in crate::cli) const SEARCH_EXAMPLES: &str = "\
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

pub(in crate::cli) const RELATED_EXAMPLES: &str = "\
Examples:
  cogo find-related src/engine.rs:72
  cogo related src/engine.rs:72 -k 5 --format json

Output is that of `cogo search`. The file itself is left out.";

#[derive(Args, Debug)]
pub(in crate::cli) struct ContextArgs {
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
pub(in crate::cli) struct ResearchArgs {
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

#[derive(Args, Debug)]
pub(in crate::cli) struct SearchArgs {
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
pub(in crate::cli) struct RelatedArgs {
    /// The place: a file and a line, counted from 1.
    #[arg(value_name = "PATH:LINE")]
    pub place: OsString,
    #[command(flatten)]
    pub hits: HitArgs,
}

/// What searching and finding related code have in common.
#[derive(Args, Debug)]
pub(in crate::cli) struct HitArgs {
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
