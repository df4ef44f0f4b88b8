//! Probes and warm-up: the messages that are sent before the measured load. The ledger does not count them; which
//! paths work, and what was lost, is recorded here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::text::TextKind;
use ledger::Plan;
use part::Share;

/// Which paths work, and the fate of the messages that only rehearse.
#[derive(Debug)]
pub(super) struct Rehearsal {
    plan: Plan,
    /// Which publishers are played here, for one of several load generators.
    share: Option<Share>,
    book: Mutex<Book>,
    /// Notified when the last awaited path has worked.
    verified: Notify,
}

#[derive(Debug, Default)]
struct Book {
    /// Paths over which no probe has come yet: for each publisher, a set of subscribers.
    awaited: Vec<Bits>,
    awaited_count: usize,
    /// Number of paths that were awaited in the beginning.
    paths: usize,
    /// The messages that were handed over for writing, by kind, publisher and number.
    sent: HashMap<(TextKind, usize, usize), Sent>,
    /// Number of receipts in a room where they did not belong, or of messages that were never sent.
    strays: u64,
}

#[derive(Debug)]
struct Sent {
    room: usize,
    /// The subscribers that have not received the message yet.
    missing: Bits,
}

/// A set of small numbers, with one bit for each.
#[derive(Debug, Clone)]
struct Bits(Box<[u64]>);

impl Bits {
    fn none(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)].into())
    }

    fn insert(&mut self, bit: usize) {
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    /// Removes a number; gives `false` if it was not in the set.
    fn remove(&mut self, bit: usize) -> bool {
        let mask = 1 << (bit % 64);
        let was = self.0[bit / 64] & mask != 0;
        self.0[bit / 64] &= !mask;
        was
    }

    fn contains(&self, bit: usize) -> bool {
        self.0[bit / 64] & (1 << (bit % 64)) != 0
    }

    fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

impl Rehearsal {
    /// A rehearsal in which nothing was sent and no path is awaited.
    pub(super) fn new(plan: Plan, share: Option<Share>) -> Self {
        let awaited = vec![Bits::none(plan.subscribers); plan.publishers];
        Self { book: Mutex::new(Book { awaited, ..Book::default() }), plan, share, verified: Notify::new() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Awaits every path for which `exists(publisher, subscriber)` is true.
    pub(super) fn await_paths(&self, exists: impl Fn(usize, usize) -> bool) {
        let book = &mut *self.book();
        book.awaited_count = 0;
        for (publisher, awaited) in book.awaited.iter_mut().enumerate() {
            for subscriber in self.plan.all_subscribers().filter(|s| exists(publisher, *s)) {
                awaited.insert(subscriber);
                book.awaited_count += 1;
            }
        }
        book.paths = book.awaited_count;
    }

    /// Number of paths that were awaited, if none of them has worked; `None` if one has, or none was awaited.
    pub(super) fn all_dead(&self) -> Option<usize> {
        let book = self.book();
        Some(book.paths).filter(|paths| *paths > 0 && *paths == book.awaited_count)
    }

    /// Resolves when no path is awaited any more.
    pub(super) async fn verified(&self) {
        loop {
            let notified = self.verified.notified();
            if self.book().awaited_count == 0 {
                return;
            }
            notified.await;
        }
    }

    fn is_own(&self, publisher: usize) -> bool {
        self.share.is_none_or(|share| share.has(publisher))
    }

    /// The publishers that are played here, each with the rooms that still need a probe of it.
    pub(super) fn unprobed(&self) -> Vec<(usize, usize)> {
        let is_own = |(p, _): &(usize, usize)| self.is_own(*p);
        let mut pairs: Vec<_> = self
            .unverified()
            .into_iter()
            .filter(is_own)
            .map(|(p, s)| (p, self.plan.subscriber_room(s)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// The paths (publisher, subscriber) over which no probe has come.
    pub(super) fn unverified(&self) -> Vec<(usize, usize)> {
        let book = self.book();
        if book.awaited_count == 0 {
            return Vec::new();
        }
        let of = |p: usize| {
            let awaited = &book.awaited[p];
            self.plan.all_subscribers().filter(|s| awaited.contains(*s)).map(move |s| (p, s))
        };
        (0..self.plan.publishers).flat_map(of).collect()
    }

    /// Records that a message is about to be handed over for writing. Those subscribers of the room are to receive it
    /// for which `exists` says that there is a path.
    pub(super) fn sent(
        &self,
        kind: TextKind,
        publisher: usize,
        seq: usize,
        room: usize,
        exists: impl Fn(usize) -> bool,
    ) {
        let mut missing = Bits::none(self.plan.subscribers);
        for subscriber in self.plan.all_subscribers() {
            if self.plan.subscriber_room(subscriber) == room && exists(subscriber) {
                missing.insert(subscriber);
            }
        }
        self.book().sent.insert((kind, publisher, seq), Sent { room, missing });
    }

    /// Records that a subscriber has received a message. `in_place` says that it came under the name of the
    /// subscriber's room.
    pub(super) fn record_receipt(
        &self,
        kind: TextKind,
        publisher: usize,
        seq: usize,
        subscriber: usize,
        in_place: bool,
    ) {
        let book = &mut *self.book();
        match book.sent.get_mut(&(kind, publisher, seq)) {
            Some(sent) if in_place && sent.room == self.plan.subscriber_room(subscriber) => {
                sent.missing.remove(subscriber);
            }
            // What another load generator has sent, and to which room, is known there alone.
            None if in_place && !self.is_own(publisher) => {}
            _ => {
                book.strays += 1;
                return;
            }
        }
        if kind == TextKind::Probe
            && book.awaited.get_mut(publisher).is_some_and(|awaited| awaited.remove(subscriber))
        {
            book.awaited_count -= 1;
            if book.awaited_count == 0 {
                self.verified.notify_waiters();
            }
        }
    }

    /// Whether some subscriber has not received some message that it is to receive.
    pub(super) fn is_something_missing(&self) -> bool {
        self.book().sent.values().any(|sent| sent.missing.len() > 0)
    }

    /// Sentences about the messages that were lost so far; empty if none was.
    pub(super) fn notes(&self) -> Vec<String> {
        let book = self.book();
        let mut notes = Vec::new();
        for (kind, name) in [(TextKind::Probe, "probing"), (TextKind::Warm, "warm-up")] {
            let lost: Vec<u64> = book
                .sent
                .iter()
                .filter(|((k, ..), _)| *k == kind)
                .map(|(_, sent)| sent.missing.len())
                .filter(|missing| *missing > 0)
                .collect();
            if !lost.is_empty() {
                let deliveries: u64 = lost.iter().sum();
                notes.push(format!("{name}: {deliveries} deliveries lost, of {} messages", lost.len()));
            }
        }
        if book.strays > 0 {
            notes.push(format!(
                "before the load, {} messages reached a room that was not theirs",
                book.strays
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            publishers: 2,
            subscribers: 70,
            nodes: 1,
            rooms: 2,
            rate: 100.0,
            surges: vec![],
            messages: 10,
            crosses_nodes: true,
        }
    }

    #[test]
    fn a_path_is_verified_by_a_probe_alone_and_by_its_own() {
        let rehearsal = Rehearsal::new(plan(), None);
        rehearsal.await_paths(|_, subscriber| subscriber >= 68);
        assert_eq!(rehearsal.unprobed(), [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(rehearsal.all_dead(), Some(4));
        rehearsal.sent(TextKind::Warm, 0, 0, 0, |_| true);
        rehearsal.sent(TextKind::Probe, 0, 0, 0, |_| true);
        rehearsal.record_receipt(TextKind::Warm, 0, 0, 68, true);
        assert_eq!(rehearsal.unverified().len(), 4);
        // A server that knows no rooms sends the probe to everybody.
        rehearsal.record_receipt(TextKind::Probe, 0, 0, 69, true);
        rehearsal.record_receipt(TextKind::Probe, 0, 0, 68, true);
        assert_eq!(rehearsal.unverified(), [(0, 69), (1, 68), (1, 69)]);
        assert_eq!(rehearsal.all_dead(), None);
        assert_eq!(rehearsal.unprobed(), [(0, 1), (1, 0), (1, 1)]);
    }

    #[test]
    fn loss_is_told_by_who_missed_what_so_that_a_second_copy_hides_none() {
        let rehearsal = Rehearsal::new(plan(), None);
        rehearsal.sent(TextKind::Warm, 0, 0, 0, |_| true);
        for subscriber in (0..70).step_by(2).skip(1) {
            rehearsal.record_receipt(TextKind::Warm, 0, 0, subscriber, true);
            rehearsal.record_receipt(TextKind::Warm, 0, 0, subscriber, true);
        }
        assert_eq!(rehearsal.notes(), ["warm-up: 1 deliveries lost, of 1 messages"]);
        assert!(rehearsal.is_something_missing());
        rehearsal.record_receipt(TextKind::Warm, 0, 0, 0, false);
        assert_eq!(rehearsal.notes().len(), 2);
        rehearsal.record_receipt(TextKind::Warm, 0, 0, 0, true);
        assert!(!rehearsal.is_something_missing());
        assert_eq!(rehearsal.notes(), ["before the load, 1 messages reached a room that was not theirs"]);
    }
}
