//! Jobs: indexing takes longer than a request. They live as long as the server does.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use indexer::{Event as IndexEvent, Report};
use serde::Serialize;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use utoipa::ToSchema;

use super::State;
use super::error::ApiError;
use super::input::InPath;

/// Jobs that are remembered.
const MOST: usize = 1000;
/// How often a silent stream shows that it is alive.
const ALIVE: Duration = Duration::from_secs(15);
/// How often progress is told.
const OFTEN: Duration = Duration::from_millis(200);

/// A stream of server-sent events.
pub(super) type Events = Sse<KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>;

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum JobState {
    /// It has not begun.
    Queued,
    /// It works.
    Running,
    /// It is done.
    Succeeded,
    /// It could not be done.
    Failed,
}

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct JobJson {
    /// Names it.
    pub id: String,
    /// The repository that is indexed.
    pub repository: String,
    /// What it is doing.
    pub state: JobState,
    /// Files that were seen.
    pub files_seen: u64,
    /// Files that have to be read.
    pub files_planned: u64,
    /// Files that were read.
    pub files_done: u64,
    /// The generation that it made, when it is done.
    pub generation: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

impl JobJson {
    fn is_over(&self) -> bool {
        matches!(self.state, JobState::Succeeded | JobState::Failed)
    }
}

/// A job, seen by who does it.
#[derive(Clone)]
pub(super) struct Job(Arc<watch::Sender<JobJson>>);

impl Job {
    pub(super) fn json(&self) -> JobJson {
        self.0.borrow().clone()
    }

    pub(super) fn start(&self) {
        self.0.send_modify(|job| job.state = JobState::Running);
    }

    /// Takes note of what the indexer does.
    pub(super) fn note(&self, event: IndexEvent) {
        self.0.send_modify(|job| match event {
            IndexEvent::Scanned(files) => job.files_seen = files as u64,
            IndexEvent::Planned { files, .. } => job.files_planned = files as u64,
            IndexEvent::Indexed { .. } => job.files_done += 1,
            IndexEvent::Writing => {}
        });
    }

    pub(super) fn end(&self, outcome: Result<&Report, String>) {
        self.0.send_modify(|job| match outcome {
            Ok(report) => {
                job.state = JobState::Succeeded;
                job.generation = Some(report.generation);
            }
            Err(error) => {
                job.state = JobState::Failed;
                job.error = Some(error);
            }
        });
    }
}

/// All jobs, the oldest first.
pub(super) struct Jobs {
    next: AtomicU64,
    jobs: Mutex<VecDeque<Job>>,
    closing: watch::Sender<bool>,
}

impl Default for Jobs {
    fn default() -> Self {
        Jobs { next: AtomicU64::new(1), jobs: Mutex::default(), closing: watch::Sender::new(false) }
    }
}

impl Jobs {
    /// A new job for `repository`.
    pub(super) fn add(&self, repository: &str) -> Job {
        let json = JobJson {
            id: self.next.fetch_add(1, Ordering::Relaxed).to_string(),
            repository: repository.to_owned(),
            state: JobState::Queued,
            files_seen: 0,
            files_planned: 0,
            files_done: 0,
            generation: None,
            error: None,
        };
        let job = Job(Arc::new(watch::Sender::new(json)));
        let mut jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if jobs.len() >= MOST
            && let Some(index) = jobs.iter().position(|job| job.0.borrow().is_over())
        {
            jobs.remove(index);
        }
        jobs.push_back(job.clone());
        job
    }

    fn find(&self, id: &str) -> Result<Job, ApiError> {
        let jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = jobs.iter().find(|job| job.0.borrow().id == id).cloned();
        found.ok_or_else(|| ApiError::not_found("there is no such job").hint("the last 1000 jobs are remembered"))
    }

    /// Ends all streams: the server stops.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// What `events` says, until the server stops; silence is broken by comments.
    pub(super) fn until_closing(&self, events: impl Stream<Item = Event> + Send + 'static) -> Events {
        let mut closing = self.closing.subscribe();
        let closed = async move { drop(closing.wait_for(|closing| *closing).await) };
        let events = events.take_until(Box::pin(closed)).map(Ok::<_, Infallible>);
        Sse::new(events.boxed()).keep_alive(KeepAlive::new().interval(ALIVE))
    }
}

/// An event with a JSON body.
pub(super) fn event(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    // What we send can be written as JSON.
    event.json_data(data).unwrap_or_default()
}

/// How far a job is
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "repositories", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "The job", body = JobJson), ApiError))]
pub(super) async fn job(shared: State, InPath(id): InPath<String>) -> Result<Json<JobJson>, ApiError> {
    Ok(Json(shared.jobs.find(&id)?.json()))
}

/// How far a job is, as it goes on
///
/// Server-sent events called `progress`, each with the job as JSON; the last one, called `end`, comes when the job is over.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "repositories", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String), ApiError))]
pub(super) async fn events(shared: State, InPath(id): InPath<String>) -> Result<Events, ApiError> {
    let job = shared.jobs.find(&id)?;
    let states = WatchStream::new(job.0.subscribe());
    let states = stream::unfold(Some(states), async |states| {
        let mut states = states?;
        let job = states.next().await?;
        match job.is_over() {
            true => Some((event("end", &job), None)),
            false => {
                tokio::time::sleep(OFTEN).await;
                Some((event("progress", &job), Some(states)))
            }
        }
    });
    Ok(shared.jobs.until_closing(states))
}
