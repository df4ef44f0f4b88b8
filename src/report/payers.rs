//! The sentence on who pays, where that is a few: a slow client, or one that a server forgot.

use super::RunReport;
use super::numbers::counted;
use ledger::Payer;
use scenario::listed;

/// The sentence, with the numbers of the subscribers; empty where nobody in particular paid.
pub(super) fn sentence(run: &RunReport) -> String {
    let numbers: Vec<_> = run.payers.iter().map(|payer| payer.subscriber.to_string()).collect();
    let sum = |of: fn(&Payer) -> u64| run.payers.iter().map(of).sum::<u64>();
    let (lost, late) = (sum(|payer| payer.lost), sum(|payer| payer.late));
    // What nobody could send was kept from all.
    if run.messages.is_some_and(|messages| messages.unsent > 0) {
        return String::new();
    }
    let (noun, was, they) = match numbers.len() {
        0 => return String::new(),
        1 => ("subscriber", "was", "it"),
        _ => ("subscribers", "were", "they"),
    };
    let who = format!("only {noun} {} {was} hit", listed(&numbers));
    // Where these had all of the harm, the counts stand in the sentences before.
    let (no_path, elsewhere) = run.debts.map_or((0, true), |debts| {
        (debts.lost_no_path, (debts.lost - debts.lost_no_path, debts.late()) != (lost, late))
    });
    if no_path == 0 && !elsewhere {
        return format!("O{}; everyone else received everything within a second.", &who[1..]);
    }
    let deliveries = |many: u64| counted(many, "delivery", "deliveries");
    let cost = match (lost, late) {
        (lost, 0) => format!("{they} lost {}", deliveries(lost)),
        (0, late) => format!("{they} had {} more than a second late", deliveries(late)),
        (lost, late) => {
            format!("{they} lost {}, and had {} more than a second late", deliveries(lost), deliveries(late))
        }
    };
    let beside = match (no_path > 0, elsewhere) {
        (true, true) => "absences and paths that do not exist",
        (true, false) => "paths that do not exist",
        (false, _) => "absences",
    };
    format!("Apart from {beside}, {who}: {cost}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::run_with;
    use ledger::Debts;

    fn said(debts: Debts, payers: &[(usize, u64, u64)]) -> String {
        let payer = |(subscriber, late, lost): &(usize, u64, u64)| Payer {
            subscriber: *subscriber,
            late: *late,
            lost: *lost,
        };
        sentence(&run_with(|run| {
            run.debts = Some(debts);
            run.payers = payers.iter().map(payer).collect();
        }))
    }

    #[test]
    fn who_had_all_of_the_harm_is_named_without_counting_it_again() {
        let debts = |late, lost| Debts {
            owed: 60_000,
            delivered: 60_000 - lost,
            on_time: 60_000 - lost - late,
            lost,
            ..Debts::default()
        };
        assert_eq!(said(debts(0, 0), &[]), "");
        assert_eq!(
            said(debts(1_252, 738), &[(3, 1_252, 738)]),
            "Only subscriber 3 was hit; everyone else received everything within a second."
        );
        assert_eq!(
            said(debts(7, 0), &[(3, 2, 0), (7, 1, 0), (9, 4, 0)]),
            "Only subscribers 3, 7 and 9 were hit; everyone else received everything within a second."
        );
    }

    #[test]
    fn beside_what_the_absent_missed_it_is_counted() {
        let debts =
            Debts { owed: 60_000, delivered: 59_000, on_time: 58_990, lost: 1_000, ..Debts::default() };
        let begin = "Apart from absences, only subscriber 3 was hit: it ";
        for (payer, cost) in [
            ((3, 0, 1), "lost 1 delivery."),
            ((3, 7, 0), "had 7 deliveries more than a second late."),
            ((3, 7, 38), "lost 38 deliveries, and had 7 deliveries more than a second late."),
        ] {
            assert_eq!(said(debts, &[payer]), format!("{begin}{cost}"));
        }
        let island = Debts { lost_no_path: 962, ..debts };
        assert_eq!(
            said(island, &[(3, 10, 38)]),
            "Apart from paths that do not exist, only subscriber 3 was hit: it lost 38 deliveries, and had 10 deliveries \
             more than a second late."
        );
    }
}
