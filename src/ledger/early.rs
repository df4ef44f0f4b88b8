//! Receipts that are told before the sending of their message: two tasks race for the ledger, and the subscriber's
//! wins.

use super::subscriber::Seen;

/// The most receipts that wait. Beyond it a receipt counts as unexpected at once: a race leaves a handful, only a
/// server that makes messages up leaves thousands.
const MOST: usize = 65_536;

/// A receipt that is not yet counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Early {
    pub(super) s: usize,
    pub(super) n: usize,
    pub(super) seen: Seen,
    /// When the receipt came, in nanoseconds since the run's zero.
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

    /// When the waiting receipts came, in nanoseconds since the run's zero.
    pub(super) fn moments(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|receipt| receipt.at)
    }

    pub(super) fn push(&mut self, receipt: Early) {
        self.0.push(receipt);
    }

    /// Takes the waiting receipts of message `n`, in order.
    pub(super) fn take(&mut self, n: usize) -> Vec<Early> {
        self.0.extract_if(.., |receipt| receipt.n == n).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn early(n: usize, at: u64) -> Early {
        let seen = Seen { live: true, first: true, again: false, disordered: false, after_live: false };
        Early { s: 0, n, seen, at }
    }

    #[test]
    fn those_of_one_message_are_taken_in_their_order_and_the_others_wait() {
        let mut receipts = EarlyReceipts::default();
        [(3, 10), (7, 20), (3, 30), (5, 40)].into_iter().for_each(|(n, at)| receipts.push(early(n, at)));
        let taken: Vec<_> = receipts.take(3).iter().map(|receipt| receipt.at).collect();
        assert_eq!(taken, [10, 30]);
        assert_eq!((receipts.len(), receipts.moments().collect::<Vec<_>>()), (2, vec![20, 40]));
        assert_eq!(receipts.take(4).len(), 0);
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let mut receipts = EarlyReceipts::default();
        (1..MOST).for_each(|n| receipts.push(early(n, 0)));
        assert!(!receipts.is_full());
        receipts.push(early(0, 0));
        assert!(receipts.is_full());
        receipts.take(0);
        assert!(!receipts.is_full());
    }
}
