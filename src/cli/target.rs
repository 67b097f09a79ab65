//! From paths and options to engines that are ready to answer.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use rag_core::store::FOLDER;
use rag_core::{Error, Fault, Hit, Query, Result as EngineResult, SearchResult, Store};
use serde_json::{Value, json};

use super::args::{HitArgs, Logging, MirrorName, ModeArg};
use super::failure::Usage;
use super::progress::Progress;
use crate::config::{Config, Sources, SyncConfig, mode_word};
use crate::{Encoder, Engine, EngineOptions, Location, Workspace, locate, mirrored, mirrors, model};

const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// What they log holds requests and answers as they are, and so may hold keys.
const NOT_LOGGED: [&str; 6] = ["genai", "reqwest", "hyper", "hyper_util", "h2", "rustls"];

/// What is searched.
pub(super) struct Target {
    pub workspace: Workspace,
    pub config: Config,
}

impl Target {
    /// Finds the indexes that cover `paths`, or the mirrors in the database that they name. `mirror` holds settings about mirrors.
    pub(super) fn locate(paths: &[PathBuf], args: &HitArgs, mirror: Value) -> anyhow::Result<Self> {
        let mut flags = flags(args);
        flags["sync"] = mirror;
        let first = Sources::read(None, flags.clone())?.config()?;
        init_log(&first)?;
        if let Some(engines) = mirrors_at(paths, &first)? {
            let engines = engines.into_iter().map(Arc::new).collect();
            return Ok(Target { workspace: Workspace::of(engines)?, config: first });
        }
        let mut roots: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        let mut order = Vec::new();
        for path in paths {
            let Location { root, within } = location(path, &first)?;
            if !roots.contains_key(&root) {
                order.push(root.clone());
            }
            roots.entry(root).or_default().push(within);
        }
        let mut models: BTreeMap<String, Arc<dyn Encoder>> = BTreeMap::new();
        let mut configured = Vec::with_capacity(order.len());
        let mut config = first;
        for root in &order {
            config = Sources::read(Some(root), flags.clone())?.config()?;
            let mut options = engine_options(root, &config);
            options.within = roots.remove(root).unwrap_or_default();
            if options.within.contains(&String::new()) {
                options.within.clear();
            }
            options.model = model_for(root, &config, &mut models)?;
            configured.push((root.clone(), options));
        }
        Ok(Target { workspace: Workspace::configured(configured)?, config })
    }

    /// Brings the indexes up to date. What the environment does not allow is told, and the last generation serves.
    pub(super) fn refresh(&self, args: &HitArgs) -> anyhow::Result<()> {
        for engine in self.workspace.engines() {
            let started = Instant::now();
            if engine.is_mirror() {
                continue;
            }
            if !args.no_refresh {
                refresh(engine)?;
            }
            engine.searcher()?;
            tracing::debug!(root = %engine.root().display(), elapsed = ?started.elapsed(), "index is open");
        }
        Ok(())
    }

    /// Searches; globs are relative to the paths that were asked for.
    pub(super) fn search(&self, query: &Query) -> EngineResult<SearchResult> {
        self.workspace.search(query)
    }

    /// The root of the repository a hit comes from, if there are several.
    pub(super) fn repository_of(&self, hit: &Hit) -> Option<&Path> {
        match self.workspace.engines() {
            [_] => None,
            engines => engines.get(hit.repository).map(|engine| engine.root()),
        }
    }
}

/// Engines for the mirrors in the database that `paths` name; `None` if they are folders.
pub(super) fn mirrors_at(paths: &[PathBuf], config: &Config) -> anyhow::Result<Option<Vec<Engine>>> {
    let is_mirror = |path: &&PathBuf| path.to_str().is_some_and(mirrored::is_mirror);
    let Some(url) = paths.iter().find(is_mirror).and_then(|path| path.to_str()) else { return Ok(None) };
    if paths.len() > 1 {
        return Err(Usage::new("a database is searched alone")
            .hint("`--repo NAME` chooses one repository in it")
            .into());
    }
    let url =
        match url.ends_with("://") {
            false => url,
            true => config.sync.postgres.as_deref().ok_or_else(|| {
                Usage::new("no server was named").hint("set `sync.postgres` (see `cogo config show`)")
            })?,
        };
    let SyncConfig { tenant, repository, .. } = &config.sync;
    Ok(Some(mirrored::engines(url, tenant, repository.as_deref(), &EngineOptions::default())?))
}

/// The same, with these settings.
pub(super) fn mirrors_named(
    paths: &[PathBuf],
    name: &MirrorName,
    logging: &Logging,
) -> anyhow::Result<Option<Vec<Engine>>> {
    let config = Sources::read(None, json!({ "sync": name.flags() }))?.config()?;
    if paths.iter().any(|path| path.to_str().is_some_and(mirrored::is_mirror)) {
        init_log(&Config { log: logging.log.clone().or(config.log.clone()), ..config.clone() })?;
    }
    mirrors_at(paths, &config)
}

/// The engine for one path, and the settings it works with.
pub(super) fn engine_for(path: &Path, index_dir: Option<&Path>, logging: &Logging) -> anyhow::Result<(Engine, Config)> {
    let mut flags = logging.log.as_ref().map_or(json!({}), |log| json!({ "log": log }));
    if let Some(folder) = index_dir {
        flags["index_dir"] = json!(folder);
    }
    engine_with(path, flags)
}

/// The same, with these flags.
pub(super) fn engine_with(path: &Path, flags: Value) -> anyhow::Result<(Engine, Config)> {
    let first = Sources::read(None, flags.clone())?.config()?;
    init_log(&first)?;
    let root = location(path, &first)?.root;
    let config = Sources::read(Some(&root), flags)?.config()?;
    let mut options = engine_options(&root, &config);
    options.model = model_for(&root, &config, &mut BTreeMap::new())?;
    Ok((Engine::new(&root, options), config))
}

/// The large model that a repository is searched with, opened once for all of them.
fn model_for(
    root: &Path,
    config: &Config,
    opened: &mut BTreeMap<String, Arc<dyn Encoder>>,
) -> anyhow::Result<Option<Arc<dyn Encoder>>> {
    let Some(name) = model::chosen(&store(root, config), config)? else { return Ok(None) };
    if let Some(model) = opened.get(&name) {
        return Ok(Some(model.clone()));
    }
    match model::open(&name, config) {
        Ok(model) => {
            opened.insert(name, model.clone());
            Ok(Some(model))
        }
        // It was asked for here and now.
        Err(error) if config.model.is_some() => Err(error.into()),
        Err(error) => {
            note(&format!("{error}; searching without it"));
            Ok(None)
        }
    }
}

/// The index of a repository with these settings; opens nothing.
pub(super) fn store(root: &Path, config: &Config) -> Store {
    Store::new(config.index_dir.clone().unwrap_or_else(|| root.join(FOLDER)))
}

/// Brings one index up to date without changing what decides how it is made.
pub(super) fn refresh(engine: &Engine) -> anyhow::Result<()> {
    let progress = Progress::new(false);
    let outcome = engine.catch_up(&|event| progress.note(event));
    drop(progress);
    let error = match outcome {
        Ok(report) => {
            if let Some(reason) = &report.rebuilt {
                note(&format!("the index was written anew: {reason}"));
            }
            return Ok(());
        }
        Err(error) => error,
    };
    if matches!(error, Error::Locked { .. }) && engine.searcher().is_err() {
        note(&format!("{error} for the first time; waiting for it"));
        drop(engine.store().lock(true)?);
        engine.catch_up(&|_| ())?;
        return Ok(());
    }
    if error.fault() != Fault::Environment || engine.searcher().is_err() {
        return Err(error.into());
    }
    let generation = engine.snapshot()?.manifest.generation;
    note(&format!("{error}; answering from generation {generation}"));
    Ok(())
}

/// Says something on stderr that is no error.
pub(super) fn note(message: &str) {
    anstream::eprintln!("{NOTE}note:{NOTE:#} {message}");
}

/// An index folder of its own belongs to exactly the path that was asked for.
pub(super) fn location(path: &Path, config: &Config) -> EngineResult<Location> {
    if config.index_dir.is_none() {
        return locate(path);
    }
    let root = path.canonicalize().map_err(|error| Error::Source { path: path.into(), reason: error.to_string() })?;
    Ok(Location { root, within: String::new() })
}

/// The options of an engine for `root` with these settings.
pub(super) fn engine_options(root: &Path, config: &Config) -> EngineOptions {
    let say = |error: &mirror::Error| note(&format!("the mirror is not up to date: {error}"));
    EngineOptions {
        index: config.index_options(),
        folder: config.index_dir.clone(),
        after_commit: mirrors::follow(root, &config.sync, say),
        ..EngineOptions::default()
    }
}

fn flags(args: &HitArgs) -> Value {
    let mut flags = json!({});
    if let Some(limit) = args.limit {
        flags["limit"] = json!(limit);
    }
    if let Some(mode) = args.mode {
        flags["mode"] = json!(mode_word(ModeArg::into(mode)));
    }
    if let Some(folder) = &args.index_dir {
        flags["index_dir"] = json!(folder);
    }
    if let Some(lines) = args.context_lines {
        flags["context_lines"] = json!(lines);
    }
    if let Some(model) = &args.model {
        flags["model"] = json!(model);
    }
    if let Some(log) = &args.logging.log {
        flags["log"] = json!(log);
    }
    flags
}

/// Starts to log to stderr, if that is wanted.
pub(super) fn init_log(config: &Config) -> anyhow::Result<()> {
    let Some(filter) = &config.log else { return Ok(()) };
    let mut filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|error| super::failure::Usage::new(format!("log filter `{filter}`: {error}")))?;
    for target in NOT_LOGGED {
        filter = filter.add_directive(format!("{target}=off").parse().expect("a target is a directive"));
    }
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_timer(tracing_subscriber::fmt::time::uptime())
        .try_init();
    // It is started already if a command locates several paths.
    drop(started);
    Ok(())
}
