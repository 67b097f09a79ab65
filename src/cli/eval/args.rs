//! What can be typed after `cogo eval`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::{Format, Logging, ModeArg, UnitArg};

pub(in crate::cli) const EVAL_EXAMPLES: &str = "\
Examples:
  cogo eval questions.jsonl                          of the current folder
  cogo eval questions.jsonl ~/project --out before.json
  cogo eval questions.jsonl ~/project --baseline before.json
  cogo eval compare before.json after.json --format json | jq .measures

A line of the file: {\"query\": \"where are cookies parsed\", \"relevant\": [\"src/cookies.rs:40-96\"]}
`relevant` holds paths, with or without lines, or objects with path, start_line, end_line. A line may have `secondary` (more places),
`category`, and `repo`: then PATH holds a folder for each repository, named so.
Exit code 1 if the run is worse than the baseline by more than chance.";

#[derive(Args, Debug)]
pub(in crate::cli) struct EvalArgs {
    #[command(subcommand)]
    pub command: Option<EvalCommand>,
    /// A file of judged questions, one JSON object per line.
    #[arg(required = true)]
    pub questions: Option<PathBuf>,
    /// The repository, or a folder with all that the questions name.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// What to search with.
    #[arg(long, value_enum, default_value = "hybrid")]
    pub mode: ModeArg,
    /// What a hit is.
    #[arg(long, value_enum, default_value_t)]
    pub unit: UnitArg,
    /// Search with this large model [default: the one that was chosen when indexing]; `static` for none.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Write everything, each answer too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Say what has changed since this run, a file written by --out.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub logging: Logging,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EvalCommand {
    /// Compares two runs of the same questions.
    Compare(CompareArgs),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct CompareArgs {
    /// The earlier run, written by `cogo eval --out`.
    pub before: PathBuf,
    /// The later one.
    pub after: PathBuf,
    /// Answers are compared, and the exit code is decided, by this measure.
    #[arg(long, value_name = "NAME", default_value = "ndcg@10")]
    pub measure: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
