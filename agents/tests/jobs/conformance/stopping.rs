//! Jobs that are cancelled, and jobs that are too late.

use std::time::Duration;

use agents::Error;
use agents::job::{JobId, NewJob, Outcome, Pulse, Status};
use serde_json::json;

use super::{LONG, SHORT, attempts, expire, finish, skip};
use crate::stores::{job, on_both};

on_both! {
    async fn what_waits_is_cancelled_at_once(store) {
        let id = store.enqueue(job()).await;
        assert_eq!(store.store.cancel(id).await.expect("cancelled"), Status::Cancelled);
        assert_eq!(store.claim("a", 1).await, []);
        assert_eq!(store.store.cancel(id).await.expect("nothing happens"), Status::Cancelled);
        store.check(id).await;
        store.store.requeue(id).await.expect("requeued");
        let (_, lease) = store.claim_one("a").await;
        finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        assert!(matches!(store.store.cancel(id).await, Err(Error::State { status: Status::Succeeded, .. })));
        assert!(matches!(store.store.cancel(JobId::new()).await, Err(Error::NoJob { .. })));
        store.check(id).await;
    }

    async fn what_runs_is_asked_to_stop(store) {
        let id = store.enqueue(attempts(3)).await;
        let (_, lease) = store.claim_one("a").await;
        assert_eq!(store.store.cancel(id).await.expect("asked"), Status::Running);
        let pulse = store.store.beat(std::slice::from_ref(&lease), Duration::from_secs(30)).await.expect("beaten");
        assert_eq!(pulse, [Pulse::Cancel]);
        assert_eq!(finish(store, &lease, Outcome::Cancelled).await, Status::Cancelled);
        assert_eq!(store.words(id).await, ["scheduled", "started", "cancel_requested", "cancelled"]);
        store.check(id).await;
        // Whose worker is gone cannot be asked.
        let id = store.enqueue(attempts(3)).await;
        store.claim_for("a", 1, SHORT).await;
        store.store.cancel(id).await.expect("asked");
        assert_eq!(expire(store).await.ended, 1);
        assert_eq!(store.job(id).await.status, Status::Cancelled);
        store.check(id).await;
    }

    async fn parts_are_cancelled_with_the_whole(store) {
        let parent = store.enqueue(job()).await;
        let (_, lease) = store.claim_one("a").await;
        let part = |parent| NewJob { parent: Some(parent), root: Some(lease.job_id), ..NewJob::new("b", json!({})) };
        let child = store.enqueue(part(parent)).await;
        let grandchild = store.enqueue(part(child)).await;
        let other = store.enqueue(NewJob::new("b", json!({}))).await;
        store.store.cancel(parent).await.expect("asked");
        for (id, status) in [
            (parent, Status::Running), (child, Status::Cancelled), (grandchild, Status::Cancelled), (other, Status::Queued),
        ] {
            assert_eq!(store.job(id).await.status, status);
            store.check(id).await;
        }
    }

    async fn what_is_too_late_fails(store) {
        let id = store.enqueue(NewJob { deadline: Some(SHORT), ..job() }).await;
        tokio::time::sleep(SHORT * 2).await;
        assert_eq!(store.claim("a", 1).await, []);
        assert_eq!(store.store.reap().await.expect("reaped").late, 1);
        let late = store.job(id).await;
        assert_eq!((late.status, late.error.as_deref()), (Status::Failed, Some("the deadline has passed")));
        store.check(id).await;
        store.store.requeue(id).await.expect("requeued");
        let (_, lease) = store.claim_one("a").await;
        finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        // Who has begun is told.
        store.enqueue(NewJob { deadline: Some(LONG), ..job() }).await;
        let (_, lease) = store.claim_one("a").await;
        skip(store).await;
        tokio::time::sleep(SHORT).await;
        let pulse = store.store.beat(&[lease], SHORT).await.expect("beaten");
        assert_eq!(pulse, [Pulse::Late]);
    }
}
