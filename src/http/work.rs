//! Work for the processor, off the threads that talk to the network.
//!
//! As many requests run as there are threads; so many more wait; the rest is turned away at once. Under overload the server so
//! answers as many requests as it can, and does not die of those that it cannot.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::error::ApiError;

/// A bounded pool.
pub(super) struct Work {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    time: Duration,
}

impl Work {
    /// As many threads as there are cores if `threads` is 0.
    pub(super) fn new(threads: usize, waiting: usize, time: Duration) -> Self {
        let cores = || std::thread::available_parallelism().map_or(2, |cores| cores.get());
        let threads = if threads == 0 { cores() } else { threads };
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Work { admitted: semaphore(threads + waiting), running: semaphore(threads), time }
    }

    /// Runs `job` when a thread is free. What runs is not stopped when its time is up: its thread is free again when it ends.
    ///
    /// # Errors
    /// `overloaded` if too many wait, `timeout` if it took too long, and what the job says.
    pub(super) async fn run<T, E>(&self, job: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let Ok(admitted) = self.admitted.clone().try_acquire_owned() else {
            metrics::counter!("cogo_overloaded_total").increment(1);
            return Err(ApiError::overloaded());
        };
        let answer = async {
            let running = self.running.clone().acquire_owned().await.map_err(|_| ApiError::overloaded())?;
            let job = tokio::task::spawn_blocking(move || {
                let answer = job();
                drop((running, admitted));
                answer
            });
            match job.await {
                Ok(answer) => answer.map_err(Into::into),
                Err(panic) => {
                    tracing::error!(%panic, "a request panicked");
                    Err(ApiError::bug())
                }
            }
        };
        tokio::time::timeout(self.time, answer).await.unwrap_or_else(|_| Err(ApiError::timeout()))
    }
}

/// Runs what is quick but may wait for a server, beside the pool: whoever asks how the server does must hear it under load, too.
///
/// # Errors
/// If it panicked.
pub(super) async fn aside<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(job).await.map_err(|panic| {
        tracing::error!(%panic, "a request panicked");
        ApiError::bug()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_wait_is_turned_away_and_what_panics_is_answered() {
        let work = Arc::new(Work::new(1, 1, Duration::from_secs(5)));
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let run = |job: Box<dyn FnOnce() -> Result<u32, ApiError> + Send>| {
            let work = work.clone();
            tokio::spawn(async move { work.run(job).await })
        };
        let first = run(Box::new(move || {
            wait.recv().expect("a release");
            Ok(1)
        }));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let second = run(Box::new(|| Ok(2)));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let third = work.run(|| Ok::<u32, ApiError>(3)).await;
        assert_eq!(
            serde_json::to_value(third.expect_err("too many").json()).expect("JSON")["error"]["code"],
            "overloaded"
        );
        release.send(()).expect("it waits");
        assert_eq!(first.await.expect("no panic").ok(), Some(1));
        assert_eq!(second.await.expect("no panic").ok(), Some(2));
        let panicked = work.run(|| -> Result<u32, ApiError> { panic!("on purpose") }).await;
        assert_eq!(serde_json::to_value(panicked.expect_err("a bug").json()).expect("JSON")["error"]["code"], "bug");
        assert_eq!(work.run(|| Ok::<u32, ApiError>(4)).await.ok(), Some(4), "the thread is free again");
    }
}
