//! Removes from a broker's URL what may not be shown.

/// A URL without user, password and parameters, because a parameter may be a password too.
pub fn redact(url: &str) -> String {
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => url.to_owned(),
    };
    match shown.split_once('?') {
        Some((path, _)) => format!("{path}?***"),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_left_out_wherever_it_stands() {
        assert_eq!(redact("redis://me:s3cret@host:6379/2"), "redis://host:6379/2");
        assert_eq!(redact("rediss://:s3@cr/et@host"), "rediss://host");
        assert_eq!(redact("me:s3cret@host"), "host");
        assert_eq!(redact("redis://host:6379"), "redis://host:6379");
        assert_eq!(redact("unix:///run/redis?db=1&pass=s3cret"), "unix:///run/redis?***");
    }
}
