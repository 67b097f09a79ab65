//! Mirrors of an index in servers: how a repository is called there, and keeping a mirror up to date.

use std::path::Path;
use std::sync::{Arc, Mutex};

use mirror::Origin;
use mirror::neo4j::{Address, Neo4j, Patience};
use mirror::postgres::{Postgres, SyncOptions};
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

fn sync_all(origin: &Origin, settings: &SyncConfig, engine: &Engine, snapshot: &Snapshot) -> mirror::Result<()> {
    if let Some(url) = &settings.postgres {
        postgres(url, origin, |mirror| mirror.sync(snapshot, &SyncOptions::default()))?;
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
