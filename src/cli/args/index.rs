//! `cogo index`.

use std::path::PathBuf;

use clap::Args;

use super::common::{Format, Logging};

pub(in crate::cli) const INDEX_EXAMPLES: &str = "\
Examples:
  cogo-index                             index the current folder
  cogo-index ~/project --watch           and keep the index up to date
  cogo-index --model bge-m3-int8         and let a large model read it behind; see `cogo help model`
  cogo-index --format json | jq .skipped_by_reason

Files named in .gitignore, .ignore or .cogoignore are left out, as are generated, minified, binary and vendored files,
and files that hold nothing but credentials. Options that should last belong into .cogo.toml; see `cogo config --help`.";

#[derive(Args, Debug)]
pub(in crate::cli) struct IndexArgs {
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
