//! A key makes one job.

use agents::Error;
use agents::job::{Enqueued, NewJob, Outcome};
use serde_json::json;

use super::finish;
use crate::stores::{job, on_both, with};

on_both! {
    async fn the_same_key_is_the_same_job(store) {
        let first = store.store.enqueue(&with(json!({ "b": 1, "a": 2 })).with_key("k")).await.expect("enqueued");
        let again = store.store.enqueue(&with(json!({ "a": 2, "b": 1 })).with_key("k")).await.expect("enqueued");
        assert_eq!(again, Enqueued::Existing(first.id()));
        let other = store.store.enqueue(&with(json!({ "a": 3 })).with_key("k")).await;
        assert!(matches!(other, Err(Error::Conflict { id, .. }) if id == first.id()), "{other:?}");
        let elsewhere = NewJob { tenant: "other".into(), ..with(json!({ "a": 3 })).with_key("k") };
        assert!(matches!(store.store.enqueue(&elsewhere).await, Ok(Enqueued::New(_))));
        let other_type = NewJob::new("b", json!({})).with_key("k");
        assert!(matches!(store.store.enqueue(&other_type).await, Ok(Enqueued::New(_))));
        // Also when the job is over.
        let (_, lease) = store.claim_one("a").await;
        finish(store, &lease, Outcome::Failed("no".into())).await;
        let again = store.store.enqueue(&with(json!({ "a": 2, "b": 1 })).with_key("k")).await.expect("enqueued");
        assert_eq!(again, Enqueued::Existing(first.id()));
    }

    async fn sending_the_same_job_twice_makes_one(store) {
        let job = job();
        assert_eq!(store.store.enqueue(&job).await.expect("enqueued"), Enqueued::New(job.id));
        assert_eq!(store.store.enqueue(&job).await.expect("enqueued").id(), job.id);
        assert_eq!(store.claim("a", 10).await.len(), 1);
        assert_eq!(store.events(job.id).await.len(), 2);
    }

    async fn several_processes_share_a_store(store) {
        let others = [store.again().await, store.again().await];
        let mut tasks = Vec::new();
        for (number, other) in others.into_iter().cycle().take(8).enumerate() {
            tasks.push(tokio::spawn(async move {
                for key in 0..20 {
                    let job = NewJob::new("a", json!(key)).with_key(format!("{key}"));
                    other.enqueue(&job).await.unwrap_or_else(|error| panic!("task {number}: {error}"));
                }
            }));
        }
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(store.claim("a", 100).await.len(), 20);
    }
}
