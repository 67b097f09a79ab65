//! A connection that is fit for a mirror.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqlSafeStr};

use super::NAME;
use super::address::Address;
use super::failure::{Attempt, Failure};
use crate::{Error, Origin};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// Versions below lack what the statements use.
const OLDEST_SERVER: i32 = 150_000;
const OLDEST_PGVECTOR: (u32, u32) = (0, 7);
/// What was applied once is never changed: a new version is a new file.
const MIGRATIONS: [(i64, &str); 2] =
    [(1, include_str!("migrations/0001_mirror.sql")), (2, include_str!("migrations/0002_edges.sql"))];
/// A statement of a sync that takes longer than this hangs; building an index is exempt.
const STATEMENT_TIMEOUT: &str = "10min";

/// Connects, and sets the session up for the tenant.
pub(super) async fn connect(address: &Address, origin: &Origin) -> Attempt<PgConnection> {
    let options = address.quiet();
    let connected = tokio::time::timeout(CONNECT, options.connect()).await;
    let mut connection =
        connected.map_err(|_| Failure::Lost(format!("{address} did not answer in {} s", CONNECT.as_secs())))??;
    set_up(&mut connection, origin, STATEMENT_TIMEOUT).await?;
    Ok(connection)
}

/// Names the tenant, and finds the types of pgvector wherever its extension lies. Commits are not waited for: what a crash of the
/// server takes with it is invisible, and is written again; the one that shows it waits, for itself and those before.
pub(super) async fn set_up(connection: &mut PgConnection, origin: &Origin, timeout: &str) -> Attempt<()> {
    Ok(set_session(connection, &origin.tenant, timeout).await?)
}

/// The same for a tenant.
pub(super) async fn set_session(connection: &mut PgConnection, tenant: &str, timeout: &str) -> sqlx::Result<()> {
    let settings = "SELECT set_config('cogo.tenant', $1, false), set_config('statement_timeout', $2, false),
        set_config('lock_timeout', '1min', false), set_config('idle_in_transaction_session_timeout', '1min', false),
        set_config('client_min_messages', 'warning', false), set_config('synchronous_commit', 'off', false),
        set_config('search_path', concat_ws(', ', 'pg_catalog', (
            SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
            WHERE extname = 'vector')), false)";
    sqlx::query(settings).bind(tenant).bind(timeout).execute(connection).await?;
    Ok(())
}

/// Checks version and extension, and brings the schema up to date.
pub(super) async fn prepare(connection: &mut PgConnection, origin: &Origin) -> Attempt<()> {
    check_server(connection).await?;
    let missing = extension_version(connection).await?.is_none();
    if missing {
        let made = sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public").execute(&mut *connection).await;
        match made.map_err(Failure::from) {
            Ok(_) => set_up(connection, origin, STATEMENT_TIMEOUT).await?,
            Err(Failure::Final(error)) => {
                let reason = format!(
                    "the extension pgvector is missing and could not be made ({error}); install it on the server, and let a superuser \
                     run `CREATE EXTENSION vector` in this database"
                );
                return Err(Failure::Final(Error::Unfit { server: NAME, reason }));
            }
            Err(lost) => return Err(lost),
        }
    }
    check_extension(connection).await?;
    migrate(connection).await
}

/// Checks that there is a mirror to read.
pub(super) async fn check(connection: &mut PgConnection) -> Attempt<()> {
    check_server(connection).await?;
    check_extension(connection).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('cogo.repositories') IS NOT NULL").fetch_one(connection).await?;
    if exists {
        return Ok(());
    }
    let reason = "it holds no mirror yet; run `cogo sync postgres`".to_owned();
    Err(Failure::Final(Error::Unfit { server: NAME, reason }))
}

async fn check_server(connection: &mut PgConnection) -> Attempt<()> {
    let row = sqlx::query("SELECT current_setting('server_version_num')::int, current_setting('server_version')");
    let row = row.fetch_one(connection).await?;
    let (number, version): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if number >= OLDEST_SERVER {
        return Ok(());
    }
    let reason = format!("it is PostgreSQL {version}; version 15 or newer is needed");
    Err(Failure::Final(Error::Unfit { server: NAME, reason }))
}

async fn extension_version(connection: &mut PgConnection) -> Attempt<Option<String>> {
    let version = sqlx::query_scalar("SELECT extversion FROM pg_extension WHERE extname = 'vector'");
    Ok(version.fetch_optional(connection).await?)
}

async fn check_extension(connection: &mut PgConnection) -> Attempt<()> {
    let reason = match extension_version(connection).await? {
        None => {
            "the extension pgvector is missing; a superuser runs `CREATE EXTENSION vector` in this database".to_owned()
        }
        Some(version) => {
            let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
            let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            if found >= OLDEST_PGVECTOR {
                return Ok(());
            }
            format!("pgvector {version} is too old; install 0.7 or newer, then run `ALTER EXTENSION vector UPDATE`")
        }
    };
    Err(Failure::Final(Error::Unfit { server: NAME, reason }))
}

async fn migrate(connection: &mut PgConnection) -> Attempt<()> {
    let migration = |&(version, sql): &(i64, &'static str)| {
        Migration::new(version, "mirror".into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect());
    migrations.dangerous_set_table_name("cogo.migrations");
    let begun: bool =
        sqlx::query_scalar("SELECT to_regclass('cogo.migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if begun {
        // One question instead of the migrator's seven, for connections that do not last.
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM cogo.migrations WHERE success")
            .fetch_one(&mut *connection)
            .await?;
        if newest == MIGRATIONS.last().map(|(version, _)| *version) {
            return Ok(());
        }
    } else {
        sqlx::raw_sql("CREATE SCHEMA IF NOT EXISTS cogo").execute(&mut *connection).await?;
    }
    match migrations.run(connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        Err(MigrateError::VersionMissing(_)) => {
            let reason = "its mirror was made by a newer cogo; update cogo".to_owned();
            Err(Failure::Final(Error::Unfit { server: NAME, reason }))
        }
        Err(error) => Err(Failure::Final(Error::Server { server: NAME, reason: error.to_string() })),
    }
}

/// Runs a statement that we have put together from numbers and constants.
pub(super) async fn execute(connection: &mut PgConnection, statement: String) -> Attempt<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

/// Closes in good order, which spares the server a line in its log.
pub(super) async fn close(connection: PgConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the connection was closed already");
    }
}
