//! Workers and stores under faults. What is counted is printed: executed, recorded, lost, doubly recorded, seconds to recover.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use agents::job::{Enqueued, Event, JobId, NewEvent, NewJob, Note, Status};
use agents::retry::RetryPolicy;
use agents::store::Filter;
use agents::worker::{Timing, Until, Worker};
use serde_json::json;

use crate::process::{Process, TIMING, Work};
use crate::proxy::Proxy;
use crate::server::Server;
use crate::stores::{Kind, TestStore, on_both, runtime};

/// No machine is slower than this.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

pub fn work(store: &TestStore, ms: u64, max_attempts: i32) -> NewJob {
    let retry = RetryPolicy { max_attempts, first_delay_ms: 10, max_delay_ms: 50, ..RetryPolicy::default() };
    NewJob { retry, ..NewJob::new("work", json!({ "ms": ms, "file": store.folder.path().join("executed") })) }
}

fn start(store: &TestStore, name: &str) -> Process {
    Process::start(&store.url, name, store.folder.path().join("artifacts"), &[])
}

pub async fn all_over(store: &TestStore) {
    let is_over = async || store.store.counts().await.expect("read").iter().all(|count| count.status.is_over());
    wait_until("all jobs are over", is_over).await;
}

/// Every job has exactly one result, and its events say so. Prints the counts.
pub async fn check_all(store: &TestStore, what: &str, ids: &[JobId]) -> Vec<Vec<Event>> {
    let executed = std::fs::read_to_string(store.folder.path().join("executed")).unwrap_or_default().lines().count();
    let (mut recorded, mut lost, mut double) = (0, 0, 0);
    let mut streams = Vec::new();
    for id in ids {
        store.check(*id).await;
        let events = store.events(*id).await;
        let ends = events.iter().filter(|event| event.kind == "work_succeeded").count();
        match (store.job(*id).await.status, ends) {
            (Status::Succeeded, 1) => recorded += 1,
            (_, 0) => lost += 1,
            _ => double += 1,
        }
        double += repeated(&events);
        streams.push(events);
    }
    eprintln!(
        "{what}, {:?}: {} jobs, {executed} executed, {recorded} recorded, {lost} lost, {double} doubly recorded",
        store.kind,
        ids.len()
    );
    assert_eq!((recorded, lost, double), (ids.len(), 0, 0), "{what}");
    streams
}

/// Stops a process with SIGSTOP. Within a write it would hold SQLite's lock, and nobody could go on; then it is tried again.
async fn stop_between_writes(store: &TestStore, process: &Process) {
    wait_until("it is stopped between two writes", async || {
        process.signal("STOP");
        let looked = [NewEvent::new("looked", json!({}))];
        let written = tokio::time::timeout(Duration::from_secs(2), store.store.append("system:events", &looked)).await;
        if !matches!(written, Ok(Ok(_))) {
            process.signal("CONT");
        }
        matches!(written, Ok(Ok(_)))
    })
    .await;
}

/// Events that are there twice: a step per job; progress and an artifact per attempt.
fn repeated(events: &[Event]) -> usize {
    let mut seen = HashSet::new();
    let mut attempt = 0;
    let mut is_repeated = |event: &&Event| match event.kind.as_str() {
        "work_started" => {
            attempt += 1;
            false
        }
        "work_step" => !seen.insert((0, event.data["key"].to_string())),
        "work_progress" | "work_artifact" => !seen.insert((attempt, event.kind.clone())),
        _ => false,
    };
    events.iter().filter(|event| is_repeated(event)).count()
}

/// The jobs that `executor` has now.
pub async fn held_by(store: &TestStore, executor: &str) -> usize {
    let running = Filter { statuses: vec![Status::Running], most: 1000, ..Filter::default() };
    let running = store.store.jobs(&running).await.expect("read");
    running.iter().filter(|job| job.executor_id.as_deref() == Some(executor)).count()
}

/// Waits until `is_so`; how long that takes is the machine's affair, so the end of patience is far away.
pub async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn succeeded(store: &TestStore) -> i64 {
    let counts = store.store.counts().await.expect("read");
    counts.iter().filter(|count| count.status == Status::Succeeded).map(|count| count.jobs).sum()
}

/// Milliseconds from a worker's death until another one began its job again.
fn recoveries(streams: &[Vec<Event>], deaths: &HashMap<String, i64>) -> Vec<i64> {
    let mut recoveries = Vec::new();
    for events in streams {
        let mut lost_at = None;
        for event in events {
            let executor = event.data["executor"].as_str().unwrap_or_default();
            match event.kind.as_str() {
                "work_started" => {
                    if let Some(death) = lost_at.take() {
                        recoveries.push(event.at - death);
                    }
                    lost_at = deaths.get(executor).copied();
                }
                "work_succeeded" => lost_at = None,
                _ => {}
            }
        }
    }
    recoveries.sort_unstable();
    recoveries
}

on_both! {
    async fn killed_two_hundred_times_nothing_is_lost(store) {
        let mut ids = Vec::new();
        let mut deaths = HashMap::new();
        let mut workers: Vec<Process> = (0..3).map(|number| start(store, &format!("first-{number}"))).collect();
        let (mut seed, mut hits) = (7_u64, 0);
        while hits < 200 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (seed >> 45) as usize % workers.len();
            let name = workers[number].name.clone();
            let begun = Instant::now();
            while held_by(store, &name).await == 0 {
                assert!(begun.elapsed() < PATIENCE, "{name} takes no part");
                // There is always something to begin.
                let waiting = Filter { statuses: vec![Status::Queued], ..Filter::default() };
                if store.store.jobs(&waiting).await.expect("read").len() < 4 {
                    ids.push(store.enqueue(work(store, 300, 1000)).await);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis((seed >> 33) % 150)).await;
            workers[number].kill();
            deaths.insert(name.clone(), now());
            hits += usize::from(held_by(store, &name).await > 0);
            workers[number] = start(store, &format!("worker-{}", deaths.len()));
        }
        all_over(store).await;
        let streams = check_all(store, "kill -9 200 times, in the middle of jobs", &ids).await;
        let recoveries = recoveries(&streams, &deaths);
        let at = |part: f64| recoveries[((recoveries.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
        let scale = Timing::default().beat.as_secs_f64() / TIMING.beat.as_secs_f64();
        eprintln!(
            "{} workers died; recovery of {} interrupted attempts: p50 {:.2} s, p99 {:.2} s, worst {:.2} s; the product's times are {scale} times as long",
            deaths.len(), recoveries.len(), at(0.5), at(0.99), at(1.0)
        );
        assert!(at(0.99) < 10.0, "p99 {}", at(0.99));
    }

    async fn who_was_stopped_for_longer_than_its_lease_records_nothing(store) {
        let gate = store.folder.path().join("gate");
        let mut job = work(store, 20, 5);
        job.payload["gate"] = json!(gate);
        let id = store.enqueue(job).await;
        let stopped = start(store, "stopped");
        wait_until("it waits at the gate", async || store.words(id).await.contains(&"progress".to_owned())).await;
        stop_between_writes(store, &stopped).await;
        std::fs::write(&gate, "").expect("written");
        let other = Worker::new(store.store.clone()).named("other").with(Work).with_timing(TIMING).until(Until::Over(id));
        let artifacts = agents::artifact::Artifacts::in_folder(&store.folder.path().join("artifacts")).expect("a folder");
        let other = tokio::spawn(other.with_artifacts(artifacts).run(std::future::pending()));
        tokio::time::timeout(PATIENCE, other).await.expect("in time").expect("no panic").expect("it works");
        let before = store.events(id).await;
        assert_eq!(store.job(id).await.executor_id.as_deref(), Some("other"));
        stopped.signal("CONT");
        // It goes on, also with other jobs.
        let next = store.enqueue(work(store, 10, 5)).await;
        all_over(store).await;
        assert_eq!(store.job(next).await.executor_id.as_deref(), Some("stopped"));
        tokio::time::sleep(TIMING.beat).await;
        assert_eq!(store.events(id).await, before, "the one that was stopped has written");
        check_all(store, "SIGSTOP beyond the lease", &[id, next]).await;
    }

    async fn a_thousand_deliveries_are_one_job(store) {
        let tasks = (0..32).map(|task| {
            let store = store.store.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                for number in (task..1000).step_by(32) {
                    let payload = json!({ "message": 1 });
                    seen.push(store.enqueue(&NewJob::new("work", payload).with_key("message-1")).await.expect("enqueued"));
                    if number % 10 == 0 {
                        let other = NewJob::new("work", json!({ "message": 2 })).with_key("message-1");
                        let other = store.enqueue(&other).await;
                        assert!(matches!(other, Err(agents::Error::Conflict { .. })), "{other:?}");
                    }
                }
                seen
            })
        });
        let mut seen = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            seen.extend(task.await.expect("no panic"));
        }
        assert_eq!(seen.len(), 1000);
        let made = seen.iter().filter(|enqueued| matches!(enqueued, Enqueued::New(_))).count();
        assert_eq!(made, 1, "one delivery made the job");
        assert!(seen.iter().all(|enqueued| enqueued.id() == seen[0].id()));
        assert_eq!(store.store.jobs(&Filter::default()).await.expect("read").len(), 1);
        eprintln!("1000 deliveries from 32 tasks, {:?}: 1 job", store.kind);
    }

    async fn a_job_that_kills_its_worker_ends_in_the_dead_letter_queue(store) {
        let poison = NewJob { priority: 9, ..work(store, 0, 3) };
        let poison = NewJob { payload: json!({ "poison": true }), ..poison };
        let poison = store.enqueue(poison).await;
        let mut ids = Vec::new();
        for _ in 0..20 {
            ids.push(store.enqueue(work(store, 20, 10)).await);
        }
        let mut worker = start(store, "worker-0");
        let begun = Instant::now();
        let mut deaths = 0;
        while !store.job(poison).await.status.is_over() {
            assert!(begun.elapsed() < PATIENCE, "{:?}", store.job(poison).await);
            if worker.child.try_wait().expect("asked").is_some() {
                deaths += 1;
                worker = start(store, &format!("worker-{deaths}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        all_over(store).await;
        let dead = store.job(poison).await;
        assert_eq!((dead.status, dead.attempts, deaths), (Status::Dead, 3, 3));
        store.check(poison).await;
        check_all(store, "beside a poisonous job", &ids).await;
    }

    async fn a_slow_reader_holds_up_nobody(store) {
        let id = store.enqueue(work(store, 0, 1)).await;
        let (_, lease) = store.claim_one("work").await;
        let writer = tokio::spawn({
            let (store, lease) = (store.store.clone(), lease.clone());
            async move {
                let begun = Instant::now();
                for number in 0..400 {
                    let notes: Vec<Note> = (0..25).map(|part| Note::partial(json!([number, part]))).collect();
                    store.note(&lease, &notes).await.expect("noted");
                }
                begun.elapsed()
            }
        });
        let mut after = 0;
        let mut pauses = 0;
        loop {
            let page = store.store.events(&id.stream(), after, 100).await.expect("read");
            assert!(page.len() <= 100, "no more than it asked for");
            assert!(page.iter().zip(after + 1..).all(|(event, seq)| event.seq == seq), "a gap after {after}");
            after += page.len() as i64;
            if after == 10_002 {
                break;
            }
            pauses += 1;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let written = writer.await.expect("no panic");
        eprintln!("slow reader, {:?}: 10000 events written in {written:.2?}, read in {pauses} pages", store.kind);
    }
}

#[test]
fn connections_that_are_cut_all_the_time_lose_nothing() {
    crate::stores::on(Kind::Postgres, async |store| {
        let place = store.url.rsplit('@').next().and_then(|rest| rest.split('/').next()).expect("a host").to_owned();
        let (host, port) = place.split_once(':').expect("a port");
        let proxy = Proxy::new((host.to_owned(), port.parse().expect("a number")), Duration::from_millis(150));
        let through = store.url.replace(&place, &format!("127.0.0.1:{}", proxy.port));
        let cut = agents::store::open(&through).await.expect("it opens");
        let artifacts = store.folder.path().join("artifacts");
        let _workers: Vec<Process> =
            (0..2).map(|number| Process::start(&through, &format!("cut-{number}"), artifacts.clone(), &[])).collect();
        let mut ids = Vec::new();
        while ids.len() < 150 || proxy.cut.load(Ordering::Relaxed) < 100 {
            let job = work(store, 20, 1000).with_key(ids.len().to_string());
            ids.push(cut.enqueue(&job).await.expect("it gets through").id());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        proxy.spares.store(true, Ordering::Relaxed);
        all_over(store).await;
        eprintln!("{} connections were cut", proxy.cut.load(Ordering::Relaxed));
        check_all(store, "connections of 150 ms", &ids).await;
    });
}

#[test]
fn a_server_that_is_killed_and_comes_back_loses_nothing() {
    let Some(server) = Server::start() else { return };
    runtime().block_on(async {
        let store = TestStore::on(server.url.clone()).await;
        let mut ids = Vec::new();
        for _ in 0..120 {
            ids.push(store.enqueue(work(&store, 150, 50)).await);
        }
        let _workers: Vec<Process> = (0..2).map(|number| start(&store, &format!("patient-{number}"))).collect();
        for round in 1..=3 {
            wait_until("some are done", async || succeeded(&store).await >= 25 * round).await;
            server.kill();
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.revive();
        }
        let begun = Instant::now();
        all_over(&store).await;
        eprintln!("after the third restart: all done in {:.2?}", begun.elapsed());
        check_all(&store, "PostgreSQL killed 3 times", &ids).await;
        store.clean_up().await;
    });
}
