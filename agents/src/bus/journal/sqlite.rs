//! The tables in an SQLite file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

use super::{Journal, Page, message, millis, presence};
use crate::bus::message::{Channel, Member, Message, NewMessage, Presence};
use crate::bus::{Error, Result};

const BUSY: Duration = Duration::from_secs(10);

const COLUMNS_BY_KEY: &str = "
    SELECT * FROM agent_messages WHERE channel = ?1 AND tenant = ?2 AND idempotency_key = ?3";

const NUMBER: &str = "
    INSERT INTO bus_channels (channel, last) VALUES (?1, 1) ON CONFLICT (channel) DO UPDATE SET last = last + 1 RETURNING last";

const APPEND: &str = "
    INSERT INTO agent_messages (id, channel, seq, service, role, shard, tenant, intent, payload, trace_id, idempotency_key,
        attempts, created_at, expires_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, clock.now, clock.now + ?13
    FROM (SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now) clock
    RETURNING *";

const READ: &str = "
    SELECT c.last, c.pruned, m.id, c.channel, m.seq, m.service, m.role, m.shard, m.tenant, m.intent, m.payload, m.trace_id,
        m.idempotency_key, m.attempts, m.created_at, m.expires_at
    FROM bus_channels c LEFT JOIN (
        SELECT * FROM agent_messages
        WHERE channel = ?1 AND seq > ?2 AND (expires_at IS NULL OR expires_at > CAST(unixepoch('subsec') * 1000 AS INTEGER))
        ORDER BY seq LIMIT ?3
    ) m ON true
    WHERE c.channel = ?1 ORDER BY m.seq";

const BEAT: &str = "
    INSERT INTO agent_members (id, kind, meta, since, seen, until)
    SELECT ?1, ?2, ?3, clock.now, clock.now, clock.now + ?4
    FROM (SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now) clock WHERE true
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, meta = excluded.meta, seen = excluded.seen, until = excluded.until";

const EXPIRE: &str = "
    DELETE FROM agent_members WHERE until <= CAST(unixepoch('subsec') * 1000 AS INTEGER) RETURNING id, kind, meta, since, seen";

const MEMBERS: &str = "
    SELECT id, kind, meta, since, seen FROM agent_members
    WHERE until > CAST(unixepoch('subsec') * 1000 AS INTEGER) ORDER BY id";

const MARK: &str = "
    UPDATE bus_channels SET pruned = old.seq FROM (
        SELECT channel, max(seq) AS seq FROM agent_messages
        WHERE created_at < CAST(unixepoch('subsec') * 1000 AS INTEGER) - ?1 GROUP BY channel
    ) old WHERE old.channel = bus_channels.channel AND old.seq > bus_channels.pruned";

const PRUNE: &str = "
    DELETE FROM agent_messages WHERE seq <= (SELECT pruned FROM bus_channels c WHERE c.channel = agent_messages.channel)";

/// Messages and members in an SQLite file, which several processes of a machine may share.
#[derive(Clone, Debug)]
pub struct SqliteJournal {
    /// One connection: SQLite has one writer, and waiting for it here is fairer than in the file.
    pool: SqlitePool,
}

impl SqliteJournal {
    /// Opens the file, and makes it and the tables if they are not there.
    ///
    /// # Errors
    /// If the file cannot be used.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(include_str!("sqlite.sql")).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(SqliteJournal { pool })
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(&self, channel: &Channel, new: &NewMessage) -> Result<Message> {
        let payload = new.checked()?;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(key) = &new.idempotency_key {
            let earlier = sqlx::query(COLUMNS_BY_KEY).bind(channel.as_str()).bind(&new.tenant).bind(key);
            if let Some(row) = earlier.fetch_optional(&mut *transaction).await? {
                return message(&row).map(|(message, _)| Arc::unwrap_or_clone(message));
            }
        }
        let seq: i64 = sqlx::query_scalar(NUMBER).bind(channel.as_str()).fetch_one(&mut *transaction).await?;
        let append = sqlx::query(APPEND)
            .bind(Uuid::now_v7().to_string())
            .bind(channel.as_str())
            .bind(seq)
            .bind(&new.to.service)
            .bind(&new.to.role)
            .bind(&new.to.shard)
            .bind(&new.tenant)
            .bind(&new.intent)
            .bind(&payload)
            .bind(&new.trace_id)
            .bind(&new.idempotency_key)
            .bind(i64::from(new.attempts))
            .bind(new.ttl.map(millis));
        let row = append.fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        message(&row).map(|(message, _)| Arc::unwrap_or_clone(message))
    }

    async fn read(&self, channel: &Channel, after: i64, most: usize) -> Result<Page> {
        let query = sqlx::query(READ).bind(channel.as_str()).bind(after).bind(most as i64);
        let rows = query.fetch_all(&self.pool).await?;
        let mut page = Page::default();
        for row in &rows {
            (page.last, page.pruned) = (row.try_get("last")?, row.try_get("pruned")?);
            if row.try_get::<Option<String>, _>("id")?.is_some() {
                page.messages.push(message(row)?);
            }
        }
        Ok(page)
    }

    async fn beat(&self, member: &Member, ttl: Duration) -> Result<bool> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let there = sqlx::query("SELECT id FROM agent_members WHERE id = ?1").bind(&member.id);
        let is_new = there.fetch_optional(&mut *transaction).await?.is_none();
        let beat = sqlx::query(BEAT).bind(&member.id).bind(&member.kind).bind(member.meta.to_string());
        beat.bind(millis(ttl)).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(is_new)
    }

    async fn leave(&self, id: &str) -> Result<Option<Member>> {
        let leave = sqlx::query("DELETE FROM agent_members WHERE id = ?1 RETURNING id, kind, meta, since, seen");
        let row = leave.bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok(presence(&row)?.member)).transpose()
    }

    async fn expire(&self) -> Result<Vec<Member>> {
        let rows = sqlx::query(EXPIRE).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(presence(row)?.member)).collect()
    }

    async fn members(&self) -> Result<Vec<Presence>> {
        let rows = sqlx::query(MEMBERS).fetch_all(&self.pool).await?;
        rows.iter().map(presence).collect::<std::result::Result<_, Error>>()
    }

    async fn prune(&self, older_than: Duration) -> Result<u64> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(MARK).bind(millis(older_than)).execute(&mut *transaction).await?;
        let gone = sqlx::query(PRUNE).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        Ok(gone)
    }
}
