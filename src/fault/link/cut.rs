//! Cut: new connections are refused, old ones are reset. Both ways always.

use tokio::net::TcpStream;

use scenario::Condition;

/// Whether one of these is a cut.
pub(super) fn holds(mut conditions: impl Iterator<Item = Condition>) -> bool {
    conditions.any(|condition| condition == Condition::Cut)
}

/// Ends a connection by a reset: its other side gets no end, and loses what is not delivered.
pub(super) fn reset(stream: TcpStream) {
    // An error means that it has ended already.
    let _ = stream.set_zero_linger();
    drop(stream);
}
