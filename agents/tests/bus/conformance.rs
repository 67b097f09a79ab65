//! What every bus promises. The checks know no more of a bus than agents do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agents::bus::{
    Bus, BusOptions, Channel, Delivery, LocalBus, MAX_PAYLOAD, Member, NewMessage, PostgresJournal, SqliteJournal,
    Start, Subscription, TableBus, join, realtime,
};
use serde_json::{Value, json};

use super::database::Database;
use super::double::{Double, Faults};

/// Nothing takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn next(subscription: &mut Subscription) -> Delivery {
    tokio::time::timeout(PATIENCE, subscription.next()).await.expect("a delivery")
}

pub async fn payload(subscription: &mut Subscription) -> Value {
    match next(subscription).await {
        Delivery::Message(message) => message.payload.clone(),
        Delivery::Lagged(count) => panic!("{count} messages are gone"),
    }
}

fn message(payload: impl Into<Value>) -> NewMessage {
    NewMessage::new("test.said", payload.into())
}

async fn is_quiet(subscription: &mut Subscription) -> bool {
    tokio::time::timeout(Duration::from_millis(100), subscription.next()).await.is_err()
}

/// One or two views of the same bus: what one process does, and what another sees.
struct Views {
    here: Arc<dyn Bus>,
    there: Arc<dyn Bus>,
}

async fn messages_arrive_in_order_with_everything_in_them(views: &Views) {
    let channel = Channel::job("order").expect("a name");
    let mut first = views.there.subscribe(&channel, Start::Now).await.expect("a subscription");
    let sent = NewMessage {
        to: agents::bus::Address { service: "research".into(), role: Some("reader".into()), shard: Some("3".into()) },
        trace_id: Some("t-1".into()),
        attempts: 2,
        ttl: Some(Duration::from_secs(60)),
        ..message(json!({ "text": "토큰 🦀 \"quoted\" \\ \n", "number": 1.5, "nothing": null }))
    };
    let published = views.here.publish(&channel, sent.clone()).await.expect("it is published");
    let Delivery::Message(got) = next(&mut first).await else { panic!("it is the first") };
    assert_eq!(got, published);
    assert_eq!(
        (&got.to, &got.tenant, &got.intent, &got.payload),
        (&sent.to, &sent.tenant, &sent.intent, &sent.payload)
    );
    assert_eq!((got.seq, got.attempts, got.trace_id.as_deref()), (1, 2, Some("t-1")));
    assert_eq!(got.expires_at, Some(got.at + 60_000));
    for number in 0..200 {
        views.here.publish(&channel, message(number)).await.expect("it is published");
    }
    for number in 0..200 {
        assert_eq!(payload(&mut first).await, number);
    }
    assert_eq!(first.position(), 201);
    assert!(is_quiet(&mut first).await);
    // From the start, from the middle, from now on.
    let mut again = views.there.subscribe(&channel, Start::After(199)).await.expect("a subscription");
    assert_eq!((payload(&mut again).await, payload(&mut again).await), (json!(198), json!(199)));
    let mut late = views.there.subscribe(&channel, Start::Now).await.expect("a subscription");
    assert!(is_quiet(&mut late).await);
    views.here.publish(&channel, message("last")).await.expect("it is published");
    assert_eq!((payload(&mut again).await, payload(&mut late).await), (json!("last"), json!("last")));
}

async fn channels_are_apart(views: &Views) {
    let (one, other) = (Channel::agent("one").expect("a name"), Channel::agent("other").expect("a name"));
    let mut subscription = views.there.subscribe(&one, Start::After(0)).await.expect("a subscription");
    views.here.publish(&other, message("other")).await.expect("it is published");
    let published = views.here.publish(&one, message("one")).await.expect("it is published");
    assert_eq!((payload(&mut subscription).await, published.seq), (json!("one"), 1));
    assert!(is_quiet(&mut subscription).await);
}

async fn many_may_publish_at_once(views: &Views) {
    let channel = Channel::job("many").expect("a name");
    let mut subscription = views.there.subscribe(&channel, Start::Now).await.expect("a subscription");
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (bus, channel) = ([&views.here, &views.there][task % 2].clone(), channel.clone());
            tokio::spawn(async move {
                for number in 0..25 {
                    bus.publish(&channel, message(json!([task, number]))).await.expect("it is published");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let mut last = [-1i64; 8];
    for seq in 1..=200 {
        let Delivery::Message(got) = next(&mut subscription).await else { panic!("nobody is slow") };
        let (task, number) =
            (got.payload[0].as_u64().expect("a task") as usize, got.payload[1].as_i64().expect("a number"));
        assert_eq!((got.seq, number), (seq, last[task] + 1), "each task's messages are in order");
        last[task] = number;
    }
}

async fn a_key_is_sent_once(views: &Views) {
    let channel = Channel::job("keys").expect("a name");
    let keyed = |payload: Value, tenant: &str| NewMessage {
        idempotency_key: Some("k-1".into()),
        tenant: tenant.into(),
        ..message(payload)
    };
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let (bus, channel) = ([&views.here, &views.there][number % 2].clone(), channel.clone());
            let message = keyed(number.into(), "a");
            tokio::spawn(async move { bus.publish(&channel, message).await.expect("it is published").id.clone() })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.expect("no panic"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "all get the same message");
    let other = views.here.publish(&channel, keyed(json!("other"), "b")).await.expect("it is published");
    assert_eq!(other.seq, 2, "another tenant's key is another key, and no number is left out");
}

async fn large_payloads_fit_and_too_large_ones_are_refused(views: &Views) {
    let channel = Channel::job("large").expect("a name");
    let mut subscription = views.there.subscribe(&channel, Start::Now).await.expect("a subscription");
    // A notice of PostgreSQL has room for 8000 bytes.
    for size in [7_990, 8_000, 8_010, MAX_PAYLOAD - 2] {
        views.here.publish(&channel, message("x".repeat(size))).await.expect("it fits");
        assert_eq!(payload(&mut subscription).await.as_str().map(str::len), Some(size));
    }
    let error = views.here.publish(&channel, message("x".repeat(MAX_PAYLOAD))).await.expect_err("too large");
    assert!(error.to_string().contains("artifact"), "{error}");
    let zero = views.here.publish(&channel, message("a\0b")).await.expect_err("it cannot be kept everywhere");
    assert!(zero.to_string().contains("U+0000"), "{zero}");
    let literal = views.here.publish(&channel, message(r"\u0000 is only text")).await.expect("it is harmless");
    assert_eq!((literal.seq, payload(&mut subscription).await), (5, json!(r"\u0000 is only text")));
}

async fn what_has_expired_is_not_delivered(views: &Views) {
    let channel = Channel::job("expired").expect("a name");
    let short = NewMessage { ttl: Some(Duration::from_millis(30)), ..message("short") };
    views.here.publish(&channel, short.clone()).await.expect("it is published");
    views.here.publish(&channel, message("long")).await.expect("it is published");
    views.here.publish(&channel, short).await.expect("it is published");
    tokio::time::sleep(Duration::from_millis(60)).await;
    let mut subscription = views.there.subscribe(&channel, Start::After(0)).await.expect("a subscription");
    assert_eq!(payload(&mut subscription).await, "long");
    assert!(is_quiet(&mut subscription).await);
    views.here.publish(&channel, message("next")).await.expect("it is published");
    assert_eq!(payload(&mut subscription).await, "next");
}

/// Whoever reads slowly misses nothing, or is told how much; nobody waits for them.
async fn slow_readers_hold_nobody_up(views: &Views) {
    let channel = Channel::job("slow").expect("a name");
    let mut slow = views.there.subscribe(&channel, Start::Now).await.expect("a subscription");
    let mut fast = views.there.subscribe(&channel, Start::Now).await.expect("a subscription");
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 300 {
            match next(&mut fast).await {
                Delivery::Message(message) => seen = message.seq as u64,
                Delivery::Lagged(count) => seen += count,
            }
        }
    });
    for number in 1..=300 {
        views.here.publish(&channel, message(number)).await.expect("it is published");
    }
    reader.await.expect("the fast one is done");
    let (mut seen, mut gone) = (0, 0);
    while seen + gone < 300 {
        match next(&mut slow).await {
            Delivery::Message(message) => {
                seen += 1;
                assert_eq!(message.seq as u64, seen + gone, "what is missing was told of before");
            }
            Delivery::Lagged(count) => gone += count,
        }
    }
    assert!(seen >= 16 && is_quiet(&mut slow).await, "{seen} seen, {gone} gone");
}

async fn members_come_and_go(views: &Views) {
    let mut events = views.there.subscribe(&Channel::system(), Start::Now).await.expect("a subscription");
    let member = |id: &str| Member { id: id.into(), kind: "research".into(), meta: json!({ "slots": 2 }) };
    let ttl = Duration::from_millis(600);
    let online = join(views.here.clone(), member("a"), ttl).await.expect("it joins");
    views.here.announce(&member("b"), ttl).await.expect("it is announced");
    let ids = async || -> Vec<String> {
        let members = views.there.members().await.expect("members");
        members.into_iter().map(|presence| presence.member.id).collect()
    };
    assert_eq!(ids().await, ["a", "b"]);
    let mut told = async || {
        let Delivery::Message(message) = next(&mut events).await else { panic!("nobody is slow") };
        (message.intent.clone(), message.payload["id"].as_str().unwrap_or_default().to_owned())
    };
    let is = |told: (String, String), intent: &str, id: &str| (told.0 == intent && told.1 == id).then_some(());
    is(told().await, "agent.online", "a").expect("a comes");
    is(told().await, "agent.online", "b").expect("b comes");
    // One keeps its heart beating; nobody hears of the other.
    let started = Instant::now();
    while ids().await != ["a"] {
        assert!(started.elapsed() < PATIENCE, "b is gone after {ttl:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    is(told().await, "agent.offline", "b").expect("b goes");
    let members = views.there.members().await.expect("members");
    assert!(members[0].seen > members[0].since && members[0].member == member("a"), "{members:?}");
    online.leave().await.expect("it leaves");
    is(told().await, "agent.offline", "a").expect("a goes");
    assert!(ids().await.is_empty());
    views.here.leave("nobody").await.expect("that is no matter");
}

async fn conforms(views: &Views) {
    messages_arrive_in_order_with_everything_in_them(views).await;
    channels_are_apart(views).await;
    many_may_publish_at_once(views).await;
    a_key_is_sent_once(views).await;
    large_payloads_fit_and_too_large_ones_are_refused(views).await;
    what_has_expired_is_not_delivered(views).await;
    slow_readers_hold_nobody_up(views).await;
    members_come_and_go(views).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory() {
    let bus: Arc<dyn Bus> = Arc::new(LocalBus::default());
    conforms(&Views { here: bus.clone(), there: bus }).await;
    // With little memory, all that changes is how many messages are gone.
    let bus: Arc<dyn Bus> = Arc::new(LocalBus::with_capacity(16));
    slow_readers_hold_nobody_up(&Views { here: bus.clone(), there: bus }).await;
}

/// Looks often, so that tests without hints are not slow.
pub const OFTEN: BusOptions = BusOptions { poll: Duration::from_millis(20), recent: 64 };
/// Looks so rarely that hints must work.
pub const RARELY: BusOptions = BusOptions { poll: Duration::from_secs(3600), recent: 64 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_sqlite_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let view = async || {
        let journal = SqliteJournal::open(&folder.path().join("bus.db")).await.expect("a file");
        Arc::new(TableBus::polling(Arc::new(journal), OFTEN)) as Arc<dyn Bus>
    };
    conforms(&Views { here: view().await, there: view().await }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_postgres() {
    let Some(database) = Database::new().await else { return };
    let view = async || {
        let journal = PostgresJournal::open(&database.url(), true).await.expect("a database");
        Arc::new(TableBus::listening(journal, RARELY).await.expect("a listener")) as Arc<dyn Bus>
    };
    let views = Views { here: view().await, there: view().await };
    conforms(&views).await;
    drop(views);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_realtime() {
    let folder = tempfile::tempdir().expect("a folder");
    for version in [realtime::Version::V1, realtime::Version::V2] {
        let double = Double::start(Faults::default()).await;
        let view = async || {
            let file = folder.path().join(format!("{version:?}.db"));
            let journal = SqliteJournal::open(&file).await.expect("a file");
            let options = realtime::Options { version, ..double.options() };
            Arc::new(TableBus::realtime(Arc::new(journal), options, RARELY).expect("an address")) as Arc<dyn Bus>
        };
        conforms(&Views { here: view().await, there: view().await }).await;
        assert!(double.broadcasts() > 500, "hints went through the service: {}", double.broadcasts());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_realtime_with_postgres() {
    let Some(database) = Database::new().await else { return };
    let double = Double::start(Faults::default()).await;
    let view = async || {
        let journal = PostgresJournal::open(&database.url(), false).await.expect("a database");
        Arc::new(TableBus::realtime(Arc::new(journal), double.options(), RARELY).expect("an address")) as Arc<dyn Bus>
    };
    let views = Views { here: view().await, there: view().await };
    conforms(&views).await;
    drop(views);
    database.drop().await;
}
