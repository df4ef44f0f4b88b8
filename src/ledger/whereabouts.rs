//! Where a subscriber is by its own knowledge, and since when: what a list of people is held against.
//!
//! Nodes need time to tell each other who came and went, and a lost connection is kept for a while, in case its client
//! comes back. The three times here are those of the protocol's reference, and a judgement waits for them.

use std::time::Duration;

/// How soon every list has somebody who came: what a node misses it asks for within a second or two.
pub(super) const ARRIVES_WITHIN: u64 = Duration::from_secs(2).as_nanos() as u64;
/// How soon no list has somebody who went, be it because the client's node was killed.
pub(super) const LEAVES_WITHIN: u64 = Duration::from_secs(5).as_nanos() as u64;
/// An absence that is shorter is none. Nodes wait three seconds for a lost client; the third is for what is on its way.
const NO_ABSENCE: u64 = Duration::from_secs(2).as_nanos() as u64;

/// Where a subscriber is. Times are in nanoseconds since the run's zero.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Whereabouts {
    online: bool,
    node: u32,
    /// Whether the subscriber has asked for its room and was not answered yet.
    coming: bool,
    /// Whether the subscriber was ever there.
    came: bool,
    /// Since when the subscriber is where it is.
    since: u64,
    /// The end of the last absence that was one.
    away_until: u64,
    /// When the subscriber came to its node from another one.
    moved: u64,
}

impl Whereabouts {
    /// Records that the subscriber asks for its room.
    pub(super) fn approach(&mut self) {
        self.coming = !self.online;
    }

    /// Records that the subscriber is in its room.
    pub(super) fn arrive(&mut self, node: u32, at: u64) {
        if !self.online && (!self.came || at.saturating_sub(self.since) >= NO_ABSENCE) {
            self.away_until = at;
        }
        if self.node != node {
            self.moved = at;
        }
        if !self.online || self.node != node {
            self.since = at;
        }
        *self = Self { online: true, came: true, coming: false, node, ..*self };
    }

    /// Records that the subscriber is no longer in its room.
    pub(super) fn depart(&mut self, at: u64) {
        if self.online {
            self.since = at;
        }
        (self.online, self.coming) = (false, false);
    }

    /// Whether the subscriber is there for an observer: on its node, if `on` says one.
    pub(super) fn is_there(&self, on: Option<u32>) -> bool {
        self.online && on.is_none_or(|node| node == self.node)
    }

    /// Whether every list must be right about the subscriber at this moment, because it is neither coming nor going.
    pub(super) fn is_sure(&self, now: u64) -> bool {
        let within = if self.online { ARRIVES_WITHIN } else { LEAVES_WITHIN };
        !self.coming && (!self.came || now.saturating_sub(self.since) >= within)
    }

    /// Whether the subscriber was there all the time from a moment until now: on one node, if `on` says it.
    pub(super) fn was_there_from(&self, moment: u64, now: u64, on: Option<u32>) -> bool {
        let is_away = !self.online && (!self.came || now.saturating_sub(self.since) >= NO_ABSENCE);
        let (is_in_sight, since) = match on {
            None => (true, self.away_until),
            Some(node) => (self.node == node, self.away_until.max(self.moved)),
        };
        !is_away && is_in_sight && since + ARRIVES_WITHIN <= moment
    }

    /// Whether the subscriber was away all the time from a moment until now.
    pub(super) fn was_away_from(&self, moment: u64, on: Option<u32>) -> bool {
        !self.is_there(on) && !self.coming && (!self.came || self.since + LEAVES_WITHIN <= moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn who_comes_or_goes_is_no_one_to_judge_by() {
        let mut who = Whereabouts::default();
        assert!(who.is_sure(0), "it never came");
        who.approach();
        assert!(!who.is_sure(SECOND), "it is on its way");
        who.arrive(0, 2 * SECOND);
        assert_eq!([3, 4].map(|second| who.is_sure(second * SECOND)), [false, true]);
        who.depart(10 * SECOND);
        assert_eq!([12, 14, 15].map(|second| who.is_sure(second * SECOND)), [false, false, true]);
    }

    #[test]
    fn a_short_absence_is_none_and_a_long_one_is() {
        let mut who = Whereabouts::default();
        who.arrive(0, SECOND);
        who.depart(10 * SECOND);
        assert!(who.was_there_from(9 * SECOND, 11 * SECOND, None), "it may be back soon");
        who.arrive(1, 11 * SECOND);
        assert!(who.was_there_from(9 * SECOND, 11 * SECOND, None));
        assert!(!who.was_there_from(9 * SECOND, 11 * SECOND, Some(0)), "it is on another node");
        assert_eq!(
            [12, 13].map(|second| who.was_there_from(second * SECOND, 14 * SECOND, Some(1))),
            [false, true],
            "whoever sees that node alone saw it come"
        );
        who.depart(20 * SECOND);
        assert!(!who.was_there_from(19 * SECOND, 22 * SECOND, None));
        who.arrive(1, 23 * SECOND);
        assert!(!who.was_there_from(20 * SECOND, 24 * SECOND, None));
        assert!(
            !who.was_there_from(24 * SECOND, 26 * SECOND, None),
            "the news of its return may still be on its way"
        );
        assert!(who.was_there_from(25 * SECOND, 26 * SECOND, None));
    }

    #[test]
    fn who_is_away_for_long_is_away() {
        let mut who = Whereabouts::default();
        assert!(who.was_away_from(0, None), "it never came");
        who.arrive(0, SECOND);
        assert!(!who.was_away_from(SECOND, None));
        who.depart(2 * SECOND);
        assert_eq!([6, 7].map(|second| who.was_away_from(second * SECOND, None)), [false, true]);
        who.approach();
        assert!(!who.was_away_from(9 * SECOND, None), "it may be there already");
    }
}
