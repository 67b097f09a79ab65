//! Every request has an id, and a place in its caller's trace ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

const REQUEST_ID: &str = "x-request-id";
const TRACEPARENT: &str = "traceparent";
/// Longest request id that is taken over.
const LONGEST_ID: usize = 128;

/// Logs and counts a request, and sends back its id and its trace.
pub(super) async fn trace(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(|| format!("{:016x}", random()));
    let trace = trace_id(request.headers()).unwrap_or_else(|| format!("{:016x}{:016x}", random(), random()));
    let span = random().max(1);
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let entered = tracing::info_span!("request", %id, %trace, %method, path);
    let mut response = next.run(request).instrument(entered.clone()).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    entered.in_scope(|| tracing::debug!(status, ?took, "answered"));
    let labels = [("method", method.as_str().to_owned()), ("path", path.clone()), ("status", status.to_string())];
    metrics::counter!("cogo_http_requests_total", &labels).increment(1);
    metrics::histogram!("cogo_http_request_duration_seconds", "path" => path).record(took.as_secs_f64());
    let headers = response.headers_mut();
    for (name, value) in [(REQUEST_ID, id), (TRACEPARENT, format!("00-{trace}-{span:016x}-01"))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| id.to_owned())
}

/// The trace id of a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let parts: Vec<&str> = headers.get(TRACEPARENT)?.to_str().ok()?.split('-').collect();
    let is_hex = |part: &str, len: usize| {
        part.len() == len
            && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            && part.bytes().any(|byte| byte != b'0')
    };
    let [version, trace, span, flags, ..] = parts[..] else { return None };
    let is_known = version.len() == 2 && version != "ff" && flags.len() == 2;
    (is_known && is_hex(trace, 32) && is_hex(span, 16)).then(|| trace.to_owned())
}

/// A number that does not repeat: it names, it keeps no secret.
fn random() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    RandomState::new().hash_one(NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_taken_over_if_they_are_well_formed() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, HeaderValue::from_static(value));
            trace_id(&headers)
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(), Some(trace));
        assert_eq!(of("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None);
        assert_eq!(of("00-xyz-00f067aa0ba902b7-01"), None);
        assert_eq!(of(""), None);
        assert_ne!(random(), random());
    }
}
