//! Three messages of a run as its clients saw them: the first lost, the slowest, and an ordinary one.

use super::ledger::Ledger;
use super::message::Answer;
use super::phase::{Interval, Phase};
use super::time::nanos;
use super::witness::Kept;

/// What the clients know of three messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Testimonies {
    /// The earliest message with a lost debt that has a path, of a subscriber that was not away on purpose.
    pub first_lost: Option<Testimony>,
    /// The message with the latest live receipt, counted from when it was due.
    pub slowest: Option<Testimony>,
    /// A message chosen among some that everybody has, evenly spread and due while nothing was broken: the one whose
    /// slowest receipt is the median of theirs.
    pub ordinary: Option<Testimony>,
    /// Number of messages whose receipts were not kept, because there was no room.
    pub unwitnessed: u64,
}

/// What the clients know of one message. Times are microseconds since the measured load began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Testimony {
    /// The number of the message.
    pub n: usize,
    /// The node of its publisher when it was first sent.
    pub node: Option<usize>,
    /// When the schedule asked for the message.
    pub due_us: i64,
    /// When the message was handed over for writing.
    pub sent_us: Option<i64>,
    /// The answer of the message's node that holds.
    pub answer: Option<Answer>,
    /// When the answer that holds came.
    pub answered_us: Option<i64>,
    /// What became of each debt, in the order of the subscribers.
    pub fates: Vec<Fate>,
}

/// What became of one debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The number of the subscriber to whom the debt was owed.
    pub subscriber: usize,
    /// The node of that subscriber when the message was sent; while it was offline, the last one.
    pub node: usize,
    /// Whether the subscriber was online when the message was sent.
    pub online: bool,
    /// Whether the pattern has a way from the publisher to the subscriber.
    pub has_path: bool,
    /// Whether the message was received at all.
    pub received: bool,
    /// The receipts of the message by this subscriber, as far as they were kept.
    pub receipts: Vec<Receipt>,
}

/// A receipt of a message by a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// When the message was received.
    pub at_us: i64,
    /// The node that the message came from.
    pub node: usize,
    /// Whether the message came out of the history.
    pub replay: bool,
}

impl Ledger {
    pub(super) fn testimonies(&self, first_lost: Option<usize>, intervals: &[Interval]) -> Testimonies {
        let slowest = self.witness.slowest();
        Testimonies {
            first_lost: first_lost.map(|n| self.testimony(n, None)),
            slowest: slowest.map(|slowest| self.testimony(slowest.n, Some(slowest.receipt))),
            ordinary: self.ordinary(intervals).map(|n| self.testimony(n, None)),
            unwitnessed: self.witness.given_up(),
        }
    }

    /// Chooses the ordinary message. Where nothing of the steady phases was kept, it is chosen of all that were kept.
    fn ordinary(&self, intervals: &[Interval]) -> Option<usize> {
        let steady = |n: usize| {
            let due = self.tempo.due(n);
            let mut around = intervals.iter().rev().skip_while(|interval| interval.at > due);
            around.next().is_some_and(|interval| interval.phase == Phase::Steady)
        };
        let (calm, other): (Vec<_>, Vec<_>) = self
            .witness
            .ordinary()
            .filter_map(|n| Some((self.slowest_receipt(n)?, n)))
            .partition(|(_, n)| steady(*n));
        let mut candidates = if calm.is_empty() { other } else { calm };
        candidates.sort_unstable();
        let median = candidates.len().checked_sub(1)? / 2;
        candidates.get(median).map(|(_, n)| *n)
    }

    /// The latest live receipt of a message, in nanoseconds after it was due.
    fn slowest_receipt(&self, n: usize) -> Option<u64> {
        let live = self.witness.receipts(n).filter(|receipt| !receipt.replay);
        live.map(|receipt| receipt.at.saturating_sub(self.intended(n))).max()
    }

    /// What the clients know of message `n`. `known` is a receipt that is known even if the message was not witnessed.
    fn testimony(&self, n: usize, known: Option<Kept>) -> Testimony {
        let message = &self.messages[n];
        let mut receipts: Vec<Kept> = self.witness.receipts(n).collect();
        if receipts.is_empty() {
            receipts.extend(known);
        }
        let place = self.plan.place(n);
        let fate = |s: &usize| {
            let subscriber = &self.subscribers[*s];
            let debt = subscriber.debts.get(place).filter(|debt| debt.owed())?;
            let stay = subscriber.presence.at(message.sent_at)?;
            let receipt = |kept: &Kept| {
                let presence = &subscriber.presence;
                let from = if kept.replay { presence.replayed_at(kept.at) } else { presence.at(kept.at) };
                let node = from.map_or(stay.node, |stay| stay.node) as usize;
                Receipt { at_us: self.us(kept.at), node, replay: kept.replay }
            };
            let own = receipts.iter().filter(|receipt| receipt.s as usize == *s);
            Some(Fate {
                subscriber: *s,
                node: stay.node as usize,
                online: stay.online,
                has_path: debt.has_path(),
                received: debt.received(),
                receipts: own.map(receipt).collect(),
            })
        };
        let fates = self.rooms[self.plan.room(n)].iter().filter_map(fate).collect();
        let sent = message.sent().then_some(message);
        Testimony {
            n,
            node: sent.map(|message| message.node as usize),
            due_us: i64::try_from(nanos(self.tempo.due(n)) / 1_000).unwrap_or(i64::MAX),
            sent_us: sent.map(|message| self.us(message.sent_at)),
            answer: message.answer,
            answered_us: self.witness.answer_of(n).map(|at| self.us(at)),
            fates,
        }
    }

    /// A time in nanoseconds since the run's zero as microseconds since the measured load began.
    fn us(&self, at: u64) -> i64 {
        let us = |nanos: u64| i64::try_from(nanos / 1_000).unwrap_or(i64::MAX);
        us(at) - us(self.begin.unwrap_or(0))
    }
}
