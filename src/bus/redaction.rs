//! Shows URLs without names and passwords.

/// A URL as it may be shown: every part that could be a name or a password becomes `***`. It is also meant for
/// malformed URLs, so it hides rather too much.
pub(crate) fn redact(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let colon = if scheme.is_empty() { "" } else { "://" };
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => rest.into(),
    };
    let rest = match rest.split_once('?') {
        Some((path, _)) => format!("{path}?***"),
        None => rest,
    };
    format!("{scheme}{colon}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_ever_shown() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("redis://:secret@host", "redis://***@host"),
            ("rediss://user:secret@host:1/3#insecure", "rediss://***@host:1/3#insecure"),
            ("redis://user:se/c@r#et@host", "redis://***@host"),
            ("redis:user:secret@host", "***@host"),
            ("unix:///run/redis?db=1&pass=secret", "unix:///run/redis?***"),
        ] {
            assert_eq!(redact(url), shown);
        }
    }
}
