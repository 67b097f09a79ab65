//! The metrics of calls. Names are those that dashboards know; what is exported, and how, is decided by the program.

use std::time::Duration;

use super::breaker::State;

struct Names {
    calls: &'static str,
    fails: &'static str,
    latency: &'static str,
}

/// Metrics are named after the first part of the key.
fn names(key: &str) -> Names {
    match key.split('.').next() {
        Some("mcp") => {
            Names { calls: "cogo_mcp_calls_total", fails: "cogo_mcp_fail_total", latency: "cogo_mcp_latency_ms" }
        }
        Some("llm") => {
            Names { calls: "cogo_llm_calls_total", fails: "cogo_llm_fail_total", latency: "cogo_llm_latency_ms" }
        }
        _ => Names { calls: "cogo_tool_calls_total", fails: "cogo_tool_fail_total", latency: "cogo_tool_latency_ms" },
    }
}

/// Counts one attempt.
pub(super) fn count(key: &str, success: bool, took: Duration) {
    let names = names(key);
    let label = || key.to_owned();
    metrics::counter!(names.calls, "key" => label()).increment(1);
    if !success {
        metrics::counter!(names.fails, "key" => label()).increment(1);
    }
    metrics::histogram!(names.latency, "key" => label()).record(took.as_secs_f64() * 1000.0);
}

/// Says that a breaker is in another state than before.
pub(super) fn changed(key: &str, before: State, now: State) {
    let label = || key.to_owned();
    let is_closed = now == State::Closed;
    metrics::gauge!("cogo_circuit_open_current", "key" => label()).set(if is_closed { 0.0 } else { 1.0 });
    match now {
        State::Open => {
            metrics::counter!("cogo_circuit_open_total", "key" => label()).increment(1);
            tracing::warn!(key, "fails too often and is left alone for a while");
        }
        State::Closed => {
            metrics::counter!("cogo_circuit_close_total", "key" => label()).increment(1);
            tracing::info!(key, "works again");
        }
        State::HalfOpen => tracing::debug!(key, ?before, "is tried again"),
    }
}
