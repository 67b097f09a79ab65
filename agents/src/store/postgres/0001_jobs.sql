-- Jobs, what happened to them, and what they made. Times are milliseconds since 1970 (UTC) by the clock of this database.

CREATE TABLE agents.jobs (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    payload_hash text NOT NULL,
    status text NOT NULL CHECK (status IN ('blocked', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')),
    priority integer NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    retry jsonb NOT NULL,
    run_at bigint NOT NULL,
    executor_id text,
    -- Counts the claims: who holds another number may not write.
    run_lease bigint NOT NULL DEFAULT 0,
    lease_until bigint,
    lease_ms bigint,
    -- The last write that a worker or an operator made: who does not know whether it was recorded asks here.
    last_write text,
    cancel_requested boolean NOT NULL DEFAULT false,
    deadline bigint,
    idempotency_key text,
    parent text,
    root text NOT NULL,
    trace_id text NOT NULL,
    progress jsonb,
    result jsonb,
    error text,
    artifacts jsonb NOT NULL DEFAULT '[]',
    last_event bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

CREATE UNIQUE INDEX jobs_key ON agents.jobs (tenant, type, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_due ON agents.jobs (type, priority DESC, run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_blocked ON agents.jobs (id) WHERE status = 'blocked';
CREATE INDEX jobs_running ON agents.jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_over ON agents.jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_late ON agents.jobs (deadline) WHERE deadline IS NOT NULL AND status IN ('blocked', 'queued');
CREATE INDEX jobs_parent ON agents.jobs (parent) WHERE parent IS NOT NULL;

-- What a blocked job waits for: until all others have succeeded, or, with `ended`, until one is over, however it ended.
CREATE TABLE agents.job_needs (
    job_id text NOT NULL,
    needs text NOT NULL,
    ended boolean NOT NULL,
    PRIMARY KEY (job_id, needs)
);
CREATE INDEX job_needs_needs ON agents.job_needs (needs);

-- What a job need not do again when it is tried again.
CREATE TABLE agents.job_steps (
    job_id text NOT NULL,
    key text NOT NULL,
    output jsonb NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (job_id, key)
);

CREATE TABLE agents.bus_events (
    stream text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL,
    at bigint NOT NULL,
    trace_id text,
    actor text,
    tenant text NOT NULL,
    PRIMARY KEY (stream, seq)
);

-- The last number of each stream that is no job's.
CREATE TABLE agents.event_streams (
    stream text PRIMARY KEY,
    last_event bigint NOT NULL
);

CREATE TABLE agents.artifacts (
    job_id text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    sha256 text NOT NULL,
    size bigint NOT NULL,
    uri text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (job_id, name)
);
CREATE INDEX artifacts_content ON agents.artifacts (sha256);

-- Messages between agents, for a bus over this database.
CREATE TABLE agents.agent_messages (
    id text PRIMARY KEY,
    service text NOT NULL,
    role text,
    shard text,
    tenant text NOT NULL,
    intent text NOT NULL,
    payload jsonb NOT NULL,
    trace_id text,
    idempotency_key text,
    attempts integer NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    expires_at bigint
);
CREATE INDEX agent_messages_service ON agents.agent_messages (service, created_at);

-- Jobs under the names that older tools use.
CREATE VIEW agents.distributed_agent_tasks AS
    SELECT id, type AS agent, payload AS task, status, executor_id AS worker_id, attempts, result, error, created_at, started_at,
        finished_at AS completed_at
    FROM agents.jobs;
