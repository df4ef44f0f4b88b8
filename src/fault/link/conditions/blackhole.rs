//! Blackhole: connections stay, and no byte passes, no end and no reset either. Nothing is read meanwhile, so that
//! the sender feels it as soon as the kernel's buffers are full, and nothing is lost when it is healed.

use std::sync::Arc;

use crate::link::bandwidth::Bucket;
use crate::link::force::{ConnectionFate, Force, Rule};
use scenario::Condition;

/// Whether one is in force.
#[derive(Debug, Default)]
pub(super) struct Blackholes(bool);

impl Rule for Blackholes {
    fn update(&mut self, forces: &[Force], _: &[Arc<Bucket>]) -> bool {
        self.0 = forces.iter().any(|force| force.condition == Condition::Blackhole);
        false
    }

    fn is_clear(&self) -> bool {
        !self.0
    }

    fn fate(&self) -> ConnectionFate {
        if self.0 { ConnectionFate::Stands } else { ConnectionFate::Lives }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(conditions: impl Iterator<Item = Condition>) -> bool {
        let mut rule = Blackholes::default();
        assert!(!rule.update(&conditions.map(Force::of).collect::<Vec<_>>(), &[]));
        assert_eq!(rule.fate() == ConnectionFate::Stands, !rule.is_clear());
        !rule.is_clear()
    }

    #[test]
    fn one_among_others_is_enough_and_none_of_the_others_is_one() {
        let others = [Condition::Cut, Condition::Limit(scenario::kinds::Limit { bytes: 0 })];
        assert!(!holds(others.into_iter()));
        assert!(holds(others.into_iter().chain([Condition::Blackhole])));
        assert!(!holds(std::iter::empty()));
    }
}
