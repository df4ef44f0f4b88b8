//! A random history of events, told to the ledger and to a slow, obvious model: lists of events, and each debt
//! looked up in them from scratch. Every count must agree.

#![allow(clippy::unwrap_used, reason = "the model is test code, outside of the functions marked as tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use pubsub_lab::ledger::{
    Answer, Arrival, FaultTimes, Harness, Ledger, Path, Plan, Settled, StoppedPath, Surge, judge,
};
use pubsub_lab::scenario::{Bound, Expectation, Whose};

const BEGIN: Duration = Duration::from_millis(3_000);
const SECOND: Duration = Duration::from_secs(1);

/// What a client tells the ledger.
#[derive(Debug, Clone, Copy)]
enum Event {
    Sent { n: usize, node: usize, at: Duration },
    Answered { n: usize, answer: Answer },
    Subscribed { s: usize, node: usize, at: Duration },
    Closed { s: usize, at: Duration },
    Left { s: usize, at: Duration },
    Received { s: usize, n: usize, arrival: Arrival, at: Duration },
    Unexpected { s: usize, at: Duration },
    Corrupted { s: usize, at: Duration },
    Foreign { s: usize, at: Duration },
    Unverified { publisher: usize, s: usize },
}

impl Event {
    fn tell(self, ledger: &mut Ledger) {
        match self {
            Event::Sent { n, node, at } => ledger.sent(n, node, at),
            Event::Answered { n, answer } => ledger.answered(n, answer),
            Event::Subscribed { s, node, at } => ledger.subscribed(s, node, at),
            Event::Closed { s, at } => ledger.closed(s, at),
            Event::Left { s, at } => ledger.left(s, at),
            Event::Received { s, n, arrival, at } => ledger.received(s, n, arrival, at),
            Event::Unexpected { s, at } => ledger.unexpected(s, at),
            Event::Corrupted { s, at } => ledger.corrupted(s, at),
            Event::Foreign { s, at } => ledger.foreign(s, at),
            Event::Unverified { publisher, s } => ledger.unverified_path(publisher, s),
        }
    }

    /// Two events of one client keep their order; those of two clients may be told in any.
    fn same_client(self, other: Event, plan: &Plan) -> bool {
        let client = |event: Event| match event {
            Event::Sent { n, .. } | Event::Answered { n, .. } => (true, plan.publisher(n)),
            Event::Subscribed { s, .. } | Event::Closed { s, .. } | Event::Received { s, .. } => (false, s),
            Event::Left { s, .. } => (false, s),
            Event::Unexpected { s, .. } | Event::Corrupted { s, .. } | Event::Foreign { s, .. } => (false, s),
            Event::Unverified { s, .. } => (false, s),
        };
        client(self) == client(other)
    }
}

/// What the dice say; [`history`] makes events of it that could have happened.
#[derive(Debug, Clone, Copy)]
enum Dice {
    Wait { ms: u64 },
    Send { which: usize, node: usize },
    Answer { which: usize, answer: Answer },
    Subscribe { s: usize, node: usize },
    Close { s: usize },
    Leave { s: usize },
    Receive { s: usize, which: usize, replay: bool },
    NextReplay { s: usize },
    MakeUp { s: usize, which: usize },
    Odd { s: usize, kind: u8 },
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![Just(Answer::Confirmed), Just(Answer::Handed), Just(Answer::Refused), Just(Answer::Unknown)]
}

fn dice() -> impl Strategy<Value = Dice> {
    let one = || 0..1_000usize;
    prop_oneof![
        6 => (0..600u64).prop_map(|ms| Dice::Wait { ms }),
        8 => (one(), one()).prop_map(|(which, node)| Dice::Send { which, node }),
        5 => (one(), answers()).prop_map(|(which, answer)| Dice::Answer { which, answer }),
        3 => (one(), one()).prop_map(|(s, node)| Dice::Subscribe { s, node }),
        2 => one().prop_map(|s| Dice::Close { s }),
        2 => one().prop_map(|s| Dice::Leave { s }),
        20 => (one(), one(), any::<bool>()).prop_map(|(s, which, replay)| Dice::Receive { s, which, replay }),
        2 => one().prop_map(|s| Dice::NextReplay { s }),
        1 => (one(), one()).prop_map(|(s, which)| Dice::MakeUp { s, which }),
        1 => (one(), 0..4u8).prop_map(|(s, kind)| Dice::Odd { s, kind }),
    ]
}

/// Any numbers in any order: clients and messages that do not exist, receipts long before their sending.
fn absurd() -> impl Strategy<Value = Event> {
    let at = || prop_oneof![20 => (0..12_000u64).prop_map(Duration::from_millis), 1 => Just(Duration::MAX)];
    let (s, n, node) = (|| 0..8usize, || 0..40usize, || 0..4usize);
    let arrival = prop_oneof![Just(Arrival::Live), (0..3u32).prop_map(|round| Arrival::Replay { round })];
    prop_oneof![
        3 => (n(), node(), at()).prop_map(|(n, node, at)| Event::Sent { n, node, at }),
        1 => (n(), answers()).prop_map(|(n, answer)| Event::Answered { n, answer }),
        2 => (s(), node(), at()).prop_map(|(s, node, at)| Event::Subscribed { s, node, at }),
        1 => (s(), at()).prop_map(|(s, at)| Event::Closed { s, at }),
        1 => (s(), at()).prop_map(|(s, at)| Event::Left { s, at }),
        6 => (s(), n(), arrival, at()).prop_map(|(s, n, arrival, at)| Event::Received { s, n, arrival, at }),
    ]
}

fn plans() -> impl Strategy<Value = Plan> {
    let counts = (1..4usize, 0..6usize, 1..4usize, 1..3usize);
    (counts, 2..40u32, prop::collection::vec(surges(), 0..3), 0..30usize, any::<bool>()).prop_map(
        |((publishers, subscribers, nodes, rooms), rate, surges, messages, crosses_nodes)| {
            let rate = f64::from(rate);
            Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
        },
    )
}

fn surges() -> impl Strategy<Value = Surge> {
    (0..3_000u64, 1..2_000u64, 1..32u32).prop_map(|(from, length, factor)| Surge {
        from: Duration::from_millis(from),
        until: Duration::from_millis(from + length),
        factor: f64::from(factor) / 4.0,
    })
}

fn faults() -> impl Strategy<Value = FaultTimes> {
    (0..2_000u64, prop::option::of(0..2_000u64), 0..500u64, any::<bool>()).prop_map(
        |(begin, heal_after, ready_after, deliberate)| {
            let heal_begin = heal_after.map(|after| Duration::from_millis(begin + after));
            let healed = heal_begin.map(|heal| heal + Duration::from_millis(ready_after));
            let what = if deliberate { "leave 50% of the subscribers" } else { "kill broker" }.into();
            FaultTimes { what, begin: Duration::from_millis(begin), heal_begin, healed, deliberate }
        },
    )
}

/// Every seventh message is never sent, so that a server can make it up.
fn made_up(n: usize) -> bool {
    n % 7 == 5
}

/// Events in their order of time, and when they end. What is received was sent before, or is never sent.
fn history(plan: &Plan, dice: &[Dice]) -> (Vec<Event>, Duration) {
    let mut now = BEGIN.saturating_sub(Duration::from_millis(500));
    let mut rounds = vec![0; plan.subscribers];
    let mut sent: Vec<usize> = Vec::new();
    let mut events = Vec::new();
    let subscriber = |s: usize| s.checked_rem(plan.subscribers);
    let message = |n: usize| n.checked_rem(plan.messages);
    for die in dice {
        let event = match *die {
            Dice::Wait { ms } => {
                now += Duration::from_millis(ms);
                None
            }
            Dice::Send { which, node } => message(which).filter(|n| !made_up(*n) && now >= BEGIN).map(|n| {
                sent.push(n);
                Event::Sent { n, node: node % plan.nodes, at: now }
            }),
            Dice::Answer { which, answer } => {
                which.checked_rem(sent.len()).map(|i| Event::Answered { n: sent[i], answer })
            }
            Dice::Subscribe { s, node } => {
                subscriber(s).map(|s| Event::Subscribed { s, node: node % plan.nodes, at: now })
            }
            Dice::Close { s } => subscriber(s).map(|s| Event::Closed { s, at: now }),
            Dice::Leave { s } => subscriber(s).map(|s| Event::Left { s, at: now }),
            Dice::NextReplay { s } => {
                subscriber(s).into_iter().for_each(|s| rounds[s] += 1);
                None
            }
            Dice::Receive { s, which, replay } => subscriber(s).and_then(|s| {
                // Nothing arrives at the very instant of its sending; other events may share one.
                now += Duration::from_nanos(1);
                let own: Vec<_> =
                    sent.iter().copied().filter(|n| plan.room(*n) == plan.subscriber_room(s)).collect();
                let arrival = if replay { Arrival::Replay { round: rounds[s] } } else { Arrival::Live };
                which.checked_rem(own.len()).map(|i| Event::Received { s, n: own[i], arrival, at: now })
            }),
            Dice::MakeUp { s, which } => subscriber(s).zip(message(which)).and_then(|(s, n)| {
                let fits = made_up(n) && plan.room(n) == plan.subscriber_room(s);
                fits.then_some(Event::Received { s, n, arrival: Arrival::Live, at: now })
            }),
            Dice::Odd { s, kind } => subscriber(s).map(|s| match kind {
                0 => Event::Unexpected { s, at: now },
                1 => Event::Corrupted { s, at: now },
                2 => Event::Foreign { s, at: now },
                _ => Event::Unverified { publisher: s % plan.publishers, s },
            }),
        };
        events.extend(event);
    }
    (events, now)
}

/// Tells some events later than others that happened after them: tasks race for the ledger.
fn race(events: &mut [Event], plan: &Plan, swaps: &[bool]) {
    for (round, swap) in swaps.iter().enumerate() {
        let i = round % events.len().max(1);
        if *swap && i + 1 < events.len() && !events[i].same_client(events[i + 1], plan) {
            events.swap(i, i + 1);
        }
    }
}

/// The slow, obvious model: everything is looked up in the list.
struct Model<'a> {
    plan: &'a Plan,
    events: &'a [Event],
}

/// One receipt, and where it stands in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Receipt {
    index: usize,
    n: usize,
    arrival: Arrival,
    at: Duration,
}

/// Every receipt of one debt, in order.
struct Fate(Vec<Receipt>);

impl Fate {
    fn first(&self) -> Option<Receipt> {
        self.0.first().copied()
    }

    fn by(&self, way: Arrival) -> Vec<Receipt> {
        self.0.iter().copied().filter(|receipt| receipt.arrival == way).collect()
    }

    fn rounds(&self) -> BTreeSet<u32> {
        let round = |receipt: &Receipt| match receipt.arrival {
            Arrival::Replay { round } => Some(round),
            Arrival::Live => None,
        };
        self.0.iter().filter_map(round).collect()
    }
}

impl Model<'_> {
    fn sent(&self, wanted: usize) -> Option<(usize, Duration)> {
        self.events.iter().find_map(|event| match event {
            Event::Sent { n, node, at } if *n == wanted => Some((*node, *at)),
            _ => None,
        })
    }

    /// What the message counts as, and what a lost debt of it counts as.
    fn answer(&self, wanted: usize) -> (&'static str, &'static str) {
        let last = self.events.iter().rev().find_map(|event| match event {
            Event::Answered { n, answer } if *n == wanted => Some(*answer),
            _ => None,
        });
        match last {
            Some(Answer::Confirmed) => ("acked", "lost_confirmed"),
            Some(Answer::Handed) => ("acked", "lost_handed"),
            Some(Answer::Refused) => ("refused", "lost_refused"),
            Some(Answer::Unknown) | None => ("unknown", "lost_unknown"),
        }
    }

    fn first_subscribed(&self, wanted: usize) -> Option<(usize, Duration)> {
        self.events.iter().enumerate().find_map(|(i, event)| match event {
            Event::Subscribed { s, at, .. } if *s == wanted => Some((i, *at)),
            _ => None,
        })
    }

    /// The node where a subscriber was at a moment, or was last, and whether it was online.
    fn presence(&self, wanted: usize, moment: Duration) -> Option<(usize, bool)> {
        let mut presence = None;
        for event in self.events {
            match event {
                Event::Subscribed { s, node, at } if *s == wanted && *at <= moment => {
                    presence = Some((*node, true));
                }
                Event::Closed { s, at } | Event::Left { s, at } if *s == wanted && *at <= moment => {
                    presence = presence.map(|(node, _)| (node, false));
                }
                _ => {}
            }
        }
        presence
    }

    /// Whether the last that a subscriber did before a moment, of coming and leaving on purpose, was to leave.
    fn away(&self, wanted: usize, moment: Duration) -> bool {
        let last = self.events.iter().rev().find(|event| match event {
            Event::Subscribed { s, at, .. } | Event::Left { s, at } => *s == wanted && *at <= moment,
            _ => false,
        });
        matches!(last, Some(Event::Left { .. }))
    }

    /// Whether a subscriber was away on purpose when a message was sent, or left before that could be late.
    fn excused(&self, wanted: usize, n: usize) -> bool {
        let (_, sent_at) = self.sent(n).unwrap();
        let late = self.intended(n) + SECOND;
        let leaves = |event: &Event| match event {
            Event::Left { s, at } => *s == wanted && *at > sent_at && *at <= late,
            _ => false,
        };
        self.away(wanted, sent_at) || self.events.iter().any(leaves)
    }

    /// What a subscriber received, from its first `subscribed` on.
    fn receipts(&self, wanted: usize) -> Vec<Receipt> {
        let first = self.first_subscribed(wanted).map_or(usize::MAX, |(i, _)| i);
        let receipt = |(index, event): (usize, &Event)| match event {
            Event::Received { s, n, arrival, at } if *s == wanted && index > first => {
                Some(Receipt { index, n: *n, arrival: *arrival, at: *at })
            }
            _ => None,
        };
        self.events.iter().enumerate().filter_map(receipt).collect()
    }

    fn fate(&self, s: usize, n: usize) -> Fate {
        Fate(self.receipts(s).into_iter().filter(|receipt| receipt.n == n).collect())
    }

    /// Whether something of the same publisher with a higher sequence came before, in the same way.
    fn overtaken(&self, s: usize, receipt: Receipt) -> bool {
        let (publisher, seq) = (self.plan.publisher(receipt.n), self.plan.seq(receipt.n));
        self.receipts(s).into_iter().any(|other| {
            let before = other.index < receipt.index && other.arrival == receipt.arrival;
            before && self.plan.publisher(other.n) == publisher && self.plan.seq(other.n) > seq
        })
    }

    fn intended(&self, n: usize) -> Duration {
        BEGIN + self.plan.due(n)
    }

    fn is_late(&self, n: usize, at: Duration) -> bool {
        at.saturating_sub(self.intended(n)) > SECOND
    }

    fn debts(&self) -> Vec<(usize, usize)> {
        let all = (0..self.plan.subscribers).flat_map(|s| (0..self.plan.messages).map(move |n| (s, n)));
        let owed = |(s, n): &(usize, usize)| {
            let since = self.first_subscribed(*s).map(|(_, at)| at);
            let sent = self.sent(*n).map(|(_, at)| at);
            let hears = self.plan.room(*n) == self.plan.subscriber_room(*s);
            hears && matches!((since, sent), (Some(since), Some(at)) if at >= since)
        };
        all.filter(owed).collect()
    }

    fn has_path(&self, s: usize, n: usize) -> bool {
        let (from, at) = self.sent(n).unwrap();
        self.plan.crosses_nodes || self.presence(s, at).unwrap().0 == from
    }

    /// The debts that are worth waiting for, and those of them that are overdue.
    fn waiting(&self, now: Duration) -> (u64, u64) {
        let unpaid = |(s, n): &(usize, usize)| self.has_path(*s, *n) && self.fate(*s, *n).first().is_none();
        let unpaid: Vec<_> = self.debts().into_iter().filter(unpaid).collect();
        let overdue = unpaid.iter().filter(|(_, n)| self.is_late(*n, now)).count();
        (unpaid.len() as u64, overdue as u64)
    }

    /// Whether a debt was never received.
    fn is_lost(&self, s: usize, n: usize) -> bool {
        self.fate(s, n).first().is_none()
    }

    /// Whether somebody else than the path is to blame for a lost debt.
    fn has_excuse(&self, s: usize, n: usize, from: Duration) -> bool {
        let (_, sent_at) = self.sent(n).unwrap();
        let offline = !self.presence(s, sent_at).unwrap().1;
        let refused = self.answer(n).0 == "refused";
        let early = self.plan.due(n) < from;
        early || offline || refused || !self.has_path(s, n) || self.excused(s, n)
    }

    /// The paths over which from some moment on nothing came any more, and that moment.
    fn stopped(&self, faults: &[FaultTimes]) -> Vec<StoppedPath> {
        let broken = || faults.iter().filter(|fault| !fault.deliberate);
        if broken().any(|fault| fault.healed.is_none()) {
            return vec![];
        }
        let from = broken().filter_map(|fault| fault.healed).max().unwrap_or_default() + SECOND;
        let mut stopped = Vec::new();
        let unverified = self.unverified();
        for (publisher, subscriber) in
            (0..self.plan.publishers).flat_map(|p| (0..self.plan.subscribers).map(move |s| (p, s)))
        {
            let all = self
                .debts()
                .into_iter()
                .filter(|(s, n)| *s == subscriber && self.plan.publisher(*n) == publisher);
            let all: Vec<usize> = all.map(|(_, n)| n).collect();
            // Letters: what came, what was lost with an excuse, and what without one.
            let letter = |n: &usize| match () {
                () if !self.is_lost(subscriber, *n) => 'c',
                () if self.has_excuse(subscriber, *n, from) => 'e',
                () => 'l',
            };
            let word: String = all.iter().map(letter).collect();
            let after = word.rfind('c').map_or(0, |last| last + 1);
            let (before, tail) = word.split_at(after);
            let row = tail.len() - tail.rfind('e').map_or(0, |last| last + 1);
            // The rows that ended with something that came.
            let rows = before.split('c').rev().skip(1).map(|lost| lost.rsplit('e').next().unwrap().len());
            let longest = rows.max().unwrap_or(0);
            if row < 3 || row < 2 * longest || unverified.contains(&Path { publisher, subscriber }) {
                continue;
            }
            let (first, last) = (self.plan.due(all[all.len() - row]), self.plan.due(all[all.len() - 1]));
            let receipts = self.receipts(subscriber).into_iter();
            let heard = receipts.filter(|receipt| self.plan.publisher(receipt.n) == publisher).next_back();
            let silent = heard.is_none_or(|heard| heard.at < BEGIN + last);
            if last - first >= SECOND && silent {
                let since_ms = whole_ms(self.plan.due(all[after]));
                stopped.push(StoppedPath { publisher, subscriber, since_ms });
            }
        }
        stopped.sort_by_key(|path| (path.since_ms, path.publisher, path.subscriber));
        stopped
    }

    /// From when to when these debts were due.
    fn due_span(&self, which: impl Fn(usize, usize) -> bool) -> Option<(Duration, Duration)> {
        let due = self.debts().into_iter().filter(|(s, n)| which(*s, *n)).map(|(_, n)| self.plan.due(n));
        let due: Vec<_> = due.collect();
        due.iter().min().copied().zip(due.iter().max().copied())
    }

    fn unverified(&self) -> Vec<Path> {
        let path = |event: &Event| match event {
            Event::Unverified { publisher, s } => Some(Path { publisher: *publisher, subscriber: *s }),
            _ => None,
        };
        self.events.iter().filter_map(path).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Figures by name; one that counts nothing is 0.
#[derive(Default)]
struct Figures(BTreeMap<&'static str, u64>);

impl Figures {
    fn add(&mut self, name: &'static str, count: u64) {
        *self.0.entry(name).or_default() += count;
    }

    fn messages(&mut self, model: &Model, ended: Duration) {
        let plan = model.plan;
        for n in 0..plan.messages {
            if model.sent(n).is_some() {
                self.add("due", 1);
                self.add("sent", 1);
                self.add(model.answer(n).0, 1);
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

    fn debt(&mut self, model: &Model, s: usize, n: usize) {
        let fate = model.fate(s, n);
        self.add("owed", 1);
        let live = fate.by(Arrival::Live);
        if let Some(first) = live.first() {
            self.add("delivered", 1);
            self.add("on_time_debts", u64::from(!model.is_late(n, first.at)));
            self.add("duplicates", live.len() as u64 - 1);
            self.add("reordered", u64::from(model.overtaken(s, *first)));
        } else if !fate.0.is_empty() {
            self.add("recovered", 1);
        } else {
            self.lost(model, s, n);
        }
        for round in fate.rounds() {
            let replayed = fate.by(Arrival::Replay { round });
            self.add("duplicates", replayed.len() as u64 - 1);
            self.add("replay_reordered", u64::from(model.overtaken(s, replayed[0])));
        }
        if let Some(first) = fate.first() {
            self.add("refused_but_delivered", u64::from(model.answer(n).0 == "refused"));
            self.add("first_by_replay", u64::from(first.arrival != Arrival::Live));
        }
    }

    fn lost(&mut self, model: &Model, s: usize, n: usize) {
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
    }

    fn odd(&mut self, model: &Model) {
        for event in model.events {
            match event {
                Event::Unexpected { .. } => self.add("unexpected", 1),
                Event::Corrupted { .. } => self.add("corrupted", 1),
                Event::Foreign { .. } => self.add("foreign", 1),
                _ => {}
            }
        }
        let receipts = (0..model.plan.subscribers).flat_map(|s| model.receipts(s));
        self.add("unexpected", receipts.filter(|receipt| model.sent(receipt.n).is_none()).count() as u64);
    }
}

const COUNTS: [&str; 27] = [
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
    "first_by_replay",
    "lost",
    "lost_confirmed",
    "lost_handed",
    "lost_refused",
    "lost_unknown",
    "lost_no_path",
    "lost_online",
    "lost_offline",
    "duplicates",
    "reordered",
    "replay_reordered",
    "refused_but_delivered",
    "unexpected",
    "corrupted",
    "foreign",
];

type Named = Vec<(&'static str, Option<u64>)>;

fn whole_ms(time: Duration) -> u64 {
    (time.as_secs_f64() * 1_000.0).round() as u64
}

/// From when to when a run says that these figures, which should be 0, went wrong, in milliseconds.
fn when(settled: &Settled, figures: &[&str]) -> Vec<Option<(u64, u64)>> {
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
fn expected(model: &Model, faults: &[FaultTimes], ended: Duration) -> Named {
    let mut figures = Figures::default();
    figures.messages(model, ended);
    figures.odd(model);
    let mut harms = Vec::new();
    for (s, n) in model.debts() {
        figures.debt(model, s, n);
        let first = model.fate(s, n).first();
        let excused = !model.has_path(s, n) || model.excused(s, n);
        if !excused && first.is_none_or(|first| model.is_late(n, first.at)) {
            harms.push((model.intended(n), first.map_or(model.intended(n), |first| first.at)));
        }
    }
    let begin = harms.iter().map(|(intended, _)| *intended).min();
    let end = harms.iter().map(|(_, end)| *end).max();
    let heal = faults.iter().filter(|fault| !fault.deliberate).filter_map(|fault| fault.heal_begin).max();
    let impact = begin.zip(end).map(|(begin, end)| whole_ms(end - begin));
    let recovery = end.zip(heal).map(|(end, heal)| whole_ms(end.saturating_sub(BEGIN + heal)));
    let counts = COUNTS.map(|name| (name, Some(figures.0.get(name).copied().unwrap_or(0))));
    counts.into_iter().chain([("impact_ms", impact), ("recovery_ms", recovery)]).collect()
}

/// The ledger's figures under the same names.
fn named(settled: &Settled) -> Named {
    let figure = |name: &'static str| match name {
        "unsent_debts" => Some(settled.unsent_debts),
        "on_time_debts" => Some(settled.on_time),
        "first_by_replay" => Some(settled.recovered.len()),
        _ => settled.figure(name).map(|figure| figure.value() as u64),
    };
    COUNTS.into_iter().chain(["impact_ms", "recovery_ms"]).map(|name| (name, figure(name))).collect()
}

/// What holds whatever happened.
fn invariants(settled: &Settled) {
    let (messages, debts, timeline) = (&settled.messages, &settled.debts, &settled.timeline);
    assert_eq!(messages.due, messages.sent + messages.unsent);
    assert_eq!(messages.sent, messages.acked + messages.refused + messages.unknown);
    assert_eq!(debts.delivered + debts.recovered + debts.lost, debts.owed);
    assert_eq!(
        debts.lost_confirmed + debts.lost_handed + debts.lost_refused + debts.lost_unknown,
        debts.lost
    );
    assert_eq!(debts.lost_online + debts.lost_offline, debts.lost);
    assert!(debts.lost_no_path <= debts.lost_handed);
    assert!(settled.on_time <= debts.delivered);
    assert_eq!(debts.on_time.is_none(), debts.owed == 0);
    assert_eq!(settled.latency.len(), debts.delivered);
    assert_eq!(settled.service.len(), debts.delivered);
    assert_eq!(timeline.iter().map(|slice| slice.sent).sum::<u64>(), messages.sent);
    assert_eq!(timeline.iter().map(|slice| slice.delivered).sum::<u64>(), debts.delivered);
    assert_eq!(timeline.iter().map(|slice| slice.lost).sum::<u64>(), debts.lost);
}

/// Everything is sent when it is due, and received at once: but from its stop on nothing comes over a path, some is
/// lost anyway, some refused, and a subscriber may be gone for a while.
fn stopping(
    plan: &Plan,
    stops: &[usize],
    lost: &[u8],
    refused: &[u8],
    gone: &[(usize, usize)],
) -> Vec<Event> {
    let at = |n: usize| BEGIN + plan.due(n);
    let one = |list: &[u8], i: usize| i.checked_rem(list.len()).is_some_and(|i| list[i] == 0);
    let mut events: Vec<(Duration, Event)> = Vec::new();
    for s in 0..plan.subscribers {
        let node = plan.subscriber_node(s);
        events.push((BEGIN, Event::Subscribed { s, node, at: BEGIN }));
        if let Some((from, length)) = gone.get(s).filter(|(_, length)| *length > 0) {
            let back = at(from + length);
            events.push((at(*from), Event::Closed { s, at: at(*from) }));
            events.push((back, Event::Subscribed { s, node, at: back }));
        }
    }
    for n in 0..plan.messages {
        let publisher = plan.publisher(n);
        events.push((at(n), Event::Sent { n, node: plan.publisher_node(publisher), at: at(n) }));
        let answer = if one(refused, n) { Answer::Refused } else { Answer::Handed };
        events.push((at(n), Event::Answered { n, answer }));
        for s in 0..plan.subscribers {
            let path = publisher * plan.subscribers + s;
            let comes = n < stops[path % stops.len()] && !one(lost, n * plan.subscribers + s);
            if comes && plan.room(n) == plan.subscriber_room(s) {
                let at = at(n) + Duration::from_millis(5);
                events.push((at, Event::Received { s, n, arrival: Arrival::Live, at }));
            }
        }
    }
    events.sort_by_key(|(at, _)| *at);
    events.into_iter().map(|(_, event)| event).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_find_the_same_paths_that_stopped(
        plan in plans(),
        messages in 40..80usize,
        stops in prop::collection::vec(20..120usize, 1..6),
        lost in prop::collection::vec(0..6u8, 0..50),
        refused in prop::collection::vec(0..40u8, 0..80),
        gone in prop::collection::vec((0..60usize, 0..30usize), 0..3),
        faults in prop::collection::vec(faults(), 0..2),
    ) {
        let plan = Plan { messages, rate: 6.0, surges: vec![], ..plan };
        let events = stopping(&plan, &stops, &lost, &refused, &gone);
        let mut ledger = Ledger::new(plan.clone());
        ledger.begin(BEGIN);
        events.iter().for_each(|event| event.tell(&mut ledger));
        let settled = ledger.settle(&faults, BEGIN + Duration::from_secs(60));
        let model = Model { plan: &plan, events: &events };
        prop_assert_eq!(&settled.stopped_paths, &model.stopped(&faults));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_and_a_slow_obvious_model_agree(
        plan in plans(),
        dice in prop::collection::vec(dice(), 0..160),
        swaps in prop::collection::vec(any::<bool>(), 0..400),
        faults in prop::collection::vec(faults(), 0..3),
        rest in 0..3_000u64,
    ) {
        let (mut events, now) = history(&plan, &dice);
        race(&mut events, &plan, &swaps);
        let mut ledger = Ledger::new(plan.clone());
        ledger.begin(BEGIN);
        for (told, event) in events.iter().enumerate() {
            event.tell(&mut ledger);
            // The running figures, every now and then: after each event it would take minutes.
            if told % 32 == 20 {
                let model = Model { plan: &plan, events: &events[..=told] };
                let progress = ledger.progress(now);
                prop_assert_eq!((ledger.outstanding(), progress.missing), model.waiting(now));
                prop_assert_eq!(progress.owed, model.debts().len() as u64);
            }
        }
        let ended = now + Duration::from_millis(rest);
        let model = Model { plan: &plan, events: &events };
        let settled = ledger.settle(&faults, ended);
        invariants(&settled);
        prop_assert_eq!(named(&settled), expected(&model, &faults, ended));
        prop_assert_eq!(&settled.unverified_paths, &model.unverified());
        prop_assert_eq!(&settled.stopped_paths, &model.stopped(&faults));
        let ms = |(from, to): (Duration, Duration)| (from.as_millis() as u64, to.as_millis() as u64);
        let spans = [
            model.due_span(|s, n| model.is_lost(s, n) && !model.has_path(s, n)).map(ms),
            model.due_span(|s, n| model.fate(s, n).by(Arrival::Live).is_empty() && !model.is_lost(s, n)).map(ms),
            model.due_span(|s, n| !model.is_lost(s, n) && model.answer(n).0 == "refused").map(ms),
        ];
        prop_assert_eq!(when(&settled, &["lost_no_path", "recovered", "refused_but_delivered"]), spans);

        let progress = ledger.progress(ended);
        prop_assert_eq!((ledger.outstanding(), progress.missing), model.waiting(ended));
        prop_assert_eq!(progress.delivered, settled.debts.delivered);
        prop_assert_eq!(progress.recovered, settled.debts.recovered);
        let due = (0..plan.messages).filter(|n| model.intended(*n) <= ended).count();
        prop_assert_eq!(progress.due, due as u64);
    }

    #[test]
    fn no_history_however_absurd_breaks_the_sums(
        plan in plans(),
        events in prop::collection::vec(absurd(), 0..200),
        ended in 0..20_000u64,
    ) {
        let mut ledger = Ledger::new(plan);
        ledger.begin(BEGIN);
        events.iter().for_each(|event| event.tell(&mut ledger));
        invariants(&ledger.settle(&[], Duration::from_millis(ended)));
        let _ = ledger.progress(Duration::from_millis(ended));
    }
}
