//! The repositories that are served, and keeping them up to date.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use rag_core::store::manifest::Counts;
use rag_core::{Error, Snapshot};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;
use xxhash_rust::xxh3::xxh3_64;

use super::error::{ApiError, BodyError, ErrorJson};
use super::input::Body;
use super::jobs::{Job, JobJson, Jobs};
use super::{State, work};
use crate::config::Sources;
use crate::mirrored::View;
use crate::watch::{Outcome, Stopper, Watcher};
use crate::{Engine, EngineOptions, Workspace};

/// How often a mirror is asked for its generation.
const GLANCE: Duration = Duration::from_secs(1);

/// A repository that is served.
pub(super) struct Repository {
    pub(super) name: String,
    pub(super) engine: Arc<Engine>,
    /// Why it cannot be kept up to date, if so.
    failed: RwLock<Option<String>>,
    stopper: Mutex<Option<Stopper>>,
    /// One writer at a time.
    writing: Mutex<()>,
    /// Told of every new generation.
    changed: watch::Sender<()>,
}

impl Repository {
    /// The generation that answers now, and what it holds; `None` if none does.
    fn generation(&self) -> Option<(u64, Counts)> {
        self.engine.generation().ok()
    }

    /// Brings the index up to date.
    fn update(&self, job: &Job) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        job.start();
        let outcome = self.engine.catch_up(&|event| job.note(event));
        self.changed.send_replace(());
        let failed = outcome.as_ref().err().map(ToString::to_string);
        job.end(outcome.as_ref().map_err(ToString::to_string));
        *self.failed.write().unwrap_or_else(PoisonError::into_inner) = failed;
        outcome.map(drop)
    }

    /// Looks now and then whether somebody has synced, as long as it is served.
    fn watch_mirror(self: &Arc<Self>) {
        let repository = Arc::downgrade(self);
        std::thread::spawn(move || {
            let mut seen = None;
            while let Some(repository) = repository.upgrade() {
                // A server that is away for a while has nothing new.
                let now = repository.generation().map(|(generation, _)| generation);
                if now.is_some() && now != seen {
                    seen = now;
                    repository.changed.send_replace(());
                }
                drop(repository);
                std::thread::sleep(GLANCE);
            }
        });
    }

    /// Brings the index up to date, and again after every change, until it is stopped.
    fn follow(self: &Arc<Self>, job: Job) {
        let repository = self.clone();
        std::thread::spawn(move || {
            // From here on, no change is missed.
            let watcher = Watcher::new(repository.engine.root(), repository.engine.store().folder());
            let watcher = watcher.inspect_err(|error| {
                tracing::warn!(%error, repository = repository.name, "changes are not followed");
            });
            if let Ok(watcher) = &watcher {
                *repository.stopper.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher.stopper());
            }
            let first = repository.update(&job);
            let Ok(watcher) = watcher else { return };
            if first.is_err() {
                tracing::warn!(repository = repository.name, "the first update failed");
            }
            watcher.run(|| match repository.engine.catch_up(&|_| ()) {
                Ok(_) => {
                    repository.changed.send_replace(());
                    Outcome::Done
                }
                Err(error) => {
                    tracing::warn!(%error, repository = repository.name, "an update failed");
                    Outcome::TryAgain
                }
            });
        });
    }
}

/// All repositories.
pub(super) struct Repositories {
    all: RwLock<Vec<Arc<Repository>>>,
    jobs: Arc<Jobs>,
    roots: Vec<PathBuf>,
    clones: Option<PathBuf>,
    /// What answers for several at once, while none of them has changed.
    together: RwLock<Option<Together>>,
    changed: watch::Sender<()>,
}

struct Together {
    snapshots: Vec<Arc<Snapshot>>,
    view: View,
}

impl Repositories {
    pub(super) fn new(
        engines: Vec<Engine>,
        jobs: Arc<Jobs>,
        roots: Vec<PathBuf>,
        clones: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let roots = roots.iter().chain(&clones).map(std::fs::canonicalize).collect::<Result<_, _>>()?;
        let (all, together) = (RwLock::default(), RwLock::default());
        let repositories = Repositories { all, jobs, roots, clones, together, changed: watch::Sender::new(()) };
        for engine in engines {
            repositories.insert(engine);
        }
        Ok(repositories)
    }

    fn list(&self) -> Vec<Arc<Repository>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds it under the name of its folder; a number follows where that is taken.
    fn insert(&self, engine: Engine) -> Arc<Repository> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| known.engine.root() == engine.root()) {
            return known.clone();
        }
        let folder = engine.name();
        let is_free = |name: &String| all.iter().all(|other| other.name != *name);
        let numbered = (2..).map(|number| format!("{folder}-{number}"));
        let name = std::iter::once(folder.clone()).chain(numbered).find(is_free).unwrap_or(folder);
        let repository = Arc::new(Repository {
            name,
            engine: Arc::new(engine),
            failed: RwLock::default(),
            stopper: Mutex::default(),
            writing: Mutex::default(),
            changed: self.changed.clone(),
        });
        all.push(repository.clone());
        repository
    }

    /// Changes whenever one of them may have a new generation.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Brings all indexes up to date, and keeps them so.
    pub(super) fn follow(&self) {
        for repository in self.list() {
            match repository.engine.is_mirror() {
                true => repository.watch_mirror(),
                false => repository.follow(self.jobs.add(&repository.name)),
            }
        }
    }

    /// Follows no changes any more.
    pub(super) fn stop(&self) {
        for repository in self.list() {
            if let Some(stopper) = &*repository.stopper.lock().unwrap_or_else(PoisonError::into_inner) {
                stopper.stop();
            }
        }
    }

    /// Names of those that cannot be searched yet.
    pub(super) fn waiting(&self) -> Vec<String> {
        self.list().iter().filter(|one| one.generation().is_none()).map(|one| one.name.clone()).collect()
    }

    /// Name, generation and number of chunks.
    pub(super) fn sizes(&self) -> Vec<(String, u64, u64)> {
        let size = |one: &Arc<Repository>| {
            let (generation, counts) = one.generation()?;
            Some((one.name.clone(), generation, counts.chunks))
        };
        self.list().iter().filter_map(size).collect()
    }

    /// The repository called `name`; the only one, if no name is given.
    ///
    /// # Errors
    /// If there is none, or no name and several.
    pub(super) fn one(&self, name: Option<&str>) -> Result<Arc<Repository>, ApiError> {
        let all = self.list();
        let Some(name) = name else {
            return match &all[..] {
                [only] => Ok(only.clone()),
                [] => Err(ApiError::not_found("there is no repository").hint("POST /v1/repositories adds one")),
                _ => Err(ApiError::bad_request("there are several repositories").hint(names(&all))),
            };
        };
        let found = all.iter().find(|one| one.name == name).cloned();
        found.ok_or_else(|| {
            ApiError::not_found(format!("there is no repository `{}`", name.escape_debug())).hint(names(&all))
        })
    }

    /// What answers for the repositories of these names, and these; all that can be searched, if no name is given.
    ///
    /// # Errors
    /// If one does not exist, or none can be searched.
    pub(super) fn view(&self, names: &[String]) -> Result<(Vec<Arc<Repository>>, View), ApiError> {
        let mut chosen: Vec<Arc<Repository>> = match names {
            [] => self.list(),
            names => names.iter().map(|name| self.one(Some(name))).collect::<Result<_, _>>()?,
        };
        if let [only] = &chosen[..] {
            let view = only.engine.view()?;
            return Ok((chosen, view));
        }
        if names.is_empty() {
            chosen.retain(|one| one.engine.is_mirror() || one.generation().is_some());
        }
        if chosen.is_empty() {
            let error = ApiError::new(StatusCode::CONFLICT, "not_indexed", "no repository can be searched yet");
            return Err(error.hint("GET /v1/repositories shows how far they are"));
        }
        let all = || Workspace::of(chosen.iter().map(|one| one.engine.clone()).collect());
        if chosen.iter().any(|one| one.engine.is_mirror()) {
            let view = all()?.view()?;
            return Ok((chosen, view));
        }
        let snapshots: Vec<Arc<Snapshot>> = chosen.iter().map(|one| one.engine.snapshot()).collect::<Result<_, _>>()?;
        let same = |known: &Together| {
            known.snapshots.len() == snapshots.len()
                && known.snapshots.iter().zip(&snapshots).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        if let Some(known) = self.together.read().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|k| same(k)) {
            return Ok((chosen, known.view.clone()));
        }
        let view = all()?.view()?;
        let together = Together { snapshots, view: view.clone() };
        *self.together.write().unwrap_or_else(PoisonError::into_inner) = Some(together);
        Ok((chosen, view))
    }

    /// Has the folder at `path` indexed, or indexed again.
    fn add_folder(&self, path: &Path) -> Result<JobJson, ApiError> {
        let outside = || {
            let error = ApiError::forbidden("the server may not index this folder");
            error.hint("`cogo serve --allow FOLDER` allows all folders below it")
        };
        // What does not exist and what is not allowed look the same from outside.
        let root = path.canonicalize().map_err(|_| outside())?;
        let known = self.list().iter().any(|one| one.engine.root() == root);
        if !known && !self.roots.iter().any(|allowed| root.starts_with(allowed)) || !root.is_dir() {
            return Err(outside());
        }
        let config = Sources::read(Some(&root), serde_json::json!({})).and_then(|sources| sources.config());
        let config = config.map_err(|error| ApiError::bad_request(error.to_string()))?;
        let options = EngineOptions { index: config.index_options(), ..EngineOptions::default() };
        let repository = self.insert(Engine::new(&root, options));
        let job = self.jobs.add(&repository.name);
        let is_followed = repository.stopper.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        match is_followed {
            false => repository.follow(job.clone()),
            true => {
                let job = job.clone();
                std::thread::spawn(move || repository.update(&job));
            }
        }
        Ok(job.json())
    }

    /// Clones the repository at `url`, or brings its clone up to date.
    fn clone_of(&self, url: &str) -> Result<PathBuf, ApiError> {
        let Some(clones) = &self.clones else {
            let error = ApiError::forbidden("the server clones no repositories");
            return Err(error.hint("`cogo serve --clone-into FOLDER` makes it"));
        };
        let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        if !is_web || url.len() > 2000 || url.contains(char::is_whitespace) || url.contains(char::is_control) {
            return Err(
                ApiError::bad_request("this is no address of a git repository").hint("give an https:// address")
            );
        }
        let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let last = last.strip_suffix(".git").unwrap_or(last);
        let plain: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(80).collect();
        let folder = clones.join(format!("{}-{:08x}", plain.trim_start_matches('.'), xxh3_64(url.as_bytes()) as u32));
        // Only the last commit is wanted; servers that just hand out files cannot give less than all.
        let either = |commands: [&[&str]; 2]| {
            let run = |args: &[&str]| git(Command::new("git").args(args));
            run(commands[0]).or_else(|_| run(commands[1]))
        };
        let at = folder.to_string_lossy();
        if folder.join(".git").is_dir() {
            let fetch = ["-C", &at, "fetch", "--quiet", "origin", "HEAD"];
            either([&[&fetch[..], &["--depth=1"]].concat(), &fetch])?;
            git(Command::new("git").args(["-C", &at, "reset", "--hard", "--quiet", "FETCH_HEAD"]))?;
        } else {
            let clone = ["clone", "--single-branch", "--no-tags", "--quiet"];
            let from = ["--", url, &at];
            either([&[&clone[..], &["--depth=1"], &from].concat(), &[&clone[..], &from].concat()])?;
        }
        Ok(folder)
    }
}

/// Runs git so that a repository of others can do no more than fill a folder: no hooks, no questions, no other protocols.
fn git(command: &mut Command) -> Result<(), ApiError> {
    let settings = [
        ("core.hooksPath", "/dev/null"),
        ("protocol.allow", "never"),
        ("protocol.https.allow", "always"),
        ("protocol.http.allow", "always"),
        ("core.fsmonitor", "false"),
        ("submodule.recurse", "false"),
    ];
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_COUNT", settings.len().to_string());
    for (index, (key, value)) in settings.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{index}"), key).env(format!("GIT_CONFIG_VALUE_{index}"), value);
    }
    let output = command.stdin(std::process::Stdio::null()).output();
    let failed = |reason: String| {
        tracing::warn!(reason, "git failed");
        let error = ApiError::new(StatusCode::BAD_GATEWAY, "git", "git could not get the repository");
        error.hint("the address may be wrong, or need a login; the server's log says more")
    };
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn names(all: &[Arc<Repository>]) -> String {
    let names: Vec<&str> = all.iter().take(10).map(|one| one.name.as_str()).collect();
    format!("known are {}", names.join(", "))
}

/// A repository.
#[derive(Serialize, ToSchema)]
pub(super) struct RepositoryJson {
    /// Names it in requests.
    name: String,
    /// Its folder on the server, or its mirror.
    root: String,
    /// Whether it can be searched.
    ready: bool,
    /// The generation that answers.
    generation: Option<u64>,
    /// Files in it.
    files: u64,
    /// Lines of these.
    lines: u64,
    /// Pieces that are searched.
    chunks: u64,
    /// Definitions in it.
    symbols: u64,
    /// Why it is not up to date, if it could not be brought there.
    error: Option<String>,
}

/// What is served
#[utoipa::path(get, path = "/v1/repositories", tag = "repositories",
    responses((status = 200, description = "The repositories", body = Vec<RepositoryJson>), ApiError))]
pub(super) async fn list(shared: State) -> Result<Json<Vec<RepositoryJson>>, ApiError> {
    let one = |repository: &Arc<Repository>| {
        let found = repository.engine.generation();
        let failed = || repository.failed.read().unwrap_or_else(PoisonError::into_inner).clone();
        let error = found.as_ref().err().filter(|_| repository.engine.is_mirror()).map(ToString::to_string);
        let (generation, counts) = found.map_or_else(|_| Default::default(), |(number, counts)| (Some(number), counts));
        RepositoryJson {
            name: repository.name.clone(),
            root: repository.engine.root().to_string_lossy().into_owned(),
            ready: generation.is_some(),
            generation,
            files: counts.files,
            lines: counts.lines,
            chunks: counts.chunks,
            symbols: counts.symbols,
            error: error.or_else(failed),
        }
    };
    let all = shared.0.clone();
    Ok(Json(work::aside(move || all.repositories.list().iter().map(one).collect()).await?))
}

/// What to index: a folder on the server, or the address of a git repository.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRepository {
    /// A folder below one that `cogo serve --allow` names.
    #[schema(example = "/srv/code/project")]
    path: Option<String>,
    /// An https:// address, if `cogo serve --clone-into` is given.
    #[schema(example = "https://git.example.org/project.git")]
    url: Option<String>,
}

/// Indexes a folder or a git repository, or brings it up to date
#[utoipa::path(post, path = "/v1/repositories", tag = "repositories", request_body = NewRepository,
    responses((status = 202, description = "The job that does it", body = JobJson),
        (status = 403, description = "The server may not", body = ErrorJson), (status = 502, description = "git failed", body = ErrorJson),
        ApiError, BodyError))]
pub(super) async fn add(
    shared: State,
    Body(new): Body<NewRepository>,
) -> Result<(StatusCode, Json<JobJson>), ApiError> {
    let all = shared.clone();
    let job = shared.work.run(move || {
        let all = &all.repositories;
        match (&new.path, &new.url) {
            (Some(path), None) => all.add_folder(Path::new(path)),
            (None, Some(url)) => all.clone_of(url).and_then(|folder| all.add_folder(&folder)),
            _ => Err(ApiError::bad_request("give either `path` or `url`")),
        }
    });
    Ok((StatusCode::ACCEPTED, Json(job.await?)))
}
