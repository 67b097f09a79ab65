//! Making jobs.

use sqlx::types::Json;
use sqlx::{Acquire, Row};

use super::{Postgres, now, told};
use crate::job::{Enqueued, JobId, NewJob, Status};
use crate::store::rows;
use crate::{Error, Result};

const INSERT: &str = concat!(
    "WITH held AS (
        INSERT INTO agents.jobs (id, tenant, type, payload, payload_hash, status, priority, max_attempts, retry, run_at, deadline,
            idempotency_key, parent, root, trace_id, last_event, created_at)
        SELECT $1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9::jsonb, now + $10, now + $11::bigint, $12, $13, $14, $15, 1, now
        FROM (SELECT ", now!(), " AS now) AS clock
        ON CONFLICT DO NOTHING RETURNING *)",
    told!(
        "'scheduled'",
        "jsonb_build_object('priority', priority, 'run_at', run_at, 'parent', parent, 'needs', $16::jsonb)",
        "NULL"
    ),
    " SELECT id FROM held"
);

impl Postgres {
    pub(super) async fn do_enqueue(&self, job: &NewJob) -> Result<Enqueued> {
        job.check()?;
        let (hash, trace) = (job.payload_hash(), job.trace());
        loop {
            let made = self.retrying(|| self.insert(job, &hash, &trace)).await?;
            match made {
                Inserted::Made if job.needs.is_empty() => {}
                // What it waits for may have ended meanwhile.
                Inserted::Made => self.settle(job.id).await?,
                Inserted::NoJob(id) => {
                    return Err(Error::Invalid(format!("it cannot wait for job {id}: there is none")));
                }
                Inserted::Conflict => match self.existing(job, &hash).await? {
                    Some(existing) => return Ok(existing),
                    // It was pruned in this moment.
                    None => continue,
                },
            }
            self.hint.ring();
            return Ok(Enqueued::New(job.id));
        }
    }

    async fn insert(&self, job: &NewJob, hash: &str, trace: &str) -> sqlx::Result<Inserted> {
        let mut connection = self.pool.acquire().await?;
        let status = if job.needs.is_empty() { Status::Queued } else { Status::Blocked };
        let insert = sqlx::query(INSERT)
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
            .bind(trace)
            .bind(Json(&job.needs));
        if job.needs.is_empty() {
            let made = insert.fetch_optional(&mut *connection).await?;
            return Ok(if made.is_some() { Inserted::Made } else { Inserted::Conflict });
        }
        let mut transaction = connection.begin().await?;
        if insert.fetch_optional(&mut *transaction).await?.is_none() {
            return Ok(Inserted::Conflict);
        }
        let needs: Vec<String> = job.needs.iter().map(JobId::to_string).collect();
        let known: Vec<String> = sqlx::query_scalar("SELECT id FROM agents.jobs WHERE id = ANY($1)")
            .bind(&needs)
            .fetch_all(&mut *transaction)
            .await?;
        if let Some(missing) = job.needs.iter().find(|id| !known.contains(&id.to_string())) {
            return Ok(Inserted::NoJob(*missing));
        }
        sqlx::query(
            "INSERT INTO agents.job_needs (job_id, needs, ended) SELECT $1, unnest($2::text[]), false ON CONFLICT DO NOTHING",
        )
        .bind(job.id.to_string())
        .bind(&needs)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Inserted::Made)
    }

    /// The job that is in the way.
    async fn existing(&self, job: &NewJob, hash: &str) -> Result<Option<Enqueued>> {
        let found = self
            .retrying(|| async {
                sqlx::query(
                    "SELECT id, payload_hash FROM agents.jobs
                    WHERE id = $1 OR (tenant = $2 AND type = $3 AND idempotency_key = $4)",
                )
                .bind(job.id.to_string())
                .bind(&job.tenant)
                .bind(&job.kind)
                .bind(&job.idempotency_key)
                .fetch_optional(&self.pool)
                .await?
                .map(|row| Ok((rows::parsed::<JobId>(row.try_get(0)?)?, row.try_get::<String, _>(1)?)))
                .transpose()
            })
            .await?;
        match found {
            None => Ok(None),
            // The answer to our own insert was lost.
            Some((id, _)) if id == job.id => Ok(Some(Enqueued::New(id))),
            Some((id, other)) if other == hash => Ok(Some(Enqueued::Existing(id))),
            Some((id, _)) => Err(Error::Conflict { key: job.idempotency_key.clone().unwrap_or_default(), id }),
        }
    }
}

enum Inserted {
    Made,
    Conflict,
    NoJob(JobId),
}
