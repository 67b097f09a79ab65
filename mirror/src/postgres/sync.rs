//! Bringing a mirror up to date.
//!
//! New versions of documents are written beside the old ones, invisible, a batch per transaction. When all are there, one
//! transaction makes them visible and the old ones invisible; what is invisible then is removed. A sync that was interrupted finds what
//! it has written by the digests, and goes on. One sync at a time writes a repository: it holds an advisory lock, which
//! the server gives back when the connection ends, however it ends.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rag_core::store::Extractor;
use sqlx::{Connection, PgConnection, Row};
use tokio::runtime::Runtime;

use super::failure::{Attempt, Failure};
use super::local::{Local, Place};
use super::rows::{Batch, Common, TABLES};
use super::terms::{self, Terms};
use super::{NAME, SyncOptions, index, insert};
use crate::{Error, Origin, Synced};

/// Rows of so many bytes are written in one transaction; after a lost connection fewer, so that some get through.
const LARGEST_BATCH: usize = 16 << 20;
const SMALLEST_BATCH: usize = 16 << 10;
/// Documents that are removed in one transaction.
const REMOVED_AT_ONCE: usize = 500;
/// What a document that is removed counts for in a batch.
const REMOVED_SIZE: usize = 1 << 10;
/// Rows of `generations` that are kept, for whoever wants to know when what was synced.
const KEPT_GENERATIONS: i64 = 100;
/// How often the lock is asked for.
const GLANCE: Duration = Duration::from_millis(50);

/// What one sync has done so far; kept while connections come and go.
pub(super) struct Progress {
    pub synced: Synced,
    /// whether the server was found fit
    pub prepared: bool,
    /// transactions that were committed
    pub steps: u64,
    batch: usize,
    terms: Terms,
    /// documents that were there when it began
    found: Option<u64>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let (synced, terms) = (Synced::default(), Terms::default());
        Progress { synced, prepared: false, steps: 0, batch: LARGEST_BATCH, terms, found: None }
    }

    /// After a lost connection: the next attempt takes smaller steps.
    pub(super) fn be_careful(&mut self) {
        self.batch = (self.batch / 16).max(SMALLEST_BATCH);
    }

    fn look_at(&mut self, plan: &Plan) {
        let there = plan.kept + plan.staged.len() as u64;
        // What was committed while the answer was lost was written by us, too.
        self.synced.unchanged = *self.found.get_or_insert(there);
        self.synced.written = there.saturating_sub(self.synced.unchanged);
        let hidden: HashSet<u128> =
            plan.missing.iter().map(|(digest, _)| *digest).chain(plan.staged.iter().map(|staged| staged.0)).collect();
        if !self.terms.counted.is_subset(&hidden) {
            // Another sync has shown some of them while we had no connection.
            self.terms = Terms::default();
        }
    }
}

/// How the documents there compare with those here.
struct Plan {
    /// to write
    missing: Vec<(u128, Place)>,
    /// to show: id there
    staged: Vec<(u128, Place, i64)>,
    /// to hide
    retired: Vec<i64>,
    /// to remove
    garbage: Vec<i64>,
    kept: u64,
}

/// Does what is left to do.
pub(super) fn attempt(
    runtime: &Runtime,
    connection: &mut PgConnection,
    origin: &Origin,
    local: &Local<'_>,
    options: &SyncOptions,
    progress: &mut Progress,
) -> Attempt<()> {
    let ours = local.generation();
    let (repository, theirs, plan) = runtime.block_on(async {
        lock(connection, origin, options.wait).await?;
        let (repository, theirs) = repository(connection, origin).await?;
        Attempt::Ok((repository, theirs, plan(connection, repository, local).await?))
    })?;
    if let Some(theirs) = theirs.filter(|theirs| *theirs > ours && !options.older) {
        return Err(Failure::Final(Error::Older { ours, theirs }));
    }
    progress.look_at(&plan);
    let written = write(runtime, connection, repository, local, &plan, progress)?;
    let shown: Vec<i64> = plan.staged.iter().map(|(_, _, id)| *id).chain(written).collect();
    runtime.block_on(async {
        index::build(connection, repository, local).await?;
        if !shown.is_empty() || !plan.retired.is_empty() || theirs != Some(ours) {
            flip(connection, repository, local, &shown, &plan.retired, progress).await?;
        }
        progress.synced.deleted += plan.retired.len() as u64;
        progress.synced.generation = ours;
        progress.steps += 1;
        remove(connection, &[&plan.retired[..], &plan.garbage].concat(), progress).await
    })
}

/// Takes the lock of the repository, waiting for another sync.
pub(super) async fn lock(connection: &mut PgConnection, origin: &Origin, wait: Duration) -> Attempt<()> {
    let started = Instant::now();
    let name = format!("cogo mirror {} {}", origin.tenant, origin.repository);
    loop {
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(&name)
            .fetch_one(&mut *connection)
            .await?;
        if taken {
            return Ok(());
        }
        if started.elapsed() > wait {
            let reason = "another sync of this repository is running".to_owned();
            return Err(Failure::Final(Error::Server { server: NAME, reason }));
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Id of the repository, and the generation that readers see.
async fn repository(connection: &mut PgConnection, origin: &Origin) -> Attempt<(i64, Option<u64>)> {
    let known = "SELECT id, generation FROM cogo.repositories WHERE tenant = $1 AND name = $2";
    let new = "INSERT INTO cogo.repositories (tenant, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    loop {
        let row = sqlx::query(known).bind(&origin.tenant).bind(&origin.repository);
        if let Some(row) = row.fetch_optional(&mut *connection).await? {
            let generation: Option<i64> = row.try_get(1)?;
            return Ok((row.try_get(0)?, generation.map(|generation| generation as u64)));
        }
        sqlx::query(new).bind(&origin.tenant).bind(&origin.repository).execute(&mut *connection).await?;
    }
}

async fn plan(connection: &mut PgConnection, repository: i64, local: &Local<'_>) -> Attempt<Plan> {
    let rows = sqlx::query("SELECT id, digest, visible FROM cogo.documents WHERE repository_id = $1")
        .bind(repository)
        .fetch_all(connection)
        .await?;
    let mut plan = Plan { missing: Vec::new(), staged: Vec::new(), retired: Vec::new(), garbage: Vec::new(), kept: 0 };
    let mut known = HashSet::with_capacity(rows.len());
    for row in rows {
        let (id, digest, visible): (i64, &[u8], bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let digest = <[u8; 16]>::try_from(digest).ok().map(u128::from_be_bytes);
        let wanted = digest.and_then(|digest| Some((digest, *local.documents.get(&digest)?)));
        match (wanted, visible) {
            (Some((digest, _)), true) => {
                plan.kept += 1;
                known.insert(digest);
            }
            (Some((digest, place)), false) => {
                plan.staged.push((digest, place, id));
                known.insert(digest);
            }
            (None, true) => plan.retired.push(id),
            (None, false) => plan.garbage.push(id),
        }
    }
    let missing = local.documents.iter().filter(|(digest, _)| !known.contains(*digest));
    plan.missing = missing.map(|(digest, place)| (*digest, *place)).collect();
    // The order of the index: what lies together is read together.
    plan.missing.sort_unstable_by_key(|(_, place)| (place.segment, place.file));
    Ok(plan)
}

/// Writes what is missing and counts the terms of all that will be shown; gives the ids of what was written. Rows are made on a
/// thread of their own, while the server takes those before.
fn write(
    runtime: &Runtime,
    connection: &mut PgConnection,
    repository: i64,
    local: &Local<'_>,
    plan: &Plan,
    progress: &mut Progress,
) -> Attempt<Vec<i64>> {
    let ids: Vec<i64> = runtime.block_on(
        sqlx::query_scalar("SELECT nextval('cogo.documents_id_seq') FROM generate_series(1, $1)")
            .bind(plan.missing.len() as i64)
            .fetch_all(&mut *connection),
    )?;
    let Progress { synced, steps, batch: largest, terms, .. } = progress;
    let maker = Maker {
        local,
        common: Common { repository, model: &local.snapshot.manifest.settings.model },
        largest: *largest,
    };
    let (sender, batches) = mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        let ids = &ids;
        scope.spawn(move || {
            let made = maker.make(plan, ids, terms, &|batch| sender.send(Ok(batch)).is_ok());
            if let Err(error) = made {
                // Whoever does not listen any more has failed already.
                drop(sender.send(Err(error)));
            }
        });
        for batch in batches {
            let batch: Batch = batch?;
            runtime.block_on(send(connection, &batch))?;
            synced.written += batch.documents;
            *steps += 1;
        }
        Ok(ids.clone())
    })
}

/// Makes rows of documents.
struct Maker<'l, 's> {
    local: &'l Local<'s>,
    common: Common<'l>,
    largest: usize,
}

impl Maker<'_, '_> {
    /// Gives the rows of what is missing to `send`, until that says no.
    fn make(&self, plan: &Plan, ids: &[i64], terms: &mut Terms, send: &dyn Fn(Batch) -> bool) -> rag_core::Result<()> {
        let missing = plan.missing.iter().zip(ids).map(|(&(digest, place), id)| (digest, place, Some(*id)));
        let staged = plan.staged.iter().map(|&(digest, place, _)| (digest, place, None));
        let mut all: Vec<(u128, Place, Option<i64>)> =
            missing.chain(staged.filter(|(digest, ..)| !terms.counted.contains(digest))).collect();
        all.sort_unstable_by_key(|(_, place, _)| (place.segment, place.file));
        let mut batch = Batch::new();
        for of_segment in all.chunk_by(|a, b| a.1.segment == b.1.segment) {
            let segment = self.local.segment(of_segment[0].1);
            let wanted = |file: u32| of_segment.binary_search_by_key(&file, |(_, place, _)| place.file).is_ok();
            let extractor = Extractor::new(segment, &wanted)?;
            for &(digest, Place { file, .. }, id) in of_segment {
                terms.count(digest, &extractor, file, segment.chunks_of(file).len());
                let Some(id) = id else { continue };
                batch.add(self.common, id, digest, segment, file, &extractor)?;
                if batch.bytes() >= self.largest && !send(std::mem::replace(&mut batch, Batch::new())) {
                    return Ok(());
                }
            }
        }
        send(batch);
        Ok(())
    }
}

/// Writes a batch; it is there as a whole, or not at all.
async fn send(connection: &mut PgConnection, batch: &Batch) -> Attempt<()> {
    if batch.documents == 0 {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    for (rows, (table, columns)) in batch.tables.iter().zip(TABLES) {
        insert::write(&mut transaction, rows, table, columns).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Makes `shown` visible and `retired` invisible, at once.
async fn flip(
    connection: &mut PgConnection,
    repository: i64,
    local: &Local<'_>,
    shown: &[i64],
    retired: &[i64],
    progress: &Progress,
) -> Attempt<()> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("SET LOCAL synchronous_commit = on").execute(&mut *transaction).await?;
    terms::update(&mut transaction, repository, &progress.terms.frequencies, retired).await?;
    for (ids, visible) in [(retired, false), (shown, true)] {
        sqlx::query("UPDATE cogo.documents SET visible = $1 WHERE repository_id = $2 AND id = ANY($3)")
            .bind(visible)
            .bind(repository)
            .bind(ids)
            .execute(&mut *transaction)
            .await?;
    }
    let visible: i64 = sqlx::query_scalar("SELECT count(*) FROM cogo.documents WHERE repository_id = $1 AND visible")
        .bind(repository)
        .fetch_one(&mut *transaction)
        .await?;
    if visible as usize != local.documents.len() {
        // Somebody else has written, whatever the lock says: nothing is shown, and the next attempt looks again.
        return Err(Failure::Lost(format!("{visible} documents would be visible, not {}", local.documents.len())));
    }
    let settings = &local.snapshot.manifest.settings;
    let revision: i64 = sqlx::query_scalar(
        "UPDATE cogo.repositories SET generation = $2, revision = revision + 1 WHERE id = $1 RETURNING revision",
    )
    .bind(repository)
    .bind(local.generation() as i64)
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO cogo.generations (repository_id, revision, generation, model, dimensions, documents, chunks, statistics)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)",
    )
    .bind(repository)
    .bind(revision)
    .bind(local.generation() as i64)
    .bind(&settings.model)
    .bind(settings.dimensions as i32)
    .bind(local.documents.len() as i64)
    .bind(local.sums.chunks as i64)
    .bind(local.statistics().to_string())
    .execute(&mut *transaction)
    .await?;
    sqlx::query("DELETE FROM cogo.generations WHERE repository_id = $1 AND revision <= $2")
        .bind(repository)
        .bind(revision - KEPT_GENERATIONS)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Removes documents that are not visible.
async fn remove(connection: &mut PgConnection, ids: &[i64], progress: &mut Progress) -> Attempt<()> {
    for part in ids.chunks(REMOVED_AT_ONCE.min(progress.batch / REMOVED_SIZE)) {
        let mut transaction = connection.begin().await?;
        for statement in [
            "DELETE FROM cogo.edges WHERE document_id = ANY($1)",
            "DELETE FROM cogo.symbols WHERE document_id = ANY($1)",
            "DELETE FROM cogo.embeddings WHERE document_id = ANY($1)",
            "DELETE FROM cogo.chunks WHERE document_id = ANY($1)",
            "DELETE FROM cogo.documents WHERE id = ANY($1) AND NOT visible",
        ] {
            sqlx::query(statement).bind(part).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        progress.steps += 1;
    }
    Ok(())
}
