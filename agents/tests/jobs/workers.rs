//! What a worker makes of what its handlers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agents::artifact::Artifacts;
use agents::job::{JobId, NewJob, Status};
use agents::retry::RetryPolicy;
use agents::worker::{Context, Done, Handler, Stop, Timing, Until, Worker};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::process::TIMING;
use crate::stores::{TestStore, on_both};

/// A handler that is a function.
struct Does<F>(&'static str, F);

#[async_trait]
impl<F> Handler for Does<F>
where
    F: AsyncHandler,
{
    fn kind(&self) -> &str {
        self.0
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        self.1.call(context.clone()).await
    }
}

trait AsyncHandler: Send + Sync + 'static {
    fn call(&self, context: Context) -> futures_util::future::BoxFuture<'static, Result<Value, Stop>>;
}

impl<F, R> AsyncHandler for F
where
    F: Fn(Context) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, Stop>> + Send + 'static,
{
    fn call(&self, context: Context) -> futures_util::future::BoxFuture<'static, Result<Value, Stop>> {
        Box::pin(self(context))
    }
}

fn quick(kind: &str, payload: Value, max_attempts: i32) -> NewJob {
    let retry = RetryPolicy { max_attempts, first_delay_ms: 1, max_delay_ms: 2, ..RetryPolicy::default() };
    NewJob { retry, ..NewJob::new(kind, payload) }
}

fn worker(store: &TestStore) -> Worker {
    let artifacts = Artifacts::in_folder(&store.folder.path().join("artifacts")).expect("a folder");
    Worker::new(store.store.clone()).with_timing(TIMING).with_artifacts(artifacts).until(Until::Idle)
}

async fn run(worker: Worker) -> Done {
    let done = tokio::time::timeout(Duration::from_secs(120), worker.run(std::future::pending())).await;
    done.expect("it ends in time").expect("it works")
}

async fn until(store: &TestStore, id: JobId, status: Status) {
    let begun = Instant::now();
    while store.job(id).await.status != status {
        assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", store.job(id).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

on_both! {
    async fn a_handler_does_its_jobs(store) {
        let ids = [store.enqueue(quick("double", json!(4), 1)).await, store.enqueue(quick("double", json!("x"), 1)).await];
        let double = Does("double", |context: Context| async move {
            let number: i64 = context.payload()?;
            context.progress(json!({ "half": number })).await?;
            context.attach("it.txt", "text/plain", number.to_string().into_bytes()).await?;
            Ok(json!(2 * number))
        });
        let done = run(worker(store).with(double)).await;
        assert_eq!(done, Done { attempts: 2, recorded: 2, lost: 0 });
        let job = store.job(ids[0]).await;
        assert_eq!((job.result, job.artifacts), (Some(json!(8)), vec!["it.txt".to_owned()]));
        let artifact = store.store.artifacts(ids[0]).await.expect("read").remove(0);
        assert!(std::fs::read(artifact.uri.strip_prefix("file://").expect("a file")).is_ok_and(|bytes| bytes == b"4"));
        let wrong = store.job(ids[1]).await;
        assert_eq!(wrong.status, Status::Failed);
        assert!(wrong.error.expect("one").contains("the payload cannot be read"));
        for id in ids {
            store.check(id).await;
        }
    }

    async fn steps_that_are_done_are_not_done_again(store) {
        let id = store.enqueue(quick("steps", json!({}), 3)).await;
        let calls: &'static AtomicUsize = Box::leak(Box::default());
        let steps = Does("steps", move |context: Context| async move {
            let first: usize = context.step("first", async || Ok(calls.fetch_add(1, Ordering::SeqCst))).await?;
            if context.job().attempts < 3 {
                return Err(Stop::retry("not yet"));
            }
            Ok(json!(first))
        });
        run(worker(store).with(steps)).await;
        let job = store.job(id).await;
        assert_eq!((job.status, job.result, job.attempts), (Status::Succeeded, Some(json!(0)), 3));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        store.check(id).await;
    }

    async fn a_panic_is_a_failed_attempt(store) {
        let id = store.enqueue(quick("panics", json!({}), 2)).await;
        let fine = store.enqueue(quick("panics", json!("fine"), 2)).await;
        let panics = Does("panics", |context: Context| async move {
            assert!(context.job().payload == json!("fine"), "it is not fine");
            Ok(json!(1))
        });
        run(worker(store).with(panics)).await;
        let job = store.job(id).await;
        assert_eq!((job.status, job.attempts), (Status::Dead, 2));
        assert_eq!(job.error.as_deref(), Some("the handler panicked: it is not fine"));
        assert_eq!(store.job(fine).await.status, Status::Succeeded);
    }

    async fn an_attempt_has_its_time(store) {
        let job = quick("slow", json!({}), 1);
        let id = store.enqueue(NewJob { retry: RetryPolicy { timeout_ms: Some(50), ..job.retry.clone() }, ..job }).await;
        let slow = Does("slow", |_: Context| async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(json!(1))
        });
        run(worker(store).with(slow)).await;
        assert_eq!(store.job(id).await.error.as_deref(), Some("it took longer than 50 ms"));
    }

    async fn what_takes_longer_than_a_lease_keeps_it(store) {
        let id = store.enqueue(quick("long", json!({}), 1)).await;
        let long = Does("long", |_: Context| async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok(json!(1))
        });
        let timing = Timing { beat: Duration::from_millis(300), lease: Duration::from_secs(3), ..TIMING };
        run(worker(store).with(long).with_timing(timing)).await;
        assert_eq!(store.words(id).await, ["scheduled", "started", "succeeded"]);
    }

    async fn a_result_that_cannot_be_stored_fails(store) {
        let id = store.enqueue(quick("large", json!({}), 3)).await;
        let large = Does("large", |_: Context| async move { Ok(json!("x".repeat(1 << 20))) });
        run(worker(store).with(large)).await;
        let job = store.job(id).await;
        assert_eq!(job.status, Status::Failed);
        assert!(job.error.expect("one").contains("artifacts"));
    }

    async fn who_is_told_to_stop_stops(store) {
        let (polite, deaf) = (store.enqueue(quick("polite", json!({}), 3)).await, store.enqueue(quick("deaf", json!({}), 3)).await);
        let late = store.enqueue(NewJob { deadline: Some(Duration::from_millis(300)), ..quick("deaf", json!({}), 3) }).await;
        let cleaned: &'static AtomicUsize = Box::leak(Box::default());
        let worker = worker(store).with_concurrency(3)
            .with(Does("polite", move |context: Context| async move {
                context.stopped().await;
                cleaned.fetch_add(1, Ordering::SeqCst);
                Err(Stop::Cancelled)
            }))
            .with(Does("deaf", |_: Context| async move { std::future::pending().await }));
        let running = tokio::spawn(run(worker));
        for id in [polite, deaf] {
            until(store, id, Status::Running).await;
            store.store.cancel(id).await.expect("asked");
        }
        running.await.expect("no panic");
        for (id, status) in [(polite, Status::Cancelled), (deaf, Status::Cancelled), (late, Status::Failed)] {
            assert_eq!(store.job(id).await.status, status);
            store.check(id).await;
        }
        assert_eq!(cleaned.load(Ordering::SeqCst), 1);
    }

    async fn a_worker_that_stops_gives_back_what_it_has(store) {
        let (quick_one, slow) = (store.enqueue(quick("ends", json!(true), 1)).await, store.enqueue(quick("ends", json!(false), 1)).await);
        let ends = || Does("ends", |context: Context| async move {
            context.stopped().await;
            if !context.payload::<bool>()? {
                std::future::pending::<()>().await;
            }
            Ok(json!(1))
        });
        let stop = Arc::new(tokio::sync::Notify::new());
        let told = stop.clone();
        let timing = Timing { grace: Duration::from_secs(2), ..TIMING };
        let first = worker(store).with(ends()).with_concurrency(2).with_timing(timing).until(Until::Stopped);
        let running = tokio::spawn(async move { first.run(async move { told.notified().await }).await });
        until(store, slow, Status::Running).await;
        until(store, quick_one, Status::Running).await;
        stop.notify_one();
        running.await.expect("no panic").expect("it worked");
        assert_eq!(store.job(quick_one).await.status, Status::Succeeded, "it had the time to end");
        let job = store.job(slow).await;
        assert_eq!((job.status, job.attempts), (Status::Queued, 0));
        store.check(slow).await;
    }

    async fn a_whole_waits_for_its_parts(store) {
        let id = store.enqueue(quick("whole", json!(3), 1)).await;
        let worker = worker(store).with_concurrency(2).until(Until::Over(id))
            .with(Does("whole", |context: Context| async move {
                let parts: usize = context.payload()?;
                let mut ids = Vec::new();
                for number in 0..parts {
                    let part = quick("part", json!(number), 1);
                    ids.push(context.enqueue(&format!("part {number}"), part).await?.id());
                }
                let (mut sum, mut open) = (0, Vec::new());
                for id in ids {
                    let job = context.store().job(id).await?.expect("it was enqueued");
                    match job.status.is_over() {
                        true => sum += job.result.and_then(|result| result.as_i64()).unwrap_or(100),
                        false => open.push(id),
                    }
                }
                if open.is_empty() { Ok(json!(sum)) } else { Err(Stop::Park { needs: open, after: Duration::ZERO }) }
            }))
            .with(Does("part", |context: Context| async move {
                match context.payload::<i64>()? {
                    1 => Err(Stop::fail("this one cannot")),
                    number => Ok(json!(number * 10)),
                }
            }));
        let foreign = store.enqueue(quick("part", json!(7), 1)).await;
        run(worker).await;
        let whole = store.job(id).await;
        assert_eq!((whole.status, whole.result), (Status::Succeeded, Some(json!(120))));
        let parts = store.store.jobs(&agents::store::Filter { parent: Some(id), ..Default::default() }).await.expect("read");
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.trace_id == whole.trace_id && part.root == id));
        assert_eq!(store.job(foreign).await.status, Status::Queued, "it is no part of it");
        store.check(id).await;
    }

    async fn work_is_picked_up_at_once(store) {
        let nap = Does("nap", |_: Context| async move { Ok(json!(1)) });
        let timing = Timing { poll: Duration::from_secs(60), ..TIMING };
        let stop = Arc::new(tokio::sync::Notify::new());
        let told = stop.clone();
        let worker = worker(store).with(nap).until(Until::Stopped).with_timing(timing);
        let running = tokio::spawn(async move { worker.run(async move { told.notified().await }).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        // Whoever looked only now and then would not come in time.
        let mut waits = Vec::new();
        for _ in 0..40 {
            let id = store.enqueue(quick("nap", json!({}), 1)).await;
            until(store, id, Status::Succeeded).await;
            let job = store.job(id).await;
            waits.push(job.started_at.expect("it has begun") - job.created_at);
        }
        waits.sort_unstable();
        eprintln!("p95 of pickup, {:?}: {} ms", store.kind, waits[37]);
        assert!(waits[39] < 30_000, "somebody waited for a poll: {waits:?} ms");
        stop.notify_one();
        running.await.expect("no panic").expect("it worked");
    }
}
