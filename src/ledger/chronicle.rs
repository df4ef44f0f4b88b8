//! The course of a run: what the slices show beside latencies and debts, and the latency by phase.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::fault_times::FaultTimes;
use super::histogram::micros_histogram;
use super::ledger::Ledger;
use super::message::Answer;
use super::phase::{Interval, phases, stretches};
use super::time::{ON_TIME, nanos};
use super::timeline::{SLICE, Slice, slice_of};

/// The most intervals of a run. An interval is a second long, or longer if there would be more of them than this.
const MOST_INTERVALS: usize = 120;
/// Number of slices in a second.
const SECOND: usize = (1_000_000_000 / SLICE) as usize;

impl Ledger {
    /// Fills in the answers, the subscribers online, and the fan-out of each slice; gives the fan-out of the whole run.
    pub(super) fn fill(&self, timeline: &mut [Slice]) -> Histogram<u64> {
        let mut whole = micros_histogram();
        let mut spreads: Vec<Vec<u64>> = vec![Vec::new(); timeline.len()];
        for (n, message) in self.messages.iter().enumerate().filter(|(_, message)| message.sent()) {
            let i = slice_of(nanos(self.tempo.due(n)));
            let Some(slice) = timeline.get_mut(i) else { continue };
            match message.answer {
                Some(Answer::Confirmed | Answer::Handed) => slice.acked += 1,
                Some(Answer::Refused) => slice.refused += 1,
                Some(Answer::Unknown) | None => slice.unknown += 1,
            }
            if let Some(spread) = self.fan_out[n].spread_us() {
                whole.saturating_record(spread);
                spreads[i].push(spread);
            }
        }
        for (slice, spreads) in timeline.iter_mut().zip(&mut spreads) {
            spreads.sort_unstable();
            // Of two values in the middle the lower one is the median, as in a histogram.
            slice.spread_p50_us = spreads.len().checked_sub(1).map(|last| spreads[last / 2]);
            slice.spread_max_us = spreads.last().copied();
        }
        self.count_online(timeline);
        whole
    }

    /// Counts the subscribers that were online when each slice began.
    fn count_online(&self, timeline: &mut [Slice]) {
        let begin = self.begin.unwrap_or(0);
        // The change in the number of subscribers online from each slice to the next.
        let mut changes = vec![0_i64; timeline.len() + 1];
        let slice_from = |at: u64| {
            let since = at.saturating_sub(begin);
            usize::try_from(since.div_ceil(SLICE)).unwrap_or(usize::MAX).min(timeline.len())
        };
        for subscriber in &self.subscribers {
            let mut was_online = false;
            for stay in subscriber.presence.stays() {
                if stay.online != was_online {
                    changes[slice_from(stay.from)] += if stay.online { 1 } else { -1 };
                    was_online = stay.online;
                }
            }
        }
        let mut online = 0;
        for (slice, change) in timeline.iter_mut().zip(changes) {
            online += change;
            slice.online = u64::try_from(online).ok();
        }
    }

    /// The latency by time and phase. `unharmed` tells of each slice whether it lost nothing that counts as harm.
    pub(super) fn intervals(
        &self,
        timeline: &[Slice],
        unharmed: &[bool],
        faults: &[FaultTimes],
    ) -> Vec<Interval> {
        let on_time = |slice: &Slice| slice.max_us.is_some_and(|max| u128::from(max) <= ON_TIME.as_micros());
        let clean = |i: usize| timeline.get(i).is_some_and(on_time) && unharmed.get(i) == Some(&true);
        // Slices after the last message due have no latency.
        let slices = timeline.iter().rposition(|slice| slice.sent > 0).map_or(0, |last| last + 1);
        let phases = phases(slices, faults, clean);
        let most = SECOND * slices.div_ceil(MOST_INTERVALS * SECOND).max(1);
        let time = |slices: usize| Duration::from_nanos(SLICE.saturating_mul(slices as u64));
        let interval = |(from, to): (usize, usize)| {
            let (mut latency, mut service) = (micros_histogram(), micros_histogram());
            (from..to).for_each(|slice| {
                self.timeline.add_to(slice, &mut latency);
                self.timeline.add_service_to(slice, &mut service);
            });
            Interval { at: time(from), length: time(to - from), phase: phases[from], latency, service }
        };
        stretches(&phases, most).into_iter().map(interval).collect()
    }
}
