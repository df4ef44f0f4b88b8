//! The accounts: what is owed, and what a receipt pays.

use std::time::Duration;

use super::early::Early;
use super::ledger::Ledger;
use super::subscriber::Seen;
use super::time::{ON_TIME_NANOS, nanos};
use scenario::Count;

impl Ledger {
    /// Number of messages that are due by a moment; 0 before the load begins.
    pub(super) fn due_by(&self, moment: u64) -> usize {
        let elapsed = self.begin.and_then(|begin| moment.checked_sub(begin));
        elapsed.map_or(0, |elapsed| self.tempo.due_by(Duration::from_nanos(elapsed), self.plan.messages))
    }

    pub(super) fn intended(&self, n: usize) -> u64 {
        self.begin.unwrap_or(0).saturating_add(nanos(self.tempo.due(n)))
    }

    /// Decides whether a message that was sent is owed to a subscriber of its room, and whether it has a path.
    pub(super) fn owe(&mut self, s: usize, n: usize, place: usize) {
        let (message, subscriber) = (&self.messages[n], &mut self.subscribers[s]);
        let Some(stay) = subscriber.presence.at(message.sent_at) else { return };
        let Some(debt) = subscriber.debts.get_mut(place) else { return };
        let before = *debt;
        debt.owe(self.plan.has_path(message.node as usize, stay.node as usize));
        self.tally.debts.owed += u64::from(!before.owed());
        match (before.outstanding(), debt.outstanding()) {
            (false, true) => {
                self.unpaid[n] += 1;
                self.tally.outstanding += 1;
            }
            (true, false) => {
                self.unpaid[n] -= 1;
                self.tally.outstanding -= 1;
            }
            _ => {}
        }
    }

    /// Counts a receipt of a message that was sent.
    pub(super) fn account(&mut self, receipt: Early) {
        let Early { s, n, seen, at } = receipt;
        let Seen { live, first, again, disordered, after_live } = seen;
        let place = self.plan.place(n);
        let debt = self.subscribers[s].debts[place];
        if !debt.owed() {
            return;
        }
        let intended = self.intended(n);
        let late = at.saturating_sub(intended);
        let due = nanos(self.tempo.due(n));
        let one_clock = self.one_clock(self.plan.publisher(n), s);
        self.note_when(receipt, due, late, one_clock);
        let (debts, counts) = (&mut self.tally.debts, &mut self.tally.counts);
        counts.duplicates += u64::from(again);
        counts.held_again += u64::from(seen.held_again());
        counts.live_again += u64::from(seen.live_again());
        counts.replay_after_live += u64::from(after_live);
        if live {
            counts.reordered += u64::from(disordered);
        } else {
            counts.replay_reordered += u64::from(disordered);
        }
        if live && !again {
            debts.delivered += 1;
            debts.recovered -= u64::from(!first);
            debts.on_time += u64::from(late <= ON_TIME_NANOS);
        }
        // What two clocks have seen is no latency.
        if live && !again && one_clock {
            self.latency.saturating_record(late / 1_000);
            let service = at.saturating_sub(self.messages[n].sent_at) / 1_000;
            self.service.saturating_record(service);
            let [rounded, service] = [late / 1_000, service].map(|us| self.latency.lowest_equivalent(us));
            self.timeline.delivered(due, late / 1_000, rounded, service);
            self.fan_out[n].reached(late / 1_000);
        }
        if first || (live && !again) {
            self.witness.heard(n, s, at, late, !live);
        }
        if !live && first {
            debts.recovered += 1;
            self.subscribers[s].replayed.record(place, late / 1_000);
        }
        if first && late > ON_TIME_NANOS && debt.has_path() && !self.was_away(s, n) {
            self.harm.add(n, intended, at);
        }
    }

    /// Records when whatever is wrong with a receipt happened. The receipt came `late` nanoseconds after the message
    /// was due.
    fn note_when(&mut self, receipt: Early, due: u64, late: u64, one_clock: bool) {
        let Early { s, n, seen: was, at } = receipt;
        let Seen { live, again, disordered, after_live, .. } = was;
        let order = if live { Count::Reordered } else { Count::ReplayReordered };
        let seen = &mut self.seen;
        for (is_so, count) in [
            (again, Count::Duplicates),
            (was.held_again(), Count::HeldAgain),
            (was.live_again(), Count::LiveAgain),
            (after_live, Count::ReplayAfterLive),
            (disordered, order),
        ] {
            if is_so {
                seen.at[count].include(at);
            }
        }
        if again {
            self.timeline.duplicate(due);
        }
        if live && !again {
            if one_clock {
                seen.service.include(at.saturating_sub(self.messages[n].sent_at), due);
            }
            if late > ON_TIME_NANOS {
                seen.late.include(due);
                self.timeline.late(due);
                self.subscribers[s].late += 1;
            }
        }
    }

    /// Whether a subscriber was away on purpose when a message was sent, or left before the message could be late: it
    /// did not let the pattern have its time. Asked only about debts that are late or lost: whatever that client did
    /// until then has been told.
    pub(super) fn was_away(&self, s: usize, n: usize) -> bool {
        self.was_away_from(self.messages[n].sent_at, s, n)
    }

    /// Whether a subscriber was away on purpose at some moment from `from` until message `n` could be late.
    pub(super) fn was_away_from(&self, from: u64, s: usize, n: usize) -> bool {
        let late = self.intended(n).saturating_add(ON_TIME_NANOS);
        self.subscribers[s].presence.was_away(from, late)
    }
}
