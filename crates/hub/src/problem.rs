//! What a request is told when it is not done: a stable code and words that help, as `application/problem+json`.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::fmt;
use wellread_wire::problem::{self as wire, code};

/// The outcome of a request.
pub type Answer<T> = Result<T, Problem>;

/// Why a request was not done. [`crate::http`] puts the request's id into the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The code, for programs.
    pub code: &'static str,
    /// What happened and what to do, for people.
    pub detail: String,
    /// What a program needs to go on.
    pub more: Box<Value>,
    /// When to try again, in seconds.
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem with its words.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Box::default(), retry_after_s: None }
    }

    /// What was sent makes no sense here.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::INVALID, detail)
    }

    /// There is no such thing in this organization.
    pub fn not_found(what: &str, name: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no {what} '{name}' in this organization"))
    }

    /// Nobody, or somebody whose token is no good.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, detail)
    }

    /// Somebody who may not.
    pub fn forbidden(permission: &str) -> Self {
        let told = format!("this needs the permission {permission}, which an admin of the organization can give");
        Self::new(StatusCode::FORBIDDEN, code::FORBIDDEN, told)
    }

    /// A rule, or something that is there already, stands against it.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// It passes by itself.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after_s: Some(2), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, detail) }
    }

    /// Nobody foresaw this; the log has the cause.
    pub fn unforeseen(why: &anyhow::Error) -> Self {
        tracing::error!("unforeseen: {why:#}");
        let told = "the hub met something unforeseen: tell its operator the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "unforeseen", told)
    }

    /// With what a program needs to go on.
    #[must_use]
    pub fn with(mut self, more: Value) -> Self {
        *self.more = more;
        self
    }
}

impl From<anyhow::Error> for Problem {
    fn from(why: anyhow::Error) -> Self {
        Self::unforeseen(&why)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = wire::Problem {
            kind: format!("/problems/{}", self.code),
            code: self.code.to_owned(),
            title: self.code.replace('-', " "),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            request_id: String::new(),
            more: (*self.more).clone(),
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, wire::CONTENT_TYPE)], text).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For the layer that adds the request's id, and for the count of problems by code.
        response.extensions_mut().insert(self);
        response
    }
}
