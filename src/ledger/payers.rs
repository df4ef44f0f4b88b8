//! Who pays: the few subscribers that were late or lost something while all others had everything in time.

use serde::{Deserialize, Serialize};

/// The most subscribers that count as few.
const MOST: usize = 5;

/// A subscriber to whom a pattern did not keep its time, and what that cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Payer {
    /// The number of the subscriber, counted from 0.
    pub subscriber: usize,
    /// Number of its debts that were delivered live, but more than a second after their intended send time.
    pub late: u64,
    /// Number of its lost debts that have a path, and for whose message it was not away on purpose.
    pub lost: u64,
}

/// These subscribers of so many, in their order; none if they are many, or all there are.
pub(super) fn few(payers: Vec<Payer>, subscribers: usize) -> Vec<Payer> {
    if payers.len() <= MOST && payers.len() < subscribers { payers } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::stage_for_tests::{begun, ms, plan, send};
    use super::super::{Answer::Handed, Arrival::Live};
    use super::*;

    /// A run in which subscriber 2 had two messages late, and these lost the last of three.
    fn run(subscribers: usize, losers: &[usize]) -> Vec<Payer> {
        let mut ledger = begun(plan(subscribers, 3));
        for n in 0..3 {
            send(&mut ledger, n, Handed);
            for s in (0..subscribers).filter(|s| n < 2 || !losers.contains(s)) {
                let late = if s == 2 && n < 2 { 1_001 } else { 1 };
                ledger.received(s, n, Live, ms(n as u64 * 100 + late));
            }
        }
        ledger.settle(&[], ms(9_000)).payers
    }

    #[test]
    fn a_few_are_named_with_what_it_cost_them() {
        let payer = |subscriber, late, lost| Payer { subscriber, late, lost };
        assert_eq!(run(9, &[]), [payer(2, 2, 0)]);
        assert_eq!(run(9, &[2, 7]), [payer(2, 2, 1), payer(7, 0, 1)]);
        assert_eq!(run(9, &[0, 1, 2, 3, 4]).len(), 5);
    }

    #[test]
    fn many_are_nobody_in_particular_and_so_are_all() {
        assert_eq!(run(9, &[0, 1, 2, 3, 4, 5]), []);
        assert_eq!(run(3, &[0, 1]), []);
    }

    #[test]
    fn who_went_on_purpose_did_not_pay() {
        let mut ledger = begun(plan(3, 2));
        ledger.left(1, ms(50));
        for n in 0..2 {
            send(&mut ledger, n, Handed);
            [0, 2].iter().for_each(|s| ledger.received(*s, n, Live, ms(n as u64 * 100 + 1)));
        }
        let settled = ledger.settle(&[], ms(9_000));
        assert_eq!((settled.debts.lost > 0, settled.payers), (true, vec![]));
    }
}
