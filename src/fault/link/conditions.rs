//! Every condition on a link: a file for each, and the rule that it is.

mod blackhole;
mod cut;
mod delay;
mod limit;
mod slice;
mod throttle;

pub(super) use cut::reset;

use super::force::Rule;
use scenario::Condition;

/// The rule of a condition.
pub(super) fn rule(condition: Condition) -> Box<dyn Rule> {
    match condition {
        Condition::Cut => Box::<cut::Cuts>::default(),
        Condition::Blackhole => Box::<blackhole::Blackholes>::default(),
        Condition::Delay(_) => Box::<delay::Delays>::default(),
        Condition::Throttle(_) => Box::<throttle::Throttles>::default(),
        Condition::Slice(_) => Box::<slice::Slices>::default(),
        Condition::Limit(_) => Box::<limit::Limits>::default(),
    }
}
