//! Questions, and events that are no job's.

use sqlx::Row;
use sqlx::types::Json;

use super::{Postgres, now};
use crate::Result;
use crate::job::{Artifact, Event, Job, JobId, NewEvent};
use crate::store::{Count, Filter, check_append, rows};

const JOBS: &str = "SELECT * FROM agents.jobs
    WHERE status IN (SELECT jsonb_array_elements_text($1::jsonb)) AND ($2::text IS NULL OR type = $2)
        AND ($3::text IS NULL OR parent = $3) AND ($4::text IS NULL OR id < $4) AND ($6::text IS NULL OR tenant = $6)
    ORDER BY id DESC LIMIT $5";

const APPEND: &str = concat!(
    "WITH stream AS (
        INSERT INTO agents.event_streams AS known (stream, last_event) VALUES ($1, jsonb_array_length($2::jsonb))
        ON CONFLICT (stream) DO UPDATE SET last_event = known.last_event + excluded.last_event RETURNING *),
    told AS (
        INSERT INTO agents.bus_events (stream, seq, kind, data, at, trace_id, actor, tenant)
        SELECT stream, last_event - jsonb_array_length($2::jsonb) + place, event ->> 'kind', event -> 'data', ",
    now!(),
    ", event ->> 'trace_id', event ->> 'actor', event ->> 'tenant'
        FROM stream, jsonb_array_elements($2::jsonb) WITH ORDINALITY AS events (event, place))
    SELECT last_event FROM stream"
);

impl Postgres {
    pub(super) async fn do_job(&self, id: JobId) -> Result<Option<Job>> {
        self.retrying(|| async {
            let row = sqlx::query("SELECT * FROM agents.jobs WHERE id = $1").bind(id.to_string());
            row.fetch_optional(&self.pool).await?.map(|row| Ok(rows::job!(&row))).transpose()
        })
        .await
    }

    pub(super) async fn do_jobs(&self, filter: &Filter) -> Result<Vec<Job>> {
        self.retrying(|| async {
            let rows = sqlx::query(JOBS)
                .bind(Json(filter.words()))
                .bind(&filter.kind)
                .bind(filter.parent.map(|id| id.to_string()))
                .bind(filter.before.map(|id| id.to_string()))
                .bind(filter.most())
                .bind(&filter.tenant)
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(|row| Ok(rows::job!(row))).collect()
        })
        .await
    }

    pub(super) async fn do_counts(&self) -> Result<Vec<Count>> {
        self.retrying(|| async {
            let rows = sqlx::query("SELECT type, status, count(*) FROM agents.jobs GROUP BY 1, 2 ORDER BY 1, 2");
            let count = |row: &sqlx::postgres::PgRow| {
                Ok(Count { kind: row.try_get(0)?, status: rows::parsed(row.try_get(1)?)?, jobs: row.try_get(2)? })
            };
            rows.fetch_all(&self.pool).await?.iter().map(count).collect()
        })
        .await
    }

    /// Not tried again when the answer was lost: the events could be there twice.
    pub(super) async fn do_append(&self, stream: &str, events: &[NewEvent]) -> Result<i64> {
        check_append(stream, events)?;
        super::tries::once(async {
            sqlx::query_scalar(APPEND).bind(stream).bind(Json(events)).fetch_one(&self.pool).await
        })
        .await
    }

    pub(super) async fn do_events(&self, stream: &str, after: i64, most: usize) -> Result<Vec<Event>> {
        self.retrying(|| async {
            let rows =
                sqlx::query("SELECT * FROM agents.bus_events WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3");
            let rows = rows.bind(stream).bind(after).bind(most as i64).fetch_all(&self.pool).await?;
            rows.iter().map(|row| Ok(rows::event!(row))).collect()
        })
        .await
    }

    pub(super) async fn do_artifacts(&self, job: JobId) -> Result<Vec<Artifact>> {
        self.retrying(|| async {
            let rows = sqlx::query("SELECT * FROM agents.artifacts WHERE job_id = $1 ORDER BY name");
            let rows = rows.bind(job.to_string()).fetch_all(&self.pool).await?;
            rows.iter().map(|row| Ok(rows::artifact!(row))).collect()
        })
        .await
    }

    pub(super) async fn do_is_used(&self, sha256: &str) -> Result<bool> {
        self.retrying(|| async {
            let used = sqlx::query_scalar("SELECT EXISTS (SELECT FROM agents.artifacts WHERE sha256 = $1)");
            used.bind(sha256).fetch_one(&self.pool).await
        })
        .await
    }
}
