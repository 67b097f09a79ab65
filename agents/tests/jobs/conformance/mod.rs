//! What every store promises, one promise per test.

mod claims;
mod keys;
mod leases;
mod needs;
mod records;
mod retries;
mod stopping;

use std::time::Duration;

use agents::Error;
use agents::job::{Artifact, JobId, Lease, NewJob, Outcome, Status};
use agents::retry::RetryPolicy;

use crate::stores::{TestStore, job};

const SHORT: Duration = Duration::from_millis(60);

/// Longer than any test takes: what waits for so long is still waiting when it is looked at.
const LONG: Duration = Duration::from_secs(600);

async fn expire(store: &TestStore) -> agents::store::Reaped {
    tokio::time::sleep(SHORT * 2).await;
    store.store.reap().await.expect("reaped")
}

/// Lets time pass for what is due, or too late, after [`LONG`].
async fn skip(store: &TestStore) {
    store.sql("UPDATE agents.jobs SET run_at = run_at - 600000, deadline = deadline - 600000").await;
}

fn retry() -> Outcome {
    Outcome::Retry { error: "no luck".into(), after: Duration::ZERO }
}

fn attempts(max_attempts: i32) -> NewJob {
    NewJob { retry: RetryPolicy { max_attempts, first_delay_ms: 0, ..RetryPolicy::default() }, ..job() }
}

async fn finish(store: &TestStore, lease: &Lease, outcome: Outcome) -> Status {
    store.store.finish(lease, &outcome).await.expect("finished")
}

fn artifact(job_id: JobId, name: &str) -> Artifact {
    Artifact {
        job_id,
        name: name.into(),
        media_type: "text/plain".into(),
        sha256: "0".repeat(64),
        size: 3,
        uri: "file:///x".into(),
        created_at: 0,
    }
}

#[track_caller]
fn assert_lost<T: std::fmt::Debug>(outcome: agents::Result<T>) {
    assert!(matches!(outcome, Err(Error::Lost { .. })), "{outcome:?}");
}
