//! Answering queries from a mirror.
//!
//! PostgreSQL brings candidates: the chunks nearest by vector, and those that hold the query's words (`retrieve.rs`). Their documents, which the
//! process keeps (`documents.rs`), are ranked by the code that ranks an index on disk, with the same numbers about all documents
//! (`state.rs`). All that is read for a query is read in one transaction: it is of one generation.

mod documents;
mod retrieve;
mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rag_core::embedding::Embedder;
use rag_core::hybrid::{Plan, Ranking, Sample};
use rag_core::{Query, SearchResult, Searcher};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::Runtime;

use self::documents::Documents;
use self::state::State;
use super::address::Address;
use super::failure::Attempt;
use super::{NAME, connection};
use crate::{Error, Origin, Result};

/// Connections of a reader.
const CONNECTIONS: u32 = 8;
/// Longest wait for a free one.
const ACQUIRE: Duration = Duration::from_secs(10);
/// A query that takes longer is given up by the server.
const STATEMENT_TIMEOUT: &str = "20s";
/// Tries after a lost connection: the pool may hold several that the server has closed.
const TRIES: usize = 4;

/// Answers queries from the mirror of one repository. Safe to share between threads.
pub struct Reader {
    origin: Origin,
    embedder: Arc<dyn Embedder>,
    ranking: Ranking,
    runtime: Runtime,
    pool: PgPool,
    state: Mutex<Option<Arc<State>>>,
    documents: Documents,
}

impl Reader {
    /// A reader of the mirror of `origin` at `url`. Connects when it is asked.
    ///
    /// # Errors
    /// [`Error::Address`] if the URL cannot be read.
    pub fn new(url: &str, origin: Origin, embedder: Arc<dyn Embedder>, ranking: Ranking) -> Result<Self> {
        let address = Address::parse(url)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::Server { server: NAME, reason: error.to_string() })?;
        let tenant = origin.clone();
        let options = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE);
        let options = options.after_connect(move |connection, _| {
            let tenant = tenant.clone();
            Box::pin(async move { connection::set_session(connection, &tenant, STATEMENT_TIMEOUT).await })
        });
        let pool = runtime.block_on(async { options.connect_lazy_with(address.quiet()) });
        Ok(Reader {
            origin,
            embedder,
            ranking,
            runtime,
            pool,
            state: Mutex::new(None),
            documents: Documents::default(),
        })
    }

    /// Answers `query` from the generation that is visible now.
    ///
    /// # Errors
    /// If the query cannot be answered as asked, or the server cannot be reached or holds no such mirror.
    pub fn search(&self, query: &Query) -> Result<SearchResult> {
        let plan = Plan::new(query, &*self.embedder, &self.ranking)?;
        let (state, sample) = self.try_again(async || self.sample(query, &plan).await)?;
        let searcher = Searcher::of_sample(sample, &state.corpus, self.embedder.clone(), self.ranking.clone())?;
        Ok(searcher.search(query)?)
    }

    /// The generation that readers see now.
    ///
    /// # Errors
    /// If the server cannot be reached, or holds no such mirror.
    pub fn generation(&self) -> Result<u64> {
        self.try_again(async || {
            let mut transaction = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            let state = self.state(&mut transaction).await?;
            transaction.commit().await?;
            Ok(state.generation)
        })
    }

    fn try_again<T>(&self, mut act: impl AsyncFnMut() -> Attempt<T>) -> Result<T> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.runtime.block_on(act()) {
                Err(super::failure::Failure::Lost(_)) if tries < TRIES => {}
                done => return done.map_err(Error::from),
            }
        }
    }

    async fn sample(&self, query: &Query, plan: &Plan) -> Attempt<(Arc<State>, Sample)> {
        let mut transaction = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let state = self.state(&mut transaction).await?;
        let words: Vec<&str> = plan.words.iter().map(|(word, _)| word.as_str()).collect();
        let frequencies = state.frequencies(&mut transaction, &words).await?;
        let ids = retrieve::candidates(&mut transaction, &state, query, plan, &frequencies).await?;
        let segments = self.documents.get(&mut transaction, &state, &ids).await?;
        let files = state.with_mentions(&mut transaction, segments).await?;
        transaction.commit().await?;
        let frequencies = frequencies.into_iter().map(|(word, frequency)| (word, frequency.chunks)).collect();
        Ok((state.clone(), Sample { model: state.model.clone(), files, frequencies }))
    }

    /// What is known of the visible generation; read anew only if it is another one.
    async fn state(&self, connection: &mut sqlx::PgConnection) -> Attempt<Arc<State>> {
        let lock = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().clone();
        let state = State::current(connection, &self.origin, known).await?;
        *lock() = Some(state.clone());
        Ok(state)
    }
}
