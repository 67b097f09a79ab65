//! What can go wrong between an index and its mirror.

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a mirror could not be read or written. Messages say what to do; none holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one of this kind of server, or names none.
    #[error("`{address}` is no address of {server}: {reason}")]
    Address {
        /// The address without its password.
        address: String,
        /// Name of the server's kind.
        server: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The server could not be reached, or the connection broke and could not be made again.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Name of the server's kind.
        server: &'static str,
        /// What the client says.
        reason: String,
    },
    /// The server lacks something: a version, an extension, a right.
    #[error("{server} cannot hold a mirror: {reason}")]
    Unfit {
        /// Name of the server's kind.
        server: &'static str,
        /// What it lacks, and how to give it that.
        reason: String,
    },
    /// The server refused a statement, or its answer makes no sense.
    #[error("{server} failed: {reason}")]
    Server {
        /// Name of the server's kind.
        server: &'static str,
        /// What the server says.
        reason: String,
    },
    /// The server holds a newer generation than the one that was to be written.
    #[error("the mirror holds generation {theirs}, which is newer than generation {ours} here")]
    Older {
        /// The generation here.
        ours: u64,
        /// The generation there.
        theirs: u64,
    },
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] rag_core::Error),
}
