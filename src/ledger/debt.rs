//! One debt in one byte: what is known about one message and one subscriber of its room.

/// What is known about one debt. Twenty million of them are 20 MB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Debt(u8);

/// Received live.
const LIVE: u8 = 1;
/// Received by a replay.
const REPLAYED: u8 = 2;
/// Received in the subscriber's current replay.
const IN_ROUND: u8 = 4;
/// The message was sent, and not before the subscriber first subscribed.
const OWED: u8 = 8;
/// The pattern has a way for it.
const PATH: u8 = 16;

impl Debt {
    pub(super) fn live(self) -> bool {
        self.0 & LIVE != 0
    }

    pub(super) fn received(self) -> bool {
        self.0 & (LIVE | REPLAYED) != 0
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

    /// Whether it is worth waiting for.
    pub(super) fn outstanding(self) -> bool {
        self.owed() && self.has_path() && !self.received()
    }

    pub(super) fn receive_live(&mut self) {
        self.0 |= LIVE;
    }

    pub(super) fn receive_replayed(&mut self) {
        self.0 |= REPLAYED | IN_ROUND;
    }

    pub(super) fn leave_round(&mut self) {
        self.0 &= !IN_ROUND;
    }

    pub(super) fn owe(&mut self, path: bool) {
        self.0 = self.0 & !PATH | OWED | if path { PATH } else { 0 };
    }
}
