//! What a large model has made of chunks: a dense vector each, and weights of words if it gives some.
//!
//! It comes later than the documents, and little by little. What it makes of a text never changes, so what is there is not compared but
//! completed.

use std::collections::{HashMap, HashSet};

use rag_core::store::Vectors;
use sqlx::{Connection, PgConnection, Row};

use super::copy::Rows;
use super::failure::Attempt;
use super::index::quoted;
use super::local::{Local, Place};
use super::{edges, insert, verify};
use crate::{Difference, Origin, Synced, Verified};

/// Dimensions of all sparse vectors: more than the words of any model, so that they can be compared.
const WORDS: u32 = 1_000_000;
/// Rows of so many bytes are written in one transaction.
const LARGEST_BATCH: usize = 16 << 20;
/// Documents whose rows are read at once.
const AT_ONCE: usize = 500;

const COLUMNS: [(&str, &str); 6] = [
    ("document_id", "int8"),
    ("ordinal", "int4"),
    ("repository_id", "int8"),
    ("model", "text"),
    ("dense", "halfvec"),
    ("sparse", "sparsevec"),
];

/// What the model has made so far.
struct Made<'m> {
    local: &'m Local<'m>,
    model: &'m str,
    vectors: &'m Vectors,
    sparse: HashMap<u64, Vec<(u32, f32)>>,
}

impl<'m> Made<'m> {
    fn new(local: &'m Local<'m>, model: &'m str, vectors: &'m Vectors) -> Self {
        Made { local, model, vectors, sparse: vectors.sparse().into_iter().collect() }
    }

    /// Adds the rows of a document but those that are there; gives how many of each there are.
    fn add(
        &self,
        rows: &mut Rows,
        repository: i64,
        id: i64,
        place: Place,
        is_there: &dyn Fn(i32) -> bool,
    ) -> (u64, u64) {
        let segment = self.local.segment(place);
        let (mut added, mut skipped) = (0, 0);
        for (chunk, ordinal) in segment.chunks_of(place.file).zip(0u32..) {
            let hash = segment.passage_hash(chunk);
            let Some(halves) = self.vectors.halves(hash) else { continue };
            if is_there(ordinal as i32) {
                skipped += 1;
                continue;
            }
            added += 1;
            let row = rows.row().int8(id).int4(ordinal).int8(repository).text(self.model).halfvec(halves);
            let weights = self.sparse.get(&hash);
            let weights = weights.filter(|weights| weights.last().is_some_and(|(word, _)| *word < WORDS));
            row.optional(weights, |row, weights| row.sparsevec(WORDS, weights));
        }
        (added, skipped)
    }
}

/// The visible documents that are of the generation here.
async fn visible(connection: &mut PgConnection, repository: i64, local: &Local<'_>) -> Attempt<Vec<(i64, Place)>> {
    let rows = sqlx::query("SELECT id, digest FROM cogo.documents WHERE repository_id = $1 AND visible ORDER BY id")
        .bind(repository)
        .fetch_all(connection)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let (id, digest): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        let digest = <[u8; 16]>::try_from(digest).ok().map(u128::from_be_bytes);
        found.extend(digest.and_then(|digest| local.documents.get(&digest)).map(|place| (id, *place)));
    }
    Ok(found)
}

/// Compares every row, and removes those of documents where one differs if `disown` says so: the next sync writes these anew.
pub(super) async fn verify(
    connection: &mut PgConnection,
    origin: &Origin,
    local: &Local<'_>,
    model: &str,
    vectors: &Vectors,
    disown: bool,
) -> Attempt<Verified> {
    let mut verified = Verified { generation: Some(local.generation()), ..Verified::default() };
    let Some(repository) = edges::repository(connection, origin, local.generation()).await? else {
        return Ok(verified);
    };
    let made = Made::new(local, model, vectors);
    let mut wrong = Vec::new();
    for part in visible(connection, repository, local).await?.chunks(AT_ONCE) {
        let ids: Vec<i64> = part.iter().map(|(id, _)| *id).collect();
        let select = format!(
            "SELECT document_id, ordinal, repository_id, model, dense, sparse FROM cogo.embeddings
             WHERE document_id = ANY(%) AND model = {} ORDER BY document_id, ordinal",
            quoted(model)
        );
        let theirs = verify::read(connection, [&*select], &ids).await?;
        for (id, place) in part {
            let mut rows = Rows::new(COLUMNS.len() as i16);
            verified.checked += made.add(&mut rows, repository, *id, *place, &|_| false).0;
            let ours = [verify::hash(rows.content())];
            if *theirs.get(id).unwrap_or(&[verify::hash(&[])]) != ours {
                let path = local.path(*place);
                verified.differences.push(Difference::Changed(format!("what {model} made of {path}")));
                wrong.push(*id);
            }
        }
    }
    verified.differences.sort();
    if disown {
        let remove = "DELETE FROM cogo.embeddings WHERE document_id = ANY($1) AND model = $2";
        sqlx::query(remove).bind(&wrong).bind(model).execute(connection).await?;
    }
    Ok(verified)
}

/// Writes what is missing. Does nothing if readers see another generation.
pub(super) async fn sync(
    connection: &mut PgConnection,
    origin: &Origin,
    local: &Local<'_>,
    model: &str,
    vectors: &Vectors,
) -> Attempt<Synced> {
    let mut synced = Synced { generation: local.generation(), ..Synced::default() };
    let Some(repository) = edges::repository(connection, origin, local.generation()).await? else { return Ok(synced) };
    let others = "DELETE FROM cogo.embeddings WHERE repository_id = $1 AND model <> ALL($2)";
    let models = [model, &local.snapshot.manifest.settings.model];
    let others = sqlx::query(others).bind(repository).bind(&models[..]).execute(&mut *connection).await?;
    synced.deleted = others.rows_affected();
    let there = sqlx::query("SELECT document_id, ordinal FROM cogo.embeddings WHERE repository_id = $1 AND model = $2")
        .bind(repository)
        .bind(model)
        .fetch_all(&mut *connection)
        .await?;
    let there = there.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let there: HashSet<(i64, i32)> = there.collect::<sqlx::Result<_>>()?;
    let made = Made::new(local, model, vectors);
    let mut rows = Rows::new(COLUMNS.len() as i16);
    for (id, place) in visible(connection, repository, local).await? {
        let (written, unchanged) =
            made.add(&mut rows, repository, id, place, &|ordinal| there.contains(&(id, ordinal)));
        synced.written += written;
        synced.unchanged += unchanged;
        if rows.len() >= LARGEST_BATCH {
            write(connection, &std::mem::replace(&mut rows, Rows::new(COLUMNS.len() as i16))).await?;
        }
    }
    write(connection, &rows).await?;
    Ok(synced)
}

async fn write(connection: &mut PgConnection, rows: &Rows) -> Attempt<()> {
    let mut transaction = connection.begin().await?;
    insert::write(&mut transaction, rows, "cogo.embeddings", &COLUMNS).await?;
    transaction.commit().await?;
    Ok(())
}
