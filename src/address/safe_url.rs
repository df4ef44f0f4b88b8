//! A URL that is shown without names and passwords.

use std::fmt;

/// What stands for a name, a password or a parameter where a URL is shown.
pub const HIDDEN: &str = "***";

/// A URL that may hold a password. Both `Display` and `Debug` show it without: every part that could be a name or a
/// password becomes `***`. It may be malformed, so it hides rather too much.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SafeUrl<'a>(&'a str);

impl<'a> SafeUrl<'a> {
    /// Takes a URL, or what a user gave for one.
    pub fn new(url: &'a str) -> Self {
        Self(url)
    }
}

impl fmt::Display for SafeUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", self.0));
        if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
            // What stands before `://` is no scheme: perhaps a password with that in it.
            return f.write_str(HIDDEN);
        }
        f.write_str(scheme)?;
        if rest.len() < self.0.len() {
            f.write_str("://")?;
        }
        // The path of a socket has no login before it.
        let is_path = scheme.contains("unix") && rest.starts_with('/');
        let (place, parameters) = match rest.split_once('?') {
            Some((place, parameters)) => (place, Some(parameters)),
            None => (rest, None),
        };
        // An `@` behind the `?` means that the password has a `?` in it, or that a parameter has an `@`. Nobody knows
        // which, so nothing of it is shown.
        if !is_path && parameters.is_some_and(|parameters| parameters.contains('@')) {
            return f.write_str(HIDDEN);
        }
        match place.rsplit_once('@') {
            Some((_, host)) if !is_path => write!(f, "{HIDDEN}@{host}")?,
            _ => f.write_str(place)?,
        }
        if parameters.is_some() { write!(f, "?{HIDDEN}") } else { Ok(()) }
    }
}

impl fmt::Debug for SafeUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
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
            ("unix:///run/redis?db=1&pass=sec@ret", "unix:///run/redis?***"),
            ("redis+unix:///run/redis@1.sock?pass=sec@ret", "redis+unix:///run/redis@1.sock?***"),
            ("redis://user:sec?ret@host", "redis://***"),
            ("redis://user:sec@re?t@host", "redis://***"),
            ("redis://user:secret@host/0?key=a@b", "redis://***"),
            ("redis:///secret@host", "redis://***@host"),
            ("me:secret@host?pass=sec@ret", "***"),
            ("me:secret://x@host", "***"),
        ] {
            assert_eq!(SafeUrl::new(url).to_string(), shown, "{url}");
            assert_eq!(format!("{:?}", SafeUrl::new(url)), format!("\"{shown}\""), "{url}");
        }
    }
}
