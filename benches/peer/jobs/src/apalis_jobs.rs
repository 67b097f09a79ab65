//! The same jobs with apalis: as many at a time, each acknowledged.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::SqliteStorage;
use futures_util::Stream;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::task::JoinHandle;

use crate::measure::{APART, AT_A_TIME, Line, SINGLE};

/// How often it looks for jobs: it is not told of what other processes enqueue.
const OFTEN: Duration = Duration::from_millis(10);
/// How often it is asked whether all is done.
const ASK: Duration = Duration::from_millis(5);

/// A worker for `$handler` on `$backend`, in a task. The types of such workers are nothing to write down.
macro_rules! worker {
    ($name:literal, $backend:expr, $at_a_time:expr, $handler:expr) => {{
        let worker = WorkerBuilder::new($name).backend($backend).concurrency($at_a_time).parallelize(tokio::spawn);
        tokio::spawn(worker.build($handler).run())
    }};
}

/// In SQLite, in a new file.
pub async fn sqlite(url: &str, jobs: usize) -> Line {
    let options: SqliteConnectOptions = url.parse().expect("a file");
    let options = options.create_if_missing(true);
    // Its set-up lets one connection write without any care for the disk; that one is not used any more.
    let pool = SqlitePool::connect_with(options.clone()).await.expect("it opens");
    SqliteStorage::setup(&pool).await.expect("tables");
    pool.close().await;
    // As cogo's store has it; apalis leaves this to its user.
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
    let open = || SqlitePoolOptions::new().max_connections(4).connect_with(options.clone());
    let (producer, consumer) = (open().await.expect("it opens"), open().await.expect("it opens"));
    let storage = |pool: &SqlitePool, queue: &str| {
        let config = apalis_sqlite::Config::default().queue(queue).batch_size(AT_A_TIME);
        SqliteStorage::<u64>::new(pool).with_config(config)
    };

    let enqueue = enqueue_all(&storage(&producer, "nothing"), jobs).await;
    let (begun, count) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let often = storage(&consumer, "nothing").poll_with_stream(ticks());
    let working = worker!("nothing", often, AT_A_TIME, nothing(&count));
    acknowledged(jobs, &count, &working, async || {
        let done = sqlx::query_scalar("SELECT count(*) FROM Jobs WHERE status = 'Done' AND job_type = 'nothing'");
        done.fetch_one(&producer).await.expect("counted")
    })
    .await;
    let work = begun.elapsed();
    working.abort();

    let (begun, waits) = (Instant::now(), Waits::default());
    let often = storage(&consumer, "clocked").poll_with_stream(ticks());
    let working = worker!("clocked", often, 4, clocked(begun, &waits));
    let pickups = pickups(storage(&producer, "clocked"), begun, &waits, &working).await;
    working.abort();
    Line { who: "apalis, sqlite".into(), jobs, enqueue, work, pickups }
}

/// Wakes the worker every [`OFTEN`]. With `poll_with_interval` of version 1.0.0 a worker that had found nothing was woken after half a minute only.
fn ticks() -> impl Stream<Item = ()> + Unpin + Send + 'static {
    let mut timer = Box::pin(tokio::time::sleep(OFTEN));
    futures_util::stream::poll_fn(move |context| {
        while timer.as_mut().poll(context).is_ready() {
            timer.as_mut().reset(tokio::time::Instant::now() + OFTEN);
        }
        Poll::Pending
    })
}

type Waits = Arc<Mutex<Vec<Duration>>>;

/// A handler that does nothing.
fn nothing(count: &Arc<AtomicUsize>) -> impl Fn(u64) -> Done + Clone + Send + 'static {
    let count = count.clone();
    move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(()))
    }
}

/// A handler that notes how long the job has waited.
fn clocked(begun: Instant, waits: &Waits) -> impl Fn(u64) -> Done + Clone + Send + 'static {
    let waits = waits.clone();
    move |sent| {
        let waited = begun.elapsed() - Duration::from_nanos(sent);
        waits.lock().unwrap_or_else(PoisonError::into_inner).push(waited);
        std::future::ready(Ok(()))
    }
}

type Done = std::future::Ready<Result<(), BoxDynError>>;

/// By 8 at a time, each with its own answer.
async fn enqueue_all<B, K>(backend: &B, jobs: usize) -> Duration
where
    B: TaskSink<u64, K> + Clone + Send + Sync + 'static,
    B::Error: Debug,
    K: 'static,
{
    let begun = Instant::now();
    let tasks = (0..8_usize).map(|task| {
        let mut backend = backend.clone();
        tokio::spawn(async move {
            for number in (task..jobs).step_by(8) {
                backend.push(number as u64).await.expect("enqueued");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
    begun.elapsed()
}

/// Waits until all jobs have run, and then until the store says so of all.
async fn acknowledged<T>(jobs: usize, count: &AtomicUsize, working: &JoinHandle<T>, done: impl AsyncFn() -> i64) {
    while count.load(Ordering::Relaxed) < jobs {
        assert!(!working.is_finished(), "the worker has ended");
        tokio::time::sleep(ASK).await;
    }
    while (done().await as usize) < jobs {
        tokio::time::sleep(ASK).await;
    }
}

/// Sends jobs one by one to a worker that waits.
async fn pickups<B, K, T>(mut producer: B, begun: Instant, waits: &Waits, working: &JoinHandle<T>) -> Vec<Duration>
where
    B: TaskSink<u64, K>,
    B::Error: Debug,
{
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..SINGLE {
        producer.push(begun.elapsed().as_nanos() as u64).await.expect("enqueued");
        tokio::time::sleep(APART).await;
    }
    let noted = || waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
    while noted().len() < SINGLE {
        assert!(!working.is_finished(), "the worker has ended");
        tokio::time::sleep(ASK).await;
    }
    noted()
}
