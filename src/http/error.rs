//! What a caller is told when something is wrong.

use std::any::Any;
use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rag_core::{Error, Fault};
use serde::Serialize;
use utoipa::openapi::{Content, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// An error, as it is sent: `{"error": {"code", "message", "hint"}}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ErrorJson {
    error: ErrorBody,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// For programs; does not change.
    code: &'static str,
    /// For people.
    message: String,
    /// What to do about it.
    hint: Option<String>,
}

/// An error with its status.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: ErrorBody,
    retry_after: Option<u32>,
}

/// What nearly every question may be answered with instead.
impl IntoResponses for ApiError {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        described(&[
            (StatusCode::BAD_REQUEST, "A wrong request"),
            (StatusCode::NOT_FOUND, "No such repository, or nothing of that name in it"),
            (StatusCode::CONFLICT, "Not indexed yet, or several things of that name"),
            (StatusCode::SERVICE_UNAVAILABLE, "Too much to do"),
        ])
    }
}

/// What else may be wrong with a request that has a body.
pub(super) struct BodyError;

impl IntoResponses for BodyError {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        described(&[(StatusCode::PAYLOAD_TOO_LARGE, "Too large"), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "No JSON")])
    }
}

fn described(errors: &[(StatusCode, &str)]) -> BTreeMap<String, RefOr<Described>> {
    let described = |(status, description): &(StatusCode, &str)| {
        let json = Content::new(Some(Ref::from_schema_name(ErrorJson::name())));
        let response = ResponseBuilder::new().description(*description).content("application/json", json).build();
        (status.as_str().to_owned(), RefOr::T(response))
    };
    errors.iter().map(described).collect()
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        ApiError { status, body: ErrorBody { code, message: message.into(), hint: None }, retry_after: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not know that method")
            .hint("see /docs")
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(super) fn overloaded() -> Self {
        let message = "more requests are waiting than the server takes";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message).retry_after(1)
    }

    pub(super) fn timeout() -> Self {
        let message = "the answer took longer than the server allows";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message).retry_after(5)
    }

    pub(super) fn bug() -> Self {
        let message = "cogo has failed in a way that it should not";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", message).hint("please report this, with the server's log")
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }

    pub(super) fn retry_after(self, seconds: u32) -> Self {
        ApiError { retry_after: Some(seconds), ..self }
    }

    /// The error as one JSON line, for streams.
    pub(super) fn json(&self) -> ErrorJson {
        ErrorJson { error: self.body.clone() }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let (status, code) = match (&error, error.fault()) {
            (Error::NoIndex { .. }, _) => (StatusCode::CONFLICT, "not_indexed"),
            (Error::Mirror { .. }, _) => (StatusCode::NOT_IMPLEMENTED, "mirror"),
            (_, Fault::Caller) => (StatusCode::BAD_REQUEST, "bad_request"),
            (_, Fault::Environment) => (StatusCode::SERVICE_UNAVAILABLE, "environment"),
            (_, Fault::Bug) => (StatusCode::INTERNAL_SERVER_ERROR, "bug"),
        };
        if error.fault() != Fault::Caller {
            tracing::error!(%error, "a request failed");
        }
        let mut answer = ApiError::new(status, code, message);
        answer.body.hint = error.hint();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => answer.retry_after(5),
            _ => answer,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.json())).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A panic in a handler is an answer like any other error; the panic hook has printed it by then.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::bug().into_response()
}
