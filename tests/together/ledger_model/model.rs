//! The slow, obvious model: everything is looked up in the list.

use std::collections::BTreeSet;
use std::time::Duration;

use pubsub_lab::ledger::{Answer, Arrival, FaultTimes, Path, Plan, StoppedPath};

use super::history::Event;
use super::{BEGIN, SECOND, whole_ms};

/// The slow, obvious model: everything is looked up in the list.
pub struct Model<'a> {
    pub plan: &'a Plan,
    pub events: &'a [Event],
}

/// One receipt, and where it stands in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    pub index: usize,
    pub n: usize,
    pub arrival: Arrival,
    pub at: Duration,
}

/// Every receipt of one debt, in order.
pub struct Fate(pub Vec<Receipt>);

impl Fate {
    pub fn first(&self) -> Option<Receipt> {
        self.0.first().copied()
    }

    pub fn by(&self, way: Arrival) -> Vec<Receipt> {
        self.0.iter().copied().filter(|receipt| receipt.arrival == way).collect()
    }

    pub fn rounds(&self) -> BTreeSet<u32> {
        let round = |receipt: &Receipt| match receipt.arrival {
            Arrival::Replay { round } => Some(round),
            Arrival::Live => None,
        };
        self.0.iter().filter_map(round).collect()
    }
}

impl Model<'_> {
    pub fn sent(&self, wanted: usize) -> Option<(usize, Duration)> {
        self.events.iter().find_map(|event| match event {
            Event::Sent { n, node, at } if *n == wanted => Some((*node, *at)),
            _ => None,
        })
    }

    /// What the message counts as, and what a lost debt of it counts as.
    pub fn answer(&self, wanted: usize) -> (&'static str, &'static str) {
        let answers = self.answers(wanted);
        let among = |ack: Answer| answers.contains(&ack).then_some(ack);
        match among(Answer::Confirmed).or(among(Answer::Handed)).or(answers.last().copied()) {
            Some(Answer::Confirmed) => ("acked", "lost_confirmed"),
            Some(Answer::Handed) => ("acked", "lost_handed"),
            Some(Answer::Refused) => ("refused", "lost_refused"),
            Some(Answer::Unknown) | None => ("unknown", "lost_unknown"),
        }
    }

    /// Every answer to a message, in order.
    pub fn answers(&self, wanted: usize) -> Vec<Answer> {
        let answer = |event: &Event| match event {
            Event::Answered { n, answer } if *n == wanted => Some(*answer),
            _ => None,
        };
        self.events.iter().filter_map(answer).collect()
    }

    /// The first contradiction among the answers to a message.
    pub fn contradiction(&self, wanted: usize) -> Option<&'static str> {
        let answers = self.answers(wanted);
        let acked = |answer: &Answer| matches!(answer, Answer::Confirmed | Answer::Handed);
        let first = (1..answers.len()).find(|i| {
            let before = &answers[..*i];
            if acked(&answers[*i]) {
                !before.iter().any(acked) && before.ends_with(&[Answer::Refused])
            } else {
                before.iter().any(acked)
            }
        })?;
        Some(match answers[first] {
            Answer::Unknown => "unknown_after_ack",
            Answer::Refused => "refused_after_ack",
            Answer::Confirmed | Answer::Handed => "ack_after_refused",
        })
    }

    pub fn first_subscribed(&self, wanted: usize) -> Option<(usize, Duration)> {
        self.events.iter().enumerate().find_map(|(i, event)| match event {
            Event::Subscribed { s, at, .. } if *s == wanted => Some((i, *at)),
            _ => None,
        })
    }

    /// The node where a subscriber was at a moment, or was last, and whether it was online.
    pub fn presence(&self, wanted: usize, moment: Duration) -> Option<(usize, bool)> {
        let mut presence = None;
        for event in self.events {
            match event {
                Event::Subscribed { s, node, at, .. } if *s == wanted && *at <= moment => {
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
    pub fn away(&self, wanted: usize, moment: Duration) -> bool {
        let last = self.events.iter().rev().find(|event| match event {
            Event::Subscribed { s, at, .. } | Event::Left { s, at } => *s == wanted && *at <= moment,
            _ => false,
        });
        matches!(last, Some(Event::Left { .. }))
    }

    /// Whether a subscriber was away on purpose when a message was sent, or left before that could be late.
    pub fn excused(&self, wanted: usize, n: usize) -> bool {
        // What was never sent is judged as if it had been sent when it was due.
        let sent_at = self.sent(n).map_or(self.intended(n), |(_, at)| at);
        let late = self.intended(n) + SECOND;
        let leaves = |event: &Event| match event {
            Event::Left { s, at } => *s == wanted && *at > sent_at && *at <= late,
            _ => false,
        };
        self.away(wanted, sent_at) || self.events.iter().any(leaves)
    }

    /// What a subscriber received, from its first `subscribed` on; without what was never sent and came before the load.
    pub fn receipts(&self, wanted: usize) -> Vec<Receipt> {
        let first = self.first_subscribed(wanted).map_or(usize::MAX, |(i, _)| i);
        let receipt = |(index, event): (usize, &Event)| match event {
            Event::Received { s, n, arrival, at }
                if *s == wanted && index > first && (*at >= BEGIN || self.sent(*n).is_some()) =>
            {
                Some(Receipt { index, n: *n, arrival: *arrival, at: *at })
            }
            _ => None,
        };
        self.events.iter().enumerate().filter_map(receipt).collect()
    }

    pub fn fate(&self, s: usize, n: usize) -> Fate {
        Fate(self.receipts(s).into_iter().filter(|receipt| receipt.n == n).collect())
    }

    /// Whether something of the same publisher with a higher sequence came before, in the same way.
    pub fn overtaken(&self, s: usize, receipt: Receipt) -> bool {
        let (publisher, seq) = (self.plan.publisher(receipt.n), self.plan.seq(receipt.n));
        self.receipts(s).into_iter().any(|other| {
            let before = other.index < receipt.index && other.arrival == receipt.arrival;
            before && self.plan.publisher(other.n) == publisher && self.plan.seq(other.n) > seq
        })
    }

    /// Whether something of the same publisher with a higher sequence came live before, over the same connection.
    pub fn came_after_live(&self, s: usize, receipt: Receipt) -> bool {
        let (publisher, seq) = (self.plan.publisher(receipt.n), self.plan.seq(receipt.n));
        let connects = |event: &Event| matches!(event, Event::Connected { s: who } if *who == s);
        let connected = self.events[..receipt.index].iter().rposition(connects).unwrap_or(0);
        self.receipts(s).into_iter().any(|other| {
            let here = (connected..receipt.index).contains(&other.index) && other.arrival == Arrival::Live;
            here && self.plan.publisher(other.n) == publisher && self.plan.seq(other.n) > seq
        })
    }

    /// Whether the message, which was never sent, harmed a subscriber of its room.
    pub fn missed(&self, s: usize, n: usize) -> bool {
        let came = self.first_subscribed(s).is_some_and(|(_, at)| at <= self.intended(n));
        let home = self.plan.publisher_node(self.plan.publisher(n));
        let near = || self.plan.crosses_nodes || self.presence(s, self.intended(n)).unwrap().0 == home;
        self.plan.subscriber_room(s) == self.plan.room(n) && came && near() && !self.excused(s, n)
    }

    /// Whether a message is among the last that were due, of those that were sent or due by the end.
    pub fn is_last(&self, n: usize, ended: Duration) -> bool {
        let all = (0..self.plan.messages).filter(|n| self.sent(*n).is_some() || self.intended(*n) <= ended);
        let last = all.max().unwrap();
        let within = |time: Duration| self.plan.due(n) + time > self.plan.due(last);
        let round = self.plan.publishers * self.plan.rooms;
        within(Duration::from_millis(100)) || (within(SECOND) && n + round > last)
    }

    pub fn intended(&self, n: usize) -> Duration {
        BEGIN + self.plan.due(n)
    }

    pub fn is_late(&self, n: usize, at: Duration) -> bool {
        at.saturating_sub(self.intended(n)) > SECOND
    }

    pub fn debts(&self) -> Vec<(usize, usize)> {
        let all = (0..self.plan.subscribers).flat_map(|s| (0..self.plan.messages).map(move |n| (s, n)));
        let owed = |(s, n): &(usize, usize)| {
            let since = self.first_subscribed(*s).map(|(_, at)| at);
            let sent = self.sent(*n).map(|(_, at)| at);
            let hears = self.plan.room(*n) == self.plan.subscriber_room(*s);
            hears && matches!((since, sent), (Some(since), Some(at)) if at >= since)
        };
        all.filter(owed).collect()
    }

    /// How late the debts were that came by replay only, in microseconds.
    pub fn recovered_us(&self) -> Vec<u64> {
        let late = |(s, n): (usize, usize)| {
            let fate = self.fate(s, n);
            let first = fate.first().filter(|_| fate.by(Arrival::Live).is_empty())?;
            Some(first.at.saturating_sub(self.intended(n)).as_micros() as u64)
        };
        self.debts().into_iter().filter_map(late).collect()
    }

    pub fn has_path(&self, s: usize, n: usize) -> bool {
        let (from, at) = self.sent(n).unwrap();
        self.plan.crosses_nodes || self.presence(s, at).unwrap().0 == from
    }

    /// The debts that are worth waiting for, and those of them that are overdue.
    pub fn waiting(&self, now: Duration) -> (u64, u64) {
        let unpaid = |(s, n): &(usize, usize)| self.has_path(*s, *n) && self.fate(*s, *n).first().is_none();
        let unpaid: Vec<_> = self.debts().into_iter().filter(unpaid).collect();
        let overdue = unpaid.iter().filter(|(_, n)| self.is_late(*n, now)).count();
        (unpaid.len() as u64, overdue as u64)
    }

    /// Whether a debt was never received.
    pub fn is_lost(&self, s: usize, n: usize) -> bool {
        self.fate(s, n).first().is_none()
    }

    /// Whether a subscriber that never received a message was told that something may be missing there.
    pub fn is_told(&self, s: usize, n: usize) -> bool {
        let (_, sent_at) = self.sent(n).unwrap();
        let notice = |(index, event): (usize, &Event)| match event {
            Event::Noticed { s: who, at } => *who == s && *at >= sent_at && self.in_hole(s, n, index),
            Event::NoticedSince { s: who, since, at } => *who == s && *since <= sent_at && sent_at <= *at,
            Event::Subscribed { s: who, all: false, at, .. } => {
                *who == s && *at >= sent_at && self.was_offline(s, index) && self.in_hole(s, n, index)
            }
            _ => false,
        };
        let end = self.events.len();
        let stays_away = self.was_offline(s, end) && self.in_hole(s, n, end);
        self.has_path(s, n) && (stays_away || self.events.iter().enumerate().any(notice))
    }

    /// Whether a replay was to bring a lost message, and said that it had brought everything.
    pub fn is_denied(&self, s: usize, n: usize) -> bool {
        let (_, sent_at) = self.sent(n).unwrap();
        let promise = |(index, event): (usize, &Event)| match event {
            Event::Subscribed { s: who, all: true, at, .. } => {
                *who == s && *at >= sent_at && self.was_offline(s, index) && self.in_hole(s, n, index)
            }
            _ => false,
        };
        self.has_path(s, n) && !self.is_told(s, n) && self.events.iter().enumerate().any(promise)
    }

    /// Whether a subscriber had been online, and was no more, right before the event of this index.
    fn was_offline(&self, wanted: usize, index: usize) -> bool {
        let mut came = false;
        let last = self.events[..index].iter().filter(|event| match event {
            Event::Subscribed { s, .. } => {
                came |= *s == wanted;
                *s == wanted
            }
            Event::Closed { s, .. } | Event::Left { s, .. } => *s == wanted && came,
            _ => false,
        });
        matches!(last.last(), Some(Event::Closed { .. } | Event::Left { .. }))
    }

    /// Whether nothing that its publisher said after this message had come live before the event of this index.
    fn in_hole(&self, s: usize, n: usize, index: usize) -> bool {
        let later = |receipt: &Receipt| {
            receipt.index < index
                && receipt.arrival == Arrival::Live
                && self.plan.publisher(receipt.n) == self.plan.publisher(n)
                && self.plan.seq(receipt.n) > self.plan.seq(n)
        };
        !self.receipts(s).iter().any(later)
    }

    /// Whether somebody else than the path is to blame for a lost debt.
    pub fn has_excuse(&self, s: usize, n: usize, from: Duration) -> bool {
        let (_, sent_at) = self.sent(n).unwrap();
        let offline = !self.presence(s, sent_at).unwrap().1;
        let refused = self.answer(n).0 == "refused";
        let early = self.plan.due(n) < from;
        early || offline || refused || !self.has_path(s, n) || self.excused(s, n)
    }

    /// The paths over which from some moment on nothing came any more, and that moment.
    pub fn stopped(&self, faults: &[FaultTimes]) -> Vec<StoppedPath> {
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
            let mut receipts = self.receipts(subscriber).into_iter();
            let heard = receipts.rfind(|receipt| self.plan.publisher(receipt.n) == publisher);
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
    pub fn due_span(&self, which: impl Fn(usize, usize) -> bool) -> Option<(Duration, Duration)> {
        let due = self.debts().into_iter().filter(|(s, n)| which(*s, *n)).map(|(_, n)| self.plan.due(n));
        let due: Vec<_> = due.collect();
        due.iter().min().copied().zip(due.iter().max().copied())
    }

    pub fn unverified(&self) -> Vec<Path> {
        let path = |event: &Event| match event {
            Event::Unverified { publisher, s } => Some(Path { publisher: *publisher, subscriber: *s }),
            _ => None,
        };
        self.events.iter().filter_map(path).collect::<BTreeSet<_>>().into_iter().collect()
    }
}
