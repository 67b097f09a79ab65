//! What keeps jobs going: taking them back, letting them go, stopping, beginning again, forgetting.

use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{Row, SqliteConnection};

use super::told::{Held, held};
use super::{Sqlite, lease, now};
use crate::job::{JobId, Lease, Outcome, Status};
use crate::retry::RetryPolicy;
use crate::store::{Pruned, Reaped, TOO_LATE, WORKER_LOST, rows};
use crate::{Error, Result};

/// A lease that holds for longer than it was given for was given by a clock that was ahead.
const SHORTEN: &str = concat!(
    "UPDATE jobs SET lease_until = ",
    now!(),
    " + lease_ms WHERE status = 'running' AND lease_until > ",
    now!(),
    " + lease_ms"
);

const EXPIRED: &str = concat!(
    "SELECT id, run_lease, coalesce(executor_id, '') AS executor_id, attempts, retry FROM jobs
    WHERE status = 'running' AND lease_until < ",
    now!(),
    " ORDER BY lease_until LIMIT 200"
);

const LATE: &str = concat!(
    "UPDATE jobs SET status = 'failed', error = $1, finished_at = ",
    now!(),
    ", last_event = last_event + 1
    WHERE status IN ('blocked', 'queued') AND deadline < ",
    now!(),
    held!()
);

/// Blocked jobs of which one need can never be met: `$1`, those that need it, or all.
const HOPELESS: &str = concat!(
    "UPDATE jobs SET status = 'failed', finished_at = ",
    now!(),
    ", last_event = last_event + 1, error = (
        SELECT 'it needs job ' || needed.id || ', which is ' || needed.status
        FROM job_needs AS need JOIN jobs AS needed ON needed.id = need.needs
        WHERE need.job_id = jobs.id AND NOT need.ended AND needed.status IN ('failed', 'dead', 'cancelled') LIMIT 1)
    WHERE status = 'blocked' AND ($1 IS NULL OR id IN (SELECT job_id FROM job_needs WHERE needs = $1 UNION SELECT $1))
        AND EXISTS (
            SELECT 1 FROM job_needs AS need JOIN jobs AS needed ON needed.id = need.needs
            WHERE need.job_id = jobs.id AND NOT need.ended AND needed.status IN ('failed', 'dead', 'cancelled'))",
    held!()
);

/// Blocked jobs whose needs are met, all of those that must succeed and one of those that must only end: `$1`, those that need it, or all.
const RELEASE: &str = concat!(
    "UPDATE jobs SET status = 'queued', last_event = last_event + 1
    WHERE status = 'blocked' AND ($1 IS NULL OR id IN (SELECT job_id FROM job_needs WHERE needs = $1 UNION SELECT $1))
        AND NOT EXISTS (
            SELECT 1 FROM job_needs AS need JOIN jobs AS needed ON needed.id = need.needs
            WHERE need.job_id = jobs.id AND NOT need.ended AND needed.status <> 'succeeded')
        AND (NOT EXISTS (SELECT 1 FROM job_needs AS need WHERE need.job_id = jobs.id AND need.ended)
            OR EXISTS (
                SELECT 1 FROM job_needs AS need LEFT JOIN jobs AS needed ON needed.id = need.needs
                WHERE need.job_id = jobs.id AND need.ended AND (needed.id IS NULL OR needed.status IN ('succeeded', 'failed', 'dead', 'cancelled'))))",
    held!()
);

const CANCEL: &str =
    concat!(
    "WITH RECURSIVE family (id) AS (SELECT $1 UNION SELECT jobs.id FROM jobs JOIN family ON jobs.parent = family.id)
    UPDATE jobs SET last_event = last_event + 1, cancel_requested = cancel_requested OR status = 'running',
        status = CASE status WHEN 'running' THEN status ELSE 'cancelled' END,
        error = CASE status WHEN 'running' THEN error END,
        finished_at = CASE status WHEN 'running' THEN NULL ELSE ", now!(), " END
    WHERE id IN (SELECT id FROM family)
        AND (status IN ('blocked', 'queued') OR (status = 'running' AND NOT cancel_requested))",
    held!()
);

const REQUEUE: &str = concat!(
    "UPDATE jobs SET status = 'queued', attempts = 0, run_at = ",
    now!(),
    ", error = NULL, cancel_requested = false,
        deadline = CASE WHEN deadline < ",
    now!(),
    " THEN NULL ELSE deadline END, finished_at = NULL, last_event = last_event + 1
    WHERE id = $1 AND status IN ('failed', 'dead', 'cancelled')",
    held!()
);

const OLD: &str = concat!(
    "SELECT id FROM jobs WHERE finished_at < ",
    now!(),
    " - $1
        AND NOT EXISTS (
            SELECT 1 FROM job_needs AS need JOIN jobs AS waiting ON waiting.id = need.job_id
            WHERE need.needs = jobs.id AND waiting.status = 'blocked')
    LIMIT 500"
);

impl Sqlite {
    pub(super) async fn do_reap(&self) -> sqlx::Result<Reaped> {
        // Mostly there is nothing to do, and that can be seen without the lock.
        if !self.needs_care().await? {
            return Ok(Reaped::default());
        }
        let mut reaped = Reaped::default();
        let mut transaction = self.begin().await?;
        sqlx::query(SHORTEN).execute(&mut *transaction).await?;
        let expired = sqlx::query(EXPIRED).fetch_all(&mut *transaction).await?;
        for (lease, attempts, retry) in expired.iter().map(expired_of).collect::<sqlx::Result<Vec<_>>>()? {
            let outcome = Outcome::Retry { error: WORKER_LOST.into(), after: retry.pause_after_loss(attempts) };
            match lease::end(&mut transaction, &lease, &outcome, true).await? {
                Some((Status::Queued, _)) => reaped.retried += 1,
                Some(_) => reaped.ended += 1,
                None => {}
            }
        }
        let late = sqlx::query(LATE).bind(TOO_LATE).fetch_all(&mut *transaction).await?;
        for row in &late {
            let held = Held::from(row)?;
            held.tell(&mut transaction, "failed", json!({}), None).await?;
            settle(&mut transaction, held.id).await?;
        }
        reaped.late = late.len();
        reaped.released = release(&mut transaction, None).await?;
        transaction.commit().await?;
        if reaped.retried + reaped.released > 0 {
            self.hint.ring();
        }
        Ok(reaped)
    }

    async fn needs_care(&self) -> sqlx::Result<bool> {
        sqlx::query_scalar(concat!(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE status = 'running'
                    AND (lease_until < ",
            now!(),
            " OR lease_until > ",
            now!(),
            " + lease_ms))
                OR EXISTS (SELECT 1 FROM jobs WHERE status IN ('blocked', 'queued') AND deadline < ",
            now!(),
            ")
                OR EXISTS (SELECT 1 FROM jobs WHERE status = 'blocked')"
        ))
        .fetch_one(&self.readers)
        .await
    }

    pub(super) async fn do_cancel(&self, id: JobId) -> Result<Status> {
        let stopped = self.done(async {
            let mut transaction = self.begin().await?;
            let rows = sqlx::query(CANCEL).bind(id.to_string()).fetch_all(&mut *transaction).await?;
            for row in &rows {
                let held = Held::from(row)?;
                let word = if held.status == Status::Running { "cancel_requested" } else { "cancelled" };
                held.tell(&mut transaction, word, json!({}), None).await?;
                settle(&mut transaction, held.id).await?;
            }
            let status = status_of(&mut transaction, id).await?;
            transaction.commit().await?;
            Ok(status)
        });
        match stopped.await? {
            None => Err(Error::NoJob { id: id.to_string() }),
            Some(status @ (Status::Running | Status::Cancelled)) => Ok(status),
            Some(status) => Err(Error::State { id, status, reason: "it cannot be stopped any more" }),
        }
    }

    pub(super) async fn do_requeue(&self, id: JobId) -> Result<()> {
        let begun = self.done(async {
            let mut transaction = self.begin().await?;
            let row = sqlx::query(REQUEUE).bind(id.to_string()).fetch_optional(&mut *transaction).await?;
            let Some(held) = row.as_ref().map(Held::from).transpose()? else {
                return Ok(Err(status_of(&mut transaction, id).await?));
            };
            held.tell(&mut transaction, "requeued", json!({}), None).await?;
            transaction.commit().await?;
            Ok(Ok(()))
        });
        match begun.await? {
            Ok(()) => {
                self.hint.ring();
                Ok(())
            }
            Err(None) => Err(Error::NoJob { id: id.to_string() }),
            Err(Some(status)) => {
                Err(Error::State { id, status, reason: "only what failed, died or was cancelled begins again" })
            }
        }
    }

    pub(super) async fn do_prune(&self, older: Duration) -> sqlx::Result<Pruned> {
        let older = i64::try_from(older.as_millis()).unwrap_or(i64::MAX / 4);
        let mut pruned = Pruned::default();
        loop {
            let mut transaction = self.begin().await?;
            let old: Vec<String> = sqlx::query_scalar(OLD).bind(older).fetch_all(&mut *transaction).await?;
            if old.is_empty() {
                break;
            }
            for statement in [
                "DELETE FROM job_needs WHERE job_id IN (SELECT value FROM json_each($1))",
                "DELETE FROM job_steps WHERE job_id IN (SELECT value FROM json_each($1))",
                "DELETE FROM artifacts WHERE job_id IN (SELECT value FROM json_each($1))",
                "DELETE FROM bus_events WHERE stream IN (SELECT 'jobs:' || value FROM json_each($1))",
                "DELETE FROM jobs WHERE id IN (SELECT value FROM json_each($1))",
            ] {
                sqlx::query(statement).bind(Json(&old)).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            pruned.jobs += old.len() as u64;
        }
        let events = sqlx::query(concat!(
            "DELETE FROM bus_events WHERE at < ",
            now!(),
            " - $1
            AND seq < (SELECT last_event FROM event_streams WHERE event_streams.stream = bus_events.stream)"
        ));
        pruned.events = events.bind(older).execute(&self.writer).await?.rows_affected();
        Ok(pruned)
    }
}

/// Looks at the job, if it is blocked, and at those that wait for it. Gives whether there is work now.
pub(super) async fn settle(connection: &mut SqliteConnection, id: JobId) -> sqlx::Result<bool> {
    let mut released = 0;
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        released += release(connection, Some(id)).await?;
        for row in sqlx::query(HOPELESS).bind(id.to_string()).fetch_all(&mut *connection).await? {
            let held = Held::from(&row)?;
            held.tell(connection, "failed", json!({}), None).await?;
            open.push(held.id);
        }
    }
    Ok(released > 0)
}

async fn release(connection: &mut SqliteConnection, id: Option<JobId>) -> sqlx::Result<usize> {
    let rows = sqlx::query(RELEASE).bind(id.map(|id| id.to_string())).fetch_all(&mut *connection).await?;
    for row in &rows {
        Held::from(row)?.tell(connection, "released", json!({}), None).await?;
    }
    Ok(rows.len())
}

async fn status_of(connection: &mut SqliteConnection, id: JobId) -> sqlx::Result<Option<Status>> {
    let row =
        sqlx::query("SELECT status FROM jobs WHERE id = $1").bind(id.to_string()).fetch_optional(connection).await?;
    row.map(|row| rows::parsed(row.try_get(0)?)).transpose()
}

fn expired_of(row: &SqliteRow) -> sqlx::Result<(Lease, i32, RetryPolicy)> {
    let lease = Lease {
        job_id: rows::parsed(row.try_get("id")?)?,
        run_lease: row.try_get("run_lease")?,
        executor_id: row.try_get("executor_id")?,
    };
    Ok((lease, row.try_get("attempts")?, row.try_get::<Json<RetryPolicy>, _>("retry")?.0))
}
