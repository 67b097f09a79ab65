//! From errors to exceptions.

use std::error::Error as _;

use cogo::Error;
use cogo::config::ConfigError;
use pyo3::prelude::*;

/// What went wrong, as an exception of `cogo.errors`.
#[derive(Debug)]
pub struct Failure {
    class: &'static str,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// An exception of this class.
    pub fn new(class: &'static str, message: impl Into<String>) -> Self {
        Failure { class, message: message.into(), hint: None }
    }

    /// A query that cannot be answered as asked.
    pub fn query(reason: impl std::fmt::Display) -> Self {
        Failure::new("QueryError", format!("invalid query: {reason}"))
    }

    /// Says what to do about it.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Failure { hint: Some(hint.into()), ..self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let class = match &error {
            Error::NoIndex { .. } => "NotIndexedError",
            Error::Query { .. } => "QueryError",
            Error::Source { .. } => "SourceError",
            Error::Corrupt { .. } | Error::Format { .. } => "IndexCorruptError",
            Error::Locked { .. } => "LockedError",
            Error::Model { .. } | Error::OtherModel { .. } | Error::Runtime { .. } => "ModelError",
            Error::Io(_) => "StorageError",
            _ => "Error",
        };
        let hint = match &error {
            // What the others say is for the command line.
            Error::OtherModel { .. } => Some("`cogo.Index.build(path)` brings it up to date".to_owned()),
            Error::NoIndex { .. } => Some("make one with `cogo.Index.build(path)`".to_owned()),
            Error::Corrupt { .. } | Error::Format { .. } => {
                Some("`cogo.Index.build(path, rebuild=True)` writes it anew; your files are not touched".to_owned())
            }
            Error::Locked { .. } => Some("try again later, or pass `wait=True`".to_owned()),
            error => error.hint(),
        };
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Failure { class, message, hint }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure { class: "ConfigError", message: error.message, hint: error.hint }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Failure::new("Error", error.to_string())
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        let raise = |py: Python<'_>| -> PyResult<PyErr> {
            let class = py.import("cogo.errors")?.getattr(failure.class)?;
            Ok(PyErr::from_value(class.call1((&failure.message, &failure.hint))?))
        };
        Python::attach(|py| raise(py).unwrap_or_else(|error| error))
    }
}
