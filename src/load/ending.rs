//! How a connection ended that the load did not end itself.

use std::io::ErrorKind;

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
    /// The server sent something that no WebSocket may carry, so that the client had to drop the connection.
    Broken(String),
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
            Error::Protocol(error) => Ending::Broken(error.to_string()),
            error => Ending::Broken(error.to_string()),
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
            Ending::Broken(how) => format!("a server broke the WebSocket protocol: {how}"),
        }
    }

    /// The ending of a connection over which the server had not yet done what it was asked for: `confirmed it`.
    pub(super) fn refusal(&self, before: &str) -> Refusal {
        match self {
            Ending::Closed(frame) => Refusal::closed(frame.as_ref(), before),
            Ending::Cut => Refusal::closed(None, before),
            Ending::Failed(how) => Refusal::of_server(format!("the connection {how} before it {before}")),
            Ending::Broken(how) => Refusal::of_server(format!("broke the WebSocket protocol: {how}")),
        }
    }
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
