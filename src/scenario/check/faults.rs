//! Whether the faults fit the rest: their targets are there, their moments are within the load, and no process is
//! struck while it is down.

use std::ops::Range;
use std::time::Duration;

use humantime::format_duration;

use super::Whole;
use crate::error::InputError;
use crate::fault::Placed;
use crate::fault::kinds::Surge;
use crate::share::{share_of, smallest};
use crate::values::MAX_NODES;
use crate::words::list;
use crate::{Action, End, Pattern, Target};

/// One time that a fault strikes, as far as it is known without a seed.
struct Time<'a> {
    placed: &'a Placed,
    earliest: Duration,
    latest: Duration,
}

impl Time<'_> {
    /// The latest moment at which the fault is healed; `None` for never.
    fn heals_by(&self) -> Option<Duration> {
        self.placed.plan.duration.map(|duration| self.latest.saturating_add(duration))
    }
}

impl Whole<'_> {
    pub(super) fn faults(&self) -> Result<(), InputError> {
        for placed in self.faults {
            self.target(placed)?;
            self.within_the_load(placed)?;
        }
        self.shares()?;
        self.contradictions()
    }

    fn target(&self, placed: &Placed) -> Result<(), InputError> {
        let target = &placed.plan.target;
        let ends = match target {
            Target::Node(n) => vec![End::Node(*n)],
            Target::Link(link) => vec![link.from, link.to],
            // The members of groups were checked when they were read.
            _ => Vec::new(),
        };
        let nodes = self.cluster.nodes;
        if ends.iter().any(|end| matches!(end, End::Node(n) if *n >= nodes)) {
            let what = format!("names a node that is not there: of {nodes}, the last is node {}", nodes - 1);
            let error = self.wrong_fault(placed, "nodes", &placed.target, &what);
            return Err(error.with_hint("nodes count from 0"));
        }
        let subscribers = self.load.subscribers;
        if matches!(target, Target::Subscriber(n) if *n >= subscribers) {
            let last = subscribers - 1;
            let what = format!(
                "names a subscriber that is not there: of {subscribers}, the last is subscriber {last}"
            );
            let error = self.wrong_fault(placed, "subscribers", &placed.target, &what);
            return Err(error.with_hint("subscribers count from 0"));
        }
        let exists = |nodes| self.patterns_of(placed).any(|pattern| target.exists_in(pattern, nodes));
        if exists(nodes) {
            return Ok(());
        }
        Err(match self.for_nobody(placed) {
            Some(error) => error,
            None if exists(MAX_NODES) => self.too_few_nodes(placed),
            None => self.nothing_to_strike(placed),
        })
    }

    /// The patterns of the scenario that a fault is for.
    fn patterns_of(&self, placed: &Placed) -> impl Iterator<Item = Pattern> {
        self.patterns.iter().copied().filter(|pattern| placed.plan.is_for(*pattern))
    }

    /// The error of a fault whose own `patterns` are none of the scenario's. `None` if it names no patterns, or some
    /// that the scenario has.
    fn for_nobody(&self, placed: &Placed) -> Option<InputError> {
        let (own, at) = (placed.plan.patterns.as_ref()?, placed.patterns.as_ref()?);
        if self.patterns_of(placed).next().is_some() {
            return None;
        }
        let names = |patterns: &[Pattern]| list(patterns.iter().map(|pattern| pattern.name()));
        let (own, all) = (names(own), names(self.patterns));
        let what = format!("`{}` is for {own} alone, and the scenario runs {all}", placed.plan);
        let hint = format!("let the fault's `patterns` name some of {all}, or the scenario's {own} too");
        Some(self.source.error(at, what).with_hint(hint))
    }

    /// The error of a fault that strikes something which none of its patterns has.
    fn nothing_to_strike(&self, placed: &Placed) -> InputError {
        let target = &placed.plan.target;
        let nodes = self.cluster.nodes.max(2);
        let have = Pattern::ALL.into_iter().filter(|pattern| target.exists_in(*pattern, nodes));
        let have: Vec<_> = have.map(Pattern::name).collect();
        let verb = if have.len() == 1 { "has" } else { "have" };
        let it = match target {
            Target::Link(_) => "such a link".to_owned(),
            Target::Groups(_) => "links that it parts".to_owned(),
            other => format!("a {other}"),
        };
        let hint = match have[..] {
            [] => "no pattern has such a link".to_owned(),
            _ => format!("of the patterns, {} {verb} {it}", list(have)),
        };
        let (at, whose) = match &placed.patterns {
            Some(at) => (at, "none of its own `patterns`"),
            None => (&placed.target, "no pattern of this scenario"),
        };
        self.source.error(at, format!("`{}` strikes what {whose} has", placed.plan)).with_hint(hint)
    }

    /// The error of a fault whose target exists with more nodes, but not with as few as the cluster has.
    fn too_few_nodes(&self, placed: &Placed) -> InputError {
        let nodes = match self.cluster.nodes {
            1 => "1 node".to_owned(),
            more => format!("{more} nodes"),
        };
        let (what, hint) = match placed.plan.target {
            Target::Groups(_) => {
                ("parts nobody", "all nodes are on one side: name fewer of them, or raise `nodes`")
            }
            _ => ("strikes nothing", "a link between nodes needs two of them: raise `nodes`"),
        };
        let what = format!("{what} in a cluster of {nodes}");
        self.wrong_fault(placed, "nodes", &placed.target, &what).with_hint(hint)
    }

    fn times<'a>(&self, placed: &'a Placed) -> impl Iterator<Item = Time<'a>> + use<'a> {
        (0..placed.plan.times).map(|n| {
            let (earliest, latest) = placed.plan.window(n);
            Time { placed, earliest, latest }
        })
    }

    /// The length of the load in seconds, as if all messages were sent at its own rate: the time under a surge counts
    /// as many times as the surge multiplies the rate. Where the seed chooses the moment of a surge, all of the time in
    /// which it may be counts.
    pub(super) fn busy_seconds(&self) -> f64 {
        let end = self.load.duration;
        let surges: Vec<_> = self
            .faults
            .iter()
            .flat_map(|placed| self.times(placed))
            .filter_map(|time| match time.placed.plan.action {
                Action::Surge(Surge { factor }) => {
                    Some((time.earliest.min(end), time.heals_by().unwrap_or(end).min(end), factor.max(1.0)))
                }
                _ => None,
            })
            .collect();
        let mut moments: Vec<_> =
            surges.iter().flat_map(|(from, until, _)| [*from, *until]).chain([Duration::ZERO, end]).collect();
        moments.sort_unstable();
        let busy = |pair: &[Duration]| {
            let [from, until] = *pair else { return 0.0 };
            let holds = |surge: &&(Duration, Duration, f64)| surge.0 <= from && until <= surge.1;
            let factor: f64 = surges.iter().filter(holds).map(|(_, _, factor)| factor).product();
            until.saturating_sub(from).as_secs_f64() * factor
        };
        moments.windows(2).map(busy).sum()
    }

    fn within_the_load(&self, placed: &Placed) -> Result<(), InputError> {
        let end = self.load.duration;
        let wrong = |verb: &str, when: Duration, at: &Range<usize>| {
            let what = format!(
                "{verb} at {}, past the end of the load at {}",
                format_duration(when),
                format_duration(end)
            );
            self.wrong_fault(placed, "duration", at, &what)
                .with_hint("lengthen `duration`, or let the fault be earlier")
        };
        let Some(last) = self.times(placed).last() else { return Ok(()) };
        if last.latest >= end {
            let at = if placed.plan.times > 1 { &placed.times } else { &placed.at };
            return Err(wrong("begins", last.latest, at));
        }
        match last.heals_by() {
            Some(heal) if heal > end => Err(wrong("ends", heal, &placed.end)),
            _ => Ok(()),
        }
    }

    /// Checks the shares of subscribers: each share is at least one subscriber, only subscribers that are absent join,
    /// only those that are present leave, and at least one is present from the beginning.
    fn shares(&self) -> Result<(), InputError> {
        let of = self.load.subscribers;
        let mut joining = 0;
        let mut leaving: Option<(&Placed, usize)> = None;
        for placed in self.faults {
            let Target::Subscribers(percent) = placed.plan.target else { continue };
            let count = share_of(percent, of);
            let wrong = |what: &str| self.wrong_fault(placed, "subscribers", &placed.target, what);
            if count == 0 {
                let what = format!("is nobody: the subscribers are {of}");
                return Err(wrong(&what).with_hint(format!("the smallest share is \"{}%\"", smallest(of))));
            }
            if placed.plan.action == Action::Join {
                joining += count * placed.plan.times;
                if joining >= of {
                    let error = wrong("leaves nobody who is there from the beginning");
                    return Err(error.with_hint("let all that join be less than all"));
                }
            } else if placed.plan.action == Action::Leave && leaving.is_none_or(|(_, most)| most < count) {
                leaving = Some((placed, count));
            }
        }
        match leaving {
            Some((placed, count)) if joining + count > of => {
                let what = format!("is {count} of {of} subscribers, and {joining} of them join");
                let error = self.wrong_fault(placed, "subscribers", &placed.target, &what);
                Err(error.with_hint("who joins does not leave: lower one of the shares"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that no process has two faults at a time, and that each has a moment between two faults to come back.
    /// Everything else may overlap.
    fn contradictions(&self) -> Result<(), InputError> {
        let exclusive =
            |placed: &&Placed| placed.plan.action.is_of_process() || placed.plan.action == Action::Leave;
        let mut times: Vec<_> =
            self.faults.iter().filter(exclusive).flat_map(|placed| self.times(placed)).collect();
        times.sort_by_key(|time| time.earliest);
        for (i, later) in times.iter().enumerate() {
            let earlier = times[..i].iter().find(|earlier| {
                let together = |pattern: &&Pattern| {
                    earlier.placed.plan.is_for(**pattern) && later.placed.plan.is_for(**pattern)
                };
                self.patterns.iter().any(|pattern| together(&pattern))
                    && earlier.placed.plan.target.meets(&later.placed.plan.target)
                    && earlier.heals_by().is_none_or(|heal| heal >= later.earliest)
            });
            if let Some(earlier) = earlier {
                return Err(self.contradiction(earlier, later));
            }
        }
        Ok(())
    }

    fn contradiction(&self, earlier: &Time<'_>, later: &Time<'_>) -> InputError {
        let until = match earlier.heals_by() {
            Some(heal) => format!("until {}", format_duration(heal)),
            None => "for good".into(),
        };
        let (state, hint) = match &earlier.placed.plan.action {
            Action::Leave => ("begins while others are away".into(), "let them come back first"),
            process => (
                format!("strikes what is {}", process.participle()),
                "let the first be healed before the second strikes",
            ),
        };
        let (plan, at) = (&later.placed.plan, format_duration(later.earliest));
        let place = self.source.place(earlier.placed.target.start);
        let what = format!("`{plan}` at {at} {state} {until} ({place})");
        self.source.error(&later.placed.at, what).with_hint(hint)
    }
}
