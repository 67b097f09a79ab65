//! The same jobs with apalis: as many at a time, acknowledged one by one, with the fastest way to hear of new ones that it has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::measure::{APART, AT_A_TIME, Line, SINGLE};

/// How the tables of both stores count what is acknowledged.
macro_rules! acknowledged {
    ($pool:expr, $table:literal, $queue:expr, $jobs:expr) => {
        loop {
            let statement = concat!("SELECT count(*) FROM ", $table, " WHERE status = 'Done' AND job_type = $1");
            let done: i64 = sqlx::query_scalar(statement).bind($queue).fetch_one($pool).await.expect("counted");
            if done as usize >= $jobs {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
}

/// Enqueues by 8 at a time, each with its own answer.
macro_rules! enqueue_all {
    ($backend:expr, $jobs:expr) => {{
        let begun = Instant::now();
        let tasks: Vec<_> = (0..8_usize)
            .map(|task| {
                let mut backend = $backend.clone();
                tokio::spawn(async move {
                    for number in (task..$jobs).step_by(8) {
                        backend.push(number as u64).await.expect("enqueued");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        begun.elapsed()
    }};
}

type Waits = Arc<Mutex<Vec<Duration>>>;

/// Jobs that come one by one to a worker that waits.
macro_rules! pickups {
    ($producer:expr, $consumer:expr) => {{
        let (begun, waits) = (Instant::now(), Waits::default());
        let noted = waits.clone();
        let clocked = move |sent: u64| {
            let waited = begun.elapsed() - Duration::from_nanos(sent);
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(waited);
            async { Ok::<(), BoxDynError>(()) }
        };
        let worker = WorkerBuilder::new("clocked").backend($consumer).concurrency(4).build(clocked);
        let working = tokio::spawn(worker.run());
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut producer = $producer;
        for _ in 0..SINGLE {
            producer.push(begun.elapsed().as_nanos() as u64).await.expect("enqueued");
            tokio::time::sleep(APART).await;
        }
        while waits.lock().unwrap_or_else(PoisonError::into_inner).len() < SINGLE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        working.abort();
        let waits = waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waits
    }};
}

/// Runs a worker until `acknowledged` is ready.
macro_rules! work {
    ($backend:expr, $acknowledged:expr) => {{
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let nothing = move |_: u64| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok::<(), BoxDynError>(()) }
        };
        let begun = Instant::now();
        let worker =
            WorkerBuilder::new("nothing").backend($backend).concurrency(AT_A_TIME).parallelize(tokio::spawn).build(nothing);
        let working = tokio::spawn(worker.run());
        $acknowledged;
        let took = begun.elapsed();
        working.abort();
        took
    }};
}

pub async fn sqlite(url: &str, jobs: usize) -> Line {
    // As cogo's store has it; apalis leaves this to its user.
    let options: SqliteConnectOptions = url.parse().expect("a file");
    let options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.expect("it opens");
    SqliteStorage::setup(&pool).await.expect("tables");
    let config = |queue: &str| apalis_sqlite::Config::default().queue(queue).batch_size(AT_A_TIME);
    let backend = || SqliteStorage::<u64>::new(&pool).with_config(config("nothing"));
    let often = |backend: SqliteStorage<u64>| backend.poll_with_interval(Duration::from_millis(10));
    let enqueue = enqueue_all!(backend(), jobs);
    let work = work!(often(backend()), acknowledged!(&pool, "Jobs", "nothing", jobs));
    let single = || SqliteStorage::<u64>::new(&pool).with_config(config("clocked"));
    let pickups = pickups!(single(), often(single()));
    Line { who: "apalis, sqlite".into(), jobs, enqueue, work, pickups }
}

pub async fn postgres(url: &str, jobs: usize) -> Line {
    let pool = PgPoolOptions::new().max_connections(8).connect(url).await.expect("it opens");
    PostgresStorage::setup(&pool).await.expect("tables");
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
    let (nothing, clocked) = (format!("nothing{unique}"), format!("clocked{unique}"));
    let backend = |queue: &str| {
        let config = apalis_postgres::Config::default().queue(queue).batch_size(AT_A_TIME);
        PostgresStorage::<u64>::new(&pool).with_config(config)
    };
    let enqueue = enqueue_all!(backend(&nothing), jobs);
    let work = work!(
        backend(&nothing).poll_with_interval(Duration::from_millis(10)),
        acknowledged!(&pool, "apalis.jobs", &nothing, jobs)
    );
    let pickups = pickups!(backend(&clocked), backend(&clocked).with_pubsub());
    Line { who: "apalis, postgres".into(), jobs, enqueue, work, pickups }
}
