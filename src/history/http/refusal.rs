//! An answer that says why a request was refused.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use door::Wrong;

/// An answer that says why a request was refused.
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.1 }).to_string() + "\n";
        (self.0, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

impl From<Wrong> for Refusal {
    fn from(Wrong(why): Wrong) -> Self {
        Self(StatusCode::BAD_REQUEST, why)
    }
}

impl Refusal {
    /// The refusal for a file that cannot be read now.
    pub(super) fn away(why: String) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, why)
    }
}
