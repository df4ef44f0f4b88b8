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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_among_others_is_enough_and_none_of_the_others_is_one() {
        let others = [Condition::Blackhole, Condition::Limit(scenario::kinds::Limit { bytes: 0 })];
        assert!(!holds(others.into_iter()));
        assert!(holds(others.into_iter().chain([Condition::Cut])));
        assert!(!holds(std::iter::empty()));
    }
}
