//! Where messages and members are kept: the truth that hints only point to.

mod postgres;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{ColumnIndex, Decode, Row, Type};

use super::message::{Channel, Member, Message, NewMessage, Presence};
use super::{Error, Result};

pub(super) use postgres::NOTICES;
pub use postgres::PostgresJournal;
pub use sqlite::SqliteJournal;

/// Messages of a channel after a number.
#[derive(Debug, Default)]
pub struct Page {
    /// In order, with the size of their payloads; without those that have expired.
    pub messages: Vec<(Arc<Message>, usize)>,
    /// Messages up to this number were deleted.
    pub pruned: i64,
    /// The number of the last message of the channel.
    pub last: i64,
}

/// Tables of messages and members. Every method is one atomic step, by the clock of the database.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Gives a message the next number of its channel and keeps it; or finds the one with the same key. Repeated after a lost answer, it
    /// keeps one message.
    async fn append(&self, channel: &Channel, message: &NewMessage) -> Result<Message>;

    /// At most `most` messages after number `after`.
    async fn read(&self, channel: &Channel, after: i64, most: usize) -> Result<Page>;

    /// Keeps a member for so long. Whether it was not there before.
    async fn beat(&self, member: &Member, ttl: Duration) -> Result<bool>;

    /// Takes a member out; none if it was not there.
    async fn leave(&self, id: &str) -> Result<Option<Member>>;

    /// Takes out who was not heard of in time. Each is given to one caller only.
    async fn expire(&self) -> Result<Vec<Member>>;

    /// Who is there, by id.
    async fn members(&self) -> Result<Vec<Presence>>;

    /// Deletes messages that are older; how many.
    async fn prune(&self, older_than: Duration) -> Result<u64>;
}

/// Columns of a message, in any of the two databases; the payload is text.
fn message<R>(row: &R) -> Result<(Arc<Message>, usize)>
where
    R: Row,
    for<'a> &'a str: ColumnIndex<R>,
    for<'a> String: Decode<'a, R::Database> + Type<R::Database>,
    for<'a> i64: Decode<'a, R::Database> + Type<R::Database>,
    for<'a> Option<String>: Decode<'a, R::Database> + Type<R::Database>,
    for<'a> Option<i64>: Decode<'a, R::Database> + Type<R::Database>,
{
    let payload: String = row.try_get("payload")?;
    let channel: String = row.try_get("channel")?;
    let message = Message {
        id: row.try_get("id")?,
        channel: channel.parse().map_err(|_| Error::Row(format!("channel `{channel}`")))?,
        seq: row.try_get("seq")?,
        to: super::Address {
            service: row.try_get("service")?,
            role: row.try_get("role")?,
            shard: row.try_get("shard")?,
        },
        tenant: row.try_get("tenant")?,
        intent: row.try_get("intent")?,
        payload: serde_json::from_str(&payload).map_err(|error| Error::Row(format!("payload: {error}")))?,
        trace_id: row.try_get("trace_id")?,
        idempotency_key: row.try_get("idempotency_key")?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
    };
    Ok((Arc::new(message), payload.len()))
}

/// Columns of a member; `meta` is text.
fn presence<R>(row: &R) -> Result<Presence>
where
    R: Row,
    for<'a> &'a str: ColumnIndex<R>,
    for<'a> String: Decode<'a, R::Database> + Type<R::Database>,
    for<'a> i64: Decode<'a, R::Database> + Type<R::Database>,
{
    let meta: String = row.try_get("meta")?;
    let member = Member {
        id: row.try_get("id")?,
        kind: row.try_get("kind")?,
        meta: serde_json::from_str(&meta).map_err(|error| Error::Row(format!("meta: {error}")))?,
    };
    Ok(Presence { member, since: row.try_get("since")?, seen: row.try_get("seen")? })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2)
}
