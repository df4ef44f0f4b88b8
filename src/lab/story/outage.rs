//! What was broken, where and when: why an arrow may end on the way.

use crate::ledger::FaultTimes;
use crate::scenario::{End, Fault, Target, side};

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
    target: Target,
    what: String,
    from: i64,
    until: i64,
}

/// Every fault that struck.
#[derive(Debug, Default)]
pub(super) struct Outages(Vec<Outage>);

impl Outages {
    pub(super) fn new(faults: &[Fault], times: &[FaultTimes]) -> Self {
        let us = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let outage = |times: &FaultTimes| {
            let fault = faults.iter().find(|fault| fault.to_string() == times.what)?;
            // What was never healed, or was being healed, is away.
            let until = times.healed.or(times.heal_begin.filter(|_| times.deliberate)).map_or(i64::MAX, us);
            Some(Outage { target: fault.target.clone(), what: fault.what(), from: us(times.begin), until })
        };
        Self(times.iter().filter_map(outage).collect())
    }

    /// What was broken on this way at this moment.
    pub(super) fn between(&self, from: Place, to: Place, at: i64) -> Option<String> {
        let concerns = |outage: &&Outage| {
            outage.holds(at) && (outage.strikes(from) || outage.strikes(to) || outage.parts(from, to))
        };
        self.0.iter().find(concerns).map(|outage| outage.what.clone())
    }

    /// Until when a process that was away at this moment stayed away; the moment itself if it was there.
    pub(super) fn back(&self, place: Place, at: i64) -> i64 {
        let away = |outage: &&Outage| outage.holds(at) && outage.strikes(place);
        self.0.iter().filter(away).map(|outage| outage.until).max().unwrap_or(at)
    }
}

impl Outage {
    fn holds(&self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }

    fn strikes(&self, place: Place) -> bool {
        match (&self.target, place) {
            (Target::Broker, Place::Broker) | (Target::History, Place::History) => true,
            (Target::AllNodes, Place::Node(_)) => true,
            (Target::Node(struck), Place::Node(node)) => *struck == node,
            _ => false,
        }
    }

    /// Whether it is a link between these.
    fn parts(&self, one: Place, other: Place) -> bool {
        let means = |end: End, place: Place| match place {
            Place::Clients => end == End::Clients,
            Place::Node(node) => end.means(node),
            Place::Broker => end == End::Broker,
            Place::History => end == End::History,
        };
        match &self.target {
            Target::Link(link) => {
                (means(link.from, one) && means(link.to, other))
                    || (means(link.to, one) && means(link.from, other))
            }
            Target::Groups(groups) => {
                let group = |place| match place {
                    Place::Clients => None,
                    Place::Node(node) => Some(side(groups, End::Node(node))),
                    Place::Broker => Some(side(groups, End::Broker)),
                    Place::History => Some(side(groups, End::History)),
                };
                group(one).zip(group(other)).is_some_and(|(one, other)| one != other)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_parts_its_sides_and_nobody_else() {
        let target = Target::Groups(vec![vec![End::Node(0)], vec![End::Node(1), End::Node(2)]]);
        let outage = Outage { target, what: String::new(), from: 0, until: 9 };
        assert!(outage.parts(Place::Node(0), Place::Broker) && outage.parts(Place::History, Place::Node(0)));
        // Nobody names the broker: it stands with the larger group.
        assert!(!outage.parts(Place::Node(1), Place::Broker) && !outage.parts(Place::Broker, Place::History));
        assert!(!outage.parts(Place::Clients, Place::Node(0)));
    }
}
