//! Cut: new connections are refused, old ones are reset. Both ways always.

use std::sync::Arc;

use tokio::net::TcpStream;

use crate::link::bandwidth::Bucket;
use crate::link::force::{ConnectionFate, Force, Rule};
use scenario::Condition;

/// Whether one is in force.
#[derive(Debug, Default)]
pub(super) struct Cuts(bool);

impl Rule for Cuts {
    fn update(&mut self, forces: &[Force], _: &[Arc<Bucket>]) -> bool {
        self.0 = forces.iter().any(|force| force.condition == Condition::Cut);
        false
    }

    fn is_clear(&self) -> bool {
        !self.0
    }

    fn fate(&self) -> ConnectionFate {
        if self.0 { ConnectionFate::Reset } else { ConnectionFate::Lives }
    }
}

/// Ends a connection by a reset: its other side gets no end, and loses what is not delivered.
pub(in crate::link) fn reset(stream: TcpStream) {
    // An error means that it has ended already.
    let _ = stream.set_zero_linger();
    drop(stream);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(conditions: impl Iterator<Item = Condition>) -> bool {
        let mut rule = Cuts::default();
        assert!(!rule.update(&conditions.map(Force::of).collect::<Vec<_>>(), &[]));
        assert_eq!(rule.fate() == ConnectionFate::Reset, !rule.is_clear());
        !rule.is_clear()
    }

    #[test]
    fn one_among_others_is_enough_and_none_of_the_others_is_one() {
        let others = [Condition::Blackhole, Condition::Limit(scenario::kinds::Limit { bytes: 0 })];
        assert!(!holds(others.into_iter()));
        assert!(holds(others.into_iter().chain([Condition::Cut])));
        assert!(!holds(std::iter::empty()));
    }
}
