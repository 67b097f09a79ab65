//! Questions, and events that are no job's.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;

use super::{Sqlite, now};
use crate::job::{Artifact, Event, Job, JobId, NewEvent};
use crate::store::{Count, Filter, rows};

const JOBS: &str = "SELECT * FROM jobs
    WHERE status IN (SELECT value FROM json_each($1)) AND ($2 IS NULL OR type = $2) AND ($3 IS NULL OR parent = $3)
        AND ($4 IS NULL OR id < $4) AND ($6 IS NULL OR tenant = $6)
    ORDER BY id DESC LIMIT $5";

impl Sqlite {
    pub(super) async fn do_job(&self, id: JobId) -> sqlx::Result<Option<Job>> {
        let row =
            sqlx::query("SELECT * FROM jobs WHERE id = $1").bind(id.to_string()).fetch_optional(&self.readers).await?;
        row.map(|row| Ok(rows::job!(&row))).transpose()
    }

    pub(super) async fn do_jobs(&self, filter: &Filter) -> sqlx::Result<Vec<Job>> {
        let rows = sqlx::query(JOBS)
            .bind(Json(filter.words()))
            .bind(&filter.kind)
            .bind(filter.parent.map(|id| id.to_string()))
            .bind(filter.before.map(|id| id.to_string()))
            .bind(filter.most())
            .bind(&filter.tenant)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(rows::job!(row))).collect()
    }

    pub(super) async fn do_counts(&self) -> sqlx::Result<Vec<Count>> {
        let rows = sqlx::query("SELECT type, status, count(*) FROM jobs GROUP BY 1, 2 ORDER BY 1, 2");
        let count = |row: &SqliteRow| {
            Ok(Count { kind: row.try_get(0)?, status: rows::parsed(row.try_get(1)?)?, jobs: row.try_get(2)? })
        };
        rows.fetch_all(&self.readers).await?.iter().map(count).collect()
    }

    pub(super) async fn do_append(&self, stream: &str, events: &[NewEvent]) -> sqlx::Result<i64> {
        let mut transaction = self.begin().await?;
        let last: i64 = sqlx::query_scalar(
            "INSERT INTO event_streams (stream, last_event) VALUES ($1, $2)
            ON CONFLICT (stream) DO UPDATE SET last_event = last_event + excluded.last_event RETURNING last_event",
        )
        .bind(stream)
        .bind(events.len() as i64)
        .fetch_one(&mut *transaction)
        .await?;
        for (seq, event) in (last - events.len() as i64 + 1..).zip(events) {
            sqlx::query(concat!(
                "INSERT INTO bus_events (stream, seq, kind, data, at, trace_id, actor, tenant)
                VALUES ($1, $2, $3, $4, ",
                now!(),
                ", $5, $6, $7)"
            ))
            .bind(stream)
            .bind(seq)
            .bind(&event.kind)
            .bind(Json(&event.data))
            .bind(&event.trace_id)
            .bind(&event.actor)
            .bind(&event.tenant)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(last)
    }

    pub(super) async fn do_events(&self, stream: &str, after: i64, most: usize) -> sqlx::Result<Vec<Event>> {
        let rows = sqlx::query("SELECT * FROM bus_events WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3");
        let rows = rows.bind(stream).bind(after).bind(most as i64).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(rows::event!(row))).collect()
    }

    pub(super) async fn do_artifacts(&self, job: JobId) -> sqlx::Result<Vec<Artifact>> {
        let rows = sqlx::query("SELECT * FROM artifacts WHERE job_id = $1 ORDER BY name");
        let rows = rows.bind(job.to_string()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(rows::artifact!(row))).collect()
    }

    pub(super) async fn do_is_used(&self, sha256: &str) -> sqlx::Result<bool> {
        let used = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = $1)");
        used.bind(sha256).fetch_one(&self.readers).await
    }
}
