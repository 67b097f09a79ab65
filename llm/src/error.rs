//! What can go wrong between a prompt and its reply.

use std::time::Duration;

use crate::Usd;

/// Result of asking a model.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider wants a key.
    #[error("the provider of `{model}` wants a key")]
    NoKey {
        /// The model.
        model: String,
        /// The environment variables that may hold it.
        variables: Vec<String>,
    },
    /// The settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The next call could go over the cap.
    #[error("the next call may need {needed}, and {left} is left")]
    Budget {
        /// What the call may need at most.
        needed: Amount,
        /// What is left of the cap.
        left: Amount,
    },
    /// The provider answered with a status that is no success.
    #[error("the provider says {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What it says about it.
        message: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("the provider did not answer in time")]
    Timeout,
    /// The provider could not be reached.
    #[error("cannot reach the provider: {0}")]
    Network(String),
    /// There was an answer, and it cannot be read.
    #[error("the provider's answer cannot be read: {0}")]
    Reply(String),
}

/// An amount of what is capped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Money.
    Cost(Usd),
    /// Tokens.
    Tokens(u64),
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Amount::Cost(cost) => cost.fmt(f),
            Amount::Tokens(tokens) => write!(f, "{tokens} tokens"),
        }
    }
}

impl Error {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Status { status, .. } => *status == 429 || *status >= 500,
            Error::Timeout | Error::Network(_) => true,
            _ => false,
        }
    }

    /// Whether the provider may bill the request all the same: it may have done the work, and the answer was lost.
    pub fn may_cost(&self) -> bool {
        matches!(self, Error::Timeout | Error::Reply(_))
    }

    /// Whether it is about how we were called, and not about the provider or the network.
    pub fn is_callers(&self) -> bool {
        match self {
            Error::NoKey { .. } | Error::Settings(_) | Error::Budget { .. } => true,
            Error::Status { status, .. } => matches!(status, 400..=404 | 422),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::NoKey { variables, .. } => Some(format!("set {} in the environment", variables.join(" or "))),
            Error::Status { status: 401 | 403, .. } => Some("look at the key in the environment".into()),
            Error::Status { status: 404, .. } => Some("look at the model's name and the base URL".into()),
            Error::Budget { .. } => Some("raise the cap; what is cached is not paid for again".into()),
            _ => None,
        }
    }

    /// How long the provider asks to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
