//! The end of a run: every debt is looked at once, and is delivered, recovered or lost.

use std::time::Duration;

use super::timeline::slice_of;
use super::{Answer, Debts, FaultTimes, Harm, Ledger, Messages, Settled, Slice, nanos};

/// What the sweep over the debts gathers.
struct Sweep {
    debts: Debts,
    refused_but_delivered: u64,
    harm: Harm,
    timeline: Vec<Slice>,
}

impl Ledger {
    /// Every figure of the run that ended then. Looks at every debt.
    pub fn settle(&self, faults: &[FaultTimes], ended: Duration) -> Settled {
        let (messages, unsent_debts) = self.settle_messages(ended);
        let sweep = self.sweep(messages.due);
        let mut debts = sweep.debts;
        debts.on_time = (debts.owed > 0).then(|| self.counts.on_time as f64 / debts.owed as f64);
        let healing = |fault: &&FaultTimes| fault.heal_begin.is_some() && !fault.deliberate;
        let last_healing = faults.iter().filter(healing).max_by_key(|fault| fault.heal_begin);
        let heal_begin = last_healing.and_then(|fault| fault.heal_begin);
        let healed = last_healing.and_then(|fault| fault.healed);
        let begin = self.begin.unwrap_or(0);
        let recovery = |heal: Duration| {
            sweep.harm.0.map(|(_, end)| whole_ms(end.saturating_sub(begin.saturating_add(nanos(heal)))))
        };
        Settled {
            messages,
            debts,
            on_time: self.counts.on_time,
            unsent_debts,
            duplicates: self.counts.duplicates,
            reordered: self.counts.reordered,
            replay_reordered: self.counts.replay_reordered,
            refused_but_delivered: sweep.refused_but_delivered,
            // What still waits for its sending was never sent.
            unexpected: self.counts.unexpected + self.early.len() as u64,
            corrupted: self.counts.corrupted,
            foreign: self.counts.foreign,
            unverified_paths: self.unverified.iter().copied().collect(),
            latency: self.latency.clone(),
            service: self.service.clone(),
            recovered: self.recovered.clone(),
            impact_ms: sweep.harm.0.map(|(first, last)| whole_ms(last - first)),
            recovery_ms: heal_begin.and_then(recovery),
            ready_ms: heal_begin.zip(healed).map(|(begin, end)| whole_ms(nanos(end.saturating_sub(begin)))),
            timeline: sweep.timeline,
        }
    }

    /// What became of the messages, and how many debts the unsent ones would have made.
    fn settle_messages(&self, ended: Duration) -> (Messages, u64) {
        let due_by_end = self.due_by(nanos(ended));
        let listeners: Vec<Vec<u64>> = self.rooms.iter().map(|room| self.listening_since(room)).collect();
        let (mut unsent, mut unsent_debts) = (0, 0);
        for (n, message) in self.messages[..due_by_end].iter().enumerate() {
            if !message.sent() {
                unsent += 1;
                let intended = self.intended(n);
                unsent_debts +=
                    listeners[self.plan.room(n)].partition_point(|since| *since <= intended) as u64;
            }
        }
        let sent = self.counts.sent;
        let of = |answer: Answer| self.counts.answers[answer as usize];
        let (acked, refused) = (of(Answer::Confirmed) + of(Answer::Handed), of(Answer::Refused));
        let messages =
            Messages { due: sent + unsent, sent, unsent, acked, refused, unknown: sent - acked - refused };
        (messages, unsent_debts)
    }

    /// When those of these subscribers who ever subscribed first did, in order.
    fn listening_since(&self, subscribers: &[usize]) -> Vec<u64> {
        let mut since: Vec<_> =
            subscribers.iter().filter_map(|s| self.subscribers[*s].presence.since()).collect();
        since.sort_unstable();
        since
    }

    fn sweep(&self, due: u64) -> Sweep {
        let last_due = usize::try_from(due).ok().and_then(|due| due.checked_sub(1));
        let due_slices = last_due.map_or(0, |last| slice_of(nanos(self.tempo.due(last))) + 1);
        let timeline = self.timeline.slices(due_slices);
        let mut sweep =
            Sweep { debts: Debts::default(), refused_but_delivered: 0, harm: self.harm, timeline };
        for s in self.plan.all_subscribers() {
            self.sweep_subscriber(s, &mut sweep);
        }
        sweep
    }

    fn sweep_subscriber(&self, s: usize, sweep: &mut Sweep) {
        let subscriber = &self.subscribers[s];
        for (row, debts) in subscriber.debts.chunks(self.plan.publishers).enumerate() {
            for (publisher, debt) in debts.iter().enumerate().filter(|(_, debt)| debt.owed()) {
                let n = (row * self.plan.rooms + subscriber.room) * self.plan.publishers + publisher;
                sweep.debts.owed += 1;
                if debt.received() {
                    sweep.refused_but_delivered +=
                        u64::from(self.messages[n].answer == Some(Answer::Refused));
                    let how =
                        if debt.live() { &mut sweep.debts.delivered } else { &mut sweep.debts.recovered };
                    *how += 1;
                } else {
                    self.lose(s, n, debt.has_path(), sweep);
                }
            }
        }
    }

    fn lose(&self, s: usize, n: usize, has_path: bool, sweep: &mut Sweep) {
        let (message, debts) = (&self.messages[n], &mut sweep.debts);
        debts.lost += 1;
        let by_answer = match message.answer {
            _ if !has_path => &mut debts.lost_handed,
            Some(Answer::Confirmed) => &mut debts.lost_confirmed,
            Some(Answer::Handed) => &mut debts.lost_handed,
            Some(Answer::Refused) => &mut debts.lost_refused,
            Some(Answer::Unknown) | None => &mut debts.lost_unknown,
        };
        *by_answer += 1;
        debts.lost_no_path += u64::from(!has_path);
        let online = self.subscribers[s].presence.at(message.sent_at).is_some_and(|stay| stay.online);
        *(if online { &mut debts.lost_online } else { &mut debts.lost_offline }) += 1;
        if has_path && !self.was_away(s, n) {
            let intended = self.intended(n);
            sweep.harm.include(intended, intended);
        }
        if let Some(slice) = sweep.timeline.get_mut(slice_of(nanos(self.tempo.due(n)))) {
            slice.lost += 1;
        }
    }
}

/// Milliseconds, rounded to the nearest.
fn whole_ms(nanos: u64) -> u64 {
    nanos.saturating_add(500_000) / 1_000_000
}
