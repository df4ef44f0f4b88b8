//! What waits for one peer: the high-water mark.
//!
//! A peer that does not read (stopped, or slow) fills the kernel's buffers, then its writer waits, then this queue
//! fills, and then the newest is dropped and counted. Nothing else grows.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use super::tally::Tally;
use super::topics::Topics;
use super::zmtp;

/// Bytes that may wait for one peer, whatever the number of frames. The peers share the bytes.
const MAX_BYTES: usize = 64 << 20;

/// The bounded queue to one peer. Overflow: the newest is dropped for this peer, and counted.
pub(super) struct Backlog {
    /// For the log.
    peer: String,
    hwm: usize,
    state: Mutex<State>,
    filled: Notify,
    tally: Tally,
}

#[derive(Default)]
struct State {
    /// What the peer wants; `None` while it is not connected.
    topics: Option<Topics>,
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// Dropped since the queue was last empty.
    dropped: u64,
    /// The context of a PING that is not answered. A later one makes it pointless.
    pong: Option<Bytes>,
}

/// What is written in one go.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: BytesMut,
    /// Where in the bytes each frame ends.
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

    /// There is a connection; the peer will say what it wants.
    pub(super) fn connected(&self) {
        self.lock().topics = Some(Topics::default());
        self.tally.peers.increment(1);
    }

    /// There is none any more: what waits is lost. The next connection may be to another process.
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

    /// The peer wants a topic. False if it wants too much.
    pub(super) fn subscribe(&self, topic: Bytes) -> bool {
        self.lock().topics.as_mut().is_none_or(|topics| topics.add(topic))
    }

    /// The peer no longer wants a topic.
    pub(super) fn cancel(&self, topic: &Bytes) {
        if let Some(topics) = &mut self.lock().topics {
            topics.remove(topic);
        }
    }

    /// The peer asks for a PONG.
    pub(super) fn pong(&self, context: Bytes) {
        self.lock().pong = Some(context);
        self.filled.notify_one();
    }

    /// Takes what is to be written next, some `most` bytes of it. False if there is nothing.
    pub(super) fn take(&self, batch: &mut Batch, most: usize) -> bool {
        if batch.bytes.capacity() > 16 * most {
            // A single long message is no reason to keep its room for ever.
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

    /// A connection failed after so many bytes of a batch.
    pub(super) fn broke_off(&self, batch: &Batch, written: usize) {
        self.unsent(batch.ends.iter().filter(|end| **end > written).count());
    }

    /// Resolves when something was queued since the last time.
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
