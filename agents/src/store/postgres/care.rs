//! What keeps jobs going: taking them back, letting them go, stopping, beginning again, forgetting.

use std::time::Duration;

use sqlx::Row;
use sqlx::types::Json;
use uuid::Uuid;

use super::finish::End;
use super::{Postgres, now, told};
use crate::job::{JobId, Lease, Outcome, Status};
use crate::retry::RetryPolicy;
use crate::store::{Pruned, Reaped, TOO_LATE, WORKER_LOST, rows};
use crate::{Error, Result};

/// Jobs that one look takes back at most; the next one takes the others.
const MOST: i64 = 200;

/// A lease that holds for longer than it was given for was given by a clock that was ahead.
const SHORTEN: &str = concat!(
    "UPDATE agents.jobs SET lease_until = ",
    now!(),
    " + lease_ms WHERE status = 'running' AND lease_until > ",
    now!(),
    " + lease_ms"
);

const EXPIRED: &str = concat!(
    "SELECT id, run_lease, coalesce(executor_id, '') AS executor_id, attempts, retry FROM agents.jobs
    WHERE status = 'running' AND lease_until < ",
    now!(),
    " ORDER BY lease_until LIMIT $1"
);

const LATE: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs SET status = 'failed', error = $1, finished_at = ",
    now!(),
    ", last_event = last_event + 1
        WHERE status IN ('blocked', 'queued') AND deadline < ",
    now!(),
    " RETURNING *)",
    told!("'failed'", "'{}'", "NULL"),
    " SELECT id FROM held"
);

/// Blocked jobs of which one need can never be met: `$1` or all.
const HOPELESS: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs AS waiting SET status = 'failed', finished_at = ", now!(), ", last_event = waiting.last_event + 1,
            error = 'it needs job ' || needed.id || ', which is ' || needed.status
        FROM agents.job_needs AS need JOIN agents.jobs AS needed ON needed.id = need.needs
        WHERE waiting.status = 'blocked' AND need.job_id = waiting.id AND NOT need.ended
            AND needed.status IN ('failed', 'dead', 'cancelled') AND ($1::text IS NULL OR need.needs = $1 OR waiting.id = $1)
        RETURNING waiting.*)",
    told!("'failed'", "'{}'", "NULL"),
    " SELECT id FROM held"
);

/// Blocked jobs whose needs are met, all of those that must succeed and one of those that must only end: `$1`, those that need it, or all.
const RELEASE: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs AS waiting SET status = 'queued', last_event = last_event + 1
        WHERE status = 'blocked' AND ($1::text IS NULL
                OR id IN (SELECT job_id FROM agents.job_needs WHERE needs = $1 UNION SELECT $1))
            AND NOT EXISTS (
                SELECT FROM agents.job_needs AS need JOIN agents.jobs AS needed ON needed.id = need.needs
                WHERE need.job_id = waiting.id AND NOT need.ended AND needed.status <> 'succeeded')
            AND (NOT EXISTS (SELECT FROM agents.job_needs AS need WHERE need.job_id = waiting.id AND need.ended)
                OR EXISTS (
                    SELECT FROM agents.job_needs AS need LEFT JOIN agents.jobs AS needed ON needed.id = need.needs
                    WHERE need.job_id = waiting.id AND need.ended AND (needed.id IS NULL OR needed.status IN ('succeeded', 'failed', 'dead', 'cancelled'))))
        RETURNING *)",
    told!("'released'", "'{}'", "NULL"),
    " SELECT id FROM held"
);

const CANCEL: &str = concat!(
    "WITH RECURSIVE family (id) AS (
        SELECT $1::text UNION SELECT jobs.id FROM agents.jobs JOIN family ON jobs.parent = family.id),
    held AS (
        UPDATE agents.jobs SET last_event = last_event + 1, cancel_requested = cancel_requested OR status = 'running',
            status = CASE status WHEN 'running' THEN status ELSE 'cancelled' END,
            error = CASE status WHEN 'running' THEN error END,
            finished_at = CASE status WHEN 'running' THEN NULL ELSE ",
    now!(),
    " END
        WHERE id IN (SELECT id FROM family)
            AND (status IN ('blocked', 'queued') OR (status = 'running' AND NOT cancel_requested)) RETURNING *)",
    told!("CASE status WHEN 'running' THEN 'cancel_requested' ELSE 'cancelled' END", "'{}'", "NULL"),
    " SELECT id FROM held"
);

const REQUEUE: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs SET status = 'queued', attempts = 0, run_at = ",
    now!(),
    ", error = NULL, cancel_requested = false,
            deadline = CASE WHEN deadline < ",
    now!(),
    " THEN NULL ELSE deadline END,
            finished_at = NULL, last_write = $2, last_event = last_event + 1
        WHERE id = $1 AND status IN ('failed', 'dead', 'cancelled') RETURNING *)",
    told!("'requeued'", "'{}'", "NULL"),
    " SELECT id FROM held"
);

const PRUNE: &str = concat!(
    "WITH old AS (
        SELECT id FROM agents.jobs WHERE finished_at < ",
    now!(),
    " - $1
            AND NOT EXISTS (
                SELECT FROM agents.job_needs AS need JOIN agents.jobs AS waiting ON waiting.id = need.job_id
                WHERE need.needs = jobs.id AND waiting.status = 'blocked')
        LIMIT 1000),
    needs AS (DELETE FROM agents.job_needs WHERE job_id IN (SELECT id FROM old)),
    steps AS (DELETE FROM agents.job_steps WHERE job_id IN (SELECT id FROM old)),
    artifacts AS (DELETE FROM agents.artifacts WHERE job_id IN (SELECT id FROM old)),
    events AS (DELETE FROM agents.bus_events WHERE stream IN (SELECT 'jobs:' || id FROM old))
    DELETE FROM agents.jobs WHERE id IN (SELECT id FROM old)"
);

const PRUNE_EVENTS: &str = concat!(
    "DELETE FROM agents.bus_events AS event USING agents.event_streams AS stream
    WHERE event.stream = stream.stream AND event.seq < stream.last_event AND event.at < ",
    now!(),
    " - $1"
);

impl Postgres {
    pub(super) async fn do_reap(&self) -> Result<Reaped> {
        let mut reaped = Reaped::default();
        self.retrying(|| async { sqlx::query(SHORTEN).execute(&self.pool).await }).await?;
        for status in self.take_back(self.expired().await?).await? {
            match status {
                Status::Queued => reaped.retried += 1,
                _ => reaped.ended += 1,
            }
        }
        let late = self.ids(LATE, TOO_LATE).await?;
        reaped.late = late.len();
        reaped.released = self.settle_all().await?;
        Ok(reaped)
    }

    /// How the attempts end of which nobody was heard in time.
    async fn expired(&self) -> Result<Vec<End>> {
        self.retrying(|| async {
            let rows = sqlx::query(EXPIRED).bind(MOST).fetch_all(&self.pool).await?;
            let lease = |row: &sqlx::postgres::PgRow| {
                let lease = Lease {
                    job_id: rows::parsed(row.try_get("id")?)?,
                    run_lease: row.try_get("run_lease")?,
                    executor_id: row.try_get("executor_id")?,
                };
                let Json(retry): Json<RetryPolicy> = row.try_get("retry")?;
                let after = retry.pause_after_loss(row.try_get("attempts")?);
                Ok(End::new(lease, Outcome::Retry { error: WORKER_LOST.into(), after }))
            };
            rows.iter().map(lease).collect()
        })
        .await
    }

    /// Looks at the job, if it is blocked, and at those that wait for it.
    pub(super) async fn settle(&self, id: JobId) -> Result<()> {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let id = id.to_string();
            if !self.ids(RELEASE, &id).await?.is_empty() {
                self.hint.ring();
            }
            open.extend(self.ids(HOPELESS, &id).await?);
        }
        Ok(())
    }

    /// Looks at all that wait. Nothing is left to do here unless a process died between a job's end and what follows from it.
    async fn settle_all(&self) -> Result<usize> {
        let released = self.maybe(RELEASE).await?;
        if !released.is_empty() {
            self.hint.ring();
        }
        for id in self.maybe(HOPELESS).await? {
            self.settle(id).await?;
        }
        Ok(released.len())
    }

    async fn maybe(&self, statement: &'static str) -> Result<Vec<JobId>> {
        self.retrying(|| async { ids_of(&sqlx::query(statement).bind(None::<String>).fetch_all(&self.pool).await?) })
            .await
    }

    async fn ids(&self, statement: &'static str, value: &str) -> Result<Vec<JobId>> {
        self.retrying(|| async { ids_of(&sqlx::query(statement).bind(value).fetch_all(&self.pool).await?) }).await
    }

    pub(super) async fn do_cancel(&self, id: JobId) -> Result<Status> {
        let stopped = self.ids(CANCEL, &id.to_string()).await?;
        let (status, _) = self.stand(id).await?;
        for id in &stopped {
            self.settle(*id).await?;
        }
        match status {
            Status::Running | Status::Cancelled => Ok(status),
            // It was asked to stop, and has ended otherwise since.
            _ if stopped.contains(&id) => Ok(status),
            _ => Err(Error::State { id, status, reason: "it cannot be stopped any more" }),
        }
    }

    pub(super) async fn do_requeue(&self, id: JobId) -> Result<()> {
        let write = Uuid::now_v7().to_string();
        let held = self
            .retrying(|| async {
                ids_of(&sqlx::query(REQUEUE).bind(id.to_string()).bind(&write).fetch_all(&self.pool).await?)
            })
            .await?;
        let (status, last_write) = self.stand(id).await?;
        if held.is_empty() && last_write != Some(write) {
            return Err(Error::State { id, status, reason: "only what failed, died or was cancelled begins again" });
        }
        self.hint.ring();
        Ok(())
    }

    async fn stand(&self, id: JobId) -> Result<(Status, Option<String>)> {
        let found = self
            .retrying(|| async {
                let row = sqlx::query("SELECT status, last_write FROM agents.jobs WHERE id = $1").bind(id.to_string());
                let row = row.fetch_optional(&self.pool).await?;
                row.map(|row| Ok((rows::parsed(row.try_get(0)?)?, row.try_get(1)?))).transpose()
            })
            .await?;
        found.ok_or_else(|| Error::NoJob { id: id.to_string() })
    }

    pub(super) async fn do_prune(&self, older: Duration) -> Result<Pruned> {
        let older = i64::try_from(older.as_millis()).unwrap_or(i64::MAX / 4);
        let mut pruned = Pruned::default();
        loop {
            let done = self.retrying(|| async { sqlx::query(PRUNE).bind(older).execute(&self.pool).await }).await?;
            pruned.jobs += done.rows_affected();
            if done.rows_affected() == 0 {
                break;
            }
        }
        let events =
            self.retrying(|| async { sqlx::query(PRUNE_EVENTS).bind(older).execute(&self.pool).await }).await?;
        pruned.events = events.rows_affected();
        Ok(pruned)
    }
}

fn ids_of(rows: &[sqlx::postgres::PgRow]) -> sqlx::Result<Vec<JobId>> {
    rows.iter().map(|row| rows::parsed(row.try_get("id")?)).collect()
}
