//! The messages that wait for one peer, up to the high-water mark.
//!
//! If a peer does not read (because it is stopped, or slow), first the kernel's buffers fill, then its writer waits,
//! then this queue fills, and then the newest message is dropped and counted. Nothing else grows.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::tally::Tally;
use super::topics::Topics;
use super::zmtp;

/// Number of bytes that may wait for one peer, whatever the number of frames. A message for several peers is in
/// memory only once.
const MAX_BYTES: usize = 64 << 20;

/// The bounded queue to one peer. Overflow policy: the newest message is dropped for this peer, and counted.
pub(super) struct Backlog {
    /// The peer's address, for the log.
    peer: String,
    hwm: usize,
    state: Mutex<State>,
    filled: Notify,
    tally: Tally,
}

#[derive(Default)]
struct State {
    /// The topics that the peer wants; `None` while it is not connected.
    topics: Option<Topics>,
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Number of messages dropped since the queue was last empty.
    dropped: u64,
    /// The context of the peer's PING that is not answered yet. A later PING makes an earlier one pointless.
    pong: Option<Bytes>,
}

/// The bytes that are written at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: BytesMut,
    /// The position in the bytes at which each frame ends.
    ends: Vec<usize>,
}

impl Backlog {
    pub(super) fn new(peer: String, hwm: usize, tally: Tally) -> Self {
        Self { peer, hwm, state: Mutex::default(), filled: Notify::new(), tally }
    }

    /// The peer's address, for the log.
    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    /// Queues a message if the peer wants its topic. Never blocks.
    pub(super) fn offer(&self, topic: &[u8], message: impl FnOnce() -> Bytes) {
        let mut state = self.lock();
        if !state.topics.as_ref().is_some_and(|topics| topics.want(topic)) {
            return;
        }
        let message = message();
        let full = state.waiting.len() >= self.hwm || state.bytes + message.len() > MAX_BYTES;
        if full && !state.waiting.is_empty() {
            state.dropped += 1;
            let first = state.dropped == 1;
            let waiting = state.waiting.len();
            drop(state);
            self.tally.hwm_dropped.increment(1);
            if first {
                tracing::warn!("{waiting} frames wait for the peer {}: further ones are dropped", self.peer);
            }
            return;
        }
        state.bytes += message.len();
        state.waiting.push_back(message);
        drop(state);
        self.filled.notify_one();
    }

    /// Records that there is a connection, over which the peer will say what it wants.
    pub(super) fn connected(&self) {
        self.lock().topics = Some(Topics::default());
        self.tally.peers.increment(1);
    }

    /// Records that the connection ended, and drops the messages that wait: the next connection may be to another
    /// process.
    pub(super) fn disconnected(&self) {
        let State { topics, waiting, dropped, .. } = std::mem::take(&mut *self.lock());
        if topics.is_some() {
            self.tally.peers.decrement(1);
        }
        if dropped > 0 {
            tracing::warn!("{dropped} frames were dropped for the peer {}", self.peer);
        }
        self.unsent(waiting.len());
    }

    /// Records that the peer wants a topic. Gives false if it wants too many or too long ones.
    pub(super) fn subscribe(&self, topic: Bytes) -> bool {
        self.lock().topics.as_mut().is_none_or(|topics| topics.add(topic))
    }

    /// Records that the peer no longer wants a topic.
    pub(super) fn cancel(&self, topic: &Bytes) {
        if let Some(topics) = &mut self.lock().topics {
            topics.remove(topic);
        }
    }

    /// Records that the peer asks for a PONG.
    pub(super) fn pong(&self, context: Bytes) {
        self.lock().pong = Some(context);
        self.filled.notify_one();
    }

    /// Takes about `most` bytes to be written next. Gives false if there is nothing to write.
    pub(super) fn take(&self, batch: &mut Batch, most: usize) -> bool {
        if batch.bytes.capacity() > 16 * most {
            // A single long message is no reason to keep so much memory for ever.
            batch.bytes = BytesMut::new();
        }
        batch.bytes.clear();
        batch.ends.clear();
        let mut state = self.lock();
        if let Some(context) = state.pong.take() {
            zmtp::put_pong(&mut batch.bytes, &context);
        }
        while batch.bytes.len() < most
            && let Some(message) = state.waiting.pop_front()
        {
            state.bytes -= message.len();
            batch.bytes.extend_from_slice(&message);
            batch.ends.push(batch.bytes.len());
        }
        let dropped = if state.waiting.is_empty() { std::mem::take(&mut state.dropped) } else { 0 };
        drop(state);
        if dropped > 0 {
            tracing::warn!("the peer {} reads again; {dropped} frames were dropped for it", self.peer);
        }
        !batch.bytes.is_empty()
    }

    /// Records that a connection failed after `written` bytes of a batch.
    pub(super) fn broke_off(&self, batch: &Batch, written: usize) {
        self.unsent(batch.ends.iter().filter(|end| **end > written).count());
    }

    /// Resolves when something was queued since the last call.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    fn unsent(&self, count: usize) {
        if count > 0 {
            self.tally.unsent.increment(count as u64);
            tracing::warn!("{count} frames for the peer {} were not sent", self.peer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::meter::Meter;

    /// The largest batch in bytes, for tests that do not care.
    const MOST: usize = 1 << 10;

    /// The queue to a peer that is connected and wants everything.
    fn backlog(hwm: usize) -> (Backlog, Meter) {
        let meter = Meter::default();
        let backlog = Backlog::new("peer".into(), hwm, meter.around(Tally::register));
        backlog.connected();
        assert!(backlog.subscribe(Bytes::new()));
        (backlog, meter)
    }

    fn offer(backlog: &Backlog, messages: &[&'static str]) {
        messages.iter().for_each(|message| backlog.offer(b"r\n", || Bytes::from(*message)));
    }

    fn take(backlog: &Backlog, most: usize) -> Option<String> {
        let mut batch = Batch::default();
        let any = backlog.take(&mut batch, most);
        any.then(|| String::from_utf8(batch.bytes.to_vec()).unwrap())
    }

    #[test]
    fn beyond_the_high_water_mark_the_newest_is_dropped_and_counted() {
        let (backlog, meter) = backlog(3);
        offer(&backlog, &["1", "2", "3", "4", "5"]);
        assert_eq!(meter.count("hwm_dropped"), 2);
        assert_eq!(take(&backlog, MOST).as_deref(), Some("123"));
        offer(&backlog, &["6"]);
        assert_eq!(take(&backlog, MOST).as_deref(), Some("6"));
        assert_eq!((meter.count("hwm_dropped"), meter.count("unsent")), (2, 0));
    }

    #[test]
    fn bytes_are_bounded_too_but_one_message_always_has_room() {
        let (backlog, meter) = backlog(10);
        let long = Bytes::from(vec![b'x'; MAX_BYTES + 1]);
        backlog.offer(b"r\n", || long.clone());
        offer(&backlog, &["1"]);
        assert_eq!(meter.count("hwm_dropped"), 1);
        assert_eq!(take(&backlog, MOST).map(|taken| taken.len()), Some(MAX_BYTES + 1));
        offer(&backlog, &["2"]);
        assert_eq!(take(&backlog, MOST).as_deref(), Some("2"));
    }

    #[test]
    fn the_bytes_that_wait_are_added_up_and_given_back() {
        let (backlog, meter) = backlog(10);
        let half = Bytes::from(vec![b'x'; MAX_BYTES / 2]);
        let offer = || backlog.offer(b"r\n", || half.clone());
        (0..3).for_each(|_| offer());
        assert_eq!(meter.count("hwm_dropped"), 1, "two halves have just room");
        assert!(backlog.take(&mut Batch::default(), 1));
        (0..2).for_each(|_| offer());
        assert_eq!(meter.count("hwm_dropped"), 2, "one was taken, so one has room");
    }

    #[test]
    fn a_batch_ends_with_the_message_that_makes_it_long_enough() {
        let (backlog, _) = backlog(10);
        offer(&backlog, &["11", "22", "33"]);
        assert_eq!(take(&backlog, 3).as_deref(), Some("1122"));
        assert_eq!(take(&backlog, 3).as_deref(), Some("33"));
        assert_eq!(take(&backlog, 3), None);
    }

    #[test]
    fn a_peer_gets_what_it_wants_and_the_message_is_made_for_nobody_else() {
        let meter = Meter::default();
        let backlog = Backlog::new("peer".into(), 10, meter.around(Tally::register));
        let offer = |topic: &[u8]| {
            let mut made = false;
            backlog.offer(topic, || {
                made = true;
                Bytes::from_static(b"x")
            });
            made
        };
        assert!(backlog.subscribe("early\n".into()));
        assert!(!offer(b"early\n"), "there is no connection");
        backlog.connected();
        assert!(!offer(b"early\n"), "that was before the connection");
        assert!(backlog.subscribe("r\n".into()));
        assert!(backlog.filled().now_or_never().is_none());
        assert!(offer(b"r\n") && !offer(b"other\n"));
        assert!(backlog.filled().now_or_never().is_some());
        backlog.cancel(&"r\n".into());
        assert!(!offer(b"r\n"));
        assert_eq!(take(&backlog, MOST).as_deref(), Some("x"));
    }

    #[test]
    fn what_waits_is_lost_with_the_connection_and_counted() {
        let (backlog, meter) = backlog(2);
        assert_eq!(meter.gauge("peers"), 1.0);
        offer(&backlog, &["1", "2", "3"]);
        backlog.disconnected();
        assert_eq!((meter.count("unsent"), meter.count("hwm_dropped")), (2, 1));
        assert_eq!(meter.gauge("peers"), 0.0);
        offer(&backlog, &["4"]);
        backlog.connected();
        assert!(backlog.subscribe(Bytes::new()));
        offer(&backlog, &["5"]);
        assert_eq!(take(&backlog, MOST).as_deref(), Some("5"));
        assert_eq!(meter.count("unsent"), 2);
    }

    #[test]
    fn a_connection_that_never_was_is_not_counted() {
        let meter = Meter::default();
        let backlog = Backlog::new("peer".into(), 1, meter.around(Tally::register));
        backlog.disconnected();
        assert_eq!(meter.gauge("peers"), 0.0);
    }

    #[test]
    fn a_frame_that_was_written_in_part_was_not_sent() {
        let (backlog, meter) = backlog(10);
        backlog.pong("?".into());
        offer(&backlog, &["11", "22", "33"]);
        let mut batch = Batch::default();
        assert!(backlog.take(&mut batch, MOST));
        let before = batch.bytes.len() - 6;
        for (written, unsent) in [(before + 6, 0), (before + 5, 1), (before + 2, 2), (before + 1, 3), (0, 3)]
        {
            let count = meter.count("unsent");
            backlog.broke_off(&batch, written);
            assert_eq!(meter.count("unsent") - count, unsent, "after {written} bytes");
        }
    }

    #[test]
    fn the_last_ping_is_answered_before_what_waits() {
        let (backlog, _) = backlog(10);
        offer(&backlog, &["1"]);
        backlog.pong("first".into());
        backlog.pong("second".into());
        let mut pong = BytesMut::new();
        zmtp::put_pong(&mut pong, b"second");
        pong.extend_from_slice(b"1");
        let mut batch = Batch::default();
        assert!(backlog.take(&mut batch, MOST));
        assert_eq!(batch.bytes, pong);
        assert!(!backlog.take(&mut batch, MOST));
        assert!(batch.bytes.is_empty());
    }

    #[test]
    fn one_long_message_is_no_reason_to_keep_its_room() {
        let (backlog, _) = backlog(10);
        backlog.offer(b"r\n", || vec![b'x'; 1_000].into());
        let mut batch = Batch::default();
        assert!(backlog.take(&mut batch, 10));
        assert!(batch.bytes.capacity() >= 1_000);
        assert!(!backlog.take(&mut batch, 10));
        assert!(batch.bytes.capacity() <= 160);
    }
}
