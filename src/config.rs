//! Settings: what they are called, where they come from, and who may set them.
//!
//! From strongest to weakest: command line, environment (`COGO_…`), project file (`.cogo.toml` in the root), user file
//! (`~/.config/cogo/config.toml` on Linux), default.
//!
//! A project file comes with a repository that somebody else wrote. It may say what is worth indexing and how, and
//! nothing that reaches outside of the repository: see [`PROJECT_KEYS`].

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};
use indexer::IndexOptions;
use rag_core::Mode;
use serde::{Deserialize, Serialize};

/// Name of the project file.
pub const PROJECT_FILE: &str = ".cogo.toml";

/// Every key, in the order in which they are shown.
pub const KEYS: [&str; 28] = [
    "chunk_bytes",
    "max_file_size",
    "include_vendored",
    "threads",
    "index_dir",
    "limit",
    "mode",
    "context_lines",
    "model",
    "late_interaction",
    "models_dir",
    "onnxruntime",
    "log",
    "llm.model",
    "llm.base_url",
    "llm.max_cost",
    "llm.input_price",
    "llm.output_price",
    "sync.postgres",
    "sync.neo4j",
    "sync.tenant",
    "sync.repository",
    "sync.auto",
    "agents.store",
    "agents.artifacts",
    "agents.configs",
    "agents.allow",
    "agents.max_cost",
];

/// The keys a project file may set.
pub const PROJECT_KEYS: [&str; 3] = ["chunk_bytes", "max_file_size", "include_vendored"];

/// The tables: keys about language models, about mirrors, and about jobs.
const TABLES: [&str; 3] = ["llm", "sync", "agents"];

/// Variables that are no settings: how models are downloaded, and the key of a language model.
const OTHER_VARIABLES: [&str; 3] = ["COGO_OFFLINE", "COGO_PYPI_URL", llm::KEY];

/// The variable that sets a key: `COGO_LLM_MODEL` for `llm.model`.
fn variable(key: &str) -> String {
    format!("COGO_{}", key.replace('.', "_").to_uppercase())
}

/// The keys a user file may set: an index folder, and a name, belong to one repository.
pub fn user_keys() -> Vec<&'static str> {
    KEYS.into_iter().filter(|key| !matches!(*key, "index_dir" | "sync.repository")).collect()
}

const NOT_FOR_PROJECTS: &str =
    "a repository may only say how it is indexed; set it in your user file or on the command line";
const NOT_FOR_USERS: &str = "all repositories would share it; give it on the command line, or set COGO_INDEX_DIR or COGO_SYNC_REPOSITORY, for one of them";

/// What a chunk may be limited to.
const CHUNK_BYTES: std::ops::RangeInclusive<u32> = 64..=100_000;
/// Files are read as a whole, and a project file may not make us read just anything.
const LARGEST_FILE: ByteSize = ByteSize::mib(64);

/// The value of every setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Upper limit of a chunk, in bytes.
    pub chunk_bytes: u32,
    /// Larger files are left out.
    pub max_file_size: ByteSize,
    /// Whether code copied from other projects is indexed too.
    pub include_vendored: bool,
    /// Worker threads.
    pub threads: usize,
    /// Where the index lies; `.cogo` in the root if not given.
    pub index_dir: Option<PathBuf>,
    /// Hits of a search.
    pub limit: usize,
    /// What to search with.
    #[serde(with = "mode_name")]
    pub mode: Mode,
    /// Lines of a hit that are shown to people.
    pub context_lines: usize,
    /// The large model to search with: an installed one, a folder, or `static` for none. If not given, the one that the
    /// index was made with.
    pub model: Option<String>,
    /// Whether the large model's vectors of single tokens are made and used. They take much space.
    pub late_interaction: bool,
    /// Where models are installed; a folder of the user if not given.
    pub models_dir: Option<PathBuf>,
    /// The ONNX Runtime library, or the folder it lies in.
    pub onnxruntime: Option<PathBuf>,
    /// What to log, as a filter of `tracing` (`debug`, `cogo=trace`).
    pub log: Option<String>,
    /// The language model, for what asks for one.
    pub llm: LlmConfig,
    /// Mirrors in servers.
    pub sync: SyncConfig,
    /// Durable jobs.
    pub agents: AgentsConfig,
}

/// Durable jobs and what they make.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentsConfig {
    /// Where jobs are kept: `postgres://user:password@host:port/database`, or an SQLite file; a file of the user if not given.
    pub store: Option<String>,
    /// Where files that jobs make are kept: a folder, or `s3://bucket/prefix`; a folder of the user if not given.
    pub artifacts: Option<String>,
    /// The folder with settings of agents: `retry_policy.json`, `circuit_breaker.json`, `rate_limit.json`, `model_routing.json`. What is not
    /// there is as cogo comes.
    pub configs: Option<PathBuf>,
    /// Commands that agents may run: `cargo test` allows that with whatever follows. None if not given.
    pub allow: Vec<String>,
    /// What one plan, and one step of a plan, may spend on language models, in dollars.
    pub max_cost: Option<f64>,
}

/// Mirrors of the index in servers that many share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncConfig {
    /// The PostgreSQL database: `postgres://user:password@host:port/database`.
    pub postgres: Option<String>,
    /// The Neo4j server: `bolt://user:password@host:port/database`.
    pub neo4j: Option<String>,
    /// Whose the mirrors are.
    pub tenant: String,
    /// How the repository is called there; the name of its folder if not given.
    pub repository: Option<String>,
    /// Whether the mirrors are brought up to date after each commit of the index.
    pub auto: bool,
}

/// Whose mirrors are where nobody says so.
pub const DEFAULT_TENANT: &str = "default";

impl Default for SyncConfig {
    fn default() -> Self {
        SyncConfig { postgres: None, neo4j: None, tenant: DEFAULT_TENANT.into(), repository: None, auto: false }
    }
}

/// The language model that reads documents, if it is told to. Its key is no setting: it comes from the environment only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlmConfig {
    /// Its name: `gpt-4o-mini`, `claude-haiku-4-5`, `gemini-2.5-flash`, `ollama::llama3.2`.
    pub model: Option<String>,
    /// Where it is served, if not by its provider: a server that speaks the protocol of OpenAI.
    pub base_url: Option<String>,
    /// The most that one command may spend, in US dollars.
    pub max_cost: Option<f64>,
    /// US dollars per million tokens read, where the table of known prices is wrong or has none.
    pub input_price: Option<f64>,
    /// The same for tokens written.
    pub output_price: Option<f64>,
}

impl Default for Config {
    fn default() -> Self {
        let index = IndexOptions::default();
        Config {
            chunk_bytes: index.chunk_bytes,
            max_file_size: ByteSize(index.max_file_bytes),
            include_vendored: index.include_vendored,
            threads: index.threads,
            index_dir: None,
            limit: 10,
            mode: Mode::Hybrid,
            context_lines: 8,
            model: None,
            late_interaction: false,
            models_dir: None,
            onnxruntime: None,
            log: None,
            llm: LlmConfig::default(),
            sync: SyncConfig::default(),
            agents: AgentsConfig::default(),
        }
    }
}

impl Config {
    /// How to index.
    pub fn index_options(&self) -> IndexOptions {
        IndexOptions {
            threads: self.threads,
            max_file_bytes: self.max_file_size.as_u64(),
            chunk_bytes: self.chunk_bytes,
            include_vendored: self.include_vendored,
            ..IndexOptions::default()
        }
    }
}

/// A setting as `cogo config show` lists it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// Its value; null if there is none.
    pub value: serde_json::Value,
    /// Who set it: `flag`, `environment`, `project file`, `user file` or `default`.
    pub origin: String,
    /// The file, where one set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong, and where.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All sources of settings, put together.
pub struct Sources {
    figment: Figment,
}

impl Sources {
    /// Reads the settings for the repository at `root` (none: no project file). `flags` holds what was given on the
    /// command line, as an object with some of the [`KEYS`].
    ///
    /// # Errors
    /// If a file cannot be read, or holds a key that is unknown or not allowed there.
    pub fn read(root: Option<&Path>, flags: serde_json::Value) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(named("default", Serialized::defaults(Config::default())));
        if let Some(user) = user_file() {
            figment = figment.merge(file("user file", &user, &user_keys(), NOT_FOR_USERS)?);
        }
        if let Some(root) = root {
            let path = root.join(PROJECT_FILE);
            figment = figment.merge(file("project file", &path, &PROJECT_KEYS, NOT_FOR_PROJECTS)?);
        }
        let figment =
            figment.merge(named("environment", environment())).merge(named("flag", Serialized::defaults(flags)));
        Ok(Sources { figment })
    }

    /// The values.
    ///
    /// # Errors
    /// If one has the wrong type or lies outside its limits.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let config: Config = self.figment.extract().map_err(|error| {
            let key = error.path.join(".");
            let reason = match error.kind {
                Kind::InvalidType(found, expected) => format!("found {found}, expected {expected}"),
                Kind::InvalidValue(found, expected) => format!("found {found}, expected {expected}"),
                kind => kind.to_string(),
            };
            bad(&key, error.metadata.as_ref(), &reason)
        })?;
        let limits = [
            ("chunk_bytes", CHUNK_BYTES.contains(&config.chunk_bytes), "must lie between 64 and 100000"),
            ("max_file_size", config.max_file_size <= LARGEST_FILE, "must not be above 64 MiB"),
            ("llm.max_cost", config.llm.max_cost.is_none_or(is_amount), "must be an amount of US dollars"),
            ("llm.input_price", config.llm.input_price.is_none_or(is_amount), "must be an amount of US dollars"),
            ("llm.output_price", config.llm.output_price.is_none_or(is_amount), "must be an amount of US dollars"),
            ("threads", (1..=1024).contains(&config.threads), "must lie between 1 and 1024"),
        ];
        for (key, kept, reason) in limits {
            if !kept {
                return Err(bad(key, self.figment.find_metadata(key), reason));
            }
        }
        Ok(config)
    }

    /// Every setting with its origin.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub fn settings(&self) -> Result<Vec<Setting>, ConfigError> {
        let values = serde_json::to_value(self.config()?).expect("settings are always JSON");
        let setting = |key: &'static str| {
            let metadata = self.figment.find_metadata(key);
            let value = values.pointer(&format!("/{}", key.replace('.', "/"))).cloned().unwrap_or_default();
            Setting {
                key,
                // It may hold a password.
                value: value
                    .as_str()
                    .filter(|text| text.contains("://"))
                    .map_or(value.clone(), |url| redacted(url).into()),
                origin: metadata.map_or("default", |metadata| &metadata.name).to_owned(),
                file: metadata.and_then(|m| m.source.as_ref()?.file_path()).map(Path::to_owned),
            }
        };
        Ok(KEYS.into_iter().map(setting).collect())
    }
}

/// A URL without user, password and parameters.
pub(crate) fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{}", place.split(['?', '#']).next().unwrap_or_default())
}

/// Where the user's own settings lie, whether they exist or not.
pub fn user_file() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "cogo")?;
    Some(folders.config_dir().join("config.toml"))
}

/// Variables `COGO_…` in the environment that name no setting.
pub fn unknown_variables() -> Vec<String> {
    let mut unknown: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| !OTHER_VARIABLES.contains(&name.as_str()))
        .filter(|name| name.starts_with("COGO_") && !KEYS.iter().any(|key| variable(key).eq_ignore_ascii_case(name)))
        .collect();
    unknown.sort();
    unknown
}

/// The word of `words` that `word` was probably meant to be.
pub fn suggestion<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let similar = words.into_iter().map(|known| (strsim::jaro_winkler(word, known), known));
    let best = similar.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

fn is_amount(dollars: f64) -> bool {
    llm::Usd::new(dollars).is_some()
}

/// The variables that are settings.
fn environment() -> Env {
    Env::prefixed("COGO_").filter_map(|name| {
        let variable_of = |key: &&&str| variable(key)["COGO_".len()..].eq_ignore_ascii_case(name.as_str());
        KEYS.iter().find(variable_of).map(|key| (*key).into())
    })
}

fn bad(key: &str, metadata: Option<&Metadata>, reason: &str) -> ConfigError {
    let origin = metadata.map_or("unknown", |metadata| &metadata.name);
    let place = match metadata.and_then(|m| m.source.as_ref()?.file_path()) {
        Some(file) => format!("{origin} `{}`", file.display()),
        None => origin.to_owned(),
    };
    ConfigError { message: format!("setting `{key}` ({place}): {reason}"), hint: None }
}

/// The settings of a file that may not exist; only `allowed` keys may stand in it.
fn file(
    origin: &'static str,
    path: &Path,
    allowed: &[&str],
    instead: &str,
) -> Result<Named<figment::providers::Data<Toml>>, ConfigError> {
    let provider = if path.is_file() { Toml::file_exact(path) } else { Toml::string("") };
    let read = provider.data().map_err(|error| ConfigError {
        message: format!("cannot read the {origin} `{}`: {}", path.display(), error.kind.to_string().trim_end()),
        hint: None,
    })?;
    for key in read.values().flat_map(keys) {
        if allowed.contains(&key.as_str()) {
            continue;
        }
        let path = path.display();
        if KEYS.contains(&key.as_str()) {
            let message = format!("`{key}` must not be set in the {origin} `{path}`");
            return Err(ConfigError { message, hint: Some(instead.into()) });
        }
        let message = format!("unknown key `{key}` in the {origin} `{path}`");
        let hint = suggestion(&key, allowed.iter().copied()).map(|known| format!("did you mean `{known}`?"));
        let known = || format!("known keys: {}", allowed.join(", "));
        return Err(ConfigError { message, hint: Some(hint.unwrap_or_else(known)) });
    }
    Ok(named(origin, provider))
}

/// The keys of a file, those of a table with its name.
fn keys(values: &Dict) -> Vec<String> {
    let key = |(key, value): (&String, &figment::value::Value)| match value {
        figment::value::Value::Dict(_, inner) if TABLES.contains(&key.as_str()) => {
            inner.keys().map(|inner| format!("{key}.{inner}")).collect()
        }
        _ => vec![key.clone()],
    };
    values.iter().flat_map(key).collect()
}

/// A provider whose values are reported under a name of ours.
struct Named<P> {
    origin: &'static str,
    provider: P,
}

fn named<P>(origin: &'static str, provider: P) -> Named<P> {
    Named { origin, provider }
}

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        let mut metadata = self.provider.metadata();
        metadata.name = self.origin.into();
        metadata
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        self.provider.data()
    }
}

mod mode_name {
    //! A mode by its name.

    use rag_core::Mode;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(mode: &Mode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::mode_word(*mode))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
        let word = String::deserialize(deserializer)?;
        let found = super::MODES.into_iter().find(|mode| super::mode_word(*mode) == word);
        found.ok_or_else(|| {
            let value = serde::de::Unexpected::Str(&word);
            serde::de::Error::invalid_value(value, &"hybrid, lexical, semantic or symbol")
        })
    }
}

/// Every mode.
pub const MODES: [Mode; 4] = [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol];

/// The word for a mode.
pub fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "hybrid",
        Mode::Lexical => "lexical",
        Mode::Semantic => "semantic",
        Mode::Symbol => "symbol",
    }
}
