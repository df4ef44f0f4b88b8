//! The last messages of a room, for those who read it over HTTP. Whoever asks gets what came since; nobody waits for
//! anybody.
//!
//! Overflow policy: the oldest entries are forgotten first. Who still wanted one of them is told so: an answer is only
//! `part`, and a stream has a `lagged`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use wire::Envelope;

/// Number of entries that a room's tail holds.
pub const HELD: usize = 1_000;
/// Number of bytes of messages that a room's tail holds.
const HELD_BYTES: usize = 4 * 1024 * 1024;

/// One thing that happened in a room.
#[derive(Debug)]
pub enum Entry {
    /// Somebody said something.
    Message(Held),
    /// The readers are told something: a frame of this type.
    Notice {
        /// The type of the frame.
        kind: &'static str,
        /// The frame as JSON.
        json: Bytes,
    },
}

/// A message that a tail holds.
#[derive(Debug)]
pub struct Held {
    /// The message.
    pub envelope: Envelope,
    /// Whether it came out of the history.
    pub replay: bool,
    /// The message as an event, once a reader has needed it.
    pub event: OnceLock<Bytes>,
}

/// The last messages of one room.
#[derive(Debug)]
pub struct Tail {
    /// A number that no other tail has, so that a mark of another one is recognised.
    nonce: u32,
    kept: Mutex<Kept>,
    end: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The number of the first entry held. The first entry ever has 0.
    first: u64,
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

/// Number of entries that were forgotten before they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed(pub u64);

/// A place in a room: behind a message, if one is named, and at an entry of a tail, which only that tail understands.
/// Written as `ID@NONCE.NUMBER`; a bare message id is one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The id of the last message before the place; empty if there is none.
    pub id: String,
    /// The tail and the number of the entry that comes next.
    at: Option<(u32, u64)>,
}

impl Mark {
    /// Reads a mark. Every text is one.
    pub fn parse(text: &str) -> Self {
        let split = text.rsplit_once('@').and_then(|(id, at)| {
            let (nonce, number) = at.split_once('.')?;
            let nonce = u32::from_str_radix(nonce, 16).ok().filter(|_| nonce.len() == 8)?;
            Some((id, (nonce, number.parse().ok()?)))
        });
        match split {
            Some((id, at)) => Self { id: id.to_owned(), at: Some(at) },
            None => Self { id: text.to_owned(), at: None },
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        match self.at {
            Some((nonce, number)) => write!(f, "@{nonce:08x}.{number}"),
            None => Ok(()),
        }
    }
}

impl Tail {
    /// A tail that holds nothing yet.
    pub fn new() -> Self {
        Self { nonce: rand::random(), kept: Mutex::default(), end: watch::Sender::new(0) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message.
    pub fn add_message(&self, envelope: &Envelope, replay: bool) {
        // The bus's own bytes may be a part of a much larger buffer.
        let frame = Bytes::copy_from_slice(&envelope.frame);
        let envelope = Envelope { frame, ..envelope.clone() };
        self.add(Entry::Message(Held { envelope, replay, event: OnceLock::new() }));
    }

    /// Adds a notice.
    pub fn add_notice(&self, kind: &'static str, json: Bytes) {
        self.add(Entry::Notice { kind, json });
    }

    fn add(&self, entry: Entry) {
        let mut kept = self.kept();
        kept.bytes += entry.bytes();
        kept.entries.push_back(Arc::new(entry));
        while (kept.entries.len() > HELD || kept.bytes > HELD_BYTES)
            && kept.entries.len() > 1
            && let Some(oldest) = kept.entries.pop_front()
        {
            kept.bytes -= oldest.bytes();
            kept.first += 1;
        }
        let end = kept.end();
        drop(kept);
        self.end.send_replace(end);
    }

    /// The number of the first entry held.
    pub fn start(&self) -> u64 {
        self.kept().first
    }

    /// The number that the next entry will have.
    pub fn end(&self) -> u64 {
        self.kept().end()
    }

    /// The number of the entry that follows a mark; `None` if the tail does not know it, or holds it no more.
    pub fn place(&self, mark: &Mark) -> Option<u64> {
        let kept = self.kept();
        let whole = mark.to_string();
        // The text as a whole may be an id: a client chooses its ids, and they may look like a mark.
        kept.behind(&whole).or_else(|| match mark.at {
            Some((nonce, number)) if nonce == self.nonce => {
                (kept.first..=kept.end()).contains(&number).then_some(number)
            }
            _ => kept.behind(&mark.id),
        })
    }

    /// The id of the newest message held.
    pub fn newest(&self) -> Option<Arc<str>> {
        self.kept().entries.iter().rev().find_map(|entry| match &**entry {
            Entry::Message(held) => Some(held.envelope.id.clone()),
            Entry::Notice { .. } => None,
        })
    }

    /// The number of the first of the last `last` messages.
    pub fn last(&self, last: usize) -> u64 {
        let kept = self.kept();
        let messages = kept.entries.iter().enumerate().rev();
        let messages = messages.filter(|(_, entry)| matches!(***entry, Entry::Message(_)));
        messages.take(last).last().map_or(kept.end(), |(at, _)| kept.first + at as u64)
    }

    /// The entries from this number on, at most so many. An error if some of them are forgotten.
    pub fn read(&self, from: u64, most: usize) -> Result<Vec<Arc<Entry>>, Missed> {
        let kept = self.kept();
        let Some(skip) = from.checked_sub(kept.first) else { return Err(Missed(kept.first - from)) };
        Ok(kept
            .entries
            .iter()
            .skip(usize::try_from(skip).unwrap_or(usize::MAX))
            .take(most)
            .cloned()
            .collect())
    }

    /// Resolves when there is an entry of this number.
    pub async fn reached(&self, number: u64) {
        // The sender is this tail's own, so the channel cannot be closed.
        let _ = self.end.subscribe().wait_for(|end| *end > number).await;
    }

    /// The mark of the place at this entry, behind the message with this id.
    pub fn mark(&self, id: impl Into<String>, number: u64) -> Mark {
        Mark { id: id.into(), at: Some((self.nonce, number)) }
    }
}

impl Kept {
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The number of the entry that follows the message with this id. The newest are looked at first, for most readers
    /// are nearly up to date.
    fn behind(&self, id: &str) -> Option<u64> {
        if id.is_empty() {
            return None;
        }
        let is_it = |entry: &Arc<Entry>| matches!(&**entry, Entry::Message(held) if *held.envelope.id == *id);
        self.entries.iter().rposition(is_it).map(|at| self.first + at as u64 + 1)
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Message(held) => held.envelope.frame.len(),
            Self::Notice { json, .. } => json.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use wire::{Kind, Room};

    use super::*;

    fn envelope(id: &str, bytes: usize) -> Envelope {
        let (room, frame) = (Room::parse("r").unwrap(), vec![b'x'; bytes].into());
        Envelope {
            kind: Kind::Chat,
            room,
            id: id.into(),
            sender: "s".into(),
            others: false,
            count: None,
            frame,
        }
    }

    fn ids(tail: &Tail, from: u64) -> Vec<String> {
        let entries = tail.read(from, HELD).unwrap();
        let id = |entry: &Arc<Entry>| match &**entry {
            Entry::Message(held) => held.envelope.id.to_string(),
            Entry::Notice { kind, .. } => format!("({kind})"),
        };
        entries.iter().map(id).collect()
    }

    #[test]
    fn a_reader_goes_on_behind_the_message_that_it_holds_or_at_its_mark() {
        let tail = Tail::new();
        assert_eq!((tail.start(), tail.end()), (0, 0));
        for id in ["a", "b"] {
            tail.add_message(&envelope(id, 1), false);
        }
        tail.add_notice("gap", Bytes::from_static(b"{}"));
        tail.add_message(&envelope("c", 1), false);
        assert_eq!(ids(&tail, tail.place(&Mark::parse("a")).unwrap()), ["b", "(gap)", "c"]);
        let mark = tail.mark("b", 3);
        assert_eq!(Mark::parse(&mark.to_string()), mark);
        assert_eq!(ids(&tail, tail.place(&mark).unwrap()), ["c"]);
        // Another tail knows nothing of this one's numbers, but it may hold the message.
        let other = Tail::new();
        assert_eq!(other.place(&mark), None);
        other.add_message(&envelope("b", 1), false);
        assert_eq!(other.place(&mark), Some(1));
        assert_eq!(tail.place(&Mark::parse("")), None);
        assert_eq!(tail.place(&tail.mark("", 9)), None, "a number that is still to come");
        assert_eq!((tail.last(1), tail.last(2), tail.last(9)), (3, 1, 0));
    }

    #[test]
    fn an_id_that_looks_like_a_mark_is_an_id() {
        let tail = Tail::new();
        tail.add_message(&envelope("s.a@0000000a.7", 1), false);
        assert_eq!(tail.place(&Mark::parse("s.a@0000000a.7")), Some(1));
        assert_eq!(Mark::parse("s.a@b").to_string(), "s.a@b");
        assert_eq!(tail.place(&Mark::parse("s.a@b")), None);
    }

    #[test]
    fn the_oldest_are_forgotten_and_who_wanted_them_is_told() {
        let tail = Tail::new();
        for n in 0..HELD + 5 {
            tail.add_message(&envelope(&n.to_string(), 1), false);
        }
        assert_eq!(tail.read(2, 1).unwrap_err(), Missed(3));
        assert_eq!(tail.place(&Mark::parse("4")), None);
        assert_eq!((tail.start(), tail.read(5, HELD).unwrap().len()), (5, HELD));
        tail.add_message(&envelope("large", HELD_BYTES + 1), false);
        assert_eq!(ids(&tail, tail.start()), ["large"], "one is held however large it is");
        tail.add_message(&envelope("next", 1), false);
        assert_eq!(ids(&tail, tail.start()), ["next"]);
    }

    #[test]
    fn a_reader_waits_for_the_next_entry() {
        let tail = Tail::new();
        assert_eq!(tail.reached(0).now_or_never(), None);
        tail.add_notice("bus", Bytes::new());
        assert_eq!(tail.reached(0).now_or_never(), Some(()));
        assert_eq!(tail.reached(1).now_or_never(), None);
    }
}
