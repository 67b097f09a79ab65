//! How often each term occurs in what is visible: ranking weighs terms by it, without looking at all documents.

use std::collections::{HashMap, HashSet};

use rag_core::bm25::Field;
use rag_core::store::Extractor;
use sqlx::PgConnection;

use super::copy::Rows;
use super::failure::Attempt;

/// In how many chunks a term occurs, and in the text of how many documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frequency {
    pub chunks: i32,
    pub documents: i32,
}

/// The terms of documents that are not visible yet.
#[derive(Default)]
pub(super) struct Terms {
    pub frequencies: HashMap<String, Frequency>,
    /// digests of the documents they are of
    pub counted: HashSet<u128>,
}

impl Terms {
    /// Adds the terms of a document with so many chunks, unless they were counted before.
    pub(super) fn count(&mut self, digest: u128, extractor: &Extractor, file: u32, chunks: usize) {
        if self.counted.insert(digest) {
            count(extractor, file, chunks, &mut self.frequencies);
        }
    }
}

fn count(extractor: &Extractor, file: u32, chunks: usize, counts: &mut HashMap<String, Frequency>) {
    let mut seen = Vec::new();
    for (term, occurrences) in extractor.terms(file) {
        seen.clear();
        let (mut everywhere, mut in_text) = (false, false);
        for occurrence in occurrences {
            match occurrence.field {
                Field::Text | Field::Symbols | Field::Docs => seen.push(occurrence.chunk),
                Field::Path => everywhere = true,
                Field::Types | Field::Stem => continue,
            }
            in_text |= occurrence.field == Field::Text;
        }
        seen.sort_unstable();
        seen.dedup();
        let of_chunks = if everywhere { chunks } else { seen.len() } as i32;
        if of_chunks == 0 {
            continue;
        }
        let frequency = match counts.get_mut(term) {
            Some(frequency) => frequency,
            None => counts.entry(term.to_owned()).or_default(),
        };
        frequency.chunks += of_chunks;
        frequency.documents += i32::from(in_text);
    }
}

/// Adds the frequencies of what is shown, and takes those of the documents `retired` away.
pub(super) async fn update(
    connection: &mut PgConnection,
    repository: i64,
    shown: &HashMap<String, Frequency>,
    retired: &[i64],
) -> Attempt<()> {
    let mut rows = Rows::new(4);
    for (term, frequency) in shown {
        rows.row().int8(repository).text(term);
        rows.bytes(&frequency.chunks.to_be_bytes()).bytes(&frequency.documents.to_be_bytes());
    }
    let none: bool = sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM cogo.terms WHERE repository_id = $1)")
        .bind(repository)
        .fetch_one(&mut *connection)
        .await?;
    if none && retired.is_empty() {
        rows.send(connection, "COPY cogo.terms (repository_id, term, chunks, documents) FROM STDIN (FORMAT binary)")
            .await?;
        return Ok(());
    }
    sqlx::raw_sql(
        "CREATE TEMPORARY TABLE cogo_terms (repository_id bigint, term text, chunks int, documents int) ON COMMIT DROP",
    )
    .execute(&mut *connection)
    .await?;
    rows.send(connection, "COPY pg_temp.cogo_terms FROM STDIN (FORMAT binary)").await?;
    // Sorted, so that two syncs of different repositories never wait for each other in circles.
    let merge = "
        WITH gone AS (
            SELECT lexeme AS term, -count(*)::int AS chunks,
                   -count(DISTINCT document_id) FILTER (WHERE 'D' = ANY(weights))::int AS documents
            FROM cogo.chunks, unnest(lexemes) WHERE document_id = ANY($2) GROUP BY lexeme
        ), change AS (
            SELECT term, sum(chunks)::int AS chunks, sum(documents)::int AS documents
            FROM (SELECT term, chunks, documents FROM pg_temp.cogo_terms UNION ALL SELECT * FROM gone) AS both_ways
            GROUP BY term ORDER BY term
        )
        INSERT INTO cogo.terms AS known (repository_id, term, chunks, documents)
        SELECT $1, term, chunks, documents FROM change WHERE chunks <> 0 OR documents <> 0
        ON CONFLICT (repository_id, term)
        DO UPDATE SET chunks = known.chunks + excluded.chunks, documents = known.documents + excluded.documents";
    sqlx::query(merge).bind(repository).bind(retired).execute(&mut *connection).await?;
    sqlx::query("DELETE FROM cogo.terms WHERE repository_id = $1 AND chunks <= 0 AND documents <= 0")
        .bind(repository)
        .execute(connection)
        .await?;
    Ok(())
}
