//! Health and metrics.

use std::sync::OnceLock;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorJson};
use super::{State, work};

/// Seconds that requests are counted by.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The recorder of this process.
pub(super) fn recorder() -> anyhow::Result<PrometheusHandle> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new();
    let recorder =
        builder.set_buckets_for_metric(Matcher::Suffix("duration_seconds".into()), &BUCKETS)?.build_recorder();
    let handle = recorder.handle();
    metrics::describe_counter!("cogo_http_requests_total", "Requests, by method, path and status");
    // Somebody who embeds us may have a recorder of their own.
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("another recorder of metrics is installed");
    }
    Ok(RECORDER.get_or_init(|| handle).clone())
}

/// The process is alive
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "It is", body = String)))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether every repository can be searched.
#[derive(Serialize, ToSchema)]
pub(super) struct Ready {
    ready: bool,
    /// Repositories that cannot be searched yet.
    waiting_for: Vec<String>,
}

/// Every repository can be searched
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "They can", body = Ready), (status = 503, description = "Some cannot", body = Ready)))]
pub(super) async fn readyz(shared: State) -> Result<Response, ApiError> {
    let all = shared.0.clone();
    let waiting_for = work::aside(move || all.repositories.waiting()).await?;
    let status = if waiting_for.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(Ready { ready: waiting_for.is_empty(), waiting_for })).into_response())
}

/// Counters and durations, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "In the text format", body = String, content_type = "text/plain"),
        (status = 401, description = "No token", body = ErrorJson)))]
pub(super) async fn metrics(shared: State) -> Result<Response, ApiError> {
    shared.metrics.run_upkeep();
    let all = shared.0.clone();
    for (name, generation, chunks) in work::aside(move || all.repositories.sizes()).await? {
        metrics::gauge!("cogo_repository_generation", "repository" => name.clone()).set(generation as f64);
        metrics::gauge!("cogo_repository_chunks", "repository" => name).set(chunks as f64);
    }
    Ok(([("content-type", "text/plain; version=0.0.4")], shared.metrics.render()).into_response())
}
