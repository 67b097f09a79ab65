//! The engine: repositories, their indexes, and answers about them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use crate::adapt::Adapted;
use crate::config::DEFAULT_TENANT;
use crate::graph::Beside;
use crate::mirrored::{Mirrored, Mirrors, View};
use graphrag::Graph;
use indexer::scan::{ScanOptions, scan};
use indexer::{BackfillProgress, Event, IndexOptions, Report, update};
use mirror::postgres::Document;
use rag_core::embedding::{Embedder, Encoder, StaticEmbedder};
use rag_core::hybrid::{Coverage, LinkSource, Ranking, Repository, Searcher};
use rag_core::store::catalog::Place;
use rag_core::store::manifest::Counts;
use rag_core::store::{FOLDER, Snapshot, Store, Vectors};
use rag_core::{Error, Query, Result, SearchResult};
use xxhash_rust::xxh3::xxh3_64;

/// How an [`Engine`] works.
#[derive(Clone, Default)]
pub struct EngineOptions {
    /// How to index.
    pub index: IndexOptions,
    /// How to rank.
    pub ranking: Ranking,
    /// Leave out the weights that [`adapt`](crate::adapt) has fitted to the repository.
    pub unadapted: bool,
    /// Where the index lies; `<root>/.cogo` if not given.
    pub folder: Option<PathBuf>,
    /// Only what lies within these files and folders (relative to the root) is found; empty for everything.
    pub within: Vec<String>,
    /// A large model that takes part, as far as [`Engine::backfill`] has come.
    pub model: Option<Arc<dyn Encoder>>,
    /// What is done with each generation that was committed, such as bringing a mirror up to date.
    pub after_commit: Option<AfterCommit>,
}

/// Is told of generations by [`Engine::refresh`] and [`Engine::catch_up`]: the one there is, and whether it was just committed.
pub type AfterCommit = Arc<dyn Fn(&Engine, &Snapshot, bool) + Send + Sync>;

/// A repository and its index, or the mirror of one that lies elsewhere. Safe to share between threads: searches run on a frozen snapshot and never wait for
/// indexing.
pub struct Engine {
    root: PathBuf,
    store: Store,
    embedder: Arc<dyn Embedder>,
    options: EngineOptions,
    searcher: RwLock<Option<Arc<Searcher>>>,
    vectors: RwLock<Arc<Vectors>>,
    graphs: Arc<Graphs>,
    /// Where answers come from instead of the store.
    mirror: Option<Mirrored>,
}

impl Engine {
    /// An engine for `address`: a folder, or a database with a mirror (`postgres://user:password@host:port/database`) of one repository
    /// of the tenant `default`. [`mirrored`](crate::mirrored) has engines for others. A mirror answers [`search`](Self::search),
    /// [`file`](Self::file) and [`generation`](Self::generation); what needs more is [`Error::Mirror`].
    ///
    /// # Errors
    /// [`Error::Query`] if the address cannot be read, or there are several repositories; [`Error::Server`] if the database cannot be
    /// reached or holds none. Folders are not read yet.
    pub fn open(address: &str, options: EngineOptions) -> Result<Self> {
        if !crate::mirrored::is_mirror(address) {
            return Ok(Self::new(Path::new(address), options));
        }
        let mut engines = crate::mirrored::engines(address, DEFAULT_TENANT, None, &options)?;
        match engines.pop() {
            Some(engine) if engines.is_empty() => Ok(engine),
            _ => Err(Error::Query { reason: "the database holds several repositories, and none is named".into() }),
        }
    }

    pub(crate) fn of_mirror(mirror: Mirrored, options: EngineOptions) -> Self {
        let root = PathBuf::from(mirror.place());
        Engine { mirror: Some(mirror), ..Self::new(&root, options) }
    }
    /// An engine for the folder `root`. Reads nothing yet.
    pub fn new(root: &Path, options: EngineOptions) -> Self {
        Self::with_embedder(root, options, Arc::new(StaticEmbedder::bundled()))
    }

    /// An engine whose vectors `embedder` makes, instead of the bundled model. An index that another model made is written anew
    /// at the next [`refresh`](Self::refresh).
    pub fn with_embedder(root: &Path, options: EngineOptions, embedder: Arc<dyn Embedder>) -> Self {
        let folder = options.folder.clone().unwrap_or_else(|| root.join(FOLDER));
        let store = Store::new(folder);
        let beside = Beside { root: root.to_owned(), scip: None, said: crate::extract::log_of(&store) };
        Engine {
            root: root.to_owned(),
            store,
            embedder,
            options,
            searcher: RwLock::new(None),
            vectors: RwLock::default(),
            graphs: Arc::new(Graphs { beside, last: RwLock::default() }),
            mirror: None,
        }
    }

    /// Lets the graph take this SCIP index into account instead of `index.scip` in the root.
    pub fn with_scip(self, path: PathBuf) -> Self {
        let beside = Beside { scip: Some(path), ..self.graphs.beside.clone() };
        Engine { graphs: Arc::new(Graphs { beside, last: RwLock::default() }), ..self }
    }

    /// The same, ranking without weights that were fitted to the repository.
    pub fn unadapted(self) -> Self {
        Engine { options: EngineOptions { unadapted: true, ..self.options }, searcher: RwLock::default(), ..self }
    }

    /// The indexed folder; of a mirror, server, database and name.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it is called: its folder's name, or that in the mirror.
    pub fn name(&self) -> String {
        match &self.mirror {
            Some(mirror) => mirror.name().to_owned(),
            None => {
                self.root.file_name().map_or_else(|| "repository".into(), |name| name.to_string_lossy().into_owned())
            }
        }
    }

    /// Whether answers come from a mirror.
    pub fn is_mirror(&self) -> bool {
        self.mirror.is_some()
    }

    /// Asked where only an index can answer.
    fn index_only(&self, question: &'static str) -> Result<()> {
        match self.mirror {
            Some(_) => Err(Error::Mirror { question }),
            None => Ok(()),
        }
    }

    /// The index on disk; of a mirror, there is none.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Brings the index up to date with the files, creating it if there is none.
    ///
    /// # Errors
    /// See [`indexer::update`].
    pub fn refresh(&self, progress: &(dyn Fn(Event) + Sync)) -> Result<Report> {
        self.index_only("what has changed")?;
        let (snapshot, report) =
            update(&self.root, &self.store, &*self.embedder, &self.options.index, self.known(), progress)?;
        self.committed(snapshot, &report)?;
        Ok(report)
    }

    fn committed(&self, snapshot: Arc<Snapshot>, report: &Report) -> Result<()> {
        self.show(snapshot.clone())?;
        if let Some(tell) = &self.options.after_commit {
            tell(self, &snapshot, !report.unchanged);
        }
        Ok(())
    }

    /// Like [`refresh`](Self::refresh), but keeps to the limits the index was made with, if there is one: a search
    /// must not write an index anew because it was made with other options.
    ///
    /// # Errors
    /// See [`indexer::update`].
    pub fn catch_up(&self, progress: &(dyn Fn(Event) + Sync)) -> Result<Report> {
        self.index_only("what has changed")?;
        let mut options = self.options.index.clone();
        if let Ok(snapshot) = self.snapshot() {
            let made_with = &snapshot.manifest.settings;
            options.chunk_bytes = made_with.chunk_bytes;
            options.max_file_bytes = made_with.max_file_bytes;
            options.include_vendored = made_with.include_vendored;
            options.hnsw_min_vectors = made_with.hnsw_min_vectors;
        }
        let (snapshot, report) = update(&self.root, &self.store, &*self.embedder, &options, self.known(), progress)?;
        self.committed(snapshot, &report)?;
        Ok(report)
    }

    /// Lets the large model read what it has not read yet. Searches go on meanwhile; those of this engine see it at the end,
    /// those of others after their next [`refresh`](Self::refresh) or [`catch_up`](Self::catch_up).
    ///
    /// # Errors
    /// [`Error::Model`] if no model was given or it fails; see [`indexer::backfill`].
    pub fn backfill(&self, progress: &mut dyn FnMut(&BackfillProgress) -> ControlFlow<()>) -> Result<BackfillProgress> {
        let none = || Error::Model { name: "none".into(), reason: "no model was chosen".into() };
        let model = self.options.model.as_ref().ok_or_else(none)?;
        let outcome = indexer::backfill(&self.store, &**model, progress);
        if let Some(snapshot) = self.known() {
            self.show(snapshot)?;
        }
        outcome
    }

    /// The large model, if one was given.
    pub fn model(&self) -> Option<&Arc<dyn Encoder>> {
        self.options.model.as_ref()
    }

    /// How much of this repository the large model has read; `None` without one.
    ///
    /// # Errors
    /// As [`searcher`](Self::searcher).
    pub fn coverage(&self) -> Result<Option<Coverage>> {
        let Some(model) = self.model() else { return Ok(None) };
        let (snapshot, vectors) = (self.snapshot()?, self.vectors()?);
        let mut coverage = Coverage { model: model.id().to_owned(), chunks: 0, covered: 0 };
        for live in &snapshot.segments {
            for chunk in (0..live.segment.entry().chunks).filter(|&chunk| live.is_live(chunk)) {
                coverage.chunks += 1;
                coverage.covered += u64::from(vectors.contains(live.segment.passage_hash(chunk)));
            }
        }
        Ok(Some(coverage))
    }

    /// What the large model made of this repository so far; empty without a model.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn vectors(&self) -> Result<Arc<Vectors>> {
        let Some(model) = &self.options.model else { return Ok(Arc::default()) };
        let store = self.store.vectors(model.id());
        let known = self.vectors.read().expect("no panic holds it").clone();
        if store.is_current(&known)? {
            return Ok(known);
        }
        let opened = Arc::new(store.open()?);
        *self.vectors.write().expect("no panic holds it") = opened.clone();
        Ok(opened)
    }

    /// Compares the files with the generation this engine has seen last, and writes nothing.
    ///
    /// # Errors
    /// As [`searcher`](Self::searcher), and [`Error::Source`] if the root cannot be walked.
    pub fn pending(&self) -> Result<Pending> {
        let snapshot = self.snapshot()?;
        let options = ScanOptions {
            max_file_bytes: snapshot.manifest.settings.max_file_bytes,
            threads: self.options.index.threads,
            include_vendored: snapshot.manifest.settings.include_vendored,
        };
        let scanned = scan(&self.root, &options, &|_| ())
            .map_err(|error| Error::Source { path: self.root.clone(), reason: error.to_string() })?;
        let mut pending = Pending::default();
        let mut known = 0;
        for file in &scanned.files {
            let Some(entry) = snapshot.entry(&file.path) else {
                pending.added += 1;
                continue;
            };
            known += 1;
            let seen = (entry.stamp.size, entry.stamp.modified_ns, entry.stamp.changed_ns, entry.stamp.inode);
            if seen == (file.size, file.modified_ns, file.changed_ns as i64, file.inode) {
                continue;
            }
            // The stamp of a file that was read right after a change is not kept; its content tells.
            let bytes = file.read(options.max_file_bytes);
            if bytes.map_or(true, |bytes| xxh3_64(&bytes) != entry.content) {
                pending.changed += 1;
            }
        }
        pending.removed = snapshot.catalog.len() - known;
        Ok(pending)
    }

    /// Answers `query` from the generation this engine has seen last.
    ///
    /// # Errors
    /// [`Error::NoIndex`] if there is none; see [`Searcher::search`].
    pub fn search(&self, query: &Query) -> Result<SearchResult> {
        match &self.mirror {
            Some(mirror) => mirror.search(query),
            None => self.searcher()?.search(query),
        }
    }

    /// What answers queries now.
    ///
    /// # Errors
    /// As [`searcher`](Self::searcher).
    pub fn view(&self) -> Result<View> {
        match Mirrors::of(std::iter::once(self.mirror.as_ref())) {
            Some(mirrors) => Ok(View::Mirrors(mirrors)),
            None => Ok(View::Indexes(self.searcher()?)),
        }
    }

    /// The generation that answers now, and what it holds; of a mirror files, chunks, symbols and lines.
    ///
    /// # Errors
    /// As [`searcher`](Self::searcher); [`Error::Server`] if the mirror cannot be asked.
    pub fn generation(&self) -> Result<(u64, Counts)> {
        if let Some(mirror) = &self.mirror {
            return mirror.generation();
        }
        let snapshot = self.snapshot()?;
        Ok((snapshot.manifest.generation, snapshot.manifest.counts.clone()))
    }

    /// Finds what resembles the chunk at `line` (1-based) of `path` (relative to the root).
    ///
    /// # Errors
    /// [`Error::Query`] if nothing is indexed there.
    pub fn related(&self, path: &str, line: u32, query: &Query) -> Result<SearchResult> {
        self.searcher()?.related(0, path, line, query)
    }

    /// The indexed text of the file at `path` (relative to the root) in the generation this engine has seen last: what secrets
    /// it held is masked.
    ///
    /// # Errors
    /// [`Error::Query`] if no such file is indexed; [`Error::Corrupt`] if its text is damaged.
    pub fn file(&self, path: &str) -> Result<IndexedFile> {
        let unknown = || Error::Query { reason: format!("`{path}` is not indexed") };
        if let Some(mirror) = &self.mirror {
            let Document { path, language, text, version } = mirror.document(path)?.ok_or_else(unknown)?;
            return Ok(IndexedFile { path, language, text, version });
        }
        let snapshot = self.snapshot()?;
        let entry = snapshot.entry(path).ok_or_else(unknown)?;
        let Place::Indexed { segment, file } = entry.place else { return Err(unknown()) };
        let segment = &snapshot.segments[segment as usize].segment;
        let (language, text) = (segment.language(file).to_owned(), segment.text(file)?.as_str().to_owned());
        Ok(IndexedFile { path: path.to_owned(), language, text, version: entry.content })
    }

    /// A frozen view of the generation this engine has seen last; opens the current one the first time.
    ///
    /// # Errors
    /// [`Error::NoIndex`] if there is none, [`Error::Corrupt`] if it is damaged.
    pub fn searcher(&self) -> Result<Arc<Searcher>> {
        self.index_only("this question")?;
        if let Some(searcher) = self.searcher.read().expect("no panic holds it").as_ref() {
            return Ok(searcher.clone());
        }
        self.show(Arc::new(self.store.snapshot(None)?))
    }

    /// The generation this engine has seen last; see [`searcher`](Self::searcher).
    ///
    /// # Errors
    /// As [`searcher`](Self::searcher).
    pub fn snapshot(&self) -> Result<Arc<Snapshot>> {
        Ok(self.searcher()?.repositories()[0].snapshot.clone())
    }

    /// The graph of the generation this engine has seen last; made when first asked for, and kept with the generation.
    ///
    /// # Errors
    /// As [`searcher`](Self::searcher), and [`Error::Corrupt`] if stored texts or facts are damaged.
    pub fn graph(&self) -> Result<Arc<Graph>> {
        self.index_only("the graph")?;
        self.graph_of(&*self.snapshot()?)
    }

    /// The graph of a generation of this repository, for answers that need both to be of one.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn graph_of(&self, snapshot: &Snapshot) -> Result<Arc<Graph>> {
        self.graphs.of(snapshot)
    }

    /// Makes the links between the files of a generation when a query wants them.
    fn links(&self, snapshot: &Arc<Snapshot>) -> LinkSource {
        let (graphs, snapshot) = (self.graphs.clone(), snapshot.clone());
        Arc::new(move || Ok(crate::graph::file_links(&*graphs.of(&snapshot)?)))
    }

    fn known(&self) -> Option<Arc<Snapshot>> {
        let searcher = self.searcher.read().expect("no panic holds it");
        searcher.as_ref().map(|searcher| searcher.repositories()[0].snapshot.clone())
    }

    /// The weights to rank with: those of the options, moved to where `cogo adapt` found them to be better.
    fn ranking(&self) -> Ranking {
        let adapted = (!self.options.unadapted).then(|| Adapted::read(&self.store, self.embedder.id())).flatten();
        adapted.map_or_else(|| self.options.ranking.clone(), |adapted| adapted.apply(&self.options.ranking))
    }

    fn show(&self, snapshot: Arc<Snapshot>) -> Result<Arc<Searcher>> {
        let before = self.vectors.read().expect("no panic holds it").clone();
        let vectors = self.vectors()?;
        if let Some(known) = &*self.searcher.read().expect("no panic holds it")
            && Arc::ptr_eq(&known.repositories()[0].snapshot, &snapshot)
            && Arc::ptr_eq(&before, &vectors)
        {
            return Ok(known.clone());
        }
        let links = vec![self.links(&snapshot)];
        let repositories = vec![Repository { snapshot, within: self.options.within.clone() }];
        let mut searcher = Searcher::new(repositories, self.embedder.clone(), self.ranking())?;
        searcher = searcher.with_links(links);
        if let Some(model) = &self.options.model {
            searcher = searcher.with_model(model.clone(), vec![vectors]);
        }
        let searcher = Arc::new(searcher);
        *self.searcher.write().expect("no panic holds it") = Some(searcher.clone());
        Ok(searcher)
    }
}

/// The graph of the generation that was asked about last.
#[derive(Default)]
struct Graphs {
    beside: Beside,
    last: RwLock<Option<(MadeOf, Arc<Graph>)>>,
}

/// The generation, and a key for what lies beside it.
type MadeOf = (u64, u64);

impl Graphs {
    fn of(&self, snapshot: &Snapshot) -> Result<Arc<Graph>> {
        let made_of = (snapshot.manifest.generation, self.beside.key());
        if let Some((of, graph)) = &*self.last.read().expect("no panic holds it")
            && *of == made_of
        {
            return Ok(graph.clone());
        }
        let graph = Arc::new(crate::graph::of_snapshot(snapshot, &self.beside)?);
        *self.last.write().expect("no panic holds it") = Some((made_of, graph.clone()));
        Ok(graph)
    }
}

/// A file as it was indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedFile {
    /// Relative to the root.
    pub path: String,
    /// Its language.
    pub language: String,
    /// Its text.
    pub text: String,
    /// A number that it has as long as it does not change.
    pub version: u64,
}

/// How many files differ from what is indexed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// New ones.
    pub added: usize,
    /// Ones with another content.
    pub changed: usize,
    /// Ones that are gone.
    pub removed: usize,
}

impl Pending {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Pending::default()
    }
}

/// Several repositories, answered as one: scores are comparable because the statistics are common.
/// [`Hit::repository`](rag_core::Hit::repository) is the index of an engine.
pub struct Workspace {
    engines: Vec<Arc<Engine>>,
    options: EngineOptions,
}

impl Workspace {
    /// A workspace over these roots. Reads nothing yet.
    ///
    /// # Errors
    /// [`Error::Source`] if there is no root, or one index folder is given for several.
    pub fn new(roots: &[PathBuf], options: EngineOptions) -> Result<Self> {
        Self::configured(roots.iter().map(|root| (root.clone(), options.clone())).collect())
    }

    /// A workspace over these roots, each with its own options; the ranking is that of the first.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn configured(roots: Vec<(PathBuf, EngineOptions)>) -> Result<Self> {
        let reason = match &roots[..] {
            [] => Some("no folder was given"),
            [(_, first), rest @ ..] if first.folder.is_some() && rest.iter().any(|(_, o)| o.folder == first.folder) => {
                Some("several folders cannot share one index folder")
            }
            _ => None,
        };
        if let Some(reason) = reason {
            let path = roots.into_iter().next().map(|(root, _)| root).unwrap_or_default();
            return Err(Error::Source { path, reason: reason.into() });
        }
        let options = roots[0].1.clone();
        let embedder: Arc<dyn Embedder> = Arc::new(StaticEmbedder::bundled());
        let engine = |(root, options): (PathBuf, _)| Arc::new(Engine::with_embedder(&root, options, embedder.clone()));
        let engines = roots.into_iter().map(engine).collect();
        Ok(Workspace { engines, options })
    }

    /// A workspace over engines that others use, too; the ranking is that of the first.
    ///
    /// # Errors
    /// [`Error::Query`] if there are none.
    pub fn of(engines: Vec<Arc<Engine>>) -> Result<Self> {
        let first =
            engines.first().ok_or_else(|| Error::Query { reason: "there is no repository to search".into() })?;
        let options = first.options.clone();
        Ok(Workspace { engines, options })
    }

    /// One engine per root.
    pub fn engines(&self) -> &[Arc<Engine>] {
        &self.engines
    }

    /// What answers queries over all of them now.
    ///
    /// # Errors
    /// As [`Engine::searcher`]; [`Error::Query`] for folders together with mirrors, or mirrors in several databases.
    pub fn view(&self) -> Result<View> {
        if self.engines.iter().all(|engine| engine.mirror.is_none()) {
            return Ok(View::Indexes(self.searcher()?));
        }
        let mirrors = Mirrors::of(self.engines.iter().map(|engine| engine.mirror.as_ref()));
        mirrors.map(View::Mirrors).ok_or_else(|| Error::Query {
            reason: "one query cannot ask folders and mirrors, or several databases".into(),
        })
    }

    /// Answers `query` over all of them.
    ///
    /// # Errors
    /// As [`view`](Self::view) and [`View::answer`].
    pub fn search(&self, query: &Query) -> Result<SearchResult> {
        Ok(self.view()?.answer(query)?.result)
    }

    /// A frozen view over the generations the engines have seen last.
    ///
    /// # Errors
    /// As [`Engine::searcher`].
    pub fn searcher(&self) -> Result<Arc<Searcher>> {
        if let [engine] = &self.engines[..] {
            return engine.searcher();
        }
        let repositories = self
            .engines
            .iter()
            .map(|engine| Ok(Repository { snapshot: engine.snapshot()?, within: engine.options.within.clone() }));
        let embedder = self.engines[0].embedder.clone();
        let mut searcher = Searcher::new(repositories.collect::<Result<_>>()?, embedder, self.options.ranking.clone())?;
        let links = self.engines.iter().map(|engine| Ok(engine.links(&engine.snapshot()?)));
        searcher = searcher.with_links(links.collect::<Result<_>>()?);
        if let Some(model) = &self.options.model {
            let vectors = self.engines.iter().map(|engine| match engine.options.model {
                Some(_) => engine.vectors(),
                None => Ok(Arc::default()),
            });
            searcher = searcher.with_model(model.clone(), vectors.collect::<Result<_>>()?);
        }
        Ok(Arc::new(searcher))
    }
}

/// Where a path belongs: the root of its index, and the folder within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The folder that is, or will be, indexed.
    pub root: PathBuf,
    /// The path below the root, with `/` separators; empty if it is the root.
    pub within: String,
}

/// Finds the index that covers `path`: its own, or that of the nearest folder above that has one. Without either, the
/// path itself is the root (a file's folder, if it is a file).
///
/// # Errors
/// [`Error::Source`] if there is nothing at `path`.
pub fn locate(path: &Path) -> Result<Location> {
    let source = |error: std::io::Error| Error::Source { path: path.into(), reason: error.to_string() };
    let absolute = path.canonicalize().map_err(source)?;
    let has_index = |folder: &&Path| Store::new(folder.join(FOLDER)).current().is_ok_and(|found| found.is_some());
    let folder = if absolute.is_dir() { &*absolute } else { absolute.parent().unwrap_or(&absolute) };
    let root = folder.ancestors().find(has_index).unwrap_or(folder).to_owned();
    let within = absolute.strip_prefix(&root).unwrap_or(Path::new(""));
    let within: Vec<_> = within.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(Location { within: within.join("/"), root })
}
