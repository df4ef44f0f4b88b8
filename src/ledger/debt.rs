//! One debt in one byte: what is known about one message and one subscriber of its room.

/// What is known about one debt. Twenty million of them are 20 MB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Debt(u8);

/// The message was received live.
const LIVE: u8 = 1;
/// The message was received by a replay.
const REPLAYED: u8 = 2;
/// The message was received, live or by a replay.
const RECEIVED: u8 = LIVE | REPLAYED;
/// The message was received in the subscriber's current replay.
const IN_ROUND: u8 = 4;
/// The message was sent, and not before the subscriber first subscribed.
const OWED: u8 = 8;
/// The pattern has a way from the publisher to the subscriber.
const PATH: u8 = 16;

impl Debt {
    pub(super) fn live(self) -> bool {
        self.0 & LIVE != 0
    }

    pub(super) fn received(self) -> bool {
        self.0 & RECEIVED != 0
    }

    pub(super) fn in_round(self) -> bool {
        self.0 & IN_ROUND != 0
    }

    pub(super) fn owed(self) -> bool {
        self.0 & OWED != 0
    }

    pub(super) fn has_path(self) -> bool {
        self.0 & PATH != 0
    }

    /// Whether the debt is worth waiting for: owed, with a path, and not received.
    pub(super) fn outstanding(self) -> bool {
        self.owed() && self.has_path() && !self.received()
    }

    pub(super) fn receive_live(&mut self) {
        self.0 |= LIVE;
    }

    pub(super) fn receive_replayed(&mut self) {
        self.0 |= REPLAYED;
        self.0 |= IN_ROUND;
    }

    pub(super) fn leave_round(&mut self) {
        self.0 &= !IN_ROUND;
    }

    pub(super) fn owe(&mut self, path: bool) {
        self.0 |= OWED;
        if path {
            self.0 |= PATH;
        } else {
            self.0 &= !PATH;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a debt is live, received, in the round, owed, with a path, and outstanding.
    fn all(debt: Debt) -> [bool; 6] {
        let (live, received, in_round) = (debt.live(), debt.received(), debt.in_round());
        [live, received, in_round, debt.owed(), debt.has_path(), debt.outstanding()]
    }

    #[test]
    fn what_is_learned_twice_is_known_as_if_learned_once() {
        let mut debt = Debt::default();
        let mut twice = |learn: fn(&mut Debt)| {
            learn(&mut debt);
            learn(&mut debt);
            all(debt)
        };
        assert_eq!(twice(|debt| debt.owe(true)), [false, false, false, true, true, true]);
        assert_eq!(twice(|debt| debt.owe(false)), [false, false, false, true, false, false]);
        assert_eq!(twice(|debt| debt.owe(true)), [false, false, false, true, true, true]);
        assert_eq!(twice(Debt::receive_replayed), [false, true, true, true, true, false]);
        assert_eq!(twice(Debt::leave_round), [false, true, false, true, true, false]);
        assert_eq!(twice(Debt::receive_live), [true, true, false, true, true, false]);
    }

    #[test]
    fn a_live_receipt_alone_is_a_receipt_and_in_no_round() {
        let mut debt = Debt::default();
        debt.receive_live();
        assert_eq!(all(debt), [true, true, false, false, false, false]);
        debt.owe(true);
        assert_eq!(all(debt), [true, true, false, true, true, false]);
    }
}
