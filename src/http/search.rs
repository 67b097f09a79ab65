//! Search, related places and context.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use futures_util::{StreamExt, stream};
use indexer::language;
use rag_core::{Filter, Hit, Mode, Query, SymbolKind, Unit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::chunk::ChunkId;
use super::error::{ApiError, BodyError};
use super::input::Body;
use super::jobs::{Events, event};
use super::repositories::Repository;
use super::{Limits, Shared, State};
use crate::Answer;
use crate::context::{Context, pack};
use crate::mirrored::View;
use crate::wire::HitJson;

/// What to search with.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ModeJson {
    /// Words and meaning.
    #[default]
    Hybrid,
    /// Words.
    Lexical,
    /// Meaning.
    Semantic,
    /// Names of definitions.
    Symbol,
}

/// What a hit is.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UnitJson {
    /// A file, shown by its best part.
    #[default]
    File,
    /// A function, method or type.
    Definition,
}

/// A question.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchRequest {
    /// Words, a sentence, a name, or a whole bug report.
    #[schema(example = "where are session cookies signed", min_length = 1)]
    query: String,
    /// Repositories to search; all if there are none.
    #[serde(default)]
    repositories: Vec<String>,
    /// At most so many hits.
    #[serde(default = "ten")]
    #[schema(default = 10, minimum = 1)]
    limit: usize,
    /// What to search with.
    #[serde(default)]
    mode: ModeJson,
    /// What a hit is.
    #[serde(default)]
    unit: UnitJson,
    /// Globs over the path (`src/**/*.rs`); `!glob` excludes.
    #[serde(default)]
    paths: Vec<String>,
    /// Languages (`rust`).
    #[serde(default)]
    languages: Vec<String>,
    /// Kinds of definition (`function`).
    #[serde(default)]
    kinds: Vec<String>,
    /// Whether hits say how their score came about.
    #[serde(default)]
    explain: bool,
}

fn ten() -> usize {
    10
}

impl SearchRequest {
    fn query(&self, limits: &Limits) -> Result<Query, ApiError> {
        check_text(&self.query, limits)?;
        check_limit(self.limit, limits)?;
        let mut filter = Filter { paths: self.paths.clone(), ..Filter::default() };
        for name in &self.languages {
            let unknown = || ApiError::bad_request(format!("unknown language `{}`", name.escape_debug()));
            filter.languages.push(language::by_name(name).ok_or_else(unknown)?.name.to_owned());
        }
        for word in &self.kinds {
            let words: Vec<&str> = SymbolKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let unknown = || {
                ApiError::bad_request(format!("unknown kind `{}`", word.escape_debug()))
                    .hint(format!("known are {}", words.join(", ")))
            };
            filter.kinds.push(SymbolKind::parse(word).ok_or_else(unknown)?);
        }
        let mode = match self.mode {
            ModeJson::Hybrid => Mode::Hybrid,
            ModeJson::Lexical => Mode::Lexical,
            ModeJson::Semantic => Mode::Semantic,
            ModeJson::Symbol => Mode::Symbol,
        };
        let unit = match self.unit {
            UnitJson::File => Unit::File,
            UnitJson::Definition => Unit::Definition,
        };
        Ok(Query { mode, unit, filter, limit: self.limit, explain: self.explain, ..Query::new(self.query.clone()) })
    }
}

/// A text that is asked for must say something, and not too much.
pub(super) fn check_text(text: &str, limits: &Limits) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::bad_request("the query is empty"));
    }
    if text.len() > limits.query_bytes {
        let message = format!("the query has {} bytes, the server takes {}", text.len(), limits.query_bytes);
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

/// A number of answers that is within the limits.
pub(super) fn check_limit(limit: usize, limits: &Limits) -> Result<(), ApiError> {
    match (1..=limits.hits).contains(&limit) {
        true => Ok(()),
        false => Err(ApiError::bad_request(format!("`limit` must lie between 1 and {}", limits.hits))),
    }
}

/// Hits, best first.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    hits: Vec<HitJson>,
    /// Microseconds that the search took.
    took_us: u64,
    /// Why the answer is not what it could be, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

/// Who answers a question, and how.
struct Asked {
    repositories: Vec<Arc<Repository>>,
    view: View,
    query: Query,
}

impl Asked {
    fn new(shared: &Shared, request: &SearchRequest) -> Result<Self, ApiError> {
        let query = request.query(&shared.limits)?;
        let (repositories, view) = shared.repositories.view(&request.repositories)?;
        Ok(Asked { repositories, view, query })
    }

    fn answer(&self, mode: Mode) -> Result<SearchAnswer, ApiError> {
        let started = Instant::now();
        let found = self.view.answer(&Query { mode, ..self.query.clone() })?;
        Ok(answer(found, &self.repositories, self.query.explain, started))
    }
}

fn answer(found: Answer, repositories: &[Arc<Repository>], explain: bool, started: Instant) -> SearchAnswer {
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    metrics::histogram!("cogo_search_duration_seconds").record(started.elapsed().as_secs_f64());
    let hit = |(hit, version): (Hit, u64)| {
        let repository = &repositories[hit.repository].name;
        let id = ChunkId::of(repository, version, &hit).to_string();
        HitJson { repository: Some(repository.clone()), id: Some(id), ..HitJson::new(hit, explain) }
    };
    let hits = found.result.hits.into_iter().zip(found.versions).map(hit).collect();
    SearchAnswer { hits, took_us, degraded: found.result.degraded }
}

/// Searches
#[utoipa::path(post, path = "/v1/search", tag = "search", request_body = SearchRequest,
    responses((status = 200, description = "Hits, best first", body = SearchAnswer), ApiError, BodyError))]
pub(super) async fn search(shared: State, Body(request): Body<SearchRequest>) -> Result<Json<SearchAnswer>, ApiError> {
    let all = shared.0.clone();
    let work = move || {
        let asked = Asked::new(&all, &request)?;
        asked.answer(asked.query.mode)
    };
    Ok(Json(shared.work.run::<_, ApiError>(work).await?))
}

/// Hits of one retriever.
#[derive(Serialize, ToSchema)]
struct Partial {
    retriever: &'static str,
    #[serde(flatten)]
    answer: SearchAnswer,
}

/// Searches, and sends what each retriever finds when it has found it
///
/// Server-sent events: `hits` with `{"retriever", "hits", "took_us"}` as retrievers finish, `final` with the answer that
/// `POST /v1/search` gives, or `error`.
#[utoipa::path(post, path = "/v1/search/stream", tag = "search", request_body = SearchRequest,
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String), ApiError, BodyError))]
pub(super) async fn stream(shared: State, Body(request): Body<SearchRequest>) -> Result<Events, ApiError> {
    let all = shared.0.clone();
    let asked = Arc::new(shared.work.run(move || Asked::new(&all, &request)).await?);
    let retrievers: &[(&'static str, Mode)] = match asked.query.mode {
        Mode::Hybrid => &[("lexical", Mode::Lexical), ("semantic", Mode::Semantic)],
        _ => &[],
    };
    let mut partial = Vec::new();
    for &(retriever, mode) in retrievers {
        let answer = in_mode(shared.0.clone(), asked.clone(), mode);
        partial.push(async move {
            match answer.await {
                Ok(answer) => event("hits", &Partial { retriever, answer }),
                Err(error) => event("error", &error.json()),
            }
        });
    }
    let last = in_mode(shared.0.clone(), asked.clone(), asked.query.mode);
    let last = stream::once(async move {
        match last.await {
            Ok(answer) => event("final", &answer),
            Err(error) => event("error", &error.json()),
        }
    });
    let events = stream::iter(partial).buffer_unordered(retrievers.len().max(1)).chain(last);
    Ok(shared.jobs.until_closing(events))
}

async fn in_mode(shared: Arc<Shared>, asked: Arc<Asked>, mode: Mode) -> Result<SearchAnswer, ApiError> {
    shared.work.run(move || asked.answer(mode)).await
}

/// A place whose like is sought.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RelatedRequest {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// A file of it.
    #[schema(example = "src/app.py")]
    path: String,
    /// A line of that, from 1.
    #[schema(example = 12, minimum = 1)]
    line: u32,
    /// At most so many hits.
    #[serde(default = "ten")]
    #[schema(default = 10, minimum = 1)]
    limit: usize,
}

/// Finds what resembles a place
#[utoipa::path(post, path = "/v1/related", tag = "search", request_body = RelatedRequest,
    responses((status = 200, description = "Hits, best first", body = SearchAnswer), ApiError, BodyError))]
pub(super) async fn related(
    shared: State,
    Body(request): Body<RelatedRequest>,
) -> Result<Json<SearchAnswer>, ApiError> {
    check_limit(request.limit, &shared.limits)?;
    let repository = shared.repositories.one(request.repository.as_deref())?;
    let work = move || {
        let started = Instant::now();
        let query = Query { limit: request.limit, ..Query::new("") };
        let found = repository.engine.view()?.related(&request.path, request.line, &query)?;
        Ok::<_, ApiError>(answer(found, &[repository], false, started))
    };
    Ok(Json(shared.work.run(work).await?))
}

/// A question that is to be answered in a number of tokens.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextRequest {
    /// The repository; the only one, if not given.
    repository: Option<String>,
    /// The question.
    #[schema(example = "how are sessions signed", min_length = 1)]
    query: String,
    /// How many tokens to fill (a token is taken for four bytes).
    #[serde(default = "four_thousand")]
    #[schema(default = 4000, minimum = 1, maximum = 1000000)]
    tokens: usize,
}

fn four_thousand() -> usize {
    4000
}

/// Packs what answers a question into a number of tokens
#[utoipa::path(post, path = "/v1/context", tag = "search", request_body = ContextRequest,
    responses((status = 200, description = "Code, how it hangs together, and what did not fit", body = Context), ApiError, BodyError))]
pub(super) async fn context(shared: State, Body(request): Body<ContextRequest>) -> Result<Json<Context>, ApiError> {
    check_text(&request.query, &shared.limits)?;
    if !(1..=1_000_000).contains(&request.tokens) {
        return Err(ApiError::bad_request("`tokens` must lie between 1 and 1000000"));
    }
    let repository = shared.repositories.one(request.repository.as_deref())?;
    let work = move || pack(&repository.engine, &request.query, request.tokens);
    Ok(Json(shared.work.run(work).await?))
}
