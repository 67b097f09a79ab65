//! Mirrors of an index in servers: how a repository is called there, and keeping a mirror up to date.

use std::path::Path;
use std::sync::{Arc, Mutex};

use mirror::neo4j::{Address, Neo4j, Patience};
use mirror::postgres::{Postgres, SyncOptions};
use mirror::{Origin, Synced, Verified};
use rag_core::Snapshot;

use crate::config::SyncConfig;
use crate::engine::{AfterCommit, Engine};

/// What the repository at `root` is called in servers.
pub fn origin(root: &Path, settings: &SyncConfig) -> Origin {
    let folder = || {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        root.file_name().map_or_else(|| "repository".to_owned(), |name| name.to_string_lossy().into_owned())
    };
    Origin { tenant: settings.tenant.clone(), repository: settings.repository.clone().unwrap_or_else(folder) }
}

/// What brings the mirrors of `root` up to date after each commit; `None` if that is not wanted. `say` is told of what fails: a
/// server that cannot be reached is no reason to stop, and the next commit tries again.
pub fn follow(
    root: &Path,
    settings: &SyncConfig,
    say: impl Fn(&mirror::Error) + Send + Sync + 'static,
) -> Option<AfterCommit> {
    if !settings.auto {
        return None;
    }
    let (origin, settings) = (origin(root, settings), settings.clone());
    // Whether the last sync failed: then the next look at the files tries again, if they have changed or not.
    let behind = Mutex::new(false);
    Some(Arc::new(move |engine, snapshot, is_new| {
        let mut behind = behind.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if is_new || *behind {
            let done = sync_all(&origin, &settings, engine, snapshot);
            *behind = done.is_err();
            if let Err(error) = done {
                say(&error);
            }
        }
    }))
}

/// Brings all of a mirror up to date, first what searching needs; gives what was done to the documents.
pub(crate) fn sync_whole(
    mirror: &Postgres,
    engine: &Engine,
    snapshot: &Snapshot,
    options: &SyncOptions,
) -> mirror::Result<Synced> {
    let synced = mirror.sync(snapshot, options)?;
    mirror.sync_edges(synced.generation, &*engine.graph_of(snapshot)?, options)?;
    if let Some(model) = engine.model() {
        mirror.sync_encodings(snapshot, model.id(), &*engine.vectors()?, options)?;
    }
    Ok(synced)
}

/// Compares all of a mirror.
pub(crate) fn verify_whole(mirror: &Postgres, engine: &Engine, snapshot: &Snapshot) -> mirror::Result<Verified> {
    let mut verified = mirror.verify(snapshot)?;
    let generation = snapshot.manifest.generation;
    if verified.generation == Some(generation) {
        verified.differences.extend(mirror.verify_edges(generation, &*engine.graph_of(snapshot)?)?.differences);
        if let Some(model) = engine.model() {
            let found = mirror.verify_encodings(snapshot, model.id(), &*engine.vectors()?)?;
            verified.differences.extend(found.differences);
        }
    }
    Ok(verified)
}

/// Writes anew what differs in a mirror: what that was, and what was done to the documents.
pub(crate) fn repair_whole(
    mirror: &Postgres,
    engine: &Engine,
    snapshot: &Snapshot,
) -> mirror::Result<(Verified, Synced)> {
    let options = SyncOptions::default();
    let (mut verified, synced) = mirror.repair(snapshot, &options)?;
    let (edges, _) = mirror.repair_edges(snapshot.manifest.generation, &*engine.graph_of(snapshot)?, &options)?;
    verified.differences.extend(edges.differences);
    if let Some(model) = engine.model() {
        let (found, _) = mirror.repair_encodings(snapshot, model.id(), &*engine.vectors()?, &options)?;
        verified.differences.extend(found.differences);
    }
    Ok((verified, synced))
}

/// Brings the documents of the mirror of `origin` in the database at `url` up to date.
///
/// # Errors
/// See [`Postgres::sync`].
pub fn sync_postgres(url: &str, origin: &Origin, snapshot: &Snapshot) -> mirror::Result<()> {
    postgres(url, origin, |mirror| mirror.sync(snapshot, &SyncOptions::default())).map(drop)
}

fn sync_all(origin: &Origin, settings: &SyncConfig, engine: &Engine, snapshot: &Snapshot) -> mirror::Result<()> {
    if let Some(url) = &settings.postgres {
        postgres(url, origin, |mirror| sync_whole(mirror, engine, snapshot, &SyncOptions::default()))?;
    }
    if let Some(url) = &settings.neo4j {
        let graph = engine.graph_of(snapshot)?;
        neo4j(url)?.sync(origin, snapshot.manifest.generation, &graph, Default::default())?;
    }
    Ok(())
}

/// The server of mirrors at `url`.
pub(crate) fn neo4j(url: &str) -> mirror::Result<Neo4j> {
    Neo4j::open(&Address::parse(url)?, Patience::default())
}

/// Lets `act` have the mirror of `origin` at `url`.
pub(crate) fn postgres<T>(
    url: &str,
    origin: &Origin,
    act: impl FnOnce(&Postgres) -> mirror::Result<T>,
) -> mirror::Result<T> {
    act(&Postgres::new(url, origin.clone())?)
}
