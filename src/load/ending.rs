//! How a connection ended that the load did not end itself.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::refusal::Refusal;

/// How a connection ended that the load did not end itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The server said goodbye, with a code and a reason if it gave them.
    Closed(Option<CloseFrame>),
    /// The stream ended, and nobody had said goodbye.
    Cut,
    /// The connection was reset, or failed otherwise.
    Failed(String),
    /// The server sent what its protocol does not allow, so that the client had to drop the connection.
    Broken {
        /// The name of the protocol.
        protocol: &'static str,
        /// What was not allowed.
        how: String,
    },
    /// The server ended a stream of events as HTTP has it.
    Over,
    /// The server answered a request otherwise than by what was asked for.
    Refused(String),
    /// The server did not answer a request within this time.
    Unanswered(Duration),
}

impl Ending {
    /// The ending that shows as this error.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Ending::Cut,
            Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => Ending::Cut,
            // A write finds out later than a read, and then the pipe is broken.
            Error::Io(error)
                if [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()) =>
            {
                Ending::reset()
            }
            Error::Io(error) => Ending::Failed(format!("failed: {error}")),
            Error::Protocol(error) => broken_web_socket(error.to_string()),
            error => broken_web_socket(error.to_string()),
        }
    }

    /// The ending of an HTTP connection that shows as this error.
    pub(super) fn of_http(error: &hyper::Error) -> Self {
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                return match io.kind() {
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Ending::reset(),
                    ErrorKind::UnexpectedEof => Ending::Cut,
                    _ => Ending::Failed(format!("failed: {io}")),
                };
            }
            source = inner.source();
        }
        match error.is_parse() || error.is_parse_too_large() {
            true => Ending::Broken { protocol: "HTTP", how: error.to_string() },
            false => Ending::Cut,
        }
    }

    /// The ending of a connection that was reset.
    pub(super) fn reset() -> Self {
        Ending::Failed("was reset".to_owned())
    }

    /// What happened, as a clause for the report. It is the same for every connection that ended so.
    pub(super) fn clause(&self) -> String {
        match self {
            Ending::Closed(None) => "a server closed a connection without a code".to_owned(),
            Ending::Closed(Some(frame)) => {
                let code = u16::from(frame.code);
                let clause = format!("a server closed a connection with {code}: {}", frame.reason);
                clause.trim_end_matches([':', ' ']).to_owned()
            }
            Ending::Cut => "a server ended a connection without a goodbye".to_owned(),
            Ending::Failed(how) => format!("a connection {how}"),
            Ending::Broken { protocol, how } => format!("a server broke {protocol}: {how}"),
            Ending::Over => "a server ended a stream of events".to_owned(),
            Ending::Refused(why) => format!("a server refused a request: {why}"),
            Ending::Unanswered(limit) => format!("a server did not answer a request within {limit:?}"),
        }
    }

    /// The ending of a connection over which the server had not yet done what it was asked for: `confirmed it`.
    pub(super) fn refusal(&self, before: &str) -> Refusal {
        match self {
            Ending::Closed(frame) => Refusal::closed(frame.as_ref(), before),
            Ending::Cut | Ending::Over => Refusal::closed(None, before),
            Ending::Failed(how) => Refusal::of_server(format!("the connection {how} before it {before}")),
            Ending::Broken { protocol, how } => Refusal::of_server(format!("broke {protocol}: {how}")),
            Ending::Refused(why) => Refusal::of_server(why),
            Ending::Unanswered(limit) => Refusal::of_server(format!("no answer within {limit:?}")),
        }
    }
}

fn broken_web_socket(how: String) -> Ending {
    Ending::Broken { protocol: "the WebSocket protocol", how }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    use super::*;

    #[test]
    fn an_ending_is_told_from_another() {
        let reset = Error::Io(ErrorKind::ConnectionReset.into());
        let mask = Error::Protocol(ProtocolError::MaskedFrameFromServer);
        let cut = Error::Protocol(ProtocolError::ResetWithoutClosingHandshake);
        let said = [reset, mask, cut, Error::ConnectionClosed].map(|error| Ending::of(&error).clause());
        assert_eq!(
            said,
            [
                "a connection was reset",
                "a server broke the WebSocket protocol: Received a masked frame from server",
                "a server ended a connection without a goodbye",
                "a server ended a connection without a goodbye",
            ]
        );
    }

    #[test]
    fn a_goodbye_has_its_code_and_its_reason() {
        let code = CloseCode::from(4001);
        let frame = |reason: &str| Ending::Closed(Some(CloseFrame { code, reason: reason.into() })).clause();
        assert_eq!(frame("heartbeat"), "a server closed a connection with 4001: heartbeat");
        assert_eq!(frame(""), "a server closed a connection with 4001");
        assert_eq!(Ending::Closed(None).clause(), "a server closed a connection without a code");
    }
}
