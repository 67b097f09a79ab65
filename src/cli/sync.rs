//! `cogo sync` and `cogo verify`: mirrors of the index in servers.

use std::io::Write;
use std::sync::Arc;

use mirror::postgres::SyncOptions;
use mirror::{Synced, Verified, neo4j};
use rag_core::Snapshot;
use serde_json::json;

use super::args::{Format, MirrorArgs, SyncArgs, SyncCommand, VerifyArgs, VerifyCommand};
use super::failure::Usage;
use super::{Done, output, target};
use crate::config::{Config, redacted};
use crate::{Engine, mirrors};

/// `cogo sync`
pub(super) fn sync(command: &SyncCommand) -> anyhow::Result<Done> {
    match command {
        SyncCommand::Postgres(args) => sync_postgres(args),
        SyncCommand::Neo4j(args) => sync_neo4j(args),
    }
}

/// `cogo verify`
pub(super) fn verify(command: &VerifyCommand) -> anyhow::Result<Done> {
    match command {
        VerifyCommand::Postgres(args) => verify_postgres(args),
        VerifyCommand::Neo4j(args) => verify_neo4j(args),
    }
}

fn sync_postgres(args: &SyncArgs) -> anyhow::Result<Done> {
    let index = open(&args.mirror)?;
    let url = address(&args.mirror, index.config.sync.postgres.as_deref(), "sync.postgres")?;
    let options = SyncOptions { older: args.older, ..SyncOptions::default() };
    let synced = mirrors::postgres(&url, &index.origin, |mirror| {
        mirrors::sync_whole(mirror, &index.engine, &index.snapshot, &options)
    })?;
    print_synced(&synced, &url, args.mirror.format)?;
    Ok(Done::Something)
}

fn verify_postgres(args: &VerifyArgs) -> anyhow::Result<Done> {
    let index = open(&args.mirror)?;
    let url = address(&args.mirror, index.config.sync.postgres.as_deref(), "sync.postgres")?;
    let (verified, repaired) = mirrors::postgres(&url, &index.origin, |mirror| {
        if args.repair {
            let (verified, synced) = mirrors::repair_whole(mirror, &index.engine, &index.snapshot)?;
            Ok((verified, Some(synced)))
        } else {
            Ok((mirrors::verify_whole(mirror, &index.engine, &index.snapshot)?, None))
        }
    })?;
    print_verified(&verified, repaired.as_ref(), "document", args.mirror.format)?;
    Ok(if verified.differences.is_empty() || repaired.is_some() { Done::Something } else { Done::Nothing })
}

fn sync_neo4j(args: &SyncArgs) -> anyhow::Result<Done> {
    let index = open(&args.mirror)?;
    let url = address(&args.mirror, index.config.sync.neo4j.as_deref(), "sync.neo4j")?;
    let options = neo4j::SyncOptions { older: args.older };
    let (generation, graph) = (index.snapshot.manifest.generation, index.engine.graph_of(&index.snapshot)?);
    let synced = mirrors::neo4j(&url)?.sync(&index.origin, generation, &graph, options)?;
    print_synced(&synced, &url, args.mirror.format)?;
    Ok(Done::Something)
}

fn verify_neo4j(args: &VerifyArgs) -> anyhow::Result<Done> {
    let index = open(&args.mirror)?;
    let url = address(&args.mirror, index.config.sync.neo4j.as_deref(), "sync.neo4j")?;
    let (generation, graph) = (index.snapshot.manifest.generation, index.engine.graph_of(&index.snapshot)?);
    let mirror = mirrors::neo4j(&url)?;
    let verified = mirror.verify(&index.origin, &graph)?;
    let repaired = match args.repair {
        true => Some(mirror.repair(&index.origin, generation, &graph, neo4j::SyncOptions::default())?),
        false => None,
    };
    print_verified(&verified, repaired.as_ref(), "item", args.mirror.format)?;
    Ok(if verified.differences.is_empty() || repaired.is_some() { Done::Something } else { Done::Nothing })
}

/// An index, and what it is called in a server.
struct Index {
    engine: Engine,
    config: Config,
    snapshot: Arc<Snapshot>,
    origin: mirror::Origin,
}

fn open(args: &MirrorArgs) -> anyhow::Result<Index> {
    let mut flags = json!({ "sync": args.name.flags() });
    if let Some(folder) = &args.index_dir {
        flags["index_dir"] = json!(folder);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    // What follows is the one sync that was asked for.
    flags["sync"]["auto"] = json!(false);
    let (engine, config) = target::engine_with(&args.path, flags)?;
    if !args.no_refresh {
        target::refresh(&engine)?;
    }
    let origin = mirrors::origin(engine.root(), &config.sync);
    let snapshot = engine.snapshot()?;
    Ok(Index { engine, config, snapshot, origin })
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

fn print_verified(verified: &Verified, repaired: Option<&Synced>, item: &str, format: Format) -> anyhow::Result<()> {
    if format != Format::Text {
        return output::print_json(&json!({ "verified": verified, "repaired": repaired }), format);
    }
    let mut out = output::stdout();
    for difference in &verified.differences {
        writeln!(out, "{}", output::harmless(&difference.to_string()))?;
    }
    let generation = verified.generation.map_or("no generation".to_owned(), |number| format!("generation {number}"));
    let differences = output::count(verified.differences.len() as u64, "difference");
    writeln!(out, "{generation}: {} compared, {differences}", output::count(verified.checked, item))?;
    if let Some(Synced { written, deleted, .. }) = repaired {
        writeln!(out, "repaired: {written} written, {deleted} deleted")?;
    }
    Ok(out.flush()?)
}
