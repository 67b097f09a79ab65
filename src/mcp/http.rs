//! Serving over HTTP: one repository, any number of clients.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};

use super::Host;
use super::server::Server;
use crate::{Failure, token};

/// Largest request.
const LARGEST: usize = 4 << 20;

/// Who may ask.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// What a client must send as `Authorization: Bearer …`. Without one, only this machine is served.
    pub token: Option<String>,
}

impl HttpOptions {
    /// Whether `address` may be served.
    ///
    /// # Errors
    /// If it can be reached from other machines and there is no token that is hard to guess.
    pub fn check(&self, address: SocketAddr) -> Result<(), String> {
        let is_guarded = self.token.as_ref().is_some_and(|token| token.len() >= token::SHORTEST);
        match address.ip().is_loopback() || is_guarded {
            true => Ok(()),
            false => Err(format!(
                "{address} can be reached from other machines: that needs a token of {} signs or more",
                token::SHORTEST
            )),
        }
    }
}

/// The protocol over HTTP, to be mounted: `router.nest_service("/mcp", service(host, &options))`.
///
/// Every request stands for itself, so nothing is kept per client. Web pages of other origins are refused, and
/// without a token every `Host` that is not this machine, too (a page may rebind its name to it).
pub fn service(host: Arc<Host>, options: &HttpOptions) -> Router {
    let local = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
    let mut config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(LARGEST)
        .with_allowed_origins(local)
        .enforce_origin_validation();
    if options.token.is_some() {
        config = config.disable_allowed_hosts();
    }
    let server = Server::of(host);
    let service = StreamableHttpService::new(move || Ok(server.clone()), Arc::<LocalSessionManager>::default(), config);
    let router = Router::new().fallback_service(service);
    match &options.token {
        Some(token) => router.layer(from_fn_with_state(Arc::<str>::from(token.as_str()), authorise)),
        None => router,
    }
}

async fn authorise(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match token::bears(given, &token) {
        true => next.run(request).await,
        false => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response(),
    }
}

/// Serves at `/mcp` of `address` until Ctrl-C; tells `started` where, as port 0 means any.
///
/// # Errors
/// If the address is public and there is no token, or it cannot be bound.
pub fn serve_http(
    host: Arc<Host>,
    address: SocketAddr,
    options: &HttpOptions,
    started: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    options.check(address)?;
    let app = Router::new().nest_service("/mcp", service(host, options));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        started(listener.local_addr()?);
        let stop = async { drop(tokio::signal::ctrl_c().await) };
        Ok::<(), Failure>(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
    });
    runtime.shutdown_background();
    outcome
}
