//! One repository and its index.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use cogo::config::{Config, Sources, suggestion};
use cogo::{Encoder, EngineOptions, Filter, Location, Mode, Query, SearchResult, SymbolKind, Unit};
use cogo::{context, locate, model};
use indexer::language;
use pyo3::prelude::*;
use rag_core::Store;
use rag_core::store::FOLDER;
use serde_json::{Value, json};

use crate::calls::{Threads, detached, interruptibly};
use crate::failure::Failure;
use crate::graph;
use crate::hit::Hit;

/// Nobody reads more; and a number from outside must not decide how much memory is taken.
const MOST: i64 = 10_000;

/// Hits, the microseconds that the engine took, and why they are not what they could be.
type Answer = (Vec<Hit>, u64, Option<String>);

/// The engine, with what it runs on.
pub struct Held {
    pub engine: cogo::Engine,
    options: EngineOptions,
    threads: Threads,
}

impl Held {
    fn open(path: PathBuf, settings: Value) -> Result<Self, Failure> {
        let threads = Threads::new()?;
        let first = Sources::read(None, settings.clone())?.config()?;
        let root = match first.index_dir {
            None => locate(&path)?,
            // An index folder of its own belongs to exactly the path that was asked for.
            Some(_) => {
                Location { root: path.canonicalize().map_err(|error| source(&path, &error))?, within: String::new() }
            }
        }
        .root;
        let config = Sources::read(Some(&root), settings)?.config()?;
        let large = large_model(&root, &config, threads.are_forked())?;
        let folder = config.index_dir.clone();
        let options = EngineOptions { index: config.index_options(), folder, model: large, ..EngineOptions::default() };
        Ok(Held { engine: cogo::Engine::new(&root, options.clone()), options, threads })
    }

    /// Brings the index up to date; what was done, as JSON.
    fn refresh(&self, rebuild: bool, wait: bool) -> Result<String, Failure> {
        let mut report = None;
        if rebuild || wait {
            let mut options = self.options.clone();
            (options.index.rebuild, options.index.wait) = (rebuild, wait);
            report = Some(cogo::Engine::new(self.engine.root(), options).refresh(&|_| ())?);
        }
        // Lets this engine see it, too.
        let seen = self.engine.refresh(&|_| ())?;
        let report = report.unwrap_or(seen);
        let notes = report.notes.iter().map(|note| json!({ "path": note.path, "message": note.message }));
        let report = json!({
            "generation": report.generation,
            "files": report.counts.files,
            "chunks": report.counts.chunks,
            "indexed": report.indexed,
            "removed": report.removed,
            "skipped": report.skipped.len(),
            "unchanged": report.unchanged,
            "rebuilt": report.rebuilt,
            "notes": notes.collect::<Vec<_>>(),
            "index_bytes": report.index_bytes,
            "elapsed_seconds": report.elapsed.as_secs_f64(),
        });
        Ok(report.to_string())
    }

    /// What the index holds and how fresh it is, as JSON.
    fn status(&self) -> Result<String, Failure> {
        let engine = &self.engine;
        let (snapshot, pending, coverage) = (engine.snapshot()?, engine.pending()?, engine.coverage()?);
        let manifest = &snapshot.manifest;
        let large =
            coverage.map(|large| json!({ "model": large.model, "chunks": large.chunks, "covered": large.covered }));
        let status = json!({
            "root": engine.root(),
            "index": engine.store().folder(),
            "generation": manifest.generation,
            "committed_ms": manifest.committed_ms,
            "cogo": manifest.cogo,
            "files": manifest.counts.files,
            "lines": manifest.counts.lines,
            "bytes": manifest.counts.bytes,
            "chunks": manifest.counts.chunks,
            "symbols": manifest.counts.symbols,
            "references": manifest.counts.references,
            "skipped": manifest.counts.skipped,
            "languages": manifest.counts.languages,
            "model": manifest.settings.model,
            "dimensions": manifest.settings.dimensions,
            "pending": { "added": pending.added, "changed": pending.changed, "removed": pending.removed },
            "up_to_date": pending.is_empty(),
            "large_model": large,
        });
        Ok(status.to_string())
    }
}

fn source(path: &std::path::Path, error: &std::io::Error) -> Failure {
    cogo::Error::Source { path: path.into(), reason: error.to_string() }.into()
}

/// The large model that the repository is searched with.
fn large_model(root: &std::path::Path, config: &Config, is_forked: bool) -> Result<Option<Arc<dyn Encoder>>, Failure> {
    let store = Store::new(config.index_dir.clone().unwrap_or_else(|| root.join(FOLDER)));
    let Some(name) = model::chosen(&store, config)? else { return Ok(None) };
    if is_forked {
        // ONNX Runtime has threads and locks of its own, and no way to begin anew.
        let message = format!("model `{name}` cannot be used in a forked process");
        return Err(Failure::new("ModelError", message)
            .hint("start processes with `spawn` or `forkserver`, or pass `model=\"static\"`"));
    }
    match model::open(&name, config) {
        Ok(model) => Ok(Some(model)),
        Err(error) if config.model.is_some() => Err(error.into()),
        // The index was made with it, elsewhere or once: it answers without.
        Err(_) => Ok(None),
    }
}

/// How many answers are wanted.
pub fn limit(number: i64) -> Result<usize, Failure> {
    match number {
        1..=MOST => Ok(number as usize),
        _ => Err(Failure::query(format!("`limit` must lie between 1 and {MOST}"))),
    }
}

fn unknown<'w>(what: &str, word: &str, known: impl IntoIterator<Item = &'w str>) -> Failure {
    let failure = Failure::query(format!("unknown {what} `{}`", word.escape_debug()));
    match suggestion(&word.to_lowercase(), known) {
        Some(known) => failure.hint(format!("did you mean `{known}`?")),
        None => failure,
    }
}

fn mode(word: &str) -> Result<Mode, Failure> {
    Ok(match word {
        "hybrid" => Mode::Hybrid,
        "lexical" => Mode::Lexical,
        "semantic" => Mode::Semantic,
        "symbol" => Mode::Symbol,
        _ => return Err(unknown("mode", word, ["hybrid", "lexical", "semantic", "symbol"])),
    })
}

fn unit(word: &str) -> Result<Unit, Failure> {
    match word {
        "file" => Ok(Unit::File),
        "definition" => Ok(Unit::Definition),
        _ => Err(unknown("unit", word, ["file", "definition"])),
    }
}

fn filter(paths: Vec<String>, languages: Vec<String>, kinds: Vec<String>) -> Result<Filter, Failure> {
    let language = |name: &String| {
        let names = language::all().iter().flat_map(|language| language.aliases.iter().chain([&language.name]));
        let found = language::by_name(name).map(|language| language.name.to_owned());
        found.ok_or_else(|| unknown("language", name, names.copied()))
    };
    let kind = |word: &String| {
        let words = SymbolKind::ALL.iter().map(|kind| kind.as_str());
        SymbolKind::parse(&word.to_ascii_lowercase()).ok_or_else(|| unknown("kind", word, words))
    };
    Ok(Filter {
        paths,
        languages: languages.iter().map(language).collect::<Result<_, _>>()?,
        kinds: kinds.iter().map(kind).collect::<Result<_, _>>()?,
    })
}

/// One repository and its index.
#[pyclass(frozen, module = "cogo._cogo")]
pub struct Engine(Arc<Held>);

impl Engine {
    /// Runs a question on a thread, and looks for signals meanwhile.
    fn ask<T: Send + 'static>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&Held) -> Result<T, Failure> + Send + 'static,
    ) -> PyResult<T> {
        let held = self.0.clone();
        interruptibly(py, move || held.threads.run(|| question(&held)))
    }

    /// Searches on this thread: a thread of its own would cost as much as a small search.
    fn find(
        &self,
        py: Python<'_>,
        search: impl FnOnce(&cogo::Engine) -> cogo::Result<SearchResult> + Send,
    ) -> PyResult<Answer> {
        let held = &*self.0;
        let (result, elapsed) = detached(py, || {
            held.threads.run(|| {
                let started = Instant::now();
                (search(&held.engine), started.elapsed())
            })
        });
        let result = result.map_err(Failure::from)?;
        Ok((result.hits.into_iter().map(Hit::from).collect(), elapsed.as_micros() as u64, result.degraded))
    }
}

#[pymethods]
impl Engine {
    /// `settings` is a JSON object with keys of the configuration.
    #[new]
    fn new(path: PathBuf, settings: &str) -> PyResult<Self> {
        let settings = serde_json::from_str(settings).map_err(Failure::from)?;
        Ok(Engine(Arc::new(Held::open(path, settings)?)))
    }

    #[getter]
    fn root(&self) -> PathBuf {
        self.0.engine.root().to_owned()
    }

    /// Opens the index, so that the first search need not.
    fn open(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, |held| Ok(held.engine.searcher().map(drop)?))
    }

    fn refresh(&self, py: Python<'_>, rebuild: bool, wait: bool) -> PyResult<String> {
        self.ask(py, move |held| held.refresh(rebuild, wait))
    }

    fn status(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, Held::status)
    }

    #[pyo3(signature = (text, *, limit, mode, unit, paths, languages, kinds, explain))]
    #[expect(clippy::too_many_arguments, reason = "these are the keywords of Python")]
    fn search(
        &self,
        py: Python<'_>,
        text: String,
        limit: i64,
        mode: &str,
        unit: &str,
        paths: Vec<String>,
        languages: Vec<String>,
        kinds: Vec<String>,
        explain: bool,
    ) -> PyResult<Answer> {
        if text.trim().is_empty() {
            return Err(Failure::query("it is empty").into());
        }
        let query = Query {
            text,
            limit: self::limit(limit)?,
            mode: self::mode(mode)?,
            unit: self::unit(unit)?,
            filter: filter(paths, languages, kinds)?,
            explain,
        };
        self.find(py, |engine| engine.search(&query))
    }

    fn related(&self, py: Python<'_>, path: &str, line: u32, limit: i64) -> PyResult<Answer> {
        let query = Query { limit: self::limit(limit)?, ..Query::new("") };
        self.find(py, |engine| engine.related(path, line, &query))
    }

    fn context(&self, py: Python<'_>, question: String, tokens: usize) -> PyResult<String> {
        if question.trim().is_empty() {
            return Err(Failure::query("it is empty").into());
        }
        self.ask(py, move |held| Ok(serde_json::to_string(&context::pack(&held.engine, &question, tokens)?)?))
    }

    fn uses(
        &self,
        py: Python<'_>,
        question: String,
        symbol: String,
        depth: Option<u32>,
        proven: bool,
        limit: i64,
    ) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::uses(&held.engine, &question, &symbol, depth, proven, limit))
    }

    fn neighbors(
        &self,
        py: Python<'_>,
        symbol: String,
        relations: Vec<String>,
        depth: u32,
        proven: bool,
        limit: i64,
    ) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::neighbors(&held.engine, &symbol, &relations, depth, proven, limit))
    }

    fn way(&self, py: Python<'_>, from: String, to: String, depth: Option<u32>, proven: bool) -> PyResult<String> {
        self.ask(py, move |held| graph::way(&held.engine, &from, &to, depth, proven))
    }

    fn impact(
        &self,
        py: Python<'_>,
        places: Vec<String>,
        diff: Option<String>,
        depth: u32,
        proven: bool,
        limit: i64,
    ) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::impact(&held.engine, &places, diff.as_deref(), depth, proven, limit))
    }

    fn overview(&self, py: Python<'_>, limit: i64) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::overview(&held.engine, limit))
    }

    fn communities(&self, py: Python<'_>, limit: i64) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::communities(&held.engine, limit))
    }

    fn explain(&self, py: Python<'_>, symbol: String, limit: i64) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::explain(&held.engine, &symbol, limit))
    }

    fn question(&self, py: Python<'_>, question: String, scope: Option<String>, limit: i64) -> PyResult<String> {
        let limit = self::limit(limit)?;
        self.ask(py, move |held| graph::ask(&held.engine, &question, scope.as_deref(), limit))
    }
}
