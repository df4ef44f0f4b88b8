//! Turns what Redis or the library says when something fails into a sentence for people.

use redis::{ErrorKind, RedisError};

/// Whether a failed attempt to connect will fail again: the password or the version is wrong.
pub(super) fn is_lasting(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::RESP3NotSupported)
        || matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM" | "ERR"))
}

/// A sentence that says what went wrong, in Redis's own words or else in the library's without the code names that it
/// adds.
pub(super) fn sentence(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.into(),
        (None, _) => error.to_string().replace(" - InvalidClientConfig", ""),
    }
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    /// An error line of Redis, as the library gives it.
    fn said(line: &str) -> RedisError {
        match parse_redis_value(format!("-{line}\r\n").as_bytes()) {
            Ok(Value::ServerError(error)) => error.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn redis_is_quoted_in_its_own_words() {
        assert_eq!(
            sentence(&said("NOPERM this user has no permissions")),
            "NOPERM this user has no permissions"
        );
        assert_eq!(sentence(&said("NOAUTH")), "NOAUTH");
        let error = RedisError::from((ErrorKind::InvalidClientConfig, "it has no host"));
        assert_eq!(sentence(&error), "it has no host");
    }

    #[test]
    fn a_password_or_a_version_does_not_mend_itself_and_an_outage_may() {
        for lasting in ["WRONGPASS no", "NOAUTH no", "NOPERM no", "ERR unknown command"] {
            assert!(is_lasting(&said(lasting)), "{lasting}");
        }
        assert!(is_lasting(&(ErrorKind::AuthenticationFailed, "no").into()));
        assert!(is_lasting(&(ErrorKind::RESP3NotSupported, "no").into()));
        assert!(!is_lasting(&said("LOADING Redis is loading the dataset in memory")));
        assert!(!is_lasting(&(ErrorKind::Io, "broken pipe").into()));
    }
}
