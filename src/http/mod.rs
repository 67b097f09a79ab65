//! `cogo serve`: the engine over HTTP.
//!
//! Handlers are thin: they check what they are given, hand the work to a bounded pool (`work.rs`) and turn the answer into
//! [`wire`](crate::wire) formats. The description at `/openapi.json` is generated from them.

mod chunk;
mod embed;
mod error;
mod events;
mod graph;
mod guard;
mod health;
mod input;
mod jobs;
mod page;
mod repositories;
mod search;
mod trace;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Engine, Failure};
use error::ApiError;
use guard::Guard;
use jobs::Jobs;
use repositories::Repositories;
use work::Work;

/// What a request may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Longest query, in bytes. Whole bug reports are queries.
    pub query_bytes: usize,
    /// Most hits, and most answers of other kinds.
    pub hits: usize,
    /// Requests that may wait for a free core; more are turned away with 503.
    pub waiting: usize,
    /// Longest time for an answer.
    pub time: Duration,
    /// How long running requests may take to end when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 1 << 20,
            query_bytes: 1 << 16,
            hits: 1000,
            waiting: 256,
            time: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

/// How to serve.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What a request may ask for.
    pub limits: Limits,
    /// What callers must send as `Authorization: Bearer …`; nothing if there is none.
    pub token: Option<String>,
    /// Names that the `Host` header may hold, beside those of this machine's loopback; all are allowed if the list holds `*`.
    pub hosts: Vec<String>,
    /// Pages from these origins may call (`https://example.org`); none by default.
    pub origins: Vec<String>,
    /// Folders below which callers may have repositories indexed.
    pub roots: Vec<PathBuf>,
    /// Where repositories of others may be cloned to; nowhere by default.
    pub clones: Option<PathBuf>,
    /// Threads that answer; the number of cores if 0.
    pub threads: usize,
}

/// What all handlers share.
struct Shared {
    repositories: Repositories,
    jobs: Arc<Jobs>,
    work: Work,
    limits: Limits,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
}

type State = axum::extract::State<Arc<Shared>>;

/// A server, ready to listen.
pub struct Server {
    router: Router,
    shared: Arc<Shared>,
}

/// The HTTP interface of cogo.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "cogo",
        description = "Search, context and relations of indexed repositories. Errors are `{\"error\": {\"code\", \"message\", \"hint\"}}`."
    ),
    tags(
        (name = "search", description = "Hits, files and context"),
        (name = "graph", description = "Who uses what, and how a repository is organised"),
        (name = "repositories", description = "What is indexed, and indexing"),
        (name = "operation", description = "Health and metrics")
    )
)]
struct Api;

impl Server {
    /// A server for `engines`; indexes are brought up to date and followed from [`run`](Self::run) on.
    ///
    /// # Errors
    /// If an option makes no sense.
    pub fn new(engines: Vec<Engine>, options: Options) -> Result<Self, Failure> {
        let jobs = Arc::new(Jobs::default());
        let shared = Arc::new(Shared {
            repositories: Repositories::new(engines, jobs.clone(), options.roots, options.clones)?,
            jobs,
            work: Work::new(options.threads, options.limits.waiting, options.limits.time),
            limits: options.limits.clone(),
            metrics: health::recorder()?,
        });
        let guard = Arc::new(Guard::new(options.token, options.hosts, options.origins.clone()));
        let (api, mut description) = OpenApiRouter::with_openapi(Api::openapi())
            .routes(routes!(search::search))
            .routes(routes!(search::stream))
            .routes(routes!(search::related))
            .routes(routes!(search::context))
            .routes(routes!(chunk::chunk))
            .routes(routes!(chunk::file))
            .routes(routes!(embed::embed))
            .routes(routes!(graph::uses))
            .routes(routes!(graph::neighbors))
            .routes(routes!(graph::path))
            .routes(routes!(graph::impact))
            .routes(routes!(graph::communities))
            .routes(routes!(graph::overview))
            .routes(routes!(graph::explain))
            .routes(routes!(graph::ask))
            .routes(routes!(repositories::list, repositories::add))
            .routes(routes!(events::events))
            .routes(routes!(jobs::job))
            .routes(routes!(jobs::events))
            .routes(routes!(health::healthz))
            .routes(routes!(health::readyz))
            .routes(routes!(health::metrics))
            .split_for_parts();
        // The router's word for "with slashes" is none of OpenAPI's.
        let paths = std::mem::take(&mut description.paths.paths);
        description.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
        description.info.version = env!("CARGO_PKG_VERSION").to_owned();
        let description = serde_json::to_string_pretty(&description)?;
        let described = get(move || async move { ([("content-type", "application/json")], description) });
        let router = api
            .with_state(shared.clone())
            .route("/openapi.json", described)
            .merge(page::routes())
            .fallback(|| async { ApiError::not_found("there is nothing at this path").hint("see /docs") })
            .method_not_allowed_fallback(|| async { ApiError::method() })
            .layer(DefaultBodyLimit::max(options.limits.body_bytes))
            .layer(CompressionLayer::new())
            .layer(middleware::from_fn_with_state(guard, guard::check))
            .layer(cors(&options.origins)?)
            .layer(CatchPanicLayer::custom(error::panicked))
            .layer(middleware::from_fn(trace::trace));
        Ok(Server { router, shared })
    }

    /// Serves on `address` until the process is told to stop; `listening` is told where. Requests that run then may end.
    ///
    /// # Errors
    /// If it cannot listen there.
    pub fn run(self, address: SocketAddr, listening: impl FnOnce(SocketAddr)) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let grace = self.shared.limits.grace;
        let outcome = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(address).await?;
            listening(listener.local_addr()?);
            self.shared.repositories.follow();
            let stopping = Arc::new(tokio::sync::Notify::new());
            let shared = self.shared.clone();
            let told = stopping.clone();
            // A router as such would be copied for each connection: 150 KiB for nothing.
            let serving = axum::serve(listener, self.router.into_make_service()).with_graceful_shutdown(async move {
                stop_signal().await;
                tracing::info!("stopping");
                // Streams would never end by themselves.
                shared.jobs.close();
                told.notify_one();
            });
            let late = async {
                stopping.notified().await;
                tokio::time::sleep(grace).await;
            };
            tokio::select! {
                outcome = serving => outcome,
                () = late => Ok(()),
            }
        });
        self.shared.repositories.stop();
        runtime.shutdown_timeout(Duration::from_secs(1));
        Ok(outcome?)
    }
}

fn cors(origins: &[String]) -> anyhow::Result<CorsLayer> {
    let origins = origins.iter().map(|origin| origin.parse::<HeaderValue>()).collect::<Result<Vec<_>, _>>()?;
    let headers = ["authorization", "content-type", "traceparent", "x-request-id"].map(HeaderName::from_static);
    Ok(CorsLayer::new().allow_origin(origins).allow_methods([Method::GET, Method::POST]).allow_headers(headers))
}

async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            drop(interrupt.await);
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
