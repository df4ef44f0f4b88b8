//! The bytes that a pump has read and not passed on yet, each chunk with its due time.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::Duration;

use tokio::time::Instant;

/// The most bytes on their way in one direction of one connection: a second of delay at 8 MiB per second. When the
/// queue is full the pump stops reading, and the sender waits.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// The most chunks on their way, with the same effect: a second of delay at 64 Ki chunks per second.
const MOST_CHUNKS: usize = 64 * 1024;
/// The most bytes that are due and still wait for a throttle or for a slow reader, with the same effect.
const MOST_STANDING: usize = 64 * 1024;
/// Number of bytes that the empty queue of an idle connection may keep allocated.
const KEPT: usize = 64 * 1024;

/// How the bytes of a direction end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueEnd {
    /// The sender has no more bytes.
    Finished,
    /// The sender is gone.
    Reset,
}

/// The bytes on their way in one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: VecDeque<u8>,
    /// Number of bytes, from the first on, that are due.
    due: usize,
    /// The chunks of the bytes that are not due yet.
    chunks: VecDeque<Chunk>,
    end: Option<(QueueEnd, Chunk)>,
    /// The latest due time so far: no chunk overtakes another.
    latest: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    arrival: Instant,
    due: Instant,
    len: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.end.is_none()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= MOST_BYTES || self.chunks.len() >= MOST_CHUNKS || self.due >= MOST_STANDING
    }

    /// Whether the end is in the queue, so that nothing comes any more.
    pub(super) fn has_end(&self) -> bool {
        self.end.is_some()
    }

    /// Queues a chunk, which leaves this delay after its arrival, or right after the chunk before it if that is later.
    pub(super) fn push(&mut self, bytes: &[u8], arrival: Instant, delay: Duration) {
        self.bytes.extend(bytes);
        let chunk = self.chunk(arrival, delay, bytes.len());
        self.chunks.push_back(chunk);
    }

    /// Queues the end. It replaces an end that is on its way: a sender that is gone has no more to say.
    pub(super) fn push_end(&mut self, end: QueueEnd, arrival: Instant, delay: Duration) {
        self.end = Some((end, self.chunk(arrival, delay, 0)));
    }

    fn chunk(&mut self, arrival: Instant, delay: Duration, len: usize) -> Chunk {
        let due = arrival.checked_add(delay).unwrap_or(arrival);
        let due = self.latest.map_or(due, |latest| latest.max(due));
        self.latest = Some(due);
        Chunk { arrival, due, len }
    }

    /// Shortens the waiting after a delay was healed: nothing waits longer after its arrival than this.
    pub(super) fn hasten(&mut self, longest: Duration) {
        // Neither the due times nor the arrivals ever fall, so the lesser of both keeps the order.
        for chunk in self.chunks.iter_mut().chain(self.end.as_mut().map(|(_, chunk)| chunk)) {
            chunk.due = chunk.arrival.checked_add(longest).map_or(chunk.due, |due| due.min(chunk.due));
            self.latest = Some(chunk.due);
        }
        if self.chunks.is_empty() && self.end.is_none() {
            self.latest = None;
        }
    }

    /// Number of bytes that are due.
    pub(super) fn due(&mut self, now: Instant) -> usize {
        while let Some(chunk) = self.chunks.front().filter(|chunk| chunk.due <= now) {
            self.due += chunk.len;
            self.chunks.pop_front();
        }
        self.due
    }

    /// The end, if it is due and all bytes have passed.
    pub(super) fn end_due(&self, now: Instant) -> Option<QueueEnd> {
        self.end.filter(|(_, chunk)| self.bytes.is_empty() && chunk.due <= now).map(|(end, _)| end)
    }

    /// The instant at which the next chunk, or else the end, is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.chunks.front().or(self.end.as_ref().map(|(_, chunk)| chunk)).map(|chunk| chunk.due)
    }

    /// The first `len` bytes, which may lie in two places.
    pub(super) fn front(&self, len: usize) -> [IoSlice<'_>; 2] {
        let (first, second) = self.bytes.as_slices();
        let in_first = len.min(first.len());
        let in_second = (len - in_first).min(second.len());
        [IoSlice::new(&first[..in_first]), IoSlice::new(&second[..in_second])]
    }

    /// Removes the first `len` bytes, which were due and have passed.
    pub(super) fn passed(&mut self, len: usize) {
        self.bytes.drain(..len);
        self.due -= len;
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = VecDeque::new();
            self.chunks.shrink_to_fit();
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
