//! Blackhole: connections stay, and no byte passes, no end and no reset either. Nothing is read meanwhile, so that
//! the sender feels it as soon as the kernel's buffers are full, and nothing is lost when it is healed.

use scenario::Condition;

/// Whether one of these is a blackhole.
pub(super) fn holds(mut conditions: impl Iterator<Item = Condition>) -> bool {
    conditions.any(|condition| condition == Condition::Blackhole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_among_others_is_enough_and_none_of_the_others_is_one() {
        let others = [Condition::Cut, Condition::Limit(scenario::kinds::Limit { bytes: 0 })];
        assert!(!holds(others.into_iter()));
        assert!(holds(others.into_iter().chain([Condition::Blackhole])));
        assert!(!holds(std::iter::empty()));
    }
}
