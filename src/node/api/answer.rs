//! Answers that are no success: a frame of the socket's dialect, under a status that says the same.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::super::hooked::FORBIDDEN;
use super::super::hooks;
use super::super::http;
use super::super::request;
use bus::PublishOutcome;
use door::Wrong;
use wire::{NodeFrame, RoomError};

/// Why a request is not answered with a success.
#[derive(Debug)]
pub struct ApiError {
    pub(super) status: StatusCode,
    /// A word for programs.
    pub(super) code: &'static str,
    /// The reason as a clause for people.
    pub(super) reason: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, reason: impl Into<String>) -> Self {
        Self { status, code, reason: reason.into() }
    }

    /// The error of a request whose room has a name that no room can have.
    pub(super) fn bad_room(error: &RoomError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_room", error.to_string())
    }

    /// The error of a node that cannot answer now.
    pub(super) fn unavailable(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, reason)
    }

    /// The error of a request that the hooks refuse, or drop without a word.
    pub(super) fn forbidden(refusal: Option<&hooks::Refusal>) -> Self {
        let reason = refusal.map_or_else(|| "not for you".to_owned(), ToString::to_string);
        Self::new(StatusCode::FORBIDDEN, FORBIDDEN, reason)
    }

    /// The error as a frame.
    pub(super) fn json(&self) -> Bytes {
        NodeFrame::Error { code: self.code, reason: &self.reason }.json()
    }
}

impl From<Wrong> for ApiError {
    fn from(Wrong(why): Wrong) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_query", why)
    }
}

impl From<http::Refusal> for ApiError {
    fn from(refusal: http::Refusal) -> Self {
        let code = match refusal.status {
            StatusCode::UNAUTHORIZED => "unauthorized",
            _ => refusal.kind,
        };
        Self::new(refusal.status, code, refusal.reason)
    }
}

impl From<request::Refusal> for ApiError {
    fn from(refusal: request::Refusal) -> Self {
        Self::new(status_of(refusal.code), refusal.code, refusal.reason)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        metrics::counter!("pubsub_lab_errors_total", "code" => self.code).increment(1);
        frame(self.status, self.json())
    }
}

/// The status of a refusal with this code.
fn status_of(code: &str) -> StatusCode {
    match code {
        "bus_down" | "overloaded" | "rejected" | "full" => StatusCode::SERVICE_UNAVAILABLE,
        "too_long" => StatusCode::PAYLOAD_TOO_LARGE,
        FORBIDDEN => StatusCode::FORBIDDEN,
        "no_such_name" => StatusCode::NOT_FOUND,
        "several_bear_it" | "under_way" => StatusCode::CONFLICT,
        "id_reused" => StatusCode::UNPROCESSABLE_ENTITY,
        "rate_limited" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The answer that tells the outcome of a publish or a whisper.
pub(super) fn of_outcome(id: &str, outcome: &PublishOutcome) -> Response {
    let (status, news) = match outcome {
        PublishOutcome::Ack(level) => (StatusCode::ACCEPTED, NodeFrame::Ack { id, level: *level }),
        PublishOutcome::Refused { code, reason } => {
            metrics::counter!("pubsub_lab_refused_total", "code" => *code).increment(1);
            (status_of(code), NodeFrame::Refused { id, code, reason })
        }
        PublishOutcome::Unknown { reason } => {
            metrics::counter!("pubsub_lab_unknown_total").increment(1);
            (StatusCode::GATEWAY_TIMEOUT, NodeFrame::Unknown { id, reason })
        }
    };
    frame(status, news.json())
}

/// An answer whose body is a frame.
fn frame(status: StatusCode, json: Bytes) -> Response {
    let mut response = (status, [(CONTENT_TYPE, "application/json")], json).into_response();
    let headers = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => _ = headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            _ = headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

/// The answer where the API has nothing.
pub(super) async fn nothing_here() -> ApiError {
    let reason =
        "there are /api/rooms/{room}/messages, /api/rooms/{room}/events and /api/people/{name}/messages";
    ApiError::new(StatusCode::NOT_FOUND, "nothing_here", reason)
}
