//! One path for every call of a tool or a model.
//!
//! ```text
//! budget ─▶ rate limit ─▶ circuit breaker ─▶ timeout ─▶ the call ─▶ metrics ─▶ record
//!    ▲                                                     │
//!    └────────────── pause, jittered ◀── passing failure ──┘
//! ```
//!
//! A key names what is called: `mcp.call.browser.get_title.0`, `llm.gpt-5-mini`, `tool.search`. Breaker, rate and retry belong to the key,
//! and all callers of a [`Guard`] share them; budget, trace and recorder belong to the run, its [`Scope`].

mod breaker;
mod budget;
mod error;
mod record;
mod rules;
mod telemetry;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use llm::Charge;
use serde::Serialize;
use serde_json::{Value, json};

pub use breaker::{Breaker, Permit, Rejected, State};
pub(crate) use budget::least;
pub use budget::{Budget, Exhausted, Limits, Reserved};
pub use error::{Blame, Error, Fault};
pub use record::{Forget, Memory, Record, RecordError, Recorder};
pub use rules::{BreakerRule, Policies, RateRule};

use crate::retry::RetryPolicy;

/// What the calls of one run share.
#[derive(Clone)]
pub struct Scope {
    /// The trace it belongs to.
    pub trace: String,
    /// What it may spend.
    pub budget: Arc<Budget>,
    /// Where its calls are recorded.
    pub recorder: Arc<dyn Recorder>,
}

impl Scope {
    /// Without limits, and nothing is recorded.
    pub fn free(trace: impl Into<String>) -> Self {
        Scope { trace: trace.into(), budget: Arc::new(Budget::unlimited()), recorder: Arc::new(Forget) }
    }
}

/// What is called, and with what.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Names what is called. There must not be many different ones: each has a breaker, and metrics.
    pub key: String,
    /// What is sent, as it is recorded; without secrets.
    pub request: Value,
    /// The most it can use.
    pub worst: Charge,
}

/// What an attempt brought.
#[derive(Clone, Debug)]
pub struct Done<T> {
    /// The answer.
    pub value: T,
    /// What it used; none if nobody counted, and then it counts as the most it can have been.
    pub used: Option<Charge>,
}

impl<T> Done<T> {
    /// An answer that cost nothing.
    pub fn free(value: T) -> Self {
        Done { value, used: Some(Charge::default()) }
    }
}

/// What was seen of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The key.
    pub key: String,
    /// What its breaker lets through.
    pub state: State,
}

/// Makes calls. One per process; all agents share its breakers and rate limits.
pub struct Guard {
    policies: Policies,
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

/// What belongs to a key.
struct Line {
    key: String,
    retry: RetryPolicy,
    breaker: Arc<Breaker>,
    limiter: Option<(DefaultDirectRateLimiter, Duration)>,
    seen: Mutex<State>,
}

/// One attempt, for the record.
#[derive(Serialize)]
struct Attempt {
    took_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Guard {
    /// With these rules.
    pub fn new(policies: Policies) -> Self {
        Guard { policies, lines: Mutex::default() }
    }

    /// What the breaker of `key` lets through.
    pub fn state(&self, key: &str) -> State {
        self.line(key).breaker.state(Instant::now())
    }

    /// All keys that were called, by name.
    pub fn health(&self) -> Vec<Health> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut health: Vec<Health> =
            lines.values().map(|line| Health { key: line.key.clone(), state: line.breaker.state(now) }).collect();
        health.sort_by(|a, b| a.key.cmp(&b.key));
        health
    }

    /// Makes a call with `work`, which is asked for an attempt until one succeeds or there is no point in another.
    ///
    /// # Errors
    /// [`Error`] says why there is no result, and whether the same call may succeed later.
    pub async fn call<T, F, Fut>(&self, scope: &Scope, call: Call, mut work: F) -> Result<T, Error>
    where
        T: Serialize,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Done<T>, Fault>>,
    {
        let line = self.line(&call.key);
        let started = Instant::now();
        let mut attempts = Vec::new();
        let outcome = loop {
            let error = match line.attempt(scope, call.worst, &mut attempts, &mut work).await {
                Ok(value) => break Ok(value),
                Err(error) => error,
            };
            // What is open or too fast fails at once: whoever called may have another way.
            let may_pass = matches!(error, Error::Timeout { .. } | Error::Failed { .. }) && error.is_transient();
            let made = attempts.len() as i32;
            if !may_pass || made >= line.retry.max_attempts {
                break Err(error);
            }
            let pause = line.retry.pause(made).max(error.retry_after().unwrap_or_default());
            let left = scope.budget.time_left().unwrap_or(Duration::MAX);
            // Up to twice as long: what chance adds to the longest pause.
            if pause > line.retry.max_delay() * 2 || pause >= left {
                break Err(error);
            }
            tracing::debug!(key = line.key, %error, ?pause, "is tried again");
            tokio::time::sleep(pause).await;
        };
        let record = record(scope, call, &attempts, started.elapsed(), outcome.as_ref());
        let recorded = scope.recorder.record(record).await;
        match (outcome, recorded) {
            (Ok(_), Err(source)) => Err(Error::Record { key: line.key.clone(), source }),
            (outcome, _) => outcome,
        }
    }

    fn line(&self, key: &str) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(key) {
            return line.clone();
        }
        let line = Arc::new(Line::new(key, &self.policies));
        lines.insert(key.to_owned(), line.clone());
        line
    }
}

impl Line {
    fn new(key: &str, policies: &Policies) -> Self {
        let rate = policies.rate.of(key);
        let quota = rate.per_second.and_then(|rate| Quota::with_period(Duration::from_secs_f64(1.0 / rate)));
        let limiter = quota.map(|quota| {
            let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
            (RateLimiter::direct(quota.allow_burst(burst)), Duration::from_millis(rate.max_wait_ms))
        });
        Line {
            key: key.to_owned(),
            retry: policies.retry.of(key),
            breaker: Breaker::new(policies.breaker.of(key), Instant::now()),
            limiter,
            seen: State::Closed.into(),
        }
    }

    async fn attempt<T, F, Fut>(
        &self,
        scope: &Scope,
        worst: Charge,
        attempts: &mut Vec<Attempt>,
        work: &mut F,
    ) -> Result<T, Error>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Done<T>, Fault>>,
    {
        self.wait_for_room(scope).await?;
        let reserved = scope.budget.reserve(worst).await?;
        let permit = match self.breaker.admit(Instant::now()) {
            Ok(permit) => permit,
            Err(Rejected { retry_after }) => {
                reserved.give_back();
                return Err(Error::Open { key: self.key.clone(), retry_after });
            }
        };
        let longest = self.retry.timeout().unwrap_or(Duration::MAX);
        let limit = scope.budget.time_left().unwrap_or(Duration::MAX).min(longest);
        let started = Instant::now();
        let outcome = tokio::time::timeout(limit, work()).await;
        let (took, number) = (started.elapsed(), attempts.len() as u32 + 1);
        let works = match &outcome {
            Ok(Ok(_)) => true,
            Ok(Err(fault)) => fault.blame == Blame::Caller,
            Err(_) => false,
        };
        permit.settle(works, Instant::now());
        self.observe();
        telemetry::count(&self.key, matches!(outcome, Ok(Ok(_))), took);
        let key = || self.key.clone();
        let (used, result) = match outcome {
            Ok(Ok(done)) => (done.used, Ok(done.value)),
            Ok(Err(fault)) => (fault.used, Err(Error::Failed { key: key(), attempts: number, fault })),
            Err(_) => (None, Err(Error::Timeout { key: key(), limit, attempts: number })),
        };
        reserved.settle(used);
        let error = result.as_ref().err().map(Error::describe);
        attempts.push(Attempt { took_ms: took.as_millis() as u64, error });
        result
    }

    /// Waits until the rate allows a call.
    async fn wait_for_room(&self, scope: &Scope) -> Result<(), Error> {
        let Some((limiter, most)) = &self.limiter else { return Ok(()) };
        let most = scope.budget.time_left().unwrap_or(Duration::MAX).min(*most);
        let started = Instant::now();
        while let Err(too_early) = limiter.check() {
            let wait = too_early.wait_time_from(DefaultClock::default().now());
            if started.elapsed() + wait > most {
                return Err(Error::Limited { key: self.key.clone(), wait });
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Reports a change of the breaker's state, once.
    fn observe(&self) {
        let now = self.breaker.state(Instant::now());
        let before = std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if before != now {
            telemetry::changed(&self.key, before, now);
        }
    }
}

fn record<T: Serialize>(
    scope: &Scope,
    call: Call,
    attempts: &[Attempt],
    took: Duration,
    outcome: Result<&T, &Error>,
) -> Record {
    let error = outcome.as_ref().err().map(|error| error.describe());
    let summary = json!({
        "key": call.key, "trace": scope.trace, "ok": error.is_none(), "error": error,
        "took_ms": took.as_millis() as u64, "attempts": attempts,
    });
    let folder = folder(&call.key);
    let answer = match outcome {
        Ok(value) => ("response", serde_json::to_value(value).unwrap_or_default()),
        Err(error) => ("error", json!({ "error": error.describe(), "transient": error.is_transient() })),
    };
    let files = [("request", call.request), answer, ("summary", summary.clone())];
    Record {
        event: if error.is_none() { "call_succeeded" } else { "call_failed" },
        key: call.key,
        trace: scope.trace.clone(),
        data: summary,
        files: files.into_iter().map(|(name, content)| (format!("{folder}/{name}.json"), content)).collect(),
    }
}

/// Where the files of a call lie: `mcp/browser/1763725325123-9f3a61/` for `mcp.call.browser.get_title.0`.
fn folder(key: &str) -> String {
    let harmless = |part: &str| -> String {
        let keep = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
        part.chars().map(keep).collect()
    };
    let mut parts = key.split('.').filter(|part| *part != "call").map(harmless);
    let (family, set) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let unique = uuid::Uuid::now_v7().simple().to_string();
    format!("{family}/{set}/{now}-{}", &unique[unique.len() - 6..])
}
