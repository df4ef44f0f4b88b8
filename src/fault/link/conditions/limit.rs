//! Limit: a connection is closed after so many bytes, each way counted for itself, from the strike on; a newer
//! connection from its beginning. Bytes count as they pass on, so that those that a delay holds at the strike
//! count too. Each of several counts for itself. What the other way has not passed on by then is dropped.

use std::sync::Arc;

use tokio::time::Instant;

use crate::link::bandwidth::Bucket;
use crate::link::force::{ConditionKey, Force, Rule};
use scenario::{Condition, kinds};

/// The limits in force in one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Limits(Vec<(ConditionKey, u64)>);

impl Rule for Limits {
    fn update(&mut self, forces: &[Force], _: &[Arc<Bucket>]) -> bool {
        self.0.retain(|(key, _)| forces.iter().any(|force| force.key == *key));
        for force in forces {
            if let Condition::Limit(kinds::Limit { bytes }) = force.condition
                && !self.0.iter().any(|(key, _)| *key == force.key)
            {
                self.0.push((force.key, bytes));
            }
        }
        false
    }

    fn is_clear(&self) -> bool {
        self.0.is_empty()
    }

    fn left(&self) -> Option<u64> {
        self.0.iter().map(|(_, left)| *left).min()
    }

    fn allow(&mut self, wanted: usize, _: Instant) -> Result<usize, Instant> {
        let left = self.left().and_then(|left| usize::try_from(left).ok());
        Ok(left.map_or(wanted, |left| left.min(wanted)))
    }

    fn passed(&mut self, bytes: usize, _: Instant) {
        for (_, left) in &mut self.0 {
            *left = left.saturating_sub(bytes as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn force(hold: u64, bytes: u64) -> Force {
        Force {
            key: ConditionKey { link: 0, hold },
            condition: Condition::Limit(kinds::Limit { bytes }),
            seed: [0; 32],
        }
    }

    #[test]
    fn bytes_count_from_the_strike_on_for_each_limit_by_itself() {
        let (mut limit, now) = (Limits::default(), Instant::now());
        assert!(limit.is_clear());
        assert_eq!(limit.left(), None);
        assert_eq!(limit.allow(95, now), Ok(95));
        limit.update(&[force(1, 100)], &[]);
        assert!(!limit.is_clear());
        limit.passed(30, now);
        assert_eq!(limit.left(), Some(70));
        // A second one counts from now, and the first goes on.
        limit.update(&[force(1, 100), force(2, 80)], &[]);
        assert_eq!(limit.left(), Some(70));
        limit.passed(60, now);
        assert_eq!(limit.left(), Some(10));
        limit.update(&[force(2, 80)], &[]);
        assert_eq!(limit.left(), Some(20));
        assert_eq!([19, 20, 21].map(|wanted| limit.allow(wanted, now)), [Ok(19), Ok(20), Ok(20)]);
        limit.passed(21, now);
        assert_eq!(limit.left(), Some(0));
        limit.update(&[], &[]);
        assert!(limit.is_clear());
        assert_eq!(limit.left(), None);
    }

    #[test]
    fn another_condition_is_no_limit() {
        let mut limit = Limits::default();
        limit.update(&[Force { condition: Condition::Cut, ..force(1, 0) }], &[]);
        assert!(limit.is_clear());
    }
}
