//! Answering queries from mirrors.
//!
//! PostgreSQL brings candidates: the chunks nearest by vector, and those that hold the query's words (`retrieve.rs`). Their documents, which the
//! process keeps (`documents.rs`), are ranked by the code that ranks an index on disk, with the same numbers about all documents
//! (`state.rs`). What a process knows is of one revision of a repository. Statements say of which revision their answer is; if that is another
//! one, the process learns it and asks again. So no transaction is held, and a query whose words and documents are known is one statement.

mod documents;
mod retrieve;
mod sessions;
mod state;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rag_core::embedding::Embedder;
use rag_core::hybrid::{Corpus, Plan, Ranking, Sample, SampleFile};
use rag_core::store::Segment;
use rag_core::store::manifest::Counts;
use rag_core::{Query, SearchResult, Searcher};
use sqlx::{Connection, PgConnection};

use self::documents::Documents;
use self::sessions::Sessions;
use self::state::{Frequencies, State};
use super::address::Address;
use super::failure::{Attempt, Failure};
use super::{NAME, connection};
use crate::{Error, Result};

/// How often a question is asked again because a sync came between.
const MOST_LOOKS: usize = 20;

/// Which revision of which repository, by their ids.
type Revisions = Vec<(i64, i64)>;

/// Answers queries from the mirrors of one tenant. Safe to share between threads.
pub struct Reader {
    tenant: String,
    embedder: Arc<dyn Embedder>,
    ranking: Ranking,
    sessions: Sessions,
    /// what is known of repositories, by their names
    states: Mutex<HashMap<String, Arc<State>>>,
    /// one thread at a time learns what is new
    learning: tokio::sync::Mutex<()>,
    /// numbers about several repositories, as asked last: their ids and revisions
    together: Mutex<Option<(Revisions, Arc<Corpus>)>>,
    documents: Documents,
}

/// Hits, and what they are of.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The hits; [`repository`](rag_core::Hit::repository) is the index of a name that was asked for.
    pub result: SearchResult,
    /// Per hit, a number that its file has as long as it does not change.
    pub versions: Vec<u64>,
}

/// A document of a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Relative to the repository.
    pub path: String,
    /// Its language.
    pub language: String,
    /// Its text.
    pub text: String,
    /// As in [`Answer::versions`].
    pub version: u64,
}

/// Candidates of one revision, and what else ranking needs.
struct Taken {
    sample: Sample,
    corpus: Arc<Corpus>,
    versions: HashMap<(usize, String), u64>,
}

impl Reader {
    /// A reader of the mirrors of `tenant` at `url`. Connects when it is asked.
    ///
    /// # Errors
    /// [`Error::Address`] if the URL cannot be read.
    pub fn new(url: &str, tenant: impl Into<String>, embedder: Arc<dyn Embedder>, ranking: Ranking) -> Result<Self> {
        let (address, tenant) = (Address::parse(url)?, tenant.into());
        let sessions = Sessions::new(address, tenant.clone(), retrieve::breadth(ranking.candidates));
        let sessions = sessions.map_err(|error| Error::Server { server: NAME, reason: error.to_string() })?;
        let (states, learning, together, documents) = Default::default();
        Ok(Reader { tenant, embedder, ranking, sessions, states, learning, together, documents })
    }

    /// Where it reads, without user and password.
    pub fn address(&self) -> String {
        self.sessions.address().to_string()
    }

    /// Names of the tenant's repositories that can be searched, sorted.
    ///
    /// # Errors
    /// If the server cannot be reached, or holds no mirrors.
    pub fn repositories(&self) -> Result<Vec<String>> {
        Ok(self.sessions.with(async |connection| {
            connection::check(connection).await?;
            let names = "SELECT name FROM cogo.repositories WHERE tenant = $1 AND generation IS NOT NULL ORDER BY name";
            Ok(sqlx::query_scalar(names).bind(&self.tenant).fetch_all(connection).await?)
        })?)
    }

    /// Answers `query` from the generations of these repositories that are visible now, as if they were one.
    ///
    /// # Errors
    /// If the query cannot be answered as asked, or the server cannot be reached or holds no such mirror.
    pub fn search(&self, repositories: &[&str], query: &Query) -> Result<Answer> {
        let started = Instant::now();
        let plan = Plan::new(query, &*self.embedder, &self.ranking)?;
        let Taken { sample, corpus, versions } = self.sessions.with(async |connection| {
            for _ in 0..MOST_LOOKS {
                let states = self.states(connection, repositories).await?;
                match self.take(connection, &states, query, &plan).await? {
                    Some(taken) => return Ok(taken),
                    None => self.forget(repositories),
                }
            }
            Err(too_fast())
        })?;
        let found = started.elapsed();
        let searcher = Searcher::of_sample(sample, &corpus, self.embedder.clone(), self.ranking.clone())?;
        let result = searcher.search(query)?;
        tracing::debug!(candidates = versions.len(), ?found, ranked = ?started.elapsed(), "searched a mirror");
        let version = |hit: &rag_core::Hit| versions.get(&(hit.repository, hit.path.clone())).copied().unwrap_or(0);
        Ok(Answer { versions: result.hits.iter().map(version).collect(), result })
    }

    /// The document at `path` in the generation that is visible now; `None` if there is none.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn document(&self, repository: &str, path: &str) -> Result<Option<Document>> {
        let found = self.sessions.with(async |connection| {
            for _ in 0..MOST_LOOKS {
                let state = self.current(connection, repository).await?;
                let Some((id, known)) = state.documents.iter().find(|(_, known)| known.path == path) else {
                    return Ok(None);
                };
                match self.documents.get(connection, state.dimensions, &[*id]).await? {
                    Some(segments) => return Ok(Some((known.clone(), segments[0].clone()))),
                    None => self.forget(&[repository]),
                }
            }
            Err(too_fast())
        })?;
        let Some((known, segment)) = found else { return Ok(None) };
        let text = segment.text(0)?.as_str().to_owned();
        Ok(Some(Document { path: known.path, language: known.language, text, version: known.version }))
    }

    /// The generation that readers see now, and what it holds: files, chunks, symbols and lines.
    ///
    /// # Errors
    /// If the server cannot be reached, or holds no such mirror.
    pub fn generation(&self, repository: &str) -> Result<(u64, Counts)> {
        let state = self.sessions.with(async |connection| self.current(connection, repository).await)?;
        Ok((state.generation, state.counts.clone()))
    }

    async fn take(
        &self,
        connection: &mut PgConnection,
        states: &[Arc<State>],
        query: &Query,
        plan: &Plan,
    ) -> Attempt<Option<Taken>> {
        let words: Vec<&str> = plan.words.iter().map(|(word, _)| word.as_str()).collect();
        let (mut known, mut ids) = (Vec::with_capacity(states.len()), Vec::new());
        let mut frequencies: HashMap<String, u64> = HashMap::new();
        for state in states {
            let Some(of_words) = state.frequencies(connection, &words).await? else { return Ok(None) };
            for (word, frequency) in &of_words {
                *frequencies.entry(word.clone()).or_default() += frequency.chunks;
            }
            known.push(of_words);
        }
        for (state, known) in states.iter().zip(&known) {
            let found = retrieve::candidates(connection, state, query, plan, known).await?;
            let Some(found) = found else { return Ok(None) };
            ids.push(found);
        }
        let all: Vec<i64> = ids.iter().flatten().copied().collect();
        let dimensions = self.embedder.dimensions() as u32;
        let Some(segments) = self.documents.get(connection, dimensions, &all).await? else { return Ok(None) };
        let terms = state::mention_terms(&segments);
        let mut mentions: Frequencies = HashMap::new();
        for state in states {
            let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
            let Some(known) = state.frequencies(connection, &terms).await? else { return Ok(None) };
            known.into_iter().for_each(|(term, known)| mentions.entry(term).or_default().documents += known.documents);
        }
        let mut versions = HashMap::with_capacity(all.len());
        let mut files = segments.into_iter().zip(&terms);
        let mut repositories = Vec::with_capacity(states.len());
        for (index, (state, ids)) in states.iter().zip(&ids).enumerate() {
            let mut own = Vec::with_capacity(ids.len());
            for (id, (segment, term)) in ids.iter().zip(&mut files) {
                let version = state.documents.get(id).map_or(0, |known| known.version);
                versions.insert((index, path_of(&segment)), version);
                own.push(SampleFile { segment, mentions: mentions.get(term).map_or(0, |known| known.documents) });
            }
            repositories.push(own);
        }
        let model = self.embedder.id().to_owned();
        let sample = Sample { model, repositories, frequencies: frequencies.into_iter().collect() };
        Ok(Some(Taken { sample, corpus: self.corpus(states), versions }))
    }

    /// Numbers about all documents of these repositories.
    fn corpus(&self, states: &[Arc<State>]) -> Arc<Corpus> {
        if let [only] = states {
            return only.corpus.clone();
        }
        let wanted: Vec<(i64, i64)> = states.iter().map(|state| (state.repository, state.revision)).collect();
        let mut together = lock(&self.together);
        match &*together {
            Some((known, corpus)) if *known == wanted => corpus.clone(),
            _ => {
                let corpus = Arc::new(Corpus::of(states.iter().map(|state| &*state.corpus)));
                *together = Some((wanted, corpus.clone()));
                corpus
            }
        }
    }

    /// What is known of these repositories; read if nothing is.
    async fn states(&self, connection: &mut PgConnection, repositories: &[&str]) -> Attempt<Vec<Arc<State>>> {
        let mut states = Vec::with_capacity(repositories.len());
        for name in repositories {
            let known = lock(&self.states).get(*name).cloned();
            states.push(match known {
                Some(known) => known,
                None => self.current(connection, name).await?,
            });
        }
        Ok(states)
    }

    /// What is known of the visible generation; read anew only if it is another one.
    async fn current(&self, connection: &mut PgConnection, name: &str) -> Attempt<Arc<State>> {
        let _learning = self.learning.lock().await;
        let known = lock(&self.states).get(name).cloned();
        let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let found = State::current(&mut transaction, &self.tenant, name, known).await;
        transaction.rollback().await?;
        let state = found.inspect_err(|failure| {
            if matches!(failure, Failure::Final(_)) {
                self.forget(&[name]);
            }
        })?;
        if state.model != self.embedder.id() {
            let reason = format!("the mirror of `{name}` was made with `{}`", state.model);
            return Err(rag_core::Error::Model { name: self.embedder.id().to_owned(), reason }.into());
        }
        lock(&self.states).insert(name.to_owned(), state.clone());
        Ok(state)
    }

    fn forget(&self, repositories: &[&str]) {
        let mut states = lock(&self.states);
        repositories.iter().for_each(|name| drop(states.remove(*name)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn path_of(segment: &Segment) -> String {
    segment.path(0).to_owned()
}

fn too_fast() -> Failure {
    let reason = "repositories change faster than they can be read".to_owned();
    Failure::Final(Error::Server { server: NAME, reason })
}
