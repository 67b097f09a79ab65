//! What can go wrong with jobs.

use crate::job::{JobId, Status};

/// `std::result::Result` with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done. Messages hold no password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lease is over, or another worker has the job: nothing may be written any more.
    #[error("the lease on job {id} is lost")]
    Lost {
        /// The job.
        id: JobId,
    },
    /// The idempotency key was used before, with another payload.
    #[error("the idempotency key `{key}` belongs to job {id}, which has another payload")]
    Conflict {
        /// The key.
        key: String,
        /// The job that has it.
        id: JobId,
    },
    /// There is no such job.
    #[error("there is no job {id}")]
    NoJob {
        /// What was asked for.
        id: String,
    },
    /// The job is in a state in which this cannot be done.
    #[error("job {id} is {status}; {reason}")]
    State {
        /// The job.
        id: JobId,
        /// Its status.
        status: Status,
        /// What could be done instead.
        reason: &'static str,
    },
    /// A value that no job can have.
    #[error("{0}")]
    Invalid(String),
    /// A payload, result or event with more than [`MOST_BYTES`](crate::job::MOST_BYTES) of JSON.
    #[error("{what} has {bytes} bytes of JSON, more than {most}; put large things into artifacts", most = crate::job::MOST_BYTES)]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        bytes: usize,
    },
    /// The address of a store, or of artifacts, that cannot be used.
    #[error("the address `{address}` cannot be used: {reason}")]
    Address {
        /// The address without its password.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The store cannot be reached, or is busy with itself: trying again later may help.
    #[error("the job store cannot be reached: {reason}")]
    Unreachable {
        /// What was said.
        reason: String,
    },
    /// The store has refused something.
    #[error("the job store has failed: {reason}")]
    Store {
        /// What was said.
        reason: String,
    },
    /// An artifact could not be written or read.
    #[error("artifact `{name}`: {source}")]
    Artifact {
        /// Its name, or its digest.
        name: String,
        /// What the object store said.
        source: object_store::Error,
    },
}

impl Error {
    /// Whether the caller is at fault, not the environment.
    pub fn is_callers(&self) -> bool {
        matches!(
            self,
            Error::Conflict { .. }
                | Error::NoJob { .. }
                | Error::State { .. }
                | Error::Invalid(_)
                | Error::TooLarge { .. }
                | Error::Address { .. }
        )
    }

    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Unreachable { .. })
    }
}
