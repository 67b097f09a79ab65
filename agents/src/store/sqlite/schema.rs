//! The tables, version by version.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, SqlitePool};

/// What was applied once is never changed: a new version is a new file.
const MIGRATIONS: [&str; 1] = [include_str!("0001_jobs.sql")];
/// Several processes may make the same file.
const PATIENCE: Duration = Duration::from_secs(15);

/// Makes the tables, or brings them up to date.
pub(super) async fn prepare(pool: &SqlitePool) -> sqlx::Result<()> {
    let begun = Instant::now();
    loop {
        match migrate(pool).await {
            // Turning a new file into one with a log does not wait for its lock.
            Err(error) if is_busy(&error) && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

async fn migrate(pool: &SqlitePool) -> sqlx::Result<()> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(pool).await?;
    if version as usize == MIGRATIONS.len() {
        return Ok(());
    }
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    if version as usize > MIGRATIONS.len() {
        return Err(sqlx::Error::Configuration("it was made by a newer cogo; update cogo".into()));
    }
    for statements in &MIGRATIONS[version as usize..] {
        sqlx::raw_sql(*statements).execute(&mut *transaction).await?;
    }
    let set = format!("PRAGMA user_version = {}", MIGRATIONS.len());
    sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *transaction).await?;
    transaction.commit().await
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}
