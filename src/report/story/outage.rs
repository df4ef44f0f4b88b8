//! The faults of a run, where and when: why an arrow may end on the way.

use ledger::FaultTimes;
use scenario::{End, Fault, Target};

#[derive(Debug)]
struct Outage {
    fault: Fault,
    from: i64,
    /// The moment at which the healing of the fault began.
    open: Option<i64>,
    until: i64,
}

/// The outages of every fault that struck.
#[derive(Debug, Default)]
pub(super) struct Outages {
    outages: Vec<Outage>,
}

/// The time in which something can have passed on a way, and what it waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) earliest: i64,
    pub(super) latest: i64,
    /// The moment at which it was first kept back, if it was.
    pub(super) stopped: Option<i64>,
    pub(super) waited: Option<String>,
}

impl Outages {
    pub(super) fn new(times: &[FaultTimes]) -> Self {
        let us = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let outage = |times: &FaultTimes| {
            // A target that was never healed, or was still being healed, is away.
            let until = times.healed.or(times.heal_begin.filter(|_| times.deliberate)).map_or(i64::MAX, us);
            let (from, open) = (us(times.begin), times.heal_begin.map(us));
            Some(Outage { fault: times.planned.clone()?, from, open, until })
        };
        Self { outages: times.iter().filter_map(outage).collect() }
    }

    /// What was broken on this way at this moment.
    pub(super) fn between(&self, from: End, to: End, at: i64) -> Option<String> {
        let concerns = |outage: &&Outage| outage.holds(at) && outage.fault.touches(from, to);
        self.outages.iter().find(concerns).map(|outage| outage.fault.what())
    }

    /// The nodes that were away at some moment from `from` to `to`, both included.
    pub(super) fn away(&self, from: i64, to: i64) -> Vec<usize> {
        let away = |outage: &Outage| match outage.fault.target {
            Target::Node(node) if outage.fault.action.is_of_process() => Some(node),
            _ => None,
        };
        let then = self.outages.iter().filter(|outage| outage.from <= to && outage.until >= from);
        then.filter_map(away).collect()
    }

    /// Whether nothing passed this way at this moment.
    pub(super) fn stopped(&self, from: End, to: End, at: i64) -> bool {
        self.outages.iter().any(|outage| outage.holds(at) && outage.fault.stops(from, to))
    }

    /// The time in which something that left and came at these moments can have passed on this way: after the healing
    /// of every fault that kept it back, and before a fault that still held when it came.
    pub(super) fn passage(&self, from: End, to: End, left: i64, came: i64) -> Passage {
        let mut passage = Passage { earliest: left, latest: came, stopped: None, waited: None };
        let stops = |outage: &&Outage| outage.fault.stops(from, to) && outage.from < came;
        for outage in self.outages.iter().filter(stops) {
            match outage.opened(came) {
                Some(opened) if opened > passage.earliest => {
                    let stopped = outage.from.max(left);
                    passage.stopped = Some(passage.stopped.map_or(stopped, |first| first.min(stopped)));
                    passage.earliest = opened;
                    let what = if outage.fault.target.strikes(to) { name(to) } else { "the link".to_owned() };
                    passage.waited = Some(format!("waited for {what}"));
                }
                None if outage.from > left => passage.latest = passage.latest.min(outage.from),
                // The fault was over before. Or it held all the time, and yet something came: then it says nothing.
                _ => {}
            }
        }
        passage.latest = passage.latest.max(passage.earliest);
        passage
    }
}

/// What a note calls an end of a way.
fn name(end: End) -> String {
    match end {
        End::Clients => "the clients".into(),
        End::Broker => "the broker".into(),
        End::History => "the history".into(),
        node => node.to_string(),
    }
}

impl Outage {
    fn holds(&self, at: i64) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// The moment from which on something could pass again, if it came at the moment `came`. A link is open as soon as
    /// its healing begins, and a process is there when it is ready, or a little before.
    fn opened(&self, came: i64) -> Option<i64> {
        let ready = Some(self.until).filter(|_| !self.is_on_the_way());
        ready.filter(|until| *until <= came).or(self.open.filter(|open| *open <= came))
    }

    fn is_on_the_way(&self) -> bool {
        matches!(self.fault.target, Target::Link(_) | Target::Groups(_))
    }
}
