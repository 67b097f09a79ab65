//! Search indexes of one repository.
//!
//! An index over all repositories would find neighbours in those that were not asked for, and none in the right one. So each repository
//! with many chunks has partial indexes of its own; for the others, looking at every chunk is faster.

use sqlx::PgConnection;

use super::connection::execute;
use super::failure::{Attempt, Failure};
use super::local::Local;

/// Repositories with fewer chunks are searched exactly.
pub(super) const SMALLEST: u64 = 20_000;
/// Bounds of the memory that building a graph may take, in KiB.
const MEMORY: (u64, u64) = (64 << 10, 1 << 20);
/// Threads beside the first that build a graph.
const WORKERS: u32 = 4;
/// Longest vector of half precision that HNSW takes.
const MOST_DIMENSIONS: u32 = 4000;

/// The name of a repository's index of this kind.
fn name(kind: &str, repository: i64) -> String {
    format!("{kind}_{repository}")
}

/// Makes the indexes that the repository lacks, if it is large enough. What an interrupted build has left is made anew.
pub(super) async fn build(connection: &mut PgConnection, repository: i64, local: &Local<'_>) -> Attempt<()> {
    let settings = &local.snapshot.manifest.settings;
    let (chunks, dimensions) = (local.sums.chunks, settings.dimensions);
    if chunks < SMALLEST {
        return Ok(());
    }
    let (lexemes, vectors) = (name("lexemes", repository), name("hnsw", repository));
    let wanted = [
        (lexemes.clone(), format!("{lexemes} ON cogo.chunks USING gin (lexemes) WHERE repository_id = {repository}")),
        (
            vectors.clone(),
            format!(
                "{vectors} ON cogo.embeddings USING hnsw ((dense::halfvec({dimensions})) halfvec_cosine_ops) \
                 WHERE repository_id = {repository} AND model = {}",
                quoted(&settings.model)
            ),
        ),
    ];
    for (name, definition) in wanted {
        let valid: Option<bool> = sqlx::query_scalar(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('cogo.' || quote_ident($1))",
        )
        .bind(&name)
        .fetch_optional(&mut *connection)
        .await?;
        if valid == Some(true) || dimensions > MOST_DIMENSIONS {
            continue;
        }
        if valid == Some(false) {
            execute(connection, format!("DROP INDEX IF EXISTS cogo.{name}")).await?;
        }
        // A node of the graph: the vector, and links on the lowest level and above.
        let memory = (chunks * (u64::from(dimensions) * 2 + 600) / 1024).clamp(MEMORY.0, MEMORY.1);
        let statement = format!("CREATE INDEX CONCURRENTLY {definition}");
        match with_workers(connection, &statement, memory, WORKERS).await {
            // Containers often have little shared memory, which is what workers share.
            Err(Failure::Final(error)) => {
                tracing::debug!(%error, "building the index by one worker");
                execute(connection, format!("DROP INDEX IF EXISTS cogo.{name}")).await?;
                with_workers(connection, &statement, memory, 0).await?;
            }
            done => done?,
        }
    }
    Ok(())
}

async fn with_workers(connection: &mut PgConnection, statement: &str, memory: u64, workers: u32) -> Attempt<()> {
    // Building takes its time, and waits for transactions of others.
    let settings = format!(
        "SET statement_timeout = 0; SET lock_timeout = 0; SET maintenance_work_mem = '{memory}kB';
         SET max_parallel_maintenance_workers = {workers}"
    );
    execute(connection, settings).await?;
    let built = execute(connection, statement.to_owned()).await;
    if !matches!(built, Err(Failure::Lost(_))) {
        let reset = "RESET maintenance_work_mem; RESET max_parallel_maintenance_workers;
            SET statement_timeout = '10min'; SET lock_timeout = '1min'";
        execute(connection, reset.to_owned()).await?;
    }
    built
}

/// A string constant of SQL.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
