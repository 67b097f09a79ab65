//! Leases: who holds one may write, nobody else.

use agents::job::{Note, Outcome, Pulse, Status};
use serde_json::json;

use super::{LONG, SHORT, artifact, assert_lost, attempts, expire, finish};
use crate::stores::{job, on_both};

on_both! {
    async fn who_is_too_late_writes_nothing(store) {
        let id = store.enqueue(attempts(3)).await;
        let (_, stale) = store.claim_for("a", 1, SHORT).await.pop().expect("due");
        assert_eq!(expire(store).await.retried, 1);
        let check_stale = async || {
            assert_lost(store.store.note(&stale, &[Note::progress(json!("stale"))]).await);
            assert_lost(store.store.keep_step(&stale, "stale", &json!(1)).await);
            assert_lost(store.store.attach(&stale, &artifact(id, "stale")).await);
            assert_lost(store.store.finish(&stale, &Outcome::Succeeded(json!("stale"))).await);
            let pulse = store.store.beat(std::slice::from_ref(&stale), SHORT).await.expect("beaten");
            assert_eq!(pulse, [Pulse::Lost]);
        };
        check_stale().await;
        let (job, lease) = store.claim_one("a").await;
        assert_eq!((job.attempts, job.run_lease, job.error.as_deref()), (2, 2, Some("the worker was not heard of in time")));
        check_stale().await;
        finish(store, &lease, Outcome::Succeeded(json!("fresh"))).await;
        check_stale().await;
        let done = store.job(id).await;
        assert_eq!((done.result, done.progress, done.artifacts), (Some(json!("fresh")), None, vec![]));
        assert_eq!(store.store.step(id, "stale").await.expect("read"), None);
        assert_eq!(store.words(id).await, ["scheduled", "started", "retry_scheduled", "started", "succeeded"]);
        store.check(id).await;
    }

    async fn a_beat_keeps_the_lease(store) {
        store.enqueue(job()).await;
        let (_, lease) = store.claim_for("a", 1, SHORT).await.pop().expect("due");
        let pulse = store.store.beat(std::slice::from_ref(&lease), LONG).await.expect("beaten");
        assert_eq!(pulse, [Pulse::Alive]);
        assert_eq!(expire(store).await.retried, 0, "it would be over without the beat");
        assert_eq!(finish(store, &lease, Outcome::Succeeded(json!(1))).await, Status::Succeeded);
    }

    async fn a_lease_from_a_clock_that_was_ahead_is_shortened(store) {
        let id = store.enqueue(attempts(2)).await;
        store.claim_for("a", 1, SHORT).await;
        store.sql("UPDATE agents.jobs SET lease_until = lease_until + 3600000").await;
        store.store.reap().await.expect("reaped");
        assert_eq!(expire(store).await.retried, 1);
        assert_eq!(store.job(id).await.status, Status::Queued);
    }

    async fn what_is_given_back_does_not_count(store) {
        let id = store.enqueue(attempts(1)).await;
        for _ in 0..3 {
            let (job, lease) = store.claim_one("a").await;
            assert_eq!(job.attempts, 1);
            assert_eq!(finish(store, &lease, Outcome::Returned).await, Status::Queued);
        }
        assert_eq!(store.job(id).await.attempts, 0);
        store.check(id).await;
    }
}
