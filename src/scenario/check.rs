//! What only the whole scenario can tell: whether its parts fit each other.

use std::time::Duration;

use humantime::format_duration;

use super::error::{Origin, ScenarioError, Source, list};
use super::fault::Placed;
use super::fields::Fields;
use super::share::{share_of, smallest};
use super::{Action, Cluster, Load, Pattern, Target};

/// More would not fit into the memory of a usual machine.
const MAX_MESSAGES: f64 = 20e6;
/// One byte each.
const MAX_DEBTS: f64 = 2e9;

/// The parts of a scenario, and who gave them.
pub(super) struct Whole<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) fields: &'a Fields<'a>,
    pub(super) patterns: &'a [Pattern],
    pub(super) cluster: &'a Cluster,
    pub(super) load: &'a Load,
    pub(super) faults: &'a [Placed],
}

impl Whole<'_> {
    /// Everything.
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        self.reconnects()?;
        self.rooms()?;
        self.size()?;
        for placed in self.faults {
            self.target(placed)?;
            self.within_the_load(placed)?;
        }
        self.shares()?;
        self.contradictions()
    }

    /// An error in the fields named: a flag's before the file's.
    fn wrong(&self, keys: &[&str], what: String) -> ScenarioError {
        match self.fields.to_blame(keys) {
            Some(origin) => self.source.error_at(origin, what),
            None => ScenarioError::new(what),
        }
    }

    /// An error in a fault, unless a flag changed what it depends on: then the flag's, which names the fault.
    fn wrong_fault(
        &self,
        placed: &Placed,
        key: &str,
        at: &std::ops::Range<usize>,
        what: &str,
    ) -> ScenarioError {
        match self.fields.origin(key) {
            Some(flag @ Origin::Flag(..)) => {
                let fault = format!("`{}` ({})", placed.fault, self.source.place(at.start));
                self.source.error_at(flag, format!("the fault {fault} {what}"))
            }
            _ => self.source.error(at, format!("`{}` {what}", placed.fault)),
        }
    }

    fn reconnects(&self) -> Result<(), ScenarioError> {
        let (min, max) = (self.load.reconnect_min, self.load.reconnect_max);
        if min <= max {
            return Ok(());
        }
        let (min, max) = (format_duration(min), format_duration(max));
        let what = format!("`reconnect_min` ({min}) is longer than `reconnect_max` ({max})");
        Err(self.wrong(&["reconnect_min", "reconnect_max"], what))
    }

    fn rooms(&self) -> Result<(), ScenarioError> {
        let (nodes, rooms, subscribers) = (self.cluster.nodes, self.load.rooms, self.load.subscribers);
        // Subscriber i is in room floor(i / nodes) mod rooms.
        let heard = subscribers.div_ceil(nodes);
        if rooms <= heard {
            return Ok(());
        }
        let empty = rooms - heard;
        let what = format!(
            "with {subscribers} subscribers over {nodes} nodes, nobody listens in {empty} of {rooms} rooms"
        );
        let enough = (rooms - 1) * nodes + 1;
        let hint = format!("lower `rooms` to {heard}, or raise `subscribers` to {enough}");
        Err(self.wrong(&["rooms", "subscribers", "nodes"], what).with_hint(hint))
    }

    fn size(&self) -> Result<(), ScenarioError> {
        let messages = self.load.rate * self.load.duration.as_secs_f64();
        let hint = "lower `rate`, shorten `duration`, or take fewer `subscribers` a room";
        if messages > MAX_MESSAGES {
            let what = format!("{messages:.0} messages are more than one run can hold ({MAX_MESSAGES})");
            return Err(self.wrong(&["rate", "duration"], what).with_hint(hint));
        }
        let debts = messages * self.load.subscribers as f64 / self.load.rooms as f64;
        if debts > MAX_DEBTS {
            let what = format!("{debts:.0} deliveries are more than one run can count ({MAX_DEBTS})");
            return Err(self.wrong(&["rate", "duration", "subscribers", "rooms"], what).with_hint(hint));
        }
        Ok(())
    }

    fn target(&self, placed: &Placed) -> Result<(), ScenarioError> {
        match placed.fault.target {
            Target::Node(n) if n >= self.cluster.nodes => {
                let count = self.cluster.nodes;
                let what =
                    format!("names a node that is not there: of {count}, the last is node {}", count - 1);
                let error = self.wrong_fault(placed, "nodes", &placed.target, &what);
                Err(error.with_hint("nodes count from 0"))
            }
            target if !self.patterns.iter().any(|pattern| target.exists_in(*pattern)) => {
                let what = format!("`{}` strikes what no pattern of this scenario has", placed.fault);
                let have: Vec<_> =
                    Pattern::ALL.into_iter().filter(|pattern| target.exists_in(*pattern)).collect();
                let verb = if have.len() == 1 { "has" } else { "have" };
                let names = list(have.into_iter().map(Pattern::name));
                let error = self.source.error(&placed.target, what);
                Err(error.with_hint(format!("of the patterns, {names} {verb} a {target}")))
            }
            _ => Ok(()),
        }
    }

    fn within_the_load(&self, placed: &Placed) -> Result<(), ScenarioError> {
        let (end, fault) = (self.load.duration, &placed.fault);
        let wrong = |verb: &str, when: Duration, at| {
            let what = format!(
                "{verb} at {}, past the end of the load at {}",
                format_duration(when),
                format_duration(end)
            );
            self.wrong_fault(placed, "duration", at, &what)
                .with_hint("lengthen `duration`, or let the fault be earlier")
        };
        if fault.at >= end {
            return Err(wrong("begins", fault.at, &placed.at));
        }
        match fault.heals_at() {
            Some(heal) if heal > end => Err(wrong("ends", heal, &placed.end)),
            _ => Ok(()),
        }
    }

    /// Every share of the subscribers is somebody; who joins has not been there, who leaves has, and somebody is
    /// there from the beginning.
    fn shares(&self) -> Result<(), ScenarioError> {
        let of = self.load.subscribers;
        let mut joining = 0;
        let mut leaving: Option<(&Placed, usize)> = None;
        for placed in self.faults {
            let Target::Subscribers(percent) = placed.fault.target else { continue };
            let count = share_of(percent, of);
            let wrong = |what: &str| self.wrong_fault(placed, "subscribers", &placed.target, what);
            if count == 0 {
                let what = format!("is nobody: the subscribers are {of}");
                return Err(wrong(&what).with_hint(format!("the smallest share is \"{}%\"", smallest(of))));
            }
            if placed.fault.action == Action::Join {
                joining += count;
                if joining >= of {
                    let error = wrong("leaves nobody who is there from the beginning");
                    return Err(error.with_hint("let all that join be less than all"));
                }
            } else if leaving.is_none_or(|(_, most)| most < count) {
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

    /// A process can bear one fault at a time, and needs a moment between two to come back.
    fn contradictions(&self) -> Result<(), ScenarioError> {
        let mut faults: Vec<_> = self.faults.iter().collect();
        faults.sort_by_key(|placed| placed.fault.at);
        for (i, later) in faults.iter().enumerate() {
            let strikes = later.fault.at;
            let earlier = faults[..i].iter().find(|earlier| {
                // Who joins is nobody who is there.
                let joins = [earlier, &later].iter().any(|placed| placed.fault.action == Action::Join);
                !joins
                    && earlier.fault.target.meets(later.fault.target)
                    && earlier.fault.heals_at().is_none_or(|heal| heal >= strikes)
            });
            if let Some(earlier) = earlier {
                let until = match earlier.fault.heals_at() {
                    Some(heal) => format!("until {}", format_duration(heal)),
                    None => "for good".into(),
                };
                let (state, hint) = match earlier.fault.action {
                    Action::Leave => ("begins while others are away".into(), "let them come back first"),
                    process => (
                        format!("strikes what is {}", process.participle()),
                        "let the first be healed before the second strikes",
                    ),
                };
                let (fault, at) = (&later.fault, format_duration(strikes));
                let place = self.source.place(earlier.target.start);
                let what = format!("`{fault}` at {at} {state} {until} ({place})");
                return Err(self.source.error(&later.at, what).with_hint(hint));
            }
        }
        Ok(())
    }
}
