//! What can go wrong, whose fault it is, and what to do about it.

use std::io;
use std::path::PathBuf;

/// The result of a fallible operation of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault an error is; exit codes and HTTP statuses derive from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request was wrong: a bad query, path or setting.
    Caller,
    /// The machine or the index on disk was: permissions, a full disk, a damaged file, another writer.
    Environment,
    /// We were.
    Bug,
}

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder that should hold an index holds none.
    #[error("no index at `{}`", path.display())]
    NoIndex {
        /// The index folder.
        path: PathBuf,
    },
    /// A file of the index is damaged.
    #[error("index file `{}` is damaged: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The index was written by another version of cogo.
    #[error("index `{}` has format {found}, this cogo reads format {expected}", path.display())]
    Format {
        /// The index folder.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format this build reads and writes.
        expected: u32,
    },
    /// Another process is writing the index.
    #[error("another process is writing the index at `{}`", path.display())]
    Locked {
        /// The index folder.
        path: PathBuf,
    },
    /// The index was made with another model than the one it is searched with.
    #[error("the index was made with the model `{made_with}`, and not with `{model}`")]
    OtherModel {
        /// The model of the index.
        made_with: String,
        /// The model to search with.
        model: String,
    },
    /// Weights of the ranking that are not whole.
    #[error("weights of the ranking: {reason}")]
    Ranking {
        /// What is wrong.
        reason: String,
    },
    /// A query that cannot be answered as asked.
    #[error("invalid query: {reason}")]
    Query {
        /// Why.
        reason: String,
    },
    /// A model that cannot be used.
    #[error("model `{name}` cannot be used: {reason}")]
    Model {
        /// The model.
        name: String,
        /// Why.
        reason: String,
    },
    /// ONNX Runtime, the library that large models run on, cannot be loaded.
    #[error("ONNX Runtime cannot be used: {reason}")]
    Runtime {
        /// Why, for every place where it was looked for.
        reason: String,
    },
    /// A path that cannot be indexed.
    #[error("cannot index `{}`: {reason}", path.display())]
    Source {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A server that should answer in place of an index does not.
    #[error("{reason}")]
    Server {
        /// Why.
        reason: String,
    },
    /// A question that a mirror in a server cannot answer.
    #[error("{question} cannot be answered from a mirror in PostgreSQL")]
    Mirror {
        /// What was asked for.
        question: &'static str,
    },
    /// The operating system refused; the message names the path.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The text index failed.
    #[error("text index failed")]
    TextIndex(#[from] tantivy::TantivyError),
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Error::NoIndex { .. }
            | Error::Query { .. }
            | Error::Ranking { .. }
            | Error::Source { .. }
            | Error::Mirror { .. } => Fault::Caller,
            Error::Corrupt { .. }
            | Error::Format { .. }
            | Error::Locked { .. }
            | Error::Model { .. }
            | Error::OtherModel { .. }
            | Error::Runtime { .. }
            | Error::Server { .. }
            | Error::Io(_) => Fault::Environment,
            Error::TextIndex(_) => Fault::Bug,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::NoIndex { path } => {
                let root = path.parent().unwrap_or(path);
                Some(format!("run `cogo-index {}` first", root.display()))
            }
            Error::Corrupt { .. } | Error::Format { .. } => {
                Some("run `cogo-index --rebuild` to write it anew; your files are not touched".into())
            }
            Error::OtherModel { .. } => Some("run `cogo-index` to bring it up to date".into()),
            Error::Model { .. } => {
                Some("`cogo model list` shows what is installed, `cogo model verify` checks it".into())
            }
            Error::Runtime { .. } => Some("run `cogo model pull runtime`, or `pip install onnxruntime`".into()),
            Error::Mirror { .. } => Some(
                "ask where the index lies; the graph can be asked in Neo4j, too (`cogo graph … --neo4j URL`)".into(),
            ),
            Error::Locked { .. } => Some("wait for it, or pass `--wait`".into()),
            Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Some("free some space; the previous index is intact".into())
            }
            _ => None,
        }
    }
}
