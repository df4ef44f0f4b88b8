//! What was broken, where and when: why an arrow may end on the way.

use std::fmt;

use ledger::FaultTimes;
use scenario::{Action, Condition, End, Fault, Target, side};

/// A place between which arrows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Clients,
    Node(usize),
    Broker,
    History,
}

#[derive(Debug)]
struct Outage {
    action: Action,
    target: Target,
    what: String,
    from: i64,
    /// When its healing began.
    open: Option<i64>,
    until: i64,
}

/// Every fault that struck.
#[derive(Debug, Default)]
pub(super) struct Outages {
    outages: Vec<Outage>,
}

/// When something can have passed on a way, and what it waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) earliest: i64,
    pub(super) latest: i64,
    /// When it was first kept back, if it was.
    pub(super) stopped: Option<i64>,
    pub(super) waited: Option<String>,
}

impl Outages {
    pub(super) fn new(faults: &[Fault], times: &[FaultTimes]) -> Self {
        let us = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let outage = |times: &FaultTimes| {
            let fault = faults.iter().find(|fault| fault.to_string() == times.what)?;
            // What was never healed, or was being healed, is away.
            let until = times.healed.or(times.heal_begin.filter(|_| times.deliberate)).map_or(i64::MAX, us);
            Some(Outage {
                action: fault.action.clone(),
                target: fault.target.clone(),
                what: fault.what(),
                from: us(times.begin),
                open: times.heal_begin.map(us),
                until,
            })
        };
        Self { outages: times.iter().filter_map(outage).collect() }
    }

    /// What was broken on this way at this moment.
    pub(super) fn between(&self, from: Place, to: Place, at: i64) -> Option<String> {
        let concerns = |outage: &&Outage| {
            let touches = outage.strikes(from) || outage.strikes(to) || outage.parts(from, to);
            // Between servers a storm of clients breaks nothing.
            let clients = from == Place::Clients || to == Place::Clients;
            outage.holds(at) && touches && (clients || outage.action != Action::Storm)
        };
        self.outages.iter().find(concerns).map(|outage| outage.what.clone())
    }

    /// The nodes that were away at some moment of these, both included.
    pub(super) fn away(&self, from: i64, to: i64) -> Vec<usize> {
        let away = |outage: &Outage| match (&outage.action, &outage.target) {
            (Action::Kill | Action::Stop | Action::Pause, Target::Node(node)) => Some(*node),
            _ => None,
        };
        let then = self.outages.iter().filter(|outage| outage.from <= to && outage.until >= from);
        then.filter_map(away).collect()
    }

    /// Whether nothing passed this way at this moment.
    pub(super) fn stopped(&self, from: Place, to: Place, at: i64) -> bool {
        self.outages.iter().any(|outage| outage.holds(at) && outage.stops(from, to))
    }

    /// When something can have passed this way that left and came at these moments: after the healing of every
    /// fault that kept it back, and before one that still held when it came.
    pub(super) fn passage(&self, from: Place, to: Place, left: i64, came: i64) -> Passage {
        let mut passage = Passage { earliest: left, latest: came, stopped: None, waited: None };
        let stops = |outage: &&Outage| outage.stops(from, to) && outage.from < came;
        for outage in self.outages.iter().filter(stops) {
            match outage.opened(came) {
                Some(opened) if opened > passage.earliest => {
                    let stopped = outage.from.max(left);
                    passage.stopped = Some(passage.stopped.map_or(stopped, |first| first.min(stopped)));
                    passage.earliest = opened;
                    let what = if outage.strikes(to) { to.to_string() } else { "the link".to_owned() };
                    passage.waited = Some(format!("waited for {what}"));
                }
                None if outage.from > left => passage.latest = passage.latest.min(outage.from),
                // It was over before. Or it held all the time, and yet something came: then it says nothing.
                _ => {}
            }
        }
        passage.latest = passage.latest.max(passage.earliest);
        passage
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Clients => f.write_str("the clients"),
            Place::Node(node) => write!(f, "node {node}"),
            Place::Broker => f.write_str("the broker"),
            Place::History => f.write_str("the history"),
        }
    }
}

impl Outage {
    fn holds(&self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// From when on something could pass again, if it came at this moment: a link is open as soon as its healing
    /// begins, and a process is there when it is ready, or a little before.
    fn opened(&self, came: i64) -> Option<i64> {
        let ready = Some(self.until).filter(|_| !self.is_on_the_way());
        ready.filter(|until| *until <= came).or(self.open.filter(|open| *open <= came))
    }

    fn is_on_the_way(&self) -> bool {
        matches!(self.target, Target::Link(_) | Target::Groups(_))
    }

    /// Whether nothing passes from the one to the other while it holds. What a process has sent that is killed
    /// then has left it; what one has sent that is paused may be in it still.
    fn stops(&self, from: Place, to: Place) -> bool {
        match &self.action {
            Action::Kill | Action::Stop => self.strikes(to),
            Action::Pause => self.strikes(from) || self.strikes(to),
            Action::Partition => self.parts(from, to),
            Action::Link(Condition::Cut | Condition::Blackhole) => self.parts(from, to),
            _ => false,
        }
    }

    fn strikes(&self, place: Place) -> bool {
        match (&self.target, place) {
            (Target::Broker, Place::Broker) | (Target::History, Place::History) => true,
            (Target::AllNodes, Place::Node(_)) => true,
            (Target::Node(struck), Place::Node(node)) => *struck == node,
            _ => false,
        }
    }

    /// Whether it lies on the way from the one to the other.
    fn parts(&self, from: Place, to: Place) -> bool {
        match &self.target {
            Target::Link(link) => {
                let along = from.is(link.from) && to.is(link.to);
                // A connection that is reset carries nothing either way.
                let one_way = link.one_way && self.action != Action::Link(Condition::Cut);
                along || (!one_way && from.is(link.to) && to.is(link.from))
            }
            Target::Groups(groups) => match (from.end(), to.end()) {
                (Some(from), Some(to)) => side(groups, from) != side(groups, to),
                // A client stands with its node.
                _ => false,
            },
            _ => false,
        }
    }
}

impl Place {
    /// Whether an end of a link is this.
    fn is(self, end: End) -> bool {
        match self {
            Place::Clients => end == End::Clients,
            Place::Node(node) => end.means(node),
            Place::Broker => end == End::Broker,
            Place::History => end == End::History,
        }
    }

    /// As a member of a partition's group; clients are in none.
    fn end(self) -> Option<End> {
        match self {
            Place::Clients => None,
            Place::Node(node) => Some(End::Node(node)),
            Place::Broker => Some(End::Broker),
            Place::History => Some(End::History),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_parts_its_sides_and_nobody_else() {
        let target = Target::Groups(vec![vec![End::Node(0)], vec![End::Node(1), End::Node(2)]]);
        let (action, what) = (Action::Partition, String::new());
        let outage = Outage { action, target, what, from: 0, open: None, until: 9 };
        assert!(outage.parts(Place::Node(0), Place::Broker) && outage.parts(Place::History, Place::Node(0)));
        // Nobody names the broker: it stands with the larger group.
        assert!(!outage.parts(Place::Node(1), Place::Broker) && !outage.parts(Place::Broker, Place::History));
        assert!(!outage.parts(Place::Clients, Place::Node(0)));
    }
}
