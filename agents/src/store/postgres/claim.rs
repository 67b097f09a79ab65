//! Giving out jobs.

use std::time::Duration;

use uuid::Uuid;

use super::lease::milliseconds;
use super::{Postgres, now, told};
use crate::Result;
use crate::job::{Claim, Claimed, Job};
use crate::store::rows;

const CLAIM: &str = concat!(
    "WITH clock AS MATERIALIZED (SELECT ",
    now!(),
    " AS now),
    due AS MATERIALIZED (
        SELECT ready.id FROM unnest($1::text[]) AS kind CROSS JOIN LATERAL (
            SELECT id, priority, run_at FROM agents.jobs
            WHERE status = 'queued' AND type = kind AND run_at <= (SELECT now FROM clock)
                AND (deadline IS NULL OR deadline > (SELECT now FROM clock)) AND ($5::text IS NULL OR root = $5)
            ORDER BY priority DESC, run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) AS ready
        ORDER BY ready.priority DESC, ready.run_at, ready.id LIMIT $2),
    held AS (
        UPDATE agents.jobs SET status = 'running', attempts = attempts + 1, run_lease = run_lease + 1, executor_id = $3,
            lease_ms = $4, lease_until = now + $4, started_at = now, last_write = $6, last_event = last_event + 1
        FROM clock WHERE id IN (SELECT due.id FROM due) RETURNING jobs.*)",
    told!("'started'", "jsonb_build_object('run_lease', run_lease, 'executor', executor_id)", "executor_id"),
    " SELECT * FROM held ORDER BY priority DESC, run_at, id"
);

/// What a claim has brought whose answer was lost.
const CLAIMED: &str =
    "SELECT * FROM agents.jobs WHERE status = 'running' AND last_write = $1 ORDER BY priority DESC, run_at, id";

impl Postgres {
    pub(super) async fn do_claim(&self, claim: &Claim) -> Result<Claimed> {
        let write = Uuid::now_v7().to_string();
        let mut tries = 0;
        let jobs = self
            .retrying(|| {
                tries += 1;
                self.take(claim, &write, tries > 1)
            })
            .await?;
        let next = if jobs.is_empty() { self.next(claim).await? } else { None };
        Ok(Claimed { jobs, next })
    }

    /// Takes jobs; if this was tried before, first those that it took then.
    async fn take(&self, claim: &Claim, write: &str, again: bool) -> sqlx::Result<Vec<Job>> {
        if again {
            let rows = sqlx::query(CLAIMED).bind(write).fetch_all(&self.pool).await?;
            if !rows.is_empty() {
                return rows.iter().map(|row| Ok(rows::job!(row))).collect();
            }
        }
        let rows = sqlx::query(CLAIM)
            .bind(&claim.kinds)
            .bind(claim.most as i64)
            .bind(&claim.executor_id)
            .bind(milliseconds(claim.lease))
            .bind(claim.root.map(|id| id.to_string()))
            .bind(write)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(rows::job!(row))).collect()
    }

    /// How long until a job is due.
    async fn next(&self, claim: &Claim) -> Result<Option<Duration>> {
        let next: Option<i64> = self
            .retrying(|| async {
                sqlx::query_scalar(concat!(
                    "SELECT min(run_at) - ",
                    now!(),
                    " FROM agents.jobs WHERE status = 'queued' AND type = ANY($1)
                    AND ($2::text IS NULL OR root = $2)"
                ))
                .bind(&claim.kinds)
                .bind(claim.root.map(|id| id.to_string()))
                .fetch_one(&self.pool)
                .await
            })
            .await?;
        Ok(next.map(|ms| Duration::from_millis(ms.max(0) as u64)))
    }
}
