//! Giving out jobs: what is due, the most urgent first, each to one worker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use agents::job::{JobId, NewJob, Note, Outcome, Status};
use serde_json::json;

use super::{LONG, SHORT, assert_lost, finish, retry, skip};
use crate::stores::{claim, job, lease_of, on_both, with};

on_both! {
    async fn a_job_is_made_claimed_and_done(store) {
        let id = store.enqueue(with(json!({ "path": "src", "n": [1, 2.5, null] }))).await;
        let waiting = store.job(id).await;
        assert_eq!((waiting.status, waiting.attempts, waiting.root), (Status::Queued, 0, id));
        let (claimed, lease) = store.claim_one("a").await;
        assert_eq!((claimed.id, claimed.status, claimed.attempts, claimed.run_lease), (id, Status::Running, 1, 1));
        assert_eq!(claimed.payload, json!({ "path": "src", "n": [1, 2.5, null] }));
        assert!(claimed.lease_until > Some(claimed.run_at) && claimed.started_at >= Some(claimed.created_at));
        assert_eq!(store.claim("a", 1).await, [], "it is taken");
        assert_eq!(finish(store, &lease, Outcome::Succeeded(json!({ "ok": null }))).await, Status::Succeeded);
        let done = store.job(id).await;
        assert_eq!((done.status, done.result), (Status::Succeeded, Some(json!({ "ok": null }))));
        assert_eq!(store.words(id).await, ["scheduled", "started", "succeeded"]);
        store.check(id).await;
        assert_lost(store.store.finish(&lease, &retry()).await);
        assert_lost(store.store.note(&lease, &[Note::progress(json!(1))]).await);
    }

    async fn the_most_urgent_goes_first(store) {
        let mut ids = Vec::new();
        for priority in [0, 5, 0, -3, 5] {
            ids.push(store.enqueue(NewJob { priority, ..job() }).await);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        store.enqueue(NewJob::new("b", json!({}))).await;
        let order: Vec<JobId> = store.claim("a", 10).await.iter().map(|(job, _)| job.id).collect();
        assert_eq!(order, [1, 4, 0, 2, 3].map(|number| ids[number]));
        let both = agents::job::Claim { kinds: vec!["a".into(), "b".into()], ..claim("a", 10, SHORT) };
        assert_eq!(store.store.claim(&both).await.expect("claimed").jobs.len(), 1);
    }

    async fn what_is_scheduled_waits(store) {
        let id = store.enqueue(NewJob { delay: LONG, ..job() }).await;
        let claimed = store.store.claim(&claim("a", 1, SHORT)).await.expect("claimed");
        assert!(claimed.jobs.is_empty());
        let next = claimed.next.expect("one is coming");
        assert!(next <= LONG && next > LONG / 2, "{next:?}");
        skip(store).await;
        assert_eq!(store.claim_one("a").await.0.id, id);
        assert_eq!(store.store.claim(&claim("a", 1, SHORT)).await.expect("claimed").next, None);
    }

    async fn nobody_gets_what_another_has(store) {
        for _ in 0..200 {
            store.enqueue(job()).await;
        }
        let tasks = (0..32).map(|_| {
            let store = store.store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let jobs = store.claim(&claim("a", 3, Duration::from_secs(30))).await.expect("claimed").jobs;
                    if jobs.is_empty() {
                        return mine;
                    }
                    mine.extend(jobs.iter().map(|job| job.id));
                }
            })
        });
        let mut all = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            all.extend(task.await.expect("no panic"));
        }
        assert_eq!(all.len(), 200);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 200);
    }

    async fn a_claim_may_be_for_one_job_and_its_parts(store) {
        let (one, other) = (store.enqueue(job()).await, store.enqueue(NewJob { priority: 9, ..job() }).await);
        let part = store.enqueue(NewJob { parent: Some(one), root: Some(one), ..job() }).await;
        let only = agents::job::Claim { root: Some(one), ..claim("a", 10, SHORT) };
        let jobs = store.store.claim(&only).await.expect("claimed").jobs;
        assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [one, part]);
        assert_eq!(store.job(other).await.status, Status::Queued);
        assert_eq!(lease_of(&jobs[0]).job_id, one);
    }

    async fn work_is_heard_of_from_other_processes(store) {
        let other = store.again().await;
        other.listen();
        // It rings when it has begun to listen.
        other.hint().wait().await;
        let mut slowest = Duration::ZERO;
        for _ in 0..10 {
            // What rang before is not what is waited for.
            while tokio::time::timeout(SHORT, other.hint().wait()).await.is_ok() {}
            let begun = std::time::Instant::now();
            let wait = tokio::spawn({
                let other: Arc<_> = other.clone();
                async move { other.hint().wait().await }
            });
            store.enqueue(job()).await;
            tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it rings").expect("no panic");
            slowest = slowest.max(begun.elapsed());
        }
        eprintln!("heard of after {slowest:.2?} at most, {:?}", store.kind);
    }
}
