//! The figures of a run: the model's, the ledger's, and what must hold among them.

use std::collections::BTreeMap;
use std::time::Duration;

use pubsub_lab::ledger::{Arrival, FaultTimes, Harness, Settled, judge};
use pubsub_lab::scenario::{Bound, Expectation, Whose};

use super::history::Event;
use super::model::Model;
use super::{BEGIN, whole_ms};

/// Figures by name; one that counts nothing is 0.
#[derive(Default)]
pub struct Figures(BTreeMap<&'static str, u64>);

impl Figures {
    pub fn add(&mut self, name: &'static str, count: u64) {
        *self.0.entry(name).or_default() += count;
    }

    pub fn messages(&mut self, model: &Model, ended: Duration) {
        let plan = model.plan;
        for n in 0..plan.messages {
            if model.sent(n).is_some() {
                self.add("due", 1);
                self.add("sent", 1);
                self.add(model.answer(n).0, 1);
                model.contradiction(n).into_iter().for_each(|contradiction| self.add(contradiction, 1));
            } else if model.intended(n) <= ended {
                self.add("due", 1);
                self.add("unsent", 1);
                let listens = |s: &usize| {
                    let came = model.first_subscribed(*s).is_some_and(|(_, at)| at <= model.intended(n));
                    plan.subscriber_room(*s) == plan.room(n) && came
                };
                self.add("unsent_debts", (0..plan.subscribers).filter(listens).count() as u64);
            }
        }
    }

    pub fn debt(&mut self, model: &Model, s: usize, n: usize) {
        let fate = model.fate(s, n);
        self.add("owed", 1);
        let live = fate.by(Arrival::Live);
        if let Some(first) = live.first() {
            self.add("delivered", 1);
            self.add("on_time_debts", u64::from(!model.is_late(n, first.at)));
            self.add("duplicates", live.len() as u64 - 1);
            self.add("reordered", u64::from(model.overtaken(s, *first)));
            self.add("live_again", u64::from(fate.first() != Some(*first)));
        } else if !fate.0.is_empty() {
            self.add("recovered", 1);
        } else {
            self.lost(model, s, n);
        }
        for round in fate.rounds() {
            let replayed = fate.by(Arrival::Replay { round });
            self.add("duplicates", replayed.len() as u64 - 1);
            self.add("replay_reordered", u64::from(model.overtaken(s, replayed[0])));
            self.add("held_again", u64::from(fate.first() != Some(replayed[0])));
            self.add("replay_after_live", u64::from(model.came_after_live(s, replayed[0])));
        }
        if !fate.0.is_empty() {
            self.add("refused_but_delivered", u64::from(model.answer(n).0 == "refused"));
            if live.is_empty() {
                self.add("recovered_us_count", 1);
            }
        }
    }

    pub fn lost(&mut self, model: &Model, s: usize, n: usize) {
        self.add("lost", 1);
        if model.has_path(s, n) {
            self.add(model.answer(n).1, 1);
        } else {
            self.add("lost_no_path", 1);
            self.add("lost_handed", 1);
        }
        let (_, sent_at) = model.sent(n).unwrap();
        let (_, online) = model.presence(s, sent_at).unwrap();
        self.add(if online { "lost_online" } else { "lost_offline" }, 1);
        self.add(if model.is_told(s, n) { "lost_told" } else { "lost_silent" }, 1);
        let in_silence = model.has_path(s, n) && !model.is_told(s, n) && !model.is_denied(s, n);
        let is_answered = |n: usize| model.sent(n).is_some() && !model.answers(n).is_empty();
        let sender_told = model.answer(n).0 != "acked" && (0..model.plan.messages).any(is_answered);
        self.add("lost_silent_sender_told", u64::from(in_silence && sender_told));
        self.add("denied", u64::from(model.is_denied(s, n) && model.answer(n).0 == "acked"));
    }

    pub fn odd(&mut self, model: &Model) {
        for event in model.events {
            match event {
                Event::Unexpected { at, .. } if *at < BEGIN => self.add("unexpected_before", 1),
                Event::Corrupted { at, .. } if *at < BEGIN => self.add("corrupted_before", 1),
                Event::Foreign { at, .. } if *at < BEGIN => self.add("foreign_before", 1),
                Event::Unexpected { .. } => self.add("unexpected", 1),
                Event::Corrupted { .. } => self.add("corrupted", 1),
                Event::Foreign { .. } => self.add("foreign", 1),
                _ => {}
            }
        }
        let receipts = (0..model.plan.subscribers).flat_map(|s| model.receipts(s));
        self.add("unexpected", receipts.filter(|receipt| model.sent(receipt.n).is_none()).count() as u64);
        let early = |(index, event): &(usize, &Event)| match event {
            Event::Received { s, n, at, .. } => {
                let came = model.first_subscribed(*s).is_some_and(|(first, _)| first < *index);
                came && *at < BEGIN && model.sent(*n).is_none()
            }
            _ => false,
        };
        self.add("unexpected_before", model.events.iter().enumerate().filter(early).count() as u64);
    }
}

pub const COUNTS: [&str; 40] = [
    "due",
    "sent",
    "unsent",
    "unsent_debts",
    "acked",
    "refused",
    "unknown",
    "owed",
    "delivered",
    "recovered",
    "on_time_debts",
    "recovered_us_count",
    "lost",
    "lost_confirmed",
    "lost_handed",
    "lost_refused",
    "lost_unknown",
    "lost_no_path",
    "lost_online",
    "lost_offline",
    "lost_told",
    "lost_silent",
    "lost_silent_sender_told",
    "denied",
    "duplicates",
    "held_again",
    "live_again",
    "replay_after_live",
    "reordered",
    "replay_reordered",
    "refused_but_delivered",
    "unexpected",
    "corrupted",
    "foreign",
    "unexpected_before",
    "corrupted_before",
    "foreign_before",
    "unknown_after_ack",
    "refused_after_ack",
    "ack_after_refused",
];

pub type Named = Vec<(&'static str, Option<u64>)>;

/// From when to when a run says that these figures, which should be 0, went wrong, in milliseconds.
pub fn when(settled: &Settled, figures: &[&str]) -> Vec<Option<(u64, u64)>> {
    let expectation = |figure: &&str| Expectation {
        whose: Whose::All,
        figure: (*figure).to_owned(),
        bound: Bound::Equal(0.0),
    };
    let expectations: Vec<_> = figures.iter().map(expectation).collect();
    let outcomes = judge(settled, &Harness::default(), &expectations).outcomes;
    outcomes.iter().map(|outcome| outcome.from_ms.zip(outcome.to_ms)).collect()
}

/// The model's figures.
pub fn expected(model: &Model, faults: &[FaultTimes], ended: Duration) -> Named {
    let mut figures = Figures::default();
    figures.messages(model, ended);
    figures.odd(model);
    let mut harms = Vec::new();
    for (s, n) in model.debts() {
        figures.debt(model, s, n);
        let first = model.fate(s, n).first();
        let excused = !model.has_path(s, n) || model.excused(s, n);
        if !excused && first.is_none_or(|first| model.is_late(n, first.at)) {
            harms.push((n, first.map_or(model.intended(n), |first| first.at)));
        }
    }
    for n in (0..model.plan.messages).filter(|n| model.sent(*n).is_none() && model.intended(*n) <= ended) {
        if (0..model.plan.subscribers).any(|s| model.missed(s, n)) {
            harms.push((n, model.intended(n)));
        }
    }
    let begin = harms.iter().map(|(n, _)| model.intended(*n)).min();
    let end = harms.iter().map(|(_, end)| *end).max();
    let to_the_end = harms.iter().any(|(n, _)| model.is_last(*n, ended));
    // A healing of which no message can tell: none was due after it had begun.
    let told = |heal: &Duration| {
        let due = |n: &usize| model.sent(*n).is_some() || model.intended(*n) <= ended;
        (0..model.plan.messages).filter(due).any(|n| model.plan.due(n) >= *heal)
    };
    let heal = faults.iter().filter(|fault| !fault.deliberate).filter_map(|fault| fault.heal_begin).max();
    let impact = begin.zip(end).map(|(begin, end)| whole_ms(end - begin));
    let recovered = heal.filter(|heal| !to_the_end && told(heal));
    let not_recovered = Some(u64::from(heal.is_some() && to_the_end));
    let recovery = end.zip(recovered).map(|(end, heal)| whole_ms(end.saturating_sub(BEGIN + heal)));
    let counts = COUNTS.map(|name| (name, Some(figures.0.get(name).copied().unwrap_or(0))));
    counts
        .into_iter()
        .chain([("impact_ms", impact), ("recovery_ms", recovery), ("not_recovered", not_recovered)])
        .collect()
}

/// The ledger's figures under the same names.
pub fn named(settled: &Settled) -> Named {
    let figure = |name: &'static str| match name {
        "unsent_debts" => Some(settled.counts.unsent_debts),
        "on_time_debts" => Some(settled.debts.on_time),
        "recovered_us_count" => Some(settled.recovered.len()),
        "lost_silent_sender_told" => Some(settled.debts.lost_silent_sender_told),
        "denied" => Some(settled.denied),
        "unexpected_before" => Some(settled.before.unexpected),
        "corrupted_before" => Some(settled.before.corrupted),
        "foreign_before" => Some(settled.before.foreign),
        "unknown_after_ack" => Some(settled.contradictions.unknown_after_ack),
        "refused_after_ack" => Some(settled.contradictions.refused_after_ack),
        "ack_after_refused" => Some(settled.contradictions.ack_after_refused),
        "not_recovered" => Some(u64::from(settled.times.not_recovered)),
        _ => settled.figure(name).map(|figure| figure.value() as u64),
    };
    COUNTS
        .into_iter()
        .chain(["impact_ms", "recovery_ms", "not_recovered"])
        .map(|name| (name, figure(name)))
        .collect()
}

/// What holds whatever happened.
pub fn invariants(settled: &Settled) {
    let (messages, debts, timeline) = (&settled.messages, &settled.debts, &settled.timeline);
    assert_eq!(messages.due, messages.sent + messages.unsent);
    assert_eq!(messages.sent, messages.acked + messages.refused + messages.unknown);
    assert_eq!(debts.delivered + debts.recovered + debts.lost, debts.owed);
    assert_eq!(
        debts.lost_confirmed + debts.lost_handed + debts.lost_refused + debts.lost_unknown,
        debts.lost
    );
    assert_eq!(debts.lost_online + debts.lost_offline, debts.lost);
    assert_eq!(debts.lost_told + debts.lost_silent, debts.lost);
    assert!(settled.denied <= debts.lost_silent);
    assert!(debts.lost_no_path <= debts.lost_handed);
    assert!(settled.debts.on_time <= debts.delivered);
    assert_eq!(debts.on_time_share().is_none(), debts.owed == 0);
    assert_eq!(settled.latency.len(), debts.delivered);
    assert_eq!(settled.service.len(), debts.delivered);
    assert_eq!(settled.recovered.len(), debts.recovered);
    assert_eq!(timeline.iter().map(|slice| slice.sent).sum::<u64>(), messages.sent);
    assert_eq!(timeline.iter().map(|slice| slice.delivered).sum::<u64>(), debts.delivered);
    assert_eq!(timeline.iter().map(|slice| slice.lost).sum::<u64>(), debts.lost);
}
