//! Why an attempt to connect failed, and whether that says anything about the server.

use std::io;

use nix::errno::Errno;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The reason why an attempt to connect failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The reason, in words.
    pub(super) why: String,
    /// Whether the attempt failed for want of something on this machine, so that it says nothing about the server.
    pub(super) own: bool,
}

/// Errors of a machine that is short of something: descriptors, ports or memory.
const SHORTAGES: [Errno; 6] =
    [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::ENOBUFS, Errno::EADDRNOTAVAIL, Errno::EADDRINUSE];

impl Refusal {
    /// A refusal by the server.
    pub(super) fn of_server(why: impl Into<String>) -> Self {
        Self { why: why.into(), own: false }
    }

    /// The server closed the connection before it did what it was asked for: `said welcome`.
    pub(super) fn closed(frame: Option<&CloseFrame>, before: &str) -> Self {
        let how = match frame {
            None => return Self::of_server(format!("closed before it {before}")),
            Some(frame) if frame.reason.is_empty() => String::new(),
            Some(frame) => format!(": {}", frame.reason),
        };
        let code = frame.map_or(0, |frame| u16::from(frame.code));
        Self::of_server(format!("closed with {code} before it {before}{how}"))
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        let short = error.raw_os_error().is_some_and(|code| SHORTAGES.contains(&Errno::from_raw(code)));
        Self { why: error.to_string(), own: short || error.kind() == io::ErrorKind::OutOfMemory }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error.into(),
            Error::Http(response) => Self::of_server(format!("HTTP {}", response.status())),
            error => Self::of_server(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::http::Response;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    use super::*;

    #[test]
    fn a_machine_that_is_short_of_something_says_nothing_about_the_server() {
        let own = |code: Errno| Refusal::from(io::Error::from_raw_os_error(code as i32)).own;
        for code in SHORTAGES {
            assert!(own(code), "{code}");
        }
        for code in [Errno::ECONNREFUSED, Errno::ECONNRESET, Errno::EHOSTUNREACH, Errno::ETIMEDOUT] {
            assert!(!own(code), "{code}");
        }
    }

    #[test]
    fn a_refusal_has_the_servers_words() {
        let response = Response::builder().status(403).body(None).unwrap();
        assert_eq!(Refusal::from(Error::Http(Box::new(response))).why, "HTTP 403 Forbidden");
        let banned = CloseFrame { code: CloseCode::from(4001), reason: "banned".into() };
        let why = |frame| Refusal::closed(frame, "said welcome").why;
        assert_eq!(why(None), "closed before it said welcome");
        assert_eq!(why(Some(&banned)), "closed with 4001 before it said welcome: banned");
        let mute = CloseFrame { reason: "".into(), ..banned };
        assert_eq!(why(Some(&mute)), "closed with 4001 before it said welcome");
    }
}
