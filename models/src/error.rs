//! What can go wrong with models, and what to do about it.

use std::io;

/// The result of a fallible operation on models.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong; exit codes derive from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A name that is malformed or unknown.
    Name,
    /// The model is not installed.
    NotInstalled,
    /// Another model is installed under that name.
    Exists,
    /// Another process works on the model.
    Busy,
    /// The network is needed, but was forbidden.
    Offline,
    /// A server cannot be reached, or refuses.
    Network,
    /// Bytes are not those they should be.
    Corrupt,
    /// A folder, archive, repository or index does not hold what is needed.
    Content,
    /// The disk is too full.
    Space,
    /// The operating system refused.
    Io,
}

/// An error about models.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of thing went wrong.
    pub kind: Kind,
    /// What was being done, to what, and why it failed.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Error { hint: Some(hint.into()), ..self }
    }
}

/// The message of an [`io::Error`] must name the path already, as those of `fs_err` do.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull {
            return Error::new(Kind::Space, error.to_string()).hint("free some space and try again");
        }
        Error::new(Kind::Io, error.to_string())
    }
}
