//! The clock of every agent, from round trips and from the messages themselves: no receipt precedes its sending.

use std::collections::BTreeMap;

use super::clock::Clock;
use super::error::JoinError;
use super::parts::Parts;
use ledger::{Event, Plan};
use part::Share;

/// Of the messages of one direction, the one with the tightest bound counts in each span of this many nanoseconds.
const WINDOW: i64 = 1_000_000_000;
/// The span within which an offset is carried on by its rate, in nanoseconds.
const SLOT: i64 = 100_000_000;

/// The clocks of all agents that have a part, in the order of the parts.
#[derive(Debug)]
pub(crate) struct Offsets {
    clocks: Vec<Clock>,
    /// For each clock, the offsets that were asked for, by the span of time.
    known: Vec<BTreeMap<i64, Option<(i64, i64)>>>,
}

impl Offsets {
    /// Compares the clocks of all parts with that of the agent which served the barrier, or else with the first.
    pub(crate) fn of(parts: &Parts, plan: &Plan) -> Result<Self, JoinError> {
        let all = &parts.parts;
        let peer = parts.manifests().flat_map(|manifest| &manifest.clock).map(|sample| sample.peer).next();
        let reference = peer.or_else(|| parts.manifests().next().map(|manifest| manifest.share.agent));
        let mut clocks: Vec<Clock> = Vec::new();
        for manifest in parts.manifests() {
            if Some(manifest.share.agent) == reference {
                clocks.push(Clock::reference());
                continue;
            }
            let mut clock = Clock::default();
            for sample in manifest.clock.iter().filter(|sample| Some(sample.peer) == reference) {
                clock.round_trip(whole(sample.sent), whole(sample.peer_time), whole(sample.received));
            }
            clocks.push(clock);
        }
        let served = all.iter().position(|part| Some(part.manifest.share.agent) == reference);
        if let Some(served) = served {
            by_messages(parts, plan, served, &mut clocks)?;
        }
        for (place, clock) in clocks.iter_mut().enumerate() {
            if Some(place) != served {
                clock.settle();
            }
        }
        Ok(Self { known: vec![BTreeMap::new(); clocks.len()], clocks })
    }

    /// The least and the greatest offset of an agent's clock at a moment of its own time.
    pub(crate) fn at(&mut self, place: usize, at: i64) -> Option<(i64, i64)> {
        let (clock, known) = (self.clocks.get(place)?, self.known.get_mut(place)?);
        let slot = at.div_euclid(SLOT);
        let (least, most) = (*known.entry(slot).or_insert_with(|| clock.offset(slot * SLOT)))?;
        let since = (at - slot * SLOT) as f64;
        let (slow, fast) = clock.rate();
        Some((least + (since * slow).floor() as i64, most + (since * fast).ceil() as i64))
    }

    /// How much later a moment of one agent is than a moment of another, from least to most.
    pub(crate) fn between(&mut self, from: (usize, i64), to: (usize, i64)) -> Option<(i64, i64)> {
        let ((a, before), (b, after)) = (from, to);
        let (one, two) = (self.at(a, before)?, self.at(b, after)?);
        Some((after + two.0 - before - one.1, after + two.1 - before - one.0))
    }

    /// Half the width of an agent's interval at a moment of its own time, in nanoseconds; `None` if its clock is unknown.
    pub(crate) fn bound(&mut self, place: usize, at: i64) -> Option<u64> {
        self.at(place, at).map(|(least, most)| (most - least).unsigned_abs().div_ceil(2))
    }
}

/// Bounds each clock by the messages between its agent and the one whose clock is the reference.
fn by_messages(parts: &Parts, plan: &Plan, reference: usize, clocks: &mut [Clock]) -> Result<(), JoinError> {
    let mut sent = vec![None; plan.messages];
    for part in &parts.parts {
        for told in part.log.events() {
            let told = told?;
            if let Event::Sent { n, .. } = told.event
                && let Some(sent) = sent.get_mut(n)
            {
                sent.get_or_insert(whole(told.at.as_nanos() as u64));
            }
        }
    }
    let place_of = |agent: u32| parts.manifests().position(|manifest| manifest.share.agent == agent);
    // By the other agent, its span of time, and whether the bound is the greatest offset: the moment and the bound.
    let mut tightest: BTreeMap<(usize, i64, bool), (i64, i64)> = BTreeMap::new();
    for (place, part) in parts.parts.iter().enumerate() {
        for told in part.log.events() {
            let told = told?;
            let Event::Received { n, .. } = told.event else { continue };
            let received = whole(told.at.as_nanos() as u64);
            let Some(sent) = sent.get(n).copied().flatten() else { continue };
            let from = Share::agent_of(plan.publisher(n), part.manifest.share.of);
            let Some(from) = place_of(from).filter(|from| *from != place) else { continue };
            let (other, at, offset, most) = match (from == reference, place == reference) {
                // The reference sent it: own time and offset are at least the sending.
                (true, false) => (place, received, sent - received, false),
                // The reference received it: own time and offset are at most the receipt.
                (false, true) => (from, sent, received - sent, true),
                _ => continue,
            };
            let bound = tightest.entry((other, at.div_euclid(WINDOW), most)).or_insert((at, offset));
            if (most && offset < bound.1) || (!most && offset > bound.1) {
                *bound = (at, offset);
            }
        }
    }
    for ((other, _, most), (at, offset)) in tightest {
        let Some(clock) = clocks.get_mut(other) else { continue };
        if most { clock.at_most(at, offset) } else { clock.at_least(at, offset) }
    }
    Ok(())
}

/// A time in nanoseconds as a number that may be subtracted from.
pub(crate) fn whole(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX / 4)
}
