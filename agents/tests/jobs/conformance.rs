//! What every store promises.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use agents::Error;
use agents::job::{Artifact, Enqueued, JobId, Lease, NewEvent, NewJob, Note, Outcome, Pulse, Status};
use agents::retry::RetryPolicy;
use agents::store::Filter;
use serde_json::json;

use crate::stores::{TestStore, claim, job, lease_of, on_both, with};

const SHORT: Duration = Duration::from_millis(60);

async fn expire(store: &TestStore) -> agents::store::Reaped {
    tokio::time::sleep(SHORT * 2).await;
    store.store.reap().await.expect("reaped")
}

/// Longer than any test takes: what waits for so long is still waiting when it is looked at.
const LONG: Duration = Duration::from_secs(600);

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

#[track_caller]
fn assert_lost<T: std::fmt::Debug>(outcome: agents::Result<T>) {
    assert!(matches!(outcome, Err(Error::Lost { .. })), "{outcome:?}");
}

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

    async fn a_result_may_be_null(store) {
        let id = store.enqueue(job()).await;
        let (_, lease) = store.claim_one("a").await;
        finish(store, &lease, Outcome::Succeeded(json!(null))).await;
        assert_eq!(store.job(id).await.result, Some(json!(null)));
        store.check(id).await;
    }

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

    async fn a_claim_may_be_for_one_job_and_its_parts(store) {
        let (one, other) = (store.enqueue(job()).await, store.enqueue(NewJob { priority: 9, ..job() }).await);
        let part = store.enqueue(NewJob { parent: Some(one), root: Some(one), ..job() }).await;
        let only = agents::job::Claim { root: Some(one), ..claim("a", 10, SHORT) };
        let jobs = store.store.claim(&only).await.expect("claimed").jobs;
        assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [one, part]);
        assert_eq!(store.job(other).await.status, Status::Queued);
        assert_eq!(lease_of(&jobs[0]).job_id, one);
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
