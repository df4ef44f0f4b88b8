//! All events of all agents, told to one ledger.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::between::Between;
use super::error::JoinError;
use super::offsets::{Offsets, whole};
use super::parts::Parts;
use ledger::{Arrival, Event, Ledger, Plan};
use part::{Share, Told};

/// Everything that all agents together have seen.
#[derive(Debug)]
pub struct Joined {
    /// The ledger that was told of everything.
    pub ledger: Ledger,
    /// The agents that have no part, or whose load never began, counted from 1.
    pub absent: Vec<u32>,
    /// When the first agent's run ended that was interrupted, or else the last one's, since the ledger's zero.
    pub ended: Duration,
    /// What lies between agents.
    pub between: Between,
    /// For each part, half the width of the interval of its clock at the end, in nanoseconds; `None` if it is unknown.
    pub bounds: Vec<Option<u64>>,
}

/// A change of whether a subscriber is there: the part, the moment of its own time, and the subscriber.
type Change = (usize, i64, usize);

/// Tells the events of all parts to one ledger. Each agent's own begin is the begin of the run.
///
/// # Errors
/// A log that cannot be read to its end.
pub fn join(parts: &Parts, plan: &Plan, watches_presence: bool) -> Result<Joined, JoinError> {
    let mut offsets = Offsets::of(parts, plan)?;
    let of = parts.manifests().next().map_or(1, |manifest| manifest.share.of);
    let began: Vec<Option<u64>> = parts.manifests().map(|manifest| manifest.began_ns).collect();
    let base = began.iter().flatten().max().copied().unwrap_or_default();
    let shift = |place: usize| began.get(place).copied().flatten().map_or(0, |began| base - began);
    let place_of =
        |agent: u32| parts.manifests().position(|part| part.share.agent == agent && part.began_ns.is_some());
    let places: Vec<Option<usize>> = (1..=of).map(place_of).collect();
    let absent: Vec<u32> = (1..=of).filter(|agent| place_of(*agent).is_none()).collect();
    let place_of_publisher = |p: usize| places.get(Share::agent_of(p, of) as usize - 1).copied().flatten();

    let mut ledger = Ledger::new(plan.clone());
    ledger.share(of, &absent);
    if watches_presence {
        ledger.watch_presence();
    }
    let mut logs: Vec<_> = parts.parts.iter().map(|part| part.log.events()).collect();
    let mut heads: Vec<Option<Told>> = vec![None; logs.len()];
    let mut queue = BinaryHeap::new();
    for (place, began) in began.iter().enumerate() {
        if began.is_some() {
            advance(place, &mut logs, &mut heads, &mut queue, shift(place))?;
        }
    }
    let mut between = Between::default();
    let mut had = vec![Vec::<u64>::new(); plan.subscribers];
    let mut sent: Vec<Vec<(u64, usize)>> = vec![Vec::new(); plan.rooms];
    let mut changes: Vec<Change> = Vec::new();
    let mut begun = false;
    while let Some(Reverse((_, place))) = queue.pop() {
        let Some(Told { event, at }) = heads[place].take() else { continue };
        let own = whole(at.as_nanos() as u64);
        let at = at + Duration::from_nanos(shift(place));
        let told = match event {
            // All begins are one: the first that is told counts.
            Event::Begin if begun => None,
            Event::Begin => {
                begun = true;
                Some(Event::Begin)
            }
            // Of what an agent sent that has no part, nothing is known.
            Event::UnverifiedPath { publisher, .. } if place_of_publisher(publisher).is_none() => None,
            Event::Received { n, .. } if place_of_publisher(plan.publisher(n)).is_none() => None,
            Event::Noticed { s, since: Some(since) } => {
                Some(Event::Noticed { s, since: Some(since + Duration::from_nanos(shift(place))) })
            }
            other => Some(other),
        };
        match &told {
            Some(Event::Sent { n, .. }) => {
                if let Some(sent) = sent.get_mut(plan.room(*n)) {
                    sent.push((at.as_nanos() as u64, *n));
                }
            }
            Some(Event::Received { s, n, arrival: Arrival::Live }) => {
                let from = place_of_publisher(plan.publisher(*n)).filter(|from| *from != place);
                let first = had.get_mut(*s).is_some_and(|had| first_time(had, plan.place(*n)));
                if let Some(from) = from.filter(|_| first && *n < plan.messages) {
                    let due = whole(plan.due(*n).as_nanos() as u64);
                    let own_due = whole(began[from].unwrap_or_default()) + due;
                    let taken = whole(at.as_nanos() as u64) - whole(base) - due;
                    between.received(&mut offsets, (*s, *n), (from, own_due), (place, own), taken);
                }
            }
            Some(
                Event::Subscribed { s, .. }
                | Event::Closed { s }
                | Event::Left { s }
                | Event::Connected { s },
            ) => changes.push((place, own, *s)),
            _ => {}
        }
        if let Some(event) = told {
            ledger.tell(&event, at);
        }
        advance(place, &mut logs, &mut heads, &mut queue, shift(place))?;
    }
    sent.iter_mut().for_each(|sent| sent.sort_unstable());
    let mut asked = Asked { offsets: &mut offsets, sent: &sent, began: &began, base };
    for change in changes {
        asked.change(plan, change, &place_of_publisher, &mut between);
    }
    let ends = |partial: bool| {
        let of = parts.manifests().enumerate().filter(move |(_, part)| part.partial == partial);
        of.map(|(place, part)| Duration::from_nanos(part.ended_ns + shift(place)))
    };
    let ended = ends(true).min().or_else(|| ends(false).max()).unwrap_or_default();
    let at_end = parts.manifests().map(|part| whole(part.ended_ns)).enumerate();
    let bounds = at_end.map(|(place, at)| offsets.bound(place, at)).collect();
    Ok(Joined { ledger, absent, ended, between, bounds })
}

/// Takes the next event of a log.
fn advance(
    place: usize,
    logs: &mut [impl Iterator<Item = Result<Told, part::PartError>>],
    heads: &mut [Option<Told>],
    queue: &mut BinaryHeap<Reverse<(u64, usize)>>,
    shift: u64,
) -> Result<(), JoinError> {
    if let Some(told) = logs[place].next() {
        let told = told?;
        queue.push(Reverse((told.at.as_nanos() as u64 + shift, place)));
        heads[place] = Some(told);
    }
    Ok(())
}

/// Sets the bit at a place, and gives whether it was not set before.
fn first_time(bits: &mut Vec<u64>, place: usize) -> bool {
    let (word, bit) = (place / 64, 1 << (place % 64));
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    let first = bits[word] & bit == 0;
    bits[word] |= bit;
    first
}

/// Finds the messages that may have been sent before or after a change, as the clocks have it.
struct Asked<'a> {
    offsets: &'a mut Offsets,
    /// For each room, when each message was sent, and its number; in order.
    sent: &'a [Vec<(u64, usize)>],
    began: &'a [Option<u64>],
    base: u64,
}

impl Asked<'_> {
    fn change(
        &mut self,
        plan: &Plan,
        (place, own, s): Change,
        place_of: &dyn Fn(usize) -> Option<usize>,
        between: &mut Between,
    ) {
        let Some(sent) = self.sent.get(plan.subscriber_room(s)) else { return };
        let at = self.aligned(place, own);
        // Outwards from the change, until the messages are too far away to matter for any clock.
        let middle = sent.partition_point(|(sent, _)| whole(*sent) < at);
        for around in [&sent[..middle], &sent[middle..]] {
            let back = around.first().is_some_and(|(sent, _)| whole(*sent) < at);
            let mut decided = 0;
            for place_in in 0..around.len() {
                let (moment, n) = if back { around[around.len() - 1 - place_in] } else { around[place_in] };
                let from = place_of(plan.publisher(n)).filter(|from| *from != place);
                let Some(from) = from else { continue };
                let taken = at - whole(moment);
                let sender = whole(moment) - whole(self.base) + whole(self.began[from].unwrap_or_default());
                let open = match self.offsets.between((from, sender), (place, own)) {
                    Some((least, most)) => (least.min(taken) < 0) != (most.max(taken) < 0),
                    None => true,
                };
                if open {
                    between.undecided.insert((s, n));
                    decided = 0;
                } else {
                    decided += 1;
                    // Each agent's clock is off by something of its own.
                    if decided > plan.publishers {
                        break;
                    }
                }
            }
        }
    }

    fn aligned(&self, place: usize, own: i64) -> i64 {
        own - whole(self.began[place].unwrap_or_default()) + whole(self.base)
    }
}
