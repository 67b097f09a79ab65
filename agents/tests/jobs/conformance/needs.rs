//! Jobs that wait for others: dependencies and parking.

use std::time::Duration;

use agents::Error;
use agents::job::{JobId, NewJob, Outcome, Status};
use serde_json::json;

use super::{LONG, attempts, finish, skip};
use crate::stores::{job, on_both};

on_both! {
    async fn a_job_waits_for_others(store) {
        let (first, second) = (store.enqueue(NewJob::new("b", json!(1))).await, store.enqueue(NewJob::new("b", json!(2))).await);
        let id = store.enqueue(NewJob { needs: vec![first, second], ..job() }).await;
        assert_eq!(store.job(id).await.status, Status::Blocked);
        for left in [1, 0] {
            assert_eq!(store.claim("a", 1).await, [], "{left} left");
            let (_, lease) = store.claim_one("b").await;
            finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        }
        assert_eq!(store.words(id).await, ["scheduled", "released"]);
        assert_eq!(store.claim_one("a").await.0.id, id);
        // What it waits for is over already.
        let id = store.enqueue(NewJob { needs: vec![first], ..job() }).await;
        assert_eq!(store.claim_one("a").await.0.id, id);
        let none = store.store.enqueue(&NewJob { needs: vec![JobId::new()], ..job() }).await;
        assert!(matches!(none, Err(Error::Invalid(_))), "{none:?}");
        store.check(id).await;
    }

    async fn what_needs_a_failed_job_fails(store) {
        let first = store.enqueue(NewJob::new("b", json!({}))).await;
        let second = store.enqueue(NewJob { needs: vec![first], ..job() }).await;
        let third = store.enqueue(NewJob { needs: vec![second], ..job() }).await;
        let (_, lease) = store.claim_one("b").await;
        finish(store, &lease, Outcome::Failed("no".into())).await;
        for (id, needed, why) in [(second, first, "failed"), (third, second, "failed")] {
            let failed = store.job(id).await;
            assert_eq!(failed.status, Status::Failed);
            assert_eq!(failed.error, Some(format!("it needs job {needed}, which is {why}")));
            store.check(id).await;
        }
        let late = store.enqueue(NewJob { needs: vec![third], ..job() }).await;
        assert_eq!(store.job(late).await.status, Status::Failed);
        let cancelled = store.enqueue(NewJob::new("c", json!({}))).await;
        let waiting = store.enqueue(NewJob { needs: vec![cancelled], ..job() }).await;
        store.store.cancel(cancelled).await.expect("cancelled");
        assert_eq!(store.job(waiting).await.status, Status::Failed);
    }

    async fn a_parked_job_goes_on_when_one_of_the_others_is_over(store) {
        let id = store.enqueue(attempts(1)).await;
        let (_, lease) = store.claim_one("a").await;
        let parts = [store.enqueue(NewJob::new("b", json!(1))).await, store.enqueue(NewJob::new("b", json!(2))).await];
        let parked = Outcome::Parked { needs: parts.to_vec(), after: Duration::ZERO };
        assert_eq!(finish(store, &lease, parked).await, Status::Blocked);
        assert_eq!(store.claim("a", 1).await, []);
        let (part, part_lease) = store.claim_one("b").await;
        finish(store, &part_lease, Outcome::Failed("no".into())).await;
        let (again, lease) = store.claim_one("a").await;
        assert_eq!((again.id, again.attempts, again.run_lease), (id, 1, 2));
        let open = parts.iter().copied().filter(|other| *other != part.id).collect();
        finish(store, &lease, Outcome::Parked { needs: open, after: Duration::ZERO }).await;
        assert_eq!(store.claim("a", 1).await, []);
        let (_, part_lease) = store.claim_one("b").await;
        finish(store, &part_lease, Outcome::Succeeded(json!(1))).await;
        let (_, lease) = store.claim_one("a").await;
        // Those it waits for now are over.
        let parked = Outcome::Parked { needs: parts.to_vec(), after: Duration::ZERO };
        finish(store, &lease, parked).await;
        let (_, lease) = store.claim_one("a").await;
        let snoozed = Outcome::Parked { needs: vec![], after: LONG };
        assert_eq!(finish(store, &lease, snoozed).await, Status::Queued);
        assert_eq!(store.claim("a", 1).await, []);
        skip(store).await;
        let (last, lease) = store.claim_one("a").await;
        assert_eq!(last.attempts, 1);
        finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        store.check(id).await;
    }
}
