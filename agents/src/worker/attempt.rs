//! One attempt: from the claim to its recorded end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinError;

use super::context::{Context, Reason};
use super::pulse::Pulses;
use super::{Stop, Worker};
use crate::Error;
use crate::job::{Job, Lease, Outcome};
use crate::retry::RetryPolicy;
use crate::store::TOO_LATE;

impl Worker {
    /// Runs the handler of `job`, and records how that ended, if the lease still holds.
    pub(super) async fn attempt(self: Arc<Self>, job: Job, pulses: Arc<Pulses>, is_stopping: watch::Receiver<bool>) {
        self.counts.attempts.fetch_add(1, Ordering::Relaxed);
        let lease = Lease { job_id: job.id, run_lease: job.run_lease, executor_id: self.name.clone() };
        let stop = pulses.keep(&lease);
        let (kind, retry, attempts) = (job.kind.clone(), job.retry.clone(), job.attempts);
        tracing::debug!(job = %job.id, kind, attempt = attempts, trace = job.trace_id, "begins");
        let ended = self.execute(job, &lease, stop, is_stopping).await;
        let outcome = outcome(ended, &retry, attempts);
        let recorded = match &outcome {
            Some(outcome) => self.record(&lease, outcome).await,
            None => false,
        };
        pulses.release(&lease);
        let counter = if recorded { &self.counts.recorded } else { &self.counts.lost };
        counter.fetch_add(1, Ordering::Relaxed);
        let outcome = outcome.as_ref().filter(|_| recorded).map_or("lost", Outcome::word);
        tracing::debug!(job = %lease.job_id, kind, outcome, "ended");
        metrics::counter!("cogo_jobs_attempts_total", "type" => kind, "outcome" => outcome).increment(1);
    }

    async fn execute(
        &self,
        job: Job,
        lease: &Lease,
        stop: watch::Receiver<Option<Reason>>,
        is_stopping: watch::Receiver<bool>,
    ) -> Ended {
        let Some(handler) = self.handlers.get(&job.kind).cloned() else {
            return Ended::Stopped(Reason::Shutdown);
        };
        let timeout = job.retry.timeout();
        let (tell, told) = watch::channel(None);
        let context = Context::new(job, lease.clone(), self.store.clone(), self.artifacts.clone(), told);
        // In a task of its own, so that a panic ends the attempt and not the worker.
        let mut task = tokio::spawn(async move { handler.run(&context).await });
        let ended = tokio::select! {
            done = &mut task => Ended::from(done),
            reason = reason(stop.clone(), is_stopping) => {
                tell.send_replace(Some(reason));
                let lost = async {
                    match reason {
                        Reason::Lost => {}
                        _ => {
                            let lost = lost(stop);
                            // What was asked to end may still lose its lease.
                            drop(tokio::time::timeout(self.timing.grace, lost).await);
                        }
                    }
                };
                tokio::select! {
                    done = &mut task => match done {
                        Ok(Ok(result)) => Ended::Succeeded(result),
                        Ok(Err(Stop::Cancelled)) => Ended::Stopped(reason),
                        done => Ended::from(done),
                    },
                    () = lost => Ended::Stopped(reason),
                }
            }
            () = elapsed(timeout) => Ended::TimedOut(timeout.unwrap_or_default()),
        };
        task.abort();
        ended
    }

    async fn record(&self, lease: &Lease, outcome: &Outcome) -> bool {
        let finished = match self.store.finish(lease, outcome).await {
            // What cannot be stored is the handler's fault.
            Err(error @ (Error::TooLarge { .. } | Error::Invalid(_))) => {
                self.store.finish(lease, &Outcome::Failed(error.to_string())).await
            }
            finished => finished,
        };
        match finished {
            Ok(_) => true,
            Err(Error::Lost { .. }) => false,
            Err(error) => {
                tracing::warn!(job = %lease.job_id, %error, "the end of an attempt could not be recorded");
                false
            }
        }
    }
}

/// How a handler has ended.
enum Ended {
    Succeeded(Value),
    Said(Stop),
    Panicked(String),
    TimedOut(Duration),
    Stopped(Reason),
}

impl From<Result<Result<Value, Stop>, JoinError>> for Ended {
    fn from(done: Result<Result<Value, Stop>, JoinError>) -> Self {
        match done {
            Ok(Ok(result)) => Ended::Succeeded(result),
            Ok(Err(stop)) => Ended::Said(stop),
            Err(error) => {
                Ended::Panicked(error.try_into_panic().map_or_else(|error| error.to_string(), |panic| words(&*panic)))
            }
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// What is recorded; `None` if nothing can be.
fn outcome(ended: Ended, retry: &RetryPolicy, attempts: i32) -> Option<Outcome> {
    let again = |error: String, after: Option<Duration>| {
        let pause = retry.pause(attempts);
        Outcome::Retry { error, after: after.map_or(pause, |least| least.max(pause)) }
    };
    Some(match ended {
        Ended::Succeeded(result) => Outcome::Succeeded(result),
        Ended::Said(Stop::Retry { error, after }) => again(error, after),
        Ended::Said(Stop::Fail(error)) => Outcome::Failed(error),
        Ended::Said(Stop::Park { needs, after }) => Outcome::Parked { needs, after },
        Ended::Said(Stop::Cancelled) | Ended::Stopped(Reason::Cancel) => Outcome::Cancelled,
        Ended::Panicked(words) => again(format!("the handler panicked: {words}"), None),
        Ended::TimedOut(time) => again(format!("it took longer than {} ms", time.as_millis()), None),
        Ended::Stopped(Reason::Late) => Outcome::Failed(TOO_LATE.into()),
        Ended::Stopped(Reason::Shutdown) => Outcome::Returned,
        Ended::Said(Stop::Lost) | Ended::Stopped(Reason::Lost) => return None,
    })
}

/// Waits for a reason to stop.
async fn reason(mut stop: watch::Receiver<Option<Reason>>, mut is_stopping: watch::Receiver<bool>) -> Reason {
    tokio::select! {
        told = stop.wait_for(Option::is_some) => told.ok().and_then(|told| *told).unwrap_or(Reason::Lost),
        _ = is_stopping.wait_for(|stopping| *stopping) => Reason::Shutdown,
    }
}

async fn lost(mut stop: watch::Receiver<Option<Reason>>) {
    drop(stop.wait_for(|told| *told == Some(Reason::Lost)).await);
}

async fn elapsed(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}
