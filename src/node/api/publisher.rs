//! Who may say something over HTTP: whoever has the operator's token.

use std::fmt;

use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use super::super::hooks::bearer;
use super::answer::ApiError;
use super::outcomes::Outcomes;

/// The publisher over HTTP of a node: its token, and what became of its requests.
pub struct Publisher {
    /// The hash of the token, so that a comparison takes as long however much of a guess is right.
    token: [u8; 32],
    /// What became of the requests with an `Idempotency-Key`.
    pub(super) outcomes: Outcomes,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publisher")
    }
}

impl Publisher {
    /// The publisher who has this token.
    pub fn new(token: &str) -> Self {
        Self { token: Sha256::digest(token).into(), outcomes: Outcomes::default() }
    }

    /// Checks the token of a request.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        match bearer(headers) {
            Some(token) if <[u8; 32]>::from(Sha256::digest(token)) == self.token => Ok(()),
            Some(_) => Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "this is not the node's API token",
            )),
            None => Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "say `Authorization: Bearer TOKEN` with the node's API token",
            )),
        }
    }
}

/// The error of a node without a publisher.
pub(super) fn off() -> ApiError {
    let reason = "nobody publishes over HTTP here: the node was started without --api-token";
    ApiError::new(StatusCode::FORBIDDEN, "api_off", reason)
}
