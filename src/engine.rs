//! The engine: one repository, its index, and answers about it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use indexer::{Event, IndexOptions, Report, update};
use rag_core::embedding::{Embedder, StaticEmbedder};
use rag_core::hybrid::{Ranking, Repository, Searcher};
use rag_core::store::{FOLDER, Snapshot, Store};
use rag_core::{Query, Result, SearchResult};

/// How an [`Engine`] works.
#[derive(Clone, Debug, Default)]
pub struct EngineOptions {
    /// How to index.
    pub index: IndexOptions,
    /// How to rank.
    pub ranking: Ranking,
    /// Where the index lies; `<root>/.cogo` if not given.
    pub folder: Option<PathBuf>,
}

/// A repository and its index. Safe to share between threads: searches run on a frozen snapshot and never wait for
/// indexing.
pub struct Engine {
    root: PathBuf,
    store: Store,
    embedder: Arc<dyn Embedder>,
    options: EngineOptions,
    searcher: RwLock<Option<Arc<Searcher>>>,
}

impl Engine {
    /// An engine for the folder `root`. Reads nothing yet.
    pub fn new(root: &Path, options: EngineOptions) -> Self {
        let folder = options.folder.clone().unwrap_or_else(|| root.join(FOLDER));
        Engine {
            root: root.to_owned(),
            store: Store::new(folder),
            embedder: Arc::new(StaticEmbedder::bundled()),
            options,
            searcher: RwLock::new(None),
        }
    }

    /// Brings the index up to date with the files, creating it if there is none.
    ///
    /// # Errors
    /// See [`indexer::update`].
    pub fn refresh(&self, progress: &(dyn Fn(Event) + Sync)) -> Result<Report> {
        let (snapshot, report) = update(
            &self.root,
            &self.store,
            &*self.embedder,
            &self.options.index,
            self.known(),
            progress,
        )?;
        self.show(snapshot)?;
        Ok(report)
    }

    /// Answers `query` from the last committed generation.
    ///
    /// # Errors
    /// [`Error::NoIndex`] if there is none; see [`Searcher::search`].
    pub fn search(&self, query: &Query) -> Result<SearchResult> {
        self.searcher()?.search(query)
    }

    /// A frozen view of the last generation this engine has seen.
    pub fn searcher(&self) -> Result<Arc<Searcher>> {
        if let Some(searcher) = self.searcher.read().expect("no panic holds it").as_ref() {
            return Ok(searcher.clone());
        }
        self.show(Arc::new(self.store.snapshot(None)?))
    }

    fn known(&self) -> Option<Arc<Snapshot>> {
        let searcher = self.searcher.read().expect("no panic holds it");
        searcher.as_ref().map(|searcher| searcher.repositories()[0].snapshot.clone())
    }

    fn show(&self, snapshot: Arc<Snapshot>) -> Result<Arc<Searcher>> {
        let repositories = vec![Repository { snapshot }];
        let searcher = Searcher::new(repositories, self.embedder.clone(), self.options.ranking.clone())?;
        let searcher = Arc::new(searcher);
        *self.searcher.write().expect("no panic holds it") = Some(searcher.clone());
        Ok(searcher)
    }
}
