//! The tables, version by version.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr};

/// What was applied once is never changed: a new version is a new file.
const MIGRATIONS: [(i64, &str); 1] = [(1, include_str!("0001_jobs.sql"))];

/// Makes the tables, or brings them up to date.
pub(super) async fn prepare(pool: &PgPool) -> sqlx::Result<()> {
    let begun: bool = sqlx::query_scalar("SELECT to_regclass('agents.migrations') IS NOT NULL").fetch_one(pool).await?;
    if begun {
        // One question instead of the migrator's seven, for connections that do not last.
        let newest = sqlx::query_scalar("SELECT max(version) FROM agents.migrations WHERE success");
        let newest: Option<i64> = newest.fetch_one(pool).await?;
        if newest == MIGRATIONS.last().map(|(version, _)| *version) {
            return Ok(());
        }
    } else {
        sqlx::raw_sql("CREATE SCHEMA IF NOT EXISTS agents").execute(pool).await?;
    }
    let migration = |&(version, sql): &(i64, &'static str)| {
        Migration::new(version, "jobs".into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect());
    migrations.dangerous_set_table_name("agents.migrations");
    match migrations.run(pool).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error),
        Err(error) => Err(sqlx::Error::Migrate(Box::new(error))),
    }
}
