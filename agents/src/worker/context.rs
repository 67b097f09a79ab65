//! What a handler works with.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Mutex, watch};

use super::Stop;
use crate::Error;
use crate::artifact::Artifacts;
use crate::job::{Artifact, Enqueued, Job, Lease, NewJob, Note};
use crate::store::Store;

/// Why a handler should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody wants that.
    Cancel,
    /// The deadline has passed.
    Late,
    /// The worker ends.
    Shutdown,
    /// The lease is lost.
    Lost,
}

/// A job, seen by its handler: what to do, and where to record what was done. Clones are the same attempt.
#[derive(Clone)]
pub struct Context {
    job: Arc<Job>,
    lease: Arc<Lease>,
    store: Arc<dyn Store>,
    artifacts: Option<Artifacts>,
    stop: watch::Receiver<Option<Reason>>,
    /// One write at a time: whether one was recorded is known by the last one.
    writing: Arc<Mutex<()>>,
}

impl Context {
    pub(super) fn new(
        job: Job,
        lease: Lease,
        store: Arc<dyn Store>,
        artifacts: Option<Artifacts>,
        stop: watch::Receiver<Option<Reason>>,
    ) -> Self {
        Context { job: Arc::new(job), lease: Arc::new(lease), store, artifacts, stop, writing: Arc::default() }
    }

    /// The job as it was when it was claimed.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Where jobs are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The payload.
    ///
    /// # Errors
    /// [`Stop::Fail`] if it is not of that form.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Stop> {
        T::deserialize(&self.job.payload).map_err(|error| Stop::Fail(format!("the payload cannot be read: {error}")))
    }

    /// Says how far it is; the last word is kept in the job.
    ///
    /// # Errors
    /// [`Stop::Lost`], or what the store says.
    pub async fn progress(&self, data: impl Serialize) -> Result<(), Stop> {
        self.say("progress", data).await
    }

    /// Tells of a part of the result.
    ///
    /// # Errors
    /// [`Stop::Lost`], or what the store says.
    pub async fn partial(&self, data: impl Serialize) -> Result<(), Stop> {
        self.say("partial", data).await
    }

    /// Records an event of the job, called by its type and `name`.
    ///
    /// # Errors
    /// [`Stop::Lost`], or what the store says.
    pub async fn say(&self, name: &str, data: impl Serialize) -> Result<(), Stop> {
        let data = to_json(&data)?;
        let _writing = self.writing.lock().await;
        Ok(self.store.note(&self.lease, &[Note { name: name.into(), data }]).await?)
    }

    /// Does `work` once for this job: its output is recorded under `key`, and later attempts get it from there. If the process dies after
    /// the work and before the record, the work is done again.
    ///
    /// # Errors
    /// What `work` says; [`Stop::Lost`], or what the store says.
    pub async fn step<T, F>(&self, key: &str, work: impl FnOnce() -> F) -> Result<T, Stop>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, Stop>>,
    {
        if let Some(output) = self.store.step(self.job.id, key).await? {
            return T::deserialize(output)
                .map_err(|error| Stop::Fail(format!("the output of step `{key}` cannot be read: {error}")));
        }
        let output = work().await?;
        let _writing = self.writing.lock().await;
        self.store.keep_step(&self.lease, key, &to_json(&output)?).await?;
        Ok(output)
    }

    /// Stores a file, and records it as an artifact of the job.
    ///
    /// # Errors
    /// [`Stop::Lost`], or what the stores say; [`Stop::Fail`] if the worker has no place for artifacts.
    pub async fn attach(&self, name: &str, media_type: &str, content: Vec<u8>) -> Result<Artifact, Stop> {
        if name.is_empty() || name.len() > 500 || name.contains('\0') {
            return Err(Stop::Fail("the name of an artifact must have 1 to 500 bytes".into()));
        }
        let none = || Stop::Fail("this worker has no place for artifacts".into());
        let stored = self.artifacts.as_ref().ok_or_else(none)?.put(content).await?;
        let artifact = Artifact {
            job_id: self.job.id,
            name: name.into(),
            media_type: media_type.into(),
            sha256: stored.sha256,
            size: stored.size,
            uri: stored.uri,
            created_at: 0,
        };
        let _writing = self.writing.lock().await;
        self.store.attach(&self.lease, &artifact).await?;
        Ok(artifact)
    }

    /// Enqueues a part of this job. `key` names it within the job, so that a later attempt finds it again. Who wants to wait for it ends
    /// with [`Stop::Park`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn enqueue(&self, key: &str, job: NewJob) -> Result<Enqueued, Stop> {
        let job = NewJob {
            tenant: self.job.tenant.clone(),
            parent: Some(self.job.id),
            root: Some(self.job.root),
            trace_id: Some(self.job.trace_id.clone()),
            idempotency_key: Some(format!("{}:{key}", self.job.id)),
            ..job
        };
        Ok(self.store.enqueue(&job).await?)
    }

    /// Whether it should end soon.
    pub fn is_stopped(&self) -> bool {
        self.stop.borrow().is_some()
    }

    /// Waits until it should end.
    pub async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(Option::is_some).await.is_err() {
            // The attempt is over: nobody can tell any more.
            std::future::pending::<()>().await;
        }
    }
}

fn to_json(value: &impl Serialize) -> Result<Value, Stop> {
    serde_json::to_value(value).map_err(|error| Error::Invalid(format!("it cannot be written as JSON: {error}")).into())
}
