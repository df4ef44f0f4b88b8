//! What RabbitMQ or the library says when something fails, as a sentence for people.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

/// Why there is no connection.
#[derive(Debug)]
pub struct Failure {
    /// A sentence for people.
    pub reason: String,
    /// True when trying again soon is pointless: a wrong password does not mend itself.
    pub lasting: bool,
}

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

/// Whether what was asked for does not exist.
pub fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error)
        if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)))
}

/// What went wrong, in the broker's own words or else in the library's.
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
