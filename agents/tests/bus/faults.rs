//! Lost hints, cut connections, servers that restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use agents::bus::{
    Bus, BusOptions, Channel, Delivery, Journal, NewMessage, PostgresJournal, SqliteJournal, Start, TableBus, realtime,
};
use serde_json::json;

use super::conformance::{OFTEN, RARELY, next, payload};
use super::database::Database;
use super::double::{Double, Faults};

const MESSAGES: usize = 1000;

fn message(number: usize) -> NewMessage {
    NewMessage { idempotency_key: Some(format!("k-{number}")), ..NewMessage::new("test.said", json!(number)) }
}

/// Everything that is published on one bus arrives on the other, once and in order; how long the slowest took.
async fn nothing_is_lost(here: &dyn Bus, there: &dyn Bus, mut disturb: impl FnMut(usize)) -> Duration {
    let channel = Channel::job("faults").expect("a name");
    let mut subscription = there.subscribe(&channel, Start::Now).await.expect("a subscription");
    let published = Instant::now();
    let sent = AtomicUsize::new(0);
    let publish = async {
        for number in 0..MESSAGES {
            disturb(number);
            here.publish(&channel, message(number)).await.expect("it is published");
            sent.store(number + 1, Ordering::Relaxed);
            if number % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        published.elapsed()
    };
    let read = async {
        for number in 0..MESSAGES {
            assert_eq!(payload(&mut subscription).await, number, "of {}", sent.load(Ordering::Relaxed));
        }
        published.elapsed()
    };
    let (published, read) = tokio::join!(publish, read);
    let more = tokio::time::timeout(Duration::from_millis(300), subscription.next()).await;
    assert!(more.is_err(), "nothing comes twice: {more:?}");
    read.saturating_sub(published)
}

const BAD: Faults = Faults { drop: 30, duplicate: 30, delay: 30, refused_joins: 6 };
/// Looks so rarely that most messages need their hints.
const SELDOM: BusOptions = BusOptions { poll: Duration::from_millis(300), recent: 32 };

async fn over_bad_realtime(journal: impl AsyncFn() -> Arc<dyn Journal>) {
    for version in [realtime::Version::V1, realtime::Version::V2] {
        let double = Double::start(BAD).await;
        let view = async || {
            let options = realtime::Options { version, ..double.options() };
            TableBus::realtime(journal().await, options, SELDOM).expect("an address")
        };
        let (here, there) = (view().await, view().await);
        let disturb = |number: usize| match number {
            300 | 600 => double.cut(),
            450 | 750 => double.throw_out(),
            _ => {}
        };
        let late = nothing_is_lost(&here, &there, disturb).await;
        println!("{version:?}: the last message came {late:?} after it was sent; {} joins", double.joins());
        assert!(late < Duration::from_secs(2), "{late:?}");
        assert!(double.joins() >= 6 + 4, "it joined again after each fault: {}", double.joins());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn realtime_that_drops_doubles_and_reorders_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let next = AtomicUsize::new(0);
    over_bad_realtime(async || {
        // Two views of one file, and another file for the next two.
        let file = folder.path().join(format!("{}.db", next.fetch_add(1, Ordering::Relaxed) / 2));
        Arc::new(SqliteJournal::open(&file).await.expect("a file")) as Arc<dyn Journal>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn realtime_that_fails_over_postgres_loses_nothing() {
    let mut databases = Vec::new();
    for _ in 0..2 {
        let Some(database) = Database::new().await else { return };
        databases.push(database);
    }
    let next = AtomicUsize::new(0);
    over_bad_realtime(async || {
        let database = &databases[next.fetch_add(1, Ordering::Relaxed) / 2];
        Arc::new(PostgresJournal::open(&database.url(), false).await.expect("a database")) as Arc<dyn Journal>
    })
    .await;
    for database in databases {
        database.drop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_to_postgres_lose_nothing() {
    let Some(database) = Database::new().await else { return };
    let view = async || {
        let journal = PostgresJournal::open(&database.url(), true).await.expect("a database");
        TableBus::listening(journal, RARELY).await.expect("a listener")
    };
    let (here, there) = (view().await, view().await);
    let (cuts, stop) = (AtomicUsize::new(0), tokio::sync::Notify::new());
    let cutting = async {
        loop {
            tokio::select! {
                () = stop.notified() => return,
                () = tokio::time::sleep(Duration::from_millis(150)) => {
                    database.cut().await;
                    cuts.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    };
    let work = async {
        nothing_is_lost(&here, &there, |_| {}).await;
        stop.notify_one();
    };
    tokio::join!(cutting, work);
    assert!(cuts.load(Ordering::Relaxed) >= 3, "{cuts:?}");
    drop((here, there));
    database.drop().await;
}

#[tokio::test]
async fn what_is_deleted_before_it_was_read_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journals: Vec<(Arc<dyn Journal>, Option<Database>)> = Vec::new();
    journals.push((Arc::new(SqliteJournal::open(&folder.path().join("bus.db")).await.expect("a file")), None));
    if let Some(database) = Database::new().await {
        let journal = PostgresJournal::open(&database.url(), true).await.expect("a database");
        journals.push((Arc::new(journal), Some(database)));
    }
    for (journal, database) in journals {
        let bus = TableBus::polling(journal, OFTEN);
        let channel = Channel::job("pruned").expect("a name");
        for number in 0..10 {
            bus.publish(&channel, message(number)).await.expect("it is published");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        bus.publish(&channel, message(10)).await.expect("it is published");
        assert_eq!(bus.prune(Duration::from_millis(50)).await.expect("they are deleted"), 10);
        let mut subscription = bus.subscribe(&channel, Start::After(3)).await.expect("a subscription");
        assert_eq!(next(&mut subscription).await, Delivery::Lagged(7));
        assert_eq!(payload(&mut subscription).await, 10);
        // Its key is forgotten with the message, and numbers go on.
        assert_eq!(bus.publish(&channel, message(3)).await.expect("it is published").seq, 12);
        drop(bus);
        if let Some(database) = database {
            database.drop().await;
        }
    }
}

#[tokio::test]
async fn the_service_is_told_of_new_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let double = Double::start(Faults::default()).await;
    let journal = SqliteJournal::open(&folder.path().join("bus.db")).await.expect("a file");
    let asked = AtomicUsize::new(0);
    let token = move || format!("token-{}", asked.fetch_add(1, Ordering::Relaxed));
    let options = realtime::Options {
        token: Some(Arc::new(token)),
        private: true,
        heartbeat: Duration::from_millis(50),
        ..double.options()
    };
    let bus = TableBus::realtime(Arc::new(journal), options, SELDOM).expect("an address");
    let _subscription = bus.subscribe(&Channel::system(), Start::Now).await.expect("a subscription");
    let started = Instant::now();
    while double.credentials().0.len() < 4 {
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", double.credentials());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (tokens, keys) = double.credentials();
    assert_eq!(
        (&tokens[..3], &keys[..]),
        (&["token-0", "token-1", "token-2"].map(String::from)[..], &["test-key".into()][..])
    );
}
