//! Making jobs.

use serde_json::json;
use sqlx::types::Json;
use sqlx::{Row, SqliteConnection};

use super::told::{Held, held};
use super::{Sqlite, now};
use crate::job::{Enqueued, JobId, NewJob, Status};
use crate::store::rows;
use crate::{Error, Result};

const INSERT: &str = concat!(
    "INSERT INTO jobs (id, tenant, type, payload, payload_hash, status, priority, max_attempts, retry, run_at, deadline,
        idempotency_key, parent, root, trace_id, last_event, created_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, now + $10, now + $11, $12, $13, $14, $15, 1, now FROM (SELECT ", now!(), " AS now)
    WHERE true ON CONFLICT DO NOTHING",
    held!()
);

impl Sqlite {
    pub(super) async fn do_enqueue(&self, job: &NewJob) -> Result<Enqueued> {
        job.check()?;
        let hash = job.payload_hash();
        let told = |error| self.told(error);
        let mut transaction = self.begin().await.map_err(told)?;
        let Some(held) = insert(&mut transaction, job, &hash).await.map_err(told)? else {
            return match existing(&mut transaction, job).await.map_err(told)? {
                Some((id, _)) if id == job.id => Ok(Enqueued::New(id)),
                Some((id, other)) if other == hash => Ok(Enqueued::Existing(id)),
                Some((id, _)) => Err(Error::Conflict { key: job.idempotency_key.clone().unwrap_or_default(), id }),
                None => Err(Error::Store { reason: "a job is in the way that is not there".into() }),
            };
        };
        for needed in &job.needs {
            let known = sqlx::query("SELECT 1 FROM jobs WHERE id = $1").bind(needed.to_string());
            if known.fetch_optional(&mut *transaction).await.map_err(told)?.is_none() {
                return Err(Error::Invalid(format!("it cannot wait for job {needed}: there is none")));
            }
        }
        self.done(async {
            let data =
                json!({ "priority": job.priority, "run_at": held.run_at, "parent": job.parent, "needs": job.needs });
            held.tell(&mut transaction, "scheduled", data, None).await?;
            need(&mut transaction, job.id, &job.needs, false).await?;
            if !job.needs.is_empty() {
                // What it waits for may be over already.
                super::care::settle(&mut transaction, job.id).await?;
            }
            transaction.commit().await
        })
        .await?;
        self.hint.ring();
        Ok(Enqueued::New(job.id))
    }
}

/// Records what `job` waits for.
pub(super) async fn need(
    connection: &mut SqliteConnection,
    job: JobId,
    needs: &[JobId],
    ended: bool,
) -> sqlx::Result<()> {
    for needed in needs {
        sqlx::query("INSERT INTO job_needs (job_id, needs, ended) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(job.to_string())
            .bind(needed.to_string())
            .bind(ended)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, job: &NewJob, hash: &str) -> sqlx::Result<Option<Held>> {
    let status = if job.needs.is_empty() { Status::Queued } else { Status::Blocked };
    let row = sqlx::query(INSERT)
        .bind(job.id.to_string())
        .bind(&job.tenant)
        .bind(&job.kind)
        .bind(Json(&job.payload))
        .bind(hash)
        .bind(status.as_str())
        .bind(job.priority)
        .bind(job.retry.max_attempts)
        .bind(Json(&job.retry))
        .bind(job.delay_ms())
        .bind(job.deadline_ms())
        .bind(&job.idempotency_key)
        .bind(job.parent.map(|id| id.to_string()))
        .bind(job.root.or(job.parent).unwrap_or(job.id).to_string())
        .bind(job.trace())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(Held::from).transpose()
}

/// The job that is in the way.
async fn existing(connection: &mut SqliteConnection, job: &NewJob) -> sqlx::Result<Option<(JobId, String)>> {
    let row = sqlx::query(
        "SELECT id, payload_hash FROM jobs WHERE id = $1 OR (tenant = $2 AND type = $3 AND idempotency_key = $4)",
    )
    .bind(job.id.to_string())
    .bind(&job.tenant)
    .bind(&job.kind)
    .bind(&job.idempotency_key)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((rows::parsed(row.try_get(0)?)?, row.try_get(1)?))).transpose()
}
