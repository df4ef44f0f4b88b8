//! The end of a run: every debt is looked at once, and is delivered, recovered or lost.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::counts::{Counts, Debts, Messages};
use super::fault_times::FaultTimes;
use super::harm::{Harm, whole_ms};
use super::histogram::micros_histogram;
use super::ledger::Ledger;
use super::message::{Answer, Contradictions};
use super::moments::{CountedAt, Moments};
use super::notices::Belief;
use super::path::Path;
use super::payers::{Payer, few};
use super::settled::Settled;
use super::span::Span;
use super::stopped::{StoppedPath, Trail, inexcusable_from};
use super::time::nanos;
use super::timeline::{Slice, slice_of};
use scenario::Count;

/// What the sweep over the debts gathers.
struct Sweep {
    debts: Debts,
    refused_but_delivered: u64,
    /// How late those debts were that came by replay only, in microseconds.
    recovered: Histogram<u64>,
    harm: Harm,
    timeline: Vec<Slice>,
    /// For each slice, whether nothing was lost or unsent in it that counts as harm.
    unharmed: Vec<bool>,
    moments: Moments,
    /// When nothing excuses a loss any more, in nanoseconds since the load began; `None` if something always does.
    inexcusable: Option<u64>,
    /// For each publisher, the path to the subscriber whose debts are looked at now.
    trails: Vec<Trail>,
    stopped: Vec<StoppedPath>,
    /// The earliest message with a loss that counts as harm.
    first_lost: Option<usize>,
    /// Number of losses that count as harm of the subscriber whose debts are looked at now.
    lost_here: u64,
    /// Number of losses of acknowledged messages that a replay denied: it said that it had brought everything.
    denied: u64,
    /// The subscribers that had something late, or have such a loss.
    payers: Vec<Payer>,
}

impl Sweep {
    /// Records that something due at this time since the load began was harmed.
    fn mark_harmed(&mut self, due: u64) {
        if let Some(unharmed) = self.unharmed.get_mut(slice_of(due)) {
            *unharmed = false;
        }
    }
}

/// What became of the messages, apart from their debts.
struct SettledMessages {
    messages: Messages,
    /// The last message that was due or sent.
    last: Option<usize>,
    /// The messages that were due and never sent.
    unsent: Vec<usize>,
    /// Number of debts that the unsent messages would have made.
    unsent_debts: u64,
    contradictions: Contradictions,
    at: CountedAt,
}

impl Ledger {
    /// Every figure of the run that ended at `ended`. Looks at every debt.
    pub fn settle(&self, faults: &[FaultTimes], ended: Duration) -> Settled {
        let begin = self.begin.unwrap_or(0);
        let SettledMessages { messages, last, unsent, unsent_debts, contradictions, at } =
            self.settle_messages(ended);
        let Sweep {
            debts,
            refused_but_delivered,
            recovered,
            harm,
            mut timeline,
            unharmed,
            mut moments,
            mut stopped,
            first_lost,
            payers,
            denied,
            ..
        } = self.sweep(messages.due, &unsent, faults);
        let fan_out = self.fill(&mut timeline);
        let healing = |fault: &&FaultTimes| fault.heal_begin.is_some() && !fault.deliberate;
        let last_healing = faults.iter().filter(healing).max_by_key(|fault| fault.heal_begin);
        let heal_begin = last_healing.and_then(|fault| fault.heal_begin);
        let healed = last_healing.and_then(|fault| fault.healed);
        moments.at = moments.at.or(at);
        let disconnects = self.disconnects.unexplained(begin, faults);
        let ends = disconnects.iter().map(|disconnect| disconnect.at);
        moments.at[Count::Disconnects] = ends.fold(Span::default(), Span::or);
        moments.harmed(harm.span(), begin, last_healing);
        stopped.sort_unstable_by_key(|path| (path.since_ms, path.publisher, path.subscriber));
        let intervals = self.intervals(&timeline, &unharmed, faults);
        Settled {
            messages,
            debts,
            counts: Counts {
                unsent_debts,
                refused_but_delivered,
                // Receipts that still wait for their sending belong to what was never sent.
                unexpected: self.tally.counts.unexpected + self.early.len() as u64,
                disconnects: disconnects.iter().map(|disconnect| disconnect.times).sum(),
                ..self.tally.counts
            },
            before: self.before,
            contradictions,
            denied,
            unverified_paths: self.unverified.iter().copied().collect(),
            nodes_apart: self.nodes_apart(),
            stopped_paths: stopped,
            // What came by replay is neither lost nor in time, so that the others did not have everything in time.
            payers: if debts.recovered > 0 { Vec::new() } else { few(payers, self.plan.subscribers) },
            latency: self.latency.clone(),
            service: self.service.clone(),
            recovered,
            times: self.harm_times(harm, last, heal_begin, healed),
            presence: self.observers.as_ref().map(|all| all.figures(begin, faults, nanos(ended))),
            traffic: None,
            cost: None,
            fan_out,
            testimonies: self.testimonies(first_lost, &intervals),
            intervals,
            disconnects,
            early_disconnects: self.disconnects.before(begin),
            timeline,
            moments,
        }
    }

    /// What became of the messages and when, and the number of debts that the unsent ones would have made.
    fn settle_messages(&self, ended: Duration) -> SettledMessages {
        let due_by_end = self.due_by(nanos(ended));
        let listeners: Vec<Vec<u64>> = self.rooms.iter().map(|room| self.listening_since(room)).collect();
        let (mut last, mut unsent, mut unsent_debts) = (due_by_end.checked_sub(1), Vec::new(), 0);
        let (mut contradictions, mut at) = (Contradictions::default(), CountedAt::default());
        for (n, message) in self.messages.iter().enumerate() {
            let due = || nanos(self.tempo.due(n));
            if message.sent() {
                last = last.max(Some(n));
                message.contradiction.into_iter().for_each(|it| contradictions.add(it));
                match message.answer {
                    Some(Answer::Refused) => at[Count::Refused].include(due()),
                    Some(Answer::Unknown) | None => at[Count::Unknown].include(due()),
                    Some(Answer::Confirmed | Answer::Handed) => {}
                }
            } else if n < due_by_end && !self.is_absent(self.plan.publisher(n)) {
                unsent.push(n);
                at[Count::Unsent].include(due());
                let intended = self.intended(n);
                unsent_debts +=
                    listeners[self.plan.room(n)].partition_point(|since| *since <= intended) as u64;
            }
        }
        let sent = self.tally.sent;
        let of = |answer: Answer| self.tally.answers[answer as usize];
        let (acked, refused) = (of(Answer::Confirmed) + of(Answer::Handed), of(Answer::Refused));
        let (due, unknown) = (sent + unsent.len() as u64, sent - acked - refused);
        let messages = Messages { due, sent, unsent: unsent.len() as u64, acked, refused, unknown };
        SettledMessages { messages, last, unsent, unsent_debts, contradictions, at }
    }

    /// The moments at which those of these subscribers who ever subscribed first did, in order.
    fn listening_since(&self, subscribers: &[usize]) -> Vec<u64> {
        let mut since: Vec<_> =
            subscribers.iter().filter_map(|s| self.subscribers[*s].presence.since()).collect();
        since.sort_unstable();
        since
    }

    fn sweep(&self, due: u64, unsent: &[usize], faults: &[FaultTimes]) -> Sweep {
        let last_due = usize::try_from(due).ok().and_then(|due| due.checked_sub(1));
        let due_slices = last_due.map_or(0, |last| slice_of(nanos(self.tempo.due(last))) + 1);
        let mut seen = self.seen;
        // Receipts that still wait for their sending belong to what was never sent.
        self.early.moments().for_each(|at| seen.at[Count::Unexpected].include(at));
        let timeline = self.timeline.slices(due_slices);
        let mut sweep = Sweep {
            debts: Debts { on_time: self.tally.debts.on_time, ..Debts::default() },
            refused_but_delivered: 0,
            recovered: micros_histogram(),
            harm: self.harm,
            unharmed: vec![true; timeline.len()],
            timeline,
            moments: Moments::new(seen, self.begin.unwrap_or(0), self.timeline.longest_us()),
            inexcusable: inexcusable_from(faults),
            trails: vec![Trail::default(); self.plan.publishers],
            stopped: Vec::new(),
            first_lost: None,
            lost_here: 0,
            denied: 0,
            payers: Vec::new(),
        };
        for s in self.plan.all_subscribers() {
            self.sweep_subscriber(s, &mut sweep);
        }
        unsent.iter().filter(|n| self.harms_by_absence(**n)).for_each(|n| {
            sweep.harm.add(*n, self.intended(*n), self.intended(*n));
            sweep.mark_harmed(nanos(self.tempo.due(*n)));
        });
        let last_due = self.plan.messages.checked_sub(1).map_or(0, |last| nanos(self.tempo.due(last)));
        for path in &sweep.stopped {
            sweep.moments.at[Count::StoppedPaths].cover(path.since_ms * 1_000_000, last_due);
        }
        sweep
    }

    fn sweep_subscriber(&self, s: usize, sweep: &mut Sweep) {
        let subscriber = &self.subscribers[s];
        sweep.trails.fill(Trail::default());
        sweep.lost_here = 0;
        for (row, debts) in subscriber.debts.chunks(self.plan.publishers).enumerate() {
            for (publisher, debt) in debts.iter().enumerate().filter(|(_, debt)| debt.owed()) {
                let n = (row * self.plan.rooms + subscriber.room) * self.plan.publishers + publisher;
                sweep.debts.owed += 1;
                let acked = self.messages[n].answer.is_some_and(Answer::is_ack);
                sweep.debts.acked_debts += u64::from(acked && debt.has_path());
                if debt.received() {
                    self.pay(s, n, debt.live(), sweep);
                } else {
                    self.lose(s, n, debt.has_path(), sweep);
                }
            }
        }
        let (late, lost) = (subscriber.late, sweep.lost_here);
        if late + lost > 0 {
            sweep.payers.push(Payer { subscriber: s, late, lost });
        }
        for (publisher, trail) in sweep.trails.iter().enumerate() {
            let heard = subscriber.heard(publisher).saturating_sub(self.begin.unwrap_or(0));
            // A path that never worked has been named already, so it is not named as stopped.
            let verified = !self.unverified.contains(&Path { publisher, subscriber: s });
            if let Some(since) = trail.stopped(heard).filter(|_| verified) {
                sweep.stopped.push(StoppedPath { publisher, subscriber: s, since_ms: whole_ms(since) });
            }
        }
    }

    /// Whether somebody would have been harmed by this message, which was never sent: somebody of its room who had come,
    /// was not away on purpose, and is in reach of the node on which its publisher starts.
    fn harms_by_absence(&self, n: usize) -> bool {
        let (intended, home) = (self.intended(n), self.plan.publisher_node(self.plan.publisher(n)));
        self.rooms[self.plan.room(n)].iter().any(|s| {
            let stay = self.subscribers[*s].presence.at(intended);
            stay.is_some_and(|stay| self.plan.has_path(home, stay.node as usize))
                && !self.was_away_from(intended, *s, n)
        })
    }

    /// Counts a debt that was received.
    fn pay(&self, s: usize, n: usize, live: bool, sweep: &mut Sweep) {
        let due = nanos(self.tempo.due(n));
        if self.messages[n].answer == Some(Answer::Refused) {
            sweep.refused_but_delivered += 1;
            sweep.moments.at[Count::RefusedButDelivered].include(due);
        }
        if live {
            sweep.debts.delivered += 1;
        } else {
            sweep.debts.recovered += 1;
            sweep.moments.at[Count::Recovered].include(due);
            if self.one_clock(self.plan.publisher(n), s) {
                let late_us = self.subscribers[s].replayed.late_us(self.plan.place(n));
                sweep.recovered.saturating_record(late_us);
                sweep.moments.recovered.include(late_us, due);
            }
            if let Some(slice) = sweep.timeline.get_mut(slice_of(due)) {
                slice.recovered += 1;
            }
            if !self.was_away(s, n) {
                sweep.mark_harmed(due);
            }
        }
        sweep.trails[self.plan.publisher(n)].received();
    }

    /// Counts a debt that was not received.
    fn lose(&self, s: usize, n: usize, has_path: bool, sweep: &mut Sweep) {
        let message = &self.messages[n];
        let due = nanos(self.tempo.due(n));
        let (debts, at) = (&mut sweep.debts, &mut sweep.moments.at);
        let mut count = |debts: &mut u64, figure: Count| {
            *debts += 1;
            at[figure].include(due);
        };
        count(&mut debts.lost, Count::Lost);
        match message.answer {
            _ if !has_path => count(&mut debts.lost_handed, Count::LostHanded),
            Some(Answer::Confirmed) => count(&mut debts.lost_confirmed, Count::LostConfirmed),
            Some(Answer::Handed) => count(&mut debts.lost_handed, Count::LostHanded),
            Some(Answer::Refused) => count(&mut debts.lost_refused, Count::LostRefused),
            Some(Answer::Unknown) | None => count(&mut debts.lost_unknown, Count::LostUnknown),
        }
        if !has_path {
            count(&mut debts.lost_no_path, Count::LostNoPath);
        }
        let stay = self.subscribers[s].presence.at(message.sent_at);
        let online = stay.is_some_and(|stay| stay.online);
        match online {
            true => count(&mut debts.lost_online, Count::LostOnline),
            false => count(&mut debts.lost_offline, Count::LostOffline),
        }
        let belief = match has_path {
            true => {
                let (publisher, seq) = (self.plan.publisher(n), self.plan.seq(n));
                self.subscribers[s].belief(publisher, seq, message.sent_at)
            }
            // What the pattern has no path for, nobody is told of.
            false => Belief::Silent,
        };
        match belief {
            Belief::Told => count(&mut debts.lost_told, Count::LostTold),
            Belief::Silent => {
                count(&mut debts.lost_silent, Count::LostSilent);
                // Where nothing is ever answered, silence says nothing either.
                let answers = self.tally.answers.iter().any(|count| *count > 0);
                let sender_told = answers && !message.answer.is_some_and(Answer::is_ack);
                debts.lost_silent_sender_told += u64::from(sender_told && has_path);
            }
            Belief::Denied => {
                count(&mut debts.lost_silent, Count::LostSilent);
                // What a server never took, or took without a word, it may not have to bring.
                sweep.denied += u64::from(message.answer.is_some_and(Answer::is_ack));
            }
        }
        let away = self.was_away(s, n);
        if has_path && !away {
            sweep.harm.add(n, self.intended(n), self.intended(n));
            sweep.first_lost = Some(sweep.first_lost.map_or(n, |first| first.min(n)));
            sweep.lost_here += 1;
            sweep.mark_harmed(due);
        }
        if let Some(from) = sweep.inexcusable {
            let excused = !has_path || away || !online || message.answer == Some(Answer::Refused);
            sweep.trails[self.plan.publisher(n)].lost(due, from, excused);
        }
        if let Some(slice) = sweep.timeline.get_mut(slice_of(due)) {
            slice.lost += 1;
            slice.lost_by_node.resize(self.plan.nodes, 0);
            let by_node = stay.and_then(|stay| slice.lost_by_node.get_mut(stay.node as usize));
            by_node.into_iter().for_each(|lost| *lost += 1);
        }
    }
}
