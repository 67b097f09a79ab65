//! Uses of definitions, from the graph of a generation.
//!
//! They are derived from all files together: one new definition changes what others use. So they are compared document by document, by a hash,
//! after the documents themselves are visible, and one transaction replaces those that differ.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use graphrag::Graph;
use graphrag::graph::{NodeId, Relation};
use sqlx::{Connection, PgConnection, Row};
use xxhash_rust::xxh3::Xxh3;

use super::copy::Rows;
use super::failure::{Attempt, Failure};
use super::{NAME, insert};
use crate::{Difference, Error, Origin, Synced, Verified};

const COLUMNS: [(&str, &str); 9] = [
    ("document_id", "int8"),
    ("ordinal", "int4"),
    ("repository_id", "int8"),
    ("kind", "text"),
    ("tier", "text"),
    ("symbol", "int4"),
    ("target_path", "text"),
    ("target_symbol", "text"),
    ("line", "int4"),
];

/// One use.
#[derive(PartialEq, Eq)]
struct Edge {
    kind: String,
    tier: String,
    /// index of the definition that uses
    symbol: Option<u32>,
    target_path: String,
    target_symbol: Option<String>,
    line: u32,
}

/// The uses that stand in each file, by its path.
struct Edges<'g> {
    graph: &'g Graph,
    files: HashMap<&'g str, NodeId>,
}

impl<'g> Edges<'g> {
    fn new(graph: &'g Graph) -> Self {
        Edges { graph, files: graph.files().map(|file| (graph.path(file), file)).collect() }
    }

    fn of(&self, path: &str) -> Vec<Edge> {
        let Some(&file) = self.files.get(path) else { return Vec::new() };
        let mut edges = Vec::new();
        for user in std::iter::once(file).chain(self.graph.symbols_of(file)) {
            for link in self.graph.uses(user).filter(|link| Relation::USES.contains(&link.relation)) {
                let target = self.graph.node(link.node);
                if target.file.is_none() {
                    continue;
                }
                edges.push(Edge {
                    kind: link.relation.as_str().to_owned(),
                    tier: if link.is_proven { "proven" } else { "possible" }.to_owned(),
                    symbol: self.graph.node(user).symbol,
                    target_path: without_nul(self.graph.path(link.node)),
                    target_symbol: target.symbol.map(|_| without_nul(target.name)),
                    line: i32::try_from(link.line).map_or(0, |_| link.line),
                });
            }
        }
        edges
    }
}

/// PostgreSQL has no NUL.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn digest(edges: &[Edge]) -> u128 {
    let mut hash = Xxh3::new();
    // Each part with its length: no part can be taken for the beginning of the next.
    let mut add = |part: &[u8]| {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    for edge in edges {
        add(edge.kind.as_bytes());
        add(edge.tier.as_bytes());
        add(&edge.symbol.map_or(-1, i64::from).to_le_bytes());
        add(edge.target_path.as_bytes());
        add(edge.target_symbol.as_deref().unwrap_or("\0").as_bytes());
        add(&edge.line.to_le_bytes());
    }
    hash.digest128()
}

/// A visible document: id, path, hash of its edges.
type Listed = (i64, String, Option<Vec<u8>>);

/// Id of the repository, if readers see `generation` of it.
pub(super) async fn repository(
    connection: &mut PgConnection,
    origin: &Origin,
    generation: u64,
) -> Attempt<Option<i64>> {
    let known = "SELECT id FROM cogo.repositories WHERE tenant = $1 AND name = $2 AND generation = $3";
    let found = sqlx::query_scalar(known).bind(&origin.tenant).bind(&origin.repository).bind(generation as i64);
    Ok(found.fetch_optional(connection).await?)
}

/// The same with its documents.
async fn visible(
    connection: &mut PgConnection,
    origin: &Origin,
    generation: u64,
) -> Attempt<Option<(i64, Vec<Listed>)>> {
    let Some(repository) = repository(connection, origin, generation).await? else { return Ok(None) };
    let rows = sqlx::query("SELECT id, path, edges_digest FROM cogo.documents WHERE repository_id = $1 AND visible")
        .bind(repository)
        .fetch_all(connection)
        .await?;
    let listed = |row: &sqlx::postgres::PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    Ok(Some((repository, rows.iter().map(listed).collect::<sqlx::Result<_>>()?)))
}

/// Writes the edges of documents where they differ. Counts are of edges. Does nothing if readers see another generation: whoever has
/// synced that has its edges, too.
pub(super) async fn sync(
    connection: &mut PgConnection,
    origin: &Origin,
    generation: u64,
    graph: &Graph,
) -> Attempt<Synced> {
    let mut synced = Synced { generation, ..Synced::default() };
    let Some((repository, documents)) = visible(connection, origin, generation).await? else { return Ok(synced) };
    let edges = Edges::new(graph);
    let (mut rows, mut ids, mut digests) = (Rows::new(COLUMNS.len() as i16), Vec::new(), Vec::new());
    for (id, path, known) in documents {
        let own = edges.of(&path);
        let digest = digest(&own).to_be_bytes().to_vec();
        if known.as_ref() == Some(&digest) {
            synced.unchanged += own.len() as u64;
            continue;
        }
        synced.written += own.len() as u64;
        ids.push(id);
        digests.push(digest);
        for (edge, ordinal) in own.iter().zip(0u32..) {
            let row = rows.row().int8(id).int4(ordinal).int8(repository).text(&edge.kind).text(&edge.tier);
            let row = row.optional(edge.symbol, Rows::int4).text(&edge.target_path);
            row.optional(edge.target_symbol.as_deref(), Rows::text).int4(edge.line);
        }
    }
    let mut transaction = connection.begin().await?;
    if !ids.is_empty() {
        let removed = sqlx::query("DELETE FROM cogo.edges WHERE document_id = ANY($1)").bind(&ids);
        synced.deleted = removed.execute(&mut *transaction).await?.rows_affected();
        insert::write(&mut transaction, &rows, "cogo.edges", &COLUMNS).await?;
        let known = "UPDATE cogo.documents SET edges_digest = new.digest
            FROM unnest($1::bigint[], $2::bytea[]) AS new (id, digest) WHERE documents.id = new.id";
        sqlx::query(known).bind(&ids).bind(&digests).execute(&mut *transaction).await?;
    }
    sqlx::query(
        "UPDATE cogo.repositories SET edges_generation = $2 WHERE id = $1 AND edges_generation IS DISTINCT FROM $2",
    )
    .bind(repository)
    .bind(generation as i64)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(synced)
}

/// Compares every edge, and forgets the hashes of documents where they differ if `disown` says so: the next sync writes these anew.
pub(super) async fn verify(
    connection: &mut PgConnection,
    origin: &Origin,
    generation: u64,
    graph: &Graph,
    disown: bool,
) -> Attempt<Verified> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(&mut *transaction).await?;
    let found = visible(&mut transaction, origin, generation).await?;
    let Some((repository, documents)) = found else {
        let reason = format!("it does not hold generation {generation}; sync it first");
        return Err(Failure::Final(Error::Server { server: NAME, reason }));
    };
    let mut theirs: HashMap<i64, Vec<Edge>> = HashMap::new();
    let select = "SELECT document_id, kind, tier, symbol, target_path, target_symbol, line FROM cogo.edges
        WHERE repository_id = $1 ORDER BY document_id, ordinal";
    let mut rows = sqlx::query(select).bind(repository).fetch(&mut *transaction);
    while let Some(row) = rows.try_next().await? {
        theirs.entry(row.try_get(0)?).or_default().push(Edge {
            kind: row.try_get(1)?,
            tier: row.try_get(2)?,
            symbol: row.try_get::<Option<i32>, _>(3)?.map(|symbol| symbol as u32),
            target_path: row.try_get(4)?,
            target_symbol: row.try_get(5)?,
            line: row.try_get::<i32, _>(6)? as u32,
        });
    }
    drop(rows);
    let edges = Edges::new(graph);
    let mut verified = Verified { generation: Some(generation), ..Verified::default() };
    let mut wrong = Vec::new();
    for (id, path, known) in documents {
        let own = edges.of(&path);
        verified.checked += own.len() as u64;
        let is_same = theirs.remove(&id).unwrap_or_default() == own;
        if !is_same || known.as_deref() != Some(&digest(&own).to_be_bytes()) {
            verified.differences.push(Difference::Changed(format!("edges of {path}")));
            wrong.push(id);
        }
    }
    verified.differences.sort();
    if disown {
        let forget = "UPDATE cogo.documents SET edges_digest = NULL WHERE id = ANY($1)";
        sqlx::query(forget).bind(&wrong).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(verified)
}
