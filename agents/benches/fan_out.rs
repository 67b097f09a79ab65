//! How late do messages come when many read a channel?
//!
//! 1,000 subscribers of one channel, 1,000 messages a second, for some seconds: all of them must get all, and p95 of the delay between
//! publishing and the subscriber's task holding the message shall be at most 20 ms.
//!
//! ```text
//! cargo bench -p agents --bench fan_out            in memory, in an SQLite file, and in PostgreSQL if COGO_TEST_DATABASE_URL is set
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use agents::bus::{
    Bus, BusOptions, Channel, Delivery, LocalBus, NewMessage, PostgresJournal, SqliteJournal, Start, TableBus,
};
use serde_json::json;
use tokio::time::MissedTickBehavior;

const SUBSCRIBERS: usize = 1000;
const SECONDS: usize = 5;

struct Load {
    name: &'static str,
    /// Messages a second.
    rate: usize,
}

async fn measure(load: Load, bus: Arc<dyn Bus>) {
    let channel = Channel::job(&format!("bench-{}", std::process::id())).expect("a name");
    let start = Instant::now();
    let messages = load.rate * SECONDS;
    let mut readers = Vec::new();
    for _ in 0..SUBSCRIBERS {
        let mut subscription = bus.subscribe(&channel, Start::Now).await.expect("a subscription");
        readers.push(tokio::spawn(async move {
            let (mut delays, mut gone) = (Vec::with_capacity(messages), 0);
            while delays.len() + gone < messages {
                match subscription.next().await {
                    Delivery::Message(message) => {
                        let sent = message.payload.as_u64().expect("a time");
                        delays.push((start.elapsed().as_micros() as u64).saturating_sub(sent) as u32);
                    }
                    Delivery::Lagged(count) => gone += count as usize,
                }
            }
            (delays, gone)
        }));
    }
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut sent = 0;
    while sent < messages {
        ticks.tick().await;
        let due = (began.elapsed().as_micros() as usize * load.rate / 1_000_000 + 1).min(messages);
        while sent < due {
            let now = start.elapsed().as_micros() as u64;
            bus.publish(&channel, NewMessage::new("bench.tick", json!(now))).await.expect("it is published");
            sent += 1;
        }
    }
    let published = began.elapsed();
    let (mut delays, mut gone) = (Vec::with_capacity(messages * SUBSCRIBERS), 0);
    for reader in readers {
        let (own, lagged) = reader.await.expect("no panic");
        delays.extend(own);
        gone += lagged;
    }
    delays.sort_unstable();
    let at = |share: f64| f64::from(delays[((delays.len() - 1) as f64 * share) as usize]) / 1000.0;
    println!(
        "{:<22} {SUBSCRIBERS} subscribers, {:>5.0} msg/s: {} delivered, {gone} lagged; p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        load.name,
        messages as f64 / published.as_secs_f64(),
        delays.len(),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        measure(Load { name: "in memory", rate: 1000 }, Arc::new(LocalBus::default())).await;
        measure(Load { name: "in memory", rate: 2000 }, Arc::new(LocalBus::default())).await;
        let folder = tempfile::tempdir().expect("a folder");
        let journal = SqliteJournal::open(&folder.path().join("bus.db")).await.expect("a file");
        let bus = TableBus::polling(Arc::new(journal), BusOptions::default());
        measure(Load { name: "SQLite", rate: 1000 }, Arc::new(bus)).await;
        match std::env::var("COGO_TEST_DATABASE_URL") {
            Ok(url) => {
                let journal = PostgresJournal::open(&url, true).await.expect("a database");
                let bus = TableBus::listening(journal, BusOptions::default()).await.expect("a listener");
                measure(Load { name: "PostgreSQL", rate: 1000 }, Arc::new(bus)).await;
            }
            Err(_) => println!("PostgreSQL             skipped: COGO_TEST_DATABASE_URL is not set"),
        }
    });
}
