//! Questions to the graph.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use graphrag::Graph;
use graphrag::extract::Log;
use graphrag::graph::{Follow, NodeId, Relation};
use rag_core::Snapshot;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::error::{ApiError, BodyError};
use super::input::{Body, InPath, Parameters};
use super::repositories::Repository;
use super::search::{check_limit, check_text};
use super::{Shared, State};
use crate::ask::{self, Scope};
use crate::change::{Change, NEAR, touched};
use crate::extract;
use crate::overview::{explain as explained, overview as organised};
use crate::question::Question;
use crate::wire::{
    Asked, CommunitiesAnswer, Explained, ImpactAnswer, NeighborsAnswer, NodeJson, OverviewAnswer, StepJson, UsesAnswer,
};

/// Nothing is followed farther.
const FARTHEST: u32 = 64;

/// A repository with its graph, for one question.
struct Asking {
    repository: Arc<Repository>,
    snapshot: Arc<Snapshot>,
    graph: Arc<Graph>,
}

impl Asking {
    fn open(shared: &Shared, repository: Option<&str>) -> Result<Self, ApiError> {
        let repository = shared.repositories.one(repository)?;
        let (snapshot, graph) = (repository.engine.snapshot()?, repository.engine.graph()?);
        Ok(Asking { repository, snapshot, graph })
    }

    /// The one thing that `text` means.
    fn find(&self, text: &str) -> Result<NodeId, ApiError> {
        match self.graph.find(text)[..] {
            [node] => Ok(node),
            [] => Err(ApiError::not_found(format!("nothing is called `{}`", text.escape_debug()))
                .hint("give a name, `Class.method`, a path, or `path:line`")),
            ref several => {
                let place = |&id: &NodeId| {
                    let node = NodeJson::new(&self.graph, id);
                    format!("{}:{}", node.path.unwrap_or(node.name), node.start_line)
                };
                let places: Vec<String> = several.iter().take(10).map(place).collect();
                let message = format!("`{}` may mean {} things", text.escape_debug(), several.len());
                Err(ApiError::new(StatusCode::CONFLICT, "ambiguous", message)
                    .hint(format!("name one of them as `path:line`: {}", places.join(", "))))
            }
        }
    }
}

fn hundred() -> usize {
    100
}

/// How far to go from a symbol.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UsesParameters {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// A name, `Class.method`, a path, or `path:line`.
    #[param(example = "Store.open", min_length = 1)]
    symbol: String,
    /// How many links far.
    #[param(maximum = 64)]
    depth: Option<u32>,
    /// Only proven links.
    #[serde(default)]
    proven: bool,
    /// At most so many answers.
    #[serde(default = "hundred")]
    #[param(default = 100, minimum = 1)]
    limit: usize,
}

fn check_depth(depth: Option<u32>) -> Result<(), ApiError> {
    match depth.is_none_or(|depth| depth <= FARTHEST) {
        true => Ok(()),
        false => Err(ApiError::bad_request(format!("`depth` must not be above {FARTHEST}"))),
    }
}

/// Who uses a symbol, or what it uses
///
/// `question` is `callers`, `callees`, `references`, `imports`, `implementations` or `tests`.
#[utoipa::path(get, path = "/v1/graph/{question}", tag = "graph",
    params(("question" = String, Path, description = "callers, callees, references, imports, implementations or tests"), UsesParameters),
    responses((status = 200, description = "What was found, and how sure that is", body = UsesAnswer), ApiError))]
pub(super) async fn uses(
    shared: State,
    InPath(question): InPath<String>,
    Parameters(asked): Parameters<UsesParameters>,
) -> Result<Json<UsesAnswer>, ApiError> {
    check_limit(asked.limit, &shared.limits)?;
    check_depth(asked.depth)?;
    let question = Question::named(&question).ok_or_else(|| {
        ApiError::not_found("there is no such question")
            .hint("callers, callees, references, imports, implementations, tests")
    })?;
    let all = shared.0.clone();
    let work = move || {
        let asking = Asking::open(&all, asked.repository.as_deref())?;
        let start = asking.find(&asked.symbol)?;
        let found = question.ask(&asking.graph, start, asked.depth, asked.proven);
        Ok::<_, ApiError>(UsesAnswer::new(&asking.graph, start, &found, asked.limit))
    };
    Ok(Json(shared.work.run(work).await?))
}

/// Whose neighbours, and which.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NeighborsParameters {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// A name, `Class.method`, a path, `path:line`, a folder, or a package.
    #[param(min_length = 1)]
    symbol: String,
    /// Only these relations, with commas: call, import, inherit, type, override, mention, depend, co-change, relate, similar, route, read, set.
    kinds: Option<String>,
    /// How many links far.
    #[param(maximum = 64)]
    depth: Option<u32>,
    /// Only proven links.
    #[serde(default)]
    proven: bool,
    /// At most so many of each sort.
    #[serde(default = "hundred")]
    #[param(default = 100, minimum = 1)]
    limit: usize,
}

/// Everything that a node hangs together with
#[utoipa::path(get, path = "/v1/graph/neighbors", tag = "graph", params(NeighborsParameters),
    responses((status = 200, description = "Its neighbours", body = NeighborsAnswer), ApiError))]
pub(super) async fn neighbors(
    shared: State,
    Parameters(asked): Parameters<NeighborsParameters>,
) -> Result<Json<NeighborsAnswer>, ApiError> {
    check_limit(asked.limit, &shared.limits)?;
    check_depth(asked.depth)?;
    let words = asked.kinds.as_deref().unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let unknown = |word: &str| ApiError::bad_request(format!("unknown relation `{}`", word.escape_debug()));
    let kinds: Vec<Relation> =
        words.map(|word| Relation::parse(word.trim()).ok_or_else(|| unknown(word))).collect::<Result<_, _>>()?;
    let all = shared.0.clone();
    let work = move || {
        let asking = Asking::open(&all, asked.repository.as_deref())?;
        let start = asking.find(&asked.symbol)?;
        let follow = Follow { relations: &kinds, proven_only: asked.proven, depth: asked.depth.unwrap_or(1) };
        let graph = &asking.graph;
        let (uses, used_by) = (graph.reach(&[start], false, follow), graph.reach(&[start], true, follow));
        Ok::<_, ApiError>(NeighborsAnswer::new(graph, start, &uses, &used_by, asked.limit))
    };
    Ok(Json(shared.work.run(work).await?))
}

/// From where to where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PathParameters {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// The symbol that it starts at.
    #[param(min_length = 1)]
    from: String,
    /// The symbol that it leads to.
    #[param(min_length = 1)]
    to: String,
    /// Of at most so many links.
    #[param(maximum = 64)]
    depth: Option<u32>,
    /// Only proven links.
    #[serde(default)]
    proven: bool,
}

/// A shortest way of uses from one symbol to another
#[utoipa::path(get, path = "/v1/graph/path", tag = "graph", params(PathParameters),
    responses((status = 200, description = "The steps; none if there is no way", body = Vec<StepJson>), ApiError))]
pub(super) async fn path(
    shared: State,
    Parameters(asked): Parameters<PathParameters>,
) -> Result<Json<Vec<StepJson>>, ApiError> {
    check_depth(asked.depth)?;
    let all = shared.0.clone();
    let work = move || {
        let asking = Asking::open(&all, asked.repository.as_deref())?;
        let (from, to) = (asking.find(&asked.from)?, asking.find(&asked.to)?);
        Ok::<_, ApiError>(StepJson::way(&asking.graph, from, to, asked.depth, asked.proven))
    };
    Ok(Json(shared.work.run(work).await?))
}

/// A change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImpactRequest {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// Files, or lines of files: `path`, `path:line`, `path:first-last`.
    #[serde(default)]
    places: Vec<String>,
    /// A unified diff.
    diff: Option<String>,
    /// How many links far.
    #[schema(maximum = 64)]
    depth: Option<u32>,
    /// Only proven links.
    #[serde(default)]
    proven: bool,
    /// At most so many of each sort.
    #[serde(default = "hundred")]
    #[schema(default = 100, minimum = 1)]
    limit: usize,
}

/// What a change may reach: definitions, tests to run, documents to read again
#[utoipa::path(post, path = "/v1/graph/impact", tag = "graph", request_body = ImpactRequest,
    responses((status = 200, description = "What it may reach, the most likely first", body = ImpactAnswer), ApiError, BodyError))]
pub(super) async fn impact(shared: State, Body(asked): Body<ImpactRequest>) -> Result<Json<ImpactAnswer>, ApiError> {
    check_limit(asked.limit, &shared.limits)?;
    check_depth(asked.depth)?;
    let no_place = |text: &String| {
        ApiError::bad_request(format!("`{}` is no place", text.escape_debug()))
            .hint("write `path`, `path:line` or `path:first-last`")
    };
    let mut changes: Vec<Change> =
        asked.places.iter().map(|text| Change::parse(text).ok_or_else(|| no_place(text))).collect::<Result<_, _>>()?;
    changes.extend(asked.diff.as_deref().map(Change::of_diff).unwrap_or_default());
    if changes.is_empty() {
        return Err(ApiError::bad_request("nothing has changed").hint("give `places` or `diff`"));
    }
    let all = shared.0.clone();
    let work = move || {
        let asking = Asking::open(&all, asked.repository.as_deref())?;
        let changed = touched(&asking.graph, &changes);
        if changed.is_empty() {
            return Err(ApiError::not_found("none of the files is indexed"));
        }
        let follow = Follow { relations: &[], proven_only: asked.proven, depth: asked.depth.unwrap_or(NEAR) };
        Ok(ImpactAnswer::new(&asking.graph, &asking.graph.impact(&changed, follow), asked.limit))
    };
    Ok(Json(shared.work.run(work).await?))
}

fn twelve() -> usize {
    12
}

/// Which repository, and how much of it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OverviewParameters {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// At most so many of each sort.
    #[serde(default = "twelve")]
    #[param(default = 12, minimum = 1)]
    limit: usize,
}

/// What a language model has written of the parts, if it was told to. It is an extra: a damaged one is none.
fn summaries(repository: &Repository) -> Log {
    Log::open(&extract::summaries_of(repository.engine.store())).unwrap_or_default()
}

/// Parts of a repository that hang together, at several levels
#[utoipa::path(get, path = "/v1/graph/communities", tag = "graph", params(OverviewParameters),
    responses((status = 200, description = "The parts", body = CommunitiesAnswer), ApiError))]
pub(super) async fn communities(
    shared: State,
    Parameters(asked): Parameters<OverviewParameters>,
) -> Result<Json<CommunitiesAnswer>, ApiError> {
    check_limit(asked.limit, &shared.limits)?;
    let all = shared.0.clone();
    let work = move || {
        let Asking { repository, snapshot, graph } = Asking::open(&all, asked.repository.as_deref())?;
        Ok::<_, ApiError>(CommunitiesAnswer::new(
            &snapshot,
            &graph,
            &summaries(&repository),
            &graph.communities().levels,
            asked.limit,
        )?)
    };
    Ok(Json(shared.work.run(work).await?))
}

/// How a repository is organised
#[utoipa::path(get, path = "/v1/graph/overview", tag = "graph", params(OverviewParameters),
    responses((status = 200, description = "Its parts, what is used most, what it needs, where programs start", body = OverviewAnswer), ApiError))]
pub(super) async fn overview(
    shared: State,
    Parameters(asked): Parameters<OverviewParameters>,
) -> Result<Json<OverviewAnswer>, ApiError> {
    check_limit(asked.limit, &shared.limits)?;
    let all = shared.0.clone();
    let work = move || {
        let Asking { repository, snapshot, graph } = Asking::open(&all, asked.repository.as_deref())?;
        Ok::<_, ApiError>(OverviewAnswer::new(
            &snapshot,
            &graph,
            &summaries(&repository),
            &organised(&snapshot, &graph),
            asked.limit,
        )?)
    };
    Ok(Json(shared.work.run(work).await?))
}

/// A symbol.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainParameters {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// A name, `Class.method`, a path, or `path:line`.
    #[param(min_length = 1)]
    symbol: String,
    /// At most so many of each sort.
    #[serde(default = "twelve")]
    #[param(default = 12, minimum = 1)]
    limit: usize,
}

/// What a symbol is about
#[utoipa::path(get, path = "/v1/graph/explain", tag = "graph", params(ExplainParameters),
    responses((status = 200, description = "Signature, documentation, uses, users, tests", body = Explained), ApiError))]
pub(super) async fn explain(
    shared: State,
    Parameters(asked): Parameters<ExplainParameters>,
) -> Result<Json<Explained>, ApiError> {
    check_limit(asked.limit, &shared.limits)?;
    let all = shared.0.clone();
    let work = move || {
        let asking = Asking::open(&all, asked.repository.as_deref())?;
        let id = asking.find(&asked.symbol)?;
        let found = explained(&asking.snapshot, &asking.graph, id)?;
        Ok::<_, ApiError>(Explained::new(&asking.graph, id, &found, asked.limit))
    };
    Ok(Json(shared.work.run(work).await?))
}

/// How wide a question is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ScopeJson {
    /// How the whole is organised.
    Global,
    /// One thing and what hangs together with it.
    Local,
    /// Which parts matter, and what in each.
    Drift,
}

/// A question about a repository.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskRequest {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// The question.
    #[schema(example = "how is this system organised?", min_length = 1)]
    question: String,
    /// How wide it is; as the question suggests, if not given.
    scope: Option<ScopeJson>,
    /// At most so many of each sort.
    #[serde(default = "twelve")]
    #[schema(default = 12, minimum = 1)]
    limit: usize,
}

/// Which parts of a repository a question concerns, and what hangs together with its hits
#[utoipa::path(post, path = "/v1/graph/ask", tag = "graph", request_body = AskRequest,
    responses((status = 200, description = "Parts, symbols and hits", body = Asked), ApiError, BodyError))]
pub(super) async fn ask(shared: State, Body(asked): Body<AskRequest>) -> Result<Json<Asked>, ApiError> {
    check_text(&asked.question, &shared.limits)?;
    check_limit(asked.limit, &shared.limits)?;
    let scope = asked.scope.map(|scope| match scope {
        ScopeJson::Global => Scope::Global,
        ScopeJson::Local => Scope::Local,
        ScopeJson::Drift => Scope::Drift,
    });
    let all = shared.0.clone();
    let work = move || {
        let asking = Asking::open(&all, asked.repository.as_deref())?;
        let answer = ask::ask(&asking.repository.engine, &asked.question, scope, asked.limit)?;
        Ok::<_, ApiError>(Asked::new(&asking.snapshot, &asking.graph, &answer)?)
    };
    Ok(Json(shared.work.run(work).await?))
}
