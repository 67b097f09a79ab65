//! What a worker does under its lease.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Postgres, locked, now, told};
use crate::job::{Artifact, JobId, Lease, Note, Pulse, Status};
use crate::store::{check_notes, check_step};
use crate::{Error, Result};

const BEAT: &str = concat!(
    "WITH ",
    locked!(),
    " UPDATE agents.jobs SET lease_ms = $3, lease_until = ",
    now!(),
    " + $3
    FROM unnest($1::text[], $2::bigint[]) AS held (job_id, number)
    WHERE id IN (SELECT locked.id FROM locked) AND id = job_id AND run_lease = number AND status = 'running'
    RETURNING id, cancel_requested, coalesce(deadline < ",
    now!(),
    ", false) AS late"
);

const NOTE: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs SET last_write = $3, last_event = last_event + jsonb_array_length($4::jsonb),
            progress = coalesce((SELECT note -> 'data' FROM jsonb_array_elements($4::jsonb) WITH ORDINALITY AS notes (note, place)
                WHERE note ->> 'name' = 'progress' ORDER BY place DESC LIMIT 1), progress)
        WHERE id = $1 AND run_lease = $2 AND status = 'running' AND last_write IS DISTINCT FROM $3 RETURNING *),
    told AS (
        INSERT INTO agents.bus_events (stream, seq, kind, data, at, trace_id, actor, tenant)
        SELECT 'jobs:' || id, last_event - jsonb_array_length($4::jsonb) + place, type || '_' || (note ->> 'name'), note -> 'data', ",
            now!(), ", trace_id, executor_id, tenant
        FROM held, jsonb_array_elements($4::jsonb) WITH ORDINALITY AS notes (note, place))
    SELECT id FROM held"
);

const STEP: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs SET last_write = $3, last_event = last_event + 1
        WHERE id = $1 AND run_lease = $2 AND status = 'running'
            AND NOT EXISTS (SELECT FROM agents.job_steps WHERE job_id = $1 AND key = $4) RETURNING *),
    kept AS (INSERT INTO agents.job_steps (job_id, key, output, at) SELECT id, $4, $5::jsonb, ",
    now!(),
    " FROM held)",
    told!("'step'", "jsonb_build_object('key', $4::text)", "executor_id"),
    " SELECT id FROM held"
);

const ATTACH: &str = concat!(
    "WITH held AS (
        UPDATE agents.jobs SET last_write = $3, last_event = last_event + 1,
            artifacts = CASE WHEN artifacts @> to_jsonb($4::text) THEN artifacts ELSE artifacts || to_jsonb($4::text) END
        WHERE id = $1 AND run_lease = $2 AND status = 'running' AND last_write IS DISTINCT FROM $3 RETURNING *),
    kept AS (
        INSERT INTO agents.artifacts (job_id, name, media_type, sha256, size, uri, created_at)
        SELECT id, $4, $5, $6, $7, $8, ", now!(), " FROM held
        ON CONFLICT (job_id, name) DO UPDATE SET media_type = excluded.media_type, sha256 = excluded.sha256, size = excluded.size,
            uri = excluded.uri, created_at = excluded.created_at)",
    told!(
        "'artifact'",
        "jsonb_build_object('name', $4::text, 'media_type', $5::text, 'sha256', $6::text, 'size', $7::bigint, 'uri', $8::text)",
        "executor_id"
    ),
    " SELECT id FROM held"
);

impl Postgres {
    pub(super) async fn do_beat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Pulse>> {
        let ids: Vec<String> = leases.iter().map(|lease| lease.job_id.to_string()).collect();
        let numbers: Vec<i64> = leases.iter().map(|lease| lease.run_lease).collect();
        let held: HashMap<String, Pulse> = self
            .retrying(|| async {
                let rows =
                    sqlx::query(BEAT).bind(&ids).bind(&numbers).bind(milliseconds(lease)).fetch_all(&self.pool).await?;
                rows.iter().map(|row| Ok((row.try_get("id")?, pulse(row)?))).collect::<sqlx::Result<_>>()
            })
            .await?;
        Ok(ids.iter().map(|id| held.get(id).copied().unwrap_or(Pulse::Lost)).collect())
    }

    pub(super) async fn do_note(&self, lease: &Lease, notes: &[Note]) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        check_notes(notes)?;
        let write = Uuid::now_v7().to_string();
        let held = self
            .retrying(|| async {
                let note = held(NOTE, lease, &write).bind(Json(notes));
                note.fetch_optional(&self.pool).await
            })
            .await?;
        if held.is_some() { Ok(()) } else { self.was_written(lease, &write).await.map(drop) }
    }

    pub(super) async fn do_step(&self, job: JobId, key: &str) -> Result<Option<Value>> {
        self.retrying(|| async {
            let output = sqlx::query_scalar("SELECT output FROM agents.job_steps WHERE job_id = $1 AND key = $2");
            let output: Option<Json<Value>> = output.bind(job.to_string()).bind(key).fetch_optional(&self.pool).await?;
            Ok(output.map(|Json(output)| output))
        })
        .await
    }

    pub(super) async fn do_keep_step(&self, lease: &Lease, key: &str, output: &Value) -> Result<()> {
        check_step(key, output)?;
        let write = Uuid::now_v7().to_string();
        let kept = self
            .retrying(|| async {
                held(STEP, lease, &write).bind(key).bind(Json(output)).fetch_optional(&self.pool).await
            })
            .await?;
        if kept.is_some() {
            return Ok(());
        }
        match self.was_written(lease, &write).await {
            // The lease holds, so the step is there: its first output stays.
            Err(Error::Lost { .. }) if self.holds(lease).await? => Ok(()),
            other => other.map(drop),
        }
    }

    pub(super) async fn do_attach(&self, lease: &Lease, artifact: &Artifact) -> Result<()> {
        let write = Uuid::now_v7().to_string();
        let kept = self
            .retrying(|| async {
                held(ATTACH, lease, &write)
                    .bind(&artifact.name)
                    .bind(&artifact.media_type)
                    .bind(&artifact.sha256)
                    .bind(artifact.size)
                    .bind(&artifact.uri)
                    .fetch_optional(&self.pool)
                    .await
            })
            .await?;
        if kept.is_some() { Ok(()) } else { self.was_written(lease, &write).await.map(drop) }
    }

    /// Why a write under a lease found nothing: it was recorded before and only the answer was lost, or the lease is.
    pub(super) async fn was_written(&self, lease: &Lease, write: &str) -> Result<Status> {
        let status: Option<String> = self
            .retrying(|| async {
                sqlx::query_scalar("SELECT status FROM agents.jobs WHERE id = $1 AND last_write = $2")
                    .bind(lease.job_id.to_string())
                    .bind(write)
                    .fetch_optional(&self.pool)
                    .await
            })
            .await?;
        status.ok_or(Error::Lost { id: lease.job_id })?.parse()
    }

    async fn holds(&self, lease: &Lease) -> Result<bool> {
        self.retrying(|| async {
            sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM agents.jobs WHERE id = $1 AND run_lease = $2 AND status = 'running')",
            )
            .bind(lease.job_id.to_string())
            .bind(lease.run_lease)
            .fetch_one(&self.pool)
            .await
        })
        .await
    }
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// A statement whose first values are the lease and the id of the write.
fn held(statement: &'static str, lease: &Lease, write: &str) -> Query {
    sqlx::query(statement).bind(lease.job_id.to_string()).bind(lease.run_lease).bind(write.to_owned())
}

fn pulse(row: &PgRow) -> sqlx::Result<Pulse> {
    Ok(match (row.try_get("cancel_requested")?, row.try_get("late")?) {
        (true, _) => Pulse::Cancel,
        (false, true) => Pulse::Late,
        _ => Pulse::Alive,
    })
}

pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}
