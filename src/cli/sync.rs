//! `cogo sync` and `cogo verify`: mirrors of the index in servers.

use std::io::Write;
use std::sync::Arc;

use mirror::postgres::SyncOptions;
use mirror::{Synced, Verified};
use rag_core::Snapshot;
use serde_json::json;

use super::args::{Format, MirrorArgs, SyncArgs, SyncCommand, VerifyArgs, VerifyCommand};
use super::failure::Usage;
use super::{Done, output, target};
use crate::config::{Config, redacted};
use crate::mirrors;

/// `cogo sync`
pub(super) fn sync(command: &SyncCommand) -> anyhow::Result<Done> {
    match command {
        SyncCommand::Postgres(args) => sync_postgres(args),
    }
}

/// `cogo verify`
pub(super) fn verify(command: &VerifyCommand) -> anyhow::Result<Done> {
    match command {
        VerifyCommand::Postgres(args) => verify_postgres(args),
    }
}

fn sync_postgres(args: &SyncArgs) -> anyhow::Result<Done> {
    let index = open(&args.mirror)?;
    let url = address(&args.mirror, index.config.sync.postgres.as_deref(), "sync.postgres")?;
    let options = SyncOptions { older: args.older, ..SyncOptions::default() };
    let synced = mirrors::postgres(&url, &index.origin, |mirror| mirror.sync(&index.snapshot, &options))?;
    print_synced(&synced, &url, args.mirror.format)?;
    Ok(Done::Something)
}

fn verify_postgres(args: &VerifyArgs) -> anyhow::Result<Done> {
    let index = open(&args.mirror)?;
    let url = address(&args.mirror, index.config.sync.postgres.as_deref(), "sync.postgres")?;
    let (verified, repaired) = mirrors::postgres(&url, &index.origin, |mirror| {
        if args.repair {
            let (verified, synced) = mirror.repair(&index.snapshot, &SyncOptions::default())?;
            Ok((verified, Some(synced)))
        } else {
            Ok((mirror.verify(&index.snapshot)?, None))
        }
    })?;
    print_verified(&verified, repaired.as_ref(), args.mirror.format)?;
    Ok(if verified.differences.is_empty() || repaired.is_some() { Done::Something } else { Done::Nothing })
}

/// An index, and what it is called in a server.
struct Index {
    config: Config,
    snapshot: Arc<Snapshot>,
    origin: mirror::Origin,
}

fn open(args: &MirrorArgs) -> anyhow::Result<Index> {
    let mut flags = json!({ "sync": {} });
    if let Some(folder) = &args.index_dir {
        flags["index_dir"] = json!(folder);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    if let Some(tenant) = &args.tenant {
        flags["sync"]["tenant"] = json!(tenant);
    }
    if let Some(name) = &args.repo {
        flags["sync"]["repository"] = json!(name);
    }
    // What follows is the one sync that was asked for.
    flags["sync"]["auto"] = json!(false);
    let (engine, config) = target::engine_with(&args.path, flags)?;
    if !args.no_refresh {
        target::refresh(&engine)?;
    }
    let origin = mirrors::origin(engine.root(), &config.sync);
    Ok(Index { config, snapshot: engine.snapshot()?, origin })
}

fn address(args: &MirrorArgs, setting: Option<&str>, key: &str) -> anyhow::Result<String> {
    let url = args.url.as_deref().or(setting);
    Ok(url.map(str::to_owned).ok_or_else(|| {
        Usage::new("no server was named").hint(format!("pass `--url`, or set `{key}` (see `cogo config show`)"))
    })?)
}

fn print_synced(synced: &Synced, url: &str, format: Format) -> anyhow::Result<()> {
    if format != Format::Text {
        return output::print_json(synced, format);
    }
    let Synced { generation, written, deleted, unchanged } = synced;
    let mut out = output::stdout();
    writeln!(
        out,
        "{} holds generation {generation}: {written} written, {deleted} deleted, {unchanged} unchanged",
        redacted(url)
    )?;
    Ok(out.flush()?)
}

fn print_verified(verified: &Verified, repaired: Option<&Synced>, format: Format) -> anyhow::Result<()> {
    if format != Format::Text {
        return output::print_json(&json!({ "verified": verified, "repaired": repaired }), format);
    }
    let mut out = output::stdout();
    for difference in &verified.differences {
        writeln!(out, "{}", output::harmless(&difference.to_string()))?;
    }
    let generation = verified.generation.map_or("no generation".to_owned(), |number| format!("generation {number}"));
    let differences = output::count(verified.differences.len() as u64, "difference");
    writeln!(out, "{generation}: {} compared, {differences}", output::count(verified.checked, "document"))?;
    if let Some(Synced { written, deleted, .. }) = repaired {
        writeln!(out, "repaired: {written} written, {deleted} deleted")?;
    }
    Ok(out.flush()?)
}
