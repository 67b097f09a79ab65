//! Trying again, and the dead-letter queue.

use std::time::Duration;

use agents::Error;
use agents::job::{Outcome, Status};
use agents::store::Filter;
use serde_json::json;

use super::{LONG, SHORT, attempts, expire, finish, retry, skip};
use crate::stores::on_both;

on_both! {
    async fn attempts_count_when_they_begin(store) {
        let id = store.enqueue(attempts(3)).await;
        for attempt in 1..=3 {
            assert_eq!(store.job(id).await.status, Status::Queued);
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(store.claim_for("a", 1, SHORT).await.pop().expect("due").0.attempts, attempt);
            // Nobody says a word: the process is gone.
            expire(store).await;
        }
        let dead = store.job(id).await;
        assert_eq!((dead.status, dead.attempts), (Status::Dead, 3));
        let listed = store.store.jobs(&Filter { statuses: vec![Status::Dead], ..Filter::default() }).await.expect("read");
        assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
        store.check(id).await;
        store.store.requeue(id).await.expect("requeued");
        let again = store.job(id).await;
        assert_eq!((again.status, again.attempts, again.error), (Status::Queued, 0, None));
        let (_, lease) = store.claim_one("a").await;
        finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        store.check(id).await;
        assert!(matches!(store.store.requeue(id).await, Err(Error::State { status: Status::Succeeded, .. })));
    }

    async fn what_fails_is_tried_again_after_a_pause(store) {
        let id = store.enqueue(attempts(2)).await;
        let (_, lease) = store.claim_one("a").await;
        let outcome = Outcome::Retry { error: "x".repeat(1 << 20), after: LONG };
        assert_eq!(finish(store, &lease, outcome).await, Status::Queued);
        assert_eq!(store.job(id).await.error.expect("one").len(), 4096);
        assert_eq!(store.claim("a", 1).await, []);
        skip(store).await;
        let (_, lease) = store.claim_one("a").await;
        assert_eq!(finish(store, &lease, retry()).await, Status::Dead);
        assert_eq!(store.words(id).await, ["scheduled", "started", "retry_scheduled", "started", "failed"]);
        store.check(id).await;
    }

    async fn what_cannot_succeed_fails_at_once(store) {
        let id = store.enqueue(attempts(5)).await;
        let (_, lease) = store.claim_one("a").await;
        assert_eq!(finish(store, &lease, Outcome::Failed("no such folder".into())).await, Status::Failed);
        assert_eq!(store.job(id).await.error.as_deref(), Some("no such folder"));
        store.check(id).await;
    }
}
