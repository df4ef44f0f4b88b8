//! Acks of the live feed, sent in batches, and what a delivery proves about RabbitMQ.
//!
//! A delivery may have waited in the library for long, while the node was slow and RabbitMQ hung. But RabbitMQ sends
//! no more than [`PREFETCH`] deliveries ahead of our acks: each delivery proves that RabbitMQ had read the ack which
//! made room for it.

use std::collections::VecDeque;

use tokio::time::Instant;

/// Number of deliveries that RabbitMQ sends ahead of our acks.
pub(super) const PREFETCH: u16 = 1_000;
/// Number of deliveries that one ack covers while more are waiting.
const TOGETHER: usize = 100;

/// The deliveries of one consumer.
#[derive(Default)]
pub(super) struct Acks {
    unacked: usize,
    last: u64,
    /// The last delivery that each ack covered, and when the ack was sent. Acks that can prove nothing more are
    /// removed.
    sent: VecDeque<(u64, Instant)>,
}

impl Acks {
    /// Records that a delivery was handed to the node.
    pub(super) fn add(&mut self, tag: u64) {
        self.last = tag;
        self.unacked += 1;
    }

    /// The delivery up to which everything is to be acked now, if any. `idle` says that no other delivery waits.
    pub(super) fn due(&mut self, idle: bool) -> Option<u64> {
        let due = self.unacked > 0 && (idle || self.unacked >= TOGETHER);
        due.then(|| {
            self.unacked = 0;
            self.last
        })
    }

    /// Records that everything up to this delivery was acked.
    pub(super) fn sent(&mut self, tag: u64, now: Instant) {
        self.sent.push_back((tag, now));
    }

    /// An instant at which RabbitMQ was certainly alive, because it sent this delivery then or later.
    pub(super) fn proves(&mut self, tag: u64) -> Option<Instant> {
        let needed = tag.checked_sub(u64::from(PREFETCH)).filter(|needed| *needed > 0)?;
        while self.sent.front().is_some_and(|(acked, _)| *acked < needed) {
            self.sent.pop_front();
        }
        self.sent.front().map(|(_, when)| *when)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::samples::any_moment;

    #[test]
    fn a_delivery_proves_that_the_ack_before_it_was_read() {
        let at = |second| Duration::from_secs(second);
        let (mut acks, start) = (Acks::default(), any_moment());
        for tag in 1..=300 {
            acks.add(tag);
            if let Some(acked) = acks.due(false) {
                assert_eq!(acked, tag);
                acks.sent(acked, start + at(tag));
            }
        }
        assert_eq!(acks.proves(1_000), None, "sent without any ack");
        assert_eq!(acks.proves(1_001), Some(start + at(100)));
        assert_eq!(acks.proves(1_100), Some(start + at(100)));
        assert_eq!(acks.proves(1_101), Some(start + at(200)));
        assert_eq!(acks.proves(1_301), None, "nobody may send that");
        acks.add(301);
        assert_eq!(acks.due(true), Some(301));
        assert_eq!(acks.due(true), None);
    }

    #[test]
    fn nothing_is_acked_before_something_was_handed_over() {
        let mut acks = Acks::default();
        assert_eq!(acks.due(true), None);
        acks.add(1);
        acks.add(2);
        assert_eq!(acks.due(false), None, "more may come");
        assert_eq!(acks.due(true), Some(2), "one ack for all");
        assert_eq!(acks.due(true), None);
    }

    #[test]
    fn a_full_batch_is_acked_though_more_waits() {
        let mut acks = Acks::default();
        let due: Vec<_> = (1..=250)
            .filter_map(|tag| {
                acks.add(tag);
                acks.due(false)
            })
            .collect();
        assert_eq!(due, [100, 200]);
        assert_eq!(acks.due(true), Some(250));
    }

    #[test]
    fn an_ack_proves_nothing_until_a_delivery_needed_it() {
        let (mut acks, start) = (Acks::default(), any_moment());
        assert_eq!(acks.proves(5_000), None, "nothing was acked");
        acks.sent(10, start);
        assert_eq!(acks.proves(1_010), Some(start));
        assert_eq!(acks.proves(1_011), None, "that ack does not make room for this one");
    }
}
