//! What a failure means: try again, or tell the caller.

use std::time::{Duration, Instant};

use sqlx::postgres::PgDatabaseError;

use crate::{Error, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Does `step` until it does not fail for a passing reason, or `patience` is over.
pub(super) async fn retrying<T, F: Future<Output = sqlx::Result<T>>>(
    patience: Duration,
    step: impl FnMut() -> F,
) -> Result<T> {
    retrying_if(is_passing, patience, step).await.map_err(told)
}

/// Does `step` until it does not fail for a reason that `is_passing`, or `patience` is over.
pub(super) async fn retrying_if<T, F: Future<Output = sqlx::Result<T>>>(
    is_passing: impl Fn(&sqlx::Error) -> bool,
    patience: Duration,
    mut step: impl FnMut() -> F,
) -> sqlx::Result<T> {
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
            Err(error) => return Err(error),
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

/// Whether the server cannot be reached, whatever is asked of it.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        // Shutdown, crash, start-up; too many connections.
        error => code(error).is_some_and(|code| {
            matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "53300") || code.starts_with("08")
        }),
    }
}

/// Whether the same statement may succeed later.
fn is_passing(error: &sqlx::Error) -> bool {
    // Deadlock, serialisation; a schema that somebody else makes; the same number of an event, or the same table, at the same moment.
    let is_conflict = |code| matches!(code, "40001" | "40P01" | "42P06" | "42P07" | "23505");
    is_away(error) || code(error).is_some_and(is_conflict)
}

pub(super) fn told(error: sqlx::Error) -> Error {
    let reason = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let reason = crate::job::short(&reason);
    match (is_passing(&error), code(&error)) {
        (true, _) | (_, Some("28P01" | "28000" | "3D000")) => Error::Unreachable { reason },
        _ => Error::Store { reason },
    }
}
