//! One client's outbox: the frames that wait for its socket, bounded, in order.
//!
//! Overflow policy: a feed frame (somebody said something) that finds the outbox full is dropped and counted. From
//! then on every feed frame is dropped until half of the outbox has drained; there `lagged {missed}` takes the place
//! of what is missing. Without that pause a client at the edge would get one `lagged` for each frame. Answers to the
//! client's own requests are never dropped: the session stops reading from a client whose outbox is full. A replay
//! waits until half of the outbox is free, so that messages said meanwhile still find room. A message that a history
//! keeps is dropped without being counted: see `catch_up.rs`.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::Bytes;

use super::frame;
use wire::NodeFrame;

/// Largest number of frames in one write.
const BATCH: usize = 64;

/// The frames that wait for one client.
#[derive(Debug)]
pub struct Outbox {
    queue: VecDeque<Bytes>,
    /// Number of bytes of the front frame that the socket already took. A frame that was written in part can no
    /// longer be dropped.
    written: usize,
    capacity: usize,
    missed: u64,
    /// Whether the client's dialect has `lagged`.
    tells_missed: bool,
}

/// Whether the outbox took a frame of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// The frame waits for the socket.
    Queued,
    /// The frame was dropped: the outbox is full, or was full and has not drained to half yet.
    Dropped,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// Every frame was written.
    Empty,
    /// The socket takes no more bytes for now.
    Blocked,
}

impl Outbox {
    /// Makes an outbox that holds at most `capacity` frames of the feed.
    pub fn new(capacity: usize) -> Self {
        Self { queue: VecDeque::new(), written: 0, capacity, missed: 0, tells_missed: true }
    }

    /// Makes an outbox for a dialect without `lagged`. What is missing cannot be told, so after the first frame that is
    /// dropped every further one is.
    pub fn without_lagged(capacity: usize) -> Self {
        Self { tells_missed: false, ..Self::new(capacity) }
    }

    /// Adds a frame of the feed, or drops and counts it if the outbox is full.
    pub fn offer(&mut self, frame: &Bytes) -> Offer {
        let offer = self.offer_kept(frame);
        self.missed += u64::from(offer == Offer::Dropped);
        offer
    }

    /// Adds a frame of the feed, or drops it if the outbox is full. What is dropped is not counted, because a history
    /// keeps it and it is brought later.
    pub fn offer_kept(&mut self, frame: &Bytes) -> Offer {
        if self.missed > 0 || self.queue.len() >= self.capacity {
            return Offer::Dropped;
        }
        self.queue.push_back(frame.clone());
        Offer::Queued
    }

    /// Whether frames were dropped for a client that cannot be told of it, so that it gets no more of them.
    pub fn has_overflowed(&self) -> bool {
        self.missed > 0 && !self.tells_missed
    }

    /// Adds an answer or a control frame, even to a full outbox.
    pub fn answer(&mut self, frame: Bytes) {
        self.queue.push_back(frame);
    }

    /// Whether a replay may add frames: half of the outbox is free.
    pub fn takes_replay(&self) -> bool {
        self.missed == 0 && self.queue.len() < (self.capacity / 2).max(1)
    }

    /// Whether the outbox is full, so that the client's own requests have to wait.
    pub fn is_full(&self) -> bool {
        self.queue.len() >= self.capacity
    }

    /// Whether no frame waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Drops every frame that the socket has not begun to take, so that a close frame can follow.
    pub fn clear(&mut self) {
        self.queue.truncate(usize::from(self.written > 0));
        self.missed = 0;
    }

    /// Writes until no frame waits or the socket takes no more. `write` is one non-blocking vectored write and gives
    /// the number of bytes that it took. Gives the number of bytes written and how the write ended.
    pub fn drain(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<(usize, Drain)> {
        let mut total = 0;
        while let Some(front) = self.queue.front() {
            let front = IoSlice::new(&front[self.written..]);
            let taken = if self.queue.len() == 1 {
                write(&[front])
            } else {
                let mut slices = [IoSlice::new(&[]); BATCH];
                slices[0] = front;
                let mut count = 1;
                for (slot, frame) in slices[1..].iter_mut().zip(self.queue.iter().skip(1)) {
                    *slot = IoSlice::new(frame);
                    count += 1;
                }
                write(&slices[..count])
            };
            match taken {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    total += bytes;
                    self.took(bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok((total, Drain::Blocked));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.queue.capacity() > BATCH {
            // After a burst the memory is given back: 10,000 idle clients would otherwise hold on to it.
            self.queue.shrink_to(4);
        }
        Ok((total, Drain::Empty))
    }

    fn took(&mut self, mut bytes: usize) {
        while let Some(front) = self.queue.front() {
            let rest = front.len() - self.written;
            if bytes < rest {
                self.written += bytes;
                break;
            }
            bytes -= rest;
            self.written = 0;
            self.queue.pop_front();
        }
        if self.queue.len() <= self.capacity / 2 {
            self.tell_missed();
        }
    }

    /// Adds a `lagged` frame if frames were dropped since the last one, and the dialect has such a frame.
    pub fn tell_missed(&mut self) {
        if self.missed > 0 && self.tells_missed {
            self.queue.push_back(frame::text(&NodeFrame::Lagged { missed: self.missed }.json()));
            self.missed = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(outbox: &mut Outbox, mut room: usize) -> Vec<u8> {
        let mut seen = Vec::new();
        outbox
            .drain(|slices| {
                let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).take(room).collect();
                if bytes.is_empty() {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                room -= bytes.len();
                seen.extend_from_slice(&bytes);
                Ok(bytes.len())
            })
            .unwrap();
        seen
    }

    #[test]
    fn partial_writes_keep_every_byte_in_order() {
        let mut outbox = Outbox::new(8);
        for frame in ["abc", "de", "fghi"] {
            outbox.offer(&Bytes::from(frame));
        }
        assert_eq!(take(&mut outbox, 4), b"abcd");
        assert_eq!(take(&mut outbox, 100), b"efghi");
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_dropped_is_told_once_and_in_its_place() {
        let mut outbox = Outbox::new(4);
        let offers: Vec<_> = (0..7).map(|n| outbox.offer(&Bytes::from(n.to_string()))).collect();
        assert_eq!(offers.iter().filter(|offer| **offer == Offer::Dropped).count(), 3);
        assert_eq!(take(&mut outbox, 1), b"0");
        assert_eq!(outbox.offer(&Bytes::from("7")), Offer::Dropped, "still more than half full");
        assert_eq!(take(&mut outbox, 1), b"1");
        assert_eq!(outbox.offer(&Bytes::from("8")), Offer::Queued);
        assert_eq!(take(&mut outbox, 100), b"23\x81\x1c{\"type\":\"lagged\",\"missed\":4}8");
    }

    #[test]
    fn what_a_history_keeps_is_not_counted_and_never_overtakes_what_is() {
        let mut outbox = Outbox::new(2);
        let kept = ["a", "b", "c"].map(|frame| outbox.offer_kept(&Bytes::from(frame)));
        assert_eq!(kept, [Offer::Queued, Offer::Queued, Offer::Dropped]);
        assert_eq!(take(&mut outbox, 1), b"a");
        assert_eq!(outbox.offer_kept(&Bytes::from("d")), Offer::Queued, "nothing waits to be told");
        assert_eq!(outbox.offer(&Bytes::from("e")), Offer::Dropped);
        assert!(!outbox.takes_replay());
        assert_eq!(outbox.offer_kept(&Bytes::from("f")), Offer::Dropped);
        assert_eq!(take(&mut outbox, 100), b"bd\x81\x1c{\"type\":\"lagged\",\"missed\":1}");
    }

    #[test]
    fn what_is_dropped_can_be_told_before_the_last_frame() {
        let mut outbox = Outbox::new(2);
        for frame in ["a", "b", "c"] {
            outbox.offer(&Bytes::from(frame));
        }
        outbox.tell_missed();
        outbox.answer(Bytes::from("close"));
        assert_eq!(take(&mut outbox, 100), b"ab\x81\x1c{\"type\":\"lagged\",\"missed\":1}close");
    }

    #[test]
    fn where_nothing_can_be_told_nothing_follows_a_gap() {
        let mut outbox = Outbox::without_lagged(2);
        for frame in ["a", "b", "c"] {
            outbox.offer(&Bytes::from(frame));
        }
        assert_eq!(take(&mut outbox, 100), b"ab");
        assert!(outbox.has_overflowed());
        assert_eq!(outbox.offer(&Bytes::from("d")), Offer::Dropped);
        outbox.tell_missed();
        outbox.answer(Bytes::from("close"));
        assert_eq!(take(&mut outbox, 100), b"close");
    }

    #[test]
    fn clearing_keeps_the_rest_of_a_frame_that_is_half_out() {
        let mut outbox = Outbox::new(4);
        outbox.offer(&Bytes::from("abc"));
        outbox.offer(&Bytes::from("def"));
        take(&mut outbox, 1);
        outbox.clear();
        outbox.answer(Bytes::from("!"));
        assert_eq!(take(&mut outbox, 100), b"bc!");
    }
}
