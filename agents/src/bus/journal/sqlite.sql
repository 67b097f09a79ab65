-- Messages between agents and who is there. Times are milliseconds since 1970 (UTC) by the clock of this machine.

CREATE TABLE IF NOT EXISTS bus_channels (
    channel text PRIMARY KEY,
    last integer NOT NULL,
    pruned integer NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS agent_messages (
    id text PRIMARY KEY,
    channel text NOT NULL,
    seq integer NOT NULL,
    service text NOT NULL,
    role text,
    shard text,
    tenant text NOT NULL,
    intent text NOT NULL,
    payload text NOT NULL,
    trace_id text,
    idempotency_key text,
    attempts integer NOT NULL DEFAULT 0,
    created_at integer NOT NULL,
    expires_at integer,
    UNIQUE (channel, seq)
);
CREATE UNIQUE INDEX IF NOT EXISTS agent_messages_key
    ON agent_messages (channel, tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS agent_messages_age ON agent_messages (created_at);

CREATE TABLE IF NOT EXISTS agent_members (
    id text PRIMARY KEY,
    kind text NOT NULL,
    meta text NOT NULL,
    since integer NOT NULL,
    seen integer NOT NULL,
    until integer NOT NULL
) WITHOUT ROWID;
