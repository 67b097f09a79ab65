//! Rows as both stores have them: the columns have the same names, so one text reads both.

use sqlx::Error;

/// A parsed value, or what sqlx says of a column that cannot be read.
pub(super) fn parsed<T: std::str::FromStr<Err = crate::Error>>(text: String) -> sqlx::Result<T> {
    text.parse().map_err(|error: crate::Error| Error::Decode(Box::new(error)))
}

/// A [`Job`](crate::job::Job) from a row with all columns.
macro_rules! job {
    ($row:expr) => {{
        use sqlx::Row;
        use sqlx::types::Json;
        let row = $row;
        let json = |Json(value): Json<serde_json::Value>| value;
        crate::job::Job {
            id: $crate::store::rows::parsed(row.try_get("id")?)?,
            tenant: row.try_get("tenant")?,
            kind: row.try_get("type")?,
            payload: json(row.try_get("payload")?),
            status: $crate::store::rows::parsed(row.try_get("status")?)?,
            priority: row.try_get("priority")?,
            attempts: row.try_get("attempts")?,
            max_attempts: row.try_get("max_attempts")?,
            retry: row.try_get::<Json<crate::retry::RetryPolicy>, _>("retry")?.0,
            run_at: row.try_get("run_at")?,
            executor_id: row.try_get("executor_id")?,
            run_lease: row.try_get("run_lease")?,
            lease_until: row.try_get("lease_until")?,
            cancel_requested: row.try_get("cancel_requested")?,
            deadline: row.try_get("deadline")?,
            idempotency_key: row.try_get("idempotency_key")?,
            parent: row.try_get::<Option<String>, _>("parent")?.map($crate::store::rows::parsed).transpose()?,
            root: $crate::store::rows::parsed(row.try_get("root")?)?,
            trace_id: row.try_get("trace_id")?,
            progress: row.try_get::<Option<Json<serde_json::Value>>, _>("progress")?.map(json),
            result: row.try_get::<Option<Json<serde_json::Value>>, _>("result")?.map(json),
            error: row.try_get("error")?,
            artifacts: row.try_get::<Json<Vec<String>>, _>("artifacts")?.0,
            last_event: row.try_get("last_event")?,
            created_at: row.try_get("created_at")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
        }
    }};
}

/// An [`Event`](crate::job::Event) from a row with all columns.
macro_rules! event {
    ($row:expr) => {{
        use sqlx::Row;
        let row = $row;
        crate::job::Event {
            stream: row.try_get("stream")?,
            seq: row.try_get("seq")?,
            kind: row.try_get("kind")?,
            data: row.try_get::<sqlx::types::Json<serde_json::Value>, _>("data")?.0,
            at: row.try_get("at")?,
            trace_id: row.try_get("trace_id")?,
            actor: row.try_get("actor")?,
            tenant: row.try_get("tenant")?,
        }
    }};
}

/// An [`Artifact`](crate::job::Artifact) from a row with all columns.
macro_rules! artifact {
    ($row:expr) => {{
        use sqlx::Row;
        let row = $row;
        crate::job::Artifact {
            job_id: $crate::store::rows::parsed(row.try_get("job_id")?)?,
            name: row.try_get("name")?,
            media_type: row.try_get("media_type")?,
            sha256: row.try_get("sha256")?,
            size: row.try_get("size")?,
            uri: row.try_get("uri")?,
            created_at: row.try_get("created_at")?,
        }
    }};
}

pub(super) use {artifact, event, job};
