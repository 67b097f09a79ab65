//! A guarded call, from outside.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use agents::guard::{
    Blame, Budget, Call, Done, Error, Fault, Guard, Limits, Memory, Policies, Record, RecordError, Recorder, Scope,
    State,
};
use async_trait::async_trait;
use llm::{Charge, Usage, Usd};
use serde_json::{Value, json};

/// Rules that tests need not wait for.
pub fn policies(retry: Value, breaker: Value, rate: Value) -> Policies {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, rule) in [("retry_policy", retry), ("circuit_breaker", breaker), ("rate_limit", rate)] {
        let file = json!({ "default": rule, "keys": { "llm.*": rule } });
        std::fs::write(folder.path().join(format!("{name}.json")), file.to_string()).expect("write");
    }
    Policies::load(Some(folder.path())).expect("rules")
}

fn quick() -> Guard {
    let retry = json!({ "max_attempts": 3, "first_delay_ms": 5, "max_delay_ms": 2000, "timeout_ms": 100 });
    let breaker = json!({ "min_requests": 4, "open_ms": 150, "half_open_probes": 2 });
    Guard::new(policies(retry, breaker, json!({})))
}

fn scope(limits: Limits) -> (Scope, Memory) {
    let memory = Memory::default();
    let budget = Arc::new(Budget::new(limits));
    (Scope { trace: "trace-1".into(), budget, recorder: Arc::new(memory.clone()) }, memory)
}

fn call(key: &str) -> Call {
    Call { key: key.into(), request: json!({ "q": 1 }), worst: Charge::default() }
}

fn passing() -> Fault {
    Fault::new(Blame::Passing, "try later")
}

/// Fails so many times, then works.
async fn flaky(guard: &Guard, scope: &Scope, key: &str, failures: usize, fault: Fault) -> (Result<u32, Error>, usize) {
    let made = AtomicUsize::new(0);
    let result = guard
        .call(scope, call(key), || async {
            match made.fetch_add(1, Ordering::Relaxed) {
                number if number < failures => Err(fault.clone()),
                _ => Ok(Done::free(7)),
            }
        })
        .await;
    (result, made.into_inner())
}

#[tokio::test]
async fn passing_failures_are_tried_again_and_others_are_not() {
    let (guard, (scope, memory)) = (quick(), scope(Limits::default()));
    let (result, made) = flaky(&guard, &scope, "tool.a", 2, passing()).await;
    assert_eq!((result.expect("the third try"), made), (7, 3));
    let (result, made) = flaky(&guard, &scope, "tool.b", 3, passing()).await;
    let error = result.expect_err("three tries");
    assert!(error.is_transient() && made == 3, "{error}");
    assert_eq!(error.to_string(), "`tool.b` failed after 3 attempts");
    let (result, made) = flaky(&guard, &scope, "tool.c", 1, Fault::new(Blame::Caller, "no such file")).await;
    assert!(!result.expect_err("it is wrong").is_transient() && made == 1);
    let (_, made) = flaky(&guard, &scope, "tool.d", 1, Fault::new(Blame::Lasting, "nonsense")).await;
    assert_eq!((made, scope.budget.spent().0), (1, 8));
    let events: Vec<&str> = memory.records().iter().map(|record| record.event).collect();
    assert_eq!(events, ["call_succeeded", "call_failed", "call_failed", "call_failed"]);
}

#[tokio::test]
async fn whoever_asks_to_wait_is_waited_for_unless_it_is_too_long() {
    let (guard, (scope, _)) = (quick(), scope(Limits::default()));
    let asks = |millis| Fault { retry_after: Some(Duration::from_millis(millis)), ..passing() };
    let started = Instant::now();
    let (result, _) = flaky(&guard, &scope, "tool.a", 1, asks(300)).await;
    assert!(result.is_ok() && started.elapsed() >= Duration::from_millis(300));
    let (result, made) = flaky(&guard, &scope, "tool.b", 1, asks(60_000)).await;
    assert_eq!(result.expect_err("too long").retry_after(), Some(Duration::from_secs(60)));
    assert_eq!(made, 1);
    // No pause outlives the time of the run.
    let (scope, _) = self::scope(Limits { time: Some(Duration::from_millis(200)), ..Limits::default() });
    let started = Instant::now();
    let (result, _) = flaky(&guard, &scope, "tool.c", 1, asks(1500)).await;
    assert!(result.is_err() && started.elapsed() < Duration::from_millis(190));
}

#[tokio::test]
async fn a_breaker_keeps_calls_away_and_lets_probes_through() {
    let (guard, (scope, _)) = (quick(), scope(Limits::default()));
    for _ in 0..2 {
        flaky(&guard, &scope, "mcp.call.x.y", 3, passing()).await.0.expect_err("it fails");
    }
    assert_eq!(guard.state("mcp.call.x.y"), State::Open);
    let (result, made) = flaky(&guard, &scope, "mcp.call.x.y", 0, passing()).await;
    assert!(matches!(result, Err(Error::Open { .. })) && made == 0);
    assert_eq!(flaky(&guard, &scope, "mcp.call.x.z", 0, passing()).await.1, 1, "other keys have their own");
    tokio::time::sleep(Duration::from_millis(160)).await;
    assert_eq!(guard.state("mcp.call.x.y"), State::HalfOpen);
    flaky(&guard, &scope, "mcp.call.x.y", 0, passing()).await.0.expect("a probe");
    flaky(&guard, &scope, "mcp.call.x.y", 0, passing()).await.0.expect("a probe");
    assert_eq!(guard.state("mcp.call.x.y"), State::Closed);
    let health = guard.health();
    assert_eq!(serde_json::to_value(&health[0]).expect("JSON"), json!({ "key": "mcp.call.x.y", "state": "closed" }));
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_and_counts_as_the_most_it_can_be() {
    let (guard, (scope, memory)) = (quick(), scope(Limits::default()));
    let worst = Charge { usage: Usage { input: 10, output: 5 }, cost: Usd::default() };
    let call = Call { worst, ..call("tool.slow") };
    let hangs = || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(Done::free(0))
    };
    let error = guard.call(&scope, call, hangs).await.expect_err("it hangs");
    assert!(matches!(error, Error::Timeout { attempts: 3, .. }), "{error:?}");
    let (calls, spent) = scope.budget.spent();
    assert_eq!((calls, spent.usage.total(), spent.bounded), (3, 45, 3));
    assert_eq!(memory.records()[0].data["attempts"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn rates_are_kept_and_long_waits_are_refused() {
    let rate = json!({ "per_second": 50.0, "burst": 2, "max_wait_ms": 200 });
    let guard = Arc::new(Guard::new(policies(json!({}), json!({}), rate)));
    let (scope, _) = scope(Limits::default());
    let started = Instant::now();
    let calls = (0..6).map(|_| {
        let (guard, scope) = (guard.clone(), scope.clone());
        tokio::spawn(async move { flaky(&guard, &scope, "tool.a", 0, passing()).await.0 })
    });
    for call in futures_util::future::join_all(calls).await {
        call.expect("no panic").expect("it waits");
    }
    // Two at once, and four more, one every 20 ms.
    assert!(started.elapsed() >= Duration::from_millis(75), "{:?}", started.elapsed());
    let rate = json!({ "per_second": 0.1, "burst": 1, "max_wait_ms": 50 });
    let guard = Guard::new(policies(json!({}), json!({}), rate));
    assert!(flaky(&guard, &scope, "tool.a", 0, passing()).await.0.is_ok());
    let (result, made) = flaky(&guard, &scope, "tool.a", 0, passing()).await;
    let error = result.expect_err("ten seconds");
    assert!(matches!(error, Error::Limited { .. }) && made == 0 && error.hint().is_some(), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_holds_for_calls_at_the_same_time() {
    let guard = Arc::new(quick());
    let (scope, _) = scope(Limits { calls: Some(50), tokens: Some(1000), ..Limits::default() });
    let worst = Charge { usage: Usage { input: 20, output: 20 }, cost: Usd::default() };
    let most = Arc::new(AtomicUsize::new(0));
    let calls = (0..32).map(|_| {
        let (guard, scope, most) = (guard.clone(), scope.clone(), most.clone());
        tokio::spawn(async move {
            let mut made = 0;
            loop {
                let call = Call { worst, ..call("tool.a") };
                let work = || async {
                    tokio::task::yield_now().await;
                    Ok(Done { value: (), used: Some(Charge { usage: Usage { input: 20, output: 5 }, ..worst }) })
                };
                match guard.call(&scope, call, work).await {
                    Ok(()) => made += 1,
                    Err(error) => {
                        assert!(matches!(error, Error::Exhausted(_)), "{error}");
                        most.fetch_max(scope.budget.spent().1.usage.total() as usize, Ordering::Relaxed);
                        return made;
                    }
                }
            }
        })
    });
    let made: Vec<usize> =
        futures_util::future::join_all(calls).await.into_iter().map(|made| made.expect("no panic")).collect();
    // Forty calls of 25 fit; the last one needs 40 to be left when it begins.
    let made: usize = made.iter().sum();
    assert!((38..=39).contains(&made), "{made}");
    assert!(most.load(Ordering::Relaxed) <= 1000);
}

#[tokio::test]
async fn every_call_leaves_an_event_and_files() {
    let (guard, (scope, memory)) = (quick(), scope(Limits::default()));
    let key = "mcp.call.browser.get_title.0";
    flaky(&guard, &scope, key, 1, passing()).await.0.expect("the second try");
    flaky(&guard, &scope, key, 1, Fault::new(Blame::Caller, "no such page")).await.0.expect_err("wrong");
    let records = memory.records();
    let names = |record: &Record| -> Vec<String> {
        record.files.iter().map(|(path, _)| path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&records[0]), ["request.json", "response.json", "summary.json"]);
    assert_eq!(names(&records[1]), ["request.json", "error.json", "summary.json"]);
    assert!(records[0].files.iter().all(|(path, _)| path.starts_with("mcp/browser/")), "{:?}", records[0].files);
    assert_ne!(records[0].files[0].0, records[1].files[0].0, "each call has a folder of its own");
    assert_eq!((&records[0].files[0].1, &records[0].files[1].1), (&json!({ "q": 1 }), &json!(7)));
    let summary = &records[0].data;
    assert_eq!((&summary["ok"], &summary["trace"], &summary["key"]), (&json!(true), &json!("trace-1"), &json!(key)));
    assert_eq!(summary["attempts"][0]["error"], "`mcp.call.browser.get_title.0` failed after 1 attempts: try later");
    assert!(records[1].files[1].1["error"].as_str().is_some_and(|error| error.contains("no such page")));
}

#[tokio::test]
async fn a_call_that_could_not_be_recorded_has_no_result() {
    struct Lost;
    #[async_trait]
    impl Recorder for Lost {
        async fn record(&self, _: Record) -> Result<(), RecordError> {
            Err("the lease is lost".into())
        }
    }
    let scope = Scope { recorder: Arc::new(Lost), ..Scope::free("t") };
    let error = flaky(&quick(), &scope, "tool.a", 0, passing()).await.0.expect_err("it is not recorded");
    assert!(matches!(error, Error::Record { .. }) && !error.is_transient());
}

/// Sums counters and remembers gauges, by name.
#[derive(Default)]
struct Metrics(Arc<Mutex<BTreeMap<String, f64>>>);

struct Cell(String, Arc<Mutex<BTreeMap<String, f64>>>);

impl metrics::CounterFn for Cell {
    fn increment(&self, value: u64) {
        *self.1.lock().expect("no panic").entry(self.0.clone()).or_default() += value as f64;
    }
    fn absolute(&self, _: u64) {}
}

impl metrics::GaugeFn for Cell {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        self.1.lock().expect("no panic").insert(self.0.clone(), value);
    }
}

impl metrics::HistogramFn for Cell {
    fn record(&self, _: f64) {
        metrics::CounterFn::increment(self, 1);
    }
}

impl Metrics {
    fn cell(&self, key: &metrics::Key) -> Arc<Cell> {
        let label = key.labels().next().map(|label| format!(" {}", label.value())).unwrap_or_default();
        Arc::new(Cell(format!("{}{label}", key.name()), self.0.clone()))
    }
}

impl metrics::Recorder for Metrics {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(self.cell(key))
    }
    fn register_gauge(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::from_arc(self.cell(key))
    }
    fn register_histogram(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::from_arc(self.cell(key))
    }
}

#[tokio::test]
async fn metrics_have_the_names_that_dashboards_know() {
    let metrics = Metrics::default();
    let seen = metrics.0.clone();
    let _local = metrics::set_default_local_recorder(&metrics);
    let (guard, (scope, _)) = (quick(), scope(Limits::default()));
    let key = "mcp.call.x.y";
    // Five failures open it, as the defaults for `mcp.call.*` say.
    for _ in 0..2 {
        flaky(&guard, &scope, key, 3, passing()).await.0.expect_err("it fails");
    }
    let read = |name: &str| seen.lock().expect("no panic").get(&format!("{name} {key}")).copied();
    assert_eq!((read("cogo_mcp_calls_total"), read("cogo_mcp_fail_total")), (Some(5.0), Some(5.0)));
    assert_eq!((read("cogo_mcp_latency_ms"), read("cogo_circuit_open_total")), (Some(5.0), Some(1.0)));
    assert_eq!((read("cogo_circuit_open_current"), read("cogo_circuit_close_total")), (Some(1.0), None));
    tokio::time::sleep(Duration::from_millis(160)).await;
    for _ in 0..2 {
        flaky(&guard, &scope, key, 0, passing()).await.0.expect("a probe");
    }
    assert_eq!((read("cogo_circuit_open_current"), read("cogo_circuit_close_total")), (Some(0.0), Some(1.0)));
    assert_eq!((read("cogo_mcp_calls_total"), read("cogo_mcp_fail_total")), (Some(7.0), Some(5.0)));
}
