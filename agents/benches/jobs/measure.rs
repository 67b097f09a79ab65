//! What is measured, and how it is shown.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use agents::job::NewJob;
use agents::store::{self, Store};
use agents::worker::{Context, Done, Handler, Stop, Until, Worker};
use serde_json::{Value, json};

/// Jobs that a worker runs at a time, everywhere.
pub const AT_A_TIME: usize = 32;
/// Jobs that come one by one to a worker that waits.
pub const SINGLE: usize = 200;
/// So far apart.
pub const APART: Duration = Duration::from_millis(20);

pub const HEAD: &str = "who, where                jobs   enqueue/s   claim+complete/s   pickup p50     p95     p99 ms";

/// A line of the table.
pub struct Line {
    pub who: String,
    pub jobs: usize,
    pub enqueue: Duration,
    pub work: Duration,
    /// From the call that enqueues to the handler's first instruction.
    pub pickups: Vec<Duration>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |time: Duration| self.jobs as f64 / time.as_secs_f64();
        let mut pickups = self.pickups.clone();
        pickups.sort_unstable();
        let at = |part: f64| pickups[((pickups.len() - 1) as f64 * part).round() as usize].as_secs_f64() * 1000.0;
        write!(
            f,
            "{:<22} {:>7} {:>11.0} {:>18.0} {:>12.1} {:>7.1} {:>7.1}",
            self.who,
            self.jobs,
            rate(self.enqueue),
            rate(self.work),
            at(0.5),
            at(0.95),
            at(0.99)
        )
    }
}

/// Does nothing, as fast as it can.
struct Nothing(Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Handler for Nothing {
    fn kind(&self) -> &str {
        "nothing"
    }

    async fn run(&self, _: &Context) -> Result<Value, Stop> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Value::Null)
    }
}

/// Notes how long the job has waited.
struct Clocked {
    begun: Instant,
    waits: Arc<Mutex<Vec<Duration>>>,
}

#[async_trait::async_trait]
impl Handler for Clocked {
    fn kind(&self) -> &str {
        "clocked"
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        let now = self.begun.elapsed();
        let sent: u64 = context.payload()?;
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(now - Duration::from_nanos(sent));
        Ok(Value::Null)
    }
}

/// Measures the store at `url`: one connection pool enqueues, another one works, as two processes would.
pub async fn cogo(url: &str, jobs: usize) -> Line {
    let (producer, consumer) = (store::open(url).await.expect("it opens"), store::open(url).await.expect("it opens"));
    let begun = Instant::now();
    enqueue_all(&producer, jobs).await;
    let enqueue = begun.elapsed();
    let count = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let worker =
        Worker::new(consumer.clone()).with(Nothing(count.clone())).with_concurrency(AT_A_TIME).until(Until::Idle);
    let done = worker.run(std::future::pending()).await.expect("it works");
    let work = begun.elapsed();
    assert_eq!(
        (done, count.load(Ordering::Relaxed)),
        (Done { attempts: jobs as u64, recorded: jobs as u64, lost: 0 }, jobs)
    );
    let scheme = url.split(':').next().unwrap_or_default();
    Line { who: format!("cogo, {scheme}"), jobs, enqueue, work, pickups: pickups(&producer, consumer).await }
}

/// By 8 at a time, each with its own answer.
async fn enqueue_all(store: &Arc<dyn Store>, jobs: usize) {
    let tasks = (0..8).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in (task..jobs).step_by(8) {
                store.enqueue(&NewJob::new("nothing", json!(number))).await.expect("enqueued");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
}

async fn pickups(producer: &Arc<dyn Store>, consumer: Arc<dyn Store>) -> Vec<Duration> {
    let (begun, waits) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let clocked = Clocked { begun, waits: waits.clone() };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = Worker::new(consumer).with(clocked).with_concurrency(4);
    let working = tokio::spawn(worker.run(async { drop(stopped.await) }));
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..SINGLE {
        let sent = begun.elapsed().as_nanos() as u64;
        producer.enqueue(&NewJob::new("clocked", json!(sent))).await.expect("enqueued");
        tokio::time::sleep(APART).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(stop);
    working.await.expect("no panic").expect("it works");
    let waits = waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(waits.len(), SINGLE);
    waits
}
