//! The tables in PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::{Connection, Row};
use uuid::Uuid;

use super::{Journal, Page, message, millis, presence};
use crate::bus::Result;
use crate::bus::message::{Channel, Member, Message, NewMessage, Presence};

/// The name that hints are sent under. A hint is the name of a channel, which is far below the 8000 bytes that fit.
pub(in crate::bus) const NOTICES: &str = "cogo_bus";
const CONNECTIONS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(10);
/// Any number that no other program takes for its advisory lock.
const SCHEMA_LOCK: i64 = 0x636f_676f_6275_7301;

const APPEND: &str = "
    WITH numbered AS (
        INSERT INTO agents.bus_channels AS c (channel, last) VALUES ($2, 1)
        ON CONFLICT (channel) DO UPDATE SET last = c.last + 1 RETURNING last
    ), clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now)
    INSERT INTO agents.agent_messages (id, channel, seq, service, role, shard, tenant, intent, payload, trace_id,
        idempotency_key, attempts, created_at, expires_at)
    SELECT $1, $2, numbered.last, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, clock.now, clock.now + $12
    FROM numbered, clock
    RETURNING id, channel, seq, service, role, shard, tenant, intent, payload::text AS payload, trace_id, idempotency_key, attempts,
        created_at, expires_at, CASE WHEN $13 THEN pg_notify($14, $2)::text END AS told";

const FIND: &str = "
    SELECT m.id, m.channel, m.seq, m.service, m.role, m.shard, m.tenant, m.intent, m.payload::text AS payload, m.trace_id,
        m.idempotency_key, m.attempts, m.created_at, m.expires_at
    FROM agents.agent_messages m
    WHERE m.id = $1 UNION
    SELECT m.id, m.channel, m.seq, m.service, m.role, m.shard, m.tenant, m.intent, m.payload::text AS payload, m.trace_id,
        m.idempotency_key, m.attempts, m.created_at, m.expires_at
    FROM agents.agent_messages m
    WHERE m.channel = $2 AND m.tenant = $3 AND m.idempotency_key = $4";

const READ: &str = "
    SELECT c.last, c.pruned, m.id, c.channel, m.seq, m.service, m.role, m.shard, m.tenant, m.intent, m.payload::text AS payload,
        m.trace_id, m.idempotency_key, m.attempts, m.created_at, m.expires_at
    FROM agents.bus_channels c LEFT JOIN (
        SELECT * FROM agents.agent_messages
        WHERE channel = $1 AND seq > $2
            AND (expires_at IS NULL OR expires_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
        ORDER BY seq LIMIT $3
    ) m ON true
    WHERE c.channel = $1 ORDER BY m.seq";

const BEAT: &str = "
    INSERT INTO agents.agent_members AS m (id, kind, meta, since, seen, until)
    SELECT $1, $2, $3::jsonb, clock.now, clock.now, clock.now + $4
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) clock
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, meta = excluded.meta, seen = excluded.seen, until = excluded.until
    RETURNING xmax = 0 AS is_new";

const LEAVE: &str =
    "DELETE FROM agents.agent_members WHERE id = $1 RETURNING id, kind, meta::text AS meta, since, seen";

const EXPIRE: &str = "
    DELETE FROM agents.agent_members WHERE until <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    RETURNING id, kind, meta::text AS meta, since, seen";

const MEMBERS: &str = "
    SELECT id, kind, meta::text AS meta, since, seen FROM agents.agent_members
    WHERE until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint ORDER BY id";

const PRUNE: &str = "
    WITH gone AS (
        DELETE FROM agents.agent_messages m USING (
            SELECT channel, max(seq) AS seq FROM agents.agent_messages
            WHERE created_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1 GROUP BY channel
        ) old
        WHERE m.channel = old.channel AND m.seq <= old.seq RETURNING m.channel, m.seq
    ), marked AS (
        UPDATE agents.bus_channels c SET pruned = greatest(c.pruned, g.seq)
        FROM (SELECT channel, max(seq) AS seq FROM gone GROUP BY channel) g WHERE c.channel = g.channel RETURNING c.channel
    )
    SELECT count(*) FROM gone WHERE (SELECT count(*) FROM marked) >= 0";

/// Messages and members in the schema `agents` of a PostgreSQL database.
#[derive(Clone, Debug)]
pub struct PostgresJournal {
    pool: PgPool,
    notifies: bool,
}

impl PostgresJournal {
    /// Connects, and makes the tables if they are not there. With `notifies`, every message is followed by a `NOTIFY`; without, others
    /// have to learn of it in another way.
    ///
    /// # Errors
    /// If the server cannot be reached, or does not let tables be made.
    pub async fn open(url: &str, notifies: bool) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE).connect(url).await?;
        let mut connection = pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        // Two that make a schema at the same time would disturb each other.
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK).execute(&mut *transaction).await?;
        sqlx::raw_sql(include_str!("postgres.sql")).execute(&mut *transaction).await?;
        transaction.commit().await?;
        drop(connection);
        Ok(PostgresJournal { pool, notifies })
    }

    pub(in crate::bus) fn pool(&self) -> &PgPool {
        &self.pool
    }

    async fn try_append(&self, id: &str, channel: &Channel, new: &NewMessage, payload: &str) -> sqlx::Result<PgRow> {
        let find = async || {
            let query = sqlx::query(FIND).bind(id).bind(channel.as_str()).bind(&new.tenant).bind(&new.idempotency_key);
            query.fetch_optional(&self.pool).await
        };
        if new.idempotency_key.is_some()
            && let Some(earlier) = find().await?
        {
            return Ok(earlier);
        }
        let append = sqlx::query(APPEND)
            .bind(id)
            .bind(channel.as_str())
            .bind(&new.to.service)
            .bind(&new.to.role)
            .bind(&new.to.shard)
            .bind(&new.tenant)
            .bind(&new.intent)
            .bind(payload)
            .bind(&new.trace_id)
            .bind(&new.idempotency_key)
            .bind(i64::from(new.attempts))
            .bind(new.ttl.map(millis))
            .bind(self.notifies)
            .bind(NOTICES);
        match append.fetch_one(&self.pool).await {
            // Somebody else was faster, or an answer was lost.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                find().await?.ok_or(sqlx::Error::Database(error))
            }
            done => done,
        }
    }
}

/// Whether the same statement may work on another connection, or a moment later.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
        // Connections, transactions that disturbed each other, resources, shutdowns.
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn append(&self, channel: &Channel, new: &NewMessage) -> Result<Message> {
        let payload = new.checked()?;
        let id = Uuid::now_v7().to_string();
        let pauses =
            ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_max_times(6).with_jitter();
        let mut pauses = pauses.build();
        loop {
            match self.try_append(&id, channel, new, &payload).await {
                Ok(row) => return message(&row).map(|(message, _)| Arc::unwrap_or_clone(message)),
                Err(error) => match pauses.next().filter(|_| may_pass(&error)) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error.into()),
                },
            }
        }
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
        let query = sqlx::query_scalar(BEAT).bind(&member.id).bind(&member.kind);
        Ok(query.bind(member.meta.to_string()).bind(millis(ttl)).fetch_one(&self.pool).await?)
    }

    async fn leave(&self, id: &str) -> Result<Option<Member>> {
        let row = sqlx::query(LEAVE).bind(id).fetch_optional(&self.pool).await?;
        row.map(|row| Ok(presence(&row)?.member)).transpose()
    }

    async fn expire(&self) -> Result<Vec<Member>> {
        let rows = sqlx::query(EXPIRE).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(presence(row)?.member)).collect()
    }

    async fn members(&self) -> Result<Vec<Presence>> {
        let rows = sqlx::query(MEMBERS).fetch_all(&self.pool).await?;
        rows.iter().map(presence).collect()
    }

    async fn prune(&self, older_than: Duration) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(PRUNE).bind(millis(older_than)).fetch_one(&self.pool).await?;
        Ok(count as u64)
    }
}
