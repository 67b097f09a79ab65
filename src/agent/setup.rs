//! What the handlers of a process share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agents::guard::{Guard, Limits};
use agents::route::{ModelConfig, Router};
use agents::worker::Stop;
use graphrag::Graph;
use llm::{LanguageModel, Provider, ProviderOptions};
use rag_core::Snapshot;
use serde_json::json;

use super::{Configs, stop};
use crate::config::{AgentsConfig, ConfigError, Sources};
use crate::{Engine, EngineOptions};

/// Repositories that are kept open.
const MOST_OPEN: usize = 8;
/// The longest answer of a model.
const TIMEOUT: Duration = Duration::from_secs(180);

/// What the handlers of a process share: open repositories, rules for calls, language models. Clones are the same.
#[derive(Clone)]
pub struct Setup(Arc<Shared>);

struct Shared {
    settings: AgentsConfig,
    configs: Arc<Configs>,
    guard: Arc<Guard>,
    router: Arc<Router>,
    engines: Mutex<HashMap<PathBuf, Arc<Engine>>>,
}

/// A repository with its graph, as it was when it was opened.
pub(super) struct View {
    pub(super) engine: Arc<Engine>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) graph: Arc<Graph>,
}

impl Setup {
    /// As the settings say.
    ///
    /// # Errors
    /// If a language model is configured and cannot be asked.
    pub fn new(settings: &AgentsConfig, configs: Configs) -> Result<Self, ConfigError> {
        let guard = Arc::new(Guard::new(configs.policies.clone()));
        let router = Router::new(guard.clone(), configs.routing.clone(), open)
            .map_err(|error| ConfigError { message: error.to_string(), hint: None })?;
        let (settings, configs) = (settings.clone(), Arc::new(configs));
        Ok(Setup(Arc::new(Shared { settings, configs, guard, router: Arc::new(router), engines: Mutex::default() })))
    }

    /// The settings.
    pub(super) fn settings(&self) -> &AgentsConfig {
        &self.0.settings
    }

    /// What the folder with settings says.
    pub(super) fn configs(&self) -> &Arc<Configs> {
        &self.0.configs
    }

    /// What calls go through.
    pub(super) fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// The language models; there may be none.
    pub(super) fn router(&self) -> &Arc<Router> {
        &self.0.router
    }

    /// What one plan, and one step of a plan, may spend on language models.
    pub(super) fn limits(&self) -> Limits {
        let cost = self.0.settings.max_cost.and_then(llm::Usd::new);
        Limits { calls: Some(12), cost, time: Some(Duration::from_secs(600)), ..Limits::default() }
    }

    /// The repository at `path`, brought up to date. Takes as long as that; must not be called from async code.
    pub(super) fn engine(&self, path: &Path) -> Result<Arc<Engine>, Stop> {
        let known = self.open_ones().get(path).cloned();
        let engine = match known {
            Some(engine) => engine,
            None => {
                let config = Sources::read(Some(path), json!({})).and_then(|sources| sources.config());
                let config = config.map_err(|error| Stop::fail(error.to_string()))?;
                let index = config.index_options();
                let options = EngineOptions { index, folder: config.index_dir, ..EngineOptions::default() };
                let engine = Arc::new(Engine::new(path, options));
                let mut open = self.open_ones();
                if open.len() >= MOST_OPEN {
                    open.clear();
                }
                open.entry(path.to_owned()).or_insert(engine).clone()
            }
        };
        engine.catch_up(&|_| ()).map_err(stop)?;
        Ok(engine)
    }

    /// The same with its graph.
    pub(super) fn view(&self, path: &Path) -> Result<View, Stop> {
        let engine = self.engine(path)?;
        let snapshot = engine.snapshot().map_err(stop)?;
        let graph = engine.graph_of(&snapshot).map_err(stop)?;
        Ok(View { engine, snapshot, graph })
    }

    fn open_ones(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<Engine>>> {
        self.0.engines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(model: &ModelConfig) -> llm::Result<Arc<dyn LanguageModel>> {
    Ok(Arc::new(Provider::new(&ProviderOptions {
        model: model.model.clone(),
        base_url: model.base_url.clone(),
        timeout: TIMEOUT,
        key_variable: model.key_variable.clone(),
    })?))
}
