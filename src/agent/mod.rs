//! What agents can do with the engine: handlers of durable jobs, one file for each type.
//!
//! A new type of job is a file with an [`Agent`], and its name in [`AGENTS`].

mod clauses;
mod command;
mod configs;
mod graph;
mod index;
mod intent;
mod orchestrate;
mod plans;
mod research;
mod search;
mod setup;
mod web;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agents::job::NewJob;
use agents::worker::{Handler, Stop};
use rag_core::{Error, Fault};
use serde_json::Value;

use crate::config::{AgentsConfig, ConfigError};
pub use configs::{Configs, inputs};
pub use setup::Setup;

/// A type of job.
pub struct Agent {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Its inputs, as they are typed.
    pub inputs: &'static str,
    /// Checks the inputs where the job is made, and makes them independent of the current folder.
    pub prepare: fn(Value, &Configs) -> Result<Value, String>,
    /// What does it.
    pub handler: fn(&Setup) -> Arc<dyn Handler>,
}

/// How often a job looks whether it is its turn to write an index.
const TURN: Duration = Duration::from_secs(1);

/// All types of jobs.
pub const AGENTS: [Agent; 14] = [
    orchestrate::AGENT,
    research::AGENT,
    search::AGENT,
    index::AGENT,
    graph::EXPLAIN,
    graph::CALLERS,
    graph::TESTS,
    graph::IMPACT,
    graph::WAY,
    graph::OVERVIEW,
    graph::COMMUNITIES,
    command::AGENT,
    orchestrate::ASK,
    orchestrate::PAUSE,
];

/// The type called `name`.
pub fn agent(name: &str) -> Option<&'static Agent> {
    AGENTS.iter().find(|agent| agent.name == name)
}

/// A job of type `agent` with its policy, checked inputs, and the deadline of its role, if it has one.
///
/// # Errors
/// What is wrong with the inputs.
pub fn job(agent: &Agent, inputs: Value, configs: &Configs) -> Result<NewJob, String> {
    let payload = (agent.prepare)(inputs, configs)?;
    let deadline = (agent.name == orchestrate::AGENT.name).then(|| orchestrate::deadline(&payload, configs)).flatten();
    Ok(NewJob { retry: configs.policies.of_job(agent.name), deadline, ..NewJob::new(agent.name, payload) })
}

/// Where jobs are kept: as the settings say, else in a file of the user, which all repositories share.
///
/// # Errors
/// If this user has no home.
pub fn store_url(settings: &AgentsConfig) -> Result<String, ConfigError> {
    match &settings.store {
        Some(url) => Ok(url.clone()),
        None => Ok(folder()?.join("jobs.db").to_string_lossy().into_owned()),
    }
}

/// Where files that jobs make are kept: as the settings say, else beside the jobs.
///
/// # Errors
/// If this user has no home.
pub fn artifacts_url(settings: &AgentsConfig) -> Result<String, ConfigError> {
    match &settings.artifacts {
        Some(url) => Ok(url.clone()),
        None => Ok(folder()?.join("artifacts").to_string_lossy().into_owned()),
    }
}

fn folder() -> Result<PathBuf, ConfigError> {
    let folders = directories::ProjectDirs::from("", "", "cogo").ok_or_else(|| ConfigError {
        message: "this user has no home, where jobs could be kept".into(),
        hint: Some("pass `--store`, or set `agents.store`".into()),
    })?;
    Ok(folders.data_dir().join("agents"))
}

/// The absolute form of the input `path`, which must be a folder.
fn absolute(inputs: &mut Value) -> Result<(), String> {
    let Some(fields) = inputs.as_object_mut() else { return Err("inputs are `key=value`".into()) };
    let path = fields.get("path").map_or(Some("."), Value::as_str).ok_or("`path` must be text")?;
    let folder = std::fs::canonicalize(path).map_err(|error| format!("`{path}`: {error}"))?;
    if !folder.is_dir() {
        return Err(format!("`{path}` is no folder"));
    }
    fields.insert("path".into(), folder.to_string_lossy().into());
    Ok(())
}

/// What an error of the engine means for a job.
fn stop(error: Error) -> Stop {
    match error {
        // Somebody else writes the index. That is no failure of this job: its turn comes later.
        Error::Locked { .. } => Stop::Park { needs: Vec::new(), after: TURN },
        error if error.fault() == Fault::Environment => Stop::retry(error.to_string()),
        error => Stop::fail(error.to_string()),
    }
}

/// Runs what takes long and waits for nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stop> {
    tokio::task::spawn_blocking(work).await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Stop::retry(error.to_string()),
    })
}
