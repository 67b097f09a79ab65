//! Noticing what other processes write: SQLite counts the commits of others, and asking for the count costs next to nothing.

use std::time::Duration;

use sqlx::SqlitePool;

use crate::Hint;

/// How often to ask.
const OFTEN: Duration = Duration::from_millis(20);

/// Rings whenever the file was written, for ever.
pub(super) async fn watch(pool: SqlitePool, hint: Hint) {
    while !pool.is_closed() {
        // The count is the connection's own: it must always be the same one.
        if let Ok(mut connection) = pool.acquire().await {
            let mut known: i64 = -1;
            while let Ok(version) = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *connection).await {
                if version != known {
                    known = version;
                    hint.heard();
                }
                tokio::time::sleep(OFTEN).await;
            }
        }
        tokio::time::sleep(OFTEN).await;
    }
}
