//! Candidates for a query: documents whose chunks are near, or hold its words.

use rag_core::Mode;
use rag_core::Query;
use rag_core::hybrid::Plan;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::super::failure::Attempt;
use super::super::index::quoted;
use super::state::{Frequencies, Listed, State};

/// More candidates than ranking asks for: some chunks are of documents that are not visible, or not admitted.
const SLACK: usize = 40;
/// Chunks that may be looked at for their words. A word that is in more of them is looked for only beside another one.
const MOST_ROWS: u64 = 4000;
/// Words that chunks are scored by.
const MOST_WORDS: usize = 12;
/// Weights of places, for D (text), C (path), B (documentation) and A (names). In a chunk of usual length, BM25F with the weights of ranking
/// gives a word that stands once in the text 0.64 times as much as one in the path.
const IN_TEXT: &str = "{0.64,1,0,0}";
const IN_SYMBOLS: &str = "{0,0,0,1}";
/// Distinct words of a usual chunk.
const USUAL_LENGTH: f64 = 60.0;
/// Long chunks hold more words by chance. The score of a word that stands once goes by 1 / (1 + k1 (1 - b + b L)), where L is the length
/// in usual ones: by 1 / (0.59 + 0.41 L).
const LENGTH: f64 = 0.41;
/// Breadth of a search in the graph: repositories hold many copies of the same lines, and their vectors lie on one spot.
const BREADTH: usize = 600;
/// The most that pgvector allows.
const MOST_BREADTH: usize = 1000;

/// Breadth of a search in the graph for so many candidates.
pub(super) fn breadth(candidates: usize) -> usize {
    BREADTH.max(candidates + SLACK).min(MOST_BREADTH)
}

/// Ids of the candidates, sorted; `None` if the repository has another revision now.
pub(super) async fn candidates(
    connection: &mut PgConnection,
    state: &State,
    query: &Query,
    plan: &Plan,
    frequencies: &Frequencies,
) -> Attempt<Option<Vec<i64>>> {
    let admitted: Option<Vec<i64>> = (!query.filter.is_empty()).then(|| {
        let admits = |(_, listed): &(&i64, &Listed)| plan.admits(&listed.path, &listed.language);
        state.documents.iter().filter(admits).map(|(id, _)| *id).collect()
    });
    let condition = admitted.map(|ids| {
        let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
        format!(" AND document_id = ANY('{{{}}}'::bigint[])", ids.join(","))
    });
    let by_index = state.is_indexed && condition.is_none();
    let condition = condition.unwrap_or_default();
    let near = plan.vector.as_ref().map(|vector| match by_index {
        true => nearest_in_graph(state, plan, vector),
        false => nearest(state, plan, vector, &condition),
    });
    let words = match query.mode {
        Mode::Semantic => None,
        _ => holding(state, query, plan, frequencies, &condition),
    };
    let Some((near, words)) = ask(connection, state, near, words).await? else { return Ok(None) };
    let is_visible = |id: &&i64| state.documents.contains_key(*id);
    let mut ids: Vec<i64> = near.iter().filter(is_visible).copied().collect();
    if let Some(vector) = plan.vector.as_ref().filter(|_| ids.len() < plan.candidates.min(near.len())) {
        // A sync is writing much beside: many of the nearest are not visible.
        let near = nearest(state, plan, vector, &condition);
        let Some((near, _)) = ask(connection, state, Some(near), None).await? else { return Ok(None) };
        ids.extend(near.iter().filter(is_visible));
    }
    ids.extend(words.iter().filter(is_visible));
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(ids))
}

/// Asks for near chunks and for those with words; `None` if the answer is of another revision.
async fn ask(
    connection: &mut PgConnection,
    state: &State,
    near: Option<String>,
    words: Option<String>,
) -> Attempt<Option<(Vec<i64>, Vec<i64>)>> {
    let nothing = || "SELECT document_id FROM cogo.chunks WHERE false".to_owned();
    // Each query has a statement of its own, with all values in it: none is worth keeping, and there is nothing to agree upon with the server first.
    let statement = format!(
        "SELECT revision, ARRAY({}), ARRAY({}) FROM cogo.repositories WHERE id = {}",
        near.unwrap_or_else(nothing),
        words.unwrap_or_else(nothing),
        state.repository
    );
    let row = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<i64, _>(0)? != state.revision {
        return Ok(None);
    }
    Ok(Some((row.try_get(1)?, row.try_get(2)?)))
}

/// The statement for documents of the chunks nearest to `vector`.
fn nearest(state: &State, plan: &Plan, vector: &[f32], condition: &str) -> String {
    format!(
        "SELECT document_id FROM cogo.embeddings JOIN cogo.documents ON id = document_id AND visible
         WHERE embeddings.repository_id = {} AND model = {}{condition} ORDER BY dense <=> {} LIMIT {}",
        state.repository,
        quoted(&state.model),
        constant(vector),
        plan.candidates + SLACK
    )
}

/// The same, by the graph of a repository that has one. Only with constants does the planner know that the partial index fits.
fn nearest_in_graph(state: &State, plan: &Plan, vector: &[f32]) -> String {
    format!(
        "SELECT document_id FROM cogo.embeddings WHERE repository_id = {} AND model = {}
         ORDER BY dense::halfvec({}) <=> {} LIMIT {}",
        state.repository,
        quoted(&state.model),
        state.dimensions,
        constant(vector),
        plan.candidates + SLACK
    )
}

/// A vector as a constant of SQL.
fn constant(vector: &[f32]) -> String {
    let values: Vec<String> = vector.iter().map(f32::to_string).collect();
    format!("'[{}]'::halfvec({})", values.join(","), vector.len())
}

/// The statement for documents of the chunks that hold the most of the query's words, rare ones counting more; `None` if there is no such word.
fn holding(state: &State, query: &Query, plan: &Plan, frequencies: &Frequencies, condition: &str) -> Option<String> {
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
        return None;
    }
    let suffix = if query.mode == Mode::Symbol { ":A" } else { "" };
    let lexeme = |word: &str| format!("{}{suffix}", tsquery_word(word));
    let matching = if state.is_indexed && condition.is_empty() {
        selective(&words, chunks, &lexeme)
    } else {
        words.iter().map(|(word, ..)| lexeme(word)).collect::<Vec<_>>().join(" | ")
    };
    // Of each word: how much it counts, times how often it stands there, less for each further time.
    let places = if query.mode == Mode::Symbol { IN_SYMBOLS } else { IN_TEXT };
    let score: Vec<String> = words
        .iter()
        .map(|(word, weight, _)| {
            let query = quoted(&lexeme(word));
            format!("{weight:.4}::float8 * ts_rank('{places}', lexemes, {query}::tsquery)")
        })
        .collect();
    let score = match query.mode {
        Mode::Symbol => score.join(" + "),
        // Without the type these would be decimals, which are several times as slow.
        _ => format!(
            "({}) / ({:.6}::float8 * length(lexemes) + {:.6}::float8)",
            score.join(" + "),
            LENGTH / USUAL_LENGTH,
            1.0 - LENGTH
        ),
    };
    let wanted = plan.candidates + 2 * SLACK;
    Some(format!(
        "SELECT document_id FROM cogo.chunks WHERE repository_id = {} AND lexemes @@ {}::tsquery{condition}
         GROUP BY document_id ORDER BY max({score}) DESC LIMIT {wanted}",
        state.repository,
        quoted(&matching)
    ))
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
