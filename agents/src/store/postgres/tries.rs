//! What a failure means: try again, or tell the caller.

use std::time::{Duration, Instant};

use sqlx::postgres::PgDatabaseError;

use crate::{Error, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Does `step` until it does not fail for a passing reason, or `patience` is over.
pub(super) async fn retrying<T, F: Future<Output = sqlx::Result<T>>>(
    patience: Duration,
    mut step: impl FnMut() -> F,
) -> Result<T> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match step().await {
            Ok(done) => return Ok(done),
            Err(error) if is_passing(&error) && begun.elapsed() + pause < patience => {
                tracing::debug!(%error, "the job store is tried again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(told(error)),
        }
    }
}

/// Does `step` once.
pub(super) async fn once<T>(step: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    step.await.map_err(told)
}

fn code(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    Some(error.code())
}

/// Whether the same statement may succeed later.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        error => code(error).is_some_and(|code| {
            // Shutdown, crash, start-up; deadlock, serialisation; too many connections; a schema that somebody else makes.
            matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "40001" | "40P01" | "53300" | "42P06" | "42P07")
                || code.starts_with("08")
                // The same number of an event, or the same table, at the same moment.
                || code == "23505"
        }),
    }
}

fn told(error: sqlx::Error) -> Error {
    let reason = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let reason = crate::job::short(&reason);
    match (is_passing(&error), code(&error)) {
        (true, _) | (_, Some("28P01" | "28000" | "3D000")) => Error::Unreachable { reason },
        _ => Error::Store { reason },
    }
}
