//! What is kept of every call and every decision.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

/// Why a record could not be kept.
pub type RecordError = Box<dyn std::error::Error + Send + Sync>;

/// Something that happened: an event, and files that say more.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Kind of the event: `call_succeeded`, `call_failed`, `route_decided`.
    pub event: &'static str,
    /// What was called.
    pub key: String,
    /// The trace it belongs to.
    pub trace: String,
    /// The event, small.
    pub data: Value,
    /// Artifacts: path, with `/` between its parts, and content.
    pub files: Vec<(String, Value)>,
}

/// Keeps records. A job writes them under its lease, so that whoever has lost it writes nothing.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Keeps `record`.
    ///
    /// # Errors
    /// If it could not be kept. Whoever made the call must then not go on as if it had been.
    async fn record(&self, record: Record) -> Result<(), RecordError>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forget;

#[async_trait]
impl Recorder for Forget {
    async fn record(&self, _: Record) -> Result<(), RecordError> {
        Ok(())
    }
}

/// Keeps records in memory, for tests and for commands that show them.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Vec<Record>>>);

impl Memory {
    /// What was recorded so far.
    pub fn records(&self) -> Vec<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Recorder for Memory {
    async fn record(&self, record: Record) -> Result<(), RecordError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        Ok(())
    }
}
