//! Who may call: a token, known hosts, known origins.
//!
//! A server on the loopback can be reached by any page in a browser on the same machine. `Host` is checked so that no
//! name of another site that resolves to the loopback gets in (DNS rebinding), `Origin` so that no page of another site does.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::token;

/// Paths that tell nothing about repositories: probes, and the pages themselves.
const OPEN: [&str; 8] = ["/healthz", "/readyz", "/", "/page.js", "/page.css", "/docs", "/docs.js", "/openapi.json"];

/// What is checked of every request.
pub(super) struct Guard {
    token: Option<String>,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Guard {
    pub(super) fn new(token: Option<String>, hosts: Vec<String>, origins: Vec<String>) -> Self {
        Guard { token, hosts, origins }
    }

    fn admit(&self, request: &Request) -> Result<(), ApiError> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        // HTTP/2 has it in the address instead.
        let host = header(header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        let host = host.unwrap_or_default();
        let name = name_of(host);
        let is_known = LOOPBACK.contains(&name) || self.hosts.iter().any(|known| known == "*" || known == name);
        if !is_known {
            let error = ApiError::forbidden(format!("`{}` is not a name of this server", host.escape_debug()));
            return Err(error.hint("`cogo serve --host NAME` adds one"));
        }
        if let Some(origin) = header(header::ORIGIN)
            && !self.origins.iter().any(|known| known == origin)
            && origin.split_once("://").map(|(_, origin)| origin) != Some(host)
        {
            let error = ApiError::forbidden("pages of this origin may not call");
            return Err(error.hint("`cogo serve --origin ORIGIN` allows it"));
        }
        let Some(token) = &self.token else { return Ok(()) };
        if OPEN.contains(&request.uri().path()) {
            return Ok(());
        }
        match token::bears(header(header::AUTHORIZATION), token) {
            true => Ok(()),
            false => Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "the token is missing or wrong")
                .hint("send `Authorization: Bearer TOKEN`")),
        }
    }
}

/// What a loopback address may be called.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// `example.org:80` → `example.org`
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.admit(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn admitted(guard: &Guard, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        guard.admit(&request.body(Body::empty()).expect("a request")).is_ok()
    }

    #[test]
    fn strangers_do_not_get_in() {
        let guard = Guard::new(Some("secret".into()), vec!["box.lan".into()], vec!["https://good.org".into()]);
        let token = ("authorization", "Bearer secret");
        let local = ("host", "localhost:7700");
        assert!(admitted(&guard, "/v1/jobs/1", &[local, token]));
        assert!(admitted(&guard, "/v1/jobs/1", &[("host", "box.lan"), token, ("origin", "https://good.org")]));
        assert!(admitted(&guard, "/v1/jobs/1", &[local, token, ("origin", "http://localhost:7700")]));
        assert!(admitted(&guard, "/healthz", &[("host", "[::1]:80")]));
        assert!(!admitted(&guard, "/v1/jobs/1", &[local]));
        assert!(!admitted(&guard, "/v1/jobs/1", &[local, ("authorization", "Bearer secre")]));
        assert!(!admitted(&guard, "/v1/jobs/1", &[("host", "evil.org"), token]), "rebinding");
        assert!(!admitted(&guard, "/v1/jobs/1", &[local, token, ("origin", "https://evil.org")]));
        assert!(!admitted(&guard, "/v1/jobs/1", &[local, token, ("origin", "null")]));
        assert!(!admitted(&guard, "/v1/jobs/1", &[token]), "no host");
    }
}
