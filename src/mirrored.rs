//! Repositories whose index lies elsewhere: answers come from its mirror in PostgreSQL.

use std::sync::Arc;

use mirror::postgres::{Answer, Document, Reader, is_address};
use mirror::{Error as MirrorError, Origin};
use rag_core::embedding::StaticEmbedder;
use rag_core::hybrid::Searcher;
use rag_core::store::manifest::Counts;
use rag_core::{Error, Hit, Query, Result, SearchResult};

use crate::{Engine, EngineOptions};

/// One repository of a reader.
#[derive(Clone)]
pub(crate) struct Mirrored {
    reader: Arc<Reader>,
    repository: String,
}

impl Mirrored {
    pub(crate) fn name(&self) -> &str {
        &self.repository
    }

    /// Server, database and repository.
    pub(crate) fn place(&self) -> String {
        format!("{}/{}", self.reader.address(), self.repository)
    }

    pub(crate) fn search(&self, query: &Query) -> Result<SearchResult> {
        Ok(self.reader.search(&[&self.repository], query).map_err(failure)?.result)
    }

    pub(crate) fn document(&self, path: &str) -> Result<Option<Document>> {
        self.reader.document(&self.repository, path).map_err(failure)
    }

    pub(crate) fn generation(&self) -> Result<(u64, Counts)> {
        self.reader.generation(&self.repository).map_err(failure)
    }
}

/// Engines for the mirrors of `tenant` in the database at `url`: for `repository`, or for all that are there now.
///
/// # Errors
/// [`Error::Query`] if the address cannot be read; if all are wanted, [`Error::Server`] if the server cannot be reached or holds none.
pub fn engines(url: &str, tenant: &str, repository: Option<&str>, options: &EngineOptions) -> Result<Vec<Engine>> {
    let embedder = Arc::new(StaticEmbedder::bundled());
    let reader = Arc::new(Reader::new(url, tenant, embedder, options.ranking.clone()).map_err(failure)?);
    let names = match repository {
        Some(name) => vec![name.to_owned()],
        None => reader.repositories().map_err(failure)?,
    };
    if names.is_empty() {
        let address = reader.address();
        let reason = format!("{address} holds no mirror for the tenant `{tenant}`; run `cogo sync postgres`");
        return Err(Error::Server { reason });
    }
    let engine = |repository| Engine::of_mirror(Mirrored { reader: reader.clone(), repository }, options.clone());
    Ok(names.into_iter().map(engine).collect())
}

/// The engine for the mirror of `origin` in the database at `url`. Connects when it is asked.
///
/// # Errors
/// [`Error::Query`] if the address cannot be read.
pub fn engine(url: &str, origin: &Origin, options: &EngineOptions) -> Result<Engine> {
    let mut engines = engines(url, &origin.tenant, Some(&origin.repository), options)?;
    Ok(engines.remove(0))
}

/// Answers queries over some repositories, wherever their indexes lie.
#[derive(Clone)]
pub enum View {
    /// From indexes: a frozen view.
    Indexes(Arc<Searcher>),
    /// From mirrors: each answer is of the generations that are visible then.
    Mirrors(Mirrors),
}

/// Repositories of one reader.
#[derive(Clone)]
pub struct Mirrors {
    reader: Arc<Reader>,
    repositories: Vec<String>,
}

impl Mirrors {
    /// Of repositories that one reader reads; `None` if they are not.
    pub(crate) fn of<'m>(mut all: impl Iterator<Item = Option<&'m Mirrored>>) -> Option<Self> {
        let Mirrored { reader, repository } = all.next()??.clone();
        let mut repositories = vec![repository];
        for other in all {
            let other = other?;
            if !Arc::ptr_eq(&reader, &other.reader) {
                return None;
            }
            repositories.push(other.repository.clone());
        }
        Some(Mirrors { reader, repositories })
    }
}

impl View {
    /// Finds what resembles the chunk at `line` of `path` in the first repository; see [`Searcher::related`].
    ///
    /// # Errors
    /// As [`Searcher::related`]; a mirror cannot answer that.
    pub fn related(&self, path: &str, line: u32, query: &Query) -> Result<Answer> {
        match self {
            View::Indexes(searcher) => Ok(of_index(searcher, searcher.related(0, path, line, query)?)),
            View::Mirrors(_) => Err(Error::Mirror { question: "what resembles a place" }),
        }
    }

    /// Answers `query`, with a number per hit that its file has as long as it does not change.
    ///
    /// # Errors
    /// See [`Searcher::search`]; [`Error::Server`] if a mirror cannot be asked.
    pub fn answer(&self, query: &Query) -> Result<Answer> {
        match self {
            View::Indexes(searcher) => Ok(of_index(searcher, searcher.search(query)?)),
            View::Mirrors(Mirrors { reader, repositories }) => {
                let repositories: Vec<&str> = repositories.iter().map(String::as_str).collect();
                reader.search(&repositories, query).map_err(failure)
            }
        }
    }
}

fn of_index(searcher: &Searcher, result: SearchResult) -> Answer {
    let repositories = searcher.repositories();
    let version = |hit: &Hit| repositories[hit.repository].snapshot.entry(&hit.path).map_or(0, |entry| entry.content);
    Answer { versions: result.hits.iter().map(version).collect(), result }
}

/// Whether `address` is that of a database with mirrors, and not a folder.
pub fn is_mirror(address: &str) -> bool {
    is_address(address)
}

fn failure(error: MirrorError) -> Error {
    match error {
        MirrorError::Index(error) => error,
        MirrorError::Address { .. } => Error::Query { reason: error.to_string() },
        error => Error::Server { reason: error.to_string() },
    }
}
