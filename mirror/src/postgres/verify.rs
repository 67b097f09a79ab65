//! Comparing a mirror with the index, row by row.
//!
//! `COPY … TO` gives rows in the very bytes in which `COPY … FROM` took them. So the rows that a document should have are made once
//! more, and compared with those that it has by their hashes.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt;
use rag_core::store::Extractor;
use sqlx::{Connection, PgConnection, Row};
use xxhash_rust::xxh3::Xxh3;

use super::SyncOptions;
use super::failure::{Attempt, Failure};
use super::local::{Local, Place};
use super::rows::{Batch, Common};
use super::terms::{Frequency, Terms};
use crate::{Difference, Error, Origin, Verified};

/// Documents whose rows are read at once.
const AT_ONCE: usize = 500;

/// The rows of documents, in the order of [`super::rows::COPY`].
const SELECT: [&str; 4] = [
    "SELECT id, repository_id, digest, false, path, language, role, body FROM cogo.documents WHERE id = ANY(%) ORDER BY id",
    "SELECT document_id, ordinal, repository_id, start_line, end_line, symbol, kind, text, lexemes FROM cogo.chunks \
     WHERE document_id = ANY(%) ORDER BY document_id, ordinal",
    "SELECT document_id, ordinal, repository_id, model, dense FROM cogo.embeddings \
     WHERE document_id = ANY(%) AND model = (SELECT model FROM cogo.generations JOIN cogo.repositories ON id = repository_id \
     AND generations.revision = repositories.revision WHERE id = embeddings.repository_id) ORDER BY document_id, ordinal",
    "SELECT document_id, ordinal, repository_id, name, kind, start_line, end_line, parent FROM cogo.symbols \
     WHERE document_id = ANY(%) ORDER BY document_id, ordinal",
];

/// Tables whose rows belong to documents.
const PARTS: [&str; 4] = ["chunks", "embeddings", "symbols", "edges"];

/// What a comparison has found.
pub(super) struct Found {
    pub verified: Verified,
    /// documents whose rows are not what their digest says
    damaged: Vec<i64>,
}

pub(super) async fn verify(connection: &mut PgConnection, origin: &Origin, local: &Local<'_>) -> Attempt<Found> {
    let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut found = Found { verified: Verified::default(), damaged: Vec::new() };
    let row = sqlx::query("SELECT id, generation FROM cogo.repositories WHERE tenant = $1 AND name = $2")
        .bind(&origin.tenant)
        .bind(&origin.repository)
        .fetch_optional(&mut *transaction)
        .await?;
    let (repository, generation): (i64, Option<i64>) = match row {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => (-1, None),
    };
    found.verified.generation = generation.map(|generation| generation as u64);

    let rows =
        sqlx::query("SELECT id, digest, path FROM cogo.documents WHERE repository_id = $1 AND visible ORDER BY id")
            .bind(repository)
            .fetch_all(&mut *transaction)
            .await?;
    let mut there: HashMap<u128, i64> = HashMap::with_capacity(rows.len());
    let mut strangers: BTreeMap<String, ()> = BTreeMap::new();
    for row in &rows {
        let digest = <[u8; 16]>::try_from(row.try_get::<&[u8], _>(1)?).ok().map(u128::from_be_bytes);
        match digest.filter(|digest| local.documents.contains_key(digest)) {
            Some(digest) => drop(there.insert(digest, row.try_get(0)?)),
            None => drop(strangers.insert(row.try_get(2)?, ())),
        }
    }
    let differences = &mut found.verified.differences;
    for (digest, place) in &local.documents {
        let path = local.path(*place);
        if !there.contains_key(digest) {
            let known = strangers.remove(path).is_some();
            let path = path.to_owned();
            differences.push(if known { Difference::Changed(path) } else { Difference::Missing(path) });
        }
    }
    differences.extend(strangers.into_keys().map(Difference::Extra));
    let all_there = differences.is_empty();

    let mut common: Vec<(u128, Place, i64)> =
        there.iter().map(|(digest, id)| (*digest, local.documents[digest], *id)).collect();
    common.sort_unstable_by_key(|(_, place, _)| (place.segment, place.file));
    found.verified.checked = (rows.len() + found.verified.differences.len()) as u64;
    let model = &local.snapshot.manifest.settings.model;
    let mut terms = Terms::default();
    for of_segment in common.chunk_by(|a, b| a.1.segment == b.1.segment) {
        let segment = local.segment(of_segment[0].1);
        let wanted = |file: u32| of_segment.binary_search_by_key(&file, |(_, place, _)| place.file).is_ok();
        let extractor = Extractor::new(segment, &wanted)?;
        for part in of_segment.chunks(AT_ONCE) {
            let ids: Vec<i64> = part.iter().map(|(_, _, id)| *id).collect();
            let theirs = read(&mut transaction, SELECT, &ids).await?;
            for &(digest, Place { file, .. }, id) in part {
                terms.count(digest, &extractor, file, segment.chunks_of(file).len());
                let mut batch = Batch::new();
                batch.add(Common { repository, model }, id, digest, segment, file, &extractor)?;
                let ours = batch.tables.each_ref().map(|rows| hash(rows.content()));
                if theirs.get(&id) != Some(&ours) {
                    found.verified.differences.push(Difference::Changed(segment.path(file).to_owned()));
                    found.damaged.push(id);
                }
            }
        }
    }
    let differences = &mut found.verified.differences;
    for table in PARTS {
        let orphans: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT count(*) FROM cogo.{table} AS part WHERE repository_id = $1
             AND NOT EXISTS (SELECT FROM cogo.documents WHERE id = part.document_id)"
        )))
        .bind(repository)
        .fetch_one(&mut *transaction)
        .await?;
        if orphans > 0 {
            differences.push(Difference::Extra(format!("{orphans} rows of no document in cogo.{table}")));
        }
    }
    if all_there {
        compare_terms(&mut transaction, repository, &terms.frequencies, differences).await?;
    }
    differences.sort();
    transaction.rollback().await?;
    Ok(found)
}

/// Hashes of the rows that these documents have, by the statements that give them.
pub(super) async fn read<const TABLES: usize>(
    connection: &mut PgConnection,
    selects: [&str; TABLES],
    ids: &[i64],
) -> Attempt<HashMap<i64, [u128; TABLES]>> {
    let list: Vec<String> = ids.iter().map(i64::to_string).collect();
    let array = format!("'{{{}}}'::bigint[]", list.join(","));
    let mut hashers: HashMap<i64, [Xxh3; TABLES]> = HashMap::new();
    for (table, select) in selects.iter().enumerate() {
        let statement = format!("COPY ({}) TO STDOUT (FORMAT binary)", select.replace('%', &array));
        let mut stream = connection.copy_out_raw(&statement).await?;
        let mut bytes = Vec::new();
        while let Some(part) = stream.try_next().await? {
            bytes.extend_from_slice(&part);
        }
        drop(stream);
        let broken = || Failure::Final(Error::Server { server: super::NAME, reason: "malformed COPY".into() });
        for row in super::copy::rows_of(&bytes).ok_or_else(broken)? {
            let id = super::copy::first_int8(row).ok_or_else(broken)?;
            hashers.entry(id).or_insert_with(|| std::array::from_fn(|_| Xxh3::new()))[table].update(row);
        }
    }
    Ok(hashers.into_iter().map(|(id, hashers)| (id, hashers.map(|hasher| hasher.digest128()))).collect())
}

pub(super) fn hash(rows: &[u8]) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(rows);
    hasher.digest128()
}

async fn compare_terms(
    connection: &mut PgConnection,
    repository: i64,
    ours: &HashMap<String, Frequency>,
    differences: &mut Vec<Difference>,
) -> Attempt<()> {
    let rows = sqlx::query("SELECT term, chunks, documents FROM cogo.terms WHERE repository_id = $1")
        .bind(repository)
        .fetch_all(connection)
        .await?;
    let mut seen = 0;
    for row in &rows {
        let term: &str = row.try_get(0)?;
        let theirs = Frequency { chunks: row.try_get(1)?, documents: row.try_get(2)? };
        match ours.get(term) {
            None => differences.push(Difference::Extra(format!("term `{term}`"))),
            Some(ours) if *ours != theirs => differences.push(Difference::Changed(format!("term `{term}`"))),
            Some(_) => {}
        }
        seen += usize::from(ours.contains_key(term));
    }
    if seen < ours.len() {
        let there: std::collections::HashSet<&str> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
        let missing = ours.keys().filter(|term| !there.contains(term.as_str()));
        differences.extend(missing.map(|term| Difference::Missing(format!("term `{term}`"))));
    }
    Ok(())
}

/// Lets the next sync take damaged documents for outdated ones, and removes rows that belong to nothing.
pub(super) async fn disown(
    connection: &mut PgConnection,
    origin: &Origin,
    found: &Found,
    options: &SyncOptions,
) -> Attempt<()> {
    super::sync::lock(connection, origin, options.wait).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("UPDATE cogo.documents SET digest = digest || decode('00', 'hex') WHERE id = ANY($1)")
        .bind(&found.damaged)
        .execute(&mut *transaction)
        .await?;
    for table in PARTS {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "DELETE FROM cogo.{table} AS part
             WHERE repository_id = (SELECT id FROM cogo.repositories WHERE tenant = $1 AND name = $2)
             AND NOT EXISTS (SELECT FROM cogo.documents WHERE id = part.document_id)"
        )))
        .bind(&origin.tenant)
        .bind(&origin.repository)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Counts the terms of all that is visible anew.
pub(super) async fn recount(connection: &mut PgConnection, origin: &Origin) -> Attempt<()> {
    let mut transaction = connection.begin().await?;
    let repository: i64 = sqlx::query_scalar("SELECT id FROM cogo.repositories WHERE tenant = $1 AND name = $2")
        .bind(&origin.tenant)
        .bind(&origin.repository)
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query("DELETE FROM cogo.terms WHERE repository_id = $1").bind(repository).execute(&mut *transaction).await?;
    sqlx::query(
        "INSERT INTO cogo.terms (repository_id, term, chunks, documents)
         SELECT $1, lexeme, count(*)::int, count(DISTINCT document_id) FILTER (WHERE 'D' = ANY(weights))::int
         FROM cogo.chunks JOIN cogo.documents ON documents.id = document_id, unnest(lexemes)
         WHERE documents.repository_id = $1 AND visible GROUP BY lexeme",
    )
    .bind(repository)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}
