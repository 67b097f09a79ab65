//! Whatever is done in whatever order.

use std::time::Duration;

use agents::job::{Artifact, JobId, Lease, NewJob, Note, Outcome};
use agents::retry::RetryPolicy;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::stores::{Kind, TestStore, runtime};

/// Something that somebody does. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Act {
    Enqueue { needs: Option<usize>, parent: Option<usize>, max_attempts: i32 },
    Claim,
    Note(usize, u8),
    Step(usize, u8),
    Attach(usize, u8),
    Finish(usize, u8),
    Cancel(usize),
    Requeue(usize),
    Expire,
    Reap,
}

fn act() -> impl Strategy<Value = Act> {
    let any_number = 0..20_usize;
    prop_oneof![
        3 => (proptest::option::weighted(0.3, 0..20_usize), proptest::option::weighted(0.2, 0..20_usize), 1..4)
            .prop_map(|(needs, parent, max_attempts)| Act::Enqueue { needs, parent, max_attempts }),
        4 => Just(Act::Claim),
        2 => (any_number.clone(), any::<u8>()).prop_map(|(lease, data)| Act::Note(lease, data)),
        1 => (any_number.clone(), 0..3_u8).prop_map(|(lease, key)| Act::Step(lease, key)),
        1 => (any_number.clone(), 0..3_u8).prop_map(|(lease, name)| Act::Attach(lease, name)),
        4 => (any_number.clone(), 0..7_u8).prop_map(|(lease, outcome)| Act::Finish(lease, outcome)),
        1 => any_number.clone().prop_map(Act::Cancel),
        1 => any_number.prop_map(Act::Requeue),
        1 => Just(Act::Expire),
        1 => Just(Act::Reap),
    ]
}

/// Leases are kept after they are lost, so that stale writers try their luck, too.
#[derive(Default)]
struct World {
    jobs: Vec<JobId>,
    leases: Vec<Lease>,
}

impl World {
    fn job(&self, number: usize) -> Option<JobId> {
        (!self.jobs.is_empty()).then(|| self.jobs[number % self.jobs.len()])
    }

    fn lease(&self, number: usize) -> Option<Lease> {
        (!self.leases.is_empty()).then(|| self.leases[number % self.leases.len()].clone())
    }

    async fn act(&mut self, store: &TestStore, act: &Act) {
        let inner = &store.store;
        match act {
            Act::Enqueue { needs, parent, max_attempts } => {
                let job = NewJob {
                    needs: needs.and_then(|number| self.job(number)).into_iter().collect(),
                    parent: parent.and_then(|number| self.job(number)),
                    retry: RetryPolicy { max_attempts: *max_attempts, first_delay_ms: 0, ..RetryPolicy::default() },
                    ..NewJob::new("a", json!({}))
                };
                self.jobs.push(store.enqueue(job).await);
            }
            Act::Claim => {
                let claimed = store.claim("a", 1).await;
                self.leases.extend(claimed.into_iter().map(|(_, lease)| lease));
            }
            Act::Note(number, data) => {
                if let Some(lease) = self.lease(*number) {
                    let notes = [Note::progress(json!({ "done": data })), Note::partial(json!(data))];
                    fenced(inner.note(&lease, &notes).await);
                }
            }
            Act::Step(number, key) => {
                if let Some(lease) = self.lease(*number) {
                    fenced(inner.keep_step(&lease, &format!("step {key}"), &json!(key)).await);
                }
            }
            Act::Attach(number, name) => {
                if let Some(lease) = self.lease(*number) {
                    let artifact = Artifact {
                        job_id: lease.job_id,
                        name: format!("{name}.txt"),
                        media_type: "text/plain".into(),
                        sha256: "0".repeat(64),
                        size: 1,
                        uri: "file:///x".into(),
                        created_at: 0,
                    };
                    fenced(inner.attach(&lease, &artifact).await);
                }
            }
            Act::Finish(number, outcome) => {
                if let Some(lease) = self.lease(*number) {
                    let needs = self.job(number + 1).filter(|job| *job != lease.job_id).into_iter().collect();
                    let outcome = match outcome {
                        0 => Outcome::Failed("no".into()),
                        1 | 2 => Outcome::Retry { error: "not yet".into(), after: Duration::ZERO },
                        3 => Outcome::Cancelled,
                        4 => Outcome::Parked { needs, after: Duration::ZERO },
                        5 => Outcome::Returned,
                        _ => Outcome::Succeeded(json!({ "n": number })),
                    };
                    fenced(inner.finish(&lease, &outcome).await);
                }
            }
            Act::Cancel(number) => {
                if let Some(id) = self.job(*number) {
                    drop(inner.cancel(id).await);
                }
            }
            Act::Requeue(number) => {
                if let Some(id) = self.job(*number) {
                    drop(inner.requeue(id).await);
                }
            }
            Act::Expire => {
                store.sql("UPDATE agents.jobs SET lease_until = 0 WHERE status = 'running'").await;
            }
            Act::Reap => {
                inner.reap().await.expect("reaped");
            }
        }
    }
}

fn fenced<T>(outcome: agents::Result<T>) {
    assert!(matches!(outcome, Ok(_) | Err(agents::Error::Lost { .. })), "{:?}", outcome.err());
}

fn check(kind: Kind, cases: u32) {
    let runtime = runtime();
    let Some(store) = runtime.block_on(TestStore::new(kind)) else { return };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let done = runner.run(&proptest::collection::vec(act(), 1..60), |acts| {
        runtime.block_on(async {
            // What earlier cases left is not claimed by this one.
            store.sql("DELETE FROM agents.jobs; DELETE FROM agents.job_needs").await;
            let mut world = World::default();
            for act in &acts {
                world.act(&store, act).await;
            }
            for id in &world.jobs {
                store.check(*id).await;
            }
            store.store.reap().await.expect("reaped");
            for id in &world.jobs {
                store.check(*id).await;
            }
        });
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(store.clean_up());
}

#[test]
fn events_lead_to_the_state_sqlite() {
    check(Kind::Sqlite, 150);
}

#[test]
fn events_lead_to_the_state_postgres() {
    check(Kind::Postgres, 60);
}
