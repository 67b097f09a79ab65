//! What a failure means: try again, or tell the user.

use sqlx::postgres::PgDatabaseError;

use super::NAME;
use crate::Error;

/// Why an attempt ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection is gone, or the server is busy with itself: the next attempt goes on where this one was.
    Lost(String),
    /// Trying again is of no use.
    Final(Error),
}

pub(super) type Attempt<T> = std::result::Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Final(error)
    }
}

impl From<rag_core::Error> for Failure {
    fn from(error: rag_core::Error) -> Self {
        Failure::Final(error.into())
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(reason) => Error::Unreachable { server: NAME, reason },
            Failure::Final(error) => error,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let unfit = |reason: String| Failure::Final(Error::Unfit { server: NAME, reason });
        let Some(told) = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) else {
            return match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::WorkerCrashed => Failure::Lost(error.to_string()),
                sqlx::Error::Tls(reason) => unfit(format!("no secure connection: {reason}")),
                other => Failure::Final(Error::Server { server: NAME, reason: other.to_string() }),
            };
        };
        let said = told.message();
        match told.code() {
            // Connection failures; shutdown, crash, start-up; deadlock, serialisation; too many connections.
            "57P01" | "57P02" | "57P03" | "57P05" | "40001" | "40P01" | "53300" => Failure::Lost(said.to_owned()),
            code if code.starts_with("08") => Failure::Lost(said.to_owned()),
            "28P01" | "28000" => Failure::Final(Error::Unreachable {
                server: NAME,
                reason: format!("{said}; check user name and password"),
            }),
            "3D000" => Failure::Final(Error::Unreachable { server: NAME, reason: said.to_owned() }),
            "42501" => unfit(format!("{said}; the role must own the schema `cogo`, or be allowed to create it")),
            "25006" => unfit(format!("{said}; it is read-only, give the address of the primary")),
            "53100" | "53200" | "54000" => Failure::Final(Error::Server { server: NAME, reason: said.to_owned() }),
            code => Failure::Final(Error::Server { server: NAME, reason: format!("{said} (SQLSTATE {code})") }),
        }
    }
}
