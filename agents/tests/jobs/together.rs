//! Attempts that end at the same moment: they may be recorded together, and nobody notices.

use std::time::Duration;

use agents::Error;
use agents::job::{Lease, NewJob, Outcome, Status};
use agents::retry::RetryPolicy;
use agents::store::Store;
use agents::store::postgres::{Options, Postgres};
use serde_json::json;

use crate::stores::{Kind, TestStore, job, on, on_both};

/// Jobs that are claimed, and their leases.
async fn claimed(store: &TestStore, jobs: usize) -> Vec<Lease> {
    for _ in 0..jobs {
        let retry = RetryPolicy { max_attempts: 2, ..RetryPolicy::default() };
        store.enqueue(NewJob { retry, ..job() }).await;
    }
    store.claim("a", jobs).await.into_iter().map(|(_, lease)| lease).collect()
}

on_both! {
    async fn each_is_told_its_own_end(store) {
        let leases = claimed(store, 60).await;
        let end = |number: usize| {
            let mut lease = leases[number].clone();
            let outcome = match number % 4 {
                0 => Outcome::Succeeded(json!({ "number": number })),
                1 => Outcome::Retry { error: format!("not yet {number}"), after: Duration::from_secs(600) },
                2 => Outcome::Failed(format!("never {number}")),
                _ => {
                    // Of a claim that was never made.
                    lease.run_lease += 1;
                    Outcome::Succeeded(json!("stale"))
                }
            };
            let store = store.store.clone();
            tokio::spawn(async move { store.finish(&lease, &outcome).await })
        };
        let ends: Vec<_> = (0..leases.len()).map(|number| (number, end(number))).collect();
        for (number, ended) in ends {
            let (id, ended) = (leases[number].job_id, ended.await.expect("no panic"));
            let job = store.job(id).await;
            match (number % 4, ended) {
                (0, Ok(Status::Succeeded)) => assert_eq!(job.result, Some(json!({ "number": number }))),
                (1, Ok(Status::Queued)) => assert_eq!(job.error, Some(format!("not yet {number}"))),
                (2, Ok(Status::Failed)) => assert_eq!(job.error, Some(format!("never {number}"))),
                (3, Err(Error::Lost { id: lost })) => assert_eq!((lost, job.status), (id, Status::Running)),
                (_, ended) => panic!("{number}: {ended:?}"),
            }
            store.check(id).await;
        }
    }

    async fn only_one_of_the_same_ends_counts(store) {
        let lease = claimed(store, 1).await.remove(0);
        let ends: Vec<_> = (0..30).map(|number| {
            let (store, lease) = (store.store.clone(), lease.clone());
            tokio::spawn(async move { (number, store.finish(&lease, &Outcome::Succeeded(json!(number))).await) })
        }).collect();
        let mut counted = Vec::new();
        for end in ends {
            match end.await.expect("no panic") {
                (number, Ok(status)) => counted.push((number, status)),
                (_, lost) => assert!(matches!(lost, Err(Error::Lost { .. })), "{lost:?}"),
            }
        }
        assert_eq!(counted.len(), 1);
        assert_eq!(store.job(lease.job_id).await.result, Some(json!(counted[0].0)));
        assert_eq!(store.words(lease.job_id).await, ["scheduled", "started", "succeeded"]);
        store.check(lease.job_id).await;
    }
}

#[test]
fn an_end_that_is_refused_is_refused_alone() {
    on(Kind::Postgres, async |store| {
        let leases = claimed(store, 40).await;
        let refused = leases[7].job_id;
        // Its next event has a number that is taken.
        store.sql(&format!("UPDATE agents.jobs SET last_event = 0 WHERE id = '{refused}'")).await;
        let options = Options { patience: Duration::from_millis(500), ..Options::default() };
        let impatient = std::sync::Arc::new(Postgres::with_options(&store.url, options).await.expect("it opens"));
        let ends: Vec<_> = leases
            .iter()
            .cloned()
            .map(|lease| {
                let store = impatient.clone();
                tokio::spawn(async move { (lease.job_id, store.finish(&lease, &Outcome::Succeeded(json!(1))).await) })
            })
            .collect();
        for end in ends {
            let (id, ended) = end.await.expect("no panic");
            let expected = if id == refused { Status::Running } else { Status::Succeeded };
            assert_eq!(ended.is_err(), id == refused, "{ended:?}");
            assert_eq!(store.job(id).await.status, expected);
        }
    });
}
