//! Options that many commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rag_core::{Mode, Unit};

/// What a hit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum UnitArg {
    /// A file, shown by its best part.
    #[default]
    File,
    /// A function, method or type.
    Definition,
}

#[derive(Args, Debug, Default)]
pub(in crate::cli) struct Logging {
    /// Log to stderr: error, warn, info, debug, trace, or a filter such as `cogo=debug`.
    #[arg(long, value_name = "FILTER", help_heading = "General")]
    pub log: Option<String>,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct PathArgs {
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
pub(in crate::cli) struct ListArgs {
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
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
pub(in crate::cli) enum ModeArg {
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
