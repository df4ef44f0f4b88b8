//! The notices that a subscriber got: what told it that it may have missed something.
//!
//! A notice stands somewhere in the subscriber's stream of messages. Of each publisher it covers what belongs into the
//! hole in which it stands: every message that was sent before the notice came, and that follows the last one which the
//! subscriber had received live by then. A notice that names a moment covers what was sent from that moment until it
//! came, and nothing else: it may come after the messages that showed its node that others were missing.
//!
//! Full: the last notice grows. Beyond [`MOST`] notices a further one makes the last one later instead of being kept by
//! itself, so that it covers more than it should, and never less.

/// The most notices of one kind that are kept for one subscriber.
const MOST: usize = 4_096;

/// What a subscriber has reason to believe of a message that it never received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// A notice covers the message: the subscriber knows that it may have missed it.
    Told,
    /// No notice covers the message: the subscriber believes that it has everything.
    Silent,
    /// No notice covers the message, and a replay that was to bring it said that it had brought everything.
    Denied,
}

/// A notice, or the promise of a replay, as it stands in a subscriber's stream.
#[derive(Debug, Clone)]
struct Mark {
    /// When it came, in nanoseconds since the run's zero.
    at: u64,
    /// For each publisher, one more than the highest sequence received live by then.
    next: Box<[u32]>,
}

/// A notice that names the moment since which something may be missing. Both times are in nanoseconds since the run's
/// zero.
#[derive(Debug, Clone, Copy)]
struct Gap {
    since: u64,
    at: u64,
}

/// Every notice that one subscriber got.
#[derive(Debug, Default)]
pub(super) struct Notices {
    holes: Vec<Mark>,
    gaps: Vec<Gap>,
    /// The replays that said that they had brought everything.
    promises: Vec<Mark>,
}

impl Notices {
    /// Records a notice. `next` is, for each publisher, one more than the highest sequence received live by now.
    pub(super) fn hole(&mut self, at: u64, next: &[u32]) {
        mark(&mut self.holes, at, next);
    }

    /// Records a notice that something sent since a moment may be missing.
    pub(super) fn gap(&mut self, since: u64, at: u64) {
        let full = self.gaps.len() >= MOST;
        match self.gaps.last_mut() {
            Some(last) if full => {
                (last.since, last.at) = (last.since.min(since), last.at.max(at));
            }
            _ => self.gaps.push(Gap { since, at }),
        }
    }

    /// Records that a replay said that it had brought everything.
    pub(super) fn promise(&mut self, at: u64, next: &[u32]) {
        mark(&mut self.promises, at, next);
    }

    /// What the subscriber has reason to believe of a message of this publisher that was sent at this moment.
    pub(super) fn belief(&self, publisher: usize, seq: usize, sent_at: u64) -> Belief {
        let in_gap = self.gaps.iter().any(|gap| gap.since <= sent_at && sent_at <= gap.at);
        if in_gap || covers(&self.holes, publisher, seq, sent_at) {
            return Belief::Told;
        }
        match covers(&self.promises, publisher, seq, sent_at) {
            true => Belief::Denied,
            false => Belief::Silent,
        }
    }
}

/// Adds a mark. One that stands in the same hole as the mark before it makes that one later.
fn mark(marks: &mut Vec<Mark>, at: u64, next: &[u32]) {
    let full = marks.len() >= MOST;
    // The clock of one client does not run backwards, and the search in `covers` relies on the order.
    let at = marks.last().map_or(at, |last| last.at.max(at));
    match marks.last_mut() {
        Some(last) if full || *last.next == *next => last.at = at,
        _ => marks.push(Mark { at, next: next.into() }),
    }
}

/// Whether a mark stands in the hole into which this message belongs. What was received only grows from mark to mark, so
/// the first mark after the sending decides.
fn covers(marks: &[Mark], publisher: usize, seq: usize, sent_at: u64) -> bool {
    let first = marks.partition_point(|mark| mark.at < sent_at);
    let next = marks.get(first).and_then(|mark| mark.next.get(publisher));
    next.is_some_and(|next| seq >= *next as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_covers_the_hole_in_which_it_stands() {
        let mut notices = Notices::default();
        // Of publisher 0 the messages 0 to 4 had been received, of publisher 1 none.
        notices.hole(100, &[5, 0]);
        assert_eq!(notices.belief(0, 4, 50), Belief::Silent, "a later one had come before the notice");
        assert_eq!(notices.belief(0, 5, 50), Belief::Told);
        assert_eq!(notices.belief(0, 5, 100), Belief::Told);
        assert_eq!(notices.belief(0, 9, 101), Belief::Silent, "sent after the notice");
        assert_eq!(notices.belief(1, 0, 7), Belief::Told, "each publisher has holes of its own");
        assert_eq!(notices.belief(2, 0, 7), Belief::Silent, "a publisher that does not exist");
    }

    #[test]
    fn each_notice_covers_its_own_hole() {
        let mut notices = Notices::default();
        notices.hole(100, &[5]);
        notices.hole(300, &[20]);
        assert_eq!(notices.belief(0, 12, 150), Belief::Silent, "between the two, and others came after it");
        assert_eq!(notices.belief(0, 20, 150), Belief::Told);
        notices.hole(400, &[20]);
        assert_eq!(notices.holes.len(), 2, "two in one hole are one");
        assert_eq!(notices.belief(0, 25, 400), Belief::Told);
    }

    #[test]
    fn a_gap_covers_its_time() {
        let mut notices = Notices::default();
        notices.gap(200, 300);
        let belief = |sent_at| notices.belief(0, 0, sent_at);
        assert_eq!([199, 200, 300, 301].map(belief), {
            use Belief::{Silent, Told};
            [Silent, Told, Told, Silent]
        });
    }

    #[test]
    fn a_replay_that_promised_everything_denies_the_loss_unless_a_notice_tells_of_it() {
        let mut notices = Notices::default();
        notices.promise(100, &[5]);
        assert_eq!(notices.belief(0, 5, 50), Belief::Denied);
        assert_eq!(notices.belief(0, 4, 50), Belief::Silent);
        assert_eq!(notices.belief(0, 5, 101), Belief::Silent);
        notices.gap(40, 120);
        assert_eq!(notices.belief(0, 5, 50), Belief::Told);
    }

    #[test]
    fn when_full_the_last_notice_grows() {
        let mut notices = Notices::default();
        for at in 1..=MOST as u64 + 10 {
            notices.hole(at, &[u32::try_from(at).unwrap()]);
            notices.gap(at, at);
        }
        assert_eq!((notices.holes.len(), notices.gaps.len()), (MOST, MOST));
        assert_eq!(notices.belief(0, usize::MAX, MOST as u64 + 10), Belief::Told);
        assert_eq!(notices.belief(0, usize::MAX, MOST as u64 + 11), Belief::Silent);
    }
}
