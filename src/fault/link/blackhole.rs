//! Blackhole: connections stay, and no byte passes, no end and no reset either. Nothing is read meanwhile, so that
//! the sender feels it as soon as the kernel's buffers are full, and nothing is lost when it is healed.

use scenario::Condition;

/// Whether one of these is a blackhole.
pub(super) fn holds(mut conditions: impl Iterator<Item = Condition>) -> bool {
    conditions.any(|condition| condition == Condition::Blackhole)
}
