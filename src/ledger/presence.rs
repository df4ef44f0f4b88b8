//! Where a subscriber was, and when.

/// Where a subscriber is from a moment on, until the next stay begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stay {
    /// When the stay begins, in nanoseconds since the run's zero.
    pub(super) from: u64,
    /// The node of the subscriber; while it is offline the last known one.
    pub(super) node: u32,
    pub(super) online: bool,
    /// Whether the subscriber is offline on purpose.
    pub(super) deliberate: bool,
}

/// Every stay of one subscriber, in order. Empty until it first subscribed.
#[derive(Debug, Default)]
pub(super) struct Presence {
    stays: Vec<Stay>,
}

impl Presence {
    /// The stays, in order.
    pub(super) fn stays(&self) -> &[Stay] {
        &self.stays
    }

    pub(super) fn last(&self) -> Option<Stay> {
        self.stays.last().copied()
    }

    /// The stay at a moment; `None` before the first stay. A change holds from its very moment.
    pub(super) fn at(&self, moment: u64) -> Option<Stay> {
        // Most questions are about the latest stay, so it is looked at first.
        if let Some(last) = self.last().filter(|last| last.from <= moment) {
            return Some(last);
        }
        let later = self.stays.partition_point(|stay| stay.from <= moment);
        later.checked_sub(1).and_then(|i| self.stays.get(i)).copied()
    }

    /// The stay to which a replay of this moment belongs. A replay comes before the subscription that asks for it is
    /// told: a subscriber that is offline then hears the replay from the node where it is online next.
    pub(super) fn replayed_at(&self, moment: u64) -> Option<Stay> {
        let now = self.at(moment);
        if now.is_some_and(|stay| stay.online) {
            return now;
        }
        let later = self.stays.partition_point(|stay| stay.from <= moment);
        let mut next = self.stays.iter().skip(later);
        next.find(|stay| stay.online).copied().or(now)
    }

    /// Whether the subscriber was offline on purpose at some moment from `from` to `to`, both included.
    pub(super) fn was_away(&self, from: u64, to: u64) -> bool {
        let later = self.stays.partition_point(|stay| stay.from <= from);
        let begun = self.stays.get(later.saturating_sub(1)..).unwrap_or_default();
        begun.iter().take_while(|stay| stay.from <= to.max(from)).any(|stay| stay.deliberate)
    }

    pub(super) fn online(&mut self, node: u32, at: u64) {
        self.push(Stay { from: at, node, online: true, deliberate: false });
    }

    /// Records that the subscriber is offline. Before the first subscription this records nothing: a subscriber that
    /// never came cannot leave. A subscriber that left on purpose stays so.
    pub(super) fn offline(&mut self, at: u64) {
        if let Some(last) = self.last() {
            self.push(Stay { from: at, online: false, ..last });
        }
    }

    /// Records that the subscriber is offline on purpose, until it is online again.
    pub(super) fn left(&mut self, at: u64) {
        if let Some(last) = self.last() {
            self.push(Stay { from: at, online: false, deliberate: true, ..last });
        }
    }

    /// The moment of the first subscription.
    pub(super) fn since(&self) -> Option<u64> {
        self.stays.first().map(|stay| stay.from)
    }

    fn push(&mut self, mut stay: Stay) {
        match self.last() {
            Some(last) if Stay { from: last.from, ..stay } == last => return,
            // The clock of one client does not run backwards, and the search in `at` relies on the order.
            Some(last) => stay.from = stay.from.max(last.from),
            None => {}
        }
        self.stays.push(stay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_holds_from_its_very_moment() {
        let mut presence = Presence::default();
        presence.offline(5);
        assert_eq!(presence.at(9), None, "who never came cannot leave");
        presence.online(1, 10);
        presence.offline(20);
        presence.online(2, 30);
        let at = |moment| presence.at(moment).map(|stay| (stay.node, stay.online));
        assert_eq!(at(9), None);
        assert_eq!([at(10), at(19)], [Some((1, true)); 2]);
        assert_eq!([at(20), at(29)], [Some((1, false)); 2], "offline on the last known node");
        assert_eq!([at(30), at(99)], [Some((2, true)); 2]);
        assert_eq!(presence.since(), Some(10));
    }

    #[test]
    fn a_replay_belongs_to_the_next_subscription() {
        let mut presence = Presence::default();
        presence.online(1, 10);
        presence.offline(20);
        presence.left(25);
        presence.online(2, 30);
        presence.offline(40);
        let at = |moment| presence.replayed_at(moment).map(|stay| stay.node);
        assert_eq!([at(15), at(21), at(29), at(30)], [Some(1), Some(2), Some(2), Some(2)]);
        assert_eq!(at(41), Some(2), "it never came back: the last node that is known");
        assert_eq!(at(5), Some(1), "before its first subscription");
    }

    #[test]
    fn who_left_on_purpose_is_away_on_purpose_until_online_again() {
        let mut presence = Presence::default();
        presence.left(5);
        assert_eq!(presence.last(), None, "who never came cannot leave");
        presence.online(1, 10);
        presence.offline(20);
        presence.left(30);
        presence.offline(40);
        presence.online(1, 50);
        presence.left(60);
        let at = |moment| presence.at(moment).map(|stay| (stay.online, stay.deliberate));
        assert_eq!([at(10), at(20)], [Some((true, false)), Some((false, false))]);
        assert_eq!([at(30), at(49)], [Some((false, true)); 2]);
        assert_eq!([at(50), at(60)], [Some((true, false)), Some((false, true))]);
        let away = |from, to| presence.was_away(from, to);
        assert_eq!([away(0, 29), away(0, 30), away(30, 30), away(49, 0)], [false, true, true, true]);
        assert_eq!([away(50, 59), away(50, 60), away(50, 99), away(70, 70)], [false, true, true, true]);
    }

    #[test]
    fn what_is_told_twice_is_one_stay_and_no_clock_runs_backwards() {
        let mut presence = Presence::default();
        presence.online(1, 10);
        presence.online(1, 15);
        assert_eq!(presence.stays().len(), 1);
        presence.online(2, 20);
        presence.offline(18);
        presence.offline(30);
        let stays: Vec<_> = presence.stays().iter().map(|stay| (stay.from, stay.node, stay.online)).collect();
        assert_eq!(stays, [(10, 1, true), (20, 2, true), (20, 2, false)]);
        assert_eq!(presence.at(20), presence.last());
    }
}
