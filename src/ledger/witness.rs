//! The receipts of the messages that a run is told by: those that are not yet fully paid, the slowest so far, and
//! some ordinary ones.
//!
//! A receipt costs one step, and no memory is asked for once the most that was ever kept at once is there. **Full:
//! the newest is not witnessed**: the message whose receipt finds no room is given up with all its receipts, and
//! counted. What is kept longest is what was never fully paid, the earliest first: among it is the first lost.

use super::plan::Plan;
use super::time::NEVER;

/// The most receipts that are kept at once.
const MOST: usize = 65_536;
/// Number of ordinary messages that are kept, evenly spread over the load; fewer where each has many receipts, so that
/// they take half of the room at the most.
const ORDINARY: usize = 48;

/// The place that stands for no receipt: a message has none so far, or a receipt has no next one.
const NOTHING: u32 = u32::MAX;
/// The place that means that no receipt is kept any more: the message was fully paid, or given up.
const CLOSED: u32 = u32::MAX - 1;

/// A receipt that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) s: u32,
    /// The place of its message's next receipt, or the next free place.
    next: u32,
    /// When the receipt came, in nanoseconds since the run's zero.
    pub(super) at: u64,
    pub(super) replay: bool,
}

/// The receipts of one message: places in [`Witness::kept`].
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
}

/// The slowest live receipt so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slowest {
    pub(super) n: usize,
    pub(super) late: u64,
    pub(super) receipt: Kept,
    /// Whether the message of this receipt is fully paid.
    paid: bool,
}

/// The receipts that are kept, and what decides which of them.
#[derive(Debug)]
pub(super) struct Witness {
    most: usize,
    /// For each message, its chain of receipts.
    chains: Vec<Chain>,
    /// For each message, when the answer that holds came, in nanoseconds since the run's zero; [`NEVER`] without one.
    answers: Vec<u64>,
    kept: Vec<Kept>,
    free: u32,
    slowest: Option<Slowest>,
    /// For each stretch of the load, the first of its messages that was fully paid.
    ordinary: Vec<Option<usize>>,
    /// Number of messages in a stretch.
    stretch: usize,
    given_up: u64,
}

impl Witness {
    pub(super) fn new(plan: &Plan) -> Self {
        Self::with_room(plan, MOST)
    }

    /// Makes a witness that keeps at most this many receipts.
    pub(super) fn with_room(plan: &Plan, most: usize) -> Self {
        let wanted = (most / 2 / plan.subscribers.max(1)).clamp(1, ORDINARY);
        let stretch = plan.messages.div_ceil(wanted).max(1);
        Self {
            most,
            chains: vec![Chain { first: NOTHING, last: NOTHING }; plan.messages],
            answers: vec![NEVER; plan.messages],
            kept: Vec::new(),
            free: NOTHING,
            slowest: None,
            ordinary: vec![None; plan.messages.div_ceil(stretch)],
            stretch,
            given_up: 0,
        }
    }

    /// Records when a node's answer to a message came.
    pub(super) fn answered(&mut self, n: usize, at: u64) {
        if let Some(answer) = self.answers.get_mut(n) {
            *answer = at;
        }
    }

    /// Records the first live receipt of a debt, or its first receipt at all, with its nanoseconds after the message
    /// was due.
    pub(super) fn heard(&mut self, n: usize, s: usize, at: u64, late: u64, replay: bool) {
        let s = u32::try_from(s).unwrap_or(u32::MAX);
        let receipt = Kept { s, next: NOTHING, at, replay };
        if !replay && self.slowest.is_none_or(|slowest| late > slowest.late) {
            let slowest = Slowest { n, late, receipt, paid: false };
            let before = self.slowest.replace(slowest).filter(|before| before.n != n && before.paid);
            if let Some(before) = before.filter(|before| !self.is_ordinary(before.n)) {
                self.close(before.n);
            }
        }
        if self.chains.get(n).is_none_or(|chain| chain.first == CLOSED) {
            return;
        }
        let Some(place) = self.keep(receipt) else {
            self.given_up += 1;
            return self.close(n);
        };
        let chain = &mut self.chains[n];
        match self.kept.get_mut(chain.last as usize) {
            Some(last) => last.next = place,
            None => chain.first = place,
        }
        chain.last = place;
    }

    /// Records that every debt of this message that has a path is paid. Told again it changes nothing.
    pub(super) fn paid(&mut self, n: usize) {
        if self.chains.get(n).is_none_or(|chain| chain.first == CLOSED) {
            return;
        }
        if let Some(slowest) = self.slowest.as_mut().filter(|slowest| slowest.n == n) {
            slowest.paid = true;
        }
        let first = self.ordinary.get_mut(n / self.stretch);
        let ordinary = first.is_some_and(|first| *first.get_or_insert(n) == n);
        if !ordinary && self.slowest.is_none_or(|slowest| slowest.n != n) {
            self.close(n);
        }
    }

    /// The receipts of a message, in the order in which they were told.
    pub(super) fn receipts(&self, n: usize) -> impl Iterator<Item = Kept> {
        let at = |place: u32| self.kept.get(place as usize).copied();
        let first = self.chains.get(n).and_then(|chain| at(chain.first));
        std::iter::successors(first, move |receipt| at(receipt.next))
    }

    /// When the answer to a message came that holds.
    pub(super) fn answer_of(&self, n: usize) -> Option<u64> {
        self.answers.get(n).copied().filter(|at| *at != NEVER)
    }

    /// The slowest live receipt, whether its message is witnessed or not.
    pub(super) fn slowest(&self) -> Option<Slowest> {
        self.slowest
    }

    /// Messages that were fully paid, evenly spread over the load.
    pub(super) fn ordinary(&self) -> impl Iterator<Item = usize> {
        self.ordinary.iter().flatten().copied()
    }

    /// Number of messages that were not witnessed because there was no room.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Number of bytes that the messages take, and that their receipts take.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        let messages =
            self.chains.capacity() * size_of::<Chain>() + self.answers.capacity() * size_of::<u64>();
        (messages, self.kept.capacity() * size_of::<Kept>())
    }

    fn is_ordinary(&self, n: usize) -> bool {
        self.ordinary.get(n / self.stretch) == Some(&Some(n))
    }

    /// Finds a place for a receipt; `None` if there is none.
    fn keep(&mut self, receipt: Kept) -> Option<u32> {
        let free = self.free;
        if let Some(place) = self.kept.get_mut(free as usize) {
            self.free = std::mem::replace(place, receipt).next;
            return Some(free);
        }
        if self.kept.len() >= self.most {
            return None;
        }
        self.kept.push(receipt);
        u32::try_from(self.kept.len() - 1).ok()
    }

    /// Lets go of a message's receipts, all at once, and keeps no more of them.
    fn close(&mut self, n: usize) {
        let Some(chain) = self.chains.get_mut(n) else { return };
        let Chain { first, last } = std::mem::replace(chain, Chain { first: CLOSED, last: NOTHING });
        if let Some(last) = self.kept.get_mut(last as usize) {
            last.next = std::mem::replace(&mut self.free, first);
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
