//! What the load generator knows: who was owed which message, and what became of each debt.
//!
//! Pure: events in, counts and a verdict out. No tokio, no clock, no sockets. Every time is a [`Duration`]
//! since the run's own zero.
//!
//! A message makes one debt for each subscriber of its room, if it was sent at or after that subscriber's first
//! `subscribed`. At the end a debt is *delivered* (received live), *recovered* (received only by replay) or
//! *lost*. What the words leave open is decided so:
//!
//! - The events of one client come in their order of time; those of different clients may be told in any order.
//!   So a receipt may be told before the sending. What was never sent by the end was *unexpected*.
//! - A message that was sent before a subscriber's first `subscribed` is not owed to it. Receiving it is neither
//!   a delivery nor an error, and whatever comes before the first `subscribed` counts nowhere.
//! - Each further copy is a duplicate: three live copies are two duplicates.
//! - A debt that is received by replay first and live later is delivered. Its latency counts from the live
//!   receipt, its harm from the first one.
//! - A lost debt without a path counts as `lost_handed` whatever its message's answer was: nobody promised it.
//! - Online and path are looked at when the message was first sent; a resend changes neither.
//! - A debt whose message was sent while its subscriber was away on purpose, or whose subscriber left on purpose
//!   within a second of the intended send time, is in every count, and in no harm.
//! - A path that carries nothing from some moment to the end of the schedule, and has no excuse, has stopped; that
//!   violates, whatever was expected. What excuses it stands in `stopped`.
//! - Where in time a count went wrong: at the intended times of messages and debts, at the receipts of what is odd
//!   about a receipt.

mod account;
mod chronicle;
mod debt;
mod early;
mod expected;
mod fan_out;
mod figure;
mod harness;
mod histogram;
mod judge;
mod moments;
mod outcome;
mod phase;
mod plan;
mod presence;
mod progress;
mod settle;
mod settled;
mod span;
mod sparse;
mod stopped;
mod subscriber;
mod tempo;
mod testimony;
mod timeline;
mod witness;

#[cfg(test)]
mod moments_tests;
#[cfg(test)]
mod stopped_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod witness_tests;

use std::collections::BTreeSet;
use std::time::Duration;

use hdrhistogram::Histogram;

use early::{Early, EarlyReceipts};
use fan_out::FanOut;
use moments::Seen;
use span::Span;
use subscriber::Subscriber;
use timeline::Timeline;
use witness::Witness;

pub use figure::{Figure, grouped};
pub use harness::Harness;
pub use histogram::micros_histogram;
pub use judge::{Judgement, Verdict, judge};
pub use outcome::Outcome;
pub use phase::{Interval, Phase};
pub use plan::Plan;
pub use progress::Progress;
pub use settled::{Debts, Messages, Path, Settled};
pub use stopped::StoppedPath;
pub use tempo::{Surge, Tempo};
pub use testimony::{Fate, Receipt, Testimonies, Testimony};
pub use timeline::Slice;

/// A debt that is received later than this after its intended send time is not on time, and is harmed.
pub const ON_TIME: Duration = Duration::from_secs(1);
const ON_TIME_NANOS: u64 = 1_000_000_000;

/// What a node said about a publish. The last answer wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The broker wrote it down durably.
    Confirmed,
    /// The broker, or the socket, took it. Nothing more is promised.
    Handed,
    /// Certainly not sent.
    Refused,
    /// Perhaps sent. No answer by the end counts as this.
    Unknown,
}

/// How a message came to a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// As it was said.
    Live,
    /// Out of the history.
    Replay {
        /// Which replay of this subscriber, counted up.
        round: u32,
    },
}

/// When a fault struck and was healed, since the measured load began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultTimes {
    /// As the scenario words it: `kill broker`, `leave 50% of the subscribers`.
    pub what: String,
    /// It struck.
    pub begin: Duration,
    /// Healing began; `None` if it was never healed.
    pub heal_begin: Option<Duration>,
    /// The target was ready again; of subscribers: all of them were subscribed.
    pub healed: Option<Duration>,
    /// Subscribers left or joined on purpose: nothing broke, so that its end heals nothing.
    pub deliberate: bool,
}

/// Not sent, so far.
const NEVER: u64 = u64::MAX;

#[derive(Debug, Clone, Copy)]
struct Message {
    /// Nanoseconds since the run's zero, or [`NEVER`].
    sent_at: u64,
    /// The node of its publisher when it was first sent.
    node: u32,
    answer: Option<Answer>,
    /// Some receipt of it was told before its sending.
    early: bool,
}

impl Message {
    fn sent(&self) -> bool {
        self.sent_at != NEVER
    }
}

/// What is counted as it happens.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    sent: u64,
    /// Of the messages sent, by [`Answer`].
    answers: [u64; 4],
    owed: u64,
    delivered: u64,
    recovered: u64,
    on_time: u64,
    outstanding: u64,
    duplicates: u64,
    reordered: u64,
    replay_reordered: u64,
    unexpected: u64,
    corrupted: u64,
    foreign: u64,
}

/// Who was owed which message, and what became of each debt. Costs one byte a debt.
#[derive(Debug)]
pub struct Ledger {
    plan: Plan,
    /// The plan's, built once: each receipt asks when its message was due.
    tempo: Tempo,
    begin: Option<u64>,
    /// The latest sending told so far.
    latest_sent: Option<u64>,
    messages: Vec<Message>,
    /// For each message, the debts that are worth waiting for and not yet paid.
    unpaid: Vec<u32>,
    /// For each message, how far apart its recipients are.
    fan_out: Vec<FanOut>,
    subscribers: Vec<Subscriber>,
    /// For each room, its subscribers.
    rooms: Vec<Vec<usize>>,
    early: EarlyReceipts,
    counts: Counts,
    seen: Seen,
    /// From the first harmed intended send time to the end of the last harm, in nanoseconds since the run's zero.
    harm: Span,
    timeline: Timeline,
    latency: Histogram<u64>,
    service: Histogram<u64>,
    recovered: Histogram<u64>,
    unverified: BTreeSet<Path>,
    witness: Witness,
}

impl Ledger {
    /// An empty ledger. Everything a receipt needs is allocated here.
    pub fn new(plan: Plan) -> Self {
        let mut rooms = vec![Vec::new(); plan.rooms];
        for s in plan.all_subscribers() {
            rooms[plan.subscriber_room(s)].push(s);
        }
        let tempo = plan.tempo();
        let message = Message { sent_at: NEVER, node: 0, answer: None, early: false };
        Self {
            begin: None,
            latest_sent: None,
            messages: vec![message; plan.messages],
            unpaid: vec![0; plan.messages],
            fan_out: vec![FanOut::NOBODY; plan.messages],
            subscribers: plan.all_subscribers().map(|s| Subscriber::new(&plan, s)).collect(),
            rooms,
            early: EarlyReceipts::default(),
            counts: Counts::default(),
            seen: Seen::default(),
            harm: Span::default(),
            timeline: Timeline::new(plan.messages.checked_sub(1).map(|last| nanos(tempo.due(last)))),
            latency: micros_histogram(),
            service: micros_histogram(),
            recovered: micros_histogram(),
            unverified: BTreeSet::new(),
            witness: Witness::new(&plan),
            tempo,
            plan,
        }
    }

    /// The arithmetic of the run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The measured load begins: every intended send time counts from here. To be told before any sending.
    pub fn begin(&mut self, at: Duration) {
        self.begin = Some(nanos(at));
    }

    /// Message `n` was handed over for writing by a client on this node. Later calls for the same message are
    /// resends; the first one counts.
    pub fn sent(&mut self, n: usize, node: usize, at: Duration) {
        let due = nanos(self.tempo.due(n));
        let Some(message) = self.messages.get_mut(n).filter(|message| !message.sent()) else { return };
        message.sent_at = nanos(at);
        message.node = node_number(node);
        let (early, sent_at, answer) = (message.early, message.sent_at, message.answer);
        self.latest_sent = self.latest_sent.max(Some(sent_at));
        self.counts.sent += 1;
        if let Some(answer) = answer {
            self.counts.answers[answer as usize] += 1;
        }
        self.timeline.sent(due);
        let (room, place) = (self.plan.room(n), self.plan.place(n));
        for i in 0..self.rooms[room].len() {
            self.owe(self.rooms[room][i], n, place);
        }
        if early {
            for receipt in self.early.take(n) {
                self.account(receipt);
            }
            if self.unpaid[n] == 0 {
                self.witness.paid(n);
            }
        }
    }

    /// The node answered message `n` at this moment.
    pub fn answered_at(&mut self, n: usize, answer: Answer, at: Duration) {
        self.answered(n, answer);
        self.witness.answered(n, nanos(at));
    }

    /// The node answered message `n`; nobody knows when.
    pub fn answered(&mut self, n: usize, answer: Answer) {
        let Some(message) = self.messages.get_mut(n) else { return };
        let before = message.answer.replace(answer);
        if message.sent() {
            if let Some(before) = before {
                self.counts.answers[before as usize] -= 1;
            }
            self.counts.answers[answer as usize] += 1;
        }
    }

    /// `subscribed` arrived: this subscriber is online from here, first of all or after a reconnect, perhaps on
    /// another node than before.
    pub fn subscribed(&mut self, s: usize, node: usize, at: Duration) {
        let Some(subscriber) = self.subscribers.get_mut(s) else { return };
        let (at, node) = (nanos(at), node_number(node));
        let before = subscriber.presence.last();
        subscriber.presence.online(node, at);
        // Another task may already have told of a message that was sent after this moment.
        let debts_change = before.is_none_or(|before| before.node != node && !self.plan.crosses_nodes);
        if debts_change && self.latest_sent >= Some(at) {
            let room = subscriber.room;
            for n in 0..self.messages.len() {
                if self.plan.room(n) == room && self.messages[n].sent() && self.messages[n].sent_at >= at {
                    self.owe(s, n, self.plan.place(n));
                }
            }
        }
    }

    /// The client saw the close: this subscriber is offline from here.
    pub fn closed(&mut self, s: usize, at: Duration) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.presence.offline(nanos(at));
        }
    }

    /// This subscriber goes offline on purpose, from here until it is subscribed again. What is sent meanwhile, or
    /// is on its way just then, is owed and counted as ever, and harms nobody.
    pub fn left(&mut self, s: usize, at: Duration) {
        if let Some(subscriber) = self.subscribers.get_mut(s) {
            subscriber.presence.left(nanos(at));
        }
    }

    /// Subscriber `s` received a text that says message `n`, of this run and of its room, unharmed. Allocates
    /// nothing, but for receipts that are told before their sending.
    pub fn received(&mut self, s: usize, n: usize, arrival: Arrival, at: Duration) {
        let (Some(subscriber), Some(message)) = (self.subscribers.get_mut(s), self.messages.get_mut(n))
        else {
            return self.unexpected(s, at);
        };
        if subscriber.presence.last().is_none() {
            return;
        }
        self.timeline.received(nanos(at).saturating_sub(self.begin.unwrap_or(0)));
        let place = self.plan.place(n);
        if self.plan.room(n) != subscriber.room || (!message.sent() && self.early.is_full()) {
            return self.unexpected(s, at);
        }
        let outstanding = subscriber.debts.get(place).is_some_and(|debt| debt.outstanding());
        let (publisher, seq) = (self.plan.publisher(n), self.plan.seq(n));
        let Some(seen) = subscriber.receive(place, publisher, seq, arrival, nanos(at)) else {
            return self.unexpected(s, at);
        };
        if outstanding {
            self.unpaid[n] -= 1;
            self.counts.outstanding -= 1;
        }
        let receipt = Early { s, n, seen, at: nanos(at) };
        if message.sent() {
            self.account(receipt);
            if self.unpaid[n] == 0 {
                self.witness.paid(n);
            }
        } else {
            message.early = true;
            self.early.push(receipt);
        }
    }

    /// Subscriber `s` received what was never sent, or what is not of its room.
    pub fn unexpected(&mut self, _s: usize, at: Duration) {
        self.counts.unexpected += 1;
        self.seen.unexpected.include(nanos(at));
    }

    /// Subscriber `s` received a text with a wrong checksum.
    pub fn corrupted(&mut self, _s: usize, at: Duration) {
        self.counts.corrupted += 1;
        self.seen.corrupted.include(nanos(at));
    }

    /// Subscriber `s` received a text of another run.
    pub fn foreign(&mut self, _s: usize, at: Duration) {
        self.counts.foreign += 1;
        self.seen.foreign.include(nanos(at));
    }

    /// The path from this publisher to this subscriber never worked while probing. Its debts stay owed.
    pub fn unverified_path(&mut self, publisher: usize, subscriber: usize) {
        self.unverified.insert(Path { publisher, subscriber });
    }

    /// The debts that are not yet paid and that have a path. Costs nothing to ask.
    pub fn outstanding(&self) -> u64 {
        self.counts.outstanding
    }

    /// The messages that were sent and have no answer yet. Costs nothing to ask.
    pub fn unanswered(&self) -> u64 {
        self.counts.sent - self.counts.answers.iter().sum::<u64>()
    }
}

fn nanos(time: Duration) -> u64 {
    // One less than the most, which means never.
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).min(NEVER - 1)
}

fn node_number(node: usize) -> u32 {
    u32::try_from(node).unwrap_or(u32::MAX)
}
