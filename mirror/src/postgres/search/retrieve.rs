//! Candidates for a query: documents whose chunks are near, or hold its words.

use std::collections::HashMap;

use pgvector::HalfVector;
use rag_core::Mode;
use rag_core::Query;
use rag_core::hybrid::Plan;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::super::failure::Attempt;
use super::super::index::quoted;
use super::state::{Known, State};

/// More candidates than ranking asks for: some chunks are of documents that are not visible, or not admitted.
const SLACK: usize = 40;
/// Chunks that may be looked at for their words. A word that is in more of them is looked for only beside another one.
const MOST_ROWS: u64 = 3000;
/// Words that chunks are scored by.
const MOST_WORDS: usize = 12;
/// Distinct words of a usual chunk.
const USUAL_LENGTH: f64 = 60.0;
/// Breadth of a search in the graph: repositories hold many copies of the same lines, and their vectors lie on one spot.
const BREADTH: usize = 600;
/// The most that pgvector allows.
const MOST_BREADTH: usize = 1000;

/// Ids of the candidates.
pub(super) async fn candidates(
    connection: &mut PgConnection,
    state: &State,
    query: &Query,
    plan: &Plan,
    frequencies: &HashMap<String, Known>,
) -> Attempt<Vec<i64>> {
    let admitted: Option<Vec<i64>> = (!query.filter.is_empty()).then(|| {
        let admits = |(_, (path, language)): &(&i64, &(String, String))| plan.admits(path, language);
        state.documents.iter().filter(admits).map(|(id, _)| *id).collect()
    });
    let mut ids = Vec::new();
    if let Some(vector) = &plan.vector {
        ids.extend(nearest(connection, state, plan, vector, admitted.as_deref()).await?);
    }
    if query.mode != Mode::Semantic {
        ids.extend(holding(connection, state, query, plan, frequencies, admitted.as_deref()).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    // What a sync has just written, or hidden, is not of this generation.
    ids.retain(|id| state.documents.contains_key(id));
    if let Some(admitted) = &admitted {
        ids.retain(|id| admitted.binary_search(id).is_ok());
    }
    Ok(ids)
}

/// Documents of the chunks nearest to `vector`.
async fn nearest(
    connection: &mut PgConnection,
    state: &State,
    plan: &Plan,
    vector: &[f32],
    admitted: Option<&[i64]>,
) -> Attempt<Vec<i64>> {
    let wanted = plan.candidates + SLACK;
    let State { repository, dimensions, .. } = state;
    let model = quoted(&state.model);
    let vector = HalfVector::from_f32_slice(vector);
    if state.is_indexed && admitted.is_none() {
        let breadth = BREADTH.max(wanted).min(MOST_BREADTH);
        sqlx::raw_sql(AssertSqlSafe(format!("SET LOCAL hnsw.ef_search = {breadth}"))).execute(&mut *connection).await?;
        // Numbers and model as constants: only so the planner knows that the partial index fits.
        let statement = format!(
            "SELECT document_id FROM cogo.embeddings WHERE repository_id = {repository} AND model = {model}
             ORDER BY dense::halfvec({dimensions}) <=> $1 LIMIT {wanted}"
        );
        let found: Vec<i64> =
            sqlx::query_scalar(AssertSqlSafe(statement)).bind(&vector).fetch_all(&mut *connection).await?;
        let visible = found.iter().filter(|id| state.documents.contains_key(id)).count();
        if visible >= plan.candidates.min(found.len()) {
            return Ok(found);
        }
    }
    let statement = format!(
        "SELECT document_id FROM cogo.embeddings JOIN cogo.documents ON id = document_id AND visible
         WHERE embeddings.repository_id = {repository} AND model = {model} AND ($2::bigint[] IS NULL OR id = ANY($2))
         ORDER BY dense <=> $1 LIMIT {wanted}"
    );
    let rows = sqlx::query_scalar(AssertSqlSafe(statement)).bind(&vector).bind(admitted);
    Ok(rows.fetch_all(connection).await?)
}

/// Documents of the chunks that hold the most of the query's words, rare ones counting more.
async fn holding(
    connection: &mut PgConnection,
    state: &State,
    query: &Query,
    plan: &Plan,
    frequencies: &HashMap<String, Known>,
    admitted: Option<&[i64]>,
) -> Attempt<Vec<i64>> {
    let chunks = state.corpus.chunks();
    let mut words: Vec<(&str, f64, u64)> = Vec::new();
    for (word, weight) in &plan.words {
        let count = frequencies.get(word).map_or(0, |known| known.chunks);
        if count > 0 {
            let idf = (1.0 + (chunks as f64 - count as f64 + 0.5) / (count as f64 + 0.5)).max(1.0).ln();
            words.push((word, f64::from(*weight) * idf, count));
        }
    }
    words.sort_by(|a, b| b.1.total_cmp(&a.1));
    words.truncate(MOST_WORDS);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let suffix = if query.mode == Mode::Symbol { ":A" } else { "" };
    let lexeme = |word: &str| format!("{}{suffix}", tsquery_word(word));
    let matching = if state.is_indexed && admitted.is_none() {
        selective(&words, chunks, &lexeme)
    } else {
        words.iter().map(|(word, ..)| lexeme(word)).collect::<Vec<_>>().join(" | ")
    };
    // Of each word: how much it counts, times how often it stands there (less for each further time), in the path more.
    let score: Vec<String> = words
        .iter()
        .map(|(word, weight, _)| {
            let query = quoted(&lexeme(word));
            format!("{weight:.4} * ts_rank('{{0,0,1,0.6}}', lexemes, {query}::tsquery)")
        })
        .collect();
    // Long chunks hold more words by chance.
    let score = match query.mode {
        Mode::Symbol => "1".to_owned(),
        _ => format!("({}) / (0.45 + 0.55 * length(lexemes) / {:.1})", score.join(" + "), USUAL_LENGTH),
    };
    let wanted = plan.candidates + 2 * SLACK;
    let statement = format!(
        "SELECT document_id, {score} AS score FROM cogo.chunks
         WHERE repository_id = {} AND lexemes @@ {}::tsquery AND ($1::bigint[] IS NULL OR document_id = ANY($1))
         ORDER BY score DESC LIMIT {wanted}",
        state.repository,
        quoted(&matching)
    );
    // Each query has a statement of its own: none is worth keeping.
    let rows = sqlx::query(AssertSqlSafe(statement)).persistent(false).bind(admitted).fetch_all(connection).await?;
    let ids: sqlx::Result<Vec<i64>> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(ids?)
}

/// A condition that not too many chunks meet: they hold one of the rare words, or two of the others.
fn selective(words: &[(&str, f64, u64)], chunks: u64, lexeme: &dyn Fn(&str) -> String) -> String {
    let mut rare: Vec<String> = Vec::new();
    let mut common: Vec<(&str, u64)> = Vec::new();
    let mut rows = 0;
    let mut by_count: Vec<&(&str, f64, u64)> = words.iter().collect();
    by_count.sort_by_key(|(.., count)| *count);
    for &&(word, _, count) in &by_count {
        if rows + count <= MOST_ROWS || (rare.is_empty() && words.len() == 1) {
            rows += count;
            rare.push(lexeme(word));
        } else {
            common.push((word, count));
        }
    }
    // Words of one text come together more often than by chance.
    let together = |a: u64, b: u64| 4 * a * b / chunks.max(1);
    for (index, (a, of_a)) in common.iter().enumerate() {
        for (b, of_b) in &common[index + 1..] {
            let both = together(*of_a, *of_b).min(*of_a);
            if rows + both <= MOST_ROWS || rare.is_empty() {
                rows += both;
                rare.push(format!("({} & {})", lexeme(a), lexeme(b)));
            }
        }
    }
    rare.join(" | ")
}

/// A word as an operand of a `tsquery`.
fn tsquery_word(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "''"))
}
