//! Turns what RabbitMQ or the library says when something fails into a sentence for people.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

/// Whether a failed attempt to connect will fail again: a name, a password or a setting is wrong.
pub(super) fn is_lasting(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => matches!(
            error.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED)
                | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
        ),
        ErrorKind::AuthProviderError(_) | ErrorKind::InvalidProtocolVersion(_) => true,
        _ => false,
    }
}

/// Whether the broker answered that the exchange or queue does not exist.
pub fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error)
        if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}

/// A sentence that says what went wrong, in the broker's own words or else in the library's.
pub fn sentence(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => error.to_string(),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => {
            "the connection was lost".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use lapin::ChannelState;
    use lapin::protocol::AMQPError;

    use super::*;

    fn said(kind: AMQPErrorKind) -> Error {
        ErrorKind::ProtocolError(AMQPError::new(kind, "in its own words".into())).into()
    }

    #[test]
    fn rabbitmq_is_quoted_in_its_own_words() {
        assert_eq!(sentence(&said(AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND))), "in its own words");
        let broken = std::io::Error::other("broken pipe");
        assert_eq!(sentence(&broken.into()), "broken pipe");
        let dead = ErrorKind::InvalidChannelState(ChannelState::Closed, "publish");
        assert_eq!(sentence(&dead.into()), "the connection was lost");
    }

    #[test]
    fn only_what_does_not_exist_is_missing() {
        assert!(is_missing(&said(AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND))));
        assert!(!is_missing(&said(AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))));
        assert!(!is_missing(&ErrorKind::ChannelsLimitReached.into()));
    }

    #[test]
    fn a_refusal_lasts_and_an_outage_may_not() {
        for lasting in [
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED),
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED),
        ] {
            assert!(is_lasting(&said(lasting.clone())), "{lasting:?}");
        }
        for passing in [
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND),
            AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED),
        ] {
            assert!(!is_lasting(&said(passing.clone())), "{passing:?}");
        }
        assert!(!is_lasting(&std::io::Error::other("broken pipe").into()));
    }
}
