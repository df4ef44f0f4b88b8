//! The numbers of the messages that a node sends, by which every node that receives them sees that one is missing.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use wire::{Count, Envelope, Room, unix_ms};

/// How long a room in which this node says nothing keeps its number. Those who hear it forget it sooner.
const KEPT: Duration = Duration::from_secs(600);
/// How long the number of a room is news after it was used.
const NEWS: Duration = Duration::from_secs(60);
/// The most rooms whose numbers are told at once.
const TOLD: usize = 256;
/// The most rooms whose messages are counted. Those of further rooms have no number, so nobody misses them.
const ROOMS: usize = 65_536;
/// The most spans of unused numbers that are remembered for a room.
const SPANS: usize = 64;
/// How often a span of unused numbers is told.
const TOLD_TIMES: u32 = 5;

/// The numbers of this node's messages, one row for each room.
///
/// A number is given when a message is on its way and can no longer be refused by this node, so a number that nobody
/// receives is a loss. If the broker refuses the message after all, the number is [retracted](Self::retract), and is
/// told as unused.
#[derive(Debug)]
pub struct Numbers {
    process: u64,
    rooms: Mutex<HashMap<Room, Last>>,
    retracted: Notify,
}

/// The newest number of one room.
#[derive(Debug)]
struct Last {
    number: u64,
    used: Instant,
    /// How often the number was told.
    told: u32,
    unused: Vec<Unused>,
}

/// Numbers that no message has, and how often that was told.
#[derive(Debug)]
struct Unused {
    from: u64,
    to: u64,
    told: u32,
}

/// What the other nodes are told of the numbers of one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The room.
    pub room: Room,
    /// The newest number.
    pub number: u64,
    /// Spans of numbers, first and last, that no message has.
    pub unused: Vec<(u64, u64)>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { process: rand::random(), rooms: Mutex::default(), retracted: Notify::new() }
    }
}

impl Numbers {
    /// The number of this process, new at each start.
    pub fn process(&self) -> u64 {
        self.process
    }

    /// Gives an envelope the next number of its room, if envelopes of its kind are counted.
    pub(super) fn count(&self, envelope: &mut Envelope) {
        if !envelope.kind.is_counted() {
            return;
        }
        let number = self.next(&envelope.room, Instant::now());
        envelope.count = number.map(|number| Count { by: self.process, number, at: unix_ms() });
    }

    fn next(&self, room: &Room, now: Instant) -> Option<u64> {
        let mut rooms = self.lock();
        if let Some(last) = rooms.get_mut(room) {
            (last.number, last.used, last.told) = (last.number + 1, now, 0);
            return Some(last.number);
        }
        if rooms.len() >= ROOMS {
            return None;
        }
        rooms.insert(room.clone(), Last { number: 1, used: now, told: 0, unused: Vec::new() });
        Some(1)
    }

    /// Records that the message with this number is certainly not received by anybody.
    pub(super) fn retract(&self, room: &Room, number: u64) {
        if let Some(Last { unused, .. }) = self.lock().get_mut(room) {
            match unused.iter_mut().find(|span| span.to + 1 == number) {
                Some(span) => (span.to, span.told) = (number, 0),
                None => unused.push(Unused { from: number, to: number, told: 0 }),
            }
            if unused.len() > SPANS {
                unused.remove(0);
            }
        }
        self.retracted.notify_one();
    }

    /// Resolves when a number was retracted since the last call.
    pub async fn retracted(&self) {
        self.retracted.notified().await;
    }

    /// What the other nodes are to be told now: the newest numbers, those first that were told the fewest times. Each is
    /// told again and again for a minute, because whoever cannot hear a message may not hear this either.
    pub fn latest(&self, now: Instant) -> Vec<Latest> {
        let mut rooms = self.lock();
        rooms.retain(|_, last| now.saturating_duration_since(last.used) < KEPT);
        let news = rooms.iter_mut().filter(|(_, last)| now.saturating_duration_since(last.used) < NEWS);
        let mut news: Vec<_> = news.collect();
        news.sort_unstable_by_key(|(_, last)| (last.told, Reverse(last.used)));
        let told = news.into_iter().take(TOLD).map(|(room, last)| {
            last.told += 1;
            let unused = last.unused.iter().map(|span| (span.from, span.to)).collect();
            last.unused.iter_mut().for_each(|span| span.told += 1);
            last.unused.retain(|span| span.told < TOLD_TIMES);
            Latest { room: room.clone(), number: last.number, unused }
        });
        told.collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Room, Last>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::samples::{any_moment, chat, presence, room};

    fn told(numbers: &Numbers, now: Instant) -> Vec<(String, u64)> {
        numbers.latest(now).into_iter().map(|latest| (latest.room.to_string(), latest.number)).collect()
    }

    #[test]
    fn each_room_has_its_own_row_and_only_chat_is_counted() {
        let numbers = Numbers::default();
        let number = |mut envelope: Envelope| {
            numbers.count(&mut envelope);
            envelope.count.map(|count| (count.by == numbers.process(), count.number))
        };
        assert_eq!(number(chat("a", "1")), Some((true, 1)));
        assert_eq!(number(chat("a", "2")), Some((true, 2)));
        assert_eq!(number(chat("b", "3")), Some((true, 1)));
        assert_eq!(number(presence("a", "4")), None);
        assert_eq!(number(chat("a", "5")), Some((true, 3)));
        assert_ne!(numbers.process(), Numbers::default().process());
    }

    #[test]
    fn what_was_told_least_is_told_first_and_a_minute_later_nothing() {
        let (numbers, now) = (Numbers::default(), any_moment().into_std());
        numbers.next(&room("quiet"), now);
        assert_eq!(told(&numbers, now), [("quiet".into(), 1)]);
        for n in 0..TOLD {
            numbers.next(&room(&format!("r{n}")), now);
        }
        let first = told(&numbers, now);
        assert_eq!(first.len(), TOLD);
        assert!(!first.contains(&("quiet".into(), 1)), "it was told before");
        assert!(told(&numbers, now).contains(&("quiet".into(), 1)), "it is as new as the others again");
        assert!(told(&numbers, now + NEWS).is_empty());
        assert_eq!(numbers.next(&room("quiet"), now + NEWS), Some(2));
    }

    #[test]
    fn a_row_is_forgotten_after_a_long_silence_and_there_are_not_more_than_so_many() {
        let (numbers, now) = (Numbers::default(), any_moment().into_std());
        for n in 0..ROOMS {
            assert_eq!(numbers.next(&room(&format!("r{n}")), now), Some(1));
        }
        assert_eq!(numbers.next(&room("one more"), now), None);
        assert_eq!(numbers.next(&room("r0"), now + KEPT / 2), Some(2));
        assert!(numbers.latest(now + KEPT).is_empty());
        assert_eq!(numbers.next(&room("one more"), now + KEPT), Some(1));
        assert_eq!(numbers.next(&room("r0"), now + KEPT), Some(3));
        assert_eq!(numbers.lock().len(), 2);
    }

    #[test]
    fn a_number_that_no_message_has_is_told_at_once_and_some_times() {
        let (numbers, now, r) = (Numbers::default(), any_moment().into_std(), room("r"));
        (0..9).for_each(|_| _ = numbers.next(&r, now));
        assert!(numbers.retracted().now_or_never().is_none());
        [2, 4, 5, 6].into_iter().for_each(|number| numbers.retract(&r, number));
        assert!(numbers.retracted().now_or_never().is_some());
        let unused = || numbers.latest(now).remove(0).unused;
        for _ in 0..TOLD_TIMES {
            assert_eq!(unused(), [(2, 2), (4, 6)]);
        }
        numbers.retract(&r, 9);
        assert_eq!(unused(), [(9, 9)]);
        for number in 0..10 * SPANS as u64 {
            numbers.retract(&r, 2 * number);
        }
        assert!(numbers.lock()[&r].unused.len() <= SPANS);
        numbers.retract(&room("unknown"), 1);
    }
}
