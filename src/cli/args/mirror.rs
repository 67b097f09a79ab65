//! `cogo sync` and `cogo verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::common::{Format, Logging};

pub(in crate::cli) const SYNC_EXAMPLES: &str = "\
Examples:
  cogo sync postgres --url postgres://me@db.lan/knowledge
  COGO_SYNC_POSTGRES=postgres://me@db.lan/knowledge cogo sync postgres ~/project --repo shop
  cogo sync neo4j --uri bolt://me@graphs.lan

An address that holds a password belongs into the environment or the user file, where other users do not see it:
[sync] postgres = \"…\", tenant, auto = true to bring the mirror up to date whenever the index changes.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SyncCommand {
    /// Chunks, vectors and text search in PostgreSQL with pgvector.
    Postgres(SyncArgs),
    /// The graph in Neo4j.
    Neo4j(SyncArgs),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum VerifyCommand {
    /// The mirror in PostgreSQL.
    Postgres(VerifyArgs),
    /// The mirror in Neo4j.
    Neo4j(VerifyArgs),
}

/// Which mirror of those in a server.
#[derive(Args, Debug)]
pub(in crate::cli) struct MirrorName {
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
pub(in crate::cli) struct MirrorArgs {
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
pub(in crate::cli) struct SyncArgs {
    #[command(flatten)]
    pub mirror: MirrorArgs,
    /// Replace a newer generation: one of another clone, or of an index that was written anew.
    #[arg(long)]
    pub older: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    pub mirror: MirrorArgs,
    /// Write what differs anew.
    #[arg(long)]
    pub repair: bool,
}
