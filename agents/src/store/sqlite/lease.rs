//! What a worker does under its lease.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{Row, SqliteConnection};

use super::told::{Held, held};
use super::{Sqlite, care, enqueue, now};
use crate::job::{Artifact, Claim, Claimed, Job, JobId, Lease, Note, Outcome, Pulse, Status};
use crate::store::write::ending;
use crate::store::{check_notes, check_outcome, check_step, rows};
use crate::{Error, Result};

const CLAIM: &str = concat!(
    "UPDATE jobs SET status = 'running', attempts = attempts + 1, run_lease = run_lease + 1, executor_id = $3, lease_ms = $4,
        lease_until = ", now!(), " + $4, started_at = ", now!(), ", last_event = last_event + 1
    WHERE id IN (
        SELECT ready.id FROM json_each($1) AS kind JOIN jobs AS ready ON ready.id IN (
            SELECT id FROM jobs WHERE status = 'queued' AND type = kind.value AND run_at <= ", now!(), "
                AND (deadline IS NULL OR deadline > ", now!(), ") AND ($5 IS NULL OR root = $5)
            ORDER BY priority DESC, run_at, id LIMIT $2)
        ORDER BY ready.priority DESC, ready.run_at, ready.id LIMIT $2)
    RETURNING *"
);

const FINISH: &str = concat!(
    "UPDATE jobs SET ",
    ending!(now: now!(), write: "$3", word: "$4", result: "$5", error: "$6", after: "$7"),
    " WHERE id = $1 AND run_lease = $2 AND status = 'running' AND ($8 = 0 OR lease_until < ",
    now!(),
    ")",
    held!(),
    ", EXISTS (SELECT 1 FROM job_needs WHERE needs = $1) AS is_needed"
);

impl Sqlite {
    pub(super) async fn do_claim(&self, claim: &Claim) -> sqlx::Result<Claimed> {
        let root = claim.root.map(|id| id.to_string());
        let mut transaction = self.begin().await?;
        let rows = sqlx::query(CLAIM)
            .bind(Json(&claim.kinds))
            .bind(claim.most as i64)
            .bind(&claim.executor_id)
            .bind(milliseconds(claim.lease))
            .bind(&root)
            .fetch_all(&mut *transaction)
            .await?;
        let mut jobs: Vec<Job> = Vec::with_capacity(rows.len());
        for row in &rows {
            let job = rows::job!(row);
            let data = json!({ "run_lease": job.run_lease, "executor": job.executor_id });
            Held::from(row)?.tell(&mut transaction, "started", data, Some(&claim.executor_id)).await?;
            jobs.push(job);
        }
        transaction.commit().await?;
        jobs.sort_by_key(|job| (std::cmp::Reverse(job.priority), job.run_at, job.id));
        if !jobs.is_empty() {
            return Ok(Claimed { jobs, next: None });
        }
        let next: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT min(run_at) - ",
            now!(),
            " FROM jobs
            WHERE status = 'queued' AND type IN (SELECT value FROM json_each($1)) AND ($2 IS NULL OR root = $2)"
        ))
        .bind(Json(&claim.kinds))
        .bind(&root)
        .fetch_one(&self.readers)
        .await?;
        Ok(Claimed { jobs, next: next.map(|ms| Duration::from_millis(ms.max(0) as u64)) })
    }

    pub(super) async fn do_beat(&self, leases: &[Lease], lease: Duration) -> sqlx::Result<Vec<Pulse>> {
        let mut transaction = self.begin().await?;
        let mut pulses = Vec::with_capacity(leases.len());
        for held in leases {
            let row = sqlx::query(concat!(
                "UPDATE jobs SET lease_ms = $3, lease_until = ",
                now!(),
                " + $3
                WHERE id = $1 AND run_lease = $2 AND status = 'running'
                RETURNING cancel_requested, coalesce(deadline < ",
                now!(),
                ", 0)"
            ))
            .bind(held.job_id.to_string())
            .bind(held.run_lease)
            .bind(milliseconds(lease))
            .fetch_optional(&mut *transaction)
            .await?;
            pulses.push(
                match row.map(|row| Ok::<(bool, bool), sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()? {
                    None => Pulse::Lost,
                    Some((true, _)) => Pulse::Cancel,
                    Some((false, true)) => Pulse::Late,
                    Some(_) => Pulse::Alive,
                },
            );
        }
        transaction.commit().await?;
        Ok(pulses)
    }

    pub(super) async fn do_note(&self, lease: &Lease, notes: &[Note]) -> Result<()> {
        check_notes(notes)?;
        let progress = notes.iter().rev().find(|note| note.name == "progress").map(|note| Json(&note.data));
        let noted = self.done(async {
            let mut transaction = self.begin().await?;
            let row = sqlx::query(concat!(
                "UPDATE jobs SET last_event = last_event + $3, progress = coalesce($4, progress)
                WHERE id = $1 AND run_lease = $2 AND status = 'running'",
                held!()
            ))
            .bind(lease.job_id.to_string())
            .bind(lease.run_lease)
            .bind(notes.len() as i64)
            .bind(progress)
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(held) = row.as_ref().map(Held::from).transpose()? else { return Ok(false) };
            for (seq, note) in (held.last_event - notes.len() as i64 + 1..).zip(notes) {
                held.say(&mut transaction, seq, &note.name, &note.data, Some(&lease.executor_id)).await?;
            }
            transaction.commit().await?;
            Ok(true)
        });
        written(lease, noted.await?)
    }

    pub(super) async fn do_step(&self, job: JobId, key: &str) -> sqlx::Result<Option<Value>> {
        let output = sqlx::query_scalar("SELECT output FROM job_steps WHERE job_id = $1 AND key = $2");
        let output: Option<Json<Value>> = output.bind(job.to_string()).bind(key).fetch_optional(&self.readers).await?;
        Ok(output.map(|Json(output)| output))
    }

    pub(super) async fn do_keep_step(&self, lease: &Lease, key: &str, output: &Value) -> Result<()> {
        check_step(key, output)?;
        let kept = self.done(async {
            let mut transaction = self.begin().await?;
            let Some(held) = hold(&mut transaction, lease).await? else { return Ok(false) };
            let kept = sqlx::query(concat!(
                "INSERT INTO job_steps (job_id, key, output, at) VALUES ($1, $2, $3, ",
                now!(),
                ") ON CONFLICT DO NOTHING"
            ))
            .bind(lease.job_id.to_string())
            .bind(key)
            .bind(Json(output))
            .execute(&mut *transaction)
            .await?;
            // The first output stays, and then there is nothing to tell.
            if kept.rows_affected() > 0 {
                held.tell(&mut transaction, "step", json!({ "key": key }), Some(&lease.executor_id)).await?;
                transaction.commit().await?;
            }
            Ok(true)
        });
        written(lease, kept.await?)
    }

    pub(super) async fn do_attach(&self, lease: &Lease, artifact: &Artifact) -> Result<()> {
        let kept = self.done(async {
            let mut transaction = self.begin().await?;
            let Some(held) = hold(&mut transaction, lease).await? else { return Ok(false) };
            sqlx::query(
                "UPDATE jobs SET artifacts = json_insert(artifacts, '$[#]', $2)
                WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM json_each(artifacts) WHERE value = $2)",
            )
            .bind(lease.job_id.to_string())
            .bind(&artifact.name)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(concat!(
                "INSERT INTO artifacts (job_id, name, media_type, sha256, size, uri, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, ",
                now!(),
                ")
                ON CONFLICT (job_id, name) DO UPDATE SET media_type = excluded.media_type, sha256 = excluded.sha256,
                    size = excluded.size, uri = excluded.uri, created_at = excluded.created_at"
            ))
            .bind(lease.job_id.to_string())
            .bind(&artifact.name)
            .bind(&artifact.media_type)
            .bind(&artifact.sha256)
            .bind(artifact.size)
            .bind(&artifact.uri)
            .execute(&mut *transaction)
            .await?;
            let Artifact { name, media_type, sha256, size, uri, .. } = artifact;
            let data = json!({ "name": name, "media_type": media_type, "sha256": sha256, "size": size, "uri": uri });
            held.tell(&mut transaction, "artifact", data, Some(&lease.executor_id)).await?;
            transaction.commit().await?;
            Ok(true)
        });
        written(lease, kept.await?)
    }

    pub(super) async fn do_finish(&self, lease: &Lease, outcome: &Outcome) -> Result<Status> {
        check_outcome(outcome)?;
        let ended = self.done(async {
            let mut transaction = self.begin().await?;
            let ended = end(&mut transaction, lease, outcome, false).await?;
            transaction.commit().await?;
            Ok(ended)
        });
        let (status, woken) = ended.await?.ok_or(Error::Lost { id: lease.job_id })?;
        if woken {
            self.hint.ring();
        }
        Ok(status)
    }
}

/// Ends an attempt, with what follows for others; `only_expired`: if its worker was not heard of. Gives the new status and whether there
/// is work now; `None` if the lease is lost.
pub(super) async fn end(
    connection: &mut SqliteConnection,
    lease: &Lease,
    outcome: &Outcome,
    only_expired: bool,
) -> sqlx::Result<Option<(Status, bool)>> {
    let row = sqlx::query(FINISH)
        .bind(lease.job_id.to_string())
        .bind(lease.run_lease)
        .bind(None::<String>)
        .bind(outcome.word())
        .bind(outcome.result().map(Json))
        .bind(outcome.error())
        .bind(outcome.after_ms())
        .bind(only_expired)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (held, is_needed) = (Held::from(&row)?, row.try_get::<bool, _>("is_needed")?);
    let (word, data) = match held.status {
        Status::Succeeded => ("succeeded", json!({ "result": outcome.result() })),
        Status::Cancelled => ("cancelled", json!({})),
        Status::Blocked | Status::Queued => {
            let word = if matches!(outcome, Outcome::Retry { .. }) { "retry_scheduled" } else { "parked" };
            (word, json!({ "run_at": held.run_at, "reason": outcome.word() }))
        }
        _ => ("failed", json!({})),
    };
    let actor = if only_expired { None } else { Some(lease.executor_id.as_str()) };
    held.tell(connection, word, data, actor).await?;
    let mut woken = held.status == Status::Queued;
    if let Outcome::Parked { needs, .. } = outcome
        && held.status == Status::Blocked
    {
        sqlx::query("DELETE FROM job_needs WHERE job_id = $1")
            .bind(held.id.to_string())
            .execute(&mut *connection)
            .await?;
        enqueue::need(connection, held.id, needs, true).await?;
        woken |= care::settle(connection, held.id).await?;
    }
    if held.status.is_over() && is_needed {
        woken |= care::settle(connection, held.id).await?;
    }
    Ok(Some((held.status, woken)))
}

/// Counts an event for a job, if the lease holds.
async fn hold(connection: &mut SqliteConnection, lease: &Lease) -> sqlx::Result<Option<Held>> {
    let row = sqlx::query(concat!(
        "UPDATE jobs SET last_event = last_event + 1 WHERE id = $1 AND run_lease = $2 AND status = 'running'",
        held!()
    ))
    .bind(lease.job_id.to_string())
    .bind(lease.run_lease)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(Held::from).transpose()
}

fn written(lease: &Lease, written: bool) -> Result<()> {
    if written { Ok(()) } else { Err(Error::Lost { id: lease.job_id }) }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}
