//! The sentence on who pays, where that is a few: a slow client, or one that a server forgot.

use super::RunReport;
use super::numbers::counted;
use super::phrases::listed;
use ledger::Payer;

/// The sentence, with the numbers of the subscribers; empty where nobody in particular paid.
pub(super) fn sentence(run: &RunReport) -> String {
    let numbers: Vec<_> = run.payers.iter().map(|payer| payer.subscriber.to_string()).collect();
    let sum = |of: fn(&Payer) -> u64| run.payers.iter().map(of).sum::<u64>();
    let (lost, late) = (sum(|payer| payer.lost), sum(|payer| payer.late));
    // What nobody could send was kept from all.
    if run.messages.is_some_and(|messages| messages.unsent > 0) {
        return String::new();
    }
    let (noun, they) = match numbers.len() {
        0 => return String::new(),
        1 => ("subscriber", "it"),
        _ => ("subscribers", "they"),
    };
    let deliveries = |many: u64| counted(many, "delivery", "deliveries");
    let cost = match (lost, late) {
        (lost, 0) => format!("{they} lost {}", deliveries(lost)),
        (0, late) => format!("{they} had {} more than a second late", deliveries(late)),
        (lost, late) => {
            format!("{they} lost {}, and had {} more than a second late", deliveries(lost), deliveries(late))
        }
    };
    format!("Only {noun} {} paid for it: {cost}.", listed(&numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::run_with;

    #[test]
    fn a_few_are_named_with_what_they_lost_and_what_was_late() {
        let said = |payers: &[(usize, u64, u64)]| {
            let payer = |(subscriber, late, lost): &(usize, u64, u64)| Payer {
                subscriber: *subscriber,
                late: *late,
                lost: *lost,
            };
            sentence(&run_with(|run| run.payers = payers.iter().map(payer).collect()))
        };
        assert_eq!(said(&[]), "");
        assert_eq!(said(&[(3, 0, 1)]), "Only subscriber 3 paid for it: it lost 1 delivery.");
        assert_eq!(
            said(&[(3, 1_252, 738)]),
            "Only subscriber 3 paid for it: it lost 738 deliveries, and had 1,252 deliveries more than a second late."
        );
        assert_eq!(
            said(&[(3, 2, 0), (7, 1, 0), (9, 4, 0)]),
            "Only subscribers 3, 7 and 9 paid for it: they had 7 deliveries more than a second late."
        );
    }
}
