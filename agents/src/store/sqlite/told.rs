//! Events of jobs, recorded with what they tell of.

use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{Row, SqliteConnection};

use super::now;
use crate::job::{JobId, Status};
use crate::store::rows;

/// What a statement on a job returns.
macro_rules! held {
    () => {
        " RETURNING id, type, tenant, trace_id, status, attempts, error, last_event, run_at"
    };
}

pub(super) use held;

/// A job after a statement.
pub(super) struct Held {
    pub id: JobId,
    pub status: Status,
    pub run_at: i64,
    pub last_event: i64,
    kind: String,
    tenant: String,
    trace_id: String,
    attempts: i32,
    error: Option<String>,
}

impl Held {
    pub(super) fn from(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Held {
            id: rows::parsed(row.try_get("id")?)?,
            status: rows::parsed(row.try_get("status")?)?,
            run_at: row.try_get("run_at")?,
            last_event: row.try_get("last_event")?,
            kind: row.try_get("type")?,
            tenant: row.try_get("tenant")?,
            trace_id: row.try_get("trace_id")?,
            attempts: row.try_get("attempts")?,
            error: row.try_get("error")?,
        })
    }

    /// Records the event `word`; `data` is what it says beside the job's status.
    pub(super) async fn tell(
        &self,
        connection: &mut SqliteConnection,
        word: &str,
        data: Value,
        actor: Option<&str>,
    ) -> sqlx::Result<()> {
        let mut all = json!({ "status": self.status, "attempts": self.attempts, "error": self.error });
        if let (Value::Object(all), Value::Object(more)) = (&mut all, data) {
            all.extend(more);
        }
        self.say(connection, self.last_event, word, &all, actor).await
    }

    /// Records the event `word` under a number, as it is.
    pub(super) async fn say(
        &self,
        connection: &mut SqliteConnection,
        seq: i64,
        word: &str,
        data: &Value,
        actor: Option<&str>,
    ) -> sqlx::Result<()> {
        sqlx::query(concat!(
            "INSERT INTO bus_events (stream, seq, kind, data, at, trace_id, actor, tenant)
            VALUES ($1, $2, $3, $4, ",
            now!(),
            ", $5, $6, $7)"
        ))
        .bind(self.id.stream())
        .bind(seq)
        .bind(format!("{}_{word}", self.kind))
        .bind(Json(data))
        .bind(&self.trace_id)
        .bind(actor)
        .bind(&self.tenant)
        .execute(connection)
        .await?;
        Ok(())
    }
}
