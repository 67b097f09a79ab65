-- Jobs, what happened to them, and what they made. Times are milliseconds since 1970 (UTC) by the clock of this database.

CREATE TABLE jobs (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    type text NOT NULL,
    payload text NOT NULL,
    payload_hash text NOT NULL,
    status text NOT NULL CHECK (status IN ('blocked', 'queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')),
    priority integer NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    retry text NOT NULL,
    run_at integer NOT NULL,
    executor_id text,
    -- Counts the claims: who holds another number may not write.
    run_lease integer NOT NULL DEFAULT 0,
    lease_until integer,
    lease_ms integer,
    -- The last write that a worker or an operator made: who does not know whether it was recorded asks here.
    last_write text,
    cancel_requested boolean NOT NULL DEFAULT false,
    deadline integer,
    idempotency_key text,
    parent text,
    root text NOT NULL,
    trace_id text NOT NULL,
    progress text,
    result text,
    error text,
    artifacts text NOT NULL DEFAULT '[]',
    last_event integer NOT NULL DEFAULT 0,
    created_at integer NOT NULL,
    started_at integer,
    finished_at integer
);

CREATE UNIQUE INDEX jobs_key ON jobs (tenant, type, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_due ON jobs (type, priority DESC, run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_blocked ON jobs (id) WHERE status = 'blocked';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_over ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_late ON jobs (deadline) WHERE deadline IS NOT NULL AND status IN ('blocked', 'queued');
CREATE INDEX jobs_parent ON jobs (parent) WHERE parent IS NOT NULL;

-- What a blocked job waits for: until all others have succeeded, or, with `ended`, until one is over, however it ended.
CREATE TABLE job_needs (
    job_id text NOT NULL,
    needs text NOT NULL,
    ended boolean NOT NULL,
    PRIMARY KEY (job_id, needs)
);
CREATE INDEX job_needs_needs ON job_needs (needs);

-- What a job need not do again when it is tried again.
CREATE TABLE job_steps (
    job_id text NOT NULL,
    key text NOT NULL,
    output text NOT NULL,
    at integer NOT NULL,
    PRIMARY KEY (job_id, key)
);

CREATE TABLE bus_events (
    stream text NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    data text NOT NULL,
    at integer NOT NULL,
    trace_id text,
    actor text,
    tenant text NOT NULL,
    PRIMARY KEY (stream, seq)
);

-- The last number of each stream that is no job's.
CREATE TABLE event_streams (
    stream text PRIMARY KEY,
    last_event integer NOT NULL
);

CREATE TABLE artifacts (
    job_id text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    sha256 text NOT NULL,
    size integer NOT NULL,
    uri text NOT NULL,
    created_at integer NOT NULL,
    PRIMARY KEY (job_id, name)
);
CREATE INDEX artifacts_content ON artifacts (sha256);

-- Messages between agents, for a bus over this database.
CREATE TABLE agent_messages (
    id text PRIMARY KEY,
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
    expires_at integer
);
CREATE INDEX agent_messages_service ON agent_messages (service, created_at);

-- Jobs under the names that older tools use.
CREATE VIEW distributed_agent_tasks AS
    SELECT id, type AS agent, payload AS task, status, executor_id AS worker_id, attempts, result, error, created_at, started_at,
        finished_at AS completed_at
    FROM jobs;
