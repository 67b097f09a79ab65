//! `cogo serve` and `cogo mcp`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::common::Logging;
use super::mirror::MirrorName;

pub(in crate::cli) const SERVE_EXAMPLES: &str = "\
Examples:
  cogo serve                                     this folder, on 127.0.0.1:7700
  cogo serve ~/project ~/library --listen 8080
  cogo serve --listen 0.0.0.0:7700 --host box.lan --token-file token ~/project
  curl -s localhost:7700/v1/search -H 'content-type: application/json' -d '{\"query\": \"retry policy\"}'

Without a token it listens on this machine only. Names and pages that are not known may not call: see --host and --origin.";

#[derive(Args, Debug)]
pub(in crate::cli) struct ServeArgs {
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

pub(in crate::cli) const MCP_EXAMPLES: &str = "\
Examples:
  cogo mcp install --client claude          show what would be written to .mcp.json
  cogo mcp install --client claude --yes    write it
  cogo mcp ~/project                        what a client runs
  cogo mcp --http 127.0.0.1:8765            serve at http://127.0.0.1:8765/mcp";

#[derive(Args, Debug)]
pub(in crate::cli) struct McpArgs {
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
pub(in crate::cli) enum McpCommand {
    /// Shows the change to a client's configuration that makes it start cogo; `--yes` writes it.
    #[command(after_long_help = "Example:\n  cogo mcp install --client codex --user --yes")]
    Install(InstallArgs),
    /// Shows the change that takes cogo out again; `--yes` writes it.
    #[command(after_long_help = "Example:\n  cogo mcp uninstall --client codex --user --yes")]
    Uninstall(InstallArgs),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct InstallArgs {
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
