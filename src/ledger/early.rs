//! Receipts that are told before their sending: two tasks race for the ledger, and the subscriber's wins.

use super::subscriber::Seen;

/// The most that wait. Beyond it a receipt counts as unexpected at once: a race leaves a handful, only a server
/// that makes messages up leaves thousands.
const MOST: usize = 65_536;

/// One receipt, not yet counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Early {
    pub(super) s: usize,
    pub(super) n: usize,
    pub(super) seen: Seen,
    /// Nanoseconds since the run's zero.
    pub(super) at: u64,
}

/// Receipts that wait for their sending to be told.
#[derive(Debug, Default)]
pub(super) struct EarlyReceipts(Vec<Early>);

impl EarlyReceipts {
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// When they came, in nanoseconds since the run's zero.
    pub(super) fn moments(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|receipt| receipt.at)
    }

    pub(super) fn push(&mut self, receipt: Early) {
        self.0.push(receipt);
    }

    /// Those of message `n`, in order.
    pub(super) fn take(&mut self, n: usize) -> Vec<Early> {
        self.0.extract_if(.., |receipt| receipt.n == n).collect()
    }
}
