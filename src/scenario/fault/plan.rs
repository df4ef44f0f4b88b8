//! Faults as the file plans them, and as they strike: what is done, to what, and when.

use std::fmt;
use std::time::Duration;

use super::kinds::Action;
use super::link::End;
use super::target::Target;
use crate::Pattern;

/// One time that a fault strikes: a condition applied at one moment and healed at another.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The moment at which the fault strikes, since the measured load began.
    pub at: Duration,
    /// The time from the strike to the healing; `None` for a fault that is never healed.
    pub duration: Option<Duration>,
    /// What the fault does.
    pub action: Action,
    /// The target of the fault.
    pub target: Target,
}

/// One `[[fault]]` of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultPlan {
    /// The moment at which the fault strikes for the first time.
    pub moment: Moment,
    /// The time from one strike to the next; `None` for a fault that strikes once.
    pub every: Option<Duration>,
    /// Number of times that the fault strikes.
    pub times: usize,
    /// The time from a strike to its healing; `None` for a fault that is never healed.
    pub duration: Option<Duration>,
    /// What the fault does.
    pub action: Action,
    /// The target of the fault; `node any` is drawn anew for each strike.
    pub target: Target,
    /// The patterns that the fault is for; `None` for all.
    pub patterns: Option<Vec<Pattern>>,
}

/// A moment since the measured load began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Exactly this moment.
    At(Duration),
    /// A moment from the first to the second that the seed chooses, anew for each strike.
    Between(Duration, Duration),
}

impl Moment {
    /// The earliest that the moment may be.
    pub fn earliest(self) -> Duration {
        match self {
            Moment::At(at) | Moment::Between(at, _) => at,
        }
    }

    /// The latest that the moment may be.
    pub fn latest(self) -> Duration {
        match self {
            Moment::At(at) | Moment::Between(_, at) => at,
        }
    }
}

impl Fault {
    /// The moment at which the fault is healed, since the measured load began; `None` when it never is.
    pub fn heals_at(&self) -> Option<Duration> {
        self.duration.map(|duration| self.at.saturating_add(duration))
    }

    /// The name of the fault in the report: `kill broker`, `delay node 1 <-> broker by 100ms`.
    pub fn what(&self) -> String {
        what(&self.action, &self.target)
    }

    /// A clause for the time in which the fault holds: `while the broker was away`. `None` for a fault that is over at
    /// once.
    pub fn meanwhile(&self) -> Option<String> {
        self.action.told().meanwhile(&self.target)
    }

    /// A clause in the past for how the fault began, to follow `after`.
    pub fn onset(&self) -> String {
        self.action.told().onset(&self.target)
    }

    /// A clause for the moment when the fault's healing began: `the broker's restart began`.
    pub fn end(&self) -> String {
        self.action.told().end(&self.target)
    }

    /// Whether the fault breaks something by itself, so that one can speak of its healing. More load and a slow reader
    /// only ask more of what is whole.
    pub fn breaks(&self) -> bool {
        self.action.told().breaks()
    }

    /// Whether the fault silently keeps nodes from the broker or from each other: no process learns that nothing
    /// passes.
    pub fn is_silent_split(&self) -> bool {
        self.action.told().is_silent_split(&self.target)
    }

    /// Whether the fault strikes one of these two, or what lies on the way from the one to the other.
    pub fn touches(&self, from: End, to: End) -> bool {
        let told = self.action.told();
        // A storm drops the connections of clients and breaks nothing between servers.
        let felt = from == End::Clients || to == End::Clients || !told.is_of_clients();
        let strikes = |end| self.target.strikes(end);
        felt && (strikes(from) || strikes(to) || told.lies_between(&self.target, from, to))
    }

    /// Whether nothing passes from the one to the other while the fault holds.
    pub fn stops(&self, from: End, to: End) -> bool {
        self.action.told().stops(&self.target, from, to)
    }
}

impl FaultPlan {
    /// The name of the fault as its strikes have it, with `node any` where the seed chooses.
    pub fn what(&self) -> String {
        what(&self.action, &self.target)
    }

    /// Whether the fault is meant for a pattern.
    pub fn is_for(&self, pattern: Pattern) -> bool {
        self.patterns.as_ref().is_none_or(|patterns| patterns.contains(&pattern))
    }

    /// The time from the first strike to the `n`th (from 0).
    pub(super) fn offset(&self, n: usize) -> Duration {
        self.every.unwrap_or_default().saturating_mul(u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// The earliest and the latest moment at which the `n`th strike (from 0) may be.
    pub(crate) fn window(&self, n: usize) -> (Duration, Duration) {
        let offset = self.offset(n);
        (self.moment.earliest().saturating_add(offset), self.moment.latest().saturating_add(offset))
    }
}

fn what(action: &Action, target: &Target) -> String {
    action.told().what(action.name(), target)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_moment_is_one_or_somewhere_between_two() {
        let (at, between) = (Moment::At(MS(5)), Moment::Between(MS(3), MS(8)));
        assert_eq!([at.earliest(), at.latest()], [MS(5), MS(5)]);
        assert_eq!([between.earliest(), between.latest()], [MS(3), MS(8)]);
    }

    #[test]
    fn a_fault_is_healed_so_long_after_it_strikes_or_never() {
        let fault = |duration| Fault { at: MS(5), duration, action: Action::Kill, target: Target::Broker };
        assert_eq!(fault(Some(MS(3))).heals_at(), Some(MS(8)));
        assert_eq!(fault(None).heals_at(), None);
    }

    #[test]
    fn each_time_comes_so_long_after_the_one_before() {
        let plan = |every| FaultPlan {
            moment: Moment::Between(MS(3), MS(8)),
            every,
            times: 3,
            duration: None,
            action: Action::Kill,
            target: Target::Broker,
            patterns: Some(vec![Pattern::Redis]),
        };
        let repeated = plan(Some(MS(100)));
        assert_eq!([0, 1, 2].map(|n| repeated.offset(n)), [MS(0), MS(100), MS(200)]);
        assert_eq!([0, 2].map(|n| repeated.window(n)), [(MS(3), MS(8)), (MS(203), MS(208))]);
        assert_eq!(plan(None).window(0), (MS(3), MS(8)));
        assert_eq!(
            Pattern::ALL.map(|pattern| repeated.is_for(pattern)),
            Pattern::ALL.map(|it| it == Pattern::Redis)
        );
        let all = FaultPlan { patterns: None, ..repeated };
        assert!(Pattern::ALL.into_iter().all(|pattern| all.is_for(pattern)));
    }
}
