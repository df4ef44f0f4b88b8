//! Limit: a connection is closed after so many bytes, each way counted for itself, from the strike on; a newer
//! connection from its beginning. Bytes count as they pass on, so that those that a delay holds at the strike
//! count too. Each of several counts for itself. What the other way has not passed on by then is dropped.

use super::force::{Force, Key};
use scenario::{Condition, kinds};

/// The limits in force in one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Limits(Vec<(Key, u64)>);

impl Limits {
    /// Takes over what is in force now.
    pub(super) fn update(&mut self, forces: &[Force]) {
        self.0.retain(|(key, _)| forces.iter().any(|force| force.key == *key));
        for force in forces {
            if let Condition::Limit(kinds::Limit { bytes }) = force.condition
                && !self.0.iter().any(|(key, _)| *key == force.key)
            {
                self.0.push((force.key, bytes));
            }
        }
    }

    pub(super) fn is_clear(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes still pass.
    pub(super) fn left(&self) -> Option<u64> {
        self.0.iter().map(|(_, left)| *left).min()
    }

    /// So many bytes have passed.
    pub(super) fn passed(&mut self, bytes: usize) {
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
            key: Key { line: 0, hold },
            condition: Condition::Limit(kinds::Limit { bytes }),
            seed: [0; 32],
        }
    }

    #[test]
    fn bytes_count_from_the_strike_on_for_each_limit_by_itself() {
        let mut limit = Limits::default();
        assert!(limit.is_clear());
        assert_eq!(limit.left(), None);
        limit.update(&[force(1, 100)]);
        assert!(!limit.is_clear());
        limit.passed(30);
        assert_eq!(limit.left(), Some(70));
        // A second one counts from now, and the first goes on.
        limit.update(&[force(1, 100), force(2, 80)]);
        assert_eq!(limit.left(), Some(70));
        limit.passed(60);
        assert_eq!(limit.left(), Some(10));
        limit.update(&[force(2, 80)]);
        assert_eq!(limit.left(), Some(20));
        limit.passed(21);
        assert_eq!(limit.left(), Some(0));
        limit.update(&[]);
        assert!(limit.is_clear());
        assert_eq!(limit.left(), None);
    }

    #[test]
    fn another_condition_is_no_limit() {
        let mut limit = Limits::default();
        limit.update(&[Force { condition: Condition::Cut, ..force(1, 0) }]);
        assert!(limit.is_clear());
    }
}
