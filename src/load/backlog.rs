//! The messages that one publisher still has to send, and those that it may have to send again. Pure: no socket, no
//! clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::text::TextKind;

/// How long a sent message may stay unanswered before it is sent again.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// One message to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SendOrder {
    /// The kind of the message.
    pub(super) kind: TextKind,
    /// The number of the message among all messages of its kind. For a message of the measured load it is the
    /// ledger's number.
    pub(super) number: usize,
    /// The number of the message among those of its kind from the same publisher.
    pub(super) seq: usize,
    /// The number of the room to which it goes.
    pub(super) room: usize,
    /// The instant at which the schedule wants it sent, counted from the run's zero.
    pub(super) due: Duration,
}

/// One message to hand over for writing, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// The message.
    pub(super) order: SendOrder,
    /// Whether it was handed over before.
    pub(super) again: bool,
}

/// The messages that one publisher still has to send. It holds at most the whole schedule, and each message only
/// once.
#[derive(Debug)]
pub(super) struct Backlog {
    resend: bool,
    /// Messages that were never handed over, in the order of the schedule.
    fresh: VecDeque<SendOrder>,
    /// Messages that are to be handed over again. They come before all of `fresh`, because they are older.
    again: BTreeMap<usize, SendOrder>,
    /// Messages that were handed over and that no answer has settled, with the instant of their next turn. Used only
    /// with `resend`.
    open: BTreeMap<usize, (SendOrder, Duration)>,
    /// The instants in `open`, in order. An entry whose message has moved on means nothing.
    turns: VecDeque<(Duration, usize)>,
}

impl Backlog {
    /// An empty backlog. With `resend`, messages of the measured load stay until an answer settles them.
    pub(super) fn new(resend: bool) -> Self {
        Self {
            resend,
            fresh: VecDeque::new(),
            again: BTreeMap::new(),
            open: BTreeMap::new(),
            turns: VecDeque::new(),
        }
    }

    /// Adds a message to which the schedule has come.
    pub(super) fn push(&mut self, order: SendOrder) {
        self.fresh.push_back(order);
    }

    /// Whether no message waits for its turn.
    pub(super) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.again.is_empty()
    }

    /// Takes the next message to be handed over at the instant `now`.
    pub(super) fn next(&mut self, now: Duration) -> Option<Turn> {
        let turn = match self.again.pop_first() {
            Some((_, order)) => Turn { order, again: true },
            None => Turn { order: self.fresh.pop_front()?, again: false },
        };
        if self.resend && turn.order.kind == TextKind::Load {
            let next_turn = now + PATIENCE;
            self.open.insert(turn.order.number, (turn.order, next_turn));
            self.turns.push_back((next_turn, turn.order.number));
        }
        Some(turn)
    }

    /// Takes back messages of which no byte left before the connection failed: they were not sent, and keep their
    /// places.
    pub(super) fn put_back(&mut self, turns: &[Turn]) {
        for turn in turns.iter().rev() {
            self.open.remove(&turn.order.number);
            match turn.again {
                true => drop(self.again.insert(turn.order.number, turn.order)),
                false => self.fresh.push_front(turn.order),
            }
        }
    }

    /// Records that an answer has settled this message: it was acknowledged or refused. (`unknown` settles nothing.)
    pub(super) fn settled(&mut self, number: usize) {
        self.open.remove(&number);
        self.again.remove(&number);
    }

    /// Records that the connection was lost: unsettled messages are sent again over the next one.
    pub(super) fn disconnected(&mut self) {
        self.turns.clear();
        let open = std::mem::take(&mut self.open);
        self.again.extend(open.into_iter().map(|(number, (order, _))| (number, order)));
    }

    /// The instant at which [`Backlog::wake`] has something to do next.
    pub(super) fn next_turn(&mut self) -> Option<Duration> {
        while let Some((at, number)) = self.turns.front() {
            if self.open.get(number).is_some_and(|(_, turn)| turn == at) {
                return Some(*at);
            }
            self.turns.pop_front();
        }
        None
    }

    /// Gives a turn to messages that have been unsettled for too long.
    pub(super) fn wake(&mut self, now: Duration) {
        while self.next_turn().is_some_and(|at| at <= now) {
            if let Some((_, number)) = self.turns.pop_front()
                && let Some((order, _)) = self.open.remove(&number)
            {
                self.again.insert(number, order);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    fn order(number: usize) -> SendOrder {
        SendOrder { kind: TextKind::Load, number, seq: number, room: 0, due: ZERO }
    }

    fn filled(resend: bool, numbers: std::ops::Range<usize>) -> Backlog {
        let mut backlog = Backlog::new(resend);
        numbers.for_each(|n| backlog.push(order(n)));
        backlog
    }

    /// Takes every turn that there is. The number of a message that is sent again is negated.
    fn turns(backlog: &mut Backlog, now: Duration) -> Vec<i64> {
        std::iter::from_fn(|| backlog.next(now))
            .map(|turn| if turn.again { -(turn.order.number as i64) } else { turn.order.number as i64 })
            .collect()
    }

    #[test]
    fn without_resend_a_message_has_one_turn() {
        let mut backlog = filled(false, 0..3);
        assert_eq!(turns(&mut backlog, ZERO), [0, 1, 2]);
        backlog.disconnected();
        backlog.wake(PATIENCE * 2);
        assert_eq!((backlog.is_empty(), backlog.next_turn()), (true, None));
    }

    #[test]
    fn what_never_left_keeps_its_place() {
        let mut backlog = filled(false, 0..4);
        let batch: Vec<_> = (0..2).filter_map(|_| backlog.next(ZERO)).collect();
        backlog.put_back(&batch);
        assert_eq!(turns(&mut backlog, ZERO), [0, 1, 2, 3]);
    }

    #[test]
    fn what_never_left_is_not_sent_again_but_sent() {
        let mut backlog = filled(true, 1..3);
        let batch: Vec<_> = (0..2).filter_map(|_| backlog.next(ZERO)).collect();
        backlog.put_back(&batch);
        backlog.disconnected();
        assert_eq!(turns(&mut backlog, ZERO), [1, 2]);
    }

    #[test]
    fn a_reconnect_sends_the_unsettled_again_in_order_and_first() {
        let mut backlog = filled(true, 1..6);
        let sent = (0..4).filter_map(|_| backlog.next(ZERO)).count();
        assert_eq!(sent, 4);
        backlog.settled(2);
        backlog.disconnected();
        assert_eq!(turns(&mut backlog, ZERO), [-1, -3, -4, 5]);
    }

    #[test]
    fn two_seconds_without_an_answer_send_it_again_and_again() {
        let mut backlog = filled(true, 1..3);
        turns(&mut backlog, ZERO);
        backlog.settled(1);
        assert_eq!(backlog.next_turn(), Some(PATIENCE));
        backlog.wake(PATIENCE - Duration::from_nanos(1));
        assert!(backlog.is_empty());
        backlog.wake(PATIENCE);
        assert_eq!(turns(&mut backlog, PATIENCE), [-2]);
        assert_eq!(backlog.next_turn(), Some(PATIENCE * 2));
    }

    #[test]
    fn an_answer_that_comes_before_its_second_turn_cancels_it() {
        let mut backlog = filled(true, 1..2);
        turns(&mut backlog, ZERO);
        backlog.disconnected();
        backlog.settled(1);
        assert!(backlog.is_empty());
    }

    #[test]
    fn only_the_measured_load_is_sent_again() {
        let mut backlog = Backlog::new(true);
        backlog.push(SendOrder { kind: TextKind::Warm, ..order(1) });
        turns(&mut backlog, ZERO);
        backlog.disconnected();
        assert!(backlog.is_empty());
    }
}
