-- Messages between agents and who is there. Times are milliseconds since 1970 (UTC) by the clock of this server.

CREATE SCHEMA IF NOT EXISTS agents;

-- The row of a channel is locked by whoever appends to it: numbers become visible in order, without gaps.
CREATE TABLE IF NOT EXISTS agents.bus_channels (
    channel text PRIMARY KEY,
    last bigint NOT NULL,
    pruned bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS agents.agent_messages (
    id text PRIMARY KEY,
    channel text NOT NULL,
    seq bigint NOT NULL,
    service text NOT NULL,
    role text,
    shard text,
    tenant text NOT NULL,
    intent text NOT NULL,
    payload jsonb NOT NULL,
    trace_id text,
    idempotency_key text,
    attempts bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    expires_at bigint,
    UNIQUE (channel, seq)
);
CREATE UNIQUE INDEX IF NOT EXISTS agent_messages_key
    ON agents.agent_messages (channel, tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS agent_messages_age ON agents.agent_messages (created_at);

CREATE TABLE IF NOT EXISTS agents.agent_members (
    id text PRIMARY KEY,
    kind text NOT NULL,
    meta jsonb NOT NULL,
    since bigint NOT NULL,
    seen bigint NOT NULL,
    until bigint NOT NULL
) WITH (fillfactor = 50);
