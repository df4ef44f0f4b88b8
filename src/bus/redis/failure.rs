//! What Redis or the library says when something fails, as a sentence for people.

use redis::{ErrorKind, RedisError};

/// Why there is no connection.
pub(super) struct Failure {
    /// A sentence for people.
    pub(super) reason: String,
    /// True when trying again soon is pointless: a wrong password does not mend itself.
    pub(super) lasting: bool,
}

/// Whether a failed attempt to connect will fail again: the password or the version is wrong.
pub(super) fn is_lasting(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::RESP3NotSupported)
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM" | "ERR"))
}

/// What went wrong, in Redis's own words or else in the library's without the code names that it adds.
pub(super) fn sentence(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.into(),
        (None, _) => error.to_string().replace(" - InvalidClientConfig", ""),
    }
}
