//! Ending attempts. Those that end together are recorded together, each under its own lease: all wait for the disk once.

use std::collections::HashMap;
use std::slice;
use std::time::Duration;

use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool, Row};
use uuid::Uuid;

use super::group::Group;
use super::{Postgres, locked, now, told, tries};
use crate::job::{JobId, Lease, Outcome, Status};
use crate::store::write::ending;
use crate::store::{check_outcome, rows};
use crate::{Error, Result};

/// Ends of attempts that wait to be recorded.
pub(super) type Ends = Group<End, Result<Option<Ended>>>;

/// How an attempt ends.
pub(super) struct End {
    lease: Lease,
    outcome: Outcome,
    /// The id of this write.
    write: String,
}

impl End {
    pub(super) fn new(lease: Lease, outcome: Outcome) -> Self {
        End { lease, outcome, write: Uuid::now_v7().to_string() }
    }
}

/// What became of a job whose attempt was ended.
pub(super) struct Ended {
    status: Status,
    /// Whether others wait for it.
    is_needed: bool,
}

/// Ends attempts of the jobs `$1` under the leases `$2`, those of which `$held` is true. An event says so.
macro_rules! end {
    ($held:expr, $actor:literal) => {
        concat!(
            "WITH ",
            locked!(),
            ", held AS (UPDATE agents.jobs SET ",
            ending!(now: now!(), write: "write", word: "word", result: "outcome", error: "reason", after: "after"),
            " FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::bigint[])
                AS attempt (job_id, number, write, word, outcome, reason, after)
            WHERE id IN (SELECT locked.id FROM locked) AND id = job_id AND run_lease = number AND status = 'running' AND ",
            $held,
            " RETURNING jobs.*, word, EXISTS (SELECT FROM agents.job_needs WHERE needs = jobs.id) AS is_needed)",
            told!(
                "CASE status WHEN 'dead' THEN 'failed' WHEN 'blocked' THEN 'parked'
                    WHEN 'queued' THEN CASE word WHEN 'retry' THEN 'retry_scheduled' ELSE 'parked' END ELSE status END",
                "CASE WHEN status = 'succeeded' THEN jsonb_build_object('result', result)
                    WHEN status IN ('queued', 'blocked') THEN jsonb_build_object('run_at', run_at, 'reason', word) ELSE '{}' END",
                $actor
            ),
            " SELECT last_write, status, is_needed FROM held"
        )
    };
}

const FINISH: &str = end!("true", "executor_id");

/// The same for workers that were not heard of.
const TAKE_BACK: &str = end!(concat!("lease_until < ", now!()), "NULL");

impl Postgres {
    pub(super) async fn do_finish(&self, lease: &Lease, outcome: &Outcome) -> Result<Status> {
        check_outcome(outcome)?;
        let end = End::new(lease.clone(), outcome.clone());
        let write = end.write.clone();
        let ended = match outcome {
            Outcome::Parked { needs, .. } if !needs.is_empty() => self.retrying(|| self.park(&end, needs)).await?,
            _ => {
                let (pool, patience) = (self.pool.clone(), self.patience);
                let recorded = self.ends.call(end, move |ends| record(pool, patience, ends)).await;
                recorded.ok_or_else(|| Error::Unreachable { reason: "this process ends".into() })??
            }
        };
        match ended {
            Some(ended) => self.follow(lease.job_id, &ended).await,
            None => self.was_written(lease, &write).await,
        }
    }

    /// Ends attempts whose workers were not heard of. Gives what became of the jobs, without those that were heard of meanwhile.
    pub(super) async fn take_back(&self, ends: Vec<End>) -> Result<Vec<Status>> {
        let ended = self.retrying(|| end_all(&self.pool, TAKE_BACK, &ends)).await?;
        let mut statuses = Vec::new();
        for (end, ended) in ends.iter().zip(ended) {
            if let Some(ended) = ended {
                statuses.push(self.follow(end.lease.job_id, &ended).await?);
            }
        }
        Ok(statuses)
    }

    /// Ends an attempt, and notes what the job waits for.
    async fn park(&self, end: &End, needs: &[JobId]) -> sqlx::Result<Option<Ended>> {
        let mut transaction = self.pool.begin().await?;
        let ended = end_all(&mut *transaction, FINISH, slice::from_ref(end)).await?.pop().flatten();
        if ended.is_some() {
            sqlx::query("DELETE FROM agents.job_needs WHERE job_id = $1")
                .bind(end.lease.job_id.to_string())
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "INSERT INTO agents.job_needs (job_id, needs, ended) SELECT $1, unnest($2::text[]), true ON CONFLICT DO NOTHING",
            )
            .bind(end.lease.job_id.to_string())
            .bind(needs.iter().map(JobId::to_string).collect::<Vec<_>>())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
        }
        Ok(ended)
    }

    /// Does what the new status of a job means for others.
    async fn follow(&self, id: JobId, ended: &Ended) -> Result<Status> {
        match ended.status {
            Status::Queued => self.hint.ring(),
            Status::Blocked => self.settle(id).await?,
            _ if ended.is_needed => self.settle(id).await?,
            _ => {}
        }
        Ok(ended.status)
    }
}

/// Records ends of attempts, together if that can be done.
async fn record(pool: PgPool, patience: Duration, ends: Vec<End>) -> Vec<Result<Option<Ended>>> {
    if ends.len() > 1 {
        match tries::retrying_if(tries::is_away, patience, || end_all(&pool, FINISH, &ends)).await {
            Ok(ended) => return ended.into_iter().map(Ok).collect(),
            Err(error) if tries::is_away(&error) => {
                let reason = error.to_string();
                return ends.iter().map(|_| Err(Error::Unreachable { reason: reason.clone() })).collect();
            }
            // One of them is to blame, or a lock of somebody else. The others are not to suffer for it.
            Err(error) => tracing::debug!(%error, "each end of an attempt is recorded by itself"),
        }
    }
    let mut recorded = Vec::with_capacity(ends.len());
    for end in &ends {
        let ended = tries::retrying(patience, || end_all(&pool, FINISH, slice::from_ref(end))).await;
        recorded.push(ended.map(|mut ended| ended.pop().flatten()));
    }
    recorded
}

/// Ends attempts by `statement`, all in one transaction. One answer for each: `None` if its lease is lost, or the same write was done before.
async fn end_all(
    executor: impl PgExecutor<'_>,
    statement: &'static str,
    ends: &[End],
) -> sqlx::Result<Vec<Option<Ended>>> {
    fn column<T>(ends: &[End], value: impl Fn(&End) -> T) -> Vec<T> {
        ends.iter().map(value).collect()
    }
    let rows = sqlx::query(statement)
        .bind(column(ends, |end| end.lease.job_id.to_string()))
        .bind(column(ends, |end| end.lease.run_lease))
        .bind(column(ends, |end| end.write.clone()))
        .bind(column(ends, |end| end.outcome.word()))
        .bind(column(ends, |end| end.outcome.result().map(|result| Json(result.clone()))))
        .bind(column(ends, |end| end.outcome.error()))
        .bind(column(ends, |end| end.outcome.after_ms()))
        .fetch_all(executor)
        .await?;
    let mut ended = HashMap::with_capacity(rows.len());
    for row in &rows {
        let write: String = row.try_get("last_write")?;
        let status = rows::parsed(row.try_get("status")?)?;
        ended.insert(write, Ended { status, is_needed: row.try_get("is_needed")? });
    }
    Ok(ends.iter().map(|end| ended.remove(&end.write)).collect())
}
