//! What is recorded of jobs: steps, events, artifacts, results; how it is listed and forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use agents::Error;
use agents::job::{JobId, NewEvent, NewJob, Note, Outcome, Status};
use agents::store::Filter;
use serde_json::json;

use super::{SHORT, artifact, attempts, finish, retry};
use crate::stores::{job, on_both, with};

on_both! {
    async fn a_result_may_be_null(store) {
        let id = store.enqueue(job()).await;
        let (_, lease) = store.claim_one("a").await;
        finish(store, &lease, Outcome::Succeeded(json!(null))).await;
        assert_eq!(store.job(id).await.result, Some(json!(null)));
        store.check(id).await;
    }

    async fn a_step_is_done_once(store) {
        let id = store.enqueue(attempts(2)).await;
        let (_, lease) = store.claim_one("a").await;
        assert_eq!(store.store.step(id, "scan").await.expect("read"), None);
        store.store.keep_step(&lease, "scan", &json!({ "files": 7 })).await.expect("kept");
        store.store.keep_step(&lease, "scan", &json!({ "files": 8 })).await.expect("the first one stays");
        finish(store, &lease, retry()).await;
        assert_eq!(store.store.step(id, "scan").await.expect("read"), Some(json!({ "files": 7 })));
        let (_, lease) = store.claim_one("a").await;
        store.store.keep_step(&lease, "write", &json!(null)).await.expect("kept");
        finish(store, &lease, retry()).await;
        store.store.requeue(id).await.expect("requeued");
        assert_eq!(store.store.step(id, "write").await.expect("read"), Some(json!(null)));
        let steps = store.words(id).await.iter().filter(|word| *word == "step").count();
        assert_eq!(steps, 2);
        store.check(id).await;
    }

    async fn notes_are_numbered_without_gaps(store) {
        let id = store.enqueue(job()).await;
        let (_, lease) = store.claim_one("a").await;
        let tasks = (0..8).map(|task| {
            let (store, lease) = (store.store.clone(), lease.clone());
            tokio::spawn(async move {
                for number in 0..10 {
                    let notes = [Note::partial(json!([task, number, 0])), Note::partial(json!([task, number, 1]))];
                    store.note(&lease, &notes).await.expect("noted");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("no panic");
        }
        let notes = [Note::progress(json!(1)), Note::progress(json!({ "done": 2, "text": "50 % \"x\"" })), Note::partial(json!("p"))];
        store.store.note(&lease, &notes).await.expect("noted");
        store.store.note(&lease, &[]).await.expect("nothing is noted");
        assert_eq!(store.job(id).await.progress, Some(json!({ "done": 2, "text": "50 % \"x\"" })));
        let events = store.events(id).await;
        assert_eq!(events.len(), 2 + 8 * 10 * 2 + 3);
        let partial: BTreeSet<String> = events.iter().map(|event| event.data.to_string()).collect();
        assert_eq!(partial.len(), events.len(), "all are different");
        assert!(events.iter().skip(1).all(|event| event.actor.as_deref() == Some("test")));
        store.check(id).await;
    }

    async fn artifacts_are_recorded_with_the_job(store) {
        let id = store.enqueue(job()).await;
        let (_, lease) = store.claim_one("a").await;
        for name in ["report.json", "logs/a.txt", "report.json"] {
            store.store.attach(&lease, &artifact(id, name)).await.expect("attached");
        }
        let kept = store.store.artifacts(id).await.expect("read");
        assert_eq!(kept.iter().map(|artifact| artifact.name.as_str()).collect::<Vec<_>>(), ["logs/a.txt", "report.json"]);
        assert!(kept.iter().all(|artifact| artifact.created_at > 0 && artifact.job_id == id));
        assert_eq!(store.job(id).await.artifacts, ["report.json", "logs/a.txt"]);
        store.check(id).await;
    }

    async fn other_streams_are_numbered_too(store) {
        let tasks = (0..8).map(|_| {
            let store = store.store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    let events = [NewEvent::new("online", json!({})), NewEvent::new("busy", json!({}))];
                    store.append("agents:indexer", &events).await.expect("appended");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("no panic");
        }
        let events = store.store.events("agents:indexer", 0, 1000).await.expect("read");
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=160).collect::<Vec<_>>());
        assert!(events.chunks(2).all(|pair| pair[0].kind == "online" && pair[1].kind == "busy"));
        assert_eq!(store.store.events("agents:indexer", 158, 1).await.expect("read")[0].seq, 159);
        let id = store.enqueue(job()).await;
        let forged = store.store.append(&id.stream(), &[NewEvent::new("a_succeeded", json!({}))]).await;
        assert!(matches!(forged, Err(Error::Invalid(_))));
    }

    async fn what_cannot_be_stored_is_refused(store) {
        let nul = store.store.enqueue(&with(json!({ "a": "\0" }))).await;
        assert!(matches!(nul, Err(Error::Invalid(_))));
        store.enqueue(job()).await;
        let (_, lease) = store.claim_one("a").await;
        let large = Outcome::Succeeded(json!("x".repeat(300 * 1024)));
        assert!(matches!(store.store.finish(&lease, &large).await, Err(Error::TooLarge { .. })));
        let forged = Note { name: "succeeded".into(), data: json!({}) };
        assert!(matches!(store.store.note(&lease, &[forged]).await, Err(Error::Invalid(_))));
        finish(store, &lease, Outcome::Failed("a\0b".into())).await;
        assert_eq!(store.job(lease.job_id).await.error.as_deref(), Some("a\u{fffd}b"));
    }

    async fn jobs_are_listed_the_newest_first(store) {
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.push(store.enqueue(NewJob { tenant: format!("t{}", number % 2), ..with(json!(number)) }).await);
        }
        store.enqueue(NewJob::new("b", json!({}))).await;
        let list = async |filter: Filter| -> Vec<JobId> {
            store.store.jobs(&filter).await.expect("read").iter().map(|job| job.id).collect()
        };
        let of_a = Filter { kind: Some("a".into()), ..Filter::default() };
        ids.reverse();
        assert_eq!(list(of_a.clone()).await, ids);
        assert_eq!(list(Filter { most: 2, before: Some(ids[1]), ..of_a.clone() }).await, ids[2..4]);
        assert_eq!(list(Filter { tenant: Some("t1".into()), ..of_a }).await, [ids[1], ids[3]]);
        store.claim_one("b").await;
        let counts = store.store.counts().await.expect("read");
        let counts: Vec<_> = counts.iter().map(|count| (count.kind.as_str(), count.status, count.jobs)).collect();
        assert_eq!(counts, [("a", Status::Queued, 5), ("b", Status::Running, 1)]);
    }

    async fn old_jobs_are_forgotten(store) {
        let (old, needed) = (store.enqueue(job()).await, store.enqueue(NewJob::new("b", json!({}))).await);
        let (_, lease) = store.claim_one("a").await;
        store.store.keep_step(&lease, "s", &json!(1)).await.expect("kept");
        store.store.attach(&lease, &artifact(old, "x")).await.expect("attached");
        finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        let (_, lease) = store.claim_one("b").await;
        finish(store, &lease, Outcome::Succeeded(json!(1))).await;
        store.store.append("system:events", &vec![NewEvent::new("x", json!({})); 3]).await.expect("appended");
        let waiting = store.enqueue(job()).await;
        store.sql("UPDATE agents.jobs SET status = 'blocked' WHERE status = 'queued'").await;
        store.sql(&format!("INSERT INTO agents.job_needs (job_id, needs, ended) VALUES ('{waiting}', '{needed}', false)")).await;
        assert_eq!(store.store.prune(Duration::from_secs(60)).await.expect("pruned").jobs, 0);
        tokio::time::sleep(SHORT).await;
        let pruned = store.store.prune(Duration::from_millis(1)).await.expect("pruned");
        assert_eq!((pruned.jobs, pruned.events), (1, 2));
        assert_eq!(store.store.job(old).await.expect("read"), None);
        assert!(store.store.events(&old.stream(), 0, 10).await.expect("read").is_empty());
        assert!(store.store.artifacts(old).await.expect("read").is_empty());
        assert!(store.store.job(needed).await.expect("read").is_some(), "somebody waits for it");
        assert_eq!(store.store.events("system:events", 0, 10).await.expect("read")[0].seq, 3);
    }
}
